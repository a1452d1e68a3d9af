"""Room for one more unit: shortest paths along which each ticket displaces the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.kernel.heap import clear, pop, put
from deskmatch.solver.kernel.records import Records, index

from .labels import AT_HOLD, AT_OPENING, AT_SLOT, NOWHERE, begin, change_prices, end_at_hold, label
from .records import NOBODY
from .seats import change_used, hold_ticket, seat, unseat

__all__ = ["find_room", "follow_room", "worth"]

Float64 = NDArray[np.float64]


def find_room(
    tickets: Records,
    places: Records,
    rows: Records,
    heap: Records,
    search: Records,
    i: int,
    e: int,
    opening: int,
) -> None:
    """Look for the shortest path from ticket i, or from place e where i is −1, to room for one unit."""
    begin(search)
    if i >= 0:
        best = worth(tickets, places, rows, i)
        if best == -np.inf:
            return
        end_at_hold(search, best - tickets[i]["hold"], i, NOBODY)
        if search[0]["bound"] > 0.0:
            _scan_row(tickets, places, rows, heap, search, i, best, 0.0, NOBODY, opening)
    else:
        _reach(places, heap, search, e, 0.0, NOBODY, NOBODY, 0.0, opening)
    while search[0]["heap_size"] > 0 and heap[0]["key"] < search[0]["bound"]:
        at = heap[0]["key"]
        e = pop(heap, search)
        _scan_tree(places, heap, search, e, at, opening)
        i = index(places[e]["seats"])
        while i >= 0:
            value = tickets[i]["value"]
            end_at_hold(search, at + max(0.0, value - tickets[i]["hold"]), i, e)
            _scan_row(tickets, places, rows, heap, search, i, value, at, e, opening)
            i = index(tickets[i]["next"])
    clear(heap, search)


def _scan_row(
    tickets: Records,
    places: Records,
    rows: Records,
    heap: Records,
    search: Records,
    i: int,
    value: float,
    at: float,
    e: int,
    opening: int,
) -> None:
    """Ticket i, at place e and distance `at`, could move to any of its places."""
    shift = tickets[i]["shift"]
    first = index(tickets[i]["start"])
    bound = search[0]["bound"]
    for arc in range(first, first + tickets[i]["count"]):
        to = index(rows[arc]["other"])
        distance = at + max(0.0, value - ((rows[arc]["points"] + shift) - places[to]["price"]))
        if distance < bound and distance < places[to]["distance"]:
            _reach(places, heap, search, to, distance, i, e, rows[arc]["points"], opening)
            bound = search[0]["bound"]


def _scan_tree(places: Records, heap: Records, search: Records, e: int, at: float, opening: int) -> None:
    """The unit at place e could go on to the place around it, or count for a ticket inside it."""
    price, above = places[e]["price"], index(places[e]["parent"])
    if above >= 0 and places[e]["used"] < places[e]["bound"]:
        to = at + max(0.0, places[above]["price"] - price)
        _reach(places, heap, search, above, to, NOBODY, e, 0.0, opening)
    inside = index(places[e]["first_child"])
    while inside >= 0:
        if places[inside]["used"] > 0:
            to = at + max(0.0, places[inside]["price"] - price)
            _reach(places, heap, search, inside, to, NOBODY, e, 0.0, opening)
        inside = index(places[inside]["sibling"])


def _reach(
    places: Records,
    heap: Records,
    search: Records,
    e: int,
    distance: float,
    via_ticket: int,
    via_place: int,
    points: float,
    opening: int,
) -> None:
    """Go to place e, where that is the shortest way so far, and see whether the path can end there."""
    if not label(places, search, e, distance, via_ticket, via_place, points):
        return
    through = distance + max(0.0, places[e]["room"] - places[e]["price"])
    if e == opening or through < search[0]["bound"]:
        search[0]["bound"] = distance if e == opening else through
        search[0]["end"] = AT_OPENING if e == opening else AT_SLOT
        search[0]["end_place"] = e
    if distance < search[0]["bound"]:
        put(heap, search, e, distance)


def follow_room(tickets: Records, places: Records, slot_cost: Float64, search: Records) -> None:
    """Move tickets and units along the path found, from its end back, and raise the prices."""
    end, e = index(search[0]["end"]), index(search[0]["end_place"])
    if end == NOWHERE:
        e = NOBODY
    elif end == AT_HOLD:
        i = index(search[0]["end_ticket"])
        if e >= 0:
            unseat(tickets, places, i)
        hold_ticket(tickets, i)
    elif end == AT_SLOT:
        change_used(places, slot_cost, e, index(1))
    while e >= 0:
        i, before = index(places[e]["via_ticket"]), index(places[e]["via_place"])
        if i >= 0:
            if before >= 0:
                unseat(tickets, places, i)
            seat(tickets, places, i, e, places[e]["via_points"])
        elif before >= 0 and places[before]["parent"] == e:
            change_used(places, slot_cost, before, index(1))
        elif before >= 0:
            change_used(places, slot_cost, e, index(-1))
        e = before
    change_prices(tickets, places, search, 1.0)


def worth(tickets: Records, places: Records, rows: Records, i: int) -> float:
    """The best that ticket i can get at the prices, its hold included."""
    best: float = tickets[i]["hold"]
    shift = tickets[i]["shift"]
    first = index(tickets[i]["start"])
    for arc in range(first, first + tickets[i]["count"]):
        best = max(best, (rows[arc]["points"] + shift) - places[rows[arc]["other"]]["price"])
    return best
