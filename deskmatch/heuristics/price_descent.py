"""Prices for an assignment that no solver priced: subgradient descent on the bound that they prove."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.bound import Prices, best_arcs, bound_terms, safe_prices, slots_below
from deskmatch.solver.evaluation import limit_usage
from deskmatch.solver.problem import Problem

__all__ = ["descend"]

Float64 = NDArray[np.float64]


def descend(
    problem: Problem, *, target: float, start: Float64 | None = None, rounds: int = 12
) -> tuple[Float64, Float64 | None]:
    """Expert and limit prices whose bound is near the optimum.

    Each round lets every ticket take what is best for it at the prices and moves each price by what is taken
    beyond what is offered, with the step of Polyak (1969): (bound − target) / |excess|². The best prices are
    kept.

    Parameters
    ----------
    problem : the problem.
    target : points of an assignment that is known; the bound cannot fall below it.
    start : ``(experts,)`` prices to start from if they prove less than each expert's first slot cost does.
    rounds : how many steps; each costs about one pass over the arcs.

    Returns
    -------
    ``(experts,)`` prices, and ``(limits,)`` prices or None.

    Examples
    --------
    >>> from deskmatch.solver import Problem
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> descend(problem, target=5.0)[0]
    array([3.])
    """
    starts = [safe_prices(problem, expert, None) for expert in (None, start)]
    prices = min(starts, key=lambda one: float(bound_terms(problem, one).sum()))
    best, lowest = prices, np.inf
    for _ in range(rounds):
        bound = float(bound_terms(problem, prices).sum())
        if bound < lowest:
            best, lowest = prices, bound
        expert, limit = _excess(problem, prices)
        size = float(expert @ expert + limit @ limit)
        if size == 0.0 or bound <= target:
            break
        step = (bound - target) / size
        prices = Prices(expert=prices.expert + step * expert, limit=np.maximum(0.0, prices.limit + step * limit))
    return best.expert, None if problem.limits is None else best.limit


def _excess(problem: Problem, prices: Prices) -> tuple[Float64, Float64]:
    """How many units are wanted of each expert and limit at these prices, minus how many it takes."""
    arcs = best_arcs(problem, prices)
    taken = arcs[arcs >= 0]
    units = None if problem.usage is None else problem.usage[taken]
    wanted = np.bincount(problem.expert[taken], weights=units, minlength=problem.n_experts)
    expert = (wanted - slots_below(problem, prices.expert)).astype(np.float64)
    if problem.limits is None:
        return expert, np.zeros(0)
    limit = (limit_usage(problem.limits, arcs, problem.usage) - problem.limits.bound).astype(np.float64)
    limit[(prices.limit == 0.0) & (limit < 0.0)] = 0.0
    return expert, limit
