"""The selector: which expert gets this ticket, which ticket this expert takes; the rules of dispatch, compiled.

Both questions run through the blocks of links, which are sorted by rank, and compare within the best rank that can
be served. Functions for compiled callers; `deskmatch.policies.dispatch.rule` and the simulator's engine call them.
"""

from __future__ import annotations

import math

import numpy as np

from deskmatch.policies.dispatch.philox import philox, uniform
from deskmatch.policies.dispatch.records import NOBODY, Floor

__all__ = [
    "count_area",
    "enlist",
    "enqueue",
    "find_expert",
    "find_ticket",
    "occupancy_at",
    "refuses",
    "strike",
    "takes",
    "unlist",
]

# The values of `ExpertBy` and `TicketBy`, as numbers that compiled code takes as constants.
(
    LONGEST_IDLE,
    SHORTEST_IDLE,
    RANDOM,
    FASTEST,
    SLOWEST,
    LEAST_OCCUPIED,
    ROUND_ROBIN,
    LEAST_BUSY,
    MOST_BUSY,
    BEST,
    RATIO,
    NEAREST,
) = range(12)
FIRST_COME, LONGEST_QUEUE, LONGEST_WEIGHTED_WAIT, INDEX, WAIT_INDEX, LENGTH_INDEX, QUEUE_RATIO, AFFINE = range(8)

SECOND = np.uint64(0xFFFFFFFF)
"""Second word of the key of random choices."""


def find_expert(floor: Floor, k: int) -> int:
    """The expert with room who gets ticket k by the rule of its queue, −1: nobody can take it now.

    The preferred expert gets it, if there is room; else the pools of the best rank with anyone who can.
    """
    q = floor.tickets[k]["queue"]
    channel = floor.queues[q]["channel"]
    preferred = floor.tickets[k]["preferred"]
    first, last = floor.queues[q]["first_link"], floor.queues[q]["last_link"]
    if preferred >= 0 and floor.experts[preferred]["listed"] == 1:
        own = floor.experts[preferred]["pool"]
        for at in range(first, last):
            if (
                floor.links[at]["other"] == own
                and _is_open(floor, at, own, floor.tickets[k]["since"])
                and takes(floor, preferred, channel)
                and not refuses(floor, k, preferred)
            ):
                return preferred  # type: ignore[no-any-return]
    by = floor.queues[q]["expert_by"]
    free = floor.tickets[k]["barred"] + floor.tickets[k]["declined"] == 0
    best, best_rank, best_key, best_since, candidates = NOBODY, 0, math.inf, math.inf, 0
    for at in range(first, last):
        if best >= 0 and floor.links[at]["rank"] > best_rank:
            break
        p = floor.links[at]["other"]
        e = floor.pools[p]["first"]
        if e >= 0 and not _is_open(floor, at, p, floor.tickets[k]["since"]):
            continue
        single = floor.pools[p]["single"] == 1
        while e >= 0:
            if (single or takes(floor, e, channel)) and (free or not refuses(floor, k, e)):
                candidates += 1
                since = floor.experts[e]["idle_since"]
                key = _expert_key(floor, by, at, e)
                if (
                    best < 0
                    or key < best_key
                    or (key == best_key and (since < best_since or (since == best_since and e < best)))
                ):
                    best, best_rank, best_key, best_since = e, floor.links[at]["rank"], key, since
                if by == LONGEST_IDLE and single:
                    break  # the chain is in this order
            e = floor.experts[e]["next"]
    if candidates > 1 and by == RANDOM:
        floor.desk[0]["draws"] += 1
    return best


def find_ticket(floor: Floor, e: int) -> int:
    """The waiting ticket that expert e takes by the rules of the queues, −1: none that the expert can take now.

    A ticket that prefers the expert, as a repeat contact prefers its resolver, comes before all rules.
    """
    if floor.desk[0]["waiting"] == 0 or floor.experts[e]["listed"] == 0:
        return NOBODY
    if floor.experts[e]["wanted"] > 0:
        k = _find_wanting(floor, e)
        if k >= 0:
            return k
    p = floor.experts[e]["pool"]
    single = floor.pools[p]["single"] == 1
    best, best_rank, best_key, best_order = NOBODY, 0, math.inf, 0
    for at in range(floor.pools[p]["first_link"], floor.pools[p]["last_link"]):
        if best >= 0 and floor.links[at]["rank"] > best_rank:
            break
        q = floor.links[at]["other"]
        k = floor.queues[q]["first"]
        if k < 0 or floor.queues[q]["policy"] >= 0:
            continue
        if not single and not takes(floor, e, floor.queues[q]["channel"]):
            continue
        while k >= 0 and refuses(floor, k, e):
            k = floor.tickets[k]["next"]
        if k < 0 or not _is_open(floor, at, p, floor.tickets[k]["since"]):
            continue
        key = _ticket_key(floor, at, q, k)
        order = floor.links[at]["order"]
        if best < 0 or key < best_key or (key == best_key and order == best_order and _came_before(floor, k, best)):
            best, best_rank, best_key, best_order = k, floor.links[at]["rank"], key, order
    return best


def _find_wanting(floor: Floor, e: int) -> int:
    """Of the tickets that prefer expert e and that e can take now, the one that came first, −1: none."""
    p = floor.experts[e]["pool"]
    best = NOBODY
    for at in range(floor.pools[p]["first_link"], floor.pools[p]["last_link"]):
        q = floor.links[at]["other"]
        if floor.queues[q]["policy"] >= 0 or not takes(floor, e, floor.queues[q]["channel"]):
            continue
        k = floor.queues[q]["first"]
        while k >= 0 and (floor.tickets[k]["preferred"] != e or refuses(floor, k, e)):
            k = floor.tickets[k]["next"]
        if k >= 0 and _is_open(floor, at, p, floor.tickets[k]["since"]) and (best < 0 or _came_before(floor, k, best)):
            best = k
    return best


def _is_open(floor: Floor, at: int, p: int, since: float) -> bool:
    """Whether a ticket waiting since then may use a link to pool p: long enough, and more are idle than kept back."""
    if floor.links[at]["opens_s"] > floor.desk[0]["now"] - since:
        return False
    reserve = floor.links[at]["reserve"]
    return bool(reserve == 0 or floor.pools[floor.pools[p]["kin"]]["idle"] > reserve)


def _came_before(floor: Floor, k: int, other: int) -> bool:
    since = floor.tickets[k]["since"] - floor.tickets[other]["since"]
    return bool(since < 0.0 or (since == 0.0 and floor.tickets[k]["root"] < floor.tickets[other]["root"]))


def _expert_key(floor: Floor, by: int, at: int, e: int) -> float:
    """What the rule compares experts by; the least gets the ticket."""
    if by == LONGEST_IDLE:
        return floor.experts[e]["idle_since"]  # type: ignore[no-any-return]
    if by == SHORTEST_IDLE:
        return -floor.experts[e]["idle_since"]  # type: ignore[no-any-return]
    if by == FASTEST:
        return floor.links[at]["handling_s"]  # type: ignore[no-any-return]
    if by == SLOWEST:
        return -floor.links[at]["handling_s"]  # type: ignore[no-any-return]
    if by == LEAST_OCCUPIED:
        return occupancy_at(floor, e, floor.desk[0]["now"])
    if by == ROUND_ROBIN:
        return float(floor.experts[e]["turn"])
    if by == LEAST_BUSY:
        return float(floor.experts[e]["taken"])
    if by == MOST_BUSY:
        return -float(floor.experts[e]["taken"])
    if by == BEST:
        return -floor.links[at]["index"]  # type: ignore[no-any-return]
    p = floor.experts[e]["pool"]
    if by == RATIO:
        idle = floor.pools[floor.pools[p]["kin"]]["idle"]
        return floor.pools[p]["share"] * floor.desk[0]["listed"] - idle  # type: ignore[no-any-return]
    if by == NEAREST:
        idle_s = floor.desk[0]["now"] - floor.experts[e]["idle_since"]
        return -(floor.links[at]["index"] + floor.pools[p]["idle_weight"] * idle_s)  # type: ignore[no-any-return]
    nothing, seed = np.uint64(0), np.uint64(floor.desk[0]["seed"])
    return uniform(philox(np.uint64(floor.desk[0]["draws"]), np.uint64(e), nothing, nothing, seed, SECOND)[0])


def _ticket_key(floor: Floor, at: int, q: int, k: int) -> float:
    """What the rule compares the first tickets of the queues by; the least is taken."""
    by = floor.queues[q]["ticket_by"]
    if by == FIRST_COME:
        return floor.tickets[k]["since"] - floor.queues[q]["head_start_s"]  # type: ignore[no-any-return]
    if by == LONGEST_QUEUE:
        return -float(floor.queues[q]["length"])
    index = floor.links[at]["index"]
    if by == INDEX:
        return -index  # type: ignore[no-any-return]
    if by == LENGTH_INDEX:
        return -index * floor.queues[q]["length"]  # type: ignore[no-any-return]
    if by == QUEUE_RATIO:
        return floor.queues[q]["share"] * floor.desk[0]["waiting"] - floor.queues[q]["length"]  # type: ignore[no-any-return]
    waited_s = floor.desk[0]["now"] - floor.tickets[k]["since"]
    if by == WAIT_INDEX:
        return -index * waited_s ** floor.queues[q]["power"]  # type: ignore[no-any-return]
    if by == AFFINE:
        return -(index + floor.queues[q]["weight"] * waited_s)  # type: ignore[no-any-return]
    return -floor.queues[q]["weight"] * waited_s  # type: ignore[no-any-return]


MEMORY_S = 3600.0
"""Time constant of the occupancy that desks see: the last hour, in which what is longer ago counts less."""


def occupancy_at(floor: Floor, e: int, now: float) -> float:
    """The share of time that an expert has been busy lately, as of now."""
    kept = math.exp((floor.experts[e]["occupied_at"] - now) / MEMORY_S)
    busy = 1.0 if floor.experts[e]["taken"] > 0 else 0.0
    return floor.experts[e]["occupancy"] * kept + busy * (1.0 - kept)  # type: ignore[no-any-return]


def takes(floor: Floor, e: int, channel: int) -> bool:
    """Whether expert e has room for a ticket of this channel; an exclusive channel needs an idle expert."""
    if floor.experts[e]["on"] == 0 or floor.experts[e]["alone"] == 1:
        return False
    limit = floor.limits[floor.experts[e]["pool"], channel]
    if floor.channels[channel]["exclusive"] == 1:
        return bool(limit > 0 and floor.experts[e]["taken"] == 0)
    return bool(floor.loads[e, channel] < limit)


def refuses(floor: Floor, k: int, e: int) -> bool:
    """Whether ticket k must not go to expert e, who handed it on or declined it."""
    for at in range(floor.tickets[k]["barred"] + floor.tickets[k]["declined"]):  # noqa: SIM110 (compiled code has no generators)
        if floor.excluded[k, at] == e:
            return True
    return False


def enlist(floor: Floor, e: int) -> None:
    """Put an expert with room at the end of the pool's chain, unless the expert is in it."""
    if floor.experts[e]["listed"] == 1:
        return
    p = floor.experts[e]["pool"]
    last = floor.pools[p]["last"]
    floor.experts[e]["previous"] = last
    floor.experts[e]["next"] = NOBODY
    if last >= 0:
        floor.experts[last]["next"] = e
    else:
        floor.pools[p]["first"] = e
    floor.pools[p]["last"] = e
    floor.experts[e]["listed"] = 1
    floor.pools[floor.pools[p]["kin"]]["idle"] += 1
    floor.desk[0]["listed"] += 1


def unlist(floor: Floor, e: int) -> None:
    """Take an expert without room out of the pool's chain."""
    if floor.experts[e]["listed"] == 0:
        return
    p = floor.experts[e]["pool"]
    before, after = floor.experts[e]["previous"], floor.experts[e]["next"]
    if before >= 0:
        floor.experts[before]["next"] = after
    else:
        floor.pools[p]["first"] = after
    if after >= 0:
        floor.experts[after]["previous"] = before
    else:
        floor.pools[p]["last"] = before
    floor.experts[e]["listed"] = 0
    floor.pools[floor.pools[p]["kin"]]["idle"] -= 1
    floor.desk[0]["listed"] -= 1


def enqueue(floor: Floor, k: int) -> None:
    """Put a ticket into its queue, behind all that came before it."""
    q = floor.tickets[k]["queue"]
    count_area(floor, q)
    since = floor.tickets[k]["since"]
    before = floor.queues[q]["last"]
    while before >= 0 and (
        floor.tickets[before]["since"] > since
        or (floor.tickets[before]["since"] == since and floor.tickets[before]["root"] > floor.tickets[k]["root"])
    ):
        before = floor.tickets[before]["previous"]
    after = floor.tickets[before]["next"] if before >= 0 else floor.queues[q]["first"]
    floor.tickets[k]["previous"], floor.tickets[k]["next"] = before, after
    if before >= 0:
        floor.tickets[before]["next"] = k
    else:
        floor.queues[q]["first"] = k
    if after >= 0:
        floor.tickets[after]["previous"] = k
    else:
        floor.queues[q]["last"] = k
    if floor.tickets[k]["preferred"] >= 0:
        floor.experts[floor.tickets[k]["preferred"]]["wanted"] += 1
    floor.queues[q]["length"] += 1
    floor.channels[floor.queues[q]["channel"]]["waiting"] += 1
    floor.desk[0]["waiting"] += 1


def strike(floor: Floor, k: int) -> None:
    """Take a ticket out of its queue."""
    q = floor.tickets[k]["queue"]
    count_area(floor, q)
    before, after = floor.tickets[k]["previous"], floor.tickets[k]["next"]
    if before >= 0:
        floor.tickets[before]["next"] = after
    else:
        floor.queues[q]["first"] = after
    if after >= 0:
        floor.tickets[after]["previous"] = before
    else:
        floor.queues[q]["last"] = before
    if floor.tickets[k]["preferred"] >= 0:
        floor.experts[floor.tickets[k]["preferred"]]["wanted"] -= 1
    floor.queues[q]["length"] -= 1
    floor.channels[floor.queues[q]["channel"]]["waiting"] -= 1
    floor.desk[0]["waiting"] -= 1


def count_area(floor: Floor, q: int) -> None:
    """Bring the time integral of the tickets waiting in a queue up to now; before each change of their number."""
    now = floor.desk[0]["now"]
    floor.queues[q]["area"] += (floor.queues[q]["length"] + floor.queues[q]["ringing"]) * (
        now - floor.queues[q]["counted_at"]
    )
    floor.queues[q]["counted_at"] = now
