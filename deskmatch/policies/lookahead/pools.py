"""`Pools`: a desk as groups of experts and classes of tickets, with what each class is worth at each group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch
from deskmatch.formulations import BoundFormulation
from deskmatch.frozen import Frozen
from deskmatch.policies.alike import ClassKey
from deskmatch.policies.lookahead.forecast import Forecast, class_keys
from deskmatch.routing.reward import Reward

__all__ = ["Now", "Pools"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pools(Frozen):
    """What a look-ahead knows of a desk before anything happens.

    Parameters
    ----------
    group_of : ``(experts,)``.
    slots : ``(experts,)`` tickets that the expert can have in hand at once.
    points : ``(classes, groups)`` of serving against losing; 0 where the group may not serve the class.
    eligible : ``(classes, groups)``.
    handling_s : ``(classes, groups)`` that one ticket takes one slot.
    loss_rate : ``(classes,)`` 1 / mean patience; 0: endless, or unknown.
    slope : ``(classes,)`` points that a second of waiting costs.
    row_of : class by its key.
    """

    group_of: Integers
    slots: Integers
    points: Floats
    eligible: NDArray[np.bool_]
    handling_s: Floats
    loss_rate: Floats
    slope: Floats
    row_of: dict[tuple[ClassKey, float], int]

    @classmethod
    def of(cls, bound: BoundFormulation, forecast: Forecast, reward: Reward) -> Pools:
        """The groups of a desk (feature ``group``, else experts of whom the classes think alike) and the forecast's
        classes."""
        desk, classes = bound.desk, forecast.classes
        epoch = Epoch(desk, classes)
        problem = bound.build(epoch).problem
        n, m = len(classes), desk.n_experts
        points, able = np.zeros((n, m)), np.zeros((n, m), bool)
        ticket = np.repeat(np.arange(n), np.diff(problem.indptr))
        points[ticket, problem.expert], able[ticket, problem.expert] = problem.points, True
        handling = _handling(desk, bound, classes.features.get("queue"), classes.channel)
        group_of = _groups(desk, points, handling)
        first = np.unique(group_of, return_index=True)[1]
        patience = bound.channels.patience_s[classes.channel]
        patience = np.where(np.isnan(classes.patience_s), patience, classes.patience_s)
        scores = [reward.of(desk.channels.names[code]) for code in classes.channel]
        return cls._trusted(
            group_of=group_of,
            slots=desk.channel_limit.max(axis=1).astype(np.int64),
            points=points[:, first],
            eligible=able[:, first],
            handling_s=handling[:, first],
            loss_rate=np.where(np.isnan(patience), 0.0, 1.0 / patience),
            slope=np.array([score.value * score.slope_below for score in scores]),
            row_of={key: row for row, key in enumerate(class_keys(classes))},
        )

    @property
    def surplus(self) -> Floats:
        """``(classes, groups)`` handling time by the group's mean over its classes, minus 1; 0 where not eligible."""
        mean = np.where(self.eligible, self.handling_s, 0.0).sum(axis=0) / np.maximum(self.eligible.sum(axis=0), 1)
        return np.where(self.eligible, self.handling_s / np.maximum(mean, 1e-9) - 1.0, 0.0)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.points.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.points)


def _handling(desk: Desk, bound: BoundFormulation, names: Any, channel: NDArray[np.int32]) -> Floats:
    """``(classes, experts)`` expected handling times: the desk's feature by queue, else the channel's."""
    default = bound.channels.handling_s[channel]
    found = np.repeat(default[:, None], desk.n_experts, axis=1)
    told = desk.features.get("handling_s")
    columns = () if told is None else told.dtype.names or ()
    for row, name in enumerate([] if names is None else names):
        if told is not None and name in columns:
            found[row] = np.where(told[name] > 0, told[name], default[row])
    return found


def _groups(desk: Desk, points: Floats, handling: Floats) -> Integers:
    told = desk.features.get("group")
    if told is not None:
        return np.asarray(np.unique(np.asarray(told), return_inverse=True)[1], np.int64)
    alike = np.concatenate((points, handling, desk.channel_limit.T)).T
    return np.asarray(np.unique(alike, axis=0, return_inverse=True)[1].reshape(-1), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Now(Frozen):
    """An epoch as an outlook sees it.

    Parameters
    ----------
    pools : the desk.
    kind : ``(tickets,)`` class of each ticket; −1: one that the forecast does not know.
    waiting : ``(classes,)`` tickets that wait.
    place : ``(tickets,)`` how many of the same class came before.
    busy, size : ``(groups,)`` slots taken, and slots of those at work.
    arc_ticket, arc_group : ``(arcs,)``.
    arc_level : ``(arcs,)`` slots of the group that are taken before the expert's next one, the longest idle first.
    """

    pools: Pools
    kind: Integers
    waiting: Integers
    place: Integers
    busy: Integers
    size: Integers
    arc_ticket: Integers
    arc_group: Integers
    arc_level: Integers

    @classmethod
    def of(cls, pools: Pools, epoch: Epoch, arc_ticket: Integers, arc_expert: Integers) -> Now:
        """What the outlook needs to know of an epoch and its arcs."""
        kind = np.array([pools.row_of.get(key, -1) for key in class_keys(epoch.tickets)], np.int64)
        waiting = np.bincount(kind[kind >= 0], minlength=pools.n_classes)
        order = np.lexsort((-epoch.tickets.waited_s, kind))
        begins = np.searchsorted(kind[order], kind[order])
        place = np.zeros(len(kind), np.int64)
        place[order] = np.arange(len(kind)) - begins
        taken, on = np.minimum(epoch.staffing.load.sum(axis=1), pools.slots), epoch.staffing.capacity != 0
        busy = np.bincount(pools.group_of, taken, minlength=pools.n_groups).astype(np.int64)
        size = np.bincount(pools.group_of, np.where(on, pools.slots, taken), minlength=pools.n_groups)
        free = np.maximum(np.where(on, pools.slots - taken, 0), 0)
        longest = np.lexsort((-np.nan_to_num(epoch.staffing.idle_s), pools.group_of))
        before = np.cumsum(free[longest]) - free[longest]
        base = before[np.searchsorted(pools.group_of[longest], np.arange(pools.n_groups))]
        rank = np.zeros(len(free), np.int64)
        rank[longest] = before - base[pools.group_of[longest]]
        group = pools.group_of[arc_expert]
        return cls._trusted(
            pools=pools,
            kind=kind,
            waiting=waiting,
            place=place,
            busy=busy,
            size=np.maximum(size.astype(np.int64), busy),
            arc_ticket=arc_ticket,
            arc_group=group,
            arc_level=busy[group] + rank[arc_expert],
        )
