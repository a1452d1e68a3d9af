"""`load_resolution_model`: the model that a file holds, whichever of ours it is."""

from __future__ import annotations

from pathlib import Path

from deskmatch.prediction.boosted_trees import BoostedTrees
from deskmatch.prediction.historical_rate import HistoricalRate
from deskmatch.prediction.partial_pooling import PartialPooling
from deskmatch.prediction.storage import load_stored, refuse_file

__all__ = ["RESOLUTION_MODELS", "load_resolution_model"]

RESOLUTION_MODELS: dict[str, type[HistoricalRate] | type[PartialPooling] | type[BoostedTrees]] = {
    "rates": HistoricalRate,
    "pooling": PartialPooling,
    "trees": BoostedTrees,
}
"""By the names that the command line has for them."""


def load_resolution_model(path: str | Path) -> HistoricalRate | PartialPooling | BoostedTrees:
    """Read a model of resolution that `save` wrote.

    Raises
    ------
    InputError
        Where the file cannot be read or holds no such model.
    """
    kind = load_stored(path).kind
    for model in RESOLUTION_MODELS.values():
        if model.__name__ == kind:
            return model.load(path)
    known = ", ".join(model.__name__ for model in RESOLUTION_MODELS.values())
    raise refuse_file(path, f"expected a model of resolution: {known}", f"a {kind}")
