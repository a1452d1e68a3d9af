"""`BoostedTrees`: gradient-boosted trees over features of ticket, expert and pair, calibrated on later tickets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from deskmatch.epochs import Epoch
from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.frozen import Frozen, read_only
from deskmatch.prediction.features import Feature, choose_features, lacking
from deskmatch.prediction.history import UNAVOIDABLE, History, as_history
from deskmatch.prediction.history_columns import seconds_of
from deskmatch.prediction.model_file import SavedModel
from deskmatch.prediction.propensity import inverse_probability_weights
from deskmatch.prediction.recent_rates import RecentRates
from deskmatch.prediction.report import TrainingReport
from deskmatch.prediction.storage import Stored
from deskmatch.prediction.tree_columns import Columns
from deskmatch.prediction.tree_ensemble import ENSEMBLE_ARRAYS, MISSING, TreeEnsemble
from deskmatch.prediction.tree_fitting import Binning, Settings
from deskmatch.prediction.tree_training import SEEN, trained_trees

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BoostedTrees"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class BoostedTrees(Frozen, SavedModel):
    """P(resolved at first contact) by gradient-boosted trees; fitted with `BoostedTrees.fit` (extra ``trees``).

    The trees see the features of the ticket, its topic, and of the expert: who he is, his group, his load then, his
    recent rate and experience, in all and on the topic, and how long he has been there. Rates at each row rest on
    outcomes that were known before it was assigned. The newest quarter of the tickets is kept back to choose how many
    trees help, to calibrate the log odds, and to see whether knowing the expert helps at all: where it does not beyond
    chance, the model is fitted without and claims no difference. Then all tickets are used.

    An expert whom the history lacks, a feature that an epoch lacks, and a value that the history lacks are missing
    values, for which trees know a way. The columns ``load`` of history and epoch mean the same: tickets in hand.

    `BoostedTrees.refreshed` brings rates, experience and tenure up to date without growing new trees.

    Parameters
    ----------
    columns : what the trees see.
    binning : where each column is cut.
    trees : their sum is in log odds.
    rates : what was known of experts and topics.
    shift, slope : of the calibrated log odds.
    trust : ``(4,)`` κ of what is believed of a pair, Beta(p κ, (1 − p) κ), for experts of whom none, fewer than 10,
        fewer than 50 or more tickets were seen; from how far pairs lay from their predictions among the tickets kept
        back.
    report : what it was fitted on, None: unknown.
    """

    columns: Columns
    binning: Binning
    trees: TreeEnsemble
    rates: RecentRates
    shift: float
    slope: float
    trust: Float64
    report: TrainingReport | None = None
    _seen: NDArray[np.int64] = field(init=False, repr=False)
    """``(experts + 1,)`` the place in `trust` of each expert; the last one of a stranger."""

    def __post_init__(self) -> None:
        check = ArrayCheck("boosted trees")
        self._set(trust=check.array("trust", self.trust, np.float64, (len(SEEN) + 1,)))
        check.at_least("trust", self.trust, 0, strict=True)
        if not np.isfinite(self.shift) or not 0 < self.slope < np.inf:
            check.add(
                None, "slope", f"shift {self.shift!r}, slope {self.slope!r}", "expected finite numbers, slope > 0"
            )
        kinds = [cuts is not None for cuts in self.binning.cuts]
        if len(kinds) != self.trees.features or kinds != [count == 0 for count in self.columns.levels]:
            check.add(
                None, "columns", f"{len(self.columns.levels)}", f"expected {self.trees.features}, as the trees have"
            )
        check.finish()
        tickets = np.bincount(self.rates.expert, minlength=self.rates.experts)
        self._set(_seen=read_only(np.append(np.searchsorted(SEEN, tickets, side="right"), 0)))

    @classmethod
    def fit(
        cls,
        history: History | pd.DataFrame | str | Path,
        *,
        features: Sequence[str] | None = None,
        settings: Settings | None = None,
        half_life_s: float | None = None,
        now: datetime | None = None,
        unavoidable: Collection[str] = UNAVOIDABLE,
        balance: Sequence[str] | None = None,
    ) -> BoostedTrees:
        """Fit on handled tickets.

        Parameters
        ----------
        history : the history table (``docs/prediction.md``), with ``assigned_at``; and ``closed_at`` where outcomes are
            known later than that, else rates look ahead.
        features : columns of the history that are known before a ticket is assigned; None: all that the table has, but
            ids, free text, and columns that are known to be written later.
        settings : how trees are grown.
        half_life_s, now, unavoidable : as in `HistoricalRate.fit`.
        balance : as in `PartialPooling.fit`.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table; refuses one outcome only, and fewer than 100 tickets. Says what
            to install where scikit-learn is not.
        """
        rows = as_history(history, half_life_s=half_life_s, now=now, unavoidable=unavoidable)
        rows.require_times("what was known of an expert at each ticket depends on it")
        notes: tuple[str, ...] = ()
        if balance is not None:
            rows, said = inverse_probability_weights(rows, balance)
            notes = (said,)
        counted = rows.take(rows.weight > 0).sorted_by_time()
        chosen, left_out = choose_features(counted, features)
        found = trained_trees(counted, Columns.of(counted, chosen), settings or Settings())
        return cls(
            columns=found.columns,
            binning=found.binning,
            trees=found.trees,
            rates=RecentRates.of(counted),
            shift=found.shift,
            slope=found.slope,
            trust=found.trust,
            report=TrainingReport.of(
                rows,
                features=tuple(found.columns.names),
                scores=found.scores,
                notes=(*notes, *found.notes, *left_out),
            ),
        )

    def refreshed(self, history: History | pd.DataFrame | str | Path) -> BoostedTrees:
        """The same trees with rates, experience and tenure of a newer history; new experts are still strangers.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table.
        """
        rows = as_history(history)
        rows.require_times("what is known of an expert depends on it")
        return replace(self, rates=RecentRates.of(_renamed(rows.take(rows.weight > 0), self.columns)))

    def probability(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32) -> Float64:
        """Calibrated probabilities, element by element; see `ResolutionModel`.

        Parameters
        ----------
        epoch : its ``now`` says how old what is known of experts is (without it, or with the wrong kind of clock, it is
            as new as the last outcome); its tickets have the features.
        ticket, expert : ``(k,)`` rows of tickets and experts.
        topic : ``(k,)`` codes of the desk's topics; −1: unknown.
        """
        moment = self.rates.until if epoch.now is None else max(seconds_of(epoch.now), self.rates.until)
        bins = self.columns.bins_of_epoch(self.binning, self.rates, epoch, moment, (ticket, expert, topic))
        return self._calibrated(self.trees.sum(bins))

    def interval(
        self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32, coverage: float
    ) -> tuple[Float64, Float64]:
        """The ends of the central interval of what is believed of each pair; see `IntervalModel`."""
        mean = np.clip(self.probability(epoch, ticket=ticket, expert=expert, topic=topic), 1e-6, 1 - 1e-6)
        total = self.trust[self._seen[self.columns.expert_rows(epoch.desk.expert_ids)]][expert]
        outside = (1 - coverage) / 2
        lower, upper = (betaincinv(mean * total, (1 - mean) * total, end) for end in (outside, 1 - outside))
        return np.asarray(lower, np.float64), np.asarray(upper, np.float64)

    def probability_of(self, history: History) -> Float64:
        """``(rows,)`` probabilities of the tickets of a history, each at its instant with the expert who had it.

        What is known of experts is what the model was fitted (or refreshed) on, however old it is by then.
        """
        return self._calibrated(self.trees.sum(self.binning.bins(self.columns.of_history(history, self.rates))))

    def lacking(self, epoch: Epoch) -> tuple[str, ...]:
        """The features that an epoch does not have."""
        return lacking(epoch, self.columns.features)

    def _calibrated(self, odds: Float64) -> Float64:
        return np.asarray(1 / (1 + np.exp(-np.clip(self.shift + self.slope * odds, -30, 30))))

    def to_stored(self) -> Stored:
        """See `SavedModel`."""
        columns, rates = self.columns, self.rates
        header = {
            "expert_ids": list(columns.expert_ids),
            "topics": list(columns.topics),
            "groups": list(columns.groups),
            "knows_experts": columns.knows_experts,
            "features": [feature.to_header() for feature in columns.features],
            "base": self.trees.base,
            "shift": self.shift,
            "slope": self.slope,
            "report": TrainingReport.to_header(self.report),
            "numbers": [number for number, cuts in enumerate(self.binning.cuts) if cuts is not None],
        }
        arrays = {
            **{name: getattr(self.trees, name) for name in ENSEMBLE_ARRAYS},
            **{name: getattr(columns, name) for name in _COLUMN_ARRAYS},
            **{f"rates_{name}": getattr(rates, name) for name in _RATE_ARRAYS},
            **{f"cuts_{number}": cuts for number, cuts in enumerate(self.binning.cuts) if cuts is not None},
            "trust": self.trust,
        }
        return Stored(self.kind(), self.VERSION, header, arrays)

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """See `SavedModel`."""
        header, arrays = stored.header, stored.arrays
        names = {each: tuple(map(str, header[each])) for each in ("expert_ids", "topics", "groups")}
        experts, topics = len(names["expert_ids"]), len(names["topics"])
        check = ArrayCheck("boosted trees")
        shapes = {
            "expert_group": (experts,),
            "expert_level": (experts,),
            "topic_level": (topics,),
            "begun_at": (experts,),
        }
        rows = arrays["rates_expert"].shape

        def read(name: str, dtype: Any, prefix: str = "") -> NDArray[Any]:
            return check.array(name, arrays[prefix + name], dtype, shapes.get(name, rows))

        columns = {name: read(name, dtype) for name, dtype in _COLUMN_ARRAYS.items()}
        rates = {name: read(name, dtype, "rates_") for name, dtype in _RATE_ARRAYS.items()}
        for name, codes, size in (("expert", rates["expert"], experts), ("topic", rates["topic"], topics)):
            check.refuse(name, codes, (codes < 0) | (codes >= size), f"a row from 0 to {size - 1}")
        check.codes("expert_group", columns["expert_group"], (experts,), len(names["groups"]))
        for name in ("expert_level", "topic_level"):
            check.at_least(name, columns[name], 0, unknown=True)
            check.refuse(name, columns[name], columns[name] >= MISSING, f"a level below {MISSING}")
        for name in ("resolved", "weight"):
            check.at_least(name, rates[name], 0)
        check.refuse("known_at", rates["known_at"], ~np.isfinite(rates["known_at"]), "a finite number")
        check.refuse("begun_at", rates["begun_at"], np.isnan(rates["begun_at"]), "a number")
        check.finish()
        trees = {name: arrays[name] for name in ENSEMBLE_ARRAYS}
        features = tuple(Feature.from_header(each) for each in header["features"])
        told: dict[str, Any] = {**names, **columns}
        found = Columns(features=features, **told, knows_experts=header["knows_experts"] is True)
        numbers = set(header["numbers"])
        cuts = tuple(
            np.sort(arrays[f"cuts_{number}"].astype(np.float64).ravel())[: MISSING - 1] if number in numbers else None
            for number in range(len(found.levels))
        )
        return cls(
            columns=found,
            binning=Binning(cuts),
            trees=TreeEnsemble(features=len(cuts), base=float(header["base"]), **trees),
            rates=RecentRates(experts=experts, topics=topics, **rates),
            shift=float(header["shift"]),
            slope=float(header["slope"]),
            trust=arrays["trust"],
            report=TrainingReport.from_header(header["report"]),
        )

    def __repr__(self) -> str:
        counts = (
            (len(self.trees.root), "tree"),
            (len(self.columns.levels), "column"),
            (len(self.rates.expert), "ticket"),
        )
        return f"BoostedTrees({', '.join(f'{k} {word}' + 's' * (k != 1) for k, word in counts)})"


_COLUMN_ARRAYS: dict[str, Any] = {"expert_group": np.int32, "expert_level": np.float64, "topic_level": np.float64}
_RATE_ARRAYS: dict[str, Any] = {
    "expert": np.int32,
    "topic": np.int32,
    "resolved": np.float64,
    "weight": np.float64,
    "known_at": np.float64,
    "begun_at": np.float64,
}


def _renamed(history: History, columns: Columns) -> History:
    """The rows of a history whose experts and topics a model knows, with its positions."""
    expert = columns.expert_rows(history.expert_ids)[history.expert]
    topic = columns.topic_rows(history.topics)[history.topic]
    some = (expert >= 0) & (topic >= 0)
    kept = history.take(some)
    return replace(kept, expert_ids=columns.expert_ids, topics=columns.topics, expert=expert[some], topic=topic[some])
