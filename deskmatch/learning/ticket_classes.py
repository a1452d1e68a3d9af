"""`TicketClasses`: what a desk knows of each class of tickets that look alike: who may serve it, how well, how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Tickets
from deskmatch.frozen import Frozen
from deskmatch.learning.expected import tickets_of_queues
from deskmatch.policies.alike import ClassKey, keys_of
from deskmatch.policies.dispatch import eligible_experts
from deskmatch.simulation.scenario import Scenario

__all__ = ["ExpectedArrivals", "TicketClasses"]


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedArrivals(Frozen):
    """How many tickets of each class are expected, whatever the hour; a `Forecast` also knows the day and transfers.

    Parameters
    ----------
    per_s : mean arrivals a second by class, ≥ 0; a class that is not named is not expected.
    """

    per_s: Mapping[ClassKey, float] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario) -> ExpectedArrivals:
        """The mean rates of a scenario, as a desk that knows its past would have them; recorded arrivals are counted.

        Parameters
        ----------
        scenario : tickets that are handed on, or come back, are not expected.
        """
        per_s: dict[ClassKey, float] = {}
        for row, key in enumerate(keys_of(tickets_of_queues(scenario))):
            per_s[key] = per_s.get(key, 0.0) + _rate(scenario, row)
        return cls(per_s)


def _rate(scenario: Scenario, row: int) -> float:
    """Tickets a second that come to a queue when they arrive first."""
    queue = scenario.queues[row]
    each = scenario.types[queue.type]
    if queue.tier != each.settings.tier:
        return 0.0
    mean = each.arrivals.per_s(scenario.tables.horizon_s)
    own = row < len(scenario.types)
    seen_as = each.settings.seen_as
    return mean * (1.0 - sum(seen_as.values()) if own else seen_as.get(queue.topic, 0.0))


class TicketClasses:
    """The classes of tickets that have been seen at a desk or are expected there; grows as new ones come.

    What it holds depends on the desk and on what is expected alone, and not on what happens.

    Parameters
    ----------
    desk : the experts.
    expected : arrivals.

    Attributes
    ----------
    channel, tier : ``(classes,)``.
    eligible : ``(classes, experts)`` who may serve a ticket of the class, free or not.
    resolution : ``(classes, experts)`` proficiency, averaged over the topics that the ticket may have; 0: none.
    handling_s : ``(classes, experts)`` expected handling time in seconds; 1 where the desk does not tell.
    rate : ``(classes,)`` expected arrivals a second.
    """

    def __init__(self, desk: Desk, expected: ExpectedArrivals | None = None) -> None:
        self.desk = desk
        self._expected = expected or ExpectedArrivals()
        self._rows: dict[ClassKey, int] = {}
        shape = (0, desk.n_experts)
        self.channel, self.tier = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.eligible, self.resolution, self.handling_s = np.zeros(shape, bool), np.zeros(shape), np.zeros(shape)
        self.rate = np.zeros(0)
        self._add([(key, None) for key in self._expected.per_s])

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, tickets: Tickets) -> NDArray[np.int64]:
        """``(tickets,)`` row of each ticket's class."""
        keys = keys_of(tickets)
        new = {key: row for row, key in enumerate(keys) if key not in self._rows}
        if new:
            ptr, shares = tickets.topic_ptr, tickets.topic_probability
            self._add([(key, shares[ptr[row] : ptr[row + 1]]) for key, row in new.items()])
        return np.array([self._rows[key] for key in keys], np.int64)

    def _add(self, classes: list[tuple[ClassKey, NDArray[np.float64] | None]]) -> None:
        """Classes with the probabilities of their topics; None: all alike."""
        if not classes:
            return
        keys = [key for key, _ in classes]
        self._rows.update({key: len(self._rows) + number for number, key in enumerate(keys)})
        eligible = [_eligible(self.desk, key) for key in keys]
        resolution = [_resolution(self.desk, key, shares) for key, shares in classes]
        handling = [_handling(self.desk, key[0]) for key in keys]
        self.channel = np.concatenate((self.channel, [key[1] for key in keys]))
        self.tier = np.concatenate((self.tier, [key[3] for key in keys]))
        self.eligible = np.concatenate((self.eligible, eligible))
        self.resolution = np.concatenate((self.resolution, resolution))
        self.handling_s = np.concatenate((self.handling_s, handling))
        self.rate = np.concatenate((self.rate, [self._expected.per_s.get(key, 0.0) for key in keys]))


def _eligible(desk: Desk, key: ClassKey) -> NDArray[np.bool_]:
    _, channel, language, tier, topics, tags = key
    return eligible_experts(desk, channel=channel, language=language, topics=topics, tier=tier, tags=tags)


def _resolution(desk: Desk, key: ClassKey, shares: NDArray[np.float64] | None) -> NDArray[np.float64]:
    topics = np.array(key[4], np.int32)
    weight = np.full(len(topics), 1 / max(len(topics), 1)) if shares is None else shares
    known = np.array([np.where(topic < 0, desk.general_proficiency, desk.proficiency[:, topic]) for topic in topics])
    return np.asarray(weight @ np.nan_to_num(known.reshape(len(topics), desk.n_experts)))


def _handling(desk: Desk, name: str) -> NDArray[np.float64]:
    """Expected handling times of a queue from the desk's feature."""
    told = desk.features.get("handling_s")
    if told is None or name not in (told.dtype.names or ()):
        return np.ones(desk.n_experts)
    return np.maximum(np.asarray(told[name], np.float64), 1e-9)
