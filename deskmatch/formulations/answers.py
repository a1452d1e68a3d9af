"""`WhyNot` and `ExpertPrice`: answers about a plan that read well and can be worked with."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from deskmatch.formulations.obstacles import Obstacle

__all__ = ["ExpertPrice", "Step", "Verdict", "WhyNot"]


class Verdict(StrEnum):
    """What stands between a ticket and an expert."""

    ASSIGNED = "assigned"
    """The plan has the pair."""
    AS_GOOD = "as good"
    """Another plan with the same total has the pair."""
    WORSE = "worse"
    """The pair is allowed; forcing it loses points."""
    IMPOSSIBLE = "impossible"
    """The pair is allowed, and no plan that keeps every rule has it, such as where a ticket that must be assigned needs
    the place."""
    NOT_NOW = "not now"
    """The expert is busy or was full when the epoch began; the loss is told as if one slot were free."""
    NOT_ALLOWED = "not allowed"
    """A rule forbids the pair."""


@dataclass(frozen=True, slots=True)
class Step:
    """A ticket that would change places.

    Parameters
    ----------
    ticket_id : the ticket.
    before, after : the expert that it has in the plan and the one it would have; None: held.
    gain : points that it would bring more; negative: less.
    """

    ticket_id: str
    before: str | None
    after: str | None
    gain: float

    def __str__(self) -> str:
        if self.after is None:
            return f"{self.ticket_id} leaves {self.before} and is held ({self.gain:+.4f})"
        if self.before is None:
            return f"{self.ticket_id}, held in the plan, goes to {self.after} ({self.gain:+.4f})"
        return f"{self.ticket_id} leaves {self.before} for {self.after} ({self.gain:+.4f})"


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a ticket does not go to an expert.

    Parameters
    ----------
    ticket_id, expert_id : the pair.
    verdict : what stands between them.
    obstacles : every rule that the pair breaks; empty where it is allowed.
    points : what the pair is worth by itself; None where it is not allowed.
    loss : points that the total would lose if the ticket were forced there: 0 for an optimal pair, inf where it is
        impossible, negative only as if the expert had a free slot; None where the pair is not allowed.
    chain : who would move where then, the ticket first.
    note : which plan the answer is told of, where that is not the plan that was asked.
    """

    ticket_id: str
    expert_id: str
    verdict: Verdict
    obstacles: tuple[Obstacle, ...] = ()
    points: float | None = None
    loss: float | None = None
    chain: tuple[Step, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        lines = [f"{self.ticket_id} → {self.expert_id}: {self._headline()}"]
        lines += [f"  - {obstacle.sentence}" for obstacle in self.obstacles]
        lines += [f"  {place}. {step}" for place, step in enumerate(self.chain, 1)]
        return "\n".join([*lines, *([f"({self.note})"] if self.note else [])])

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values, ready for JSON; an infinite loss becomes None beside its verdict."""
        told = asdict(self)
        told["verdict"] = str(self.verdict)
        told["loss"] = None if self.loss == math.inf else self.loss
        told["obstacles"] = [{"kind": str(kind), "sentence": sentence} for kind, sentence in self.obstacles]
        told["chain"] = [asdict(step) for step in self.chain]
        return told

    def _headline(self) -> str:
        if self.verdict is Verdict.NOT_NOW and self.loss is not None:
            return f"not now; with one free slot there, {_change(self.loss)}:"
        return {
            Verdict.ASSIGNED: "this is the plan",
            Verdict.AS_GOOD: "as good as the plan, the total would stay the same:",
            Verdict.WORSE: f"{_change(self.loss or 0.0)}:",
            Verdict.IMPOSSIBLE: "impossible: no plan that keeps every rule has the pair",
            Verdict.NOT_ALLOWED: "not allowed",
            Verdict.NOT_NOW: "not now",
        }[self.verdict]


@dataclass(frozen=True, slots=True)
class ExpertPrice:
    """What an expert's time is worth now, as an interval: prices of an optimal plan are not unique.

    Parameters
    ----------
    expert_id : the expert.
    slots : new tickets that the expert can take this epoch; used: how many the plan gives.
    least : points that one more slot would bring; where there is no slot now, what one free slot would bring.
    greatest : points that one slot less would cost; inf where a ticket that must be assigned would have no expert;
        None where there is no slot.
    note : which plan the answer is told of, where that is not the plan that was asked.
    """

    expert_id: str
    slots: int
    used: int
    least: float
    greatest: float | None
    note: str = ""

    def __str__(self) -> str:
        head = f"{self.expert_id}: {self.used} of {self.slots} slots used; "
        if self.greatest is None:
            text = f"{self.expert_id}: no slot now; a free one would bring {self.least:.4f} points"
        else:
            text = head + f"one more would bring {self.least:.4f} points, one less would cost {self.greatest:.4f}"
        return f"{text} ({self.note})" if self.note else text


def _change(loss: float) -> str:
    if loss < 0:
        return f"the total would gain {-loss:.4f} points"
    return f"the total would lose {loss:.4f} points"
