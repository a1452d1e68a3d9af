"""What experts have in hand: room taken and given back, work that goes on, logins and logouts."""

from __future__ import annotations

import math

from deskmatch.policies.dispatch.records import NOBODY
from deskmatch.policies.dispatch.selector import enlist, occupancy_at, takes, unlist

from .heap import schedule
from .records import World

__all__ = ["drop_job", "log_in", "log_out", "release", "take", "work_on"]


def take(world: World, e: int, channel: int) -> None:
    """Take room at expert e for a ticket of this channel."""
    if world.experts[e]["taken"] == 0:
        _note_occupancy(world, e)
        world.experts[e]["busy_since"] = world.desk[0]["now"]
    world.experts[e]["taken"] += 1
    world.loads[e, channel] += 1
    if world.channels[channel]["exclusive"] == 1:
        world.experts[e]["alone"] = 1
    if world.pools[world.experts[e]["pool"]]["single"] == 1 or not _has_room(world, e):
        unlist(world, e)


def release(world: World, e: int, channel: int) -> None:
    """Give back the room of a ticket; whoever has logged out leaves with the last one."""
    now = world.desk[0]["now"]
    if world.experts[e]["taken"] == 1:
        _note_occupancy(world, e)
        world.experts[e]["busy_s"] += now - world.experts[e]["busy_since"]
        if world.experts[e]["on"] == 0:
            world.experts[e]["on_s"] += now - world.experts[e]["on_since"]
    world.experts[e]["taken"] -= 1
    world.experts[e]["alone"] = 0
    world.loads[e, channel] -= 1
    world.experts[e]["idle_since"] = now
    if world.experts[e]["on"] == 1 and (world.pools[world.experts[e]["pool"]]["single"] == 1 or _has_room(world, e)):
        enlist(world, e)


def work_on(world: World, e: int, k: int) -> None:
    """Begin the work of ticket k at expert e, beside what the expert has in hand."""
    now = world.desk[0]["now"]
    first = world.experts[e]["jobs"]
    if world.experts[e]["load"] > 0:
        _progress(world, e, now)
        world.tickets[first]["previous"] = k
    world.tickets[k]["previous"] = NOBODY
    world.tickets[k]["next"] = first
    world.experts[e]["jobs"] = k
    world.experts[e]["load"] += 1
    world.experts[e]["last"] = now
    _plan(world, e, now)


def drop_job(world: World, e: int, k: int) -> None:
    """End the work of ticket k, which is done, at expert e."""
    now = world.desk[0]["now"]
    _progress(world, e, now)
    before, after = world.tickets[k]["previous"], world.tickets[k]["next"]
    if before >= 0:
        world.tickets[before]["next"] = after
    else:
        world.experts[e]["jobs"] = after
    if after >= 0:
        world.tickets[after]["previous"] = before
    world.experts[e]["load"] -= 1
    if world.experts[e]["load"] > 0:
        _plan(world, e, now)


def log_in(world: World, e: int) -> None:
    """The expert takes tickets from now on."""
    if world.experts[e]["on"] == 1:
        return
    world.experts[e]["on"] = 1
    world.pools[world.experts[e]["pool"]]["present"] += 1
    if world.experts[e]["taken"] == 0:
        world.experts[e]["on_since"] = world.desk[0]["now"]
        world.experts[e]["idle_since"] = world.desk[0]["now"]
    if _has_room(world, e):
        enlist(world, e)


def log_out(world: World, e: int) -> None:
    """The expert takes nothing more; what is in hand is finished first."""
    if world.experts[e]["on"] == 0:
        return
    world.experts[e]["on"] = 0
    world.pools[world.experts[e]["pool"]]["present"] -= 1
    unlist(world, e)
    if world.experts[e]["taken"] == 0:
        world.experts[e]["on_s"] += world.desk[0]["now"] - world.experts[e]["on_since"]


def _has_room(world: World, e: int) -> bool:
    for channel in range(len(world.channels)):  # noqa: SIM110 (compiled code has no generators)
        if takes(world, e, channel):
            return True
    return False


def _progress(world: World, e: int, now: float) -> None:
    """Count the work that an expert has done on each ticket in hand up to now."""
    passed = now - world.experts[e]["last"]
    load = world.experts[e]["load"]
    world.experts[e]["last"] = now
    world.experts[e]["load_s"] += load * passed
    k = world.experts[e]["jobs"]
    while k >= 0:
        world.tickets[k]["work"] -= passed * world.rates[world.tickets[k]["channel"], load] / load
        k = world.tickets[k]["next"]


def _plan(world: World, e: int, now: float) -> None:
    """Schedule the end of the ticket in hand that is done first."""
    load = world.experts[e]["load"]
    k = world.experts[e]["jobs"]
    soonest, due = math.inf, NOBODY
    while k >= 0:
        left = max(world.tickets[k]["work"], 0.0) * load / world.rates[world.tickets[k]["channel"], load]
        if left < soonest or due < 0:
            soonest, due = left, k
        k = world.tickets[k]["next"]
    world.experts[e]["due"] = due
    schedule(world, e, now + soonest)


def _note_occupancy(world: World, e: int) -> None:
    if world.engine[0]["occupancy"] == 1:
        world.experts[e]["occupancy"] = occupancy_at(world, e, world.desk[0]["now"])
        world.experts[e]["occupied_at"] = world.desk[0]["now"]
