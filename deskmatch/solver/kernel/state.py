"""Who sits where.

Kept true throughout (complementary slackness): a ticket sits where points − price is greatest, if that is not
below its hold, and the price of an expert with t tickets lies between the costs of units t − 1 and t. The
methods restore this for the tickets, or the experts, that they have not come to yet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .records import EXPERT, SEAT, TICKET, Records, index

__all__ = ["clear_seats", "leave", "make_experts", "make_seats", "make_tickets", "set_taken", "sit"]


def make_tickets(hold: NDArray[np.float64]) -> Records:
    """Tickets that are all held."""
    tickets = np.empty(len(hold), TICKET)
    for i in range(len(hold)):
        tickets[i]["hold"] = hold[i]
        tickets[i]["points"] = 0.0
        tickets[i]["expert"] = -1
        tickets[i]["seat"] = -1
    return tickets


def make_experts(expert: NDArray[np.int32], capacity: NDArray[np.int32], slot_cost: NDArray[np.float64]) -> Records:
    """Experts without tickets."""
    m = len(capacity)
    arcs = np.zeros(m, np.int64)
    for k in range(len(expert)):
        arcs[expert[k]] += 1
    experts = np.empty(m, EXPERT)
    first = index(0)
    for j in range(m):
        units = min(arcs[j], index(capacity[j]))
        experts[j]["first"] = first
        experts[j]["capacity"] = units
        experts[j]["taken"] = 0
        experts[j]["room"] = slot_cost[j, 0] if units > 0 else np.inf
        experts[j]["saved"] = -np.inf
        experts[j]["distance"] = np.inf
        first += units
    return experts


def make_seats(experts: Records) -> Records:
    """A seat for every unit."""
    units = index(0)
    for j in range(len(experts)):
        units += experts[j]["capacity"]
    return np.empty(units, SEAT)


def set_taken(experts: Records, slot_cost: NDArray[np.float64], j: int, taken: int) -> None:
    """Say that expert j has `taken` units in use, and what the last and the next cost."""
    last = slot_cost.shape[1] - 1
    experts[j]["taken"] = taken
    experts[j]["saved"] = -np.inf if taken == 0 else slot_cost[j, min(taken - 1, last)]
    experts[j]["room"] = np.inf if taken >= experts[j]["capacity"] else slot_cost[j, min(taken, last)]


def sit(
    experts: Records,
    tickets: Records,
    seats: Records,
    slot_cost: NDArray[np.float64],
    i: int,
    j: int,
    points: float,
) -> None:
    """Give ticket i, which is held, a free unit of expert j."""
    taken = index(experts[j]["taken"])
    seat = experts[j]["first"] + taken
    seats[seat]["ticket"] = i
    set_taken(experts, slot_cost, j, taken + 1)
    tickets[i]["expert"] = j
    tickets[i]["points"] = points
    tickets[i]["seat"] = seat


def leave(experts: Records, tickets: Records, seats: Records, slot_cost: NDArray[np.float64], i: int) -> None:
    """Take ticket i away from its expert; it is held then."""
    j = index(tickets[i]["expert"])
    taken = index(experts[j]["taken"]) - 1
    seat = index(tickets[i]["seat"])
    last = seats[experts[j]["first"] + taken]["ticket"]
    seats[seat]["ticket"] = last
    tickets[last]["seat"] = seat
    set_taken(experts, slot_cost, j, taken)
    tickets[i]["expert"] = -1


def clear_seats(experts: Records, tickets: Records, slot_cost: NDArray[np.float64]) -> None:
    """Hold all tickets; prices stay."""
    for i in range(len(tickets)):
        tickets[i]["expert"] = -1
    for j in range(len(experts)):
        set_taken(experts, slot_cost, j, 0)
