"""How the settings of a scenario are checked: every finding at once, as a `ScenarioError` that names the key."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from deskmatch.errors import ScenarioError
from deskmatch.routing.validation import Settings, findings

__all__ = ["ScenarioSettings", "scenario_error"]


class ScenarioSettings(Settings):
    """Base of the settings of a scenario: frozen, unknown keys refused."""

    def __init__(self, /, **values: Any) -> None:
        try:
            super(Settings, self).__init__(**values)
        except ValidationError as error:
            raise scenario_error(findings(error, type(self))) from None

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined] # see `Settings`


def scenario_error(found: list[str], source: str = "the scenario") -> ScenarioError:
    """All findings, a line each."""
    count = len(found)
    head = f"{count} problem{'' if count == 1 else 's'} in {source}:"
    return ScenarioError("\n".join([head, *(f"  {finding}" for finding in found)]))
