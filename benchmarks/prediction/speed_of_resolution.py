"""How long 50,000 pairs of ticket and expert take, by model of resolution."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.prediction.page import Finding
from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
from deskmatch.prediction import BoostedTrees, HistoricalRate, PartialPooling
from deskmatch.prediction.tree_ensemble import sum_of_trees

TICKETS, EXPERTS, TOPICS, GROUPS = 500, 100, 40, 7
REPEATS = 25


def measure(full: bool) -> Finding:
    """Median milliseconds of this process for 500 tickets × 100 experts, on one core."""
    rng = np.random.default_rng(0)
    history, epoch = _history(30_000 if full else 6000, rng), _epoch(rng)
    features = ["kind", "length", "region"]
    models: dict[str, Callable[[], Any]] = {
        "HistoricalRate": lambda: HistoricalRate.fit(history),
        "PartialPooling": lambda: PartialPooling.fit(history),
        "PartialPooling, 3 ticket features": lambda: PartialPooling.fit(history, features=features),
        "BoostedTrees": lambda: BoostedTrees.fit(history),
    }
    sum_of_trees.warm_up()
    pair = np.indices((TICKETS, EXPERTS), np.int32).reshape(2, -1)
    arcs = {"ticket": pair[0].copy(), "expert": pair[1].copy(), "topic": epoch.tickets.topic[pair[0]]}
    lines = [
        "## How long 50,000 pairs take",
        "",
        f"{TICKETS} tickets × {EXPERTS} experts, {TOPICS} topics; models of {len(history):,} tickets. Milliseconds of "
        f"the process on one core, median of {REPEATS} (10th to 90th percentile).",
        "",
        "| model | ms |",
        "|---|---:|",
    ]
    medians = {}
    for name, fit in models.items():
        model = fit()
        taken = [_milliseconds(lambda model=model: model.probability(epoch, **arcs)) for _ in range(REPEATS)]
        medians[name] = float(np.median(taken))
        low, high = np.quantile(taken, [0.1, 0.9])
        size = f", {len(model.trees.root)} trees" if name == "BoostedTrees" else ""
        lines.append(f"| {name}{size} | {medians[name]:.1f} ({low:.1f}–{high:.1f}) |")
    others = max(value for name, value in medians.items() if name != "BoostedTrees")
    return Finding(
        data="50,000 pairs",
        measure="ms for rates and pooling / trees",
        target="≤ 10 / ≤ 100",
        found=f"{others:.1f} / {medians['BoostedTrees']:.1f}",
        baseline="–",
        text="\n".join(lines),
    )


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return 1e3 * (time.process_time() - start)


def _history(tickets: int, rng: np.random.Generator) -> pd.DataFrame:
    """Tickets in which experts, features and their pairs all matter, so that many trees are grown."""
    who, what = rng.integers(0, 2 * EXPERTS, tickets), rng.integers(0, TOPICS, tickets)
    kind, length, region = rng.integers(0, 5, tickets), rng.normal(size=tickets), rng.integers(0, 30, tickets)
    skill = rng.normal(0, 1, (2 * EXPERTS, 5))
    odds = 2 * skill[who, kind] + np.sin(2 * length) + rng.normal(0, 0.8, 30)[region] + rng.normal(0, 0.5, TOPICS)[what]
    return pd.DataFrame(
        {
            "expert_id": [f"e{each}" for each in who],
            "group": [f"g{each % GROUPS}" for each in who],
            "topic": [f"t{each}" for each in what],
            "assigned_at": pd.date_range("2026-01-01", periods=tickets, freq="7min"),
            "kind": [f"k{each}" for each in kind],
            "length": length,
            "region": [f"r{each}" for each in region],
            "load": rng.integers(0, 5, tickets),
            "resolved_first_contact": rng.random(tickets) < 1 / (1 + np.exp(-odds)),
        }
    )


def _epoch(rng: np.random.Generator) -> Epoch:
    desk = Desk(
        expert_ids=[f"e{row}" for row in range(EXPERTS)],
        channels=Vocabulary(("chat",)),
        languages=Vocabulary(("en",)),
        topics=Vocabulary([f"t{code}" for code in range(TOPICS)]),
        channel_limit=3,
        speaks=True,
        proficiency=np.ones((EXPERTS, TOPICS)),
    )
    tickets = Tickets(
        ids=[str(row) for row in range(TICKETS)],
        channel=np.zeros(TICKETS, int),
        language=np.zeros(TICKETS, int),
        topic=rng.integers(0, TOPICS, TICKETS),
        features={
            "kind": np.array([f"k{each}" for each in rng.integers(0, 5, TICKETS)], object),
            "length": rng.normal(size=TICKETS),
            "region": np.array([f"r{each}" for each in rng.integers(0, 30, TICKETS)], object),
        },
    )
    return Epoch(desk, tickets)
