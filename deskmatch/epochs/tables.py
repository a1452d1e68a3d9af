"""Reading an epoch from tables: `read_epoch`, which `Epoch.from_tables` calls.

The columns are declared in `deskmatch.epochs.columns`; ``docs/tables.md`` describes them for users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deskmatch.epochs.arguments import check_renames, read_arguments
from deskmatch.epochs.cells import Given
from deskmatch.epochs.columns import EXPERTS, RESOLUTION, TICKETS
from deskmatch.epochs.epoch import Epoch, Intake
from deskmatch.epochs.names import name_codes
from deskmatch.epochs.notes import Note, as_notes
from deskmatch.epochs.predicted import build_pairs, check_repeated_pairs
from deskmatch.epochs.reading import Sheet, read_sheet
from deskmatch.epochs.roster import Namings, build_desk, build_staffing, check_load, mentioned_by_experts
from deskmatch.epochs.rows import Rows, check_repeats, read_rows
from deskmatch.epochs.waiting import (
    build_tickets,
    check_references,
    count_unserved,
    mentioned_by_tickets,
)
from deskmatch.errors import Defect, InputError

if TYPE_CHECKING:
    import pandas as pd

    Source = pd.DataFrame | str | Path

__all__ = ["read_epoch"]


def read_epoch(
    tickets: Source,
    experts: Source,
    *,
    resolution: Source | None = None,
    now: datetime | str | None = None,
    columns: Mapping[str, str] | None = None,
    priority: Mapping[str, float] | None = None,
    proficiency_scale: float | None = None,
    on_bad: Literal["raise", "hold"] = "raise",
) -> Epoch:
    """Read the tables of one epoch; see `Epoch.from_tables` for the arguments.

    Names of channels, languages, topics and tags are the desk's own, compared without upper and lower case;
    the vocabularies are what experts and tickets name, sorted. Of two rows with one id the first good row
    counts. With ``on_bad="hold"`` every other ticket stands in ``intake.held`` exactly once: under its id,
    or, where that is missing or taken, under one that names its row.

    Raises
    ------
    InputError
        Lists every problem of the arguments and of all tables.
    """
    given = read_arguments(now, columns, priority, proficiency_scale, on_bad)
    sheets = _sheets(tickets, experts, resolution)
    check_renames(given.columns, sheets)
    asked, roster, pairs = _rows(sheets, given)
    _refuse([asked, roster, pairs], on_bad)
    notes: Counter[str] = Counter({Note.BLANK: sum(sheet.blank for sheet in sheets)})
    namings = _namings(asked, roster, notes)
    desk = build_desk(roster, roster.good(), namings)
    waiting = build_tickets(asked, asked.good(), namings, desk, notes)
    count_unserved(waiting, desk, notes)
    return Epoch(
        desk,
        waiting,
        build_staffing(roster, roster.good(), namings),
        now=given.now,
        resolution=None if resolution is None else build_pairs(pairs, waiting, desk, notes),
        intake=_intake(asked, roster, pairs, notes),
    )


def _sheets(tickets: Source, experts: Source, resolution: Source | None) -> list[Sheet]:
    """The tables as text, that of pairs empty where there is none; what is no table is reported at once."""
    sheets: list[Sheet] = []
    defects: list[Defect] = []
    for source, name in ((tickets, "tickets"), (experts, "experts"), (resolution, "resolution")):
        try:
            optional = source is None and name == "resolution"
            sheets.append(Sheet.empty(name) if optional else read_sheet(source, name))
        except InputError as error:
            defects.extend(error.defects)
    if defects:
        raise InputError(defects)
    return sheets


def _rows(sheets: list[Sheet], given: Given) -> tuple[Rows, Rows, Rows]:
    """The tables as values, checked across columns and tables."""
    asked = read_rows(sheets[0], TICKETS, given, key="ticket_id")
    roster = read_rows(sheets[1], EXPERTS, given, key="expert_id")
    pairs = read_rows(sheets[2], RESOLUTION, given, key=None)
    check_load(roster)
    check_references(asked, set(roster.ids))
    check_repeats(asked, "ticket_id")
    check_repeats(roster, "expert_id")
    check_repeated_pairs(pairs)
    return asked, roster, pairs


def _refuse(tables: list[Rows], on_bad: str) -> None:
    """Raise what cannot be passed over: everything, or with ``"hold"`` only what concerns a whole table."""
    everything = [defect for rows in tables for defect in rows.findings.all()]
    fatal = [defect for rows in tables for defect in rows.findings.fatal]
    if fatal or (everything and on_bad == "raise"):
        raise InputError(everything if on_bad == "raise" else fatal)


def _namings(asked: Rows, roster: Rows, notes: Counter[str]) -> Namings:
    by_experts = mentioned_by_experts(roster, roster.good())
    by_tickets = mentioned_by_tickets(asked, asked.good())
    namings = {kind: name_codes(by_experts[kind], by_tickets[kind]) for kind in by_experts}
    notes[Note.SPELLING] += sum(naming.respelt for naming in namings.values())
    return Namings(**namings)


def _intake(asked: Rows, roster: Rows, pairs: Rows, notes: Counter[str]) -> Intake:
    notes[Note.BAD_PAIR] += len(pairs.bad())
    doubts = [note for rows in (asked, roster, pairs) for _, note in rows.findings.dubious]
    return Intake(held=_set_aside(asked), left_out=_set_aside(roster), notes=as_notes(notes, doubts))


def _set_aside(rows: Rows) -> tuple[tuple[str, str], ...]:
    """The bad rows, each under an id that no other row has, with what is wrong."""
    taken = {rows.ids[row] for row in rows.good()}
    aside = []
    for row in rows.bad():
        place = f"row {rows.findings.labels[row]}"
        name = rows.ids[row] or place
        while name in taken:
            name = f"{name} ({place})"
        taken.add(name)
        aside.append((name, rows.findings.reason(row)))
    return tuple(aside)
