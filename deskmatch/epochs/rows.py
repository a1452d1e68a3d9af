"""`Rows`: one table as values, column by column, with what is wrong in it and which rows are good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import CellError, Given, identifier, shown
from deskmatch.epochs.columns import Column
from deskmatch.epochs.findings import Findings
from deskmatch.epochs.headers import match_headers
from deskmatch.epochs.reading import Sheet, Text

__all__ = ["Rows", "check_repeats", "read_rows"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One table, read.

    Parameters
    ----------
    findings : what is wrong.
    values : the value of every declared column in every row; the default where the column is absent, the cell
        is empty or bad.
    present : the declared columns that the table has.
    features : the other columns, and declared ones that are features too, ``(rows,)``.
    ids : the id of each row, None where it has none.
    """

    findings: Findings
    values: Mapping[str, list[Any]]
    present: frozenset[str]
    features: Mapping[str, NDArray[Any]]
    ids: list[Text]

    def __len__(self) -> int:
        return len(self.findings.labels)

    def good(self) -> list[int]:
        """The rows in which nothing is wrong."""
        return [row for row in range(len(self)) if row not in self.findings.rows]

    def bad(self) -> list[int]:
        """The rows in which something is wrong."""
        return sorted(self.findings.rows)

    def pick(self, name: str, rows: list[int]) -> list[Any]:
        """The values of one column in these rows."""
        values = self.values[name]
        return values if len(rows) == len(values) else [values[row] for row in rows]

    def pick_features(self, rows: list[int]) -> dict[str, NDArray[Any]]:
        """The features in these rows."""
        return {name: values[np.asarray(rows, np.intp)] for name, values in self.features.items()}


def read_rows(sheet: Sheet, declared: tuple[Column, ...], given: Given, *, key: str | None) -> Rows:
    """Read every declared column of a table.

    Parameters
    ----------
    sheet : the table as text.
    declared : the columns that it may have.
    given : what the meaning of headers and cells depends on.
    key : the column that names the rows; None: no such column.
    """
    findings = Findings(sheet.name, sheet.labels)
    if not sheet.headers and not sheet.labels:  # a frame made of no records has no columns either
        return _no_rows(declared, findings)
    matched = match_headers(sheet.headers, declared, given, findings)
    _report_widths(sheet, findings)
    values = {
        column.name: _values(sheet, matched.declared.get(column.name), column, given, findings) for column in declared
    }
    both = [column.name for column in declared if column.is_feature and column.name in matched.declared]
    places = {**matched.others, **{name: matched.declared[name] for name in both}}
    ids: list[Text] = [None] * len(sheet.labels)
    if key is not None and key in matched.declared:
        ids = [text and identifier(text, given) for text in sheet.columns[matched.declared[key]]]
    return Rows(
        findings=findings,
        values=values,
        present=frozenset(matched.declared),
        features={name: sheet.feature(position) for name, position in places.items()},
        ids=ids,
    )


def _no_rows(declared: tuple[Column, ...], findings: Findings) -> Rows:
    return Rows(findings, {column.name: [] for column in declared}, frozenset(), {}, [])


def _report_widths(sheet: Sheet, findings: Findings) -> None:
    for row, width in sheet.widths.items():
        cells = f"{width} cell{'' if width == 1 else 's'}"
        findings.add(row, None, cells, f"expected {len(sheet.headers)}, as in the header")
        findings.close(row)


def _values(sheet: Sheet, position: int | None, column: Column, given: Given, findings: Findings) -> list[Any]:
    """The values of one column; each distinct text is parsed once."""
    if position is None:
        return [column.default] * len(sheet.labels)
    texts = sheet.columns[position]
    read: dict[Text, Any] = {}
    refused: dict[Text, tuple[str, str]] = {}
    for text in dict.fromkeys(texts):
        try:
            read[text] = _value(text, column, given)
        except CellError as error:
            read[text] = column.default
            refused[text] = ("an empty cell" if text is None else shown(text), str(error))
    if refused:
        for row, text in enumerate(texts):
            if text in refused:
                findings.add(row, column.name, *refused[text])
    return [read[text] for text in texts]


def _value(text: Text, column: Column, given: Given) -> Any:
    if text is not None:
        return column.parse(text, given)
    if column.required:
        raise CellError(f"expected a value such as {column.example}")
    return column.default


def check_repeats(rows: Rows, key: str) -> None:
    """Each id stands once; of rows that share one, the first good row keeps it, so this is the last check."""
    ids, findings = rows.ids, rows.findings
    if len(set(ids)) == len(ids):
        return
    keeper: dict[Text, int] = {}
    for row, value in enumerate(ids):
        first = keeper.get(value)
        if first is None or (first in findings.rows and row not in findings.rows):
            keeper[value] = row
    for row, value in enumerate(ids):
        if value is not None and keeper[value] != row:
            place = findings.labels[keeper[value]]
            findings.add(row, key, shown(value), f"expected each {key} once; row {place} has it too")
