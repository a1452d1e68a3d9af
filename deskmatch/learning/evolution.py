"""`evolve`: a scorer learned without gradients, by evolution with covariance adaptation."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from deskmatch.learning.judging import Learned, rollout
from deskmatch.learning.record import Record
from deskmatch.learning.scorer import Scorer
from deskmatch.simulation.scenario import Scenario

__all__ = ["EvolutionSettings", "evolve"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EvolutionSettings:
    """How a scorer evolves.

    Parameters
    ----------
    spread : standard deviation of the first generation's weights, > 0.
    children : scorers of one generation, ≥ 4; None: 4 + 3 log(weights).
    episodes : runs by which each child is judged, ≥ 1; all of a generation see the same customers.

    Raises
    ------
    ValueError
        On a value out of range.
    """

    spread: float = 0.3
    children: int | None = None
    episodes: int = 1

    def __post_init__(self) -> None:
        if not (self.spread > 0 and self.episodes >= 1 and (self.children is None or self.children >= 4)):
            raise ValueError(f"found {self}; expected spread > 0, children ≥ 4 and episodes ≥ 1")


def evolve(
    scenario: Scenario,
    start: Scorer,
    *,
    transitions: int,
    seed: int = 0,
    settings: EvolutionSettings | None = None,
    work_conserving: bool = False,
    looks: int = 10,
    judged_by: int = 4,
) -> Learned:
    """Search for weights by the covariance matrix adaptation evolution strategy.

    Each generation draws weights from a normal distribution, sees what they earn on the same customers, and moves the
    mean and the covariance towards the better half (N. Hansen, The CMA Evolution Strategy: A Tutorial, 2016,
    arXiv:1604.00772, with its default parameters, without its negative weights). Its covariance has as many
    entries as the square of the number of weights: meant for linear scorers, ``Scorer.random(rng, hidden=())``.

    Parameters
    ----------
    scenario : a run of it is one trial; short ones give more generations.
    start : the first mean.
    transitions : simulated decisions that may be used, ≥ 1; the generation in which they run out is finished.
    seed : of the weights and of the customers that are learned from.
    settings : how it searches.
    work_conserving : nobody may idle while a ticket waits whom the expert could serve.
    looks : how often the mean is judged on the way, besides at the start and at the end.
    judged_by : runs of each such look; they count as no transitions.
    """
    settings = settings or EvolutionSettings()
    rng = np.random.default_rng([seed, 77])
    strategy = _Strategy(start.flat, settings, rng)
    record = Record(scenario, work_conserving=work_conserving, judged_by=judged_by)
    record.look(start, 0)
    used, generation = 0, 0
    while used < transitions:
        children = strategy.children(rng)
        earned = np.zeros(len(children))
        for row, flat in enumerate(children):
            child = start.with_flat(flat)
            for episode in range(settings.episodes):
                own = 1_000_000 * (seed + 1) + generation * settings.episodes + episode
                points, decisions = rollout(child, scenario, work_conserving=work_conserving, seed=own)
                earned[row] += points
                used += decisions
        strategy.learn(children, earned)
        generation += 1
        if used >= transitions or used >= len(record.transitions) * transitions / (looks + 1):
            record.look(start.with_flat(strategy.mean), used)
    return record.learned(work_conserving=work_conserving, learner="evolution", seed=seed)


class _Strategy:
    """Mean, step size and covariance of the weights; symbols as in Hansen's tutorial."""

    def __init__(self, mean: Floats, settings: EvolutionSettings, rng: np.random.Generator) -> None:
        n = len(mean)
        self.mean, self._sigma = mean.copy(), settings.spread
        self._count = settings.children or 4 + int(3 * log(n))
        parents = self._count // 2
        weights = log((self._count + 1) / 2) - np.log(np.arange(1, parents + 1))
        self._weights = weights / weights.sum()
        self._mass = mass = 1.0 / float((self._weights**2).sum())
        self._c_sigma = (mass + 2) / (n + mass + 5)
        self._damping = 1 + 2 * max(0.0, sqrt((mass - 1) / (n + 1)) - 1) + self._c_sigma
        self._c_path = (4 + mass / n) / (n + 4 + 2 * mass / n)
        self._c_one = 2 / ((n + 1.3) ** 2 + mass)
        self._c_many = min(1 - self._c_one, 2 * (mass - 2 + 1 / mass) / ((n + 2) ** 2 + mass))
        self._length = sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
        self._covariance = np.eye(n)
        self._path_sigma, self._path = np.zeros(n), np.zeros(n)
        self._generation = 0

    def children(self, rng: np.random.Generator) -> Floats:
        """``(children, weights)`` draws of the next generation."""
        values, self._axes = np.linalg.eigh(self._covariance)
        self._roots = np.sqrt(np.maximum(values, 1e-20))
        draws = rng.standard_normal((self._count, len(self.mean)))
        return np.asarray(self.mean + self._sigma * (draws * self._roots) @ self._axes.T)

    def learn(self, children: Floats, earned: Floats) -> None:
        """Move towards those that earned most."""
        best = children[np.argsort(-earned, kind="stable")[: len(self._weights)]]
        steps = (best - self.mean) / self._sigma
        step = self._weights @ steps
        self.mean = self.mean + self._sigma * step
        self._generation += 1
        white = self._axes @ ((self._axes.T @ step) / self._roots)
        keep = sqrt(self._c_sigma * (2 - self._c_sigma) * self._mass)
        self._path_sigma = (1 - self._c_sigma) * self._path_sigma + keep * white
        norm = float(np.linalg.norm(self._path_sigma))
        faded = sqrt(1 - (1 - self._c_sigma) ** (2 * self._generation))
        steady = norm / faded < (1.4 + 2 / (len(self.mean) + 1)) * self._length
        keep = sqrt(self._c_path * (2 - self._c_path) * self._mass) if steady else 0.0
        self._path = (1 - self._c_path) * self._path + keep * step
        lost = 0.0 if steady else self._c_one * self._c_path * (2 - self._c_path)
        self._covariance = (
            (1 - self._c_one - self._c_many + lost) * self._covariance
            + self._c_one * np.outer(self._path, self._path)
            + self._c_many * (steps.T * self._weights) @ steps
        )
        self._sigma *= float(np.exp(self._c_sigma / self._damping * (norm / self._length - 1)))
