"""`ScoreSoFar`: the expected reward of a run that is under way, by which its decisions can be judged at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.engine.records import Outcome
from deskmatch.simulation.engine.scoring import score_ended, score_open
from deskmatch.simulation.naming import onward_shares
from deskmatch.simulation.rewarding import LOST, SERVED, expected_outcomes
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.sinks import InMemory
from deskmatch.simulation.state import SimulationState

__all__ = ["ScoreSoFar"]

KINDS = np.array([[each in SERVED, each in LOST] for each in Outcome], np.uint8)
"""``(outcomes, 2)`` served, lost."""

Floats = NDArray[np.float64]


class ScoreSoFar:
    """The scenario's reward of what has happened up to now, with expected resolutions.

    A contact that is being served counts with the probabilities of its outcomes from the moment at which it was begun
    (told for policies that are asked, and so may hand a ticket on to anyone who may serve it),
    one that waits with the cost of its wait up to now, one that was lost from then on. At the end of a run, this is
    its indicator ``reward_expected``, but for contacts in hand at the end, which that leaves out, and for the spread
    of the experts' occupancies.

    Parameters
    ----------
    scenario : whose `Reward` counts.
    """

    def __init__(self, scenario: Scenario) -> None:
        rewards = [scenario.tables.reward.of(each.settings.channel) for each in scenario.types]
        columns = ("value", "lost", "target_s", "slope_below", "slope_above")
        self._rates = np.array([[getattr(each, name) for name in columns] for each in rewards])
        self._window = np.array([scenario.tables.warmup_s, scenario.tables.horizon_s])
        self._group_of = np.ascontiguousarray(scenario.group_of, np.int64)
        able = scenario.eligible[: len(scenario.types), scenario.group_of]
        shares = onward_shares(scenario.types)
        becomes = shares.sum(axis=1, keepdims=True) > 0
        able = np.where(becomes, shares @ able > 0, able)  # who may go on with a ticket of the type
        self._able = np.ascontiguousarray(able, np.uint8)
        self._points = _points(scenario)
        tier = np.array([group.tier for group in scenario.tables.groups.values()])
        need = np.array([queue.tier for queue in scenario.queues])
        of_queue = np.array([rewards[queue.type].tier for queue in scenario.queues])
        self._tier_points = of_queue[:, None] * np.maximum(tier - need[:, None], 0.0)
        self._ended, self._parts, self._in_layout = 0.0, 0, 0

    def now(self, state: SimulationState, rows: InMemory) -> float:
        """Points of the whole desk since the start of the run.

        Parameters
        ----------
        state : the run; asked in the order of time, as ended contacts are counted once.
        rows : its sink.
        """
        self._count_ended(state, rows)
        layout = state.layout
        open_ones = score_open(
            layout.tickets.view(np.uint8), layout.excluded, state.now_s,
            self._window, self._rates, self._able, self._group_of, self._points, self._tier_points,
        )  # fmt: skip
        return self._ended + open_ones

    def _count_ended(self, state: SimulationState, rows: InMemory) -> None:
        while self._parts < len(rows.parts):
            self._count(rows.parts[self._parts])
            self._parts, self._in_layout = self._parts + 1, 0
        count = int(state.layout.engine[0]["rows"])
        if count > self._in_layout:
            self._count(state.layout.rows[:count])
            self._in_layout = count

    def _count(self, rows: NDArray[Any]) -> None:
        self._ended += score_ended(
            rows.view(np.uint8), self._in_layout, self._window, self._rates, KINDS,
            self._group_of, self._points, self._tier_points,
        )  # fmt: skip


def _points(scenario: Scenario) -> Floats:
    """``(types, groups, hops + 1, 2)`` expected points of a contact that is served, before the channel's value.

    The last index: whether somebody else could go on with the ticket.
    """
    hops = 1 + max(each.settings.max_hops for each in scenario.types)
    shape = (len(scenario.types), len(scenario.groups), hops + 1, 2)
    t, group, hop, onward = (each.ravel() for each in np.indices(shape))
    rewards = [scenario.tables.reward.of(each.settings.channel) for each in scenario.types]
    outcomes = expected_outcomes(scenario, t, group, hop, onward == 1)
    total = sum(np.array([getattr(each, name) for each in rewards])[t] * p for name, p in outcomes.items())
    return np.asarray(total).reshape(shape)
