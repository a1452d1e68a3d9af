"""The kernel's working memory: arrays of records, so that what is used together lies together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXPERT", "HEAP", "SEARCH", "SEAT", "TICKET", "Records", "index", "offset"]

Records = NDArray[Any]
"""An array of records; type checkers know no fields."""

index = cast(Callable[[Any], int], np.int64)
"""A 64-bit index, also where compiled: functions would be compiled once more for 32-bit arguments."""

offset = cast(Callable[[Any], int], np.uint64)
"""An index that is surely not negative, so that compiled code need not ask; never mixed with other integers."""

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

HEAP = np.dtype([("key", np.float64), ("node", np.int32), ("place", np.int32)], align=True)
"""See `deskmatch.solver.kernel.heap`."""

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
"""The path search under way."""
