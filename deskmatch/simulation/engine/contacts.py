"""The life of a contact: it enters, waits, is offered, served, and ends; then the ticket leaves or goes on."""

from __future__ import annotations

import math

import numpy as np

from deskmatch.policies.dispatch.philox import uniform
from deskmatch.policies.dispatch.records import EXCLUDED, NOBODY
from deskmatch.policies.dispatch.selector import count_area, enqueue, find_expert, find_ticket, strike

from .drawing import AGAIN, COMMON, OFFER, ONWARD, ROOT, SPECIAL, block, draw, pace
from .hands import drop_job, log_out, release, take, work_on
from .heap import cancel, schedule
from .progress import lasts
from .records import World
from .rows import count_system, free_place, new_place, retire, write_row

__all__ = [
    "ABANDONED",
    "AFTER",
    "AWAY",
    "CALL",
    "RINGING",
    "SERVICE",
    "WAITING",
    "abandon",
    "arrive",
    "come_back",
    "decline",
    "give",
    "offer_again",
    "route_expert",
    "settle_fresh",
    "work_done",
]

WAITING, SERVICE, CALL, AFTER, RINGING, AWAY = range(6)
"""Phases of a ticket; `CALL`: a call back that nobody answers; `AFTER`: work after a contact, without a customer."""

# The values of `Outcome`, as numbers that compiled code takes as constants.
RESOLVED, PREVENTABLE, UNAVOIDABLE, REPEAT, NO_ANSWER, ABANDONED, BALKED, BLOCKED, UNRESOLVED, UNANSWERED = range(10)
REDIAL = 13


def arrive(world: World, t: int, patience_s: float, promised_s: float) -> None:
    """A new ticket of type t; patience and promised wait as recorded, nan: as the type says."""
    k = new_place(world)
    count_system(world)
    world.engine[0]["system"] += 1
    world.tickets[k]["root"] = world.engine[0]["root"]
    world.engine[0]["root"] += 1
    world.tickets[k]["number"] = world.types[t]["number"]
    world.types[t]["number"] += 1
    world.tickets[k]["type"] = world.tickets[k]["origin"] = t
    world.tickets[k]["channel"] = world.types[t]["channel"]
    world.tickets[k]["arrived"] = world.desk[0]["now"]
    world.tickets[k]["patience_s"] = patience_s
    world.tickets[k]["promised_s"] = world.types[t]["promised_s"] if math.isnan(promised_s) else promised_s
    world.tickets[k]["preferred"] = NOBODY
    world.tickets[k]["attempt"] = world.tickets[k]["hops"] = world.tickets[k]["calls"] = world.tickets[k]["barred"] = 0
    world.tickets[k]["again"] = 0
    q = world.types[t]["first_seen"]
    if world.types[t]["seen"] > 1:
        u = uniform(block(world, k, 0, ROOT)[0])
        while world.seen[q]["cumulative"] < u:
            q += 1
    world.tickets[k]["queue"] = world.seen[q]["queue"]
    _enter(world, k)


def come_back(world: World, k: int) -> None:
    """A ticket that was away is due: called back again, or the customer comes once more."""
    count_system(world)
    world.engine[0]["away"] -= 1
    _enter(world, k)


def _enter(world: World, k: int) -> None:
    """A contact begins: it is served at once, or waits, or is lost at once."""
    world.tickets[k]["since"] = world.desk[0]["now"]
    world.tickets[k]["declined"] = world.tickets[k]["offers"] = world.tickets[k]["fresh"] = 0
    world.tickets[k]["ahead"] = world.channels[world.tickets[k]["channel"]]["waiting"]
    words = block(world, k, world.tickets[k]["attempt"], COMMON)
    world.tickets[k]["u_patience"], world.tickets[k]["u_balk"] = np.int64(words[0]), np.int64(words[1])
    world.tickets[k]["u_service"], world.tickets[k]["u_resolution"] = np.int64(words[2]), np.int64(words[3])
    if world.queues[world.tickets[k]["queue"]]["policy"] < 0:
        e = find_expert(world, k)
        if e >= 0:
            _offer(world, e, k)
        elif not _is_lost(world, k, 0, True, True):
            world.tickets[k]["phase"] = WAITING
            enqueue(world, k)
            _lose_patience_later(world, k)
        return
    at_ticks = world.queues[world.tickets[k]["queue"]]["policy"] != world.engine[0]["event_policy"]
    if at_ticks and _is_lost(world, k, 0, True, False):
        return
    world.tickets[k]["phase"] = WAITING
    enqueue(world, k)
    if at_ticks:
        _lose_patience_later(world, k)
    world.tickets[k]["fresh"] = 1
    world.engine[0]["decide"] = 1


def settle_fresh(world: World) -> None:
    """Tickets that a policy was asked about for the first time, and left waiting, learn that they must wait."""
    policy = world.engine[0]["answered"]
    at_once = policy == world.engine[0]["event_policy"]
    for q in range(len(world.queues)):
        if world.queues[q]["policy"] != policy:
            continue
        k = world.queues[q]["last"]
        while k >= 0 and world.tickets[k]["fresh"] == 1:
            before = world.tickets[k]["previous"]
            world.tickets[k]["fresh"] = 0
            lost = _would_be_lost(world, k, 1, at_once, True)
            if lost != NOBODY:
                strike(world, k)
                cancel(world, _node(world, k))
                write_row(world, k, NOBODY, 0.0, lost)
                retire(world, k)
            elif at_once:
                _lose_patience_later(world, k)
            k = before


def _is_lost(world: World, k: int, itself: int, full: bool, balks: bool) -> bool:
    """Whether a contact that must wait is lost at once; if so it has ended."""
    lost = _would_be_lost(world, k, itself, full, balks)
    if lost == NOBODY:
        return False
    write_row(world, k, NOBODY, 0.0, lost)
    retire(world, k)
    return True


def _would_be_lost(world: World, k: int, itself: int, full: bool, balks: bool) -> int:
    """`BLOCKED` where its channel is full, `BALKED` by chance, −1: it waits; so do transfers and calls back."""
    t, channel = world.tickets[k]["type"], world.tickets[k]["channel"]
    if world.tickets[k]["attempt"] > 0 and world.tickets[k]["again"] == 0:
        return NOBODY
    capacity = world.channels[channel]["capacity"]
    if full and capacity >= 0 and world.channels[channel]["waiting"] - itself >= capacity:
        return BLOCKED
    if (
        balks
        and world.types[t]["balk"] > 0.0
        and uniform(np.uint64(world.tickets[k]["u_balk"])) < world.types[t]["balk"]
    ):
        return BALKED
    return NOBODY


def _lose_patience_later(world: World, k: int) -> None:
    t = world.tickets[k]["type"]
    if world.tickets[k]["attempt"] == 0 and not math.isnan(world.tickets[k]["patience_s"]):
        schedule(world, _node(world, k), world.tickets[k]["since"] + world.tickets[k]["patience_s"])
    elif world.types[t]["patience"] >= 0:
        u = uniform(np.uint64(world.tickets[k]["u_patience"]))
        if world.types[t]["ratios"] > 0:
            u **= 1.0 / _hazard_ratio(world, k)
        patience = draw(world, world.types[t]["patience"], world.types[t]["patience_s"], u)
        schedule(world, _node(world, k), world.tickets[k]["since"] + patience)


def _hazard_ratio(world: World, k: int) -> float:
    """How many times as fast the customer of ticket k gives up, by how many it found waiting."""
    t = world.tickets[k]["type"]
    at = min(world.tickets[k]["ahead"], world.types[t]["ratios"] - 1)
    return world.tables[world.types[t]["first_ratio"] + at]  # type: ignore[no-any-return]


def _offer(world: World, e: int, k: int) -> None:
    """Offer ticket k to expert e, who has room: it is begun, or rings until it returns."""
    world.desk[0]["turn"] += 1
    world.experts[e]["turn"] = world.desk[0]["turn"]
    take(world, e, world.tickets[k]["channel"])
    world.tickets[k]["expert"] = e
    node = _node(world, k)
    if world.experts[e]["accepts"] < 1.0:
        world.tickets[k]["offers"] += 1
        world.experts[e]["offers"] += 1
        u = uniform(block(world, k, world.tickets[k]["attempt"], OFFER + e)[world.tickets[k]["offers"] & 3])
        if u >= world.experts[e]["accepts"]:
            world.experts[e]["declined"] += 1
            world.tickets[k]["phase"] = RINGING
            _count_ringing(world, k, 1)
            if world.place[node] < 0 or world.engine[0]["pending"] == node:  # the latter where it has just come back
                _lose_patience_later(world, k)
            schedule(world, node + 1, world.desk[0]["now"] + world.engine[0]["offer_s"])
            return
    cancel(world, node)
    _begin(world, e, k)


def _count_ringing(world: World, k: int, by: int) -> None:
    q = world.tickets[k]["queue"]
    count_area(world, q)
    world.queues[q]["ringing"] += by


def _begin(world: World, e: int, k: int) -> None:
    """The expert begins with the contact; a customer who is called back may not answer."""
    now = world.desk[0]["now"]
    t = world.tickets[k]["type"]
    world.tickets[k]["started"] = now
    world.tickets[k]["declined"] = 0
    world.experts[e]["served"] += 1
    if world.types[t]["calls"] > 0:
        answers = (1.0 - world.types[t]["no_answer"]) * math.exp(
            (world.tickets[k]["since"] - now) / world.types[t]["no_answer_scale_s"]
        )
        if uniform(block(world, k, world.tickets[k]["attempt"], SPECIAL)[0]) >= answers:
            world.tickets[k]["phase"] = CALL
            world.tickets[k]["work"] = world.types[t]["attempt_s"]
            work_on(world, e, k)
            return
    pair = _pair(world, t, e)
    u = uniform(np.uint64(world.tickets[k]["u_service"]))
    world.tickets[k]["phase"] = SERVICE
    work = draw(world, world.pairs[pair]["law"], world.pairs[pair]["mean_s"] * pace(world, e), u)
    world.tickets[k]["work"] = lasts(world, t, work)
    work_on(world, e, k)


def route_expert(world: World, e: int) -> None:
    """Expert e, who may have room now, takes what the rules give; a policy is asked about the rest."""
    if world.desk[0]["reserves"] == 1:
        _route_pool(world, world.experts[e]["pool"])
    while world.experts[e]["listed"] == 1:
        k = find_ticket(world, e)
        if k < 0:
            break
        give(world, e, k)
    world.engine[0]["decide"] = 1


def _route_pool(world: World, p: int) -> None:
    """More experts of a pool are idle than before, perhaps more than are kept back: they take what the rules give."""
    while True:
        best, k = NOBODY, NOBODY
        e = world.pools[p]["first"]
        while e >= 0:
            if best < 0 or world.experts[e]["idle_since"] < world.experts[best]["idle_since"]:
                found = find_ticket(world, e)
                if found >= 0:
                    best, k = e, found
            e = world.experts[e]["next"]
        if best < 0:
            return
        give(world, find_expert(world, k), k)


def give(world: World, e: int, k: int) -> None:
    """Ticket k, which waits, goes to expert e, who has room."""
    strike(world, k)
    world.tickets[k]["fresh"] = 0
    _offer(world, e, k)


def abandon(world: World, k: int) -> int:
    """The customer of ticket k gives up; returns the expert at whom it was ringing, −1: nobody."""
    ringing_at = NOBODY
    if world.tickets[k]["phase"] == RINGING:
        ringing_at = world.tickets[k]["expert"]
        _count_ringing(world, k, -1)
        cancel(world, _node(world, k) + 1)
        release(world, ringing_at, world.tickets[k]["channel"])
    else:
        strike(world, k)
    if not _calls_again(world, k):
        write_row(world, k, NOBODY, 0.0, ABANDONED)
        retire(world, k)
    return ringing_at


def _calls_again(world: World, k: int) -> bool:
    """Whether the customer of ticket k, who gives up, comes again later; if so the ticket is away until then."""
    t = world.tickets[k]["type"]
    if world.types[t]["redial"] == 0.0:
        return False
    words = block(world, k, world.tickets[k]["attempt"], AGAIN)
    if uniform(words[0]) >= world.types[t]["redial"]:
        return False
    write_row(world, k, NOBODY, 0.0, REDIAL)
    world.tickets[k]["attempt"] += 1
    world.tickets[k]["again"] = 1
    _go_away(world, k, draw(world, world.types[t]["later"], world.types[t]["redial_after_s"], uniform(words[1])))
    return True


def decline(world: World, k: int) -> None:
    """An offer has run out: the ticket returns to its place in the queue, and goes to another expert if one can."""
    e = world.tickets[k]["expert"]
    _count_ringing(world, k, -1)
    release(world, e, world.tickets[k]["channel"])
    _remember(world, k, e)
    world.tickets[k]["phase"] = WAITING
    enqueue(world, k)
    if world.queues[world.tickets[k]["queue"]]["policy"] < 0:
        other = find_expert(world, k)
        if other >= 0:
            give(world, other, k)
    route_expert(world, e)


def _remember(world: World, k: int, e: int) -> None:
    """Expert e has declined ticket k; a new round begins once everybody who is logged in has.

    Where there is no space for one more, whoever declined first is forgotten.
    """
    first, count = world.tickets[k]["barred"], world.tickets[k]["declined"]
    if first + count == EXCLUDED:
        for at in range(first, EXCLUDED - 1):
            world.excluded[k, at] = world.excluded[k, at + 1]
        count -= 1
    world.excluded[k, first + count] = e
    world.tickets[k]["declined"] = count + 1
    _begin_round(world, k)


def _begin_round(world: World, k: int) -> None:
    """Forget who declined ticket k if nobody else is logged in, but not the last one unless there is nobody else."""
    q, first, count = world.tickets[k]["queue"], world.tickets[k]["barred"], world.tickets[k]["declined"]
    e = world.excluded[k, first + count - 1]
    if _anybody_else(world, q, k, e, True):
        return
    world.tickets[k]["declined"] = 0
    if _anybody_else(world, q, k, e, True):
        world.excluded[k, first] = e
        world.tickets[k]["declined"] = 1


def offer_again(world: World, e: int) -> None:
    """Expert e has logged out: tickets that all the others have declined are offered to these once more."""
    p = world.experts[e]["pool"]
    for at in range(world.pools[p]["first_link"], world.pools[p]["last_link"]):
        q = world.links[at]["other"]
        k = world.queues[q]["first"]
        while k >= 0:
            following = world.tickets[k]["next"]
            if world.tickets[k]["declined"] > 0:
                before = world.tickets[k]["declined"]
                _begin_round(world, k)
                if world.tickets[k]["declined"] < before:
                    world.engine[0]["decide"] = 1
                    other = find_expert(world, k) if world.queues[q]["policy"] < 0 else NOBODY
                    if other >= 0:
                        give(world, other, k)
            k = following


def _anybody_else(world: World, q: int, k: int, e: int, present: bool) -> bool:
    """Whether a queue has experts (who are logged in, where `present`) beside e and those whom ticket k excludes."""
    excluded = world.tickets[k]["barred"] + world.tickets[k]["declined"]
    for at in range(world.queues[q]["first_link"], world.queues[q]["last_link"]):
        p = world.links[at]["other"]
        count = world.pools[p]["present"] if present else world.pools[p]["size"]
        if world.experts[e]["pool"] == p and (world.experts[e]["on"] == 1 or not present):
            count -= 1
        for at_excluded in range(excluded):
            other = world.excluded[k, at_excluded]
            if other != e and world.experts[other]["pool"] == p and (world.experts[other]["on"] == 1 or not present):
                count -= 1
        if count > 0:
            return True
    return False


def _pair(world: World, t: int, e: int) -> int:
    """The row of how tickets of a type fare with expert e."""
    return t * world.engine[0]["n_pools"] + world.experts[e]["pool"]  # type: ignore[no-any-return]


def _after_work(world: World, k: int, e: int) -> float:
    """Seconds of work that expert e has with ticket k after the contact."""
    pair = world.pairs[_pair(world, world.tickets[k]["type"], e)]
    waiting = world.desk[0]["waiting"] > 0
    law, mean_s = (pair["after"], pair["after_s"]) if waiting else (pair["calm"], pair["calm_s"])
    if law < 0:
        return 0.0
    words = block(world, k, world.tickets[k]["attempt"], SPECIAL)
    return draw(world, law, mean_s, uniform(words[1]))


def work_done(world: World, e: int) -> None:
    """Expert e is done with the ticket in hand that was due."""
    k = world.experts[e]["due"]
    phase, t, channel = world.tickets[k]["phase"], world.tickets[k]["type"], world.tickets[k]["channel"]
    drop_job(world, e, k)
    leaves = world.experts[e]["due_off"] == 1 and world.desk[0]["waiting"] == 0
    if leaves:
        world.experts[e]["due_off"] = 0
        log_out(world, e)
    if phase == AFTER:
        release(world, e, channel)
        free_place(world, k)
    elif phase == CALL:
        release(world, e, channel)
        _not_answered(world, e, k)
    else:
        after_s = _after_work(world, k, e)
        if after_s > 0.0:
            m = new_place(world)
            world.tickets[m]["type"], world.tickets[m]["channel"], world.tickets[m]["expert"] = t, channel, e
            world.tickets[m]["phase"], world.tickets[m]["work"] = AFTER, after_s
            work_on(world, e, m)
        else:
            release(world, e, channel)
        across = _across(world, k)
        onward = _anybody_else(world, across, k, e, False)
        outcome, onto = _outcome(world, e, k, across, onward)
        write_row(world, k, e, after_s, outcome, 1 if onward else 0)
        if outcome in (RESOLVED, UNRESOLVED):
            retire(world, k)
        else:
            world.tickets[k]["hops"] += 1
            world.tickets[k]["attempt"] += 1
            if outcome == REPEAT:
                world.tickets[k]["preferred"] = e if world.types[t]["faithful"] == 1 else NOBODY
                world.tickets[k]["again"] = 1
                words = block(world, k, world.tickets[k]["attempt"] - 1, SPECIAL)
                away_s = draw(world, world.types[t]["away"], world.types[t]["repeat_after_s"], uniform(words[3]))
                _go_away(world, k, away_s)
            else:
                world.tickets[k]["preferred"] = NOBODY
                world.tickets[k]["again"] = 0
                world.tickets[k]["queue"] = onto
                if world.types[t]["targets"] > 0:
                    _become(world, k, onto)
                if world.tickets[k]["barred"] < EXCLUDED:
                    world.excluded[k, world.tickets[k]["barred"]] = e
                    world.tickets[k]["barred"] += 1
                if world.desk[0]["reserves"] == 1:
                    route_expert(world, e)  # who waited comes first
                _enter(world, k)
    route_expert(world, e)
    if leaves and world.engine[0]["offers_fail"] == 1:
        offer_again(world, e)


def _not_answered(world: World, e: int, k: int) -> None:
    """A call back that nobody answered: another is due later, up to the limit."""
    t = world.tickets[k]["type"]
    world.tickets[k]["calls"] += 1
    if world.tickets[k]["calls"] >= world.types[t]["calls"]:
        write_row(world, k, e, 0.0, UNANSWERED)
        retire(world, k)
        return
    write_row(world, k, e, 0.0, NO_ANSWER)
    world.tickets[k]["attempt"] += 1
    _go_away(world, k, world.types[t]["retry_after_s"])


def _go_away(world: World, k: int, away_s: float) -> None:
    count_system(world)
    world.engine[0]["away"] += 1
    world.tickets[k]["phase"] = AWAY
    schedule(world, _node(world, k), world.desk[0]["now"] + away_s)


def _across(world: World, k: int) -> int:
    """The queue that ticket k joins if it is handed on, and not upward: its type's own, or that of another type."""
    t = world.tickets[k]["type"]
    if world.types[t]["targets"] == 0:
        return world.onward[t, 0]  # type: ignore[no-any-return]
    at = world.types[t]["first_target"]
    if world.types[t]["targets"] > 1:
        u = uniform(block(world, k, world.tickets[k]["attempt"], ONWARD)[1])
        while world.seen[at]["cumulative"] < u:
            at += 1
    return world.seen[at]["queue"]  # type: ignore[no-any-return]


def _become(world: World, k: int, t: int) -> None:
    """Ticket k is of type t from now on; the own queue of a type has the type's row."""
    world.tickets[k]["type"] = t
    world.tickets[k]["channel"] = world.types[t]["channel"]


def _outcome(world: World, e: int, k: int, across: int, onward: bool) -> tuple[int, int]:
    """How a contact that was served ends, and the queue that it goes on to.

    Without a higher tier it goes to the queue `across`, if `onward` there is somebody else.
    """
    t, p = world.tickets[k]["type"], world.experts[e]["pool"]
    unavoidable = False
    words = block(world, k, 0, ROOT)
    if world.types[t]["unavoidable"] > 0.0 and world.tickets[k]["hops"] == 0:
        unavoidable = uniform(words[1]) < world.types[t]["unavoidable"]
    pair = _pair(world, t, e)
    if not unavoidable and uniform(np.uint64(world.tickets[k]["u_resolution"])) < world.pairs[pair]["resolution"]:
        return RESOLVED, NOBODY
    if world.tickets[k]["hops"] >= world.types[t]["hops"] or (
        unavoidable and uniform(words[2]) < world.types[t]["outside"]
    ):
        return UNRESOLVED, NOBODY
    if not unavoidable and world.types[t]["repeat"] > 0.0:
        special = block(world, k, world.tickets[k]["attempt"], SPECIAL)
        if uniform(special[2]) < world.types[t]["repeat"]:
            return REPEAT, NOBODY
    if world.types[t]["handed"] < 1.0:
        keeps = uniform(block(world, k, world.tickets[k]["attempt"], ONWARD)[0]) >= world.types[t]["handed"]
        if keeps:
            return UNRESOLVED, NOBODY
    onto = world.onward[t, world.pools[p]["tier"]] if world.types[t]["upward"] == 1 else NOBODY
    if onto < 0 or not _anybody_else(world, onto, k, e, False):
        onto = across
        if not onward:
            return UNRESOLVED, NOBODY
    return (UNAVOIDABLE if unavoidable else PREVENTABLE), onto


def _node(world: World, k: int) -> int:
    """The first of the two nodes of ticket k in the heap."""
    return 2 * len(world.experts) + 2 * k
