"""Censored waits: what a desk sees of its customers' patience, read from a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.prediction.history_table import HistoryTable, finite_number, positions, truth

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Waits", "read_waits"]

AT_ONCE_S = 0.5
"""Waits are mostly logged in whole seconds: one of 0 counts as this, as the density of some laws has no value at 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """Waits, each ended by the customer or by the desk.

    Parameters
    ----------
    wait_s : ``(rows,)`` > 0.
    abandoned : ``(rows,)`` the customer gave up then; else somebody answered: the patience was longer (censored).
    topic : ``(rows,)`` positions in `topics`.
    topics : folded names, sorted; ``("",)`` where the table has none.
    """

    wait_s: NDArray[np.float64]
    abandoned: NDArray[np.bool_]
    topic: NDArray[np.int64]
    topics: tuple[str, ...]


def read_waits(source: pd.DataFrame | str | Path, *, events: int = 1) -> Waits:
    """Read a table with the columns ``wait_s``, ``abandoned`` and, optionally, ``topic``.

    Parameters
    ----------
    source : a frame or the path of a table.
    events : how many customers at least must have given up.

    Raises
    ------
    InputError
        Lists everything that is wrong in the table.
    """
    table = HistoryTable(source, "waits")
    table.require(("wait_s", "abandoned"), ("topic",))
    wait = table.column("wait_s", finite_number, "expected seconds ≥ 0")
    abandoned = table.column("abandoned", truth, "expected true or false (or 1 or 0)")
    topics = [""] * len(wait)
    if "topic" in table:
        topics = [fold(name) for name in table.column("topic", str, "expected the name of a topic")]
    table.finish()
    if sum(abandoned) < events:
        accepted = f"expected at least {events} customer{'' if events == 1 else 's'} who gave up"
        table.refuse(None, "abandoned", f"{sum(abandoned):.0f} true of {len(abandoned)}", accepted)
    table.finish()
    names, topic = positions(topics)
    seconds = np.array(wait)
    return Waits(np.where(seconds == 0, AT_ONCE_S, seconds), np.array(abandoned) > 0, topic, names)
