"""`DecisionPoint`: what a policy is shown when it is asked, and how its decision is checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, Staffing, Tickets
from deskmatch.epochs.epoch import Intake
from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.policies.dispatch import Facts, flexibility_of
from deskmatch.policies.protocol import Decision
from deskmatch.simulation.engine.showing import (
    FULL,
    OUTSIDE,
    TWICE,
    find_problem,
    find_waiting,
    show_experts,
    show_tickets,
)
from deskmatch.simulation.layout import Layout, handling_of
from deskmatch.simulation.naming import UNKNOWN
from deskmatch.simulation.scenario import Scenario

__all__ = ["DecisionPoint", "EpochMaker", "SeenQueues", "facts_of"]

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
"""Runs start at midnight of their first day in this week."""

NO_INTAKE = Intake()


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
        self._queues = scenario.queues
        self._start = MONDAY + timedelta(days=scenario.tables.start_day)
        self._mine = np.zeros(len(scenario.queues), np.uint8)
        self._mine[queues] = 1
        self._eligible = np.ascontiguousarray(scenario.eligible, np.uint8)
        self._classes = SeenQueues(scenario)
        recorded = [group.logins_s is not None for group in scenario.tables.groups.values()]
        self._recorded = np.array(recorded, bool)[scenario.group_of]
        self._rows = np.zeros(0, np.int64)

    def point(self, layout: Layout, number: int) -> DecisionPoint | None:
        """What the policy is shown now; None: none of its tickets waits, or nobody has room."""
        waiting = int(layout.desk[0]["waiting"])
        if not waiting or not layout.desk[0]["listed"]:
            return None
        classes, entries = self._classes, np.empty(3, np.int64)
        rows, roots, since = np.empty(waiting, np.int64), np.empty(waiting, np.int64), np.empty(waiting)
        count = find_waiting(
            layout.queues.view(np.uint8), layout.tickets.view(np.uint8), self._mine, classes.topic_ptr, classes.tag_ptr,
            rows, since, roots, entries,
        )  # fmt: skip
        if not count:
            return None
        self._rows = rows[:count][np.lexsort((roots[:count], since[:count]))]
        now = float(layout.desk[0]["now"])
        epoch = Epoch._trusted(
            desk=self.desk,
            tickets=self._tickets(layout, entries.tolist(), now),
            staffing=_staffing(layout, now, self._recorded),
            now=self._start + timedelta(seconds=now),
            resolution=None,
            intake=NO_INTAKE,
        )
        return DecisionPoint._trusted(policy=number, time_s=now, epoch=epoch)

    def chosen(self, layout: Layout, decision: Decision) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of tickets and rows of experts for the kernel.

        Raises
        ------
        ContractError
            Names the pair that the rules of the desk forbid.
        """
        n, m = len(self._rows), len(layout.experts)
        wrong = np.zeros(1, np.int64)
        problem = find_problem(
            decision.ticket, decision.expert, self._rows, layout.tickets.view(np.uint8), layout.excluded,
            layout.experts.view(np.uint8), layout.channels.view(np.uint8), layout.loads, layout.limits, self._eligible,
            np.zeros(layout.loads.shape, np.int64), np.zeros(n, np.uint8), wrong,
        )  # fmt: skip
        if problem == OUTSIDE:
            raise ContractError(f"decision: rows outside the epoch of {n} tickets and {m} experts")
        if problem == TWICE:
            raise ContractError("decision: a ticket stands in more than one pair")
        places, expert = self._rows[decision.ticket], decision.expert.astype(np.int64)
        if problem:
            who = f"decision: expert {self.desk.expert_ids[expert[wrong[0]]]!r}"
            name = self._queues[layout.tickets[places[wrong[0]]]["queue"]].name
            if problem == FULL:
                raise ContractError(f"{who} has no room for one more ticket")
            raise ContractError(f"{who} may not serve a ticket of {name!r}")
        return places, expert

    def _tickets(self, layout: Layout, entries: list[int], now: float) -> Tickets:
        classes, n, (topics, tags, barred) = self._classes, len(self._rows), entries
        codes, offsets = np.empty((5, n), np.int32), np.empty((3, n + 1), np.int32)
        numbers, probability = np.empty((5, n)), np.empty(topics)
        topic, tag, excluded = (np.empty(size, np.int32) for size in (topics, tags, barred))
        show_tickets(
            layout.tickets.view(np.uint8), layout.excluded, self._rows, now, classes.codes, classes.numbers,
            classes.topic_ptr, classes.topic, classes.topic_probability, classes.tag_ptr, classes.tag,
            codes, offsets, numbers, topic, probability, tag, excluded,
        )  # fmt: skip
        own = layout.tickets[self._rows]
        return Tickets._trusted(
            ids=tuple(
                [
                    f"{root}.{attempt}"
                    for root, attempt in zip(own["root"].tolist(), own["attempt"].tolist(), strict=True)
                ]
            ),
            channel=codes[0],
            language=codes[1],
            topic=topic,
            topic_ptr=offsets[0],
            topic_probability=probability,
            tier=codes[2],
            waited_s=numbers[0],
            due_s=numbers[1],
            promised_wait_s=numbers[2],
            importance=numbers[3],
            patience_s=numbers[4],
            requires=tag,
            requires_ptr=offsets[1],
            preferred=codes[3],
            excluded=excluded,
            excluded_ptr=offsets[2],
            offered_to=codes[4],
            customer_id=None,
            features={"queue": classes.name[own["queue"]]},
        )


class SeenQueues:
    """What the desk sees of the tickets of each queue, as arrays over the queues."""

    def __init__(self, scenario: Scenario) -> None:
        desk, queues = scenario.desk, scenario.queues
        rates = [each.arrivals.per_s(scenario.tables.horizon_s) for each in scenario.types]
        topics = [_topics_seen(scenario, row, rates) for row in range(len(queues))]
        tags = [[desk.tags.code(tag) for tag in queue.requires] for queue in queues]
        layout_types = [scenario.types[queue.type] for queue in queues]
        self.name = np.array([each.written for each in layout_types])
        self.language = desk.languages.codes(queue.language for queue in queues)
        self.tier = np.array([queue.tier for queue in queues], np.int32)
        self.codes = np.array([self.language, self.tier], np.int64)
        importance = [queue.importance for queue in queues]
        self.numbers = np.array([importance, [scenario.patience_of(queue.type) for queue in queues]])
        self.topic = np.array([code for own in topics for code, _ in own], np.int32)
        self.topic_probability = np.array([share for own in topics for _, share in own])
        self.topic_ptr = np.cumsum([0, *map(len, topics)], dtype=np.int64)
        self.tag = np.array([tag for own in tags for tag in own], np.int32)
        self.tag_ptr = np.cumsum([0, *map(len, tags)], dtype=np.int64)


def facts_of(scenario: Scenario) -> Facts:
    """What the desk expects of its queues at its groups: ``(queues, groups)`` and ``(queues,)``."""
    seen, desk = SeenQueues(scenario), scenario.desk
    first = np.searchsorted(scenario.group_of, np.arange(len(scenario.groups)))
    resolution = np.zeros((len(scenario.queues), len(scenario.groups)))
    for queue in range(len(scenario.queues)):
        for at in range(seen.topic_ptr[queue], seen.topic_ptr[queue + 1]):
            known = desk.proficiency[first, seen.topic[at]]
            resolution[queue] += seen.topic_probability[at] * np.nan_to_num(known)
    return Facts(handling_of(scenario), resolution, seen.numbers[1], flexibility_of(desk)[first])


def _topics_seen(scenario: Scenario, row: int, rates: list[float]) -> list[tuple[int, float]]:
    """Codes and probabilities; an unknown topic is one of the channel's and language's, as often as these arrive."""
    queue = scenario.queues[row]
    if queue.topic != UNKNOWN:
        return [(scenario.desk.topics.code(queue.topic), 1.0)]
    shares: dict[int, float] = {}
    for each, rate in zip(scenario.types, rates, strict=True):
        if each.settings.channel == scenario.channels[queue.channel] and each.language == queue.language:
            code = scenario.desk.topics.code(each.topic)
            shares[code] = shares.get(code, 0.0) + rate
    total = sum(shares.values())
    if total == 0:
        return [(code, 1 / len(shares)) for code in shares]
    return [(code, share / total) for code, share in shares.items() if share > 0]


def _staffing(layout: Layout, now: float, recorded: NDArray[np.bool_]) -> Staffing:
    """What the desk sees of its experts; when a shift ends it knows, when a recorded login will end nobody did."""
    load, capacity = np.empty(layout.loads.shape, np.int32), np.empty(len(layout.experts), np.int32)
    numbers = np.empty((5, len(layout.experts)))
    show_experts(
        layout.experts.view(np.uint8), layout.changes.view(np.uint8), layout.loads, now, load, capacity, numbers
    )
    numbers[3, recorded] = np.nan
    return Staffing._trusted(
        load=load,
        capacity=capacity,
        occupancy=numbers[0],
        idle_s=numbers[1],
        acceptance=numbers[2],
        leaves_in_s=numbers[3],
        free_in_s=numbers[4],
    )


def _desk_for_policies(scenario: Scenario) -> Desk:
    """The scenario's desk with what the rules ask for: expected handling times by queue."""
    handling = handling_of(scenario)[:, scenario.group_of].T
    names = [scenario.types[queue.type].written for queue in scenario.queues]
    columns = np.zeros(scenario.n_experts, [(name, np.float64) for name in dict.fromkeys(names)])
    for column, name in enumerate(names):
        columns[name] = handling[:, column]
    return replace(scenario.desk, features={**scenario.desk.features, "handling_s": columns})
