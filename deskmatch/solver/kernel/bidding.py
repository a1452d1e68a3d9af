"""Tickets bid for experts: an auction, which with a step of 0 is augmenting row reduction.

Each ticket in turn takes the expert that is worth most to it at the prices of the moment and raises the price
until its second best choice is as good, and by `step` (ε) more; whoever sat there bids again (Bertsekas 1981;
Jonker & Volgenant 1987). With a step of 0 every bid keeps complementary slackness, so whatever is seated stays
right; bids that would raise nothing are left to the path search, which ends in any case. With a step above 0
prices soon come near to where they belong, and the assignment serves for nothing else.
"""

from __future__ import annotations

import numpy as np

from .records import index, offset
from .rows import LENGTH, NOBODY, Rows, refresh
from .state import State, set_taken

__all__ = ["best_expert", "seat_by_bidding"]


def seat_by_bidding(state: State, rows: Rows, n_waiting: int, budget: int, step: float) -> int:
    """Let the tickets in ``rows.waiting`` bid; leaves those not settled there, returns their number."""
    for j in range(len(state.price)):
        first = index(state.experts[j]["first"])
        for seat in range(first, first + state.experts[j]["taken"]):
            state.seats[seat]["bid"] = state.price[j]
    left = 0
    for k in range(n_waiting):
        i = index(rows.waiting[k])
        while i >= 0:
            if budget <= 0:
                rows.waiting[left] = i
                left += 1
                break
            budget -= 1
            at, value, second = best_expert(state, rows, i)
            i = _bid(state, rows, i, at, value, second, step)
            if i < -1:
                rows.waiting[left] = -2 - i
                left += 1
    return left


def best_expert(state: State, rows: Rows, i: int) -> tuple[int, float, float]:
    """Where on its shortlist the best expert of ticket i is, what it is worth, and what the second best is worth.

    Exact only where above the ticket's hold; where nothing is worth more than −inf, the place means nothing.
    Ends, since a new list has two arcs that are worth at least its rest.
    """
    if rows.listed[i] < 0:
        refresh(rows, state.price, state.tickets, i, NOBODY)
    hold = state.tickets[i]["hold"]
    base = offset(i) * offset(LENGTH)
    while True:
        at, value, second = base, -np.inf, -np.inf
        for k in range(base, base + offset(rows.listed[i])):
            worth = rows.short_points[k] - state.price[rows.short_column[k]]
            lower = worth if worth < value else value
            second = lower if lower > second else second
            at = k if worth > value else at
            value = worth if worth > value else value
        if max(second, hold) >= rows.rest[i]:
            return at, value, second
        refresh(rows, state.price, state.tickets, i, NOBODY)


def _bid(state: State, rows: Rows, i: int, at: int, value: float, second: float, step: float) -> int:
    """One bid of ticket i; returns the ticket that it pushes out, −1, or −2 − i where it cannot raise a price."""
    hold = state.tickets[i]["hold"]
    reserve = max(second, hold)
    if reserve == -np.inf:
        return -2 - i  # It must be assigned and has no choice: no offer would be its last.
    if value <= hold:
        return -1
    j, points = index(rows.short_column[at]), rows.short_points[at]
    price, room = state.price[j], state.experts[j]["room"]
    if state.experts[j]["taken"] == 0 and price < room:
        state.price[j] = room
        return i
    offer = points - reserve + step
    if room <= price:
        # With a step, the price of what nobody else wants stays: it would be too high for the next round.
        _take(state, i, j, points, price if step > 0.0 else max(offer, price))
        return -1
    if offer > price:
        return _replace(state, i, j, points, offer)
    if second >= value:
        at = _free_expert_as_good(state, rows, i, value)
        if at >= 0:
            j = index(rows.short_column[at])
            _take(state, i, j, rows.short_points[at], state.price[j])
            return -1
    return -2 - i


def _free_expert_as_good(state: State, rows: Rows, i: int, value: float) -> int:
    """Where on the shortlist of ticket i an expert worth `value` has a free unit at its price; −1: nowhere."""
    base = i * LENGTH
    for k in range(base, base + rows.listed[i]):
        j = rows.short_column[k]
        if rows.short_points[k] - state.price[j] >= value and state.experts[j]["room"] <= state.price[j]:
            return k
    return -1


def _take(state: State, i: int, j: int, points: float, offer: float) -> None:
    """Ticket i takes a free unit of expert j."""
    first = index(state.experts[j]["first"])
    k = index(state.experts[j]["taken"])
    set_taken(state, j, k + 1)
    state.tickets[i]["expert"] = j
    state.tickets[i]["points"] = points
    while k > 0:
        above = (k - 1) >> 1
        if state.seats[first + above]["bid"] <= offer:
            break
        _place(state, first + k, state.seats[first + above]["ticket"], state.seats[first + above]["bid"])
        k = above
    _place(state, first + k, i, offer)
    state.price[j] = max(state.price[j], min(state.seats[first]["bid"], state.experts[j]["room"]))


def _replace(state: State, i: int, j: int, points: float, offer: float) -> int:
    """Ticket i pushes out the ticket of expert j that would pay least."""
    first = index(state.experts[j]["first"])
    out = index(state.seats[first]["ticket"])
    state.tickets[out]["expert"] = -1
    state.tickets[i]["expert"] = j
    state.tickets[i]["points"] = points
    k, size = index(0), index(state.experts[j]["taken"])
    while True:
        below = 2 * k + 1
        if below >= size:
            break
        if below + 1 < size and state.seats[first + below + 1]["bid"] < state.seats[first + below]["bid"]:
            below += 1
        if state.seats[first + below]["bid"] >= offer:
            break
        _place(state, first + k, state.seats[first + below]["ticket"], state.seats[first + below]["bid"])
        k = below
    _place(state, first + k, i, offer)
    state.price[j] = max(state.price[j], min(state.seats[first]["bid"], state.experts[j]["room"]))
    return out


def _place(state: State, seat: int, i: int, offer: float) -> None:
    state.seats[seat]["ticket"] = i
    state.seats[seat]["bid"] = offer
    state.tickets[i]["seat"] = seat
