"""From scores to honest probabilities, and to thresholds: all on tickets that the fit has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import betaincinv, log_softmax

__all__ = ["Calibration", "calibrate", "calibration_error", "sure_threshold"]

Float64 = NDArray[np.float64]

TEMPERATURES = (0.02, 20.0)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
FLOOR = 1e-9
FEWEST_SURE = 20
"""Tickets on which a precision must have been seen."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the scores of one or more heads become one probability for each topic.

    Parameters
    ----------
    temperatures : by which the scores of each head are divided before the softmax (C. Guo et al., ICML 2017).
    shares : the weight of each head in the mean of the probabilities, sum 1.
    sharpness : the exponent of the mean, which is less sure than its parts; the result sums to 1 again.
    """

    temperatures: tuple[float, ...]
    shares: tuple[float, ...]
    sharpness: float = 1.0

    def __post_init__(self) -> None:
        numbers = (*self.temperatures, *self.shares, self.sharpness)
        if len(self.temperatures) != len(self.shares) or not self.shares or not np.isfinite(numbers).all():
            raise ValueError("its calibration is none of ours")
        if min(*self.temperatures, self.sharpness) <= 0 or min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError("its calibration is none of ours")

    def probability(self, scores: Sequence[Float64]) -> Float64:
        """``(rows, topics)`` of the scores ``(rows, topics)`` of each head; a row sums to 1."""
        parts = zip(scores, self.temperatures, self.shares, strict=True)
        mean = sum(share * np.exp(log_softmax(score / heat, axis=1)) for score, heat, share in parts)
        if self.sharpness == 1.0 and len(self.shares) == 1:
            return np.asarray(mean)
        return np.asarray(np.exp(log_softmax(self.sharpness * np.log(np.maximum(mean, FLOOR)), axis=1)))


def calibrate(scores: Sequence[Float64], topic: NDArray[np.int64]) -> Calibration:
    """The temperatures, shares and sharpness at which the true topics are likeliest.

    Parameters
    ----------
    scores : of each head, ``(rows, topics)``.
    topic : ``(rows,)`` the true column.
    """
    heats = tuple(_temperature(score, topic) for score in scores)
    if len(scores) == 1:
        return Calibration(heats, (1.0,))
    parts = [np.exp(log_softmax(score / heat, axis=1)) for score, heat in zip(scores, heats, strict=True)]
    mixes = [mix for mix in product(SHARES, repeat=len(scores)) if abs(sum(mix) - 1) < 1e-9]
    losses = np.stack([_losses(np.log(np.maximum(_mean(parts, mix), FLOOR)), topic) for mix in mixes])
    best = mixes[_nearest_to_equal(mixes, losses)]
    sharpness = 1 / _temperature(np.log(np.maximum(_mean(parts, best), FLOOR)), topic)
    return Calibration(heats, tuple(best), sharpness)


def _nearest_to_equal(mixes: Sequence[tuple[float, ...]], losses: Float64) -> int:
    """Of the mixes whose ``(mixes, rows)`` losses are not clearly above the least, the one whose shares differ least.

    Clearly: by more than a standard error of the difference (L. Breiman et al., Classification and Regression Trees,
    1984, section 3.4.3). Few rows would else choose a lopsided mix by chance.
    """
    worse = losses - losses[int(losses.mean(axis=1).argmin())]
    clear = worse.std(axis=1) / np.sqrt(losses.shape[1])
    candidates = np.flatnonzero(worse.mean(axis=1) <= clear).tolist()
    order = np.lexsort((worse[candidates].mean(axis=1), [np.std(mixes[k]) for k in candidates]))
    return int(candidates[int(order[0])])


def _mean(parts: Sequence[Float64], shares: Sequence[float]) -> Float64:
    return np.asarray(sum(share * part for share, part in zip(shares, parts, strict=True)), np.float64)


def _temperature(scores: Float64, topic: NDArray[np.int64]) -> float:
    def loss(heat: float) -> float:
        return _loss(scores / np.exp(heat), topic)

    low, high = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-3}).x))


def _loss(scores: Float64, topic: NDArray[np.int64]) -> float:
    return float(_losses(scores, topic).mean())


def _losses(scores: Float64, topic: NDArray[np.int64]) -> Float64:
    """``(rows,)`` log losses of labels that are smoothed as if one of n + 2 were wrong (J. Platt, 1999), so that few
    rows, all of them right, do not make everything certain."""
    logs = log_softmax(scores, axis=1)
    smooth = 1.0 / (len(topic) + 2)
    return np.asarray(-((1 - smooth) * logs[np.arange(len(topic)), topic] + smooth * logs.mean(axis=1)))


def sure_threshold(confidence: Float64, right: NDArray[np.bool_], precision: float) -> float | None:
    """The least probability from which on the answers are right as often as wanted.

    What must reach `precision` is the lower end of a one-sided 90 % interval (Clopper and Pearson, Biometrika 26
    (1934) 404–413) of the share of right answers among those at least so sure, so that it also holds
    on tickets to come.

    Parameters
    ----------
    confidence : ``(rows,)`` probability of the likeliest topic.
    right : ``(rows,)`` whether it was the true one.
    precision : the wanted share.

    Returns
    -------
    The threshold, or None where no threshold with at least 20 tickets above it reaches the precision.

    Examples
    --------
    >>> round(sure_threshold(np.linspace(0, 1, 1001), np.linspace(0, 1, 1001) > 0.4, 0.99), 2)
    0.4
    >>> sure_threshold(np.linspace(0, 1, 1000), np.zeros(1000, bool), 0.9) is None
    True
    """
    order = np.argsort(-confidence, kind="stable")
    sure = confidence[order]
    k, n = np.cumsum(right[order]), np.arange(1, len(order) + 1)
    lower = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, 0.1), 0.0)
    last_of_tie = np.append(sure[1:] != sure[:-1], True)
    good = np.flatnonzero((lower >= precision) & (n >= FEWEST_SURE) & last_of_tie)
    return float(sure[good[-1]]) if len(good) else None


def calibration_error(confidence: Float64, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance between confidence and share of right answers, over bins of equally many tickets.

    Examples
    --------
    >>> calibration_error(np.full(100, 0.8), np.arange(100) < 80)  # doctest: +ELLIPSIS
    0.0...
    """
    if not len(confidence):
        return float("nan")
    order = np.argsort(confidence, kind="stable")
    if confidence[order[0]] == confidence[order[-1]]:
        bins = 1  # which of equal confidences is in which bin says nothing
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(confidence[part].mean() - right[part].mean()) * len(part) for part in parts]
    return round(float(sum(gaps) / len(confidence)), 12)
