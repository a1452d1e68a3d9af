"""The bidding side, tickets or experts: its arcs, and of each row a shortlist of the best few.

A shortlist holds every arc that was worth more than ``rest`` when the list was made (value: points − price of its
column). While prices of columns only rise, values only fall, so that the arcs outside need not be looked at while
something on the list is worth as much as ``rest``. Lists are not sorted: looking through a short one whole is faster
than keeping it in order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .records import Records, index, offset

__all__ = ["LENGTH", "NOBODY", "Arcs", "Rows", "loosen", "make_rows", "mean_difference", "refresh"]

UInt32 = NDArray[np.uint32]
Float64 = NDArray[np.float64]

LENGTH = 32
"""Most arcs on a shortlist; rows with no more have all of them there."""
NOBODY = index(-1)
"""64 bits, as an argument of compiled functions: a literal would have them compiled once more."""
LANES = 16
"""A row is dealt out to so many lanes in turn; the best of each lane say what the list must reach."""
SURE = 13
"""So many lanes have an arc on the list. More are seldom needed, and about 22 arcs come along with them."""


class Arcs(NamedTuple):
    """Arcs by row: those of row r are ``start[r]:start[r + 1]``.

    Parameters
    ----------
    start : ``(rows + 1,)``
    column, points : ``(arcs,)``
    """

    start: UInt32
    column: UInt32
    points: Float64


class Rows(NamedTuple):
    """The bidding side.

    Parameters
    ----------
    start, column, points : its arcs, as in `Arcs`.
    short_column, short_points : ``(rows · LENGTH,)`` the shortlists, row r's at ``r · LENGTH`` and after.
    listed : ``(rows,)`` lengths of the shortlists, −1: not made yet.
    rest : ``(rows,)`` no arc outside the shortlist is worth more.
    distance : ``(rows,)`` in a search: from where the rest of the row is still to be looked at.
    waiting : ``(2 · rows,)`` first those that are to bid; the second half is scratch.
    queued : ``(rows,)`` whether a row is among them; where experts bid.
    values, found, lanes : scratch of `refresh`.
    """

    start: UInt32
    column: UInt32
    points: Float64
    short_column: UInt32
    short_points: Float64
    listed: NDArray[np.int32]
    rest: Float64
    distance: Float64
    waiting: NDArray[np.int32]
    queued: NDArray[np.bool_]
    values: Float64
    found: UInt32
    lanes: Float64


def make_rows(arcs: Arcs, waiting: NDArray[np.int32]) -> Rows:
    """Rows without shortlists."""
    n = len(arcs.start) - 1
    longest = offset(0)
    for row in range(n):
        longest = max(longest, offset(arcs.start[row + 1]) - offset(arcs.start[row]))
    return Rows(
        arcs.start,
        arcs.column,
        arcs.points,
        np.empty(n * LENGTH, np.uint32),
        np.empty(n * LENGTH, np.float64),
        np.full(n, -1, np.int32),
        np.full(n, np.inf, np.float64),
        np.empty(n, np.float64),
        waiting,
        np.zeros(n, np.bool_),
        np.empty(longest, np.float64),
        np.empty(longest + offset(1), np.uint32),
        np.empty(LANES, np.float64),
    )


def refresh(rows: Rows, price: Float64, tickets: Records, row: int, holder: int) -> None:
    """Make the list of `row` anew: its best arcs at these prices of columns.

    Where `holder` is an expert, columns are tickets, and those that it holds are left out.
    """
    base, first = offset(row) * offset(LENGTH), offset(rows.start[offset(row)])
    size = offset(rows.start[offset(row) + offset(1)]) - first
    if size <= offset(LENGTH):
        for k in range(size):
            rows.short_column[base + k] = rows.column[first + k]
            rows.short_points[base + k] = rows.points[first + k]
        rows.rest[row] = -np.inf
        rows.listed[row] = size
        return
    _evaluate(rows, price, first, size)
    if holder >= 0:
        _leave_out(rows, tickets, first, size, holder)
    reach = _surely_reached(rows)
    count = _above(rows, size, reach)
    while count > offset(LENGTH):
        _deal_found(rows, count)
        reach = _surely_reached(rows)
        count = _above_of_found(rows, count, reach)
    for k in range(count):
        arc = first + offset(rows.found[k])
        rows.short_column[base + k] = rows.column[arc]
        rows.short_points[base + k] = rows.points[arc]
    if count < offset(SURE) and reach > -np.inf:
        count = _as_good(rows, base, first, size, count, reach)
    rows.rest[row] = reach
    rows.listed[row] = count


def _evaluate(rows: Rows, price: Float64, first: int, size: int) -> None:
    """Values of a row's arcs, and the best of every lane; in a form that compilers vectorise."""
    for lane in range(offset(LANES)):
        rows.lanes[lane] = -np.inf
    for block in range(size // offset(LANES)):
        at = block * offset(LANES)
        for lane in range(offset(LANES)):
            value = rows.points[first + at + lane] - price[rows.column[first + at + lane]]
            rows.values[at + lane] = value
            rows.lanes[lane] = value if value > rows.lanes[lane] else rows.lanes[lane]
    at = size // offset(LANES) * offset(LANES)
    for lane in range(size - at):
        value = rows.points[first + at + lane] - price[rows.column[first + at + lane]]
        rows.values[at + lane] = value
        rows.lanes[lane] = value if value > rows.lanes[lane] else rows.lanes[lane]


def _leave_out(rows: Rows, tickets: Records, first: int, size: int, holder: int) -> None:
    """Leave out the arcs to tickets that expert `holder` has."""
    for lane in range(offset(LANES)):
        rows.lanes[lane] = -np.inf
    for k in range(size):
        if tickets[rows.column[first + k]]["expert"] == holder:
            rows.values[k] = -np.inf
        lane = k % offset(LANES)
        rows.lanes[lane] = max(rows.lanes[lane], rows.values[k])


def _surely_reached(rows: Rows) -> float:
    """The greatest of the lanes' bests that at least `SURE` of them reach."""
    reach = -np.inf
    for lane in range(offset(LANES)):
        value = rows.lanes[lane]
        reached = 0
        for other in range(offset(LANES)):
            reached += 1 if rows.lanes[other] >= value else 0
        if reached >= SURE and value > reach:
            reach = value
    return float(reach)


def _above(rows: Rows, size: int, reach: float) -> int:
    """Find the arcs worth more than `reach`; returns their number."""
    count = offset(0)
    for k in range(size):
        rows.found[count] = k
        count += offset(1) if rows.values[k] > reach else offset(0)
    return count


def _deal_found(rows: Rows, count: int) -> None:
    """The lanes' bests, of what was found only."""
    for lane in range(offset(LANES)):
        rows.lanes[lane] = -np.inf
    for k in range(count):
        lane = k % offset(LANES)
        rows.lanes[lane] = max(rows.lanes[lane], rows.values[rows.found[k]])


def _above_of_found(rows: Rows, found: int, reach: float) -> int:
    count = offset(0)
    for k in range(found):
        arc = rows.found[k]
        rows.found[count] = arc
        count += offset(1) if rows.values[arc] > reach else offset(0)
    return count


def _as_good(rows: Rows, base: int, first: int, size: int, count: int, reach: float) -> int:
    """Fill a list up with arcs worth just `reach`."""
    for k in range(size):
        if rows.values[k] == reach:
            rows.short_column[base + count] = rows.column[first + k]
            rows.short_points[base + count] = rows.points[first + k]
            count += offset(1)
            if count == offset(SURE):
                break
    return count


def loosen(rows: Rows, by: float) -> None:
    """Keep the lists' bounds true where prices of columns fall by up to `by`."""
    for row in range(len(rows.rest)):
        rows.rest[row] += by


def mean_difference(rows: Rows, price: Float64, sample: int) -> float:
    """Mean difference between neighbours on the shortlists made, rounded down to a power of two; about `sample` rows.

    A power of two, so that whole points stay exact.
    """
    total, count = 0.0, 0
    stride = max(1, len(rows.listed) // sample)
    for row in range(0, len(rows.listed), stride):
        size = rows.listed[row]
        if size > 1:
            best, least = -np.inf, np.inf
            for k in range(row * LENGTH, row * LENGTH + size):
                value = rows.short_points[k] - price[rows.short_column[k]]
                best, least = max(best, value), min(least, value)
            if least > -np.inf:
                total += (best - least) / (size - 1)
                count += 1
    if not 0.0 < total < np.inf:
        return 0.0
    return float(2.0 ** np.floor(np.log2(total / count)))
