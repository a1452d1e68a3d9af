"""Who sits where: tickets on the places that they are assigned to, and the units that the places use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.kernel.records import Records, index

from .records import FREE, HELD, NOBODY, UNPLACED

__all__ = ["change_used", "hold_ticket", "next_inside", "park", "renew_costs", "seat", "set_price", "unseat"]

Float64 = NDArray[np.float64]


def seat(tickets: Records, places: Records, i: int, e: int, points: float) -> None:
    """Ticket i, which sits nowhere, takes a seat at place e on an arc of so many points without the shift."""
    first = index(places[e]["seats"])
    places[e]["seats"] = i
    tickets[i]["previous"] = NOBODY
    tickets[i]["next"] = first
    if first >= 0:
        tickets[first]["previous"] = i
    tickets[i]["place"] = e
    tickets[i]["points"] = points
    tickets[i]["value"] = (points + tickets[i]["shift"]) - places[e]["price"]


def unseat(tickets: Records, places: Records, i: int) -> None:
    """Ticket i leaves its seat; where it goes is for the caller to say."""
    before, after = index(tickets[i]["previous"]), index(tickets[i]["next"])
    if before >= 0:
        tickets[before]["next"] = after
    else:
        places[tickets[i]["place"]]["seats"] = after
    if after >= 0:
        tickets[after]["previous"] = before
    tickets[i]["place"] = FREE
    tickets[i]["value"] = np.inf


def hold_ticket(tickets: Records, i: int) -> None:
    """Ticket i, which sits nowhere, waits."""
    tickets[i]["place"] = HELD
    tickets[i]["value"] = tickets[i]["hold"]


def set_price(tickets: Records, places: Records, e: int, price: float) -> None:
    """Change a price, and with it the values of the tickets that sit there."""
    places[e]["price"] = price
    i = index(places[e]["seats"])
    while i >= 0:
        tickets[i]["value"] = (tickets[i]["points"] + tickets[i]["shift"]) - price
        i = index(tickets[i]["next"])


def change_used(places: Records, slot_cost: Float64, e: int, change: int) -> None:
    """Place e uses so many units more."""
    places[e]["used"] += change
    renew_costs(places, slot_cost, e)


def renew_costs(places: Records, slot_cost: Float64, e: int) -> None:
    """What an expert's next unit costs and what its last one saves, as its units are now."""
    if places[e]["parent"] >= 0:
        return
    used, final = index(places[e]["used"]), slot_cost.shape[1] - 1
    places[e]["room"] = slot_cost[e, min(used, final)] if used < places[e]["bound"] else np.inf
    places[e]["last"] = slot_cost[e, min(used - 1, final)] if used > 0 else -np.inf


def park(tickets: Records, places: Records, slot_cost: Float64, search: Records, e: int) -> None:
    """Take some ticket out of place e, or of a limit inside it, and out of the network."""
    while places[e]["seats"] < 0:
        inside = index(places[e]["first_child"])
        while places[inside]["used"] == 0:
            inside = index(places[inside]["sibling"])
        change_used(places, slot_cost, inside, index(-1))
        e = inside
    i = index(places[e]["seats"])
    unseat(tickets, places, i)
    tickets[i]["place"] = UNPLACED
    search[0]["unplaced"] += 1


def next_inside(places: Records, top: int, e: int) -> int:
    """The place after e in the walk over `top` and all that is inside it, outermost first; −1: that was all."""
    if places[e]["first_child"] >= 0:
        return index(places[e]["first_child"])
    while e != top:
        if places[e]["sibling"] >= 0:
            return index(places[e]["sibling"])
        e = index(places[e]["parent"])
    return NOBODY
