"""From a table of old tickets to a classifier: what ``deskmatch train topics`` does."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.topics.classifiers import EmbeddingClassifier, TfidfClassifier
from deskmatch.prediction.topics.finetuning import FineTuning
from deskmatch.prediction.topics.fitting import Settings
from deskmatch.prediction.topics.labels import LabelledTickets, labels_from_history
from deskmatch.prediction.topics.text_classifier import TextClassifier
from deskmatch.prediction.topics.transformer import TransformerClassifier

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Kind", "train_topics"]


class Kind(StrEnum):
    """Which classifier is trained."""

    TFIDF = "tfidf"
    EMBEDDING = "embedding"
    BLEND = "blend"
    TRANSFORMER = "transformer"


def train_topics(
    history: LabelledTickets | pd.DataFrame | str | Path,
    kind: Kind | str = Kind.BLEND,
    *,
    columns: dict[str, str] | None = None,
    least: int = 10,
    settings: Settings | None = None,
    model: str | Path | None = None,
    tuning: FineTuning | None = None,
) -> TextClassifier:
    """Train a classifier on a desk's own tickets.

    Parameters
    ----------
    history : see `labels_from_history`, or what that gave.
    kind : ``"tfidf"`` (words and characters), ``"embedding"`` (meaning, in sixteen languages whatever the history's),
        ``"blend"`` (both), or ``"transformer"`` (fine-tuned, blended with both; slow to train, the best in English).
    columns, least : see `labels_from_history`; of labelled tickets they are not asked for.
    settings : see `Settings`.
    model, tuning : of a transformer, see `TransformerClassifier.fit`.

    Returns
    -------
    The classifier; ``print(classifier.report)`` says how good it is.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table, or says why nothing can be learnt from it.
    MissingExtraError
        Names the extra that is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({
    ...     "text": [f"{start} {word}" for start in ("my", "the", "a wrong", "which") for word in ("invoice", "rank")],
    ...     "topic": ["billing", "seo"] * 4,
    ... })
    >>> train_topics(log, "tfidf", least=2)
    TfidfClassifier(2 topics, 8 tickets)
    """
    if kind not in set(Kind):
        accepted = f"expected one of {', '.join(Kind)}"
        raise InputError([Defect(ARGUMENTS, None, "kind", repr(kind), accepted)])
    labelled = history
    if not isinstance(labelled, LabelledTickets):
        labelled = labels_from_history(labelled, columns=columns, least=least)
    asked, topics, at, counts = labelled.inquiries, labelled.topics, labelled.at, labelled.counts
    if kind == Kind.TFIDF:
        return TfidfClassifier.fit(asked, topics, at=at, settings=settings, counts=counts)
    if kind == Kind.TRANSFORMER:
        return TransformerClassifier.fit(
            asked, topics, at=at, settings=settings, counts=counts, model=model, tuning=tuning
        )
    words = kind == Kind.BLEND
    return EmbeddingClassifier.fit(asked, topics, at=at, words=words, settings=settings, counts=counts)
