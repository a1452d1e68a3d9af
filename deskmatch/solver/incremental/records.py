"""The memory of a `Matcher`: arrays of records for tickets, places and arcs, as compiled code sees them.

A *place* is what an arc enters: an expert or a limit. An expert pays slot costs for its units; a limit passes
its units on to the place around it. The files of this directory pass these arrays to each other under the names
below.

========= =================================================================================================
tickets   `TICKET`: who waits or sits where
places    `PLACE`: experts and limits, and what a search knows of them
rows      `ARC`: the arcs by ticket, those of one ticket in one block; ``other`` is the place
columns   `ARC`: the same arcs by place; ``other`` is the ticket
slot_cost ``(places, slots)`` floats; only the lines of experts are read
heap      of `deskmatch.solver.kernel.heap`, one record for each place
search    ``(1,)`` of `SEARCH`: the search under way, and counts
========= =================================================================================================

Kept true between events, for all tickets but the unplaced ones: a ticket sits where points − price is
greatest, if that is not below its hold, and is held otherwise; the price of an expert that uses t units lies
between the costs of units t − 1 and t; the price of a limit is not above that of the place around it while
the limit has room, and not below it while the limit is used. So the assignment is optimal (complementary
slackness), but for the unplaced tickets, which are outside the network until there is room for them.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from deskmatch.solver.kernel.records import Records, index

__all__ = [
    "ARC",
    "FREE",
    "HELD",
    "NOBODY",
    "PLACE",
    "SEARCH",
    "TICKET",
    "UNPLACED",
    "Code",
    "Event",
    "next_handle",
    "retired",
    "where",
]

NOBODY = index(-1)
"""64 bits, as an argument of compiled functions: a literal would have them compiled once more."""
HELD = -1
"""``tickets[i]["place"]`` of a ticket that waits."""
UNPLACED = -2
"""… of a ticket that must be assigned and for which there is no room."""
FREE = -3
"""… of a record that stands for no ticket; ``places[e]["parent"]`` of one that stands for no place."""

TICKET = np.dtype(
    [
        ("value", np.float64),  # points − price where it sits, else its hold; inf outside the network
        ("shift", np.float64),  # added to the points of all its arcs
        ("place", np.int32),  # where it sits, or HELD, UNPLACED, FREE
        ("next", np.int32),  # the tickets of one place are a chain, free records another
        ("previous", np.int32),
        ("start", np.int32),  # its arcs: `count` of them from `start` on, with space for `space`
        ("count", np.int32),
        ("space", np.int32),
        ("points", np.float64),  # of the arc that it sits on, without the shift
        ("hold", np.float64),
        ("handle", np.int64),  # ~handle of the last one where there is no ticket
        ("mark", np.int32),  # a check for duplicates has met it
        ("reached", np.int32),  # it belongs to the tickets that cannot all be placed
    ],
    align=True,
)

PLACE = np.dtype(
    [
        ("price", np.float64),  # of a unit here; inf where there can be none
        ("distance", np.float64),  # of the shortest path found so far, inf where not reached
        ("room", np.float64),  # an expert's cost of the next unit, inf where full; inf for limits
        ("last", np.float64),  # an expert's cost of the last unit used, −inf where idle; −inf for limits
        ("via_points", np.float64),  # points of the arc that led a search here
        ("via_ticket", np.int32),  # the ticket whose move led a search here, −1: no ticket moved
        ("via_place", np.int32),  # the place that led a search here, −1: the search began here
        ("parent", np.int32),  # the place around a limit, −1 for an expert
        ("first_child", np.int32),
        ("sibling", np.int32),  # the next limit in the same place, or the next free record
        ("bound", np.int32),  # capacity of an expert, bound of a limit
        ("used", np.int32),  # tickets here and in the limits inside
        ("seats", np.int32),  # the first ticket that sits right here, −1: none
        ("owner", np.int32),  # the expert
        ("start", np.int32),
        ("count", np.int32),
        ("space", np.int32),
        ("touched", np.int32),  # the first places[0]["touched"], … name the places reached in this search
        ("mark", np.int32),
        ("label", np.float64),  # a price that is being made anew
        ("handle", np.int64),
    ],
    align=True,
)

ARC = np.dtype([("points", np.float64), ("other", np.int32), ("twin", np.int32)], align=True)
"""``twin``: where the same arc is in the other array."""

SEARCH = np.dtype(
    [
        ("bound", np.float64),  # length of the best path so far
        ("end_points", np.float64),
        ("end", np.int64),  # how that path ends: one of the codes in `labels`
        ("end_place", np.int64),
        ("end_ticket", np.int64),
        ("touched", np.int64),
        ("heap_size", np.int64),
        ("searches", np.int64),  # since the prices were last made anew
        ("tickets", np.int64),  # records that were ever used
        ("free_ticket", np.int64),  # the first of those that are free again
        ("places", np.int64),
        ("free_place", np.int64),
        ("rows", np.int64),  # where the next block of arcs goes
        ("columns", np.int64),
        ("unplaced", np.int64),  # how many tickets are
        ("seek_ticket", np.int64),  # a step of an event asks for room for this ticket, −1: none,
        ("seek_place", np.int64),  # or for one unit that this place has too much, −1: none,
        ("lack", np.int64),  # and then for a ticket for a unit that this place uses too much, −1: none
        ("used_before", np.int64),
        ("mark_reached", np.int64),  # 1: the tickets that the next search without success reaches are wanted
        ("wrong", np.int64),  # which entry of the arguments is refused
        ("step", np.int64),  # of the event: how many are done
        ("need", np.int64),  # how many more arcs must fit
    ],
    align=True,
)


class Event(IntEnum):
    """What the kernel is asked to do."""

    ADD_EXPERT = 0
    REMOVE_EXPERT = 1
    SET_BOUND = 2
    SET_SLOT_COST = 3
    ADD_LIMIT = 4
    """The last event of a place; the others are of tickets."""
    ADD_TICKETS = 5
    REMOVE_TICKETS = 6
    SHIFT = 7
    SET_POINTS = 8
    REMOVE_ARC = 9
    SET_HOLD = 10
    PLACE_UNPLACED = 11
    ADOPT = 12
    RENEW_PRICES = 13


class Code(IntEnum):
    """What the kernel answers."""

    DONE = 0
    MORE = 1
    """Within the kernel: the event has further steps."""
    TICKETS_FULL = 2
    PLACES_FULL = 3
    ROWS_FULL = 4
    COLUMNS_FULL = 5
    UNKNOWN_TICKET = 6
    UNKNOWN_PLACE = 7
    DUPLICATE = 8
    TOO_LARGE = 9
    NOT_AN_EXPERT = 10
    NO_ARC = 11


GENERATION = 1 << 32
"""A record that is used again gets its last handle plus this: a handle is a place in the array and an age, so
that it is looked up by its lowest 32 bits, and never comes back."""
LAST_GENERATION = (1 << 31) - 1


def where(records: Records, size: int, handle: int) -> int:
    """The ticket, or place, that has this handle, −1: none has it, or none any more."""
    k = handle & (GENERATION - 1)
    if handle < 0 or k >= size or records[k]["handle"] != handle:
        return NOBODY
    return k


def next_handle(records: Records, k: int) -> int:
    """A new handle for record k, which is free and has been used before."""
    return int(~records[k]["handle"] + GENERATION)


def retired(records: Records, k: int) -> bool:
    """Whether record k, which is free, has had its last handle."""
    return bool((~records[k]["handle"]) // GENERATION >= LAST_GENERATION)
