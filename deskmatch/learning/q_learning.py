"""`learn_q`: a scorer whose scores are the values of choices, learned by temporal differences; numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    memory_s : seconds, > 0, in which the weight of a later reward falls to 1/e.
    explore : share of the choices made at random at the start, in [0, 1]; falls evenly to a tenth of it.
    follow : share of the transitions in which the start decides, and values are only learned, in [0, 1].
    steps : decisions whose rewards are counted as they came, before the value of the next one stands for the rest;
        ≥ 1.
    batch, every : choices of one step of the gradient, and decisions between two such steps, ≥ 1.
    target_every : steps of the gradient after which the values that are aimed at are brought up to date, ≥ 1.

    Raises
    ------
    RoutingError
        Lists every key that is unknown or out of range; a `ValueError`.
    """

    rate: Positive = 1e-3
    memory_s: Positive = 900.0
    explore: Probability = 0.2
    follow: Probability = 0.1
    steps: Whole = 16
    batch: Whole = 128
    every: Whole = 2
    target_every: Whole = 250


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
    """Learn what each choice is worth, and choose the best.

    Double Q-learning with replay (H. van Hasselt, A. Guez, D. Silver, 2016), for a semi-Markov decision process: after
    Δt seconds the target is  r − ρ·Δt + exp(−Δt / memory_s) · Q(next),  where ρ is the mean reward a second so far, so
    that values stand for what a choice makes better or worse than usual; several such steps are counted at once, since
    what holding a ticket earns comes many decisions later.

    Parameters
    ----------
    scenario : a run of it is an episode.
    start : who decides at first, mostly a clone of a rule; the values begin with another network of its shape.
    transitions : simulated decisions, ≥ 1.
    seed : of the network, of what is tried, and of the customers that are learned from.
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
    rows = _Choices.of(env, observation)
    for used in range(1, transitions + 1):
        share = used / transitions
        if rng.random() < settings.explore * (1 - 0.9 * share):
            pick = int(rng.integers(len(rows.actions)))
        else:
            scorer = start if share <= settings.follow else learner.scorer
            pick = int(np.argmax(scorer(rows.features)))
        observation, reward, over, _, info = env.step(np.int64(rows.actions[pick]))
        following = None if over else _Choices.of(env, observation)
        learner.note(rows.features[pick], reward, info["elapsed_s"], following)
        rows = following or _Choices.of(env, env.reset()[0])
        if used % settings.every == 0 and used > settings.batch:
            learner.learn(rate=1 - 0.9 * share)
        if used == transitions or (used > settings.follow * transitions and record.due(used)):
            record.look(learner.scorer, used)
    return record.learned(learner="q", seed=seed)


@dataclass(frozen=True, slots=True)
class _Choices:
    """What may be chosen, and its features."""

    actions: NDArray[np.int64]
    features: NDArray[np.float32]

    @classmethod
    def of(cls, env: RoutingEnv, observation: NDArray[np.float32]) -> _Choices:
        actions = np.flatnonzero(env.action_masks())
        return cls(actions, observation[actions])


class _Values:
    """The network of values, what it has seen, and how it learns from that."""

    def __init__(self, start: Scorer, settings: QSettings, transitions: int, rng: np.random.Generator) -> None:
        self._settings, self._rng = settings, rng
        self._sizes = start.sizes
        self.scorer = Scorer.random(rng, self._sizes[1:-1])
        self._flat = self.scorer.flat
        self._target = self._flat.copy()
        self._adam = Adam(len(self._flat), settings.rate)
        self._steps = 0
        self._chosen = np.zeros((transitions, self._sizes[0]), np.float32)
        self._reward, self._elapsed = np.zeros(transitions), np.zeros(transitions)
        self._goes_on = np.zeros(transitions)
        self._following: list[NDArray[np.float32] | None] = []

    def note(self, chosen: NDArray[np.float32], reward: float, elapsed_s: float, following: _Choices | None) -> None:
        """Remember a transition."""
        at = len(self._following)
        self._chosen[at], self._reward[at], self._elapsed[at] = chosen, reward, elapsed_s
        self._goes_on[at] = following is not None
        self._following.append(None if following is None else following.features)

    def learn(self, *, rate: float) -> None:
        """One step of the gradient, `rate` times as long as at first."""
        count = len(self._following)
        batch = self._rng.integers(count, size=self._settings.batch)
        wanted = self._wanted(batch, count)
        layers = layers_of(self._flat, self._sizes)
        values, inside = forward(layers, self._chosen[batch])
        error = np.clip(values - wanted, -1.0, 1.0)
        self._flat += rate * self._adam.step(backward(layers, inside, error / len(batch)))
        self._steps += 1
        self.scorer = self.scorer.with_flat(self._flat)
        if self._steps % self._settings.target_every == 0:
            self._target = self._flat.copy()

    def _wanted(self, batch: NDArray[np.int64], count: int) -> Floats:
        """What the values of some choices should have been."""
        usual = self._reward[:count].sum() / max(self._elapsed[:count].sum(), 1e-9)
        wanted, kept = np.zeros(len(batch)), np.ones(len(batch))
        at, going = batch.copy(), np.ones(len(batch), bool)
        for step in range(self._settings.steps):
            if step:
                going &= (self._goes_on[at] > 0) & (at + 1 < count)
                at[going] += 1
            wanted[going] += kept[going] * (self._reward[at[going]] - usual * self._elapsed[at[going]])
            kept[going] *= self._goes_on[at[going]] * np.exp(-self._elapsed[at[going]] / self._settings.memory_s)
        return wanted + kept * self._best_after(at)

    def _best_after(self, last: NDArray[np.int64]) -> Floats:
        """The value that is aimed at of the best choice after each of these transitions; 0 after the end of a run."""
        best = np.zeros(len(last))
        open_rows = np.flatnonzero(self._goes_on[last] > 0)
        following = [rows for at in last[open_rows].tolist() if (rows := self._following[at]) is not None]
        if not following:
            return best
        sizes = [len(rows) for rows in following]
        first = np.concatenate(([0], np.cumsum(sizes[:-1])))
        rows = np.concatenate(following)
        scores, _ = forward(layers_of(self._flat, self._sizes), rows)
        aimed, _ = forward(layers_of(self._target, self._sizes), rows)
        is_best = scores == np.repeat(np.maximum.reduceat(scores, first), sizes)
        best[open_rows] = np.maximum.reduceat(np.where(is_best, aimed, -np.inf), first)
        return best
