"""The optional columns of a history's table: names, numbers, times, ids and features, each where it is there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import shown
from deskmatch.prediction.history_table import HistoryTable, finite_number

__all__ = [
    "as_feature",
    "features",
    "moments",
    "name",
    "names",
    "numbers",
    "optional",
    "seconds_of",
    "ticket_ids",
    "ticket_ids_or_rows",
    "weights",
]

LONGEST_NAME = 200
"""Characters of the name of a topic, expert, group or reason: a cell with more holds something else."""
TIME = "expected an ISO 8601 time such as 2026-03-02T09:30:00+01:00"

Float64 = NDArray[np.float64]


def name(text: str) -> str:
    """A name that is not too long to be one; else a ValueError."""
    if len(text) > LONGEST_NAME:
        raise ValueError
    return text


def names(table: HistoryTable, column: str) -> list[str | None]:
    """The names of a column; None where a cell is missing, or the whole column is."""
    accepted = f"expected a name of at most {LONGEST_NAME} characters"
    return optional(table, column, name, accepted)


def numbers(table: HistoryTable, column: str) -> Float64:
    """``(rows,)`` the numbers of a column; nan where a cell is missing, or the whole column is."""
    found = optional(table, column, finite_number, "expected a finite number ≥ 0")
    return np.array([np.nan if value is None else value for value in found], np.float64)


def weights(table: HistoryTable) -> Float64:
    """``(rows,)`` how much each row counts, 1 without the column."""
    if "weight" not in table:
        return np.ones(len(table))
    return np.array(table.column("weight", finite_number, "expected a finite number ≥ 0"), np.float64)


def moments(table: HistoryTable, *columns: str) -> tuple[list[Float64], bool | None]:
    """Seconds since 1970 of columns of times, nan without the column; and whether they have a time zone.

    All times of all columns have a time zone, or none; None where there are no times.
    """
    arrays: list[Float64] = []
    has_zone: bool | None = None
    for column in columns:
        if column not in table:
            arrays.append(np.full(len(table), np.nan))
            continue
        before = len(table.defects)
        found = table.column(column, datetime.fromisoformat, TIME)
        if len(table.defects) > before:
            arrays.append(np.zeros(len(table)))
            continue
        for label, moment in zip(table.sheet.labels, found, strict=True):
            zoned = moment.utcoffset() is not None
            has_zone = zoned if has_zone is None else has_zone
            if zoned != has_zone:
                table.refuse(label, column, str(moment), "expected all times with a time zone, or none")
        arrays.append(np.array([seconds_of(moment) for moment in found], np.float64))
    return arrays, has_zone


def seconds_of(moment: datetime) -> float:
    """Seconds since 1970; a time without a zone counts as if in UTC."""
    return (moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)).timestamp()


def ticket_ids(table: HistoryTable) -> tuple[str, ...]:
    """The ids of the tickets, each once; empty without the column."""
    if "ticket_id" not in table:
        return ()
    found = table.column("ticket_id", str, "expected the id of a ticket")
    first: dict[str, str] = {}
    for label, ticket in zip(table.sheet.labels, found, strict=False):
        before = first.setdefault(ticket, label)
        if before != label:
            accepted = f"expected each ticket once, with its first expert; row {before} has it too"
            table.refuse(label, "ticket_id", repr(ticket), accepted)
    return tuple(found)


def ticket_ids_or_rows(table: HistoryTable) -> tuple[str, ...]:
    """The ids of the tickets, which may occur several times; without the column, or in an empty cell, the row."""
    labels = [f"row {label}" for label in table.sheet.labels]
    return tuple(cell or label for cell, label in zip(table.cells("ticket_id"), labels, strict=True))


def features(table: HistoryTable, *, without: Collection[str]) -> dict[str, NDArray[Any]]:
    """The other columns: numbers as float64 with nan, all else as text with None."""
    headers = table.sheet.headers
    return {
        column: as_feature(table.sheet.feature(position), table.sheet.columns[position])
        for position, column in enumerate(headers)
        if column and column not in without and headers.count(column) == 1
    }


def as_feature(values: NDArray[Any], texts: list[str | None]) -> NDArray[Any]:
    """Numbers as float64, infinite ones as nan; all else as objects, text or None."""
    if values.dtype.kind in "iuf":
        found = values.astype(np.float64)
        return np.where(np.isfinite(found), found, np.nan)
    cells = np.empty(len(texts), dtype=object)
    cells[:] = texts
    return cells


def optional(table: HistoryTable, column: str, read: Any, accepted: str) -> list[Any]:
    """The cells of a column that are there, read one by one; None for the others."""
    values = []
    for label, text in zip(table.sheet.labels, table.cells(column), strict=True):
        try:
            values.append(None if text is None else read(text))
        except (ValueError, OverflowError):
            values.append(None)
            table.refuse(label, column, shown(text or ""), accepted)
    return values
