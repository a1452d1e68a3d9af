"""150 intents in ten domains, and questions that belong to none of them."""

from __future__ import annotations

import numpy as np

from benchmarks.prediction.data import clinc150
from benchmarks.prediction.page import Finding
from deskmatch.prediction.topics import (
    EmbeddingClassifier,
    FineTuning,
    Inquiries,
    Settings,
    TextClassifier,
    TfidfClassifier,
    TransformerClassifier,
)

SETTINGS = Settings(later=0.1, balance=0.0, keep=0.95, refit=False)
KEEP = 0.95


def measure(full: bool) -> Finding:
    """In-scope accuracy, and out-of-scope recall where 95 % of in-scope questions are kept; quick: a third, tf-idf."""
    parts = clinc150()
    texts, topics = parts["train"]
    step = 1 if full else 3
    asked = Inquiries(texts[::step])
    models: dict[str, TextClassifier] = {
        "`TfidfClassifier`": TfidfClassifier.fit(asked, topics[::step], settings=SETTINGS)
    }
    if full:
        models["`EmbeddingClassifier`"] = EmbeddingClassifier.fit(asked, topics, settings=SETTINGS)
        models["`EmbeddingClassifier(words=True)`"] = EmbeddingClassifier.fit(
            asked, topics, words=True, settings=SETTINGS
        )
        models["`TransformerClassifier`, not fine-tuned, blended"] = TransformerClassifier.fit(
            asked, topics, tuning=FineTuning(epochs=0), settings=SETTINGS
        )
    lines = ["## clinc150: 150 intents, and what is none of them", ""]
    lines += ["| method | in-scope accuracy | in-scope kept | out-of-scope recall | accuracy of what is kept |"]
    lines += ["|---|---:|---:|---:|---:|"]
    for name, model in models.items():
        accuracy, kept, recall, sure = figures(model, parts)
        lines.append(f"| {name} | {accuracy:.3f} | {kept:.3f} | {recall:.3f} | {sure:.3f} |")
    lines += [
        "",
        "Trained on nine tenths of the training part, without any out-of-scope question; measured on the validation",
        "part (3,000 in scope) and 100 questions out of scope. The threshold is set, five times, on four fifths of the",
        "validation questions in scope and measured on the last fifth. The classifier's own threshold, for",
        f"keep={KEEP}, set on the last tenth of the training part, keeps {own_share(model, parts):.3f} of the",
        "validation questions: they are less like the training questions than these are like each other.",
    ]
    found = f"{accuracy:.3f} / {recall:.2f}"
    measured = "in-scope accuracy / out-of-scope recall at 95 % in-scope kept"
    return Finding("clinc150 validation", measured, "≥ 0.95 / ≥ 0.60", found, "–", "\n".join(lines))


def figures(model: TextClassifier, parts: dict[str, tuple[list[str], list[str]]]) -> tuple[float, float, float, float]:
    """In-scope accuracy and share kept, out-of-scope recall, and accuracy of what is kept."""
    texts, topics = parts["val"]
    inside = model.raw_probability(Inquiries(texts))
    outside = model.raw_probability(Inquiries(parts["oos_val"][0])).max(axis=1)
    right = np.array(model.topics, object)[inside.argmax(axis=1)] == np.array(topics, object)
    confidence = inside.max(axis=1)
    fifth = np.random.default_rng(0).permutation(len(texts)) % 5
    kept, recalls = np.zeros(len(texts), bool), []
    for k in range(5):
        threshold = np.quantile(confidence[fifth != k], 1 - KEEP)
        kept[fifth == k] = confidence[fifth == k] >= threshold
        recalls.append(float((outside < threshold).mean()))
    return float(right.mean()), float(kept.mean()), float(np.mean(recalls)), float(right[kept].mean())


def own_share(model: TextClassifier, parts: dict[str, tuple[list[str], list[str]]]) -> float:
    """The share of validation questions in scope that the classifier's own threshold keeps."""
    return float((model.probability(Inquiries(parts["val"][0])).max(axis=1) > 0).mean())
