"""Random epochs from arrays, for properties that must hold on all of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deskmatch import Desk, Epoch, Staffing, Tickets, Vocabulary


def random_epoch(seed: int, *, tickets: int = 12, experts: int = 8, plain: bool = False) -> Epoch:
    """An epoch in which every rule bites now and then; `plain`: acceptance 1 and no importance."""
    rng = np.random.default_rng(seed)

    def maybe(share: float, values: np.ndarray, otherwise: float) -> np.ndarray:
        return np.where(rng.random(len(values)) < share, values, otherwise)

    def ragged(most: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        lists = [rng.permutation(size)[: rng.integers(0, most + 1)] for _ in range(tickets)]
        return np.concatenate([*lists, np.empty(0, int)]).astype(int), np.cumsum([0, *map(len, lists)])

    topics = [rng.permutation(4)[: rng.integers(1, 4)] - (rng.random() < 0.1) for _ in range(tickets)]
    shares = [rng.dirichlet(np.ones(len(t))) * rng.choice([1.0, 0.7]) for t in topics]
    requires, requires_ptr = ragged(1, 2)
    excluded, excluded_ptr = ragged(2, experts)
    knows = rng.random((experts, 4)) < 0.6
    desk = Desk(
        expert_ids=tuple(f"e{k}" for k in range(experts)),
        channels=Vocabulary(("callback", "chat", "post")),
        languages=Vocabulary(("de", "en", "fr")),
        topics=Vocabulary(("billing", "dns", "seo", "ads")),
        channel_limit=rng.integers(0, 3, (experts, 3)) * np.array([1, 1, 2]),
        speaks=rng.random((experts, 3)) < 0.7,
        proficiency=np.where(knows, rng.random((experts, 4)), np.nan),
        general_proficiency=np.where(knows.all(axis=1), 0.5, np.nan),
        tier=rng.integers(1, 4, experts),
        tags=Vocabulary(("vip", "eu")),
        has=rng.random((experts, 2)) < 0.7,
    )
    waiting = Tickets(
        ids=tuple(f"t{k}" for k in range(tickets)),
        channel=rng.integers(-1 if rng.random() < 0.2 else 0, 3, tickets),
        language=rng.integers(-1 if rng.random() < 0.2 else 0, 3, tickets),
        topic=np.concatenate(topics),
        topic_ptr=np.cumsum([0, *map(len, topics)]),
        topic_probability=np.concatenate(shares),
        tier=rng.choice([1, 1, 2, 3], tickets),
        waited_s=rng.exponential(200, tickets).round(1),
        due_s=maybe(0.3, rng.normal(0, 3000, tickets).round(1), np.nan),
        importance=np.ones(tickets) if plain else rng.choice([1.0, 1.0, 4.0], tickets),
        patience_s=maybe(0.3, rng.uniform(30, 600, tickets).round(1), np.nan),
        requires=requires,
        requires_ptr=requires_ptr,
        preferred=maybe(0.3, rng.integers(0, experts, tickets), -1).astype(int),
        excluded=excluded,
        excluded_ptr=excluded_ptr,
    )
    busy = rng.random(experts) < 0.15
    staffing = Staffing(
        load=rng.integers(0, 2, (experts, 3)) * (desk.channel_limit > 0) * (rng.random((experts, 3)) < 0.4),
        capacity=rng.choice([-1, -1, 0, 1, 2], experts),
        occupancy=maybe(0.8, rng.random(experts), np.nan),
        acceptance=np.ones(experts) if plain else rng.choice([1.0, 0.5], experts),
        leaves_in_s=maybe(0.3, rng.uniform(0, 1500, experts), np.nan),
        free_in_s=np.where(busy, 60.0, 0.0),
    )
    return Epoch(desk, waiting, staffing)


@pytest.fixture(scope="session")
def make_epoch() -> Callable[..., Epoch]:
    """`random_epoch`, for tests in this folder."""
    return random_epoch
