"""Trained in English, asked in eleven other languages."""

from __future__ import annotations

import numpy as np

from benchmarks.prediction.data import xsid
from benchmarks.prediction.page import Finding
from deskmatch.prediction.topics import (
    EmbeddingClassifier,
    Inquiries,
    Settings,
    TextClassifier,
    TfidfClassifier,
    detect_languages,
)

AIM = ("de", "it", "nl", "tr", "zh", "ar", "ja")
BEYOND = ("da", "id", "kk", "sr")
"""Languages that the sentence encoder was not trained in."""


def measure(full: bool) -> Finding:
    """Accuracy in each language, folds disjoint by sentence; quick: one fold."""
    languages = ("en", *AIM, *BEYOND)
    data = {language: xsid(language) for language in languages}
    texts, topics, _ = data["en"]
    fold = np.random.default_rng(0).permutation(len(texts)) % 5
    settings = Settings(balance=0.0, keep=1.0)
    right: dict[str, dict[str, list[bool]]] = {"meaning": {}, "words": {}}
    for k in range(5 if full else 1):
        rows = np.flatnonzero(fold != k).tolist()
        counts = {topic: sum(topics[row] == topic for row in rows) for topic in topics}
        rows = [row for row in rows if counts[topics[row]] >= 2]
        asked, labels = Inquiries([texts[row] for row in rows]), [topics[row] for row in rows]
        models: dict[str, TextClassifier] = {
            "meaning": EmbeddingClassifier.fit(asked, labels, settings=settings),
            "words": TfidfClassifier.fit(asked, labels, settings=settings),
        }
        for language, (own, true, numbers) in data.items():
            test = [row for row, number in enumerate(numbers) if fold[number - 1] == k]
            for name, model in models.items():
                found = model.probability(Inquiries([own[row] for row in test])).argmax(axis=1)
                hits = [model.topics[c] == true[row] for c, row in zip(found, test, strict=True)]
                right[name].setdefault(language, []).extend(hits)
    told = {own: np.mean([code == own for code in detect_languages(data[own][0])]) for own in languages}
    lines = ["## xSID: trained in English, asked in other languages", ""]
    lines += [f"| | {' | '.join(languages)} |", "|---|" + "---:|" * len(languages)]
    for name, kind in (("meaning", "`EmbeddingClassifier`"), ("words", "`TfidfClassifier`")):
        lines.append(f"| {kind} | " + " | ".join(f"{np.mean(right[name][own]):.2f}" for own in languages) + " |")
    lines.append("| language detected | " + " | ".join(f"{told[own]:.2f}" for own in languages) + " |")
    mean = {name: float(np.mean([np.mean(right[name][own]) for own in AIM])) for name in right}
    lines += [
        "",
        "About 240 English sentences of 15 intents teach; five folds, disjoint by sentence. The encoder was not made",
        "for the last four languages. The last row is the share of sentences, a dozen words at most, whose language is",
        "detected among all 97.",
    ]
    return Finding(
        "xsid_valid, trained on English", f"mean accuracy over {' '.join(AIM)}", "≥ 0.85", f"{mean['meaning']:.3f}",
        f"{mean['words']:.2f} `TfidfClassifier`", "\n".join(lines),
    )  # fmt: skip
