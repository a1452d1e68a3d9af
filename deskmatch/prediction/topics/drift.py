"""`drift_report`: whether the tickets that come now are still those that a classifier was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deskmatch.epochs.cells import fold
from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.text_classifier import TextClassifier

__all__ = ["DriftReport", "drift_report"]

FEWEST = 100
"""Tickets below which nothing is said to have moved."""
STABILITY = 0.2
"""Of the population stability index: what is above is customarily called a shift."""
FALL = 0.05
NEW_WORD = 0.02


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Recent tickets beside those that a classifier was trained on.

    Parameters
    ----------
    tickets : how many recent ones.
    topic_mix : the population stability index Σ (now − then) ln(now / then) of the expected shares of topics, out of
        scope among them, beyond what as many tickets show by chance; below 0.1 is calm, above 0.2 a shift.
    topics_moved : the topics whose share moved most, with the share then and now.
    vocabulary : the share of words, of those common in training, that the recent tickets use as often as then: 1 less
        half the summed differences, relative to their sum then.
    new_words : words of at least one in fifty recent tickets that were not common in training, with their share.
    confidence, confidence_then : mean probability of the likeliest topic, now and when trained.
    rejected : the share that is now out of scope.
    accuracy, accuracy_then : where labels came in: the share that was right, now and when trained; else None.
    labelled : how many recent tickets have a label.
    alarms : what moved so far that the classifier should be trained again, in words.
    """

    tickets: int
    topic_mix: float
    topics_moved: tuple[tuple[str, float, float], ...]
    vocabulary: float
    new_words: tuple[tuple[str, float], ...]
    confidence: float
    confidence_then: float
    rejected: float
    accuracy: float | None
    accuracy_then: float | None
    labelled: int
    alarms: tuple[str, ...]

    def __str__(self) -> str:
        right = "no labels yet"
        if self.accuracy is not None:
            right = f"right {self.accuracy:.1%} of {self.labelled:,} (when trained {self.accuracy_then or 0:.1%})"
        moved = ", ".join(f"{name} {then:.1%} → {now:.1%}" for name, then, now in self.topics_moved)
        lines = [
            f"{self.tickets:,} recent tickets",
            f"  topics: stability index {self.topic_mix:.3f}; {moved}",
            f"  words: {self.vocabulary:.1%} as then; new: {', '.join(word for word, _ in self.new_words) or 'none'}",
            f"  confidence: {self.confidence:.3f} (when trained {self.confidence_then:.3f})",
            f"  out of scope: {self.rejected:.1%}",
            f"  answers: {right}",
        ]
        return "\n".join([*lines, *(f"! {alarm}" for alarm in self.alarms)])


def drift_report(model: TextClassifier, recent: Inquiries, topics: Sequence[str | None] | None = None) -> DriftReport:
    """Compare recent tickets with those that a classifier was trained on.

    Parameters
    ----------
    model : the classifier; its report keeps what is compared with. Of a cascade: one of its steps.
    recent : tickets that came since.
    topics : what they turned out to be about, None where nobody knows yet; or None altogether.

    Raises
    ------
    InputError
        Where the model has no report, there are no tickets, or not one entry of `topics` for each.
    """
    if not isinstance(model, TextClassifier):
        accepted = "expected a classifier by text, which keeps a report; of a cascade one of its steps"
        raise InputError([Defect(ARGUMENTS, None, "model", type(model).__name__, accepted)])
    if not len(recent) or (topics is not None and len(topics) != len(recent)):
        found = f"{len(recent)} tickets" + ("" if topics is None else f", {len(topics)} topics")
        raise InputError([Defect("recent", None, None, found, "expected tickets, with one topic each or none at all")])
    raw = model.raw_probability(recent)
    confidence = raw.max(axis=1)
    rejected = confidence < max(model.reject_below, 1e-12)
    mix, moved = _topic_mix(model, raw)
    vocabulary, new = _vocabulary(model, recent)
    accuracy, labelled = _accuracy(model, raw, topics)
    then = model.report.scores.get("accuracy")
    report = DriftReport(
        tickets=len(recent),
        topic_mix=mix,
        topics_moved=moved,
        vocabulary=vocabulary,
        new_words=new,
        confidence=float(confidence.mean()),
        confidence_then=model.report.confidence,
        rejected=float(rejected.mean()),
        accuracy=accuracy,
        accuracy_then=None if accuracy is None else then,
        labelled=labelled,
        alarms=(),
    )
    return _with_alarms(report, 1.0 - model.report.scores.get("in_scope_kept", 1.0))


def _topic_mix(
    model: TextClassifier, raw: np.ndarray[tuple[int, int], np.dtype[np.float64]]
) -> tuple[float, tuple[tuple[str, float, float], ...]]:
    then = np.array([model.report.topic_share.get(name, 0.0) for name in model.topics])
    now = raw.mean(axis=0)
    both = [np.append(part, max(0.0, 1 - part.sum())) + 1e-4 for part in (then, now)]
    shares = [part / part.sum() for part in both]
    index = float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
    chance = (len(model.topics) - 1) * (1 / len(raw) + 1 / max(1, model.report.tickets))  # its mean without a shift
    order = np.argsort(-np.abs(now - then))[:5]
    moved = tuple((model.topics[k], float(then[k]), float(now[k])) for k in order.tolist())
    return max(0.0, index - chance), moved


def _vocabulary(model: TextClassifier, recent: Inquiries) -> tuple[float, tuple[tuple[str, float], ...]]:
    texts = [set(text.casefold().split()) for text in model.preparation(recent.text)]
    counts: dict[str, int] = {}
    for words in texts:
        for word in words:
            if word.isalpha() and len(word) > 1:
                counts[word] = counts.get(word, 0) + 1
    then = model.report.words
    now = {word: n / len(texts) for word, n in counts.items()}
    total = sum(then.values())
    lost = sum(abs(now.get(word, 0.0) - share) for word, share in then.items()) / 2
    new = [(word, share) for word, share in now.items() if word not in then and share >= NEW_WORD]
    least = min(then.values(), default=0.0)  # a word that was just too rare to be kept is not new
    new = sorted((pair for pair in new if pair[1] > 2 * least), key=lambda pair: (-pair[1], pair[0]))
    return (1.0 - lost / total if total else 1.0), tuple(new[:10])


def _accuracy(
    model: TextClassifier,
    raw: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    topics: Sequence[str | None] | None,
) -> tuple[float | None, int]:
    rows = [row for row, topic in enumerate(topics or ()) if topic is not None]
    if not rows or topics is None:
        return None, 0
    likeliest = raw.argmax(axis=1)
    right = [fold(topics[row] or "") == fold(model.topics[likeliest[row]]) for row in rows]
    return float(np.mean(right)), len(rows)


def _with_alarms(report: DriftReport, lost_then: float) -> DriftReport:
    alarms = []
    if report.tickets >= FEWEST:
        margin = 2 * np.sqrt(0.25 / report.tickets)
        if report.topic_mix > STABILITY:
            alarms.append(f"the mix of topics has shifted (stability index {report.topic_mix:.2f})")
        if report.confidence < report.confidence_then - FALL - margin / 2:
            alarms.append(f"it is less sure than it was ({report.confidence:.2f} after {report.confidence_then:.2f})")
        chance = np.sqrt(max(lost_then, 0.01) * (1 - lost_then) / report.tickets)
        if report.rejected > lost_then + 0.01 + 3 * chance:
            alarms.append(f"{report.rejected:.1%} are out of scope: a new topic may have come up")
    then = report.accuracy_then if report.labelled >= FEWEST else None
    if report.accuracy is not None and then is not None and report.accuracy < then - FALL - 0.5 / report.labelled**0.5:
        alarms.append(f"right less often than it was ({report.accuracy:.1%} after {then:.1%})")
    return replace(report, alarms=tuple(alarms))
