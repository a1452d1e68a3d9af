"""`ScoreSoFar`: the expected reward of a run that is under way, by which its decisions can be judged at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.routing.reward import wait_cost
from deskmatch.simulation.engine.contacts import CALL, RINGING, SERVICE, WAITING
from deskmatch.simulation.engine.records import Outcome
from deskmatch.simulation.rewarding import LOST, SERVED, expected_outcomes
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.sinks import InMemory
from deskmatch.simulation.state import SimulationState

__all__ = ["ScoreSoFar"]

OPEN = (WAITING, SERVICE, CALL, RINGING)
"""Phases of tickets whose contact has not ended."""
IS_LOST, IS_SERVED = (np.isin(np.arange(len(Outcome)), outcomes) for outcomes in (LOST, SERVED))
"""``(outcomes,)``."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
        self._value = np.array([each.value for each in rewards])
        self._lost = np.array([each.lost for each in rewards])
        self._target = np.array([each.target_s for each in rewards])
        self._below = np.array([each.slope_below for each in rewards])
        self._above = np.array([each.slope_above for each in rewards])
        self._window = (scenario.tables.warmup_s, scenario.tables.horizon_s)
        self._group_of = scenario.group_of
        self._able = scenario.eligible[: len(scenario.types), scenario.group_of]
        self._points = _points(scenario)
        tier = np.array([group.tier for group in scenario.tables.groups.values()])
        need = np.array([queue.tier for queue in scenario.queues])
        of_queue = np.array([rewards[queue.type].tier for queue in scenario.queues])
        self._tier_points = of_queue[:, None] * np.maximum(tier - need[:, None], 0)
        self._ended, self._parts, self._in_layout = 0.0, 0, 0

    def now(self, state: SimulationState, rows: InMemory) -> float:
        """Points of the whole desk since the start of the run.

        Parameters
        ----------
        state : the run; asked in the order of time, as ended contacts are counted once.
        rows : its sink.
        """
        self._count_ended(state, rows)
        return self._ended + self._open(state)

    def _count_ended(self, state: SimulationState, rows: InMemory) -> None:
        while self._parts < len(rows.parts):
            self._ended += self._of_ended(rows.parts[self._parts][self._in_layout :])
            self._parts, self._in_layout = self._parts + 1, 0
        count = int(state.layout.engine[0]["rows"])
        if count > self._in_layout:
            self._ended += self._of_ended(state.layout.rows[self._in_layout : count])
            self._in_layout = count

    def _of_ended(self, rows: NDArray[Any]) -> float:
        rows = rows[~np.isnan(rows["ended"]) & self._counts(rows["arrived"])]
        if not len(rows):
            return 0.0
        t, expert = rows["type"], rows["expert"]
        begun = expert >= 0
        wait = np.where(begun, rows["started"], rows["ended"]) - rows["entered"]
        points = self._lost[t] * IS_LOST[rows["outcome"]] - self._wait_cost(t, wait, rows["promised_s"])
        served = IS_SERVED[rows["outcome"]]
        points[served] += self._served(
            t[served], rows["queue"][served], expert[served], rows["hop"][served], rows["onward"][served]
        )
        return float(self._value[t] @ points)

    def _open(self, state: SimulationState) -> float:
        tickets, now = state.layout.tickets, state.now_s
        inside = np.flatnonzero(np.isin(tickets["phase"], OPEN))
        inside = inside[self._counts(tickets["arrived"][inside])]
        own = tickets[inside]
        if not len(own):
            return 0.0
        t, begun = own["type"], (own["phase"] == SERVICE) | (own["phase"] == CALL)
        wait = np.where(begun, own["started"], now) - own["since"]
        points = -self._wait_cost(t, wait, own["promised_s"])
        served = own["phase"] == SERVICE
        onward = self._somebody_else(own[served], state.layout.excluded[inside[served]])
        points[served] += self._served(
            t[served], own["queue"][served], own["expert"][served], own["hops"][served], onward
        )
        return float(self._value[t] @ points)

    def _somebody_else(self, own: NDArray[Any], excluded: Integers) -> NDArray[np.int64]:
        """1 for each ticket in service with which an expert could go on who has not had it yet."""
        able, expert = self._able[own["type"]], own["expert"]
        barred = np.arange(excluded.shape[1]) < own["barred"][:, None]
        spent = np.take_along_axis(able, np.where(barred, excluded, 0), axis=1) & barred
        left = able.sum(axis=1) - np.take_along_axis(able, expert[:, None], axis=1)[:, 0] - spent.sum(axis=1)
        return np.asarray(left > 0, np.int64)

    def _counts(self, arrived: Floats) -> NDArray[np.bool_]:
        return np.asarray((arrived >= self._window[0]) & (arrived < self._window[1]))

    def _wait_cost(self, t: Integers, wait: Floats, promised: Floats) -> Floats:
        return wait_cost(
            np.maximum(wait, 0.0),
            target_s=np.where(np.isnan(promised), self._target[t], promised),
            slope_below=self._below[t],
            slope_above=self._above[t],
        )

    def _served(self, t: Integers, queue: Integers, expert: Integers, hop: Integers, onward: Integers) -> Floats:
        group = self._group_of[expert]
        hop = np.minimum(hop, self._points.shape[2] - 1)
        return np.asarray(self._points[t, group, hop, onward] + self._tier_points[queue, group])


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
