"""From the rows of the table of pairs to a `PairTable`."""

from __future__ import annotations

from collections import Counter

import numpy as np

from deskmatch.epochs.cells import shown
from deskmatch.epochs.desk import Desk
from deskmatch.epochs.notes import Note
from deskmatch.epochs.pairs import PairTable
from deskmatch.epochs.rows import Rows
from deskmatch.epochs.tickets import Tickets

__all__ = ["build_pairs", "check_repeated_pairs"]


def check_repeated_pairs(pairs: Rows) -> None:
    """A pair that occurs again is a defect; its first good row counts."""
    ids = list(zip(pairs.values["ticket_id"], pairs.values["expert_id"], strict=True))
    if len(set(ids)) == len(ids):
        return
    seen: dict[tuple[str, str], int] = {}
    for row in pairs.good():
        first = seen.setdefault(ids[row], row)
        if first != row:
            place = pairs.findings.labels[first]
            accepted = f"expected each pair of ticket and expert once; row {place} has it too"
            pairs.findings.add(row, "expert_id", shown(ids[row][1]), accepted)


def build_pairs(pairs: Rows, tickets: Tickets, desk: Desk, notes: Counter[str]) -> PairTable:
    """The pairs of this epoch; those of other tickets or experts are counted in `notes`."""
    good = pairs.good()
    row_of = {ticket: row for row, ticket in enumerate(tickets.ids)}
    ticket = np.array([row_of.get(name, -1) for name in pairs.pick("ticket_id", good)], np.int32)
    expert = np.array([desk.index_of(name) for name in pairs.pick("expert_id", good)], np.int32)
    here = (ticket >= 0) & (expert >= 0)
    notes[Note.PAIR] += len(here) - int(here.sum())
    return PairTable(ticket[here], expert[here], np.array(pairs.pick("probability", good), float)[here])
