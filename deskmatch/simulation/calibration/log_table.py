"""A table of contacts, one row each time that an expert has one, read as a `ContactLog`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.history_table import HistoryTable, finite_number, positions, truth
from deskmatch.simulation.calibration.contact_links import HANDED_ON, MOST_HAND_ONS, chains_of
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending
from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["moment_of", "read_log"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REQUIRED = ("arrived", "answered", "ended", "type", "expert")
OPTIONAL = (
    "queue_entered",
    "outcome",
    "group",
    "priority",
    "channel",
    "contact",
    "transfers",
    "resolved",
    "customer",
)
TIMES = ("arrived", "queue_entered", "answered", "ended")
EVERYBODY, LEAST_OF_EVERYBODY = 0.01, 50
"""A customer of more than this share of the contacts, and of more than so many, is no one customer."""
TOLD = 3
"""Such customers that are named in a note."""
ACCEPTED_TIME = "expected an ISO 8601 time such as 2026-03-02T09:30:00"


def read_log(
    source: pd.DataFrame | str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
) -> ContactLog:
    """Read a table; parameters and errors as in `ContactLog.read`."""
    table = HistoryTable(_renamed(source, columns), "contacts")
    _refuse_public(table)
    table.require(REQUIRED, OPTIONAL)
    labels = table.sheet.labels
    times, unread, offset = _times(table)
    joined = "queue_entered" if "queue_entered" in table else "arrived"
    order = (("arrived", "queue_entered"), (joined, "answered"), ("answered", "ended"), (joined, "ended"))
    cells, told = {name: table.cells(name) for name in TIMES}, unread.copy()
    for earlier, later in order:
        wrong = (times[later] < times[earlier]) & ~told
        told |= wrong
        for row in np.flatnonzero(wrong):
            accepted = f"expected a time not before {earlier}, which is {cells[earlier][row]!r}"
            table.refuse(labels[row], later, repr(cells[later][row]), accepted)
    for row in np.flatnonzero(np.isnan(times["queue_entered"]) & ~np.isnan(times["answered"]) & ~unread):
        table.refuse(labels[row], "queue_entered", "an empty cell", "expected a time, as the contact was answered")
    types = table.column("type", str, "expected a type")
    _refuse_names_of_hand_ons(table, types)
    ending = _endings(table, times, unread)
    experts, groups = _names(table, "expert"), _names(table, "group")
    priorities = _optional(table, "priority", finite_number, "expected a number", 0.0)
    channels = _optional(table, "channel", str, "expected the name of a channel", "call")
    transfers = _optional(table, "transfers", finite_number, "expected a number ≥ 0", np.nan)
    resolved = _optional(table, "resolved", truth, "expected true or false (or 1 or 0)", np.nan)
    contacts = _names(table, "contact")
    _refuse_broken(table, contacts, times, np.where(unread, Ending.IGNORED, ending))
    table.finish()
    if not len(types):
        table.refuse(None, None, None, "expected at least one contact")
    table.finish()
    frame = {"type": types, "expert": experts, "group": groups, "priority": priorities, "channel": channels}
    frame["contact"], frame["customer"] = contacts, _names(table, "customer")
    if "contact" in table:
        transfers = [0.0 if np.isnan(each) else each for each in transfers]
    numbers = {"transfers": np.array(transfers, float), "resolved": np.array(resolved, float)}
    limits = (moment_of("start", start), moment_of("end", end))
    found = _assembled(times, ending, frame, numbers, limits, offset)
    return found._replaced(linked="contact" in table)


def _refuse_public(table: HistoryTable) -> None:
    """Refuse a public log that has an adapter, and say which."""
    from deskmatch.simulation.calibration.adapters import public_log

    headers = table.sheet.headers
    name = public_log(headers)
    if name is not None and not set(REQUIRED) <= set(headers):
        found = f"the columns {', '.join(headers)}"
        reads = f"these are of a public log that read_{name} reads, and deskmatch calibrate --format {name}"
        table.refuse(None, None, found, f"expected {', '.join(REQUIRED)}; {reads}")
        table.finish()


def _assembled(
    times: dict[str, Floats],
    ending: Integers,
    names: Mapping[str, Sequence[Any]],
    numbers: dict[str, Floats],
    limits: tuple[datetime | None, datetime | None],
    epoch: datetime,
) -> ContactLog:
    """Sorted by when they joined the queue, without what is not of the desk; all that is left out is noted."""
    inside = np.ones(len(ending), bool)
    for limit, keep in zip(limits, (np.greater_equal, np.less), strict=True):
        if limit is not None:
            inside &= keep(times["arrived"], (limit - epoch).total_seconds())
    if not inside.any():
        raise InputError([Defect("contacts", None, "arrived", None, "expected contacts in the period asked for")])
    first = limits[0] or epoch + timedelta(seconds=float(times["arrived"][inside].min()))
    start = datetime(first.year, first.month, first.day)
    shift = (start - epoch).total_seconds()
    nobody = (ending == Ending.ANSWERED) & np.array([not name for name in names["expert"]], bool)
    lost = np.isnan(times["ended"]) & ((ending == Ending.ABANDONED) | (ending == Ending.ANSWERED))
    left = ending == Ending.LEFT
    reasons = (
        (inside & (ending == Ending.IGNORED), "are not of the desk (ignored)"),
        (inside & left, "left before they joined the queue; they are counted, and not simulated"),
        (inside & nobody, "were answered and name no expert; they are left out"),
        (inside & lost & ~nobody, "have no end, so that wait or service is not known; they are left out"),
    )
    notes = tuple(f"{rows.sum()} contacts {why}" for rows, why in reasons if rows.any())
    rows = inside & ~nobody & ~lost & ~left & (ending != Ending.IGNORED)
    order = np.flatnonzero(rows)[np.argsort(times["queue_entered"][rows], kind="stable")]
    if not len(order):
        accepted = "expected contacts that joined the queue and ended"
        raise InputError([Defect("contacts", None, None, "; ".join(notes) or None, accepted)])
    chains = chains_of([names["contact"][row] for row in order], times["queue_entered"][order])
    codes: dict[str, Any] = {}
    for name, plural in (("type", "types"), ("priority", "priorities"), ("channel", "channels")):
        chosen = [names[name][row] for row in order]
        if name == "type":
            chosen = [each + HANDED_ON if hop else each for each, hop in zip(chosen, chains.place, strict=True)]
        distinct = sorted(set(chosen))
        place = {value: code for code, value in enumerate(distinct)}
        codes[name] = np.array([place[value] for value in chosen], np.int64)
        codes[plural] = tuple(f"{value:g}" if name == "priority" else value for value in distinct)
    for name, plural in (("expert", "experts"), ("group", "groups")):
        known, code = positions([names[name][row] for row in order])
        unnamed = len(known) and known[0] == ""
        codes[name], codes[plural] = code - int(bool(unnamed)), known[1:] if unnamed else known
    customers, more = _known_customers([names["customer"][row] for row in order])
    known, customer = positions(customers)
    last = times["queue_entered"][order].max() - shift
    if limits[1] is not None:
        last = max(last, (limits[1] - start).total_seconds() - 1)
    return ContactLog(
        start=start,
        days=int(last // DAY_S) + 1,
        arrived_s=times["arrived"][order] - shift,
        queued_s=times["queue_entered"][order] - shift,
        answered_s=times["answered"][order] - shift,
        ended_s=times["ended"][order] - shift,
        ending=ending[order],
        transfers=numbers["transfers"][order],
        resolved=numbers["resolved"][order],
        hop=chains.place,
        following=chains.following,
        handed_on=chains.following >= 0,
        customer=customer - int(bool(len(known) and known[0] == "")),
        left_s=times["arrived"][inside & left] - shift,
        notes=(*notes, *more),
        **codes,
    )


def _renamed(source: Any, columns: Mapping[str, str] | None) -> Any:
    """The table under our names."""
    if not columns:
        return source
    import pandas as pd

    from deskmatch.epochs.reading import read_sheet

    sheet = read_sheet(source, "contacts")
    accepted = f"expected names of {', '.join((*REQUIRED, *OPTIONAL))}"
    wrong = [Defect("columns", None, name, None, accepted) for name in columns if name not in (*REQUIRED, *OPTIONAL)]
    accepted = f"expected one of its columns {', '.join(sheet.headers)}"
    missing = [name for name in columns.values() if name not in sheet.headers]
    wrong += [Defect(sheet.name, None, name, None, accepted) for name in missing]
    if wrong:
        raise InputError(wrong)
    cells = dict(zip(sheet.headers, sheet.columns, strict=False))
    ours = {ours: cells[theirs] for ours, theirs in columns.items()}
    rest = {name: values for name, values in cells.items() if name not in columns.values() and name not in ours}
    return pd.DataFrame({**rest, **ours}, dtype=object)


def _times(table: HistoryTable) -> tuple[dict[str, Floats], NDArray[np.bool_], datetime]:
    """The columns of times in seconds from a midnight, in which rows some is refused, and that midnight.

    Queue entry defaults to arrival.
    """
    import pandas as pd

    found: dict[str, Any] = {}
    unread = np.zeros(len(table), bool)
    for name in TIMES:
        if name not in table:
            continue
        cells = table.sheet.columns[table.sheet.headers.index(name)]
        text = pd.Series(cells, dtype=object)
        moments = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
        wrong = moments.isna() & (text.notna() | (name == "arrived"))
        unread |= wrong.to_numpy()
        for row in np.flatnonzero(wrong):
            shown = "an empty cell" if cells[row] is None else repr(cells[row])
            table.refuse(table.sheet.labels[row], name, shown, ACCEPTED_TIME)
        found[name] = moments
    arrived, cells = found["arrived"].dropna(), table.cells("arrived")
    first = arrived.min() if len(arrived) else pd.Timestamp(0, tz="UTC")
    offset = pd.Timestamp(cells[arrived.index[0]]).utcoffset() if len(arrived) else None
    shift = offset or timedelta(0)  # from UTC, so that days and hours are those of the desk's clock
    midnight = (first + shift).normalize() - shift
    seconds = {name: (moments - midnight).dt.total_seconds().to_numpy(float) for name, moments in found.items()}
    seconds.setdefault("queue_entered", seconds["arrived"])
    return seconds, unread, (midnight + shift).tz_localize(None).to_pydatetime()


def _endings(table: HistoryTable, times: dict[str, Floats], unread: NDArray[np.bool_]) -> Integers:
    """How each contact ended, by its times where the table does not say."""
    answered, queued = ~np.isnan(times["answered"]), ~np.isnan(times["queue_entered"])
    default = np.where(answered, Ending.ANSWERED, np.where(queued, Ending.ABANDONED, Ending.LEFT))
    if "outcome" not in table:
        return default.astype(np.int64)
    known = {each.name.lower(): each for each in Ending}
    cells = table.sheet.columns[table.sheet.headers.index("outcome")]
    found = default.astype(np.int64)
    for row, (label, text) in enumerate(zip(table.sheet.labels, cells, strict=True)):
        if text is None:
            continue
        if text.lower() not in known:
            table.refuse(label, "outcome", repr(text), f"expected one of {', '.join(known)}, or nothing")
            continue
        found[row] = known[text.lower()]
        if (found[row] == Ending.ANSWERED) != answered[row] and found[row] != Ending.IGNORED and not unread[row]:
            table.refuse(label, "outcome", repr(text), "expected it to agree with the column answered")
    return found


def _refuse_names_of_hand_ons(table: HistoryTable, types: list[str]) -> None:
    """Refuse types that would be taken for what contacts of another type are called once they were handed on."""
    accepted = (
        f"expected another name: one that ends with {HANDED_ON!r} is given to contacts that were handed on, which are"
        " logged by the type alone and a column contact"
    )
    for name, count in Counter(types).items():
        if name.endswith(HANDED_ON):
            table.refuse(None, "type", f"{name!r} on {count} rows", accepted)


def _refuse_broken(table: HistoryTable, ids: list[str], times: dict[str, Floats], ending: Integers) -> None:
    """Refuse rows after which a contact cannot go on, and those that begin too early."""
    joined = "queue_entered" if "queue_entered" in table else "arrived"
    cells = table.cells(joined)
    rows = np.flatnonzero(~np.isnan(times["queue_entered"]) & (ending != Ending.IGNORED) & (ending != Ending.LEFT))
    chains = chains_of([ids[row] for row in rows], times["queue_entered"][rows])
    too_often = {ids[rows[at]] for at in np.flatnonzero(chains.place > MOST_HAND_ONS)}
    for name in sorted(too_often):
        accepted = f"expected at most {MOST_HAND_ONS + 1} of one contact, and an empty cell where it is not known"
        table.refuse(None, "contact", f"{name!r} on {ids.count(name)} rows", accepted)
    for at in np.flatnonzero(chains.following >= 0):
        row, later = rows[at], rows[chains.following[at]]
        if ids[row] in too_often:
            continue
        label, other = table.sheet.labels[row], table.sheet.labels[later]
        if ending[row] != Ending.ANSWERED:
            how = Ending(ending[row]).name.lower()
            accepted = f"expected another id than row {other}: a contact that was {how} cannot be handed on"
            table.refuse(label, "contact", repr(ids[row]), accepted)
        elif times["queue_entered"][later] < times["answered"][row]:
            accepted = f"expected a time not before row {label} of the same contact was answered"
            table.refuse(other, joined, repr(cells[later]), accepted)


def _known_customers(ids: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The ids without those that stand for customers who are not known, and a note that names the first of these."""
    most = max(EVERYBODY * len(ids), LEAST_OF_EVERYBODY)
    counts = {name: count for name, count in Counter(ids).most_common() if name and count > most}
    if not counts:
        return ids, ()
    told = [f"{name!r} ({count} contacts)" for name, count in list(counts.items())[:TOLD]]
    more = f" and {len(counts) - TOLD} more" if len(counts) > TOLD else ""
    note = f"customers who have more than {most:.0f} contacts count as not known: {', '.join(told)}{more}"
    return ["" if name in counts else name for name in ids], (note,)


def _names(table: HistoryTable, name: str) -> list[str]:
    """A column of names; empty: nobody."""
    if name not in table:
        return [""] * len(table.sheet.labels)
    return [text or "" for text in table.sheet.columns[table.sheet.headers.index(name)]]


def _optional(table: HistoryTable, name: str, read: Any, accepted: str, default: Any) -> list[Any]:
    """A column that may be absent or empty."""
    if name not in table:
        return [default] * len(table.sheet.labels)
    found = []
    for label, text in zip(table.sheet.labels, table.sheet.columns[table.sheet.headers.index(name)], strict=True):
        try:
            found.append(default if text is None else read(text))
        except ValueError:
            table.refuse(label, name, repr(text), accepted)
            found.append(default)
    return found


def moment_of(name: str, value: date | str | None) -> datetime | None:
    """A limit of the period, by the desk's own clock; a day counts from its midnight."""
    found: Any = value
    with suppress(ValueError):
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day)
    if found is None or (isinstance(found, datetime) and found.tzinfo is None):
        return found
    accepted = f"{ACCEPTED_TIME}, by the desk's own clock, without an offset"
    raise InputError([Defect(ARGUMENTS, None, name, repr(value), accepted)])
