"""The extra columns: the box that they need never leave, and their best values once the arcs are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .problem import Problem
from .side import Sense, Side, row_sums

__all__ = ["arc_activity", "best_extra", "extra_activity", "extra_boxes", "row_range"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

PASSES = 8
"""How often boxes are tightened by one another; chains of extra columns that are longer stay unbounded."""
WIDER = 1e-9
"""Boxes that follow from rows are made wider by this share, which is far more than rounding."""


def arc_activity(problem: Problem, arcs: Int64) -> Float64:
    """Σ_a A_ra·x_a of each side row: ``(rows,)``.

    Parameters
    ----------
    problem : a problem with side rows.
    arcs : ``(tickets,)`` the arc that each ticket takes, −1: held.
    """
    side = _side(problem)
    taken = np.zeros(problem.n_arcs)
    taken[arcs[arcs >= 0]] = 1.0
    return row_sums(side.arc_row, side.arc_value * taken[side.arc], side.n_rows)


def extra_activity(side: Side, extra: Float64) -> Float64:
    """Σ_k E_rk·e_k of each side row: ``(rows,)``."""
    return row_sums(side.extra_row, side.extra_value * extra[side.extra], side.n_rows)


def best_extra(problem: Problem, arcs: Int64) -> Float64 | None:
    """The best values of the extra columns once the arcs are chosen, by a linear program.

    Parameters
    ----------
    problem : the problem.
    arcs : ``(tickets,)`` the arc that each ticket takes, −1: held.

    Returns
    -------
    ``(extra,)`` values that keep the hard rows and leave the most points; None where none do, or where no best exist.
    """
    side = problem.side
    if side is None or side.n_extra == 0:
        return np.zeros(0)
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack

    soft = np.flatnonzero(~side.is_hard)
    left = csr_array((side.extra_value, side.extra, side.extra_indptr), shape=(side.n_rows, side.n_extra))
    missed = csr_array((np.ones(len(soft)), (soft, np.arange(len(soft)))), shape=(side.n_rows, len(soft)))
    rest = side.rhs - arc_activity(problem, arcs)
    ends = np.append(side.lower, np.zeros(len(soft))), np.append(side.upper, np.full(len(soft), np.inf))
    bounds: Any = np.column_stack(ends)
    below, above = side.sense != Sense.AT_LEAST, side.sense != Sense.AT_MOST
    answer = linprog(
        np.concatenate([-side.extra_points, side.penalty[soft]]),
        A_ub=_stacked([hstack([left, -missed])[below], hstack([-left, -missed])[above]]),
        b_ub=np.concatenate([rest[below], -rest[above]]),
        bounds=bounds,
        method="highs-ds",
    )
    if answer.x is None:
        return None
    return np.clip(np.asarray(answer.x[: side.n_extra], dtype=np.float64), side.lower, side.upper)


def extra_boxes(problem: Problem) -> tuple[Float64, Float64]:
    """Bounds that an optimum's extra columns can keep, finite wherever the rows imply it: ``(extra,)`` each.

    Where a column has an infinite bound, every row has a point beyond which the column only worsens it, whatever the
    arcs do; beyond the farthest of these points the column's slope is the same everywhere, and if that is no gain (a
    hard row is broken, or its points minus the penalties are ≤ 0), the column need not go there. Where rows contradict
    one another, the column keeps the bounds that it has.
    """
    side = _side(problem)
    lower, upper = side.lower.copy(), side.upper.copy()
    if side.n_extra == 0 or (np.isfinite(lower) & np.isfinite(upper)).all():
        return lower, upper
    reach = _reach(problem)
    for _ in range(PASSES):
        was = int(np.isfinite(lower).sum() + np.isfinite(upper).sum())
        upper = np.where(np.isinf(upper), _far_end(side, reach, lower, upper, 1.0), upper)
        lower = np.where(np.isinf(lower), -_far_end(side, reach, lower, upper, -1.0), lower)
        if int(np.isfinite(lower).sum() + np.isfinite(upper).sum()) == was:
            break
    crossed = lower > upper
    return np.where(crossed, side.lower, lower), np.where(crossed, side.upper, upper)


def row_range(problem: Problem, lower: Float64, upper: Float64) -> tuple[Float64, Float64]:
    """The least and greatest left side of each row with the extra columns between these bounds: ``(rows,)`` each."""
    side, reach = _side(problem), _reach(problem)
    least, greatest = _ends(side, lower, upper)
    return (
        reach.least + row_sums(side.extra_row, least, side.n_rows),
        reach.greatest + row_sums(side.extra_row, greatest, side.n_rows),
    )


@dataclass(frozen=True, slots=True)
class _Reach:
    """The least and greatest left side that the arcs of a row can give, at most one arc a ticket: ``(rows,)`` each."""

    least: Float64
    greatest: Float64


def _reach(problem: Problem) -> _Reach:
    side = _side(problem)
    if not len(side.arc):
        return _Reach(np.zeros(side.n_rows), np.zeros(side.n_rows))
    row, ticket = side.arc_row, problem.ticket[side.arc]
    # arcs are sorted by ticket, and the entries of a row by arc, so that those of a ticket stand together
    begins = np.flatnonzero(np.append(True, (row[1:] != row[:-1]) | (ticket[1:] != ticket[:-1])))
    least = np.minimum(0.0, np.minimum.reduceat(side.arc_value, begins))
    greatest = np.maximum(0.0, np.maximum.reduceat(side.arc_value, begins))
    return _Reach(row_sums(row[begins], least, side.n_rows), row_sums(row[begins], greatest, side.n_rows))


def _far_end(side: Side, reach: _Reach, lower: Float64, upper: Float64, direction: float) -> Float64:
    """How far each column need go in a direction (+1: up, −1: down), as a bound on direction · e; inf: no bound."""
    row, column, penalty = side.extra_row, side.extra, side.penalty[side.extra_row]
    least, greatest = _others(side, reach, lower, upper)
    step = direction * side.extra_value
    distance = np.where(step > 0, side.rhs[row] - least, greatest - side.rhs[row])
    turn = np.divide(distance, np.abs(step), out=np.full(len(step), -np.inf), where=step != 0)
    hurts = (step != 0) & np.where(step > 0, side.sense[row] != Sense.AT_LEAST, side.sense[row] != Sense.AT_MOST)
    loss = np.multiply(penalty, np.abs(step), out=np.zeros(len(step)), where=hurts)
    slope = direction * side.extra_points - row_sums(column, loss, side.n_extra)
    farthest = np.where(direction > 0, lower, -upper)
    np.maximum.at(farthest, column, turn)
    farthest[(slope > 0) | np.isneginf(farthest)] = np.inf
    stops = hurts & np.isposinf(penalty)
    np.minimum.at(farthest, column[stops], turn[stops])
    return farthest + WIDER * np.maximum(1.0, np.abs(farthest))


def _others(side: Side, reach: _Reach, lower: Float64, upper: Float64) -> tuple[Float64, Float64]:
    """The least and greatest left side of an entry's row without the entry itself: ``(entries,)`` each."""
    least, greatest = _ends(side, lower, upper)
    without = _without_own(side.extra_row, least, reach.least, -np.inf)
    return without, _without_own(side.extra_row, greatest, reach.greatest, np.inf)


def _ends(side: Side, lower: Float64, upper: Float64) -> tuple[Float64, Float64]:
    """The least and greatest value of each entry E_rk·e_k: ``(entries,)`` each."""
    value, zero = side.extra_value, np.zeros(len(side.extra))
    ends = [np.multiply(value, end[side.extra], out=zero.copy(), where=value != 0) for end in (lower, upper)]
    return np.minimum(*ends), np.maximum(*ends)


def _without_own(row: Int64, own: Float64, arcs: Float64, infinite: float) -> Float64:
    """The rows' sums without each entry's own part, infinite where another part of the row is: ``(entries,)``."""
    is_open = np.isinf(own)
    finite = np.where(is_open, 0.0, own)
    others_open = np.bincount(row[is_open], minlength=len(arcs))[row] > is_open
    return np.where(others_open, infinite, (arcs + row_sums(row, finite, len(arcs)))[row] - finite)


def _stacked(blocks: list[Any]) -> Any:
    from scipy.sparse import vstack

    return vstack(blocks, format="csr")


def _side(problem: Problem) -> Side:
    if problem.side is None:
        raise ValueError("the problem has no side rows")
    return problem.side
