"""What is no error in the tables but counted: the keys of ``Intake.notes``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

__all__ = ["Note", "as_notes"]


class Note(StrEnum):
    """What is counted, each in mentions by tickets or in rows."""

    PREFERRED = "preferred expert not on the desk"
    EXCLUDED = "excluded expert not on the desk"
    OFFERED = "offered to an expert not on the desk"
    PAIR = "pair outside this epoch"
    BAD_PAIR = "bad row in the pair table"
    TOPIC = "topic that nobody knows"
    LANGUAGE = "language that nobody speaks"
    CHANNEL = "channel that nobody works"
    TAG = "tag that nobody holds"
    SPELLING = "name that differs only in upper and lower case"
    BLANK = "blank row"


def as_notes(counts: Counter[str], others: Iterable[str] = ()) -> dict[str, int]:
    """The counts above zero, by text; each of `others` counts 1."""
    notes = {str(note): count for note, count in counts.items() if count}
    return notes | dict.fromkeys(others, 1)
