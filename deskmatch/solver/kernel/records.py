"""The kernel's working memory: arrays of records, so that what is used together lies together.

The files of this directory pass these arrays to each other under the names below. Single arrays are passed
rather than a tuple of them, since compiled code counts references to arrays that it takes out of a tuple.

======== ==================================================================================================
price    ``(experts,)`` floats, the price of one unit; inf where an expert has no capacity
asking   ``(tickets,)`` floats, the price of a ticket where experts bid
experts  ``(experts,)`` of `EXPERT`
tickets  ``(tickets,)`` of `TICKET`
seats    ``(units,)`` of `SEAT`: expert j's tickets are at ``experts[j]["first"]`` and after
rows     ``(rows,)`` of `ROW`: the bidding side, tickets or experts, with the shortlists of their arcs
short    ``(rows · LENGTH,)`` of `SHORT`: the shortlists, row r's at ``r · LENGTH`` and after
start    ``(rows + 1,)``, with `column` and `points` ``(arcs,)``: all arcs of the rows
heap     ``(experts + rows,)``  of `HEAP`: see `deskmatch.solver.kernel.heap`
search   ``(1,)`` of `SEARCH`: numbers of the path search under way
======== ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPERT", "HEAP", "LENGTH", "ROW", "SEARCH", "SEAT", "SHORT", "TICKET", "Records", "index"]

Records = NDArray[Any]
"""An array of records; type checkers know no fields."""

index = cast(Callable[[Any], int], np.int64)
"""A 64-bit index, also where compiled: functions would be compiled once more for 32-bit arguments."""

LENGTH = 16
"""Arcs on a shortlist."""

EXPERT = np.dtype(
    [
        ("room", np.float64),  # cost of the next unit, inf where full
        ("saved", np.float64),  # cost of the last unit in use, −inf where none is
        ("distance", np.float64),  # of the shortest path found so far, inf where not reached
        ("via_points", np.float64),  # points of the last arc of that path
        ("via", np.int32),  # the ticket, or expert, at the other end of that arc
        ("lost", np.int32),  # where experts search: the ticket that this one would lose
        ("taken", np.int32),  # units in use
        ("capacity", np.int32),  # at most as many units as the expert has arcs
        ("first", np.int32),  # first seat
        ("reached", np.int32),  # the first experts[0]["reached"], … name the experts reached in this search
        ("settled", np.int32),  # likewise those whose distance is final
    ],
    align=True,
)

TICKET = np.dtype(
    [
        ("hold", np.float64),
        ("points", np.float64),  # of the arc to `expert`
        ("expert", np.int32),  # −1: held
        ("seat", np.int32),
    ],
    align=True,
)

SEAT = np.dtype([("bid", np.float64), ("ticket", np.int32)], align=True)
"""``bid``: what the ticket would pay before it preferred another expert; used in the auction only."""

ROW = np.dtype(
    [
        ("rest", np.float64),  # no arc outside the shortlist is worth more
        ("distance", np.float64),  # in the search: from where the rest of the row is still to be looked at
        ("count", np.int32),  # length of the shortlist, −1: not made yet
    ],
    align=True,
)

SHORT = np.dtype([("value", np.float64), ("points", np.float64), ("column", np.int32)], align=True)
"""An arc on a shortlist; ``value``: its value when the list was made, and an upper bound since."""

HEAP = np.dtype([("key", np.float64), ("node", np.int32), ("place", np.int32)], align=True)

SEARCH = np.dtype(
    [
        ("bound", np.float64),  # length of the best path so far
        ("end_points", np.float64),  # points of its last arc (where experts search)
        ("end", np.int64),  # where it ends
        ("end_via", np.int64),  # the expert before (where experts search)
        ("reached", np.int64),
        ("settled", np.int64),
        ("heap_size", np.int64),
    ],
    align=True,
)
