"""Rows over the arcs of one expert as nested limits, where they are a forest together with the limits there are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .bound import useful_slots
from .problem import Limits, Problem, limit_owner
from .side import Sense, Side

__all__ = ["ExpertRows", "expert_rows", "with_limits"]

Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ExpertRows:
    """Candidates for limits: sets of arcs of one expert each, of which so many units may be used.

    Parameters
    ----------
    row : ``(sets,)`` the side row of each.
    bound : ``(sets,)`` units, ≥ 0.
    of_set, arc : ``(entries,)`` the arcs of each set, sorted by set.
    """

    row: Int64
    bound: Int64
    of_set: Int64
    arc: Int64


def expert_rows(problem: Problem, side: Side, some: Bool) -> ExpertRows:
    """The hard ≤ rows (or ≥ rows turned round) among `some` that say the same of every unit of an expert's arcs.

    Parameters
    ----------
    problem : without its side.
    side : rows over the arcs of this problem.
    some : ``(rows,)`` rows without extra columns, over the arcs of one expert each.
    """
    filled = np.diff(side.arc_indptr) > 0
    row = np.flatnonzero(some & side.is_hard & filled & (side.sense != Sense.EQUAL))
    sign = np.where(side.sense == Sense.AT_LEAST, -1.0, 1.0)
    usage = np.ones(problem.n_arcs) if problem.usage is None else problem.usage
    per_unit = sign[side.arc_row] * side.arc_value / usage[side.arc]
    starts = side.arc_indptr[:-1][filled]
    least, greatest = np.zeros(side.n_rows), np.zeros(side.n_rows)
    if len(starts):
        least[filled] = np.minimum.reduceat(per_unit, starts)
        greatest[filled] = np.maximum.reduceat(per_unit, starts)
    right = sign * side.rhs
    row = row[(least[row] > 0) & (greatest[row] <= least[row] * (1 + 1e-12)) & (right[row] >= 0)]
    units = np.floor(right[row] / least[row] + 1e-9)
    is_set = np.zeros(side.n_rows, bool)
    is_set[row] = True
    entry = np.flatnonzero(is_set[side.arc_row])
    number = np.cumsum(is_set) - 1
    return ExpertRows(
        row=row,
        bound=np.minimum(units, np.iinfo(np.int32).max).astype(np.int64),
        of_set=number[side.arc_row[entry]],
        arc=side.arc[entry].astype(np.int64),
    )


def with_limits(problem: Problem, rows: ExpertRows) -> tuple[Problem, Int64]:
    """The problem with as many of the rows as nest with its limits and each other, larger sets first.

    Returns
    -------
    The problem, and the side rows that are part of it now.
    """
    if not len(rows.row):
        return problem, rows.row
    sizes = np.bincount(rows.of_set, minlength=len(rows.row))
    owner = problem.expert[rows.arc[np.searchsorted(rows.of_set, np.arange(len(rows.row)))]]
    whole = sizes == np.bincount(problem.expert, minlength=problem.n_experts)[owner]
    capacity = problem.capacity.astype(np.int64)
    np.minimum.at(capacity, owner[whole], rows.bound[whole])
    problem = replace(problem, capacity=capacity.astype(np.int32))
    inner, nested = _nest(problem, rows, owner, np.flatnonzero(~whole & _fits_limits(problem, rows, sizes)))
    problem = problem if inner is None else replace(problem, limits=_binding(problem, inner))
    return problem, rows.row[np.concatenate([np.flatnonzero(whole), nested])]


def _fits_limits(problem: Problem, rows: ExpertRows, sizes: Int64) -> Bool:
    """Whether a set is nested with, or apart from, each limit that there is: ``(sets,)``."""
    limits = problem.limits
    if limits is None or not len(limits.bound):
        return np.ones(len(sizes), bool)
    arcs_inside = np.zeros(len(limits.bound), np.int64)
    fits = np.ones(len(sizes), bool)
    of_set, around = rows.of_set, limits.of_arc[rows.arc].astype(np.int64)
    everywhere = limits.of_arc.astype(np.int64)
    while (inside := everywhere >= 0).any():
        everywhere = everywhere[inside]
        arcs_inside += np.bincount(everywhere, minlength=len(limits.bound))
        everywhere = limits.parent[everywhere].astype(np.int64)
    pairs, common = np.zeros(0, np.int64), np.zeros(0, np.int64)
    while (inside := around >= 0).any():
        of_set, around = of_set[inside], around[inside]
        key, count = np.unique(of_set * len(limits.bound) + around, return_counts=True)
        pairs, common = np.concatenate([pairs, key]), np.concatenate([common, count])
        around = limits.parent[around].astype(np.int64)
    key, group = np.unique(pairs, return_inverse=True)
    shared = np.bincount(group, common, len(key)).astype(np.int64)
    one, limit = np.divmod(key, len(limits.bound))
    fits[one[(shared < sizes[one]) & (shared < arcs_inside[limit])]] = False
    return fits


def _nest(problem: Problem, rows: ExpertRows, owner: NDArray[np.int32], chosen: Int64) -> tuple[Limits | None, Int64]:
    """Limits made of those there are and of the chosen sets, and which of these found a place."""
    old = _sets_of(problem)
    first = len(old.row)
    of_set = np.concatenate([old.of_set, first + rows.of_set])
    arc = np.concatenate([old.arc, rows.arc])
    bound = np.concatenate([old.bound, rows.bound])
    is_wanted = np.ones(len(bound), bool)
    is_wanted[first:] = False
    is_wanted[first + chosen] = True
    sizes = np.bincount(of_set, minlength=len(bound))
    belongs = np.concatenate([problem.expert[old.arc[np.searchsorted(old.of_set, np.arange(first))]], owner])
    of_arc, parent = np.full(problem.n_arcs, -1, np.int64), np.full(len(bound), -1, np.int64)
    for layer in _layers(belongs, sizes, is_wanted):
        entry = np.flatnonzero(layer[of_set])
        around = of_arc[arc[entry]]
        starts = np.flatnonzero(np.append(True, of_set[entry][1:] != of_set[entry][:-1]))
        nests = np.zeros(len(bound), bool)
        one = of_set[entry[starts]]
        nests[one] = np.minimum.reduceat(around, starts) == np.maximum.reduceat(around, starts)
        is_wanted[layer & ~nests] = False
        parent[one] = around[starts]
        placed = entry[nests[of_set[entry]]]
        of_arc[arc[placed]] = of_set[placed]
    nested = np.flatnonzero(is_wanted[first:])
    if not is_wanted.any():
        return None, nested
    number = np.append(np.cumsum(is_wanted) - 1, -1)
    return Limits(
        of_arc=number[of_arc].astype(np.int32),
        bound=bound[is_wanted].astype(np.int32),
        parent=number[parent[is_wanted]].astype(np.int32),
    ), nested


def _layers(expert: NDArray[np.int32], sizes: Int64, wanted: Bool) -> list[Bool]:
    """Masks of sets, one of each expert at most, larger before smaller."""
    index = np.flatnonzero(wanted & (sizes > 0))
    order = index[np.lexsort((index, -sizes[index], expert[index]))]
    begins = np.append(True, expert[order][1:] != expert[order][:-1])
    place = np.arange(len(order)) - np.flatnonzero(begins)[np.cumsum(begins) - 1] if len(order) else order
    layers = []
    for rank in range(int(place.max(initial=-1)) + 1):
        layer = np.zeros(len(sizes), bool)
        layer[order[place == rank]] = True
        layers.append(layer)
    return layers


def _sets_of(problem: Problem) -> ExpertRows:
    """The limits of a problem that have arcs, each as the set of the arcs under it."""
    limits = problem.limits
    if limits is None:
        none = np.zeros(0, np.int64)
        return ExpertRows(row=none, bound=none, of_set=none, arc=none)
    arc, around = np.arange(problem.n_arcs), limits.of_arc.astype(np.int64)
    arcs, sets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    while (inside := around >= 0).any():
        arc, around = arc[inside], around[inside]
        arcs.append(arc)
        sets.append(around)
        around = limits.parent[around].astype(np.int64)
    of_set, arc = np.concatenate(sets), np.concatenate(arcs)
    order = np.argsort(of_set, kind="stable")
    used, number = np.unique(of_set[order], return_inverse=True)
    return ExpertRows(row=used, bound=limits.bound[used].astype(np.int64), of_set=number, arc=arc[order])


def _binding(problem: Problem, limits: Limits) -> Limits | None:
    """The limits without those that allow as much as their arcs and their expert can use anyway."""
    sets = _sets_of(replace(problem, limits=limits))
    usage = np.ones(problem.n_arcs) if problem.usage is None else problem.usage
    units = np.bincount(sets.row[sets.of_set], usage[sets.arc], len(limits.bound))
    owner = limit_owner(limits, problem.expert)
    room = np.where(owner >= 0, useful_slots(problem)[np.maximum(owner, 0)], 0)
    binds = limits.bound < np.minimum(units, room)
    if binds.all():
        return limits
    if not binds.any():
        return None
    heir = np.append(np.arange(len(binds)), -1)  # the nearest limit that binds, from the inside out; −1 stays −1
    while (passed := (heir >= 0) & ~np.append(binds, True)[heir]).any():
        heir[passed] = limits.parent[heir[passed]]
    number = np.append(np.cumsum(binds) - 1, -1)
    return Limits(
        of_arc=number[heir[limits.of_arc]].astype(np.int32),
        bound=limits.bound[binds],
        parent=number[heir[limits.parent[binds]]].astype(np.int32),
    )
