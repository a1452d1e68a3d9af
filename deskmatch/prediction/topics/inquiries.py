"""`Inquiries`: what customers wrote, with what else is known of it before anybody reads it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from deskmatch.errors import Defect, InputError
from deskmatch.frozen import Frozen

__all__ = ["LONGEST", "Inquiries"]

LONGEST = 20_000
"""Characters of a text that are read; the rest, of which a log file pasted into a form is the usual kind, is not."""


@dataclass(frozen=True, slots=True, eq=False)
class Inquiries(Frozen):
    """Texts of tickets, with the category that the customer picked and the language, where known.

    Nothing that stands in a cell is refused: what is missing (None, nan, NaT) is an empty text, anything else is
    taken as text, only the first `LONGEST` characters count, and what is no character (a lone surrogate, a null) is
    left out.

    Parameters
    ----------
    text : one a ticket; None: nothing was written.
    category : one a ticket, None: nothing was picked; or None altogether.
    language : one a ticket as in the desk's tables, None: unknown; or None altogether.

    Raises
    ------
    InputError
        Where the lengths differ, or a text stands where several are expected.

    Examples
    --------
    >>> asked = Inquiries(["My invoice is wrong", None], category=["billing", None])
    >>> len(asked), asked.text[1], asked.category
    (2, '', ('billing', None))
    """

    text: tuple[str, ...]
    category: tuple[str | None, ...] | None = None
    language: tuple[str | None, ...] | None = None

    def __init__(
        self,
        text: Iterable[Any],
        category: Iterable[Any] | None = None,
        language: Iterable[Any] | None = None,
    ) -> None:
        for name, given in (("text", text), ("category", category), ("language", language)):
            if isinstance(given, str | bytes):
                raise InputError([Defect("inquiries", None, name, repr(given[:80]), "expected one entry a ticket")])
        self._set(
            text=tuple(readable(cell) for cell in text),
            category=None if category is None else tuple(readable(cell).strip() or None for cell in category),
            language=None if language is None else tuple(readable(cell).strip() or None for cell in language),
        )
        for name in ("category", "language"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.text):
                accepted = f"expected {len(self.text)}, one for each text"
                raise InputError([Defect("inquiries", None, name, f"{len(column)} entries", accepted)])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.text, self.category, self.language)

    def __len__(self) -> int:
        return len(self.text)

    def rows(self, rows: Sequence[int]) -> Inquiries:
        """Some of them, in this order."""
        chosen = [
            None if column is None else [column[row] for row in rows]
            for column in (self.text, self.category, self.language)
        ]
        return Inquiries(chosen[0] or (), chosen[1], chosen[2])

    def with_text(self, text: Iterable[str]) -> Inquiries:
        """The same tickets with other texts."""
        return Inquiries(text, self.category, self.language)

    def __repr__(self) -> str:
        return f"Inquiries({len(self)} texts)"


def readable(cell: Any) -> str:
    """What stands in a cell as text of at most `LONGEST` characters, all of which can be written as UTF-8."""
    if not isinstance(cell, str):
        if (
            cell is None
            or (isinstance(cell, float) and math.isnan(cell))
            or type(cell).__name__ in ("NAType", "NaTType")
        ):
            return ""
        cell = cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
    text: str = cell[:LONGEST].replace("\0", " ")
    return text if text.isascii() else text.encode("utf-8", "ignore").decode("utf-8")
