"""Rows of contacts that have ended, and the places of tickets that are taken and given back."""

from __future__ import annotations

import math

from deskmatch.policies.dispatch.records import NOBODY

from .records import World

__all__ = ["count_system", "free_place", "new_place", "retire", "write_row"]


def write_row(world: World, k: int, expert: int, after_s: float, outcome: int, onward: int = 0) -> None:
    """Write the contact of ticket k, which ends now; without an expert it has never been started."""
    at = world.engine[0]["rows"]
    world.engine[0]["rows"] = at + 1
    world.rows[at]["root"] = world.tickets[k]["root"]
    world.rows[at]["arrived"] = world.tickets[k]["arrived"]
    world.rows[at]["entered"] = world.tickets[k]["since"]
    world.rows[at]["started"] = world.tickets[k]["started"] if expert >= 0 else math.nan
    world.rows[at]["ended"] = world.desk[0]["now"]
    world.rows[at]["after_s"] = after_s
    world.rows[at]["promised_s"] = world.tickets[k]["promised_s"]
    world.rows[at]["type"] = world.tickets[k]["type"]
    world.rows[at]["queue"] = world.tickets[k]["queue"]
    world.rows[at]["expert"] = expert
    world.rows[at]["attempt"] = world.tickets[k]["attempt"]
    world.rows[at]["hop"] = world.tickets[k]["hops"]
    world.rows[at]["offers"] = world.tickets[k]["offers"]
    world.rows[at]["outcome"] = outcome
    world.rows[at]["onward"] = onward


def new_place(world: World) -> int:
    """A free place for a ticket; there must be one."""
    k = world.engine[0]["free"]
    world.engine[0]["free"] = world.tickets[k]["next"]
    world.engine[0]["spare"] -= 1
    return k  # type: ignore[no-any-return]


def free_place(world: World, k: int) -> None:
    """Give back a ticket's place."""
    world.tickets[k]["next"] = world.engine[0]["free"]
    world.tickets[k]["phase"] = NOBODY
    world.engine[0]["free"] = k
    world.engine[0]["spare"] += 1


def retire(world: World, k: int) -> None:
    """The ticket leaves for good."""
    count_system(world)
    world.engine[0]["system"] -= 1
    free_place(world, k)


def count_system(world: World) -> None:
    """Bring the time integral of the number of tickets in the system up to now; before each change of it."""
    now = world.desk[0]["now"]
    world.engine[0]["system_area"] += (world.engine[0]["system"] - world.engine[0]["away"]) * (
        now - world.engine[0]["system_at"]
    )
    world.engine[0]["system_at"] = now
