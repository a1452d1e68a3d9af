"""Experts cloned into slots, for solvers that match one row with one column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.bound import useful_slots
from deskmatch.solver.problem import Problem

__all__ = ["Slots", "clone_slots"]


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """The arcs of a problem once for each slot of their expert.

    Parameters
    ----------
    count : number of slots.
    expert : ``(slots,)`` the expert of each slot.
    ticket, slot : ``(entries,)`` row and column of each entry, by ticket.
    value : ``(entries,)`` points minus the slot's cost.
    """

    count: int
    expert: NDArray[np.int64]
    ticket: NDArray[np.int64]
    slot: NDArray[np.int64]
    value: NDArray[np.float64]


def clone_slots(problem: Problem) -> Slots:
    """Clone each expert into as many slots as it can use; every arc leads to all slots of its expert."""
    units = useful_slots(problem).astype(np.int64)
    ends = np.cumsum(units)
    expert = np.repeat(np.arange(problem.n_experts), units)
    order = np.arange(len(expert)) - (ends - units)[expert]
    cost = problem.slot_cost[expert, np.minimum(order, problem.slot_cost.shape[1] - 1)]
    copies = units[problem.expert]
    arc = np.repeat(np.arange(problem.n_arcs), copies)
    first = (ends - units)[problem.expert[arc]]
    slot = first + np.arange(len(arc)) - (np.cumsum(copies) - copies)[arc]
    return Slots(
        count=len(expert),
        expert=expert,
        ticket=problem.ticket[arc].astype(np.int64),
        slot=slot,
        value=problem.points[arc] - cost[slot],
    )
