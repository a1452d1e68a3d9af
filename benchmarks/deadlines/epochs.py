"""Mixed epochs: desks of 5 to 2,000 experts, 5 to 2,000 tickets, few pairs or all, plain ones and ones with rules."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch import Desk, Epoch, Formulation, Staffing, Tickets, Vocabulary
from deskmatch.formulations.constraints import TierQuota
from deskmatch.formulations.formulation import BoundFormulation

__all__ = ["Case", "cases"]

TOPICS = 24
SLOW_S = 10.0
KINDS = {"plain": 0.7, "quota": 0.1, "slow model": 0.1, "broken model": 0.1}
"""Shares: nothing special; a quota of a tier, which makes an integer program; resolution models that fail."""
DEADLINES_S = (0.02, 0.05, 0.1, 0.25, 0.5)
LARGEST = 2000
DESKS = 50


@dataclass(frozen=True)
class Case:
    """An epoch, what it is routed by, and when the plan is due.

    Parameters
    ----------
    kind : see `KINDS`.
    bound, epoch : ready to be asked.
    honest : the same with a model that works, to be solved without a deadline.
    deadline_s : seconds from the call.
    """

    kind: str
    bound: BoundFormulation
    honest: BoundFormulation
    epoch: Epoch
    deadline_s: float


class Slow:
    """A resolution model that waits for something."""

    def probability(self, epoch: Epoch, **arcs: NDArray[np.int32]) -> NDArray[np.float64]:
        """Much too late."""
        time.sleep(SLOW_S)
        return np.full(len(arcs["ticket"]), 0.5)


class Broken:
    """A resolution model that raises."""

    def probability(self, epoch: Epoch, **arcs: NDArray[np.int32]) -> NDArray[np.float64]:
        """Never."""
        raise RuntimeError("the model's server is away")


def cases(count: int, seed: int = 0) -> Iterator[Case]:
    """So many cases; sizes are log-uniform, each side by itself."""
    rng = np.random.default_rng(seed)
    desks = [_desk(rng, _size(rng), float(rng.choice([0.1, 0.3, 1.0]))) for _ in range(DESKS)]
    kinds = [str(rng.choice(list(KINDS), p=list(KINDS.values()))) for _ in desks]
    ready = [_bound(desk, kind) for desk, kind in zip(desks, kinds, strict=True)]
    for _ in range(count):
        which = int(rng.integers(DESKS))
        epoch = Epoch(desks[which], _tickets(rng, _size(rng)), _staffing(rng, desks[which]))
        yield Case(kinds[which], *ready[which], epoch, float(rng.choice(DEADLINES_S)))


def _size(rng: np.random.Generator) -> int:
    return int(5 * (LARGEST / 5) ** rng.random())


def _bound(desk: Desk, kind: str) -> tuple[BoundFormulation, BoundFormulation]:
    """The formulation of a desk, bound once as a service does; and the one to compare with."""
    resolution = {"slow model": Slow(), "broken model": Broken()}.get(kind)
    rules = [TierQuota(tier=2, share=0.3, easy=1)] if kind == "quota" else []
    settings = {"epoch_s": 2}
    asked = Formulation.of(settings, resolution=resolution, constraints=rules).bind(desk)
    return asked, Formulation.of(settings, constraints=rules).bind(desk)


def _desk(rng: np.random.Generator, experts: int, knows: float) -> Desk:
    known = rng.random((experts, TOPICS)) < knows
    return Desk(
        expert_ids=tuple(f"e{k}" for k in range(experts)),
        channels=Vocabulary(("callback", "chat", "post")),
        languages=Vocabulary(("de", "en", "fr", "es")),
        topics=Vocabulary(tuple(f"topic {k}" for k in range(TOPICS))),
        channel_limit=np.array([1, 3, 5]) * (rng.random((experts, 3)) < 0.8),
        speaks=rng.random((experts, 4)) < 0.6,
        proficiency=np.where(known, rng.beta(5, 3, (experts, TOPICS)), np.nan),
        tier=rng.choice([1, 1, 2, 3], experts),
    )


def _tickets(rng: np.random.Generator, count: int) -> Tickets:
    return Tickets(
        ids=tuple(f"t{k}" for k in range(count)),
        channel=rng.integers(0, 3, count),
        language=rng.integers(0, 4, count),
        topic=rng.integers(0, TOPICS, count),
        tier=rng.choice([1, 1, 1, 2], count),
        waited_s=rng.exponential(300, count),
        importance=rng.choice([1.0, 1.0, 1.0, 2.0, 4.0], count),
    )


def _staffing(rng: np.random.Generator, desk: Desk) -> Staffing:
    load = rng.integers(0, 2, desk.channel_limit.shape) * (desk.channel_limit > 1)
    return Staffing(load=load, occupancy=rng.random(desk.n_experts))
