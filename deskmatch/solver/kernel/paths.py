"""Shortest augmenting paths from one waiting ticket: Dijkstra on experts, with reduced costs (Tomizawa 1971)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bidding import best_two
from .heap import clear, pop, put
from .records import LENGTH, SEARCH, Records, index
from .shortlist import refresh
from .state import leave, sit

__all__ = ["forget", "make_search", "seat_by_path"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


def make_search() -> Records:
    """The numbers of a search that has not begun."""
    search = np.empty(1, SEARCH)
    search[0]["reached"] = 0
    search[0]["settled"] = 0
    search[0]["heap_size"] = 0
    return search


def seat_by_path(
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
    source: int,
) -> bool:
    """Settle ticket `source` at least cost to the rest; False: it must be assigned and no path takes it anywhere.

    On failure the tickets seated with the settled experts, and `source`, are a minimal Hall violator, and the
    search is left as it is.
    """
    m = len(price)
    hold = tickets[source]["hold"]
    worth = max(best_two(price, tickets, rows, short, start, column, points, source)[2], hold)
    if worth == -np.inf:
        return False
    search[0]["bound"] = np.inf if hold == -np.inf else worth - hold
    search[0]["end"] = source
    if search[0]["bound"] > 0.0:
        _scan(price, experts, tickets, rows, short, start, column, points, heap, search, source, 0.0, worth)
    while search[0]["heap_size"] > 0 and heap[0]["key"] < search[0]["bound"]:
        at = heap[0]["key"]
        node = pop(heap, search)
        if node < m:
            experts[search[0]["settled"]]["settled"] = node
            search[0]["settled"] += 1
            _pass_expert(price, experts, tickets, seats, rows, short, start, column, points, heap, search, node, at)
            continue
        i = node - m
        value = worth if i == source else tickets[i]["points"] - price[tickets[i]["expert"]]
        _scan_rest(price, experts, tickets, rows, short, start, column, points, heap, search, i, value)
    if search[0]["bound"] == np.inf:
        return False
    _raise_prices(price, experts, search)
    _augment(experts, tickets, seats, slot_cost, search, source)
    forget(experts, heap, search)
    return True


def _pass_expert(
    price: Float64,
    experts: Records,
    tickets: Records,
    seats: Records,
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
    """Look on from the tickets of expert j, at distance `at`: they could be held, or move elsewhere."""
    first, last = index(experts[j]["first"]), index(experts[j]["first"] + experts[j]["taken"])
    for seat in range(first, last):
        i = index(seats[seat]["ticket"])
        to = at + max(0.0, tickets[i]["points"] - price[j] - tickets[i]["hold"])
        if to < search[0]["bound"]:
            search[0]["bound"] = to
            search[0]["end"] = i
    for seat in range(first, last):
        i = index(seats[seat]["ticket"])
        worth = tickets[i]["points"] - price[j]
        _scan(price, experts, tickets, rows, short, start, column, points, heap, search, i, at, worth)


def _scan(
    price: Float64,
    experts: Records,
    tickets: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    heap: Records,
    search: Records,
    i: int,
    at: float,
    worth: float,
) -> None:
    """Reach the experts on the shortlist of ticket i, and note how near the others can be."""
    if rows[i]["count"] < 0:
        refresh(rows, short, start, column, points, price, i, tickets, -1)
    base = i * LENGTH
    for k in range(base, base + rows[i]["count"]):
        if at + (worth - short[k]["value"]) >= search[0]["bound"]:
            return
        j = index(short[k]["column"])
        to = at + max(0.0, worth - (short[k]["points"] - price[j]))
        _reach(price, experts, heap, search, i, j, short[k]["points"], to)
    to = at + max(0.0, worth - rows[i]["rest"])
    if to < search[0]["bound"]:
        rows[i]["distance"] = at
        put(heap, search, len(price) + i, to)


def _scan_rest(
    price: Float64,
    experts: Records,
    tickets: Records,
    rows: Records,
    short: Records,
    start: Int32,
    column: Int32,
    points: Float64,
    heap: Records,
    search: Records,
    i: int,
    worth: float,
) -> None:
    """Reach all experts of ticket i, and make its shortlist anew if most of it has become poor."""
    at = rows[i]["distance"]
    for arc in range(start[i], start[i + 1]):
        j = index(column[arc])
        to = at + max(0.0, worth - (points[arc] - price[j]))
        _reach(price, experts, heap, search, i, j, points[arc], to)
    middle = i * LENGTH + rows[i]["count"] // 2
    if short[middle]["points"] - price[short[middle]["column"]] < rows[i]["rest"]:
        refresh(rows, short, start, column, points, price, i, tickets, -1)


def _reach(
    price: Float64,
    experts: Records,
    heap: Records,
    search: Records,
    i: int,
    j: int,
    points: float,
    to: float,
) -> None:
    """Go from ticket i to expert j at distance `to`, if that is the shortest way so far."""
    if to >= search[0]["bound"] or to >= experts[j]["distance"]:
        return
    if experts[j]["distance"] == np.inf:
        experts[search[0]["reached"]]["reached"] = j
        search[0]["reached"] += 1
    experts[j]["distance"] = to
    experts[j]["via"] = i
    experts[j]["via_points"] = points
    through = to + max(0.0, experts[j]["room"] - price[j])
    if through < search[0]["bound"]:
        search[0]["bound"] = through
        search[0]["end"] = -1 - j
        if through <= to:
            return
    put(heap, search, j, to)


def _raise_prices(price: Float64, experts: Records, search: Records) -> None:
    bound = search[0]["bound"]
    for k in range(search[0]["settled"]):
        j = experts[k]["settled"]
        price[j] += bound - experts[j]["distance"]


def _augment(
    experts: Records, tickets: Records, seats: Records, slot_cost: Float64, search: Records, source: int
) -> None:
    """Move the tickets along the path found, from its end back to `source`."""
    end = index(search[0]["end"])
    if end == source:
        return
    if end < 0:
        j = -1 - end
    else:
        j = index(tickets[end]["expert"])
        leave(experts, tickets, seats, slot_cost, end)
    while True:
        i = index(experts[j]["via"])
        before = index(tickets[i]["expert"])
        if before >= 0:
            leave(experts, tickets, seats, slot_cost, i)
        sit(experts, tickets, seats, slot_cost, i, j, experts[j]["via_points"])
        if i == source:
            return
        j = before


def forget(experts: Records, heap: Records, search: Records) -> None:
    """Make the memory of the search ready for another one."""
    for k in range(search[0]["reached"]):
        experts[experts[k]["reached"]]["distance"] = np.inf
    search[0]["reached"] = 0
    search[0]["settled"] = 0
    clear(heap, search)
