"""How many new tickets each expert can take now: per channel, in total, and as nested limits of a problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.formulations.attention import Attention, attention
from deskmatch.routing import ChannelTable
from deskmatch.solver import Limits, Sense, Side

__all__ = ["Packing", "capacity", "nested_limits", "packing", "room", "stays"]


def room(epoch: Epoch, channels: ChannelTable) -> NDArray[np.int32]:
    """``(experts, channels)`` new tickets that the concurrency limits leave room for now.

    An exclusive channel takes an idle expert, one ticket, alone; an expert who is on one, or who is busy
    (``free_in_s`` > 0), has no room at all. Where channels have a usage, no more than what is left of the expert's
    attention holds.
    """
    limit, load = epoch.desk.channel_limit, epoch.staffing.load
    serves = limit > 0
    free = np.maximum(limit - load, 0)
    idle = load.sum(axis=1) == 0
    free = np.where(channels.exclusive, (serves & idle[:, None]).astype(np.int32), free)
    taken = (load[:, channels.exclusive].sum(axis=1) > 0) | (epoch.staffing.free_in_s > 0)
    free[taken] = 0
    given = attention(epoch, channels)
    if given is not None:
        free = np.minimum(free, given.free[:, None] // given.units)
    return np.ascontiguousarray(free, dtype=np.int32)


def stays(epoch: Epoch, channels: ChannelTable) -> NDArray[np.bool_]:
    """``(experts, channels)`` true where the shift outlasts the expected handling time, or its end is unknown."""
    leaves = epoch.staffing.leaves_in_s
    if np.isnan(leaves).all():
        return np.ones(epoch.desk.channel_limit.shape, bool)
    return np.asarray(~(leaves[:, None] < channels.handling_s))


def capacity(epoch: Epoch, channels: ChannelTable, room: NDArray[np.int32]) -> NDArray[np.int32]:
    """``(experts,)`` most new tickets in total; one for an expert who serves an exclusive channel.

    Where channels have a usage, what the expert's attention allows is not counted here.
    """
    own = epoch.staffing.capacity
    total = np.minimum(room.sum(axis=1, dtype=np.int64), np.iinfo(np.int32).max)
    total = np.where(own >= 0, np.minimum(own, total), total)
    if channels.usage is not None:
        return np.asarray(total, np.int32)
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
    cell = expert.astype(np.int64)
    cell *= channels
    cell += channel
    arcs = np.bincount(cell, minlength=experts * channels).reshape(experts, channels)
    usable = np.minimum(arcs, room)
    capacity = np.minimum(capacity, usable.sum(axis=1)).astype(np.int32)
    binds = (room < np.minimum(arcs, capacity[:, None])).ravel()
    if not binds.any():
        return capacity, None
    index = np.where(binds, np.cumsum(binds) - 1, -1).astype(np.int32)
    return capacity, Limits(of_arc=index.take(cell), bound=room.ravel()[binds])


@dataclass(frozen=True, slots=True)
class Packing:
    """What experts can take, in units, where channels have a usage.

    Parameters
    ----------
    capacity : ``(experts,)`` units.
    usage : ``(arcs,)`` units of each arc.
    limits : as in `nested_limits`, in units.
    side : a row for each expert whose number of new tickets binds beside the units; None where none does.
    """

    capacity: NDArray[np.int32]
    usage: NDArray[np.int32]
    limits: Limits | None
    side: Side | None


def packing(
    given: Attention,
    room: NDArray[np.int32],
    most: NDArray[np.int32],
    expert: NDArray[np.int32],
    channel: NDArray[np.int32],
) -> Packing:
    """Units, limits and capacities of the arcs of a problem, in the smallest whole numbers that say the same.

    Parameters
    ----------
    given : units of each expert and channel.
    room : ``(experts, channels)`` tickets.
    most : ``(experts,)`` tickets in total.
    expert, channel : ``(arcs,)`` of each arc.
    """
    experts, channels = room.shape
    cell = expert.astype(np.int64) * channels + channel
    arcs = np.bincount(cell, minlength=experts * channels).reshape(experts, channels)
    units = np.where(arcs > 0, given.units, 0)
    common = np.maximum(1, np.gcd.reduce(units, axis=1))
    units //= common[:, None]
    tickets = np.minimum(arcs, room)
    whole = np.minimum(given.free // common, (tickets * units).sum(axis=1))
    lightest = np.where(arcs > 0, units, np.iinfo(np.int32).max).min(axis=1, initial=np.iinfo(np.int32).max)
    alike = units.max(axis=1, initial=0) == lightest
    whole = np.where(alike, np.minimum(whole, most * lightest.astype(np.int64)), whole)
    binds = (room * units < np.minimum(arcs * units, whole[:, None])).ravel()
    index = np.where(binds, np.cumsum(binds) - 1, -1).astype(np.int32)
    counted = ~alike & (most < np.minimum(tickets.sum(axis=1), whole // np.maximum(lightest, 1)))
    return Packing(
        capacity=whole.astype(np.int32),
        usage=units.ravel()[cell].astype(np.int32),
        limits=Limits(of_arc=index[cell], bound=(room * units).ravel()[binds]) if binds.any() else None,
        side=_at_most(most, expert, counted) if counted.any() else None,
    )


def _at_most(most: NDArray[np.int32], expert: NDArray[np.int32], some: NDArray[np.bool_]) -> Side:
    """A row for some experts: no more new tickets than `most`."""
    number = np.cumsum(some) - 1
    arc = np.flatnonzero(some[expert])
    order = np.argsort(number[expert[arc]], kind="stable")
    count = int(some.sum())
    lengths = np.bincount(number[expert[arc]], minlength=count)
    nothing = np.zeros(0)
    return Side(
        arc_indptr=np.cumsum(np.append(0, lengths)),
        arc=arc[order].astype(np.int32),
        arc_value=np.ones(len(arc)),
        extra_indptr=np.zeros(count + 1, np.int32),
        extra=np.zeros(0, np.int32),
        extra_value=nothing,
        sense=np.full(count, int(Sense.AT_MOST), np.int8),
        rhs=most[some].astype(np.float64),
        penalty=np.full(count, np.inf),
        lower=nothing,
        upper=nothing,
        extra_points=nothing,
    )
