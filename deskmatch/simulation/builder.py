"""`ScenarioBuilder`: a scenario put together in Python, a piece at a time."""

from __future__ import annotations

from typing import Any, Self

from deskmatch.simulation.scenario import Scenario

__all__ = ["ScenarioBuilder"]


class ScenarioBuilder:
    """Collects channels, types and groups; `build` checks them all at once.

    Parameters
    ----------
    settings : top-level keys of a scenario, such as ``horizon_s``.

    Examples
    --------
    >>> scenario = (
    ...     ScenarioBuilder(horizon_s=3600)
    ...     .channel("call", patience=120)
    ...     .type("billing", channel="call", arrivals={"per_hour": 60}, handling=180)
    ...     .group("front", experts=4)
    ...     .build()
    ... )
    >>> scenario.groups
    ('front',)
    """

    def __init__(self, **settings: Any) -> None:
        self._values: dict[str, Any] = {"channels": {}, "types": {}, "groups": {}, **settings}

    def channel(self, name: str, **settings: Any) -> Self:
        """Add a channel, or replace the one of this name; keys as in the file."""
        self._values["channels"][name] = settings
        return self

    def type(self, name: str, **settings: Any) -> Self:
        """Add a type of ticket, or replace the one of this name; keys as in the file."""
        self._values["types"][name] = settings
        return self

    def group(self, name: str, **settings: Any) -> Self:
        """Add a group of experts, or replace the one of this name; keys as in the file."""
        self._values["groups"][name] = settings
        return self

    def build(self) -> Scenario:
        """The scenario.

        Raises
        ------
        ScenarioError
            Lists all that is wrong, by key.
        """
        return Scenario.load(self._values)
