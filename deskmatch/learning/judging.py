"""What a learner is judged by while it learns: runs on customers that it does not learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.learning.scorer import Scorer
from deskmatch.policies.protocol import Policy
from deskmatch.simulation.run import Run, simulate
from deskmatch.simulation.scenario import Scenario

__all__ = ["Learned", "points_of", "points_per_ticket"]


@dataclass(frozen=True, slots=True, eq=False)
class Learned(Frozen):
    """The end of a learner, and how it came there.

    Parameters
    ----------
    scorer : the best of those that were judged; on ties, the first.
    transitions : ``(points,)`` simulated decisions that the learner had used at each look.
    points : ``(points,)`` points a ticket in the runs by which it was judged, without exploration.
    """

    scorer: Scorer
    transitions: NDArray[np.int64]
    points: NDArray[np.float64]

    def __repr__(self) -> str:
        return f"Learned({self.points.max():.4f} points a ticket after {self.transitions[-1]} transitions)"


def points_per_ticket(
    policy: Policy, scenario: Scenario, *, replications: int = 4, seed: int = 10_000
) -> NDArray[np.float64]:
    """``(replications,)`` expected reward of each run by its tickets.

    Parameters
    ----------
    policy : what is judged.
    scenario : where.
    replications : runs.
    seed : of the customers; the same for all that are compared.
    """
    runs = (simulate(scenario, policy, seed=seed, replication=number) for number in range(replications))
    return np.array([points_of(run) for run in runs])


def points_of(run: Run) -> float:
    """Expected reward of a run by its tickets."""
    kpis = run.kpis()
    return kpis["reward_expected"] / max(kpis["tickets"], 1.0)
