"""How long a batch of 64 short texts takes, from text to probabilities."""

from __future__ import annotations

import time
from importlib.util import find_spec

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


def measure(full: bool) -> Finding:
    """Processor and wall-clock time of 64 texts on one thread."""
    texts, topics = banking77()
    rows = [row for row in range(len(texts)) if row % (2 if full else 10) == 0]
    asked, labels = Inquiries([texts[row] for row in rows]), [topics[row] for row in rows]
    settings = Settings(balance=0.0)
    keywords = [(topic, word, 1.0) for topic in sorted(set(topics)) for word in topic.casefold().split("_")]
    models: dict[str, TopicClassifier] = {
        "`KeywordRules`": KeywordRules(keywords),
        "`TfidfClassifier`": TfidfClassifier.fit(asked, labels, settings=settings),
        "`EmbeddingClassifier`": EmbeddingClassifier.fit(asked, labels, settings=settings),
        "`EmbeddingClassifier(words=True)`": EmbeddingClassifier.fit(asked, labels, words=True, settings=settings),
    }
    if find_spec("torch"):
        for blend in (False, True):
            models[f"`TransformerClassifier(blend={blend})`"] = TransformerClassifier.fit(
                asked, labels, tuning=FineTuning(epochs=0), blend=blend, settings=settings
            )
    batches = [Inquiries(texts[start : start + 128 : 2]) for start in range(1, len(texts) - 128, 128)]
    lines = ["## 64 short texts, on one thread", ""]
    lines += ["| | processor time, ms | wall clock, ms |", "|---|---:|---:|"]
    medians, count = {}, 30 if full else 5
    for name, model in models.items():
        model.probability(batches[0])
        times = [_timed(model, batch) for batch in batches[:count]]
        cpu, wall = ([pair[k] for pair in times] for k in (0, 1))
        medians[name] = sorted(cpu)[len(cpu) // 2] * 1e3
        lines.append(f"| {name} | {spread(cpu, 1e3, 1)} | {spread(wall, 1e3, 1)} |")
    lines += [
        "",
        f"Medians (quartiles) of {count} batches of questions to a bank, preparation and masking included. Other",
        "programs ran on the same cores, which the wall clock shows more than processor time does.",
    ]
    light = max(value for name, value in medians.items() if "Transformer" not in name)
    heavy = max((value for name, value in medians.items() if "Transformer" in name), default=float("nan"))
    return Finding(
        "64 short texts", "processor time: rules, words, embeddings / transformer", "≤ 50 ms / ≤ 500 ms",
        f"{light:.0f} ms / {heavy:.0f} ms", "–", "\n".join(lines),
    )  # fmt: skip


def _timed(model: TopicClassifier, batch: Inquiries) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    model.probability(batch)
    return time.process_time() - cpu, time.perf_counter() - wall
