"""`pack_all`: every expert's knapsack at given gains of its arcs, exactly, in compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np

from deskmatch.compiled import kernel

__all__ = ["pack_all"]


@kernel(
    "int64[:]",
    "int64[:]",
    "float64[:]",
    "int32[:]",
    "int64[:]",
    "float64[:, :]",
    "uint8[:]",
    "out uint8[:]",
    "out float64[:]",
)
def pack_all(
    start: Any, arcs: Any, gain: Any, usage: Any, room: Any, slot_cost: Any, stop: Any, taken: Any, best: Any
) -> bool:
    """Pack each expert's arcs for the most gain, minus the cost of the slots; whether all were packed.

    By dynamic programming over the units (Bellman 1957). Equal totals go by fewer units, then to the arc that is listed
    last.

    Parameters
    ----------
    start, arcs : ``(experts + 1,)``, ``(arcs,)`` the arcs of each expert.
    gain : ``(arcs,)``; arcs of −∞ are never taken.
    usage : ``(arcs,)`` units.
    room : ``(experts,)`` units that may be used.
    slot_cost : ``(experts, slots)``.
    stop : ``(1,)`` the flag that ends it.
    taken : ``(arcs,)`` written: 1 for arcs in a knapsack.
    best : ``(experts,)`` written: the best total.
    """
    taken[:] = 0
    last = slot_cost.shape[1] - 1
    for expert in range(len(room)):
        if stop[0]:
            return False
        best[expert] = 0.0
        capacity, useful = room[expert], 0
        items = np.empty(start[expert + 1] - start[expert], np.int64)
        units = 0
        for at in range(start[expert], start[expert + 1]):
            arc = arcs[at]
            if usage[arc] <= capacity and gain[arc] > usage[arc] * slot_cost[expert, 0]:
                items[useful] = arc
                useful += 1
                units += usage[arc]
        capacity = min(capacity, units)
        total = np.full(capacity + 1, -np.inf)
        total[0] = 0.0
        chosen = np.zeros((useful, capacity + 1), np.uint8)
        filled = 0
        for item in range(useful):
            size, value = usage[items[item]], gain[items[item]]
            filled = min(capacity, filled + size)
            for at in range(filled, size - 1, -1):
                if total[at - size] + value > total[at]:
                    total[at] = total[at - size] + value
                    chosen[item, at] = 1
        cost, end = 0.0, 0
        for at in range(1, capacity + 1):
            cost += slot_cost[expert, min(at - 1, last)]
            if total[at] - cost > best[expert]:
                best[expert], end = total[at] - cost, at
        for item in range(useful - 1, -1, -1):
            if chosen[item, end]:
                taken[items[item]] = 1
                end -= usage[items[item]]
    return True
