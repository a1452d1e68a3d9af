"""The same `Problem`, fast: answers that keep every rule, with prices that bound what they lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from .anytime import solve_within
    from .attempt import Answer, Attempt, Ending
    from .clock import Clock
    from .constructive import greedy, oldest_first, regret
    from .ejection import local_search
    from .lagrangian_method import lagrangian
    from .price_descent import descend
    from .protocol import Heuristic, check_heuristic
    from .quick_answer import quick
    from .registry import heuristic_named, heuristic_names, register_heuristic
    from .rounding import round_lp

__all__ = [
    "Answer",
    "Attempt",
    "Clock",
    "Ending",
    "Heuristic",
    "check_heuristic",
    "descend",
    "greedy",
    "heuristic_named",
    "heuristic_names",
    "lagrangian",
    "local_search",
    "oldest_first",
    "quick",
    "register_heuristic",
    "regret",
    "round_lp",
    "solve_within",
]

_PLACES = {
    "Answer": "attempt",
    "Attempt": "attempt",
    "Ending": "attempt",
    "Clock": "clock",
    "Heuristic": "protocol",
    "check_heuristic": "protocol",
    "descend": "price_descent",
    "greedy": "constructive",
    "heuristic_named": "registry",
    "heuristic_names": "registry",
    "lagrangian": "lagrangian_method",
    "local_search": "ejection",
    "oldest_first": "constructive",
    "quick": "quick_answer",
    "register_heuristic": "registry",
    "regret": "constructive",
    "round_lp": "rounding",
    "solve_within": "anytime",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
