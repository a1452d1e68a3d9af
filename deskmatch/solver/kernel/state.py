"""Who sits where, at which prices.

Kept true throughout (complementary slackness): a ticket sits where points − price is greatest, if that is not
below its hold, and the price of an expert with t tickets lies between the costs of units t − 1 and t. The
methods restore this for the tickets, or the experts, that they have not come to yet.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .records import EXPERT, SEAT, TICKET, Records, index

__all__ = ["State", "clear_seats", "leave", "make_state", "set_taken", "sit"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


class State(NamedTuple):
    """The assignment under way.

    Parameters
    ----------
    price : ``(experts,)`` the price of one unit; inf where an expert has no capacity.
    asking : ``(tickets,)`` the price of a ticket, where experts bid.
    experts : ``(experts,)`` of `EXPERT`.
    tickets : ``(tickets,)`` of `TICKET`.
    seats : ``(units,)`` of `SEAT`: expert j's tickets are at ``experts[j]["first"]`` and after.
    slot_cost : ``(experts, slots)`` of the problem.
    """

    price: Float64
    asking: Float64
    experts: Records
    tickets: Records
    seats: Records
    slot_cost: Float64


def make_state(degree: Int32, capacity: Int32, hold: Float64, slot_cost: Float64) -> State:
    """All tickets held, at the least prices."""
    experts = _make_experts(degree, capacity, slot_cost)
    units = index(0)
    price = np.empty(len(experts), np.float64)
    for j in range(len(experts)):
        units += experts[j]["capacity"]
        price[j] = experts[j]["room"]
    return State(price, hold.copy(), experts, _make_tickets(hold), np.empty(units, SEAT), slot_cost)


def _make_tickets(hold: Float64) -> Records:
    tickets = np.empty(len(hold), TICKET)
    for i in range(len(hold)):
        tickets[i]["hold"] = hold[i]
        tickets[i]["points"] = 0.0
        tickets[i]["expert"] = -1
        tickets[i]["seat"] = -1
    return tickets


def _make_experts(degree: Int32, capacity: Int32, slot_cost: Float64) -> Records:
    m = len(capacity)
    experts = np.empty(m, EXPERT)
    first = index(0)
    for j in range(m):
        units = index(min(degree[j], capacity[j]))
        experts[j]["first"] = first
        experts[j]["capacity"] = units
        experts[j]["taken"] = 0
        experts[j]["room"] = slot_cost[j, 0] if units > 0 else np.inf
        experts[j]["saved"] = -np.inf
        experts[j]["distance"] = np.inf
        first += units
    return experts


def set_taken(state: State, j: int, taken: int) -> None:
    """Say that expert j has `taken` units in use, and what the last and the next cost."""
    last = state.slot_cost.shape[1] - 1
    state.experts[j]["taken"] = taken
    state.experts[j]["saved"] = -np.inf if taken == 0 else state.slot_cost[j, min(taken - 1, last)]
    full = taken >= state.experts[j]["capacity"]
    state.experts[j]["room"] = np.inf if full else state.slot_cost[j, min(taken, last)]


def sit(state: State, i: int, j: int, points: float) -> None:
    """Give ticket i, which is held, a free unit of expert j."""
    taken = index(state.experts[j]["taken"])
    seat = state.experts[j]["first"] + taken
    state.seats[seat]["ticket"] = i
    set_taken(state, j, taken + 1)
    state.tickets[i]["expert"] = j
    state.tickets[i]["points"] = points
    state.tickets[i]["seat"] = seat


def leave(state: State, i: int) -> None:
    """Take ticket i away from its expert; it is held then."""
    j = index(state.tickets[i]["expert"])
    taken = index(state.experts[j]["taken"]) - 1
    seat = index(state.tickets[i]["seat"])
    last = state.seats[state.experts[j]["first"] + taken]["ticket"]
    state.seats[seat]["ticket"] = last
    state.tickets[last]["seat"] = seat
    set_taken(state, j, taken)
    state.tickets[i]["expert"] = -1


def clear_seats(state: State) -> None:
    """Hold all tickets; prices stay."""
    for i in range(len(state.tickets)):
        state.tickets[i]["expert"] = -1
    for j in range(len(state.experts)):
        set_taken(state, j, index(0))
