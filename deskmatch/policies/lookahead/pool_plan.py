"""`PoolPlan`: what one more ticket costs at each level of each pool, as prices and places in line of an epoch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from deskmatch.frozen import Frozen
from deskmatch.policies.lookahead.erlang import wait_before_service
from deskmatch.policies.lookahead.outlook import Offer
from deskmatch.policies.lookahead.pool_system import PoolSystems, waiting_cost
from deskmatch.policies.lookahead.pools import Now, Pools

__all__ = ["IN_LINE", "Helpers", "PoolPlan", "offer_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

IN_LINE = 12
"""Places in line that are offered at each pool; who is further back takes the last one's value."""


@dataclass(frozen=True, slots=True, eq=False)
class Helpers(Frozen):
    """Groups that can take tickets from each other, directly or through others, as one pool each.

    Parameters
    ----------
    share : of the cost of one more ticket that is that of all of them together, > 0.
    of_group : ``(groups,)`` which of these pools.
    marginal : by pool, ``(levels,)`` points, own wait included above the number of slots.
    handling_s : ``(pools,)`` the mean over their tickets.
    """

    share: float
    of_group: Integers
    marginal: tuple[Floats, ...]
    handling_s: Floats

    @classmethod
    def of(cls, pools: Pools, flow: Floats, size: Integers, *, share: float, caution: float) -> Helpers | None:
        """Those of a desk under a static split; None: nobody helps."""
        if share == 0:
            return None
        able = pools.eligible.astype(np.int64)
        of_group = connected_components(able.T @ able, directed=False)[1].astype(np.int64)
        each = PoolSystems.of(pools, flow, size, of_group)
        return cls._trusted(
            share=share,
            of_group=of_group,
            marginal=tuple(caution * marginal for marginal in each.marginal()),
            handling_s=each.handling_s,
        )

    def one_more(self, group: int, level: Integers) -> Floats:
        """Points a second of handling time that one more ticket costs at these levels of all who help a group."""
        pool = self.of_group[group]
        marginal = self.marginal[pool]
        return np.asarray(marginal[np.minimum(level, len(marginal) - 1)] / self.handling_s[pool])


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
    helpers : those pools that can help each other, as one; None: each is looked at by itself.
    """

    marginal: tuple[Floats, ...]
    size: Integers
    handling_s: Floats
    loss_rate: Floats
    cost: Floats
    bound: float
    alone: float
    helpers: Helpers | None

    @classmethod
    def of(
        cls, each: PoolSystems, marginal: Iterable[Floats], *, bound: float, alone: float,
        helpers: Helpers | None = None,
    ) -> PoolPlan:  # fmt: skip
        """The plan of these pools, at these costs of one more ticket."""
        return cls._trusted(
            marginal=tuple(marginal),
            size=each.n,
            handling_s=each.handling_s,
            loss_rate=each.theta,
            cost=each.cost,
            bound=bound,
            alone=alone,
            helpers=helpers,
        )

    def one_more(self, group: int, level: Integers, busy: Integers) -> Floats:
        """Points a second of handling time that one more ticket costs while somebody of the group is idle.

        Parameters
        ----------
        group, level : whose, and ``(…)`` slots of it that are taken.
        busy : ``(groups,)`` slots that are taken of each group.
        """
        return self._one_more(group, level, level + self._of_helpers(busy, group) - busy[group])

    def in_line(self, group: int, places: int) -> Floats:
        """``(places,)`` points a second of handling time that one more ticket costs in the group's line."""
        own, place = int(self.size[group]), np.arange(places)
        together = self._of_helpers(self.size, group)
        return self._one_more(group, own + place, together + np.rint(place * (together / own)).astype(np.int64))

    def _of_helpers(self, counts: Integers, group: int) -> int:
        """The sum over all groups that help a group, itself included."""
        return 0 if self.helpers is None else int(counts[self.helpers.of_group == self.helpers.of_group[group]].sum())

    def _one_more(self, group: int, level: Integers, together: Integers) -> Floats:
        marginal = self.marginal[group]
        own = np.asarray(marginal[np.minimum(level, len(marginal) - 1)] / self.handling_s[group])
        if self.helpers is None:
            return own
        return np.asarray(own + self.helpers.share * (self.helpers.one_more(group, together) - own))


def offer_of(plan: PoolPlan, now: Now) -> Offer:
    """Prices of arcs by the level of their group, and places in the line of each group."""
    pools = now.pools
    kind = np.maximum(now.kind, 0)
    handling_s = np.where(now.kind >= 0, pools.handling_s[kind].T, plan.handling_s[:, None])
    price = np.zeros(len(now.arc_ticket))
    for group in np.unique(now.arc_group).tolist():
        here = now.arc_group == group
        cost = plan.one_more(group, now.arc_level[here], now.busy)
        price[here] = cost * handling_s[group, now.arc_ticket[here]]
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
    wait_of_others = plan.alone * plan.cost[group] * wait_before_service(rate, theta, theta, places)
    others = mean * plan.in_line(group, places) - wait_of_others
    cost = plan.alone * waiting_cost(pools)[:, group]
    wait = wait_before_service(rate, theta, pools.loss_rate, places)
    scale = (pools.handling_s[:, group] / mean)[:, None]
    return np.asarray(pools.points[:, [group]] - cost[:, None] * wait - others[None, :] * scale)
