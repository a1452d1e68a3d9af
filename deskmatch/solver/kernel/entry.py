"""The exact kernel: optional assignment with capacities and convex slot costs, in floats, with prices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel
from deskmatch.solver.problem import Problem

from .paths import Search, make_search
from .proof import cap_prices, gap_of, objective_terms, ticket_prices, violator_of
from .rows import Arcs, make_rows
from .schedule import EXPERTS, TICKETS, all_tickets, experts_who_want_more, settle, tickets_that_want_more
from .state import State, make_state
from .transposed import turn_around

__all__ = ["Answer", "run", "solve_arrays"]

UInt32 = NDArray[np.uint32]
Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


class Answer(NamedTuple):
    """What the kernel finds.

    Parameters
    ----------
    expert_of : ``(tickets,)`` −1: held.
    gained : ``(k,)`` the terms of the objective.
    expert_price : ``(experts,)`` finite; where an expert has no capacity, the least that keeps tickets away.
    ticket_price : ``(tickets,)`` the most that each ticket can get at these prices.
    violator : ``(k,)`` where k > 0 there is no answer: these tickets must all be assigned and their experts
        cannot take them all, but could take any fewer of them (Hall 1935).
    gap, scale : what the prices leave unproved, and the sum of the magnitudes that it is made of.
    """

    expert_of: Int32
    gained: Float64
    expert_price: Float64
    ticket_price: Float64
    violator: Int32
    gap: float
    scale: float


def run(problem: Problem) -> Answer:
    """Run the kernel on a network without limits."""
    start, column = np.empty(problem.n_experts + 1, np.uint32), np.empty(problem.n_arcs, np.uint32)
    turned = start, column, np.empty(problem.n_arcs)
    return solve_arrays(
        problem.indptr.view(np.uint32),
        problem.expert.view(np.uint32),
        problem.points,
        problem.degree,
        problem.capacity,
        problem.hold,
        problem.slot_cost,
        *turned,
        *(_only_read(each) for each in turned),
    )


def _only_read(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory, of the same type for the compiler as the arrays of a problem."""
    view = array.view()
    view.flags.writeable = False
    return view


@kernel(
    "uint32[:]",
    "uint32[:]",
    "float64[:]",
    "int32[:]",
    "int32[:]",
    "float64[:]",
    "float64[:, :]",
    "out uint32[:]",
    "out uint32[:]",
    "out float64[:]",
    "uint32[:]",
    "uint32[:]",
    "float64[:]",
)
def solve_arrays(
    indptr: UInt32,
    expert: UInt32,
    points: Float64,
    degree: Int32,
    capacity: Int32,
    hold: Float64,
    slot_cost: Float64,
    written_start: UInt32,
    written_column: UInt32,
    written_points: Float64,
    turned_start: UInt32,
    turned_column: UInt32,
    turned_points: Float64,
) -> Answer:
    """Assign tickets to experts for the most points; see `deskmatch.solver.problem.Problem` for the arguments.

    The side with fewer units bids for the other, with prices that only move one way. Where bids that are surely
    right (ε = 0; Jonker & Volgenant 1987) do not settle nearly everyone soon, an auction with falling steps
    (Bertsekas 1981, 1992) first brings the prices near to where they belong; it decides nothing. What exact bids
    leave open is settled along shortest augmenting paths, first from tickets, then from experts whose price is
    above the cost of a free unit (Burkard, Dell'Amico & Martello, *Assignment Problems*, 2009, §4.4).
    Deterministic; which of several optima comes out depends on the order of the tickets and of the arcs.

    The last six arrays are the memory for the arcs by expert: three to write to, and the same three to read from,
    which spares compiling everything once more for rows that can be written to.
    """
    n, m = len(hold), len(capacity)
    state = make_state(degree, capacity, hold, slot_cost)
    search = make_search(max(n, m) + m)
    may_be_held = 0
    for i in range(n):
        may_be_held += hold[i] > -np.inf
    arcs, turned = Arcs(indptr, expert, points), Arcs(turned_start, turned_column, turned_points)
    written = Arcs(written_start, written_column, written_points)
    experts_first = may_be_held > len(state.seats)
    stuck = -1
    if experts_first:
        state.price[:] = np.inf
    else:
        stuck = _seat_tickets(state, search, arcs, not experts_first)
    if stuck < 0:
        _fill_experts(state, search, arcs, written, turned, experts_first)
    if experts_first:
        stuck = _seat_tickets(state, search, arcs, not experts_first)
    expert_of = np.empty(n, np.int32)
    for i in range(n):
        expert_of[i] = state.tickets[i]["expert"]
    if stuck >= 0:
        return Answer(expert_of, hold.copy(), state.price, hold.copy(), violator_of(state, search, stuck), np.inf, 0.0)
    cap_prices(state, capacity)
    ticket_price = ticket_prices(state, indptr, expert, points, hold)
    gap, scale = gap_of(state, ticket_price)
    return Answer(expert_of, objective_terms(state), state.price, ticket_price, np.empty(0, np.int32), gap, scale)


def _seat_tickets(state: State, search: Search, arcs: Arcs, first: bool) -> int:
    """Settle the tickets, all of them or those that the experts have left; −1, or one that cannot be assigned."""
    waiting = np.empty(2 * len(state.tickets), np.int32)
    n_waiting = all_tickets(waiting) if first else tickets_that_want_more(state, waiting)
    if n_waiting == 0:
        return -1
    rows = make_rows(arcs, waiting)
    return settle(state, rows, search, TICKETS, n_waiting, n_waiting, first)


def _fill_experts(state: State, search: Search, arcs: Arcs, written: Arcs, turned: Arcs, first: bool) -> None:
    """Settle the experts; where tickets came first, those with a free unit that costs less than their price."""
    waiting = np.empty(2 * len(state.price), np.int32)
    n_waiting = experts_who_want_more(state, waiting)
    if n_waiting == 0:
        return
    if not first:
        for i in range(len(state.tickets)):
            j = state.tickets[i]["expert"]
            state.asking[i] = state.tickets[i]["hold"] if j < 0 else state.tickets[i]["points"] - state.price[j]
    turn_around(state, arcs, written)
    rows = make_rows(turned, waiting)
    settle(state, rows, search, EXPERTS, n_waiting, len(state.seats), first)
