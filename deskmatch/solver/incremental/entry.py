"""The kernel of `deskmatch.solver.matcher`: one event, and the shortest paths that make it exact again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel
from deskmatch.solver.kernel.records import HEAP, Records, index

from .labels import AT_OPENING, AT_SLOT, NOWHERE
from .places import (
    add_expert,
    add_limit,
    check_arcs_of_expert,
    close,
    free_expert,
    set_bound,
    set_slot_cost,
)
from .prices import renew_prices
from .records import ARC, HELD, NOBODY, PLACE, SEARCH, TICKET, UNPLACED, Code, Event, where
from .room import find_room, follow_room
from .seats import hold_ticket, park, renew_costs, seat, set_price
from .supply import find_ticket, follow_ticket
from .tickets import (
    add_ticket,
    check_arcs_of_tickets,
    check_shift,
    check_tickets,
    place_ticket,
    remove_arc,
    remove_ticket,
    set_hold,
    set_points,
    shift_ticket,
)

__all__ = ["RENEWAL", "apply_event"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
Bytes = NDArray[np.uint8]

RENEWAL = 1024
"""Searches after which the prices are made anew: each search adds a rounding or two to a price, so that they
stay well within the tolerance of certificates, 1e-12, and it costs about as much as ten searches."""


@kernel(
    "int64",
    "int64",
    "int64",
    "float64",
    "int64[:]",
    "float64[:]",
    "int64[:]",
    "float64[:]",
    "out int64[:]",
    "out uint8[:]",
    "out uint8[:]",
    "out uint8[:]",
    "out uint8[:]",
    "out float64[:, :]",
    "out uint8[:]",
    "out uint8[:]",
)
def apply_event(
    event: int,
    subject: int,
    other: int,
    number: float,
    ids: Int64,
    values: Float64,
    starts: Int64,
    holds: Float64,
    made: Int64,
    ticket_bytes: Bytes,
    place_bytes: Bytes,
    row_bytes: Bytes,
    column_bytes: Bytes,
    slot_cost: Float64,
    heap_bytes: Bytes,
    search_bytes: Bytes,
) -> int:
    """Apply one event to the memory described in `deskmatch.solver.incremental.records`.

    An event is a sequence of steps; each changes something small and names the paths that make the assignment
    optimal again. What the first arguments mean depends on the event; see the functions of the steps. Arguments are
    checked before anything is changed. The answer is a `Code`; where it says that an array is full, the caller
    makes that larger and asks again.
    """
    tickets, places = ticket_bytes.view(TICKET), place_bytes.view(PLACE)
    rows, columns = row_bytes.view(ARC), column_bytes.view(ARC)
    heap, search = heap_bytes.view(HEAP), search_bytes.view(SEARCH)
    search[0]["mark_reached"] = 0
    search[0]["step"] = 0
    if event == Event.ADOPT:
        _adopt(tickets, places, slot_cost, search, ids, values, holds)
    if event == Event.ADOPT or event == Event.RENEW_PRICES:
        renew_prices(tickets, places, rows, heap, search)
        return Code.DONE
    if event == Event.ADD_TICKETS and other > 0:
        search[0]["step"] = other
    else:
        code = _check(tickets, places, rows, search, event, subject, other, ids, values, starts)
        if code != Code.DONE:
            return code
    while True:
        search[0]["seek_ticket"] = search[0]["seek_place"] = search[0]["lack"] = NOBODY
        if event <= Event.ADD_LIMIT:
            code = _step_of_place(
                tickets, places, rows, columns, slot_cost, search, event, subject, other, ids, values, holds, made
            )
        else:
            code = _step_of_ticket(
                tickets,
                places,
                rows,
                columns,
                search,
                event,
                subject,
                other,
                number,
                ids,
                values,
                starts,
                holds,
                made,
            )
        if code != Code.MORE:
            break
        _restore(tickets, places, rows, columns, slot_cost, heap, search)
    if search[0]["searches"] >= RENEWAL:
        renew_prices(tickets, places, rows, heap, search)
    return code


def _check(
    tickets: Records,
    places: Records,
    rows: Records,
    search: Records,
    event: int,
    subject: int,
    other: int,
    ids: Int64,
    values: Float64,
    starts: Int64,
) -> int:
    """Refuse handles that are unknown or of the wrong kind, and points that are no numbers or too large."""
    if event == Event.ADD_TICKETS:
        return check_arcs_of_tickets(places, search, starts, ids, values)
    if event == Event.PLACE_UNPLACED:
        return Code.DONE
    if event == Event.REMOVE_TICKETS or event == Event.SHIFT or event == Event.ADD_EXPERT:
        code = check_tickets(tickets, search, ids)
        if code == Code.DONE and event == Event.SHIFT:
            code = check_shift(tickets, rows, search, other == 1, ids, values)
        if code == Code.DONE and event == Event.ADD_EXPERT:
            code = check_arcs_of_expert(tickets, search, ids, values)
        return code
    of_place = event <= Event.ADD_LIMIT
    if not of_place and where(tickets, search[0]["tickets"], subject) < 0:
        return Code.UNKNOWN_TICKET
    if event == Event.SET_HOLD:
        return Code.DONE
    e = where(places, search[0]["places"], subject if of_place else other)
    if e < 0:
        return Code.UNKNOWN_PLACE
    if (event == Event.REMOVE_EXPERT or event == Event.SET_SLOT_COST) and places[e]["parent"] >= 0:
        return Code.NOT_AN_EXPERT
    return Code.DONE


def _step_of_place(
    tickets: Records,
    places: Records,
    rows: Records,
    columns: Records,
    slot_cost: Float64,
    search: Records,
    event: int,
    subject: int,
    other: int,
    ids: Int64,
    values: Float64,
    holds: Float64,
    made: Int64,
) -> int:
    """The next step of an event of an expert or a limit."""
    if event == Event.ADD_EXPERT:
        if search[0]["step"] == 0:
            code = add_expert(tickets, places, rows, columns, slot_cost, search, ids, values, holds, made)
            if code != Code.DONE:
                return code
        subject = made[0]
    e = where(places, search[0]["places"], subject)
    if event == Event.ADD_LIMIT:
        return add_limit(places, search, e, other, made)
    if event == Event.SET_SLOT_COST:
        return set_slot_cost(places, slot_cost, search, e, values)
    code = set_bound(tickets, places, columns, slot_cost, search, e, other)
    if code == Code.DONE and event == Event.REMOVE_EXPERT:
        free_expert(tickets, places, rows, columns, search, e)
    return code


def _step_of_ticket(
    tickets: Records,
    places: Records,
    rows: Records,
    columns: Records,
    search: Records,
    event: int,
    subject: int,
    other: int,
    number: float,
    ids: Int64,
    values: Float64,
    starts: Int64,
    holds: Float64,
    made: Int64,
) -> int:
    """The next step of an event of one or more tickets."""
    if event == Event.ADD_TICKETS:
        return add_ticket(tickets, places, rows, columns, search, starts, ids, values, holds, made)
    if event == Event.REMOVE_TICKETS:
        return remove_ticket(tickets, places, rows, columns, search, ids)
    if event == Event.SHIFT:
        return shift_ticket(tickets, places, rows, search, other == 1, ids, values)
    if event == Event.PLACE_UNPLACED:
        return place_ticket(tickets, places, search)
    i = where(tickets, search[0]["tickets"], subject)
    if event == Event.SET_HOLD:
        return set_hold(tickets, places, rows, search, i, number)
    e = where(places, search[0]["places"], other)
    if event == Event.SET_POINTS:
        return set_points(tickets, places, rows, columns, search, i, e, number)
    return remove_arc(tickets, places, rows, columns, search, i, e)


def _restore(
    tickets: Records,
    places: Records,
    rows: Records,
    columns: Records,
    slot_cost: Float64,
    heap: Records,
    search: Records,
) -> None:
    """Find the paths that a step asks for: room for a ticket or a unit first, then a ticket for what is lacking.

    The first path may end where a unit is lacking; then there is no second. A ticket that must be assigned and
    finds no room is left out of the network; for a unit, some ticket of its place is.
    """
    i, e = index(search[0]["seek_ticket"]), index(search[0]["seek_place"])
    if i >= 0 or e >= 0:
        find_room(tickets, places, rows, heap, search, i, e, index(search[0]["lack"]))
        if search[0]["end"] == NOWHERE:
            _leave_out(tickets, places, slot_cost, search, i, e)
        follow_room(tickets, places, slot_cost, search)
        if search[0]["end"] == AT_OPENING:
            search[0]["lack"] = NOBODY
        elif search[0]["end"] == AT_SLOT and search[0]["end_place"] == e:
            set_price(tickets, places, e, places[e]["last"])
    e = index(search[0]["lack"])
    if e >= 0:
        find_ticket(tickets, places, columns, heap, search, e)
        follow_ticket(tickets, places, slot_cost, search)
        if search[0]["end"] == AT_SLOT and search[0]["end_place"] == e:
            set_price(tickets, places, e, places[e]["room"])


def _leave_out(tickets: Records, places: Records, slot_cost: Float64, search: Records, i: int, e: int) -> None:
    """No room: ticket i stays out of the network, or some ticket of place e leaves it."""
    if i < 0:
        park(tickets, places, slot_cost, search, e)
        return
    tickets[i]["place"] = UNPLACED
    search[0]["unplaced"] += 1
    if search[0]["mark_reached"] == 0:
        return
    search[0]["mark_reached"] = 0
    tickets[i]["reached"] = 1
    for k in range(search[0]["touched"]):
        seated = index(places[places[k]["touched"]]["seats"])
        while seated >= 0:
            tickets[seated]["reached"] = 1
            seated = index(tickets[seated]["next"])


def _adopt(
    tickets: Records,
    places: Records,
    slot_cost: Float64,
    search: Records,
    ids: Int64,
    values: Float64,
    prices: Float64,
) -> None:
    """Take over an assignment: ticket i sits at place ``ids[i]`` (HELD, UNPLACED, FREE) on an arc of
    ``values[i]`` points; `prices` of places come near to proving it."""
    for e in range(search[0]["places"]):
        places[e]["seats"] = NOBODY
        places[e]["used"] = 0
        places[e]["price"] = prices[e]
    for e in range(search[0]["places"]):
        if places[e]["bound"] == 0:
            close(places, e)
    search[0]["unplaced"] = 0
    for i in range(search[0]["tickets"]):
        e = index(ids[i])
        tickets[i]["place"] = e
        tickets[i]["value"] = np.inf
        if e == UNPLACED:
            search[0]["unplaced"] += 1
        elif e == HELD:
            hold_ticket(tickets, i)
        elif e >= 0:
            seat(tickets, places, i, e, values[i])
            while e >= 0:
                places[e]["used"] += 1
                e = index(places[e]["parent"])
    for e in range(search[0]["places"]):
        renew_costs(places, slot_cost, e)
