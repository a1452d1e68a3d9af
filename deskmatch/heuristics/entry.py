"""`build`: the one compiled entry of the heuristics that work on an assignment."""

from __future__ import annotations

from typing import Any

import numpy as np

from deskmatch.compiled import kernel

from .construction import URGENT, take_arcs, take_by_regret, take_tickets, worths
from .exchange import improve
from .moves import Data, state_of

__all__ = ["ARCS", "EXCHANGE", "REGRET", "TICKETS", "WORTHS", "build"]

TICKETS, ARCS, REGRET, EXCHANGE, WORTHS = 0, 1, 2, 3, 4
"""What `build` does: `take_tickets`, `take_arcs`, `take_by_regret`, `improve`, or `worths` alone."""


@kernel(
    "int32[:]",
    "int32[:]",
    "float64[:]",
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "int32[:]",
    "float64[:]",
    "float64[:, :]",
    "int64[:]",
    "int32[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "float64[:]",
    "int64",
    "float64[:]",
    "boolean",
    "int64[:]",
    "float64",
    "int64",
    "uint8[:]",
    "out float64[:]",
    "out int64[:]",
)
def build(
    indptr: Any,
    expert: Any,
    points: Any,
    usage: Any,
    limit_of: Any,
    limit_bound: Any,
    limit_parent: Any,
    capacity: Any,
    hold: Any,
    slot_cost: Any,
    entry_start: Any,
    entry_row: Any,
    entry_value: Any,
    row_low: Any,
    row_high: Any,
    row_penalty: Any,
    row_slack: Any,
    row_unit: Any,
    what: int,
    score: Any,
    per_unit: bool,
    order: Any,
    step: float,
    rounds: int,
    stop: Any,
    key: Any,
    arc_of: Any,
) -> float:
    """Work on the assignment `arc_of` ``(tickets,)``, which is changed, and return its violation.

    Parameters
    ----------
    indptr … row_unit : `Packed.arrays`.
    what : one of the constants above.
    score : ``(arcs,)`` what arcs count when they are chosen: their points, or these minus prices.
    per_unit : whether arcs are put in order by what a unit gains.
    order : tickets for TICKETS, arcs for ARCS; else not looked at.
    step : points that a change must gain to be more than rounding.
    rounds : of EXCHANGE.
    stop : ``(1,)`` the flag that ends it: what is done until then stands.
    key : ``(arcs,)`` written by WORTHS, read and changed by ARCS; else not looked at.
    """
    data = Data(
        indptr,
        expert,
        points,
        usage,
        limit_of,
        limit_bound,
        limit_parent,
        capacity,
        hold,
        slot_cost,
        entry_start,
        entry_row,
        entry_value,
        row_low,
        row_high,
        row_penalty,
        row_slack,
        row_unit,
    )
    state = state_of(data, arc_of)
    urgent = URGENT * np.abs(score).max() if len(score) else 0.0
    if what == TICKETS:
        take_tickets(data, state, score, order, stop)
    elif what == ARCS:
        take_arcs(data, state, score, per_unit, urgent, key, order, stop)
    elif what == REGRET:
        take_by_regret(data, state, score, stop)
    elif what == EXCHANGE:
        improve(data, state, step, rounds, stop)
    else:
        worths(data, state, score, per_unit, urgent, key)
    arc_of[:] = state.arc_of
    return float(state.total[0])
