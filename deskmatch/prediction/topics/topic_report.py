"""`TopicReport`: what a classifier was trained on and how it did on later tickets, kept inside its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

__all__ = ["TopicReport"]

SHOWN = (
    ("accuracy", "likeliest topic right"),
    ("macro_f1", "macro-F1"),
    ("log_loss", "log loss"),
    ("calibration_error", "calibration error (10 bins)"),
    ("in_scope_kept", "kept as one of the topics"),
    ("out_of_scope_recall", "out of scope found"),
    ("sure_share", "sure"),
    ("sure_precision", "right where sure"),
)


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What a classifier was trained on.

    Parameters
    ----------
    kind : the class of the classifier.
    tickets : how many it was trained on.
    measured_on : how many later (or, without times, random) tickets its scores and its calibration come from.
    by_time : whether those were later ones.
    topic_share : the share of each topic.
    scores : by name, on tickets that the fit had not seen.
    counts : what labels and texts were left out or merged, by reason.
    words : the commonest words of the texts, masked, with the share of texts that have them: to see drift.
    confidence : mean probability of the likeliest topic on the tickets that the scores come from.
    notes : what a reader should know.
    """

    kind: str
    tickets: int
    measured_on: int
    by_time: bool
    topic_share: Mapping[str, float]
    scores: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.0
    notes: tuple[str, ...] = ()

    def to_header(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**asdict(self), "notes": list(self.notes)}

    @classmethod
    def from_header(cls, header: object) -> TopicReport:
        """What `to_header` wrote; ValueError where it is none."""
        kinds: dict[str, tuple[type, ...]] = {
            "kind": (str,),
            "tickets": (int,),
            "measured_on": (int,),
            "by_time": (bool,),
            "confidence": (int, float),
            "notes": (list,),
            **dict.fromkeys(("topic_share", "scores", "counts", "words"), (dict,)),
        }
        if not isinstance(header, dict) or set(header) != {part.name for part in fields(cls)}:
            raise ValueError("its report is none of ours")
        if any(type(header[name]) not in allowed for name, allowed in kinds.items()):
            raise ValueError("its report is none of ours")
        shares = [header[name] for name in ("topic_share", "scores", "counts", "words")]
        if any(type(value) not in (int, float) for part in shares for value in part.values()):
            raise ValueError("its report is none of ours")
        if any(type(note) is not str for note in header["notes"]):
            raise ValueError("its report is none of ours")
        return cls(**{**header, "notes": tuple(header["notes"])})

    def __str__(self) -> str:
        unseen = "later tickets" if self.by_time else "tickets drawn at random (the history has no times)"
        lines = [
            f"{self.kind}: {self.tickets:,} tickets, {len(self.topic_share)} topics",
            *(f"{reason}: {count:,}" for reason, count in self.counts.items() if count),
            f"on {self.measured_on:,} {unseen}:",
        ]
        lines += [f"  {said}: {self.scores[name]:.3f}" for name, said in SHOWN if name in self.scores]
        return "\n".join([*lines, *self.notes])
