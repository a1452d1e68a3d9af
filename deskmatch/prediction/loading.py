"""`load_resolution_model`: the model that a file holds, whichever of ours it is."""

from __future__ import annotations

from pathlib import Path

from deskmatch.prediction.boosted_trees import BoostedTrees
from deskmatch.prediction.historical_rate import HistoricalRate
from deskmatch.prediction.model_file import load_any
from deskmatch.prediction.partial_pooling import PartialPooling
from deskmatch.prediction.recalibration import Recalibrated

__all__ = ["RESOLUTION_MODELS", "SAVED_MODELS", "SavedResolutionModel", "load_resolution_model"]

SavedResolutionModel = HistoricalRate | PartialPooling | BoostedTrees | Recalibrated

RESOLUTION_MODELS: dict[str, type[HistoricalRate] | type[PartialPooling] | type[BoostedTrees]] = {
    "rates": HistoricalRate,
    "pooling": PartialPooling,
    "trees": BoostedTrees,
}
"""By the names that the command line has for them."""
SAVED_MODELS: dict[str, type[SavedResolutionModel]] = {
    model.kind(): model for model in (*RESOLUTION_MODELS.values(), Recalibrated)
}
"""By what their files are called inside."""


def load_resolution_model(path: str | Path) -> SavedResolutionModel:
    """Read a model of resolution that `save` wrote.

    Raises
    ------
    InputError
        Where the file cannot be read or holds no such model.
    """
    return load_any(path, SAVED_MODELS, "a model of resolution")
