"""`Recalibrated`: a model whose probabilities are moved to where recent outcomes say that they belong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from deskmatch.epochs import Epoch
from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.history import History, as_history
from deskmatch.prediction.history_columns import seconds_of
from deskmatch.prediction.model_file import SavedModel, model_inside
from deskmatch.prediction.protocol import ResolutionModel
from deskmatch.prediction.scoring import probability_of
from deskmatch.prediction.storage import Stored, inside

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Recalibrated", "fit_line"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

LEAST = 1e-6
"""Probabilities nearer to 0 or 1 count as this."""
SHIFT_SPREAD = 1.0
SLOPE_SPREAD = 0.25
"""How far shift and slope are believed to lie from 0 and 1 before anything is seen: with few outcomes little moves."""
STEPS = 50


@dataclass(frozen=True, slots=True)
class Recalibrated(SavedModel):
    """``logit p ← shift + slope · logit p`` of another model's probabilities, fitted on recent outcomes (Platt
    scaling).

    A desk changes: the share that is resolved drifts from week to week, while who is good at what changes slowly. Fit
    the model now and then, and this every day.

    Parameters
    ----------
    model : the model.
    shift, slope : slope above 0, so that no order changes.
    known_until_s : seconds since 1970 until which outcomes were seen; None: unknown.

    Raises
    ------
    InputError
        Where a parameter is out of range.
    """

    model: ResolutionModel
    shift: float = 0.0
    slope: float = 1.0
    known_until_s: float | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.shift) or not 0 < self.slope < np.inf:
            found = f"shift {self.shift!r}, slope {self.slope!r}"
            raise InputError([Defect(ARGUMENTS, None, "slope", found, "expected finite numbers, the slope above 0")])

    @classmethod
    def fit(
        cls,
        model: ResolutionModel,
        history: History | pd.DataFrame | str | Path,
        *,
        window_s: float = 14 * 86_400.0,
        now: datetime | None = None,
    ) -> Recalibrated:
        """Fit on the outcomes that became known in the last `window_s` seconds.

        Parameters
        ----------
        model : fitted on older tickets, not on these: else it looks better than it is.
        history : the history table, with ``assigned_at``, and ``closed_at`` where outcomes are known later.
        window_s : how far back, from `now`.
        now : default: when the newest outcome became known.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table; refuses a window without a ticket.
        """
        rows = as_history(history)
        rows.require_times("recent outcomes are those that became known last")
        end = float(rows.known_at.max()) if now is None else seconds_of(now)
        recent = rows.take((rows.known_at <= end) & (rows.known_at > end - window_s) & (rows.weight > 0))
        if not len(recent):
            found = f"no outcome in the last {window_s:g} s"
            raise InputError([Defect(ARGUMENTS, None, "window_s", found, "expected a longer window")])
        shift, slope = fit_line(probability_of(model, recent), recent.resolved, recent.weight)
        return cls(model, shift, slope, float(recent.known_at.max()))

    def probability(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32) -> Float64:
        """``(k,)`` moved probabilities; see `ResolutionModel`."""
        return self._moved(self.model.probability(epoch, ticket=ticket, expert=expert, topic=topic))

    def interval(
        self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32, coverage: float
    ) -> tuple[Float64, Float64]:
        """The ends of the model's intervals, moved in the same way; see `IntervalModel`.

        Raises
        ------
        InputError
            Where the model gives no intervals.
        """
        inner = getattr(self.model, "interval", None)
        if inner is None:
            name = type(self.model).__name__
            raise InputError([Defect(ARGUMENTS, None, "resolution", name, "expected a model with interval(…)")])
        lower, upper = inner(epoch, ticket=ticket, expert=expert, topic=topic, coverage=coverage)
        return self._moved(lower), self._moved(upper)

    def probability_of(self, history: History) -> Float64:
        """``(rows,)`` probabilities of the tickets of a history, each with the expert who had it."""
        return self._moved(probability_of(self.model, history))

    def lacking(self, epoch: Epoch) -> tuple[str, ...]:
        """The features that the model knows and an epoch does not have."""
        inner = getattr(self.model, "lacking", None)
        return () if inner is None else tuple(inner(epoch))

    def to_stored(self) -> Stored:
        """See `SavedModel`; the model is kept as well.

        Raises
        ------
        InputError
            Where the model is not one that can be saved.
        """
        if not isinstance(self.model, SavedModel):
            name = type(self.model).__name__
            raise InputError([Defect(ARGUMENTS, None, "model", name, "expected a model with save(…)")])
        model, arrays = inside("model", self.model.to_stored())
        header = {"model": model, "shift": self.shift, "slope": self.slope, "known_until_s": self.known_until_s}
        return Stored(self.kind(), self.VERSION, header, arrays)

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """See `SavedModel`."""
        from deskmatch.prediction.loading import SAVED_MODELS

        header = stored.header
        numbers = [header["shift"], header["slope"], header["known_until_s"] or 0.0]
        if any(type(number) not in (int, float) for number in numbers) or not np.isfinite(numbers).all():
            raise ValueError("its shift and slope are no numbers")
        return cls(
            model_inside("model", stored, header["model"], SAVED_MODELS),
            float(header["shift"]),
            float(header["slope"]),
            header["known_until_s"],
        )

    def __repr__(self) -> str:
        return f"Recalibrated({self.model!r}, log odds × {self.slope:.3g} {self.shift:+.3g})"

    def _moved(self, probability: Float64) -> Float64:
        return moved(probability, self.shift, self.slope)


def moved(probability: Float64, shift: float, slope: float) -> Float64:
    """Probabilities with their log odds moved along a line."""
    return np.asarray(expit(shift + slope * logit(np.clip(probability, LEAST, 1 - LEAST))))


def fit_line(probability: Float64, resolved: Float64, weight: Float64 | None = None) -> tuple[float, float]:
    """The shift and slope of log odds at which outcomes are likeliest, drawn towards 0 and 1.

    Parameters
    ----------
    probability, resolved : ``(rows,)`` predictions and outcomes.
    weight : ``(rows,)`` how much each counts; None: 1.
    """
    odds = logit(np.clip(probability, LEAST, 1 - LEAST))
    w = np.ones(len(odds)) if weight is None else weight
    x = np.column_stack((np.ones(len(odds)), odds))
    centre, precision = np.array([0.0, 1.0]), np.diag([SHIFT_SPREAD**-2, SLOPE_SPREAD**-2])
    line = centre.copy()
    for _ in range(STEPS):
        p = expit(x @ line)
        slope = x.T @ (w * (resolved - p)) - precision @ (line - centre)
        step = np.linalg.solve((x.T * (w * p * (1 - p))) @ x + precision, slope)
        line = line + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-10:
            break
    return float(line[0]), max(float(line[1]), 1e-3)
