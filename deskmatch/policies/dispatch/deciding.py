"""A rule asked as a policy: an epoch as the selector's arrays, and the compiled loop over its tickets and experts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel
from deskmatch.epochs import Desk, Epoch
from deskmatch.policies.dispatch.eligible import eligible_experts, flexibility_of
from deskmatch.policies.dispatch.records import (
    CHANNEL,
    DESK,
    EXCLUDED,
    EXPERT,
    LINK,
    NOBODY,
    POOL,
    QUEUE,
    TICKET,
    Integers,
    Records,
)
from deskmatch.policies.dispatch.selector import enlist, enqueue, find_expert, find_ticket, strike, takes, unlist
from deskmatch.policies.protocol import Decision

if TYPE_CHECKING:
    from deskmatch.policies.dispatch.rule import Facts, Rule, RuleState

__all__ = ["dispatch", "dispatch_epoch"]

Bytes = NDArray[np.uint8]

OLD, NEW, TAKEN = 0, 1, 2
"""Phases of a ticket here: it waited before, it has just come, it has an expert."""


class EpochFloor(NamedTuple):
    """What the selector is given of an epoch."""

    desk: Records
    tickets: Records
    excluded: Integers
    experts: Records
    pools: Records
    queues: Records
    channels: Records
    links: Records
    loads: Integers
    limits: Integers


def dispatch(rule: Rule, epoch: Epoch, state: RuleState) -> tuple[Decision, RuleState]:
    """What a rule decides at an epoch, and what it remembers then; see `Rule.decide`."""
    floor = _floor(rule, epoch, state)
    chosen_tickets, chosen_experts = np.zeros((2, epoch.n_tickets), np.int64)
    arrays: Any = (each.view(np.uint8) if each.dtype.fields else each for each in floor)
    count = dispatch_epoch(chosen_tickets, chosen_experts, *arrays)
    after = state._trusted(
        seed=state.seed,
        draws=int(floor.desk[0]["draws"]),
        turn=int(floor.desk[0]["turn"]),
        turns=floor.experts["turn"].copy(),
        memo=state.memo,
    )
    return Decision(ticket=chosen_tickets[:count], expert=chosen_experts[:count]), after


@kernel(
    "out int64[:]",
    "out int64[:]",
    "out uint8[:]",
    "out uint8[:]",
    "int64[:, :]",
    "out uint8[:]",
    "out uint8[:]",
    "out uint8[:]",
    "out uint8[:]",
    "uint8[:]",
    "out int64[:, :]",
    "int64[:, :]",
    allocates=False,
)
def dispatch_epoch(
    chosen_tickets: Integers,
    chosen_experts: Integers,
    desk_bytes: Bytes,
    ticket_bytes: Bytes,
    excluded: Integers,
    expert_bytes: Bytes,
    pool_bytes: Bytes,
    queue_bytes: Bytes,
    channel_bytes: Bytes,
    link_bytes: Bytes,
    loads: Integers,
    limits: Integers,
) -> int:
    """Pair tickets and experts by the rules of their queues; the arrays are those of `dispatch.records`.

    Tickets that have waited are in their queues, experts with room in their pools. Experts for whom somebody has waited
    keep out while the new tickets look for an expert (where a rule keeps idle experts back, those who waited come first
    instead); then the longest idle expert for whom somebody waits names a
    ticket, and that ticket names its expert, until there is nobody left.

    Returns
    -------
    How many pairs stand in `chosen_tickets` and `chosen_experts`.
    """
    floor = EpochFloor(
        desk_bytes.view(DESK),
        ticket_bytes.view(TICKET),
        excluded,
        expert_bytes.view(EXPERT),
        pool_bytes.view(POOL),
        queue_bytes.view(QUEUE),
        channel_bytes.view(CHANNEL),
        link_bytes.view(LINK),
        loads,
        limits,
    )
    n_experts, count = len(floor.experts), 0
    if floor.desk[0]["reserves"] == 1:
        count = _pair_waiting(floor, chosen_tickets, chosen_experts, count)
    for e in range(n_experts):
        floor.experts[e]["changes"] = 0
        if floor.desk[0]["reserves"] == 0 and floor.experts[e]["listed"] == 1 and find_ticket(floor, e) >= 0:
            floor.experts[e]["changes"] = 1  # wanted by somebody who waited before
    for e in range(n_experts):
        if floor.experts[e]["changes"] == 1:
            unlist(floor, e)
    for k in range(len(floor.tickets)):
        if floor.tickets[k]["phase"] == NEW:
            e = find_expert(floor, k)
            if e >= 0:
                _pair(floor, e, k)
                chosen_tickets[count], chosen_experts[count] = k, e
                count += 1
            else:
                floor.tickets[k]["phase"] = OLD
                enqueue(floor, k)
    for e in range(n_experts):
        if floor.experts[e]["changes"] == 1:
            enlist(floor, e)
    return _pair_waiting(floor, chosen_tickets, chosen_experts, count)


def _pair_waiting(floor: EpochFloor, chosen_tickets: Integers, chosen_experts: Integers, count: int) -> int:
    """The longest idle expert for whom somebody waits names a ticket, and that its expert, until nobody is left."""
    at = floor.desk[0]["waiting"]
    while at >= 0:
        e = _longest_idle_wanted(floor)
        if e < 0:
            break
        k = find_ticket(floor, e)
        e = find_expert(floor, k)
        strike(floor, k)
        _pair(floor, e, k)
        chosen_tickets[count], chosen_experts[count] = k, e
        count += 1
        at -= 1
    return count


def _longest_idle_wanted(floor: EpochFloor) -> int:
    """The longest idle expert with room for whom somebody waits, −1: none."""
    best = NOBODY
    for e in range(len(floor.experts)):
        if (
            floor.experts[e]["listed"] == 1
            and (best < 0 or floor.experts[e]["idle_since"] < floor.experts[best]["idle_since"])
            and find_ticket(floor, e) >= 0
        ):
            best = e
    return best


def _pair(floor: EpochFloor, e: int, k: int) -> None:
    """Ticket k goes to expert e: room is taken, and the turn counted."""
    channel = floor.tickets[k]["channel"]
    floor.desk[0]["turn"] += 1
    floor.experts[e]["turn"] = floor.desk[0]["turn"]
    floor.tickets[k]["phase"] = TAKEN
    floor.experts[e]["taken"] += 1
    floor.loads[e, channel] += 1
    if floor.channels[channel]["exclusive"] == 1:
        floor.experts[e]["alone"] = 1
    for other in range(len(floor.channels)):
        if takes(floor, e, other):
            return
    unlist(floor, e)


def _floor(rule: Rule, epoch: Epoch, state: RuleState) -> EpochFloor:
    """The arrays of an epoch: every expert is a pool, every class of tickets with one name a queue."""
    from deskmatch.policies.dispatch.rule import links_of

    desk, tickets = epoch.desk, epoch.tickets
    n, m = epoch.n_tickets, epoch.n_experts
    names, of_ticket, first = _classes(epoch)
    eligible = np.array([_eligible(epoch, state, int(row)) for row in first], bool).reshape(len(names), m)
    groups = [str(name) for name in desk.features.get("group", [""] * m)]
    importance = tickets.importance[first]
    facts = _facts(epoch, names, first)
    tables = rule.tables(names, groups, eligible, importance, facts)
    links, queue_first, pool_first = links_of(tables, facts.handling_s)
    channels = np.zeros(len(desk.channels), CHANNEL)
    channels["exclusive"] = rule.routing.for_desk(desk).exclusive
    limits = np.ascontiguousarray(desk.channel_limit, np.int64)
    experts = _experts(epoch, state, channels["exclusive"] == 1)
    floor = EpochFloor(
        desk=np.zeros(1, DESK),
        tickets=np.zeros(n, TICKET),
        excluded=np.zeros((n, EXCLUDED), np.int64),
        experts=experts,
        pools=np.zeros(m, POOL),
        queues=np.zeros(len(names), QUEUE),
        channels=channels,
        links=links,
        loads=np.ascontiguousarray(epoch.staffing.load, np.int64),
        limits=limits,
    )
    floor.desk["seed"], floor.desk["draws"], floor.desk["turn"] = state.seed, state.draws, state.turn
    floor.pools["first"] = floor.pools["last"] = NOBODY
    floor.desk["reserves"] = int(tables.reserve.any())
    floor.pools["first_link"], floor.pools["last_link"] = pool_first[:-1], pool_first[1:]
    floor.pools["kin"] = [groups.index(name) if name else e for e, name in enumerate(groups)]
    floor.pools["share"], floor.pools["idle_weight"] = tables.pool_share, tables.idle_weight
    queues = floor.queues
    queues["first"] = queues["last"] = queues["policy"] = NOBODY
    queues["channel"] = tickets.channel[first]
    queues["expert_by"], queues["ticket_by"], queues["weight"] = tables.expert_by, tables.ticket_by, tables.weight
    queues["head_start_s"] = tables.head_start_s
    queues["power"], queues["share"] = tables.power, tables.queue_share
    queues["first_link"], queues["last_link"] = queue_first[:-1], queue_first[1:]
    _fill_tickets(floor, epoch, of_ticket)
    for e in range(m):
        if experts[e]["on"] and any(takes(floor, e, channel) for channel in range(len(channels))):
            enlist(floor, e)
    for k in np.flatnonzero(floor.tickets["phase"] == OLD):
        enqueue(floor, int(k))
    return floor


def _classes(epoch: Epoch) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Names of the queues, the queue of each ticket, and one ticket of each."""
    tickets = epoch.tickets
    channels = np.array([*epoch.desk.channels.names, ""])
    labels = np.asarray(tickets.features.get("queue", channels[tickets.channel])).astype(str)
    seen: dict[tuple[Any, ...], int] = {}
    of_ticket = np.zeros(len(tickets), np.int64)
    first: list[int] = []
    for row in range(len(tickets)):
        key = (labels[row], tickets.importance[row], *_class(epoch, row))
        if key not in seen:
            seen[key] = len(first)
            first.append(row)
        of_ticket[row] = seen[key]
    return [str(labels[row]) for row in first], of_ticket, np.array(first, np.int64)


def _class(epoch: Epoch, row: int) -> tuple[Any, ...]:
    """What decides who may serve a ticket."""
    tickets = epoch.tickets
    topics = tickets.topic[tickets.topic_ptr[row] : tickets.topic_ptr[row + 1]]
    tags = tickets.requires[tickets.requires_ptr[row] : tickets.requires_ptr[row + 1]]
    place = (int(tickets.channel[row]), int(tickets.language[row]), int(tickets.tier[row]))
    return (*place, tuple(topics.tolist()), tuple(tags.tolist()))


def _eligible(epoch: Epoch, state: RuleState, row: int) -> NDArray[np.bool_]:
    key = (id(epoch.desk), *_class(epoch, row))
    if key not in state.memo:
        _, channel, language, tier, topics, tags = key
        state.memo[key] = eligible_experts(
            epoch.desk, channel=channel, language=language, topics=topics, tier=tier, tags=tags
        )
    return state.memo[key]


def _handling(desk: Desk, names: list[str]) -> NDArray[np.float64]:
    """``(queues, experts)`` expected handling times, from the desk's feature; 0 where it says nothing."""
    told = desk.features.get("handling_s")
    columns = () if told is None else told.dtype.names or ()
    nothing = np.zeros(desk.n_experts)
    return np.array([told[name] if told is not None and name in columns else nothing for name in names]).reshape(
        len(names), desk.n_experts
    )


def _facts(epoch: Epoch, names: list[str], first: NDArray[np.int64]) -> Facts:
    """What the desk expects of the queues, of each of which one ticket is given, at each expert."""
    from deskmatch.policies.dispatch.rule import Facts

    desk, tickets = epoch.desk, epoch.tickets
    resolution = np.zeros((len(names), desk.n_experts))
    for queue, row in enumerate(first):
        inside = slice(tickets.topic_ptr[row], tickets.topic_ptr[row + 1])
        for topic, share in zip(tickets.topic[inside], tickets.topic_probability[inside], strict=True):
            known = desk.general_proficiency if topic < 0 else desk.proficiency[:, topic]
            resolution[queue] += share * np.nan_to_num(known)
    return Facts(_handling(desk, names), resolution, tickets.patience_s[first], flexibility_of(desk))


def _experts(epoch: Epoch, state: RuleState, exclusive: NDArray[np.bool_]) -> Records:
    staffing = epoch.staffing
    experts = np.zeros(epoch.n_experts, EXPERT)
    experts["pool"] = np.arange(epoch.n_experts)
    experts["next"] = experts["previous"] = NOBODY
    experts["idle_since"] = -np.nan_to_num(staffing.idle_s)
    experts["occupancy"] = np.nan_to_num(staffing.occupancy)
    experts["taken"] = staffing.load.sum(axis=1)
    experts["alone"] = staffing.load[:, exclusive].sum(axis=1) > 0
    experts["on"] = (staffing.capacity != 0) & (staffing.free_in_s <= 0)
    experts["turn"] = state.turns
    return experts


def _fill_tickets(floor: EpochFloor, epoch: Epoch, of_ticket: NDArray[np.int64]) -> None:
    own, tickets = floor.tickets, epoch.tickets
    own["since"], own["queue"], own["channel"] = -tickets.waited_s, of_ticket, tickets.channel
    own["preferred"] = tickets.preferred
    own["root"] = np.arange(len(tickets))
    own["next"] = own["previous"] = NOBODY
    own["phase"] = np.where(tickets.waited_s > 0, OLD, NEW)
    own["phase"][tickets.offered_to >= 0] = TAKEN
    counts = np.minimum(np.diff(tickets.excluded_ptr), EXCLUDED)
    own["barred"] = counts
    for row in np.flatnonzero(counts):
        begin = tickets.excluded_ptr[row]
        floor.excluded[row, : counts[row]] = tickets.excluded[begin : begin + counts[row]]
