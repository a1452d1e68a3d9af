"""Models as files of plain arrays (NumPy's ``.npz``, nothing pickled)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from deskmatch.errors import Defect, InputError

__all__ = ["read_model", "write_model"]

FORMAT = 1


def write_model(path: str | Path, kind: str, values: Mapping[str, Any]) -> None:
    """Write values that are arrays, numbers, text or sequences of text; a file that is there is overwritten.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    with Path(path).open("wb") as file:
        arrays: dict[str, Any] = {name: np.asarray(value) for name, value in values.items()}
        np.savez_compressed(file, format=np.int64(FORMAT), kind=np.str_(kind), **arrays)


def read_model(path: str | Path, model: type[Any]) -> Any:
    """The model of this class that `write_model` has written under the class's name.

    Raises
    ------
    InputError
        Where the file cannot be read or holds no such model.
    """
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            values = {name: file[name] for name in file.files}
        kind = str(values.pop("kind", ""))
        if values.pop("format") != FORMAT or kind != model.__name__:
            raise ValueError(f"it holds {kind or 'another model'}")
        return model(**{name: _plain(value) for name, value in values.items()})
    except (OSError, ValueError, KeyError, TypeError, BadZipFile, EOFError) as error:
        accepted = f"expected a file written by {model.__name__}.save ({error})"
        raise InputError([Defect(str(path), None, None, None, accepted)]) from None


def _plain(value: Any) -> Any:
    """Scalars and text as Python has them."""
    if value.dtype.kind == "U":
        return str(value) if value.ndim == 0 else tuple(value.tolist())
    return value[()] if value.ndim == 0 else value
