"""`Attempt` and `Answer`: what was tried before a deadline, how each try ended, and what came of it all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deskmatch.solver.solution import Solution

__all__ = ["Answer", "Attempt", "Ending"]


class Ending(StrEnum):
    """How an attempt ended."""

    ANSWERED = "answered"
    """With an answer that keeps every rule, or with a proof that there is none."""
    STOPPED = "stopped"
    """At the deadline, with what it had."""
    CUT_OFF = "cut off"
    """At the deadline, without an answer; its late result is dropped."""
    NOT_STARTED = "not started"
    """It might not have fitted."""
    FAILED = "failed"
    """It raised, or ended without an answer."""
    WRONG = "wrong"
    """Its answer breaks rules or says what is not so; it is not used."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try.

    Parameters
    ----------
    method : a backend's or heuristic's name.
    ending : how it ended.
    elapsed_s : seconds that it took, 0 where it was not started.
    objective : points of its answer, None where it has none.
    note : why, where that needs words.
    """

    method: str
    ending: Ending
    elapsed_s: float = 0.0
    objective: float | None = None
    note: str = ""

    def __str__(self) -> str:
        points = "" if self.objective is None else f" with {self.objective:.6g} points"
        spent = "" if self.ending is Ending.NOT_STARTED else f" after {self.elapsed_s * 1e3:.1f} ms"
        return f"{self.method}: {self.ending}{points}{spent}" + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What `solve_within` found.

    Parameters
    ----------
    solution : the best answer, with the prices that prove the lowest bound; where no answer keeps every rule, the least
        violating that was found.
    attempts : what was tried, in this order.
    """

    solution: Solution
    attempts: tuple[Attempt, ...]
