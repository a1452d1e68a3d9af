"""The tickets' half of the method: rough prices by auction with steps, then seats by exact bids and paths."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bidding import seat_by_bidding
from .paths import seat_by_path
from .records import Records, index
from .state import clear_seats

__all__ = ["price_roughly", "seat_by_exact_bids", "seat_by_paths"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


def price_roughly(
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
    step: float,
    budget: int,
) -> bool:
    """Bring the prices of experts to about `step` of where they belong; leaves all tickets held.

    False: not within `budget` bids; a greater step would help.
    """
    clear_seats(experts, tickets, slot_cost)
    waiting = np.arange(len(tickets)).astype(np.int32)
    left = seat_by_bidding(
        price,
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
        len(waiting),
        budget,
        step,
    )
    clear_seats(experts, tickets, slot_cost)
    return left == 0


def seat_by_exact_bids(
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
) -> int:
    """Let the first `n_waiting` tickets of `waiting` bid as high as is surely right.

    Leaves those that are not settled in `waiting`, and returns their number.
    """
    for j in range(len(price)):
        first = index(experts[j]["first"])
        for seat in range(first, first + experts[j]["taken"]):
            seats[seat]["bid"] = price[j]
    return seat_by_bidding(
        price,
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
        n_waiting,
        budget,
        0.0,
    )


def seat_by_paths(
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
    heap: Records,
    search: Records,
    waiting: Int32,
    n_waiting: int,
) -> int:
    """Settle the first `n_waiting` tickets of `waiting`; returns −1, or one that must be assigned and cannot."""
    for k in range(n_waiting):
        i = index(waiting[k])
        if not seat_by_path(
            price, experts, tickets, seats, rows, short, start, column, points, slot_cost, heap, search, i
        ):
            return i
    return -1
