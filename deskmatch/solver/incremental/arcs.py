"""Arcs that come and go: each is kept by ticket and by place, and both know where the other is.

The arcs of one ticket, or of one place, lie together in a block. A block that is full moves to the end of the
array; what it leaves is used again when the array is packed (`deskmatch.solver.incremental.storage`).
"""

from __future__ import annotations

from deskmatch.solver.kernel.records import Records, index

from .records import NOBODY

__all__ = ["add_arc", "drop_arc", "find_arc", "space_for", "take_block"]


def space_for(owners: Records, k: int) -> int:
    """How many entries at the end of the array one more arc of ticket, or place, k takes."""
    space = index(owners[k]["space"])
    return 0 if owners[k]["count"] < space else 2 * space + 4


def take_block(owners: Records, k: int, end: int, space: int) -> int:
    """Give ticket, or place, k an empty block at `end`; returns the new end."""
    owners[k]["start"] = end
    owners[k]["count"] = 0
    owners[k]["space"] = space
    return end + space


def add_arc(
    tickets: Records, places: Records, rows: Records, columns: Records, search: Records, i: int, e: int, points: float
) -> None:
    """Put the arc from ticket i to place e into both arrays, which have space (`space_for`)."""
    search[0]["rows"] = _make_space(tickets, i, rows, columns, index(search[0]["rows"]))
    search[0]["columns"] = _make_space(places, e, columns, rows, index(search[0]["columns"]))
    row = index(tickets[i]["start"] + tickets[i]["count"])
    column = index(places[e]["start"] + places[e]["count"])
    tickets[i]["count"] += 1
    places[e]["count"] += 1
    _set(rows, row, points, e, column)
    _set(columns, column, points, i, row)


def find_arc(tickets: Records, rows: Records, places: Records, i: int, owner: int) -> int:
    """Where in `rows` the arc of ticket i to this expert or one of its limits is, −1: there is none."""
    first = index(tickets[i]["start"])
    for arc in range(first, first + tickets[i]["count"]):
        if places[rows[arc]["other"]]["owner"] == owner:
            return index(arc)
    return NOBODY


def drop_arc(tickets: Records, places: Records, rows: Records, columns: Records, row: int) -> None:
    """Remove the arc at `row` of `rows`, and its twin."""
    column = index(rows[row]["twin"])
    e, i = index(rows[row]["other"]), index(columns[column]["other"])
    _close_gap(tickets, i, rows, columns, row)
    _close_gap(places, e, columns, rows, column)


def _make_space(owners: Records, k: int, arcs: Records, twins: Records, end: int) -> int:
    """Move a full block to the end of the array; returns the new end."""
    more = space_for(owners, k)
    if more == 0:
        return end
    start, count = index(owners[k]["start"]), index(owners[k]["count"])
    after = take_block(owners, k, end, more)
    owners[k]["count"] = count
    for step in range(count):
        _move(arcs, twins, start + step, end + step)
    return after


def _close_gap(owners: Records, k: int, arcs: Records, twins: Records, at: int) -> None:
    """The last arc of the block goes where one is taken out."""
    owners[k]["count"] -= 1
    last = index(owners[k]["start"] + owners[k]["count"])
    if at != last:
        _move(arcs, twins, last, at)


def _move(arcs: Records, twins: Records, source: int, target: int) -> None:
    twin = index(arcs[source]["twin"])
    _set(arcs, target, arcs[source]["points"], index(arcs[source]["other"]), twin)
    twins[twin]["twin"] = target


def _set(arcs: Records, at: int, points: float, other: int, twin: int) -> None:
    arcs[at]["points"] = points
    arcs[at]["other"] = other
    arcs[at]["twin"] = twin
