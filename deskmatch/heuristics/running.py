"""`run`: one call of the compiled heuristics, within the time that there is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .clock import Clock
from .entry import build
from .packed import Packed

__all__ = ["run"]

_NO_ORDER = np.zeros(0, dtype=np.int64)
_NO_KEY = np.zeros(0)


def run(
    packed: Packed,
    what: int,
    arc_of: NDArray[np.int64],
    clock: Clock,
    *,
    order: NDArray[np.int64] = _NO_ORDER,
    score: NDArray[np.float64] | None = None,
    per_unit: bool = False,
    rounds: int = 1000,
    key: NDArray[np.float64] = _NO_KEY,
) -> float:
    """Change `arc_of` as `deskmatch.heuristics.entry` says, until it is done or the clock is over; the violation."""
    points = packed.problem.points if score is None else score
    with clock.flag() as stop:
        rest = what, points, per_unit, order, packed.step, rounds, stop, key, arc_of
        return build(*(*packed.arrays, *rest))
