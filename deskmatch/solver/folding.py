"""`fold`: side rows that a network can express become part of it, so that what needs no integer program gets none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .extra_columns import row_range
from .limit_folding import expert_rows, with_limits
from .problem import Limits, Problem
from .side import Sense, Side, row_sums

__all__ = ["Folded", "RowFate", "charges", "fold", "misses", "simplified"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

TOLERANCE = 1e-9
"""A row that is missed by this share of its right side, at least 1, is kept."""


class RowFate(IntEnum):
    """What became of a side row."""

    ROW = 0
    """Still a row: what makes the problem more than a network."""
    FILTER = 1
    """Hard, over the arcs of one ticket: arcs taken out, or the ticket must be assigned."""
    CHARGE = 2
    """Soft, over the arcs of one ticket: points taken off arcs and off holding the ticket."""
    LIMIT = 3
    """Hard, over the arcs of one expert, nested with the expert's other limits: a limit or a smaller capacity."""
    BOUND = 4
    """Hard, over one extra column: a bound of that column."""
    SLACK = 5
    """No assignment can miss it."""


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A problem with the same answers and fewer side rows.

    Parameters
    ----------
    problem : with the rows of fate ROW and the extra columns that these name.
    kept : ``(kept arcs,)`` the arc of the original problem that each arc is.
    fate : ``(rows,)`` what became of each side row, a `RowFate` each.
    columns : ``(kept columns,)`` the extra column of the original problem that each column is.
    charged : how the rows of fate CHARGE came into the points; see `off_arcs`.
    """

    problem: Problem
    kept: Int64
    fate: NDArray[np.int8]
    columns: Int64
    charged: tuple[tuple[Problem, Side, Bool, Int64], ...] = ()

    def off_arcs(self, rows: Bool) -> Float64:
        """What some of the rows of fate CHARGE took off the points of each kept arc: ``(kept arcs,)``.

        Parameters
        ----------
        rows : ``(rows,)`` of the original problem.
        """
        size = int(self.kept.max(initial=-1)) + 1
        off = np.zeros(size)
        for problem, side, of_pass, arcs in self.charged:
            here = arcs < size
            off[arcs[here]] += charges(problem, side, of_pass & rows)[0][here]
        return off[self.kept]


def fold(problem: Problem) -> Folded:
    """Fold the side rows that a network can express into arcs, holds, capacities and limits.

    Every assignment of the folded problem is one of the original problem, with the same total, and the optima are the
    same: rows over the arcs of one ticket decide, whatever else happens, what each of its arcs and its hold are worth;
    hard ≤ rows over the arcs of one expert with one value per unit are limits, and where they are nested with the other
    limits of the expert, the problem stays a network; rows that no assignment can miss say nothing.

    Examples
    --------
    >>> side = Side.from_matrix([[1, 0, 0], [0, 1, 1]], ["<=", "<="], [0, 1])
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 1], 1.0, capacity=2, side=side)
    >>> folded = fold(problem)
    >>> folded.problem, folded.fate.tolist()
    (Problem(2 tickets, 2 experts, 2 arcs), [1, 3])
    """
    side = problem.side
    if side is None:
        return Folded(problem, np.arange(problem.n_arcs), np.zeros(0, np.int8), np.arange(0))
    fate = np.zeros(side.n_rows, np.int8)
    side, bounds = simplified(side)
    fate[bounds] = RowFate.BOUND
    network, kept = replace(problem, side=side), np.arange(problem.n_arcs)
    charged: list[tuple[Problem, Side, Bool, Int64]] = []
    while True:  # arcs that are taken out leave rows with a single ticket's arcs
        before, over, were_charged = network, side, fate == RowFate.CHARGE
        network, side, arcs = _without_ticket_rows(network, side, fate)
        now_charged = (fate == RowFate.CHARGE) & ~were_charged
        if now_charged.any():
            charged.append((before, over, now_charged, kept))
        if len(arcs) == len(kept):
            break
        kept = kept[arcs]
    network, nested = with_limits(network, expert_rows(network, side, _is_of_one(side, network.expert) & _left(fate)))
    fate[nested] = RowFate.LIMIT
    side, columns = _rest(side, _left(fate))
    return Folded(replace(network, side=side), kept, fate, columns, tuple(charged))


def _left(fate: NDArray[np.int8]) -> Bool:
    """Which rows are rows still."""
    return np.asarray(fate == RowFate.ROW, bool)


def _without_ticket_rows(problem: Problem, side: Side, fate: NDArray[np.int8]) -> tuple[Problem, Side, Int64]:
    """Rows over single tickets as part of the problem; `fate` learns what became of rows.

    Returns
    -------
    The problem, the rows over its arcs, and which of the arcs it kept.
    """
    fate[_is_slack(problem, side) & _left(fate)] = RowFate.SLACK
    rows = _is_of_one(side, problem.ticket) & _left(fate)
    fate[rows] = np.where(side.is_hard[rows], RowFate.FILTER, RowFate.CHARGE)
    keep, must = _filters(problem, side, rows & side.is_hard)
    off_arc, off_hold = charges(problem, side, rows & ~side.is_hard)
    points, hold = problem.points - off_arc, np.where(must, -np.inf, problem.hold - off_hold)
    arcs = np.flatnonzero(keep)
    network = _without_side(problem, arcs, points, hold)
    if len(arcs) == problem.n_arcs:
        return network, side, arcs
    side = _over(side, keep)
    return replace(network, side=side), side, arcs


def misses(sense: NDArray[np.int8], rhs: Float64, activity: Float64) -> Float64:
    """By how much a row with this left side is missed, elementwise; 0 where it is kept, rounding aside."""
    over = activity - rhs
    missed = np.maximum(np.where(sense == Sense.AT_LEAST, -over, over), np.where(sense == Sense.EQUAL, -over, 0.0))
    return np.where(missed > TOLERANCE * np.maximum(1.0, np.abs(rhs)), missed, 0.0)


def _is_slack(problem: Problem, side: Side) -> Bool:
    """Which rows over arcs alone no choice of one arc a ticket can miss: ``(rows,)``."""
    least, greatest = row_range(problem, side.lower, side.upper)
    missed = np.maximum(misses(side.sense, side.rhs, least), misses(side.sense, side.rhs, greatest))
    return np.asarray((np.diff(side.extra_indptr) == 0) & (missed == 0.0), bool)


def _is_of_one(side: Side, of_arc: NDArray[np.int32]) -> Bool:
    """Which rows are over the arcs, at least one, of a single ticket or expert, and nothing else: ``(rows,)``."""
    values = of_arc[side.arc]
    filled = np.diff(side.arc_indptr) > 0
    same = np.asarray(filled & (np.diff(side.extra_indptr) == 0), bool)
    starts = side.arc_indptr[:-1][filled]
    if len(starts):
        same[filled] &= np.minimum.reduceat(values, starts) == np.maximum.reduceat(values, starts)
    return same


def _filters(problem: Problem, side: Side, rows: Bool) -> tuple[Bool, Bool]:
    """Which arcs the hard rows of single tickets leave, and which tickets must be assigned for them."""
    entry = np.flatnonzero(rows[side.arc_row])
    row, arc = side.arc_row[entry], side.arc[entry]
    missed = misses(side.sense[row], side.rhs[row], side.arc_value[entry]) > 0
    missed_held = misses(side.sense, side.rhs, np.zeros(side.n_rows)) > 0
    asked = np.flatnonzero(rows & missed_held)
    ticket_of = problem.ticket[side.arc[side.arc_indptr[asked]]]
    wanted = np.bincount(ticket_of, minlength=problem.n_tickets)
    met = np.bincount(arc[missed_held[row] & ~missed], minlength=problem.n_arcs)
    keep = met >= wanted[problem.ticket]
    keep[arc[missed]] = False
    return keep, wanted > 0


def charges(problem: Problem, side: Side, rows: Bool) -> tuple[Float64, Float64]:
    """What the penalties of soft rows over single tickets take off each arc, and off holding each ticket.

    Parameters
    ----------
    problem : has the arcs.
    side : rows over them.
    rows : ``(rows,)`` which rows to charge; each is soft and over the arcs of one ticket.

    Returns
    -------
    ``(arcs,)`` and ``(tickets,)`` points.
    """
    some = np.flatnonzero(rows)
    if not len(some):
        return np.zeros(problem.n_arcs), np.zeros(problem.n_tickets)
    entry = np.flatnonzero(rows[side.arc_row])
    row, arc = side.arc_row[entry], side.arc[entry]
    held = np.zeros(side.n_rows)
    held[some] = side.penalty[some] * misses(side.sense[some], side.rhs[some], np.zeros(len(some)))
    taken = side.penalty[row] * misses(side.sense[row], side.rhs[row], side.arc_value[entry])
    ticket_of = problem.ticket[side.arc[side.arc_indptr[some]]]
    off_hold = row_sums(ticket_of, held[some], problem.n_tickets)
    return off_hold[problem.ticket] + row_sums(arc, taken - held[row], problem.n_arcs), off_hold


def _over(side: Side, keep: Bool) -> Side:
    """The same rows over the arcs that are kept, numbered anew."""
    stays = keep[side.arc]
    number = np.cumsum(keep) - 1
    lengths = row_sums(side.arc_row, stays.astype(np.float64), side.n_rows).astype(np.int64)
    return replace(
        side,
        arc=number[side.arc[stays]].astype(np.int32),
        arc_value=side.arc_value[stays],
        arc_indptr=np.cumsum(np.append(0, lengths)).astype(np.int32),
    )


def simplified(side: Side) -> tuple[Side, Int64]:
    """The same rows over fewer columns: hard rows over one column alone are its bounds, and fixed columns are numbers.

    Returns
    -------
    The rows, and which of them are bounds now.
    """
    side, bounds = _with_bounds(side)
    return _without_fixed(side), bounds


def _with_bounds(side: Side) -> tuple[Side, Int64]:
    """The bounds of the extra columns, tightened by hard rows over one column alone, and which rows these are."""
    single = side.is_hard & (np.diff(side.arc_indptr) == 0) & (np.diff(side.extra_indptr) == 1)
    row = np.flatnonzero(single)
    row = row[side.extra_value[side.extra_indptr[row]] != 0]
    if not len(row):
        return side, row
    value, column = side.extra_value[side.extra_indptr[row]], side.extra[side.extra_indptr[row]]
    end = side.rhs[row] / value
    is_equal = side.sense[row] == Sense.EQUAL
    is_upper = (value > 0) == (side.sense[row] == Sense.AT_MOST)
    lower, upper = side.lower.copy(), side.upper.copy()
    np.minimum.at(upper, column[is_equal | is_upper], end[is_equal | is_upper])
    np.maximum.at(lower, column[is_equal | ~is_upper], end[is_equal | ~is_upper])
    if (lower > upper).any():  # contradictory: left to the solver, which says so
        return side, row[:0]
    return replace(side, lower=lower, upper=upper), row


def _without_fixed(side: Side) -> Side:
    """The same rows with the extra columns that can have one value only brought to the right side."""
    fixed = side.lower == side.upper
    out = fixed[side.extra]
    if not out.any():
        return side
    moved = row_sums(side.extra_row[out], side.extra_value[out] * side.lower[side.extra[out]], side.n_rows)
    return replace(side, rhs=side.rhs - moved, **_columns(side, ~fixed))


def _columns(side: Side, wanted: Bool) -> dict[str, Any]:
    """The entries of the extra columns that are wanted."""
    stays = wanted[side.extra]
    lengths = row_sums(side.extra_row, stays.astype(np.float64), side.n_rows).astype(np.int32)
    return {
        "extra": side.extra[stays],
        "extra_value": side.extra_value[stays],
        "extra_indptr": np.cumsum(np.append(0, lengths)).astype(np.int32),
    }


def _without_side(problem: Problem, arcs: Int64, points: Float64, hold: Float64) -> Problem:
    """The problem on some of its arcs."""
    if len(arcs) == problem.n_arcs:
        return replace(problem, side=None, points=points, hold=hold)
    counts = np.bincount(problem.ticket[arcs], minlength=problem.n_tickets)
    limits = problem.limits
    return replace(
        problem,
        indptr=np.cumsum(np.append(0, counts)).astype(np.int32),
        expert=problem.expert[arcs],
        points=points[arcs],
        hold=hold,
        limits=None if limits is None else Limits(limits.of_arc[arcs], limits.bound, limits.parent),
        usage=None if problem.usage is None else problem.usage[arcs],
        side=None,
    )


def _rest(side: Side, rows: Bool) -> tuple[Side | None, Int64]:
    """The rows that are left, with the extra columns that they name or that have points of their own."""
    left = side.kept(rows)
    wanted = side.extra_points != 0
    wanted[left.extra[left.extra_value != 0]] = True
    columns = np.flatnonzero(wanted)
    if left.n_rows + len(columns) == 0:
        return None, columns
    number = (np.cumsum(wanted) - 1).astype(np.int32)
    entries = _columns(left, wanted)
    names = ("lower", "upper", "extra_points")
    changed = entries | {"extra": number[entries["extra"]]} | {name: getattr(side, name)[columns] for name in names}
    return replace(left, **changed), columns
