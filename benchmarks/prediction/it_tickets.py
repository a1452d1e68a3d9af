"""Tickets of an IT desk: long, forwarded, partly German, with groups from 20 to 2,800 tickets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.prediction.data import folds, it_tickets
from benchmarks.prediction.page import Finding
from deskmatch.prediction.topics import EmbeddingClassifier, Inquiries, Settings, TfidfClassifier
from deskmatch.prediction.topics.calibration import calibration_error
from deskmatch.prediction.topics.scoring import macro_f1

METHODS: dict[str, tuple[Callable[..., Any], float]] = {
    "`TfidfClassifier`, balance 0.5": (TfidfClassifier.fit, 0.5),
    "`EmbeddingClassifier(words=True)`, balance 0.3": (partial(EmbeddingClassifier.fit, words=True), 0.3),
    "`EmbeddingClassifier(words=True)`, balance 0.5": (partial(EmbeddingClassifier.fit, words=True), 0.5),
}
AIM = "`EmbeddingClassifier(words=True)`, balance 0.5"


def measure(full: bool) -> Finding:
    """Accuracy and macro-F1 in 5 folds; quick: one fold, one method."""
    texts, groups, _ = it_tickets()
    topics = np.array(groups, object)
    names = np.unique(groups)
    plain = np.array([" ".join(text.casefold().split()) for text in texts], object)
    lines = ["## it_tickets: who handles which ticket of an IT desk", ""]
    lines += ["| method | accuracy | macro-F1 | calibration error | accuracy on texts not seen before |"]
    lines += ["|---|---:|---:|---:|---:|"]
    found = ""
    for name, (fit, balance) in METHODS.items() if full else [(AIM, METHODS[AIM])]:
        said, true, sure, fresh = [], [], [], []
        for learn, test in folds(groups)[: None if full else 1]:
            settings = Settings(later=0.1, balance=balance, keep=1.0)
            asked, labels = Inquiries([texts[row] for row in learn]), [groups[row] for row in learn]
            model = fit(asked, labels, settings=settings)
            probability = model.probability(Inquiries([texts[row] for row in test]))
            said.append(np.array(model.topics, object)[probability.argmax(axis=1)])
            sure.append(probability.max(axis=1))
            true.append(topics[test])
            fresh.append(~np.isin(plain[test], plain[learn]))
            f1 = macro_f1(np.searchsorted(names, true[-1]), np.searchsorted(names, said[-1]))
            print(f"  {name}: {np.mean(said[-1] == true[-1]):.4f} {f1:.4f}", flush=True)
        all_said, all_true, new = np.concatenate(said), np.concatenate(true), np.concatenate(fresh)
        right = all_said == all_true
        f1 = macro_f1(np.searchsorted(names, all_true), np.searchsorted(names, all_said))
        error = calibration_error(np.concatenate(sure), right)
        row = f"{right.mean():.3f} | {f1:.3f} | {error:.3f} | {right[new].mean():.3f} ({new.mean():.0%} of all)"
        lines.append(f"| {name} | {row} |")
        if name == AIM:
            found = f"{right.mean():.3f} / {f1:.3f}"
        print(lines[-1], flush=True)
    lines += [
        "",
        f"{len(texts):,} tickets of {len(names)} groups with at least 20. Many are copies that a monitor sent,",
        "so that the last column leaves out those whose words all stand in a ticket that was learnt from. `balance`",
        "trades most tickets right for rare groups found; 0.3 is the default.",
    ]
    return Finding(
        "it_tickets, groups with ≥ 20", "accuracy / macro-F1, 5 folds", "≥ 0.74 / ≥ 0.52", found, "0.722 / 0.455",
        "\n".join(lines),
    )  # fmt: skip
