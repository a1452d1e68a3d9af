"""`HistoryTable`: a table of what was handled, read column by column, with everything that is wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold, shown
from deskmatch.epochs.reading import read_sheet
from deskmatch.errors import Defect, InputError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["NO_WEIGHT", "HistoryTable", "finite_number", "one_spelling", "positions", "truth"]

Value = TypeVar("Value")
NO_WEIGHT = "expected at least one row with a weight above 0"
TRUTH = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}


class HistoryTable:
    """A table as text, and what is wrong with it.

    Parameters
    ----------
    source : a frame or the path of a table.
    name : what a frame is called in messages.
    """

    def __init__(self, source: pd.DataFrame | str | Path, name: str = "history") -> None:
        self.sheet = read_sheet(source, name)
        self.defects: list[Defect] = []

    def __contains__(self, name: str) -> bool:
        return name in self.sheet.headers

    def __len__(self) -> int:
        return len(self.sheet.labels)

    def cells(self, name: str) -> list[str | None]:
        """The cells of a column as text, None where they are empty; all of them where there is no such column."""
        if name not in self:
            return [None] * len(self)
        return list(self.sheet.columns[self.sheet.headers.index(name)])

    def rename(self, headers: Sequence[str]) -> None:
        """Give the columns other names, one for each."""
        self.sheet = replace(self.sheet, headers=tuple(headers))

    def require(self, names: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Refuse a table that lacks one of these columns, or has one of them, or of the optional ones, twice."""
        names = tuple(names)
        for name in names:
            if name not in self.sheet.headers:
                near = get_close_matches(name, self.sheet.headers, n=1)
                hint = f"; did you mean {near[0]!r} by it?" if near else ""
                found = ", ".join(self.sheet.headers) or "no columns"
                self.refuse(None, name, f"only {found}", f"expected this column{hint}")
        for row, width in self.sheet.widths.items():
            accepted = f"expected {len(self.sheet.headers)} cells, as the header has"
            self.refuse(self.sheet.labels[row], None, f"{width} cells", accepted)
        for name in dict.fromkeys((*names, *optional)):
            if self.sheet.headers.count(name) > 1:
                self.refuse(None, name, None, "expected this column once")
        self.finish()

    def column(self, name: str, read: Callable[[str], Value], accepted: str) -> list[Value]:
        """The cells of a column, read one by one; the cells that cannot be read are refused."""
        values = []
        for label, text in zip(self.sheet.labels, self.cells(name), strict=True):
            try:
                if text is None:
                    raise ValueError
                values.append(read(text))
            except (ValueError, OverflowError):
                self.refuse(label, name, "an empty cell" if text is None else shown(text), accepted)
        return values

    def refuse(self, label: str | None, column: str | None, value: str | None, accepted: str) -> None:
        """Note a defect; `finish` raises it."""
        self.defects.append(Defect(self.sheet.name, label, column, value, accepted))

    def finish(self) -> None:
        """Raise with everything that was found, if anything was."""
        if self.defects:
            raise InputError(self.defects)


def positions(names: Sequence[str | None]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The distinct names, sorted, and the position of each name among them; −1 for None."""
    distinct = tuple(sorted({name for name in names if name is not None}))
    place: dict[str | None, int] = {None: -1, **{name: position for position, name in enumerate(distinct)}}
    return distinct, np.array([place[name] for name in names], np.int64)


def one_spelling(names: Sequence[Any]) -> list[Any]:
    """The names, each in the least of the spellings that differ only in upper and lower case."""
    spelling: dict[str, str] = {}
    for name in sorted({name for name in names if name is not None}):
        spelling.setdefault(fold(name), name)
    return [None if name is None else spelling[fold(name)] for name in names]


def truth(text: str) -> float:
    """1 for true, 0 for false; else a ValueError."""
    if text.lower() not in TRUTH:
        raise ValueError
    return TRUTH[text.lower()]


def finite_number(text: str) -> float:
    """A finite number ≥ 0; else a ValueError."""
    value = float(text)
    if not 0 <= value < np.inf:
        raise ValueError
    return value
