"""Events of experts and limits, step by step: each step moves one unit and says what path is wanted.

A step that answers MORE has asked for room for a unit that a place has too much (``seek_place``), or for a
ticket for one that it uses too much (``lack``), and the kernel finds it before the next step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.kernel.records import Records, index
from deskmatch.solver.problem import LARGEST

from .arcs import add_arc, drop_arc, space_for, take_block
from .records import FREE, NOBODY, Code, next_handle, retired, where
from .seats import change_used, next_inside, renew_costs, set_price

__all__ = ["add_expert", "add_limit", "check_arcs_of_expert", "close", "free_expert", "set_bound", "set_slot_cost"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


def check_arcs_of_expert(tickets: Records, search: Records, ids: Int64, values: Float64) -> int:
    """Refuse points that are too large or nan; the tickets are checked already."""
    for k in range(len(ids)):
        shift = tickets[where(tickets, search[0]["tickets"], ids[k])]["shift"]
        if not (abs(values[k]) <= LARGEST and abs(values[k] + shift) <= LARGEST):
            search[0]["wrong"] = k
            return Code.TOO_LARGE
    return Code.DONE


def add_expert(
    tickets: Records,
    places: Records,
    rows: Records,
    columns: Records,
    slot_cost: Float64,
    search: Records,
    ids: Int64,
    values: Float64,
    costs: Float64,
    made: Int64,
) -> int:
    """Add an expert without capacity, with arcs of these points from the tickets `ids`."""
    if search[0]["free_place"] < 0 and search[0]["places"] == len(places):
        return Code.PLACES_FULL
    search[0]["need"] = len(ids)
    if search[0]["columns"] + search[0]["need"] > len(columns):
        return Code.COLUMNS_FULL
    search[0]["need"] = 0
    for k in range(len(ids)):
        search[0]["need"] += space_for(tickets, where(tickets, search[0]["tickets"], ids[k]))
    if search[0]["rows"] + search[0]["need"] > len(rows):
        return Code.ROWS_FULL
    e = _new_place(places, search, NOBODY)
    made[0] = places[e]["handle"]
    search[0]["columns"] = take_block(places, e, index(search[0]["columns"]), index(len(ids)))
    for k in range(len(ids)):
        i = where(tickets, search[0]["tickets"], ids[k])
        add_arc(tickets, places, rows, columns, search, i, e, values[k])
    _set_costs(slot_cost, e, costs)
    return Code.DONE


def add_limit(places: Records, search: Records, around: int, bound: int, made: Int64) -> int:
    """Add a limit without arcs inside the place `around`."""
    if search[0]["free_place"] < 0 and search[0]["places"] == len(places):
        return Code.PLACES_FULL
    e = _new_place(places, search, around)
    made[0] = places[e]["handle"]
    places[e]["bound"] = bound
    places[e]["price"] = places[around]["price"] if bound > 0 else np.inf
    return Code.DONE


def _new_place(places: Records, search: Records, around: int) -> int:
    """A place with neither arcs nor room; its price is inf."""
    e = index(search[0]["free_place"])
    if e >= 0:
        search[0]["free_place"] = places[e]["sibling"]
        places[e]["handle"] = next_handle(places, e)
    else:
        e = index(search[0]["places"])
        search[0]["places"] += 1
        places[e]["handle"] = e
    places[e]["parent"] = around
    places[e]["owner"] = e if around < 0 else places[around]["owner"]
    places[e]["first_child"] = NOBODY
    places[e]["sibling"] = NOBODY
    if around >= 0:
        places[e]["sibling"] = places[around]["first_child"]
        places[around]["first_child"] = e
    places[e]["seats"] = NOBODY
    places[e]["bound"] = 0
    places[e]["used"] = 0
    places[e]["count"] = 0
    places[e]["space"] = 0
    places[e]["room"] = np.inf
    places[e]["last"] = -np.inf
    places[e]["price"] = np.inf
    return e


def free_expert(tickets: Records, places: Records, rows: Records, columns: Records, search: Records, e: int) -> None:
    """Expert e, who has no tickets any more, goes with its limits, innermost first, and all their arcs."""
    inner = e
    while True:
        while places[inner]["first_child"] >= 0:
            inner = index(places[inner]["first_child"])
        above, sibling = index(places[inner]["parent"]), index(places[inner]["sibling"])
        _free_place(tickets, places, rows, columns, search, inner)
        if inner == e:
            return
        places[above]["first_child"] = sibling
        inner = above


def _free_place(tickets: Records, places: Records, rows: Records, columns: Records, search: Records, e: int) -> None:
    first, count = index(places[e]["start"]), index(places[e]["count"])
    for arc in range(first + count - 1, first - 1, -1):
        drop_arc(tickets, places, rows, columns, index(columns[arc]["twin"]))
    places[e]["parent"] = FREE
    places[e]["handle"] = ~places[e]["handle"]
    if not retired(places, e):
        places[e]["sibling"] = search[0]["free_place"]
        search[0]["free_place"] = e


def set_bound(
    tickets: Records, places: Records, columns: Records, slot_cost: Float64, search: Records, e: int, bound: int
) -> int:
    """Give an expert a new capacity, or a limit a new bound, and move its units one by one."""
    above = index(places[e]["parent"])
    if search[0]["step"] == 0:
        places[e]["bound"] = bound
        renew_costs(places, slot_cost, e)
        if bound > 0 and places[e]["price"] == np.inf and (above < 0 or places[above]["price"] < np.inf):
            _open(tickets, places, columns, e)
        search[0]["step"] = 1
    if places[e]["used"] > bound:
        change_used(places, slot_cost, e, index(-1))
        search[0]["seek_place"] = e
        search[0]["lack"] = above
        return Code.MORE
    if bound == 0:
        close(places, e)
        return Code.DONE
    return _use_slots(places, slot_cost, search, e) if above < 0 else _use_limit(tickets, places, search, e, above)


def _use_slots(places: Records, slot_cost: Float64, search: Records, e: int) -> int:
    """Expert e takes a further unit if it is worth more than it costs."""
    if places[e]["price"] > places[e]["room"]:
        change_used(places, slot_cost, e, index(1))
        search[0]["lack"] = e
        return Code.MORE
    return Code.DONE


def _use_limit(tickets: Records, places: Records, search: Records, e: int, above: int) -> int:
    """Limit e, which is full no longer, passes on a further unit if it is worth more here than around."""
    if search[0]["step"] == 2 and places[e]["used"] == search[0]["used_before"]:
        set_price(tickets, places, e, places[above]["price"])
    if places[e]["used"] < places[e]["bound"] and places[e]["price"] > places[above]["price"]:
        search[0]["used_before"] = places[e]["used"]
        places[e]["used"] += 1
        search[0]["seek_place"] = above
        search[0]["lack"] = e
        search[0]["step"] = 2
        return Code.MORE
    return Code.DONE


def _open(tickets: Records, places: Records, columns: Records, top: int) -> None:
    """Price a place that had no room, and what is inside it, so that no ticket wants to go there yet."""
    e = top
    while e >= 0:
        reachable = e == top or places[places[e]["parent"]]["price"] < np.inf
        places[e]["price"] = -np.inf if reachable and places[e]["bound"] > 0 else np.inf
        e = next_inside(places, top, e)
    e = top
    while e >= 0:
        if places[e]["price"] < np.inf:
            _ask(places, top, e, _greatest_offer(tickets, places, columns, e))
        e = next_inside(places, top, e)
    places[top]["price"] = max(places[top]["price"], _least_price(places, top))
    e = top
    while e >= 0:
        if places[e]["price"] == -np.inf:
            places[e]["price"] = places[places[e]["parent"]]["price"]
        e = next_inside(places, top, e)


def _least_price(places: Records, e: int) -> float:
    """What an idle expert's first unit costs; for a limit, nothing unless nobody wants it."""
    if places[e]["parent"] < 0:
        return float(places[e]["room"])
    return float(places[places[e]["parent"]]["price"]) if places[e]["price"] == -np.inf else -np.inf


def _ask(places: Records, top: int, e: int, price: float) -> None:
    """Place e and those around it, up to `top`, cost at least so much."""
    while True:
        places[e]["price"] = max(places[e]["price"], price)
        if e == top:
            return
        e = index(places[e]["parent"])


def _greatest_offer(tickets: Records, places: Records, columns: Records, e: int) -> float:
    """The most that a ticket would pay for a unit at place e."""
    best = -np.inf
    first = index(places[e]["start"])
    for arc in range(first, first + places[e]["count"]):
        i = index(columns[arc]["other"])
        best = max(best, (columns[arc]["points"] + tickets[i]["shift"]) - tickets[i]["value"])
    return best


def close(places: Records, top: int) -> None:
    """Nothing may go to a place without room, nor to what is inside it."""
    e = top
    while e >= 0:
        places[e]["price"] = np.inf
        e = next_inside(places, top, e)


def set_slot_cost(places: Records, slot_cost: Float64, search: Records, e: int, costs: Float64) -> int:
    """Give expert e new costs of its units, which do not fall, and move its units one by one."""
    if search[0]["step"] == 0:
        _set_costs(slot_cost, e, costs)
        renew_costs(places, slot_cost, e)
        if places[e]["bound"] == 0:
            return Code.DONE
        search[0]["step"] = 1
    if search[0]["step"] == 1 and places[e]["price"] < places[e]["last"]:
        change_used(places, slot_cost, e, index(-1))
        search[0]["seek_place"] = e
        return Code.MORE
    search[0]["step"] = 2
    code = _use_slots(places, slot_cost, search, e)
    if code == Code.DONE and places[e]["used"] == 0:
        places[e]["price"] = max(places[e]["price"], places[e]["room"])
    return code


def _set_costs(slot_cost: Float64, e: int, costs: Float64) -> None:
    for unit in range(slot_cost.shape[1]):
        slot_cost[e, unit] = costs[min(unit, len(costs) - 1)]
