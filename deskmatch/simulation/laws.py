"""Laws: the distributions of times, as settings and as the tables from which the engine draws."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import gamma, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from deskmatch.routing.validation import NonNegative, Positive, refuse
from deskmatch.simulation.engine.drawing import LOWEST, PER_UNIT
from deskmatch.simulation.engine.records import LAW, LawKind
from deskmatch.simulation.validation import ScenarioSettings

__all__ = ["Law", "LawName", "LawTables"]

ENTRIES = int((3.25 - LOWEST) * PER_UNIT) + 1


class LawName(StrEnum):
    """The distributions that a scenario can name."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"
    WEIBULL = "weibull"
    LOGNORMAL = "lognormal"
    GAMMA = "gamma"
    HYPEREXPONENTIAL = "hyperexponential"
    EMPIRICAL = "empirical"


class Law(ScenarioSettings):
    """The distribution of a time.

    Parameters
    ----------
    law : its name. ``fixed`` (deterministic) and ``exponential`` need nothing but the mean.
    mean_s : seconds, ≥ 0. Empirical: the mean of the sample unless given, in which case the sample is scaled to it.
    cv : coefficient of variation, > 0: lognormal, gamma; at least 1 for hyperexponential (two phases with balanced
        means); lognormal and gamma take 1 where it is not given.
    shape : of a Weibull, > 0; below 1 the hazard falls.
    sample_s : seconds, ≥ 0, for an empirical law, which draws each of them equally often.

    Raises
    ------
    ScenarioError
        Lists every key that is unknown, missing or out of range.

    Examples
    --------
    >>> Law(law="gamma", mean_s=180, cv=0.5).quantile([0.5]).round(1).tolist()
    [165.2]
    """

    law: LawName = LawName.EXPONENTIAL
    mean_s: NonNegative | None = None
    cv: Positive | None = None
    shape: Positive | None = None
    sample_s: tuple[NonNegative, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        empirical = self.law is LawName.EMPIRICAL
        if empirical != bool(self.sample_s):
            raise refuse("should have sample_s if it is empirical, and only then")
        if self.mean_s is None and not empirical:
            raise refuse("should have mean_s")
        if (self.law is LawName.WEIBULL) != (self.shape is not None):
            raise refuse("should have shape if it is weibull, and only then")
        if self.cv is not None and self.law not in _VARYING:
            raise refuse(f"should have cv only if it is {', '.join(_VARYING)}")
        if self.law is LawName.HYPEREXPONENTIAL and (self.cv is None or self.cv < 1):
            raise refuse("should have a cv of at least 1")
        return self

    @property
    def mean(self) -> float:
        """Seconds."""
        return float(np.mean(self.sample_s)) if self.mean_s is None else self.mean_s

    def quantile(self, p: object) -> NDArray[np.float64]:
        """Quantiles in seconds, by scipy: what the engine's draws are tested against.

        Parameters
        ----------
        p : probabilities in (0, 1).
        """
        at = np.asarray(p, np.float64)
        return self.mean * np.exp(_log_quantile(self, np.log(-np.log1p(-at)))) if self.smooth else self._simple(at)

    @property
    def smooth(self) -> bool:
        """Whether the engine interpolates a table of logarithms."""
        return self.law in _VARYING

    def _simple(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.law is LawName.FIXED:
            return np.full(p.shape, self.mean)
        if self.law is LawName.EMPIRICAL:
            unit = _unit_sample(self)
            return np.asarray(self.mean * unit[np.minimum((p * len(unit)).astype(int), len(unit) - 1)])
        shape = self.shape or 1.0
        return np.asarray(self.mean / gamma(1 + 1 / shape) * (-np.log1p(-p)) ** (1 / shape))


_VARYING = (LawName.LOGNORMAL, LawName.GAMMA, LawName.HYPEREXPONENTIAL)


class LawTables:
    """The laws of a scenario, each once and with mean 1, as the engine's records."""

    def __init__(self) -> None:
        self._laws: dict[tuple[Any, ...], int] = {}
        self._records: list[tuple[float, int, int, int]] = []
        self._values: list[float] = []

    def add(self, law: Law) -> int:
        """The row of a law's shape; its mean is kept elsewhere."""
        key = (law.law, law.cv, law.shape, law.sample_s)
        if key not in self._laws:
            self._laws[key] = len(self._records)
            self._records.append(self._record(law))
        return self._laws[key]

    def arrays(self) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Records of `LAW`, and the numbers that they point into."""
        return np.array(self._records or [(0.0, 0, 0, 0)], LAW), np.array(self._values or [0.0])

    def _record(self, law: Law) -> tuple[float, int, int, int]:
        if law.law is LawName.FIXED:
            return (0.0, LawKind.FIXED, 0, 0)
        if law.law is LawName.EXPONENTIAL:
            return (0.0, LawKind.EXPONENTIAL, 0, 0)
        if law.law is LawName.WEIBULL:
            shape = law.shape or 1.0
            return (1 / shape, LawKind.WEIBULL, *self._store([1 / gamma(1 + 1 / shape)]))
        if law.law is LawName.EMPIRICAL:
            return (0.0, LawKind.EMPIRICAL, *self._store(_unit_sample(law)))
        return (0.0, LawKind.SMOOTH, *self._store(_log_quantile(law, LOWEST + np.arange(ENTRIES) / PER_UNIT)))

    def _store(self, values: Sequence[float] | NDArray[np.float64]) -> tuple[int, int]:
        first = len(self._values)
        self._values.extend(float(value) for value in values)
        return first, len(values)


def _unit_sample(law: Law) -> NDArray[np.float64]:
    """The sorted sample over its mean."""
    sample = np.sort(np.asarray(law.sample_s))
    mean = sample.mean()
    return np.asarray(sample / mean if mean > 0 else sample)


def _log_quantile(law: Law, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the quantile of the law with mean 1 where the probability above it is ``exp(−exp(at))``.

    On this scale the logarithm of a quantile is nearly linear in both tails, so that a table of it can be interpolated.
    """
    from scipy import special

    excess = np.exp(at)  # −log of the probability above
    cv = law.cv or 1.0
    if law.law is LawName.LOGNORMAL:
        sigma = sqrt(np.log1p(cv**2))
        # the normal quantile, from whichever tail keeps its digits
        below, above = -np.expm1(-excess), np.exp(-excess)
        z = np.where(below < 0.5, special.ndtri(below), -special.ndtri(above))
        return np.asarray(sigma * z - sigma**2 / 2)
    if law.law is LawName.GAMMA:
        k = cv**-2
        below, above = -np.expm1(-excess), np.exp(-excess)
        lower = special.gammaincinv(k, below)
        with np.errstate(divide="ignore"):
            tiny = (np.log(below) + special.gammaln(k + 1)) / k  # x^k / Γ(k + 1) = P where x is next to nothing
            quantile = np.where(below < 0.5, np.log(lower), np.log(special.gammainccinv(k, above)))
        return np.asarray(np.where(lower > 1e-290, quantile, tiny) - np.log(k))
    return np.log(_hyperexponential(excess, cv))


def _hyperexponential(excess: NDArray[np.float64], cv: float) -> NDArray[np.float64]:
    """Quantiles of two exponential phases with balanced means (p₁/μ₁ = p₂/μ₂), mean 1, by Newton's method.

    The usual fit of two moments: p₁ = (1 + √((c² − 1) / (c² + 1))) / 2, μᵢ = 2 pᵢ.
    """
    p = (1 + sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
    shares, rates = np.array([p, 1 - p]), np.array([2 * p, 2 * (1 - p)])
    x = excess / (shares @ rates)
    for _ in range(200):
        # Newton on −log survival = excess, which is increasing and concave: from the left it converges
        terms = shares * np.exp(-np.multiply.outer(x, rates) + (rates.min() * x)[..., None])
        survival = terms.sum(axis=-1)
        hazard = (terms * rates).sum(axis=-1) / survival
        step = (excess - (rates.min() * x - np.log(survival))) / hazard
        x = np.maximum(x + step, 0.0)
        if np.all(np.abs(step) <= 1e-14 * np.maximum(x, 1e-300)):
            break
    return np.asarray(x)
