"""Settings of contestants: chosen by `deskmatch.learning.tune`, with one budget for all and customers of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.policies.contestants import Contestant, Scene
from deskmatch.learning import tune
from deskmatch.learning.judging import points_per_ticket

__all__ = ["TRIALS", "TUNING_SEED", "tuned"]

TRIALS = 8
TUNING_SEED = 4711
"""Of the customers on whom settings are tried; the track's own seeds are others."""


@dataclass(frozen=True)
class _Tried:
    transitions: NDArray[np.int64]
    points: NDArray[np.float64]


def tuned(contestant: Contestant, scene: Scene, *, trials: int = TRIALS) -> Any:
    """The settings of the best of `trials`, the ones that the contestant comes with among them; {}: nothing to tune.

    Parameters
    ----------
    contestant : who.
    scene : where; settings are used at all loads of its desk.
    trials : of as many replications as the desk's course says.
    """
    if contestant.propose is None:
        return {}

    replications = scene.course.tuned_on

    def earn(settings: dict[str, Any]) -> _Tried:
        policy = contestant.make(scene, settings)
        points = points_per_ticket(policy, scene.scenario, replications=replications, seed=TUNING_SEED)
        return _Tried(np.array([replications]), np.array([points.mean()]))

    found = tune(earn, lambda trial: contestant.propose(trial, scene), trials=trials - 1)  # type: ignore[misc]
    return found.settings if max(found.points) > earn({}).points[0] else {}
