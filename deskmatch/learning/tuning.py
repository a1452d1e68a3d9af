"""`tune`: settings of a learner chosen by Optuna under a stated budget (needs the extra ``tune``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import DeskmatchError
from deskmatch.learning.record import check_counts

if TYPE_CHECKING:
    import optuna

__all__ = ["Tried", "Tuned", "tune"]

S = TypeVar("S")


class Tried(Protocol):
    """What a trial tells: a `Learned` does; so does anything with what it used and what it earned at some looks.

    Attributes
    ----------
    transitions : ``(looks,)`` simulated decisions, or tickets, that had been used; the last is all.
    points : ``(looks,)`` points a ticket; the greatest counts.
    """

    @property
    def transitions(self) -> NDArray[np.int64]: ...
    @property
    def points(self) -> NDArray[np.float64]: ...


@dataclass(frozen=True, slots=True)
class Tuned(Generic[S]):
    """What tuning chose, and what it cost.

    Parameters
    ----------
    settings : those of the best trial; on ties, the first.
    points : points a ticket of each trial, in order.
    transitions : simulated decisions that all trials used.
    """

    settings: S
    points: tuple[float, ...]
    transitions: int


def tune(learn: Callable[[S], Tried], propose: Callable[[optuna.Trial], S], *, trials: int, seed: int = 0) -> Tuned[S]:
    """Learn with several settings, and keep those that earned most where the learner is judged.

    Rules and other policies that learn nothing are tuned likewise: `learn` simulates them.

    Parameters
    ----------
    learn : runs the learner, or the policy, always with the same transitions and seeds; the seeds are other than those
        of any comparison in which the result takes part.
    propose : asks the trial for settings.
    trials : how many, ≥ 1; the first ones are drawn at random, later ones by a tree-structured Parzen estimator.
    seed : of what is proposed.

    Raises
    ------
    DeskmatchError
        Where optuna is not installed.
    ValueError
        Where there is no trial.
    """
    check_counts(("trials", trials, 1))
    try:
        import optuna
    except ImportError:
        raise DeskmatchError("tuning needs optuna: pip install 'deskmatch[tune]'") from None
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tried: list[tuple[S, Tried]] = []

    def earn(trial: optuna.Trial) -> float:
        settings = propose(trial)
        tried.append((settings, learn(settings)))
        return float(tried[-1][1].points.max())

    try:
        study: Any = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
        study.optimize(earn, n_trials=trials)
    finally:
        optuna.logging.set_verbosity(level)
    points = tuple(float(learned.points.max()) for _, learned in tried)
    return Tuned(
        settings=tried[points.index(max(points))][0],
        points=points,
        transitions=sum(int(learned.transitions[-1]) for _, learned in tried),
    )
