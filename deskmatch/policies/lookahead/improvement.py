"""`PolicyImprovement` and `FluidPrices`: prices by level of each pool, and a place in line elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.policies.lookahead.erlang import cost_rate, marginal_costs, wait_before_service
from deskmatch.policies.lookahead.fluid import fluid_prices
from deskmatch.policies.lookahead.outlook import Offer
from deskmatch.policies.lookahead.pools import Now, Pools

__all__ = ["FluidPrices", "PolicyImprovement", "PoolPlan"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

IN_LINE = 12
"""Places in line that are offered at each pool; who is further back takes the last one's value."""
TINY = 1e-6
"""Share of all arrivals that a pool gets at least, so that it has a price."""


@dataclass(frozen=True, slots=True, eq=False)
class PoolPlan(Frozen):
    """What one more ticket costs at each level of each pool.

    Parameters
    ----------
    marginal : by group, ``(levels,)`` points, own wait included above the number of slots.
    size : ``(groups,)`` slots.
    handling_s, loss_rate, cost : ``(groups,)`` means over the tickets that the pool is planned to get: handling time,
        rate of abandonment, points a second that one of them costs while it waits.
    bound : points a second that the plan promises.
    alone : share of the wait in line that is charged.
    """

    marginal: tuple[Floats, ...]
    size: Integers
    handling_s: Floats
    loss_rate: Floats
    cost: Floats
    bound: float
    alone: float

    @classmethod
    def of(cls, pools: Sequence[_Pool], marginal: Iterable[Floats], *, bound: float, alone: float) -> PoolPlan:
        """The plan of these pools, at these costs of one more ticket."""
        return cls._trusted(
            marginal=tuple(marginal),
            size=np.array([pool.n for pool in pools]),
            handling_s=np.array([pool.handling_s for pool in pools]),
            loss_rate=np.array([pool.theta for pool in pools]),
            cost=np.array([pool.cost for pool in pools]),
            bound=bound,
            alone=alone,
        )


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
    rounds : of the Frank–Wolfe method, ≥ 1.
    caution : factor on all prices, > 0; 1: as computed.
    alone : share, ≥ 0, of the wait in line that a ticket is charged: static pools cannot help each other out, real ones
        do. A value to tune, like `caution`; the default was the best of few on desks drawn at random.

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

    def __post_init__(self) -> None:
        if self.rounds < 1 or not 0 < self.caution < float("inf") or not 0 <= self.alone < float("inf"):
            raise ContractError(
                f"rounds, caution, alone: found {self.rounds!r}, {self.caution!r}, {self.alone!r};"
                " expected 1 or more, a number above 0, and one ≥ 0"
            )

    def plan(self, pools: Pools, rates: Floats, size: Integers, waiting: Floats | None = None) -> PoolPlan:
        """The best static split, and the marginal costs of its pools, whoever waits."""
        flow = np.where(pools.eligible, rates[:, None], 0.0)
        flow /= np.maximum(pools.eligible.sum(axis=1, keepdims=True), 1)
        best, value = flow, -np.inf
        for number in range(self.rounds):
            total, gradient = _split_value(pools, flow, size)
            if total > value:
                best, value = flow, total
            target = np.zeros_like(flow)
            choice = np.argmax(np.where(pools.eligible, gradient, -np.inf), axis=1)
            rows = np.flatnonzero(pools.eligible.any(axis=1))
            target[rows, choice[rows]] = rates[rows]
            flow = flow + (target - flow) * 2.0 / (number + 3.0)
        each = [_Pool.of(pools, best, size, group) for group in range(pools.n_groups)]
        marginal = [self.caution * pool.marginal() for pool in each]
        return PoolPlan.of(each, marginal, bound=value, alone=self.alone)

    def offer(self, plan: PoolPlan, now: Now) -> Offer:
        """Prices by level, and places in line."""
        return _offer(plan, now)


@dataclass(frozen=True, slots=True, eq=False)
class FluidPrices:
    """Prices from a fluid linear program from the current queues over the forecast, abandonment included.

    An expert's second costs the dual value of the group's time; it is zero where there is time left, so below
    saturation only the places in line tell groups apart. J. M. Harrison, A. Zeevi, "A method for staffing large call
    centers based on stochastic fluid models", Manufacturing & Service Operations Management 7 (2005) 20–36;
    A. Bassamboo, J. M. Harrison, A. Zeevi, Operations Research 54 (2006) 419–435.

    Parameters
    ----------
    horizon_s : length of the program, > 0.
    intervals : of the program, ≥ 1.

    Raises
    ------
    ContractError
        On values outside these ranges.
    """

    looks_at_queues: ClassVar[bool] = True
    few_at_once: ClassVar[bool] = False

    horizon_s: float = 1800.0
    intervals: int = 6

    def __post_init__(self) -> None:
        if not 0 < self.horizon_s < float("inf") or self.intervals < 1:
            raise ContractError(
                f"horizon_s, intervals: found {self.horizon_s!r}, {self.intervals!r}; expected seconds > 0, and ≥ 1"
            )

    def plan(self, pools: Pools, rates: Floats, size: Integers, waiting: Floats | None = None) -> PoolPlan:
        """Prices of the program from the tickets that wait now; None: nobody waits."""
        queues = np.zeros(pools.n_classes) if waiting is None else waiting
        found = fluid_prices(pools, rates, size, queues, self.horizon_s, self.intervals)
        each = [_Pool.of(pools, found.flow, size, group) for group in range(pools.n_groups)]
        level = [np.full(pool.n + IN_LINE, found.price[group] * pool.handling_s) for group, pool in enumerate(each)]
        waits = [wait_before_service(pool.n / pool.handling_s, pool.theta, pool.theta, IN_LINE) for pool in each]
        for group, pool in enumerate(each):
            level[group][pool.n :] += pool.cost * waits[group]
        return PoolPlan.of(each, level, bound=found.value / self.horizon_s, alone=1.0)

    def offer(self, plan: PoolPlan, now: Now) -> Offer:
        """Prices, and places in line."""
        return _offer(plan, now)


@dataclass(frozen=True, slots=True, eq=False)
class _Pool(Frozen):
    """A group under a static split of the arrivals, as an Erlang A system."""

    rate: float
    handling_s: float
    theta: float
    cost: float
    blocked: float
    n: int
    room: int

    @classmethod
    def of(cls, pools: Pools, flow: Floats, size: Integers, group: int) -> _Pool:
        able, own = pools.eligible[:, group], flow[:, group]
        least = TINY * max(float(flow.sum()), 1e-9)
        weight = own + (least / max(1, able.sum())) * able
        rate = max(float(weight.sum()), 1e-12)
        share = weight / rate
        handling = max(float(share @ pools.handling_s[:, group]), 1e-9)
        theta = float(share @ pools.loss_rate)
        cost = float(share @ _waiting_cost(pools)[:, group])
        n = max(int(size[group]), 1)
        over = max(rate - n / handling, 0.0) / theta if theta > 0 else 0.0
        room = min(400, max(40, 2 * n, int(1.5 * over) + 20))
        return cls._trusted(
            rate=rate, handling_s=handling, theta=theta, cost=cost,
            blocked=float(share @ pools.points[:, group]), n=n, room=room,
        )  # fmt: skip

    def value(self, *, rate: float = 1.0, handling: float = 1.0, theta: float = 1.0, cost: float = 1.0) -> float:
        """Cost rate, with some of the parameters multiplied."""
        return cost_rate(
            self.rate * rate, 1 / (self.handling_s * handling), self.theta * theta, self.cost * cost, self.blocked,
            self.n, self.room,
        )  # fmt: skip

    def marginal(self) -> Floats:
        return marginal_costs(self.rate, 1 / self.handling_s, self.theta, self.cost, self.blocked, self.n, self.room)


def _waiting_cost(pools: Pools) -> Floats:
    """``(classes, groups)`` points a second that a ticket costs while it waits for a group: θ · points + slope."""
    return np.asarray(pools.loss_rate[:, None] * pools.points + pools.slope[:, None])


def _split_value(pools: Pools, flow: Floats, size: Integers) -> tuple[float, Floats]:
    """Points a second of a static split, and their derivative by each flow (one-sided differences of the pools)."""
    step = 1e-4
    total, gradient = float((flow * pools.points).sum()), pools.points.copy()
    waiting_cost = _waiting_cost(pools)
    for group in range(pools.n_groups):
        pool = _Pool.of(pools, flow, size, group)
        base = pool.value()
        total -= base
        by_rate, by_handling, by_cost = (
            (pool.value(**{name: 1.0 + step}) - base) / step for name in ("rate", "handling", "cost")
        )
        by_theta = (pool.value(theta=1.0 + step) - base) / step if pool.theta > 0 else 0.0
        change = by_rate + by_handling * (pools.handling_s[:, group] / pool.handling_s - 1)
        change = change + by_cost * (waiting_cost[:, group] / max(pool.cost, 1e-12) - 1)
        if pool.theta > 0:
            change = change + by_theta * (pools.loss_rate / pool.theta - 1)
        gradient[:, group] -= change / pool.rate
    return total, gradient


def _offer(plan: PoolPlan, now: Now) -> Offer:
    pools = now.pools
    kind = np.maximum(now.kind, 0)
    scale = np.where(now.kind >= 0, pools.handling_s[kind].T, plan.handling_s[:, None]) / plan.handling_s[:, None]
    price = np.zeros(len(now.arc_ticket))
    for group in np.unique(now.arc_group).tolist():
        here = now.arc_group == group
        level = np.minimum(now.arc_level[here], len(plan.marginal[group]) - 1)
        price[here] = plan.marginal[group][level] * scale[group, now.arc_ticket[here]]
    known = np.flatnonzero(now.kind >= 0)
    places = min(IN_LINE, len(known))
    hold = np.zeros(len(now.kind))
    entries: list[tuple[Integers, Integers, Floats]] = []
    if places:
        last = np.full(len(known), -np.inf)
        for group in range(pools.n_groups):
            able = pools.eligible[kind[known], group]
            rows = known[able]
            if not len(rows):
                continue
            values = _line(plan, pools, group, places)[kind[rows]]
            entries.append(
                (np.repeat(rows, places), np.tile(group * places + np.arange(places), len(rows)), values.ravel())
            )
            last[able] = np.maximum(last[able], values[:, -1])
        hold[known] = np.where(np.isfinite(last), last, 0.0)
    ticket, place, value = (np.concatenate(part) for part in zip(*entries, strict=True)) if entries else (
        np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    )  # fmt: skip
    return Offer._trusted(
        price=price, hold=hold, line_ticket=ticket, line_place=place, line_value=value, places=places * pools.n_groups
    )


def _line(plan: PoolPlan, pools: Pools, group: int, places: int) -> Floats:
    """``(classes, places)`` a ticket's worth at each place in line of a group: points − own wait − cost to others."""
    n, mean = int(plan.size[group]), plan.handling_s[group]
    rate, theta = n / mean, float(plan.loss_rate[group])
    levels = np.minimum(n + np.arange(places), len(plan.marginal[group]) - 1)
    wait_of_others = plan.alone * plan.cost[group] * wait_before_service(rate, theta, theta, places)
    others = plan.marginal[group][levels] - wait_of_others
    cost = plan.alone * _waiting_cost(pools)[:, group]
    wait = wait_before_service(rate, theta, pools.loss_rate, places)
    scale = (pools.handling_s[:, group] / mean)[:, None]
    return np.asarray(pools.points[:, [group]] - cost[:, None] * wait - others[None, :] * scale)
