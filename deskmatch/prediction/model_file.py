"""Models as files: their fields, as `deskmatch.prediction.storage` keeps them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from deskmatch.prediction.report import TrainingReport
from deskmatch.prediction.storage import Stored, load_stored, refuse_file, save_stored

__all__ = ["read_model", "write_model"]

VERSION = 1


def write_model(path: str | Path, model: Any, *, version: int = VERSION) -> None:
    """Write a model under the name of its class; a file that is there is overwritten.

    Parameters
    ----------
    path : the file, taken as it is (no ending is added).
    model : a dataclass; what it is made of are arrays, numbers, text, sequences of text, and a `report`.
    version : of its content.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    values = {each.name: getattr(model, each.name) for each in fields(model) if each.init}
    if "report" in values:
        values["report"] = TrainingReport.to_header(values["report"])
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    header = {name: value for name, value in values.items() if name not in arrays}
    save_stored(path, Stored(type(model).__name__, version, header, arrays))


def read_model(path: str | Path, model: type[Any], *, version: int = VERSION) -> Any:
    """The model of this class that `write_model` has written.

    Raises
    ------
    InputError
        Where the file cannot be read or holds no such model.
    """
    stored = load_stored(path, kind=model.__name__, version=version)
    try:
        values: dict[str, Any] = {**stored.header, **stored.arrays}
        if set(values) != {each.name for each in fields(model) if each.init}:
            raise ValueError(f"it holds {', '.join(values)}")
        if "report" in values:
            values["report"] = TrainingReport.from_header(values["report"])
        return model(**values)
    except (ValueError, TypeError, OverflowError) as error:
        raise refuse_file(path, f"expected a file written by {model.__name__}.save ({error})") from None
