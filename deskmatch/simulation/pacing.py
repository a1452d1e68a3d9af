"""The pace of a run: by how much work lasts longer or shorter, at an hour, on a day, with an expert on a day, in all;
and when it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    from deskmatch.simulation.settings import ChannelModel, ScenarioTables

__all__ = ["paces_of", "speeds_of_days", "work_done"]

PACE, SPEED = 2, 3
"""Purposes of the streams of random numbers, beside those of arrivals."""


def paces_of(tables: ScenarioTables, seed: tuple[int, int]) -> tuple[NDArray[np.float64], float]:
    """Factors of the work begun in each interval of a run, and the length of the intervals; empty: 1 throughout.

    The factor of the time of day, from ``pace``, times those of the day and of the run, gamma with mean 1, ``pace_cv``
    and ``pace_run_cv``, which depend on the seed alone. What is begun after the last interval has the factor of the
    last.
    """
    if not tables.pace and tables.pace_cv == 0 and tables.pace_run_cv == 0:
        return np.zeros(0), DAY_S
    every_s = tables.pace_every_s if tables.pace else DAY_S
    count = int(np.ceil((tables.horizon_s + tables.drain_s) / every_s)) + 1
    at = np.arange(count)
    paces = np.asarray(tables.pace)[at % len(tables.pace)] if tables.pace else np.ones(count)
    stream = np.random.Generator(np.random.Philox(np.random.SeedSequence([*map(int, seed), PACE])))
    if tables.pace_cv > 0:
        day = (at * every_s // DAY_S).astype(np.int64)
        shape = tables.pace_cv**-2
        paces = paces * stream.gamma(shape, 1 / shape, int(day[-1]) + 1)[day]
    if tables.pace_run_cv > 0:
        shape = tables.pace_run_cv**-2
        paces = paces * stream.gamma(shape, 1 / shape)
    return np.asarray(paces, np.float64), every_s


def speeds_of_days(tables: ScenarioTables, seed: tuple[int, int]) -> NDArray[np.float64]:
    """``(experts, days)`` by which the speed of each expert differs on each day; no days: on none.

    Gamma with mean 1 and the group's ``speed_cv``, of a stream for each expert, so that one more changes nobody else's.
    What is begun after the last day goes on as on the last.
    """
    cvs = [group.speed_cv for group in tables.groups.values() for _ in range(group.experts)]
    if not any(cvs):
        return np.ones((len(cvs), 0))
    found = np.ones((len(cvs), int((tables.horizon_s + tables.drain_s) // DAY_S) + 1))
    for e, cv in enumerate(cvs):
        if cv > 0:
            stream = np.random.Generator(np.random.Philox(np.random.SeedSequence([*map(int, seed), SPEED, e])))
            found[e] = stream.gamma(cv**-2, cv**2, found.shape[1])
    return found


def work_done(model: ChannelModel, until_s: float) -> NDArray[np.float64]:
    """Seconds of work that a ticket of the channel would have seen by the edge of each interval of ``progress``.

    Parameters
    ----------
    model : of a channel that has a progress.
    until_s : the last edge is no earlier than this.
    """
    every_s, progress = model.progress_every_s, np.asarray(model.progress)
    factor = progress[np.arange(int(np.ceil(until_s / every_s))) % len(progress)]
    if model.days_off:
        per_day = int(DAY_S / every_s)
        days = progress.reshape(-1, per_day)
        least = days[days.sum(axis=1).argmin()]
        at = np.arange(len(factor))
        off = np.isin(at // per_day, model.days_off)
        factor[off] = least[at[off] % per_day]
    return np.concatenate(([0.0], np.cumsum(factor) * every_s))
