"""`learn_values`: values of states for a look-ahead, by least-squares temporal differences on records of the twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from deskmatch.epochs import Epoch
from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.learning.judging import points_per_ticket
from deskmatch.policies.composed import Fallback
from deskmatch.policies.lookahead.learned import LearnedValues
from deskmatch.policies.lookahead.policy import LookAhead
from deskmatch.policies.lookahead.pools import Pools
from deskmatch.policies.lookahead.value_features import States, ValueFeatures
from deskmatch.policies.protocol import Policy
from deskmatch.simulation.deciding import MONDAY
from deskmatch.simulation.run import Run, simulate
from deskmatch.simulation.scenario import Scenario

__all__ = ["Learning", "Path", "learn_values", "path_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 20_000
"""Events whose features are held at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Path(Frozen):
    """What a desk looked like over time, from one event to the next.

    Parameters
    ----------
    time_s : ``(events,)`` when something happened; arrivals have not ended.
    waiting : ``(events, classes)`` after it, and after what was decided then.
    busy : ``(events, groups)`` slots taken, likewise.
    surplus : ``(events, groups)`` as in `States`, likewise.
    points : ``(events,)`` of the tickets that began to be served at it.
    """

    time_s: Floats
    waiting: Floats
    busy: Floats
    surplus: Floats
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
    classes, groups = pools.n_classes, pools.n_groups
    times = np.concatenate((rows["entered"], leaves, rows["started"][begun], done, rows["started"][begun], done))
    served, extra = classes + group, pools.surplus[queue[begun], group]
    column = np.concatenate((queue, queue, served, served, served + groups, served + groups))
    one, each = np.ones(len(rows)), np.ones(len(group))
    step = np.concatenate((one, -one, each, -each, extra, -extra))
    instant, place = np.unique(times, return_inverse=True)
    counts = np.zeros((len(instant), classes + 2 * groups))
    np.add.at(counts, (place, column), step)
    counts = np.cumsum(counts, axis=0)
    points = np.bincount(
        np.searchsorted(instant, rows["started"][begun]), pools.points[queue[begun], group], minlength=len(instant)
    )
    kept = instant < run.scenario.tables.horizon_s
    return Path._trusted(
        time_s=instant[kept],
        waiting=counts[kept, :classes],
        busy=counts[kept, classes : classes + groups],
        surplus=counts[kept, classes + groups :],
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
    size : ``(groups,)`` slots.
    discount_s : seconds in which γ^Δt falls to 1/e, > 0.
    slope : ``(classes,)`` points that a second of waiting costs: −c.
    """

    features: ValueFeatures
    size: Integers
    discount_s: float
    slope: Floats
    matrix: Floats = field(init=False)
    right: Floats = field(init=False)
    transitions: int = 0

    def __post_init__(self) -> None:
        n = len(self.features) + 1
        self.matrix, self.right = np.zeros((n, n)), np.zeros(n)

    def add(self, path: Path, own: Callable[[Floats], NDArray[np.bool_]]) -> None:
        """The transitions of a path, a block at a time.

        Parameters
        ----------
        path : of a run.
        own : of times, whether the policy whose values are learned decides then.
        """
        for begin in range(0, len(path.time_s) - 1, BLOCK):
            block = slice(begin, min(begin + BLOCK + 1, len(path.time_s)))
            idle, waiting = np.maximum(self.size - path.busy[block], 0), path.waiting[block]
            found = self.features.values(States._trusted(idle=idle, waiting=waiting, surplus=path.surplus[block]))
            state = np.concatenate((found, np.ones((len(found), 1))), axis=1)
            passed = np.diff(path.time_s[block])
            kept = np.exp(-passed / self.discount_s)
            cost = (waiting[:-1] @ self.slope) * self.discount_s * (1 - kept)
            at = np.flatnonzero(own(path.time_s[block][1:]))
            self.matrix += state[at].T @ (state[at] - kept[at, None] * state[at + 1])
            self.right += state[at].T @ (kept * path.points[block][1:] - cost)[at]
            self.transitions += len(at)

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
    policy : the best that was found; the one it began with, where nothing was surely better.
    name : of that one among `scores`.
    scores : by name, ``(runs,)`` points a ticket: of those it could begin with, then of each candidate.
    transitions : simulated events that were learned from.
    """

    policy: Policy
    name: str
    scores: dict[str, Floats]
    transitions: int

    def __repr__(self) -> str:
        return f"Learning({self.name}: {self.scores[self.name].mean():.4f} points a ticket)"


def learn_values(
    scenario: Scenario,
    start: LookAhead,
    *,
    incumbents: Sequence[Policy] = (),
    rounds: int = 4,
    explore: float = 0.5,
    stretch_s: float = 600.0,
    discount_s: float = 3600.0,
    ridge: float = 1e-4,
    judged_by: int = 8,
    seed: int = 1,
    score: Callable[[Policy], Floats] | None = None,
) -> Learning:
    """Approximate policy iteration that keeps what is better: simulate, learn values, put them into the matching.

    The values of the best policy so far are learned from runs in which it takes turns with the last candidate, or with
    a look-ahead that is disturbed at random: it is learned from while the best decides, and begins where others have
    led. The look-ahead with these values is the next candidate. It becomes the best policy where it earns more on the
    same customers in a one-sided test (paired t, 5 %), so that the result is worse than what it began with by chance
    only; else its own values are tried once, and then those of the best again.

    Parameters
    ----------
    scenario : the twin, with a constant number of experts at work; its horizon is the length of each run.
    start : a look-ahead that it can begin with, and whose settings but the outlook all candidates have; its forecast
        must be `forecast_of` the scenario.
    incumbents : other policies that it can begin with, such as tuned rules; the best of all is what it does begin with.
    rounds : candidates, ≥ 1.
    explore : share of epochs at which the disturbed look-ahead is disturbed, in (0, 1].
    stretch_s : seconds until the other decides, > 0; about as long as it takes to serve a ticket or a few.
    discount_s : see `TemporalDifferences`; several times the longest handling time.
    ridge : ≥ 0.
    judged_by : runs by which policies are compared, ≥ 2.
    seed : of the simulations; use another to evaluate what was learned.
    score : ``(runs,)`` of a policy, more is better, on the same customers for all; a single number is taken as exact.
        Default: points a ticket in `judged_by` runs.

    Raises
    ------
    ContractError
        On values outside these ranges, or where experts come and go.
    """
    _check(scenario, rounds=rounds, explore=explore, stretch_s=stretch_s, discount_s=discount_s, ridge=ridge,
           judged_by=judged_by)  # fmt: skip
    pools = Pools.of(start.formulation.bind(scenario.desk), start.forecast, start.reward)
    size = np.bincount(pools.group_of, pools.slots).astype(np.int64)
    features = ValueFeatures.of(pools, size)

    def judge(policy: Policy) -> Floats:
        return points_per_ticket(policy, scenario, replications=judged_by, seed=seed + 1000)

    judged = score or judge
    known: dict[str, Policy] = {"start": start, **{f"incumbent {n}": each for n, each in enumerate(incumbents, 1)}}
    scores = {name: np.atleast_1d(np.asarray(judged(policy), np.float64)) for name, policy in known.items()}
    best = max(scores, key=lambda name: scores[name].mean())
    source, latest, transitions = best, best, 0
    for number in range(1, rounds + 1):
        learner = TemporalDifferences(features, size, discount_s, pools.slope)
        policy, last = known[source], known[latest]
        disturbed = (last if isinstance(last, LookAhead) else start).replace(explore=explore)
        for at, other in enumerate((disturbed,) if latest == source else (disturbed, last)):
            turns = TakingTurns(policy, other, stretch_s)
            run = simulate(scenario, turns.policy, seed=seed, replication=2 * number + at)
            learner.add(path_of(run, pools), turns.own)
        transitions += learner.transitions
        latest = f"candidate {number}"
        outlook = LearnedValues(features, learner.weights(ridge))
        known[latest] = start.replace(outlook=outlook, name="learned values")
        scores[latest] = np.atleast_1d(np.asarray(judged(known[latest]), np.float64))
        if surely_more(scores[latest], scores[best]):
            best = source = latest
        else:
            source = latest if source == best else best
    return Learning._trusted(policy=known[best], name=best, scores=scores, transitions=transitions)


@dataclass(frozen=True, slots=True, eq=False)
class TakingTurns:
    """Two policies that decide in turns.

    Parameters
    ----------
    first, second : the policies; the first begins.
    stretch_s : seconds until the other decides.
    """

    first: Policy
    second: Policy
    stretch_s: float

    @property
    def policy(self) -> Fallback:
        """Both as one."""
        return Fallback(self.first, self.second, when=lambda epoch: not self.own(_seconds(epoch)))

    def own(self, time_s: Any) -> Any:
        """Whether the first one decides at this time, or at each of these."""
        return np.floor_divide(time_s, self.stretch_s) % 2 == 0


def _seconds(epoch: Epoch) -> float:
    """Since the start of the week in which runs begin."""
    return 0.0 if epoch.now is None else (epoch.now - MONDAY).total_seconds()


def surely_more(new: Floats, old: Floats) -> bool:
    """Whether the mean difference is above 0 in a one-sided t-test at 5 %; one number each is taken as exact."""
    more = new - old
    if len(more) < 2:
        return bool(more[0] > 0)
    limit = stats.t.ppf(0.95, len(more) - 1) * more.std(ddof=1) / np.sqrt(len(more))
    return bool(more.mean() > limit)


def _check(scenario: Scenario, **values: float) -> None:
    """Raise `ContractError` that names every value out of its range, and groups that come and go."""
    least = {"rounds": 1, "judged_by": 2, "ridge": 0}
    wrong = [f"{name}: found {values[name]!r}; expected {low} or more" for name, low in least.items()
             if not values[name] >= low]  # fmt: skip
    wrong += [f"{name}: found {values[name]!r}; expected seconds above 0" for name in ("stretch_s", "discount_s")
              if not 0 < values[name] < float("inf")]  # fmt: skip
    if not 0 < values["explore"] <= 1:
        wrong.append(f"explore: found {values['explore']!r}; expected a share above 0, at most 1")
    coming = [name for name, group in scenario.tables.groups.items() if not group.always_there]
    if coming:
        wrong.append(
            f"scenario: found shifts, staffing or logins_s of groups.{', groups.'.join(coming)};"
            " expected one whose staffing is constant"
        )
    if wrong:
        raise ContractError("learn_values: " + "; ".join(wrong))
