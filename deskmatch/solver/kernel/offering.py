"""Experts bid for tickets: the auction of `deskmatch.solver.kernel.bidding` with the sides exchanged.

Where tickets outnumber the units of experts, prices of experts would be fought up by many tickets that end up
held; here they fall from the top, and tickets that nobody wants are never looked at twice (Bertsekas &
Castañon 1992, reverse auction). An expert takes the ticket that gains it most and lowers its own price until
the next ticket, or the cost of its unit, is as good; the prices of its other tickets rise with it.
"""

from __future__ import annotations

import numpy as np

from .records import index, offset
from .rows import LENGTH, Rows, refresh
from .state import State, leave, sit

__all__ = ["best_ticket", "fill_by_offering", "left_out", "lower_price", "note_lost"]

STUCK = -2


def fill_by_offering(state: State, rows: Rows, n_waiting: int, budget: int, step: float) -> int:
    """Let the experts in ``rows.waiting`` bid; leaves those not settled there, returns their number."""
    m = len(state.price)
    rows.queued[:] = False
    for k in range(n_waiting):
        rows.queued[rows.waiting[k]] = True
    n_stuck = 0
    while n_waiting > 0 and budget > 0:
        n_waiting -= 1
        j = index(rows.waiting[n_waiting])
        rows.queued[j] = False
        while state.experts[j]["room"] < state.price[j] and budget > 0:
            budget -= 1
            loser = _offer(state, rows, j, step)
            if loser == STUCK:
                rows.waiting[m + n_stuck] = j
                n_stuck += 1
                rows.queued[j] = True
                break
            if loser >= 0 and not rows.queued[loser]:
                rows.waiting[n_waiting] = loser
                n_waiting += 1
                rows.queued[loser] = True
        if state.experts[j]["room"] < state.price[j] and not rows.queued[j]:
            rows.waiting[n_waiting] = j
            n_waiting += 1
    for k in range(n_stuck):
        rows.waiting[n_waiting] = rows.waiting[m + k]
        n_waiting += 1
    return n_waiting


def best_ticket(state: State, rows: Rows, j: int) -> tuple[int, float, float]:
    """Where on its shortlist expert j has the ticket that gains it most, of those that are not its own, and the gains
    from it and from the second best.

    Exact where above the cost of its next unit; where nothing gains more than −inf, the place means nothing.
    """
    if rows.listed[j] < 0:
        refresh(rows, state.asking, state.tickets, j, left_out(state, j))
    cost = state.experts[j]["room"]
    base = offset(j) * offset(LENGTH)
    while True:
        at, value, second = base, -np.inf, -np.inf
        for k in range(base, base + offset(rows.listed[j])):
            i = rows.short_column[k]
            gain = rows.short_points[k] - state.asking[i]
            if gain > second and state.tickets[i]["expert"] != j:
                second = gain if gain < value else value
                at = k if gain > value else at
                value = gain if gain > value else value
        if max(second, cost) >= rows.rest[j]:
            return at, value, second
        refresh(rows, state.asking, state.tickets, j, left_out(state, j))


def _offer(state: State, rows: Rows, j: int, step: float) -> int:
    """One bid of expert j; returns whom it took a ticket from, −1: nobody, STUCK: it cannot raise a price."""
    cost = state.experts[j]["room"]
    at, value, second = best_ticket(state, rows, j)
    if value <= cost:
        lower_price(state, j, min(state.price[j], cost))
        return -1
    i, points = index(rows.short_column[at]), rows.short_points[at]
    loser = index(state.tickets[i]["expert"])
    # With a step, the price of what nobody else has stays: it would be too high for the next round.
    offer = min(state.price[j], value if step > 0.0 and loser < 0 else max(second, cost) - step)
    if loser >= 0 and not value > offer:
        at = _free_ticket_as_good(state, rows, j, value)
        if at < 0:
            return STUCK
        i, points, loser = index(rows.short_column[at]), rows.short_points[at], index(-1)
    if loser >= 0:
        leave(state, i)
    sit(state, i, j, points)
    lower_price(state, j, offer)
    if loser >= 0:
        note_lost(state, rows, loser, i)
    return loser


def _free_ticket_as_good(state: State, rows: Rows, j: int, value: float) -> int:
    """Where on the shortlist of expert j a ticket that nobody has gains it `value`; −1: nowhere."""
    base = j * LENGTH
    for k in range(base, base + rows.listed[j]):
        i = rows.short_column[k]
        if rows.short_points[k] - state.asking[i] >= value and state.tickets[i]["expert"] < 0:
            return k
    return -1


def left_out(state: State, j: int) -> int:
    """Whose tickets the shortlist of expert j leaves out: its own, where they would fill it; else nobody's, −1."""
    return j if 4 * state.experts[j]["taken"] > LENGTH else -1


def lower_price(state: State, j: int, to: float) -> None:
    """Lower the price of expert j; what its tickets get, their prices, rise by as much."""
    state.price[j] = to
    first = index(state.experts[j]["first"])
    for seat in range(first, first + state.experts[j]["taken"]):
        i = state.seats[seat]["ticket"]
        state.asking[i] = state.tickets[i]["points"] - to


def note_lost(state: State, rows: Rows, j: int, i: int) -> None:
    """Ticket i has left expert j, whose shortlist may have been made without it."""
    if rows.listed[j] < 0 or rows.start[j + 1] - rows.start[j] <= LENGTH:
        return
    base = j * LENGTH
    for k in range(base, base + rows.listed[j]):
        if rows.short_column[k] == i:
            return
    first, last = index(rows.start[j]), index(rows.start[j + 1])
    while first < last:
        middle = (first + last) >> 1
        if rows.column[middle] < i:
            first = middle + 1
        else:
            last = middle
    rows.rest[j] = max(rows.rest[j], rows.points[first] - state.asking[i])
