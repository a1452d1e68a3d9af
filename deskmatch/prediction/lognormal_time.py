"""`LognormalTime`: handling times as lognormal, with shrunken effects of expert, topic and pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from deskmatch.epochs import Epoch
from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.epochs.cells import fold
from deskmatch.frozen import Frozen
from deskmatch.prediction.crossed import crossed_effects
from deskmatch.prediction.history_columns import weights
from deskmatch.prediction.history_table import NO_WEIGHT, HistoryTable, finite_number, one_spelling, positions
from deskmatch.prediction.model_file import SavedModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LognormalTime"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

LEAST_S = 1.0
"""Times are logged in whole seconds: shorter ones count as this, as a logarithm of 0 there is none."""
OWN_ROWS = 30.0
"""A topic's own spread of times counts as much as that of all topics once it has so many tickets."""


@dataclass(frozen=True, slots=True, eq=False)
class LognormalTime(Frozen, SavedModel):
    """Handling times whose logarithm is normal; fitted with `LognormalTime.fit`.

    ``log T = μ + a[topic] + b[expert] + c[expert, topic] + ε``, the effects drawn towards 0 as far as their spreads say
    (`deskmatch.prediction.crossed`), ε with a deviation of the topic's own. What is not known of an effect widens the
    distribution: an unseen expert gets the mean of its topic and the full spread of experts. Call centres find handling
    times to be lognormal (L. Brown et al., "Statistical analysis of a telephone call center", JASA 100 (2005) 36–50).

    Parameters
    ----------
    expert_ids, topics : the experts and topics of the history.
    mean_log : μ.
    topic_effect, topic_doubt : ``(topics,)`` effects, and the variances of what is believed of them.
    expert_effect, expert_doubt : ``(experts,)`` likewise.
    expert, topic : ``(cells,)`` the pairs that occur, sorted by expert, then topic.
    pair_effect, pair_doubt : ``(cells,)`` likewise.
    spreads : ``(3,)`` deviations of the effects of topics, experts and pairs.
    noise : ``(topics + 1,)`` deviation of ε by topic; the last of an unknown one.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> history = pd.DataFrame({"expert_id": ["ana", "bo"] * 300, "topic": ["billing"] * 600,
    ...     "handling_s": rng.lognormal(5.0, 0.5, 600) * np.tile([1.0, 2.0], 300)})
    >>> model = LognormalTime.fit(history)
    >>> model
    LognormalTime(2 experts, 1 topic)
    >>> bool(1.8 < np.exp(model.expert_effect[1] - model.expert_effect[0]) < 2.2)
    True
    """

    expert_ids: tuple[str, ...]
    topics: tuple[str, ...]
    mean_log: float
    topic_effect: Float64
    topic_doubt: Float64
    expert_effect: Float64
    expert_doubt: Float64
    expert: Int32
    topic: Int32
    pair_effect: Float64
    pair_doubt: Float64
    spreads: Float64
    noise: Float64
    _expert_row: dict[str, int] = field(init=False, repr=False)
    _topic_row: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._set(expert_ids=tuple(map(str, self.expert_ids)), topics=tuple(map(str, self.topics)))
        self._set(mean_log=float(self.mean_log))
        experts, topics, cells = len(self.expert_ids), len(self.topics), len(np.atleast_1d(self.expert))
        check = ArrayCheck("lognormal time")
        shapes: dict[str, tuple[int, Any]] = {
            "topic_effect": (topics, np.float64), "topic_doubt": (topics, np.float64),
            "expert_effect": (experts, np.float64), "expert_doubt": (experts, np.float64),
            "expert": (cells, np.int32), "topic": (cells, np.int32),
            "pair_effect": (cells, np.float64), "pair_doubt": (cells, np.float64),
            "spreads": (3, np.float64), "noise": (topics + 1, np.float64),
        }  # fmt: skip
        for name, (size, dtype) in shapes.items():
            self._set(**{name: check.array(name, getattr(self, name), dtype, (size,))})
        for name in ("topic_doubt", "expert_doubt", "pair_doubt", "spreads", "noise"):
            check.at_least(name, getattr(self, name), 0)
        for name, size in (("expert", experts), ("topic", topics)):
            codes = getattr(self, name)
            check.refuse(name, codes, (codes < 0) | (codes >= size), f"a row from 0 to {size - 1}")
        for name in ("mean_log", "topic_effect", "expert_effect", "pair_effect"):
            values = np.atleast_1d(getattr(self, name))
            check.refuse(name, values, ~np.isfinite(values), "a finite number")
        if not cells or (np.diff(self._key(self.expert, self.topic)) <= 0).any():
            check.add(None, "expert", None, "expected at least one pair, sorted by expert, then topic, each once")
        check.finish()
        self._set(
            _expert_row={name: row for row, name in enumerate(self.expert_ids)},
            _topic_row={fold(name): row for row, name in enumerate(self.topics)},
        )

    @classmethod
    def fit(cls, history: pd.DataFrame | str | Path) -> LognormalTime:
        """Fit on handled tickets.

        Parameters
        ----------
        history : a frame or the path of a table with the columns ``expert_id``, ``topic`` and ``handling_s`` (seconds
            ≥ 0), and optionally ``weight``; other columns are not read.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table.
        """
        names, topics, seconds, weight = _read(history)
        expert_ids, expert = positions(names)
        known, topic = positions(topics)
        cells, cell = np.unique(expert * len(known) + topic, return_inverse=True)
        y = np.log(np.maximum(seconds, LEAST_S))
        found = crossed_effects(y, weight, [(topic, len(known)), (expert, len(expert_ids)), (cell, len(cells))])
        a, b, c = found.effects
        left = y - found.mean - a[topic] - b[expert] - c[cell]
        own = np.bincount(topic, weight, len(known))
        squares = np.bincount(topic, weight * left**2, len(known))
        pooled = float(squares.sum() / own.sum())
        return cls(
            expert_ids=expert_ids,
            topics=known,
            mean_log=found.mean,
            topic_effect=a,
            topic_doubt=found.doubts[0],
            expert_effect=b,
            expert_doubt=found.doubts[1],
            expert=(cells // len(known)).astype(np.int32),
            topic=(cells % len(known)).astype(np.int32),
            pair_effect=c,
            pair_doubt=found.doubts[2],
            spreads=np.array(found.spreads),
            noise=np.sqrt(np.append((squares + OWN_ROWS * pooled) / (own + OWN_ROWS), pooled)),
        )

    def mean_s(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32) -> Float64:
        """``(k,)`` mean seconds; see `ServiceTimeModel`."""
        centre, variance = self._log_normal(*self._rows(epoch, expert, topic))
        return np.asarray(np.exp(centre + variance / 2))

    def quantile_s(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32, p: float) -> Float64:
        """``(k,)`` quantiles in seconds; see `ServiceTimeModel`."""
        centre, variance = self._log_normal(*self._rows(epoch, expert, topic))
        return np.asarray(np.exp(centre + np.sqrt(variance) * ndtri(p)))

    def log_parameters(self, expert_ids: list[str], topics: list[str]) -> tuple[Float64, Float64]:
        """Mean and variance of the logarithm of the time for pairs given by their names, ``(k,)`` each."""
        rows = np.array([self._expert_row.get(name, -1) for name in expert_ids], np.int64)
        columns = np.array([self._topic_row.get(fold(name), -1) for name in topics], np.int64)
        return self._log_normal(rows, columns)

    def log_likelihood(self, history: pd.DataFrame | str | Path) -> float:
        """Mean log density of the times of a table, in nats a row; columns as in `fit`."""
        names, topics, seconds, weight = _read(history)
        centre, variance = self.log_parameters(names, topics)
        y = np.log(np.maximum(seconds, LEAST_S))
        density = -y - 0.5 * np.log(2 * np.pi * variance) - (y - centre) ** 2 / (2 * variance)
        return float(weight @ density / weight.sum())

    def _rows(self, epoch: Epoch, expert: Int32, topic: Int32) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of experts and topics in the history, −1: not there."""
        experts = np.array([self._expert_row.get(name, -1) for name in epoch.desk.expert_ids], np.int64)
        topics = np.array([*(self._topic_row.get(fold(name), -1) for name in epoch.desk.topics), -1], np.int64)
        return experts[expert], topics[topic]

    def _key(self, expert: NDArray[Any], topic: NDArray[Any]) -> NDArray[np.int64]:
        """One number for each pair, rising with expert, then topic."""
        return np.asarray(expert.astype(np.int64) * len(self.topics) + topic)

    def _log_normal(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> tuple[Float64, Float64]:
        key, cells = self._key(rows, columns), self._key(self.expert, self.topic)
        place = np.minimum(np.searchsorted(cells, key), len(cells) - 1)
        seen = (cells[place] == key) & (rows >= 0) & (columns >= 0)
        of_topic, of_expert, of_pair = self.spreads**2
        centre = self.mean_log + np.append(self.topic_effect, 0.0)[columns] + np.append(self.expert_effect, 0.0)[rows]
        doubt = np.append(self.topic_doubt, of_topic)[columns] + np.append(self.expert_doubt, of_expert)[rows]
        centre += np.where(seen, self.pair_effect[place], 0.0)
        doubt += np.where(seen, self.pair_doubt[place], of_pair)
        return centre, np.maximum(self.noise[columns] ** 2 + doubt, 1e-12)

    def __repr__(self) -> str:
        counts = ((len(self.expert_ids), "expert"), (len(self.topics), "topic"))
        parts = ", ".join(f"{k} {word}{'' if k == 1 else 's'}" for k, word in counts)
        return f"LognormalTime({parts})"


def _read(history: pd.DataFrame | str | Path) -> tuple[list[str], list[str], Float64, Float64]:
    """Experts, topics, seconds and weights; topics that differ in case only get one spelling."""
    table = HistoryTable(history)
    table.require(("expert_id", "topic", "handling_s"), ("weight",))
    experts = table.column("expert_id", str, "expected the id of an expert")
    topics = table.column("topic", str, "expected the name of a topic")
    seconds = table.column("handling_s", finite_number, "expected seconds ≥ 0")
    weight = weights(table)
    if not weight.sum() > 0:
        table.refuse(None, None, None, NO_WEIGHT)
    table.finish()
    return experts, one_spelling(topics), np.array(seconds), weight
