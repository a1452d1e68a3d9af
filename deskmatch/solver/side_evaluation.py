"""Side rows and extra columns of a given assignment: what they add to the objective, and which of them it breaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .extra_columns import arc_activity, extra_activity
from .problem import Problem
from .side import Sense, Side, row_sums

__all__ = ["ROW_TOLERANCE", "row_misses", "side_objective_terms", "side_violations"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

ROW_TOLERANCE = 1e-9
"""A hard row or a bound of an extra column counts as kept when missed by this share of its terms, at least 1: the
extra columns come from linear programs, which keep rows to 1e-7, and at a vertex much better."""


def row_misses(problem: Problem, arcs: Int64, extra: Float64) -> Float64:
    """By how much each side row is missed: ``(rows,)``, 0 where it is kept.

    Parameters
    ----------
    problem : a problem with side rows.
    arcs : ``(tickets,)`` the arc that each ticket takes, −1: held.
    extra : ``(extra,)``.
    """
    side = problem.side
    if side is None:
        return np.zeros(0)
    over = arc_activity(problem, arcs) + extra_activity(side, extra) - side.rhs
    return np.maximum(np.where(side.sense == Sense.AT_LEAST, -over, over), np.where(side.sense == 0, -over, 0.0))


def side_objective_terms(problem: Problem, arcs: Int64, extra: Float64) -> list[float]:
    """Points of the extra columns, and minus the penalty of each soft row that is missed."""
    side = problem.side
    if side is None:
        return []
    missed = row_misses(problem, arcs, extra)
    soft = ~side.is_hard & (missed > 0)
    return [*(side.extra_points * extra).tolist(), *(-side.penalty[soft] * missed[soft]).tolist()]


def side_violations(problem: Problem, arcs: Int64, extra: object) -> tuple[tuple[Int64, list[str]], ...]:
    """The offenders of each kind and a sentence for each: extra columns out of bounds, hard rows that are missed."""
    side = problem.side
    if side is None:
        return ()
    values = _values(extra, side.n_extra)
    if values is None:
        return ((np.zeros(1, dtype=np.int64), [f"extra: expected {side.n_extra} finite numbers"]),)
    slack = ROW_TOLERANCE * np.maximum(1.0, np.abs(values))
    outside = np.flatnonzero((values < side.lower - slack) | (values > side.upper + slack))
    bounds = [f"extra column {k} is {values[k]}, bounds {side.lower[k]} and {side.upper[k]}" for k in outside]
    missed = row_misses(problem, arcs, values)
    broken = np.flatnonzero(side.is_hard & (missed > ROW_TOLERANCE * _row_sizes(problem, side, arcs, values)))
    rows = [f"side row {r} is missed by {missed[r]}" for r in broken]
    return ((outside, bounds), (broken, rows))


def _row_sizes(problem: Problem, side: Side, arcs: Int64, extra: Float64) -> Float64:
    taken = np.zeros(problem.n_arcs, dtype=bool)
    taken[arcs[arcs >= 0]] = True
    size = row_sums(side.arc_row, np.abs(side.arc_value) * taken[side.arc], side.n_rows)
    size += row_sums(side.extra_row, np.abs(side.extra_value * extra[side.extra]), side.n_rows)
    return np.maximum(1.0, size + np.abs(side.rhs))


def _values(extra: object, count: int) -> Float64 | None:
    if extra is None and count == 0:
        return np.zeros(0)
    try:
        values = np.asarray(extra, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return values if values.shape == (count,) and np.isfinite(values).all() else None
