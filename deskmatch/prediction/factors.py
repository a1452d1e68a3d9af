"""Ratios of counts to what is expected, drawn towards 1 as far as all of them together say (gamma–Poisson)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

__all__ = ["shrunken_factors"]

STRENGTHS = (1e-1, 1e6)


def shrunken_factors(counts: ArrayLike, expected: ArrayLike) -> NDArray[np.float64]:
    """Posterior means ``(d + κ) / (E + κ)`` of Poisson means rE under a gamma prior of mean 1 and strength κ.

    κ is where the counts are likeliest (negative binomial), within `STRENGTHS`.

    Parameters
    ----------
    counts, expected : ``(k,)`` d and E ≥ 0.
    """
    d, e = np.asarray(counts, np.float64), np.asarray(expected, np.float64)

    def unlikely(log_strength: float) -> float:
        k = np.exp(log_strength)
        return -float(np.sum(gammaln(k + d) - gammaln(k) + k * np.log(k) - (k + d) * np.log(k + e)))

    low, high = np.log(STRENGTHS)
    strength = float(np.exp(minimize_scalar(unlikely, bounds=(low, high), method="bounded").x))
    return np.asarray((d + strength) / (e + strength))
