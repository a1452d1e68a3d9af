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

LIMIT = 5.0
"""No number is beyond ± this."""
MINUTE_S = 60.0

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
        self._points = self._usual = self._breadth = np.zeros(0)

    def of(self, visit: Visit) -> NDArray[np.float32]:
        """``(experts + 1, features)`` for the ticket whose turn it is; rows of experts who are no candidates are 0."""
        self._learn_classes()
        candidates = np.flatnonzero(visit.candidates())
        rows = np.zeros((len(visit.free) + 1, len(FEATURES)), np.float32)
        own, hold = self._rows(visit, candidates)
        own_ticket = self._ticket(visit, candidates)
        n = len(TICKET_FEATURES)
        rows[candidates, n:], rows[-1, n:] = own.T, hold
        rows[candidates, :n], rows[-1, :n] = own_ticket, -own_ticket
        return np.clip(rows, -LIMIT, LIMIT, out=rows)

    def _learn_classes(self) -> None:
        """Numbers of the classes; made anew when there are more."""
        classes = self._classes
        if len(classes) == self._known:
            return
        self._known = len(classes)
        tiers = np.maximum(classes.desk.tier - classes.tier[:, None], 0)
        stake, tier = self._rates.stake[classes.channel], self._rates.tier[classes.channel]
        self._points = np.where(classes.eligible, stake[:, None] * classes.resolution + tier[:, None] * tiers, 0.0)
        self._mean_handling = _mean(classes.handling_s, classes.eligible)
        load = classes.rate * self._mean_handling
        load = load if load.sum() > 0 else np.ones(len(load))
        self._breadth = (load @ classes.eligible) / load.sum()
        self._usual = (load @ self._points) / np.maximum(load @ classes.eligible, 1e-12)

    def _ticket(self, visit: Visit, candidates: Integers) -> Floats:
        """The columns of the ticket, the same for all candidates."""
        tickets, row = visit.epoch.tickets, visit.of_ticket[visit.ticket]
        channel = tickets.channel[visit.ticket]
        waited, patience = tickets.waited_s[visit.ticket], tickets.patience_s[visit.ticket]
        rates, handling = self._rates, self._mean_handling[row]
        late = waited >= rates.target_s[channel]
        slope = (rates.slope_above if late else rates.slope_below)[channel]
        able = self._classes.eligible[row] & visit.present
        present, n_able = max(int(visit.present.sum()), 1), max(int(able.sum()), 1)
        waiting = visit.of_ticket[visit.waiting]
        wanted = np.asarray(self._classes.eligible[:, candidates].any(axis=1))
        rivals = int(wanted[waiting[waiting != row]].sum())
        load = self._classes.rate * self._mean_handling
        return np.array(
            [
                waited / (waited + rates.target_s[channel]),
                0.0 if np.isnan(patience) else waited / (waited + patience),
                0.0 if np.isnan(patience) else handling / (handling + patience),
                slope * handling,
                np.log1p(len(candidates)) / LIMIT,
                len(candidates) / n_able,
                (visit.free.any(axis=1) & visit.present).sum() / present,
                np.log1p((waiting == row).sum() - 1) / LIMIT,
                len(waiting) / (len(waiting) + present),
                rivals / (1.0 + rivals),
                self._points[row][able].sum() / n_able,
                load[row] / (load[row] + n_able),
                load.sum() / (load.sum() + present),
            ]
        )

    def _rows(self, visit: Visit, candidates: Integers) -> tuple[Floats, Floats]:
        """``(features, candidates)`` the columns of the candidates, and ``(features,)`` those of holding."""
        classes, row = self._classes, int(visit.of_ticket[visit.ticket])
        tickets, staffing = visit.epoch.tickets, visit.epoch.staffing
        channel = tickets.channel[visit.ticket]
        points = self._predicted(visit, row)
        able = classes.eligible[row] & visit.present
        own, best = points[candidates], points[candidates].max()
        mean = points[able].mean() if able.any() else 0.0
        scarce, pull = self._elsewhere(visit, row, candidates)
        count, gain, oldest = self._rivals(visit, row, candidates, own)
        handling = self._mean_handling[row]
        n = len(candidates)
        limit = np.maximum(classes.desk.channel_limit[candidates, channel], 1)
        rows = np.array(
            [
                np.ones(n),
                np.zeros(n),
                own,
                own - best,
                own - mean,
                own - self._usual[candidates],
                np.log(classes.handling_s[row, candidates] / handling),
                visit.load[candidates, channel] / limit,
                np.log1p(_known(staffing.idle_s[candidates], 0.0) / MINUTE_S) / LIMIT,
                _known(staffing.occupancy[candidates], 0.5),
                self._breadth[candidates],
                scarce,
                pull,
                np.log1p(count) / LIMIT,
                gain,
                oldest,
                np.maximum(classes.desk.tier[candidates] - tickets.tier[visit.ticket], 0) / LIMIT,
                candidates == tickets.preferred[visit.ticket],
            ]
        )
        able[candidates] = False
        n_busy = int(able.sum())
        soonest = handling / max(n_busy, 1)
        best_busy = points[able].max() if n_busy else best
        hold = np.zeros(len(EXPERT_FEATURES))
        hold[:8] = (
            1.0,
            1.0,
            best_busy,
            best_busy - best,
            best_busy - mean,
            0.0,
            np.log1p(n_busy) / LIMIT,
            soonest / (soonest + self._rates.target_s[channel]) if n_busy else 1.0,
        )
        hold[11], hold[12], hold[13] = scarce.min(), pull.min(), rows[13].max()
        hold[14], hold[15] = gain.max(), oldest.max()
        return rows, hold

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

    def _elsewhere(self, visit: Visit, row: int, candidates: Integers) -> tuple[Floats, Floats]:
        """How scarce and how loaded the other expected classes are that each candidate may serve."""
        classes = self._classes
        expected = (classes.rate > 0) if (classes.rate > 0).any() else np.ones(len(classes), bool)
        expected[row] = False
        others = np.flatnonzero(expected & classes.eligible[:, candidates].any(axis=1))
        if not len(others):
            return np.zeros(len(candidates)), np.zeros(len(candidates))
        able = classes.eligible[others]
        with_room = able & (visit.free[:, classes.channel[others]].T > 0)
        present = np.maximum((able & visit.present).sum(axis=1), 1)
        load = classes.rate[others] * self._mean_handling[others]
        mine, room = able[:, candidates], with_room.sum(axis=1)
        alone = np.where(mine, 1.0 / (1.0 + np.maximum(room[:, None] - with_room[:, candidates], 0)), 0.0)
        pulls = np.where(mine, (load / (load + present))[:, None], 0.0)
        return np.asarray(alone.max(axis=0)), np.asarray(pulls.max(axis=0))

    def _rivals(self, visit: Visit, row: int, candidates: Integers, own: Floats) -> tuple[Floats, Floats, Floats]:
        """Of the other waiting classes that each candidate could serve: tickets, most points to gain, oldest wait."""
        classes, tickets = self._classes, visit.epoch.tickets
        waiting = np.flatnonzero(visit.waiting)
        waiting = waiting[visit.of_ticket[waiting] != row]
        nothing = np.zeros(len(candidates))
        if not len(waiting):
            return nothing, nothing, nothing
        rows, number = np.unique(visit.of_ticket[waiting], return_inverse=True)
        count = np.bincount(number)
        waited = np.zeros(len(rows))
        np.maximum.at(waited, number, tickets.waited_s[waiting])
        channel = classes.channel[rows]
        mine = classes.eligible[rows][:, candidates] & (visit.free[candidates][:, channel].T > 0)
        gain = np.where(mine, self._points[rows][:, candidates] - own, -LIMIT).max(axis=0)
        old = np.where(mine, (waited / (waited + self._rates.target_s[channel]))[:, None], 0.0).max(axis=0)
        return count @ mine, np.where(mine.any(axis=0), gain, 0.0), old


def _mean(values: Floats, where: NDArray[np.bool_]) -> Floats:
    """Means of the rows over the marked entries; 1 where there are none."""
    count = where.sum(axis=1)
    return np.asarray(np.where(count > 0, (values * where).sum(axis=1) / np.maximum(count, 1), 1.0))


def _known(values: Floats, otherwise: float) -> Floats:
    """Values with a number in place of nan."""
    return np.where(np.isnan(values), otherwise, values)
