"""`Rows`: what a constraint says of the arcs of one epoch, as sparse rows, and extra columns where it needs any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen, read_only
from deskmatch.solver import Sense, Side

__all__ = ["Rows", "sparse"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows(Frozen):
    """Σ_a A[r, a]·x_a + Σ_k E[r, k]·e_k  ≤, = or ≥  rhs_r, with a name for each row.

    Make them with `Rows.of` (entries), `Rows.one` (a single row) or from a `Side` (`Side.from_matrix`).

    Parameters
    ----------
    side : the rows, over all arcs that the constraint was shown. What it says of penalties is not read: the
        constraint's own penalty holds for all its rows.
    labels : ``(rows,)`` what each row is about, for people: an expert, a ticket. Default: the rows' numbers.
    defines : ``(rows,)`` true where a row only says what an extra column means. Such rows always hold; the penalty
        is not for them, and nobody is told of them.

    Raises
    ------
    ContractError
        On shapes that disagree.
    """

    side: Side
    labels: tuple[str, ...] = ()
    defines: NDArray[np.bool_] = False  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if not isinstance(self.side, Side):
            raise ContractError(f"rows: found {type(self.side).__name__}; expected a Side (Side.from_matrix)")
        count = self.side.n_rows
        labels = tuple(map(str, self.labels)) or tuple(map(str, range(1, count + 1)))
        defines = np.asarray(self.defines, bool)
        defines = np.full(count, defines) if defines.ndim == 0 else defines
        if len(labels) != count or defines.shape != (count,):
            told = f"{len(labels)} labels and {defines.size} entries of defines"
            raise ContractError(f"rows: {told} for {count} rows; expected one each")
        self._set(labels=labels, defines=read_only(defines))

    @classmethod
    def of(
        cls,
        row: ArrayLike,
        arc: ArrayLike,
        value: ArrayLike,
        *,
        sense: str | Sense,
        rhs: ArrayLike,
        labels: Sequence[str] = (),
    ) -> Rows:
        """Rows from one entry for each place that is not zero, in any order; entries of the same place are added.

        Parameters
        ----------
        row, arc : ``(entries,)`` places in the arrays of arcs that the constraint was shown.
        value : scalar or ``(entries,)``.
        sense : ``"<="``, ``"="`` or ``">="``.
        rhs : ``(rows,)`` right sides; their number is the number of rows.
        labels : ``(rows,)``.

        Examples
        --------
        >>> Rows.of([0, 0], [3, 5], 1.0, sense="<=", rhs=[1], labels=["ana"]).side.arc.tolist()
        [3, 5]
        """
        right = np.atleast_1d(np.asarray(rhs, np.float64))
        rows, arcs = np.asarray(row, np.int64), np.asarray(arc, np.int64)
        width = int(arcs.max(initial=-1)) + 1
        values = np.broadcast_to(np.asarray(value, np.float64), arcs.shape)
        return cls(Side.from_matrix(sparse(rows, arcs, values, (len(right), width)), sense, right), tuple(labels))

    @classmethod
    def one(cls, coefficients: ArrayLike, sense: str | Sense, rhs: float, label: str = "") -> Rows:
        """A single row from a coefficient for every arc.

        Parameters
        ----------
        coefficients : ``(arcs,)`` numbers or true and false; zeros are no entries.
        sense, rhs : the relation.
        label : what the row is about; default: the whole desk.

        Examples
        --------
        >>> Rows.one([True, False, True], "<=", 1).side
        Side(1 rows, 0 of them soft, 0 extra columns)
        """
        values = np.asarray(coefficients, np.float64)
        arc = np.flatnonzero(values)
        return cls.of(np.zeros(len(arc)), arc, values[arc], sense=sense, rhs=[rhs], labels=[label or "the desk"])

    @classmethod
    def none(cls) -> Rows:
        """Nothing to say of this epoch."""
        return cls.of([], [], 1.0, sense="<=", rhs=[])

    def under(self, penalty: float | None) -> Side:
        """The rows with a penalty per unit on those that define nothing; None: hard."""
        points = np.inf if penalty is None else penalty
        return replace(self.side, penalty=np.where(self.defines, np.inf, points))

    def __len__(self) -> int:
        return self.side.n_rows


def sparse(row: ArrayLike, column: ArrayLike, value: ArrayLike, shape: tuple[int, int]) -> Any:
    """A sparse matrix from its entries, for `Side.from_matrix`; entries of the same place are added."""
    from scipy.sparse import coo_array

    return coo_array((np.asarray(value, np.float64), (np.asarray(row), np.asarray(column))), shape=shape)
