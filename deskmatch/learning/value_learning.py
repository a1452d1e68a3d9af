"""`learn_values`: values of states for a look-ahead, by least-squares temporal differences on records of the twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.policies.lookahead.learned import LearnedValues, ValueFeatures
from deskmatch.policies.lookahead.policy import LookAhead
from deskmatch.policies.lookahead.pools import Pools
from deskmatch.policies.protocol import Policy
from deskmatch.simulation.run import Run, simulate
from deskmatch.simulation.scenario import Scenario

__all__ = ["Learning", "Path", "learn_values", "path_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Path(Frozen):
    """What a desk looked like over time, from one event to the next.

    Parameters
    ----------
    time_s : ``(events,)`` when something happened.
    waiting : ``(events, classes)`` after it, and after what was decided then.
    busy : ``(events, groups)`` slots taken, likewise.
    points : ``(events,)`` of the tickets that began to be served at it.
    """

    time_s: Floats
    waiting: Floats
    busy: Floats
    points: Floats


def path_of(run: Run, pools: Pools) -> Path:
    """The path of a run, from its records; classes are the queues of the scenario.

    Parameters
    ----------
    run : of any policy.
    pools : of the same scenario, with its `forecast_of`.
    """
    rows = run.rows
    end = run.scenario.tables.horizon_s + run.scenario.tables.drain_s
    begun = ~np.isnan(rows["started"]) & (rows["expert"] >= 0)
    leaves = np.where(begun, rows["started"], np.where(np.isnan(rows["ended"]), end, rows["ended"]))
    done = np.where(np.isnan(rows["ended"]), end, rows["ended"] + rows["after_s"])[begun]
    queue = rows["queue"].astype(np.int64)
    group = pools.group_of[np.maximum(rows["expert"], 0)][begun]
    times = np.concatenate((rows["entered"], leaves, rows["started"][begun], done))
    column = np.concatenate((queue, queue, pools.n_classes + group, pools.n_classes + group))
    step = np.concatenate((np.ones(len(rows)), -np.ones(len(rows)), np.ones(len(group)), -np.ones(len(group))))
    instant, place = np.unique(times, return_inverse=True)
    counts = np.zeros((len(instant), pools.n_classes + pools.n_groups))
    np.add.at(counts, (place, column), step)
    counts = np.cumsum(counts, axis=0)
    points = np.bincount(
        np.searchsorted(instant, rows["started"][begun]), pools.points[queue[begun], group], minlength=len(instant)
    )
    kept = instant < end
    return Path._trusted(
        time_s=instant[kept],
        waiting=counts[kept, : pools.n_classes],
        busy=counts[kept, pools.n_classes :],
        points=points[kept],
    )


@dataclass(slots=True)
class TemporalDifferences:
    """Least-squares temporal differences on states after decisions (S. J. Bradtke, A. G. Barto, Machine Learning 22
    (1996) 33–57), in continuous time: γ^Δt.

    ::

        V(s_t) = ∫₀^Δt γ^u · c(s_t) du + γ^Δt · (r_{t+1} + V(s_{t+1}))

    Parameters
    ----------
    features : what V is linear in; a constant beside them is dropped in the end.
    discount_s : seconds in which γ^Δt falls to 1/e, > 0.
    slope : ``(classes,)`` points that a second of waiting costs: −c.
    """

    features: ValueFeatures
    discount_s: float
    slope: Floats
    matrix: Floats = field(init=False)
    right: Floats = field(init=False)
    transitions: int = 0

    def __post_init__(self) -> None:
        n = len(self.features) + 1
        self.matrix, self.right = np.zeros((n, n)), np.zeros(n)

    def add(self, path: Path) -> None:
        """The transitions of a path, a block at a time."""
        for begin in range(0, len(path.time_s) - 1, 20_000):
            block = slice(begin, min(begin + 20_001, len(path.time_s)))
            idle = np.maximum(self.features.size - path.busy[block], 0)
            found = self.features.values(idle, path.waiting[block])
            state = np.concatenate((found, np.ones((len(found), 1))), axis=1)
            passed = np.diff(path.time_s[block])
            kept = np.exp(-passed / self.discount_s)
            cost = (path.waiting[block][:-1] @ self.slope) * self.discount_s * (1 - kept)
            self.matrix += state[:-1].T @ (state[:-1] - kept[:, None] * state[1:])
            self.right += state[:-1].T @ (kept * path.points[block][1:] - cost)
            self.transitions += len(passed)

    def weights(self, ridge: float) -> Floats:
        """``(features,)`` of the value; ridge times its mean square keeps what is rarely seen near 0."""
        scale = np.maximum(np.abs(np.diag(self.matrix)), 1e-12)
        system = self.matrix + ridge * np.diag(scale)
        return np.asarray(np.linalg.lstsq(system, self.right, rcond=1e-12)[0][:-1])


@dataclass(frozen=True, slots=True, eq=False)
class Learning(Frozen):
    """What was learned.

    Parameters
    ----------
    policy : the best look-ahead that was found.
    scores : of each candidate in turn, the starting one first.
    transitions : simulated events that were learned from.
    """

    policy: LookAhead
    scores: tuple[float, ...]
    transitions: int


def learn_values(
    scenario: Scenario,
    start: LookAhead,
    *,
    behaviours: Sequence[Policy] = (),
    rounds: int = 4,
    explore: float = 0.15,
    discount_s: float = 3600.0,
    ridge: float = 1e-4,
    seed: int = 1,
    score: Callable[[LookAhead], float] | None = None,
) -> Learning:
    """Approximate policy iteration: simulate, learn values of states, put them into the matching, again.

    Parameters
    ----------
    scenario : the twin, with a constant number of experts at work; its horizon is the length of each round.
    start : the look-ahead to begin with; its forecast must be `forecast_of` the scenario.
    behaviours : policies whose records are learned from in the first round, beside those of `start`.
    rounds : ≥ 1.
    explore : share of epochs at which points are disturbed, so that other decisions are seen too.
    discount_s : see `TemporalDifferences`; several times the longest handling time.
    ridge : ≥ 0.
    seed : of the simulations; use another to evaluate what was learned.
    score : of a policy, more is better; the best of all candidates, `start` among them, is the result. Default:
        expected reward on one more simulation.

    Raises
    ------
    ContractError
        On values outside these ranges, or where experts come and go.
    """
    if rounds < 1 or discount_s <= 0 or ridge < 0:
        raise ContractError("rounds, discount_s, ridge: expected 1 or more, above 0, and ≥ 0")
    coming = [name for name, group in scenario.tables.groups.items() if not group.always_there]
    if coming:
        raise ContractError(
            f"learn_values: found shifts, staffing or logins_s of groups.{', groups.'.join(coming)};"
            " expected a scenario whose staffing is constant"
        )
    pools = Pools.of(start.formulation.bind(scenario.desk), start.forecast, start.reward)
    size = np.bincount(pools.group_of, pools.slots).astype(np.int64)
    features = ValueFeatures.of(pools, size)
    judge = score or (lambda policy: simulate(scenario, policy, seed=seed + 1000).kpis()["reward_expected"])
    best, scores, transitions = start, [judge(start)], 0
    current: LookAhead = start
    for number in range(rounds):
        learner = TemporalDifferences(features, discount_s, pools.slope)
        for policy in (current.replace(explore=explore), *(behaviours if number == 0 else ())):
            learner.add(path_of(simulate(scenario, policy, seed=seed, replication=number), pools))
        transitions += learner.transitions
        current = start.replace(outlook=LearnedValues(learner.weights(ridge)), name="learned values")
        scores.append(judge(current))
        if scores[-1] >= max(scores):
            best = current
    return Learning._trusted(policy=best, scores=tuple(scores), transitions=transitions)
