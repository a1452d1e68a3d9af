"""`Outcome`: how a solver of linear or integer programs ended, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.matrix import MatrixForm

__all__ = ["Outcome", "Run", "Verdict", "in_scale"]

TAME = 1e-3, 1e12
"""Solvers' absolute tolerances (1e-9 to 1e-6) suit objectives whose largest coefficient lies between these."""


class Verdict(Enum):
    """What a solver says of the program."""

    OPTIMAL = auto()
    STOPPED = auto()
    """A limit was reached, with an answer or without."""
    INFEASIBLE = auto()
    UNBOUNDED = auto()
    EITHER = auto()
    """Infeasible or unbounded, and the solver did not find out which."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a solver found.

    Parameters
    ----------
    verdict : what it says.
    values : ``(columns,)`` or None.
    duals : ``(rows,)`` dual values of the rows of a linear program, or None.
    bound : the upper bound that it claims, or None.
    message : its own words.
    """

    verdict: Verdict
    values: NDArray[np.float64] | None
    bound: float | None
    message: str
    duals: NDArray[np.float64] | None = None


Run = Callable[[MatrixForm, float | None, "NDArray[np.float64] | None"], Outcome]
"""Solves a matrix form, within so many seconds (None: no limit), from a hint for all columns (or None)."""


def in_scale(run: Run) -> Run:
    """The same solver with objectives that are very large or very small brought to about 1, by a power of two."""

    def scaled(form: MatrixForm, time_limit_s: float | None, hint: NDArray[np.float64] | None) -> Outcome:
        largest = float(np.abs(form.objective).max(initial=0.0))
        if largest == 0.0 or TAME[0] <= largest <= TAME[1]:
            return run(form, time_limit_s, hint)
        _, exponent = np.frexp(largest)
        small = replace(form, objective=np.ldexp(form.objective, -exponent))
        outcome = run(small, time_limit_s, hint)
        bound, duals = outcome.bound, outcome.duals
        return replace(
            outcome,
            bound=None if bound is None else float(np.ldexp(bound, exponent)),
            duals=None if duals is None else np.ldexp(duals, exponent),
        )

    return scaled
