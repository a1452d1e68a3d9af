"""`History`: what experts handled and whether it was resolved, read from the table that every model is fitted on.

``docs/prediction.md`` describes the columns for users.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.errors import Defect, InputError
from deskmatch.frozen import Frozen, read_only
from deskmatch.prediction.history_columns import (
    features,
    moments,
    name,
    names,
    numbers,
    seconds_of,
    ticket_ids,
    weights,
)
from deskmatch.prediction.history_table import NO_WEIGHT, HistoryTable, one_spelling, positions, truth

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DECLARED", "LATER_KNOWN", "UNAVOIDABLE", "History", "as_history", "read_history"]

REQUIRED = ("expert_id", "topic", "resolved_first_contact")
OPTIONAL = ("ticket_id", "group", "assigned_at", "closed_at", "transfer_reason", "load", "weight")
DECLARED = (*REQUIRED, *OPTIONAL)
LATER_KNOWN = ("handling_s", "handled_s", "resolved_at", "resolved_by", "closed_by", "reopened", "transfers", "text")
"""Columns that other models read, or that are known only once a ticket is done: never features by themselves."""
UNAVOIDABLE = ("unavoidable",)
"""What ``transfer_reason`` says, where nothing else is told, of a transfer that nobody could have prevented."""

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class History(Frozen):
    """Handled tickets, one row for the first expert of each.

    Parameters
    ----------
    expert_ids, topics : the experts and topics that occur, sorted.
    expert, topic : ``(rows,)`` their positions.
    resolved : ``(rows,)`` 1: resolved at first contact, 0: not.
    weight : ``(rows,)`` ≥ 0, how much each row counts; 0 where the transfer was unavoidable.
    groups : the groups of experts that occur, sorted; empty: the table names none.
    group : ``(rows,)`` the group that the expert worked in, −1: not told.
    assigned_at, closed_at : ``(rows,)`` seconds since 1970 (without a time zone: as if in UTC) at which the ticket
        came to the expert, and at which its outcome was known; nan: the table does not say.
    has_zone : whether the times have a time zone; None: there are no times.
    load : ``(rows,)`` tickets that the expert had in hand when it was assigned, nan: the table does not say.
    unavoidable : ``(rows,)`` true where the transfer was unavoidable.
    has_reasons : whether the table says why tickets were transferred.
    ticket_ids : ``(rows,)`` the tickets; empty: not told.
    features : the other columns by name, ``(rows,)`` each: float64 with nan, or objects with text and None.
    """

    expert_ids: tuple[str, ...]
    topics: tuple[str, ...]
    expert: Int64
    topic: Int64
    resolved: Float64
    weight: Float64
    groups: tuple[str, ...]
    group: Int64
    assigned_at: Float64
    closed_at: Float64
    has_zone: bool | None
    load: Float64
    unavoidable: NDArray[np.bool_]
    has_reasons: bool = False
    ticket_ids: tuple[str, ...] = ()
    features: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._set(**{name: read_only(getattr(self, name)) for name in _ROWS})
        self._set(features={name: read_only(values) for name, values in self.features.items()})

    @property
    def known_at(self) -> Float64:
        """``(rows,)`` when the outcome of each row was known: when it was closed, else when it was assigned."""
        return np.where(np.isnan(self.closed_at), self.assigned_at, self.closed_at)

    def take(self, rows: NDArray[Any]) -> History:
        """Some of the rows, by position or as a mask; the names of experts, topics and groups stay."""
        some = np.arange(len(self))[rows]
        return replace(
            self,
            **{name: getattr(self, name)[some] for name in _ROWS},
            ticket_ids=tuple(self.ticket_ids[row] for row in some.tolist()) if self.ticket_ids else (),
            features={name: values[some] for name, values in self.features.items()},
        )

    def sorted_by_time(self) -> History:
        """The rows in the order in which they were assigned; rows without a time last, ties as they stand."""
        return self.take(np.argsort(self.assigned_at, kind="stable"))

    def require_times(self, why: str) -> None:
        """Raise `InputError` where the table does not say when tickets were assigned."""
        if np.isnan(self.assigned_at).any() or not len(self):
            raise InputError([Defect("history", None, "assigned_at", None, f"expected this column: {why}")])

    def __len__(self) -> int:
        return len(self.expert)

    def __repr__(self) -> str:
        counts = ((len(self), "ticket"), (len(self.expert_ids), "expert"), (len(self.topics), "topic"))
        return f"History({', '.join(f'{k} {word}' + 's' * (k != 1) for k, word in counts)})"


_ROWS = ("expert", "topic", "resolved", "weight", "group", "assigned_at", "closed_at", "load", "unavoidable")


def as_history(
    source: History | pd.DataFrame | str | Path,
    *,
    half_life_s: float | None = None,
    now: datetime | None = None,
    unavoidable: Collection[str] = UNAVOIDABLE,
) -> History:
    """A history as it is, or read from a table; rows then count less with their age, where that is wanted.

    Parameters
    ----------
    source : a history, a frame, or the path of a table.
    half_life_s : after how many seconds a ticket counts half; None: all count the same.
    now : the instant from which ages are counted, default the newest row's; rows after it are refused.
    unavoidable : as in `read_history`; a `History` has its own already.

    Raises
    ------
    InputError
        Lists everything that is wrong.
    """
    if isinstance(source, History):
        history = source
        if half_life_s is None:
            return history
        history.require_times("ages are counted from it")
        ages = _ages(history.assigned_at, now, _half_life(half_life_s), ["?"] * len(history), "history")
    else:
        table = HistoryTable(source)
        history = _from_table(table, dated=half_life_s is not None, unavoidable=unavoidable)
        if half_life_s is None:
            return history
        _same_zone(table, history, now)
        ages = _ages(history.assigned_at, now, _half_life(half_life_s), table.sheet.labels, table.sheet.name)
    weight = history.weight * 0.5 ** (ages / half_life_s)
    if not weight.sum() > 0:
        raise InputError([Defect("history", None, None, None, NO_WEIGHT)])
    return replace(history, weight=weight)


def read_history(source: pd.DataFrame | str | Path, *, unavoidable: Collection[str] = UNAVOIDABLE) -> History:
    """Read a history from a frame or a file.

    Names of topics and groups are compared without upper and lower case; of several spellings the least stays.

    Parameters
    ----------
    source : the table.
    unavoidable : the values of a column ``transfer_reason`` that name transfers which no expert could have prevented;
        compared without upper and lower case. Rows with such a transfer keep their place and have weight 0.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table.
    """
    return _from_table(HistoryTable(source), dated=False, unavoidable=unavoidable)


def _from_table(table: HistoryTable, *, dated: bool, unavoidable: Collection[str]) -> History:
    table.require((*REQUIRED, *(["assigned_at"] if dated else [])), OPTIONAL)
    experts = table.column("expert_id", name, "expected the id of an expert")
    topics = table.column("topic", name, "expected the name of a topic")
    resolved = table.column("resolved_first_contact", truth, "expected true or false (or 1 or 0)")
    weight, load, tickets = weights(table), numbers(table, "load"), ticket_ids(table)
    (assigned, closed), has_zone = moments(table, "assigned_at", "closed_at")
    groups, reasons = names(table, "group"), names(table, "transfer_reason")
    table.finish()
    for row in np.flatnonzero(closed < assigned).tolist():
        accepted = "expected a time not before assigned_at"
        table.refuse(table.sheet.labels[row], "closed_at", shown_time(closed[row]), accepted)
    beyond = {fold(each) for each in unavoidable}
    left = np.array([reason is not None and fold(reason) in beyond for reason in reasons], bool)
    left &= np.array(resolved) == 0
    if not (weight * ~left).sum() > 0:
        table.refuse(None, None, None, NO_WEIGHT)
    table.finish()
    expert_ids, expert = positions(experts)
    topic_names, topic = positions(one_spelling(topics))
    group_names, group = positions(one_spelling(groups))
    return History(
        expert_ids=expert_ids,
        topics=topic_names,
        expert=expert,
        topic=topic,
        resolved=np.array(resolved, np.float64),
        weight=np.where(left, 0.0, weight),
        groups=group_names,
        group=group,
        assigned_at=assigned,
        closed_at=closed,
        has_zone=has_zone,
        load=load,
        unavoidable=left,
        has_reasons="transfer_reason" in table,
        ticket_ids=tickets,
        features=features(table, without=DECLARED),
    )


def _same_zone(table: HistoryTable, history: History, now: datetime | None) -> None:
    """Refuse an instant with a time zone beside times without one, and the other way round."""
    if now is not None and (now.utcoffset() is not None) != history.has_zone:
        for label, moment in zip(table.sheet.labels, history.assigned_at.tolist(), strict=True):
            accepted = f"expected all times with a time zone, or none; now is {now}"
            table.refuse(label, "assigned_at", shown_time(moment), accepted)
        table.finish()


def _ages(moments: Float64, now: datetime | None, half_life_s: float, labels: list[str], name: str) -> Float64:
    """``(rows,)`` seconds from each moment to `now`, by default the newest of them."""
    newest = seconds_of(now) if now is not None else moments.max()
    late = np.flatnonzero(moments > newest).tolist()
    if late:
        accepted = f"expected a time not after now ({now})"
        raise InputError([Defect(name, labels[row], "assigned_at", shown_time(moments[row]), accepted) for row in late])
    return np.asarray(newest - moments)


def shown_time(seconds: float) -> str:
    """A moment as text, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ")[:19]


def _half_life(half_life_s: float) -> float:
    if not 0 < half_life_s < np.inf:
        accepted = "expected a finite number of seconds above 0"
        raise InputError([Defect("history", None, "half_life_s", repr(half_life_s), accepted)])
    return half_life_s
