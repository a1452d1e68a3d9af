"""Which heuristics there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from deskmatch.errors import BackendError
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution

from .clock import FOREVER, Clock
from .constructive import greedy, oldest_first, regret
from .ejection import local_search
from .lagrangian_method import lagrangian
from .protocol import Heuristic
from .rounding import round_lp

__all__ = ["heuristic_named", "heuristic_names", "register_heuristic"]


@dataclass(frozen=True, slots=True)
class Function:
    """A heuristic made of a function.

    Parameters
    ----------
    name : its name.
    run : ``run(problem, clock=…, start=…)``.
    """

    name: str
    run: Callable[..., Solution]

    def solve(self, problem: Problem, *, clock: Clock = FOREVER, start: Solution | None = None) -> Solution:
        """Run the function."""
        return self.run(problem, clock=clock, start=start)


_KNOWN: dict[str, Heuristic] = {
    one.name: one
    for one in (
        Function("greedy", greedy),
        Function("greedy_per_unit", partial(greedy, per_unit=True)),
        Function("regret", regret),
        Function("oldest_first", oldest_first),
        Function("local_search", local_search),
        Function("lagrangian", lagrangian),
        Function("round_lp", round_lp),
    )
}


def heuristic_names() -> tuple[str, ...]:
    """The known heuristics."""
    return tuple(_KNOWN)


def heuristic_named(name: str) -> Heuristic:
    """The heuristic of this name.

    Raises
    ------
    BackendError
        Where no heuristic has this name; the message names those that exist.

    Examples
    --------
    >>> heuristic_named("regret").name
    'regret'
    """
    if name not in _KNOWN:
        raise BackendError(f"unknown heuristic {name!r}; expected {', '.join(_KNOWN)}")
    return _KNOWN[name]


def register_heuristic(heuristic: Heuristic) -> None:
    """Make a heuristic known under its name; a known name is replaced.

    Raises
    ------
    BackendError
        Where it does not offer what `Heuristic` asks for.
    """
    given: object = heuristic
    if not isinstance(given, Heuristic):
        raise BackendError(f"{heuristic!r} is no heuristic: expected name and solve")
    _KNOWN[heuristic.name] = heuristic
