"""The method of every fit: an earlier part of the history teaches, a later one calibrates and measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.topics.calibration import calibrate, calibration_error, sure_threshold
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.preparing import Preparation
from deskmatch.prediction.topics.scoring import macro_f1
from deskmatch.prediction.topics.text_classifier import Member, TextClassifier, scores_of
from deskmatch.prediction.topics.topic_report import TopicReport

__all__ = ["Lesson", "Settings", "Teacher", "fit_classifier"]

Classifier = TypeVar("Classifier", bound=TextClassifier)
Int64 = NDArray[np.int64]

FEWEST = 2
"""Tickets of a topic: one to learn from and one to measure on."""
FEWEST_REST = 5
"""Tickets without a topic of the desk from which on what belongs to no topic is learnt as well."""
MOST_WORDS = 400


@dataclass(frozen=True, slots=True)
class Settings:
    """How a classifier is fitted.

    Parameters
    ----------
    later : the share of the history, its latest part, on which probabilities are calibrated and thresholds set.
    precision : how often the likeliest topic is to be right where the classifier is called sure.
    keep : the share of tickets of known topics that out-of-scope rejection may not lose; 1: nothing is rejected.
    balance : 0 counts tickets, so that most are right; 1 counts topics alike, so that rare ones are found.
    refit : whether, once calibrated, the final heads learn from the later part as well.
    seed : of everything that is random.
    preparation : what is done with a text first.
    """

    later: float = 0.2
    precision: float = 0.9
    keep: float = 0.98
    balance: float = 0.3
    refit: bool = True
    seed: int = 0
    preparation: Preparation = field(default_factory=Preparation)

    def __post_init__(self) -> None:
        ranges = {"later": (0.01, 0.9), "precision": (0.0, 1.0), "keep": (0.5, 1.0), "balance": (0.0, 1.0)}
        defects = [
            Defect(ARGUMENTS, None, name, repr(getattr(self, name)), f"expected a number from {low} to {high}")
            for name, (low, high) in ranges.items()
            if not low <= getattr(self, name) <= high
        ]
        if defects:
            raise InputError(defects)


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a teacher learns from.

    Parameters
    ----------
    texts : prepared.
    column : ``(texts,)`` the true column of each.
    columns : how many there are; each occurs.
    """

    texts: Sequence[str]
    column: Int64
    columns: int


Teacher = Callable[[Lesson], Member]
"""From a lesson to an encoder with its head."""


def fit_classifier(
    made: type[Classifier],
    teachers: Sequence[Teacher],
    inquiries: Inquiries,
    topics: Sequence[str | None],
    *,
    at: ArrayLike | None,
    settings: Settings,
    counts: Mapping[str, int] | None = None,
) -> Classifier:
    """Fit a classifier of the class `made`.

    Parameters
    ----------
    made : `TextClassifier` or a class derived from it.
    teachers : one for each member.
    inquiries : tickets of the past.
    topics : their true topics; None: none of the desk's, an example of what is out of scope.
    at : ``(tickets,)`` when each came; None: not known, and the later part is drawn at random, topic by topic.
    settings : how.
    counts : what was left out before, for the report.

    Raises
    ------
    InputError
        Where lengths differ, or nothing can be learnt: no text, one topic, a topic with one ticket.
    """
    rows, names, counted = _usable(inquiries, topics, settings)
    texts = settings.preparation([inquiries.text[row] for row in rows])
    has_rest = sum(topics[row] is None for row in rows) >= FEWEST_REST
    columns = {name: column for column, name in enumerate(names)}
    column = np.array([columns.get(topics[row] or "", len(names)) for row in rows], np.int64)
    if not has_rest:
        texts = [text for text, c in zip(texts, column.tolist(), strict=True) if c < len(names)]
        rows, column = rows[column < len(names)], column[column < len(names)]
    moments = None if at is None else _moments(at, len(inquiries))[rows]
    early, later, by_time = _split(column, moments, settings)
    width = len(names) + has_rest
    members = tuple(teach(_lesson(texts, column, early, width)) for teach in teachers)
    scores = scores_of(members, [texts[row] for row in later])
    calibration = calibrate(scores, column[later])
    found = calibration.probability(scores)[:, : len(names)]
    reject_below, sure_from = _thresholds(found, column[later], settings)
    report = TopicReport(
        kind=made.__name__,
        tickets=len(rows),
        measured_on=len(later),
        by_time=by_time,
        topic_share={name: float(np.mean(column == k)) for k, name in enumerate(names)},
        scores=_scores(found, column[later], reject_below, sure_from),
        counts={**(counts or {}), **counted},
        words=_common_words(texts),
        confidence=float(found.max(axis=1, initial=0.0).mean()),
        notes=_notes(column[early], names, sure_from, settings),
    )
    if settings.refit:
        members = tuple(teach(_lesson(texts, column, np.arange(len(rows)), width)) for teach in teachers)
    return made(
        topics=names,
        members=members,
        calibration=calibration,
        preparation=settings.preparation,
        report=report,
        reject_below=reject_below,
        sure_from=sure_from,
        has_rest=has_rest,
    )


def _usable(
    inquiries: Inquiries, topics: Sequence[str | None], settings: Settings
) -> tuple[Int64, tuple[str, ...], dict[str, int]]:
    """The rows with a text, the topics in order, and what was left out; refuse what teaches nothing."""
    table = "history"
    if len(inquiries) != len(topics):
        accepted = f"expected {len(inquiries)}, one for each text"
        raise InputError([Defect(table, None, "topic", f"{len(topics)} entries", accepted)])
    rows = np.array([row for row, text in enumerate(inquiries.text) if any(map(str.isalnum, text))], np.int64)
    counts = Counter(topic for row in rows.tolist() if (topic := topics[row]) is not None)
    defects = []
    if not len(rows):
        found = f"{len(inquiries)} texts without a letter or digit" if len(inquiries) else "no rows"
        defects.append(Defect(table, None, "text", found, "expected tickets with a text"))
    elif len(counts) < 2:
        found = f"one topic, {next(iter(counts))!r}" if counts else "no topic"
        defects.append(Defect(table, None, "topic", found, "expected at least two topics to tell apart"))
    defects += [
        Defect(
            table, None, "topic", repr(name), f"expected at least {FEWEST} tickets with a text of each topic, found {n}"
        )
        for name, n in sorted(counts.items())
        if n < FEWEST
    ]
    if defects:
        raise InputError(defects)
    return rows, tuple(sorted(counts)), {"without a text": len(inquiries) - len(rows)}


def _moments(at: ArrayLike, n: int) -> NDArray[np.float64]:
    moments = np.asarray(at, np.float64)
    if moments.shape != (n,) or np.isnan(moments).any():
        accepted = f"expected {n} times, one for each text, none missing"
        raise InputError([Defect("history", None, "at", f"shape {moments.shape}", accepted)])
    return moments


def _split(column: Int64, moments: NDArray[np.float64] | None, settings: Settings) -> tuple[Int64, Int64, bool]:
    """The rows to learn from and those to measure on. The first of each topic is always learnt from."""
    rng = np.random.default_rng(settings.seed)
    n = len(column)
    by_time = moments is not None and len(np.unique(moments)) > 1
    order = np.argsort(moments, kind="stable") if by_time and moments is not None else rng.permutation(n)
    is_later = np.zeros(n, bool)
    if by_time:
        is_later[order[n - max(1, round(settings.later * n)) :]] = True
    else:
        for k in np.unique(column):
            own = order[column[order] == k]
            is_later[own[: round(settings.later * len(own))]] = True
        is_later[order[:1]] |= not is_later.any()
    for k in np.unique(column):
        own = order[column[order] == k]
        if is_later[own].all():
            is_later[own[0]] = False
    if not is_later.any():  # each topic has its only row in the later part
        is_later[order[-1]] = True
        if (column[~is_later] == column[order[-1]]).sum() == 0:
            is_later[order[-1]] = False
    return np.flatnonzero(~is_later), np.flatnonzero(is_later), by_time


def _lesson(texts: Sequence[str], column: Int64, rows: Int64, columns: int) -> Lesson:
    return Lesson([texts[row] for row in rows.tolist()], column[rows], columns)


def _thresholds(found: NDArray[np.float64], column: Int64, settings: Settings) -> tuple[float, float | None]:
    """Below which probability a text is out of scope, and from which on the classifier is sure."""
    inside = column < found.shape[1]
    confidence, likeliest = found.max(axis=1), found.argmax(axis=1)
    kept = np.sort(confidence[inside])
    lose = int(np.floor((1.0 - settings.keep) * len(kept)))
    reject = float(kept[lose]) if lose > 0 else 0.0
    sure = sure_threshold(confidence, likeliest == column, settings.precision)
    return reject, None if sure is None else max(sure, reject)


def _scores(found: NDArray[np.float64], column: Int64, reject: float, sure: float | None) -> dict[str, float]:
    inside = column < found.shape[1]
    confidence, likeliest = found.max(axis=1), found.argmax(axis=1)
    right = likeliest == column
    scores = {}
    if inside.any():
        own = np.maximum(found[inside, column[inside]], 1e-9)
        scores = {
            "accuracy": float(right[inside].mean()),
            "macro_f1": macro_f1(column[inside], likeliest[inside]),
            "log_loss": float(-np.log(own).mean()),
            "calibration_error": calibration_error(confidence[inside], right[inside]),
            "in_scope_kept": float((confidence[inside] >= reject).mean()),
        }
    if (~inside).any():
        scores["out_of_scope_recall"] = float((confidence[~inside] < reject).mean())
    chosen = confidence >= (2.0 if sure is None else sure)
    scores["sure_share"] = float(chosen.mean())
    if chosen.any():
        scores["sure_precision"] = float(right[chosen].mean())
    return scores


def _common_words(texts: Sequence[str]) -> dict[str, float]:
    """The share of texts that have each of the commonest words, of at least two letters."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({word for word in text.casefold().split() if word.isalpha() and len(word) > 1})
    return {word: n / len(texts) for word, n in counts.most_common(MOST_WORDS) if n > 1}


def _notes(early: Int64, names: tuple[str, ...], sure: float | None, settings: Settings) -> tuple[str, ...]:
    thin = [name for name, n in zip(names, np.bincount(early, minlength=len(names)), strict=False) if n < 10]
    notes = []
    if thin:
        shown = ", ".join(thin[:10]) + (" and others" if len(thin) > 10 else "")
        notes.append(f"fewer than 10 tickets were learnt from for: {shown}")
    if sure is None:
        notes.append(
            f"nowhere is it right for {settings.precision:.0%} of enough later tickets: it is never called sure"
        )
    return tuple(notes)
