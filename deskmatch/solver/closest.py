"""`closest_optimum`: of all optimal assignments one that keeps as much as can be of another assignment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .evaluation import evaluate, violations
from .problem import Problem
from .residual_graph import ROUNDING, ResidualGraph
from .solution import Solution
from .solving import solve
from .subproblem import with_arcs

__all__ = ["closest_optimum"]

SAME_WITHIN = 1e-12
"""The tolerance of `certify`, as a share of the magnitudes that are added."""


def closest_optimum(problem: Problem, solution: Solution, wanted: ArrayLike) -> Solution:
    """An optimum in which as many tickets as can be are treated as in `wanted`.

    By complementary slackness an assignment is optimal where it uses only arcs, holds and slots whose reduced points
    are 0, and all slots and tickets that have a positive price: again an assignment problem, in which a ticket is worth
    1 where it is wanted. Where the prices of limits, or rounding, stand in the way, the solution comes back as it is.

    Parameters
    ----------
    problem : a network; the solution of any other problem comes back as it is.
    solution : an optimal solution of it.
    wanted : ``(tickets,)`` the expert of each ticket, −1: held.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1, 1], [0, 1, 0, 1], 1.0)
    >>> closest_optimum(problem, solve(problem), [1, 0]).expert_of
    array([1, 0], dtype=int32)
    """
    if not problem.is_network or np.array_equal(solution.expert_of, wanted):
        return solution
    graph = ResidualGraph.of(problem, solution)
    face = _optimal_face(graph, np.asarray(wanted))
    closest = solve(face).expert_of
    if violations(problem, closest):
        return solution
    total, best = evaluate(problem, closest), evaluate(problem, solution.expert_of)
    size = np.abs(problem.points).sum() + np.abs(problem.hold[np.isfinite(problem.hold)]).sum()
    if best - total > SAME_WITHIN * min(size, max(abs(best), 1.0)):
        return solution
    return replace(solution, expert_of=closest, objective=total)


def _optimal_face(graph: ResidualGraph, wanted: NDArray[np.integer]) -> Problem:
    """The problem whose assignments are the optimal ones, worth 1 for each ticket that is treated as wanted."""
    problem = graph.problem
    same = problem.expert == wanted[problem.ticket]
    must = float(2 * problem.n_tickets + 1)
    price = graph.value[: problem.n_experts, None]
    above = price - problem.slot_cost
    tight = np.abs(above) <= ROUNDING * (np.abs(price) + np.abs(problem.slot_cost))
    slot_cost = np.where(tight, 0.0, np.where(above > 0, -must, must))
    may_wait = (graph.arcs < 0) | (graph.hold_slack == 0)
    keep = graph.slack == 0
    restricted = with_arcs(problem, keep, hold=np.where(may_wait, (wanted < 0).astype(float), -np.inf))
    return replace(restricted, points=same[keep].astype(float), slot_cost=np.maximum.accumulate(slot_cost, axis=1))
