"""How long a batch of 64 short texts takes, from text to probabilities."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from benchmarks.machine import spread
from benchmarks.prediction.data import banking77
from benchmarks.prediction.page import Finding
from deskmatch.prediction.topics import (
    EmbeddingClassifier,
    FineTuning,
    Inquiries,
    KeywordRules,
    Settings,
    TfidfClassifier,
    TopicClassifier,
    TransformerClassifier,
)
from deskmatch.prediction.topics.sentence_model import shared_model


def measure(full: bool) -> Finding:
    """Processor and wall-clock time of 64 texts on one thread."""
    texts, topics = banking77()
    asked, labels = _some(texts, topics, 2 if full else 10)
    settings = Settings(balance=0.0, refit=False)  # how it is fitted is not measured here
    keywords = [(topic, word, 1.0) for topic in sorted(set(topics)) for word in topic.casefold().split("_")]
    models: dict[str, TopicClassifier] = {
        "`KeywordRules`": KeywordRules(keywords),
        "`TfidfClassifier`": TfidfClassifier.fit(asked, labels, settings=settings),
        "`EmbeddingClassifier`": EmbeddingClassifier.fit(asked, labels, settings=settings),
        "`EmbeddingClassifier(words=True)`": EmbeddingClassifier.fit(asked, labels, words=True, settings=settings),
    }
    few, few_labels = _some(texts, topics, 4 if full else 20)
    if find_spec("torch"):
        for blend in (False, True):
            models[f"`TransformerClassifier(blend={blend})`"] = TransformerClassifier.fit(
                few, few_labels, tuning=FineTuning(epochs=0), blend=blend, settings=settings
            )
    order = np.random.default_rng(0).permutation(np.arange(1, len(texts), 2)).tolist()  # the file goes topic by topic
    batches = [Inquiries([texts[row] for row in order[start : start + 64]]) for start in range(0, len(order) - 63, 64)]
    lines = ["## 64 short texts, on one thread", ""]
    lines += ["| | processor time, ms | wall clock, ms |", "|---|---:|---:|"]
    medians, count = {}, 30 if full else 5
    asked_of = {name: model.probability for name, model in models.items()}
    asked_of["the sentence encoder's own package, alone"] = lambda batch: shared_model().package.encode(batch.text)
    for ask in asked_of.values():
        ask(batches[0])
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in asked_of}
    for batch in batches[:count]:  # in turn, so that the load is the same for all
        for name, ask in asked_of.items():
            taken[name].append(_timed(ask, batch))
    for name, times in taken.items():
        cpu, wall = ([pair[k] for pair in times] for k in (0, 1))
        medians[name] = sorted(cpu)[len(cpu) // 2] * 1e3
        lines.append(f"| {name} | {spread(cpu, 1e3, 1)} | {spread(wall, 1e3, 1)} |")
    lines += [
        "",
        f"Medians (quartiles) of {count} batches of questions to a bank, preparation and masking included; models of",
        f"{len(asked):,} other questions, of {len(few):,} for the transformers, which are MiniLM as it comes. Other",
        "programs ran on the same cores, which the wall clock shows more than processor time does.",
    ]
    light = max(value for name, value in medians.items() if name in models and "Transformer" not in name)
    heavy = max((value for name, value in medians.items() if "Transformer" in name), default=float("nan"))
    return Finding(
        "64 short texts", "processor time: rules, words, embeddings / transformer", "≤ 50 ms / ≤ 500 ms",
        f"{light:.0f} ms / {heavy:.0f} ms", "–", "\n".join(lines),
    )  # fmt: skip


def _some(texts: list[str], topics: list[str], step: int) -> tuple[Inquiries, list[str]]:
    """One question of so many, and its topic."""
    return Inquiries(texts[::step]), topics[::step]


def _timed(ask: Callable[[Inquiries], object], batch: Inquiries) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    ask(batch)
    return time.process_time() - cpu, time.perf_counter() - wall
