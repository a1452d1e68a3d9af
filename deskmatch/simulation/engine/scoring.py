"""Points of contacts that have ended, and of those that are open; asked after every decision of a learner."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel
from deskmatch.policies.dispatch.records import TICKET

from .contacts import CALL, RINGING, SERVICE, WAITING
from .records import ROW

__all__ = ["has_somebody_else", "score_ended", "score_open"]

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@kernel(
    "uint8[:]", "int64", "float64[:]", "float64[:, :]", "uint8[:, :]", "int64[:]", "float64[:, :, :, :]",
    "float64[:, :]", allocates=False,
)  # fmt: skip
def score_ended(
    row_bytes: Bytes,
    first: int,
    window: Floats,
    rates: Floats,
    kinds: Bytes,
    group_of: Integers,
    points: Floats,
    tier_points: Floats,
) -> float:
    """Points of the contacts from row `first` on, of those that have ended and count.

    Parameters
    ----------
    row_bytes : of `ROW`.
    first : the first row that counts.
    window : ``(2,)`` tickets that arrived in [window[0], window[1]) count.
    rates : ``(types, 5)`` value, points of a lost ticket, target in seconds, cost of a second below and above it.
    kinds : ``(outcomes, 2)`` 1 where the ticket was served, and where it was lost.
    group_of : ``(experts,)``.
    points : ``(types, groups, hops, 2)`` of a ticket that is served; the last index: somebody else could go on with it.
    tier_points : ``(queues, groups)``.
    """
    rows = row_bytes.view(ROW)
    total = 0.0
    for k in range(first, len(rows)):
        row = rows[k]
        if math.isnan(row["ended"]) or not window[0] <= row["arrived"] < window[1]:
            continue
        t, expert, outcome = row["type"], row["expert"], row["outcome"]
        until = row["started"] if expert >= 0 else row["ended"]
        own = rates[t, 1] * kinds[outcome, 1] - _cost(rates[t], until - row["entered"], row["promised_s"])
        if kinds[outcome, 0]:
            g, hop = group_of[expert], min(row["hop"], points.shape[2] - 1)
            own += points[t, g, hop, row["onward"]] + tier_points[row["queue"], g]
        total += rates[t, 0] * own
    return total


@kernel(
    "uint8[:]", "int64[:, :]", "float64", "float64[:]", "float64[:, :]", "uint8[:, :]", "int64[:]",
    "float64[:, :, :, :]", "float64[:, :]", allocates=False,
)  # fmt: skip
def score_open(
    ticket_bytes: Bytes,
    excluded: Integers,
    now: float,
    window: Floats,
    rates: Floats,
    able: Bytes,
    group_of: Integers,
    points: Floats,
    tier_points: Floats,
) -> float:
    """Points of the contacts that have not ended: those in service as `score_ended` counts them, waits up to now.

    Parameters
    ----------
    ticket_bytes : of `TICKET`.
    excluded : ``(tickets, most)`` experts who have had the ticket.
    now : seconds since the start.
    able : ``(types, experts)`` 1 where the expert may serve tickets of the type.
    window, rates, group_of, points, tier_points : as for `score_ended`.
    """
    tickets = ticket_bytes.view(TICKET)
    total = 0.0
    for k in range(len(tickets)):
        ticket = tickets[k]
        phase = ticket["phase"]
        if phase not in (WAITING, SERVICE, CALL, RINGING):
            continue
        if not window[0] <= ticket["arrived"] < window[1]:
            continue
        t = ticket["type"]
        until = ticket["started"] if phase in (SERVICE, CALL) else now
        own = -_cost(rates[t], until - ticket["since"], ticket["promised_s"])
        if phase == SERVICE:
            g, hop = group_of[ticket["expert"]], min(ticket["hops"], points.shape[2] - 1)
            onward = 1 if has_somebody_else(able[t], excluded[k], ticket["barred"], ticket["expert"]) else 0
            own += points[t, g, hop, onward] + tier_points[ticket["queue"], g]
        total += rates[t, 0] * own
    return total


def has_somebody_else(able: Bytes, excluded: Integers, barred: int, expert: int) -> bool:
    """Whether an expert could go on with a ticket who has not had it yet.

    Parameters
    ----------
    able : ``(experts,)`` 1 for those who may serve it.
    excluded : whose first `barred` entries are the experts who have had it.
    expert : who has it now.
    """
    for j in range(len(able)):
        if able[j] and j != expert:
            had = False
            for each in range(barred):
                had = had or excluded[each] == j
            if not had:
                return True
    return False


def _cost(rates: Floats, wait: float, promised: float) -> float:
    """F(wait) of `deskmatch.routing.wait_cost`."""
    wait, target = max(wait, 0.0), rates[2] if math.isnan(promised) else promised
    return float(rates[3] * min(wait, target) + rates[4] * max(0.0, wait - target))
