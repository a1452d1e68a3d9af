"""`Findings`: everything that is wrong in one table, by row, so that one pass lists it all."""

from __future__ import annotations

from deskmatch.errors import Defect

__all__ = ["Findings"]


class Findings:
    """Collects the defects of one table while it is read.

    Parameters
    ----------
    table : the table's name, as defects carry it.
    labels : what each row is called: its line in a file, its index label in a frame.

    Attributes
    ----------
    fatal : what no table can be read with, such as a missing column.
    dubious : what ``on_bad="hold"`` only notes, each with the note.
    rows : what is wrong with single rows.
    """

    def __init__(self, table: str, labels: list[str]) -> None:
        self.table = table
        self.labels = labels
        self.fatal: list[Defect] = []
        self.dubious: list[tuple[Defect, str]] = []
        self.rows: dict[int, list[Defect]] = {}
        self._closed: set[int] = set()

    def refuse(self, column: str | None, value: str | None, accepted: str) -> None:
        """The whole table is wrong."""
        self.fatal.append(Defect(self.table, None, column, value, accepted))

    def doubt(self, column: str, value: str | None, accepted: str, *, note: str) -> None:
        """A column is probably a mistake; ``on_bad="hold"`` goes on and counts `note`."""
        self.dubious.append((Defect(self.table, None, column, value, accepted), note))

    def add(self, row: int, column: str | None, value: str | None, accepted: str) -> None:
        """A cell is wrong."""
        if row not in self._closed:
            defect = Defect(self.table, self.labels[row], column, value, accepted)
            self.rows.setdefault(row, []).append(defect)

    def close(self, row: int) -> None:
        """Nothing further is said about a row whose cells cannot be told apart."""
        self._closed.add(row)

    def all(self) -> list[Defect]:
        """Every defect: of the table, then of its rows in their order."""
        rows = [defect for row in sorted(self.rows) for defect in self.rows[row]]
        return [*self.fatal, *(defect for defect, _ in self.dubious), *rows]

    def reason(self, row: int) -> str:
        """What is wrong with one row, as one text."""
        parts = []
        for defect in self.rows[row]:
            place = "" if defect.column is None else f"column {defect.column!r}: "
            found = "" if defect.value is None else f"found {defect.value}; "
            parts.append(f"{place}{found}{defect.accepted}")
        return " / ".join(parts)
