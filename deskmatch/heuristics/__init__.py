"""The same `Problem`, fast: answers that keep every rule, with prices that bound what they lose."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .anytime import solve_within
    from .greedy_matching import greedy
    from .price_descent import descend

__all__ = ["descend", "greedy", "solve_within"]

_PLACES = {"descend": "price_descent", "greedy": "greedy_matching", "solve_within": "anytime"}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
