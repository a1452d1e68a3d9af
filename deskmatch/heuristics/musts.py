"""Tickets that must be assigned come first: the fewest arcs first, then by a maximum flow, then by falling units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.hall import cover_musts

from .clock import Clock
from .entry import TICKETS
from .packed import Packed
from .running import run

__all__ = ["serve_musts"]

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

FLOW_ARC_S = 2e-6
"""Seconds per arc that the maximum flow may take; it cannot be stopped."""


def serve_musts(packed: Packed, clock: Clock) -> tuple[Int64, Int32 | None]:
    """Arcs for the tickets that must be assigned, for as many of them as can be found.

    Returns
    -------
    arcs : ``(tickets,)``, −1 for all other tickets.
    violator : see `hall_violator`; None where there is none or there was no time to look for it.
    """
    problem = packed.problem
    arcs = np.full(problem.n_tickets, -1, dtype=np.int64)
    must = np.flatnonzero(problem.hold == -np.inf)
    if not len(must):
        return arcs, None
    degree = np.diff(problem.indptr)[must]
    run(packed, TICKETS, arcs, clock, order=must[np.argsort(degree, kind="stable")])
    if (arcs[must] >= 0).all() or FLOW_ARC_S * problem.n_arcs > clock.left_s:
        return arcs, None
    flow, violator = cover_musts(problem)
    run(packed, TICKETS, flow, clock, order=must)
    units = _by_falling_units(packed, must, clock)
    return max((arcs, flow, units), key=lambda one: int((one[must] >= 0).sum())), violator


def _by_falling_units(packed: Packed, must: Int64, clock: Clock) -> Int64:
    """The largest tickets first, each where it takes the fewest units: for usage, where musts must be packed."""
    problem = packed.problem
    arcs = np.full(problem.n_tickets, -1, dtype=np.int64)
    if problem.usage is None:
        return arcs
    least = np.full(problem.n_tickets, 0, dtype=np.int64)
    filled = np.flatnonzero(np.diff(problem.indptr))
    least[filled] = np.minimum.reduceat(problem.usage, problem.indptr[filled])
    largest = float(np.abs(problem.points).max(initial=0.0)) + 1.0
    score = problem.points - 2.0 * largest * problem.usage
    run(packed, TICKETS, arcs, clock, order=must[np.argsort(-least[must], kind="stable")], score=score)
    return arcs
