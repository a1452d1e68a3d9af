"""Fine-grained intents: 77 kinds of question to a bank."""

from __future__ import annotations

from collections.abc import Callable
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


def measure(full: bool) -> Finding:
    """Accuracy in 5 folds of the training part; quick: one fold, without the transformer."""
    texts, topics = banking77()
    methods: dict[str, Callable[..., Any]] = {
        "`TfidfClassifier`": TfidfClassifier.fit,
        "`EmbeddingClassifier`": EmbeddingClassifier.fit,
        "`EmbeddingClassifier(words=True)`": lambda *a, **k: EmbeddingClassifier.fit(*a, words=True, **k),
    }
    if full:
        methods["`TransformerClassifier`, fine-tuned, blended"] = lambda *a, **k: TransformerClassifier.fit(
            *a, tuning=FineTuning(epochs=6, patience=0), **k
        )
    right: dict[str, list[float]] = {name: [] for name in methods}
    for learn, test in folds(topics)[: None if full else 1]:
        for name, fit in methods.items():
            asked = Inquiries([texts[row] for row in learn])
            model = fit(asked, [topics[row] for row in learn], settings=SETTINGS)
            found = model.probability(Inquiries([texts[row] for row in test]))
            chosen = np.array(model.topics, object)[found.argmax(axis=1)]
            right[name].append(float((chosen == np.array([topics[row] for row in test], object)).mean()))
            print(f"  {name}: {right[name][-1]:.4f}", flush=True)
    return found_in(right)


def found_in(right: dict[str, list[float]]) -> Finding:
    """The finding, from the accuracy of each method in each fold that was measured."""
    lines = ["## banking77: 77 kinds of question to a bank", ""]
    lines += ["| method | accuracy | folds measured | lowest to highest |", "|---|---:|---:|---:|"]
    for name, parts in right.items():
        lines.append(f"| {name} | {np.mean(parts):.4f} | {len(parts)} of 5 | {min(parts):.4f}–{max(parts):.4f} |")
    lines += [
        "",
        "The transformer is MiniLM (6 layers, the upper 3 fine-tuned), six passes over the tickets of each fold.",
    ]
    best, count = max((float(np.mean(parts)), len(parts)) for parts in right.values())
    measure = "accuracy, 5 folds" if count == 5 else f"accuracy, {count} of 5 folds"
    return Finding("banking77", measure, "≥ 0.93", f"{best:.3f}", "0.904 TF-IDF", "\n".join(lines))
