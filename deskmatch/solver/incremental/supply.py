"""A ticket for one more unit: shortest paths along which each ticket leaves its place to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.kernel.heap import clear, pop, put
from deskmatch.solver.kernel.records import Records, index

from .labels import AT_HOLD, AT_SLOT, begin, change_prices, end_at_hold, label
from .records import HELD, NOBODY
from .seats import change_used, seat, unseat

__all__ = ["find_ticket", "follow_ticket"]

Float64 = NDArray[np.float64]


def find_ticket(tickets: Records, places: Records, columns: Records, heap: Records, search: Records, e: int) -> None:
    """Look for the shortest path from a waiting ticket, or a slot that can be given up, to place e."""
    begin(search)
    _approach(places, heap, search, e, 0.0, NOBODY, NOBODY, 0.0)
    while search[0]["heap_size"] > 0 and heap[0]["key"] < search[0]["bound"]:
        at = heap[0]["key"]
        e = pop(heap, search)
        _scan_tree_back(places, heap, search, e, at)
        _scan_column(tickets, places, columns, heap, search, e, at)
    clear(heap, search)


def _scan_column(
    tickets: Records, places: Records, columns: Records, heap: Records, search: Records, e: int, at: float
) -> None:
    """Any ticket of place e could come here, from its hold or from another place."""
    price = places[e]["price"]
    first = index(places[e]["start"])
    bound = search[0]["bound"]
    for arc in range(first, first + places[e]["count"]):
        i = index(columns[arc]["other"])
        gap = tickets[i]["value"] - ((columns[arc]["points"] + tickets[i]["shift"]) - price)
        distance = at + max(0.0, gap)
        if distance >= bound:
            continue
        before = index(tickets[i]["place"])
        if before == HELD:
            end_at_hold(search, distance, i, e)
            search[0]["end_points"] = columns[arc]["points"]
            bound = search[0]["bound"]
        elif distance < places[before]["distance"]:
            _approach(places, heap, search, before, distance, i, e, columns[arc]["points"])
            bound = search[0]["bound"]


def _scan_tree_back(places: Records, heap: Records, search: Records, e: int, at: float) -> None:
    """The unit that place e lacks could come from inside it, or be asked for no longer by the place around it."""
    price, above = places[e]["price"], index(places[e]["parent"])
    if above >= 0 and places[e]["used"] > 0:
        to = at + max(0.0, price - places[above]["price"])
        _approach(places, heap, search, above, to, NOBODY, e, 0.0)
    inside = index(places[e]["first_child"])
    while inside >= 0:
        if places[inside]["used"] < places[inside]["bound"]:
            to = at + max(0.0, price - places[inside]["price"])
            _approach(places, heap, search, inside, to, NOBODY, e, 0.0)
        inside = index(places[inside]["sibling"])


def _approach(
    places: Records,
    heap: Records,
    search: Records,
    e: int,
    distance: float,
    via_ticket: int,
    via_place: int,
    points: float,
) -> None:
    """Come from place e, where that is the shortest way so far, and see whether the path can begin there."""
    if not label(places, search, e, distance, via_ticket, via_place, points):
        return
    through = distance + max(0.0, places[e]["price"] - places[e]["last"])
    if through < search[0]["bound"]:
        search[0]["bound"] = through
        search[0]["end"] = AT_SLOT
        search[0]["end_place"] = e
    if distance < search[0]["bound"]:
        put(heap, search, e, distance)


def follow_ticket(tickets: Records, places: Records, slot_cost: Float64, search: Records) -> None:
    """Move tickets and units along the path found, from its beginning on, and lower the prices."""
    e = index(search[0]["end_place"])
    if search[0]["end"] == AT_HOLD:
        seat(tickets, places, index(search[0]["end_ticket"]), e, search[0]["end_points"])
    else:
        change_used(places, slot_cost, e, index(-1))
    to = index(places[e]["via_place"])
    while to >= 0:
        i = index(places[e]["via_ticket"])
        if i >= 0:
            unseat(tickets, places, i)
            seat(tickets, places, i, to, places[e]["via_points"])
        elif places[to]["parent"] == e:
            change_used(places, slot_cost, to, index(-1))
        else:
            change_used(places, slot_cost, e, index(1))
        e, to = to, index(places[to]["via_place"])
    change_prices(tickets, places, search, -1.0)
