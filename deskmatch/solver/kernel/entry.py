"""The exact kernel: optional assignment with capacities and convex slot costs, in floats, with prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel

from .paths import Search, make_search
from .proof import cap_prices, gap_of, objective_terms, ticket_prices, violator_of
from .rows import make_rows
from .schedule import EXPERTS, TICKETS, all_tickets, experts_who_want_more, settle, tickets_that_want_more
from .state import State, make_state
from .transposed import rows_of_experts

__all__ = ["solve_arrays"]

UInt32 = NDArray[np.uint32]
Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


@kernel("uint32[:]", "uint32[:]", "float64[:]", "int32[:]", "int32[:]", "float64[:]", "float64[:, :]")
def solve_arrays(
    indptr: UInt32,
    expert: UInt32,
    points: Float64,
    degree: Int32,
    capacity: Int32,
    hold: Float64,
    slot_cost: Float64,
) -> tuple[Int32, Float64, Float64, Float64, Int32, float, float]:
    """Assign tickets to experts for the most points; see `deskmatch.solver.problem.Problem` for the arguments.

    The side with fewer units bids for the other, with prices that only move one way. Where bids that are surely
    right (ε = 0; Jonker & Volgenant 1987) do not settle nearly everyone soon, an auction with falling steps
    (Bertsekas 1981, 1992) first brings the prices near to where they belong; it decides nothing. What exact bids
    leave open is settled along shortest augmenting paths, first from tickets, then from experts whose price is
    above the cost of a free unit (Burkard, Dell'Amico & Martello, *Assignment Problems*, 2009, §4.4).
    Deterministic; which of several optima comes out depends on the order of the tickets and of the arcs.

    Returns
    -------
    expert_of : ``(tickets,)`` −1: held.
    gained : ``(k,)`` the terms of the objective.
    expert_price : ``(experts,)`` finite; where an expert has no capacity, the least that keeps tickets away.
    ticket_price : ``(tickets,)`` the most that each ticket can get at these prices.
    violator : ``(k,)`` where k > 0 there is no answer: these tickets must all be assigned and their experts
        cannot take them all, but could take any fewer of them (Hall 1935).
    gap, scale : what the prices leave unproved, and the sum of the magnitudes that it is made of.
    """
    n, m = len(hold), len(capacity)
    state = make_state(degree, capacity, hold, slot_cost)
    search = make_search(max(n, m) + m)
    may_be_held = 0
    for i in range(n):
        may_be_held += hold[i] > -np.inf
    if may_be_held > len(state.seats):
        state.price[:] = np.inf
        _fill_experts(state, search, indptr, expert, points, True)
        stuck = _seat_tickets(state, search, indptr, expert, points, False)
    else:
        stuck = _seat_tickets(state, search, indptr, expert, points, True)
        if stuck < 0:
            _fill_experts(state, search, indptr, expert, points, False)
    expert_of = np.empty(n, np.int32)
    for i in range(n):
        expert_of[i] = state.tickets[i]["expert"]
    if stuck >= 0:
        return expert_of, hold.copy(), state.price, hold.copy(), violator_of(state, search, stuck), np.inf, 0.0
    cap_prices(state, capacity)
    ticket_price = ticket_prices(state, indptr, expert, points, hold)
    gap, scale = gap_of(state, ticket_price)
    return expert_of, objective_terms(state), state.price, ticket_price, np.empty(0, np.int32), gap, scale


def _seat_tickets(state: State, search: Search, indptr: UInt32, expert: UInt32, points: Float64, first: bool) -> int:
    """Settle the tickets, all of them or those that the experts have left; −1, or one that cannot be assigned."""
    waiting = np.empty(2 * len(state.tickets), np.int32)
    n_waiting = all_tickets(waiting) if first else tickets_that_want_more(state, waiting)
    if n_waiting == 0:
        return -1
    rows = make_rows(indptr, expert, points, waiting)
    return settle(state, rows, search, TICKETS, n_waiting, n_waiting, first)


def _fill_experts(state: State, search: Search, indptr: UInt32, expert: UInt32, points: Float64, first: bool) -> None:
    """Settle the experts; where tickets came first, those with a free unit that costs less than their price."""
    waiting = np.empty(2 * len(state.price), np.int32)
    n_waiting = experts_who_want_more(state, waiting)
    if n_waiting == 0:
        return
    if not first:
        for i in range(len(state.tickets)):
            j = state.tickets[i]["expert"]
            state.asking[i] = state.tickets[i]["hold"] if j < 0 else state.tickets[i]["points"] - state.price[j]
    rows = rows_of_experts(state, indptr, expert, points, waiting)
    settle(state, rows, search, EXPERTS, n_waiting, len(state.seats), first)
