"""The exact kernel: optional assignment with capacities and convex slot costs, in floats, with prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel

from .experts_side import ask_roughly, fill_by_exact_offers, fill_by_paths, who_wants_more
from .heap import make_heap
from .paths import make_search
from .records import Records
from .shortlist import loosen, make_rows, make_short, mean_difference
from .state import make_experts, make_seats, make_tickets
from .tickets_side import price_roughly, seat_by_exact_bids, seat_by_paths
from .transposed import arcs_by_expert

__all__ = ["solve_arrays"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


EXACT_BIDS = 2
"""Bids that each bidder may make on average with a step of 0, before rough prices are tried, and after."""
FEW = 32
"""One in so many bidders may be left by those bids; if more are, rough prices are worth their time."""
ROUGH_BIDS = 16
"""Bids that each bidder may make on average with one step before a greater one is tried."""
FIRST_STEP, LAST_STEP, COARSER, FINER = 0.5, 0.5, 8.0, 16.0
"""Steps in units of the mean difference between neighbours on the shortlists, and their ratios; as the other
numbers here tuned on `benchmarks.solver`."""
COARSEST = 4
"""How often a greater step is tried at most."""
BACK = 2.0
"""After a round, prices fall by so many steps, since the next round with its smaller step can only raise them."""
SAMPLE = 256
"""Rows whose shortlists are looked at for that difference."""


@kernel("int32[:]", "int32[:]", "float64[:]", "int32[:]", "float64[:]", "float64[:, :]")
def solve_arrays(
    indptr: Int32, expert: Int32, points: Float64, capacity: Int32, hold: Float64, slot_cost: Float64
) -> tuple[Int32, Float64, Float64, Int32, float, float]:
    """Assign tickets to experts for the most points; see `deskmatch.solver.problem.Problem` for the arguments.

    The side with fewer units bids for the other, with prices that only move one way. Where bids that are surely
    right (ε = 0; Jonker & Volgenant 1987) do not settle nearly everyone soon, an auction with falling steps
    (Bertsekas 1981, 1992) first brings the prices near to where they belong; it decides nothing. What exact bids
    leave open is settled along shortest augmenting paths, first from tickets, then from experts whose price is
    above the cost of a free unit (Burkard, Dell'Amico & Martello, *Assignment Problems*, 2009, §4.4).
    Deterministic; which of several optima comes out depends on the order of the tickets and of the arcs.

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
    heap, search = make_heap(max(n, m) + m), make_search()
    price, asking = np.empty(m, np.float64), hold.copy()
    for j in range(m):
        price[j] = experts[j]["room"]
    may_be_held = 0
    for i in range(n):
        may_be_held += hold[i] > -np.inf
    if may_be_held > len(seats):
        _experts_choose(price, asking, hold, experts, tickets, seats, indptr, expert, points, slot_cost, heap, search)
        stuck = _tickets_follow(price, asking, experts, tickets, seats, indptr, expert, points, slot_cost, heap, search)
    else:
        stuck = _tickets_choose(price, experts, tickets, seats, indptr, expert, points, slot_cost, heap, search)
        if stuck < 0:
            _experts_follow(price, asking, experts, tickets, seats, indptr, expert, points, slot_cost, heap, search)
    expert_of = np.empty(n, np.int32)
    for i in range(n):
        expert_of[i] = tickets[i]["expert"]
    if stuck >= 0:
        return expert_of, price, hold.copy(), _violator(experts, seats, search, stuck), np.inf, 0.0
    _cap_prices(price, experts, capacity, slot_cost)
    ticket_price = _ticket_prices(price, indptr, expert, points, hold, slot_cost)
    gap, scale = _gap(price, ticket_price, experts, tickets, slot_cost)
    return expert_of, price, ticket_price, np.empty(0, np.int32), gap, scale


def _tickets_choose(
    price: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    indptr: Int32,
    expert: Int32,
    points: Float64,
    slot_cost: Float64,
    heap: Records,
    search: Records,
) -> int:
    """Settle all tickets; returns −1, or one that must be assigned and cannot."""
    n = len(tickets)
    rows, short = make_rows(n), make_short(n)
    waiting = np.arange(n).astype(np.int32)
    left = seat_by_exact_bids(
        price, experts, tickets, seats, rows, short, indptr, expert, points, slot_cost, waiting, n, EXACT_BIDS * n
    )
    step = FIRST_STEP * mean_difference(rows, short, SAMPLE)
    if left > n // FEW and step > 0.0:
        last = step * LAST_STEP / FIRST_STEP
        coarser = 0
        while True:
            settled = price_roughly(
                price, experts, tickets, seats, rows, short, indptr, expert, points, slot_cost, step, ROUGH_BIDS * n
            )
            if not settled and coarser < COARSEST:
                step *= COARSER
                coarser += 1
                continue
            if step <= last:
                break
            _lower(price, slot_cost[:, 0], BACK * step)
            loosen(rows, short, BACK * step)
            step /= FINER
            coarser = COARSEST
        for i in range(n):
            waiting[i] = i
        left = seat_by_exact_bids(
            price, experts, tickets, seats, rows, short, indptr, expert, points, slot_cost, waiting, n, EXACT_BIDS * n
        )
    return seat_by_paths(
        price, experts, tickets, seats, rows, short, indptr, expert, points, slot_cost, heap, search, waiting, left
    )


def _experts_choose(
    price: Float64,
    asking: Float64,
    hold: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    indptr: Int32,
    expert: Int32,
    points: Float64,
    slot_cost: Float64,
    heap: Records,
    search: Records,
) -> None:
    """Give experts those tickets, of the ones that may be held, that they gain most from."""
    m = len(price)
    rows, short = make_rows(m), make_short(m)
    start, column, by_expert = arcs_by_expert(tickets, indptr, expert, points, m)
    price[:] = np.inf
    waiting, left = fill_by_exact_offers(
        price,
        asking,
        experts,
        tickets,
        seats,
        rows,
        short,
        start,
        column,
        by_expert,
        slot_cost,
        EXACT_BIDS * len(seats),
    )
    step = FIRST_STEP * mean_difference(rows, short, SAMPLE)
    if left > m // FEW and step > 0.0:
        last = step * LAST_STEP / FIRST_STEP
        coarser = 0
        while True:
            settled = ask_roughly(
                price,
                asking,
                experts,
                tickets,
                seats,
                rows,
                short,
                start,
                column,
                by_expert,
                slot_cost,
                step,
                ROUGH_BIDS * len(seats),
            )
            if not settled and coarser < COARSEST:
                step *= COARSER
                coarser += 1
                continue
            if step <= last:
                break
            _lower(asking, hold, BACK * step)
            loosen(rows, short, BACK * step)
            step /= FINER
            coarser = COARSEST
        waiting, left = fill_by_exact_offers(
            price,
            asking,
            experts,
            tickets,
            seats,
            rows,
            short,
            start,
            column,
            by_expert,
            slot_cost,
            EXACT_BIDS * len(seats),
        )
    fill_by_paths(
        price,
        asking,
        experts,
        tickets,
        seats,
        rows,
        short,
        start,
        column,
        by_expert,
        slot_cost,
        heap,
        search,
        waiting,
        left,
    )


def _tickets_follow(
    price: Float64,
    asking: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    indptr: Int32,
    expert: Int32,
    points: Float64,
    slot_cost: Float64,
    heap: Records,
    search: Records,
) -> int:
    """Settle the held tickets that ask for more than their hold, or must be assigned; as `_tickets_choose`."""
    n = len(tickets)
    waiting = np.empty(n, np.int32)
    count = 0
    for i in range(n):
        hold = tickets[i]["hold"]
        if tickets[i]["expert"] < 0 and (asking[i] > hold or hold == -np.inf):
            waiting[count] = i
            count += 1
    if count == 0:
        return -1
    rows, short = make_rows(n), make_short(n)
    left = seat_by_exact_bids(
        price,
        experts,
        tickets,
        seats,
        rows,
        short,
        indptr,
        expert,
        points,
        slot_cost,
        waiting,
        count,
        EXACT_BIDS * count,
    )
    return seat_by_paths(
        price, experts, tickets, seats, rows, short, indptr, expert, points, slot_cost, heap, search, waiting, left
    )


def _experts_follow(
    price: Float64,
    asking: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    indptr: Int32,
    expert: Int32,
    points: Float64,
    slot_cost: Float64,
    heap: Records,
    search: Records,
) -> None:
    """Settle the experts with a free unit that costs less than their price, which rough prices leave behind."""
    n, m = len(tickets), len(price)
    if who_wants_more(price, experts)[1] == 0:
        return
    for i in range(n):
        j = tickets[i]["expert"]
        asking[i] = tickets[i]["hold"] if j < 0 else tickets[i]["points"] - price[j]
    rows, short = make_rows(m), make_short(m)
    start, column, by_expert = arcs_by_expert(tickets, indptr, expert, points, m)
    waiting, left = fill_by_exact_offers(
        price,
        asking,
        experts,
        tickets,
        seats,
        rows,
        short,
        start,
        column,
        by_expert,
        slot_cost,
        EXACT_BIDS * len(seats),
    )
    fill_by_paths(
        price,
        asking,
        experts,
        tickets,
        seats,
        rows,
        short,
        start,
        column,
        by_expert,
        slot_cost,
        heap,
        search,
        waiting,
        left,
    )


def _lower(price: Float64, least: Float64, by: float) -> None:
    """Lower prices, each no further than to the least that it can be."""
    for k in range(len(price)):
        if price[k] < np.inf:
            price[k] = max(least[k], price[k] - by)


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
    closed = np.zeros(len(price), np.bool_)
    any_closed = False
    for j in range(len(price)):
        if price[j] == np.inf:
            closed[j] = any_closed = True
            price[j] = slot_cost[j, 0]
    for i in range(len(hold) if any_closed else 0):
        for arc in range(indptr[i], indptr[i + 1]):
            if closed[expert[arc]]:
                price[expert[arc]] = max(price[expert[arc]], points[arc] - best[i])
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
    return found
