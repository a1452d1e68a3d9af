"""`reachable_sums`: what at most so many of some numbers can add up to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAME", "reachable_sums"]

Float64 = NDArray[np.float64]

SAME = 1e-9
"""Sums that lie this near are one."""


def reachable_sums(values: Float64, most: int, *, limit: int) -> Float64 | None:
    """All sums of at most so many of these numbers, ascending from 0; None where there are more than a limit.

    Parameters
    ----------
    values : ``(k,)`` ≥ 0; each may be taken once.
    most : how many may be taken, ≥ 0.
    limit : of the sums; the search ends as soon as there are more for one number of values on the average.

    Examples
    --------
    >>> reachable_sums(np.array([2.0, 2.0, 3.0]), 2, limit=10).tolist()
    [0.0, 2.0, 3.0, 4.0, 5.0]
    >>> reachable_sums(np.array([2.0, 2.0, 3.0]), 2, limit=4) is None
    True
    """
    by_number = {0: np.zeros(1)}
    sizes = _distinct(values)
    counts = np.bincount(np.searchsorted(sizes, values, side="right") - 1, minlength=len(sizes))
    for size, times in zip(sizes.tolist(), counts.tolist(), strict=True):
        grown: dict[int, list[Float64]] = {}
        for used, sums in by_number.items():
            for more in range(min(times, most - used) + 1):
                grown.setdefault(used + more, []).append(sums + more * size)
        by_number = {used: _distinct(np.concatenate(parts)) for used, parts in grown.items()}
        if sum(map(len, by_number.values())) > limit * (most + 1):
            return None
    reached = _distinct(np.concatenate(list(by_number.values())))
    return reached if len(reached) <= limit else None


def _distinct(values: Float64) -> Float64:
    """Ascending; of values that are the same the least."""
    ordered = np.sort(values)
    return np.asarray(ordered[np.append(True, np.diff(ordered) > SAME)])
