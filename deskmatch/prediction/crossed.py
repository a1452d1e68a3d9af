"""Effects of several crossed factors on a mean, each drawn towards nothing as far as its spread says.

With y the response of a row and g its level of factor k: ``y = μ + Σ_k a_k[g_k] + ε``, ``a_k ~ N(0, τ_k²)``,
``ε ~ N(0, σ²)`` (a mixed model with crossed random effects; S. R. Searle, G. Casella, C. E. McCulloch, "Variance
Components" (1992), ch. 8). The EM algorithm with each factor's posterior taken given the others', so that a pass costs
as much as there are rows, however many levels there are; where two factors are nearly the same, their variances come
out somewhat small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CrossedEffects", "crossed_effects"]

Array = NDArray[np.float64]

PASSES = 300
CLOSE = 1e-6
"""Of the standard deviations relative to that of the response, where the passes end."""


class CrossedEffects(NamedTuple):
    """What `crossed_effects` finds.

    Parameters
    ----------
    mean : μ.
    effects : for each factor ``(levels,)``.
    doubts : for each factor ``(levels,)`` variance of what is believed of each effect.
    spreads : τ of each factor.
    noise : σ.
    """

    mean: float
    effects: tuple[Array, ...]
    doubts: tuple[Array, ...]
    spreads: tuple[float, ...]
    noise: float


def crossed_effects(y: Array, weight: Array, factors: Sequence[tuple[NDArray[np.int64], int]]) -> CrossedEffects:
    """Fit the model above.

    Parameters
    ----------
    y : ``(rows,)``.
    weight : ``(rows,)`` ≥ 0, not all 0.
    factors : of each its level in every row ``(rows,)``, and how many levels it has.
    """
    total = weight.sum()
    mean = float(weight @ y / total)
    variance = max(float(weight @ (y - mean) ** 2 / total), 1e-12)
    counts: list[Array] = [np.bincount(codes, weight, levels).astype(float) for codes, levels in factors]
    effects: list[Array] = [np.zeros(levels) for _, levels in factors]
    doubts: list[Array] = [np.zeros(levels) for _, levels in factors]
    spread = [variance / (len(factors) + 1)] * len(factors)
    noise = variance / (len(factors) + 1)
    left = y - mean
    for _ in range(PASSES):
        before = [*spread, noise]
        for k, (codes, levels) in enumerate(factors):
            left += effects[k][codes]
            doubts[k] = noise * spread[k] / (counts[k] * spread[k] + noise)
            effects[k] = np.bincount(codes, weight * left, levels) * doubts[k] / noise
            left -= effects[k][codes]
            seen = counts[k] > 0
            spread[k] = max(float(np.mean(effects[k][seen] ** 2 + doubts[k][seen])), 1e-12 * variance)
        step = float(weight @ left / total)
        mean, left = mean + step, left - step
        unsure = sum(float(count @ doubt) for count, doubt in zip(counts, doubts, strict=True))
        noise = max((float(weight @ left**2) + unsure) / total, 1e-12 * variance)
        if np.abs(np.sqrt(np.array([*spread, noise])) - np.sqrt(before)).max() < CLOSE * np.sqrt(variance):
            break
    return CrossedEffects(mean, tuple(effects), tuple(doubts), tuple(np.sqrt(spread).tolist()), float(np.sqrt(noise)))
