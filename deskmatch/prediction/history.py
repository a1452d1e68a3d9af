"""`History`: what experts handled and whether it was resolved, read from a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.errors import Defect, InputError
from deskmatch.prediction.history_table import HistoryTable, finite_number, positions, truth

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["History", "read_history"]

REQUIRED = ("expert_id", "topic", "resolved_first_contact")
OPTIONAL = ("weight", "assigned_at")


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Handled tickets.

    Parameters
    ----------
    expert_ids, topics : the experts and topics that occur, sorted.
    expert, topic : ``(rows,)`` their positions.
    resolved : ``(rows,)`` 1: resolved at first contact, 0: not.
    weight : ``(rows,)`` ≥ 0, how much each row counts.
    """

    expert_ids: tuple[str, ...]
    topics: tuple[str, ...]
    expert: NDArray[np.int64]
    topic: NDArray[np.int64]
    resolved: NDArray[np.float64]
    weight: NDArray[np.float64]


def read_history(
    source: pd.DataFrame | str | Path, *, half_life_s: float | None = None, now: datetime | None = None
) -> History:
    """Read a history; see `HistoricalRate.fit` for the columns and arguments.

    Names of topics are compared without upper and lower case; of several spellings the least stays.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table.
    """
    table = HistoryTable(source)
    table.require((*REQUIRED, *(["assigned_at"] if half_life_s is not None else [])), OPTIONAL)
    experts = table.column("expert_id", str, "expected the id of an expert")
    topics = table.column("topic", str, "expected the name of a topic")
    resolved = table.column("resolved_first_contact", truth, "expected true or false (or 1 or 0)")
    weight = np.ones(len(experts))
    if "weight" in table:
        weight = np.array(table.column("weight", finite_number, "expected a finite number ≥ 0"))
    if half_life_s is not None:
        weight = weight * 0.5 ** (table.ages(now) / _half_life(half_life_s))
    if not weight.sum() > 0:
        table.refuse(None, None, None, "expected at least one row with a weight above 0")
    table.finish()
    spelling: dict[str, str] = {}
    for name in sorted(set(topics)):
        spelling.setdefault(fold(name), name)
    expert_ids, expert = positions(experts)
    names, topic = positions([spelling[fold(name)] for name in topics])
    return History(expert_ids, names, expert, topic, np.array(resolved), weight)


def _half_life(half_life_s: float) -> float:
    if not 0 < half_life_s < np.inf:
        accepted = "expected a finite number of seconds above 0"
        raise InputError([Defect("history", None, "half_life_s", repr(half_life_s), accepted)])
    return half_life_s
