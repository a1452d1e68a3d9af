"""`Solution`: what a solver found, in rows and columns, and how it says that it went."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen, read_only

from .checking import INT32_MAX, floats, numbers, refuse

__all__ = ["Solution", "Status"]


class Status(StrEnum):
    """What is known of an answer."""

    OPTIMAL = "optimal"
    """No better answer exists."""
    FEASIBLE = "feasible"
    """The answer keeps every rule; a better one may exist."""
    INFEASIBLE = "infeasible"
    """No answer keeps every rule."""
    UNKNOWN = "unknown"
    """The solver stopped with neither an answer nor a proof that there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution(Frozen):
    """The answer of a backend or a heuristic to a `Problem`; `certify` proves how good it is.

    Parameters
    ----------
    expert_of : ``(tickets,)`` the expert of each ticket, −1: held. All −1 where there is no answer.
    objective : total points recomputed from the problem with `evaluate`; None where there is no answer.
    ticket_price : ``(tickets,)`` dual value of each ticket, or None where the method has none. On a network it follows
        from the other prices, so that `certify` neither needs nor checks its values.
    expert_price : ``(experts,)`` dual value of one more unit of each expert, or None.
    limit_price : ``(limits,)`` dual value ≥ 0 of each nested limit, or None.
    row_price : ``(side rows,)`` dual value of each side row's right side, or None: ≥ 0 for ≤, ≤ 0 for ≥.
    extra : ``(extra,)`` values of the extra columns, or None where there are none or no answer.
    status : what is known of the answer.
    claimed_bound : the upper bound that the method itself claims, or None.
    method : which method answered.
    elapsed_s : seconds from the problem to this object.
    message : the backend's own words, or what went wrong; often empty.
    violator : ``(k,)`` where infeasible: tickets that must be assigned and whose experts together cannot take
        them all, inclusion-minimal (Hall 1935), or None.

    Raises
    ------
    ProblemError
        Where an entry of `expert_of` or `violator` is no whole number of 32 bits, or one of the other arrays holds no
        numbers. Shapes are not checked here, but by `certify`.
    """

    expert_of: NDArray[np.int32]
    objective: float | None
    status: Status
    method: str
    ticket_price: NDArray[np.float64] | None = None
    expert_price: NDArray[np.float64] | None = None
    limit_price: NDArray[np.float64] | None = None
    claimed_bound: float | None = None
    elapsed_s: float = 0.0
    message: str = ""
    violator: NDArray[np.int32] | None = None
    row_price: NDArray[np.float64] | None = None
    extra: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        self._set(expert_of=_whole("expert_of", self.expert_of), status=Status(self.status))
        for name in ("ticket_price", "expert_price", "limit_price", "row_price", "extra"):
            if getattr(self, name) is not None:
                self._set(**{name: floats(name, getattr(self, name))})
        if self.violator is not None:
            self._set(violator=_whole("violator", self.violator))

    def __repr__(self) -> str:
        assigned = int((self.expert_of >= 0).sum())
        return f"Solution({self.status}, {assigned} assigned, objective {self.objective}, by {self.method})"


def _whole(name: str, values: object) -> NDArray[np.int32]:
    """Whole numbers as read-only int32; what a cast would change is refused."""
    array = numbers(name, values)
    if array.dtype != np.int32 and array.dtype.kind != "b" and array.size:
        kept = (array >= -INT32_MAX - 1) & (array <= INT32_MAX)  # false for nan
        if array.dtype.kind == "f":
            kept &= np.floor(array) == array
        if not kept.all():
            refuse(name, np.asarray(values), ~kept, f"a whole number of magnitude at most {INT32_MAX}")
    return read_only(array, np.int32)
