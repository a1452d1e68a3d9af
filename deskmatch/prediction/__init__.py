"""Models fitted on a desk's history; now: who would resolve a ticket at first contact."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deskmatch.prediction.historical_rate import HistoricalRate
    from deskmatch.prediction.proficiency import Proficiency
    from deskmatch.prediction.protocol import ResolutionModel, check_resolution_model

__all__ = ["HistoricalRate", "Proficiency", "ResolutionModel", "check_resolution_model"]

_HOME = {
    "HistoricalRate": "historical_rate",
    "Proficiency": "proficiency",
    "ResolutionModel": "protocol",
    "check_resolution_model": "protocol",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"deskmatch.prediction.{_HOME[name]}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
