"""`PoolSystem`: a pool of experts under a static split of the arrivals, as an Erlang A system; the worth of a split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.policies.lookahead.erlang import cost_rate, marginal_costs
from deskmatch.policies.lookahead.pools import Pools

__all__ = ["PoolSystem", "split_value", "waiting_cost"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TINY = 1e-6
"""Share of all arrivals that a pool gets at least, so that it has a price."""


@dataclass(frozen=True, slots=True, eq=False)
class PoolSystem(Frozen):
    """A group, or several as one, under a static split of the arrivals, as an Erlang A system."""

    rate: float
    handling_s: float
    theta: float
    cost: float
    blocked: float
    n: int
    room: int

    @classmethod
    def of(cls, pools: Pools, flow: Floats, size: Integers, groups: int | Integers) -> PoolSystem:
        own = (slice(None), np.atleast_1d(groups))
        able = pools.eligible[own]
        least = TINY * max(float(flow.sum()), 1e-9)
        weight = flow[own] + (least / max(1, able.sum())) * able
        rate = max(float(weight.sum()), 1e-12)
        share = weight / rate
        handling = max(float((share * pools.handling_s[own]).sum()), 1e-9)
        theta = float(share.sum(axis=1) @ pools.loss_rate)
        cost = float((share * waiting_cost(pools)[own]).sum())
        n = max(int(size[groups].sum()), 1)
        over = max(rate - n / handling, 0.0) / theta if theta > 0 else 0.0
        room = min(400, max(40, 2 * n, int(1.5 * over) + 20))
        return cls._trusted(
            rate=rate, handling_s=handling, theta=theta, cost=cost,
            blocked=float((share * pools.points[own]).sum()), n=n, room=room,
        )  # fmt: skip

    def value(self, *, rate: float = 1.0, handling: float = 1.0, theta: float = 1.0, cost: float = 1.0) -> float:
        """Cost rate, with some of the parameters multiplied."""
        return cost_rate(
            self.rate * rate, 1 / (self.handling_s * handling), self.theta * theta, self.cost * cost, self.blocked,
            self.n, self.room,
        )  # fmt: skip

    def marginal(self) -> Floats:
        return marginal_costs(self.rate, 1 / self.handling_s, self.theta, self.cost, self.blocked, self.n, self.room)


def waiting_cost(pools: Pools) -> Floats:
    """``(classes, groups)`` points a second that a ticket costs while it waits for a group: θ · points + slope."""
    return np.asarray(pools.loss_rate[:, None] * pools.points + pools.slope[:, None])


def split_value(pools: Pools, flow: Floats, size: Integers) -> tuple[float, Floats]:
    """Points a second of a static split, and their derivative by each flow (one-sided differences of the pools)."""
    step = 1e-4
    total, gradient = float((flow * pools.points).sum()), pools.points.copy()
    cost = waiting_cost(pools)
    for group in range(pools.n_groups):
        pool = PoolSystem.of(pools, flow, size, group)
        base = pool.value()
        total -= base
        by_rate, by_handling, by_cost = (
            (pool.value(**{name: 1.0 + step}) - base) / step for name in ("rate", "handling", "cost")
        )
        by_theta = (pool.value(theta=1.0 + step) - base) / step if pool.theta > 0 else 0.0
        change = by_rate + by_handling * (pools.handling_s[:, group] / pool.handling_s - 1)
        change = change + by_cost * (cost[:, group] / max(pool.cost, 1e-12) - 1)
        if pool.theta > 0:
            change = change + by_theta * (pools.loss_rate / pool.theta - 1)
        gradient[:, group] -= change / pool.rate
    return total, gradient
