"""Times to the end of tickets: hazards by age, those of late weighing more, and what is still open counted as open.

A period life table: of all tickets that were open at some age on some day, how many ended there. Tickets get older by
`WorkingTime`, and those that are open when the log ends have their say up to then. Where work becomes faster or slower
from week to week, days longer ago count less; and the hazards of the first hours of a ticket, which many tickets show
each day, grow by the same share a day, ``λ(age, day) = λ(age) exp(g day)``, with g that of the greatest likelihood of
Poisson counts; what is told is the hazard of the last day on which tickets came, as which all counts that is seen after
it. Half-lives, and whether anything grows, are those that predicted later weeks of the same log best, for the first
hours and for what is older; by how much even these missed the ends of later weeks is how uncertain the twin is of its
times. Types differ by a factor in each of three stages of age. Beyond the oldest age seen the last hazard holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.factors import shrunken_factors
from deskmatch.simulation.calibration.contact_log import ContactLog
from deskmatch.simulation.calibration.working_time import AT_ONCE_S, WorkingTime, fit_working_time
from deskmatch.simulation.settings import DAY_S

__all__ = ["Course", "ElapsedFit", "fit_ages"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AGES_S = 3600.0 * np.array([0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 24, 48, 72, 120, 168, 240, 336, 504, 672, 1008, np.inf])
"""Of the cells of age."""
YOUNG = AGES_S[1:] <= 8 * 3600.0
"""The cells of the working day in which a ticket came."""
OLD = AGES_S[:-1] >= 336 * 3600.0
STAGES = (YOUNG, ~YOUNG & ~OLD, OLD)
"""Types differ by one factor in each: those of which many are solved at once are not those of which few stay for
weeks."""
WORTH = 2.0
"""By how much more likely, in logarithms, later weeks must be where days do not count the same, and where hazards
grow."""
TURNS, CLOSE, STAYS = 50, 1e-9, 1e-4
MOST_A_DAY = 0.2
"""By which hazards can grow a day, and of one step towards that."""
AHEAD, LEAST = 7, 14
"""Days that are predicted at a time, and days of a log before the first of them."""
MISSED = 0.4
"""One more week of each group of ages counts as missed by this share, as a log has few weeks, or none, to tell."""


class Course(NamedTuple):
    """How hazards change from day to day.

    Parameters
    ----------
    half_life : days after which a day counts half; inf: all days count the same.
    growth : of the logarithm of hazards, a day.
    """

    half_life: float
    growth: float


class Candidate(NamedTuple):
    """A course whose growth is still to be estimated.

    Parameters
    ----------
    half_life : as of `Course`.
    grows : whether there is growth.
    """

    half_life: float
    grows: bool


STEADY = Course(np.inf, 0.0)
CANDIDATES = (
    tuple(Candidate(days, grows) for grows in (False, True) for days in (np.inf, 28.0, 14.0, 7.0, 3.5)),
    tuple(Candidate(days, False) for days in (np.inf, 28.0, 14.0)),
)
"""For young tickets and for older ones, which last for weeks, so that a week says little of them; the best is taken, of
equally good ones the first."""


@dataclass(frozen=True, slots=True, eq=False)
class ElapsedFit:
    """What `fit_ages` finds.

    Parameters
    ----------
    hazard : ``(cells,)`` ends a second of open tickets, by age, on the last day on which tickets came.
    factor : ``(types, cells)`` how much sooner than usual tickets of each type end.
    course : of young tickets and of older ones.
    working_time : by which they get older.
    missed : by how much ends of later weeks of the log differ from what was predicted, beyond chance, relative to it.
    open : tickets that had not ended when the log did.
    """

    hazard: Floats
    factor: Floats
    course: tuple[Course, Course]
    working_time: WorkingTime
    missed: float
    open: int

    def quantiles(self, type: int, points: int) -> Floats:
        """In the middle of equal shares of the law of a type, seconds."""
        rate = self.hazard * self.factor[type]
        total = np.concatenate(([0.0], np.cumsum(rate[:-1] * np.diff(AGES_S[:-1]))))
        wanted = -np.log1p(-(np.arange(points) + 0.5) / points)
        cell = np.searchsorted(total, wanted, side="right") - 1
        return np.asarray(AGES_S[cell] + (wanted - total[cell]) / rate[cell])


def fit_ages(log: ContactLog) -> ElapsedFit:
    """Hazards by age of all tickets, and of each type relative to them."""
    until = min(log.seen_until_s, float(np.nanmax(log.ended_s)) + 1.0)
    now = min(until, log.days * DAY_S)
    working_time = fit_working_time(log, until)
    lives = Lives.of(log, working_time)
    days = [lives.table(day * DAY_S, (day + 1) * DAY_S, STEADY, now) for day in range(int(now // DAY_S))]
    ends, exposure = (np.array([day[k].sum(axis=0) for day in days]).reshape(-1, len(YOUNG)) for k in (0, 1))
    groups = [(ends[:, cells], exposure[:, cells]) for cells in (YOUNG, ~YOUNG)]
    best = [_best(*group, candidates) for group, candidates in zip(groups, CANDIDATES, strict=True)]
    course = tuple(_course(*group, each) for group, each in zip(groups, best, strict=True))
    tables = [lives.table(0.0, until, each, now) for each in course]
    ends, exposure = (np.where(YOUNG, *pair) for pair in zip(*tables, strict=True))
    hazard, factor = _proportional(ends, exposure)
    return ElapsedFit(
        hazard=hazard,
        factor=factor,
        course=(course[0], course[1]),
        working_time=working_time,
        missed=_missed([pair for group, each in zip(groups, best, strict=True) for pair in _weeks(*group, each)]),
        open=int((log.ended_s > until).sum()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Lives:
    """When tickets reach each age.

    Parameters
    ----------
    type, types : ``(tickets,)`` codes, and how many there are.
    reached_s : ``(tickets, cells + 1)`` instants.
    ended_s : ``(tickets,)``.
    last : ``(tickets,)`` the cell of age in which each ended.
    working_time : by which they get older.
    """

    type: Integers
    types: int
    reached_s: Floats
    ended_s: Floats
    last: Integers
    working_time: WorkingTime

    @classmethod
    def of(cls, log: ContactLog, working_time: WorkingTime) -> Lives:
        """Of a log of tickets."""
        ended = np.fmax(log.ended_s, log.queued_s)
        last = np.searchsorted(AGES_S, working_time.age(log.queued_s, ended), side="right") - 1
        reached = working_time.reached(log.queued_s[:, None], AGES_S)
        return cls(log.type, len(log.types), reached, ended, last, working_time)

    def table(self, begin: float, end: float, course: Course, now: float) -> tuple[Floats, Floats]:
        """``(types, cells)`` ends between two instants, and seconds by which open tickets got older then.

        Both weighed by how long before now that was, and the seconds by the hazard of their day over that of now.
        """
        rows = np.flatnonzero((self.reached_s[:, 0] < end) & (self.ended_s >= begin))
        reached, ended, kind = self.reached_s[rows], self.ended_s[rows], self.type[rows]
        low = np.maximum(reached[:, :-1], begin)
        high = np.maximum(np.minimum(np.minimum(reached[:, 1:], end), ended[:, None]), low)
        clock = self.working_time
        older_s = np.where(AGES_S[1:] <= AT_ONCE_S, high - low, clock.done(high) - clock.done(low))
        exposure, ends = (np.zeros((self.types, len(AGES_S) - 1)) for _ in range(2))
        ago = np.maximum(now - (low + high) / 2, 0.0) / DAY_S
        np.add.at(exposure, kind, older_s * 0.5 ** (ago / course.half_life) * np.exp(-course.growth * ago))
        inside = np.flatnonzero(ended < end)
        weight = 0.5 ** (np.maximum(now - ended[inside], 0.0) / DAY_S / course.half_life)
        np.add.at(ends, (kind[inside], self.last[rows[inside]]), weight)
        return ends, exposure


def _proportional(ends: Floats, exposure: Floats) -> tuple[Floats, Floats]:
    """``(cells,)`` hazards and ``(types, cells)`` factors of them: each in turn, given the other, until they stay.

    Who is open for long is mostly of slow types, so that the hazard of all together is not that of a type of factor 1.
    """
    factor = np.ones(ends.shape)
    for _ in range(TURNS):
        before, hazard = factor.copy(), _hazard(ends.sum(axis=0), (factor * exposure).sum(axis=0))
        for cells in STAGES:
            factor[:, cells] = shrunken_factors(ends[:, cells].sum(axis=1), exposure[:, cells] @ hazard[cells])[:, None]
        if np.abs(factor - before).max() < STAYS:
            break
    return hazard, factor


def _best(ends: Floats, exposure: Floats, candidates: tuple[Candidate, ...]) -> Candidate:
    """By how likely later weeks are under what was seen before each: ``(days, cells)`` ends and exposure."""
    score = [
        sum(float((later * np.log(expected) - expected).sum()) for later, expected in _weeks(ends, exposure, each))
        - WORTH * (np.isfinite(each.half_life) + each.grows)
        for each in candidates
    ]
    return candidates[int(np.argmax(score))]


def _weeks(ends: Floats, exposure: Floats, candidate: Candidate) -> Iterator[tuple[Floats, Floats]]:
    """``(cells,)`` ends of each later week, and those that were to be expected from the days before it."""
    for day in range(LEAST, len(ends) - AHEAD + 1, AHEAD):
        before, later = slice(day), slice(day, day + AHEAD)
        course = _course(ends[before], exposure[before], candidate)
        hazard = _last_hazard(ends[before], exposure[before], course)
        yield ends[later].sum(axis=0), np.maximum(exposure[later].sum(axis=0) * hazard, 1e-12)


def _missed(weeks: list[tuple[Floats, Floats]]) -> float:
    """Root mean square of real over expected ends − 1, with the variance of Poisson counts taken off."""
    real, expected = (np.array([pair[k].sum() for pair in weeks]) for k in (0, 1))
    known = expected >= 1.0
    beyond = ((real[known] / expected[known] - 1.0) ** 2 - 1.0 / expected[known]).sum()
    return float(np.sqrt(max((beyond + MISSED**2) / (known.sum() + 1), 0.0)))


def _course(ends: Floats, exposure: Floats, candidate: Candidate) -> Course:
    """The growth that is likeliest where λ(age) is free, by Newton's method."""
    half_life = candidate.half_life
    if not candidate.grows:
        return Course(half_life, 0.0)
    ago = np.arange(len(ends))[::-1] + 0.5
    weight, growth = 0.5 ** (ago / half_life), 0.0
    for _ in range(TURNS):
        hazard = _last_hazard(ends, exposure, Course(half_life, growth))
        expected = exposure * hazard * (weight * np.exp(-growth * ago))[:, None]
        mean = ago @ expected / np.maximum(expected.sum(axis=0), 1e-300)
        slope = -(ago @ (ends * weight[:, None] - expected)).sum()
        bend = (expected * (ago[:, None] - mean) ** 2).sum()
        step = float(np.clip(slope / bend, -MOST_A_DAY, MOST_A_DAY)) if bend > 0 else 0.0
        growth = float(np.clip(growth + step, -MOST_A_DAY, MOST_A_DAY))
        if abs(step) < CLOSE:
            break
    return Course(half_life, growth)


def _last_hazard(ends: Floats, exposure: Floats, course: Course) -> Floats:
    """``(cells,)`` at the end of the last day."""
    ago = np.arange(len(ends))[::-1] + 0.5
    weight = 0.5 ** (ago / course.half_life)
    return _hazard(weight @ ends, (weight * np.exp(-course.growth * ago)) @ exposure)


def _hazard(ends: Floats, exposure: Floats) -> Floats:
    """Ends a second, each a little drawn to that of the ages around it; where nobody was seen, that of the age
    before."""
    around_ends, around = (np.convolve(values, np.ones(3), "same") for values in (ends, exposure))
    overall = (ends.sum() + 0.5) / max(exposure.sum(), 1.0)
    usual = np.where(around_ends > 0, around_ends / np.maximum(around, 1.0), overall)
    found = (ends + 0.5) / (exposure + 0.5 / usual)
    seen = np.maximum.accumulate(np.where(exposure > 0, np.arange(len(ends)), 0))
    return np.asarray(found[seen])
