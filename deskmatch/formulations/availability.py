"""How many new tickets each expert can take now: per channel, in total, and as nested limits of a problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.routing import ChannelTable
from deskmatch.solver import Limits

__all__ = ["capacity", "nested_limits", "room", "stays"]


def room(epoch: Epoch, channels: ChannelTable) -> NDArray[np.int32]:
    """``(experts, channels)`` new tickets that the concurrency limits leave room for now.

    An exclusive channel takes an idle expert, one ticket, alone; an expert who is on one, or who is busy
    (``free_in_s`` > 0), has no room at all.
    """
    limit, load = epoch.desk.channel_limit, epoch.staffing.load
    serves = limit > 0
    free = np.maximum(limit - load, 0)
    idle = load.sum(axis=1) == 0
    free = np.where(channels.exclusive, (serves & idle[:, None]).astype(np.int32), free)
    taken = (load[:, channels.exclusive].sum(axis=1) > 0) | (epoch.staffing.free_in_s > 0)
    free[taken] = 0
    return np.ascontiguousarray(free, dtype=np.int32)


def stays(epoch: Epoch, channels: ChannelTable) -> NDArray[np.bool_]:
    """``(experts, channels)`` true where the shift outlasts the expected handling time, or its end is unknown."""
    leaves = epoch.staffing.leaves_in_s
    if np.isnan(leaves).all():
        return np.ones(epoch.desk.channel_limit.shape, bool)
    return np.asarray(~(leaves[:, None] < channels.handling_s))


def capacity(epoch: Epoch, channels: ChannelTable, room: NDArray[np.int32]) -> NDArray[np.int32]:
    """``(experts,)`` most new tickets in total; one for an expert who serves an exclusive channel."""
    own = epoch.staffing.capacity
    total = np.minimum(room.sum(axis=1, dtype=np.int64), np.iinfo(np.int32).max)
    total = np.where(own >= 0, np.minimum(own, total), total)
    exclusive = (epoch.desk.channel_limit[:, channels.exclusive] > 0).any(axis=1)
    most: NDArray[np.int32] = np.where(exclusive, np.minimum(total, 1), total).astype(np.int32)
    return most


def nested_limits(
    room: NDArray[np.int32],
    capacity: NDArray[np.int32],
    expert: NDArray[np.int32],
    channel: NDArray[np.int32],
) -> tuple[NDArray[np.int32], Limits | None]:
    """Capacities and the channel limits that can bind beside them, for the arcs of a problem.

    Parameters
    ----------
    room : ``(experts, channels)``.
    capacity : ``(experts,)``.
    expert, channel : ``(arcs,)`` of each arc.

    Returns
    -------
    capacity : ``(experts,)`` no more than the arcs and the channels allow.
    limits : one for each expert and channel whose room can bind inside that capacity; None where none can.
    """
    experts, channels = room.shape
    cell = expert.astype(np.int64) * channels + channel
    arcs = np.bincount(cell, minlength=experts * channels).reshape(experts, channels)
    usable = np.minimum(arcs, room)
    capacity = np.minimum(capacity, usable.sum(axis=1)).astype(np.int32)
    binds = (room < np.minimum(arcs, capacity[:, None])).ravel()
    if not binds.any():
        return capacity, None
    index = np.where(binds, np.cumsum(binds) - 1, -1).astype(np.int32)
    return capacity, Limits(of_arc=index[cell], bound=room.ravel()[binds])
