"""`Side`: rows over arcs, and continuous columns beside them, that make a problem more than a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ProblemError
from deskmatch.frozen import Frozen, read_only

from .checking import LARGEST, broadcast, floats, integers, refuse

__all__ = ["Sense", "Side", "row_sums"]

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

LARGEST_COEFFICIENT = 1e100
"""Largest magnitude of coefficients, right-hand sides and finite bounds: times the largest price, sums stay finite."""


class Sense(IntEnum):
    """How the left side of a row relates to its right side."""

    AT_MOST = -1
    EQUAL = 0
    AT_LEAST = 1


_SENSES: dict[object, Sense] = {"<=": Sense.AT_MOST, "=": Sense.EQUAL, "==": Sense.EQUAL, ">=": Sense.AT_LEAST}
_SENSES |= {sense: sense for sense in Sense}


@dataclass(frozen=True, slots=True, eq=False)
class Side(Frozen):
    """Rows Σ_a A[r, a]·x_a + Σ_k E[r, k]·e_k  ≤, = or ≥  rhs_r, over the arcs x ∈ {0, 1} and extra columns e.

    A row is hard, or soft: then each unit by which it is missed costs its penalty in points. The extra columns lie
    within their bounds and add Σ_k extra_points_k·e_k to the points. Give them finite bounds where there are any
    known: they make the bounds that prices prove.

    Use `Side.from_matrix`; the constructor takes compressed rows.

    Parameters
    ----------
    arc_indptr, arc, arc_value : ``(rows + 1,)``, ``(entries,)``, ``(entries,)``: A as compressed rows; no arc twice in
        a row.
    extra_indptr, extra, extra_value : E, likewise.
    sense : ``(rows,)`` int8, a `Sense` each.
    rhs : ``(rows,)``.
    penalty : ``(rows,)`` points per unit, ≥ 0; +inf: the row is hard.
    lower, upper : ``(extra,)`` bounds of the extra columns; may be infinite.
    extra_points : ``(extra,)`` points per unit of the extra columns.

    Raises
    ------
    ProblemError
        Names the array, the index and what would be accepted.
    """

    arc_indptr: Int32
    arc: Int32
    arc_value: Float64
    extra_indptr: Int32
    extra: Int32
    extra_value: Float64
    sense: NDArray[np.int8]
    rhs: Float64
    penalty: Float64
    lower: Float64
    upper: Float64
    extra_points: Float64

    def __post_init__(self) -> None:
        rhs = floats("side.rhs", self.rhs)
        extra_points = floats("side.extra_points", self.extra_points)
        rows, columns = (len(rhs),), (len(extra_points),)
        sense = integers("side.sense", self.sense, shape=rows)
        refuse("side.sense", sense, np.abs(sense) > 1, "−1 (≤), 0 (=) or 1 (≥)")
        self._set(
            sense=read_only(sense, np.int8),
            rhs=rhs,
            penalty=floats("side.penalty", self.penalty, shape=rows),
            lower=floats("side.lower", self.lower, shape=columns),
            upper=floats("side.upper", self.upper, shape=columns),
            extra_points=extra_points,
        )
        for part in ("arc", "extra"):
            indptr, index, value = _compressed(part, *(getattr(self, name) for name in _names(part)), rows=rows[0])
            self._set(**dict(zip(_names(part), (indptr, index, value), strict=True)))
        self._check()

    def _check(self) -> None:
        finite = f"a finite number of magnitude at most {LARGEST_COEFFICIENT:g}"
        for name in ("arc_value", "extra_value", "rhs"):
            values = getattr(self, name)
            refuse(f"side.{name}", values, ~(np.abs(values) <= LARGEST_COEFFICIENT), finite)
        points = self.extra_points
        refuse("side.extra_points", points, ~(np.abs(points) <= LARGEST), f"a magnitude of at most {LARGEST:g}")
        penalty = self.penalty
        fits = ((penalty >= 0) & (penalty <= LARGEST)) | (penalty == np.inf)
        refuse("side.penalty", penalty, ~fits, f"points ≥ 0 per unit, at most {LARGEST:g}, or inf: hard")
        for name, infinite in (("lower", -np.inf), ("upper", np.inf)):
            bound = getattr(self, name)
            fits = (np.abs(bound) <= LARGEST_COEFFICIENT) | (bound == infinite)
            refuse(f"side.{name}", bound, ~fits, f"{finite}, or {infinite}")
        refuse("side.upper", self.upper, self.upper < self.lower, "a number that is not below the lower bound")
        refuse("side.extra", self.extra, self.extra >= self.n_extra, f"a column from 0 to {self.n_extra - 1}")

    @classmethod
    def from_matrix(
        cls,
        over_arcs: Any,
        sense: str | Sense | Sequence[str | Sense],
        rhs: ArrayLike,
        *,
        penalty: ArrayLike = np.inf,
        over_extra: Any = None,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = np.inf,
        extra_points: ArrayLike = 0.0,
    ) -> Side:
        """Side rows from matrices, dense or sparse.

        Parameters
        ----------
        over_arcs : ``(rows, arcs)``, whatever `scipy.sparse.csr_array` takes; entries of the same place are added.
        sense : ``"<="``, ``"="``, ``">="`` or a `Sense`: one for all rows, or one per row.
        rhs, penalty : scalar or ``(rows,)``.
        over_extra : ``(rows, extra)``, likewise; None: no extra columns.
        lower, upper, extra_points : scalar or ``(extra,)``.

        Examples
        --------
        >>> Side.from_matrix([[1, 1, 0], [0, 0, 2]], ["<=", ">="], [1, 2], penalty=[float("inf"), 0.5])
        Side(2 rows, 1 of them soft, 0 extra columns)
        """
        arcs = _rows(over_arcs)
        rows = arcs.shape[0]
        extra = _rows(np.zeros((rows, 0)) if over_extra is None else over_extra)
        if extra.shape[0] != rows:
            raise ProblemError(f"side: {rows} rows over the arcs, and {extra.shape[0]} over the extra columns")
        columns = (extra.shape[1],)
        return cls(
            arc_indptr=arcs.indptr,
            arc=arcs.indices,
            arc_value=arcs.data,
            extra_indptr=extra.indptr,
            extra=extra.indices,
            extra_value=extra.data,
            sense=_senses(sense, rows),
            rhs=broadcast("side.rhs", rhs, (rows,)),
            penalty=broadcast("side.penalty", penalty, (rows,)),
            lower=broadcast("side.lower", lower, columns),
            upper=broadcast("side.upper", upper, columns),
            extra_points=broadcast("side.extra_points", extra_points, columns),
        )

    @classmethod
    def stack(cls, sides: Sequence[Side]) -> Side:
        """The rows of several sides over the same arcs, one after the other; each keeps its own extra columns."""
        before = np.cumsum([0, *(one.n_extra for one in sides)])
        shifted = [one.extra.astype(np.int64) + start for one, start in zip(sides, before[:-1], strict=True)]
        joined = {
            name: np.concatenate([getattr(one, name) for one in sides] or [np.zeros(0)])
            for name in ("arc", "arc_value", "extra_value", "sense", "rhs", "penalty", "lower", "upper", "extra_points")
        }
        for part in ("arc", "extra"):
            lengths = [np.diff(getattr(one, f"{part}_indptr")) for one in sides]
            joined[f"{part}_indptr"] = np.cumsum(np.concatenate([[0], *lengths]))
        return cls(extra=np.concatenate([*shifted, np.zeros(0)]), **joined)

    def kept(self, rows: ArrayLike) -> Side:
        """These rows alone, with all extra columns; an index or mask of rows, such as for leaving one out."""
        chosen = np.arange(self.n_rows)[np.asarray(rows)]
        parts: dict[str, Any] = {}
        for part in ("arc", "extra"):
            indptr, index, value = (getattr(self, name) for name in _names(part))
            lengths = np.diff(indptr)[chosen]
            ends = np.cumsum(lengths)
            entries = np.arange(lengths.sum()) + np.repeat(indptr[:-1][chosen] - (ends - lengths), lengths)
            parts |= dict(zip(_names(part), (np.append(0, ends), index[entries], value[entries]), strict=True))
        fixed = {name: getattr(self, name) for name in ("lower", "upper", "extra_points")}
        return Side(**parts, **{name: getattr(self, name)[chosen] for name in ("sense", "rhs", "penalty")}, **fixed)

    def reordered(self, order: Int64) -> Side:
        """The same rows once the arcs are ordered anew: ``order[new] = old``."""
        new = np.empty(len(order), dtype=np.int32)
        new[order] = np.arange(len(order), dtype=np.int32)
        changed = self._state() | {"arc": new[self.arc]}
        return Side(**changed)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.rhs)

    @property
    def n_extra(self) -> int:
        """Number of extra columns."""
        return len(self.extra_points)

    @property
    def arc_row(self) -> Int64:
        """``(entries,)`` the row of each entry of A."""
        return np.repeat(np.arange(self.n_rows), np.diff(self.arc_indptr))

    @property
    def extra_row(self) -> Int64:
        """``(entries,)`` the row of each entry of E."""
        return np.repeat(np.arange(self.n_rows), np.diff(self.extra_indptr))

    @property
    def is_hard(self) -> NDArray[np.bool_]:
        """``(rows,)`` whether a row may not be missed at all."""
        return np.isposinf(self.penalty)

    def __repr__(self) -> str:
        soft = int((~self.is_hard).sum())
        return f"Side({self.n_rows} rows, {soft} of them soft, {self.n_extra} extra columns)"


def row_sums(row: NDArray[np.integer], values: Float64, n_rows: int) -> Float64:
    """The sum of the values of each row: ``(rows,)``."""
    return np.bincount(row, weights=values, minlength=n_rows).astype(np.float64, copy=False)


def _names(part: str) -> tuple[str, str, str]:
    return f"{part}_indptr", part, f"{part}_value"


def _compressed(part: str, indptr: object, index: object, value: object, *, rows: int) -> tuple[Int32, Int32, Float64]:
    """Compressed rows, checked and sorted within each row."""
    starts = integers(f"side.{part}_indptr", indptr, shape=(rows + 1,))
    columns = integers(f"side.{part}", index)
    values = floats(f"side.{part}_value", value, shape=columns.shape)
    if starts[0] != 0 or starts[-1] != len(columns) or (np.diff(starts) < 0).any():
        raise ProblemError(f"side.{part}_indptr: expected nondecreasing offsets from 0 to the {len(columns)} entries")
    refuse(f"side.{part}", columns, columns < 0, "an index ≥ 0")
    row = np.repeat(np.arange(rows), np.diff(starts))
    if ((row[1:] == row[:-1]) & (columns[1:] < columns[:-1])).any():
        order = np.lexsort((columns, row))
        columns, values = columns[order], values[order]
    twice = (row[1:] == row[:-1]) & (columns[1:] == columns[:-1])
    if twice.any():
        entry = int(np.argmax(twice))
        raise ProblemError(f"side.{part}: row {row[entry]} has column {columns[entry]} twice; expected once")
    return starts, read_only(columns, np.int32), read_only(values, np.float64)


def _rows(matrix: Any) -> Any:
    from scipy.sparse import csr_array

    try:
        rows = csr_array(matrix, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ProblemError(f"side: expected a matrix of numbers ({error})") from None
    if rows.ndim != 2:
        raise ProblemError(f"side: expected a matrix of two dimensions, got {rows.ndim}")
    rows.sum_duplicates()
    return rows


def _senses(sense: str | Sense | Sequence[str | Sense], rows: int) -> NDArray[np.int8]:
    given = [sense] * rows if isinstance(sense, (str, Sense)) else list(sense)
    unknown = [one for one in given if one not in _SENSES]
    if unknown:
        raise ProblemError(f"side.sense: found {unknown[0]!r}; expected <=, = or >=")
    return np.array([_SENSES[one] for one in given], dtype=np.int8)
