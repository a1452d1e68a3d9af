"""`ValueFeatures`: what a learned value of states is linear in: counts up to knots, and products of those that meet."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.policies.lookahead.pools import Pools

__all__ = ["States", "ValueFeatures"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

IDLE_KNOTS = (1, 2, 3, 4, 6, 9, 14, 22, 40)
QUEUE_KNOTS = (1, 2, 4, 10, 1000)
MOST_PRODUCTS = 400
"""Products of two or three counts that there are at most; a larger desk has fewer knots in each, so that its values can
still be learned and a decision takes a few milliseconds."""
OF_THREE = 2
"""Knots of each count in products of three."""


@dataclass(frozen=True, slots=True, eq=False)
class States(Frozen):
    """What is counted of a desk, one row for each state.

    Parameters
    ----------
    idle : ``(states, groups)`` free slots.
    waiting : ``(states, classes)`` tickets.
    surplus : ``(states, groups)`` how much longer the tickets in hand are expected to take than as many of the mean, in
        mean handling times of the group (`Pools.surplus`, summed).
    """

    idle: Floats
    waiting: Floats
    surplus: Floats

    def of(self, rows: Integers) -> States:
        """Some of the states."""
        return States._trusted(idle=self.idle[rows], waiting=self.waiting[rows], surplus=self.surplus[rows])

    def after(self, kind: Integers, group: Integers, surplus: Floats) -> States:
        """Each state with one ticket assigned.

        Parameters
        ----------
        kind : ``(states,)`` its class; −1: one that is not counted.
        group : ``(states,)`` who takes it.
        surplus : ``(states,)`` what it adds.
        """
        idle, waiting, now = self.idle.copy(), self.waiting.copy(), self.surplus.copy()
        rows, known = np.arange(len(kind)), np.flatnonzero(kind >= 0)
        idle[rows, group] -= 1
        waiting[known, kind[known]] -= 1
        now[rows, group] += surplus
        return States._trusted(idle=idle, waiting=waiting, surplus=now)


@dataclass(frozen=True, slots=True, eq=False)
class ValueFeatures(Frozen):
    """What a value of states is linear in; made by `ValueFeatures.of`.

    A *count* is the number of idle slots of a group, or of waiting tickets of a class. There is min(count, knot) for a
    few knots; the products of two of these whose counts meet (groups that share a class, classes that share a group,
    a group and a class that it may serve, or that shares a group with one that it may serve) and, where they are few,
    of three; and the surplus of each group, alone and times those of the group itself and of its classes.

    Parameters
    ----------
    groups, classes : of the desk.
    count, knot : ``(units,)`` which count, groups before classes, and where it is cut off.
    pairs, triples : ``(products, 2)`` and ``(products, 3)`` units.
    mixed : ``(mixed, 2)`` group, and unit; −1: the surplus alone.
    """

    groups: int
    classes: int
    count: Integers
    knot: Integers
    pairs: Integers
    triples: Integers
    mixed: Integers

    @classmethod
    def of(cls, pools: Pools, size: Integers) -> ValueFeatures:
        """Those of a desk with so many slots by group."""
        groups, classes = pools.n_groups, pools.n_classes
        knots: list[tuple[int, ...]] = [tuple(a for a in IDLE_KNOTS if a <= max(int(n), 1)) for n in size]
        knots += [QUEUE_KNOTS if able.any() else () for able in pools.eligible]
        count = np.repeat(np.arange(groups + classes), [len(each) for each in knots])
        units = [np.flatnonzero(count == each).tolist() for each in range(groups + classes)]
        meeting = _meeting(pools)
        width = max((n for n in (3, 2, 1) if len(meeting) * n**2 <= MOST_PRODUCTS), default=1)
        pairs = [(x, y) for i, j in meeting for x in units[i][:width] for y in units[j][:width]][:MOST_PRODUCTS]
        meets = set(meeting)
        three = [
            (x, y, z)
            for i, j, k in combinations(range(groups + classes), 3)
            if {(i, j), (i, k), (j, k)} <= meets
            for x in units[i][:OF_THREE]
            for y in units[j][:OF_THREE]
            for z in units[k][:OF_THREE]
        ]
        mixed = []
        for group in np.flatnonzero((pools.surplus != 0).any(axis=0)).tolist():
            others = [group, *(groups + np.flatnonzero(pools.eligible[:, group])).tolist()]
            mixed += [(group, -1), *((group, unit) for other in others for unit in units[other][:2])]
        return cls._trusted(
            groups=groups,
            classes=classes,
            count=count,
            knot=np.array([knot for each in knots for knot in each], np.int64),
            pairs=np.array(pairs, np.int64).reshape(-1, 2),
            triples=np.array(three if len(pairs) + len(three) <= MOST_PRODUCTS else [], np.int64).reshape(-1, 3),
            mixed=np.array(mixed, np.int64).reshape(-1, 2),
        )

    def __len__(self) -> int:
        return len(self.count) + len(self.pairs) + len(self.triples) + len(self.mixed)

    def values(self, states: States) -> Floats:
        """``(states, features)``."""
        counts = np.concatenate((states.idle, states.waiting), axis=1)
        unit = np.minimum(counts[:, self.count], self.knot)
        group, other = self.mixed[:, 0], self.mixed[:, 1]
        return np.concatenate(
            (
                unit,
                unit[:, self.pairs[:, 0]] * unit[:, self.pairs[:, 1]],
                unit[:, self.triples[:, 0]] * unit[:, self.triples[:, 1]] * unit[:, self.triples[:, 2]],
                states.surplus[:, group] * np.where(other >= 0, unit[:, other], 1.0),
            ),
            axis=1,
        )


def _meeting(pools: Pools) -> list[tuple[int, int]]:
    """Pairs of counts that have to do with each other, the nearest first: groups, then classes."""
    able = pools.eligible.astype(np.int64)
    groups = pools.n_groups
    near = np.block([[able.T @ able, able.T], [able, able @ able.T]])
    far = near @ near
    pairs = [(i, j) for j in range(len(near)) for i in range(j) if far[i, j] > 0]
    return sorted(pairs, key=lambda pair: (near[pair] == 0, -far[pair], pair[0] >= groups))
