"""What is tossed for a ticket: uniforms that depend on the seed and the ticket alone, and quantiles of laws.

The counter of a block is (number within the type, type as which it came, contact, purpose), its key is the seed: two
policies see the same customers, and whatever a policy does changes no draw but its own.
"""

from __future__ import annotations

import math

import numpy as np

from deskmatch.policies.dispatch.philox import philox

from .records import World

__all__ = ["AGAIN", "COMMON", "OFFER", "ONWARD", "ROOT", "SPECIAL", "block", "draw", "pace"]

COMMON, SPECIAL, ROOT, ONWARD, AGAIN, OFFER = 0, 1, 2, 3, 4, 16
"""Purposes: every contact (patience, balking, service, resolution); what few types need (answer, after-work, repeat or
transfer, how long away); once a ticket (queue seen, unavoidable, outside); where types become others, whether one is
handed on, and as which; of those who gave up, whether and when they call again; `OFFER` + row of the expert."""

# The values of `LawKind`, as numbers that compiled code takes as constants.
FIXED, EXPONENTIAL, WEIBULL, SMOOTH, EMPIRICAL = range(5)

DAY_S = 86400.0

LOWEST = -24.0
"""Tables of smooth laws begin at this logarithm of −log u; the smallest there is is log 2⁻³³ ≈ −22.9 …"""
PER_UNIT = 64
"""… and have so many entries for each unit, up to 3.25: the largest is log(33 log 2) ≈ 3.13."""


def block(world: World, k: int, attempt: int, purpose: int) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Four words of 32 bits for a contact of ticket k."""
    return philox(
        np.uint64(world.tickets[k]["number"]),
        np.uint64(world.tickets[k]["origin"]),
        np.uint64(attempt),
        np.uint64(purpose),
        np.uint64(world.engine[0]["seed0"]),
        np.uint64(world.engine[0]["seed1"]),
    )


def draw(world: World, law: int, mean: float, u: float) -> float:
    """The quantile of a law with this mean at 1 − u."""
    kind = world.laws[law]["kind"]
    if kind == EXPONENTIAL:
        return -mean * math.log(u)
    if kind == FIXED:
        return mean
    if kind == WEIBULL:
        return mean * world.tables[world.laws[law]["first"]] * (-math.log(u)) ** world.laws[law]["shape"]  # type: ignore[no-any-return]
    first, count = world.laws[law]["first"], world.laws[law]["count"]
    if kind == EMPIRICAL:
        return mean * world.tables[first + min(int((1.0 - u) * count), count - 1)]  # type: ignore[no-any-return]
    at = (math.log(-math.log(u)) - LOWEST) * PER_UNIT
    cell = int(at)
    share = at - cell
    low, high = world.tables[first + cell], world.tables[first + cell + 1]
    return mean * math.exp(low + share * (high - low))


def pace(world: World, e: int) -> float:
    """By how much work that expert e begins now lasts longer than its law says."""
    now, factor = world.desk[0]["now"], 1.0
    count, days = world.engine[0]["paces"], world.engine[0]["speed_days"]
    if count > 0:
        at = int(now / world.engine[0]["pace_every_s"])
        factor = world.tables[world.engine[0]["first_pace"] + min(at, count - 1)]
    if days > 0:
        day = int(now / DAY_S)
        factor /= world.tables[world.engine[0]["first_speed"] + e * days + min(day, days - 1)]
    return factor
