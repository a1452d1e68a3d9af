"""`learn_on_chain`: temporal differences in expectation, where the twin is a small Markov chain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.learning.chain import Table, evaluate, visits
from deskmatch.learning.state_space import StateSpace
from deskmatch.learning.tabulating import EpochOfCounts, tabulate
from deskmatch.learning.value_learning import Learning
from deskmatch.policies.lookahead.learned import LearnedValues, ValueFeatures
from deskmatch.policies.lookahead.policy import LookAhead
from deskmatch.policies.lookahead.pools import Pools

__all__ = ["learn_on_chain"]

Floats = NDArray[np.float64]


def learn_on_chain(
    space: StateSpace,
    start: LookAhead,
    base: Table,
    *,
    rounds: int = 3,
    explore: Sequence[float] = (0.1, 0.4),
    seed: int = 0,
) -> Learning:
    """What `learn_values` comes to with endless transitions: each average is taken over the chain, not over a sample.

    Least-squares temporal differences for the long-run average, 0 = c(s) − g + Σ rates · (r + V(next) − V(s)), weighted
    by the stationary distribution of the policy mixed with that of random decisions.

    Parameters
    ----------
    space : the chain.
    start : a look-ahead of its scenario, whose settings all candidates share.
    base : the policy whose values are learned first.
    rounds : ≥ 1, for each value of `explore`.
    explore : weights of random decisions, in (0, 1).
    seed : of these.

    Returns
    -------
    The best of `start` and of all candidates by its exact gain; scores are points a second.
    """
    if rounds < 1 or not all(0 < share < 1 for share in explore):
        raise ContractError("rounds, explore: expected 1 or more, and weights between 0 and 1")
    pools = Pools.of(start.formulation.bind(EpochOfCounts(space.desk).desk), start.forecast, start.reward)
    group = _group_rows(space, pools)
    features = ValueFeatures.of(pools, space.desk.size[group])
    idle = (space.desk.size - space.busy)[:, group].astype(np.float64)
    waiting = np.zeros((space.n_states, pools.n_classes))
    waiting[:, : space.waiting.shape[1]] = space.waiting
    found = features.values(idle, waiting)
    random = _random_visits(space, np.random.default_rng(seed))
    best, scores = start, [evaluate(tabulate(space, start)).gain]
    for share in explore:
        table = base
        for _ in range(rounds):
            weights = _weights(space, table, found, (1 - share) * visits(table) + share * random)
            policy = start.replace(outlook=LearnedValues(weights), name="learned values")
            try:
                table = tabulate(space, policy)
                scores.append(evaluate(table).gain)
            except ContractError:  # it has learned never to serve somebody
                break
            if scores[-1] >= max(scores):
                best = policy
    return Learning._trusted(policy=best, scores=tuple(scores), transitions=0)


def _weights(space: StateSpace, table: Table, features: Floats, share: Floats) -> Floats:
    """``(features,)`` of the value of a policy; rewards count against losing everybody, as in `OutcomePoints`."""
    desk = space.desk
    reward = table.assigned @ (space.assigned_reward - desk.loss[space.assignments[:, 0]])
    after, rate = table.after[space.event_to], space.event_rate
    known = (after >= 0).all(axis=1)
    after = np.maximum(after, 0)
    own = -(space.waiting @ desk.waiting_cost) + (rate * reward[space.event_to]).sum(axis=1)
    change = np.einsum("se,sef->sf", rate, features[after]) - rate.sum(axis=1)[:, None] * features
    weight = np.where(known, share, 0.0)[:, None]
    left = np.concatenate((features, np.ones((len(features), 1))), axis=1)
    right = np.concatenate((change, -np.ones((len(features), 1))), axis=1)
    values = np.linalg.lstsq(left.T @ (weight * right), -(left.T @ (weight[:, 0] * own)), rcond=1e-10)[0][:-1]
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
