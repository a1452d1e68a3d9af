"""The second bound for problems with usage: tickets are priced, and each expert packs a knapsack, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bound import Prices, limit_sums, ticket_values, usable_arcs, useful_slots
from .problem import Problem
from .side_prices import arc_prices, rounding_of_arcs, side_terms

__all__ = ["knapsack_terms"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

EPS = float(np.finfo(np.float64).eps)
WORK = 200_000_000
"""Additions that the knapsacks may take in all, about 0.2 s; those of experts beyond it are bounded by their price."""


def knapsack_terms(problem: Problem, prices: Prices, ticket_price: object) -> Float64:
    """The terms of the bound B₂, for any ticket prices u; their sum bounds the objective of every valid assignment.

    B₂ = Σ_i max(h_i, u_i) + Σ_j max over the sets S of j's arcs within its capacity of
    Σ_{i∈S}(p_ij − u_i − prices of limits and side rows) − slot cost of S's units, plus the terms of limits, side rows
    and extra columns as in `deskmatch.solver.bound` (Lagrangian relaxation of “one expert a ticket”: Ross & Soland
    1975, Fisher, Jaikumar & Van Wassenhove 1986). It can be better than what expert prices prove, since knapsacks are
    packed with whole tickets. A ticket that must be assigned and has no arc gives the term −∞.

    Parameters
    ----------
    problem : the problem.
    prices : of limits and side rows; an expert's price serves where its knapsack is too large to be packed.
    ticket_price : ``(tickets,)``; where nan, missing or misshapen, what `prices` leave each ticket.
    """
    u = _ticket_prices(problem, prices, ticket_price)
    if np.isneginf(u).any():
        return u
    gain = _gains(problem, prices, u)
    size = _sizes(problem, prices, u)
    terms = [np.maximum(problem.hold, u), _packed(problem, prices, gain, size)]
    if problem.limits is not None:
        terms.append(prices.limit * problem.limits.bound * (1 + EPS))
    if problem.side is not None:
        terms.append(side_terms(problem, prices.row))
    return np.concatenate(terms)


def _ticket_prices(problem: Problem, prices: Prices, ticket_price: object) -> Float64:
    values = ticket_values(problem, prices)
    try:
        given = np.asarray(ticket_price, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return values
    if ticket_price is None or given.shape != values.shape:
        return values
    return np.where(np.isfinite(given) & (np.abs(given) <= 1e151) & (values > -np.inf), given, values)


def _around(problem: Problem, prices: Prices) -> Float64:
    """The prices of the limits around each arc, times its units: ``(arcs,)``."""
    if problem.limits is None or not len(prices.limit):
        return np.zeros(problem.n_arcs)
    inner = problem.limits.of_arc
    units = 1 if problem.usage is None else problem.usage
    return np.asarray(np.where(inner >= 0, limit_sums(problem.limits, prices.limit)[inner], 0.0) * units)


def _gains(problem: Problem, prices: Prices, u: Float64) -> Float64:
    """What an arc is worth to its expert: ``(arcs,)``, −∞ where it cannot be used."""
    gain = problem.points - _around(problem, prices) - arc_prices(problem, prices.row) - u[problem.ticket]
    return np.where(usable_arcs(problem), gain, -np.inf)


def _sizes(problem: Problem, prices: Prices, u: Float64) -> Float64:
    """What rounding can have taken off each gain: ``(arcs,)``."""
    size = np.abs(problem.points) + _around(problem, prices) + np.abs(u[problem.ticket])
    return EPS * (8 * size + rounding_of_arcs(problem, prices.row))


def _packed(problem: Problem, prices: Prices, gain: Float64, size: Float64) -> Float64:
    """The best that each expert can pack: ``(experts,)``, rounded up."""
    units = np.ones(problem.n_arcs, dtype=np.int64) if problem.usage is None else problem.usage.astype(np.int64)
    first = problem.slot_cost[:, 0]
    useful = np.flatnonzero(gain + size > units * first[problem.expert])
    order = useful[np.argsort(problem.expert[useful], kind="stable")]
    starts = np.searchsorted(problem.expert[order], np.arange(problem.n_experts + 1))
    room = useful_slots(problem)
    best, work = np.zeros(problem.n_experts), 0
    for expert in np.flatnonzero(np.diff(starts)).tolist():
        arcs = order[starts[expert] : starts[expert + 1]]
        capacity = int(min(room[expert], units[arcs].sum()))
        costs = problem.slot_cost[expert]
        work += len(arcs) * capacity
        if work <= WORK:
            best[expert] = _knapsack(gain[arcs] + size[arcs], units[arcs], capacity, costs)
        else:
            best[expert] = _priced(gain[arcs] + size[arcs], units[arcs], capacity, costs, float(prices.expert[expert]))
    return best


def _knapsack(gain: Float64, units: Int64, capacity: int, costs: Float64) -> float:
    """max over subsets of Σ gain − cost of their units, by dynamic programming over the units, rounded up."""
    total = np.full(capacity + 1, -np.inf)
    total[0] = 0.0
    for value, size in zip(gain.tolist(), units.tolist(), strict=True):
        np.maximum(total[size:], total[: capacity + 1 - size] + value, out=total[size:])
    cost = np.zeros(capacity + 1)
    if costs.any():
        np.cumsum(costs[np.minimum(np.arange(capacity), len(costs) - 1)], out=cost[1:])
    slack = EPS * ((len(gain) + 2) * np.abs(gain).sum() + (capacity + 2) * capacity * np.abs(costs).max())
    return float((total - cost).max()) + float(slack)


def _priced(gain: Float64, units: Int64, capacity: int, costs: Float64, price: float) -> float:
    """A bound on `_knapsack` by weak duality: units are bought at a price and sold by the slots."""
    width = len(costs)
    slots = np.ones(min(width, capacity))
    if capacity > width:
        slots[-1] += capacity - width
    bought = np.maximum(0.0, gain - price * units).sum()
    sold = (slots * np.maximum(0.0, price - costs[: len(slots)])).sum()
    size = np.abs(gain).sum() + abs(price) * units.sum() + (slots * (abs(price) + np.abs(costs[: len(slots)]))).sum()
    return float(bought + sold + EPS * (len(gain) + 4) * size)
