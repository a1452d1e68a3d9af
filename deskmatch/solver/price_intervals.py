"""Prices as intervals: what one more is worth and one less costs, since dual prices are not unique."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bound import row_max
from .residual_graph import ROUNDING, ResidualGraph

__all__ = ["PriceIntervals", "expert_intervals", "ticket_intervals"]

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PriceIntervals:
    """The least and the greatest price of each expert's unit, or of each ticket, in points.

    Parameters
    ----------
    least : ``(k,)`` what the total gains by one more.
    greatest : ``(k,)`` what the total loses by one less.
    """

    least: Float64
    greatest: Float64


def expert_intervals(graph: ResidualGraph, *, slot_cost: ArrayLike | None = None) -> PriceIntervals:
    """The least and the greatest price of a unit of each expert, net of its slot's cost, for all experts at once.

    With d the shortest lengths in the residual graph and s the sink: one more slot of cost c gains
    max(0, −d(s, j) − c); one slot less loses 0 where one is free, else d(j, s) minus the cost of the last slot.
    Two shortest-path computations. Limits stay as they are.

    Parameters
    ----------
    graph : the residual graph of an optimal assignment.
    slot_cost : scalar or ``(experts,)`` cost of the additional slot; default: what the problem's slot costs say of
        the unit after the capacity, which is the last increment where none is given for it.

    Returns
    -------
    PriceIntervals
        ``(experts,)``; `greatest` is inf where a must-assign ticket would lose its place, and nan where the capacity
        is 0: there is none to take away.

    Examples
    --------
    >>> from deskmatch.solver import Problem, solve
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> prices = expert_intervals(ResidualGraph.of(problem, solve(problem)))
    >>> prices.least, prices.greatest
    (array([3.]), array([5.]))
    """
    problem = graph.problem
    m = problem.n_experts
    if slot_cost is None:
        slot = np.minimum(problem.capacity, problem.slot_cost.shape[1] - 1)
        slot_cost = problem.slot_cost[np.arange(m), slot]
    cost = np.broadcast_to(np.asarray(slot_cost, dtype=np.float64), (m,))
    gain = -graph.from_sink.length[:m]
    loss = graph.to_sink.length[:m]
    full = graph.load >= problem.capacity
    greatest = np.where(full, np.maximum(0.0, _difference(loss, graph.saved)), 0.0)
    return PriceIntervals(
        least=np.maximum(0.0, _difference(gain, cost)),
        greatest=np.where(problem.capacity > 0, greatest, np.nan),
    )


def ticket_intervals(graph: ResidualGraph) -> PriceIntervals:
    """The least and the greatest price of each ticket, for all tickets at once.

    The greatest is what the ticket brings: the total minus the best total without it,
    p_now + d(s, c) at its place c. The least is what a duplicate would bring: max(h_i, max_e p_ie − d(e, s)), −inf
    where a duplicate of a must-assign ticket finds no place. Both may be negative. The same two shortest-path
    computations as for experts.

    Parameters
    ----------
    graph : the residual graph of an optimal assignment.

    Examples
    --------
    >>> from deskmatch.solver import Problem, solve
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> prices = ticket_intervals(ResidualGraph.of(problem, solve(problem)))
    >>> prices.least, prices.greatest
    (array([0., 0.]), array([0., 2.]))
    """
    problem = graph.problem
    duplicate = problem.points - graph.to_sink.length[graph.entry]
    greatest = _difference(graph.gets, -graph.from_sink.length[graph.place])
    return PriceIntervals(
        least=np.minimum(row_max(problem.indptr, duplicate, problem.hold), greatest), greatest=greatest
    )


def _difference(left: Float64, right: Float64) -> Float64:
    """left − right, 0 where only rounding is left."""
    difference = left - right
    size = np.where(np.isfinite(difference), np.abs(left) + np.abs(right), 0.0)
    return np.where(np.abs(difference) <= ROUNDING * size, 0.0, difference)
