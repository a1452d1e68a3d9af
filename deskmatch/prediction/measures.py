"""How good probabilities are: measures of predictions beside what happened, as pure array functions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

__all__ = ["Bin", "auc", "calibration_error", "lift", "log_loss", "reliability"]

Float64 = NDArray[np.float64]
BINS = 10
LEAST = 1e-9
"""Probabilities nearer to 0 or 1 count as this, so that one miss does not make the log loss infinite."""
TOP = 0.1


class Bin(NamedTuple):
    """Tickets with about the same prediction.

    Parameters
    ----------
    predicted : mean prediction.
    resolved : share that was resolved.
    low, high : the 95 % interval of that share (Wilson).
    tickets : how many.
    """

    predicted: float
    resolved: float
    low: float
    high: float
    tickets: int


def auc(resolved: Float64, predicted: Float64) -> float:
    """The probability that a resolved ticket had a higher prediction than another one; ties count half.

    nan where all tickets were resolved, or none (Mann–Whitney).
    """
    good = int(resolved.sum())
    bad = len(resolved) - good
    if not good or not bad:
        return float("nan")
    ranks = rankdata(predicted)
    return float((ranks[resolved > 0].sum() - good * (good + 1) / 2) / (good * bad))


def log_loss(resolved: Float64, predicted: Float64) -> float:
    """Mean of −log of the probability that was given to what happened, in nats."""
    p = np.clip(predicted, LEAST, 1 - LEAST)
    return float(-np.mean(np.where(resolved > 0, np.log(p), np.log1p(-p))))


def calibration_error(resolved: Float64, predicted: Float64, *, bins: int = BINS) -> float:
    """Mean distance of share resolved and mean prediction over bins of equally many tickets, by prediction.

    Even perfect predictions have about ``0.8 √(p (1 − p) bins / tickets)``, by chance.
    """
    shares, means, sizes = _binned(resolved, predicted, bins)
    return float((sizes * np.abs(shares - means)).sum() / sizes.sum())


def lift(resolved: Float64, predicted: Float64) -> float:
    """Share resolved of the tenth with the highest predictions, over that of all; ties in the order of the rows."""
    top = np.argsort(-predicted, kind="stable")[: max(1, round(TOP * len(predicted)))]
    whole = resolved.mean()
    return float(resolved[top].mean() / whole) if whole > 0 else float("nan")


def reliability(resolved: Float64, predicted: Float64, *, bins: int = BINS) -> tuple[Bin, ...]:
    """What was predicted beside what happened, in bins of equally many tickets."""
    z = float(ndtri(0.975))
    found = []
    for share, mean, size in zip(*(values.tolist() for values in _binned(resolved, predicted, bins)), strict=True):
        centre = (share + z * z / (2 * size)) / (1 + z * z / size)
        reach = z / (1 + z * z / size) * float(np.sqrt(share * (1 - share) / size + z * z / (4 * size * size)))
        # At shares of 0 and 1 the interval ends there, but for rounding.
        found.append(
            Bin(mean, share, max(0.0, min(share, centre - reach)), min(1.0, max(share, centre + reach)), int(size))
        )
    return tuple(found)


def _binned(resolved: Float64, predicted: Float64, bins: int) -> tuple[Float64, Float64, Float64]:
    """Share resolved, mean prediction and size of each bin, from low to high."""
    order = np.argsort(predicted, kind="stable")
    edges = np.linspace(0, len(order), min(bins, len(order)) + 1).astype(np.intp)
    sizes = np.diff(edges).astype(np.float64)
    sums = (np.add.reduceat(values[order], edges[:-1]) for values in (resolved, predicted))
    shares, means = (total / sizes for total in sums)
    return np.asarray(shares), np.asarray(means), sizes
