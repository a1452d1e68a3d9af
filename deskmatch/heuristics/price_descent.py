"""Prices for an assignment that no solver priced: subgradient descent on the bound that they prove."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.bound import Prices, best_arcs, bound_terms, safe_prices, slots_below
from deskmatch.solver.evaluation import limit_usage
from deskmatch.solver.extra_columns import arc_activity, extra_activity, extra_boxes
from deskmatch.solver.problem import Problem
from deskmatch.solver.side import Side, row_sums
from deskmatch.solver.side_prices import clean_row_prices

from .clock import FOREVER, Clock

__all__ = ["best_columns", "descend", "row_excess"]

Float64 = NDArray[np.float64]


def descend(
    problem: Problem,
    *,
    target: float,
    start: Float64 | None = None,
    rounds: int = 12,
    clock: Clock = FOREVER,
) -> Prices:
    """Prices of experts, limits and side rows whose bound is near the optimum.

    Each round lets every ticket take what is best for it at the prices and moves each price by what is taken
    beyond what is offered, with the step of Polyak (1969): (bound − target) / |excess|². The best prices are
    kept.

    Parameters
    ----------
    problem : the problem.
    target : points of an assignment that is known; the bound cannot fall below it.
    start : ``(experts,)`` prices to start from if they prove less than each expert's first slot cost does.
    rounds : how many steps; each costs about two passes over the arcs.
    clock : rounds end when it does; the first bound is taken all the same.

    Examples
    --------
    >>> from deskmatch.solver import Problem
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> descend(problem, target=5.0).expert
    array([3.])
    """
    starts = [safe_prices(problem, expert, None) for expert in ((None,) if start is None else (None, start))]
    prices = min(starts, key=lambda one: float(bound_terms(problem, one).sum()))
    best, lowest = prices, np.inf
    for _ in range(rounds):
        bound = float(bound_terms(problem, prices).sum())
        if bound < lowest:
            best, lowest = prices, bound
        if clock.is_over:
            break
        expert, limit, row = _excess(problem, prices)
        size = float(expert @ expert + limit @ limit + row @ row)
        if size == 0.0 or not np.isfinite(bound) or bound <= target:
            break
        step = (bound - target) / size
        prices = _moved(problem, prices, step * expert, step * limit, step * row)
    return best


def row_excess(problem: Problem, side: Side, arcs: NDArray[np.int64], row_price: Float64) -> Float64:
    """By how much each side row is exceeded (≥ rows: with this sign too) by these arcs and the best extra columns.

    Parameters
    ----------
    problem, side : the problem and its side rows.
    arcs : ``(tickets,)`` the arc that each ticket takes, −1: none.
    row_price : ``(rows,)`` at which the extra columns are best.
    """
    extra = best_columns(problem, side, row_price)
    return np.asarray(arc_activity(problem, arcs) + extra_activity(side, extra) - side.rhs)


def best_columns(problem: Problem, side: Side, row_price: Float64) -> Float64:
    """The extra columns' best values within their boxes at these row prices; 0 where a box has no such end."""
    lower, upper = extra_boxes(problem)
    rate = side.extra_points - row_sums(side.extra, side.extra_value * row_price[side.extra_row], side.n_extra)
    extra = np.where(rate > 0, upper, lower)
    return np.where(np.isfinite(extra), extra, np.clip(0.0, lower, upper))


def _moved(problem: Problem, prices: Prices, expert: Float64, limit: Float64, row: Float64) -> Prices:
    return Prices(
        expert=prices.expert + expert,
        limit=np.maximum(0.0, prices.limit + limit),
        row=prices.row if problem.side is None else clean_row_prices(problem.side, prices.row + row),
    )


def _excess(problem: Problem, prices: Prices) -> tuple[Float64, Float64, Float64]:
    """How much is wanted of each expert, limit and side row at these prices, minus how much there is.

    Where a price is at its end and would be moved beyond, the excess counts as 0.
    """
    arcs = best_arcs(problem, prices)
    taken = arcs[arcs >= 0]
    units = None if problem.usage is None else problem.usage[taken]
    wanted = np.bincount(problem.expert[taken], weights=units, minlength=problem.n_experts)
    expert = (wanted - slots_below(problem, prices.expert)).astype(np.float64)
    limit, row = np.zeros(0), np.zeros(0)
    if problem.limits is not None:
        limit = (limit_usage(problem.limits, arcs, problem.usage) - problem.limits.bound).astype(np.float64)
        limit[(prices.limit == 0.0) & (limit < 0.0)] = 0.0
    if problem.side is not None:
        row = row_excess(problem, problem.side, arcs, prices.row)
        row[clean_row_prices(problem.side, prices.row + row) == prices.row] = 0.0
    return expert, limit, row
