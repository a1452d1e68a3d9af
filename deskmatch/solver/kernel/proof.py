"""What the kernel's answer proves: prices of tickets, how large a gap they leave, or a set that cannot be served."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.best_values import best_values

from .paths import Search
from .records import index
from .state import State

__all__ = ["cap_prices", "gap_of", "objective_terms", "ticket_prices", "violator_of"]

Float64 = NDArray[np.float64]
UInt32 = NDArray[np.uint32]


def cap_prices(state: State, capacity: NDArray[np.int32]) -> None:
    """Lower prices of experts who could serve more tickets than are eligible to what a further unit costs."""
    last = state.slot_cost.shape[1] - 1
    for j in range(len(capacity)):
        units = index(state.experts[j]["capacity"])
        if capacity[j] > units:
            state.price[j] = min(state.price[j], state.slot_cost[j, min(units, last)])


def ticket_prices(state: State, indptr: UInt32, expert: UInt32, points: Float64, hold: Float64) -> Float64:
    """The best that each ticket can get; also makes the prices of experts without capacity finite."""
    price = state.price
    best = np.empty(len(hold), np.float64)
    best_values(indptr, expert, points, price, hold, best)
    closed = np.zeros(len(price), np.bool_)
    any_closed = False
    for j in range(len(price)):
        if price[j] == np.inf:
            closed[j] = any_closed = True
            price[j] = state.slot_cost[j, 0]
    for i in range(len(hold) if any_closed else 0):
        for arc in range(indptr[i], indptr[i + 1]):
            if closed[expert[arc]]:
                price[expert[arc]] = max(price[expert[arc]], points[arc] - best[i])
    return best


def objective_terms(state: State) -> Float64:
    """What the tickets get, and minus what the units in use cost."""
    n = len(state.tickets)
    gained = np.empty(2 * n, np.float64)
    for i in range(n):
        ticket = state.tickets[i]
        gained[i] = ticket["hold"] if ticket["expert"] < 0 else ticket["points"]
    count, last = n, state.slot_cost.shape[1] - 1
    for j in range(len(state.experts)):
        for unit in range(state.experts[j]["taken"]):
            cost = state.slot_cost[j, min(unit, last)]
            if cost != 0.0:
                gained[count] = -cost
                count += 1
    return gained[:count]


def gap_of(state: State, ticket_price: Float64) -> tuple[float, float]:
    """Bound minus objective, as a sum of terms ≥ 0, none of which is the difference of large sums; and Σ|terms|."""
    gap, scale = 0.0, 0.0
    for i in range(len(state.tickets)):
        j = state.tickets[i]["expert"]
        gets = state.tickets[i]["hold"] if j < 0 else state.tickets[i]["points"] - state.price[j]
        gap += ticket_price[i] - gets
        scale += abs(ticket_price[i])
    for j in range(len(state.price)):
        for unit in range(state.experts[j]["capacity"]):
            profit = state.price[j] - state.slot_cost[j, min(unit, state.slot_cost.shape[1] - 1)]
            gap += max(0.0, profit)
            scale += max(0.0, profit)
            if unit < state.experts[j]["taken"]:
                gap -= profit
    return gap, scale


def violator_of(state: State, search: Search, source: int) -> NDArray[np.int32]:
    """The tickets of all experts settled in a search that failed, and its source."""
    size = 1
    for k in range(search.numbers[0]["settled"]):
        size += state.experts[state.experts[k]["settled"]]["taken"]
    found = np.empty(size, np.int32)
    found[0] = source
    size = 1
    for k in range(search.numbers[0]["settled"]):
        j = state.experts[k]["settled"]
        first = state.experts[j]["first"]
        for seat in range(first, first + state.experts[j]["taken"]):
            found[size] = state.seats[seat]["ticket"]
            size += 1
    return found
