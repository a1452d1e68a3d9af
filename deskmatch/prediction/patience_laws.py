"""Patience from censored waits: `ExponentialPatience`, `WeibullPatience`, `KaplanMeierPatience`.

All three are a cumulative hazard H of customers on the whole, times a factor for each topic (proportional hazards):
``P(patience > t | topic) = exp(−r[topic] · H(t))``. With d customers of a topic who gave up and
``E = Σ H(wait)`` expected of all its waits, ``r = (d + κ) / (E + κ)``: the mean of a gamma prior of mean 1 and strength
κ after d events of a Poisson variable with mean rE; κ is that at which the topics' counts are likeliest. Waits that
were answered are censored: they say only that the patience was longer. That it does not depend on when somebody answers
is assumed, and cannot be seen in such data.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gamma
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.epochs.cells import fold
from deskmatch.frozen import Frozen
from deskmatch.prediction.factors import shrunken_factors
from deskmatch.prediction.model_file import SavedModel
from deskmatch.prediction.waits import Waits, read_waits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExponentialPatience", "KaplanMeierPatience", "WeibullPatience"]

Float64 = NDArray[np.float64]

KNOTS = 60
"""Most knots of a Kaplan–Meier curve: enough for its shape, with dozens of customers between two of them."""
FEWEST = 5
"""Customers who gave up between two knots, at least."""


class _Patience(Frozen, SavedModel):
    """What the three laws share: topics with factors, survival, likelihood, files."""

    __slots__ = ()
    topics: tuple[str, ...]
    factor: Float64

    def _check(self, **positive: Float64 | float) -> None:
        self._set(topics=tuple(fold(str(name)) for name in self.topics))
        check = ArrayCheck("patience")
        self._set(factor=check.array("factor", self.factor, np.float64, (len(self.topics),)))
        for name, values in {"factor": self.factor, **positive}.items():
            check.at_least(name, np.atleast_1d(np.asarray(values, float)), 0, strict=True)
        check.finish()

    def hazard(self, wait_s: Float64) -> Float64:
        """``(k,)`` H(t), the cumulative hazard of customers on the whole."""
        raise NotImplementedError

    def rate(self, wait_s: Float64) -> Float64:
        """``(k,)`` the derivative of H, in 1/s."""
        raise NotImplementedError

    def factor_of(self, topic: str | None) -> float:
        """r of a topic; 1 for one that the history lacks."""
        name = None if topic is None else fold(topic)
        return float(self.factor[self.topics.index(name)]) if name in self.topics else 1.0

    def survival(self, wait_s: Float64, topic: str | None = None) -> Float64:
        """``(k,)`` P(patience > wait); see `PatienceModel`."""
        return np.asarray(np.exp(-self.factor_of(topic) * self.hazard(np.asarray(wait_s, np.float64))))

    def quantile_s(self, p: Float64, topic: str | None = None) -> Float64:
        """``(k,)`` seconds within which a share `p` in (0, 1) of the customers gives up."""
        return self._inverse(-np.log1p(-np.asarray(p, np.float64)) / self.factor_of(topic))

    def _inverse(self, hazard: Float64) -> Float64:
        raise NotImplementedError

    def log_likelihood(self, waits: pd.DataFrame | str | Path) -> float:
        """Mean log likelihood of the waits of a table in nats a row: log density of those given up, log P(longer) else.

        Columns as in `fit`.
        """
        found = read_waits(waits, events=0)
        factor = np.array([self.factor_of(name) for name in found.topics])[found.topic]
        total = -factor @ self.hazard(found.wait_s)
        total += np.log(factor * self.rate(found.wait_s))[found.abandoned].sum()
        return float(total / len(found.wait_s)) if len(found.wait_s) else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class ExponentialPatience(_Patience):
    """Patience without memory: H(t) = t / mean.

    Parameters
    ----------
    mean_s : of customers on the whole, > 0.
    topics, factor : names, and ``(topics,)`` how much faster than on the whole their customers give up.

    Examples
    --------
    >>> import pandas as pd
    >>> waits = pd.DataFrame({"wait_s": [30, 60, 90], "abandoned": [0, 1, 0]})
    >>> ExponentialPatience.fit(waits).mean_s  # one gave up in 180 seconds of waiting
    180.0
    """

    mean_s: float
    topics: tuple[str, ...] = ()
    factor: Float64 = ()  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._set(mean_s=float(self.mean_s))
        self._check(mean_s=self.mean_s)

    @classmethod
    def fit(cls, waits: pd.DataFrame | str | Path) -> ExponentialPatience:
        """Fit on a table with the columns ``wait_s``, ``abandoned`` (true: gave up then) and, optionally, ``topic``.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table; nobody who gave up is wrong, too.
        """
        found = read_waits(waits)
        mean = float(found.wait_s.sum() / found.abandoned.sum())
        return cls(mean, found.topics, _factors(found, found.wait_s / mean))

    def hazard(self, wait_s: Float64) -> Float64:
        """``(k,)`` t / mean."""
        return wait_s / self.mean_s

    def rate(self, wait_s: Float64) -> Float64:
        """``(k,)`` 1 / mean."""
        return np.full(np.shape(wait_s), 1.0 / self.mean_s)

    def _inverse(self, hazard: Float64) -> Float64:
        return hazard * self.mean_s


@dataclass(frozen=True, slots=True, eq=False)
class WeibullPatience(_Patience):
    """H(t) = (t / scale)^shape: with a shape below 1, who has waited long is likelier to go on waiting.

    Parameters
    ----------
    scale_s, shape : > 0.
    topics, factor : as in `ExponentialPatience`.
    """

    scale_s: float
    shape: float
    topics: tuple[str, ...] = ()
    factor: Float64 = ()  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._set(scale_s=float(self.scale_s), shape=float(self.shape))
        self._check(scale_s=self.scale_s, shape=self.shape)

    @classmethod
    def fit(cls, waits: pd.DataFrame | str | Path) -> WeibullPatience:
        """Maximum likelihood with scipy's `CensoredData`; table and errors as in `ExponentialPatience.fit`."""
        from scipy.stats import CensoredData, weibull_min

        found = read_waits(waits, events=2)
        data = CensoredData.right_censored(found.wait_s, ~found.abandoned)
        shape, _, scale = weibull_min.fit(data, floc=0)
        return cls(float(scale), float(shape), found.topics, _factors(found, (found.wait_s / scale) ** shape))

    @property
    def mean_s(self) -> float:
        """Mean patience of customers on the whole."""
        return self.scale_s * gamma(1 + 1 / self.shape)

    def hazard(self, wait_s: Float64) -> Float64:
        """``(k,)`` (t / scale)^shape."""
        return np.asarray((wait_s / self.scale_s) ** self.shape)

    def rate(self, wait_s: Float64) -> Float64:
        """``(k,)`` the derivative of the hazard."""
        return np.asarray(self.shape / self.scale_s * (wait_s / self.scale_s) ** (self.shape - 1))

    def _inverse(self, hazard: Float64) -> Float64:
        return np.asarray(self.scale_s * hazard ** (1 / self.shape))


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeierPatience(_Patience):
    """The product-limit estimate of patience (scipy's `ecdf`), interpolated so that it has a density.

    H is −log of the Kaplan–Meier curve at some of the times at which customers gave up, straight between them; after
    the last it goes on as steeply as over its last stretch, as nobody has been seen to wait longer.

    Parameters
    ----------
    time_s, hazard_at : ``(knots,)`` rising, from 0 on.
    topics, factor : as in `ExponentialPatience`.
    """

    time_s: Float64
    hazard_at: Float64
    topics: tuple[str, ...] = ()
    factor: Float64 = ()  # type: ignore[assignment]

    def __post_init__(self) -> None:
        check = ArrayCheck("patience")
        knots = (len(np.atleast_1d(self.time_s)),)
        for name in ("time_s", "hazard_at"):
            self._set(**{name: check.array(name, getattr(self, name), np.float64, knots)})
        if knots[0] < 2 or self.time_s[0] != 0 or self.hazard_at[0] != 0:
            check.add(None, "time_s", None, "expected two knots or more, the first of them 0")
        check.finish()
        self._check(time_s=np.diff(self.time_s), hazard_at=np.diff(self.hazard_at))

    @classmethod
    def fit(cls, waits: pd.DataFrame | str | Path) -> KaplanMeierPatience:
        """Fit on a table; columns and errors as in `ExponentialPatience.fit`."""
        from scipy.stats import CensoredData, ecdf

        found = read_waits(waits)
        curve = ecdf(CensoredData.right_censored(found.wait_s, ~found.abandoned)).sf
        times, alive = curve.quantiles, curve.probabilities
        gone = np.searchsorted(np.sort(found.wait_s[found.abandoned]), times, side="right")
        usable = (alive > 0) & (np.diff(gone, prepend=0) > 0)
        times, alive, gone = times[usable], alive[usable], gone[usable]
        if not len(times):  # all gave up at one instant: a time, and what an exponential would say
            mean = float(found.wait_s.sum() / found.abandoned.sum())
            times, alive, gone = np.array([mean]), np.array([np.exp(-1.0)]), np.array([1])
        curve_alone = cls.through(times, -np.log(alive), gone)
        factor = _factors(found, curve_alone.hazard(found.wait_s))
        return cls(curve_alone.time_s, curve_alone.hazard_at, found.topics, factor)

    @classmethod
    def through(cls, time_s: Float64, hazard: Float64, gone: NDArray[np.int64]) -> KaplanMeierPatience:
        """A curve through some points of a cumulative hazard, with customers enough between two of them.

        Parameters
        ----------
        time_s, hazard : ``(k,)`` rising, > 0.
        gone : ``(k,)`` customers who had given up by each time.
        """
        step = max(FEWEST, int(np.ceil(gone[-1] / KNOTS)))
        chosen = np.unique(np.searchsorted(gone, np.arange(step, gone[-1] + 1, step)))
        # what would be a last stretch of fewer customers belongs to the one before
        chosen = np.append(chosen[:-1], len(time_s) - 1) if len(chosen) else np.array([len(time_s) - 1])
        return cls(np.concatenate(([0.0], time_s[chosen])), np.concatenate(([0.0], hazard[chosen])))

    @property
    def mean_s(self) -> float:
        """Mean patience of customers on the whole, what nobody was seen to reach extrapolated."""
        alive = np.exp(-self.hazard_at)
        slopes = np.diff(self.hazard_at) / np.diff(self.time_s)
        return float((-np.diff(alive) / slopes).sum() + alive[-1] / slopes[-1])

    def hazard(self, wait_s: Float64) -> Float64:
        """``(k,)`` interpolated."""
        return _interpolated(wait_s, self.time_s, self.hazard_at)

    def rate(self, wait_s: Float64) -> Float64:
        """``(k,)`` slopes of the stretches."""
        slopes = np.diff(self.hazard_at) / np.diff(self.time_s)
        at = np.searchsorted(self.time_s, wait_s, side="left") - 1
        return np.asarray(slopes[np.clip(at, 0, len(slopes) - 1)])

    def _inverse(self, hazard: Float64) -> Float64:
        return _interpolated(hazard, self.hazard_at, self.time_s)


def _interpolated(at: Float64, x: Float64, y: Float64) -> Float64:
    """A line through points, which goes on after the last of them."""
    slope = (y[-1] - y[-2]) / (x[-1] - x[-2])
    return np.asarray(np.interp(at, x, y) + slope * np.maximum(np.asarray(at) - x[-1], 0.0))


def _factors(waits: Waits, hazard: Float64) -> Float64:
    """``(topics,)`` r of each topic; the formula stands in the module's docstring."""
    n = len(waits.topics)
    gave_up, expected = (np.bincount(waits.topic, values, n) for values in (waits.abandoned, hazard))
    return np.ones(1) if n == 1 else shrunken_factors(gave_up, expected)
