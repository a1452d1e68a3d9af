"""Events of tickets, step by step: each step changes one ticket and says what path is wanted.

A step that answers MORE has asked for room for a ticket (``seek_ticket``) or for a ticket for a unit
(``lack``), and the kernel finds it before the next step (`deskmatch.solver.incremental.entry`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.kernel.records import Records, index
from deskmatch.solver.problem import LARGEST

from .arcs import add_arc, drop_arc, find_arc, space_for, take_block
from .records import FREE, HELD, UNPLACED, Code, next_handle, retired, where
from .room import worth
from .seats import hold_ticket, unseat

__all__ = [
    "add_ticket",
    "check_arcs_of_tickets",
    "check_shift",
    "check_tickets",
    "place_ticket",
    "remove_arc",
    "remove_ticket",
    "set_hold",
    "set_points",
    "shift_ticket",
]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

DIGITS = 1024.0
"""A shift that falls below this share of what it was may uncover digits that it had swallowed: all arcs of the
ticket are compared again."""

SURELY_FITS = 1e130
"""A shift below this does not carry points over `LARGEST`, where a unit in the last place is 1e134."""


# Checks, before anything is changed; ``wrong`` is the entry that is refused.


def check_tickets(tickets: Records, search: Records, ids: Int64) -> int:
    """Refuse handles that are unknown or occur twice."""
    code = index(Code.DONE)
    met = 0
    while met < len(ids):
        i = where(tickets, search[0]["tickets"], ids[met])
        if i < 0:
            code = index(Code.UNKNOWN_TICKET)
        elif tickets[i]["mark"]:
            code = index(Code.DUPLICATE)
        if code != Code.DONE:
            break
        tickets[i]["mark"] = 1
        met += 1
    search[0]["wrong"] = met
    for k in range(met):
        tickets[where(tickets, search[0]["tickets"], ids[k])]["mark"] = 0
    return code


def check_arcs_of_tickets(places: Records, search: Records, starts: Int64, ids: Int64, values: Float64) -> int:
    """Refuse unknown places, two arcs of a ticket to one expert, and points that are too large or nan."""
    code = index(Code.DONE)
    for t in range(len(starts) - 1):
        met = starts[t]
        while met < starts[t + 1]:
            e = where(places, search[0]["places"], ids[met])
            if e < 0:
                code = index(Code.UNKNOWN_PLACE)
            elif not abs(values[met]) <= LARGEST:
                code = index(Code.TOO_LARGE)
            elif places[places[e]["owner"]]["mark"]:
                code = index(Code.DUPLICATE)
            if code != Code.DONE:
                break
            places[places[e]["owner"]]["mark"] = 1
            met += 1
        search[0]["wrong"] = met
        for k in range(starts[t], met):
            places[places[where(places, search[0]["places"], ids[k])]["owner"]]["mark"] = 0
        if code != Code.DONE:
            break
    return code


def check_shift(tickets: Records, rows: Records, search: Records, everyone: bool, ids: Int64, values: Float64) -> int:
    """Refuse amounts that are nan or carry points over `LARGEST`."""
    for k in range(search[0]["tickets"] if everyone else len(ids)):
        i = index(k) if everyone else where(tickets, search[0]["tickets"], ids[k])
        shift = tickets[i]["shift"] + values[k if len(values) > 1 else 0]
        if not (abs(shift) < SURELY_FITS or _fits(tickets, rows, i, shift)):
            search[0]["wrong"] = k
            return Code.TOO_LARGE
    return Code.DONE


def _fits(tickets: Records, rows: Records, i: int, shift: float) -> bool:
    """Whether no points of ticket i exceed `LARGEST` with this shift."""
    first = index(tickets[i]["start"])
    fits = abs(shift) <= LARGEST
    for arc in range(first, first + tickets[i]["count"]):
        fits = fits and abs(rows[arc]["points"] + shift) <= LARGEST
    return fits


# Steps.


def add_ticket(
    tickets: Records,
    places: Records,
    rows: Records,
    columns: Records,
    search: Records,
    starts: Int64,
    ids: Int64,
    values: Float64,
    holds: Float64,
    made: Int64,
) -> int:
    """Add the next ticket t, with the arcs ``starts[t]:starts[t + 1]`` to the places `ids`, and look for room."""
    t = index(search[0]["step"])
    if t == len(holds):
        return Code.DONE
    code = _check_space(tickets, places, rows, columns, search, ids, starts[t], starts[t + 1])
    if code != Code.DONE:
        return code
    i = _new_ticket(tickets, search)
    made[t] = tickets[i]["handle"]
    tickets[i]["hold"] = holds[t]
    search[0]["rows"] = take_block(tickets, i, index(search[0]["rows"]), starts[t + 1] - starts[t])
    for arc in range(starts[t], starts[t + 1]):
        e = where(places, search[0]["places"], ids[arc])
        add_arc(tickets, places, rows, columns, search, i, e, values[arc])
    search[0]["seek_ticket"] = i
    search[0]["step"] = t + 1
    return Code.MORE


def _check_space(
    tickets: Records,
    places: Records,
    rows: Records,
    columns: Records,
    search: Records,
    ids: Int64,
    first: int,
    last: int,
) -> int:
    """Whether one more ticket with these arcs fits."""
    if search[0]["free_ticket"] < 0 and search[0]["tickets"] == len(tickets):
        return Code.TICKETS_FULL
    search[0]["need"] = last - first
    if search[0]["rows"] + search[0]["need"] > len(rows):
        return Code.ROWS_FULL
    search[0]["need"] = 0
    for k in range(first, last):
        search[0]["need"] += space_for(places, where(places, search[0]["places"], ids[k]))
    if search[0]["columns"] + search[0]["need"] > len(columns):
        return Code.COLUMNS_FULL
    return Code.DONE


def _new_ticket(tickets: Records, search: Records) -> int:
    i = index(search[0]["free_ticket"])
    if i >= 0:
        search[0]["free_ticket"] = tickets[i]["next"]
        tickets[i]["handle"] = next_handle(tickets, i)
    else:
        i = index(search[0]["tickets"])
        search[0]["tickets"] += 1
        tickets[i]["handle"] = i
    return i


def remove_ticket(
    tickets: Records, places: Records, rows: Records, columns: Records, search: Records, ids: Int64
) -> int:
    """Remove the next ticket; its place then lacks one."""
    k = index(search[0]["step"])
    if k == len(ids):
        return Code.DONE
    i = where(tickets, search[0]["tickets"], ids[k])
    _leave(tickets, places, search, i)
    first = index(tickets[i]["start"])
    for arc in range(first + tickets[i]["count"] - 1, first - 1, -1):
        drop_arc(tickets, places, rows, columns, index(arc))
    tickets[i]["shift"] = 0.0
    tickets[i]["handle"] = ~tickets[i]["handle"]
    if not retired(tickets, i):
        tickets[i]["next"] = search[0]["free_ticket"]
        search[0]["free_ticket"] = i
    search[0]["step"] = k + 1
    return Code.MORE


def _leave(tickets: Records, places: Records, search: Records, i: int) -> None:
    """Ticket i leaves the network; the place that it had lacks a ticket."""
    e = index(tickets[i]["place"])
    if e >= 0:
        unseat(tickets, places, i)
        search[0]["lack"] = e
    elif e == UNPLACED:
        search[0]["unplaced"] -= 1
    tickets[i]["place"] = FREE
    tickets[i]["value"] = np.inf


def shift_ticket(
    tickets: Records, places: Records, rows: Records, search: Records, everyone: bool, ids: Int64, values: Float64
) -> int:
    """Add ``values[k]``, or the one value, to the points of ticket after ticket, up to one that has to move.

    Assigned tickets only have to be compared with their hold, held ones with all.
    """
    size = index(search[0]["tickets"]) if everyone else len(ids)
    for k in range(search[0]["step"], size):
        i = index(k) if everyone else where(tickets, search[0]["tickets"], ids[k])
        before, e = tickets[i]["shift"], index(tickets[i]["place"])
        if e == FREE:
            continue
        shift = before + values[k if len(values) > 1 else 0]
        tickets[i]["shift"] = shift
        suspect = abs(before) > DIGITS * abs(shift)
        if e >= 0:
            tickets[i]["value"] = (tickets[i]["points"] + shift) - places[e]["price"]
            suspect = suspect or tickets[i]["value"] < tickets[i]["hold"]
        if e >= HELD and (suspect or (e == HELD and shift > before)) and _moves(tickets, places, rows, search, i):
            search[0]["step"] = k + 1
            return Code.MORE
    return Code.DONE


def set_points(
    tickets: Records,
    places: Records,
    rows: Records,
    columns: Records,
    search: Records,
    i: int,
    e: int,
    points: float,
) -> int:
    """Give ticket i an arc of so many points to place e, instead of the one to that expert if it has one."""
    if search[0]["step"] > 0:
        return Code.DONE
    if not (abs(points) <= LARGEST and abs(points + tickets[i]["shift"]) <= LARGEST):
        return Code.TOO_LARGE
    arc = find_arc(tickets, rows, places, i, index(places[e]["owner"]))
    if arc >= 0 and rows[arc]["other"] == e:
        rows[arc]["points"] = points
        columns[rows[arc]["twin"]]["points"] = points
        if tickets[i]["place"] == e:
            tickets[i]["points"] = points
            tickets[i]["value"] = (points + tickets[i]["shift"]) - places[e]["price"]
    else:
        search[0]["need"] = space_for(tickets, i)
        if search[0]["rows"] + search[0]["need"] > len(rows):
            return Code.ROWS_FULL
        search[0]["need"] = space_for(places, e)
        if search[0]["columns"] + search[0]["need"] > len(columns):
            return Code.COLUMNS_FULL
        if arc >= 0:
            _drop(tickets, places, rows, columns, search, i, arc)
        add_arc(tickets, places, rows, columns, search, i, e, points)
    search[0]["step"] = 1
    if search[0]["seek_ticket"] < 0:
        _moves(tickets, places, rows, search, i)
    return Code.MORE


def remove_arc(
    tickets: Records, places: Records, rows: Records, columns: Records, search: Records, i: int, e: int
) -> int:
    """Remove the arc of ticket i to the expert of place e."""
    if search[0]["step"] > 0:
        return Code.DONE
    arc = find_arc(tickets, rows, places, i, index(places[e]["owner"]))
    if arc < 0:
        return Code.NO_ARC
    _drop(tickets, places, rows, columns, search, i, arc)
    search[0]["step"] = 1
    return Code.MORE


def _drop(
    tickets: Records, places: Records, rows: Records, columns: Records, search: Records, i: int, arc: int
) -> None:
    """Remove an arc of ticket i; if it sits there, it has to move."""
    if tickets[i]["place"] == rows[arc]["other"]:
        _leave(tickets, places, search, i)
        search[0]["seek_ticket"] = i
    drop_arc(tickets, places, rows, columns, arc)


def set_hold(tickets: Records, places: Records, rows: Records, search: Records, i: int, hold: float) -> int:
    """Give ticket i a new hold, finite or −inf; the caller has checked it."""
    if search[0]["step"] > 0:
        return Code.DONE
    tickets[i]["hold"] = hold
    if tickets[i]["place"] == UNPLACED and hold > -np.inf:
        search[0]["unplaced"] -= 1
        hold_ticket(tickets, i)
    elif tickets[i]["place"] == HELD:
        hold_ticket(tickets, i)
    search[0]["step"] = 1
    _moves(tickets, places, rows, search, i)
    return Code.MORE


def _moves(tickets: Records, places: Records, rows: Records, search: Records, i: int) -> bool:
    """Whether ticket i could get more than it does; it leaves its place then, and looks for room.

    The place that it leaves lacks a unit, so that the path may well end there.
    """
    if tickets[i]["place"] == UNPLACED:
        return False
    best = worth(tickets, places, rows, i)
    if tickets[i]["value"] >= best and best > -np.inf:
        return False
    _leave(tickets, places, search, i)
    search[0]["seek_ticket"] = i
    return True


def place_ticket(tickets: Records, places: Records, search: Records) -> int:
    """Look for room for the next unplaced ticket; those that the first one without room reaches get marked.

    The marked tickets all must be assigned, and all but that one fill every unit that any of them could have:
    they are an inclusion-minimal set of tickets that cannot all be assigned (Hall 1935).
    """
    if search[0]["step"] == 0:
        search[0]["mark_reached"] = 1
        for i in range(search[0]["tickets"]):
            tickets[i]["reached"] = 0
    for k in range(search[0]["step"], search[0]["tickets"]):
        if tickets[k]["place"] == UNPLACED:
            _leave(tickets, places, search, index(k))
            search[0]["seek_ticket"] = k
            search[0]["step"] = k + 1
            return Code.MORE
    return Code.DONE
