"""Fine-grained intents: 77 kinds of question to a bank."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.prediction.data import banking77, folds
from benchmarks.prediction.page import Finding
from deskmatch.prediction.topics import (
    EmbeddingClassifier,
    FineTuning,
    Inquiries,
    Settings,
    TfidfClassifier,
    TransformerClassifier,
)

# No row has a time: a few, drawn at random, calibrate. Balanced topics need no weights.
SETTINGS = Settings(later=0.03, balance=0.0, keep=1.0)
AIM = "`TransformerClassifier`, not fine-tuned, blended"
TUNED = "`TransformerClassifier`, fine-tuned, blended"
TUNED_FOLDS = 2


def measure(full: bool) -> Finding:
    """Accuracy in 5 folds of the training part; quick: one fold, without the transformer."""
    texts, topics = banking77()
    right: dict[str, list[float]] = {}
    for number, (learn, test) in enumerate(folds(topics)[: None if full else 1]):
        for name, fit in methods(full, number).items():
            asked = Inquiries([texts[row] for row in learn])
            model = fit(asked, [topics[row] for row in learn], settings=SETTINGS)
            found = model.probability(Inquiries([texts[row] for row in test]))
            chosen = np.array(model.topics, object)[found.argmax(axis=1)]
            right.setdefault(name, []).append(float((chosen == np.array([topics[row] for row in test], object)).mean()))
            print(f"  {name}: {right[name][-1]:.4f}", flush=True)
    return found_in(right)


def methods(full: bool, fold: int) -> dict[str, Callable[..., Any]]:
    """What is measured in a fold, by the name in the table."""
    light: dict[str, Callable[..., Any]] = {
        "`TfidfClassifier`": TfidfClassifier.fit,
        "`EmbeddingClassifier`": EmbeddingClassifier.fit,
        "`EmbeddingClassifier(words=True)`": partial(EmbeddingClassifier.fit, words=True),
    }
    if not full:
        return light
    light[AIM] = partial(TransformerClassifier.fit, tuning=FineTuning(epochs=0))
    if fold < TUNED_FOLDS:
        light[TUNED] = partial(TransformerClassifier.fit, tuning=FineTuning(epochs=6, patience=0))
    return light


def found_in(right: dict[str, list[float]]) -> Finding:
    """The finding, from the accuracy of each method in each fold that was measured."""
    lines = ["## banking77: 77 kinds of question to a bank", ""]
    lines += ["| method | accuracy | in each fold |", "|---|---:|---|"]
    for name, parts in right.items():
        lines.append(f"| {name} | {np.mean(parts):.4f} | {', '.join(f'{part:.4f}' for part in parts)} |")
    lines += [
        "",
        "The transformer is MiniLM (6 layers). Fine-tuning, of the upper 3 layers in six passes over the tickets,",
        f"takes a multiple of the time, and was measured on the first {TUNED_FOLDS} folds.",
    ]
    best = right.get(AIM) or max(right.values(), key=np.mean)
    measure = f"accuracy, {'5 folds' if len(best) == 5 else f'{len(best)} of 5 folds'}"
    return Finding("banking77", measure, "≥ 0.93", f"{np.mean(best):.3f}", "0.904 TF-IDF", "\n".join(lines))
