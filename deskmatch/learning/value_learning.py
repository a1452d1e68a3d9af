"""`learn_values`: values of states for a look-ahead, by temporal differences at the states that the twin comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.learning.judging import points_of, points_per_ticket
from deskmatch.learning.next_events import Counts, NextEvents
from deskmatch.policies.lookahead.forecast import Forecast
from deskmatch.policies.lookahead.learned import LearnedValues
from deskmatch.policies.lookahead.policy import LookAhead
from deskmatch.policies.lookahead.pools import Pools
from deskmatch.policies.lookahead.value_features import ValueFeatures
from deskmatch.policies.protocol import Policy
from deskmatch.ranges import COUNT, NON_NEGATIVE, PART, POSITIVE, Range
from deskmatch.simulation.deciding import MONDAY
from deskmatch.simulation.run import Run, simulate
from deskmatch.simulation.scenario import Scenario

__all__ = ["Learning", "Path", "learn_values", "path_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WANDER = (1, 3, 10, 30)
"""Events after which states that wander are taken, as many of each."""
HORIZON = 5.0
"""Longest mean handling times in which γ^Δt falls to 1/e."""
RUNS = Range("a whole number ≥ 2", least=2, whole=True)
JUDGED, CONFIRMED = 1000, 2000
"""What is added to the seed, so that customers are others each time."""


@dataclass(frozen=True, slots=True, eq=False)
class Path(Frozen):
    """What a desk looked like over time, from one event to the next.

    Parameters
    ----------
    time_s : ``(events,)`` when something happened; arrivals have not ended.
    counts : ``(events, …)`` after it, and after what was decided then.
    """

    time_s: Floats
    counts: Counts

    def at(self, times_s: Floats) -> Counts:
        """The states at some times; those before the first event are left out."""
        row = np.searchsorted(self.time_s, times_s, side="right") - 1
        found = self.counts.of(row[row >= 0])
        return Counts._trusted(waiting=found.waiting.astype(np.float64), served=found.served.astype(np.float64))


def path_of(run: Run, pools: Pools) -> Path:
    """The path of a run, from its records; classes are the queues of the scenario.

    Parameters
    ----------
    run : of any policy.
    pools : of the same scenario, with its `forecast_of`.
    """
    rows, classes, groups = run.rows, pools.n_classes, pools.n_groups
    end = run.scenario.tables.horizon_s
    begun = ~np.isnan(rows["started"]) & (rows["expert"] >= 0)
    leaves = np.where(begun, rows["started"], np.where(np.isnan(rows["ended"]), np.inf, rows["ended"]))
    done = np.where(np.isnan(rows["ended"]), np.inf, rows["ended"] + rows["after_s"])[begun]
    queue = rows["queue"].astype(np.int64)
    place = classes + queue[begun] * groups + pools.group_of[np.maximum(rows["expert"], 0)][begun]
    time_s = np.concatenate((rows["entered"], leaves, rows["started"][begun], done))
    column = np.concatenate((queue, queue, place, place))
    step = np.repeat([1, -1, 1, -1], [len(rows), len(rows), len(place), len(place)])
    kept = time_s < end
    instant, row = np.unique(time_s[kept], return_inverse=True)
    counts = np.zeros((len(instant), classes * (1 + groups)), np.int32)
    np.add.at(counts, (row, column[kept]), step[kept])
    np.cumsum(counts, axis=0, out=counts)
    served = counts[:, classes:].reshape(-1, classes, groups)
    return Path._trusted(time_s=instant, counts=Counts._trusted(waiting=counts[:, :classes], served=served))


@dataclass(frozen=True, slots=True, eq=False)
class Learning(Frozen):
    """What was learned.

    Parameters
    ----------
    policy : the best that was found; the best of those it could begin with, where nothing was surely better.
    name : of that one among `scores`.
    scores : by name, ``(runs,)`` points a ticket: of those it could begin with, then of each candidate.
    confirmed : likewise, with other customers: of those it could begin with, and of the best candidate. Where `score`
        was given, what it said.
    transitions : states of the twin that were learned from, each with all the events that could come next.
    """

    policy: Policy
    name: str
    scores: dict[str, Floats]
    confirmed: dict[str, Floats]
    transitions: int

    def __repr__(self) -> str:
        return f"Learning({self.name}: {self.confirmed[self.name].mean():.4f} points a ticket)"


def learn_values(
    scenario: Scenario,
    start: LookAhead,
    *,
    incumbents: Sequence[Policy] = (),
    rounds: int = 6,
    states: int = 6000,
    explore: float = 0.25,
    discount_s: float | None = None,
    ridge: float = 1e-6,
    judged_by: int = 8,
    confirmed_by: int = 32,
    seed: int = 1,
    score: Callable[[Policy], Floats] | None = None,
) -> Learning:
    """Approximate policy iteration on the twin that keeps what is better.

    States are drawn from runs of the twin under the policies that it can begin with and under every candidate so far,
    so that a candidate that was misled by wrong values has been where these are needed; and from there some wander on
    with decisions at random. At these states values are learned by temporal differences in expectation over the next
    event (`NextEvents`): first those of greedy pairs, then those of the candidate that has earned most, and, where the
    last one has not, of that one in turn. The look-ahead with these values is the next candidate. The best of them is
    the result only where it earns more, on customers whom none was chosen by, than the best of those it could begin
    with, in a one-sided test (paired t, 5 %), so that it is worse than what was there to begin with by chance only.

    Parameters
    ----------
    scenario : the twin, with a constant number of experts at work; its horizon is the length of each run.
    start : a look-ahead that it can begin with, and whose settings but the outlook all candidates have; its forecast
        must be `forecast_of` the scenario.
    incumbents : other policies that it can begin with, such as tuned rules; the best of all is what it does begin with.
    rounds : candidates, ≥ 1; like all counts here a whole number.
    states : that are drawn from the runs of each policy, ≥ 1; with a quarter of the default, candidates were a few
        percent worse on desks of twelve.
    explore : share of the states that wander, in (0, 1).
    discount_s : seconds in which γ^Δt falls to 1/e, > 0; default: five times the longest mean handling time.
    ridge : ≥ 0, as in `NextEvents.weights`.
    judged_by : runs by which candidates are compared, ≥ 2.
    confirmed_by : runs, with other customers, by which the best of them is held against those it could begin with, ≥ 2.
    seed : of the simulations; use another to evaluate what was learned.
    score : ``(runs,)`` of a policy, more is better, on the same customers for all; a single number is taken as exact.
        Default: points a ticket in runs of the twin. With one of your own nothing is confirmed on other customers.

    Raises
    ------
    ContractError
        On values outside these ranges, or where experts come and go.
    """
    pools = Pools.of(start.formulation.bind(scenario.desk), start.forecast, start.reward)
    if discount_s is None:
        discount_s = HORIZON * float(pools.handling_s.max(where=pools.eligible, initial=1.0))
    _check(scenario, rounds=rounds, states=states, judged_by=judged_by, confirmed_by=confirmed_by, explore=explore,
           discount_s=discount_s, ridge=ridge)  # fmt: skip
    size = np.bincount(pools.group_of, pools.slots, pools.n_groups).astype(np.int64)
    features, events = ValueFeatures.of(pools, size), NextEvents(pools, size, discount_s)
    twin = _Twin(scenario, pools, start.forecast, states, judged_by, seed, score)
    known: dict[str, Policy] = {"start": start, **{f"incumbent {n}": each for n, each in enumerate(incumbents, 1)}}
    tried: dict[str, Policy] = {}
    for name, policy in known.items():
        twin.judge(name, policy)
    greedy = LearnedValues(features, np.zeros(len(features)))
    lead, source, top = greedy, greedy, -np.inf
    for number in range(1, rounds + 1):
        drawn, rates = _wandering(events, *twin.states(), explore, np.random.default_rng(seed + number))
        values = LearnedValues(features, events.weights(features, drawn, rates, source, ridge))
        name = f"candidate {number}"
        tried[name] = start.replace(outlook=values, name="learned values")
        twin.judge(name, tried[name])
        own = float(twin.scores[name].mean())
        if own > top:
            lead = source = values
            top = own
        else:
            source = values if source is lead else lead
    found = _best(tried, twin.scores)
    confirmed = {
        name: twin.confirmed(name, each, confirmed_by) for name, each in (known | {found: tried[found]}).items()
    }
    base = _best(known, confirmed)
    best = found if surely_more(confirmed[found], confirmed[base]) else base
    return Learning._trusted(
        policy=(known | tried)[best], name=best, scores=twin.scores, confirmed=confirmed,
        transitions=len(twin.states()[0]),
    )  # fmt: skip


def _best(names: Iterable[str], scores: dict[str, Floats]) -> str:
    return max(names, key=lambda name: float(scores[name].mean()))


def _wandering(
    events: NextEvents, states: Counts, rates: Floats, share: float, rng: np.random.Generator
) -> tuple[Counts, Floats]:
    """The states, of which some have wandered on, and the arrivals a second that are expected in each."""
    wander = rng.random(len(states)) < share
    stay, go = np.flatnonzero(~wander), np.array_split(np.flatnonzero(wander), len(WANDER))
    moved = [events.wandered(states.of(rows), rates[rows], steps, rng) for rows, steps in zip(go, WANDER, strict=True)]
    return Counts.joined([states.of(stay), *moved]), rates[np.concatenate([stay, *go])]


class _Twin:
    """Runs of policies on the same customers: what they earn, and the states that they come to."""

    def __init__(
        self, scenario: Scenario, pools: Pools, forecast: Forecast, states: int, judged_by: int, seed: int,
        score: Callable[[Policy], Floats] | None,
    ) -> None:  # fmt: skip
        self._scenario, self._pools, self._forecast, self._states = scenario, pools, forecast, states
        self._judged_by, self._seed, self._score = judged_by, seed, score
        self._rng = np.random.default_rng(seed)
        self._drawn: list[tuple[Counts, Floats]] = []
        self.scores: dict[str, Floats] = {}

    def judge(self, name: str, policy: Policy) -> None:
        """Score a policy, and draw states from its runs."""
        if self._score is not None:
            self.scores[name] = np.atleast_1d(np.asarray(self._score(policy), np.float64))
            self.visit(policy)
            return
        points = []
        for number in range(self._judged_by):
            run = simulate(self._scenario, policy, seed=self._seed + JUDGED, replication=number)
            points.append(points_of(run))
            self._draw(run, self._states // self._judged_by + 1)
        self.scores[name] = np.array(points)

    def confirmed(self, name: str, policy: Policy, runs: int) -> Floats:
        """Points a ticket with other customers; its score, where that is given."""
        if self._score is not None:
            return self.scores[name]
        return points_per_ticket(policy, self._scenario, replications=runs, seed=self._seed + CONFIRMED)

    def visit(self, policy: Policy) -> None:
        """Draw states from one run of a policy."""
        self._draw(simulate(self._scenario, policy, seed=self._seed), self._states)

    def states(self) -> tuple[Counts, Floats]:
        """All states that were drawn, and ``(states, classes)`` the arrivals a second that were expected then."""
        return Counts.joined([counts for counts, _ in self._drawn]), np.concatenate([rate for _, rate in self._drawn])

    def _draw(self, run: Run, count: int) -> None:
        times = self._rng.uniform(0, self._scenario.tables.horizon_s, count)
        path = path_of(run, self._pools)
        times = times[times >= path.time_s[0]] if len(path.time_s) else times[:0]
        begins = MONDAY + timedelta(days=self._scenario.tables.start_day)
        rates = [self._forecast.rates(begins + timedelta(seconds=time)) for time in times.tolist()]
        self._drawn.append((path.at(times), np.array(rates).reshape(len(times), self._pools.n_classes)))


def surely_more(new: Floats, old: Floats) -> bool:
    """Whether the mean difference is above 0 in a one-sided t-test at 5 %; one number each is taken as exact."""
    more = new - old
    if len(more) < 2:
        return bool(more[0] > 0)
    limit = stats.t.ppf(0.95, len(more) - 1) * more.std(ddof=1) / np.sqrt(len(more))
    return bool(more.mean() > limit)


def _check(scenario: Scenario, **values: float) -> None:
    """Raise `ContractError` that names every value out of its range, and groups that come and go."""
    ranges = {
        "rounds": COUNT, "states": COUNT, "judged_by": RUNS, "confirmed_by": RUNS, "ridge": NON_NEGATIVE,
        "discount_s": POSITIVE, "explore": PART,
    }  # fmt: skip
    wrong = [problem for name, kind in ranges.items() for problem in kind.problems({name: values[name]})]
    coming = [name for name, group in scenario.tables.groups.items() if not group.always_there]
    if coming:
        wrong.append(
            f"scenario: found shifts, staffing or logins_s of groups.{', groups.'.join(coming)};"
            " expected one whose staffing is constant"
        )
    if wrong:
        raise ContractError("learn_values: " + "; ".join(wrong))
