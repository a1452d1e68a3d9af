"""Labels from history: the topic of whoever resolved a ticket, not of whoever got it first."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.frozen import Frozen, read_only
from deskmatch.prediction.history_columns import moments, names, ticket_ids_or_rows
from deskmatch.prediction.history_table import HistoryTable, one_spelling, truth
from deskmatch.prediction.topics.inquiries import Inquiries

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LabelledTickets", "labels_from_history"]

Columns = dict[str, str]
REQUIRED = ("text", "topic")
OPTIONAL = ("ticket_id", "at", "resolved", "category", "language")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledTickets(Frozen):
    """Tickets with the topic that they turned out to have.

    Parameters
    ----------
    ticket_ids : the tickets.
    inquiries : their texts, categories and languages.
    topics : the topic of each; None: one too rare to be learnt, an example of what is out of scope.
    at : ``(tickets,)`` seconds since 1970 at which each came, or None: the table does not say.
    counts : what happened to rows and labels, by reason.
    """

    ticket_ids: tuple[str, ...]
    inquiries: Inquiries
    topics: tuple[str | None, ...]
    at: NDArray[np.float64] | None
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.at is not None:
            self._set(at=read_only(self.at))

    def __len__(self) -> int:
        return len(self.ticket_ids)

    def __repr__(self) -> str:
        return f"LabelledTickets({len(self)} tickets, {len(set(self.topics) - {None})} topics)"


def labels_from_history(
    history: pd.DataFrame | str | Path,
    *,
    columns: dict[str, str] | None = None,
    least: int = 10,
    most_copies: int = 5,
) -> LabelledTickets:
    """Read what tickets turned out to be about.

    A ticket may have several rows, one for each expert, group or state that it went through, in the order of `at`
    (else of the table). The label is the topic of the last row that is resolved: a ticket that was transferred has the
    topic of where it was solved, one that was reopened that of the last solution. Text, category and language are those
    of its first row that has any: what was known when it came. Names of topics are compared without upper and lower
    case.

    Parameters
    ----------
    history : a frame or the path of a table with the columns ``text`` and ``topic`` (the skill, queue or group of who
        handled it), and, where there are such, ``ticket_id``, ``at`` (ISO 8601), ``resolved`` (true or false;
        without it each row is), ``category`` and ``language``.
    columns : what the table calls them, as ``{"text": "Description", "topic": "Assignment group"}``.
    least : tickets that a topic needs to be learnt; those of rarer topics become examples of what is out of scope.
    most_copies : of tickets with the same words and topic, such as those of a monitor, so many are learnt from.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({
    ...     "ticket_id": ["T1", "T1", "T2", "T3"], "text": ["cannot log in", None, "wrong invoice", "hello"],
    ...     "topic": ["front desk", "network", "billing", "billing"], "resolved": [False, True, True, False],
    ... })
    >>> found = labels_from_history(log, least=1)
    >>> found.topics, found.inquiries.text
    (('network', 'billing'), ('cannot log in', 'wrong invoice'))
    >>> found.counts["transferred"], found.counts["never resolved"]
    (1, 1)
    """
    _check_numbers(least=least, most_copies=most_copies)
    table = _renamed(history, columns or {})
    rows = _Rows.read(table)
    counts: Counter[str] = Counter({"rows": len(rows.topic)})
    labelled = [ticket for ticket in _tickets(rows) if _label(ticket, rows, counts)]
    kept = _without_copies(labelled, rows, most_copies, counts)
    chosen = _topics(kept, rows, least, counts)
    first = [ticket[0] for ticket in kept]
    return LabelledTickets(
        ticket_ids=tuple(rows.ticket[row] for row in first),
        inquiries=Inquiries(
            [_first(ticket, rows.text) for ticket in kept],
            [_first(ticket, rows.category) for ticket in kept],
            [_first(ticket, rows.language) for ticket in kept],
        ),
        topics=chosen,
        at=None if rows.at is None else rows.at[first],
        counts={"tickets": len(kept), **counts},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The table's columns, ``(rows,)`` each."""

    ticket: tuple[str, ...]
    text: list[str | None]
    topic: list[str | None]
    category: list[str | None]
    language: list[str | None]
    resolved: list[bool]
    has_outcomes: bool
    at: NDArray[np.float64] | None

    @classmethod
    def read(cls, table: HistoryTable) -> _Rows:
        table.require(REQUIRED, OPTIONAL)
        cells = {name: table.cells(name) for name in ("text", "category", "language")}
        topic = names(table, "topic")
        n = len(table)
        resolved = [True] * n
        if "resolved" in table:
            resolved = [bool(x) for x in table.column("resolved", truth, "expected true or false (or 1 or 0)")]
        [at], _ = moments(table, "at")
        ids = ticket_ids_or_rows(table)
        if not n:
            table.refuse(None, None, "no rows", "expected tickets of the past")
        table.finish()
        whole = None if "at" not in table else at
        return cls(
            ids, cells["text"], topic, cells["category"], cells["language"], resolved, "resolved" in table, whole
        )


def _renamed(history: pd.DataFrame | str | Path, columns: Columns) -> HistoryTable:
    """The table with its columns under our names."""
    unknown = [name for name in columns if name not in (*REQUIRED, *OPTIONAL)]
    accepted = f"expected one of {', '.join((*REQUIRED, *OPTIONAL))}"
    if unknown:
        raise InputError([Defect(ARGUMENTS, None, f"columns[{name!r}]", "a new name", accepted) for name in unknown])
    table = HistoryTable(history)
    own = {theirs: ours for ours, theirs in columns.items()}
    for ours, theirs in columns.items():
        if theirs not in table.sheet.headers:
            found = ", ".join(table.sheet.headers) or "no columns"
            table.refuse(None, theirs, f"only {found}", f"expected this column, which you call the {ours}")
    table.finish()
    taken = set(columns)
    headers = tuple(
        own.get(header, f"{header} (not used)" if header in taken else header) for header in table.sheet.headers
    )
    table.rename(headers)
    return table


def _check_numbers(**numbers: int) -> None:
    defects = [
        Defect(ARGUMENTS, None, name, repr(value), "expected a whole number ≥ 1")
        for name, value in numbers.items()
        if value < 1
    ]
    if defects:
        raise InputError(defects)


def _tickets(rows: _Rows) -> list[list[int]]:
    """The rows of each ticket in order of time; tickets in the order in which they came."""
    order = range(len(rows.ticket)) if rows.at is None else np.argsort(rows.at, kind="stable").tolist()
    found: dict[str, list[int]] = defaultdict(list)
    for row in order:
        found[rows.ticket[row]].append(row)
    return list(found.values())


def _label(ticket: list[int], rows: _Rows, counts: Counter[str]) -> bool:
    """Whether a ticket has a text and a label; why not, and what happened to it, is counted."""
    solved = [row for row in ticket if rows.resolved[row]]
    topics = [topic for row in ticket if (topic := rows.topic[row]) is not None]
    text = _first(ticket, rows.text)
    if not solved:
        counts["never resolved"] += 1
    elif rows.topic[solved[-1]] is None:
        counts["without a topic"] += 1
    elif text is None or not any(map(str.isalnum, text)):
        counts["without a text"] += 1
    else:
        counts["transferred"] += len({fold(topic) for topic in topics}) > 1
        counts["reopened"] += rows.has_outcomes and solved[0] != ticket[-1]
        return True
    return False


def _first(ticket: list[int], cells: list[str | None]) -> str | None:
    return next((cells[row] for row in ticket if cells[row] is not None), None)


def _last_topic(ticket: list[int], rows: _Rows) -> str:
    return next(str(rows.topic[row]) for row in reversed(ticket) if rows.resolved[row])


def _without_copies(tickets: list[list[int]], rows: _Rows, most_copies: int, counts: Counter[str]) -> list[list[int]]:
    """The tickets without all but the last few of those with the same words and topic."""
    seen: Counter[tuple[str, str]] = Counter()
    topics_of: dict[str, set[str]] = defaultdict(set)
    kept = []
    for ticket in reversed(tickets):
        words = " ".join((_first(ticket, rows.text) or "").casefold().split())
        topic = fold(_last_topic(ticket, rows))
        seen[words, topic] += 1
        topics_of[words].add(topic)
        if seen[words, topic] <= most_copies:
            kept.append(ticket)
    counts["copies left out"] = len(tickets) - len(kept)
    counts["texts with contradicting topics"] = sum(len(found) > 1 for found in topics_of.values())
    return kept[::-1]


def _topics(tickets: list[list[int]], rows: _Rows, least: int, counts: Counter[str]) -> tuple[str | None, ...]:
    """The label of each ticket in one spelling; None where it is rare."""
    found = [_last_topic(ticket, rows) for ticket in tickets]
    sizes = Counter(map(fold, found))
    rare = {name for name, n in sizes.items() if n < least}
    counts["of a topic too rare to be learnt"] = sum(sizes[name] for name in rare)
    return tuple(None if fold(name) in rare else name for name in one_spelling(found))
