"""`TrainingReport`: what a model was fitted on and how it did, kept inside its file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from deskmatch.prediction.history import History, shown_time

__all__ = ["TrainingReport"]

LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a model was fitted on.

    Parameters
    ----------
    tickets : rows of the history that count.
    unavoidable : rows left out because nobody could have prevented their transfer.
    experts, topics : how many occur.
    resolved : share of the tickets that was resolved at first contact, weighted.
    assigned_from_s, assigned_until_s, known_until_s : seconds since 1970 of the first and last assignment, and of the
        last outcome; None: the history has no times.
    features : the features that the model uses.
    scores : by name, on tickets that the fit had not seen.
    notes : what a reader should know, such as features that were left out.
    """

    tickets: int
    unavoidable: int
    experts: int
    topics: int
    resolved: float
    assigned_from_s: float | None = None
    assigned_until_s: float | None = None
    known_until_s: float | None = None
    features: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        history: History,
        *,
        features: tuple[str, ...] = (),
        scores: Mapping[str, float] | None = None,
        notes: tuple[str, ...] = (),
    ) -> TrainingReport:
        """The report of a fit on a history."""
        counted = history.take(history.weight > 0)
        times = {} if not len(counted) or np.isnan(counted.assigned_at).any() else _times(counted)
        return cls(
            tickets=len(counted),
            unavoidable=int(history.unavoidable.sum()),
            experts=len(np.unique(counted.expert)),
            topics=len(np.unique(counted.topic)),
            resolved=float(np.average(counted.resolved, weights=counted.weight)) if len(counted) else math.nan,
            features=features,
            scores=dict(scores or {}),
            notes=notes,
            **times,
        )

    @classmethod
    def from_header(cls, header: object) -> TrainingReport | None:
        """The report that `to_header` wrote.

        Raises
        ------
        ValueError
            Where it is none.
        """
        if header is None:
            return None
        if not isinstance(header, dict):
            raise ValueError("its report is none of ours")
        wanted: dict[str, tuple[type, ...]] = {
            **dict.fromkeys(("tickets", "unavoidable", "experts", "topics"), (int,)),
            "resolved": (float, int),
            **dict.fromkeys(("assigned_from_s", "assigned_until_s", "known_until_s"), (float, int, type(None))),
            "features": (list,),
            "scores": (dict,),
            "notes": (list,),
        }
        if set(header) != set(wanted):
            raise ValueError("its report is none of ours")
        for name, kinds in wanted.items():
            if type(header[name]) not in kinds:
                raise ValueError(f"the {name!r} of its report is a {type(header[name]).__name__}")
        texts = [*header["features"], *header["notes"]]
        scores = header["scores"]
        if any(type(text) is not str for text in texts) or any(type(v) not in (float, int) for v in scores.values()):
            raise ValueError("its report is none of ours")
        return cls(**{**header, "features": tuple(header["features"]), "notes": tuple(header["notes"])})

    @staticmethod
    def to_header(report: TrainingReport | None) -> dict[str, Any] | None:
        """A report as JSON can hold it."""
        if report is None:
            return None
        return {**asdict(report), "features": list(report.features), "notes": list(report.notes)}

    def __str__(self) -> str:
        lines = [
            f"{self.tickets:,} tickets, {self.experts} experts, {self.topics} topics; "
            f"{self.resolved:.1%} resolved at first contact"
        ]
        if self.unavoidable:
            lines.append(f"{self.unavoidable:,} unavoidable transfers left out")
        if self.assigned_from_s is not None and self.assigned_until_s is not None:
            span = f"assigned from {shown_time(self.assigned_from_s)} to {shown_time(self.assigned_until_s)}"
            known = "" if self.known_until_s is None else f", outcomes known until {shown_time(self.known_until_s)}"
            lines.append(span + known)
        if self.features:
            lines.append(f"features: {', '.join(self.features)}")
        lines += [f"{name}: {value:.4g}" for name, value in self.scores.items()]
        return "\n".join([*lines, *self.notes])


def _times(history: History) -> dict[str, float]:
    return {
        "assigned_from_s": float(history.assigned_at.min()),
        "assigned_until_s": float(history.assigned_at.max()),
        "known_until_s": float(history.known_at.max()),
    }
