"""The arcs by expert, for when experts bid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .records import Records

__all__ = ["arcs_by_expert"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


def arcs_by_expert(
    tickets: Records, indptr: Int32, expert: Int32, points: Float64, n_experts: int
) -> tuple[Int32, Int32, Float64]:
    """Start of each expert's arcs, and their tickets and points; without tickets that must be assigned and are not."""
    start = np.zeros(n_experts + 1, np.int32)
    for i in range(len(tickets)):
        if tickets[i]["hold"] > -np.inf or tickets[i]["expert"] >= 0:
            for arc in range(indptr[i], indptr[i + 1]):
                start[expert[arc] + 1] += 1
    for j in range(n_experts):
        start[j + 1] += start[j]
    column = np.empty(start[n_experts], np.int32)
    by_expert = np.empty(start[n_experts], np.float64)
    at = start[:-1].copy()
    for i in range(len(tickets)):
        if tickets[i]["hold"] > -np.inf or tickets[i]["expert"] >= 0:
            for arc in range(indptr[i], indptr[i + 1]):
                j = expert[arc]
                place = at[j]
                at[j] = place + 1
                column[place] = i
                by_expert[place] = points[arc]
    return start, column, by_expert
