"""Compiled: an assignment that tickets enter and leave one by one, with what it is worth and what it misses.

Capacities and limits are never exceeded. Hard side rows may be missed, and tickets that must be assigned be held; both
count as violation, and answers are compared by violation first, then by points.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Data", "State", "fits", "gain", "is_better", "leave", "place", "state_of"]

Floats = NDArray[np.float64]

SAME = 1e-9
"""Violations that differ by no more than this are the same."""


class Data(NamedTuple):
    """The arrays of `deskmatch.heuristics.packed.Packed`, which says what they are."""

    indptr: Any
    expert: Any
    points: Any
    usage: Any
    limit_of: Any
    limit_bound: Any
    limit_parent: Any
    capacity: Any
    hold: Any
    slot_cost: Any
    entry_start: Any
    entry_row: Any
    entry_value: Any
    row_low: Any
    row_high: Any
    row_penalty: Any
    row_slack: Any
    row_unit: Any


class State(NamedTuple):
    """An assignment and what follows from it.

    ``arc_of`` ``(tickets,)``, −1: held; ``load`` ``(experts,)`` and ``limit_load`` ``(limits,)`` units; ``activity``
    ``(rows,)``; ``first`` ``(experts,)``, ``following`` and ``before`` ``(tickets,)``: the tickets of each expert as a
    chain, −1: none; ``total`` ``(2,)`` violation and points.
    """

    arc_of: Any
    load: Any
    limit_load: Any
    activity: Any
    first: Any
    following: Any
    before: Any
    total: Any


def state_of(data: Data, given: Any) -> State:
    """The state of an assignment; arcs that do not fit are left out, and their tickets held."""
    n, m = len(data.hold), len(data.capacity)
    state = State(
        np.full(n, -1, np.int64),
        np.zeros(m, np.int64),
        np.zeros(len(data.limit_bound), np.int64),
        np.zeros(len(data.row_low), np.float64),
        np.full(m, -1, np.int64),
        np.full(n, -1, np.int64),
        np.full(n, -1, np.int64),
        np.zeros(2, np.float64),
    )
    total = state.total
    for row in range(len(data.row_low)):
        violation, points = row_value(data, row, 0.0)
        total[0] += violation
        total[1] += points
    for ticket in range(n):
        if data.hold[ticket] == -np.inf:
            total[0] += 1.0
        else:
            total[1] += data.hold[ticket]
    for ticket in range(n):
        arc = given[ticket]
        if arc >= 0 and fits(data, state, arc):
            place(data, state, ticket, arc)
    return state


def fits(data: Data, state: State, arc: int) -> bool:
    """Whether the arc's expert, and all limits around the arc, have room for its units."""
    units, expert = data.usage[arc], data.expert[arc]
    if state.load[expert] + units > data.capacity[expert]:
        return False
    limit = data.limit_of[arc]
    while limit >= 0:
        if state.limit_load[limit] + units > data.limit_bound[limit]:
            return False
        limit = data.limit_parent[limit]
    return True


def gain(data: Data, state: State, score: Any, ticket: int, arc: int) -> tuple[float, float]:
    """What assigning a held ticket changes: violation, and points where the arc has this score instead of its own."""
    expert = data.expert[arc]
    violation, points = 0.0, score[arc] - slot_costs(data, expert, state.load[expert], data.usage[arc])
    if data.hold[ticket] == -np.inf:
        violation = -1.0
    else:
        points -= data.hold[ticket]
    for entry in range(data.entry_start[arc], data.entry_start[arc + 1]):
        row = data.entry_row[entry]
        missed, value = row_value(data, row, state.activity[row])
        then_missed, then_value = row_value(data, row, state.activity[row] + data.entry_value[entry])
        violation += then_missed - missed
        points += then_value - value
    return violation, points


def place(data: Data, state: State, ticket: int, arc: int) -> None:
    """Assign a ticket that is held; the arc must fit."""
    expert, units = data.expert[arc], data.usage[arc]
    total = state.total
    if data.hold[ticket] == -np.inf:
        total[0] -= 1.0
    else:
        total[1] -= data.hold[ticket]
    total[1] += data.points[arc] - slot_costs(data, expert, state.load[expert], units)
    state.arc_of[ticket] = arc
    state.load[expert] += units
    limit = data.limit_of[arc]
    while limit >= 0:
        state.limit_load[limit] += units
        limit = data.limit_parent[limit]
    shift_rows(data, state, arc, 1.0)
    head = state.first[expert]
    state.following[ticket] = head
    state.before[ticket] = -1
    if head >= 0:
        state.before[head] = ticket
    state.first[expert] = ticket


def leave(data: Data, state: State, ticket: int) -> int:
    """Hold a ticket that is assigned; its arc until now."""
    arc = state.arc_of[ticket]
    expert, units = data.expert[arc], data.usage[arc]
    total = state.total
    if data.hold[ticket] == -np.inf:
        total[0] += 1.0
    else:
        total[1] += data.hold[ticket]
    state.load[expert] -= units
    total[1] -= data.points[arc] - slot_costs(data, expert, state.load[expert], units)
    state.arc_of[ticket] = -1
    limit = data.limit_of[arc]
    while limit >= 0:
        state.limit_load[limit] -= units
        limit = data.limit_parent[limit]
    shift_rows(data, state, arc, -1.0)
    following, before = state.following[ticket], state.before[ticket]
    if before >= 0:
        state.following[before] = following
    else:
        state.first[expert] = following
    if following >= 0:
        state.before[following] = before
    return int(arc)


def is_better(violation: float, points: float, than_violation: float, than_points: float, step: float) -> bool:
    """Whether violation and points are better than others, by more than rounding."""
    if violation < than_violation - SAME:
        return True
    return violation <= than_violation + SAME and points > than_points + step


def slot_costs(data: Data, expert: int, load: int, units: int) -> float:
    """The cost of an expert's next units."""
    last = data.slot_cost.shape[1] - 1
    cost = 0.0
    slot = load
    while slot < load + units and slot < last:
        cost += data.slot_cost[expert, slot]
        slot += 1
    return float(cost + (load + units - slot) * data.slot_cost[expert, last])


def shift_rows(data: Data, state: State, arc: int, sign: float) -> None:
    """Add an arc to the side rows that it is in, or take it out."""
    total = state.total
    for entry in range(data.entry_start[arc], data.entry_start[arc + 1]):
        row = data.entry_row[entry]
        violation, points = row_value(data, row, state.activity[row])
        state.activity[row] += sign * data.entry_value[entry]
        changed_violation, changed_points = row_value(data, row, state.activity[row])
        total[0] += changed_violation - violation
        total[1] += changed_points - points


def row_value(data: Data, row: int, activity: float) -> tuple[float, float]:
    """The violation and the points of a row whose arcs add up to this."""
    missed = max(activity - data.row_high[row], data.row_low[row] - activity)
    if missed <= data.row_slack[row]:
        return 0.0, 0.0
    if data.row_penalty[row] == np.inf:
        return missed / data.row_unit[row], 0.0
    return 0.0, -data.row_penalty[row] * missed
