"""The engine's memory: arrays of records beside those of the selector (`deskmatch.policies.dispatch.records`).

The files of this directory pass all of them to each other as one `World`, whose fields are those of the selector and:

========= ==================================================================================================
engine    ``(1,)`` of `ENGINE`: counters, and where things are
heap      of `EVENT`: what happens next; `place` says where each node of it stands
place     ``(nodes,)``, −1: nothing is to happen to it. Nodes: experts (work), experts (shift), and two for
          each ticket (it loses patience or comes back; its offer times out)
types     ``(types,)`` of `TYPE`
pairs     ``(types · pools,)`` of `PAIR`: how tickets of a type fare with experts of a pool
laws      of `LAW`: distributions of mean 1, some of which read `tables`
seen      of `SEEN`: the queues that tickets of a type come to, or are handed on to
onward    ``(types, tiers + 1)`` the queue for whoever an expert of this tier hands on; −1: nobody above
changes   of `CHANGE`: logins and logouts of experts, in the order of time, within one cycle
rates     ``(channels, most + 1)`` total speed of an expert with so many tickets in hand
rows      of `ROW`: the contacts that have ended
========= ==================================================================================================
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.policies.dispatch.records import Integers, Records, fields

__all__ = [
    "CHANGE",
    "ENGINE",
    "EVENT",
    "LAW",
    "PAIR",
    "ROW",
    "SEEN",
    "TYPE",
    "Answer",
    "LawKind",
    "Outcome",
    "World",
]


class Outcome(IntEnum):
    """How a contact ended."""

    RESOLVED = 0
    PREVENTABLE_TRANSFER = 1
    UNAVOIDABLE_TRANSFER = 2
    REPEAT = 3
    """Not resolved; the customer comes back later."""
    NO_ANSWER = 4
    """Called back in vain; to be called again."""
    ABANDONED = 5
    BALKED = 6
    BLOCKED = 7
    UNRESOLVED = 8
    """Not resolved, and nobody is left to hand it to: too many hops, or handed outside."""
    UNANSWERED = 9
    """Called back in vain for the last time."""
    WAITING = 10
    """Still waiting at the end of the run."""
    IN_HAND = 11
    """In service at the end of the run."""
    AWAY = 12
    """Due back after the end of the run."""
    REDIAL = 13
    """The customer gave up waiting, and comes again later."""


class Answer(IntEnum):
    """Why the kernel has stopped."""

    UNTIL = 0
    """Nothing happens before the instant up to which it was asked to go."""
    DECISION = 1
    ROWS_FULL = 2
    TICKETS_FULL = 3
    EMPTY = 4
    """After the last arrival, and no ticket is left."""


class LawKind(IntEnum):
    """Distributions by how a quantile is found."""

    FIXED = 0
    EXPONENTIAL = 1
    WEIBULL = 2
    SMOOTH = 3
    """Logarithms of quantiles in a table, interpolated."""
    EMPIRICAL = 4
    """A sorted sample in a table."""


ENGINE = fields(
    "until cycle_s offer_s pace_every_s system_area system_at",
    "size pending free spare arrival arrivals rows root system away"
    " event_policy decide answered n_pools occupancy offers_fail closing seed0 seed1 first_pace paces"
    " first_speed speed_days",
)
"""``until``: events before this instant are worked off; ``pending``: the node whose event is worked off; ``spare``:
places for tickets that are free, in a chain from ``free`` on; ``arrival``: the next of ``arrivals`` handed in;
``first_pace``, ``paces``: factors of the work begun in each interval, in the tables; ``first_speed``, ``speed_days``:
factors of the speed of each expert on each day, the first expert's first, in the tables; ``system``: tickets that have
not ended, ``away`` of them due back; ``event_policy``: the policy that is asked after events, −1: none; ``decide``: 1
where it may have something to say; ``answered``: the policy that has just been asked, −1: none; ``occupancy``: 1 where
somebody looks at it; ``offers_fail``: 1 where some expert may decline; ``closing``: 1 once no more arrivals will be
handed in."""

EVENT = fields("time", "node")

TYPE = fields(
    "patience_s balk unavoidable outside repeat repeat_after_s no_answer no_answer_scale_s attempt_s"
    " retry_after_s promised_s handed redial redial_after_s at_once_s progress_every_s",
    "patience away channel calls hops upward first_seen seen first_target targets later faithful number"
    " first_ratio ratios first_progress progress",
)
"""``patience``, ``away``: laws, whose means stand above, −1: none; ``later``: of the time until who gave up calls
again; ``faithful``: 1 where a customer who comes back goes to the expert of before; ``calls``: most calls back, 0: no
callback; ``upward``: handed on to a higher tier where there is one; ``handed``: share of the unresolved that are
handed on; ``targets``: so many entries of `seen` from ``first_target`` on are the types that they become, 0: they keep
their own; ``number``: tickets of this type so far; ``ratios``: so many entries of the tables from ``first_ratio`` on
are how many times as fast customers give up who found 0, 1, 2, … waiting, 0: 1; ``progress``: intervals of
``progress_every_s``, at whose edges the tables from ``first_progress`` on have the work that is done by then, 0: work
goes on by the clock, as its first ``at_once_s`` always do."""

PAIR = fields("mean_s resolution after_s calm_s", "law after calm")
"""``after``, ``calm``: laws of the after-work while somebody waits, and while nobody does, −1: none."""

LAW = fields("shape", "kind first count")

SEEN = fields("cumulative", "queue")

CHANGE = fields("time", "on")
"""``on``: 0 logs out, 1 logs in, 2 goes on a break as soon as nobody waits."""

ROW = np.dtype(
    [
        ("root", np.int64),
        ("arrived", np.float64),
        ("entered", np.float64),
        ("started", np.float64),
        ("ended", np.float64),
        ("after_s", np.float64),
        ("promised_s", np.float64),
        ("type", np.int32),
        ("queue", np.int32),
        ("expert", np.int32),
        ("attempt", np.int32),
        ("hop", np.int32),
        ("offers", np.int16),
        ("outcome", np.int8),
        ("onward", np.int8),
    ]
)
"""Without gaps, so that equal records are equal byte for byte; ``onward``: 1 where somebody else could have gone on
with the ticket, had it not been resolved."""


class World(NamedTuple):
    """All arrays of a run, as compiled functions pass them on."""

    desk: Records
    engine: Records
    heap: Records
    place: Integers
    tickets: Records
    excluded: Integers
    experts: Records
    pools: Records
    queues: Records
    channels: Records
    links: Records
    loads: Integers
    limits: Integers
    types: Records
    pairs: Records
    laws: Records
    tables: NDArray[np.float64]
    seen: Records
    onward: Integers
    changes: Records
    rates: NDArray[np.float64]
    rows: Records
