"""From a pandas frame or a file to a `Sheet`: columns of text, in which None is a missing cell.

Everything that differs between sources ends here: encodings, line ends, separators, categoricals, Arrow
strings, the many signs for a missing value. An empty cell is missing, and so are None, nan, NaT and pandas'
NA; the text ``NA`` in a file is text. Numbers of a frame become text as they would in a file, whole floats
without ``.0`` (a column of whole numbers with a gap is float in pandas); lists become ``a|b`` and mappings
``a:1|b:2``.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import NUMBER
from deskmatch.epochs.separated import NotATableError, read_separated
from deskmatch.errors import Defect, InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sheet", "Text", "read_sheet"]

Text = str | None
TEXT_FILES = ("", ".csv", ".tsv", ".txt")
ACCEPTED = "expected a pandas frame, or the path of a .csv, .tsv, .txt (also with .gz) or .parquet file"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table as text.

    Parameters
    ----------
    name : the file's name, or what the frame is for.
    headers : the names of the columns, stripped.
    columns : the cells of each column, stripped; None: missing.
    labels : what each row is called.
    widths : rows whose number of cells is not that of the header, with that number.
    blank : rows that were blank and are left out.
    values : the columns as the frame holds them; None: the source is text.
    """

    name: str
    headers: tuple[str, ...]
    columns: tuple[list[Text], ...]
    labels: list[str]
    widths: Mapping[int, int]
    blank: int = 0
    values: tuple[NDArray[Any], ...] | None = None

    @classmethod
    def empty(cls, name: str) -> Sheet:
        """A table without columns and rows."""
        return cls(name, (), (), [], {})

    def feature(self, position: int) -> NDArray[Any]:
        """``(rows,)`` a column as it is; from a file, numbers where all its cells are, else text."""
        if self.values is not None:
            return self.values[position]
        texts = self.columns[position]
        if all(text is None or _plain_number(text) for text in texts):
            return np.array([np.nan if text is None else float(text) for text in texts])
        return _objects(texts)


def read_sheet(source: object, name: str) -> Sheet:
    """Read one table.

    Parameters
    ----------
    source : a pandas frame or a path.
    name : what a frame is called in messages; a file goes by its own name.

    Raises
    ------
    InputError
        Where there is no such file, it is empty, or it is no table.
    """
    if isinstance(source, str | Path):
        return _from_path(Path(source))
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return _from_frame(source, name)
    raise _unreadable(name, f"{type(source).__module__}.{type(source).__name__}", ACCEPTED)


def _unreadable(name: str, value: str | None, accepted: str) -> InputError:
    return InputError([Defect(name, None, None, value, accepted)])


# --- files -------------------------------------------------------------------------------------------------


def _from_path(path: Path) -> Sheet:
    name = path.name or str(path)
    if path.suffix.lower() == ".parquet":
        return _from_parquet(path, name)
    packed = path.suffix.lower() == ".gz"
    if Path(path.stem if packed else path).suffix.lower() not in TEXT_FILES:
        raise _unreadable(name, None, ACCEPTED)
    try:
        return _from_bytes(_unpacked(_bytes(path)) if packed else _bytes(path), name)
    except NotATableError as error:
        raise _unreadable(name, None, str(error)) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        said = getattr(error, "strerror", None) or str(error)
        raise NotATableError(f"cannot be read ({str(said).lower()}); {ACCEPTED}") from None


def _unpacked(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise NotATableError(f"cannot be unpacked ({str(error).lower()}); expected what gzip has compressed") from None


def _from_bytes(data: bytes, name: str) -> Sheet:
    table = read_separated(data)
    width = len(table.headers)
    rows, widths = [], {}
    for position, row in enumerate(table.rows):
        while len(row) > width and not row[-1].strip():
            row = row[:-1]
        if len(row) != width:
            widths[position] = len(row)
            row = (row + [""] * width)[:width]
        rows.append(row)
    columns = zip(*rows, strict=True) if rows else ([] for _ in range(width))
    return Sheet(
        name=name,
        headers=tuple(map(str.strip, table.headers)),
        columns=tuple([cell.strip() or None for cell in column] for column in columns),
        labels=list(map(str, table.lines)),
        widths=widths,
        blank=table.blank,
    )


def _from_parquet(path: Path, name: str) -> Sheet:
    import pandas as pd

    try:
        import pyarrow  # noqa: F401
    except ImportError:
        accepted = "reading .parquet needs the extra: pip install 'deskmatch[parquet]'"
        raise _unreadable(name, None, accepted) from None
    try:
        _bytes(path)
        frame = pd.read_parquet(path, engine="pyarrow")
    except NotATableError as error:
        raise _unreadable(name, None, str(error)) from None
    except Exception as error:  # Arrow raises many kinds for a file that is not its own
        raise _unreadable(name, None, f"expected a Parquet file ({str(error).splitlines()[0]})") from None
    return _from_frame(frame, name)


# --- frames ------------------------------------------------------------------------------------------------


def _from_frame(frame: pd.DataFrame, name: str) -> Sheet:
    series = [frame.iloc[:, position] for position in range(frame.shape[1])]
    return Sheet(
        name=name,
        headers=tuple(str(header).strip() for header in frame.columns),
        columns=tuple([_text(value) for value in column.tolist()] for column in series),
        labels=[str(label) for label in frame.index],
        widths={},
        values=tuple(_as_array(column) for column in series),
    )


def _as_array(series: pd.Series[Any]) -> NDArray[Any]:
    array = np.asarray(series.to_numpy())
    return array if array.dtype.kind in "biufcM" else _objects(series.tolist())


def _text(value: Any) -> Text:
    """One cell of a frame as the text that it would be in a file."""
    kind = type(value)
    if kind is str:
        return value.strip() or None
    if kind is float:
        return _float_text(value)
    if value is None or kind is int or kind is bool:
        return None if value is None else str(value)
    return _unusual_text(value)


def _float_text(value: float) -> Text:
    if value != value:
        return None
    return str(int(value)) if value.is_integer() else str(value)


def _unusual_text(value: Any) -> Text:
    if isinstance(value, Mapping):
        return "|".join(f"{_text(key) or ''}:{_text(number) or ''}" for key, number in value.items()) or None
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        entries = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        return "|".join(_text(entry) or "" for entry in entries) or None
    if isinstance(value, np.generic):
        return _float_text(float(str(value))) if isinstance(value, np.floating) else _text(value.item())
    if _is_missing(value):
        return None
    if isinstance(value, timedelta):
        return _float_text(value.total_seconds())
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip() or None


def _is_missing(value: Any) -> bool:
    if isinstance(value, Decimal):  # pandas raises for a signalling nan
        return value.is_nan()
    import pandas as pd

    return pd.isna(value) is True


# --- features ----------------------------------------------------------------------------------------------


def _plain_number(text: str) -> bool:
    """Whether `text` is a number and not a code such as ``007``."""
    digits = text.lstrip("+-")
    return NUMBER.fullmatch(text) is not None and not (digits[:1] == "0" and digits[1:2].isdigit())


def _objects(values: list[Any]) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
