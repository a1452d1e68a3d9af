"""From the rows of the table of tickets to `Tickets`."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate, chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import ONE_EXPERT, SEVERAL_EXPERTS, shown
from deskmatch.epochs.desk import Desk
from deskmatch.epochs.notes import Note
from deskmatch.epochs.roster import Namings
from deskmatch.epochs.rows import Rows
from deskmatch.epochs.tickets import Tickets

__all__ = ["build_tickets", "check_references", "count_unserved", "mentioned_by_tickets"]


def check_references(tickets: Rows, expert_ids: set[str | None]) -> None:
    """An expert who is off is no error, but several behind a wrong separator would be named in vain."""
    for column, accepted in (
        ("preferred_expert", ONE_EXPERT),
        ("excluded_experts", SEVERAL_EXPERTS),
        ("offered_to", ONE_EXPERT),
    ):
        for row, value in enumerate(tickets.values[column]):
            for name in value if isinstance(value, tuple) else (value,):
                if name is not None and name not in expert_ids and ("," in name or ";" in name):
                    tickets.findings.add(row, column, shown(name), accepted)


def mentioned_by_tickets(tickets: Rows, good: list[int]) -> dict[str, list[str]]:
    """Every mention of a channel, language, topic and tag."""
    return {
        "channels": tickets.pick("channel", good),
        "languages": tickets.pick("language", good),
        "topics": [name for entry in tickets.pick("topic", good) for name, _ in entry],
        "tags": [name for entry in tickets.pick("requires", good) for name in entry],
    }


def build_tickets(tickets: Rows, good: list[int], namings: Namings, desk: Desk, notes: Counter[str]) -> Tickets:
    """The tickets of the good rows; references to experts who are not on the desk are counted in `notes`."""
    topics = tickets.pick("topic", good)
    requires = tickets.pick("requires", good)
    excluded, excluded_ptr = _excluded(tickets.pick("excluded_experts", good), desk, notes)
    return Tickets(
        ids=tuple(tickets.pick("ticket_id", good)),
        channel=_codes(tickets.pick("channel", good), namings.channels.code),
        language=_codes(tickets.pick("language", good), namings.languages.code),
        topic=_codes((name for entry in topics for name, _ in entry), namings.topics.code),
        topic_ptr=_offsets(topics),
        topic_probability=np.array([share for entry in topics for _, share in entry], float),
        tier=np.array(tickets.pick("tier", good), np.int32),
        waited_s=_first_present(tickets, good, "waited_s", "created_at"),
        due_s=_floats(tickets, good, "due_s"),
        promised_wait_s=_floats(tickets, good, "promised_wait_s"),
        importance=_first_present(tickets, good, "importance", "priority"),
        patience_s=_floats(tickets, good, "patience_s"),
        requires=_codes(chain.from_iterable(requires), namings.tags.code),
        requires_ptr=_offsets(requires),
        preferred=_experts(tickets.pick("preferred_expert", good), desk, Note.PREFERRED, notes),
        excluded=excluded,
        excluded_ptr=excluded_ptr,
        offered_to=_experts(tickets.pick("offered_to", good), desk, Note.OFFERED, notes),
        customer_id=tuple(tickets.pick("customer_id", good)) if "customer_id" in tickets.present else None,
        features=tickets.pick_features(good),
    )


def count_unserved(tickets: Tickets, desk: Desk, notes: Counter[str]) -> None:
    """Count what tickets name and no expert has: no error, but nobody will serve them as it stands."""
    notes[Note.CHANNEL] += _uncovered(tickets.channel, desk.channel_limit > 0)
    notes[Note.LANGUAGE] += _uncovered(tickets.language, desk.speaks)
    notes[Note.TOPIC] += _uncovered(tickets.topic, ~np.isnan(desk.proficiency))
    notes[Note.TAG] += _uncovered(tickets.requires, desk.has)


def _uncovered(codes: NDArray[np.int32], has: NDArray[np.bool_]) -> int:
    """How many of these codes are a column of `has` that is nowhere true."""
    nowhere = np.flatnonzero(~has.any(axis=0))
    return int(np.isin(codes, nowhere).sum())


def _floats(tickets: Rows, good: list[int], name: str) -> NDArray[np.float64]:
    return np.array(tickets.pick(name, good), float)


def _first_present(tickets: Rows, good: list[int], first: str, second: str) -> NDArray[np.float64]:
    return _floats(tickets, good, first if first in tickets.present else second)


def _codes(names: Any, code: dict[str, int]) -> NDArray[np.int32]:
    return np.array([code[name] for name in names], np.int32)


def _offsets(entries: list[tuple[Any, ...]]) -> NDArray[np.int32]:
    return np.array([0, *accumulate(map(len, entries))], np.int32)


def _experts(ids: list[str | None], desk: Desk, note: Note, notes: Counter[str]) -> NDArray[np.int32]:
    rows = np.array([-1 if name is None else desk.index_of(name) for name in ids], np.int32)
    notes[note] += sum(name is not None for name in ids) - int((rows >= 0).sum())
    return rows


def _excluded(
    entries: list[tuple[str, ...]], desk: Desk, notes: Counter[str]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """CSR of the excluded experts who are on the desk."""
    here = [tuple(row for name in entry if (row := desk.index_of(name)) >= 0) for entry in entries]
    notes[Note.EXCLUDED] += sum(map(len, entries)) - sum(map(len, here))
    return np.array(list(chain.from_iterable(here)), np.int32), _offsets(here)
