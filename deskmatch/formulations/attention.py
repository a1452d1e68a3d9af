"""`Attention`: how much of an expert each ticket takes, in whole units, where the routing gives channels a usage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch
from deskmatch.frozen import Frozen, read_only
from deskmatch.routing import ChannelTable

__all__ = ["Attention", "attention"]

Int32 = NDArray[np.int32]

MOST_UNITS = 1_000_000
"""An expert is divided into at most so many units. Where the shares would need more, each is rounded down to a unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Attention(Frozen):
    """Experts as so many units each, and what the tickets of each channel take of them.

    Parameters
    ----------
    whole : ``(experts,)`` units that an expert is divided into: the least number that makes all of the shares whole.
    units : ``(experts, channels)`` units of one ticket, ≥ 1; the whole expert on an exclusive channel.
    free : ``(experts,)`` units that what is in progress leaves.
    """

    whole: Int32
    units: Int32
    free: Int32

    def __post_init__(self) -> None:
        for name in ("whole", "units", "free"):
            self._set(**{name: read_only(getattr(self, name), np.int32)})

    @property
    def share(self) -> NDArray[np.float64]:
        """``(experts, channels)`` the share of the expert that one ticket takes."""
        return np.asarray(self.units / self.whole[:, None])


def attention(epoch: Epoch, channels: ChannelTable) -> Attention | None:
    """What the experts of an epoch have to give; None where no channel has a usage.

    Parameters
    ----------
    epoch : the desk's limits and what is in progress.
    channels : the usage of each channel.
    """
    if channels.usage is None:
        return None
    numerator, denominator = _shares(epoch.desk, channels)
    whole = np.ones(len(denominator), np.int64)
    for column in denominator.T:
        whole = np.where(whole == MOST_UNITS, MOST_UNITS, np.minimum(np.lcm(whole, column), MOST_UNITS))
    units = np.maximum(1, whole[:, None] * numerator // denominator)
    taken = (epoch.staffing.load * units).sum(axis=1)
    return Attention(*(part.astype(np.int32) for part in (whole, units, np.maximum(0, whole - taken))))


def _shares(desk: Desk, channels: ChannelTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numerators and denominators of every share: ``(experts, channels)``; 1/1 where the expert does not work it."""
    limit = desk.channel_limit.astype(np.int64)
    numerator, denominator = np.ones(limit.shape, np.int64), np.maximum(1, limit)
    for code, share in enumerate(channels.usage or ()):
        if share is not None:
            numerator[:, code], denominator[:, code] = share.numerator, share.denominator
    works = limit > 0
    return np.where(works, numerator, 1), np.where(works, denominator, 1)
