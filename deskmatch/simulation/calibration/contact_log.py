"""`ContactLog`: what happened to every contact of a desk, read from one table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError, Defect, InputError
from deskmatch.frozen import Frozen, read_only
from deskmatch.routing.kinds import Kind, kind_of
from deskmatch.simulation.calibration.contact_links import base_name
from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.simulation.run import Run

__all__ = ["ContactLog", "Ending", "check_served", "hour_of", "intervals_of_day", "on_line"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Ending(IntEnum):
    """How a contact ended, as far as the desk saw it."""

    ANSWERED = 0
    ABANDONED = 1
    """The customer gave up waiting."""
    BLOCKED = 2
    """Turned away: the queue was full."""
    LEFT = 3
    """Left before the queue: in the menu of a voice response unit."""
    IGNORED = 4
    """Not of the desk: a test, a ghost."""


@dataclass(frozen=True, slots=True, eq=False)
class ContactLog(Frozen):
    """Contacts in the order in which they joined the queue; read it with `ContactLog.read`.

    Parameters
    ----------
    start : midnight of the first day; all times are seconds from it.
    days : how many days it lasts.
    arrived_s, queued_s, answered_s, ended_s : ``(rows,)``; nan: it did not happen.
    ending : ``(rows,)`` codes of `Ending`; only contacts that joined the queue are rows.
    type, priority, channel, expert, group : ``(rows,)`` codes; of experts and groups −1: nobody, or not logged.
    types, priorities, channels, experts, groups : the names; priorities in order, the most urgent last. Rows of a
        contact after the first are of a type of their own, whose name ends with `contact_links.HANDED_ON`.
    transfers : ``(rows,)`` how often the contact was handed on in all; nan: not logged.
    hop : ``(rows,)`` how often it had been handed on before, within the log.
    following : ``(rows,)`` the row with which the contact goes on; −1: none.
    handed_on : ``(rows,)`` whether another row of the log goes on with it, of this period or a later one.
    resolved : ``(rows,)`` 1, 0, nan: not logged.
    customer : ``(rows,)`` codes; −1: not known.
    left_s : ``(n,)`` when contacts left before the queue.
    linked : it says which rows are one contact.
    notes : what was left out, a sentence each.
    seen_until_s : fits of how long tickets take do not look at what ended later.
    """

    start: datetime
    days: int
    arrived_s: Floats
    queued_s: Floats
    answered_s: Floats
    ended_s: Floats
    ending: Integers
    type: Integers
    priority: Integers
    channel: Integers
    expert: Integers
    group: Integers
    types: tuple[str, ...]
    priorities: tuple[str, ...]
    channels: tuple[str, ...]
    experts: tuple[str, ...]
    groups: tuple[str, ...]
    transfers: Floats
    resolved: Floats
    hop: Integers
    following: Integers
    handed_on: NDArray[np.bool_]
    customer: Integers
    left_s: Floats
    linked: bool = False
    notes: tuple[str, ...] = ()
    seen_until_s: float = float("inf")

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                self._set(**{name: read_only(value)})

    @classmethod
    def read(
        cls,
        source: pd.DataFrame | str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
    ) -> ContactLog:
        """Read a table of contacts, one row each time that an expert has one.

        Parameters
        ----------
        source : a frame, or the path of a CSV or Parquet file, with the columns

            ================= ==============================================================================
            ``arrived``       when the customer came; ISO 8601
            ``queue_entered`` when the contact joined the queue; empty: it never did (left in a menu).
                              Without this column: when it arrived
            ``answered``      when an expert began; empty: nobody did
            ``ended``         when service ended, or the customer gave up; contacts without are left out
            ``outcome``       ``answered``, ``abandoned``, ``blocked``, ``left`` (before the queue), ``ignored``;
                              default: answered where ``answered`` is filled in, else left or abandoned
            ``type``          what it is about; no name that ends with `contact_links.HANDED_ON`
            ``expert``        who served it; empty: nobody
            ``group``         the expert's group
            ``priority``      a number, the greater the more urgent
            ``channel``       default: call
            ``contact``       an id: rows with the same one are one contact that was handed on, in the order of time
            ``transfers``     how often the contact was handed on in all
            ``resolved``      true or false
            ``customer``      an id, the same whenever the customer comes; empty: not known
            ================= ==============================================================================

            of which ``arrived``, ``answered``, ``ended``, ``type`` and ``expert`` are needed.
        columns : names in the table for names here, where they differ, such as ``{"arrived": "created_at"}``.
        start, end : only contacts that arrive from `start` on and before `end`.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table.
        """
        from deskmatch.simulation.calibration.log_table import read_log

        return read_log(source, columns=columns, start=start, end=end)

    @classmethod
    def of_run(cls, run: Run, *, start: date | str | None = None) -> ContactLog:
        """The log that the desk of a simulated run would have written, of all days up to the horizon.

        What is learned from it can be held against what was simulated. `contacts_of_run` is the table behind it, for a
        desk that logs less.

        Parameters
        ----------
        run : of any scenario and policy.
        start : midnight of the first day, as in `contacts_of_run`.

        Raises
        ------
        InputError
            Where `start` is no such day, nobody came, or a type is called as no log may call one.
        """
        from deskmatch.simulation.calibration.run_log import log_of_run

        return log_of_run(run, start=start)

    def between(self, first: int, last: int) -> ContactLog:
        """The contacts of days ``first`` to ``last − 1``, counted from the first of this log.

        Raises
        ------
        ContractError
            Where there are no such days.
        """
        if not 0 <= first < last <= self.days:
            raise ContractError(f"between: found {first}, {last}; expected days from 0 to {self.days}, in order")
        begin, end = first * DAY_S, last * DAY_S
        rows = (self.queued_s >= begin) & (self.queued_s < end)
        changes: dict[str, Any] = {
            name: getattr(self, name)[rows]
            for name in self.__slots__
            if isinstance(getattr(self, name), np.ndarray) and name != "left_s"
        }
        for name in ("arrived_s", "queued_s", "answered_s", "ended_s"):
            changes[name] = changes[name] - begin
        kept = np.append(np.where(rows, np.cumsum(rows) - 1, -1), -1)  # row −1 stays −1
        changes["following"] = kept[changes["following"]]
        left = self.left_s[(self.left_s >= begin) & (self.left_s < end)] - begin
        changes["seen_until_s"] = min(self.seen_until_s, end) - begin
        return self._replaced(
            start=self.start + timedelta(days=first), days=last - first, left_s=left, notes=(), **changes
        )

    def _replaced(self, **changes: Any) -> ContactLog:
        return ContactLog(**{**{name: getattr(self, name) for name in self.__slots__}, **changes})

    def __len__(self) -> int:
        return len(self.type)

    @property
    def until_s(self) -> Floats:
        """``(rows,)`` when the wait was over: the answer, or giving up; nan where that is not logged."""
        return np.where(np.isnan(self.answered_s), self.ended_s, self.answered_s)

    @property
    def wait_s(self) -> Floats:
        """``(rows,)`` from joining the queue to the answer, or to giving up; nan where that is not logged."""
        return self.until_s - self.queued_s

    def day_of(self, times_s: Floats) -> Integers:
        """The days of some times, from 0; what goes on after the last day belongs to it."""
        return np.minimum((times_s // DAY_S).astype(np.int64), self.days - 1)

    @property
    def handling_s(self) -> Floats:
        """``(rows,)`` from the answer to the end; nan where there was none."""
        return self.ended_s - self.answered_s

    @property
    def abandoned(self) -> NDArray[np.bool_]:
        """``(rows,)``."""
        return np.asarray(self.ending == Ending.ABANDONED)

    @property
    def good(self) -> Floats:
        """``(rows,)`` 1 where it was resolved and not handed on, 0 where it was not; nan where the log says neither."""
        known = ~np.isnan(self.transfers) | ~np.isnan(self.resolved)
        bad = self.handed_on | (self.transfers > self.hop) | (self.resolved == 0)
        return np.where(known, ~bad, np.nan)

    @property
    def comes(self) -> NDArray[np.bool_]:
        """``(rows,)`` false where the contact was handed on by another row of this log."""
        found = np.ones(len(self), bool)
        found[self.following[self.following >= 0]] = False
        return found

    def handed_on_by(self, expert: int) -> NDArray[np.bool_]:
        """``(rows,)`` contacts that this expert has had before, and so does not get again."""
        found = np.zeros(len(self), bool)
        later = self.following[self.expert == expert]
        while (later >= 0).any():
            later = later[later >= 0]
            found[later] = True
            later = self.following[later]
        return found

    @property
    def base_type(self) -> Integers:
        """``(types,)`` codes of the types as which contacts came."""
        row = {name: code for code, name in enumerate(self.types)}
        return np.array([row.get(base_name(name), code) for code, name in enumerate(self.types)], np.int64)

    @property
    def weekday(self) -> int:
        """Of the first day; Monday is 0."""
        return self.start.weekday()

    @property
    def period(self) -> tuple[str, str]:
        """First and last day, as ISO dates."""
        return self.start.date().isoformat(), (self.start + timedelta(days=self.days - 1)).date().isoformat()

    @property
    def digest(self) -> str:
        """A hash of all that is in the log, the first 16 hexadecimal digits of SHA-256."""
        hashed = hashlib.sha256(repr((self.start, self.types, self.priorities, self.experts)).encode())
        linked = [name for name, used in (("following", self.hop > 0), ("customer", self.customer >= 0)) if used.any()]
        for name in ("queued_s", "answered_s", "ended_s", "ending", "type", "priority", "expert", *linked):
            hashed.update(np.ascontiguousarray(getattr(self, name)).tobytes())
        return hashed.hexdigest()[:16]

    @property
    def on_line(self) -> bool:
        """Whether its customers wait on a line (calls, chats); else they are tickets that are in hand for a while."""
        return any(map(on_line, self.channels))

    @property
    def elapsed_s(self) -> Floats:
        """``(rows,)`` from joining the queue to the end."""
        return self.ended_s - self.queued_s

    def class_names(self) -> tuple[str, ...]:
        """Names of the classes of contacts that are told apart: type and, where there are several, priority."""
        if len(self.priorities) == 1:
            return self.types
        return tuple(f"{name} {priority}" for name in self.types for priority in self.priorities)

    @property
    def contact_class(self) -> Integers:
        """``(rows,)`` positions in `class_names`."""
        return self.type * len(self.priorities) + self.priority

    def __repr__(self) -> str:
        first, last = self.period
        return f"ContactLog({len(self)} contacts, {len(self.experts)} experts, {first} to {last})"


def intervals_of_day(every_s: float) -> int:
    """How many intervals of this length make a day.

    Raises
    ------
    ContractError
        Where no whole number of them does.
    """
    count = DAY_S / every_s if every_s > 0 else 0.0
    if count < 1 or not count.is_integer():
        raise ContractError(f"every_s: found {every_s!r}; expected seconds of which a whole number makes a day")
    return int(count)


def hour_of(times_s: Floats) -> Integers:
    """Hours of the day, 0 to 23."""
    return np.asarray(times_s % DAY_S // 3600, np.int64)


def check_served(log: ContactLog) -> None:
    """Refuse a log of which nothing can be learned, nor replayed.

    Raises
    ------
    ContractError
        Where it is something else, such as a table.
    InputError
        Where no contact was served for any time.
    """
    given: object = log
    if not isinstance(given, ContactLog):
        raise ContractError(f"log: found {type(given).__name__}; expected a ContactLog, such as ContactLog.read makes")
    if not np.nansum(log.handling_s) > 0:
        found = f"{len(log)} contacts from {' to '.join(log.period)}"
        accepted = "expected some that an expert answered, with an end after that"
        raise InputError([Defect("contacts", None, "answered", found, accepted)])


def on_line(channel: str) -> bool:
    """Whether the customers of a channel wait on a line."""
    return kind_of(channel) not in (Kind.POST, Kind.CALLBACK)
