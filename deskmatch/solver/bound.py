"""The upper bound that prices prove: weak duality of the assignment network, term by term."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .problem import Limits, Problem
from .side_prices import arc_prices, clean_row_prices, rounding_of_arcs, side_terms

__all__ = [
    "Prices",
    "best_arcs",
    "bound_terms",
    "limit_sums",
    "net_points",
    "row_max",
    "safe_prices",
    "slots_below",
    "ticket_values",
    "usable_arcs",
    "useful_slots",
]

Float64 = NDArray[np.float64]

LARGEST_PRICE = 1e160
"""Prices are clipped to this magnitude, so that no sum overflows. The data end at 1e150, but a price may lie beyond
them: where tickets that must be assigned have no choice, an expert may ask anything of them."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices that are fit for a bound: ``(experts,)`` finite, ``(limits,)`` finite and ≥ 0, ``(side rows,)`` finite, of
    a sign that suits the row and at most its penalty. Without row prices the side rows count as priced 0."""

    expert: Float64
    limit: Float64
    row: Float64 = field(default_factory=lambda: np.zeros(0))


def bound_terms(problem: Problem, prices: Prices) -> Float64:
    """The terms of the bound B; their sum is at least the objective of every assignment that keeps the rules.

    B = Σ_l λ_l·bound_l + Σ_i max(h_i, max_j(p_ij − use_ij·(Σ λ of the limits around the arc + v_j)))
    + Σ_j Σ_{s < cap_j} max(0, v_j − c_js), for any expert prices v and any limit prices λ ≥ 0
    (weak duality; Burkard, Dell'Amico, Martello, *Assignment Problems*, 2009, §4.1). Only as many slots of an
    expert count as its arcs can use. Arcs that need more units than there are, such as those to experts of
    capacity 0, are left out, which is the limit v → ∞.

    Side rows r with multipliers μ_r take Σ_r μ_r·A_ra off each arc and add μ_r·rhs_r, and each extra column adds the
    most that its points minus Σ_r μ_r·E_rk can give within its bounds (`side_terms`); +∞ where that is unbounded.
    Where a problem is no network, one more term covers all rounding of the others, so that B stays on its side.

    A ticket that must be assigned and has no arc left gives the term −∞.
    """
    terms = [ticket_values(problem, prices), _slot_terms(problem, prices.expert)]
    if problem.limits is not None:
        terms.append(prices.limit * problem.limits.bound)
    if problem.side is not None:
        terms.append(side_terms(problem, prices.row))
    if not problem.is_network:
        terms.append(_rounding(problem, prices))
    return np.concatenate(terms)


def ticket_values(problem: Problem, prices: Prices) -> Float64:
    """The best that each ticket can get at these prices: ``(tickets,)`` points, at least its hold."""
    return row_max(problem.indptr, net_points(problem, prices), problem.hold)


def best_arcs(problem: Problem, prices: Prices) -> NDArray[np.int64]:
    """An arc that is best for each ticket at these prices: ``(tickets,)``, the last of several, −1: hold."""
    net = net_points(problem, prices)
    value = row_max(problem.indptr, net, problem.hold)
    best = np.flatnonzero((net == value[problem.ticket]) & (net > problem.hold[problem.ticket]))
    arcs = np.full(problem.n_tickets, -1, dtype=np.int64)
    arcs[problem.ticket[best]] = best
    return arcs


def slots_below(problem: Problem, price: Float64) -> NDArray[np.int64]:
    """How many useful slots of each expert cost less than its price: ``(experts,)``."""
    below = (problem.slot_cost < price[:, None]).sum(axis=1)
    width = problem.slot_cost.shape[1]
    useful = useful_slots(problem)
    return np.where(below == width, useful, np.minimum(below, useful))


def safe_prices(problem: Problem, expert_price: object, limit_price: object, row_price: object = None) -> Prices:
    """Prices fit for a bound, from whatever is given: nan, missing or misshapen ones are replaced.

    An expert's price becomes the cost of its first slot, the price of a limit or a side row 0; so do prices of limits
    and rows that have the wrong sign, and prices of soft rows are cut to the penalty.
    """
    first = problem.slot_cost[:, 0]
    expert = _numbers(expert_price, problem.n_experts)
    expert = first if expert is None else np.where(np.isfinite(expert), expert, first)
    count = 0 if problem.limits is None else len(problem.limits.bound)
    limit = _numbers(limit_price, count)
    limit = np.zeros(count) if limit is None else np.where(np.isfinite(limit), limit, 0.0)
    row = np.zeros(0) if problem.side is None else clean_row_prices(problem.side, row_price)
    return Prices(
        expert=np.clip(expert, -LARGEST_PRICE, LARGEST_PRICE), limit=np.clip(limit, 0.0, LARGEST_PRICE), row=row
    )


def limit_sums(limits: Limits, price: Float64) -> Float64:
    """The sum of the prices of each limit and of the limits around it: ``(limits,)``."""
    total = price.astype(np.float64)
    above = limits.parent.copy()
    while (inner := above >= 0).any():
        total[inner] += price[above[inner]]
        above[inner] = limits.parent[above[inner]]
    return total


def row_max(indptr: NDArray[np.int32], values: Float64, floor: Float64) -> Float64:
    """The greatest of `values` in each row of a CSR layout, and of the row's floor: ``(rows,)``."""
    best = floor.copy()
    filled = np.flatnonzero(indptr[1:] > indptr[:-1])
    if len(filled):
        best[filled] = np.maximum(best[filled], np.maximum.reduceat(values, indptr[filled]))
    return best


def useful_slots(problem: Problem) -> NDArray[np.int64]:
    """How many slots of each expert can ever be used: ``(experts,)``, its capacity or what its arcs take together."""
    if problem.usage is None:
        return np.minimum(problem.capacity, problem.degree).astype(np.int64)
    units = np.bincount(problem.expert, weights=problem.usage, minlength=problem.n_experts).astype(np.int64)
    return np.minimum(problem.capacity, units)


def usable_arcs(problem: Problem) -> NDArray[np.bool_]:
    """Whether an arc takes no more than its expert, and each limit around it, has: ``(arcs,)``."""
    room = problem.capacity.astype(np.int64)[problem.expert]
    if problem.limits is not None and len(problem.limits.bound):
        inner = problem.limits.of_arc
        around = _limit_room(problem.limits)
        room = np.where(inner >= 0, np.minimum(room, around[inner]), room)
    return np.asarray(room >= (1 if problem.usage is None else problem.usage))


def net_points(problem: Problem, prices: Prices) -> Float64:
    """Points of each arc minus the prices on its way: ``(arcs,)``, −∞ where it cannot be used."""
    net = problem.points - _in_units(problem, np.where(problem.capacity > 0, prices.expert, np.inf)[problem.expert])
    if problem.limits is not None and len(prices.limit):
        inner = problem.limits.of_arc
        around = limit_sums(problem.limits, prices.limit)
        net -= _in_units(problem, np.where(inner >= 0, around[inner], 0.0))
    if problem.side is not None:
        net -= arc_prices(problem, prices.row)
    if problem.usage is not None or problem.limits is not None:
        net[~usable_arcs(problem)] = -np.inf
    return net


def _in_units(problem: Problem, price: Float64) -> Float64:
    """A price for each unit of each arc, times the arc's units: ``(arcs,)``."""
    return price if problem.usage is None else price * problem.usage


def _limit_room(limits: Limits) -> NDArray[np.int64]:
    """The least bound of each limit and of the limits around it: ``(limits,)``."""
    room = limits.bound.astype(np.int64)
    above = limits.parent.copy()
    while (inner := above >= 0).any():
        room[inner] = np.minimum(room[inner], limits.bound[above[inner]])
        above[inner] = limits.parent[above[inner]]
    return room


def _rounding(problem: Problem, prices: Prices) -> Float64:
    """What rounding can have taken off all the other terms: ``(1,)``, from the standard bound on sums in floats."""
    expert = np.abs(prices.expert)
    price = expert[problem.expert]
    if problem.limits is not None and len(prices.limit):
        inner = problem.limits.of_arc
        price = price + np.where(inner >= 0, limit_sums(problem.limits, prices.limit)[inner], 0.0)
    arcs = (np.abs(problem.points) + _in_units(problem, price)) * 8
    if problem.side is not None:
        arcs += rounding_of_arcs(problem, prices.row)
    tickets = row_max(problem.indptr, arcs, np.zeros(problem.n_tickets)).sum()
    slots = (useful_slots(problem) * (expert + np.abs(problem.slot_cost).max(axis=1))).sum() * 4
    limits = 0.0 if problem.limits is None else 2 * (prices.limit * problem.limits.bound).sum()
    return np.array([(tickets + slots + limits) * np.finfo(float).eps])


def _slot_terms(problem: Problem, price: Float64) -> Float64:
    """Σ_s max(0, v_j − c_js) of each expert, a term for each slot column: ``(experts · slots,)``."""
    width, useful = problem.slot_cost.shape[1], useful_slots(problem)
    units = np.minimum(np.maximum(useful[:, None] - np.arange(width), 0), 1)
    units[:, -1] = np.maximum(useful - (width - 1), 0)
    rise = np.maximum(0.0, price[:, None] - problem.slot_cost)
    return np.asarray(units * rise).ravel()


def _numbers(values: object, count: int) -> Float64 | None:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return array if array.shape == (count,) else None
