"""`with_at_least`: the problem in which at least so many tickets are assigned; a network stays one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError

from .problem import Limits, Problem
from .side import Side

__all__ = ["with_at_least"]

Int64 = NDArray[np.int64]


def with_at_least(problem: Problem, tickets: int) -> tuple[Problem, Int64]:
    """The problem in which at least so many tickets are assigned.

    In a network all tickets that may be held get an arc to one more expert, the last row, who stands for waiting and
    takes no more than may be held in all. Any other problem gets a side row.

    Parameters
    ----------
    problem : the problem.
    tickets : how many must be assigned; ≤ 0: the problem as it is.

    Returns
    -------
    problem : with one expert more, or one row more.
    place : ``(arcs,)`` where each arc of the old problem is among those of the new one.

    Raises
    ------
    ProblemError
        Where there are not so many tickets.

    Examples
    --------
    >>> from deskmatch.solver import solve
    >>> problem = Problem.from_arcs(2, 2, [0, 1], [0, 1], [3.0, -1.0])
    >>> solve(with_at_least(problem, 2)[0]).objective
    2.0
    """
    if tickets <= 0:
        return problem, np.arange(problem.n_arcs)
    if tickets > problem.n_tickets:
        wanted = f"{tickets} of {problem.n_tickets} tickets are to be assigned"
        raise ProblemError(f"no assignment keeps every rule: {wanted}")
    if not problem.is_network:
        row = Side.from_matrix(np.ones((1, problem.n_arcs)), ">=", float(tickets))
        sides = [row] if problem.side is None else [problem.side, row]
        return replace(problem, side=Side.stack(sides)), np.arange(problem.n_arcs)
    may = problem.hold > -np.inf
    ends = problem.indptr[1:][may]  # the new arc comes last among its ticket's, as the new expert does
    limits = problem.limits
    larger = replace(
        problem,
        n_experts=problem.n_experts + 1,
        indptr=problem.indptr + np.concatenate([[0], np.cumsum(may)]),
        expert=np.insert(problem.expert, ends, problem.n_experts),
        points=np.insert(problem.points, ends, problem.hold[may]),
        capacity=np.append(problem.capacity, problem.n_tickets - tickets),
        hold=np.full(problem.n_tickets, -np.inf),
        slot_cost=np.vstack([problem.slot_cost, np.zeros((1, problem.slot_cost.shape[1]))]),
        limits=None if limits is None else Limits(np.insert(limits.of_arc, ends, -1), limits.bound, limits.parent),
    )
    return larger, np.delete(np.arange(larger.n_arcs), ends + np.arange(len(ends)))
