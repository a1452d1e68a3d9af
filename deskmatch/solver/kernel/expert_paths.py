"""Shortest paths from one expert who wants more tickets: the search of `paths` with the sides exchanged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .heap import pop, put
from .offering import best_ticket, left_out, lower_price, note_lost
from .paths import forget
from .records import LENGTH, Records, index
from .shortlist import refresh
from .state import leave, sit

__all__ = ["fill_by_path"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]

UNASKED = -1
"""The end of a path where an expert gives up a unit, or never gets the one that it wants."""


def fill_by_path(
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
    source: int,
) -> None:
    """Let expert `source` have as many tickets as its price says, or lower its price until it wants no more."""
    while experts[source]["room"] < price[source]:
        _one_unit(
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
            source,
        )


def _one_unit(
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
    source: int,
) -> None:
    m = len(price)
    cost = experts[source]["room"]
    gain = best_ticket(asking, experts, tickets, rows, short, start, column, points, source)[2]
    lower_price(price, asking, experts, tickets, seats, source, min(price[source], max(gain, cost)))
    if price[source] <= cost:
        return
    search[0]["bound"] = price[source] - cost
    search[0]["end"] = UNASKED
    search[0]["end_via"] = source
    experts[source]["distance"] = 0.0
    experts[0]["reached"] = source
    experts[0]["settled"] = source
    search[0]["reached"] = 1
    search[0]["settled"] = 1
    _scan(price, asking, experts, tickets, rows, short, start, column, points, heap, search, source, 0.0)
    while search[0]["heap_size"] > 0 and heap[0]["key"] < search[0]["bound"]:
        at = heap[0]["key"]
        node = pop(heap, search)
        if node < m:
            experts[search[0]["settled"]]["settled"] = node
            search[0]["settled"] += 1
            _scan(price, asking, experts, tickets, rows, short, start, column, points, heap, search, node, at)
        else:
            _scan_rest(price, asking, experts, tickets, rows, short, start, column, points, heap, search, node - m)
    bound = search[0]["bound"]
    for k in range(search[0]["settled"]):
        j = index(experts[k]["settled"])
        to = price[j] - (bound - experts[j]["distance"])
        lower_price(price, asking, experts, tickets, seats, j, to)
    if search[0]["end"] == UNASKED:
        # To the cost of the unit that it gives up, or does not get: to the last bit.
        j = index(search[0]["end_via"])
        to = cost if j == source else experts[j]["saved"]
        lower_price(price, asking, experts, tickets, seats, j, to)
    _augment(price, asking, experts, tickets, seats, rows, short, start, column, points, slot_cost, search, source)
    forget(experts, heap, search)


def _scan(
    price: Float64,
    asking: Float64,
    experts: Records,
    tickets: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    heap: Records,
    search: Records,
    j: int,
    at: float,
) -> None:
    """Reach the tickets on the shortlist of expert j, and note how near the others can be."""
    if rows[j]["count"] < 0:
        refresh(rows, short, start, column, points, asking, j, tickets, left_out(experts, j))
    base = j * LENGTH
    for k in range(base, base + rows[j]["count"]):
        if at + (price[j] - short[k]["value"]) >= search[0]["bound"]:
            break
        i = index(short[k]["column"])
        to = at + max(0.0, price[j] - (short[k]["points"] - asking[i]))
        _reach(price, experts, tickets, heap, search, j, i, short[k]["points"], to)
    # A ticket that this expert has lost may be worth more than those on the list.
    to = at + max(0.0, price[j] - rows[j]["rest"])
    if to < search[0]["bound"]:
        rows[j]["distance"] = at
        put(heap, search, len(price) + j, to)


def _scan_rest(
    price: Float64,
    asking: Float64,
    experts: Records,
    tickets: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    heap: Records,
    search: Records,
    j: int,
) -> None:
    """Reach all tickets of expert j, and make its shortlist anew if most of it has become poor."""
    at = rows[j]["distance"]
    for arc in range(start[j], start[j + 1]):
        i = index(column[arc])
        to = at + max(0.0, price[j] - (points[arc] - asking[i]))
        _reach(price, experts, tickets, heap, search, j, i, points[arc], to)
    middle = j * LENGTH + rows[j]["count"] // 2
    if rows[j]["count"] > 0 and short[middle]["points"] - asking[short[middle]["column"]] < rows[j]["rest"]:
        refresh(rows, short, start, column, points, asking, j, tickets, left_out(experts, j))


def _reach(
    price: Float64,
    experts: Records,
    tickets: Records,
    heap: Records,
    search: Records,
    j: int,
    i: int,
    points: float,
    to: float,
) -> None:
    """Go from expert j to ticket i at distance `to`, and to whoever has it."""
    if to >= search[0]["bound"]:
        return
    k = index(tickets[i]["expert"])
    if k < 0:
        search[0]["bound"] = to
        search[0]["end"] = i
        search[0]["end_via"] = j
        search[0]["end_points"] = points
        return
    if to >= experts[k]["distance"]:
        return
    if experts[k]["distance"] == np.inf:
        experts[search[0]["reached"]]["reached"] = k
        search[0]["reached"] += 1
    experts[k]["distance"] = to
    experts[k]["via"] = j
    experts[k]["via_points"] = points
    experts[k]["lost"] = i
    through = to + max(0.0, price[k] - experts[k]["saved"])
    if through < search[0]["bound"]:
        search[0]["bound"] = through
        search[0]["end"] = UNASKED
        search[0]["end_via"] = k
        if through <= to:
            return
    put(heap, search, k, to)


def _augment(
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
    search: Records,
    source: int,
) -> None:
    """Move the tickets along the path found, from its end back to `source`."""
    j = index(search[0]["end_via"])
    gets, p, loser = index(search[0]["end"]), search[0]["end_points"], -1
    while True:
        lost = index(experts[j]["lost"])
        if j != source:
            leave(experts, tickets, seats, slot_cost, lost)
        if gets >= 0:
            sit(experts, tickets, seats, slot_cost, gets, j, p)
            asking[gets] = p - price[j]
        if loser >= 0:
            note_lost(rows, short, start, column, points, asking, loser, gets)
        if j == source:
            return
        gets, p, loser = lost, experts[j]["via_points"], j
        j = index(experts[j]["via"])
