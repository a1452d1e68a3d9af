"""How many contacts are going on at an instant."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROUNDING_S", "levels_at", "number_at", "steps"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDING_S = 1.0
"""Of the times of a log."""


def levels_at(expert: Integers, begin_s: Floats, end_s: Floats) -> Integers:
    """``(contacts,)`` how many contacts the expert has in hand once each has begun, itself among them.

    What ends within a second of the beginning is over, as logs are rounded.

    Examples
    --------
    >>> levels_at(np.array([0, 0, 0, 1]), np.array([0.0, 5.0, 10.0, 5.0]), np.array([10.0, 50.0, 20.0, 9.0])).tolist()
    [1, 2, 2, 1]
    """
    found = np.zeros(len(expert), np.int64)
    going_on: dict[int, list[float]] = {}
    for row in np.argsort(begin_s, kind="stable").tolist():
        ends = going_on.setdefault(int(expert[row]), [])
        while ends and ends[0] <= begin_s[row] + ROUNDING_S:
            heappop(ends)
        heappush(ends, float(end_s[row]))
        found[row] = len(ends)
    return found


def number_at(time_s: Floats, begin_s: Floats, end_s: Floats) -> Integers:
    """How many spans have begun before each instant and are not over at it."""
    begun = np.searchsorted(np.sort(begin_s), time_s, side="left")
    return np.asarray(begun - np.searchsorted(np.sort(end_s), time_s, side="right"), np.int64)


def steps(begin_s: Floats, end_s: Floats) -> tuple[Floats, Integers]:
    """Instants at which a number of spans changes, and the number from each on."""
    times = np.unique(np.concatenate((begin_s, end_s)))
    begun = np.searchsorted(np.sort(begin_s), times, side="right")
    return times, np.asarray(begun - np.searchsorted(np.sort(end_s), times, side="right"), np.int64)
