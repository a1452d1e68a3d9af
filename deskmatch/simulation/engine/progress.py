"""How long work lasts that goes on by working hours: faster at some times than at others, and not at all at night."""

from __future__ import annotations

import numpy as np

from .records import World

__all__ = ["lasts"]


def lasts(world: World, t: int, work: float) -> float:
    """Seconds from now until so many seconds of work on a ticket of type t are done.

    The first ``at_once_s`` of them pass by the clock. The rest goes by the work that a ticket in hand from the first
    midnight on would have seen at the edges of equal intervals; after the last of them it passes by the clock.
    """
    count = world.types[t]["progress"]
    rest = work - world.types[t]["at_once_s"]
    if count == 0 or rest <= 0.0:
        return work
    first, every_s = world.types[t]["first_progress"], world.types[t]["progress_every_s"]
    now = world.desk[0]["now"]
    begun = (now + world.types[t]["at_once_s"]) / every_s
    cell = int(begun)
    if cell >= count:
        return work
    done = world.tables[first + cell]
    wanted = done + (begun - cell) * (world.tables[first + cell + 1] - done) + rest
    if wanted > world.tables[first + count]:
        return count * every_s + wanted - world.tables[first + count] - now  # type: ignore[no-any-return]
    later = first + cell + 1
    edge = later + np.searchsorted(world.tables[later : first + count], wanted)
    before, after = world.tables[edge - 1], world.tables[edge]
    return (edge - first - (after - wanted) / (after - before)) * every_s - now  # type: ignore[no-any-return]
