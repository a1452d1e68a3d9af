"""Experts bid for tickets: the auction of `deskmatch.solver.kernel.bidding` with the sides exchanged.

Where tickets outnumber the units of experts, prices of experts would be fought up by many tickets that end up
held; here they fall from the top, and tickets that nobody wants are never looked at twice (Bertsekas &
Castañon 1992, reverse auction). An expert takes the ticket that gains it most and lowers its own price until
the next ticket, or the cost of its unit, is as good; the prices of its other tickets rise with it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .records import LENGTH, Records, index
from .shortlist import refresh
from .state import leave, sit

__all__ = ["best_ticket", "fill_by_offering", "left_out", "lower_price", "note_lost"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]

STUCK = -2


def fill_by_offering(
    price: Float64,
    asking: Float64,
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
    """Let the first `n_waiting` experts of `waiting` bid; leaves those not settled there, returns their number."""
    queued = np.zeros(len(price), np.bool_)
    for k in range(n_waiting):
        queued[waiting[k]] = True
    stuck = np.empty(len(price), np.int32)
    n_stuck = 0
    while n_waiting > 0 and budget > 0:
        n_waiting -= 1
        j = index(waiting[n_waiting])
        queued[j] = False
        while experts[j]["room"] < price[j] and budget > 0:
            budget -= 1
            loser = _offer(
                price, asking, experts, tickets, seats, rows, short, start, column, points, slot_cost, j, step
            )
            if loser == STUCK:
                stuck[n_stuck] = j
                n_stuck += 1
                queued[j] = True
                break
            if loser >= 0 and not queued[loser]:
                waiting[n_waiting] = loser
                n_waiting += 1
                queued[loser] = True
        if experts[j]["room"] < price[j] and not queued[j]:
            waiting[n_waiting] = j
            n_waiting += 1
    for k in range(n_stuck):
        waiting[n_waiting] = stuck[k]
        n_waiting += 1
    return n_waiting


def best_ticket(
    asking: Float64,
    experts: Records,
    tickets: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    j: int,
) -> tuple[int, float, float, int, float, float]:
    """The ticket that gains expert j most, of those that it does not hold, and the second best.

    As points and gain each; exact where above the cost of its next unit.
    """
    if rows[j]["count"] < 0:
        refresh(rows, short, start, column, points, asking, j, tickets, left_out(experts, j))
    base = j * LENGTH
    while True:
        i, other = -1, -1
        p, other_p, value, second = 0.0, 0.0, -np.inf, -np.inf
        for k in range(base, base + rows[j]["count"]):
            if short[k]["value"] <= second:
                break
            at = index(short[k]["column"])
            gain = short[k]["points"] - asking[at]
            if gain <= second or tickets[at]["expert"] == j:
                continue
            if gain > value:
                other, other_p, second = i, p, value
                i, p, value = at, short[k]["points"], gain
            else:
                other, other_p, second = at, short[k]["points"], gain
        if max(second, experts[j]["room"]) >= rows[j]["rest"]:
            return i, p, value, other, other_p, second
        refresh(rows, short, start, column, points, asking, j, tickets, left_out(experts, j))


def _offer(
    price: Float64,
    asking: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    slot_cost: Float64,
    j: int,
    step: float,
) -> int:
    """One bid of expert j; returns whom it took a ticket from, −1: nobody, STUCK: it cannot raise a price."""
    cost = experts[j]["room"]
    i, p, value, other, other_p, second = best_ticket(asking, experts, tickets, rows, short, start, column, points, j)
    if value <= cost:
        lower_price(price, asking, experts, tickets, seats, j, min(price[j], cost))
        return -1
    loser = index(tickets[i]["expert"])
    # With a step, the price of what nobody else has stays: it would be too high for the next round.
    offer = min(price[j], value if step > 0.0 and loser < 0 else max(second, cost) - step)
    if loser >= 0 and not value > offer:
        if other < 0 or tickets[other]["expert"] >= 0:
            return STUCK
        i, p, loser = other, other_p, -1
    if loser >= 0:
        leave(experts, tickets, seats, slot_cost, i)
    sit(experts, tickets, seats, slot_cost, i, j, p)
    lower_price(price, asking, experts, tickets, seats, j, offer)
    if loser >= 0:
        note_lost(rows, short, start, column, points, asking, loser, i)
    return loser


def left_out(experts: Records, j: int) -> int:
    """Whose tickets the shortlist of expert j leaves out: its own, where they would fill it; else nobody's, −1."""
    return j if 4 * experts[j]["taken"] > LENGTH else -1


def lower_price(
    price: Float64, asking: Float64, experts: Records, tickets: Records, seats: Records, j: int, to: float
) -> None:
    """Lower the price of expert j; what its tickets get, their prices, rise by as much."""
    price[j] = to
    first = index(experts[j]["first"])
    for seat in range(first, first + experts[j]["taken"]):
        i = seats[seat]["ticket"]
        asking[i] = tickets[i]["points"] - to


def note_lost(
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    asking: Float64,
    j: int,
    i: int,
) -> None:
    """Ticket i has left expert j, whose shortlist may have been made without it."""
    if rows[j]["count"] < 0:
        return
    base = j * LENGTH
    for k in range(base, base + rows[j]["count"]):
        if short[k]["column"] == i:
            return
    first, last = index(start[j]), index(start[j + 1])
    while first < last:
        middle = (first + last) >> 1
        if column[middle] < i:
            first = middle + 1
        else:
            last = middle
    rows[j]["rest"] = max(rows[j]["rest"], points[first] - asking[i])
