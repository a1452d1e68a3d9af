"""`Recorded`: arrivals as they were recorded, from a table: when, of which type, and what else is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import cells
from deskmatch.epochs.cells import Given, shown
from deskmatch.epochs.columns import Column
from deskmatch.epochs.reading import read_sheet
from deskmatch.epochs.rows import read_rows
from deskmatch.epochs.tickets import MOST_IMPORTANT
from deskmatch.errors import Defect, InputError
from deskmatch.frozen import Frozen
from deskmatch.routing.validation import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Kind", "Recorded"]

COLUMNS = (
    Column(
        "arrived_s",
        cells.number(least=0),
        "Seconds from the start of the run.",
        "3600.5",
        required=True,
        synonyms=("arrived", "arrival", "arrival_time", "time"),
    ),
    Column("type", cells.one_name("type"), "One of the scenario's types.", "billing", required=True),
    Column("language", cells.one_name("language"), "Default: the type's only one.", "de"),
    Column("topic", cells.one_name("topic"), "Default: the type's only one.", "dns"),
    Column("importance", cells.number(above=0, most=MOST_IMPORTANT), "Default: the type's.", "4", default=nan),
    Column(
        "patience_s",
        cells.number(least=0),
        "When the customer gives up the first time; default: drawn.",
        "180",
        default=nan,
        synonyms=("patience",),
    ),
    Column(
        "promised_wait_s",
        cells.number(above=0),
        "The wait that was promised; default: the type's.",
        "120",
        default=nan,
        synonyms=("promised_wait", "promised"),
    ),
)
"""What the table of recorded arrivals may have."""

NUMBERS = ("arrived_s", "importance", "patience_s", "promised_wait_s")

Kind = tuple[str, str | None, str | None, float | None]
"""Type, language, topic and importance of some arrivals; None: the type's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Recorded(Frozen):
    """Arrivals as they were recorded, in any order.

    Parameters
    ----------
    source : the file they were read from, with its whole path; None: no file.
    table : what the table is called in messages.
    labels : what each row is called there.
    types : the type of each.
    language, topic : None: not recorded.
    arrived_s, importance, patience_s, promised_wait_s : ``(arrivals,)``; nan: not recorded.
    kinds : rows of the arrivals that agree in type, language, topic and importance, by time.
    """

    source: str | None
    table: str
    labels: tuple[str, ...]
    types: tuple[str, ...]
    language: tuple[str | None, ...]
    topic: tuple[str | None, ...]
    arrived_s: NDArray[np.float64]
    importance: NDArray[np.float64]
    patience_s: NDArray[np.float64]
    promised_wait_s: NDArray[np.float64]
    kinds: dict[Kind, NDArray[np.int64]]

    @classmethod
    def read(cls, source: pd.DataFrame | Mapping[str, Any] | str | Path) -> Recorded:
        """Read a table with the columns of `COLUMNS`.

        Parameters
        ----------
        source : a .csv or .parquet file, a pandas frame, or columns by name.

        Raises
        ------
        InputError
            Lists every missing or unknown column and every cell that cannot be read, with its row.
        """
        if isinstance(source, Mapping):
            source = _frame(source)
        sheet = read_sheet(source, "recorded")
        rows = read_rows(sheet, COLUMNS, Given(), key=None)
        known = ", ".join(column.name for column in COLUMNS)
        for name in rows.features:
            if name not in {defect.column for defect in rows.findings.all()}:
                rows.findings.refuse(name, None, f"expected columns of {known}")
        if not rows.findings.labels and not rows.findings.fatal:
            rows.findings.refuse(None, "no rows", "expected an arrival at least")
        if rows.findings.all():
            raise InputError(rows.findings.all())
        values = rows.values
        numbers = {name: np.array(values[name], np.float64) for name in NUMBERS}
        importance = [None if value != value else value for value in values["importance"]]  # nan is no key
        return cls._trusted(
            source=str(Path(source).resolve()) if isinstance(source, str | Path) else None,
            table=sheet.name,
            labels=tuple(rows.findings.labels),
            types=tuple(values["type"]),
            language=tuple(values["language"]),
            topic=tuple(values["topic"]),
            **numbers,
            kinds=_by_kind((values["type"], values["language"], values["topic"], importance), numbers["arrived_s"]),
        )

    def __len__(self) -> int:
        return len(self.types)

    def to_plain(self) -> str | dict[str, list[Any]]:
        """The file, or the columns as lists; `read` takes both."""
        if self.source is not None:
            return self.source
        columns: dict[str, list[Any]] = {
            "type": list(self.types),
            "language": list(self.language),
            "topic": list(self.topic),
        }
        for name in NUMBERS:
            values = getattr(self, name)
            columns[name] = [None if np.isnan(value) else float(value) for value in values]
        return {name: values for name, values in columns.items() if any(value is not None for value in values)}

    def unknown_types(self, known: Iterable[str]) -> list[Defect]:
        """A defect for each row whose type is none of these."""
        names = tuple(known)
        return [
            Defect(
                self.table, label, "type", shown(name), f"expected one of {', '.join(names)}{did_you_mean(name, names)}"
            )
            for label, name in zip(self.labels, self.types, strict=True)
            if name not in names
        ]

    def empty_cells(self, column: str, type_name: str) -> list[Defect]:
        """A defect for each row of a type that does not say its language, or topic."""
        values: tuple[str | None, ...] = getattr(self, column)
        return [
            Defect(self.table, label, column, "an empty cell", f"expected one, as type {name!r} has several")
            for label, name, value in zip(self.labels, self.types, values, strict=True)
            if name == type_name and value is None
        ]


def _by_kind(columns: Iterable[Sequence[Any]], arrived_s: NDArray[np.float64]) -> dict[Kind, NDArray[np.int64]]:
    """Rows by what they say in these columns, each list by time; the kinds in order."""
    found: dict[Kind, list[int]] = {}
    for row, kind in enumerate(zip(*columns, strict=True)):
        found.setdefault(kind, []).append(row)
    ordered = sorted(found, key=lambda kind: (kind[0], kind[1] or "", kind[2] or "", kind[3] or 0.0))
    rows = {kind: np.array(found[kind], np.int64) for kind in ordered}
    return {kind: own[np.argsort(arrived_s[own], kind="stable")] for kind, own in rows.items()}


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.DataFrame(dict(columns))
    except ValueError as error:
        raise InputError([Defect("recorded", None, None, None, f"expected columns of one length ({error})")]) from None
