"""From random allocation over rules to a trained model: what each step is worth to a desk.

    python examples/rules_to_model.py
    python examples/rules_to_model.py --transformer        # fine-tunes one as well, which takes a while

reads ``$DESKMATCH_DATA/banking77/train.csv``: questions to a bank with their true topics. One half trains, the other
waits for experts. Real are the questions and their topics; experts, categories that customers pick (three in ten
wrong), minutes and wages are drawn or assumed, and say so below.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from deskmatch import Desk, Epoch, Formulation, Tickets, Vocabulary
from deskmatch.errors import InputError
from deskmatch.formulations import BoundFormulation
from deskmatch.formulations.terms import Resolution
from deskmatch.prediction.topics import (
    Cascade,
    CategoryRules,
    EmbeddingClassifier,
    FineTuning,
    Inquiries,
    KeywordRules,
    Settings,
    TfidfClassifier,
    TopicClassifier,
    TransformerClassifier,
    with_topics,
)
from deskmatch.solver import solve

EXPERTS, WAITING = 25, 25
KNOWS, GOOD = 0.3, (0.6, 0.95)
"""Each expert knows so many of the topics, and resolves a ticket of one with a probability in this range."""
WRONG_CATEGORY = 0.3
MINUTES, MINUTES_LOST, WAGE = 9.0, 4.0, 0.6
"""Minutes of whoever resolves a ticket, of whoever hands it on, and what a minute costs."""
GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions with their true topics, and the category that the customer picked."""

    asked: Inquiries
    topics: list[str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example; returns the exit code."""
    options = parsed(arguments)
    folder = os.environ.get("DESKMATCH_DATA")
    path = Path(folder or "") / "banking77" / "train.csv"
    if folder is None or not path.is_file():
        print("Skipped: DESKMATCH_DATA names no folder with banking77/train.csv.")
        return 0
    rng = np.random.default_rng(0)
    old, new = read_questions(path, options.rows, rng)
    try:
        contestants = steps(old, transformer=options.transformer)
    except InputError as error:
        print(f"--rows {options.rows}: too few to learn from; expected some 2,000 or more.\n{error}", file=sys.stderr)
        return 2
    desk, resolves = drawn_desk(sorted(set(old.topics)), rng)
    table = Table(title=f"{len(new.topics):,} new questions, {len(old.topics):,} old ones to learn from")
    for name in ("step", "accuracy", "transfers per ticket", "minutes per ticket", "cost per ticket"):
        table.add_column(name, justify="left" if name == "step" else "right")
    for name, classifier in contestants:
        accuracy, experts = routed(classifier, desk, new, rng)
        transfers, minutes = outcome(experts, new, desk, resolves)
        cost = f"{minutes * WAGE:.2f}"
        table.add_row(name, f"{accuracy:.1%}", f"{transfers:.3f}", f"{minutes:.2f}", cost)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6000, help="questions in all")
    parser.add_argument("--transformer", action="store_true", help="fine-tune a transformer too")
    return parser.parse_args(arguments)


def read_questions(path: Path, rows: int, rng: np.random.Generator) -> tuple[Questions, Questions]:
    """Old questions and new ones, in an order that is drawn, as the file has no times."""
    with path.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    chosen = [read[k] for k in rng.permutation(len(read))[:rows]]
    topics = [row["category"] for row in chosen]
    # What a customer sees in a form is coarser than what the desk distinguishes, and often picked wrongly.
    right = [topic.split("_")[0] for topic in topics]
    wrong = rng.random(len(right)) < WRONG_CATEGORY
    picked = [str(rng.choice(right)) if off else name for off, name in zip(wrong, right, strict=True)]
    texts = [row["text"] for row in chosen]
    half = len(chosen) // 2
    parts = [Questions(Inquiries(texts[s], picked[s]), topics[s]) for s in (slice(half), slice(half, None))]
    return parts[0], parts[1]


def steps(old: Questions, *, transformer: bool) -> list[tuple[str, TopicClassifier | None]]:
    """What a desk does about topics, in the order in which desks do it."""
    settings = Settings(balance=0.0, keep=1.0)
    category = CategoryRules.fit(old.asked.category or (), old.topics)
    keywords = KeywordRules.fit(old.asked.text, old.topics)
    words = TfidfClassifier.fit(old.asked, old.topics, settings=settings)
    meaning = EmbeddingClassifier.fit(old.asked, old.topics, words=True, settings=settings)
    made: list[tuple[str, TopicClassifier | None]] = [
        ("random allocation", None),
        ("category that the customer picked", category),
        ("keywords", Cascade([("keywords", keywords, 0.3), ("category", category, 0.01)], general=GENERAL)),
        ("words and characters (tf-idf)", words),
        ("words and meaning (embedding)", meaning),
    ]
    if transformer:
        tuned = TransformerClassifier.fit(old.asked, old.topics, tuning=FineTuning(), settings=settings)
        made.append(("fine-tuned transformer", tuned))
    return made


def drawn_desk(topics: list[str], rng: np.random.Generator) -> tuple[Desk, NDArray[np.float64]]:
    """A desk, and ``(experts, topics)`` P(resolved | expert, topic), 0 for a topic that an expert does not know."""
    knows = rng.random((EXPERTS, len(topics))) < KNOWS
    knows[rng.integers(EXPERTS, size=len(topics)), np.arange(len(topics))] = True  # somebody knows each topic
    skill = np.where(knows, rng.uniform(*GOOD, knows.shape), np.nan)
    desk = Desk(
        expert_ids=tuple(f"e{k:02}" for k in range(EXPERTS)),
        channels=Vocabulary(("chat",)),
        languages=Vocabulary(("en",)),
        topics=Vocabulary(topics),
        channel_limit=1,
        speaks=True,
        proficiency=skill,
    )
    return desk, np.nan_to_num(skill)


def routed(
    classifier: TopicClassifier | None, desk: Desk, new: Questions, rng: np.random.Generator
) -> tuple[float, NDArray[np.int64]]:
    """How often the likeliest topic is right, and the first expert of each question."""
    n = len(new.topics)
    if classifier is None:
        guesses = rng.integers(len(desk.topics), size=n)
        right = np.mean([desk.topics[k] == topic for k, topic in zip(guesses.tolist(), new.topics, strict=True)])
        return float(right), rng.integers(EXPERTS, size=n)
    found = classifier.probability(new.asked)
    likeliest = [classifier.topics[k] for k in found.argmax(axis=1).tolist()]
    right = np.mean([a == b for a, b in zip(likeliest, new.topics, strict=True)])
    bound = Formulation(terms=(Resolution(),)).bind(desk)
    experts = [assigned(bound, classifier, desk, new, start, rng) for start in range(0, n, WAITING)]
    return float(right), np.concatenate(experts)


def assigned(
    bound: BoundFormulation,
    classifier: TopicClassifier,
    desk: Desk,
    new: Questions,
    start: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """The experts of the questions that wait together; one of whom nothing is known goes to whoever is left."""
    rows = list(range(start, min(start + WAITING, len(new.topics))))
    blank = [0] * len(rows)
    tickets = Tickets(ids=tuple(map(str, rows)), channel=blank, language=blank, topic=[-1] * len(rows))
    epoch = with_topics(Epoch(desk, tickets), classifier, new.asked.rows(rows))
    expert = solve(bound.build(epoch).problem).expert_of.astype(np.int64)
    left = rng.permutation(np.setdiff1d(np.arange(EXPERTS), expert))
    held = np.flatnonzero(expert < 0)
    expert[held] = left[: len(held)]
    return expert


def outcome(first: NDArray[np.int64], new: Questions, desk: Desk, resolves: NDArray[np.float64]) -> tuple[float, float]:
    """Expected transfers and minutes per ticket.

    Whoever cannot resolve a ticket now knows its true topic, and hands it to the best expert on it who has not had it,
    and so on.
    """
    transfers = minutes = 0.0
    for expert, topic in zip(first.tolist(), new.topics, strict=True):
        column = resolves[:, desk.topics.code(topic)]
        order = [expert, *(k for k in np.argsort(-column, kind="stable").tolist() if k != expert)]
        open_yet = 1.0
        for who in order:
            solved = open_yet * float(column[who])
            minutes += solved * MINUTES + (open_yet - solved) * MINUTES_LOST
            open_yet -= solved
            if open_yet < 1e-6:
                break
            transfers += open_yet
    return transfers / len(first), minutes / len(first)


if __name__ == "__main__":
    sys.exit(main())
