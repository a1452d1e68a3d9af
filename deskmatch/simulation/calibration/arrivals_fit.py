"""Arrivals of a log: rates by weekday and interval, and how much more busy some days are than others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.factors import shrunken_factors
from deskmatch.simulation.calibration.contact_log import ContactLog, intervals_of_day
from deskmatch.simulation.settings import DAY_S

__all__ = ["ArrivalFit", "fit_arrivals"]

Floats = NDArray[np.float64]

WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class ArrivalFit:
    """Rates that repeat every week, from the weekday on which the log begins.

    Parameters
    ----------
    every_s : length of an interval.
    per_hour : ``(classes, 7 · intervals of a day)``.
    busyness_cv : coefficient of variation of the factor of a whole day.
    counts : ``(days, intervals)`` of all classes, as they came.
    expected : ``(days, intervals)`` by the rates.
    dispersion : variance over mean of the counts by interval about the rates times the day's own factor; 1 is Poisson.
    share_of_days : share of the variance of daily totals that is not Poisson's.
    """

    every_s: float
    per_hour: Floats
    busyness_cv: float
    counts: NDArray[np.int64]
    expected: Floats
    dispersion: float
    share_of_days: float


def fit_arrivals(log: ContactLog, *, every_s: float = 1800.0, again: NDArray[np.bool_] | None = None) -> ArrivalFit:
    """Rates of each class of contacts by weekday and interval; whoever is handed on has arrived before.

    The rate of all contacts in an interval of a weekday is drawn towards the weekday's total times the profile of all
    days, as far as the counts of a few weeks say no more; classes share it as they do in that interval of all days,
    drawn towards their share of the whole.

    Parameters
    ----------
    log : the contacts.
    every_s : length of an interval; a day must be a whole number of them.
    again : ``(rows,)`` contacts of customers who come again because of the one before, which are no arrivals.

    Raises
    ------
    ContractError
        Where it is not.
    """
    n = intervals_of_day(every_s)
    first = np.flatnonzero((log.hop == 0) & (True if again is None else ~again))
    queued_s, code = log.queued_s[first], log.contact_class[first]
    day = log.day_of(queued_s)
    slot = np.minimum(((queued_s - day * DAY_S) // every_s).astype(np.int64), n - 1)
    counts = np.zeros((log.days, n), np.int64)
    np.add.at(counts, (day, slot), 1)
    weekday = np.arange(log.days) % WEEK
    weeks = np.maximum(np.bincount(weekday, minlength=WEEK), 1)
    seen = np.bincount(weekday, minlength=WEEK) > 0
    profile = counts.sum(axis=0) / max(counts.sum(), 1)
    totals = np.array([counts[weekday == each].sum() for each in range(WEEK)]) / weeks
    totals = np.where(seen, totals, totals[seen].mean())
    by_slot = np.array([counts[weekday == each].sum(axis=0) for each in range(WEEK)])
    guess = np.outer(totals * weeks, profile)
    factor = np.ones((WEEK, n))  # a weekday that the log does not have is like the others
    factor[seen] = shrunken_factors(by_slot[seen].ravel(), guess[seen].ravel()).reshape(-1, n)
    rate = guess * factor / weeks[:, None]
    rate *= (totals / np.maximum(rate.sum(axis=1), 1e-12))[:, None]
    shares = _shares(code, len(log.class_names()), slot, n)
    expected = rate[weekday]
    cv = _busyness(counts.sum(axis=1), totals[weekday], weekday)
    return ArrivalFit(
        every_s=every_s,
        per_hour=np.asarray((rate.ravel() * 3600.0 / every_s) * np.tile(shares, WEEK)),
        busyness_cv=cv,
        counts=counts,
        expected=expected,
        dispersion=_dispersion(counts, expected),
        share_of_days=cv**2 / (cv**2 + 1 / max(float(totals[weekday].mean()), 1e-12)),
    )


def _shares(code: NDArray[np.int64], classes: int, slot: NDArray[np.int64], n: int) -> Floats:
    """``(classes, intervals)`` share of each class in the contacts of an interval of the day."""
    found = np.zeros((classes, n))
    np.add.at(found, (code, slot), 1)
    whole = found.sum(axis=1) / max(len(code), 1)
    prior = 20.0
    return np.asarray((found + prior * whole[:, None]) / (found.sum(axis=0) + prior))


def _busyness(totals: NDArray[np.int64], expected: Floats, weekday: NDArray[np.int64]) -> float:
    """Moments: what the totals of a weekday vary beyond Poisson, with its own mean taken out."""
    above, below = 0.0, 0.0
    for each in np.unique(weekday):
        own = totals[weekday == each].astype(float)
        if len(own) > 1:
            above += float(own.var(ddof=1) - own.mean()) * (len(own) - 1)
            below += float(own.mean() ** 2) * (len(own) - 1)
    return float(np.sqrt(max(above / below, 0.0))) if below > 0 else 0.0


def _dispersion(counts: NDArray[np.int64], expected: Floats) -> float:
    """Mean of (count − mean)² / mean over the intervals in which something is expected, the day's factor taken out."""
    own = counts.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-12)
    mean = expected * own[:, None]
    used = mean > 1.0
    return float((((counts - mean) ** 2)[used] / mean[used]).mean()) if used.any() else float("nan")
