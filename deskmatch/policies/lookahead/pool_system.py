"""`PoolSystems`: pools of experts under a static split of the arrivals, as Erlang A systems; the worth of a split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.policies.lookahead.erlang import cost_rate, marginal_costs
from deskmatch.policies.lookahead.pools import Pools

__all__ = ["PoolSystems", "split_value", "waiting_cost"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TINY = 1e-6
"""Share of all arrivals that a pool gets at least, so that it has a price."""
STEP = 1e-4
"""Share by which a parameter is changed for a one-sided difference."""


@dataclass(frozen=True, slots=True, eq=False)
class PoolSystems(Frozen):
    """Groups, each by itself or several as one, under a static split of the arrivals, as Erlang A systems.

    Parameters
    ----------
    rate : ``(pools,)`` arrivals a second.
    handling_s, theta, cost, blocked : ``(pools,)`` means over the tickets: handling time, rate of abandonment, points a
        second that one costs while it waits, points of one that finds no room.
    n, room : ``(pools,)`` slots, and places to wait.
    """

    rate: Floats
    handling_s: Floats
    theta: Floats
    cost: Floats
    blocked: Floats
    n: Integers
    room: Integers

    @classmethod
    def of(cls, pools: Pools, flow: Floats, size: Integers, pool_of: Integers | None = None) -> PoolSystems:
        """Those of a desk.

        Parameters
        ----------
        pools, flow, size : the desk, ``(classes, groups)`` tickets a second, and ``(groups,)`` slots.
        pool_of : ``(groups,)`` groups with the same number are one pool, numbers from 0; None: each by itself.
        """
        pool_of = np.arange(pools.n_groups) if pool_of is None else pool_of
        able = np.maximum(np.bincount(pool_of, pools.eligible.sum(axis=0)), 1)
        weight = flow + pools.eligible * (TINY * max(float(flow.sum()), 1e-9) / able)[pool_of]
        rate = np.maximum(np.bincount(pool_of, weight.sum(axis=0)), 1e-12)

        def mean(values: Floats) -> Floats:
            return np.asarray(np.bincount(pool_of, (weight * values).sum(axis=0)) / rate)

        handling, theta = np.maximum(mean(pools.handling_s), 1e-9), mean(pools.loss_rate[:, None])
        n = np.maximum(np.bincount(pool_of, size).astype(np.int64), 1)
        over = np.maximum(rate - n / handling, 0.0) / np.where(theta > 0, theta, np.inf)
        room = np.minimum(400, np.maximum(np.maximum(40, 2 * n), (1.5 * over).astype(np.int64) + 20))
        return cls._trusted(
            rate=rate, handling_s=handling, theta=theta, cost=mean(waiting_cost(pools)), blocked=mean(pools.points),
            n=n, room=room,
        )  # fmt: skip

    def value(self, *, rate: float = 1.0, handling: float = 1.0, theta: float = 1.0, cost: float = 1.0) -> Floats:
        """``(pools,)`` cost rate, with some of the parameters multiplied."""
        return cost_rate(
            self.rate * rate, 1 / (self.handling_s * handling), self.theta * theta, self.cost * cost, self.blocked,
            self.n, self.room,
        )  # fmt: skip

    def marginal(self) -> list[Floats]:
        """By pool, ``(levels,)`` what one more ticket costs."""
        return [
            marginal_costs(*each)
            for each in zip(
                self.rate.tolist(), (1 / self.handling_s).tolist(), self.theta.tolist(), self.cost.tolist(),
                self.blocked.tolist(), self.n.tolist(), self.room.tolist(), strict=True,
            )
        ]  # fmt: skip


def waiting_cost(pools: Pools) -> Floats:
    """``(classes, groups)`` points a second that a ticket costs while it waits for a group: θ · points + slope."""
    return np.asarray(pools.loss_rate[:, None] * pools.points + pools.slope[:, None])


def split_value(pools: Pools, flow: Floats, size: Integers) -> tuple[float, Floats]:
    """Points a second of a static split, and their derivative by each flow (one-sided differences of the pools)."""
    each = PoolSystems.of(pools, flow, size)
    base = each.value()
    by_rate, by_handling, by_cost, by_theta = (
        (each.value(**{name: 1.0 + STEP}) - base) / STEP for name in ("rate", "handling", "cost", "theta")
    )
    change = by_rate + by_handling * (pools.handling_s / each.handling_s - 1)
    change += by_cost * (waiting_cost(pools) / np.maximum(each.cost, 1e-12) - 1)
    impatient = np.where(each.theta > 0, each.theta, np.inf)
    change += np.where(each.theta > 0, by_theta * (pools.loss_rate[:, None] / impatient - 1), 0.0)
    return float((flow * pools.points).sum() - base.sum()), pools.points - change / each.rate
