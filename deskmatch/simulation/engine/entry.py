"""The engine's kernel: it works off events until a policy is asked, or the caller's turn has come."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel
from deskmatch.policies.dispatch.records import CHANNEL, DESK, EXPERT, LINK, POOL, QUEUE, TICKET

from .contacts import (
    AWAY,
    abandon,
    arrive,
    come_back,
    decline,
    give,
    offer_again,
    route_expert,
    settle_fresh,
    work_done,
)
from .hands import log_in, log_out
from .heap import cancel, schedule
from .records import CHANGE, ENGINE, EVENT, LAW, PAIR, ROW, SEEN, TYPE, World

__all__ = ["advance_engine"]

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# The values of `Answer`, as numbers that compiled code takes as constants.
UNTIL, DECISION, ROWS_FULL, TICKETS_FULL, EMPTY = range(5)
LOGS_OUT, LOGS_IN, GOES_WHEN_CALM = range(3)

ROWS_OF_EVENT = 2
"""Rows that one event can write at most; each ticket that learns that it must wait can write another."""
PLACES_OF_EVENT = 2
"""Places of tickets that one event can take."""


@kernel(
    "int64[:]",
    "int64[:]",
    "float64[:]",
    "int64[:]",
    "float64[:, :]",
    "out uint8[:]",
    "out uint8[:]",
    "out uint8[:]",
    "out int64[:]",
    "out uint8[:]",
    "out int64[:, :]",
    "out uint8[:]",
    "out uint8[:]",
    "out uint8[:]",
    "out uint8[:]",
    "uint8[:]",
    "out int64[:, :]",
    "int64[:, :]",
    "out uint8[:]",
    "uint8[:]",
    "uint8[:]",
    "float64[:]",
    "uint8[:]",
    "int64[:, :]",
    "uint8[:]",
    "float64[:, :]",
    "out uint8[:]",
    allocates=False,
)
def advance_engine(
    chosen_tickets: Integers,
    chosen_experts: Integers,
    arrival_times: Floats,
    arrival_types: Integers,
    arrival_marks: Floats,
    desk_bytes: Bytes,
    engine_bytes: Bytes,
    heap_bytes: Bytes,
    place: Integers,
    ticket_bytes: Bytes,
    excluded: Integers,
    expert_bytes: Bytes,
    pool_bytes: Bytes,
    queue_bytes: Bytes,
    channel_bytes: Bytes,
    link_bytes: Bytes,
    loads: Integers,
    limits: Integers,
    type_bytes: Bytes,
    pair_bytes: Bytes,
    law_bytes: Bytes,
    tables: Floats,
    seen_bytes: Bytes,
    onward: Integers,
    change_bytes: Bytes,
    rates: Floats,
    row_bytes: Bytes,
) -> int:
    """Carry out a decision, then work off events; the memory is described in `deskmatch.simulation.engine.records`.

    Parameters
    ----------
    chosen_tickets, chosen_experts : ``(pairs,)`` what the policy has decided: places of waiting tickets, and experts
        with room for them. Read only where the kernel has stopped for a decision.
    arrival_times, arrival_types : ``(arrivals,)`` what arrives next, in the order of time.
    arrival_marks : ``(arrivals, 2)`` recorded patience and promised wait, nan: as the type says; or ``(0, 2)``.

    Returns
    -------
    An `Answer`.
    """
    world = World(
        desk_bytes.view(DESK),
        engine_bytes.view(ENGINE),
        heap_bytes.view(EVENT),
        place,
        ticket_bytes.view(TICKET),
        excluded,
        expert_bytes.view(EXPERT),
        pool_bytes.view(POOL),
        queue_bytes.view(QUEUE),
        channel_bytes.view(CHANNEL),
        link_bytes.view(LINK),
        loads,
        limits,
        type_bytes.view(TYPE),
        pair_bytes.view(PAIR),
        law_bytes.view(LAW),
        tables,
        seen_bytes.view(SEEN),
        onward,
        change_bytes.view(CHANGE),
        rates,
        row_bytes.view(ROW),
    )
    event_policy = world.engine[0]["event_policy"]
    n_experts = len(world.experts)
    for at in range(len(chosen_tickets)):
        give(world, chosen_experts[at], chosen_tickets[at])
    while True:
        if world.engine[0]["rows"] + world.engine[0]["system"] + ROWS_OF_EVENT > len(world.rows):
            return ROWS_FULL
        if world.engine[0]["spare"] < PLACES_OF_EVENT:
            return TICKETS_FULL
        if world.engine[0]["answered"] >= 0:
            settle_fresh(world)
            world.engine[0]["answered"] = -1
        if world.engine[0]["closing"] == 1 and world.engine[0]["system"] == 0:
            return EMPTY
        time = world.heap[0]["time"] if world.engine[0]["size"] > 0 else math.inf
        arrival = world.engine[0]["arrival"]
        arrives = arrival < world.engine[0]["arrivals"] and arrival_times[arrival] < time
        if arrives:
            time = arrival_times[arrival]
        if time >= world.engine[0]["until"]:
            world.desk[0]["now"] = world.engine[0]["until"]
            return UNTIL
        world.desk[0]["now"] = time
        if arrives:
            world.engine[0]["arrival"] = arrival + 1
            patience_s, promised_s = math.nan, math.nan
            if arrival < len(arrival_marks):
                patience_s, promised_s = arrival_marks[arrival, 0], arrival_marks[arrival, 1]
            arrive(world, arrival_types[arrival], patience_s, promised_s)
        else:
            node = world.heap[0]["node"]
            world.engine[0]["pending"] = node
            if node < n_experts:
                work_done(world, node)
            elif node < 2 * n_experts:
                e = node - n_experts
                if _change_shift(world, e):
                    route_expert(world, e)
                elif world.engine[0]["offers_fail"] == 1:
                    offer_again(world, e)
            else:
                k = (node - 2 * n_experts) // 2
                if (node - 2 * n_experts) & 1:
                    decline(world, k)
                elif world.tickets[k]["phase"] == AWAY:
                    come_back(world, k)
                else:
                    e = abandon(world, k)
                    if e >= 0:
                        route_expert(world, e)
            if world.engine[0]["pending"] >= 0:
                cancel(world, node)
        if world.engine[0]["decide"] == 1 and event_policy >= 0:
            world.engine[0]["decide"] = 0
            world.engine[0]["answered"] = event_policy
            if world.desk[0]["waiting"] > 0 and world.desk[0]["listed"] > 0:
                return DECISION


def _change_shift(world: World, e: int) -> bool:
    """Expert e logs in or out, and the next change is scheduled; whether the expert has logged in.

    A break of somebody who is busy begins with the end of a contact at which nobody waits (`work_done`), if there is
    one before it was to end. Whoever has room goes at once: nobody waits whom such an expert could serve.
    """
    at = world.experts[e]["first_change"] + world.experts[e]["change"]
    change = world.changes[at]["on"]
    on = change == LOGS_IN
    if on:
        log_in(world, e)
    elif change == LOGS_OUT or world.experts[e]["listed"] == 1:
        log_out(world, e)
    world.experts[e]["due_off"] = 1 if change == GOES_WHEN_CALM and world.experts[e]["on"] == 1 else 0
    world.experts[e]["change"] += 1
    if world.experts[e]["change"] == world.experts[e]["changes"]:
        world.experts[e]["change"] = 0
        world.experts[e]["cycle_start"] += world.engine[0]["cycle_s"]
    following = world.changes[world.experts[e]["first_change"] + world.experts[e]["change"]]["time"]
    schedule(world, len(world.experts) + e, world.experts[e]["cycle_start"] + following)
    return bool(on)
