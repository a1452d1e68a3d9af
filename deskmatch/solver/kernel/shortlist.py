"""Shortlists: the best few arcs of each row at the prices of the moment, sorted, the rest known by a bound.

While prices of columns only rise, an arc's value (points − price of its column) only falls, so that what the
list said of it when it was made remains an upper bound. A scan of the list may stop as soon as the bounds fall
below what it looks for, and the arcs outside need not be looked at while `rest` is below it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .records import LENGTH, ROW, SHORT, Records

__all__ = ["make_rows", "make_short", "mean_difference", "refresh"]


def make_rows(n: int) -> Records:
    """Rows without shortlists."""
    rows = np.empty(n, ROW)
    for k in range(n):
        rows[k]["count"] = -1
        rows[k]["rest"] = np.inf
    return rows


def make_short(n: int) -> Records:
    """Room for the shortlists of `n` rows."""
    return np.empty(n * LENGTH, SHORT)


def refresh(
    rows: Records,
    short: Records,
    start: NDArray[np.int32],
    column: NDArray[np.int32],
    points: NDArray[np.float64],
    price: NDArray[np.float64],
    row: int,
    tickets: Records,
    holder: int,
) -> None:
    """Make the list of `row` anew: its best arcs at these prices of columns, by falling value.

    Where `holder` is an expert, columns are tickets, and those that it holds are left out.
    """
    base = row * LENGTH
    size = 0
    rest, least = -np.inf, -np.inf
    for arc in range(start[row], start[row + 1]):
        at = column[arc]
        if holder >= 0 and tickets[at]["expert"] == holder:
            continue
        value = points[arc] - price[at]
        if size < LENGTH:
            _put(short, base + size, at, points[arc], value)
            size += 1
            if size == LENGTH:
                for k in range(LENGTH // 2 - 1, -1, -1):
                    _sift(short, base, k, LENGTH)
                least = short[base]["value"]
        elif value > least:
            rest = max(rest, least)
            _put(short, base, at, points[arc], value)
            _sift(short, base, 0, LENGTH)
            least = short[base]["value"]
        else:
            rest = max(rest, value)
    if size < LENGTH:
        for k in range(size // 2 - 1, -1, -1):
            _sift(short, base, k, size)
    for end in range(size - 1, 0, -1):
        worst, points_of, value = short[base]["column"], short[base]["points"], short[base]["value"]
        _copy(short, base, base + end)
        _put(short, base + end, worst, points_of, value)
        _sift(short, base, 0, end)
    rows[row]["rest"] = rest
    rows[row]["count"] = size


def mean_difference(rows: Records, short: Records, sample: int) -> float:
    """Mean difference between neighbours on the shortlists made, rounded down to a power of two; about `sample` rows.

    A power of two, so that whole points stay exact.
    """
    total, count = 0.0, 0
    stride = max(1, len(rows) // sample)
    for row in range(0, len(rows), stride):
        size = rows[row]["count"]
        base = row * LENGTH
        if size > 1 and short[base + size - 1]["value"] > -np.inf:
            total += (short[base]["value"] - short[base + size - 1]["value"]) / (size - 1)
            count += 1
    if not 0.0 < total < np.inf:
        return 0.0
    return float(2.0 ** np.floor(np.log2(total / count)))


def _sift(short: Records, base: int, k: int, size: int) -> None:
    """Restore the heap (least value on top) below position k."""
    column, points, value = short[base + k]["column"], short[base + k]["points"], short[base + k]["value"]
    while True:
        below = 2 * k + 1
        if below >= size:
            break
        if below + 1 < size and short[base + below + 1]["value"] < short[base + below]["value"]:
            below += 1
        if short[base + below]["value"] >= value:
            break
        _copy(short, base + k, base + below)
        k = below
    _put(short, base + k, column, points, value)


def _copy(short: Records, to: int, source: int) -> None:
    _put(short, to, short[source]["column"], short[source]["points"], short[source]["value"])


def _put(short: Records, at: int, column: int, points: float, value: float) -> None:
    short[at]["column"] = column
    short[at]["points"] = points
    short[at]["value"] = value
