"""`HistoricalRate`: how often each expert resolved each topic, smoothed by empirical Bayes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit

from deskmatch.epochs import Epoch
from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.epochs.cells import fold
from deskmatch.frozen import Frozen, read_only
from deskmatch.prediction.history import UNAVOIDABLE, History, as_history
from deskmatch.prediction.model_file import SavedModel
from deskmatch.prediction.report import TrainingReport
from deskmatch.prediction.shrinkage import shrink, totals

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HistoricalRate"]

LEAST_VARIANCE = 1e-18
LEAST_TOTAL = 1e-3
"""A beta distribution exists where its variance is below mean · (1 − mean): the delta method may go beyond."""


@dataclass(frozen=True, slots=True, eq=False)
class HistoricalRate(Frozen, SavedModel):
    """P(resolved at first contact) from how often it happened, fitted with `HistoricalRate.fit`.

    The rate of an expert on a topic is drawn towards what that topic and that expert show elsewhere, the more
    the fewer tickets there are: with s of n resolved, ``(s + κ m) / (n + κ)`` with
    ``logit m = logit(rate of the topic) + effect of the expert``. What the history lacks: a pair takes its m,
    an unknown expert the rate of the topic, an unknown topic the overall rate with the effect of the expert.
    The model and its sources stand in `deskmatch.prediction.shrinkage`. Topics are compared without upper and
    lower case.

    It is a rate of what was handled: where a desk sends its hard tickets to its best experts, they look worse.

    Parameters
    ----------
    expert_ids, topics : the experts and topics of the history.
    overall : rate of all tickets.
    topic_rate : ``(topics,)`` smoothed rates.
    expert_effect : ``(experts,)`` log odds against the mean of the expert's topics.
    strength : κ, how many tickets of its own a pair needs to count as much as what others show.
    expert, topic : ``(cells,)`` the pairs that occur, sorted by expert, then topic.
    n, resolved : ``(cells,)`` their tickets, in all and resolved, weighted.
    spread : σ, the standard deviation of the effects of all experts, known and unknown, in log odds; 0: effects count
        as known exactly. It widens intervals only.

    Examples
    --------
    >>> import pandas as pd
    >>> history = pd.DataFrame({
    ...     "expert_id": ["ana"] * 40 + ["bo"] * 40 + ["cem"],
    ...     "topic": (["billing"] * 20 + ["seo"] * 20) * 2 + ["seo"],
    ...     "resolved_first_contact": [1] * 38 + [0] * 2 + [1] * 10 + [0] * 10 + [1] * 6 + [0] * 14 + [1],
    ... })
    >>> model = HistoricalRate.fit(history)
    >>> model
    HistoricalRate(3 experts, 2 topics, 81 tickets)
    >>> model.table().round(2)[["expert_id", "topic", "n", "raw", "rate"]]
      expert_id    topic     n  raw  rate
    0       ana  billing  20.0  1.0  0.93
    1       ana      seo  20.0  0.9  0.93
    2        bo  billing  20.0  0.5  0.41
    3        bo      seo  20.0  0.3  0.41
    4       cem      seo   1.0  1.0  0.79
    """

    VERSION: ClassVar[int] = 2

    expert_ids: tuple[str, ...]
    topics: tuple[str, ...]
    overall: float
    topic_rate: NDArray[np.float64]
    expert_effect: NDArray[np.float64]
    strength: float
    expert: NDArray[np.int32]
    topic: NDArray[np.int32]
    n: NDArray[np.float64]
    resolved: NDArray[np.float64]
    spread: float = 0.0
    report: TrainingReport | None = None
    _expert_row: dict[str, int] = field(init=False, repr=False)
    _topic_row: dict[str, int] = field(init=False, repr=False)
    _cell: NDArray[np.int64] = field(init=False, repr=False)
    _rate: NDArray[np.float64] = field(init=False, repr=False)
    _doubt: NDArray[np.float64] = field(init=False, repr=False)
    """``(experts + 1,)`` variance of what is believed of each expert's effect; the last one of an unknown expert's."""

    def __post_init__(self) -> None:
        self._set(expert_ids=tuple(map(str, self.expert_ids)), topics=tuple(map(str, self.topics)))
        self._set(overall=float(self.overall), strength=float(self.strength), spread=float(self.spread))
        self._check()
        prior = self._prior(self.expert, self.topic)
        self._set(
            _expert_row={name: row for row, name in enumerate(self.expert_ids)},
            _topic_row={fold(name): row for row, name in enumerate(self.topics)},
            _cell=read_only(self._key(self.expert, self.topic)),
            _rate=read_only((self.resolved + self.strength * prior) / (self.n + self.strength)),
            _doubt=read_only(self._doubts(prior)),
        )

    def _check(self) -> None:
        """Normalise the arrays; refuse what cannot have been fitted."""
        check = ArrayCheck("historical rate")
        shapes = {"topic_rate": (len(self.topics),), "expert_effect": (len(self.expert_ids),)}
        cells = (len(np.atleast_1d(self.n)),)
        for name, dtype in _ARRAYS.items():
            self._set(**{name: check.array(name, getattr(self, name), dtype, shapes.get(name, cells))})
        for name in ("overall", "topic_rate"):
            rate = np.atleast_1d(getattr(self, name))
            check.refuse(name, rate, ~((rate > 0) & (rate < 1)), "a number above 0 and below 1")
        for name, least in (("expert_effect", -100), ("n", 0), ("resolved", 0), ("strength", 0), ("spread", 0)):
            check.at_least(name, np.atleast_1d(getattr(self, name)), least, strict=name in ("n", "strength"))
        for name, size in (("expert", len(self.expert_ids)), ("topic", len(self.topics))):
            codes = getattr(self, name)
            check.refuse(name, codes, (codes < 0) | (codes >= size), f"a row from 0 to {size - 1}")
        if not cells[0] or (np.diff(self._key(self.expert, self.topic)) <= 0).any():
            check.add(None, "expert", None, "expected at least one pair, sorted by expert, then topic, each once")
        check.refuse("resolved", self.resolved, self.resolved > self.n * (1 + 1e-9), "at most n")
        check.finish()

    @classmethod
    def fit(
        cls,
        history: History | pd.DataFrame | str | Path,
        *,
        half_life_s: float | None = None,
        now: datetime | None = None,
        unavoidable: Collection[str] = UNAVOIDABLE,
    ) -> HistoricalRate:
        """Fit on handled tickets.

        Parameters
        ----------
        history : a frame or the path of a table with the columns

            - ``expert_id`` and ``topic``: who handled a ticket about what;
            - ``resolved_first_contact``: true or false, or 1 or 0;
            - ``weight`` (optional): how much the row counts, ≥ 0, by default 1;
            - ``assigned_at`` (with `half_life_s`): when, as ISO 8601 or a time of pandas;
            - ``transfer_reason`` (optional): why it went on to somebody else.

            ``docs/prediction.md`` describes the table; this model uses no other columns.
        half_life_s : after how many seconds a ticket counts half; None: all count the same.
        now : the instant from which ages are counted, default the newest row's; rows after it are refused.
        unavoidable : the values of ``transfer_reason`` that name transfers which no expert could have prevented; such
            rows do not count.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table.
        """
        rows = as_history(history, half_life_s=half_life_s, now=now, unavoidable=unavoidable)
        experts, topics = len(rows.expert_ids), len(rows.topics)
        pair = rows.expert * topics + rows.topic
        cells, cell = np.unique(pair[rows.weight > 0], return_inverse=True)
        weight, good = rows.weight[rows.weight > 0], rows.resolved[rows.weight > 0]
        n, resolved = totals(cell, weight, len(cells)), totals(cell, weight * good, len(cells))
        expert, topic = np.divmod(cells, topics)
        found = shrink(expert, topic, resolved, n, experts=experts, topics=topics)
        return cls(
            expert_ids=rows.expert_ids,
            topics=rows.topics,
            overall=found.overall,
            topic_rate=found.topic_rate,
            expert_effect=found.expert_effect,
            strength=found.strength,
            expert=expert.astype(np.int32),
            topic=topic.astype(np.int32),
            n=n,
            resolved=resolved,
            spread=found.spread,
            report=TrainingReport.of(rows),
        )

    def probability(
        self, epoch: Epoch, *, ticket: NDArray[np.int32], expert: NDArray[np.int32], topic: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Smoothed rates of pairs of expert and topic, element by element; see `ResolutionModel`.

        Parameters
        ----------
        epoch : whose desk names the experts and topics.
        ticket : ``(k,)`` rows of tickets; the rate does not depend on them.
        expert : ``(k,)`` rows of the desk's experts.
        topic : ``(k,)`` codes of the desk's topics; −1: unknown.

        Returns
        -------
        ``(k,)`` probabilities in [0, 1]; what the history lacks is filled in as `HistoricalRate` says.
        """
        rows, columns, place, seen = self._found(epoch, expert, topic)
        return np.where(seen, self._rate[place], self._prior(rows, columns))

    def interval(
        self,
        epoch: Epoch,
        *,
        ticket: NDArray[np.int32],
        expert: NDArray[np.int32],
        topic: NDArray[np.int32],
        coverage: float,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The ends of the central interval of what is believed of each rate; see `IntervalModel`.

        A beta distribution with the rate as its mean, and with the variance of the pair's beta posterior given m, plus
        what the doubt about the expert's effect adds to m (the delta method, with Laplace's approximation of the
        effect's posterior, as in the fit). The rates of topics, which rest on most tickets, count as known.

        Parameters
        ----------
        epoch, ticket, expert, topic : as in `probability`.
        coverage : in [0, 1).

        Returns
        -------
        ``(k,)`` lower and ``(k,)`` upper ends.
        """
        rows, columns, place, seen = self._found(epoch, expert, topic)
        prior = self._prior(rows, columns)
        mean = np.where(seen, self._rate[place], prior)
        own = np.where(seen, self.n[place], 0.0)
        drawn = self.strength / (own + self.strength) * prior * (1 - prior)
        variance = mean * (1 - mean) / (own + self.strength + 1) + drawn**2 * self._doubt[rows]
        total = np.maximum(mean * (1 - mean) / np.maximum(variance, LEAST_VARIANCE) - 1, LEAST_TOTAL)
        outside = (1.0 - coverage) / 2.0
        ends = (outside, 1.0 - outside)
        lower, upper = (np.asarray(betaincinv(mean * total, (1 - mean) * total, end), np.float64) for end in ends)
        return lower, upper

    def _doubts(self, prior: NDArray[np.float64]) -> NDArray[np.float64]:
        """The variance of each expert's effect; tickets of one cell count as in the fit (`shrinkage`)."""
        experts = len(self.expert_ids)
        if self.spread == 0:
            return np.zeros(experts + 1)
        counted = self.n * (self.strength + 1) / (self.n + self.strength)
        known = np.bincount(self.expert, weights=counted * prior * (1 - prior), minlength=experts)
        return np.append(1 / (known + self.spread**-2), self.spread**2)

    def _found(
        self, epoch: Epoch, expert: NDArray[np.int32], topic: NDArray[np.int32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]:
        """The rows of pairs in the history, −1: not there; the place of each cell, and whether there is one."""
        experts = np.array([self._expert_row.get(name, -1) for name in epoch.desk.expert_ids], np.int32)
        # One entry more for the unknown topic, whose code −1 indexes the last.
        topics = np.array([*(self._topic_row.get(fold(name), -1) for name in epoch.desk.topics), -1], np.int32)
        rows, columns = experts[expert], topics[topic]
        return rows, columns, *self._cells_of(rows, columns)

    def _cells_of(
        self, rows: NDArray[np.int32], columns: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The place of the cell of each pair of rows in the history, and whether there is one."""
        key = self._key(rows, columns)
        place = np.minimum(np.searchsorted(self._cell, key), len(self._cell) - 1)
        return place, (self._cell[place] == key) & (rows >= 0) & (columns >= 0)

    def _key(self, expert: NDArray[np.int32], topic: NDArray[np.int32]) -> NDArray[np.int64]:
        """One number for each pair, rising with expert, then topic."""
        return expert.astype(np.int64) * len(self.topics) + topic

    def _prior(self, expert: NDArray[np.int32], topic: NDArray[np.int32]) -> NDArray[np.float64]:
        """m of pairs; −1 is an expert, or a topic, that the history lacks."""
        base = logit(np.append(self.topic_rate, self.overall))[topic]
        effect = np.append(self.expert_effect, 0.0)[expert]
        return np.asarray(expit(base + effect))

    def rate_of(self, expert_id: str, topic: str) -> float:
        """The smoothed rate of one pair by its names; what the history lacks is filled in as `HistoricalRate` says."""
        row = np.array([self._expert_row.get(expert_id, -1)], np.int32)
        column = np.array([self._topic_row.get(fold(topic), -1)], np.int32)
        place, seen = self._cells_of(row, column)
        return float(np.where(seen, self._rate[place], self._prior(row, column))[0])

    def table(self) -> pd.DataFrame:
        """One row for each pair of the history, by expert, then topic.

        The columns: ``expert_id``, ``topic``, ``n`` (weighted tickets), ``raw`` (rate as counted), ``rate``
        (smoothed), ``standard_error`` (of the smoothed rate: the standard deviation of its beta posterior).
        """
        import pandas as pd

        spread = np.sqrt(self._rate * (1 - self._rate) / (self.n + self.strength + 1))
        return pd.DataFrame(
            {
                "expert_id": [self.expert_ids[row] for row in self.expert],
                "topic": [self.topics[row] for row in self.topic],
                "n": self.n,
                "raw": self.resolved / self.n,
                "rate": self._rate,
                "standard_error": spread,
            }
        )

    def __repr__(self) -> str:
        counts = ((len(self.expert_ids), "expert"), (len(self.topics), "topic"), (self.n.sum(), "ticket"))
        parts = [f"{k:.6g} {word}{'' if k == 1 else 's'}" for k, word in counts]
        return f"HistoricalRate({', '.join(parts)})"


_ARRAYS: dict[str, Any] = {
    "topic_rate": np.float64,
    "expert_effect": np.float64,
    "expert": np.int32,
    "topic": np.int32,
    "n": np.float64,
    "resolved": np.float64,
}
