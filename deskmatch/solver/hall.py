"""Tickets that must be assigned and cannot all be: a minimal set that proves it by counting (Hall 1935)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .network import above_limits, entry_nodes
from .problem import Problem

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["cover_musts", "hall_violator", "joint_capacity"]

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]


def hall_violator(problem: Problem) -> Int32 | None:
    """An inclusion-minimal set of must-assign tickets that cannot all be assigned, or None where all can.

    Returns
    -------
    ``(k,)`` increasing tickets with hold −∞ such that `joint_capacity` of them is below k, while every proper
    subset of them can be assigned. Of several such sets, the one that the lowest unmatched ticket reaches.

    Examples
    --------
    >>> problem = Problem.from_arcs(3, 2, [0, 1, 2, 2], [0, 0, 0, 1], 1.0, hold=float("-inf"))
    >>> hall_violator(problem)
    array([0, 1], dtype=int32)
    """
    return cover_musts(problem)[1]


def cover_musts(problem: Problem) -> tuple[Int64, Int32 | None]:
    """Arcs that serve as many must-assign tickets as possible, and a minimal violator if not all.

    A maximum flow from the must-assign tickets through the limits and the experts. Where a ticket t stays
    unmatched, the tickets that t reaches by alternating paths are the violator. It is minimal: a violating
    proper subset S would hold t, else its tickets are all matched; then S without t fills the joint capacity
    of S, so alternating paths from t never leave S.

    Returns
    -------
    arcs : ``(tickets,)`` the arc of each matched must-assign ticket, −1 otherwise.
    violator : see `hall_violator`.
    """
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    arcs = np.full(problem.n_tickets, -1, dtype=np.int64)
    must = np.flatnonzero(problem.hold == -np.inf)
    if not len(must):
        return arcs, None
    network = _MustNetwork(problem, must)
    flow = maximum_flow(network.capacities, network.source, network.sink).flow
    used = network.arcs_used(flow)
    arcs[problem.ticket[used]] = used
    left = np.flatnonzero(arcs[must] < 0)
    if not len(left):
        return arcs, None
    residual = (network.capacities - flow)[: network.source, : network.source] > 0
    reached = breadth_first_order(residual, int(left[0]), return_predecessors=False)
    return arcs, np.sort(must[reached[reached < len(must)]]).astype(np.int32)


def joint_capacity(problem: Problem, tickets: NDArray[np.integer]) -> int:
    """How many of these tickets their experts can take at most, by counting.

    Each limit passes on no more than its bound and no more than enters it; each expert takes no more than its
    capacity and no more than reaches it. Where this is below the number of tickets, they cannot all be
    assigned.
    """
    member = np.zeros(problem.n_tickets, dtype=bool)
    member[tickets] = True
    arcs = member[problem.ticket]
    m, above = problem.n_experts, above_limits(problem)
    room = np.bincount(entry_nodes(problem)[arcs], minlength=m + len(above))
    if problem.limits is not None:
        for level in _levels(problem.limits.parent):
            level = level[above[level] >= 0]
            passed = np.minimum(room[m + level], problem.limits.bound[level])
            np.add.at(room, above[level], passed)
    return int(np.minimum(room[:m], problem.capacity).sum())


def _levels(parent: Int32) -> list[Int64]:
    """The limits by depth, innermost first."""
    depth = np.zeros(len(parent), dtype=np.int64)
    above = parent
    while (inner := above >= 0).any():
        depth += inner
        above = np.where(inner, parent[above], -1)
    return [np.flatnonzero(depth == level) for level in range(int(depth.max(initial=-1)), -1, -1)]


class _MustNetwork:
    """The flow network of the must-assign tickets: tickets, then experts and limits, then source and sink."""

    def __init__(self, problem: Problem, must: Int64) -> None:
        k, m = len(must), problem.n_experts
        above = above_limits(problem)
        live = np.flatnonzero(above >= 0)
        row = np.full(problem.n_tickets, -1, dtype=np.int64)
        row[must] = np.arange(k)
        self.arcs = np.flatnonzero(row[problem.ticket] >= 0)
        self.tail = row[problem.ticket[self.arcs]]
        self.head = k + entry_nodes(problem)[self.arcs]
        self.n_musts = k
        self.source = k + m + len(above)
        self.sink = self.source + 1
        bound = np.zeros(0) if problem.limits is None else problem.limits.bound[live]
        tail = [self.tail, np.full(k, self.source), k + m + live, k + np.arange(m)]
        head = [self.head, np.arange(k), k + above[live], np.full(m, self.sink)]
        room = [np.ones(len(self.arcs) + k), np.minimum(bound, k), np.minimum(problem.capacity, k)]
        self.capacities = self._matrix(np.concatenate(tail), np.concatenate(head), np.concatenate(room))

    def arcs_used(self, flow: csr_array[Any, Any]) -> Int64:
        """The problem's arcs that carry flow."""
        entries = flow.tocoo()
        used = (entries.data > 0) & (entries.row < self.n_musts)
        size = self.sink + 1
        key = self.tail * size + self.head
        order = np.argsort(key)
        wanted = entries.row[used].astype(np.int64) * size + entries.col[used]
        return np.asarray(self.arcs[order[np.searchsorted(key[order], wanted)]])

    def _matrix(self, tail: Int64, head: Int64, room: NDArray[Any]) -> csr_array[Any, Any]:
        from scipy.sparse import csr_array

        entries = (room.astype(np.int32), (tail.astype(np.int32), head.astype(np.int32)))
        return csr_array(entries, shape=(self.sink + 1, self.sink + 1))
