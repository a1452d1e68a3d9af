"""`evaluate`: how well a resolution model tells who resolves what, on tickets later than all that it was fitted on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.history import UNAVOIDABLE, History, as_history, shown_time
from deskmatch.prediction.history_columns import seconds_of
from deskmatch.prediction.measures import Bin, auc, calibration_error, lift, log_loss, reliability
from deskmatch.prediction.protocol import ResolutionModel
from deskmatch.prediction.recalibration import fit_line, moved
from deskmatch.prediction.scoring import probability_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Evaluation", "Score", "evaluate"]

Float64 = NDArray[np.float64]
Fit = Callable[[History], ResolutionModel]

MEASURES: dict[str, Callable[[Float64, Float64], float]] = {
    "auc": auc,
    "log_loss": log_loss,
    "calibration_error": calibration_error,
    "lift": lift,
}
GAINS = ("auc", "log_loss")
COVERAGE = 0.95
FEWEST = 20
"""Tickets on either side of the split below which nothing can be said."""


@dataclass(frozen=True, slots=True)
class Score:
    """One measure, with its 95 % bootstrap interval over tickets."""

    value: float
    low: float
    high: float

    def to_list(self) -> list[float | None]:
        """Value and ends; None where there is none, as where all tickets had one outcome."""
        return [float(each) if np.isfinite(each) else None for each in (self.value, self.low, self.high)]

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` finds.

    Parameters
    ----------
    model : its name.
    split_s : seconds since 1970 at which the history was split.
    trained, tested : tickets that the model was fitted on, and judged on.
    not_known : tickets from before the split whose outcome was not known by then: used for nothing.
    resolved_before, resolved_after : share resolved of those trained and tested on.
    scores : ``auc``, ``log_loss``, ``calibration_error`` and ``lift`` (`deskmatch.prediction.measures`).
    gain : of ``auc`` (more is better) and ``log_loss`` (by how much it falls) from knowing the expert: beside the same
        model fitted without experts, groups and loads. Empty: not asked for, or the model was fitted already.
    control : the same gain where the experts' names were shuffled among tickets, so that none differs: about 0, or the
        model claims what is not there. Empty: not asked for.
    bins : what was predicted beside what happened, in ten bins of equally many tickets.
    notes : what a reader should know.
    """

    model: str
    split_s: float
    trained: int
    tested: int
    not_known: int
    resolved_before: float
    resolved_after: float
    scores: Mapping[str, Score]
    gain: Mapping[str, Score] = field(default_factory=dict)
    control: Mapping[str, Score] = field(default_factory=dict)
    bins: tuple[Bin, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return {
            **{name: getattr(self, name) for name in ("model", "split_s", "trained", "tested", "not_known")},
            "resolved_before": self.resolved_before if self.trained else None,
            "resolved_after": self.resolved_after,
            **{
                name: {measure: score.to_list() for measure, score in getattr(self, name).items()}
                for name in ("scores", "gain", "control")
            },
            "bins": [each._asdict() for each in self.bins],
            "notes": list(self.notes),
        }

    def picture(self, path: str | Path) -> None:
        """Draw the reliability of the predictions into a file (.svg, .png); needs the extra ``plot``.

        Raises
        ------
        InputError
            Where Matplotlib is not installed.
        """
        from deskmatch.prediction.pictures import draw_reliability

        draw_reliability({self.model: self.bins}, path)

    def __str__(self) -> str:
        lines = [
            f"{self.model}, split at {shown_time(self.split_s)}: fitted on {self.trained:,} tickets "
            f"({self.resolved_before:.1%} resolved), judged on {self.tested:,} ({self.resolved_after:.1%})"
        ]
        if self.not_known:
            lines.append(f"{self.not_known:,} tickets left out: outcome not yet known at the split")
        lines += [f"{name.replace('_', ' ')}: {score}" for name, score in self.scores.items()]
        for title, found in (("gain from the expert", self.gain), ("the same, names shuffled", self.control)):
            lines += [f"{title}, {name.replace('_', ' ')}: {score}" for name, score in found.items()]
        return "\n".join([*lines, *self.notes])


def evaluate(
    model: Fit | type[Any] | ResolutionModel,
    history: History | pd.DataFrame | str | Path,
    *,
    split: float | datetime = 0.7,
    gain: bool = True,
    control: bool = False,
    recalibrate_s: float | None = None,
    every_s: float = 86_400.0,
    bootstrap: int = 200,
    seed: int = 0,
    unavoidable: Collection[str] = UNAVOIDABLE,
) -> Evaluation:
    """Fit a model on what was known at an instant, and judge it on the tickets that were assigned after.

    Only outcomes that were known before the split are used for fitting: a ticket that was assigned before it and closed
    after is left out, as it would be on the day.

    Parameters
    ----------
    model : a class with ``fit``, such as `HistoricalRate`; or a function that fits a model on a `History`, for options
        of your own (``lambda history: BoostedTrees.fit(history, features=["category"])``); or a model that is fitted
        already, whose report says until when: then the split is there.
    history : the history table, with ``assigned_at``, and ``closed_at`` where outcomes are known later than that.
    split : the share of tickets, by time, that lies before it; or an instant.
    gain : whether to fit again without experts, to see what knowing them is worth.
    control : whether to fit twice more on shuffled experts (the negative control).
    recalibrate_s : judge probabilities that are moved anew every `every_s` seconds to fit the outcomes that became
        known in this many seconds before (`Recalibrated`); None: as they are. For outcomes from just before the split,
        a model fitted that much earlier is asked, so that none is judged on what it has seen.
    every_s : see `recalibrate_s`.
    bootstrap : resamples of the tickets for the intervals; 0: none (nan).
    seed : of resamples and shuffles.
    unavoidable : as in `read_history`.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table; refuses a split with fewer than 20 tickets on either side, and
        spans of time that are none.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from deskmatch.prediction import HistoricalRate
    >>> rng = np.random.default_rng(1)
    >>> who, rate = rng.integers(0, 10, 3000), np.linspace(0.2, 0.9, 10)
    >>> history = pd.DataFrame({
    ...     "expert_id": who, "topic": "billing", "resolved_first_contact": rng.random(3000) < rate[who],
    ...     "assigned_at": pd.date_range("2026-01-01", periods=3000, freq="h"),
    ... })
    >>> found = evaluate(HistoricalRate, history)
    >>> found.trained, found.tested
    (2100, 900)
    >>> bool(found.scores["auc"].value > 0.7 and found.gain["auc"].low > 0.15)
    True
    """
    _refuse_spans(recalibrate_s=recalibrate_s, every_s=every_s)
    rows = as_history(history, unavoidable=unavoidable)
    rows.require_times("the history is split by it")
    rows = rows.take(rows.weight > 0).sorted_by_time()
    rng = np.random.default_rng(seed)
    name, fit, given = _model(model)
    at = _instant(rows, split) if given is None else _until(given)
    before, after = rows.take((rows.assigned_at < at) & (rows.known_at < at)), rows.take(rows.assigned_at >= at)
    split_off = {"known before the split": before, "after the split": after}
    _refuse_few(split_off if given is None else {"after what the model has seen": after})
    fitted = given if fit is None else fit(before)
    predicted = _recalibrated(fitted, rows, at, recalibrate_s, every_s) if recalibrate_s is not None else None
    predicted = probability_of(fitted, after) if predicted is None else predicted
    draws = _draws(len(after), bootstrap, rng)
    notes = [] if not np.isnan(rows.closed_at).all() else [NO_CLOSING]
    if len(np.unique(after.resolved)) < 2:
        notes.append("all tickets after the split had one outcome: there is no AUC")
    beside = gain and recalibrate_s is None
    gains = _gain(fit, before, after, predicted, draws) if beside and fit is not None else {}
    return Evaluation(
        model=name,
        split_s=at,
        trained=len(before),
        tested=len(after),
        not_known=int(((rows.assigned_at < at) & (rows.known_at >= at)).sum()),
        resolved_before=float(before.resolved.mean()) if len(before) else float("nan"),
        resolved_after=float(after.resolved.mean()),
        scores={each: _score(measure, after.resolved, predicted, draws) for each, measure in MEASURES.items()},
        gain=gains,
        control=_control(fit, rows, at, draws, rng) if control and fit is not None else {},
        bins=reliability(after.resolved, predicted),
        notes=tuple(notes),
    )


NO_CLOSING = "the table has no closed_at: outcomes count as known when a ticket was assigned"


def _model(model: Any) -> tuple[str, Fit | None, Any]:
    """Its name, how to fit it, and the model itself where it is fitted already."""
    if isinstance(model, type) and callable(getattr(model, "fit", None)):
        return model.__name__, model.fit, None  # type: ignore[attr-defined]
    if not isinstance(model, type) and isinstance(model, ResolutionModel):
        return type(model).__name__, None, model
    if callable(model) and not isinstance(model, type):
        return getattr(model, "__name__", type(model).__name__).replace("<lambda>", "model"), model, None
    accepted = "expected a class with fit, a function from a History to a model, or a fitted model"
    raise InputError([Defect(ARGUMENTS, None, "model", repr(model)[:80], accepted)])


def _until(fitted: Any) -> float:
    """The instant until which a fitted model has seen outcomes."""
    report = getattr(getattr(fitted, "model", fitted), "report", None)
    seen = [getattr(each, "known_until_s", None) for each in (report, fitted)]
    known = max((moment for moment in seen if moment is not None), default=None)
    if known is None:
        accepted = "expected one whose report says until when outcomes were known; or fit it here, by its class"
        raise InputError([Defect(ARGUMENTS, None, "model", type(fitted).__name__, accepted)])
    return float(np.nextafter(known, np.inf))


def _instant(rows: History, split: float | datetime) -> float:
    """Seconds since 1970 of the split."""
    if isinstance(split, datetime):
        if (split.utcoffset() is not None) != rows.has_zone:
            accepted = f"expected an instant {'with' if rows.has_zone else 'without'} a time zone, as the table's times"
            raise InputError([Defect(ARGUMENTS, None, "split", str(split), accepted)])
        return seconds_of(split)
    if not 0 < split < 1:
        accepted = "expected a share above 0 and below 1, or a datetime"
        raise InputError([Defect(ARGUMENTS, None, "split", repr(split), accepted)])
    return float(rows.assigned_at[min(int(split * len(rows)), len(rows) - 1)])


def _refuse_spans(**spans: float | None) -> None:
    defects = [
        Defect(ARGUMENTS, None, name, repr(span), "expected a finite number of seconds above 0")
        for name, span in spans.items()
        if span is not None and not 0 < span < np.inf
    ]
    if defects:
        raise InputError(defects)


def _refuse_few(parts: Mapping[str, History]) -> None:
    """Refuse parts of the history, by what they are called, that are too small to say anything."""
    defects = [
        Defect("history", None, None, f"{len(part)} tickets {name}", f"expected at least {FEWEST}")
        for name, part in parts.items()
        if len(part) < FEWEST
    ]
    if defects:
        raise InputError(defects)


def _recalibrated(fitted: ResolutionModel, rows: History, at: float, window_s: float, every_s: float) -> Float64:
    """Predictions of the tickets after the split, moved anew every so often to fit what became known before.

    Only outcomes that became known after the split move them: the model has not seen these, whenever the ticket came.
    """
    after = rows.assigned_at >= at
    unseen = after | (rows.known_at >= at)
    predicted = np.full(len(rows), np.nan)
    predicted[unseen] = probability_of(fitted, rows.take(unseen))
    moved_to = predicted.copy()
    for begin in np.arange(at, float(rows.assigned_at.max()) + 1, every_s).tolist():
        now = (rows.assigned_at >= begin) & (rows.assigned_at < begin + every_s)
        recent = unseen & (rows.known_at < begin) & (rows.known_at >= begin - window_s)
        if now.any() and recent.any():
            shift, slope = fit_line(predicted[recent], rows.resolved[recent])
            moved_to[now] = moved(predicted[now], shift, slope)
    return moved_to[after]


def _draws(size: int, bootstrap: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    return [rng.integers(0, size, size) for _ in range(bootstrap)]


def _score(
    measure: Callable[[Float64, Float64], float],
    resolved: Float64,
    predicted: Float64,
    draws: list[NDArray[np.int64]],
    beside: Float64 | None = None,
) -> Score:
    """A measure with its interval; or how much more it is than that of other predictions of the same tickets."""

    def value(rows: NDArray[np.int64] | slice) -> float:
        other = 0.0 if beside is None else measure(resolved[rows], beside[rows])
        return measure(resolved[rows], predicted[rows]) - other

    found = np.array([value(rows) for rows in draws])
    found, tail = found[np.isfinite(found)], (1 - COVERAGE) / 2
    low, high = np.quantile(found, [tail, 1 - tail]).tolist() if len(found) else (np.nan, np.nan)
    return Score(value(slice(None)), low, high)


def _gain(
    fit: Fit, before: History, after: History, predicted: Float64, draws: list[NDArray[np.int64]]
) -> dict[str, Score]:
    """What knowing the expert adds to the AUC and takes from the log loss."""
    without = probability_of(fit(_anyone(before)), _anyone(after))
    found = {}
    for name in GAINS:
        pair = (predicted, without) if name == "auc" else (without, predicted)
        found[name] = _score(MEASURES[name], after.resolved, pair[0], draws, beside=pair[1])
    return found


def _control(
    fit: Fit, rows: History, at: float, draws: list[NDArray[np.int64]], rng: np.random.Generator
) -> dict[str, Score]:
    """The gain where the names of the experts were dealt out anew among all tickets."""
    order = rng.permutation(len(rows))
    dealt = replace(rows, expert=rows.expert[order], group=rows.group[order], load=rows.load[order])
    before = dealt.take((dealt.assigned_at < at) & (dealt.known_at < at))
    after = dealt.take(dealt.assigned_at >= at)
    return _gain(fit, before, after, probability_of(fit(before), after), draws)


def _anyone(history: History) -> History:
    """The history as if one expert had handled everything."""
    rows = len(history)
    return replace(
        history,
        expert_ids=("anyone",),
        expert=np.zeros(rows, np.int64),
        groups=(),
        group=np.full(rows, -1, np.int64),
        load=np.full(rows, np.nan),
    )
