"""`SavedModel`: models as files, as `deskmatch.prediction.storage` keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from deskmatch.prediction.report import TrainingReport
from deskmatch.prediction.storage import Stored, check_stored, load_stored, outside, refuse_file, save_stored

__all__ = ["SavedModel", "load_any", "model_inside"]

BROKEN = (ValueError, KeyError, TypeError, OverflowError, AttributeError, IndexError, RecursionError)
"""What comes of believing a file that somebody else wrote; `InputError` is a ValueError."""
Model = TypeVar("Model", bound="SavedModel")


class SavedModel:
    """Base of the models that are saved, as names, numbers and plain arrays: nothing in a file can run.

    A dataclass whose fields are arrays, numbers, text, sequences of text, and a `report` needs nothing more; others
    say themselves what of them is kept (`to_stored`, `from_stored`).
    """

    __slots__ = ()

    VERSION: ClassVar[int] = 1
    """Of what is kept; to be raised where an older file would be misread."""

    @classmethod
    def kind(cls) -> str:
        """What its files are called inside."""
        return cls.__name__

    def to_stored(self) -> Stored:
        """What is kept of it."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.init}  # type: ignore[arg-type]
        if "report" in values:
            values["report"] = TrainingReport.to_header(values["report"])
        arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
        header = {name: value for name, value in values.items() if name not in arrays}
        return Stored(self.kind(), self.VERSION, header, arrays)

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """The model of what `to_stored` gave; ValueError, KeyError, TypeError and the like where it is none."""
        values: dict[str, Any] = {**stored.header, **stored.arrays}
        if set(values) != {each.name for each in fields(cls) if each.init}:  # type: ignore[arg-type]
            raise ValueError(f"it holds {', '.join(values)}")
        if "report" in values:
            values["report"] = TrainingReport.from_header(values["report"])
        return cls(**values)

    def save(self, path: str | Path) -> None:
        """Write the model to a file, whole or not at all; one that is there is overwritten.

        Parameters
        ----------
        path : the file, taken as it is (no ending is added).

        Raises
        ------
        InputError
            Where it holds a model that cannot be saved.
        OSError
            Where the file cannot be written.
        """
        save_stored(path, self.to_stored())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model that `save` wrote: nothing of the file is run, or believed before it is checked.

        Raises
        ------
        InputError
            Where the file cannot be read or holds no such model.
        """
        stored = load_stored(path, kind=cls.kind(), version=cls.VERSION)
        found = _built(path, stored, cls, f"expected a file written by {cls.__name__}.save")
        if not isinstance(found, cls):
            raise refuse_file(path, f"expected a {cls.__name__}", f"a {type(found).__name__}")
        return found


def load_any(path: str | Path, models: Mapping[str, type[Model]], what: str) -> Model:
    """Read one of several models, whichever the file holds.

    Parameters
    ----------
    path : the file.
    models : by what their files are called inside.
    what : they all are, such as ``"a model of resolution"``.

    Raises
    ------
    InputError
        Where the file cannot be read or holds none of them.
    """
    stored = load_stored(path)
    if stored.kind not in models:
        known = ", ".join(dict.fromkeys(model.__name__ for model in models.values()))
        raise refuse_file(path, f"expected {what}: {known}", f"a {stored.kind}")
    model = models[stored.kind]
    check_stored(path, stored, version=model.VERSION)
    return _built(path, stored, model, f"expected {what} that deskmatch saved")


def model_inside(name: str, stored: Stored, header: Any, models: Mapping[str, type[Model]]) -> Model:
    """The model that stands under a name inside of another; ValueError and the like where there is none of `models`.

    Parameters
    ----------
    name, header : as in `deskmatch.prediction.storage.outside`.
    stored : the other.
    models : by what their files are called inside.
    """
    own = outside(name, header, stored.arrays)
    if own.kind not in models or own.version != models[own.kind].VERSION:
        raise ValueError(f"it holds a {own.kind!r} of version {own.version}")
    return models[own.kind].from_stored(own)


def _built(path: str | Path, stored: Stored, model: type[Model], accepted: str) -> Model:
    try:
        return model.from_stored(stored)
    except BROKEN as error:
        raise refuse_file(path, f"{accepted} ({error})") from None
