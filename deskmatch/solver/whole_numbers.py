"""Floats as integers, exactly: each is an integer times a power of two, so that one power serves them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["whole"]


def whole(values: NDArray[np.float64]) -> tuple[list[int], int]:
    """Integers k and a power of two s with ``values == k / s``, exactly; Python's integers have no largest one.

    Examples
    --------
    >>> whole(np.array([0.5, 3.0]))
    ([1, 6], 2)
    """
    ratios = [value.as_integer_ratio() for value in values.tolist()]
    common = max((denominator for _, denominator in ratios), default=1)
    return [numerator * (common // denominator) for numerator, denominator in ratios], common
