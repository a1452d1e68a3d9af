"""What searches share: how far each place is and how a path came there, and the prices afterwards.

Both searches are Dijkstra's method on places with reduced costs, which the prices keep nonnegative (Tomizawa
1971; Edmonds & Karp 1972; for assignments that change, Toroslu & Üçoluk 2007, *Information Sciences* 177, 1523,
and Mills-Tettey, Stentz & Dias 2007, *The dynamic Hungarian algorithm*). Costs that rounding makes negative
count as 0. Afterwards the prices of places nearer than the end of the path change by how much nearer they are.
"""

from __future__ import annotations

import numpy as np

from deskmatch.solver.kernel.records import Records, index

from .seats import set_price

__all__ = ["AT_HOLD", "AT_OPENING", "AT_SLOT", "NOWHERE", "begin", "change_prices", "end_at_hold", "label"]

NOWHERE = 0
"""No path ends anywhere."""
AT_SLOT = 1
"""The path ends at a slot of `end_place`: a free one is used, or the last one is given up."""
AT_HOLD = 2
"""`end_ticket` goes from `end_place` to its hold, or from its hold to `end_place`."""
AT_OPENING = 3
"""The path ends at the place that lacks a unit."""


def begin(search: Records) -> None:
    search[0]["bound"] = np.inf
    search[0]["end"] = NOWHERE
    search[0]["touched"] = 0
    search[0]["searches"] += 1


def label(
    places: Records,
    search: Records,
    e: int,
    distance: float,
    via_ticket: int,
    via_place: int,
    points: float,
) -> bool:
    """Note how place e was reached; False where it was reached in a way as short, or nothing is gained."""
    if not (distance < search[0]["bound"] and distance < places[e]["distance"]):
        return False
    if places[e]["distance"] == np.inf:
        places[search[0]["touched"]]["touched"] = e
        search[0]["touched"] += 1
    places[e]["distance"] = distance
    places[e]["via_ticket"] = via_ticket
    places[e]["via_place"] = via_place
    places[e]["via_points"] = points
    return True


def change_prices(tickets: Records, places: Records, search: Records, sign: float) -> None:
    """Prices of the places nearer than the end of the path rise, or fall; the search is forgotten."""
    bound = search[0]["bound"]
    for k in range(search[0]["touched"]):
        e = index(places[k]["touched"])
        nearer = bound - places[e]["distance"]
        places[e]["distance"] = np.inf
        if nearer > 0.0 and bound < np.inf:
            set_price(tickets, places, e, places[e]["price"] + sign * nearer)


def end_at_hold(search: Records, distance: float, i: int, e: int) -> None:
    if distance < search[0]["bound"]:
        search[0]["bound"] = distance
        search[0]["end"] = AT_HOLD
        search[0]["end_ticket"] = i
        search[0]["end_place"] = e
