"""The arcs by expert, for when experts bid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .records import offset
from .rows import Rows, make_rows
from .state import State

__all__ = ["rows_of_experts"]


def rows_of_experts(
    state: State,
    indptr: NDArray[np.uint32],
    expert: NDArray[np.uint32],
    points: NDArray[np.float64],
    waiting: NDArray[np.int32],
) -> Rows:
    """Experts as rows, tickets as columns; without the tickets that must be assigned and are not."""
    m = len(state.price)
    start = np.zeros(m + 1, np.uint32)
    for i in range(len(state.tickets)):
        if state.tickets[i]["hold"] > -np.inf or state.tickets[i]["expert"] >= 0:
            for arc in range(offset(indptr[i]), offset(indptr[i + 1])):
                start[expert[arc] + 1] += 1
    for j in range(m):
        start[j + 1] += start[j]
    column = np.empty(start[m], np.uint32)
    by_expert = np.empty(start[m], np.float64)
    at = start[:-1].copy()
    for i in range(len(state.tickets)):
        if state.tickets[i]["hold"] > -np.inf or state.tickets[i]["expert"] >= 0:
            for arc in range(offset(indptr[i]), offset(indptr[i + 1])):
                place = at[expert[arc]]
                at[expert[arc]] = place + 1
                column[place] = i
                by_expert[place] = points[arc]
    return make_rows(start, column, by_expert, waiting)
