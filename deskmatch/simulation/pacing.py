"""The pace of a run: by how much all work lasts longer or shorter at an hour of the day, and on a day as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    from deskmatch.simulation.settings import ScenarioTables

__all__ = ["paces_of"]

PACE = 2
"""Purpose of the stream of random numbers, beside those of arrivals."""


def paces_of(tables: ScenarioTables, seed: tuple[int, int]) -> tuple[NDArray[np.float64], float]:
    """Factors of the work begun in each interval of a run, and the length of the intervals; empty: 1 throughout.

    The factor of the time of day, from ``pace``, times that of the day, gamma with mean 1 and ``pace_cv``, which
    depends on the seed alone. What is begun after the last interval has the factor of the last.
    """
    if not tables.pace and tables.pace_cv == 0:
        return np.zeros(0), DAY_S
    every_s = tables.pace_every_s if tables.pace else DAY_S
    count = int(np.ceil((tables.horizon_s + tables.drain_s) / every_s)) + 1
    at = np.arange(count)
    paces = np.asarray(tables.pace)[at % len(tables.pace)] if tables.pace else np.ones(count)
    if tables.pace_cv > 0:
        day = (at * every_s // DAY_S).astype(np.int64)
        stream = np.random.Generator(np.random.Philox(np.random.SeedSequence([*map(int, seed), PACE])))
        shape = tables.pace_cv**-2
        paces = paces * stream.gamma(shape, 1 / shape, int(day[-1]) + 1)[day]
    return np.asarray(paces, np.float64), every_s
