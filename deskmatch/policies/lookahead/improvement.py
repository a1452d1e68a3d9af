"""`PolicyImprovement`: prices of experts' time from one step of policy iteration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.policies.lookahead.outlook import Offer
from deskmatch.policies.lookahead.pool_plan import Helpers, PoolPlan, offer_of
from deskmatch.policies.lookahead.pool_system import PoolSystems, split_value
from deskmatch.policies.lookahead.pools import Now, Pools
from deskmatch.ranges import COUNT, NON_NEGATIVE, POSITIVE, SHARE, refuse

__all__ = ["PolicyImprovement"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PolicyImprovement:
    """One step of policy iteration from a static split of the arrivals over the pools.

    Under the static policy each pool is an Erlang A system of its own, whose relative values have a closed form
    (`deskmatch.policies.lookahead.erlang`); an expert's time is worth what one more ticket costs at the pool's level,
    per second of mean handling time, times the expected handling time of the ticket. A ticket that waits is worth its
    place in line at the pool that suits it best, its own wait and abandonment taken off, and each place is given once.
    The split is the best static one, found by the Frank–Wolfe method on the pools' cost rates.

    T. J. Ott, K. R. Krishnan, "Separable routing: a scheme for state-dependent routing of circuit switched telephone
    traffic", Annals of Operations Research 35 (1992) 43–68; S. Bhulai, G. Koole, "On the structure of value functions
    for threshold policies in queueing models", Journal of Applied Probability 40 (2003) 613–622.

    Parameters
    ----------
    rounds : of the Frank–Wolfe method, a whole number ≥ 1.
    caution : factor on all prices, > 0; 1: as computed.
    alone : share, ≥ 0, of the wait in line that a ticket is charged: static pools cannot help each other out, real ones
        do. A value to tune, like `caution`; the default was the best of few on desks drawn at random.
    shared : share from 0 to 1 of the cost of one more ticket that is taken from all pools that can help each other as
        one system, the rest from the pool alone. A value to tune too: a half or more is good where experts differ
        little or there are many pools, 0 where they differ much.

    Raises
    ------
    ContractError
        On values outside these ranges.
    """

    looks_at_queues: ClassVar[bool] = False
    few_at_once: ClassVar[bool] = False

    rounds: int = 60
    caution: float = 1.0
    alone: float = 0.7
    shared: float = 0.0

    def __post_init__(self) -> None:
        wrong = COUNT.problems({"rounds": self.rounds}) + POSITIVE.problems({"caution": self.caution})
        wrong += NON_NEGATIVE.problems({"alone": self.alone}) + SHARE.problems({"shared": self.shared})
        refuse(wrong, ContractError)

    def plan(self, pools: Pools, rates: Floats, size: Integers, waiting: Floats | None = None) -> PoolPlan:
        """The best static split, and the marginal costs of its pools, whoever waits."""
        flow = np.where(pools.eligible, rates[:, None], 0.0)
        flow /= np.maximum(pools.eligible.sum(axis=1, keepdims=True), 1)
        best, value = flow, -np.inf
        for number in range(self.rounds):
            total, gradient = split_value(pools, flow, size)
            if total > value:
                best, value = flow, total
            target = np.zeros_like(flow)
            choice = np.argmax(np.where(pools.eligible, gradient, -np.inf), axis=1)
            rows = np.flatnonzero(pools.eligible.any(axis=1))
            target[rows, choice[rows]] = rates[rows]
            flow = flow + (target - flow) * 2.0 / (number + 3.0)
        each = PoolSystems.of(pools, best, size)
        marginal = [self.caution * marginal for marginal in each.marginal()]
        helpers = Helpers.of(pools, best, size, share=self.shared, caution=self.caution)
        return PoolPlan.of(each, marginal, bound=value, alone=self.alone, helpers=helpers)

    def offer(self, plan: PoolPlan, now: Now) -> Offer:
        """Prices by level, and places in line."""
        return offer_of(plan, now)
