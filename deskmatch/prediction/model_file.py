"""Models of times as files, all of whose parameters are arrays, numbers or text; see `deskmatch.prediction.storage`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deskmatch.errors import InputError
from deskmatch.prediction.storage import Stored, load_stored, refuse_file, save_stored

__all__ = ["read_model", "write_model"]

VERSION = 1


def write_model(path: str | Path, kind: str, values: Mapping[str, Any]) -> None:
    """Write values that are arrays, numbers, text or sequences of text; a file that is there is overwritten.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    texts = {name: value for name, value in values.items() if np.asarray(value).dtype.kind == "U"}
    arrays = {name: np.asarray(value) for name, value in values.items() if name not in texts}
    save_stored(path, Stored(kind, VERSION, texts, arrays))


def read_model(path: str | Path, model: type[Any]) -> Any:
    """The model of this class that `write_model` has written under the class's name.

    Raises
    ------
    InputError
        Where the file cannot be read or holds no such model.
    """
    stored = load_stored(path, kind=model.__name__, version=VERSION)
    try:
        texts = {name: tuple(text) if isinstance(text, list) else text for name, text in stored.header.items()}
        return model(**texts, **{name: array if array.ndim else array.item() for name, array in stored.arrays.items()})
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise refuse_file(path, f"expected a file written by {model.__name__}.save ({error})") from None
