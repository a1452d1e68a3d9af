"""scipy's `linear_sum_assignment`: a dense matrix of tickets by slots."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution

from .answer import infeasible, optimal
from .protocol import Capability, accept
from .slots import Slots, clone_slots

__all__ = ["Dense"]

LARGEST_MATRIX = 250_000_000
"""Entries of float64 (2 GB) above which the matrix is refused."""


class Dense:
    """Shortest augmenting paths on a full matrix (Crouse 2016), from scipy: fast on small, dense problems.

    Each slot of an expert is a column. Gains over the hold are clipped at 0, so that a ticket on a column
    without gain is held; a ticket that must be assigned keeps its negative gains and has −∞ elsewhere.
    """

    name = "dense"
    capabilities = Capability.CAPACITIES | Capability.SLOT_COSTS | Capability.MUST_ASSIGN

    def is_available(self) -> bool:
        """Always: scipy is part of the core."""
        return True

    def solve(self, problem: Problem) -> Solution:
        """Solve a problem; deterministic, ties as scipy breaks them.

        Raises
        ------
        BackendError
            Where the problem has limits, or where the matrix would be larger than 2 GB.
        """
        from scipy.optimize import linear_sum_assignment

        accept(self, problem)
        started = time.perf_counter()
        slots = clone_slots(problem)
        gain = _matrix(problem, slots)
        must = problem.hold == -np.inf
        try:
            row, column = linear_sum_assignment(gain, maximize=True)
        except ValueError:
            return infeasible(problem, method=self.name, started=started)
        expert_of = np.full(problem.n_tickets, -1, dtype=np.int32)
        taken = (column < slots.count) & ((gain[row, column] > 0) | must[row])
        expert_of[row[taken]] = slots.expert[column[taken]]
        if (expert_of[must] < 0).any():
            return infeasible(problem, method=self.name, started=started)
        return optimal(problem, expert_of, method=self.name, started=started)


def _matrix(problem: Problem, slots: Slots) -> NDArray[np.float64]:
    """Gains over the hold: ``(tickets, slots + h)``, with h columns for holds where some must be assigned."""
    must = problem.hold == -np.inf
    n, holds = problem.n_tickets, int((~must).sum()) if must.any() else 0
    if n * (slots.count + holds) > LARGEST_MATRIX:
        raise BackendError(f"dense: a matrix of {n} × {slots.count + holds} entries is too large; use sparse")
    gain = np.where(must, -np.inf, 0.0)[:, None].repeat(slots.count + holds, axis=1)
    value = slots.value - np.where(must, 0.0, problem.hold)[slots.ticket]
    gain[slots.ticket, slots.slot] = np.maximum(value, gain[slots.ticket, slots.slot])
    return gain
