"""The learners, and between which settings Optuna chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.learning.contestants import TITLES
from deskmatch.learning import Learned, PPOSettings, QSettings, Scorer, learn_ppo, learn_q
from deskmatch.simulation import Scenario

__all__ = ["LEARNERS", "Learner"]


@dataclass(frozen=True)
class Learner:
    """A learner as the benchmark runs it.

    Parameters
    ----------
    name : in files.
    learns : the library's function.
    propose : settings of a trial.
    work_conserving : whether its mask forbids to idle beside work.
    """

    name: str
    learns: Callable[..., Learned]
    propose: Callable[[Any], Any]
    work_conserving: bool = False

    @property
    def title(self) -> str:
        """On the page."""
        return TITLES[self.name]

    def learn(self, scenario: Scenario, start: Scorer, settings: Any, **more: Any) -> Learned:
        """Run it."""
        return self.learns(scenario, start, settings=settings, work_conserving=self.work_conserving, **more)


def _ppo(trial: Any) -> PPOSettings:
    return PPOSettings(
        rate=trial.suggest_float("rate", 1e-3, 3e-3, log=True),
        memory_s=trial.suggest_float("memory_s", 150, 400, log=True),
        entropy=trial.suggest_float("entropy", 1e-3, 5e-3, log=True),
    )


def _q(trial: Any) -> QSettings:
    return QSettings(
        rate=trial.suggest_float("rate", 1e-3, 3e-3, log=True),
        memory_s=trial.suggest_float("memory_s", 150, 400, log=True),
        temperature=trial.suggest_float("temperature", 0.15, 0.5, log=True),
    )


LEARNERS = {
    each.name: each
    for each in (
        Learner("ppo", learn_ppo, _ppo),
        Learner("q", learn_q, _q),
        Learner("ppo-busy", learn_ppo, _ppo, work_conserving=True),
    )
}
