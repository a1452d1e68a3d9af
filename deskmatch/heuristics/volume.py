"""`minimise`: the volume algorithm for bounds that are cheap to evaluate and have no gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clock import Clock

__all__ = ["Lowest", "minimise"]

Float64 = NDArray[np.float64]
Evaluate = Callable[[Float64], "tuple[float, Float64] | None"]
"""The value at a point and a subgradient there; None where there was no time."""

FIRST_STEP = 1.0
"""Of the distance to the target that the first step goes; the steps then adapt."""
SHRUNK, GROWN = 0.66, 1.1
PATIENCE = 8
"""Steps without improvement after which steps shrink."""
SMALLEST_STEP = 1e-5
MOST_MIXED, LEAST_MIXED = 0.3, 0.01
"""Bounds on the weight of the newest subgradient in the direction; the upper one falls as steps shrink."""


@dataclass(frozen=True, slots=True, eq=False)
class Lowest:
    """The lowest value found.

    Parameters
    ----------
    point, value : where, and how low.
    rounds : evaluations that it took.
    """

    point: Float64
    value: float
    rounds: int


def minimise(
    evaluate: Evaluate,
    project: Callable[[Float64], Float64],
    start: Float64,
    target: Callable[[], float],
    *,
    rounds: int,
    clock: Clock,
    near: float = 1e-6,
) -> Lowest | None:
    """Minimise a convex function by steps along averaged subgradients (Barahona & Anbil 2000).

    The direction is an exponential average of the subgradients, which tends to one of the minimum; each step goes from
    the best point so far, a share of (value − target) / |direction|² far (Polyak 1969). The share grows where steps
    succeed and agree, and shrinks where none has for some time.

    Parameters
    ----------
    evaluate : see `Evaluate`.
    project : brings a point back to where prices may lie.
    start : where to begin.
    target : a value that the minimum is not below, asked before each step: the points of the best answer so far.
    rounds : evaluations at most.
    clock : when to stop.
    near : stop where value − target is below this share of their magnitude, or steps have become tiny.

    Returns
    -------
    None where not even the start could be evaluated.
    """
    found = evaluate(start)
    if found is None or not np.isfinite(found[0]):
        return None
    (value, direction), point, share, failed = found, start, FIRST_STEP, 0
    for count in range(1, rounds):
        distance = value - target()
        size = float(direction @ direction)
        if clock.is_over or size <= 1e-24 or share < SMALLEST_STEP or distance <= near * max(1.0, abs(value)):
            return Lowest(point, value, count)
        trial = project(point - share * distance / size * direction)
        found = evaluate(trial)
        if found is None:
            return Lowest(point, value, count)
        lower, gradient = found
        mixed = _mixed(direction, gradient, MOST_MIXED if share > 0.05 else MOST_MIXED / 3)
        if lower < value:
            if float(direction @ gradient) >= 0.0:
                share = min(2.0, GROWN * share)
            point, value, failed = trial, lower, 0
        else:
            failed += 1
            if failed >= PATIENCE:
                share, failed = SHRUNK * share, 0
        direction = mixed
    return Lowest(point, value, rounds)


def _mixed(direction: Float64, gradient: Float64, most: float) -> Float64:
    """The shortest mixture of direction and gradient, with the gradient's weight within its bounds."""
    apart = gradient - direction
    size = float(apart @ apart)
    weight = most if size <= 0.0 else float(np.clip(-(direction @ apart) / size, LEAST_MIXED, most))
    return np.asarray(direction + weight * apart)
