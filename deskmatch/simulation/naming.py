"""From the names of a scenario to rows and codes: types, queues, the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Vocabulary
from deskmatch.policies.dispatch import eligible_experts
from deskmatch.routing import kinds
from deskmatch.routing.kinds import Kind, kind_of
from deskmatch.simulation.laws import Law
from deskmatch.simulation.settings import Arrivals, ChannelModel, Group, ScenarioTables, TicketType

__all__ = [
    "UNKNOWN",
    "QueueClass",
    "SimulatedType",
    "desk_of",
    "expand_types",
    "laws_of",
    "of_laws",
    "onward_shares",
    "queue_classes",
    "seen_row",
    "settled",
    "times_of",
]

UNKNOWN = "?"
"""What a ticket is seen as whose topic nobody knows before it is served."""


@dataclass(frozen=True, slots=True)
class SimulatedType:
    """A type of ticket with one language and one topic.

    Parameters
    ----------
    name : as written, with language and topic where there are several.
    written : the key in the scenario.
    settings : as written.
    language, topic : names.
    arrivals : those of this language and topic.
    marks : ``(arrivals, 2)`` patience and promised wait of recorded arrivals, by time; None: nothing is recorded.
    handling : with the channel's default filled in.
    """

    name: str
    written: str
    settings: TicketType
    language: str
    topic: str
    arrivals: Arrivals
    handling: Law
    marks: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class QueueClass:
    """Tickets that look alike to the desk.

    Parameters
    ----------
    name : the type's name; with the topic that it is taken for, or ``@tier``, where these differ from its own.
    type : row of the type.
    channel : row of the channel.
    language : of its tickets.
    topic : as seen; `UNKNOWN`: any.
    tier : the lowest tier that may serve it.
    requires : tags of which an expert must hold all.
    importance : > 0.
    """

    name: str
    type: int
    channel: int
    language: str
    topic: str
    tier: int
    requires: tuple[str, ...]
    importance: float

    @property
    def needs(self) -> str:
        """What an expert must have, in words."""
        tags = f", tags {', '.join(self.requires)}" if self.requires else ""
        topic = "any topic" if self.topic == UNKNOWN else f"topic {self.topic!r}"
        return f"its channel, language {self.language!r}, {topic}, tier {self.tier} or above{tags}"


def settled(name: str, model: ChannelModel) -> tuple[Kind, kinds.KindDefaults]:
    """The kind of a channel, and that kind's defaults."""
    kind = model.like or kind_of(name)
    return kind, kinds.DEFAULTS[kind]


def expand_types(tables: ScenarioTables) -> tuple[SimulatedType, ...]:
    """One type for each language and topic of each type that is written, or for each kind of those recorded."""
    found: list[SimulatedType] = []
    for name, settings in tables.types.items():
        model = tables.channels[settings.channel]
        recorded = tables.recorded is not None and name in tables.recorded.types
        if settings.arrivals is None and recorded:
            found += _recorded_types(tables, name)
            continue
        arrivals = settings.arrivals or Arrivals(per_hour=(0.0,))  # it is only handed on to
        topics = settings.topic or {name: 1.0}
        whole = sum(settings.language.values()) * sum(topics.values())
        for language, spoken in settings.language.items():
            for topic, asked in topics.items():
                parts = [
                    name,
                    *([language] if len(settings.language) > 1 else []),
                    *([topic] if len(topics) > 1 else []),
                ]
                found.append(
                    SimulatedType(
                        name="/".join(parts),
                        written=name,
                        settings=settings,
                        language=language,
                        topic=topic,
                        arrivals=_scaled(arrivals, spoken * asked / whole),
                        handling=_handling(settings, model),
                    )
                )
    return tuple(found)


def _handling(settings: TicketType, model: ChannelModel) -> Law:
    return settings.handling or model.handling or Law(mean_s=settled(settings.channel, model)[1].handling_s)


def _recorded_types(tables: ScenarioTables, name: str) -> list[SimulatedType]:
    """A type for each language, topic and importance among the recorded arrivals of a type."""
    recorded, settings = tables.recorded, tables.types[name]
    kinds = {kind: rows for kind, rows in recorded.kinds.items() if kind[0] == name}
    found = []
    for (_, spoken, asked, importance), rows in kinds.items():
        own = settings if importance is None else settings.model_copy(update={"importance": importance})
        language = spoken or next(iter(settings.language))
        topic = asked or next(iter(settings.topic or (name,)))
        parts = [name, language, topic, f"{own.importance:g}"] if len(kinds) > 1 else [name]
        found.append(
            SimulatedType(
                name="/".join(parts),
                written=name,
                settings=own,
                language=language,
                topic=topic,
                arrivals=Arrivals.model_construct(times_s=tuple(recorded.arrived_s[rows].tolist())),
                handling=_handling(settings, tables.channels[settings.channel]),
                marks=np.column_stack((recorded.patience_s[rows], recorded.promised_wait_s[rows])),
            )
        )
    return found


def _scaled(arrivals: Arrivals, share: float) -> Arrivals:
    if share == 1 or arrivals.times_s is not None:
        return arrivals
    return arrivals.model_copy(update={"per_hour": tuple(rate * share for rate in arrivals.per_hour)})


def onward_shares(types: tuple[SimulatedType, ...]) -> NDArray[np.float64]:
    """``(types, types)`` share of the unresolved of each type that become another one; all 0: they keep their own."""
    row = {each.written: number for number, each in enumerate(types)}  # checked: those named have one row
    found = np.zeros((len(types), len(types)))
    for own, each in zip(found, types, strict=True):
        for name, share in each.settings.onto.items():
            own[row[name]] = share
    return found


def laws_of(tables: ScenarioTables, types: tuple[SimulatedType, ...]) -> list[list[Law]]:
    """The law of the handling time of each type at each group, before its speed."""
    return [[group.handling.get(each.written, each.handling) for group in tables.groups.values()] for each in types]


def after_work_of(
    tables: ScenarioTables, types: tuple[SimulatedType, ...], *, calm: bool = False
) -> list[list[Law | None]]:
    """The law of the work after a contact of each type at each group, while somebody waits or while nobody does."""
    own = [_after_work(group, calm) for group in tables.groups.values()]
    of_type = [_after_work(each.settings, calm) for each in types]
    return [[law if mine is None else mine for mine in own] for law in of_type]


def _after_work(settings: TicketType | Group, calm: bool) -> Law | None:
    said = calm and "after_work_calm" in settings.model_fields_set
    return settings.after_work_calm if said else settings.after_work


def of_laws(laws: Sequence[Sequence[Law | None]], what: Callable[[Law], float], none: float = 0.0) -> NDArray[Any]:
    """``(types, groups)`` what is found of each law; asked once of each, as most groups have those of the types."""
    distinct = {id(law): law for row in laws for law in row}
    found = {key: none if law is None else what(law) for key, law in distinct.items()}
    return np.array([[found[id(law)] for law in row] for row in laws])


def times_of(tables: ScenarioTables, types: tuple[SimulatedType, ...]) -> NDArray[np.float64]:
    """``(types, groups)`` mean time in service of each type at each group, its speed counted."""
    groups = tables.groups.values()
    speeds = np.array([[group.speed * group.speeds.get(each.written, 1.0) for group in groups] for each in types])
    return np.asarray(of_laws(laws_of(tables, types), lambda law: law.mean) / speeds)


def desk_of(tables: ScenarioTables, types: tuple[SimulatedType, ...]) -> tuple[Desk, NDArray[np.int64]]:
    """The experts of all groups, and the row of each one's group."""
    channels = Vocabulary(tuple(tables.channels))
    languages = Vocabulary(tuple(dict.fromkeys(each.language for each in types)))
    topics = Vocabulary(tuple(dict.fromkeys(each.topic for each in types)))
    tags = Vocabulary(tuple(dict.fromkeys(tag for group in tables.groups.values() for tag in group.tags)))
    rows = [row for row, group in enumerate(tables.groups.values()) for _ in range(group.experts)]
    group_of = np.array(rows, np.int64)
    groups = list(tables.groups.values())
    limit = np.array([[_limit(group.channels, name) for name in channels] for group in groups], np.int32)
    speaks = np.array([[group.languages is None or name in group.languages for name in languages] for group in groups])
    general = np.array([group.topics.get("*", np.nan) for group in groups])
    known = np.array([[group.topics.get(topic, group.topics.get("*", np.nan)) for topic in topics] for group in groups])
    has = np.array([[tag in group.tags for tag in tags] for group in groups], bool).reshape(len(groups), len(tags))
    desk = Desk(
        expert_ids=tuple(
            f"{name}-{number + 1}" for name, group in tables.groups.items() for number in range(group.experts)
        ),
        channels=channels,
        languages=languages,
        topics=topics,
        channel_limit=limit[group_of],
        speaks=speaks[group_of],
        proficiency=known[group_of],
        general_proficiency=general[group_of],
        tier=np.array([group.tier for group in groups], np.int32)[group_of],
        tags=tags,
        has=has[group_of],
        features={"group": np.array(list(tables.groups))[group_of]},
    )
    return desk, group_of


def _limit(channels: dict[str, int] | None, name: str) -> int:
    return 1 if channels is None else channels.get(name, 0)


def queue_classes(
    tables: ScenarioTables, types: tuple[SimulatedType, ...], desk: Desk, group_of: NDArray[np.int64]
) -> tuple[tuple[QueueClass, ...], NDArray[np.bool_]]:
    """The queues, each type's own first and in the order of the types; and ``(queues, groups)`` who may serve them."""
    channel = {name: row for row, name in enumerate(tables.channels)}
    queues = [
        QueueClass(
            each.name, row, channel[each.settings.channel], each.language, each.topic, each.settings.tier,
            each.settings.requires, each.settings.importance,
        )
        for row, each in enumerate(types)
    ]  # fmt: skip
    own = list(queues)
    for row, each in enumerate(types):
        others = [topic for topic in each.settings.seen_as if seen_row(own, own[row], topic) < 0]
        queues += [_other(own[row], f"{each.name}?{topic}", topic=topic) for topic in others]
    highest = max(group.tier for group in tables.groups.values())
    first = np.searchsorted(group_of, np.arange(len(tables.groups)))
    for row in range(len(types)):
        for tier in range(own[row].tier + 1, highest + 1):
            above = _other(own[row], f"{own[row].name}@{tier}", tier=tier)
            if _eligible(desk, above, first).any():
                queues.append(above)
    return tuple(queues), np.array([_eligible(desk, queue, first) for queue in queues])


def seen_row(queues: list[QueueClass], own: QueueClass, topic: str) -> int:
    """The queue of another type that a ticket joins if its topic is taken for this one, −1: there is none."""
    like = (own.channel, own.language, topic, own.tier, own.requires, own.importance)
    for row, queue in enumerate(queues):
        if (queue.channel, queue.language, queue.topic, queue.tier, queue.requires, queue.importance) == like:
            return row
    return -1


def _other(queue: QueueClass, name: str, *, topic: str | None = None, tier: int | None = None) -> QueueClass:
    return replace(queue, name=name, topic=topic or queue.topic, tier=tier or queue.tier)


def _eligible(desk: Desk, queue: QueueClass, first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """``(groups,)``; the experts of a group are alike, so that the first stands for all."""
    topics = None if queue.topic == UNKNOWN else (desk.topics.code(queue.topic),)
    mask = eligible_experts(
        desk,
        channel=queue.channel,
        language=desk.languages.code(queue.language),
        topics=topics,
        tier=queue.tier,
        tags=[desk.tags.code(tag) for tag in queue.requires],
    )
    return np.asarray(mask[first])
