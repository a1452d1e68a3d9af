"""Times to the end of tickets: hazards by age, those of late weighing more, and what is still open counted as open.

A period life table: of all tickets that were open at some age on some day, how many ended there. Tickets that are open
when the log ends have their say up to then. Where work becomes faster or slower from week to week, days longer ago
count less, and the hazards of all ages of a group grow by the same share a day, ``λ(age, day) = λ(age) exp(g day)``,
with g that of the greatest likelihood of Poisson counts; what is told is the hazard when the log ends, and it grows no
further. Half-lives, and whether anything grows, are those that predicted later weeks of the same log best, for tickets
in their first day and for older ones. Beyond the oldest age seen the last hazard holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.factors import shrunken_factors
from deskmatch.simulation.calibration.contact_log import ContactLog
from deskmatch.simulation.settings import DAY_S

__all__ = ["Course", "ElapsedFit", "fit_ages"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AGES_S = 3600.0 * np.array([0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 24, 48, 72, 120, 168, 240, 336, 504, 672, 1008, np.inf])
"""Of the cells of age."""
FIRST_DAY = AGES_S[1:] <= DAY_S
HALF_LIVES = (np.inf, 28.0, 14.0, 7.0, 3.5)
"""Days, of which the best is taken; of equally good ones the first."""
WORTH = 2.0
"""By how much more likely, in logarithms, later weeks must be where days do not count the same, and where hazards
grow."""
TURNS, CLOSE = 50, 1e-9
MOST_A_DAY = 0.2
"""By which hazards can grow a day, and of one step towards that."""
AHEAD, LEAST = 7, 14
"""Days that are predicted at a time, and days of a log before the first of them."""


class Course(NamedTuple):
    """How hazards change from day to day.

    Parameters
    ----------
    half_life : days after which a day counts half; inf: all days count the same.
    growth : of the logarithm of hazards, a day.
    """

    half_life: float
    growth: float


@dataclass(frozen=True, slots=True, eq=False)
class ElapsedFit:
    """What `fit_ages` finds.

    Parameters
    ----------
    hazard : ``(cells,)`` ends a second of open tickets, by age, when the log ends.
    factor : ``(types,)`` how much sooner than usual tickets of each type end.
    course : for the first day of age and later.
    open : tickets that had not ended when the log did.
    """

    hazard: Floats
    factor: Floats
    course: tuple[Course, Course]
    open: int

    def quantiles(self, type: int, points: int) -> Floats:
        """In the middle of equal shares of the law of a type, seconds."""
        rate = self.hazard * self.factor[type]
        total = np.concatenate(([0.0], np.cumsum(rate[:-1] * np.diff(AGES_S[:-1]))))
        wanted = -np.log1p(-(np.arange(points) + 0.5) / points)
        cell = np.searchsorted(total, wanted, side="right") - 1
        return np.asarray(AGES_S[cell] + (wanted - total[cell]) / rate[cell])


STEADY = Course(np.inf, 0.0)


def fit_ages(log: ContactLog) -> ElapsedFit:
    """Hazards by age of all tickets, and of each type relative to them."""
    until = min(log.seen_until_s, float(np.nanmax(log.ended_s)) + 1.0)
    course = _best_courses(log, until)
    tables = [_table(log, 0.0, until, each) for each in course]
    ends, exposure = (np.where(FIRST_DAY, *pair) for pair in zip(*tables, strict=True))
    hazard = _hazard(ends.sum(axis=0), exposure.sum(axis=0))
    factor = shrunken_factors(ends.sum(axis=1), exposure @ hazard)
    return ElapsedFit(hazard, factor, course, int((log.ended_s > until).sum()))


def _best_courses(log: ContactLog, until: float) -> tuple[Course, Course]:
    """By how likely later weeks are under what was seen before each of them."""
    days = [_table(log, day * DAY_S, (day + 1) * DAY_S, STEADY) for day in range(int(until // DAY_S))]
    cells = len(FIRST_DAY)
    ends, exposure = (np.array([day[k].sum(axis=0) for day in days]).reshape(-1, cells) for k in (0, 1))
    found = [_best_course(ends[:, group], exposure[:, group]) for group in (FIRST_DAY, ~FIRST_DAY)]
    return found[0], found[1]


def _best_course(ends: Floats, exposure: Floats) -> Course:
    """Of ages whose hazards grow alike: ``(days, cells)`` ends and exposure."""
    candidates = [(half_life, grows) for grows in (False, True) for half_life in HALF_LIVES]
    score = -WORTH * np.array([np.isfinite(half_life) + grows for half_life, grows in candidates])
    for day in range(LEAST, len(ends) - AHEAD + 1, AHEAD):
        later = slice(day, day + AHEAD)
        for row, (half_life, grows) in enumerate(candidates):
            hazard = _last_hazard(ends[:day], exposure[:day], _course(ends[:day], exposure[:day], half_life, grows))
            score[row] += (ends[later] * np.log(hazard) - exposure[later] * hazard).sum()
    return _course(ends, exposure, *candidates[int(np.argmax(score))])


def _course(ends: Floats, exposure: Floats, half_life: float, grows: bool) -> Course:
    """The growth that is likeliest where λ(age) is free, by Newton's method."""
    if not grows:
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


def _table(log: ContactLog, begin: float, end: float, course: Course) -> tuple[Floats, Floats]:
    """``(types, cells)`` ends between two instants, and seconds that tickets were open then.

    Both weighed by their day, and the seconds by the hazard of their day over that of the end.
    """
    rows = np.flatnonzero((log.queued_s < end) & (np.fmax(log.ended_s, log.queued_s) >= begin))
    opened, ended, kind = log.queued_s[rows], np.fmax(log.ended_s, log.queued_s)[rows], log.type[rows]
    low = np.maximum(opened[:, None] + AGES_S[:-1], begin)
    high = np.minimum(np.minimum(opened[:, None] + AGES_S[1:], end), ended[:, None])
    open_s = np.maximum(high - low, 0.0)
    exposure, ends = (np.zeros((len(log.types), len(AGES_S) - 1)) for _ in range(2))
    ago = np.maximum(end - (low + high) / 2, 0.0) / DAY_S
    np.add.at(exposure, kind, open_s * 0.5 ** (ago / course.half_life) * np.exp(-course.growth * ago))
    inside = np.flatnonzero(ended < end)
    cell = np.searchsorted(AGES_S, (ended - opened)[inside], side="right") - 1
    np.add.at(ends, (kind[inside], cell), 0.5 ** ((end - ended[inside]) / DAY_S / course.half_life))
    return ends, exposure


def _hazard(ends: Floats, exposure: Floats) -> Floats:
    """Ends a second, each a little drawn to that of the ages around it; where nobody was seen, that of the age
    before."""
    around_ends, around = (np.convolve(values, np.ones(3), "same") for values in (ends, exposure))
    overall = (ends.sum() + 0.5) / max(exposure.sum(), 1.0)
    usual = np.where(around_ends > 0, around_ends / np.maximum(around, 1.0), overall)
    found = (ends + 0.5) / (exposure + 0.5 / usual)
    seen = np.maximum.accumulate(np.where(exposure > 0, np.arange(len(ends)), 0))
    return np.asarray(found[seen])
