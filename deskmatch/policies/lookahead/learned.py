"""`LearnedValues`: values of idle experts and of waiting tickets, learned on the twin by temporal differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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
QUEUE_KNOTS = (0, 1, 3, 8)
MOST_PAIRS = 60


@dataclass(frozen=True, slots=True, eq=False)
class ValueFeatures(Frozen):
    """What a value of states is linear in.

    For each group min(idle, knot) for a few knots; for each class max(waiting − knot, 0); for pairs of groups that
    share classes whether both are full, and the product of their idle slots over the largest; for groups and classes
    min(waiting, 3) where the group is full; for pairs of classes that share groups the product of min(waiting, 10).

    Parameters
    ----------
    size : ``(groups,)`` slots.
    group, knot : ``(idle features,)``.
    kind, above : ``(queue features,)``.
    pairs : ``(pairs, 2)`` groups.
    full : ``(full features, 2)`` group and class.
    both : ``(products, 2)`` classes.
    """

    size: Integers
    group: Integers
    knot: Integers
    kind: Integers
    above: Integers
    pairs: Integers
    full: Integers
    both: Integers

    @classmethod
    def of(cls, pools: Pools, size: Integers) -> ValueFeatures:
        """Those of a desk with so many slots at work."""
        idle = [(g, knot) for g in range(pools.n_groups) for knot in IDLE_KNOTS if knot <= max(int(size[g]), 1)]
        queue = [(k, knot) for k in range(pools.n_classes) for knot in QUEUE_KNOTS if pools.eligible[k].any()]
        shared = pools.eligible.T.astype(np.int64) @ pools.eligible
        pairs = [(i, j) for j in range(pools.n_groups) for i in range(j) if shared[i, j] > 0]
        pairs.sort(key=lambda pair: -shared[pair])
        few = pools.n_groups * pools.n_classes <= MOST_PAIRS
        full = [(g, k) for g in range(pools.n_groups) for k in range(pools.n_classes) if few or pools.eligible[k, g]]
        common = pools.eligible.astype(np.int64) @ pools.eligible.T
        both = [(k, other) for k in range(pools.n_classes) for other in range(k) if common[k, other] > 0]
        kept = (idle, queue, pairs[:MOST_PAIRS], full[:MOST_PAIRS], both[:MOST_PAIRS])
        columns = [np.array(each, np.int64).reshape(-1, 2) for each in kept]
        return cls._trusted(
            size=np.asarray(size, np.int64),
            group=columns[0][:, 0],
            knot=columns[0][:, 1],
            kind=columns[1][:, 0],
            above=columns[1][:, 1],
            pairs=columns[2],
            full=columns[3],
            both=columns[4],
        )

    def __len__(self) -> int:
        return len(self.group) + len(self.kind) + 2 * len(self.pairs) + len(self.full) + len(self.both)

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
                (idle[:, self.full[:, 0]] <= 0) * np.minimum(waiting[:, self.full[:, 1]], 3.0),
                np.minimum(waiting[:, self.both[:, 0]], 10.0) * np.minimum(waiting[:, self.both[:, 1]], 10.0),
            ),
            axis=1,
        )


@dataclass(frozen=True, slots=True, eq=False)
class LearnedValues:
    """Values that `deskmatch.learning.learn_values` has learned.

    A pair is worth its points plus V(after) − V(before): one waiting ticket of the class, and one idle slot of the
    group, less; of several at once each is looked at after those before it. A held ticket changes nothing, and is worth
    0. Z. Xu et al., "Large-scale order dispatch in
    on-demand ride-hailing platforms: a learning and planning approach", KDD (2018) 905–913; X. Tang et al., KDD (2019)
    1780–1790, who put values learned by temporal differences into the weights of a matching.

    Parameters
    ----------
    weights : ``(features,)`` points; one for each of `ValueFeatures`.
    """

    looks_at_queues: ClassVar[bool] = False

    weights: Floats

    def __post_init__(self) -> None:
        weights = read_only(self.weights, np.float64)
        if weights.ndim != 1 or not np.isfinite(weights).all():
            raise ContractError("weights: expected a row of finite numbers")
        object.__setattr__(self, "weights", weights)

    def plan(self, pools: Pools, rates: Floats, size: Integers, waiting: Floats | None = None) -> ValueFeatures:
        """The features of the desk; learned values look neither at the forecast nor, in the plan, at who waits."""
        features = ValueFeatures.of(pools, size)
        if len(features) != len(self.weights):
            raise ContractError(
                f"weights: found {len(self.weights)}; expected {len(features)}: learn them on a twin of this desk"
            )
        return features

    def offer(self, plan: ValueFeatures, now: Now) -> Offer:
        """Differences of values, one for each kind of arc."""
        idle, waiting = (now.size - now.busy).astype(np.float64), now.waiting.astype(np.float64)
        alike = np.stack(
            (
                now.kind[now.arc_ticket],
                np.where(now.kind < 0, 0, now.place)[now.arc_ticket],
                now.arc_group,
                now.arc_level - now.busy[now.arc_group],
            )
        )
        (kind, place, group, taken), which = np.unique(alike, axis=1, return_inverse=True)
        rows, known = np.arange(len(kind)), kind >= 0
        before_idle, before_waiting = np.tile(idle, (len(kind), 1)), np.tile(waiting, (len(kind), 1))
        before_idle[rows, group] -= taken
        before_waiting[rows[known], kind[known]] -= place[known]
        after_idle, after_waiting = before_idle.copy(), before_waiting.copy()
        after_idle[rows, group] -= 1
        after_waiting[rows[known], kind[known]] -= 1
        fall = (plan.values(before_idle, before_waiting) - plan.values(after_idle, after_waiting)) @ self.weights
        nothing = np.zeros(0, np.int64)
        return Offer._trusted(
            price=fall[which.reshape(-1)],
            hold=np.zeros(len(now.kind)),
            line_ticket=nothing,
            line_place=nothing,
            line_value=np.zeros(0),
            places=0,
        )
