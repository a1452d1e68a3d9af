"""Shortest augmenting paths from one waiting ticket: Dijkstra on experts, with reduced costs (Tomizawa 1971)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bidding import best_expert
from .heap import clear, make_heap, pop, put
from .records import SEARCH, Records, index, offset
from .rows import LENGTH, NOBODY, Rows, refresh
from .state import State, leave, sit

__all__ = ["Search", "forget", "make_search", "seat_by_path"]


class Search(NamedTuple):
    """The memory of a path search.

    Parameters
    ----------
    heap : ``(experts + rows,)`` of `HEAP`: experts, and after them rows whose rest is still to be looked at.
    numbers : ``(1,)`` of `SEARCH`.
    """

    heap: Records
    numbers: Records


def make_search(nodes: int) -> Search:
    """The memory of a search that has not begun."""
    numbers = np.empty(1, SEARCH)
    numbers[0]["reached"] = 0
    numbers[0]["settled"] = 0
    numbers[0]["heap_size"] = 0
    return Search(make_heap(nodes), numbers)


def seat_by_path(state: State, rows: Rows, search: Search, source: int) -> bool:
    """Settle ticket `source` at least cost to the rest; False: it must be assigned and no path takes it anywhere.

    On failure the tickets seated with the settled experts, and `source`, are a minimal Hall violator, and the
    search is left as it is.
    """
    m = len(state.price)
    numbers = search.numbers
    hold = state.tickets[source]["hold"]
    worth = max(best_expert(state, rows, source)[1], hold)
    if worth == -np.inf:
        return False
    numbers[0]["bound"] = np.inf if hold == -np.inf else worth - hold
    numbers[0]["end"] = source
    if numbers[0]["bound"] > 0.0:
        _scan(state, rows, search, source, 0.0, worth)
    while numbers[0]["heap_size"] > 0 and search.heap[0]["key"] < numbers[0]["bound"]:
        at = search.heap[0]["key"]
        node = pop(search.heap, numbers)
        if node < m:
            state.experts[numbers[0]["settled"]]["settled"] = node
            numbers[0]["settled"] += 1
            _pass_expert(state, rows, search, node, at)
            continue
        i = node - m
        value = worth if i == source else state.tickets[i]["points"] - state.price[state.tickets[i]["expert"]]
        _scan_rest(state, rows, search, i, value)
    if numbers[0]["bound"] == np.inf:
        return False
    _raise_prices(state, search)
    _augment(state, search, source)
    forget(state, search)
    return True


def _pass_expert(state: State, rows: Rows, search: Search, j: int, at: float) -> None:
    """Look on from the tickets of expert j, at distance `at`: they could be held, or move elsewhere."""
    first, last = index(state.experts[j]["first"]), index(state.experts[j]["first"] + state.experts[j]["taken"])
    for seat in range(first, last):
        i = index(state.seats[seat]["ticket"])
        to = at + max(0.0, state.tickets[i]["points"] - state.price[j] - state.tickets[i]["hold"])
        if to < search.numbers[0]["bound"]:
            search.numbers[0]["bound"] = to
            search.numbers[0]["end"] = i
    for seat in range(first, last):
        i = index(state.seats[seat]["ticket"])
        worth = state.tickets[i]["points"] - state.price[j]
        _scan(state, rows, search, i, at, worth)


def _scan(state: State, rows: Rows, search: Search, i: int, at: float, worth: float) -> None:
    """Reach the experts on the shortlist of ticket i, and note how near the others can be."""
    if rows.listed[i] < 0:
        refresh(rows, state.price, state.tickets, i, NOBODY)
    base = offset(i) * offset(LENGTH)
    for k in range(base, base + offset(rows.listed[i])):
        j = rows.short_column[k]
        to = at + max(0.0, worth - (rows.short_points[k] - state.price[j]))
        if to < search.numbers[0]["bound"] and to < state.experts[j]["distance"]:
            _reach(state, search, i, index(j), rows.short_points[k], to)
    to = at + max(0.0, worth - rows.rest[i])
    if to < search.numbers[0]["bound"]:
        rows.distance[i] = at
        put(search.heap, search.numbers, len(state.price) + i, to)


def _scan_rest(state: State, rows: Rows, search: Search, i: int, worth: float) -> None:
    """Reach all experts of ticket i, and make its shortlist anew if most of it has become poor."""
    at = rows.distance[i]
    for arc in range(offset(rows.start[i]), offset(rows.start[i + 1])):
        j = rows.column[arc]
        to = at + max(0.0, worth - (rows.points[arc] - state.price[j]))
        if to < search.numbers[0]["bound"] and to < state.experts[j]["distance"]:
            _reach(state, search, i, index(j), rows.points[arc], to)
    if mostly_poor(rows, state.price, i):
        refresh(rows, state.price, state.tickets, i, NOBODY)


def mostly_poor(rows: Rows, price: NDArray[np.float64], row: int) -> bool:
    """Whether most of a shortlist is worth less than arcs outside may be."""
    poor, base = 0, row * LENGTH
    for k in range(base, base + rows.listed[row]):
        poor += rows.short_points[k] - price[rows.short_column[k]] < rows.rest[row]
    return bool(2 * poor > rows.listed[row])


def _reach(state: State, search: Search, i: int, j: int, points: float, to: float) -> None:
    """Go from ticket i to expert j at distance `to`, the shortest way so far."""
    numbers = search.numbers
    if state.experts[j]["distance"] == np.inf:
        state.experts[numbers[0]["reached"]]["reached"] = j
        numbers[0]["reached"] += 1
    state.experts[j]["distance"] = to
    state.experts[j]["via"] = i
    state.experts[j]["via_points"] = points
    through = to + max(0.0, state.experts[j]["room"] - state.price[j])
    if through < numbers[0]["bound"]:
        numbers[0]["bound"] = through
        numbers[0]["end"] = -1 - j
        if through <= to:
            return
    put(search.heap, numbers, j, to)


def _raise_prices(state: State, search: Search) -> None:
    bound = search.numbers[0]["bound"]
    for k in range(search.numbers[0]["settled"]):
        j = state.experts[k]["settled"]
        state.price[j] += bound - state.experts[j]["distance"]


def _augment(state: State, search: Search, source: int) -> None:
    """Move the tickets along the path found, from its end back to `source`."""
    end = index(search.numbers[0]["end"])
    if end == source:
        return
    if end < 0:
        j = -1 - end
    else:
        j = index(state.tickets[end]["expert"])
        leave(state, end)
    while True:
        i = index(state.experts[j]["via"])
        before = index(state.tickets[i]["expert"])
        if before >= 0:
            leave(state, i)
        sit(state, i, j, state.experts[j]["via_points"])
        if i == source:
            return
        j = before


def forget(state: State, search: Search) -> None:
    """Make the memory of the search ready for another one."""
    numbers = search.numbers
    for k in range(numbers[0]["reached"]):
        state.experts[state.experts[k]["reached"]]["distance"] = np.inf
    numbers[0]["reached"] = 0
    numbers[0]["settled"] = 0
    clear(search.heap, numbers)
