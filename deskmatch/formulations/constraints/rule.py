"""`Rule`: what the constraints of deskmatch share: a name, a penalty, and settings that are checked like routing's."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from deskmatch.formulations.constraints.protocol import ModelArcs
from deskmatch.formulations.constraints.rows import Rows
from deskmatch.routing.validation import NonNegative, Settings

__all__ = ["Name", "Rule"]

Name = Annotated[str, Field(min_length=1)]


class Rule(Settings):
    """Base of the constraints of deskmatch.

    Parameters
    ----------
    name : in plans and messages; constraints that share one are numbered.
    penalty : points for each unit by which the rule is missed, ≥ 0; None: the rule is hard.

    Raises
    ------
    RoutingError
        Lists every parameter that is unknown or out of range.
    """

    name: Name = "rule"
    penalty: NonNegative | None = None

    def rows(self, arcs: ModelArcs) -> Rows:
        """What the rule says of these arcs."""
        raise NotImplementedError
