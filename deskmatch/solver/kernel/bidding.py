"""Tickets bid for experts: an auction, which with a step of 0 is augmenting row reduction.

Each ticket in turn takes the expert that is worth most to it at the prices of the moment and raises the price
until its second best choice is as good, and by `step` (ε) more; whoever sat there bids again (Bertsekas 1981;
Jonker & Volgenant 1987). With a step of 0 every bid keeps complementary slackness, so whatever is seated stays
right; bids that would raise nothing are left to the path search, which ends in any case. With a step above 0
prices soon come near to where they belong, and the assignment serves for nothing else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .records import LENGTH, Records, index
from .shortlist import refresh
from .state import set_taken

__all__ = ["best_two", "seat_by_bidding"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


def seat_by_bidding(
    price: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    slot_cost: Float64,
    waiting: Int32,
    n_waiting: int,
    budget: int,
    step: float,
) -> int:
    """Let the first `n_waiting` tickets of `waiting` bid; leaves those not settled there, returns their number."""
    left = 0
    for k in range(n_waiting):
        i = index(waiting[k])
        while i >= 0:
            if budget <= 0:
                waiting[left] = i
                left += 1
                break
            budget -= 1
            j, p, value, other, other_p, second = best_two(price, tickets, rows, short, start, column, points, i)
            i = _bid(price, experts, tickets, seats, slot_cost, i, j, p, value, other, other_p, second, step)
            if i < -1:
                waiting[left] = -2 - i
                left += 1
    return left


def best_two(
    price: Float64,
    tickets: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    i: int,
) -> tuple[int, float, float, int, float, float]:
    """Best expert of ticket i with its points and value, and the second best, at the prices of the moment.

    Exact only where above the ticket's hold. Ends, since the first two of a fresh list are above its rest.
    """
    if rows[i]["count"] < 0:
        refresh(rows, short, start, column, points, price, i, tickets, -1)
    base = i * LENGTH
    while True:
        j, other = index(-1), index(-1)
        p, other_p, value, second = 0.0, 0.0, -np.inf, -np.inf
        for k in range(base, base + rows[i]["count"]):
            if short[k]["value"] <= second:
                break
            at = index(short[k]["column"])
            worth = short[k]["points"] - price[at]
            if worth > value:
                other, other_p, second = j, p, value
                j, p, value = at, short[k]["points"], worth
            elif worth > second:
                other, other_p, second = at, short[k]["points"], worth
        if max(second, tickets[i]["hold"]) >= rows[i]["rest"]:
            return j, p, value, other, other_p, second
        refresh(rows, short, start, column, points, price, i, tickets, -1)


def _bid(
    price: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    slot_cost: Float64,
    i: int,
    j: int,
    points: float,
    value: float,
    other: int,
    other_points: float,
    second: float,
    step: float,
) -> int:
    """One bid of ticket i; returns the ticket that it pushes out, −1, or −2 − i where it cannot raise a price."""
    hold = tickets[i]["hold"]
    reserve = max(second, hold)
    if reserve == -np.inf:
        return -2 - i  # It must be assigned and has no choice: no offer would be its last.
    if value <= hold:
        return -1
    if experts[j]["taken"] == 0 and price[j] < experts[j]["room"]:
        price[j] = experts[j]["room"]
        return i
    offer = points - reserve + step
    if experts[j]["room"] <= price[j]:
        # With a step, the price of what nobody else wants stays: it would be too high for the next round.
        bid = price[j] if step > 0.0 else max(offer, price[j])
        _take(price, experts, tickets, seats, slot_cost, i, j, points, bid)
        return -1
    if not offer > price[j]:
        if other >= 0 and second >= value and experts[other]["room"] <= price[other]:
            _take(price, experts, tickets, seats, slot_cost, i, other, other_points, price[other])
            return -1
        return -2 - i
    return _replace(price, experts, tickets, seats, i, j, points, offer)


def _take(
    price: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    slot_cost: Float64,
    i: int,
    j: int,
    points: float,
    offer: float,
) -> None:
    """Ticket i takes a free unit of expert j."""
    first = index(experts[j]["first"])
    k = index(experts[j]["taken"])
    set_taken(experts, slot_cost, j, k + 1)
    tickets[i]["expert"] = j
    tickets[i]["points"] = points
    while k > 0:
        above = (k - 1) >> 1
        if seats[first + above]["bid"] <= offer:
            break
        _place(tickets, seats, first + k, seats[first + above]["ticket"], seats[first + above]["bid"])
        k = above
    _place(tickets, seats, first + k, i, offer)
    price[j] = max(price[j], min(seats[first]["bid"], experts[j]["room"]))


def _replace(
    price: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    i: int,
    j: int,
    points: float,
    offer: float,
) -> int:
    """Ticket i pushes out the ticket of expert j that would pay least."""
    first = index(experts[j]["first"])
    out = index(seats[first]["ticket"])
    tickets[out]["expert"] = -1
    tickets[i]["expert"] = j
    tickets[i]["points"] = points
    k, size = index(0), index(experts[j]["taken"])
    while True:
        below = 2 * k + 1
        if below >= size:
            break
        if below + 1 < size and seats[first + below + 1]["bid"] < seats[first + below]["bid"]:
            below += 1
        if seats[first + below]["bid"] >= offer:
            break
        _place(tickets, seats, first + k, seats[first + below]["ticket"], seats[first + below]["bid"])
        k = below
    _place(tickets, seats, first + k, i, offer)
    price[j] = max(price[j], min(seats[first]["bid"], experts[j]["room"]))
    return out


def _place(tickets: Records, seats: Records, seat: int, i: int, offer: float) -> None:
    seats[seat]["ticket"] = i
    seats[seat]["bid"] = offer
    tickets[i]["seat"] = seat
