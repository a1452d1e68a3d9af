"""`learn_on_chain`: temporal differences in expectation, where the twin is a small Markov chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.learning.chain import Table, evaluate, visits
from deskmatch.learning.state_space import StateSpace
from deskmatch.learning.tabulating import EpochOfCounts, tabulate
from deskmatch.policies.lookahead.learned import LearnedValues
from deskmatch.policies.lookahead.policy import LookAhead
from deskmatch.policies.lookahead.pools import Pools
from deskmatch.policies.lookahead.value_features import States, ValueFeatures
from deskmatch.ranges import COUNT, PART, refuse

__all__ = ["ChainLearning", "learn_on_chain"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ChainLearning(Frozen):
    """What was learned on a chain.

    Parameters
    ----------
    policy : the best look-ahead; None: none was better than the base.
    table : what it decides, asked in every state that it comes to (`tabulate`); the base, where none was better.
    scores : points a second of the base, and of each candidate in turn, whose pairs are counted as made one after the
        other; nan: it never serves somebody.
    """

    policy: LookAhead | None
    table: Table
    scores: tuple[float, ...]


def learn_on_chain(
    space: StateSpace, settings: LookAhead, base: Table, *, rounds: int = 8, explore: float = 0.2, seed: int = 0
) -> ChainLearning:
    """What `learn_values` comes to with endless transitions: each average is taken over the chain, not over a sample.

    Approximate policy iteration that never gets worse. The values of the best policy so far are learned by
    least-squares temporal differences for the long-run average, 0 = c(s) − g + Σ rates · (r + V(next) − V(s)), weighted
    by how often all policies so far, and random decisions, come to a state: a candidate that was misled by wrong
    values has been where these are needed. The look-ahead with these values is the next candidate. It becomes
    the best policy only if its chain earns more; else its own values are tried once, and then those of the best again.

    Parameters
    ----------
    space : the chain.
    settings : a look-ahead of its scenario, whose settings but the outlook all candidates have.
    base : the policy to begin with, the best that is known; it must know a decision for every state.
    rounds : candidates, ≥ 1.
    explore : weight of random decisions, in (0, 1).
    seed : of these.

    Raises
    ------
    ContractError
        On values outside these ranges.
    """
    refuse(COUNT.problems({"rounds": rounds}) + PART.problems({"explore": explore}), ContractError)
    pools = Pools.of(settings.formulation.bind(EpochOfCounts(space.desk).desk), settings.forecast, settings.reward)
    features = ValueFeatures.of(pools, space.desk.size[_group_rows(space, pools)])
    found = features.values(_states(space, pools))
    random = _random_visits(space, np.random.default_rng(seed))
    best: LearnedValues | None = None
    table, source = base, base
    seen, scores = [visits(base)], [evaluate(base).gain]
    for _ in range(rounds):
        share = (1 - explore) * np.mean(seen, axis=0) + explore * random
        values = LearnedValues(features, _weights(space, source, found, share))
        candidate = _decisions(space, pools, values)
        try:
            gain = evaluate(candidate).gain
        except ContractError:  # it has learned never to serve somebody
            scores.append(np.nan)
            source = table
            continue
        seen.append(visits(candidate))
        if gain > np.nanmax(scores):
            best, table = values, candidate
        scores.append(gain)
        source = candidate if source is table else table
    policy = None if best is None else settings.replace(outlook=best, name="learned values")
    asked = base if policy is None else tabulate(space, policy)
    if evaluate(asked).gain <= scores[0]:
        policy, asked = None, base
    return ChainLearning._trusted(policy=policy, table=asked, scores=tuple(scores))


def _decisions(space: StateSpace, pools: Pools, values: LearnedValues) -> Table:
    """What a look-ahead with these values decides in every state: the pair that gains most, as long as one gains."""
    desk, states = space.desk, _states(space, pools)
    seen = States._trusted(idle=states.idle, waiting=states.waiting, surplus=np.zeros_like(states.surplus))
    before, groups = values.values(seen), _group_rows(space, pools).tolist()
    gains = np.full(space.assigned_to.shape, -np.inf)
    for at, (kind, row) in enumerate(space.assignments.tolist()):
        possible = np.flatnonzero(space.assigned_to[:, at] >= 0)
        group = groups.index(row)
        gained = space.assigned_reward[at] - desk.loss[kind]
        count = len(possible)
        after = seen.of(possible).after(
            np.full(count, kind), np.full(count, group), np.full(count, pools.surplus[kind, group])
        )
        gains[possible, at] = gained + values.values(after) - before[possible]
    return Table.of_steps(space, np.where(gains.max(axis=1) > 0, np.argmax(gains, axis=1), -1))


def _states(space: StateSpace, pools: Pools) -> States:
    """The states of a chain as a look-ahead counts them."""
    desk, group = space.desk, _group_rows(space, pools)
    waiting = np.zeros((space.n_states, pools.n_classes))
    waiting[:, : len(desk.room)] = space.waiting
    served = space.states[:, len(desk.room) :]
    surplus = np.zeros((space.n_states, pools.n_groups))
    for number, row in enumerate(group):
        for at in np.flatnonzero(space.columns[:, 0] == row):
            kind = space.columns[at, 1]
            surplus[:, number] += served[:, at] * (pools.surplus[kind, number] if kind >= 0 else 0.0)
    idle = (desk.size - space.busy)[:, group].astype(np.float64)
    return States._trusted(idle=idle, waiting=waiting, surplus=surplus)


def _weights(space: StateSpace, table: Table, features: Floats, share: Floats) -> Floats:
    """``(features,)`` of the value of a policy; rewards count against losing everybody, as in `OutcomePoints`."""
    desk = space.desk
    reward = table.assigned @ (space.assigned_reward - desk.loss[space.assignments[:, 0]])
    after, rate = table.after[space.event_to], space.event_rate
    own = -(space.waiting @ desk.waiting_cost) + (rate * reward[space.event_to]).sum(axis=1)
    change = np.einsum("se,sef->sf", rate, features[after]) - rate.sum(axis=1)[:, None] * features
    weight = share[:, None]
    left = np.concatenate((features, np.ones((len(features), 1))), axis=1)
    right = np.concatenate((change, -np.ones((len(features), 1))), axis=1)
    values = np.linalg.lstsq(left.T @ (weight * right), -(left.T @ (share * own)), rcond=1e-10)[0][:-1]
    return np.asarray(values)


def _random_visits(space: StateSpace, rng: np.random.Generator) -> Floats:
    """``(states,)`` share of time under decisions drawn at random, half of them without holding anybody."""
    total = np.zeros(space.n_states)
    for number in range(6):
        draw = np.where(space.assigned_to >= 0, rng.random(space.assigned_to.shape), -1.0)
        step = np.argmax(draw, axis=1)
        held = rng.random(space.n_states) < (0.0 if number < 3 else 0.3)
        step[(draw.max(axis=1) < 0) | held] = -1
        total += visits(Table.of_steps(space, step)) / 6
    return total


def _group_rows(space: StateSpace, pools: Pools) -> NDArray[np.int64]:
    """``(groups,)`` row in the chain of each group of the pools."""
    scenario = space.desk.scenario
    first = np.unique(pools.group_of, return_index=True)[1]
    return np.asarray(scenario.group_of[first], np.int64)
