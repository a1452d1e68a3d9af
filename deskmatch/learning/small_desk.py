"""`SmallDesk`: a scenario that is a Markov chain, as rates and rewards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ScenarioError
from deskmatch.frozen import Frozen, read_only
from deskmatch.learning.served_once import hindrances, worth_of
from deskmatch.simulation.laws import LawName
from deskmatch.simulation.layout import exclusive_channels, handling_of
from deskmatch.simulation.scenario import Scenario

__all__ = ["SmallDesk"]

Floats = NDArray[np.float64]

MOST_TYPES, MOST_GROUPS = 2, 3
LEAST_ROOM, ENDLESS_ROOM = 12, 40
"""Tickets of one type for which there is room: at least, and where nobody hangs up."""


@dataclass(frozen=True, slots=True, eq=False)
class SmallDesk(Frozen):
    """A desk of up to two types and three groups with exponential times; make it with `SmallDesk.of`.

    Parameters
    ----------
    scenario : what it was made from.
    arrival_rate : ``(types,)`` tickets a second.
    loss_rate : ``(types,)`` 1 / mean patience; 0: endless.
    service_rate : ``(types, groups)`` 1 / mean handling time; 0 where the group may not serve the type.
    size : ``(groups,)`` experts.
    reward : ``(types, groups)`` expected points of serving a ticket, the channel's rate of exchange included.
    loss : ``(types,)`` points for losing one, mostly ≤ 0.
    waiting_cost : ``(types,)`` points that each second of waiting costs, ≥ 0.
    room : ``(types,)`` tickets that can wait: where the chain is truncated.
    """

    scenario: Scenario
    arrival_rate: Floats
    loss_rate: Floats
    service_rate: Floats
    size: NDArray[np.int64]
    reward: Floats
    loss: Floats
    waiting_cost: Floats
    room: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("arrival_rate", "loss_rate", "service_rate", "size", "reward", "loss", "waiting_cost", "room"):
            self._set(**{name: read_only(getattr(self, name))})

    @classmethod
    def of(cls, source: Scenario | Mapping[str, Any] | str | Path, *, room: int | None = None) -> SmallDesk:
        """The chain of a scenario.

        Parameters
        ----------
        source : a `Scenario`, or what `Scenario.load` takes.
        room : tickets of each type that can wait, ≥ 1. Default: as many as would hardly ever be waiting if nobody were
            served, and 40 where nobody hangs up; `Performance.edge` tells how often it is full.

        Raises
        ------
        ScenarioError
            Lists all that makes the scenario no Markov chain of this size.

        Examples
        --------
        >>> desk = SmallDesk.of({
        ...     "horizon_s": 3600,
        ...     "channels": {"call": {"patience": 120}},
        ...     "reward": {"default": {"slope_above": 0.0005}},
        ...     "types": {"billing": {"channel": "call", "arrivals": {"per_hour": 60}, "handling": 180, "max_hops": 0}},
        ...     "groups": {"front": {"experts": 4, "topics": {"billing": 0.8}}},
        ... })
        >>> desk.reward.round(2).tolist()
        [[0.6]]
        """
        scenario = Scenario.load(source)
        problems = [*_problems(scenario), *hindrances(scenario)]
        if room is not None and room < 1:
            problems.append(f"room: found {room}; expected 1 or more")
        if problems:
            raise ScenarioError("\n".join(["the scenario is no small Markov chain:", *(f"  {p}" for p in problems)]))
        types, own = scenario.types, slice(len(scenario.types))
        arrival = np.array([each.arrivals.mean_per_s or 0.0 for each in types])
        patience = np.array([scenario.patience_of(row) for row in range(len(types))])
        loss_rate = np.where(np.isnan(patience), 0.0, 1.0 / patience)
        eligible = scenario.eligible[own]
        worth = worth_of(scenario)
        return cls(
            scenario=scenario,
            arrival_rate=arrival,
            loss_rate=loss_rate,
            service_rate=np.where(eligible, 1.0 / handling_of(scenario)[own], 0.0),
            size=np.array([group.experts for group in scenario.tables.groups.values()], np.int64),
            reward=np.where(eligible, worth.serve, 0.0),
            loss=worth.lose,
            waiting_cost=worth.wait,
            room=np.array([_room(a, t) if room is None else room for a, t in zip(arrival, loss_rate, strict=True)]),
        )

    @property
    def eligible(self) -> NDArray[np.bool_]:
        """``(types, groups)``."""
        return self.service_rate > 0

    def __repr__(self) -> str:
        return f"SmallDesk({self.scenario.tables.name!r}: {len(self.room)} × {self.size.tolist()} experts)"


def _room(arrival_rate: float, loss_rate: float) -> int:
    """Where nobody is served those waiting are Poisson(λ/θ); eight deviations above the mean."""
    if loss_rate == 0:
        return ENDLESS_ROOM
    mean = arrival_rate / loss_rate
    return min(max(LEAST_ROOM, ceil(mean + 8 * sqrt(mean))), ENDLESS_ROOM)


def _problems(scenario: Scenario) -> Iterator[str]:
    tables = scenario.tables
    if len(scenario.types) > MOST_TYPES or len(scenario.groups) > MOST_GROUPS:
        yield (
            f"types, groups: found {len(scenario.types)} and {len(scenario.groups)};"
            f" expected at most {MOST_TYPES} and {MOST_GROUPS}"
        )
    if tables.busyness_cv > 0:
        yield "busyness_cv: expected 0"
    if tables.reward.spread != 0:
        yield "reward.spread: expected 0"
    for row, each in enumerate(scenario.types):
        law, key = scenario.patience_law(row), f"types.{each.name}"
        arrivals = each.arrivals
        if arrivals.times_s is not None or arrivals.batch != 1 or len(arrivals.per_hour) > 1:
            yield f"{key}.arrivals: expected one rate, per_hour"
        if law is not None and law.law is not LawName.EXPONENTIAL:
            yield f"{key}.patience: expected an exponential law"
        if each.handling.law is not LawName.EXPONENTIAL:
            yield f"{key}.handling: expected an exponential law"
    exclusive = exclusive_channels(scenario)
    for name, group in tables.groups.items():
        if any(law.law is not LawName.EXPONENTIAL for law in group.handling.values()):
            yield f"groups.{name}.handling: expected exponential laws"
        limits = dict.fromkeys(tables.channels, 1) if group.channels is None else group.channels
        shared = [channel for channel, single in zip(tables.channels, exclusive, strict=True) if not single]
        if sum(limits.get(channel, 0) for channel in shared) > (len(limits) == 1):
            yield f"groups.{name}.channels: expected one ticket at a time"
