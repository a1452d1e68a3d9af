"""From a scenario, a policy and a seed to the engine's arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.policies.dispatch.records import CHANNEL, DESK, EXCLUDED, EXPERT, NOBODY, POOL, QUEUE, TICKET
from deskmatch.policies.dispatch.rule import RuleTables, links_of
from deskmatch.routing.kinds import Kind
from deskmatch.simulation.engine.records import CHANGE, ENGINE, EVENT, PAIR, ROW, SEEN, TYPE
from deskmatch.simulation.laws import Law, LawTables
from deskmatch.simulation.naming import (
    QueueClass,
    after_work_of,
    laws_of,
    of_laws,
    onward_shares,
    seen_row,
    settled,
    times_of,
)
from deskmatch.simulation.pacing import paces_of, speeds_of_days, work_done
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.shifts import cycle_of, expert_spans, recorded_breaks

__all__ = ["Layout", "exclusive_channels", "handling_of", "resolution_of"]

PLACES = 1024
"""Places for tickets that a run begins with; more are made when they are needed."""
ROWS = 1 << 16
"""Rows of contacts that are kept before they are handed over."""


@dataclass(slots=True)
class Layout:
    """The engine's arrays; `deskmatch.simulation.engine.records` describes them."""

    desk: NDArray[Any]
    engine: NDArray[Any]
    heap: NDArray[Any]
    place: NDArray[np.int64]
    tickets: NDArray[Any]
    excluded: NDArray[np.int64]
    experts: NDArray[Any]
    pools: NDArray[Any]
    queues: NDArray[Any]
    channels: NDArray[Any]
    links: NDArray[Any]
    loads: NDArray[np.int64]
    limits: NDArray[np.int64]
    types: NDArray[Any]
    pairs: NDArray[Any]
    laws: NDArray[Any]
    tables: NDArray[np.float64]
    seen: NDArray[Any]
    onward: NDArray[np.int64]
    changes: NDArray[Any]
    rates: NDArray[np.float64]
    rows: NDArray[Any]

    @classmethod
    def of(cls, scenario: Scenario, rule: RuleTables, policy: NDArray[np.int64], seed: tuple[int, int]) -> Layout:
        """The arrays at the start of a run.

        Parameters
        ----------
        scenario : what is simulated.
        rule : for all queues; where a policy is asked, only who may serve the queue is read.
        policy : ``(queues,)`` number of the policy that is asked; −1: the rule dispatches.
        seed : two words of 32 bits.
        """
        laws = LawTables()
        types = _types(scenario, laws)
        ratios, progress = _ratios(scenario, types), _progress(scenario, types)
        pairs = _pairs(scenario, laws)
        law_records, numbers = laws.arrays()
        paces, pace_every_s = paces_of(scenario.tables, seed)
        speeds = speeds_of_days(scenario.tables, seed)
        seen, onward = _seen(scenario, types), _onward(scenario)
        links, queue_first, pool_first = links_of(rule, handling_of(scenario))
        channels, limits, rates = _channels(scenario)
        experts, changes, cycle_s = _experts(scenario)
        n, e = PLACES, len(experts)
        nodes = 2 * e + 2 * n
        layout = cls(
            desk=np.zeros(1, DESK),
            engine=np.zeros(1, ENGINE),
            heap=np.zeros(nodes, EVENT),
            place=np.full(nodes, NOBODY, np.int64),
            tickets=np.zeros(0, TICKET),
            excluded=np.zeros((0, EXCLUDED), np.int64),
            experts=experts,
            pools=_pools(scenario, limits, channels, pool_first),
            queues=_queues(scenario, rule, policy, queue_first),
            channels=channels,
            links=links,
            loads=np.zeros((e, len(channels)), np.int64),
            limits=limits,
            types=types,
            pairs=pairs,
            laws=law_records,
            tables=np.concatenate((numbers, paces, ratios, progress, speeds.ravel())),
            seen=seen,
            onward=onward,
            changes=changes,
            rates=rates,
            rows=np.zeros(ROWS, ROW),
        )
        layout.pools["share"], layout.pools["idle_weight"] = rule.pool_share, rule.idle_weight
        layout.desk["reserves"] = int(rule.reserve.any())
        engine = layout.engine
        engine["free"] = NOBODY
        engine["pending"] = engine["event_policy"] = engine["answered"] = NOBODY
        engine["n_pools"] = len(layout.pools)
        engine["offer_s"] = scenario.tables.offer_s
        engine["cycle_s"] = cycle_s
        engine["offers_fail"] = (experts["accepts"] < 1).any()
        engine["seed0"], engine["seed1"] = seed
        engine["first_pace"], engine["paces"], engine["pace_every_s"] = len(numbers), len(paces), pace_every_s
        types["first_ratio"] += len(numbers) + len(paces)
        types["first_progress"] += len(numbers) + len(paces) + len(ratios)
        engine["first_speed"], engine["speed_days"] = len(layout.tables) - speeds.size, speeds.shape[1]
        layout.make_places(n)
        layout._open(scenario)
        return layout

    def make_places(self, wanted: int) -> None:
        """Have places for so many tickets."""
        before = len(self.tickets)
        fresh = np.zeros(wanted - before, TICKET)
        fresh["next"] = np.arange(before + 1, wanted + 1)
        fresh["next"][-1] = self.engine[0]["free"]
        fresh["phase"] = NOBODY
        self.tickets = np.concatenate((self.tickets, fresh))
        self.excluded = np.concatenate((self.excluded, np.zeros((len(fresh), EXCLUDED), np.int64)))
        self.engine["free"] = before
        self.engine["spare"] += len(fresh)
        nodes = 2 * len(self.experts) + 2 * wanted
        more = nodes - len(self.place)
        if more > 0:
            self.place = np.concatenate((self.place, np.full(more, NOBODY, np.int64)))
            self.heap = np.concatenate((self.heap, np.zeros(more, EVENT)))

    def copy(self) -> Layout:
        """Arrays of its own, so that a run can be continued in two ways."""
        return Layout(*(getattr(self, name).copy() for name in self.__slots__))

    def arguments(self) -> tuple[NDArray[Any], ...]:
        """The arrays in the order in which the kernel takes them; records as bytes."""
        arrays = (getattr(self, name) for name in self.__slots__)
        return tuple(each.view(np.uint8) if each.dtype.kind == "V" else each for each in arrays)

    def _open(self, scenario: Scenario) -> None:
        """Log in who is at work at the start, and schedule everyone's next change."""
        first = _first_changes(self)
        self.experts["change"] = first
        scheduled = np.flatnonzero(self.experts["changes"] > 0)
        times = self.changes["time"][self.experts["first_change"][scheduled] + first[scheduled]]
        times = times + self.experts["cycle_start"][scheduled]
        order = np.lexsort((scheduled, times))
        nodes = len(self.experts) + scheduled[order]
        self.heap["time"][: len(nodes)] = times[order]
        self.heap["node"][: len(nodes)] = nodes
        self.place[nodes] = np.arange(len(nodes))
        self.engine["size"] = len(nodes)
        has_room = self.limits.max(axis=1) > 0
        for e in np.flatnonzero(self.experts["on"]):
            pool = self.pools[self.experts[e]["pool"]]
            pool["present"] += 1
            if not has_room[self.experts[e]["pool"]]:
                continue
            last = pool["last"]
            self.experts[e]["previous"], self.experts[e]["next"] = last, NOBODY
            if last >= 0:
                self.experts[last]["next"] = e
            else:
                pool["first"] = e
            pool["last"] = e
            pool["idle"] += 1
            self.experts[e]["listed"] = 1
            self.desk["listed"] += 1


def handling_of(scenario: Scenario) -> NDArray[np.float64]:
    """``(queues, groups)`` mean time in service of a queue's own type."""
    return np.asarray(times_of(scenario.tables, scenario.types)[[queue.type for queue in scenario.queues]])


def resolution_of(scenario: Scenario) -> NDArray[np.float64]:
    """``(types, groups)`` probability that an expert of the group resolves a ticket whose topic is the type's."""
    groups = scenario.tables.groups.values()
    return np.array(
        [[group.topics.get(each.topic, group.topics.get("*", 0.0)) for group in groups] for each in scenario.types]
    )


def exclusive_channels(scenario: Scenario) -> NDArray[np.bool_]:
    """``(channels,)`` true where a ticket takes the whole expert."""
    return np.array(
        [
            settled(name, model)[1].exclusive if model.exclusive is None else model.exclusive
            for name, model in scenario.tables.channels.items()
        ],
        bool,
    )


def _pairs(scenario: Scenario, laws: LawTables) -> NDArray[Any]:
    pairs = np.zeros((len(scenario.types), len(scenario.groups)), PAIR)
    pairs["law"] = of_laws(laws_of(scenario.tables, scenario.types), laws.add)
    pairs["mean_s"] = times_of(scenario.tables, scenario.types)
    pairs["resolution"] = resolution_of(scenario)
    for name in ("after", "calm"):
        own = after_work_of(scenario.tables, scenario.types, calm=name == "calm")
        pairs[name], pairs[f"{name}_s"] = of_laws(own, laws.add, NOBODY), of_laws(own, lambda law: law.mean)
    return pairs.ravel()


def _types(scenario: Scenario, laws: LawTables) -> NDArray[Any]:
    types = np.zeros(len(scenario.types), TYPE)
    names = list(scenario.tables.channels)
    for row, (record, each) in enumerate(zip(types, scenario.types, strict=True)):
        settings, name = each.settings, each.settings.channel
        model = scenario.tables.channels[name]
        kind, defaults = settled(name, model)
        record["channel"] = names.index(name)
        record["patience"], record["patience_s"] = _law(laws, scenario.patience_law(row))
        record["away"], record["repeat_after_s"] = _law(laws, settings.repeat_after)
        record["promised_s"] = np.nan if settings.promised_wait_s is None else settings.promised_wait_s
        record["balk"] = model.balk if settings.balk is None else settings.balk
        record["later"], record["redial_after_s"] = _law(laws, settings.redial_after)
        record["faithful"] = settings.repeat_to == "resolver"
        for key in ("unavoidable", "outside", "repeat", "redial"):
            record[key] = getattr(settings, key)
        record["hops"], record["upward"] = settings.max_hops, settings.hand_on == "up"
        record["handed"] = settings.handed_on
        if kind is Kind.CALLBACK:
            record["calls"] = model.max_calls
            record["no_answer"] = defaults.no_answer if model.no_answer is None else model.no_answer
            given = "no_answer_scale_s" in model.model_fields_set
            scale = model.no_answer_scale_s if given else defaults.no_answer_scale_s
            record["no_answer_scale_s"] = np.inf if scale is None else scale
            record["attempt_s"], record["retry_after_s"] = model.attempt_s, model.retry_after_s
    return types


def _ratios(scenario: Scenario, types: NDArray[Any]) -> NDArray[np.float64]:
    """The ratios of hazards of all types; fills in where those of each begin."""
    own = [each.settings.hazard_by_queue for each in scenario.types]
    types["ratios"] = [len(each) for each in own]
    types["first_ratio"] = np.cumsum(types["ratios"]) - types["ratios"]
    return np.array([ratio for each in own for ratio in each])


def _progress(scenario: Scenario, types: NDArray[Any]) -> NDArray[np.float64]:
    """The work that is done by each edge, of all channels; fills in where that of each type begins."""
    tables = scenario.tables
    found: dict[str, NDArray[np.float64]] = {}
    first: dict[str, int] = {}
    for name, model in tables.channels.items():
        if model.progress:
            first[name] = sum(map(len, found.values()))
            found[name] = work_done(model, tables.horizon_s + tables.drain_s)
    for record, each in zip(types, scenario.types, strict=True):
        name = each.settings.channel
        if name in found:
            record["first_progress"], record["progress"] = first[name], len(found[name]) - 1
            record["progress_every_s"] = tables.channels[name].progress_every_s
            record["at_once_s"] = tables.channels[name].at_once_s
    return np.concatenate([np.zeros(0), *found.values()])


def _law(laws: LawTables, law: Law | None) -> tuple[int, float]:
    return (NOBODY, 0.0) if law is None else (laws.add(law), law.mean)


def _seen(scenario: Scenario, types: NDArray[Any]) -> NDArray[Any]:
    """The queues that each type comes to, and those of the types that it becomes; fills in where each block begins."""
    entries: list[tuple[float, int]] = []
    for row, (record, each) in enumerate(zip(types, scenario.types, strict=True)):
        record["first_seen"] = len(entries)
        total = 0.0
        for topic, share in each.settings.seen_as.items():
            if share > 0:
                total += share
                entries.append((total, _seen_as(scenario, row, topic)))
        if total < 1 - 1e-9:
            entries.append((1.0, row))
        entries[-1] = (1.0, entries[-1][1])
        record["seen"] = len(entries) - record["first_seen"]
    for record, shares in zip(types, onward_shares(scenario.types), strict=True):
        record["first_target"], record["targets"] = len(entries), np.count_nonzero(shares)
        sums = np.cumsum(shares) / max(shares.sum(), 1e-300)
        entries += [(float(sums[row]), int(row)) for row in np.flatnonzero(shares)]
    return np.array(entries, SEEN)


def _seen_as(scenario: Scenario, row: int, topic: str) -> int:
    own = list(scenario.queues[: len(scenario.types)])
    found = seen_row(own, own[row], topic)
    if found >= 0:
        return found
    return _queue_named(scenario.queues, f"{own[row].name}?{topic}")


def _queue_named(queues: tuple[QueueClass, ...], name: str) -> int:
    return next((row for row, queue in enumerate(queues) if queue.name == name), NOBODY)


def _onward(scenario: Scenario) -> NDArray[np.int64]:
    """``(types, tiers + 1)`` the queue of each type for those above a tier; column 0: the type's own."""
    tiers = max(group.tier for group in scenario.tables.groups.values())
    onward = np.full((len(scenario.types), tiers + 1), NOBODY, np.int64)
    for row, each in enumerate(scenario.types):
        onward[row, 0] = row
        for tier in range(1, tiers):
            wanted = max(tier + 1, each.settings.tier)
            onward[row, tier] = row if wanted == each.settings.tier else _above(scenario, each.name, wanted, tiers)
    return onward


def _above(scenario: Scenario, name: str, tier: int, tiers: int) -> int:
    """The queue of the next tier from `tier` on that can serve the type, −1: none."""
    found = (_queue_named(scenario.queues, f"{name}@{wanted}") for wanted in range(tier, tiers + 1))
    return next((queue for queue in found if queue >= 0), NOBODY)


def _channels(scenario: Scenario) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float64]]:
    """Records, limits of the pools, and speeds by load."""
    models = scenario.tables.channels
    channels = np.zeros(len(models), CHANNEL)
    channels["exclusive"] = exclusive_channels(scenario)
    channels["capacity"] = [NOBODY if m.queue_capacity is None else m.queue_capacity for m in models.values()]
    first = np.searchsorted(scenario.group_of, np.arange(len(scenario.groups)))
    limits = np.ascontiguousarray(scenario.desk.channel_limit[first], np.int64)
    most = int(limits.sum(axis=1).max())
    load = np.arange(most + 1, dtype=float)
    rates = np.array(
        [
            load
            if not m.concurrency
            else [0.0, *(m.concurrency[min(n, len(m.concurrency)) - 1] for n in range(1, most + 1))]
            for m in models.values()
        ]
    )
    return channels, limits, np.ascontiguousarray(rates.reshape(len(models), most + 1))


def _pools(
    scenario: Scenario, limits: NDArray[np.int64], channels: NDArray[Any], first: NDArray[np.int64]
) -> NDArray[Any]:
    pools = np.zeros(len(scenario.groups), POOL)
    pools["first"] = pools["last"] = NOBODY
    pools["single"] = np.where(channels["exclusive"] == 1, 0, limits).sum(axis=1) <= 1
    pools["kin"] = np.arange(len(pools))
    pools["first_link"], pools["last_link"] = first[:-1], first[1:]
    pools["size"] = [group.experts for group in scenario.tables.groups.values()]
    pools["tier"] = [group.tier for group in scenario.tables.groups.values()]
    return pools


def _queues(scenario: Scenario, rule: RuleTables, policy: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[Any]:
    queues = np.zeros(len(scenario.queues), QUEUE)
    queues["first"] = queues["last"] = NOBODY
    queues["channel"] = [queue.channel for queue in scenario.queues]
    queues["expert_by"], queues["ticket_by"], queues["weight"] = rule.expert_by, rule.ticket_by, rule.weight
    queues["head_start_s"] = rule.head_start_s
    queues["power"], queues["share"] = rule.power, rule.queue_share
    queues["policy"] = policy
    queues["first_link"], queues["last_link"] = first[:-1], first[1:]
    return queues


def _experts(scenario: Scenario) -> tuple[NDArray[Any], NDArray[Any], float]:
    """Records, the changes of all of them, and the length of the cycle."""
    groups = list(scenario.tables.groups.values())
    cycle = cycle_of(groups)
    experts = np.zeros(scenario.n_experts, EXPERT)
    experts["pool"] = scenario.group_of
    experts["next"] = experts["previous"] = experts["jobs"] = experts["due"] = NOBODY
    experts["accepts"] = np.array([group.acceptance for group in groups])[scenario.group_of]
    changes: list[tuple[float, int]] = []
    row = 0
    for group in groups:
        breaks = recorded_breaks(group, cycle)
        for spans in expert_spans(group, scenario.tables.start_day, cycle):
            experts[row]["first_change"] = len(changes)
            if spans is None:
                experts[row]["on"] = 1
            else:
                own = sorted([(begin, 1) for begin, _ in spans] + [(end, 0) for _, end in spans])
                if own and own[0] == (0.0, 1) and own[-1] == (cycle, 0):  # through the end of the cycle
                    own = own[1:-1]
                    experts[row]["on"] = 1
                elif own and own[0] == (0.0, 1):
                    experts[row]["on"] = 1
                changes.extend(sorted(own + breaks))
            experts[row]["changes"] = len(changes) - experts[row]["first_change"]
            row += 1
    return experts, np.array(changes or [(0.0, 0)], CHANGE), cycle


def _first_changes(layout: Layout) -> NDArray[np.int64]:
    """``(experts,)`` each one's first change after the start."""
    first = np.zeros(len(layout.experts), np.int64)
    for e, expert in enumerate(layout.experts):
        own = layout.changes["time"][expert["first_change"] : expert["first_change"] + expert["changes"]]
        later = np.flatnonzero(own > 0)
        if len(later):
            first[e] = later[0]
        elif len(own):  # nothing but a change at the start of each cycle
            layout.experts[e]["cycle_start"] = layout.engine[0]["cycle_s"]
    return first
