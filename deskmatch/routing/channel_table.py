"""`ChannelTable`: the settings of all channels of one desk as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import RoutingError
from deskmatch.frozen import Frozen, read_only
from deskmatch.routing.hours import OpeningHours
from deskmatch.routing.relaxation import Relaxation

if TYPE_CHECKING:
    from deskmatch.routing.settings import Channel, Routing

__all__ = ["ChannelTable"]


@dataclass(frozen=True, slots=True, eq=False)
class ChannelTable(Frozen):
    """The settings of a desk's channels, each array ``(channels,)`` in the order of its vocabulary.

    Made by `Routing.for_desk`. The code −1 (a channel that the desk does not have) has no row.

    Parameters
    ----------
    names : the channels.
    exclusive : takes the whole expert.
    target_s, handling_s : seconds, > 0.
    patience_s : seconds, > 0; nan: the customer never gives up.
    no_answer : probability in [0, 1] that a customer who is called back at once does not answer.
    no_answer_scale_s : seconds, > 0; nan: the probability does not grow with the wait.
    waiting_rate : points per second at the target, ≥ 0.
    power : ≥ 2.
    hours : opening hours; None: always open.
    relax : steps by time, each with everything that holds from then on; empty: rules are never relaxed.
    weights : terms that have a weight, each ``(channels,)``; see `weight`.
    usage : the share of an expert's attention that a ticket of each channel takes; None in it: one of the expert's
        limit; None altogether: no channel says, and only limits and capacities count.
    """

    names: tuple[str, ...]
    exclusive: NDArray[np.bool_]
    target_s: NDArray[np.float64]
    handling_s: NDArray[np.float64]
    patience_s: NDArray[np.float64]
    no_answer: NDArray[np.float64]
    no_answer_scale_s: NDArray[np.float64]
    waiting_rate: NDArray[np.float64]
    power: NDArray[np.float64]
    hours: tuple[OpeningHours | None, ...]
    relax: tuple[tuple[Relaxation, ...], ...]
    weights: Mapping[str, NDArray[np.float64]]
    usage: tuple[Fraction | None, ...] | None = None

    @classmethod
    def of(cls, routing: Routing, names: Iterable[str]) -> ChannelTable:
        """The settings of these channels."""
        names = tuple(names)
        channels = [routing.channel(name) for name in names]
        return cls(
            names=names,
            exclusive=read_only([channel.exclusive for channel in channels], np.bool_),
            hours=tuple(channel.open for channel in channels),
            relax=tuple(channel.relax for channel in channels),
            weights=_weights(routing, channels),
            usage=_usage(channels),
            **{key: _column(channels, key) for key in _NUMBERS},
        )

    def weight(self, name: str) -> NDArray[np.float64]:
        """``(channels,)`` the weight of a term; 1.0 for a term that no setting weights."""
        return self.weights[name] if name in self.weights else read_only(np.ones(len(self.names)))

    def open_waited_s(
        self, channel: NDArray[np.int32], waited_s: NDArray[np.float64], now: datetime | None
    ) -> NDArray[np.float64]:
        """``(tickets,)`` seconds of each wait in which the ticket's channel was open.

        Parameters
        ----------
        channel : ``(tickets,)`` codes; −1 counts as always open.
        waited_s : ``(tickets,)`` seconds waited so far.
        now : the instant; needed where one of these channels has opening hours.
        """
        waited = np.array(waited_s, np.float64)
        for code, hours in enumerate(self.hours):
            rows = channel == code
            if hours is not None and rows.any():
                waited[rows] = hours.open_waited_s(waited[rows], _needed(now, self.names[code]))
        return waited

    def open_ahead_s(self, now: datetime | None, span_s: float) -> NDArray[np.float64]:
        """Seconds of the next `span_s` in which each channel is open.

        Parameters
        ----------
        now : the instant, with a time zone or in the local time of each channel's hours; needed where one of
            the channels has opening hours.
        span_s : seconds from `now` on, ≥ 0.

        Returns
        -------
        ``(channels,)`` seconds from 0 to `span_s`; `span_s` where a channel is always open.

        Raises
        ------
        RoutingError
            Where a channel has opening hours and `now` is None; names the channel.
        """
        return np.array(
            [
                span_s if hours is None else hours.open_ahead_s(_needed(now, name), span_s)
                for name, hours in zip(self.names, self.hours, strict=True)
            ],
            np.float64,
        )

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"ChannelTable({', '.join(self.names)})"


_NUMBERS = ("target_s", "handling_s", "patience_s", "no_answer", "no_answer_scale_s", "waiting_rate", "power")


def _column(channels: list[Channel], key: str) -> NDArray[Any]:
    """One setting of all channels; None becomes nan."""
    return read_only([getattr(channel, key) for channel in channels], np.float64)


def _usage(channels: list[Channel]) -> tuple[Fraction | None, ...] | None:
    """The share of each channel, None for one of the limit; None where no channel has a usage."""
    if all(channel.usage is None for channel in channels):
        return None
    whole = Fraction(1)
    shares = [whole if channel.exclusive else channel.usage for channel in channels]
    return tuple(share if isinstance(share, Fraction) else None for share in shares)


def _weights(routing: Routing, channels: list[Channel]) -> dict[str, NDArray[np.float64]]:
    names = {**routing.weights.named(), **{name: 1.0 for channel in channels for name in channel.weights}}
    return {
        name: read_only([channel.weights.get(name, routing.weights.of(name)) for channel in channels], np.float64)
        for name in names
    }


def _needed(now: datetime | None, channel: str) -> datetime:
    if now is None:
        raise RoutingError(
            f"channels.{channel}.open: opening hours need the epoch's instant, now=… (on the command line --now)"
        )
    return now
