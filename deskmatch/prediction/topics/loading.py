"""`load_classifier`: the classifier of topics that a file holds, whichever of ours it is."""

from __future__ import annotations

from pathlib import Path

from deskmatch.prediction.model_file import load_any
from deskmatch.prediction.topics.cascade import Cascade
from deskmatch.prediction.topics.categories import CategoryRules
from deskmatch.prediction.topics.keywords import KeywordRules
from deskmatch.prediction.topics.text_classifier import TextClassifier

__all__ = ["CLASSIFIERS", "SavedClassifier", "load_classifier"]

SavedClassifier = TextClassifier | Cascade | CategoryRules | KeywordRules

CLASSIFIERS: dict[str, type[SavedClassifier]] = {
    model.kind(): model for model in (TextClassifier, Cascade, CategoryRules, KeywordRules)
}
"""By what their files are called inside."""


def load_classifier(path: str | Path) -> SavedClassifier:
    """Read a classifier that `save` wrote: one by text, rules, or a whole cascade.

    Nothing in the file is run, and nothing of it is believed before it is checked. `TextClassifier.load` and its like
    read one of a certain class.

    Raises
    ------
    InputError
        Where the file cannot be read or holds no such classifier.
    """
    return load_any(path, CLASSIFIERS, "a classifier")
