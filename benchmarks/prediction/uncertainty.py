"""Counting on all topics beside routing by the likeliest one: real texts, true labels, given experts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.prediction.data import banking77, folds, it_tickets
from benchmarks.prediction.page import Finding
from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
from deskmatch.formulations import Formulation
from deskmatch.formulations.terms import Resolution
from deskmatch.prediction.topics import Inquiries, Settings, TextClassifier, TfidfClassifier, with_topics
from deskmatch.solver import solve

EXPERTS, WAITING = 30, 30
SETTINGS = Settings(later=0.1, balance=0.0, keep=1.0)


def measure(full: bool) -> Finding:
    """Share resolved when a ticket is known by all topics, by the likeliest, and by the true one."""
    lines = ["## Uncertainty is used, not thrown away", ""]
    lines += [
        "| texts | accuracy | likeliest topic | all topics | true topic known | gain, 95 % interval | of what is lost |"
    ]
    lines += ["|---|---:|---:|---:|---:|---:|---:|"]
    found = ""
    for name, few in (("it_tickets", 1), ("banking77", 1), ("banking77, learnt from a tenth", 10)):
        texts, topics = banking77() if name.startswith("banking") else it_tickets()[:2]
        learn, test = folds(topics)[0]
        learn = np.concatenate([learn[np.array(topics, object)[learn] == t][::few] for t in sorted(set(topics))])
        asked, labels = Inquiries([texts[row] for row in learn]), [topics[row] for row in learn]
        model = TfidfClassifier.fit(asked, labels, settings=SETTINGS)
        said = model.probability(Inquiries([texts[row] for row in test]))
        true = np.array([model.topics.index(topics[row]) for row in test])
        shares = np.array([_one_desk(model, said, true, seed) for seed in range(20 if full else 3)])
        gain = shares[:, 1] - shares[:, 0]
        half = 2.09 * gain.std(ddof=1) / np.sqrt(len(gain))
        lost = gain.mean() / (shares[:, 2] - shares[:, 0]).mean()
        row = " | ".join(f"{share:.4f}" for share in shares.mean(axis=0))
        right = float((said.argmax(axis=1) == true).mean())
        lines.append(f"| {name} | {right:.3f} | {row} | +{gain.mean():.4f} ± {half:.4f} | {lost:.0%} |")
        found = found or f"+{gain.mean():.4f} ± {half:.4f}"
        print(lines[-1], flush=True)
    lines += [
        "",
        f"Held-out texts wait in batches of {WAITING}, for {EXPERTS} experts with one place each, matched",
        "optimally by expected resolution, Σ over topics of P(topic | text) · P(resolved | expert, topic).",
        "The desks are drawn: each",
        "expert knows 60 % of the topics, with a resolution uniform in [0, 1]. What counts is the given resolution of",
        "the assigned expert on the *true* topic; intervals are over 20 desks. “Likeliest topic” is the same optimum",
        "with the likeliest topic in place of the probabilities. The last column is the share of what wrong labels",
        "cost, that counting on all topics wins back.",
    ]
    return Finding(
        "it_tickets, drawn experts",
        "share resolved, all topics beside the likeliest",
        "> 0",
        found,
        "0",
        "\n".join(lines),
    )


def _one_desk(model: TextClassifier, said: NDArray[np.float64], true: NDArray[np.intp], seed: int) -> list[float]:
    """The share resolved by the likeliest topic, by all of them, and by the true one, on one desk."""
    rng = np.random.default_rng(seed)
    n = len(model.topics)
    skill = np.where(rng.random((EXPERTS, n)) < 0.6, rng.random((EXPERTS, n)), np.nan)
    desk = Desk(
        expert_ids=tuple(f"e{k}" for k in range(EXPERTS)),
        channels=Vocabulary(("chat",)),
        languages=Vocabulary(("en",)),
        topics=Vocabulary(model.topics),
        channel_limit=1,
        speaks=True,
        proficiency=skill,
    )
    bound = Formulation(terms=(Resolution(),)).bind(desk)
    order = rng.permutation(len(true))
    likeliest = np.eye(n)[said.argmax(axis=1)]
    shares = []
    for probability in (likeliest, said, np.eye(n)[true]):
        resolved = []
        for start in range(0, len(order) - WAITING + 1, WAITING):
            rows = order[start : start + WAITING]
            expert = _matched(bound, desk, probability[rows], model.topics)
            resolved.append(np.where(expert >= 0, np.nan_to_num(skill[expert, true[rows]]), 0.0))
        shares.append(float(np.concatenate(resolved).mean()))
    return shares


class _Told:
    """A classifier that says what it was told."""

    def __init__(self, topics: tuple[str, ...], probability: NDArray[np.float64]) -> None:
        self.topics = topics
        self._probability = probability

    def probability(self, inquiries: Inquiries) -> NDArray[np.float64]:
        return self._probability


def _matched(bound: object, desk: Desk, probability: NDArray[np.float64], topics: tuple[str, ...]) -> NDArray[np.int32]:
    """The expert of each ticket, −1: held."""
    n = len(probability)
    tickets = Tickets(ids=tuple(f"t{k}" for k in range(n)), channel=[0] * n, language=[0] * n, topic=[-1] * n)
    epoch = with_topics(Epoch(desk, tickets), _Told(topics, probability), Inquiries([""] * n))
    problem = bound.build(epoch).problem  # type: ignore[attr-defined]
    return solve(problem).expert_of
