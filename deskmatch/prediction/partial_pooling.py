"""`PartialPooling`: logistic regression with shrunken effects of expert, group, topic, and expert on topic."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri

from deskmatch.epochs import Epoch
from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.frozen import Frozen, read_only
from deskmatch.prediction.experts import Names, group_of_experts, rows_of_epoch, rows_of_history
from deskmatch.prediction.features import Feature, choose_features, encoded_history, lacking, values_in_epoch
from deskmatch.prediction.history import UNAVOIDABLE, History, as_history
from deskmatch.prediction.mixed_logistic import Factor, MixedLogistic, fit_mixed_logistic
from deskmatch.prediction.model_file import SavedModel
from deskmatch.prediction.propensity import inverse_probability_weights
from deskmatch.prediction.report import TrainingReport
from deskmatch.prediction.storage import Stored

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PartialPooling"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

SPREADS = ("topic", "group", "expert", "pair")
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
"""Gauss–Hermite: the mean of expit of a normal variable to 1e-4 up to deviations of 3."""
MOST_TABLE = 20_000_000
"""Pairs of expert and topic beyond which a model is refused as a file: no desk is so large."""


@dataclass(frozen=True, slots=True, eq=False)
class PartialPooling(Frozen, SavedModel):
    """P(resolved at first contact) by logistic regression with shrunken effects; fitted with `PartialPooling.fit`.

    ``logit p = β + topic + group of the expert + expert + expert on topic + features of the ticket``; how far each kind
    of effect is drawn towards 0 is estimated from the history (`deskmatch.prediction.mixed_logistic`). An expert whom
    the history lacks gets the mean of his group, with all the uncertainty of a stranger: the spread of experts is in
    his interval, and his probability is the mean over it. So it is with a topic, or a group, that it lacks. Where the
    history shows no difference between experts beyond chance, the model claims none.

    The group of an expert is that of his latest ticket; that of a stranger stands in a column ``group`` of the epoch's
    table of experts.
    Probabilities are means over what is believed (Gauss–Hermite), intervals its quantiles. Effects of ticket features
    count as known; a feature that an epoch lacks, or a value that the history lacks, has no effect.

    Parameters
    ----------
    expert_ids, topics, groups : what occurs in the history.
    expert_group : ``(experts,)`` the group of each, −1: none.
    constant : β, log odds.
    topic_effect, group_effect, expert_effect : log odds.
    pair_expert, pair_topic : ``(pairs,)`` the pairs that occur, sorted by expert, then topic.
    pair_effect : ``(pairs,)`` log odds beyond the sum of the others.
    pair_information : ``(pairs,)`` Σ p (1 − p) of their tickets.
    pair_n : ``(pairs,)`` their tickets, weighted.
    spreads : ``(4,)`` deviation of the effects of topic, group, expert and pair; 0: nothing differs by it.
    covariance : ``(1 + topics + groups + experts,)²`` of what is believed of the constant and the effects.
    features : of tickets.
    feature_effects : of each feature, ``(levels,)`` effects of its levels, or ``(1,)`` the slope in its deviations.
    report : what it was fitted on, None: unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> history = pd.DataFrame({
    ...     "expert_id": ["ana"] * 60 + ["bo"] * 60 + ["cem"] * 60 + ["dee"] * 60,
    ...     "group": ["web"] * 120 + ["phone"] * 120,
    ...     "topic": ["seo", "dns"] * 120,
    ...     "resolved_first_contact": ([1] * 55 + [0] * 5 + [1] * 45 + [0] * 15
    ...                                + [1] * 25 + [0] * 35 + [1] * 10 + [0] * 50),
    ... })
    >>> model = PartialPooling.fit(history)
    >>> model
    PartialPooling(4 experts, 2 topics, 2 groups)
    >>> model.table().round(2)[["expert_id", "topic", "n", "rate", "lower", "upper"]].head(3)
      expert_id topic     n  rate  lower  upper
    0       ana   dns  30.0  0.89   0.82   0.95
    1       ana   seo  30.0  0.89   0.82   0.95
    2        bo   dns  30.0  0.76   0.66   0.84
    """

    expert_ids: tuple[str, ...]
    topics: tuple[str, ...]
    groups: tuple[str, ...]
    expert_group: NDArray[np.int32]
    constant: float
    topic_effect: Float64
    group_effect: Float64
    expert_effect: Float64
    pair_expert: NDArray[np.int32]
    pair_topic: NDArray[np.int32]
    pair_effect: Float64
    pair_information: Float64
    pair_n: Float64
    spreads: Float64
    covariance: Float64
    features: tuple[Feature, ...] = ()
    feature_effects: tuple[Float64, ...] = ()
    report: TrainingReport | None = None
    _names: Names = field(init=False, repr=False)
    _odds: Float64 = field(init=False, repr=False)
    """``(experts + groups + 1, topics + 1)`` mean log odds; rows after the experts: a stranger of each group, or of
    none; the last column: an unknown topic."""
    _deviation: Float64 = field(init=False, repr=False)
    _mean: Float64 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._set(
            expert_ids=tuple(map(str, self.expert_ids)),
            topics=tuple(map(str, self.topics)),
            groups=tuple(map(str, self.groups)),
            constant=float(self.constant),
            features=tuple(self.features),
        )
        self._check()
        self._set(_names=Names(self.expert_ids, self.topics, self.groups, self.expert_group))
        odds, variance = self._table()
        deviation = np.sqrt(variance)
        mean = _mean_of_expit(odds.ravel(), deviation.ravel()).reshape(odds.shape)
        self._set(_odds=read_only(odds), _deviation=read_only(deviation), _mean=read_only(mean))

    def _check(self) -> None:
        """Normalise the arrays; refuse what cannot have been fitted."""
        check = ArrayCheck("partial pooling")
        experts, topics, groups = len(self.expert_ids), len(self.topics), len(self.groups)
        pairs, size = len(np.atleast_1d(self.pair_effect)), 1 + topics + groups + experts
        shapes: dict[str, tuple[int, ...]] = {
            "expert_group": (experts,),
            "topic_effect": (topics,),
            "group_effect": (groups,),
            "expert_effect": (experts,),
            "spreads": (len(SPREADS),),
            "covariance": (size, size),
        }
        for name, dtype in _ARRAYS.items():
            self._set(**{name: check.array(name, getattr(self, name), dtype, shapes.get(name, (pairs,)))})
            if dtype is np.float64:
                least = 0.0 if name in ("spreads", "pair_information", "pair_n") else -1e6
                check.at_least(name, getattr(self, name), least)
        check.codes("expert_group", self.expert_group, (experts,), groups)
        for name, codes, count in (("pair_expert", self.pair_expert, experts), ("pair_topic", self.pair_topic, topics)):
            check.refuse(name, codes, (codes < 0) | (codes >= count), f"a row from 0 to {count - 1}")
        if (np.diff(self.pair_expert.astype(np.int64) * topics + self.pair_topic) <= 0).any():
            check.add(None, "pair_expert", None, "expected each pair once, sorted by expert, then topic")
        if (experts + groups + 1) * (topics + 1) > MOST_TABLE:
            check.add(None, "expert_ids", f"{experts} with {topics} topics", f"expected at most {MOST_TABLE:,} pairs")
        if not np.isfinite(self.constant):
            check.add(None, "constant", repr(self.constant), "expected a finite number")
        effects = []
        for feature, values in zip(self.features, self.feature_effects, strict=True):
            shape = (1,) if feature.levels is None else (len(feature.levels),)
            effects.append(check.array(feature.name, values, np.float64, shape))
            check.at_least(feature.name, effects[-1], -1e6)
        self._set(feature_effects=tuple(effects))
        check.finish()

    @classmethod
    def fit(
        cls,
        history: History | pd.DataFrame | str | Path,
        *,
        features: Sequence[str] = (),
        half_life_s: float | None = None,
        now: datetime | None = None,
        unavoidable: Collection[str] = UNAVOIDABLE,
        balance: Sequence[str] | None = None,
    ) -> PartialPooling:
        """Fit on handled tickets.

        Parameters
        ----------
        history : the history table (``docs/prediction.md``): ``expert_id``, ``topic``, ``resolved_first_contact``, and
            where they are there ``group``, ``weight``, ``transfer_reason``.
        features : columns of the history that make tickets easier or harder, whoever gets them; what stands there must
            be known before a ticket is assigned. Numbers have a slope, other values an effect each.
        half_life_s, now : as in `HistoricalRate.fit`.
        unavoidable : the values of ``transfer_reason`` that name transfers which no expert could have prevented.
        balance : columns by which tickets were sent to experts: rows are then weighted by the inverse of the
            probability that a ticket like this came to this expert (`inverse_probability_weights`); None: no weights.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table, and each feature that it lacks.
        """
        rows = as_history(history, half_life_s=half_life_s, now=now, unavoidable=unavoidable)
        notes: tuple[str, ...] = ()
        if balance is not None:
            rows, said = inverse_probability_weights(rows, balance)
            notes = (said,)
        counted = rows.take(rows.weight > 0)
        chosen, left_out = choose_features(counted, tuple(features))
        group = group_of_experts(counted)
        found, cells = _fitted(counted, chosen, group)
        expert, topic = np.divmod(cells, len(counted.topics))
        by_row = np.searchsorted(cells, counted.expert * len(counted.topics) + counted.topic)
        size = 1 + len(rows.topics) + len(rows.groups) + len(rows.expert_ids)
        return cls(
            expert_ids=rows.expert_ids,
            topics=rows.topics,
            groups=rows.groups,
            expert_group=group.astype(np.int32),
            constant=found.constant,
            topic_effect=found.effects["topic"],
            group_effect=found.effects["group"],
            expert_effect=found.effects["expert"],
            pair_expert=expert.astype(np.int32),
            pair_topic=topic.astype(np.int32),
            pair_effect=found.cell_effect,
            pair_information=found.cell_information,
            pair_n=np.bincount(by_row, counted.weight, len(cells)).astype(np.float64),
            spreads=np.array([found.spreads["cell" if name == "pair" else name] for name in SPREADS]),
            covariance=found.covariance[:size, :size],
            features=chosen,
            feature_effects=_feature_effects(found, chosen),
            report=TrainingReport.of(rows, features=tuple(each.name for each in chosen), notes=(*notes, *left_out)),
        )

    def probability(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32) -> Float64:
        """Means of what is believed of each pair, element by element; see `ResolutionModel`.

        Parameters
        ----------
        epoch : whose desk names the experts and topics, and whose tickets have the features.
        ticket, expert : ``(k,)`` rows of tickets and experts.
        topic : ``(k,)`` codes of the desk's topics; −1: unknown.
        """
        row, column = rows_of_epoch(self._names, epoch, expert, topic)
        if not self.features:
            return self._mean[row, column]
        added = self._feature_odds(epoch, ticket, expert)
        return _mean_of_expit(self._odds[row, column] + added, self._deviation[row, column])

    def interval(
        self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32, coverage: float
    ) -> tuple[Float64, Float64]:
        """The ends of the central interval of what is believed of each pair; see `IntervalModel`."""
        row, column = rows_of_epoch(self._names, epoch, expert, topic)
        return self._ends(row, column, self._feature_odds(epoch, ticket, expert), coverage)

    def probability_of(self, history: History) -> Float64:
        """``(rows,)`` probabilities of the tickets of a history, each with the expert who had it."""
        row, column = rows_of_history(self._names, history)
        added = self._added([(values, None) for values in encoded_history(history, self.features).T], len(history))
        return _mean_of_expit(self._odds[row, column] + added, self._deviation[row, column])

    def lacking(self, epoch: Epoch) -> tuple[str, ...]:
        """The features that an epoch does not have."""
        return lacking(epoch, self.features)

    def table(self, *, coverage: float = 0.9) -> pd.DataFrame:
        """One row for each pair of the history, by expert, then topic, for a ticket without features.

        The columns: ``expert_id``, ``topic``, ``n`` (weighted tickets), ``rate``, and the ends ``lower`` and ``upper``
        of its interval.
        """
        import pandas as pd

        row, column = self.pair_expert, self.pair_topic
        lower, upper = self._ends(row, column, np.zeros(len(row)), coverage)
        return pd.DataFrame(
            {
                "expert_id": [self.expert_ids[each] for each in row.tolist()],
                "topic": [self.topics[each] for each in column.tolist()],
                "n": self.pair_n,
                "rate": self._mean[row, column],
                "lower": lower,
                "upper": upper,
            }
        )

    def _ends(self, row: Any, column: Any, added: Float64, coverage: float) -> tuple[Float64, Float64]:
        odds, deviation = self._odds[row, column] + added, self._deviation[row, column]
        reach = float(ndtri(0.5 + coverage / 2)) * deviation
        return np.asarray(expit(odds - reach)), np.asarray(expit(odds + reach))

    def _feature_odds(self, epoch: Epoch, ticket: Int32, expert: Int32) -> Float64:
        """``(k,)`` what the features add to the log odds."""
        columns: list[tuple[Float64, Int32 | None]] = []
        for feature in self.features:
            found = values_in_epoch(epoch, feature.name)
            if found is None:
                columns.append((np.full(1, np.nan), np.zeros(len(ticket), np.int32)))
            else:
                columns.append((feature.encode(found[0]), ticket if found[1] else expert))
        return self._added(columns, len(ticket))

    def _added(self, columns: Sequence[tuple[Float64, Int32 | None]], size: int) -> Float64:
        """Log odds of encoded features, each with the place of every pair among its values (None: one each)."""
        total = np.zeros(size)
        for (values, place), feature, effects in zip(columns, self.features, self.feature_effects, strict=True):
            missing = np.isnan(values)
            if feature.levels is None:
                odds = np.where(missing, 0.0, (values - feature.centre) / feature.scale * effects[0])
            else:
                odds = np.where(missing, 0.0, effects[np.where(missing, 0, values).astype(np.intp)])
            total += odds if place is None else odds[place]
        return total

    def _table(self) -> tuple[Float64, Float64]:
        """Mean and variance of the log odds of every pair, strangers and unknown topics among them."""
        experts, topics, groups = len(self.expert_ids), len(self.topics), len(self.groups)
        of_topic, of_group, of_expert, of_pair = self.spreads**2
        group = np.concatenate((self.expert_group, np.arange(groups), [-1]))
        padded = np.zeros((size := len(self.covariance) + 1, size))
        padded[:-1, :-1] = self.covariance  # the last index: what is not there, which adds nothing
        none = size - 1
        at_group = np.where(group >= 0, 1 + topics + group, none)
        at_expert = np.concatenate((1 + topics + groups + np.arange(experts), np.full(groups + 1, none)))
        at_topic = np.append(1 + np.arange(topics), none)

        def covariance(left: NDArray[Any], right: NDArray[Any]) -> Float64:
            return np.asarray(padded[left, right])

        constant = np.zeros(len(group), np.int64)
        parts = (constant, at_group, at_expert)
        own = sum((covariance(left, right) for left in parts for right in parts), np.zeros(len(group)))
        with_topic = sum((padded[np.ix_(part, at_topic)] for part in parts), np.zeros((len(group), topics + 1)))
        variance = own[:, None] + 2 * with_topic + covariance(at_topic, at_topic)
        odds = (
            self.constant
            + (np.append(self.group_effect, 0.0)[group] + np.append(self.expert_effect, np.zeros(groups + 1)))[:, None]
        )
        odds = odds + np.append(self.topic_effect, 0.0)
        stranger = np.arange(len(group)) >= experts
        doubt = np.where(stranger, of_expert, 0.0) + np.where(group < 0, of_group * (groups > 0), 0.0) + of_pair
        unseen = variance + doubt[:, None] + np.append(np.zeros(topics), of_topic)
        if of_pair > 0:
            row, column, known = self.pair_expert, self.pair_topic, self.pair_information + 1 / of_pair
            own_share = 1 / (of_pair * known)
            unseen[row, column] = own_share**2 * variance[row, column] + 1 / known
            odds[row, column] += self.pair_effect
        return odds, np.maximum(unseen, 0.0)

    def to_stored(self) -> Stored:
        """See `SavedModel`."""
        header = {
            "expert_ids": list(self.expert_ids),
            "topics": list(self.topics),
            "groups": list(self.groups),
            "constant": self.constant,
            "features": [feature.to_header() for feature in self.features],
            "report": TrainingReport.to_header(self.report),
        }
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        effects = {f"feature_{number}": values for number, values in enumerate(self.feature_effects)}
        return Stored(self.kind(), self.VERSION, header, {**arrays, **effects})

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """See `SavedModel`."""
        values: dict[str, Any] = {**stored.header, **stored.arrays}
        features = tuple(Feature.from_header(each) for each in values.pop("features"))
        effects = tuple(values.pop(f"feature_{number}") for number in range(len(features)))
        report = TrainingReport.from_header(values.pop("report"))
        return cls(**values, features=features, feature_effects=effects, report=report)

    def __repr__(self) -> str:
        counts = ((len(self.expert_ids), "expert"), (len(self.topics), "topic"), (len(self.groups), "group"))
        parts = [f"{k} {word}{'' if k == 1 else 's'}" for k, word in counts if k]
        return f"PartialPooling({', '.join(parts)})"


_ARRAYS: dict[str, Any] = {
    "expert_group": np.int32,
    "topic_effect": np.float64,
    "group_effect": np.float64,
    "expert_effect": np.float64,
    "pair_expert": np.int32,
    "pair_topic": np.int32,
    "pair_effect": np.float64,
    "pair_information": np.float64,
    "pair_n": np.float64,
    "spreads": np.float64,
    "covariance": np.float64,
}


def _fitted(
    history: History, features: Sequence[Feature], group: NDArray[np.int64]
) -> tuple[MixedLogistic, NDArray[np.int64]]:
    """The fit on the rows, alike ones taken together; and the key of each cell, sorted."""
    cells, cell = np.unique(history.expert * len(history.topics) + history.topic, return_inverse=True)
    encoded = encoded_history(history, features)
    if len(features):
        _, first, row = np.unique(np.column_stack((cell, encoded)), axis=0, return_index=True, return_inverse=True)
    else:
        first, row = np.unique(cell, return_index=True)[1], cell
    row = row.ravel()
    n = np.bincount(row, history.weight, len(first)).astype(np.float64)
    resolved = np.bincount(row, history.weight * history.resolved, len(first)).astype(np.float64)
    expert, encoded = history.expert[first], encoded[first]
    factors = [Factor("topic", history.topic[first], len(history.topics))]
    numbers = []
    for column, feature in enumerate(features):
        values = encoded[:, column]
        if feature.levels is None:
            numbers.append(np.where(np.isnan(values), 0.0, (values - feature.centre) / feature.scale))
        else:
            level = np.where(np.isnan(values), -1, values).astype(np.int64)
            factors.append(Factor(f"feature {feature.name}", level, len(feature.levels)))
    groups = Factor("group", group[expert], len(history.groups), must_earn=True)
    experts = Factor("expert", expert, len(history.expert_ids), must_earn=True)
    # Topics, groups and experts first: their covariance is kept.
    factors = [factors[0], groups, experts, *factors[1:]]
    x = np.column_stack(numbers) if numbers else None
    return fit_mixed_logistic(resolved, n, factors, cell[first], len(cells), x), cells


def _feature_effects(found: MixedLogistic, features: Sequence[Feature]) -> tuple[Float64, ...]:
    slopes = iter(found.slopes.tolist())
    return tuple(
        np.array([next(slopes)]) if feature.levels is None else found.effects[f"feature {feature.name}"]
        for feature in features
    )


def _mean_of_expit(odds: Float64, deviation: Float64) -> Float64:
    """The mean of expit of normal variables."""
    total = np.zeros(odds.shape)
    for node, weight in zip(NODES.tolist(), WEIGHTS.tolist(), strict=True):
        total += weight * expit(odds + node * deviation)
    return np.clip(total, 0.0, 1.0)
