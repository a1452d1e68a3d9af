"""What a row cannot hold, made of columns: slot costs and missed soft rows, so that an objective can be bounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError

from .bound import useful_slots
from .evaluation import arcs_chosen
from .extra_columns import best_extra
from .problem import Problem
from .side import Side
from .solution import Solution, Status
from .solving import solve

__all__ = ["cost_columns", "hardened", "hint_for", "no_rows", "solve_robustly", "sum_row", "widened"]

Float64 = NDArray[np.float64]


def no_rows(n_arcs: int) -> Side:
    """A side without rows and columns, to stack others on."""
    return Side.from_matrix(np.zeros((0, n_arcs)), "<=", np.zeros(0))


def hardened(side: Side, n_arcs: int) -> Side:
    """The same rows, all hard: each soft row has an extra column, ≥ 0, for the units by which it is missed.

    Examples
    --------
    >>> hardened(Side.from_matrix([[1.0, 1.0]], "<=", 1, penalty=0.5), 2)
    Side(1 rows, 0 of them soft, 1 extra columns)
    """
    from scipy.sparse import csr_array, hstack

    soft = np.flatnonzero(~side.is_hard)
    if not len(soft):
        return side
    over_arcs = csr_array((side.arc_value, side.arc, side.arc_indptr), shape=(side.n_rows, n_arcs))
    over_extra = csr_array((side.extra_value, side.extra, side.extra_indptr), shape=(side.n_rows, side.n_extra))
    down, up = np.flatnonzero(side.sense[soft] <= 0), np.flatnonzero(side.sense[soft] >= 0)
    rows = np.concatenate([soft[down], soft[up]])
    values = np.concatenate([np.full(len(down), -1.0), np.full(len(up), 1.0)])
    missed = csr_array((values, (rows, np.arange(len(rows)))), shape=(side.n_rows, len(rows)))
    return Side.from_matrix(
        over_arcs,
        [int(sense) for sense in side.sense],  # type: ignore[misc]
        side.rhs,
        over_extra=hstack([over_extra, missed]),
        lower=np.concatenate([side.lower, np.zeros(len(rows))]),
        upper=np.concatenate([side.upper, np.full(len(rows), np.inf)]),
        extra_points=np.concatenate([side.extra_points, -side.penalty[rows]]),
    )


def cost_columns(problem: Problem, slot_cost: Float64) -> Side:
    """An extra column for what each expert's slots cost, of 0 points, and the rows that make it at least that.

    Parameters
    ----------
    problem : whose arcs and capacities count; its own slot costs do not.
    slot_cost : ``(experts, slots)`` convex.

    Returns
    -------
    Rows q_j ≥ φ_j(t) + c_jt·(load_j − t) for each slot t of expert j, whose lines touch the convex cost φ_j at every
    whole load, so that the least q_j is the cost itself.
    """
    from scipy.sparse import csr_array

    most, last = useful_slots(problem), slot_cost.shape[1] - 1
    experts = np.flatnonzero((most > 0) & (slot_cost.any(axis=1)))
    usage = np.ones(problem.n_arcs) if problem.usage is None else problem.usage.astype(np.float64)
    arcs_of = [np.flatnonzero(problem.expert == expert) for expert in experts.tolist()]
    indptr, columns, values, rhs, owner, lower, upper = [0], [], [], [], [], [], []
    for place, (expert, arcs) in enumerate(zip(experts.tolist(), arcs_of, strict=True)):
        steps = slot_cost[expert, np.minimum(np.arange(most[expert]), last)]
        cost = np.concatenate([[0.0], np.cumsum(steps)])
        lower.append(cost.min())
        upper.append(max(cost.max(), 0.0))
        for slot in np.flatnonzero(np.append(True, np.diff(steps) > 0)).tolist():
            columns.append(arcs)
            values.append(-steps[slot] * usage[arcs])
            rhs.append(cost[slot] - steps[slot] * slot)
            owner.append(place)
            indptr.append(indptr[-1] + len(arcs))
    rows = len(rhs)
    over_arcs = csr_array(
        (np.concatenate([*values, np.zeros(0)]), np.concatenate([*columns, np.zeros(0, np.int64)]), indptr),
        shape=(rows, problem.n_arcs),
    )
    over_extra = csr_array((np.ones(rows), (np.arange(rows), owner)), shape=(rows, len(experts)))
    return Side.from_matrix(over_arcs, ">=", rhs, over_extra=over_extra, lower=lower, upper=upper)


def sum_row(points: Float64, extra_points: Float64, sense: str, rhs: float) -> Side:
    """One hard row Σ points·x + Σ extra_points·e over all arcs and extra columns; stack it with `widened`."""
    return Side.from_matrix(points[None, :], sense, rhs, over_extra=extra_points[None, :])


def widened(problem: Problem, side: Side, *rows: Side) -> Problem:
    """The problem with this side and with further rows over all its extra columns.

    Parameters
    ----------
    problem : the problem, whose own side is replaced.
    side : rows and extra columns.
    rows : from `sum_row`, each with as many extra columns as `side`; they share the columns of `side`.
    """
    from scipy.sparse import csr_array, vstack

    parts = [side, *rows]
    arcs = [csr_array((x.arc_value, x.arc, x.arc_indptr), shape=(x.n_rows, problem.n_arcs)) for x in parts]
    extra = [csr_array((x.extra_value, x.extra, x.extra_indptr), shape=(x.n_rows, side.n_extra)) for x in parts]
    joined = Side.from_matrix(
        vstack(arcs),
        [int(sense) for x in parts for sense in x.sense],  # type: ignore[misc]
        np.concatenate([x.rhs for x in parts]),
        penalty=np.concatenate([x.penalty for x in parts]),
        over_extra=vstack(extra),
        lower=side.lower,
        upper=side.upper,
        extra_points=side.extra_points,
    )
    return replace(problem, side=joined)


def hint_for(problem: Problem, solution: Solution) -> Solution | None:
    """A solution as a hint for a problem with the same arcs and other rows and columns; None where it breaks a row."""
    extra = best_extra(problem, arcs_chosen(problem, solution.expert_of))
    return None if extra is None else replace(solution, extra=extra)


def solve_robustly(problem: Problem, *, time_limit_s: float | None = None, hint: Solution | None = None) -> Solution:
    """`solve`, and another solver where the first one's answer misses a row by its tolerance; UNKNOWN where both do.

    Bounds on an objective are rows that the best answers touch, so that the tolerances of solvers show.
    """
    message = ""
    for method in ("auto", "highs"):
        try:
            return solve(problem, method=method, time_limit_s=time_limit_s, hint=hint)
        except BackendError as error:
            message = str(error)
    nobody = np.full(problem.n_tickets, -1, dtype=np.int32)
    return Solution(expert_of=nobody, objective=None, status=Status.UNKNOWN, method="highs", message=message)
