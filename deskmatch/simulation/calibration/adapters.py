"""Adapters of public logs to `ContactLog`: the bank calls of the Technion's SEE Lab, and the ServiceNow incidents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deskmatch.epochs.cells import shown
from deskmatch.errors import Defect, InputError
from deskmatch.simulation.calibration.contact_log import ContactLog

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["public_log", "read_anonymous_bank", "read_servicenow"]

HALF_DAY_S = 43_200
BANK = ("date", "type", "priority", "vru_entry", "vru_exit", "q_time", "outcome", "ser_time", "server")
SERVICENOW = (
    "number", "incident_state", "opened_at", "sys_updated_at", "category", "assignment_group", "assigned_to",
    "reassignment_count",
)  # fmt: skip


def read_anonymous_bank(
    path: str | Path, *, start: str | None = None, end: str | None = None, customers: bool = False
) -> ContactLog:
    """The calls of an anonymous bank's call centre (A. Mandelbaum, A. Sakov, S. Zeltyn, "Empirical analysis of a call
    center", Technion 2000).

    A call joins the queue when it leaves the voice response unit. Calls that hang up there without a time in the queue
    left before it. ``PHANTOM`` calls are ignored.

    Parameters
    ----------
    path : the file, CSV, compressed or not.
    start, end : as in `ContactLog.read`.
    customers : read who called, so that the twin has customers who gave up call again; four of ten calls say so.
        Replayed weeks are then a little farther from the real ones (docs/calibration.md).

    Raises
    ------
    InputError
        Where the file cannot be read or lacks columns; or lists every time or number in it that cannot be read.
    """
    import pandas as pd

    calls = _csv(path, (*BANK, "customer_id") if customers else BANK)
    day_of_year = partial(pd.to_datetime, format="%y%m%d", errors="coerce")
    clock, number = partial(pd.to_timedelta, errors="coerce"), partial(pd.to_numeric, errors="coerce")
    day, entered, left, calls["q_time"], calls["ser_time"] = _converted(
        path,
        calls.assign(date=calls["date"].astype(str).str.zfill(6)),
        (
            ("date", day_of_year, "expected a day such as 990201"),
            ("vru_entry", clock, "expected a time of day such as 7:02:47"),
            ("vru_exit", clock, "expected a time of day such as 7:02:47"),
            ("q_time", number, "expected seconds"),
            ("ser_time", number, "expected seconds"),
        ),
    )
    base = (day - day.min()).dt.total_seconds()
    entry = base + entered.dt.total_seconds()
    queued = _after(entry, base + left.dt.total_seconds())
    served = (calls["outcome"] == "AGENT").to_numpy() & (calls["ser_time"] > 0).to_numpy()
    waited = calls["q_time"].clip(lower=0)
    answered = queued + waited
    lost = (calls["outcome"] == "HANG").to_numpy()
    ended = np.where(served, answered + calls["ser_time"], queued + waited)
    never = lost & (waited == 0).to_numpy()
    ignored = ~served & ~lost
    frame = pd.DataFrame(
        {
            "arrived": np.minimum(entry, queued),
            "queue_entered": np.where(never, np.nan, queued),
            "answered": np.where(served, answered, np.nan),
            "ended": ended,
        }
    )
    for name in frame.columns:
        frame[name] = day.min() + pd.to_timedelta(frame[name], unit="s")
    frame["outcome"] = np.select([ignored, served, never], ["ignored", "answered", "left"], "abandoned")
    frame["type"], frame["priority"] = calls["type"].to_numpy(), calls["priority"].to_numpy()
    if customers:
        known = pd.to_numeric(calls["customer_id"], errors="coerce").fillna(0).astype(np.int64)
        frame["customer"] = known.astype(str).where(known != 0, "").to_numpy()
    frame["expert"] = calls["server"].where(served & (calls["server"] != "NO_SERVER").to_numpy(), "").to_numpy()
    return ContactLog.read(frame, start=start, end=end)


def read_servicenow(path: str | Path, *, start: str | None = None, end: str | None = None) -> ContactLog:
    """The ServiceNow log of incidents (UCI Machine Learning Repository 498), one row for each change of an incident.

    An incident joins the queue when it is opened, and is answered by the first person to whom it is assigned while it
    is open; it ends when it is first resolved. What happens in between is elapsed time, of which nobody knows how much
    is work: a person has many incidents in hand. So the contacts come by the channel ``post``. Incidents that nobody is
    assigned to before they are resolved name no expert, and those that never are have no end; both are left out with a
    note.

    Parameters
    ----------
    path : the file, CSV, compressed or not.
    start, end : as in `ContactLog.read`.

    Raises
    ------
    InputError
        Where the file cannot be read or lacks columns; or lists every time or number in it that cannot be read.
    """
    import pandas as pd

    events = _csv(path, SERVICENOW)
    instant = partial(pd.to_datetime, format="%d/%m/%Y %H:%M", errors="coerce")
    accepted = "expected a day and a time such as 29/2/2016 01:23"
    events["opened_at"], events["sys_updated_at"] = _converted(
        path, events, (("opened_at", instant, accepted), ("sys_updated_at", instant, accepted))
    )
    events = events.sort_values(["number", "sys_updated_at"], kind="stable")
    done = events["incident_state"].isin(("Resolved", "Closed"))
    assigned = events[(events["assigned_to"] != "?") & ~done].groupby("number").first()
    incidents = events.groupby("number").agg(opened_at=("opened_at", "first"), transfers=("reassignment_count", "max"))
    incidents["type"] = events.groupby("number")["category"].first().replace("?", "unknown")
    incidents["resolved"] = events[done].groupby("number")["sys_updated_at"].first()
    incidents["expert"], incidents["group"] = assigned["assigned_to"], assigned["assignment_group"].replace("?", "")
    incidents["answered"] = np.maximum(assigned["sys_updated_at"], incidents["opened_at"])
    answered = incidents["answered"].fillna(incidents["resolved"])
    frame = pd.DataFrame(
        {
            "arrived": incidents["opened_at"],
            "answered": answered,
            "ended": np.maximum(incidents["resolved"], answered),
            "type": incidents["type"],
            "expert": incidents["expert"],
            "group": incidents["group"],
            "transfers": incidents["transfers"],
            "channel": "post",
        }
    )
    return ContactLog.read(frame.reset_index(drop=True), start=start, end=end)


def public_log(columns: Sequence[str]) -> str | None:
    """The name of the public log that has these columns, as in ``read_…`` and ``--format``; None: none of them has.

    Examples
    --------
    >>> public_log((*BANK, "customer_id")), public_log(("arrived", "answered", "type", "expert"))
    ('anonymous_bank', None)
    """
    known = {"anonymous_bank": BANK, "servicenow": SERVICENOW}
    return next((name for name, needed in known.items() if set(needed) <= set(columns)), None)


def _after(earlier: Any, later: Any) -> Any:
    """Clock times that are far before what comes first belong to the next day."""
    return np.where(earlier - later > HALF_DAY_S, later + 2 * HALF_DAY_S, later)


def _converted(
    path: str | Path, frame: pd.DataFrame, columns: Sequence[tuple[str, Callable[[Any], Any], str]]
) -> list[Any]:
    """Columns as what they stand for; every cell that cannot be read is told, by the line of the file."""
    found, defects = [], []
    for name, convert, accepted in columns:
        values = convert(frame[name])
        defects += [
            Defect(Path(path).name, str(row + 2), name, shown(str(frame[name].iloc[row])), accepted)
            for row in np.flatnonzero(values.isna())
        ]
        found.append(values)
    if defects:
        raise InputError(defects)
    return found


def _csv(path: str | Path, needed: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(path, low_memory=False)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError([Defect(str(path), None, None, None, f"expected a CSV file ({error})")]) from None
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        found = ", ".join(map(str, frame.columns[:12]))
        raise InputError(
            [Defect(Path(path).name, None, name, f"only {found}", "expected this column") for name in missing]
        )
    return frame
