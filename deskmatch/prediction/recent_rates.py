"""What was known of experts at any instant: recent rates, experience and tenure, without a look at later outcomes.

An outcome counts from the instant at which it was known, half as much after each half-life. The rate of a key (an
expert, a topic, an expert on a topic) is ``(Σ w y + κ m) / (Σ w + κ)``, drawn towards the rate m of what it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen, read_only
from deskmatch.prediction.history import History

__all__ = ["COLUMNS", "RecentRates"]

Float64 = NDArray[np.float64]

HALF_LIFE_S = 60 * 86_400.0
STRENGTH = 8.0
"""κ: tickets of its own that a key needs to count as much as what it belongs to."""
DAY_S = 86_400.0
NEWCOMER_S = 30 * DAY_S
"""Whoever had a ticket so soon after the history begins was there before: since when is not known. Counted from
then, a tenure would tell how late it is in the history, and nothing of the expert."""
COLUMNS = (
    "expert's rate",
    "expert's rate on the topic",
    "topic's rate",
    "experience",
    "experience on the topic",
    "tenure",
)


@dataclass(frozen=True, slots=True, eq=False)
class RecentRates(Frozen):
    """Every outcome of a history, in the order in which they were known, by expert, topic and pair.

    Parameters
    ----------
    experts, topics : how many there are.
    expert, topic : ``(rows,)`` of each outcome.
    resolved, weight : ``(rows,)``.
    known_at : ``(rows,)`` seconds since 1970.
    begun_at : ``(experts,)`` when each expert's first ticket was assigned; inf: none was, or he was there before.
    """

    experts: int
    topics: int
    expert: NDArray[np.int32]
    topic: NDArray[np.int32]
    resolved: Float64
    weight: Float64
    known_at: Float64
    begun_at: Float64
    _keys: tuple[_Sums, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        expert, topic = self.expert.astype(np.int64), self.topic.astype(np.int64)
        keys = (np.zeros_like(expert), expert, topic, expert * self.topics + topic)
        times = self.known_at, self.weight, self.weight * self.resolved
        self._set(_keys=tuple(_Sums(key, *times) for key in keys))

    @classmethod
    def of(cls, history: History) -> RecentRates:
        """All that a history tells."""
        begun = np.full(len(history.expert_ids), np.inf)
        np.minimum.at(begun, history.expert, history.assigned_at)
        first = history.assigned_at.min(initial=np.inf)
        begun[begun < first + NEWCOMER_S] = np.inf
        return cls(
            experts=len(history.expert_ids),
            topics=len(history.topics),
            expert=read_only(history.expert, np.int32),
            topic=read_only(history.topic, np.int32),
            resolved=history.resolved,
            weight=history.weight,
            known_at=history.known_at,
            begun_at=read_only(begun),
        )

    @property
    def until(self) -> float:
        """When the last outcome was known."""
        return float(self.known_at.max(initial=0.0))

    def at(self, expert: NDArray[Any], topic: NDArray[Any], moment: Float64) -> Float64:
        """``(k, 6)`` the columns `COLUMNS` of pairs, each at an instant of its own.

        Parameters
        ----------
        expert, topic : ``(k,)`` positions; −1: not in the history.
        moment : ``(k,)`` seconds since 1970; what was known strictly before counts.

        Returns
        -------
        Rates in [0, 1]; experience as log(1 + decayed tickets); tenure as log(1 + days) since the first ticket, nan
        where it is not known.
        """
        who, what = expert.astype(np.int64), topic.astype(np.int64)
        pair = np.where((who >= 0) & (what >= 0), who * self.topics + what, -1)
        everything, of_expert, of_topic, of_pair = (
            sums.before(key, moment)
            for sums, key in zip(self._keys, (np.zeros_like(who), who, what, pair), strict=True)
        )
        overall = (everything[1] + 1.0) / (everything[0] + 2.0)
        rate_of_expert = _drawn(of_expert, overall)
        begun = np.append(self.begun_at, np.inf)[who]
        tenure = np.where(begun < moment, np.log1p(np.maximum(moment - begun, 0.0) / DAY_S), np.nan)
        return np.column_stack(
            (
                rate_of_expert,
                _drawn(of_pair, rate_of_expert),
                _drawn(of_topic, overall),
                np.log1p(of_expert[0]),
                np.log1p(of_pair[0]),
                tenure,
            )
        )


class _Sums:
    """Decayed sums of weights and of what was resolved, by key, before any instant."""

    __slots__ = ("begin", "key", "known_at", "place", "resolved", "span", "weight")

    def __init__(self, key: NDArray[np.int64], known_at: Float64, weight: Float64, resolved: Float64) -> None:
        order = np.lexsort((known_at, key))
        self.key, self.known_at = key[order], known_at[order]
        self.begin = float(known_at.min(initial=np.inf))
        self.span = float(known_at.max(initial=-np.inf)) - self.begin + 1.0
        # One rising number for key and time: what was known last before an instant is found by bisection.
        self.place = self.key * (2 * self.span) + (self.known_at - self.begin)
        same = np.diff(self.key, prepend=-1) == 0
        kept = np.where(same, 0.5 ** (np.diff(self.known_at, prepend=0.0).clip(0) / HALF_LIFE_S), 0.0)
        self.weight = _decayed(kept, weight[order])
        self.resolved = _decayed(kept, resolved[order])

    def before(self, key: NDArray[np.int64], moment: Float64) -> tuple[Float64, Float64]:
        """Sums of weights and of what was resolved, of outcomes known before each moment."""
        since = np.clip(moment - self.begin, 0.0, 1.5 * self.span)
        last = np.searchsorted(self.place, key * (2 * self.span) + since, side="left") - 1
        there = (last >= 0) & (self.key[last] == key)
        shrunk = np.where(there, 0.5 ** (np.maximum(moment - self.known_at[last], 0.0) / HALF_LIFE_S), 0.0)
        return self.weight[last] * shrunk, self.resolved[last] * shrunk


def _decayed(kept: Float64, values: Float64) -> Float64:
    """Running sums of which a share is kept at each step."""
    total, found = 0.0, []
    for share, value in zip(kept.tolist(), values.tolist(), strict=True):
        total = total * share + value
        found.append(total)
    return np.array(found)


def _drawn(sums: tuple[Float64, Float64], towards: Float64) -> Float64:
    return (sums[1] + STRENGTH * towards) / (sums[0] + STRENGTH)
