"""`DecisionPoint`: what a policy is shown when it is asked, and how its decision is checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, Staffing, Tickets
from deskmatch.epochs.epoch import Intake
from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.policies.dispatch.records import EXCLUDED
from deskmatch.policies.dispatch.selector import MEMORY_S
from deskmatch.policies.protocol import Decision
from deskmatch.simulation.layout import Layout, exclusive_channels, handling_of
from deskmatch.simulation.naming import UNKNOWN
from deskmatch.simulation.scenario import Scenario

__all__ = ["DecisionPoint", "EpochMaker", "SeenQueues"]

WAITING = 0
"""The phase of a waiting ticket."""

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
"""Runs start at midnight of their first day in this week."""

NOTHING: NDArray[np.int32] = np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class DecisionPoint(Frozen):
    """An instant at which a policy is asked.

    Parameters
    ----------
    policy : its number among those that are asked.
    time_s : seconds since the start.
    epoch : what the desk knows: nothing of true topics, of patience or of times to come.
    """

    policy: int
    time_s: float
    epoch: Epoch


class EpochMaker:
    """Makes the epochs of one policy, and reads its decisions.

    Parameters
    ----------
    scenario : what is simulated.
    queues : rows of the queues that the policy is asked about.
    """

    def __init__(self, scenario: Scenario, queues: NDArray[np.int64]) -> None:
        self.desk = _desk_for_policies(scenario)
        self._scenario = scenario
        self._exclusive = exclusive_channels(scenario)
        self._mine = np.zeros(len(scenario.queues), bool)
        self._mine[queues] = True
        self._eligible = scenario.eligible[:, scenario.group_of]
        self._classes = SeenQueues(scenario)
        self._rows = NOTHING.astype(np.int64)

    def point(self, layout: Layout, number: int) -> DecisionPoint | None:
        """What the policy is shown now; None: none of its tickets waits, or nobody has room."""
        if not layout.desk[0]["waiting"] or not layout.desk[0]["listed"]:
            return None
        rows = np.flatnonzero(layout.tickets["phase"] == WAITING)
        rows = rows[self._mine[layout.tickets["queue"][rows]]]
        if not len(rows):
            return None
        tickets = layout.tickets[rows]
        order = np.lexsort((tickets["root"], tickets["since"]))
        self._rows = rows[order]
        now = float(layout.desk[0]["now"])
        epoch = Epoch._trusted(
            desk=self.desk,
            tickets=self._tickets(layout, tickets[order], now),
            staffing=_staffing(layout, now),
            now=MONDAY + timedelta(days=self._scenario.tables.start_day, seconds=now),
            resolution=None,
            intake=Intake(),
        )
        return DecisionPoint._trusted(policy=number, time_s=now, epoch=epoch)

    def chosen(self, layout: Layout, decision: Decision) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of tickets and rows of experts for the kernel.

        Raises
        ------
        ContractError
            Names the pair that the rules of the desk forbid.
        """
        ticket, expert = decision.ticket.astype(np.int64), decision.expert.astype(np.int64)
        n, m = len(self._rows), len(layout.experts)
        if ((ticket < 0) | (ticket >= n)).any() or ((expert < 0) | (expert >= m)).any():
            raise ContractError(f"decision: rows outside the epoch of {n} tickets and {m} experts")
        if len(np.unique(ticket)) < len(ticket):
            raise ContractError("decision: a ticket stands in more than one pair")
        places = self._rows[ticket]
        self._check_room(layout, places, expert)
        return places, expert

    def _check_room(self, layout: Layout, places: NDArray[np.int64], expert: NDArray[np.int64]) -> None:
        experts = layout.experts
        given: dict[tuple[int, int], int] = {}
        total: dict[int, int] = {}
        alone: set[int] = set()
        for place, e in zip(places.tolist(), expert.tolist(), strict=True):
            own, ticket = experts[e], layout.tickets[place]
            channel = int(ticket["channel"])
            limit = int(layout.limits[own["pool"], channel])
            new, before = given.get((e, channel), 0), total.get(e, 0)
            free = (
                own["taken"] + before == 0 and limit > 0
                if self._exclusive[channel]
                else layout.loads[e, channel] + new < limit
            )
            if own["on"] == 0 or own["alone"] == 1 or e in alone or not free:
                raise ContractError(f"decision: expert {self.desk.expert_ids[e]!r} has no room for one more ticket")
            barred = layout.excluded[place, : ticket["barred"]]
            if not self._eligible[ticket["queue"], e] or e in barred or ticket["declined"] == e:
                name = self._scenario.queues[ticket["queue"]].name
                raise ContractError(f"decision: expert {self.desk.expert_ids[e]!r} may not serve a ticket of {name!r}")
            given[e, channel], total[e] = new + 1, before + 1
            if self._exclusive[channel]:
                alone.add(e)

    def _tickets(self, layout: Layout, own: NDArray[Any], now: float) -> Tickets:
        classes, queue = self._classes, own["queue"]
        n = len(own)
        topic, topic_ptr = _gathered(classes.topic_ptr, queue)
        tags, tag_ptr = _gathered(classes.tag_ptr, queue)
        barred, barred_ptr = _barred(layout.excluded[self._rows], own)
        return Tickets._trusted(
            ids=tuple(
                f"{root}.{attempt}" for root, attempt in zip(own["root"].tolist(), own["attempt"].tolist(), strict=True)
            ),
            channel=own["channel"].astype(np.int32),
            language=classes.language[queue],
            topic=classes.topic[topic],
            topic_ptr=topic_ptr,
            topic_probability=classes.topic_probability[topic],
            tier=classes.tier[queue],
            waited_s=now - own["since"],
            due_s=np.full(n, np.nan),
            promised_wait_s=np.full(n, np.nan),
            importance=classes.importance[queue],
            patience_s=classes.patience_s[queue],
            requires=classes.tag[tags],
            requires_ptr=tag_ptr,
            preferred=own["preferred"].astype(np.int32),
            excluded=barred,
            excluded_ptr=barred_ptr,
            offered_to=np.full(n, -1, np.int32),
            customer_id=None,
            features={"queue": classes.name[queue]},
        )


class SeenQueues:
    """What the desk sees of the tickets of each queue, as arrays over the queues."""

    def __init__(self, scenario: Scenario) -> None:
        desk, queues = scenario.desk, scenario.queues
        topics = [_topics_seen(scenario, row) for row in range(len(queues))]
        tags = [[desk.tags.code(tag) for tag in queue.requires] for queue in queues]
        layout_types = [scenario.types[queue.type] for queue in queues]
        self.name = np.array([each.written for each in layout_types])
        self.language = desk.languages.codes(queue.language for queue in queues)
        self.tier = np.array([queue.tier for queue in queues], np.int32)
        self.importance = np.array([queue.importance for queue in queues])
        self.patience_s = np.array([scenario.patience_of(queue.type) for queue in queues])
        self.topic = np.array([code for own in topics for code, _ in own], np.int32)
        self.topic_probability = np.array([share for own in topics for _, share in own])
        self.topic_ptr = np.cumsum([0, *map(len, topics)])
        self.tag = np.array([tag for own in tags for tag in own], np.int32)
        self.tag_ptr = np.cumsum([0, *map(len, tags)])


def _topics_seen(scenario: Scenario, row: int) -> list[tuple[int, float]]:
    """Codes and probabilities; an unknown topic is one of the channel's and language's, as often as these arrive."""
    queue = scenario.queues[row]
    if queue.topic != UNKNOWN:
        return [(scenario.desk.topics.code(queue.topic), 1.0)]
    shares: dict[int, float] = {}
    for each in scenario.types:
        if each.settings.channel == scenario.channels[queue.channel] and each.language == queue.language:
            code = scenario.desk.topics.code(each.topic)
            shares[code] = shares.get(code, 0.0) + (each.arrivals.mean_per_s or 0.0)
    total = sum(shares.values())
    if total == 0:
        return [(code, 1 / len(shares)) for code in shares]
    return [(code, share / total) for code, share in shares.items() if share > 0]


def _gathered(ptr: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Entries of some rows of a CSR, and the offsets of these rows."""
    sizes = ptr[rows + 1] - ptr[rows]
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    return np.repeat(ptr[rows] - offsets[:-1], sizes) + np.arange(offsets[-1]), offsets


def _barred(excluded: NDArray[np.int64], own: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """CSR of the experts who must not get each ticket, whoever declined it last among them."""
    if not own["barred"].any() and (own["declined"] < 0).all():
        return NOTHING, np.zeros(len(own) + 1, np.int32)
    inside = np.arange(EXCLUDED) < own["barred"][:, None]
    both = np.concatenate((np.where(inside, excluded, -1), own["declined"][:, None]), axis=1)
    ptr = np.concatenate(([0], np.cumsum((both >= 0).sum(axis=1)))).astype(np.int32)
    return both[both >= 0].astype(np.int32), ptr


def _staffing(layout: Layout, now: float) -> Staffing:
    experts = layout.experts
    on = experts["on"] == 1
    kept = np.exp((experts["occupied_at"] - now) / MEMORY_S)
    n = len(experts)
    leaves = np.full(n, np.nan)
    if (experts["changes"] > 0).any():
        at = np.minimum(experts["first_change"] + experts["change"], len(layout.changes) - 1)
        ends = experts["cycle_start"] + layout.changes["time"][at] - now
        leaves = np.where(on & (experts["changes"] > 0), ends, np.nan)
    return Staffing._trusted(
        load=layout.loads.astype(np.int32),
        capacity=np.where(on, -1, 0).astype(np.int32),
        occupancy=np.clip(experts["occupancy"] * kept + (experts["taken"] > 0) * (1 - kept), 0.0, 1.0),
        idle_s=now - experts["idle_since"],
        acceptance=experts["accepts"].copy(),
        leaves_in_s=leaves,
        free_in_s=np.zeros(n),
    )


def _desk_for_policies(scenario: Scenario) -> Desk:
    """The scenario's desk with what the rules ask for: expected handling times by queue."""
    handling = handling_of(scenario)[:, scenario.group_of].T
    names = [scenario.types[queue.type].written for queue in scenario.queues]
    columns = np.zeros(scenario.n_experts, [(name, np.float64) for name in dict.fromkeys(names)])
    for column, name in enumerate(names):
        columns[name] = handling[:, column]
    return replace(scenario.desk, features={**scenario.desk.features, "handling_s": columns})
