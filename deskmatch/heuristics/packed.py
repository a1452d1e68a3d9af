"""`Packed`: a problem as the flat arrays that the compiled heuristics work on, side rows by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.extra_columns import extra_activity, extra_boxes
from deskmatch.solver.problem import Problem
from deskmatch.solver.side import Sense, Side, row_sums

__all__ = ["Packed"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

SLACK = 1e-10
"""A side row counts as kept when missed by this share of its right side, at least 1: less than `certify` allows."""


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The arrays of a problem, with defaults filled in.

    Where rows have extra columns, an arc may use all that the columns can give within their boxes, each row by itself;
    or, with given columns, what these give.

    Parameters
    ----------
    problem : what it is made of.
    usage, limit_of : ``(arcs,)`` units, innermost limit.
    limit_bound, limit_parent : ``(limits,)``.
    entry_start, entry_row, entry_value : ``(arcs + 1,)``, ``(entries,)``, ``(entries,)`` the side rows of each arc.
    row_low, row_high : ``(rows,)`` between which the arcs' part of a row must lie.
    row_penalty, row_slack, row_unit : ``(rows,)`` points per unit missed (inf: hard), what is forgiven, and its largest
        coefficient, in which misses of hard rows are counted.
    """

    problem: Problem
    usage: Int32
    limit_of: Int32
    limit_bound: Int32
    limit_parent: Int32
    entry_start: Int64
    entry_row: Int32
    entry_value: Float64
    row_low: Float64
    row_high: Float64
    row_penalty: Float64
    row_slack: Float64
    row_unit: Float64

    @classmethod
    def of(cls, problem: Problem, extra: Float64 | None = None) -> Packed:
        """The arrays of a problem.

        Parameters
        ----------
        problem : the problem.
        extra : ``(extra,)`` values at which the extra columns are fixed; None: they are free within their boxes.
        """
        limits, none = problem.limits, np.zeros(0, dtype=np.int32)
        return cls(
            problem=problem,
            usage=np.ones(problem.n_arcs, dtype=np.int32) if problem.usage is None else problem.usage,
            limit_of=np.full(problem.n_arcs, -1, dtype=np.int32) if limits is None else limits.of_arc,
            limit_bound=none if limits is None else limits.bound,
            limit_parent=none if limits is None else limits.parent,
            **_rows(problem, extra),
        )

    @property
    def arrays(self) -> tuple[Any, ...]:
        """The arguments that every compiled heuristic takes first."""
        problem = self.problem
        return (
            problem.indptr,
            problem.expert,
            problem.points,
            self.usage,
            self.limit_of,
            self.limit_bound,
            self.limit_parent,
            problem.capacity,
            problem.hold,
            problem.slot_cost,
            self.entry_start,
            self.entry_row,
            self.entry_value,
            self.row_low,
            self.row_high,
            self.row_penalty,
            self.row_slack,
            self.row_unit,
        )

    @property
    def step(self) -> float:
        """Points below which a change is rounding: 1e-10 of the largest of the problem."""
        problem = self.problem
        finite = problem.hold[np.isfinite(problem.hold)]
        largest = max(np.abs(problem.points).max(initial=0.0), np.abs(finite).max(initial=0.0))
        return float(max(largest, np.abs(problem.slot_cost).max(initial=0.0)) * 1e-10)


def _rows(problem: Problem, extra: Float64 | None) -> dict[str, Any]:
    side = problem.side
    if side is None:
        empty = np.zeros(0)
        names = ("entry_value", "row_low", "row_high", "row_penalty", "row_slack", "row_unit")
        entries = {"entry_start": np.zeros(problem.n_arcs + 1, dtype=np.int64), "entry_row": np.zeros(0, np.int32)}
        return entries | dict.fromkeys(names, empty)
    order = np.argsort(side.arc, kind="stable")
    start = np.zeros(problem.n_arcs + 1, dtype=np.int64)
    np.cumsum(np.bincount(side.arc, minlength=problem.n_arcs), out=start[1:])
    least, greatest = _extra_range(problem, side, extra)
    unit = np.zeros(side.n_rows)
    np.maximum.at(unit, side.arc_row, np.abs(side.arc_value))
    return {
        "entry_start": start,
        "entry_row": side.arc_row[order].astype(np.int32),
        "entry_value": side.arc_value[order],
        "row_low": np.where(side.sense == Sense.AT_MOST, -np.inf, side.rhs - greatest),
        "row_high": np.where(side.sense == Sense.AT_LEAST, np.inf, side.rhs - least),
        "row_penalty": side.penalty,
        "row_slack": SLACK * np.maximum(1.0, np.abs(side.rhs)),
        "row_unit": np.where(unit > 0, unit, 1.0),
    }


def _extra_range(problem: Problem, side: Side, extra: Float64 | None) -> tuple[Float64, Float64]:
    """The least and greatest that the extra columns can add to each row: ``(rows,)`` each."""
    if side.n_extra == 0:
        return np.zeros(side.n_rows), np.zeros(side.n_rows)
    if extra is not None:
        given = extra_activity(side, extra)
        return given, given
    lower, upper = extra_boxes(problem)
    value, zero = side.extra_value, np.zeros(len(side.extra))
    ends = [np.multiply(value, end[side.extra], out=zero.copy(), where=value != 0) for end in (lower, upper)]
    least, greatest = np.minimum(*ends), np.maximum(*ends)
    return row_sums(side.extra_row, least, side.n_rows), row_sums(side.extra_row, greatest, side.n_rows)
