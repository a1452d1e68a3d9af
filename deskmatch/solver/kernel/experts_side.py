"""The experts' half of the method: rough prices by auction with steps, then tickets by exact bids and paths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .expert_paths import fill_by_path
from .offering import fill_by_offering, note_lost
from .records import Records, index
from .state import clear_seats

__all__ = ["ask_roughly", "fill_by_exact_offers", "fill_by_paths", "forget_offers", "who_wants_more"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


def ask_roughly(
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
    step: float,
    budget: int,
) -> bool:
    """Bring the prices of tickets to about `step` of where they belong.

    Leaves all tickets held, and experts that want any ticket. False: not within `budget` bids; a greater step
    would help.
    """
    forget_offers(price, asking, experts, tickets, rows, short, start, column, points, slot_cost)
    waiting, count = who_wants_more(price, experts)
    left = fill_by_offering(
        price,
        asking,
        experts,
        tickets,
        seats,
        rows,
        short,
        start,
        column,
        points,
        slot_cost,
        waiting,
        count,
        budget,
        step,
    )
    forget_offers(price, asking, experts, tickets, rows, short, start, column, points, slot_cost)
    return left == 0


def forget_offers(
    price: Float64,
    asking: Float64,
    experts: Records,
    tickets: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    slot_cost: Float64,
) -> None:
    """Hold all tickets, at the prices that they have, and let every expert ask for more at any price."""
    for i in range(len(tickets)):
        j = index(tickets[i]["expert"])
        if j >= 0:
            note_lost(rows, short, start, column, points, asking, j, i)
    clear_seats(experts, tickets, slot_cost)
    price[:] = np.inf


def fill_by_exact_offers(
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
    budget: int,
) -> tuple[Int32, int]:
    """Let experts bid as much as is surely right; returns those who still want more, and their number."""
    waiting, count = who_wants_more(price, experts)
    left = fill_by_offering(
        price,
        asking,
        experts,
        tickets,
        seats,
        rows,
        short,
        start,
        column,
        points,
        slot_cost,
        waiting,
        count,
        budget,
        0.0,
    )
    return waiting, left


def fill_by_paths(
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
    heap: Records,
    search: Records,
    waiting: Int32,
    n_waiting: int,
) -> None:
    """Give the first `n_waiting` experts of `waiting` what they want, or lower their prices."""
    for k in range(n_waiting):
        fill_by_path(
            price,
            asking,
            experts,
            tickets,
            seats,
            rows,
            short,
            start,
            column,
            points,
            slot_cost,
            heap,
            search,
            index(waiting[k]),
        )


def who_wants_more(price: Float64, experts: Records) -> tuple[Int32, int]:
    """The experts who have a free unit that costs less than their price, and how many there are."""
    waiting = np.empty(len(price), np.int32)
    count = 0
    for j in range(len(price)):
        if experts[j]["room"] < price[j]:
            waiting[count] = j
            count += 1
    return waiting, count
