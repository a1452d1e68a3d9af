"""`Snapshot`: what has been counted up to an instant; two of them tell what happened between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.simulation.layout import Layout

__all__ = ["Snapshot"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot(Frozen):
    """Sums since the start of the run.

    Parameters
    ----------
    now_s : the instant.
    logged_s, busy_s, load_s : ``(experts,)`` seconds logged in (overtime included), with a ticket in hand, and
        tickets in hand × seconds.
    contacts, offers, declined : ``(experts,)`` contacts begun, offers that could be declined, those that were.
    waiting_s : ``(queues,)`` tickets waiting × seconds.
    system_s : tickets waiting or in service × seconds.
    """

    now_s: float
    logged_s: Floats
    busy_s: Floats
    load_s: Floats
    contacts: Integers
    offers: Integers
    declined: Integers
    waiting_s: Floats
    system_s: float

    @classmethod
    def of(cls, layout: Layout) -> Snapshot:
        """What the engine's arrays say now."""
        now = float(layout.desk[0]["now"])
        experts, queues, engine = layout.experts, layout.queues, layout.engine[0]
        busy = experts["taken"] > 0
        here = (experts["on"] == 1) | busy
        inside = engine["system"] - engine["away"]
        return cls._trusted(
            now_s=now,
            logged_s=experts["on_s"] + here * (now - experts["on_since"]),
            busy_s=experts["busy_s"] + busy * (now - experts["busy_since"]),
            load_s=experts["load_s"] + experts["load"] * (now - experts["last"]),
            contacts=experts["served"].copy(),
            offers=experts["offers"].copy(),
            declined=experts["declined"].copy(),
            waiting_s=queues["area"] + (queues["length"] + queues["ringing"]) * (now - queues["counted_at"]),
            system_s=float(engine["system_area"] + inside * (now - engine["system_at"])),
        )
