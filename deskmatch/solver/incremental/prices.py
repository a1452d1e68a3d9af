"""Prices made anew from the points: what a long run of events has rounded is forgotten."""

from __future__ import annotations

import numpy as np

from deskmatch.solver.kernel.heap import pop, put
from deskmatch.solver.kernel.records import Records, index

from .records import FREE, HELD, NOBODY
from .seats import set_price

__all__ = ["renew_prices"]


def renew_prices(tickets: Records, places: Records, rows: Records, heap: Records, search: Records) -> None:
    """Give every place the least price that proves the assignment, each a sum of points along one path.

    The price of an expert is at least the cost of its last unit (idle: of its first); that of any place is at
    least what a waiting ticket would pay, and what the price of another place makes a ticket there pay. These
    longest paths are found by Dijkstra's method, with the old prices as potentials: the order in which places
    are done depends on them, and nothing else.
    """
    _start(tickets, places, rows, heap, search)
    while search[0]["heap_size"] > 0:
        e = pop(heap, search)
        places[e]["distance"] = -1.0  # done
        label = places[e]["label"]
        above = index(places[e]["parent"])
        if above >= 0 and places[e]["used"] < places[e]["bound"]:
            _raise(places, heap, search, above, label)
        inside = index(places[e]["first_child"])
        while inside >= 0:
            if places[inside]["used"] > 0:
                _raise(places, heap, search, inside, label)
            inside = index(places[inside]["sibling"])
        i = index(places[e]["seats"])
        while i >= 0:
            _raise_places(tickets, places, rows, heap, search, i, (tickets[i]["points"] + tickets[i]["shift"]) - label)
            i = index(tickets[i]["next"])
    _take_labels(tickets, places, search)
    search[0]["searches"] = 0


def _start(tickets: Records, places: Records, rows: Records, heap: Records, search: Records) -> None:
    for e in range(search[0]["places"]):
        places[e]["label"] = -np.inf
    for e in range(search[0]["places"]):
        if places[e]["parent"] == NOBODY and places[e]["price"] < np.inf:
            _raise(places, heap, search, e, places[e]["last"] if places[e]["used"] > 0 else places[e]["room"])
    for i in range(search[0]["tickets"]):
        if tickets[i]["place"] == HELD:
            _raise_places(tickets, places, rows, heap, search, i, tickets[i]["hold"])


def _raise_places(
    tickets: Records, places: Records, rows: Records, heap: Records, search: Records, i: int, value: float
) -> None:
    """Ticket i, which gets so much, would pay the rest anywhere."""
    shift = tickets[i]["shift"]
    first = index(tickets[i]["start"])
    for arc in range(first, first + tickets[i]["count"]):
        e = index(rows[arc]["other"])
        pays = (rows[arc]["points"] + shift) - value
        if pays > places[e]["label"]:
            _raise(places, heap, search, e, pays)


def _raise(places: Records, heap: Records, search: Records, e: int, label: float) -> None:
    if places[e]["price"] == np.inf or places[e]["distance"] < 0.0 or label <= places[e]["label"]:
        return
    places[e]["label"] = label
    put(heap, search, e, max(0.0, places[e]["price"] - label))


def _take_labels(tickets: Records, places: Records, search: Records) -> None:
    """Labels become prices; a limit that nobody wants costs what the place around it costs."""
    for e in range(search[0]["places"]):
        places[e]["distance"] = np.inf
        if places[e]["parent"] == FREE or places[e]["price"] == np.inf:
            continue
        around = e
        while places[around]["label"] == -np.inf:
            around = index(places[around]["parent"])
        set_price(tickets, places, e, places[around]["label"])
