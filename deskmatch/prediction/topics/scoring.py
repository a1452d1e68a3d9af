"""How good answers are: accuracy for most tickets, macro-F1 for all topics alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["macro_f1"]


def macro_f1(true: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """The mean over topics, that occur in either, of 2 · right / (found + true).

    Examples
    --------
    >>> round(macro_f1(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1])), 3)
    0.389
    """
    topics = np.union1d(true, found)
    scores = [2 * np.sum((true == k) & (found == k)) / (np.sum(true == k) + np.sum(found == k)) for k in topics]
    return float(np.mean(scores))
