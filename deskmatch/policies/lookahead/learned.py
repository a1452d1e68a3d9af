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
from deskmatch.policies.lookahead.value_features import States, ValueFeatures

__all__ = ["LearnedValues"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LearnedValues(Frozen):
    """Values that `deskmatch.learning.learn_values` has learned.

    A pair is worth its points plus V(after) − V(before): one waiting ticket of the class less, one idle slot of the
    group less, and how much longer the ticket takes than the group's mean; of several at once each is looked at after
    those before it. A held ticket changes nothing, and is worth 0. Who is busy is taken to serve tickets of the mean
    length. Z. Xu et al., "Large-scale order dispatch in on-demand ride-hailing platforms: a learning and planning
    approach", KDD (2018) 905–913; X. Tang et al., KDD (2019) 1780–1790, who put values learned by temporal differences
    into the weights of a matching.

    Parameters
    ----------
    features : of the desk on whose twin they were learned.
    weights : ``(features,)`` points.

    Raises
    ------
    ContractError
        Where they are not one finite number for each feature; in `plan`, where the desk has other groups or classes.
    """

    looks_at_queues: ClassVar[bool] = False
    few_at_once: ClassVar[bool] = True

    features: ValueFeatures
    weights: Floats

    def __post_init__(self) -> None:
        weights = read_only(self.weights, np.float64)
        if weights.shape != (len(self.features),) or not np.isfinite(weights).all():
            raise ContractError(
                f"weights: found shape {weights.shape}; expected ({len(self.features)},), all of them finite numbers"
            )
        self._set(weights=weights)

    def plan(self, pools: Pools, rates: Floats, size: Integers, waiting: Floats | None = None) -> Floats:
        """``(classes, groups)`` the surplus of a ticket; neither the forecast nor who waits is looked at."""
        own, found = (self.features.groups, self.features.classes), (pools.n_groups, pools.n_classes)
        if own != found:
            raise ContractError(
                f"learned values: found a desk with {found[0]} groups and {found[1]} classes; expected {own[0]} and"
                f" {own[1]}: learn them on a twin of this desk"
            )
        return pools.surplus

    def offer(self, plan: Floats, now: Now) -> Offer:
        """Differences of values, one for each kind of arc."""
        alike = np.stack(
            (
                now.kind[now.arc_ticket],
                np.where(now.kind < 0, 0, now.place)[now.arc_ticket],
                now.arc_group,
                now.arc_level - now.busy[now.arc_group],
            )
        )
        (kind, place, group, taken), which = np.unique(alike, axis=1, return_inverse=True)
        rows, known = np.arange(len(kind)), np.flatnonzero(kind >= 0)
        idle = np.tile((now.size - now.busy).astype(np.float64), (len(kind), 1))
        waiting = np.tile(now.waiting.astype(np.float64), (len(kind), 1))
        idle[rows, group] -= taken
        waiting[known, kind[known]] -= place[known]
        before = States._trusted(idle=idle, waiting=waiting, surplus=np.zeros_like(idle))
        surplus = np.where(kind >= 0, plan[np.maximum(kind, 0), group], 0.0)
        fall = self.values(before) - self.values(before.after(kind, group, surplus))
        fall = _rising(fall, kind + 1, group, place, taken)
        nothing = np.zeros(0, np.int64)
        return Offer._trusted(
            price=fall[which.reshape(-1)],
            hold=np.zeros(len(now.kind)),
            line_ticket=nothing,
            line_place=nothing,
            line_value=np.zeros(0),
            places=0,
        )

    def values(self, states: States) -> Floats:
        """``(states,)`` points, up to a constant."""
        return np.asarray(self.features.values(states) @ self.weights)


def _rising(fall: Floats, kind: Integers, group: Integers, place: Integers, taken: Integers) -> Floats:
    """Falls by which a ticket or an expert is never cheaper than those before it, who must be taken first."""
    each = np.full([int(column.max(initial=0)) + 1 for column in (kind, group, place, taken)], -np.inf)
    each[kind, group, place, taken] = fall
    np.maximum.accumulate(each, axis=2, out=each)
    np.maximum.accumulate(each, axis=3, out=each)
    return np.asarray(each[kind, group, place, taken])
