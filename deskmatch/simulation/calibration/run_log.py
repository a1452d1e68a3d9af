"""The log that a desk would have written of a simulated run: what it sees of contacts, not what only the run knows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import NUMBER
from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.simulation.calibration.contact_links import base_name
from deskmatch.simulation.calibration.contact_log import ContactLog
from deskmatch.simulation.calibration.log_table import moment_of, read_log
from deskmatch.simulation.deciding import MONDAY
from deskmatch.simulation.engine.records import Outcome
from deskmatch.simulation.run import Run
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["contacts_of_run", "log_of_run"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Names = NDArray[np.object_]

HANDED_ON = (Outcome.PREVENTABLE_TRANSFER, Outcome.UNAVOIDABLE_TRANSFER)
SERVED = (*HANDED_ON, Outcome.RESOLVED, Outcome.REPEAT, Outcome.UNRESOLVED)
OPEN = (Outcome.WAITING, Outcome.NO_ANSWER)
"""Of the last row of a contact: it goes on waiting when the run ends."""


def contacts_of_run(run: Run, *, start: date | str | None = None) -> pd.DataFrame:
    """The table of contacts that the desk of a run would have logged, with the columns that `ContactLog.read` takes.

    One row each time that an expert has a contact, or nobody has it in the end, in the order in which they joined the
    queue; the warm-up is in it, and what joined after the horizon is not. What had not ended when the run did has no
    ``ended``. ``contact`` holds those together that were handed on, ``customer`` all contacts of one ticket, redials
    and repeat contacts among them. Calls back in vain are part of the wait for the one that is answered. Languages,
    after-work and offers that were declined are not in it.

    Of a calibrated scenario types, priorities and experts have the names of the log that it was learned from.

    Parameters
    ----------
    run : of any scenario and policy.
    start : midnight of the first day, of the weekday on which the scenario begins; default: the first such day of 2024.

    Raises
    ------
    InputError
        Where `start` is no such day.
    """
    import pandas as pd

    first, names, found = pd.Timestamp(_start(run.scenario, start)), _Called.of(run.scenario), _contacts(run)
    rows = found.rows
    served, still_open = np.isin(rows["outcome"], SERVED), np.isin(rows["outcome"], OPEN)
    answered = served | (rows["outcome"] == Outcome.IN_HAND)
    unanswered = np.where(rows["outcome"] == Outcome.BLOCKED, "blocked", np.where(still_open, "", "abandoned"))

    def moment(seconds: Floats, known: NDArray[np.bool_]) -> pd.DatetimeIndex:
        return first + pd.to_timedelta(np.where(known, seconds, np.nan), unit="s")

    always = np.ones(len(rows), bool)
    table = pd.DataFrame(
        {
            "arrived": moment(found.arrived_s, always),
            "queue_entered": moment(found.queued_s, always),
            "answered": moment(rows["started"], answered),
            "ended": moment(rows["ended"], ~still_open),
            "outcome": np.where(answered, "answered", unanswered),
            "type": names.type[rows["type"]],
            "priority": names.priority[rows["type"]],
            "channel": names.channel[rows["type"]],
            "expert": np.where(answered, names.expert[rows["expert"]], ""),
            "contact": [f"{root}.{number}" for root, number in zip(rows["root"], found.number, strict=True)],
            "customer": rows["root"].astype(str),
            "resolved": np.where(served, rows["outcome"] == Outcome.RESOLVED, None),
        }
    )
    return table.iloc[np.argsort(found.queued_s, kind="stable")].reset_index(drop=True)


def log_of_run(run: Run, *, start: date | str | None = None) -> ContactLog:
    """The table of `contacts_of_run` as a log of all days up to the horizon; see `ContactLog.of_run`."""
    first = _start(run.scenario, start)
    end = first + timedelta(days=ceil(run.scenario.tables.horizon_s / DAY_S))
    return read_log(contacts_of_run(run, start=first), start=first, end=end)


def _start(scenario: Scenario, start: date | str | None) -> datetime:
    """Midnight of the first day."""
    usual = MONDAY.replace(tzinfo=None) + timedelta(days=scenario.tables.start_day)
    found = moment_of("start", start) or usual
    if found.weekday() != usual.weekday() or found != datetime(found.year, found.month, found.day):
        accepted = f"expected midnight of a {usual:%A}, on which the scenario begins, such as {usual.date()}"
        raise InputError([Defect(ARGUMENTS, None, "start", repr(start), accepted)])
    return found


class _Contacts(NamedTuple):
    """The contacts of a run, by ticket and in the order of time.

    Parameters
    ----------
    rows : of the run; of calls back the last ones.
    queued_s : ``(contacts,)`` when it joined the queue, before all calls back in vain.
    arrived_s : ``(contacts,)`` when the first one joined it of those that were handed on to each other.
    number : ``(contacts,)`` of these within their ticket, from 0.
    """

    rows: NDArray[Any]
    queued_s: Floats
    arrived_s: Floats
    number: Integers


def _contacts(run: Run) -> _Contacts:
    rows = run.rows[run.rows["outcome"] != Outcome.AWAY]
    rows = rows[np.lexsort((rows["attempt"], rows["root"]))]
    goes_on = _follows(rows, (Outcome.NO_ANSWER,))
    queued_s = rows["entered"][~goes_on]
    rows = rows[np.append(~goes_on, True)[1:]]  # the last of each of these
    handed_on = _follows(rows, HANDED_ON)
    arrived_s = queued_s[np.maximum.accumulate(np.where(handed_on, 0, np.arange(len(rows))))]
    count = np.cumsum(~handed_on)
    number = count - count[np.searchsorted(rows["root"], rows["root"])]
    logged = queued_s < run.scenario.tables.horizon_s
    return _Contacts(rows[logged], queued_s[logged], arrived_s[logged], number[logged])


def _follows(rows: NDArray[Any], outcomes: tuple[Outcome, ...]) -> NDArray[np.bool_]:
    """``(rows,)`` whether the row before is of the same ticket, and ended so."""
    found = np.zeros(len(rows), bool)
    found[1:] = (rows["root"][1:] == rows["root"][:-1]) & np.isin(rows["outcome"][:-1], outcomes)
    return found


class _Called(NamedTuple):
    """What a log calls the types and experts of a scenario.

    Parameters
    ----------
    type, priority, channel : ``(types,)``; no priority: empty.
    expert : ``(experts + 1,)``; the last one, which is also at −1, is nobody.
    """

    type: Names
    priority: Names
    channel: Names
    expert: Names

    @classmethod
    def of(cls, scenario: Scenario) -> _Called:
        classes, experts = [(each.name, "") for each in scenario.types], list(scenario.desk.expert_ids)
        if scenario.tables.calibration is not None:
            classes = [_as_before_calibration(each.written, each.topic) for each in scenario.types]
            experts = _persons(scenario)
        return cls(
            type=np.array([name for name, _ in classes], object),
            priority=np.array([priority for _, priority in classes], object),
            channel=np.array([each.settings.channel for each in scenario.types], object),
            expert=np.array([*experts, ""], object),
        )


def _as_before_calibration(name: str, topic: str) -> tuple[str, str]:
    """Type and priority in the log from which a class of contacts was learned, see `ContactLog.class_names`.

    Examples
    --------
    >>> _as_before_calibration("card handed on 2", "card handed on"), _as_before_calibration("card lost", "card")
    (('card', '2'), ('card lost', ''))
    """
    start, _, priority = name.rpartition(" ")
    is_class = start == topic and NUMBER.fullmatch(priority) is not None
    return (base_name(topic), priority) if is_class else (base_name(name), "")


def _persons(scenario: Scenario) -> list[str]:
    """By expert of a calibrated scenario the name in the log: its group's, without the number of a set of types."""
    groups, size = scenario.groups, np.bincount(scenario.group_of)
    found = []
    for own_id, row in zip(scenario.desk.expert_ids, scenario.group_of.tolist(), strict=True):
        name, _, number = groups[row].rpartition("/")
        person = name if name in groups and number.isdigit() else groups[row]
        found.append(person if size[row] == 1 else own_id)
    return found
