"""`Demonstrations`: what a rule chose, decision by decision, so that a scorer can begin with what everyone uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch
from deskmatch.frozen import Frozen, read_only
from deskmatch.learning.features import FEATURES
from deskmatch.learning.scored import Scored, ScoredState
from deskmatch.learning.scorer import Scorer
from deskmatch.learning.visit import Visit
from deskmatch.policies.protocol import Decision, Policy, Trigger
from deskmatch.simulation.run import simulate
from deskmatch.simulation.scenario import Scenario

__all__ = ["Demonstrations"]


@dataclass(frozen=True, slots=True, eq=False)
class Demonstrations(Frozen):
    """Decisions with what could be chosen.

    Parameters
    ----------
    features : ``(rows, features)`` the rows that could be chosen, of all decisions.
    ptr : ``(decisions + 1,)`` where the rows of each decision begin.
    chosen : ``(decisions,)`` the row that was chosen, counted from the decision's first.
    """

    features: NDArray[np.float32]
    ptr: NDArray[np.int64]
    chosen: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        policy: Policy,
        scenario: Scenario,
        *,
        decisions: int = 5000,
        seed: int = 0,
        work_conserving: bool = False,
    ) -> Demonstrations:
        """Those of a policy in runs of a scenario, as many of them as it takes.

        Parameters
        ----------
        policy : a rule or any other.
        scenario : where it is watched.
        decisions : how many at least; the last run is finished.
        seed : of the customers.
        work_conserving : leave out what must be chosen because nobody may idle.
        """
        watched = _Watched(policy, Scored.of(Scorer.random(np.random.default_rng(0)), scenario), work_conserving)
        replication = 0
        while len(watched.chosen) < decisions:
            before = len(watched.chosen)
            simulate(scenario, watched, seed=seed, replication=replication)
            replication += 1
            if len(watched.chosen) == before:
                break  # nothing is ever to be decided here
        sizes = [len(rows) for rows in watched.rows]
        rows = np.concatenate([*watched.rows, np.zeros((0, len(FEATURES)), np.float32)])
        return cls(
            features=read_only(rows),
            ptr=read_only(np.concatenate(([0], np.cumsum(sizes))), np.int64),
            chosen=read_only(watched.chosen, np.int64),
        )

    def __len__(self) -> int:
        return len(self.chosen)

    def agreement(self, scorer: Scorer) -> float:
        """Share of the decisions in which the scorer's best row is the one that was chosen, or scores the same."""
        scores = scorer(self.features)
        best = np.maximum.reduceat(scores, self.ptr[:-1])
        return float(np.mean(scores[self.ptr[:-1] + self.chosen] >= best - 1e-6))

    def __repr__(self) -> str:
        return f"Demonstrations({len(self)} decisions among {len(self.features) / max(len(self), 1):.1f})"


class _Watched:
    """A policy that is asked, while the features of what it chooses among are kept."""

    def __init__(self, policy: Policy, like: Scored, work_conserving: bool) -> None:
        self._policy, self._like, self._work_conserving = policy, like, work_conserving
        self.rows: list[NDArray[np.float32]] = []
        self.chosen: list[int] = []

    @property
    def trigger(self) -> Trigger:
        return self._policy.trigger

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> tuple[Any, ScoredState]:
        return self._policy.initial_state(desk, forecast, rng), self._like.initial_state(desk, forecast, rng)

    def decide(self, epoch: Epoch, state: tuple[Any, ScoredState]) -> tuple[Decision, tuple[Any, ScoredState]]:
        decision, after = self._policy.decide(epoch, state[0])
        self._keep(epoch, decision, state[1])
        return decision, (after, state[1])

    def _keep(self, epoch: Epoch, decision: Decision, known: ScoredState) -> None:
        given = dict(zip(decision.ticket.tolist(), decision.expert.tolist(), strict=True))
        visit = Visit(epoch, known.classes, known.channels, work_conserving=self._work_conserving)
        while visit.ticket >= 0:
            mask = visit.mask()
            action = given.get(visit.ticket, len(mask) - 1)
            may = np.flatnonzero(mask)
            if mask[action] and len(may) > 1:
                self.rows.append(known.features.of(visit)[may])
                self.chosen.append(int(np.searchsorted(may, action)))
            visit.take(action if mask[action] else int(may[0]))
