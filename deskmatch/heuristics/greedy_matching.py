"""`greedy`: the arc with the most points first, as long as somebody has room."""

from __future__ import annotations

import heapq
import math
import time

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError
from deskmatch.solver.bound import bound_terms, safe_prices
from deskmatch.solver.evaluation import arcs_chosen, evaluate
from deskmatch.solver.hall import cover_musts
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution, Status

from .price_descent import descend

__all__ = ["greedy"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

BATCH = 8192
"""Arcs sorted and looped over at a time: a few ms; all 10⁶ arcs of a large problem would cost a second."""


def greedy(problem: Problem) -> Solution:
    """Assign the arc with the greatest marginal gain, again and again, until none is left that gains.

    The gain is points − hold − the cost of the expert's next slots, as many as the arc has units of usage; equal gains
    go by ticket, then expert. Tickets that must be assigned come first, those with the fewest arcs before the others;
    where that leaves one of them without an expert, a maximum flow serves them all, if anything can. Capacities, limits
    and slot costs are kept, in units of usage. No answer is worth less than holding every ticket, where all may be
    held. With one unit per expert and no limits the gain over holding is at least half of the best (Avis 1983).

    With usage, serving all must-assign tickets is a packing problem: they are also tried by falling units, and the
    maximum flow counts only where its arcs happen to fit.

    Parameters
    ----------
    problem : a problem without side rows and extra columns.

    Returns
    -------
    Solution
        FEASIBLE (also where it happens to be optimal), with prices by `descend` that bound what is lost; or
        INFEASIBLE, with a Hall violator, where not all must-assign tickets can be assigned. With usage, UNKNOWN where
        they could not be packed and counting does not prove that they cannot be.

    Raises
    ------
    BackendError
        Where the problem has side rows or extra columns.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> solution = greedy(problem)
    >>> solution.expert_of, solution.objective
    (array([ 0, -1], dtype=int32), 3.0)
    """
    started = time.perf_counter()
    _refuse_side(problem)
    room = _Room(problem)
    if (problem.hold == -np.inf).any() and not _serve_musts(problem, room):
        arcs, violator = cover_musts(problem)
        if violator is not None:
            return _infeasible(problem, violator, started)
        packed = _packed(problem, arcs[arcs >= 0])
        if packed is None:
            return _unknown(problem, started)
        room = packed
    _take_best(problem, room)
    return _priced(problem, np.array(room.expert_of, dtype=np.int32), started)


def _refuse_side(problem: Problem) -> None:
    side = problem.side
    if side is None:
        return
    parts = ((side.n_rows, "side rows"), (side.n_extra, "extra columns"))
    found = " and ".join(f"{count} {what}" for count, what in parts if count)
    raise BackendError(f"greedy cannot take {found}; `solve` can")


class _Room:
    """Who is assigned where, and what room that leaves; plain lists, which a Python loop reads fastest."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.expert_of = [-1] * problem.n_tickets
        self.left = problem.capacity.tolist()
        self.load = [0] * problem.n_experts
        limits = problem.limits
        self.limit_left = [] if limits is None else limits.bound.tolist()
        self.parent = [] if limits is None else limits.parent.tolist()

    def places(self, arc: int) -> tuple[int, int, int, int]:
        """Ticket, expert, innermost limit and units of an arc."""
        limits, usage = self.problem.limits, self.problem.usage
        limit = -1 if limits is None else int(limits.of_arc[arc])
        units = 1 if usage is None else int(usage[arc])
        return int(self.problem.ticket[arc]), int(self.problem.expert[arc]), limit, units

    def fits(self, expert: int, limit: int, units: int) -> bool:
        """Whether the expert and all limits from this one outwards have room for so many units."""
        if self.left[expert] < units:
            return False
        while limit >= 0:
            if self.limit_left[limit] < units:
                return False
            limit = self.parent[limit]
        return True

    def take(self, ticket: int, expert: int, limit: int, units: int) -> None:
        """Assign the ticket."""
        self.expert_of[ticket] = expert
        self.left[expert] -= units
        self.load[expert] += units
        while limit >= 0:
            self.limit_left[limit] -= units
            limit = self.parent[limit]


def _serve_musts(problem: Problem, room: _Room) -> bool:
    """Give each must-assign ticket its best arc that fits, fewest arcs first; whether all got one."""
    degree = np.diff(problem.indptr)
    must = np.flatnonzero(problem.hold == -np.inf)
    for ticket in must[np.argsort(degree[must], kind="stable")].tolist():
        arcs = range(int(problem.indptr[ticket]), int(problem.indptr[ticket + 1]))
        fitting = [arc for arc in arcs if room.fits(*room.places(arc)[1:])]
        if not fitting:
            return False
        net = problem.points[fitting] - _arc_costs(problem, np.array(room.load), np.array(fitting))
        room.take(*room.places(fitting[int(np.argmax(net))]))
    return True


def _packed(problem: Problem, matched: Int64) -> _Room | None:
    """Room in which all must-assign tickets are served: by the arcs of a maximum flow, or with usage by falling units.

    None where neither fits, which only usage can cause.
    """
    room = _Room(problem)
    if _take_all(room, matched.tolist()):
        return room
    if problem.usage is None:  # pragma: no cover
        return None
    room, usage = _Room(problem), problem.usage
    musts = np.flatnonzero(problem.hold == -np.inf).tolist()
    arcs_of = [range(int(problem.indptr[i]), int(problem.indptr[i + 1])) for i in musts]
    for arcs in sorted(arcs_of, key=lambda arcs: -int(usage[arcs.start : arcs.stop].min())):
        fitting = [arc for arc in arcs if room.fits(*room.places(arc)[1:])]
        if not fitting:
            return None
        room.take(*room.places(min(fitting, key=lambda arc: (int(usage[arc]), -float(problem.points[arc])))))
    return room


def _take_all(room: _Room, arcs: list[int]) -> bool:
    """Take these arcs; whether all of them fit."""
    for arc in arcs:
        ticket, expert, limit, units = room.places(arc)
        if not room.fits(expert, limit, units):
            return False
        room.take(ticket, expert, limit, units)
    return True


def _take_best(problem: Problem, room: _Room) -> None:
    """Take arcs by falling gain, a batch of the best at a time; between batches, arcs without room drop out.

    An arc whose expert's slot has become dearer since then waits in a heap for its new place.
    """
    load = room.load.copy()
    gain = problem.points - _arc_costs(problem, np.array(load, dtype=np.int64))
    gain -= problem.hold[problem.ticket]
    units: Int64 | int = 1 if problem.usage is None else problem.usage.astype(np.int64)
    waiting = _Dearer(problem, room)
    arcs = np.flatnonzero((gain > 0) & np.isfinite(gain))
    while len(arcs):
        free = np.array(room.expert_of, dtype=np.int64) < 0
        left = np.array(room.left, dtype=np.int64)
        needed = units if isinstance(units, int) else units[arcs]
        arcs = arcs[free[problem.ticket[arcs]] & (left[problem.expert[arcs]] >= needed)]
        batch, arcs = _best_batch(arcs, gain)
        limit = np.full(len(batch), -1) if problem.limits is None else problem.limits.of_arc[batch]
        takes = np.ones(len(batch), dtype=np.int64) if isinstance(units, int) else units[batch]
        columns = gain[batch], batch, problem.ticket[batch], problem.expert[batch], limit, takes
        for value, arc, ticket, expert, inner, size in zip(*(column.tolist() for column in columns), strict=True):
            waiting.settle(value)
            if room.expert_of[ticket] >= 0 or room.left[expert] < size:
                continue
            if waiting.matters and room.load[expert] != load[expert]:
                waiting.put(arc)
            elif room.fits(expert, inner, size):
                room.take(ticket, expert, inner, size)
    waiting.settle(0.0)


class _Dearer:
    """Arcs whose expert's next slot has become dearer, in a heap by the gain that is left."""

    def __init__(self, problem: Problem, room: _Room) -> None:
        self.problem, self.room = problem, room
        self.matters = bool((problem.slot_cost[:, :1] != problem.slot_cost).any())
        self.heap: list[tuple[float, int, int]] = []

    def put(self, arc: int) -> None:
        """Put an arc where its expert's next slot leaves it, if it still gains."""
        ticket, expert, _, units = self.room.places(arc)
        load, costs = self.room.load[expert], self.problem.slot_cost[expert]
        last = len(costs) - 1
        cost = float(costs[min(load, last)])
        if units > 1:
            cost = sum(costs[load : min(load + units, last)].tolist())
            cost += max(0, load + units - max(load, last)) * float(costs[last])
        gain = self.problem.points[arc] - cost - self.problem.hold[ticket]
        if gain > 0:
            heapq.heappush(self.heap, (-float(gain), arc, load))

    def settle(self, gain: float) -> None:
        """Take all arcs that gain at least this much, as far as there is room."""
        while self.heap and -self.heap[0][0] >= gain:
            _, arc, load = heapq.heappop(self.heap)
            ticket, expert, limit, units = self.room.places(arc)
            if self.room.expert_of[ticket] >= 0 or not self.room.fits(expert, limit, units):
                continue
            if self.room.load[expert] != load:
                self.put(arc)
            else:
                self.room.take(ticket, expert, limit, units)


def _best_batch(arcs: Int64, gain: Float64) -> tuple[Int64, Int64]:
    """The best arcs by falling gain, then by arc, and the arcs that are left; ties are never divided."""
    rest = arcs[:0]
    if len(arcs) > BATCH:
        threshold = np.partition(gain[arcs], len(arcs) - BATCH)[len(arcs) - BATCH]
        best = gain[arcs] >= threshold
        arcs, rest = arcs[best], arcs[~best]
    return arcs[np.argsort(-gain[arcs], kind="stable")], rest


def _next_costs(problem: Problem, load: Int64) -> Float64:
    """The cost of each expert's next slot: ``(experts,)``."""
    slot = np.minimum(load, problem.slot_cost.shape[1] - 1)
    return np.asarray(problem.slot_cost[np.arange(problem.n_experts), slot])


def _arc_costs(problem: Problem, load: Int64, arcs: Int64 | None = None) -> Float64:
    """The cost of the next slots of each arc's expert, as many as the arc has units: ``(arcs,)``."""
    some: Int64 | slice = slice(None) if arcs is None else arcs
    expert = problem.expert[some]
    if problem.usage is None:
        return np.asarray(_next_costs(problem, load)[expert])
    first = load[expert]
    end = first + problem.usage[some]
    last = problem.slot_cost.shape[1] - 1
    cost = np.zeros(len(expert))
    for slot in range(last):
        cost += np.where((first <= slot) & (slot < end), problem.slot_cost[expert, slot], 0.0)
    return np.asarray(cost + np.maximum(0, end - np.maximum(first, last)) * problem.slot_cost[expert, last])


def _priced(problem: Problem, expert_of: NDArray[np.int32], started: float) -> Solution:
    objective, held = evaluate(problem, expert_of), math.fsum(problem.hold.tolist())
    if objective < held:  # gains that were nothing but rounding
        expert_of, objective = np.full(problem.n_tickets, -1, dtype=np.int32), held
    start = _sold_at(problem, expert_of)
    expert_price, limit_price = descend(problem, target=objective, start=start)
    terms = bound_terms(problem, safe_prices(problem, expert_price, limit_price))
    return Solution(
        expert_of=expert_of,
        objective=objective,
        status=Status.FEASIBLE,
        method="greedy",
        expert_price=expert_price,
        limit_price=limit_price,
        claimed_bound=max(objective, float(terms.sum())),
        elapsed_s=time.perf_counter() - started,
    )


def _sold_at(problem: Problem, expert_of: NDArray[np.int32]) -> Float64:
    """Prices to start from: what a full expert's least ticket gains for a unit, else its next slot's cost."""
    arcs = arcs_chosen(problem, expert_of)
    used = arcs[arcs >= 0]
    units = None if problem.usage is None else problem.usage[used]
    load = np.bincount(problem.expert[used], weights=units, minlength=problem.n_experts).astype(np.int64)
    least = np.full(problem.n_experts, np.inf)
    gain = problem.points[used] - problem.hold[problem.ticket[used]]
    np.minimum.at(least, problem.expert[used], gain if units is None else gain / units)
    full = (load >= problem.capacity) & np.isfinite(least)
    return np.where(full, least, _next_costs(problem, load))


def _infeasible(problem: Problem, violator: NDArray[np.int32], started: float) -> Solution:
    return Solution(
        expert_of=np.full(problem.n_tickets, -1, dtype=np.int32),
        objective=None,
        status=Status.INFEASIBLE,
        method="greedy",
        elapsed_s=time.perf_counter() - started,
        message=f"{len(violator)} tickets must be assigned, and their experts cannot take them all",
        violator=violator,
    )


def _unknown(problem: Problem, started: float) -> Solution:
    return Solution(
        expert_of=np.full(problem.n_tickets, -1, dtype=np.int32),
        objective=None,
        status=Status.UNKNOWN,
        method="greedy",
        elapsed_s=time.perf_counter() - started,
        message="the tickets that must be assigned were not packed; whether they can be is not known",
    )
