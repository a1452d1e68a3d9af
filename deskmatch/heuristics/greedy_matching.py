"""`greedy`: the arc with the most points first, as long as somebody has room."""

from __future__ import annotations

import heapq
import time

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.bound import bound_terms, safe_prices
from deskmatch.solver.evaluation import evaluate
from deskmatch.solver.hall import cover_musts
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution, Status

from .price_descent import descend

__all__ = ["greedy"]

Int64 = NDArray[np.int64]


def greedy(problem: Problem) -> Solution:
    """Assign the arc with the greatest marginal gain, again and again, until none is left that gains.

    The gain is points − hold − the cost of the expert's next slot; equal gains go by ticket, then expert.
    Tickets that must be assigned come first, those with the fewest arcs before the others; where that leaves
    one of them without an expert, a maximum flow serves them all, if anything can. Capacities, limits and
    slot costs are kept. With one unit per expert and no limits the gain over holding is at least half of the
    best (Avis 1983).

    Returns
    -------
    Solution
        FEASIBLE (also where it happens to be optimal), with prices by `descend` that bound what is lost; or
        INFEASIBLE, with a Hall violator, where not all must-assign tickets can be assigned.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> solution = greedy(problem)
    >>> solution.expert_of, solution.objective
    (array([ 0, -1], dtype=int32), 3.0)
    """
    started = time.perf_counter()
    desk = _Room(problem)
    if (problem.hold == -np.inf).any() and not _serve_musts(problem, desk):
        arcs, violator = cover_musts(problem)
        if violator is not None:
            return _infeasible(problem, violator, started)
        desk = _Room(problem)
        for arc in arcs[arcs >= 0].tolist():
            desk.take(arc)
    _take_best(problem, desk)
    return _priced(problem, np.array(desk.expert_of, dtype=np.int32), started)


class _Room:
    """Who is assigned where, and what room that leaves; plain lists, which a Python loop reads fastest."""

    def __init__(self, problem: Problem) -> None:
        self.ticket, self.expert = problem.ticket.tolist(), problem.expert.tolist()
        self.expert_of = [-1] * problem.n_tickets
        self.left = problem.capacity.tolist()
        self.load = [0] * problem.n_experts
        limits = problem.limits
        self.limit_of = None if limits is None else limits.of_arc.tolist()
        self.limit_left = [] if limits is None else limits.bound.tolist()
        self.parent = [] if limits is None else limits.parent.tolist()

    def fits(self, arc: int) -> bool:
        """Whether the expert and all limits around the arc have room."""
        if not self.left[self.expert[arc]]:
            return False
        limit = -1 if self.limit_of is None else self.limit_of[arc]
        while limit >= 0:
            if not self.limit_left[limit]:
                return False
            limit = self.parent[limit]
        return True

    def take(self, arc: int) -> None:
        """Assign the arc's ticket."""
        expert = self.expert[arc]
        self.expert_of[self.ticket[arc]] = expert
        self.left[expert] -= 1
        self.load[expert] += 1
        limit = -1 if self.limit_of is None else self.limit_of[arc]
        while limit >= 0:
            self.limit_left[limit] -= 1
            limit = self.parent[limit]


def _serve_musts(problem: Problem, desk: _Room) -> bool:
    """Give each must-assign ticket its best arc that fits, fewest arcs first; whether all got one."""
    degree = np.diff(problem.indptr)
    must = np.flatnonzero(problem.hold == -np.inf)
    for ticket in must[np.argsort(degree[must], kind="stable")].tolist():
        first, end = int(problem.indptr[ticket]), int(problem.indptr[ticket + 1])
        fitting = [arc for arc in range(first, end) if desk.fits(arc)]
        if not fitting:
            return False
        experts = problem.expert[fitting]
        slot = np.minimum(np.array(desk.load)[experts], problem.slot_cost.shape[1] - 1)
        net = problem.points[fitting] - problem.slot_cost[experts, slot]
        desk.take(fitting[int(np.argmax(net))])
    return True


def _take_best(problem: Problem, desk: _Room) -> None:
    """Take arcs by falling gain; an arc whose slot has become dearer waits in a heap for its new place."""
    order, gains = _by_gain(problem, np.array(desk.load, dtype=np.int64))
    costs = None if (problem.slot_cost[:, :1] == problem.slot_cost).all() else problem.slot_cost.tolist()
    priced_at = desk.load.copy()
    worth = (problem.points - np.where(problem.hold > -np.inf, problem.hold, 0.0)[problem.ticket]).tolist()
    heap: list[tuple[float, int, int]] = []
    ticket, expert, expert_of, left = desk.ticket, desk.expert, desk.expert_of, desk.left
    for gain, arc in zip(gains, order, strict=True):
        while heap and -heap[0][0] >= gain:
            _take_late(heapq.heappop(heap), desk, worth, costs, heap)
        column = expert[arc]
        if expert_of[ticket[arc]] >= 0 or not left[column]:
            continue
        if costs is not None and desk.load[column] != priced_at[column]:
            _put_back(arc, desk, worth, costs, heap)
        elif desk.limit_of is None or desk.fits(arc):
            desk.take(arc)
    while heap:
        _take_late(heapq.heappop(heap), desk, worth, costs, heap)


def _by_gain(problem: Problem, load: Int64) -> tuple[list[int], list[float]]:
    """The arcs that gain over holding at the experts' next slots, by falling gain, and their gains."""
    slot = np.minimum(load, problem.slot_cost.shape[1] - 1)
    cost = problem.slot_cost[np.arange(problem.n_experts), slot]
    gain = problem.points - cost[problem.expert] - problem.hold[problem.ticket]
    arcs = np.flatnonzero((gain > 0) & np.isfinite(gain))
    order = arcs[np.argsort(-gain[arcs], kind="stable")]
    return order.tolist(), gain[order].tolist()


def _put_back(
    arc: int, desk: _Room, worth: list[float], costs: list[list[float]], heap: list[tuple[float, int, int]]
) -> None:
    """Put an arc into the heap at its gain in its expert's next slot, if it still gains."""
    load, row = desk.load[desk.expert[arc]], costs[desk.expert[arc]]
    gain = worth[arc] - row[min(load, len(row) - 1)]
    if gain > 0:
        heapq.heappush(heap, (-gain, arc, load))


def _take_late(
    entry: tuple[float, int, int],
    desk: _Room,
    worth: list[float],
    costs: list[list[float]] | None,
    heap: list[tuple[float, int, int]],
) -> None:
    """Take an arc from the heap, or put it back where its slot has become dearer again."""
    _, arc, load = entry
    if desk.expert_of[desk.ticket[arc]] >= 0 or not desk.fits(arc):
        return
    if costs is not None and desk.load[desk.expert[arc]] != load:
        _put_back(arc, desk, worth, costs, heap)
    else:
        desk.take(arc)


def _priced(problem: Problem, expert_of: NDArray[np.int32], started: float) -> Solution:
    objective = evaluate(problem, expert_of)
    expert_price, limit_price = descend(problem, target=objective)
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
