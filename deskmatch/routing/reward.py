"""`Reward`: what outcomes are worth; fixed with a scenario, before any policy is tuned."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from deskmatch.epochs.cells import fold
from deskmatch.routing.validation import NonNegative, Positive, Settings, refuse

__all__ = ["ChannelReward", "Reward", "wait_cost"]


Score = Annotated[float, Field(allow_inf_nan=False)]


class ChannelReward(Settings):
    """Scores of the outcomes of one channel, in points of that channel.

    Parameters
    ----------
    resolved : for each ticket that is resolved in the end.
    preventable, unavoidable : for each transfer, mostly ≤ 0.
    lost : for each ticket that is abandoned, blocked or stays unanswered, mostly ≤ 0.
    unresolved : for each ticket that stays unresolved, mostly ≤ 0.
    target_s : the wait up to which `slope_below` holds, > 0; a ticket with a promised wait takes that instead.
    slope_below, slope_above : points that each second of waiting costs below and above the target, ≥ 0.
    tier : for each tier that serves above the one that the ticket needs, mostly ≤ 0.
    value : rate of exchange: points of the whole desk for one point of this channel, ≥ 0.

    Raises
    ------
    RoutingError
        Lists every key that is unknown or out of range.
    """

    resolved: Score = 1.0
    preventable: Score = -0.3
    unavoidable: Score = 0.0
    lost: Score = -1.0
    unresolved: Score = -1.0
    target_s: Positive = 60.0
    slope_below: NonNegative = 0.0005
    slope_above: NonNegative = 0.002
    tier: Score = -0.1
    value: NonNegative = 1.0


class Reward(Settings):
    """The score of what happened, by channel and in total.

    It belongs to the scenario, apart from `Routing`, whose weights a policy may choose as it likes.

    Parameters
    ----------
    channels : scores by the names of channels; the others take ``default``.
    default : scores of channels that are not named.
    spread : points of the whole desk for each expert and unit of standard deviation between the experts' occupancies,
        mostly ≤ 0.

    Raises
    ------
    RoutingError
        Lists every key that is unknown or out of range.

    Examples
    --------
    >>> Reward(channels={"chat": {"value": 2.0}}).of("Chat").value
    2.0
    """

    channels: dict[str, ChannelReward] = Field(default_factory=dict)
    default: ChannelReward = ChannelReward()
    spread: Score = 0.0

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if len({fold(name) for name in self.channels}) < len(self.channels):
            raise refuse("should describe each channel once; names that differ in case only are the same")
        return self

    def of(self, channel: str) -> ChannelReward:
        """The scores of a channel; case does not matter."""
        return {fold(name): scores for name, scores in self.channels.items()}.get(fold(channel), self.default)


def wait_cost(
    wait_s: ArrayLike, *, target_s: ArrayLike, slope_below: ArrayLike, slope_above: ArrayLike
) -> NDArray[np.float64]:
    """F(wait): what a wait costs, in points ≥ 0.

    ::

        F(w) = below · min(w, τ) + above · max(0, w − τ)

    Parameters
    ----------
    wait_s : w ≥ 0, seconds, of every ticket: served, lost or left at the end.
    target_s : τ > 0: the promised wait where there is one, else the channel's target.
    slope_below, slope_above : points a second, ≥ 0.

    Examples
    --------
    >>> wait_cost([30.0, 90.0], target_s=60.0, slope_below=0.001, slope_above=0.01).round(3).tolist()
    [0.03, 0.36]
    """
    wait, target, below, above = (np.asarray(x, np.float64) for x in (wait_s, target_s, slope_below, slope_above))
    return np.asarray(below * np.minimum(wait, target) + above * np.maximum(0.0, wait - target))
