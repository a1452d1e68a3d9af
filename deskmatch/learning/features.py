"""What a scorer sees of a ticket's candidates: one row of numbers for each expert, and one for holding the ticket.

No number names an expert, or depends on how many there are but as a share or on a logarithmic scale, so that a scorer
that is learned on a desk of forty experts can be asked on one of four hundred. What describes the ticket itself stands
in all of its rows, with the other sign in that of holding, so that even a linear scorer can hold some tickets only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.learning.feature_rows import LIMIT, fill_rows
from deskmatch.learning.ticket_classes import TicketClasses
from deskmatch.learning.visit import Visit
from deskmatch.routing import Reward

__all__ = ["FEATURES", "LIMIT", "FeatureMaker"]

TICKET_FEATURES = (
    "waited",  # w / (w + target)
    "patience used",  # w / (w + mean patience), 0: endless
    "impatience",  # handling / (handling + mean patience), 0: endless
    "waiting costs",  # points that the wait costs in one handling time
    "candidates",  # log
    "candidates, share",  # of the experts on shift who may serve it
    "free, share",  # experts with room, of those on shift
    "alike waiting",  # log
    "waiting, share",  # waiting / (waiting + experts on shift)
    "rivals",  # n / (1 + n) for n waiting tickets of other classes that could have one of the candidates
    "points, mean",  # over the experts on shift who may serve it
    "load of class",  # offered load / (offered load + experts on shift who may serve it)
    "load of desk",  # offered load / (offered load + experts on shift)
)
EXPERT_FEATURES = (
    "candidate",  # 1
    "hold",  # 1 for the row of holding the ticket
    "points",  # expected points of this expert; holding: the best of those on shift without room
    "to best",  # less the best candidate's
    "to mean",  # less the mean of the experts on shift who may serve it
    "to own mean",  # less the mean of this expert over all tickets that are expected; holding: 0
    "slow",  # log of the handling time relative to the mean; holding: log of the number of experts without room
    "load",  # share of the channel's limit in hand; holding: mean time until one is free, over itself and the target
    "idle",  # log of the time
    "occupancy",  # unknown: 0.5
    "breadth",  # share of the expected load that the expert may serve
    "scarce",  # 1 / (1 + others with room) for the class whose others are fewest; holding: the least candidate's
    "pull",  # load / (load + experts) of the most loaded other class; holding: the least candidate's
    "others waiting",  # log of the waiting tickets of other classes that this expert could have
    "gain elsewhere",  # most points that the expert would make more with another waiting ticket
    "oldest other",  # w / (w + target) of the other waiting tickets
    "above tier",
    "preferred",
)
FEATURES = TICKET_FEATURES + EXPERT_FEATURES
"""Names of the columns."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Rates(Frozen):
    """What the reward says of each channel of a desk, each ``(channels,)``."""

    stake: Floats
    tier: Floats
    target_s: Floats
    slope_below: Floats
    slope_above: Floats


class FeatureMaker:
    """Makes the features of visits at one desk.

    Parameters
    ----------
    classes : of the desk.
    reward : what outcomes are worth; points are the channel's value times what a resolution is better than a transfer.
    """

    def __init__(self, classes: TicketClasses, reward: Reward) -> None:
        self._classes = classes
        own = [reward.of(name) for name in classes.desk.channels]
        self._rates = _Rates(
            stake=np.array([each.value * (each.resolved - each.preventable) for each in own]),
            tier=np.array([each.value * each.tier for each in own]),
            target_s=np.array([each.target_s for each in own]),
            slope_below=np.array([each.value * each.slope_below for each in own]),
            slope_above=np.array([each.value * each.slope_above for each in own]),
        )
        self._known = -1
        self._tier = classes.desk.tier.astype(np.int64)
        self._limit = np.ascontiguousarray(classes.desk.channel_limit.T, np.int64)

    def of(self, visit: Visit) -> NDArray[np.float32]:
        """``(experts + 1, features)`` for the ticket whose turn it is; rows of experts who are no candidates are 0."""
        self._learn_classes()
        at, row = visit.ticket, int(visit.of_ticket[visit.ticket])
        tickets, staffing, channel = visit.epoch.tickets, visit.epoch.staffing, self._classes.channel[row]
        waited, rates = tickets.waited_s[at], self._rates
        slope = (rates.slope_above if waited >= rates.target_s[channel] else rates.slope_below)[channel]
        rows = np.zeros((len(visit.free) + 1, len(FEATURES)), np.float32)
        fill_rows(
            rows, np.array([row, tickets.tier[at], tickets.preferred[at]], np.int64),
            np.array([waited, tickets.patience_s[at], slope]), self._predicted(visit, row),
            visit.candidates().view(np.uint8), visit.present.view(np.uint8), visit.free,
            np.ascontiguousarray(visit.load[:, channel]), self._limit[channel], self._tier,
            staffing.idle_s, staffing.occupancy, visit.of_ticket, visit.waiting.view(np.uint8), tickets.waited_s,
            *self._of_classes,
        )  # fmt: skip
        return rows

    def _learn_classes(self) -> None:
        """Numbers of the classes; made anew when there are more."""
        classes = self._classes
        if len(classes) == self._known:
            return
        self._known = len(classes)
        tiers = np.maximum(classes.desk.tier - classes.tier[:, None], 0)
        stake, tier = self._rates.stake[classes.channel], self._rates.tier[classes.channel]
        self._points = np.where(classes.eligible, stake[:, None] * classes.resolution + tier[:, None] * tiers, 0.0)
        mean_handling = _mean(classes.handling_s, classes.eligible)
        load = classes.rate * mean_handling
        load = load if load.sum() > 0 else np.ones(len(load))
        breadth = (load @ classes.eligible) / load.sum()
        usual = (load @ self._points) / np.maximum(load @ classes.eligible, 1e-12)
        self._of_classes = (
            classes.eligible.view(np.uint8), classes.channel, classes.rate, classes.handling_s, self._points,
            mean_handling, breadth, usual, self._rates.target_s,
        )  # fmt: skip

    def _predicted(self, visit: Visit, row: int) -> Floats:
        """``(experts,)`` expected points; predicted pairs of the epoch come before the desk's own proficiencies."""
        points: Floats = self._points[row]
        table = visit.epoch.resolution
        if table is None:
            return points
        mine = table.ticket == visit.ticket
        who = table.expert[mine]
        channel = self._classes.channel[row]
        changed = points.copy()
        changed[who] += self._rates.stake[channel] * (table.probability[mine] - self._classes.resolution[row, who])
        return changed


def _mean(values: Floats, where: NDArray[np.bool_]) -> Floats:
    """Means of the rows over the marked entries; 1 where there are none."""
    count = where.sum(axis=1)
    return np.asarray(np.where(count > 0, (values * where).sum(axis=1) / np.maximum(count, 1), 1.0))
