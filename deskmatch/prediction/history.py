"""`History`: what experts handled and whether it was resolved, read from a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.epochs.reading import Sheet, read_sheet
from deskmatch.errors import Defect, InputError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["History", "read_history"]

REQUIRED = ("expert_id", "topic", "resolved_first_contact")
OPTIONAL = ("weight", "assigned_at")
TRUTH = {"true": 1.0, "1": 1.0, "false": 0.0, "0": 0.0}
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Handled tickets.

    Parameters
    ----------
    expert_ids, topics : the experts and topics that occur, sorted.
    expert, topic : ``(rows,)`` their positions.
    resolved : ``(rows,)`` 1: resolved at first contact, 0: not.
    weight : ``(rows,)`` ≥ 0, how much each row counts.
    """

    expert_ids: tuple[str, ...]
    topics: tuple[str, ...]
    expert: NDArray[np.int64]
    topic: NDArray[np.int64]
    resolved: NDArray[np.float64]
    weight: NDArray[np.float64]


def read_history(
    source: pd.DataFrame | str | Path, *, half_life_s: float | None = None, now: datetime | None = None
) -> History:
    """Read a history; see `HistoricalRate.fit` for the columns and arguments.

    Names of topics are compared without upper and lower case; of several spellings the least stays.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table.
    """
    table = _Table(read_sheet(source, "history"))
    table.require((*REQUIRED, *(["assigned_at"] if half_life_s is not None else [])))
    experts = table.column("expert_id", str, "expected the id of an expert")
    topics = table.column("topic", str, "expected the name of a topic")
    resolved = table.column("resolved_first_contact", _truth, "expected true or false (or 1 or 0)")
    weight = np.ones(len(experts))
    if "weight" in table.sheet.headers:
        weight = np.array(table.column("weight", _weight, "expected a finite number ≥ 0"))
    if half_life_s is not None:
        weight = weight * 0.5 ** (table.ages(now) / _half_life(half_life_s))
    if not weight.sum() > 0:
        table.refuse(None, None, None, "expected at least one row with a weight above 0")
    table.finish()
    spelling: dict[str, str] = {}
    for name in sorted(set(topics)):
        spelling.setdefault(fold(name), name)
    expert_ids, expert = _positions(experts)
    names, topic = _positions([spelling[fold(name)] for name in topics])
    return History(expert_ids, names, expert, topic, np.array(resolved), weight)


class _Table:
    """A table as text, and what is wrong with it."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.defects: list[Defect] = []

    def require(self, names: Iterable[str]) -> None:
        """Refuse a table that lacks one of these columns, or has one twice."""
        for name in names:
            if name not in self.sheet.headers:
                near = get_close_matches(name, self.sheet.headers, n=1)
                hint = f"; did you mean {near[0]!r} by it?" if near else ""
                found = ", ".join(self.sheet.headers) or "no columns"
                self.refuse(None, name, f"only {found}", f"expected this column{hint}")
        for name in (*REQUIRED, *OPTIONAL):
            if self.sheet.headers.count(name) > 1:
                self.refuse(None, name, None, "expected this column once")
        self.finish()

    def column(self, name: str, read: Callable[[str], Value], accepted: str) -> list[Value]:
        """The cells of a column, read one by one; the cells that cannot be read are refused."""
        values = []
        cells = self.sheet.columns[self.sheet.headers.index(name)]
        for label, text in zip(self.sheet.labels, cells, strict=True):
            try:
                if text is None:
                    raise ValueError
                values.append(read(text))
            except ValueError:
                self.refuse(label, name, "an empty cell" if text is None else repr(text), accepted)
        return values

    def ages(self, now: datetime | None) -> NDArray[np.float64]:
        """``(rows,)`` seconds from ``assigned_at`` to `now`, by default the newest of the rows."""
        accepted = "expected an ISO 8601 time such as 2026-03-02T09:30:00+01:00"
        moments = self.column("assigned_at", datetime.fromisoformat, accepted)
        self.finish()
        newest = now if now is not None else moments[0] if moments else datetime.min
        for label, moment in zip(self.sheet.labels, moments, strict=True):
            if (moment.utcoffset() is None) != (newest.utcoffset() is None):
                self.refuse(label, "assigned_at", str(moment), "expected all times with a time zone, or none")
        self.finish()
        newest = now if now is not None else max(moments, default=newest)
        for label, moment in zip(self.sheet.labels, moments, strict=True):
            if moment > newest:
                self.refuse(label, "assigned_at", str(moment), f"expected a time not after now ({newest})")
        self.finish()
        return np.array([(newest - moment).total_seconds() for moment in moments])

    def refuse(self, label: str | None, column: str | None, value: str | None, accepted: str) -> None:
        self.defects.append(Defect(self.sheet.name, label, column, value, accepted))

    def finish(self) -> None:
        """Raise with everything that was found, if anything was."""
        if self.defects:
            raise InputError(self.defects)


def _truth(text: str) -> float:
    if text.lower() not in TRUTH:
        raise ValueError
    return TRUTH[text.lower()]


def _weight(text: str) -> float:
    value = float(text)
    if not 0 <= value < np.inf:
        raise ValueError
    return value


def _half_life(half_life_s: float) -> float:
    if not 0 < half_life_s < np.inf:
        accepted = "expected a finite number of seconds above 0"
        raise InputError([Defect("history", None, "half_life_s", repr(half_life_s), accepted)])
    return half_life_s


def _positions(names: list[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The distinct names, sorted, and the position of each name among them."""
    distinct = tuple(sorted(set(names)))
    place = {name: position for position, name in enumerate(distinct)}
    return distinct, np.array([place[name] for name in names], np.int64)
