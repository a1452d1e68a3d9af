"""OR-Tools' `SimpleLinearSumAssignment`: tickets by slots, made square, on integers, polished to the optimum."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution

from .answer import infeasible, optimal
from .min_cost_flow import scaled
from .protocol import Capability, accept
from .slots import Slots, clone_slots

__all__ = ["LinearAssignment"]

Int64 = NDArray[np.int64]

PRICE_STEPS = 32
"""OR-Tools multiplies costs by the number of rows, and prices may change by that many times the largest of them in each
of its rounds; it refuses what this many times both could overflow."""


class LinearAssignment:
    """Cost-scaling push-relabel for perfect matchings (Goldberg & Kennedy 1995), from OR-Tools.

    Each slot of an expert is a column. Where there are as many slots as tickets and all must be assigned, the problem
    is a perfect matching as it stands; otherwise it becomes one with a row for each slot and a column for each ticket
    besides. Points become integers as in `min_cost_flow`, and what that costs is repaired in floats.
    """

    name = "linear_assignment"
    capabilities = Capability.CAPACITIES | Capability.SLOT_COSTS | Capability.MUST_ASSIGN

    def is_available(self) -> bool:
        """Whether OR-Tools is installed."""
        return find_spec("ortools") is not None

    def solve(self, problem: Problem) -> Solution:
        """Solve a problem; deterministic, ties as OR-Tools breaks them."""
        accept(self, problem)
        started = time.perf_counter()
        slots = clone_slots(problem)
        table = _square(problem, slots)
        mates = _mates(table)
        if mates is None:
            return infeasible(problem, method=self.name, started=started)
        expert_of = np.full(problem.n_tickets, -1, dtype=np.int32)
        taken = mates[: problem.n_tickets] < slots.count
        expert_of[taken] = slots.expert[mates[: problem.n_tickets][taken]]
        return optimal(problem, expert_of, method=self.name, started=started)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A perfect matching: `size` rows and columns, and ``(entries,)`` of each entry row, column and value."""

    size: int
    row: Int64
    column: Int64
    value: NDArray[np.float64]


def _square(problem: Problem, slots: Slots) -> _Table:
    """Rows: tickets, then slots; columns: slots, then tickets.

    A ticket takes a slot, or its own column: it is held. A slot's row takes the slot itself: it is free; or the column
    of a ticket that could have this slot: then it is this ticket's, whose own column would stay empty. All of these
    are worth nothing, but for the slots and holds of the tickets.
    """
    n, must = problem.n_tickets, problem.hold == -np.inf
    if must.all() and n == slots.count:
        return _Table(n, slots.ticket, slots.slot, slots.value)
    held, free = np.flatnonzero(~must), np.arange(slots.count)
    return _Table(
        size=n + slots.count,
        row=np.concatenate([slots.ticket, held, n + free, n + slots.slot]),
        column=np.concatenate([slots.slot, slots.count + held, free, slots.count + slots.ticket]),
        value=np.concatenate([slots.value, problem.hold[held], np.zeros(slots.count + len(slots.slot))]),
    )


def _mates(table: _Table) -> Int64 | None:
    """The column of each row in the best perfect matching, or None where there is none."""
    from ortools.graph.python.linear_sum_assignment import SimpleLinearSumAssignment

    if table.size == 0:
        return np.zeros(0, dtype=np.int64)
    filled = min(len(np.unique(table.row)), len(np.unique(table.column)))
    if filled < table.size:
        return None
    solver = SimpleLinearSumAssignment()
    costs = -scaled(table.value, PRICE_STEPS * table.size**2)
    solver.add_arcs_with_cost(table.row.astype(np.int32), table.column.astype(np.int32), costs)
    status = solver.solve()
    if status == solver.INFEASIBLE:
        return None
    if status != solver.OPTIMAL:
        raise BackendError(f"linear_assignment: OR-Tools answers {status.name}")
    return np.array([solver.right_mate(row) for row in range(table.size)], dtype=np.int64)
