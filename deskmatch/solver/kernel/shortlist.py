"""Shortlists: the best few arcs of each row at the prices of the moment, sorted, the rest known by a bound.

While prices of columns only rise, an arc's value (points − price of its column) only falls, so that what the
list said of it when it was made remains an upper bound. A scan of the list may stop as soon as the bounds fall
below what it looks for, and the arcs outside need not be looked at while `rest` is below it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .records import LENGTH, ROW, SHORT, Records, index

__all__ = ["loosen", "make_rows", "make_short", "mean_difference", "refresh"]

BLOCKS = 2 * LENGTH
"""A long row is first looked through by blocks, whose best arcs say what is not worth sorting in."""
LONG = 6 * LENGTH
"""From so many arcs on that pays."""


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
    first, last = index(start[row]), index(start[row + 1])
    least = -np.inf
    if holder < 0 and last - first > LONG:
        least = _surely_reached(short, base, column, points, price, first, last)
    size, others = 0, 0
    for arc in range(first, last):
        value = points[arc] - price[column[arc]]
        others += 1
        if value < least:
            continue
        if holder >= 0 and tickets[column[arc]]["expert"] == holder:
            others -= 1
            continue
        if size < LENGTH:
            _insert(short, base, size, value, arc)
            size += 1
        elif value > least:
            _insert(short, base, LENGTH - 1, value, arc)
        if size == LENGTH:
            least = short[base + LENGTH - 1]["value"]
    for k in range(base, base + size):
        arc = short[k]["column"]
        short[k]["points"] = points[arc]
        short[k]["column"] = column[arc]
    rows[row]["rest"] = least if others > size else -np.inf
    rows[row]["count"] = size


def _surely_reached(
    short: Records,
    base: int,
    column: NDArray[np.int32],
    points: NDArray[np.float64],
    price: NDArray[np.float64],
    first: int,
    last: int,
) -> float:
    """A value that at least `LENGTH` of the arcs reach: of the best ones of `BLOCKS` blocks, the `LENGTH`-th."""
    width = (last - first) // BLOCKS
    for block in range(BLOCKS):
        best = -np.inf
        for arc in range(first + block * width, first + (block + 1) * width):
            best = max(best, points[arc] - price[column[arc]])
        if block < LENGTH:
            _insert(short, base, block, best, 0)
        elif best > short[base + LENGTH - 1]["value"]:
            _insert(short, base, LENGTH - 1, best, 0)
    return float(short[base + LENGTH - 1]["value"])


def _insert(short: Records, base: int, k: int, value: float, arc: int) -> None:
    """Put an arc into a list of k others, sorted by falling value; the arc's number stands for its column."""
    k += base
    while k > base and short[k - 1]["value"] < value:
        short[k]["value"] = short[k - 1]["value"]
        short[k]["column"] = short[k - 1]["column"]
        k -= 1
    short[k]["value"] = value
    short[k]["column"] = arc


def loosen(rows: Records, short: Records, by: float) -> None:
    """Keep the lists' bounds true where prices of columns fall by up to `by`."""
    for row in range(len(rows)):
        rows[row]["rest"] += by
        base = row * LENGTH
        for k in range(base, base + rows[row]["count"]):
            short[k]["value"] += by


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
