"""The same `Problem`, fast: answers that keep every rule, with prices that bound what they lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from .anytime import solve_within
    from .greedy_matching import greedy
    from .price_descent import descend

__all__ = ["descend", "greedy", "solve_within"]

_PLACES = {"descend": "price_descent", "greedy": "greedy_matching", "solve_within": "anytime"}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
