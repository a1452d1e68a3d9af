"""Handling times of a log: a law for each class of contacts, and how fast each expert is at each type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.crossed import CrossedEffects, crossed_effects
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending
from deskmatch.simulation.calibration.elapsed_fit import ElapsedFit, fit_ages
from deskmatch.simulation.settings import DAY_S, MOST_SPEED_CV

__all__ = ["ServiceFit", "fit_elapsed", "fit_service", "sample_of"]

Floats = NDArray[np.float64]

POINTS = 200
"""Of an empirical law: a quantile every half percent."""
LEAST_SPEED, MOST_SPEED = 0.2, 5.0
PACE_S = 1800.0
"""Length of the intervals of the day that have a pace of their own."""
UNUSUAL, UNUSUAL_SPREAD = 0.02, 0.3
"""A priori this share of the intervals is unlike the others, with such a deviation; as the half hour in which a desk
opens may be."""
FEW = 30
"""A class of fewer contacts takes the law of its type, handed on or not."""


@dataclass(frozen=True, slots=True, eq=False)
class ServiceFit:
    """Times and speeds: an expert's time is the class's, divided by the speed.

    Parameters
    ----------
    sample_s : by class, quantiles of the time at speed 1 and pace 1.
    speed : ``(experts, types)``.
    pace : ``(intervals,)`` by how much contacts that begin in an interval of the day, of `PACE_S`, last longer; mean 1
        over the contacts.
    pace_cv : deviation of the factor of a whole day.
    speed_cv : by how much the speed of one expert differs from day to day.
    effects : how the relative times vary with expert, expert × type, interval of the day, day and expert × day.
    elapsed : of tickets, what their times to the end come from.
    """

    sample_s: tuple[Floats, ...]
    speed: Floats
    pace: Floats
    pace_cv: float
    speed_cv: float
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
    interval = (log.answered_s[rows] % DAY_S // PACE_S).astype(np.int64)
    intervals = int(DAY_S / PACE_S)
    day = np.minimum((log.answered_s[rows] // DAY_S).astype(np.int64), log.days)
    own_day = expert * (log.days + 1) + day
    levels = [(expert, experts), (pair, experts * types), (interval, intervals), (day, log.days + 1)]
    levels.append((own_day, experts * (log.days + 1)))
    effects = crossed_effects(relative, np.ones(len(rows)), levels)
    of_expert, of_pair, _, of_day, of_own_day = effects.effects
    factor = effects.mean + of_expert[:, None] + of_pair.reshape(experts, types)
    speed = np.clip(1.0 / np.maximum(factor, 1e-3), LEAST_SPEED, MOST_SPEED)
    left = relative - effects.mean - of_expert[expert] - of_pair[pair] - of_day[day] - of_own_day[own_day]
    pace = np.maximum(1.0 + _of_intervals(left, interval, intervals, effects) / effects.mean, LEAST_SPEED)
    pace = pace / pace[interval].mean()
    standard = seconds * speed[expert, kind] / pace[interval]
    samples, base = [], log.base_type
    for each in range(len(log.class_names())):
        own = standard[code == each]
        of_type = standard[base[kind] == base[each // len(log.priorities)]]
        samples.append(sample_of(own if len(own) >= FEW else of_type if len(of_type) else standard))
    pace_cv, speed_cv = effects.spreads[3:] if log.days > 1 else (0.0, 0.0)
    return ServiceFit(tuple(samples), speed, pace, pace_cv, min(speed_cv, MOST_SPEED_CV), effects)


def _of_intervals(left: Floats, interval: NDArray[np.int64], intervals: int, effects: CrossedEffects) -> Floats:
    """``(intervals,)`` effects of the intervals of the day, from what the other effects leave of each contact.

    Most are drawn to nothing as far as their spread says; those that cannot be of it are unlike the others (a mixture
    of two normal priors; E. I. George, R. E. McCulloch, JASA 88 (1993) 881–889). The variance within an interval is its
    own, drawn to that of all: where contacts are short they also differ less.
    """
    count = np.maximum(np.bincount(interval, minlength=intervals), 1)
    mean = np.bincount(interval, left, intervals) / count
    squares = np.bincount(interval, (left - mean[interval]) ** 2, intervals)
    doubt = (squares + FEW * effects.noise**2) / (count + FEW) / count
    spread = np.array([[effects.spreads[2]], [UNUSUAL_SPREAD]])
    variance = doubt + spread**2
    unlikely = mean**2 / variance + np.log(variance) - 2 * np.log([[1 - UNUSUAL], [UNUSUAL]])
    weight = np.exp((unlikely.min(axis=0) - unlikely) / 2)
    return np.asarray((weight * spread**2 / variance).sum(axis=0) / weight.sum(axis=0) * mean)


def fit_elapsed(log: ContactLog) -> ServiceFit:
    """Of tickets, the law of the time from the queue to the end by type; experts and hours are not told apart."""
    found = fit_ages(log)
    samples = [found.quantiles(code // len(log.priorities), POINTS) for code in range(len(log.class_names()))]
    nothing = crossed_effects(np.ones(1), np.ones(1), [(np.zeros(1, np.int64), 1)] * 5)
    return ServiceFit(tuple(samples), np.ones((len(log.experts), len(log.types))), np.ones(1), 0.0, 0.0, nothing, found)


def sample_of(values: Floats) -> Floats:
    """Quantiles in the middle of equal shares, scaled to the mean of all."""
    points = min(POINTS, len(values))
    found = np.quantile(values, (np.arange(points) + 0.5) / points)
    return np.asarray(found * (values.mean() / found.mean()) if found.mean() > 0 else found)
