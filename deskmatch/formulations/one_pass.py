"""`OnePass`: the problem of a small epoch in two compiled loops, where the objective is made of built-in terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.formulations.arcs import expected_over_topics
from deskmatch.formulations.one_pass_kernel import TERMS, find_arcs, weigh_arcs
from deskmatch.formulations.terms import (
    Abandonment,
    Affinity,
    Occupancy,
    ProficiencyMatch,
    RelaxationCost,
    Resolution,
    TierUse,
    Waiting,
)
from deskmatch.prediction import Proficiency
from deskmatch.solver import Limits, Problem
from deskmatch.solver.problem import LARGEST

if TYPE_CHECKING:
    from deskmatch.formulations.formulation import BoundFormulation

__all__ = ["OnePass"]

MOST_PAIRS = 1 << 20
"""Tickets times experts up to which every pair is looked at, a millisecond; beyond, experts are listed by class."""
PAIR_S, QUICK_SHARE = 1e-8, 0.3
"""Seconds that a pair takes, measured with all rules on one core; and of the time left, what all pairs may take."""
BUILT_IN = (Resolution, Waiting, Abandonment, TierUse, Occupancy, Affinity, ProficiencyMatch)
"""In the order of the kernel's rows of weights."""


class OnePass:
    """Builds the problems of a formulation without constraints, fairness, usage, or terms of one's own.

    A simulated desk is asked every few seconds, and mostly a handful of tickets waits: what costs then is not
    arithmetic but the many small array operations of the general way. The problem is the same, up to the rounding of
    logarithms and exponentials.

    Parameters
    ----------
    bound : the formulation bound to its desk.
    """

    def __init__(self, bound: BoundFormulation) -> None:
        formulation, desk, channels = bound.formulation, bound.desk, bound.channels
        terms = [term for term in formulation.terms if channels.weight(term.name).any()]
        kinds = [type(term) for term in terms]
        self._bound = bound
        self.fits = (
            len(set(kinds)) == len(kinds)
            and {*kinds} <= {*BUILT_IN, RelaxationCost}
            and not bound.constraints
            and formulation.cost_of_unfairness is None
            and channels.usage is None
            and len(channels) > 0
        )
        if not self.fits:
            return
        self._weights = np.zeros((TERMS, len(channels)))
        self._scales = np.zeros(TERMS, np.uint8)
        for term, kind in zip(terms, kinds, strict=True):
            if kind is not RelaxationCost:
                row = BUILT_IN.index(kind)
                self._weights[row] = channels.weight(term.name)
                self._scales[row] = term.scales_with_importance
        self._speaks, self._has = desk.speaks.view(np.uint8), desk.has.view(np.uint8)
        self._exclusive = channels.exclusive.view(np.uint8)
        self._always_open = all(hours is None for hours in channels.hours)
        self._never_relaxed = not any(channels.relax)
        self._ahead_s = channels.open_ahead_s(None, formulation.routing.epoch_s) if self._always_open else None
        self._slot_cost = np.zeros((desk.n_experts, 1))
        self._slot_cost.flags.writeable = False

    def is_quick(self, epoch: Epoch, left_s: float) -> bool:
        """Whether the problem is surely built in a small part of the time left, without waiting for the compiler."""
        if not self.fits or type(self._bound.formulation.resolution) not in (type(None), Proficiency):
            return False
        if PAIR_S * epoch.n_tickets * epoch.n_experts > QUICK_SHARE * left_s:
            return False
        for each in (find_arcs, weigh_arcs):
            each.preload()
        return find_arcs.is_loaded() and weigh_arcs.is_loaded()

    def problem(self, epoch: Epoch) -> Problem | None:
        """The assignment problem of an epoch; None: it is not of the kind that is built here."""
        bound = self._bound
        tickets = epoch.tickets
        n, m = epoch.n_tickets, epoch.n_experts
        if not self.fits or not 0 < n * m <= MOST_PAIRS or epoch.resolution is not None:
            return None
        channels, waited_s, ahead_s = bound.channels, tickets.waited_s, self._ahead_s
        if ahead_s is None:
            waited_s = channels.open_waited_s(tickets.channel, waited_s, epoch.now)
            ahead_s = channels.open_ahead_s(epoch.now, bound.formulation.routing.epoch_s)
        if not self._never_relaxed and bound.eligibility.stages(tickets, waited_s).any():
            return None
        return self._problem(epoch, n, m, waited_s, ahead_s)

    def _problem(
        self, epoch: Epoch, n: int, m: int, waited_s: NDArray[np.float64], ahead_s: NDArray[np.float64]
    ) -> Problem | None:
        tickets, desk, staffing, channels = epoch.tickets, self._bound.desk, epoch.staffing, self._bound.channels
        indptr, buffer, found = np.empty(n + 1, np.int32), np.empty(n * m, np.int32), np.empty(n * m)
        capacity, degree, scratch = np.empty(m, np.int32), np.empty(m, np.int32), np.empty(m, np.int32)
        room, limit_of = np.empty((2, m, len(channels)), np.int32)
        bound = np.empty(room.size, np.int32)
        limits = find_arcs(
            tickets.channel, tickets.language, tickets.tier, tickets.topic_ptr, tickets.topic,
            tickets.topic_probability, tickets.requires_ptr, tickets.requires, tickets.excluded_ptr, tickets.excluded,
            desk.channel_limit, self._speaks, desk.proficiency, desk.general_proficiency, desk.tier, self._has,
            staffing.load, staffing.capacity, staffing.leaves_in_s, staffing.free_in_s,
            self._exclusive, channels.handling_s,
            indptr, buffer, found, capacity, scratch, room, limit_of, bound,
        )  # fmt: skip
        arcs = int(indptr[-1])
        expert, match, points = buffer[:arcs].copy(), found[:arcs], np.empty(arcs)
        ticket, of_arc = np.empty(arcs, np.int32), np.empty(arcs, np.int32)
        model, resolution = self._bound.formulation.resolution, match
        if not (model is None or type(model) is Proficiency):
            rows = np.repeat(np.arange(n, dtype=np.int32), np.diff(indptr))
            resolution = expected_over_topics(epoch, model, rows, expert)
        largest = weigh_arcs(
            indptr, expert, resolution, match,
            tickets.channel, tickets.waited_s, waited_s, ahead_s, tickets.due_s, tickets.importance,
            tickets.patience_s, tickets.tier, tickets.preferred,
            staffing.occupancy, staffing.acceptance, desk.tier,
            channels.target_s, channels.waiting_rate, channels.power, channels.patience_s, channels.no_answer,
            channels.no_answer_scale_s,
            self._weights, self._scales, limit_of, ticket, degree, points, of_arc,
        )  # fmt: skip
        if not largest <= LARGEST:
            return None  # the general way says what is wrong
        return Problem._trusted(
            n_tickets=n,
            n_experts=m,
            indptr=indptr,
            expert=expert,
            points=points,
            capacity=capacity,
            hold=np.zeros(n),
            slot_cost=self._slot_cost,
            limits=_limits(limits, of_arc, bound),
            usage=None,
            side=None,
            ticket=ticket,
            degree=degree,
        )


def _limits(count: int, of_arc: NDArray[np.int32], bound: NDArray[np.int32]) -> Limits | None:
    if count == 0:
        return None
    return Limits._trusted(of_arc=of_arc, bound=bound[:count].copy(), parent=np.full(count, -1, np.int32))
