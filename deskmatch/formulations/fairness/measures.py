"""Measures of how evenly something is spread: Jain's index and the Gini coefficient."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["gini", "jain"]


def jain(values: ArrayLike) -> float:
    """Jain's index (Σx)² / (n Σx²), from 1/n (one has everything) to 1 (all have the same); 1 where nobody has any.

    R. Jain, D. Chiu, W. Hawe, "A quantitative measure of fairness and discrimination", DEC-TR-301, 1984.

    Parameters
    ----------
    values : ``(n,)`` ≥ 0.

    Examples
    --------
    >>> jain([1, 1, 1, 1]), jain([1, 0, 0, 0])
    (1.0, 0.25)
    """
    x = np.asarray(values, np.float64)
    squares = len(x) * float((x**2).sum())
    return float(x.sum()) ** 2 / squares if squares > 0 else 1.0


def gini(values: ArrayLike) -> float:
    """The Gini coefficient Σ_i Σ_j |x_i − x_j| / (2 n Σx), from 0 (all have the same) to 1 − 1/n; 0 for nothing.

    Parameters
    ----------
    values : ``(n,)`` ≥ 0.

    Examples
    --------
    >>> gini([1, 1, 1, 1]), gini([1, 0, 0, 0])
    (0.0, 0.75)
    """
    x = np.sort(np.asarray(values, np.float64))
    total = len(x) * float(x.sum())
    if total <= 0:
        return 0.0
    rank = np.arange(1, len(x) + 1)
    return float(((2 * rank - len(x) - 1) * x).sum() / total)
