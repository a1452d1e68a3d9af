"""Working time: how fast tickets in hand go on at each hour of the week, and days on which hardly anybody works.

Whoever has a ticket solves it within the hour in which it came, or takes it up again during working hours. So the first
hour of a ticket passes by the clock, and what is older by working time, which goes on as fast as tickets ended at that
hour of the week, relative to how many were open. A day on which far fewer came than is usual for its weekday is a day
off, such as a public holiday, and goes on like the weekday on which least is done.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.factors import shrunken_factors
from deskmatch.simulation.calibration.contact_log import ContactLog
from deskmatch.simulation.calibration.measures import seconds_before
from deskmatch.simulation.settings import DAY_S

__all__ = ["AT_ONCE_S", "HOUR_S", "WEEK", "WorkingTime", "days_off_of", "fit_working_time"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HOUR_S, HOURS, WEEK = 3600.0, 24, 7
AT_ONCE_S = 3600.0
"""For which tickets go on by the clock."""
OVERNIGHT_S = 8 * 3600.0
"""Age from which on tickets say when people work: those that were not solved on the way."""
FEW, USUAL = 1 / 2, 30.0
"""Share of the usual contacts below which a day is off, where so many are usual: chance alone does that once in a
thousand days."""


@dataclass(frozen=True, slots=True, eq=False)
class WorkingTime:
    """The clock by which tickets get older.

    Parameters
    ----------
    progress : ``(168,)`` working seconds a second, by hour of the week from the weekday on which the log begins; 1 on
        average over the log's days.
    days_off : of the log, from 0.
    done_s : ``(hours + 1,)`` working seconds from the first midnight to the edges of all hours that are seen.
    """

    progress: Floats
    days_off: Integers
    done_s: Floats

    def done(self, at_s: Floats) -> Floats:
        """Working seconds up to some instants; after all that is seen they pass by the clock."""
        edges = HOUR_S * np.arange(len(self.done_s))
        return np.asarray(np.interp(at_s, edges, self.done_s) + np.maximum(at_s - edges[-1], 0.0))

    def when(self, done_s: Floats) -> Floats:
        """The instants at which so many working seconds are done."""
        edges = HOUR_S * np.arange(len(self.done_s))
        return np.asarray(np.interp(done_s, self.done_s, edges) + np.maximum(done_s - self.done_s[-1], 0.0))

    def age(self, opened_s: Floats, at_s: Floats) -> Floats:
        """How old tickets are: their first hour by the clock, then by working time."""
        by_clock = np.minimum(at_s - opened_s, AT_ONCE_S)
        return np.asarray(by_clock + self.done(at_s) - self.done(np.minimum(at_s, opened_s + AT_ONCE_S)))

    def reached(self, opened_s: Floats, age_s: Floats) -> Floats:
        """The instants at which tickets are so old; ages and opening times are broadcast against each other."""
        later = self.when(self.done(opened_s + AT_ONCE_S) + np.maximum(age_s - AT_ONCE_S, 0.0))
        return np.where(age_s <= AT_ONCE_S, opened_s + age_s, later)


def fit_working_time(log: ContactLog, until_s: float) -> WorkingTime:
    """Ends over time open of tickets of more than eight hours, by weekday, hour and both, each drawn to what is above.

    Parameters
    ----------
    log : tickets.
    until_s : what happens later is not looked at.
    """
    day = np.arange(max(log.days, int(np.ceil(until_s / DAY_S))))
    off = days_off_of(np.bincount(log.day_of(log.queued_s), minlength=log.days), _usual(log))
    hours = np.arange(len(day) * HOURS)
    slot = hours % (WEEK * HOURS)
    seen = ~np.isin(hours // HOURS, off) & ((hours + 1) * HOUR_S <= until_s)
    by_slot = np.zeros((2, WEEK * HOURS))
    for own, each in zip(by_slot, _by_hour(log, until_s, len(hours)), strict=True):
        np.add.at(own, slot[seen], each[seen])
    progress = _progress(*by_slot.reshape(2, WEEK, HOURS))
    factor = progress[day % WEEK]
    factor[off] = progress[progress.sum(axis=1).argmin()]
    mean = factor[: log.days].mean()
    done_s = HOUR_S * np.concatenate(([0.0], np.cumsum(factor.ravel() / mean)))
    return WorkingTime(progress.ravel() / mean, off, done_s)


def days_off_of(counts: NDArray[np.int64], usual: Floats) -> Integers:
    """Days on which less than half of the usual contacts come, of those on which 30 or more are usual.

    Where most days have more or fewer than is usual, as of a part of the desk, that is what is usual here.

    Parameters
    ----------
    counts, usual : ``(days,)``.

    Examples
    --------
    >>> days_off_of(np.array([90, 40, 110, 3]), np.array([100.0, 100.0, 100.0, 10.0]))
    array([1])
    >>> days_off_of(np.array([90, 10, 110, 3]), np.array([400.0, 400.0, 400.0, 40.0]))
    array([1])
    """
    many = usual >= USUAL
    level = np.median(counts[many] / usual[many]) if many.any() else 1.0
    expected = level * usual
    return np.flatnonzero((expected >= USUAL) & (counts < FEW * expected))


def _usual(log: ContactLog) -> Floats:
    """``(days,)`` mean contacts of the same weekday."""
    weekday = np.arange(log.days) % WEEK
    came = np.bincount(log.day_of(log.queued_s) % WEEK, minlength=WEEK)
    return np.asarray(came[weekday] / np.bincount(weekday)[weekday])


def _by_hour(log: ContactLog, until_s: float, hours: int) -> tuple[Floats, Floats]:
    """``(hours,)`` ends of older tickets, and seconds that such tickets were open."""
    older, ended = log.queued_s + OVERNIGHT_S, np.fmin(log.ended_s, until_s)
    rows = np.flatnonzero(ended > older)
    open_s = np.diff(seconds_before(older[rows], ended[rows], HOUR_S * np.arange(hours + 1.0)))
    at = (log.ended_s[rows[log.ended_s[rows] < until_s]] // HOUR_S).astype(np.int64)
    return np.bincount(at, minlength=hours)[:hours].astype(np.float64), np.asarray(open_s)


def _progress(ends: Floats, open_s: Floats) -> Floats:
    """``(7, 24)`` of ends and seconds open of this shape; 1 where nothing is known."""
    if not ends.sum():
        return np.ones(ends.shape)
    expected = open_s * (ends.sum() / open_s.sum())
    of_day = shrunken_factors(ends.sum(axis=1), expected.sum(axis=1))[:, None]
    of_hour = shrunken_factors(ends.sum(axis=0), (expected * of_day).sum(axis=0))[None, :]
    of_both = shrunken_factors(ends.ravel(), (expected * of_day * of_hour).ravel()).reshape(ends.shape)
    return np.asarray(of_day * of_hour * of_both)
