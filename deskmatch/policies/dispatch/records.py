"""What the selector looks at: arrays of records for tickets, queues, experts and pools of experts.

A *queue* holds tickets that look alike to the desk; a *pool* holds experts that are alike but for what they are
doing now. The selector takes these arrays as the fields of one named tuple (`Floor`). Whole
numbers have 64 bits throughout: functions would be compiled once more for 32-bit arguments.

========= ==================================================================================================
desk      ``(1,)`` of `DESK`: the clock and what is counted
tickets   ``(tickets,)`` of `TICKET`
excluded  ``(tickets, EXCLUDED)`` rows of experts who must not get the ticket: the first ``barred``, who handed
          it on, then ``declined`` more, who declined it
experts   ``(experts,)`` of `EXPERT`
pools     ``(pools,)`` of `POOL`: experts with room are a chain, the longest idle first
queues    ``(queues,)`` of `QUEUE`: waiting tickets are a chain, first come first
channels  ``(channels,)`` of `CHANNEL`
links     of `LINK`: the pools of each queue and the queues of each pool, each block sorted by rank
loads     ``(experts, channels)`` tickets in hand
limits    ``(pools, channels)`` most tickets at once
========= ==================================================================================================
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CHANNEL",
    "DESK",
    "EXCLUDED",
    "EXPERT",
    "LINK",
    "NOBODY",
    "POOL",
    "QUEUE",
    "TICKET",
    "ExpertBy",
    "Floor",
    "IndexBy",
    "Integers",
    "Records",
    "TicketBy",
    "fields",
]

Records = NDArray[Any]
"""An array of records; type checkers know no fields."""
Integers = NDArray[np.int64]


class Floor(Protocol):
    """What the selector is given: a named tuple with these arrays among its fields."""

    @property
    def desk(self) -> Records: ...
    @property
    def tickets(self) -> Records: ...
    @property
    def excluded(self) -> Integers: ...
    @property
    def experts(self) -> Records: ...
    @property
    def pools(self) -> Records: ...
    @property
    def queues(self) -> Records: ...
    @property
    def channels(self) -> Records: ...
    @property
    def links(self) -> Records: ...
    @property
    def loads(self) -> Integers: ...
    @property
    def limits(self) -> Integers: ...


NOBODY = -1
EXCLUDED = 32
"""Experts that a ticket can exclude: those who handed it on, at most 15, and then those who declined it."""


class ExpertBy(IntEnum):
    """Which of the experts with room gets a ticket; ties go to the longest idle, then to the first row."""

    LONGEST_IDLE = 0
    SHORTEST_IDLE = 1
    RANDOM = 2
    FASTEST = 3
    SLOWEST = 4
    LEAST_OCCUPIED = 5
    ROUND_ROBIN = 6
    LEAST_BUSY = 7
    MOST_BUSY = 8
    HIGHEST_INDEX = 9
    IDLENESS_RATIO = 10
    AFFINE = 11


class TicketBy(IntEnum):
    """Which queue an expert with room takes from; ties go to the first queue."""

    FIRST_COME = 0
    LONGEST_QUEUE = 1
    LONGEST_WEIGHTED_WAIT = 2
    HIGHEST_INDEX = 3
    WAIT_INDEX = 4
    LENGTH_INDEX = 5
    QUEUE_RATIO = 6
    AFFINE = 7


class IndexBy(IntEnum):
    """What the index of a queue at a pool is made of: cost of waiting, handling time, patience, resolution."""

    GIVEN = 0
    COST_RATE = 1
    COST_RATE_PATIENCE = 2
    RESOLUTION_COST_RATE = 3
    RESOLUTION = 4


def fields(floats: str, integers: str) -> np.dtype[Any]:
    """A type of records with these fields; all are 8 bytes, so that there are no gaps."""
    return np.dtype([(name, np.float64) for name in floats.split()] + [(name, np.int64) for name in integers.split()])


DESK = fields(
    "now",
    # waiting: tickets in queues; listed: experts with room; turn: offers made so far; draws: random choices made;
    # reserves: 1 where a rule keeps idle experts back
    "waiting listed turn seed draws reserves",
)

TICKET = fields(
    # since: entered its queue; arrived: first contact; work: seconds of work left at full speed
    # patience_s: of its first contact, where it was recorded; promised_s: the wait that was promised; nan: none
    "since arrived started work patience_s promised_s",
    # next, previous: in its queue, or among the tickets in hand of its expert
    "type queue channel phase next previous expert preferred barred declined"
    # what the engine keeps of it: root number, the type as which it came and its number within that, contacts so far,
    # hops, calls, offers; again: 1 where the customer has come back; ahead: tickets that it found waiting
    " root origin number attempt hops calls offers fresh again ahead"
    # uniforms of this contact, 32 bits each: patience, balking, service, resolution
    " u_patience u_balk u_service u_resolution",
)

EXPERT = fields(
    # idle_since: when the last ticket ended; last: work is counted up to here; the rest: see `simulation.engine.hands`
    "idle_since occupancy occupied_at last busy_since busy_s load_s on_since on_s accepts cycle_start",
    # wanted: waiting tickets that prefer this expert; due_off: 1 where a break is to begin as soon as nobody waits
    "pool listed next previous load taken alone on jobs due turn served offers declined change first_change changes"
    " wanted due_off",
)

POOL = fields("share idle_weight", "first last single first_link last_link present size tier kin idle")
"""``single``: its experts take one ticket at a time; ``present``: how many of its ``size`` experts are logged in;
``kin``: the pool that counts the ``idle`` experts, those with room, of all pools of one group; ``share``: of all idle
experts that the group should have; ``idle_weight``: of the time that an expert has been idle."""

QUEUE = fields(
    "weight head_start_s power share area counted_at",
    "first last length ringing channel expert_by ticket_by policy first_link last_link",
)
"""``head_start_s``: its tickets count as if they had come so much earlier; ``power``: of the wait; ``share``: of all
waiting tickets that the queue should have; ``area``: tickets × seconds waited here until ``counted_at``, those that are
ringing among them; ``policy``: number of the one that is asked, −1: the rules."""

CHANNEL = fields("", "exclusive waiting capacity")

LINK = fields("handling_s index opens_s", "other rank order reserve")
"""``other``: the pool or the queue; ``order``: of the queue's name, for ties; ``handling_s``: what the desk expects
such a ticket to take there; ``index``: of the queue at the pool; ``opens_s``: the wait from which on the link is open;
``reserve``: idle experts of the group that are kept back from the queue."""
