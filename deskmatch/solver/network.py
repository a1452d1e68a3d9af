"""The problem as a network: tickets enter at an expert or its limit, and leave through slots or holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError

from .bound import useful_slots
from .problem import Problem, limit_owner

__all__ = ["FlowNetwork", "above_limits", "entry_nodes", "flow_network", "refuse_beyond_networks", "worthwhile_arcs"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


def refuse_beyond_networks(problem: Problem, what: str) -> None:
    """Raise `BackendError` where a problem has usage, side rows or extra columns.

    Parameters
    ----------
    problem : the problem.
    what : takes networks only; the beginning of the message.
    """
    if not problem.is_network:
        raise BackendError(f"{what} exists for networks only, and this is none: {problem}")


def entry_nodes(problem: Problem) -> Int64:
    """The node that each arc enters: ``(arcs,)``; expert j is node j, limit l is node ``n_experts + l``."""
    expert = problem.expert.astype(np.int64)
    if problem.limits is None:
        return expert
    inner = problem.limits.of_arc
    return np.where(inner >= 0, problem.n_experts + inner.astype(np.int64), expert)


def above_limits(problem: Problem) -> Int64:
    """The node around each limit: ``(limits,)``, its parent or its expert; −1 for limits without arcs."""
    if problem.limits is None:
        return np.zeros(0, dtype=np.int64)
    owner, parent = limit_owner(problem.limits, problem.expert), problem.limits.parent
    outer = np.where(parent >= 0, problem.n_experts + parent.astype(np.int64), owner)
    return np.where(owner >= 0, outer, -1)


@dataclass(frozen=True, slots=True, eq=False)
class FlowNetwork:
    """A network whose best flow is the best assignment.

    Nodes: the experts, the limits, the sink, then the tickets. Each ticket sends one unit to the sink.

    Parameters
    ----------
    n_nodes : number of nodes.
    sink : the sink's node.
    first_ticket : the node of ticket 0.
    arcs : ``(k,)`` the problem's arcs that the first k edges stand for.
    tail, head, capacity : ``(edges,)``.
    value : ``(edges,)`` points per unit.
    """

    n_nodes: int
    sink: int
    first_ticket: int
    arcs: Int64
    tail: Int64
    head: Int64
    capacity: Int64
    value: Float64


def flow_network(problem: Problem, arcs: Int64) -> FlowNetwork:
    """The flow network of a problem on some of its arcs.

    Slots are parallel edges from an expert to the sink, filled in order because their costs do not fall;
    those that cost as much as the last one are one edge.

    Parameters
    ----------
    problem : the problem.
    arcs : ``(k,)`` the arcs to use: all, or `worthwhile_arcs`.
    """
    n, m = problem.n_tickets, problem.n_experts
    above = above_limits(problem)
    live = np.flatnonzero(above >= 0)
    sink = m + len(above)
    held = np.flatnonzero(problem.hold > -np.inf)
    slot_tail, slot_units, slot_value = _slot_edges(problem)
    ticket = sink + 1 + np.arange(n)
    bound = np.zeros(0) if problem.limits is None else problem.limits.bound[live]
    ones, to_sink = np.ones, np.full
    return FlowNetwork(
        n_nodes=sink + 1 + n,
        sink=sink,
        first_ticket=sink + 1,
        arcs=arcs,
        tail=np.concatenate([sink + 1 + problem.ticket[arcs].astype(np.int64), ticket[held], m + live, slot_tail]),
        head=np.concatenate(
            [entry_nodes(problem)[arcs], to_sink(len(held), sink), above[live], to_sink(len(slot_tail), sink)]
        ),
        capacity=np.concatenate([ones(len(arcs) + len(held)), bound, slot_units]).astype(np.int64),
        value=np.concatenate([problem.points[arcs], problem.hold[held], np.zeros(len(live)), slot_value]),
    )


def worthwhile_arcs(problem: Problem) -> Int64:
    """The arcs that a best assignment may need: of experts with capacity, and better than holding.

    An arc is left out where holding is as good even in the expert's first slot (p_ij − c_j0 ≤ h_i): taking
    the ticket off the arc loses nothing, since no slot costs less than the first.
    """
    gain = problem.points - problem.slot_cost[problem.expert, 0] > problem.hold[problem.ticket]
    return np.flatnonzero(gain & (problem.capacity[problem.expert] > 0))


def _slot_edges(problem: Problem) -> tuple[Int64, Int64, Float64]:
    """Expert, units and value of the edges from experts to the sink, one for each column of `slot_cost`."""
    width = problem.slot_cost.shape[1]
    useful = useful_slots(problem)
    tails, units, values = [], [], []
    for slot in range(width):
        room = useful - slot if slot == width - 1 else np.minimum(useful - slot, 1)
        experts = np.flatnonzero(room > 0)
        tails.append(experts)
        units.append(room[experts])
        values.append(-problem.slot_cost[experts, slot])
    return np.concatenate(tails), np.concatenate(units), np.concatenate(values)
