"""`LearnedValues`: values of idle experts and of waiting tickets, learned on the twin by temporal differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen, read_only
from deskmatch.policies.lookahead.outlook import Offer
from deskmatch.policies.lookahead.pools import Now, Pools

__all__ = ["LearnedValues", "ValueFeatures"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

IDLE_KNOTS = (1, 2, 3, 4, 6, 9, 14, 22, 40)
QUEUE_KNOTS = (0, 1, 3, 8, 20)
MOST_PAIRS = 60


@dataclass(frozen=True, slots=True, eq=False)
class ValueFeatures(Frozen):
    """What a value of states is linear in.

    For each group min(idle, knot) for a few knots; for each class max(waiting − knot, 0); and for pairs of groups that
    share classes whether both are full, and the product of their idle slots over the largest.

    Parameters
    ----------
    size : ``(groups,)`` slots.
    group, knot : ``(idle features,)``.
    kind, above : ``(queue features,)``.
    pairs : ``(pairs, 2)`` groups.
    """

    size: Integers
    group: Integers
    knot: Integers
    kind: Integers
    above: Integers
    pairs: Integers

    @classmethod
    def of(cls, pools: Pools, size: Integers) -> ValueFeatures:
        """Those of a desk with so many slots at work."""
        idle = [(g, knot) for g in range(pools.n_groups) for knot in IDLE_KNOTS if knot <= max(int(size[g]), 1)]
        queue = [(k, knot) for k in range(pools.n_classes) for knot in QUEUE_KNOTS if pools.eligible[k].any()]
        shared = pools.eligible.T.astype(np.int64) @ pools.eligible
        pairs = [(i, j) for j in range(pools.n_groups) for i in range(j) if shared[i, j] > 0]
        pairs.sort(key=lambda pair: -shared[pair])
        columns = [np.array(each, np.int64).reshape(-1, 2) for each in (idle, queue, pairs[:MOST_PAIRS])]
        return cls._trusted(
            size=np.asarray(size, np.int64),
            group=columns[0][:, 0],
            knot=columns[0][:, 1],
            kind=columns[1][:, 0],
            above=columns[1][:, 1],
            pairs=columns[2],
        )

    def __len__(self) -> int:
        return len(self.group) + len(self.kind) + 2 * len(self.pairs)

    def values(self, idle: Floats, waiting: Floats) -> Floats:
        """``(states, features)``.

        Parameters
        ----------
        idle, waiting : ``(states, groups)`` and ``(states, classes)``.
        """
        first, second = self.pairs[:, 0], self.pairs[:, 1]
        scale = np.maximum(self.size[first] * self.size[second], 1)
        return np.concatenate(
            (
                np.minimum(idle[:, self.group], self.knot),
                np.maximum(waiting[:, self.kind] - self.above, 0),
                ((idle[:, first] <= 0) & (idle[:, second] <= 0)).astype(np.float64),
                idle[:, first] * idle[:, second] / scale,
            ),
            axis=1,
        )


@dataclass(frozen=True, slots=True, eq=False)
class LearnedValues:
    """Values that `deskmatch.learning.learn_values` has learned.

    A ticket that goes to an idle expert of a group takes V(before) − V(after) of that group's idle slots; a ticket that
    is held is worth the rise of V by one more waiting ticket of its class. Z. Xu et al., "Large-scale order dispatch in
    on-demand ride-hailing platforms: a learning and planning approach", KDD (2018) 905–913; X. Tang et al., KDD (2019)
    1780–1790, who put values learned by temporal differences into the weights of a matching.

    Parameters
    ----------
    weights : ``(features,)`` points; one for each of `ValueFeatures`.
    """

    weights: Floats

    def __post_init__(self) -> None:
        weights = read_only(self.weights, np.float64)
        if weights.ndim != 1 or not np.isfinite(weights).all():
            raise ContractError("weights: expected a row of finite numbers")
        object.__setattr__(self, "weights", weights)

    def plan(self, pools: Pools, rates: Floats, size: Integers) -> ValueFeatures:
        """The features of the desk; learned values do not look at the forecast."""
        features = ValueFeatures.of(pools, size)
        if len(features) != len(self.weights):
            raise ContractError(
                f"weights: found {len(self.weights)}; expected {len(features)}: learn them on a twin of this desk"
            )
        return features

    def offer(self, plan: ValueFeatures, now: Now) -> Offer:
        """Differences of values."""
        idle_w, queue_w, full_w, both_w = self._split(plan)
        idle = (now.size - now.busy).astype(np.float64)
        left = (now.size[now.arc_group] - now.arc_level).astype(np.float64)  # idle slots before this one is taken
        price = np.zeros(len(left))
        for at in range(len(plan.group)):
            here = (now.arc_group == plan.group[at]) & (left <= plan.knot[at])
            price[here] += idle_w[at]
        for at, (i, j) in enumerate(plan.pairs.tolist()):
            scale = max(int(plan.size[i] * plan.size[j]), 1)
            for own, other in ((i, j), (j, i)):
                here = now.arc_group == own
                price[here] += both_w[at] * idle[other] / scale
                if idle[other] <= 0:
                    price[here & (left <= 1)] -= full_w[at]
        hold = np.zeros(len(now.kind))
        known = now.kind >= 0
        rank = now.waiting[np.maximum(now.kind, 0)] - now.place  # so many wait, if all before have gone
        for at in range(len(plan.kind)):
            hold[known & (now.kind == plan.kind[at]) & (rank > plan.above[at])] += queue_w[at]
        nothing = np.zeros(0, np.int64)
        return Offer._trusted(
            price=price, hold=hold, line_ticket=nothing, line_place=nothing, line_value=np.zeros(0), places=0
        )

    def _split(self, plan: ValueFeatures) -> tuple[Floats, Floats, Floats, Floats]:
        ends = np.cumsum([len(plan.group), len(plan.kind), len(plan.pairs), len(plan.pairs)])
        parts = np.split(self.weights, ends[:-1])
        return parts[0], parts[1], parts[2], parts[3]
