"""Shortest paths from one expert who wants more tickets: the search of `paths` with the sides exchanged."""

from __future__ import annotations

import numpy as np

from .heap import pop, put
from .offering import best_ticket, left_out, lower_price, note_lost
from .paths import Search, forget, mostly_poor
from .records import index, offset
from .rows import LENGTH, Rows, refresh
from .state import State, leave, sit

__all__ = ["fill_by_path"]

UNASKED = -1
"""The end of a path where an expert gives up a unit, or never gets the one that it wants."""


def fill_by_path(state: State, rows: Rows, search: Search, source: int) -> None:
    """Let expert `source` have as many tickets as its price says, or lower its price until it wants no more."""
    while state.experts[source]["room"] < state.price[source]:
        _one_unit(state, rows, search, source)


def _one_unit(state: State, rows: Rows, search: Search, source: int) -> None:
    m = len(state.price)
    numbers = search.numbers
    cost = state.experts[source]["room"]
    gain = best_ticket(state, rows, source)[1]
    lower_price(state, source, min(state.price[source], max(gain, cost)))
    if state.price[source] <= cost:
        return
    numbers[0]["bound"] = state.price[source] - cost
    numbers[0]["end"] = UNASKED
    numbers[0]["end_via"] = source
    state.experts[source]["distance"] = 0.0
    state.experts[0]["reached"] = source
    state.experts[0]["settled"] = source
    numbers[0]["reached"] = 1
    numbers[0]["settled"] = 1
    _scan(state, rows, search, source, 0.0)
    while numbers[0]["heap_size"] > 0 and search.heap[0]["key"] < numbers[0]["bound"]:
        at = search.heap[0]["key"]
        node = pop(search.heap, numbers)
        if node < m:
            state.experts[numbers[0]["settled"]]["settled"] = node
            numbers[0]["settled"] += 1
            _scan(state, rows, search, node, at)
        else:
            _scan_rest(state, rows, search, node - m)
    _lower_prices(state, search, cost, source)
    _augment(state, rows, search, source)
    forget(state, search)


def _scan(state: State, rows: Rows, search: Search, j: int, at: float) -> None:
    """Reach the tickets on the shortlist of expert j, and note how near the others can be."""
    if rows.listed[j] < 0:
        refresh(rows, state.asking, state.tickets, j, left_out(state, j))
    base, price = offset(j) * offset(LENGTH), state.price[j]
    for k in range(base, base + offset(rows.listed[j])):
        i = rows.short_column[k]
        to = at + max(0.0, price - (rows.short_points[k] - state.asking[i]))
        if to < search.numbers[0]["bound"]:
            _reach(state, search, j, index(i), rows.short_points[k], to)
    # A ticket that this expert has lost may be worth more than those on the list.
    to = at + max(0.0, price - rows.rest[j])
    if to < search.numbers[0]["bound"]:
        rows.distance[j] = at
        put(search.heap, search.numbers, len(state.price) + j, to)


def _scan_rest(state: State, rows: Rows, search: Search, j: int) -> None:
    """Reach all tickets of expert j, and make its shortlist anew if most of it has become poor."""
    at, price = rows.distance[j], state.price[j]
    for arc in range(offset(rows.start[j]), offset(rows.start[j + 1])):
        i = rows.column[arc]
        to = at + max(0.0, price - (rows.points[arc] - state.asking[i]))
        if to < search.numbers[0]["bound"]:
            _reach(state, search, j, index(i), rows.points[arc], to)
    if mostly_poor(rows, state.asking, j):
        refresh(rows, state.asking, state.tickets, j, left_out(state, j))


def _reach(state: State, search: Search, j: int, i: int, points: float, to: float) -> None:
    """Go from expert j to ticket i at distance `to`, and to whoever has it."""
    numbers = search.numbers
    k = index(state.tickets[i]["expert"])
    if k < 0:
        numbers[0]["bound"] = to
        numbers[0]["end"] = i
        numbers[0]["end_via"] = j
        numbers[0]["end_points"] = points
        return
    if to >= state.experts[k]["distance"]:
        return
    if state.experts[k]["distance"] == np.inf:
        state.experts[numbers[0]["reached"]]["reached"] = k
        numbers[0]["reached"] += 1
    state.experts[k]["distance"] = to
    state.experts[k]["via"] = j
    state.experts[k]["via_points"] = points
    state.experts[k]["lost"] = i
    through = to + max(0.0, state.price[k] - state.experts[k]["saved"])
    if through < numbers[0]["bound"]:
        numbers[0]["bound"] = through
        numbers[0]["end"] = UNASKED
        numbers[0]["end_via"] = k
        if through <= to:
            return
    put(search.heap, numbers, k, to)


def _lower_prices(state: State, search: Search, cost: float, source: int) -> None:
    numbers = search.numbers
    for k in range(numbers[0]["settled"]):
        j = index(state.experts[k]["settled"])
        lower_price(state, j, state.price[j] - (numbers[0]["bound"] - state.experts[j]["distance"]))
    if numbers[0]["end"] == UNASKED:
        # To the cost of the unit that it gives up, or does not get: to the last bit.
        j = index(numbers[0]["end_via"])
        lower_price(state, j, cost if j == source else state.experts[j]["saved"])


def _augment(state: State, rows: Rows, search: Search, source: int) -> None:
    """Move the tickets along the path found, from its end back to `source`."""
    numbers = search.numbers
    j = index(numbers[0]["end_via"])
    gets, points, loser = index(numbers[0]["end"]), numbers[0]["end_points"], index(-1)
    while True:
        lost = index(state.experts[j]["lost"])
        if j != source:
            leave(state, lost)
        if gets >= 0:
            sit(state, gets, j, points)
            state.asking[gets] = points - state.price[j]
        if loser >= 0:
            note_lost(state, rows, loser, gets)
        if j == source:
            return
        gets, points, loser = lost, state.experts[j]["via_points"], j
        j = index(state.experts[j]["via"])
