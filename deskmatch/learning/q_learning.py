"""`learn_q`: a scorer whose scores are the values of choices, learned by temporal differences; needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from deskmatch.learning.judging import Learned
from deskmatch.learning.network import Adam, backward, forward, layers_of
from deskmatch.learning.record import Record
from deskmatch.learning.routing_env import RoutingEnv
from deskmatch.learning.scorer import Scorer
from deskmatch.learning.settings import LearnerSettings, Whole
from deskmatch.routing.validation import Positive, Probability
from deskmatch.simulation.scenario import Scenario

__all__ = ["QSettings", "learn_q"]

Floats = NDArray[np.float64]


class QSettings(LearnerSettings):
    """How values of choices are learned.

    Parameters
    ----------
    rate : of learning, > 0; falls evenly to a tenth of it.
    memory_s : seconds, > 0, in which the weight of a later reward falls to 1/e. Several times a handling time is too
        long: what comes then has other causes, and hides what a choice has done.
    temperature : points, > 0: choices whose values differ by so much are tried e times as often the one as the other.
    staying : how much of what it preferred before is kept when values are learned anew, in [0, 1); 0: nothing, as in
        plain Q-learning.
    floor : points, > 0: the most that a choice which is hardly ever made is held back by `staying`.
    batch, every : choices of one step of the gradient, and decisions between two such steps, ≥ 1.
    target_every : steps of the gradient after which the values that are aimed at are brought up to date, ≥ 1.

    Raises
    ------
    RoutingError
        Lists every key that is unknown or out of range; a `ValueError`.
    """

    rate: Positive = 1.5e-3
    memory_s: Positive = 200.0
    temperature: Positive = 0.3
    staying: Annotated[Probability, Field(lt=1)] = 0.9
    floor: Positive = 1.0
    batch: Whole = 128
    every: Whole = 4
    target_every: Whole = 200


def learn_q(
    scenario: Scenario,
    start: Scorer,
    *,
    transitions: int,
    seed: int = 0,
    settings: QSettings | None = None,
    work_conserving: bool = False,
    looks: int = 10,
    judged_by: int = 4,
) -> Learned:
    """Learn what each choice is worth beside the others, and choose the best.

    Munchausen Q-learning with replay (N. Vieillard, O. Pietquin, M. Geist, Munchausen reinforcement learning, NeurIPS
    2020) for a semi-Markov decision process: after Δt seconds the target of a choice a is ::

        r − ρ·Δt + staying · max(τ ln π(a), −floor) + exp(−Δt / memory_s) · τ ln Σ exp(Q(next, ·) / τ)

    where π is proportional to exp(Q / τ), τ the temperature, and ρ the mean reward a second so far, so that values
    stand for what a choice makes better or worse than usual. What was preferred before counts on, so that a new policy
    stays near the last one, and errors of single values even out over many of them. Choices are made by π on the way.

    Parameters
    ----------
    scenario : a run of it is an episode.
    start : where it begins, mostly a clone of a rule: its chances of choosing are those of the first π.
    transitions : simulated decisions, ≥ 1.
    seed : of what is tried, and of the customers that are learned from.
    settings : how it learns.
    work_conserving : nobody may idle while a ticket waits whom the expert could serve.
    looks : how often it is judged on the way, besides at the start and at the end.
    judged_by : runs of each such look; they count as no transitions.

    Raises
    ------
    ValueError
        On budgets below 1, and looks below 0.
    """
    record = Record(
        scenario, transitions=transitions, looks=looks, judged_by=judged_by, work_conserving=work_conserving
    )
    settings = settings or QSettings()
    rng = np.random.default_rng([seed, 78])
    env = RoutingEnv(scenario, work_conserving=work_conserving)
    learner = _Values(start, settings, transitions, rng)
    record.look(start, 0)
    observation, _ = env.reset(seed=1_000_000 * (seed + 1))
    for used in range(1, transitions + 1):
        actions = np.flatnonzero(env.action_masks())
        features = observation[actions]
        pick = learner.choose(features)
        observation, reward, over, _, info = env.step(np.int64(actions[pick]))
        learner.note(features, pick, reward, info["elapsed_s"], goes_on=not over)
        if over:
            observation, _ = env.reset()
        if used % settings.every == 0 and used > settings.batch:
            learner.learn(rate=1 - 0.9 * used / transitions)
        if used == transitions or record.due(used):
            record.look(learner.scorer, used)
    return record.learned(learner="q", seed=seed)


class _Values:
    """The network of values, what it has seen, and how it learns from that."""

    def __init__(self, start: Scorer, settings: QSettings, transitions: int, rng: np.random.Generator) -> None:
        self._settings, self._rng = settings, rng
        self._sizes = start.sizes
        self._flat = start.flat
        self._flat[-(self._sizes[-2] + 1) :] *= settings.temperature
        self.scorer = start.with_flat(self._flat)
        self._target = self._flat.copy()
        self._adam = Adam(len(self._flat), settings.rate)
        self._steps = 0
        self._pick = np.zeros(transitions, np.int64)
        self._reward, self._elapsed = np.zeros(transitions), np.zeros(transitions)
        self._goes_on = np.zeros(transitions)
        self._choices: list[NDArray[np.float32]] = []

    def choose(self, features: NDArray[np.float32]) -> int:
        """A row at random, by π."""
        scores = self.scorer(features).astype(np.float64) / self._settings.temperature
        chances = np.exp(scores - scores.max())
        return int(self._rng.choice(len(chances), p=chances / chances.sum()))

    def note(self, features: NDArray[np.float32], pick: int, reward: float, elapsed_s: float, *, goes_on: bool) -> None:
        """Remember what could be chosen, the row that was, and what came of it; the next note tells what followed."""
        at = len(self._choices)
        self._pick[at], self._reward[at], self._elapsed[at], self._goes_on[at] = pick, reward, elapsed_s, goes_on
        self._choices.append(features)

    def learn(self, *, rate: float) -> None:
        """One step of the gradient, `rate` times as long as at first."""
        batch = self._rng.integers(len(self._choices) - 1, size=self._settings.batch)
        chosen = np.stack([self._choices[at][self._pick[at]] for at in batch.tolist()])
        layers = layers_of(self._flat, self._sizes)
        values, inside = forward(layers, chosen)
        slope = (values - self._wanted(batch)) / len(batch)
        self._flat += rate * self._adam.step(backward(layers, inside, slope))
        self._steps += 1
        self.scorer = self.scorer.with_flat(self._flat)
        if self._steps % self._settings.target_every == 0:
            self._target = self._flat.copy()

    def _wanted(self, batch: NDArray[np.int64]) -> Floats:
        """What the values of some choices should have been; none of them is the last that was noted."""
        count, n, settings = len(self._choices), len(batch), self._settings
        usual = self._reward[:count].sum() / max(self._elapsed[:count].sum(), 1e-9)
        before, after = batch.tolist(), (batch + 1).tolist()
        values, soft, first = self._soft_values([self._choices[at] for at in before + after])
        own = values[first[:n] + self._pick[batch]] - soft[:n]
        kept = self._goes_on[batch] * np.exp(-self._elapsed[batch] / settings.memory_s)
        gain = self._reward[batch] - usual * self._elapsed[batch]
        return np.asarray(gain + settings.staying * np.maximum(own, -settings.floor) + kept * soft[n:])

    def _soft_values(self, choices: Sequence[NDArray[np.float32]]) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Values of all rows as they are aimed at, τ ln Σ exp(Q / τ) of each choice, and where its rows begin."""
        sizes = [len(rows) for rows in choices]
        first = np.concatenate(([0], np.cumsum(sizes[:-1]))).astype(np.int64)
        values, _ = forward(layers_of(self._target, self._sizes), np.concatenate(choices))
        best, temperature = np.maximum.reduceat(values, first), self._settings.temperature
        total = np.add.reduceat(np.exp((values - np.repeat(best, sizes)) / temperature), first)
        return values, best + temperature * np.log(total), first
