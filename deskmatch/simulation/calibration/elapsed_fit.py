"""Times to the end of tickets: hazards by age, those of late weighing more, and what is still open counted as open.

A period life table: of all tickets that were open at some age on some day, how many ended there. Tickets that are open
when the log ends have their say up to then; and where work becomes faster from week to week, days longer ago count
less, by half-lives that predicted later weeks of the same log best, one for the first day of a ticket's age and one
for what is older. Beyond the oldest age seen the last hazard holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.factors import shrunken_factors
from deskmatch.simulation.calibration.contact_log import ContactLog
from deskmatch.simulation.settings import DAY_S

__all__ = ["ElapsedFit", "fit_ages"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AGES_S = 3600.0 * np.array([0, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 24, 48, 72, 120, 168, 240, 336, 504, 672, 1008, np.inf])
"""Of the cells of age."""
FIRST_DAY = AGES_S[1:] <= DAY_S
HALF_LIVES = (np.inf, 28.0, 14.0, 7.0, 3.5)
"""Days, of which the best is taken; of equally good ones the first."""
AHEAD, LEAST = 7, 14
"""Days that are predicted at a time, and days of a log before the first of them."""


@dataclass(frozen=True, slots=True, eq=False)
class ElapsedFit:
    """What `fit_ages` finds.

    Parameters
    ----------
    hazard : ``(cells,)`` ends a second of open tickets, by age.
    factor : ``(types,)`` how much sooner than usual tickets of each type end.
    half_life : days after which a day counts half, for the first day of age and later; inf: all days count the same.
    open : tickets that had not ended when the log did.
    """

    hazard: Floats
    factor: Floats
    half_life: tuple[float, float]
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
    half_life = _best_half_lives(log, until)
    tables = [_table(log, 0.0, until, each) for each in half_life]
    ends, exposure = (np.where(FIRST_DAY, *pair) for pair in zip(*tables, strict=True))
    hazard = _hazard(ends.sum(axis=0), exposure.sum(axis=0))
    factor = shrunken_factors(ends.sum(axis=1), exposure @ hazard)
    return ElapsedFit(hazard, factor, half_life, int((log.ended_s > until).sum()))


def _best_half_lives(log: ContactLog, until: float) -> tuple[float, float]:
    """By how likely later weeks are under what was seen before each of them."""
    score = {each: np.zeros(len(FIRST_DAY)) for each in HALF_LIVES}
    for day in range(LEAST, int(until // DAY_S) - AHEAD + 1, AHEAD):
        ends, exposure = (each.sum(axis=0) for each in _table(log, day * DAY_S, (day + AHEAD) * DAY_S, np.inf))
        for half_life in HALF_LIVES:
            hazard = _hazard(*(each.sum(axis=0) for each in _table(log, 0.0, day * DAY_S, half_life)))
            score[half_life] += ends * np.log(hazard) - exposure * hazard
    first, later = (np.argmax([score[each][rows].sum() for each in HALF_LIVES]) for rows in (FIRST_DAY, ~FIRST_DAY))
    return HALF_LIVES[first], HALF_LIVES[later]


def _table(log: ContactLog, begin: float, end: float, half_life: float) -> tuple[Floats, Floats]:
    """``(types, cells)`` ends between two instants, and seconds that tickets were open then, weighed by their day."""
    types, cells = len(log.types), len(AGES_S) - 1
    opened, ended = log.queued_s, np.fmax(log.ended_s, log.queued_s)
    low = np.maximum(opened[:, None] + AGES_S[:-1], begin)
    high = np.minimum(np.minimum(opened[:, None] + AGES_S[1:], end), ended[:, None])
    open_s = np.maximum(high - low, 0.0)
    exposure, ends = np.zeros((types, cells)), np.zeros((types, cells))
    np.add.at(exposure, log.type, open_s * _weight(end - (low + high) / 2, half_life))
    inside = np.flatnonzero((ended >= begin) & (ended < end))
    cell = np.searchsorted(AGES_S, (ended - opened)[inside], side="right") - 1
    np.add.at(ends, (log.type[inside], cell), _weight(end - ended[inside], half_life))
    return ends, exposure


def _weight(ago_s: Floats, half_life: float) -> Floats:
    return np.asarray(0.5 ** (np.maximum(ago_s, 0.0) / DAY_S / half_life))


def _hazard(ends: Floats, exposure: Floats) -> Floats:
    """Ends a second, each a little drawn to that of all ages; where nobody was seen, that of the age before."""
    overall = (ends.sum() + 0.5) / max(exposure.sum(), 1.0)
    found = (ends + 0.5) / (exposure + 0.5 / overall)
    seen = np.maximum.accumulate(np.where(exposure > 0, np.arange(len(ends)), 0))
    return np.asarray(found[seen])
