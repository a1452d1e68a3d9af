"""`OutcomePoints`: what serving a ticket is worth by the desk's `Reward`, against losing it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.formulations.arcs import Arcs
from deskmatch.ranges import SHARE, refuse
from deskmatch.routing.reward import Reward

__all__ = ["OutcomePoints"]


@dataclass(frozen=True, slots=True)
class OutcomePoints:
    """Expected points of an outcome, as a term of the objective: 0 is a lost customer.

    value · (p · resolved + (1 − p) · failed + tier · tiers above need − lost), with p the predicted resolution;
    `failed` is what an unresolved contact comes to.

    Parameters
    ----------
    reward : the scores, by channel.
    handed_on : share of unresolved contacts that go to another expert as a preventable transfer, and are then resolved
        in the end; the rest stays unresolved.

    Raises
    ------
    ContractError
        On a share outside 0 to 1.
    """

    reward: Reward = field(default_factory=Reward)
    handed_on: float = 0.0
    name: str = "outcome"
    scales_with_importance: bool = False

    def __post_init__(self) -> None:
        refuse(SHARE.problems({"handed_on": self.handed_on}), ContractError)

    def values(self, arcs: Arcs) -> NDArray[np.float64]:
        """Points of each arc."""
        epoch = arcs.epoch
        scores = [self.reward.of(name) for name in epoch.desk.channels.names]
        value, resolved, unresolved, preventable, lost, tier = (
            np.array([getattr(score, name) for score in scores])[epoch.tickets.channel[arcs.ticket]]
            for name in ("value", "resolved", "unresolved", "preventable", "lost", "tier")
        )
        above = np.maximum(epoch.desk.tier[arcs.expert] - epoch.tickets.tier[arcs.ticket], 0)
        failed = (1 - self.handed_on) * unresolved + self.handed_on * (resolved + preventable)
        p = arcs.resolution
        return np.asarray(value * (p * resolved + (1 - p) * failed + tier * above - lost))
