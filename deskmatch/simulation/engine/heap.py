"""A binary heap of events in which every node has one event at most, which can be moved and taken out.

Events of one instant come in the order of their nodes, so that what happens does not depend on the heap's past.
"""

from __future__ import annotations

from .records import World

__all__ = ["cancel", "schedule"]


def schedule(world: World, node: int, time: float) -> None:
    """Have `node` its event at `time`, whether or not it had one."""
    at = world.place[node]
    if at < 0:
        at = world.engine[0]["size"]
        world.engine[0]["size"] = at + 1
        _rise(world, at, node, time)
        return
    if world.engine[0]["pending"] == node:
        world.engine[0]["pending"] = -1
    if time < world.heap[at]["time"]:
        _rise(world, at, node, time)
    else:
        _sink(world, at, node, time)


def cancel(world: World, node: int) -> None:
    """Take out the event of `node`, if it has one."""
    at = world.place[node]
    if at < 0:
        return
    if world.engine[0]["pending"] == node:
        world.engine[0]["pending"] = -1
    world.place[node] = -1
    size = world.engine[0]["size"] - 1
    world.engine[0]["size"] = size
    if at == size:
        return
    moved, time = world.heap[size]["node"], world.heap[size]["time"]
    if at > 0:
        above = (at - 1) >> 1
        if world.heap[above]["time"] > time or (
            world.heap[above]["time"] == time and world.heap[above]["node"] > moved
        ):
            _rise(world, at, moved, time)
            return
    _sink(world, at, moved, time)


def _rise(world: World, at: int, node: int, time: float) -> None:
    while at > 0:
        above = (at - 1) >> 1
        other = world.heap[above]["time"]
        if other < time or (other == time and world.heap[above]["node"] < node):
            break
        world.heap[at]["time"] = other
        world.heap[at]["node"] = world.heap[above]["node"]
        world.place[world.heap[above]["node"]] = at
        at = above
    world.heap[at]["time"] = time
    world.heap[at]["node"] = node
    world.place[node] = at


def _sink(world: World, at: int, node: int, time: float) -> None:
    size = world.engine[0]["size"]
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        other = world.heap[below]["time"]
        if below + 1 < size:
            second = world.heap[below + 1]["time"]
            if second < other or (second == other and world.heap[below + 1]["node"] < world.heap[below]["node"]):
                below += 1
                other = second
        if other > time or (other == time and world.heap[below]["node"] > node):
            break
        world.heap[at]["time"] = other
        world.heap[at]["node"] = world.heap[below]["node"]
        world.place[world.heap[below]["node"]] = at
        at = below
    world.heap[at]["time"] = time
    world.heap[at]["node"] = node
    world.place[node] = at
