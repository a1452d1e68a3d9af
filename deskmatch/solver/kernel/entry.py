"""The exact kernel: optional assignment with capacities and convex slot costs, in floats, with prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel

from .bidding import seat_by_bidding
from .heap import make_heap
from .paths import make_search, seat_by_path
from .records import Records, index
from .shortlist import make_rows, make_short
from .state import make_experts, make_seats, make_tickets

__all__ = ["solve_arrays"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


BIDS_PER_TICKET = 8
"""After so many bids of each ticket on average, price wars are cut short; the path search ends in any case."""


@kernel("int32[:]", "int32[:]", "float64[:]", "int32[:]", "float64[:]", "float64[:, :]")
def solve_arrays(
    indptr: Int32, expert: Int32, points: Float64, capacity: Int32, hold: Float64, slot_cost: Float64
) -> tuple[Int32, Float64, Float64, Int32, float, float]:
    """Assign tickets to experts for the most points; see `deskmatch.solver.problem.Problem` for the arguments.

    Tickets bid for experts at prices that start at the cost of each expert's first unit, while every bid still
    raises a price (Jonker & Volgenant 1987; Bertsekas 1981); each ticket left is then settled along a
    shortest augmenting path (Burkard, Dell'Amico & Martello, *Assignment Problems*, 2009, §4.4). Deterministic;
    which of several optima comes out depends on the order of the tickets and of the arcs.

    Returns
    -------
    expert_of : ``(tickets,)`` −1: held.
    expert_price : ``(experts,)`` finite; where an expert has no capacity, the least that keeps tickets away.
    ticket_price : ``(tickets,)`` the most that each ticket can get at these prices.
    violator : ``(k,)`` where k > 0 there is no answer: these tickets must all be assigned and their experts
        cannot take them all, but could take any fewer of them (Hall 1935).
    gap, scale : what the prices leave unproved, and the sum of the magnitudes that it is made of.
    """
    n, m = len(hold), len(capacity)
    tickets = make_tickets(hold)
    experts = make_experts(expert, capacity, slot_cost)
    seats = make_seats(experts)
    price = np.empty(m, np.float64)
    for j in range(m):
        price[j] = experts[j]["room"]
    rows, short = make_rows(n), make_short(n)
    waiting = np.arange(n).astype(np.int32)
    budget = BIDS_PER_TICKET * n
    left = seat_by_bidding(
        price, experts, tickets, seats, rows, short, indptr, expert, points, slot_cost, waiting, n, budget
    )
    heap, search = make_heap(n + m), make_search()
    expert_of = np.empty(n, np.int32)
    for k in range(left):
        i = index(waiting[k])
        if not seat_by_path(
            price, experts, tickets, seats, rows, short, indptr, expert, points, slot_cost, heap, search, i
        ):
            return expert_of, price, hold.copy(), _violator(experts, seats, search, i), np.inf, 0.0
    for i in range(n):
        expert_of[i] = tickets[i]["expert"]
    _cap_prices(price, experts, capacity, slot_cost)
    ticket_price = _ticket_prices(price, indptr, expert, points, hold, slot_cost)
    gap, scale = _gap(price, ticket_price, experts, tickets, slot_cost)
    return expert_of, price, ticket_price, np.empty(0, np.int32), gap, scale


def _cap_prices(price: Float64, experts: Records, capacity: Int32, slot_cost: Float64) -> None:
    """Lower prices of experts who could serve more tickets than are eligible to what a further unit costs."""
    for j in range(len(capacity)):
        if capacity[j] > experts[j]["capacity"]:
            price[j] = min(price[j], slot_cost[j, min(experts[j]["capacity"], slot_cost.shape[1] - 1)])


def _ticket_prices(
    price: Float64, indptr: Int32, expert: Int32, points: Float64, hold: Float64, slot_cost: Float64
) -> Float64:
    """The best that each ticket can get; also makes the prices of experts without capacity finite."""
    best = hold.copy()
    for i in range(len(hold)):
        for arc in range(indptr[i], indptr[i + 1]):
            best[i] = max(best[i], points[arc] - price[expert[arc]])
    closed = price == np.inf
    if closed.any():
        for j in range(len(price)):
            if closed[j]:
                price[j] = slot_cost[j, 0]
        for i in range(len(hold)):
            for arc in range(indptr[i], indptr[i + 1]):
                j = expert[arc]
                if closed[j]:
                    price[j] = max(price[j], points[arc] - best[i])
    return best


def _gap(
    price: Float64, ticket_price: Float64, experts: Records, tickets: Records, slot_cost: Float64
) -> tuple[float, float]:
    """Bound minus objective, as a sum of terms ≥ 0, none of which is the difference of large sums; and Σ|terms|."""
    gap, scale = 0.0, 0.0
    for i in range(len(tickets)):
        j = tickets[i]["expert"]
        gets = tickets[i]["hold"] if j < 0 else tickets[i]["points"] - price[j]
        gap += ticket_price[i] - gets
        scale += abs(ticket_price[i])
    for j in range(len(price)):
        for unit in range(experts[j]["capacity"]):
            profit = price[j] - slot_cost[j, min(unit, slot_cost.shape[1] - 1)]
            gap += max(0.0, profit)
            scale += max(0.0, profit)
            if unit < experts[j]["taken"]:
                gap -= profit
    return gap, scale


def _violator(experts: Records, seats: Records, search: Records, source: int) -> Int32:
    """The tickets of all experts settled in a search that failed, and its source."""
    size = 1
    for k in range(search[0]["settled"]):
        size += experts[experts[k]["settled"]]["taken"]
    found = np.empty(size, np.int32)
    found[0] = source
    size = 1
    for k in range(search[0]["settled"]):
        j = experts[k]["settled"]
        for seat in range(experts[j]["first"], experts[j]["first"] + experts[j]["taken"]):
            found[size] = seats[seat]["ticket"]
            size += 1
    return np.sort(found)
