"""The columns that boosted trees see of a ticket with an expert: from a history, at each row's instant, or an epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.epochs.cells import fold
from deskmatch.prediction.experts import group_of_experts
from deskmatch.prediction.features import MOST_LEVELS, Feature, encoded_history, values_in_epoch
from deskmatch.prediction.history import History
from deskmatch.prediction.recent_rates import COLUMNS, RecentRates
from deskmatch.prediction.tree_fitting import Binning

__all__ = ["Columns"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]

TOPIC_RATE = COLUMNS.index("topic's rate")


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Which columns there are, and how names become levels.

    In this order: the features of the ticket, its topic, the recent rate of the topic; and, where experts are told
    apart, the expert, the group, the load, and the other columns of `RecentRates`.

    Parameters
    ----------
    features : of tickets and experts, from the tables.
    expert_ids, topics, groups : what occurs in the history.
    expert_group : ``(experts,)`` the group of each, −1: none.
    expert_level, topic_level : ``(experts,)`` and ``(topics,)`` the level of each, nan: not among the most frequent.
    knows_experts : whether experts are told apart.
    """

    features: tuple[Feature, ...]
    expert_ids: tuple[str, ...]
    topics: tuple[str, ...]
    groups: tuple[str, ...]
    expert_group: NDArray[Any]
    expert_level: Float64
    topic_level: Float64
    knows_experts: bool = True

    @classmethod
    def of(cls, history: History, features: tuple[Feature, ...]) -> Columns:
        """The columns for a history."""
        return cls(
            features=features,
            expert_ids=history.expert_ids,
            topics=history.topics,
            groups=history.groups,
            expert_group=group_of_experts(history),
            expert_level=_levels(history.expert, len(history.expert_ids)),
            topic_level=_levels(history.topic, len(history.topics)),
        )

    @property
    def levels(self) -> list[int]:
        """Of each column, how many levels it has; 0: it is a number."""
        of_features = [0 if each.levels is None else len(each.levels) for each in self.features]
        found = [*of_features, _count(self.topic_level), 0]
        if not self.knows_experts:
            return found
        return [*found, _count(self.expert_level), min(len(self.groups), MOST_LEVELS), 0, *[0] * (len(COLUMNS) - 1)]

    @property
    def names(self) -> list[str]:
        """What each column is called."""
        found = [*(each.name for each in self.features), "topic", COLUMNS[TOPIC_RATE]]
        if not self.knows_experts:
            return found
        return [*found, "expert", "group", "load", *_without_topic(list(COLUMNS))]

    def expert_rows(self, expert_ids: Iterable[str]) -> NDArray[np.int64]:
        """The row of each expert, −1: not in the history."""
        place = {name: row for row, name in enumerate(self.expert_ids)}
        return np.array([place.get(name, -1) for name in expert_ids], np.int64)

    def topic_rows(self, topics: Iterable[str]) -> NDArray[np.int64]:
        """The row of each topic, −1: not in the history."""
        return _rows(self.topics, topics)

    def of_history(self, history: History, rates: RecentRates) -> Float64:
        """``(rows, columns)`` of the rows of a history, each at the instant of its assignment."""
        expert = self.expert_rows(history.expert_ids)[history.expert]
        topic = self.topic_rows(history.topics)[history.topic]
        known = rates.at(expert, topic, history.assigned_at)
        found = [*encoded_history(history, self.features).T, _at(self.topic_level, topic), known[:, TOPIC_RATE]]
        if self.knows_experts:
            group = np.append(_rows(self.groups, history.groups), -1)[history.group]
            group = np.where(group >= 0, group, np.append(self.expert_group, -1)[expert])
            found += [_at(self.expert_level, expert), self._group(group), history.load]
            found += [np.delete(known, TOPIC_RATE, axis=1)]
        return np.column_stack(found)

    def bins_of_epoch(
        self,
        binning: Binning,
        rates: RecentRates,
        epoch: Epoch,
        moment: float,
        arcs: tuple[Int32, Int32, Int32],
    ) -> UInt8:
        """``(arcs, columns)`` the bins of tickets with experts and topics of an epoch.

        What depends on the ticket alone, the expert alone, or the pair of expert and topic, is cut into bins once.
        """
        ticket, expert, topic = arcs
        found = np.empty((len(ticket), len(self.levels)), np.uint8)
        for number, feature in enumerate(self.features):
            told = values_in_epoch(epoch, feature.name)
            if told is None:
                found[:, number] = binning.column(number, np.full(1, np.nan))
            else:
                own = binning.column(number, feature.encode(told[0]))
                found[:, number] = own[ticket if told[1] else expert]
        experts = self.expert_rows(epoch.desk.expert_ids)
        topics = np.append(self.topic_rows(epoch.desk.topics), -1)
        pair, pair_of = _pairs(expert, topic, len(topics))
        known = rates.at(experts[pair[0]], topics[pair[1]], np.full(len(pair[0]), moment))
        at = len(self.features)
        found[:, at] = binning.column(at, _at(self.topic_level, topics))[topic]
        found[:, at + 1] = binning.column(at + 1, known[:, TOPIC_RATE])[pair_of]
        if self.knows_experts:
            load = np.asarray(epoch.staffing.load.sum(axis=1), np.float64)
            group = self._group(self._groups_of_epoch(epoch, experts))
            for offset, values in enumerate((_at(self.expert_level, experts), group, load), start=at + 2):
                found[:, offset] = binning.column(offset, values)[expert]
            for offset, values in enumerate(np.delete(known, TOPIC_RATE, axis=1).T, start=at + 5):
                found[:, offset] = binning.column(offset, values)[pair_of]
        return found

    def _groups_of_epoch(self, epoch: Epoch, experts: NDArray[np.int64]) -> NDArray[Any]:
        """``(experts,)`` the group that the epoch tells of each expert, else that of the history."""
        told = epoch.desk.features.get("group")
        known = np.append(self.expert_group, -1)[experts]
        if told is None or told.ndim != 1:
            return known
        named = _rows(self.groups, (None if each is None else str(each) for each in told.tolist()))
        return np.where(named >= 0, named, known)

    def _group(self, group: NDArray[Any]) -> Float64:
        return np.where((group >= 0) & (group < MOST_LEVELS), group, np.nan).astype(np.float64)


def _rows(known: Sequence[str], names: Iterable[str | None]) -> NDArray[np.int64]:
    """The place of each name among the known ones, without upper and lower case; −1: not there."""
    place = {fold(name): row for row, name in enumerate(known)}
    return np.array([-1 if name is None else place.get(fold(name), -1) for name in names], np.int64)


def _levels(codes: NDArray[np.int64], count: int) -> Float64:
    """``(count,)`` the level of each code, the most frequent ones; nan: not among them."""
    found = np.full(count, np.nan)
    kept = sorted(code for code, _ in Counter(codes.tolist()).most_common(MOST_LEVELS))
    found[kept] = np.arange(len(kept))
    return found


def _count(levels: Float64) -> int:
    return int(np.isfinite(levels).sum())


def _at(values: Float64, codes: NDArray[Any]) -> Float64:
    """The value of each code; nan for −1."""
    return np.asarray(np.append(values, np.nan)[codes], np.float64)


def _without_topic(names: list[str]) -> list[str]:
    return [name for number, name in enumerate(names) if number != TOPIC_RATE]


def _pairs(expert: Int32, topic: Int32, topics: int) -> tuple[tuple[NDArray[Any], NDArray[Any]], NDArray[Any]]:
    """The distinct pairs of expert and topic that occur, and which of them each arc is."""
    key = expert.astype(np.int64) * topics + (topic + topics) % topics
    size = int(key.max(initial=0)) + 1
    there = np.zeros(size, bool)
    there[key] = True
    distinct = np.flatnonzero(there)
    place = np.zeros(size, np.int64)
    place[distinct] = np.arange(len(distinct))
    return (distinct // topics, distinct % topics), place[key]
