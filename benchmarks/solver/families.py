"""The families of problems that the solvers are timed on: each a rule, a list of sizes, and a severity."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAMILIES", "Arcs", "Family", "instances", "published"]

LANGUAGES, TOPICS, CHANNELS = 10, 24, 3


@dataclass(frozen=True)
class Arcs:
    """What a desk hands over: unsorted arc columns, as `Problem.from_arcs` takes them.

    Parameters
    ----------
    n_tickets, n_experts : numbers of rows and columns.
    ticket, expert, points : ``(arcs,)`` in no order.
    options : capacity, hold and slot_cost, where they are not the default.
    """

    n_tickets: int
    n_experts: int
    ticket: NDArray[np.int32]
    expert: NDArray[np.int32]
    points: NDArray[np.float64]
    options: dict[str, Any] = field(default_factory=dict)


Rule = Callable[[np.random.Generator, int, int], Arcs]


@dataclass(frozen=True)
class Family:
    """A rule that makes problems of any size.

    Parameters
    ----------
    name : as in the table.
    severity : what makes it easy or hard, in a few words.
    make : the rule, from a random generator and the numbers of tickets and experts.
    sizes : the ``(tickets, experts)`` that are timed, by rising number of arcs.
    """

    name: str
    severity: str
    make: Rule
    sizes: tuple[tuple[int, int], ...]


def shuffled(rng: np.random.Generator, mask: NDArray[np.bool_], points: NDArray[np.float64], **options: Any) -> Arcs:
    """The arcs of a mask, with their entries of a dense matrix of points, in random order."""
    ticket, expert = np.nonzero(mask)
    order = rng.permutation(len(ticket))
    ticket, expert = ticket[order].astype(np.int32), expert[order].astype(np.int32)
    return Arcs(*mask.shape, ticket, expert, points[ticket, expert], options)


def eligible(rng: np.random.Generator, n: int, m: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Who may serve whom on a desk of ten languages, 24 topics and three channels (about 5 %); and the topics."""
    language, topic, channel = (rng.integers(0, k, n) for k in (LANGUAGES, TOPICS, CHANNELS))
    speaks = rng.random((m, LANGUAGES)).argsort(axis=1) < rng.integers(1, 3, m)[:, None]
    knows = rng.random((m, TOPICS)) < 0.5
    works = rng.random((m, CHANNELS)).argsort(axis=1) < rng.integers(1, 4, m)[:, None]
    return (speaks[:, language] & knows[:, topic] & works[:, channel]).T, topic


def desk(rng: np.random.Generator, n: int, m: int, **options: Any) -> Arcs:
    """A desk: points from importance, proficiency in the topic and waiting time, so correlated."""
    mask, topic = eligible(rng, n, m)
    proficiency = 0.5 + 0.5 * rng.random((m, TOPICS))
    importance = rng.choice([1.0, 1.0, 1.0, 2.0, 4.0], n)
    points = importance[:, None] * proficiency[:, topic].T + rng.exponential(0.5, n)[:, None]
    return shuffled(rng, mask, points + 0.05 * rng.normal(size=(n, m)), **options)


def uniform(rng: np.random.Generator, n: int, m: int, density: float, **options: Any) -> Arcs:
    """Points that are independent and uniform."""
    return shuffled(rng, rng.random((n, m)) < density, rng.random((n, m)), **options)


def capacity_three(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Experts who take three tickets each."""
    return desk(rng, n, m, capacity=3)


def slot_costs(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Experts who take five, each further one at a higher cost."""
    costs = np.cumsum(rng.exponential(0.2, (m, 5)), axis=1)
    return desk(rng, n, m, capacity=5, slot_cost=costs)


def clustered(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Every expert speaks one language: ten problems that do not touch, with uneven demand and supply."""
    shares = rng.dirichlet(np.full(LANGUAGES, 3.0), 2)
    of_ticket, of_expert = (rng.choice(LANGUAGES, k, p=share) for k, share in zip((n, m), shares, strict=True))
    mask = (of_ticket[:, None] == of_expert) & (rng.random((n, m)) < 0.4)
    return shuffled(rng, mask, rng.random((n, m)))


def many_ties(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Whole points from 0 to 9."""
    return shuffled(rng, rng.random((n, m)) < 0.05, rng.integers(0, 10, (n, m)).astype(float))


def nearly_equal(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Points that differ in the eighth digit."""
    return shuffled(rng, rng.random((n, m)) < 0.05, 1.0 + 1e-8 * rng.random((n, m)))


def low_rank(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Points of rank three: importance times proficiency, over three subjects."""
    points = rng.random((n, 3)) @ rng.random((3, m))
    return shuffled(rng, rng.random((n, m)) < 0.05, points)


def geometric(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Points fall with the distance between places in a square; all must be assigned."""
    place, other = rng.random((n, 2)), rng.random((m, 2))
    distance = np.hypot(place[:, None, 0] - other[:, 0], place[:, None, 1] - other[:, 1])
    return shuffled(rng, np.ones((n, m), dtype=bool), -distance, hold=-np.inf)


def machol_wien(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Cost i · j (Machol & Wien 1976), adversarial for path searches; all must be assigned."""
    cost = np.outer(np.arange(1.0, n + 1), np.arange(1.0, m + 1))
    return shuffled(rng, np.ones((n, m), dtype=bool), -cost, hold=-np.inf)


def must_assign(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Every ticket must be assigned, and 5 % of the arcs exist."""
    mask = rng.random((n, m)) < 0.05
    mask[np.arange(n), rng.permutation(m)[:n]] = True
    return shuffled(rng, mask, rng.random((n, m)), hold=-np.inf)


def interchangeable(rng: np.random.Generator, n: int, m: int) -> Arcs:
    """Tickets of 60 kinds, alike in all but how long they have waited."""
    kinds = 60
    kind = rng.integers(0, kinds, n)
    mask = rng.random((kinds, m)) < 0.05
    points = rng.random((kinds, m))[kind] + rng.exponential(1.0, n)[:, None]
    return shuffled(rng, mask[kind], points)


FAMILIES = (
    Family("tight square", "demand equals supply", desk, ((500, 500), (1000, 1000), (5000, 5000))),
    Family("overload", "3 to 5 tickets an expert", desk, ((900, 300), (3000, 1000), (10_000, 2000))),
    Family("overload, uniform", "5 %, independent", lambda r, n, m: uniform(r, n, m, 0.05), ((10_000, 2000),)),
    Family("underload", "10 experts a ticket", desk, ((100, 200), (500, 3000), (1000, 10_000))),
    Family("capacity 3", "demand equals supply", capacity_three, ((600, 200), (3000, 1000))),
    Family("slot costs", "5 units, rising cost", slot_costs, ((600, 200), (3000, 1000))),
    Family("dense", "every pair", lambda r, n, m: uniform(r, n, m, 1.0), ((100, 100), (300, 300), (1000, 1000))),
    Family("sparse", "1 %", lambda r, n, m: uniform(r, n, m, 0.01), ((1000, 1000), (5000, 5000))),
    Family("clustered", "10 separate languages", clustered, ((1000, 1000), (3000, 3000))),
    Family("many ties", "whole points 0–9", many_ties, ((1000, 1000), (3000, 3000))),
    Family("nearly equal", "eighth digit", nearly_equal, ((1000, 1000), (3000, 3000))),
    Family("low rank", "rank 3", low_rank, ((1000, 1000), (3000, 3000))),
    Family("geometric", "every pair, all must", geometric, ((300, 300), (1000, 1000))),
    Family("Machol-Wien", "every pair, all must", machol_wien, ((300, 300), (1000, 1000))),
    Family("must assign", "5 %, all must", must_assign, ((500, 500), (2000, 2000))),
    Family("interchangeable", "60 kinds of tickets", interchangeable, ((1000, 300), (20_000, 1000))),
)


def published() -> tuple[Family, ...]:
    """The assignment problems of the OR-Library (Beasley 1990), where `DESKMATCH_DATA` has them."""
    folder = Path(os.environ.get("DESKMATCH_DATA", "")) / "orlib_assign"
    return tuple(
        Family(f"OR-Library {path.name.partition('.')[0]}", "minimise, all must", _reader(path), (_size(path),))
        for path in sorted(folder.glob("assign*.txt.gz"), key=_size)
    )


def _reader(path: Path) -> Rule:
    def read(rng: np.random.Generator, n: int, m: int) -> Arcs:
        numbers = _numbers(path)[1:]
        mask, cost = np.ones((n, m), dtype=bool), np.zeros((n, m))
        if path.name.startswith("assignp"):
            ticket, expert = (numbers[k::3].astype(int) - 1 for k in range(2))
            mask[:] = False
            mask[ticket, expert], cost[ticket, expert] = True, numbers[2::3]
        else:
            cost = numbers.reshape(n, m)
        return shuffled(rng, mask, -cost, hold=-np.inf)

    return read


def _size(path: Path) -> tuple[int, int]:
    n = int(_numbers(path)[0])
    return n, n


def _numbers(path: Path) -> NDArray[np.float64]:
    with gzip.open(path, "rt") as file:
        return np.array(file.read().split(), dtype=np.float64)


def instances(largest: int | None = None) -> Iterator[tuple[Family, tuple[int, int]]]:
    """Every family at every size, or at those of at most `largest` tickets times experts."""
    for family in (*FAMILIES, *published()):
        for n, m in family.sizes:
            if largest is None or n * m <= largest:
                yield family, (n, m)
