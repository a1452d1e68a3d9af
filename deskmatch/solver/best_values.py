"""The best value in each row of arcs: a loop that two kernels call, for bounds and for prices of tickets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kernel.records import offset

__all__ = ["best_values"]

UInt32 = NDArray[np.uint32]
Float64 = NDArray[np.float64]


def best_values(indptr: UInt32, expert: UInt32, points: Float64, price: Float64, least: Float64, best: Float64) -> None:
    """The greatest points − price of the expert among each ticket's arcs, and no less than `least`.

    Parameters
    ----------
    indptr, expert, points : the arcs, as in `deskmatch.solver.problem.Problem`.
    price : ``(experts,)``
    least : ``(tickets,)``
    best : ``(tickets,)``, filled.
    """
    for i in range(len(least)):
        most = least[i]
        for arc in range(offset(indptr[i]), offset(indptr[i + 1])):
            value = points[arc] - price[expert[arc]]
            most = value if value > most else most
        best[i] = most
