"""Models of times as files: their fields, as `deskmatch.prediction.storage` keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deskmatch.errors import Defect, InputError
from deskmatch.prediction.storage import Stored, load_stored, save_stored

__all__ = ["read_model", "write_model"]

VERSION = 1


def write_model(path: str | Path, kind: str, values: Mapping[str, Any]) -> None:
    """Write values that are arrays, numbers, text or sequences of text; a file that is there is overwritten.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    header = {name: value for name, value in values.items() if name not in arrays}
    save_stored(path, Stored(kind, VERSION, header, arrays))


def read_model(path: str | Path, model: type[Any]) -> Any:
    """The model of this class that `write_model` has written under the class's name.

    Raises
    ------
    InputError
        Where the file cannot be read or holds no such model.
    """
    stored = load_stored(path, kind=model.__name__, version=VERSION)
    try:
        return model(**stored.header, **stored.arrays)
    except (TypeError, ValueError) as error:
        accepted = f"expected a file written by {model.__name__}.save ({error})"
        raise InputError([Defect(str(path), None, None, None, accepted)]) from None
