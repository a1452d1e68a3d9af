"""Models fitted on a desk's history; now: who would resolve a ticket at first contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.prediction.constant import Constant
    from deskmatch.prediction.historical_rate import HistoricalRate
    from deskmatch.prediction.proficiency import Proficiency
    from deskmatch.prediction.protocol import ResolutionModel, check_resolution_model
    from deskmatch.prediction.robust import IntervalModel, Robust

__all__ = [
    "Constant",
    "HistoricalRate",
    "IntervalModel",
    "Proficiency",
    "ResolutionModel",
    "Robust",
    "check_resolution_model",
]

_PLACES = {
    "Constant": "constant",
    "HistoricalRate": "historical_rate",
    "IntervalModel": "robust",
    "Proficiency": "proficiency",
    "ResolutionModel": "protocol",
    "Robust": "robust",
    "check_resolution_model": "protocol",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
