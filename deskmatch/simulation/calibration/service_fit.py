"""Handling times of a log: a law for each class of contacts, and how fast each expert is at each type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.crossed import CrossedEffects, crossed_effects
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending, hour_of
from deskmatch.simulation.calibration.elapsed_fit import ElapsedFit, fit_ages
from deskmatch.simulation.settings import DAY_S

__all__ = ["ServiceFit", "fit_elapsed", "fit_service", "sample_of"]

Floats = NDArray[np.float64]

POINTS = 200
"""Of an empirical law: a quantile every half percent."""
LEAST_SPEED, MOST_SPEED = 0.2, 5.0
FEW = 30
"""A class of fewer contacts takes the law of its type, handed on or not."""


@dataclass(frozen=True, slots=True, eq=False)
class ServiceFit:
    """Times and speeds: an expert's time is the class's, divided by the speed.

    Parameters
    ----------
    sample_s : by class, quantiles of the time at speed 1 and pace 1.
    speed : ``(experts, types)``.
    pace : ``(24,)`` by how much contacts that begin in an hour of the day last longer, with mean 1 over the contacts.
    pace_cv : deviation of the factor of a whole day.
    effects : how the relative times vary with expert, expert × type, hour and day.
    elapsed : of tickets, what their times to the end come from.
    """

    sample_s: tuple[Floats, ...]
    speed: Floats
    pace: Floats
    pace_cv: float
    effects: CrossedEffects
    elapsed: ElapsedFit | None = None


def fit_service(log: ContactLog, work_s: Floats | None = None) -> ServiceFit:
    """Effects of experts on the mean time, relative to that of the class; then what is left is the class's law.

    The effects are those of the mean and not of its logarithm, as it is the mean that fills a queue: a log full of
    calls that end after some seconds has a mean logarithm that says little about it.

    Parameters
    ----------
    log : the contacts.
    work_s : ``(rows,)`` what each would have taken alone; default: from the answer to the end.
    """
    rows = np.flatnonzero((log.ending == Ending.ANSWERED) & (log.handling_s >= 0))
    seconds, kind, expert = (log.handling_s if work_s is None else work_s)[rows], log.type[rows], log.expert[rows]
    code = log.contact_class[rows]
    types, experts = len(log.types), len(log.experts)
    mean = np.bincount(kind, seconds, types) / np.maximum(np.bincount(kind, minlength=types), 1)
    relative = seconds / np.maximum(mean[kind], 1e-9)
    pair = expert * types + kind
    hour = hour_of(log.answered_s[rows])
    day = np.minimum((log.answered_s[rows] // DAY_S).astype(np.int64), log.days)
    levels = [(expert, experts), (pair, experts * types), (hour, 24), (day, log.days + 1)]
    effects = crossed_effects(relative, np.ones(len(rows)), levels)
    of_expert, of_pair, of_hour, _ = effects.effects
    factor = effects.mean + of_expert[:, None] + of_pair.reshape(experts, types)
    speed = np.clip(1.0 / np.maximum(factor, 1e-3), LEAST_SPEED, MOST_SPEED)
    pace = np.maximum(1.0 + of_hour / effects.mean, LEAST_SPEED)
    pace = pace / pace[hour].mean()
    standard = seconds * speed[expert, kind] / pace[hour]
    samples, base = [], log.base_type
    for each in range(len(log.class_names())):
        own = standard[code == each]
        of_type = standard[base[kind] == base[each // len(log.priorities)]]
        samples.append(sample_of(own if len(own) >= FEW else of_type if len(of_type) else standard))
    return ServiceFit(tuple(samples), speed, pace, effects.spreads[3] if log.days > 1 else 0.0, effects)


def fit_elapsed(log: ContactLog) -> ServiceFit:
    """Of tickets, the law of the time from the queue to the end by type; experts and hours are not told apart."""
    found = fit_ages(log)
    samples = [found.quantiles(code // len(log.priorities), POINTS) for code in range(len(log.class_names()))]
    nothing = crossed_effects(np.ones(1), np.ones(1), [(np.zeros(1, np.int64), 1)] * 4)
    return ServiceFit(tuple(samples), np.ones((len(log.experts), len(log.types))), np.ones(24), 0.0, nothing, found)


def sample_of(values: Floats) -> Floats:
    """Quantiles in the middle of equal shares, scaled to the mean of all."""
    points = min(POINTS, len(values))
    found = np.quantile(values, (np.arange(points) + 0.5) / points)
    return np.asarray(found * (values.mean() / found.mean()) if found.mean() > 0 else found)
