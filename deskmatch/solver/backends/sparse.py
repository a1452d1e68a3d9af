"""scipy's `min_weight_full_bipartite_matching`: tickets by slots and hold columns, sparse."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution

from .answer import infeasible, optimal
from .protocol import Capability, accept
from .slots import Slots, clone_slots

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Sparse"]

PATH_BITS = 50
"""Weights have so many bits, less those of the number of tickets: a path adds two numbers per ticket, and float64
holds integers up to 2⁵³ exactly."""


class Sparse:
    """Sparse Jonker-Volgenant (LAPJVsp), from scipy.

    Each slot of an expert is a column, and each ticket that may be held has a column of its own. The values
    of a ticket become integers from 1, since scipy takes a weight of 0 for no arc at all; what the rounding costs
    is repaired in floats (`deskmatch.solver.residual`).
    """

    name = "sparse"
    capabilities = Capability.CAPACITIES | Capability.SLOT_COSTS | Capability.MUST_ASSIGN

    def is_available(self) -> bool:
        """Always: scipy is part of the core."""
        return True

    def solve(self, problem: Problem) -> Solution:
        """Solve a problem; deterministic, ties as scipy breaks them."""
        from scipy.sparse.csgraph import min_weight_full_bipartite_matching

        accept(self, problem)
        started = time.perf_counter()
        slots = clone_slots(problem)
        weights = _weights(problem, slots)
        if weights.shape[0] > weights.shape[1]:
            return infeasible(problem, method=self.name, started=started)
        try:
            row, column = min_weight_full_bipartite_matching(weights, maximize=True)
        except ValueError:
            return infeasible(problem, method=self.name, started=started)
        expert_of = np.full(problem.n_tickets, -1, dtype=np.int32)
        taken = column < slots.count
        expert_of[row[taken]] = slots.expert[column[taken]]
        return optimal(problem, expert_of, method=self.name, started=started)


def _weights(problem: Problem, slots: Slots) -> csr_array[Any, Any]:
    """Weights from 1: ``(tickets, slots + tickets that may be held)``."""
    from scipy.sparse import csr_array

    held = np.flatnonzero(problem.hold > -np.inf)
    ticket = np.concatenate([slots.ticket, held])
    column = np.concatenate([slots.slot, slots.count + np.arange(len(held))])
    value = np.concatenate([slots.value, problem.hold[held]])
    low = np.full(problem.n_tickets, np.inf)
    np.minimum.at(low, ticket, value)
    weight = _whole_weights(value - low[ticket], problem.n_tickets) + 1.0
    return csr_array((weight, (ticket, column)), shape=(problem.n_tickets, slots.count + len(held)))


def _whole_weights(weight: NDArray[np.float64], n_tickets: int) -> NDArray[np.float64]:
    """Weights ≥ 0 as integers so small that scipy's sums along a path are exact.

    Rounding there can make its search go round in a circle for ever, where magnitudes lie far apart.
    """
    _, exponent = np.frexp(weight.max(initial=0.0))
    return np.asarray(np.rint(np.ldexp(weight, PATH_BITS - n_tickets.bit_length() - int(exponent))))
