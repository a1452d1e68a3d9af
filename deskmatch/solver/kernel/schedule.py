"""From exact bids, by way of rough prices where those are needed, to shortest paths; with either side bidding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bidding import seat_by_bidding
from .expert_paths import fill_by_path
from .offering import fill_by_offering, note_lost
from .paths import Search, seat_by_path
from .records import index
from .rows import Rows, loosen, mean_difference
from .state import State, clear_seats

__all__ = ["EXPERTS", "TICKETS", "all_tickets", "experts_who_want_more", "settle", "tickets_that_want_more"]

Int32 = NDArray[np.int32]

TICKETS, EXPERTS = index(0), index(1)
"""Who bids; 64 bits, so that functions are not compiled once more for a literal."""

EXACT_BIDS = 2
"""Bids that each bidder may make on average with a step of 0, before rough prices are tried, and after."""
FEW, MANY = 1 / 8, 1 / 4
"""Shares of the bidders: if more than `FEW` are left by those bids, rough prices are worth their time; if more than
`MANY`, they are sought from further away."""
NEAR, FAR, LAST = 1.0, 4.0, 0.5
"""First step in either case, and when a step is small enough, in units of the mean difference between neighbours on
the shortlists. These numbers and those below were tuned on `benchmarks.solver`."""
FINER, COARSER, COARSEST = 16.0, 8.0, 4
"""From one step to the next; to a greater one where the budget does not suffice, so often at most."""
ROUGH_BIDS = 16
"""Bids that each bidder may make on average with one step."""
BACK = 2.0
"""After a round, prices fall by so many steps, since the next round with its smaller step can only raise them."""
SAMPLE = 256
"""Rows whose shortlists are looked at for that difference."""


def settle(state: State, rows: Rows, search: Search, side: int, n_waiting: int, bidders: int, rough: bool) -> int:
    """Settle the rows in ``rows.waiting``; returns −1, or a ticket that must be assigned and cannot.

    Parameters
    ----------
    bidders : number of units on the bidding side, for the budgets.
    rough : whether rough prices may be tried; all others of that side must be waiting.
    """
    left = _bid(state, rows, side, n_waiting, EXACT_BIDS * bidders, 0.0)
    if rough and left > FEW * len(rows.listed) and _bring_prices_near(state, rows, side, bidders, left):
        n_waiting = experts_who_want_more(state, rows.waiting) if side == EXPERTS else all_tickets(rows.waiting)
        left = _bid(state, rows, side, n_waiting, EXACT_BIDS * bidders, 0.0)
    for k in range(left):
        row = index(rows.waiting[k])
        if side == EXPERTS:
            fill_by_path(state, rows, search, row)
        elif not seat_by_path(state, rows, search, row):
            return row
    return -1


def _bid(state: State, rows: Rows, side: int, n_waiting: int, budget: int, step: float) -> int:
    if side == EXPERTS:
        return fill_by_offering(state, rows, n_waiting, budget, step)
    return seat_by_bidding(state, rows, n_waiting, budget, step)


def _bring_prices_near(state: State, rows: Rows, side: int, bidders: int, left: int) -> bool:
    """Auctions with falling steps, which leave prices near to where they belong, and nobody assigned.

    False: points hardly differ, and nothing was done.
    """
    unit = mean_difference(rows, state.asking if side == EXPERTS else state.price, SAMPLE)
    if not unit > 0.0:
        return False
    step = unit * (FAR if left > MANY * len(rows.listed) else NEAR)
    coarser = 0
    while True:
        _clear(state, rows, side)
        n_waiting = experts_who_want_more(state, rows.waiting) if side == EXPERTS else all_tickets(rows.waiting)
        left = _bid(state, rows, side, n_waiting, ROUGH_BIDS * bidders, step)
        if left > 0 and coarser < COARSEST:
            step *= COARSER
            coarser += 1
            continue
        if step <= LAST * unit:
            break
        _lower_prices(state, rows, side, BACK * step)
        step /= FINER
        coarser = COARSEST
    _clear(state, rows, side)
    return True


def _clear(state: State, rows: Rows, side: int) -> None:
    """Hold all tickets, at the prices of their side; where experts bid, each asks for more at any price."""
    if side == EXPERTS:
        for i in range(len(state.tickets)):
            j = index(state.tickets[i]["expert"])
            if j >= 0:
                note_lost(state, rows, j, i)
        state.price[:] = np.inf
    clear_seats(state)


def _lower_prices(state: State, rows: Rows, side: int, by: float) -> None:
    """Lower the prices of columns, each no further than to the least that it can be."""
    if side == EXPERTS:
        for i in range(len(state.asking)):
            state.asking[i] = max(state.tickets[i]["hold"], state.asking[i] - by)
    else:
        for j in range(len(state.price)):
            if state.price[j] < np.inf:
                state.price[j] = max(state.slot_cost[j, 0], state.price[j] - by)
    loosen(rows, by)


def all_tickets(waiting: Int32) -> int:
    """Have all tickets wait; returns their number."""
    n = len(waiting) // 2
    for i in range(n):
        waiting[i] = i
    return n


def tickets_that_want_more(state: State, waiting: Int32) -> int:
    """Have all held tickets wait that ask for more than their hold, or must be assigned; returns their number."""
    count = 0
    for i in range(len(state.tickets)):
        hold = state.tickets[i]["hold"]
        if state.tickets[i]["expert"] < 0 and (state.asking[i] > hold or hold == -np.inf):
            waiting[count] = i
            count += 1
    return count


def experts_who_want_more(state: State, waiting: Int32) -> int:
    """Have all experts wait who have a free unit that costs less than their price; returns their number."""
    count = 0
    for j in range(len(state.price)):
        if state.experts[j]["room"] < state.price[j]:
            waiting[count] = j
            count += 1
    return count
