"""What prices of side rows do to a bound: what they take off each arc, and what rows and extra columns add to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .extra_columns import extra_boxes
from .problem import Problem
from .side import Sense, Side, row_sums

__all__ = ["arc_prices", "clean_row_prices", "rounding_of_arcs", "side_terms"]

Float64 = NDArray[np.float64]

LARGEST_PRICE = 1e151
EPS = float(np.finfo(np.float64).eps)


def clean_row_prices(side: Side, row_price: object) -> Float64:
    """Prices of the rows that weak duality allows: ``(rows,)``; what is missing, nan or of the wrong sign becomes 0.

    With μ·(rhs − left side) ≥ 0 wherever the row is kept, a price is ≥ 0 on ≤ rows, ≤ 0 on ≥ rows and free on = rows;
    where the row is soft, its magnitude is at most the penalty, so that what the row is missed by costs no less.
    """
    try:
        price = np.asarray(row_price, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        price = np.zeros(0)
    if row_price is None or price.shape != (side.n_rows,):
        return np.zeros(side.n_rows)
    most = np.minimum(side.penalty, LARGEST_PRICE)
    low = np.where(side.sense == Sense.AT_MOST, 0.0, -most)
    high = np.where(side.sense == Sense.AT_LEAST, 0.0, most)
    return np.clip(np.where(np.isfinite(price), price, 0.0), low, high)


def arc_prices(problem: Problem, row: Float64) -> Float64:
    """Σ_r μ_r·A_ra, what the rows' prices take off each arc: ``(arcs,)``."""
    side = problem.side
    if side is None or not len(row):
        return np.zeros(problem.n_arcs)
    return row_sums(side.arc, side.arc_value * row[side.arc_row], problem.n_arcs)


def rounding_of_arcs(problem: Problem, row: Float64) -> Float64:
    """In units of the machine's epsilon, what rounding can change in `arc_prices`: ``(arcs,)``."""
    side = problem.side
    if side is None or not len(row):
        return np.zeros(problem.n_arcs)
    size = row_sums(side.arc, np.abs(side.arc_value * row[side.arc_row]), problem.n_arcs)
    return size * (np.bincount(side.arc, minlength=problem.n_arcs) + 3)


def side_terms(problem: Problem, row: Float64) -> Float64:
    """The terms of rows and extra columns in the bound: ``(rows + extra,)``; +∞ where an extra column is unbounded.

    μ_r·rhs_r for each row, and max over its box of (extra_points_k − Σ_r μ_r·E_rk)·e_k for each extra column k, rounded
    up. The boxes are `extra_boxes`: outside of them no extra column need ever be.
    """
    side = problem.side
    if side is None:
        return np.zeros(0)
    price = row if len(row) else np.zeros(side.n_rows)
    product = side.extra_value * price[side.extra_row]
    rate = side.extra_points - row_sums(side.extra, product, side.n_extra)
    size = np.abs(side.extra_points) + row_sums(side.extra, np.abs(product), side.n_extra)
    slack = EPS * size * (np.bincount(side.extra, minlength=side.n_extra) + 3)
    lower, upper = extra_boxes(problem)
    best = np.maximum(_product(rate + slack, upper), _product(rate - slack, upper))
    best = np.maximum(best, np.maximum(_product(rate + slack, lower), _product(rate - slack, lower)))
    rows = price * side.rhs
    return np.concatenate([rows + np.abs(rows) * EPS, best])


def _product(rate: Float64, end: Float64) -> Float64:
    """rate · end, where 0 · ∞ is 0."""
    return np.multiply(rate, end, out=np.zeros(len(rate)), where=rate != 0.0)
