"""The arcs by expert, for when experts bid."""

from __future__ import annotations

import numpy as np

from .records import offset
from .rows import Arcs
from .state import State

__all__ = ["turn_around"]


def turn_around(state: State, arcs: Arcs, turned: Arcs) -> None:
    """Write the arcs by expert to `turned`; without those of tickets that must be assigned and are not."""
    m = len(state.price)
    at = np.zeros(m + 1, np.uint32)
    for i in range(len(state.tickets)):
        if state.tickets[i]["hold"] > -np.inf or state.tickets[i]["expert"] >= 0:
            for arc in range(offset(arcs.start[i]), offset(arcs.start[i + 1])):
                at[arcs.column[arc] + 1] += 1
    for j in range(m):
        at[j + 1] += at[j]
    turned.start[:] = at
    for i in range(len(state.tickets)):
        if state.tickets[i]["hold"] > -np.inf or state.tickets[i]["expert"] >= 0:
            for arc in range(offset(arcs.start[i]), offset(arcs.start[i + 1])):
                place = at[arcs.column[arc]]
                at[arcs.column[arc]] = place + 1
                turned.column[place] = i
                turned.points[place] = arcs.points[arc]
