"""What is wrong or odd in a scenario beyond single keys: names that nothing defines, shifts that overlap, overload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deskmatch.routing.kinds import Kind
from deskmatch.routing.validation import did_you_mean
from deskmatch.simulation.naming import UNKNOWN, QueueClass, SimulatedType, settled
from deskmatch.simulation.settings import Group, ScenarioTables
from deskmatch.simulation.shifts import cycle_of, expert_spans, overlaps

__all__ = ["problems_of", "warnings_of"]

BUSY = 0.999
"""Share of the experts' time from which work without abandonment is called too much."""


def problems_of(tables: ScenarioTables) -> list[str]:
    """All that makes the scenario unfit to be simulated, as lines that name the key."""
    return [*_unknown_names(tables), *_wrong_types(tables), *_wrong_records(tables), *_wrong_hours(tables)]


def _unknown_names(tables: ScenarioTables) -> Iterator[str]:
    topics = {topic for name, each in tables.types.items() for topic in (each.topic or {name: 1.0})}
    languages = {language for each in tables.types.values() for language in each.language}
    if tables.recorded is not None:
        topics |= {topic for topic in tables.recorded.topic if topic is not None}
        languages |= {language for language in tables.recorded.language if language is not None}
    tags = {tag for group in tables.groups.values() for tag in group.tags}
    for name, each in tables.types.items():
        yield from _missing(f"types.{name}.channel", [each.channel], tables.channels, "a channel")
        yield from _missing(f"types.{name}.requires", each.requires, tags, "a tag of a group")
        yield from _missing(f"types.{name}.seen_as", each.seen_as, {*topics, UNKNOWN}, "a topic")
    for name, group in tables.groups.items():
        yield from _missing(f"groups.{name}.channels", group.channels or (), tables.channels, "a channel")
        yield from _missing(f"groups.{name}.languages", group.languages or (), languages, "a language of a type")
        yield from _missing(f"groups.{name}.topics", group.topics, {*topics, "*"}, "a topic of a type")
        yield from _missing(f"groups.{name}.speeds", group.speeds, tables.types, "a type")
        yield from _missing(f"groups.{name}.handling", group.handling, tables.types, "a type")
    yield from _missing("reward.channels", tables.reward.channels, tables.channels, "a channel")


def _missing(key: str, names: object, known: object, what: str) -> Iterator[str]:
    for name in names:  # type: ignore[attr-defined]
        if name not in known:  # type: ignore[operator]
            hint = did_you_mean(name, known) or f" (known here: {', '.join(sorted(known))})"  # type: ignore[call-overload, arg-type]
            yield f"{key}: {name!r} is not {what}{hint}"


def _wrong_types(tables: ScenarioTables) -> Iterator[str]:
    for name, each in tables.types.items():
        several = len(each.language) > 1 or len(each.topic or {}) > 1
        if several and each.arrivals is not None and each.arrivals.times_s is not None:
            yield f"types.{name}.arrivals: are recorded, so that the type should have one language and one topic"
        model = tables.channels.get(each.channel)
        if model is None:
            continue
        kind, _ = settled(each.channel, model)
        if kind in (Kind.POST, Kind.CALLBACK) and (each.patience or each.balk or model.patience or model.balk):
            yield f"types.{name}: comes by {each.channel!r}, which is like a {kind}, whose customers never hang up"


MOST_KINDS = 2000
"""Languages × topics × importances that recorded arrivals may have: each is a queue of its own."""


def _wrong_records(tables: ScenarioTables) -> Iterator[str]:
    recorded = tables.recorded
    counts = Counter(() if recorded is None else recorded.types)
    for name, each in tables.types.items():
        if each.arrivals is not None and counts[name]:
            yield f"types.{name}.arrivals: stand beside {counts[name]} that are recorded; expected one of them"
        elif each.arrivals is None and not counts[name]:
            yield f"types.{name}.arrivals: is required, as none of this type is recorded"
    if recorded is None:
        return
    for defect in recorded.unknown_types(tables.types):
        yield f"recorded: {defect}"
    for name, each in tables.types.items():
        for column, known in (("language", each.language), ("topic", each.topic or {name: 1.0})):
            if len(known) > 1:
                for defect in recorded.empty_cells(column, name):
                    yield f"recorded: {defect}"
    kinds = len(recorded.kinds)
    if kinds > MOST_KINDS:
        yield (
            f"recorded: has {kinds} different types, languages, topics and importances; expected at most {MOST_KINDS},"
            " as each is a queue of its own"
        )


def _wrong_hours(tables: ScenarioTables) -> Iterator[str]:
    cycle = cycle_of(list(tables.groups.values()))
    for name, group in tables.groups.items():
        numbered = sum(shift.experts or 0 for shift in group.shifts)
        if numbered > group.experts:
            yield f"groups.{name}.shifts: are for {numbered} experts; the group has {group.experts}"
            continue
        if any(spans is not None and overlaps(spans) for spans in _spans(tables, group, cycle)):
            yield f"groups.{name}.shifts: overlap for one expert; expected shifts that come one after the other"
        for number, shift in enumerate(group.shifts):
            for begin, end in shift.breaks:
                length = (shift.end - shift.start) % 86_400 or 86_400
                if not (begin - shift.start) % 86_400 < (end - shift.start) % 86_400 <= length:
                    yield f"groups.{name}.shifts[{number + 1}].breaks: should begin and end within the shift, in order"
                    break
            ordered = sorted(shift.breaks)
            if any(later[0] < earlier[1] for earlier, later in pairwise(ordered)):
                yield f"groups.{name}.shifts[{number + 1}].breaks: overlap"


def _spans(tables: ScenarioTables, group: Group, cycle: float) -> list[list[tuple[float, float]] | None]:
    return expert_spans(group, tables.start_day, cycle)


def warnings_of(
    tables: ScenarioTables,
    types: tuple[SimulatedType, ...],
    queues: tuple[QueueClass, ...],
    eligible: NDArray[np.bool_],
) -> tuple[str, ...]:
    """What is odd and no error, a sentence each."""
    return (*_overload(tables, types, eligible), *_idle_groups(tables, eligible), *_too_late(tables))


def _too_late(tables: ScenarioTables) -> Iterator[str]:
    """Recorded arrivals that are not simulated."""
    if tables.recorded is not None:
        late = int((tables.recorded.arrived_s >= tables.horizon_s).sum())
        if late:
            yield f"recorded: {late} of {len(tables.recorded)} arrivals come at the horizon or later, and are left out"


def _overload(tables: ScenarioTables, types: tuple[SimulatedType, ...], eligible: NDArray[np.bool_]) -> Iterator[str]:
    """Sets of types that bring more work than the groups that may serve them can do, and whose customers all stay."""
    groups = list(tables.groups.values())
    cycle = cycle_of(groups)
    speed = np.array([_full_time(tables, group, cycle) * group.speed * _most(tables, group) for group in groups])
    work = np.array([each.arrivals.per_s(tables.horizon_s) * each.handling.mean for each in types])
    stays = np.array([_stays(tables, each) for each in types])
    told: set[tuple[int, ...]] = set()
    for row in range(len(types)):
        within = np.array([not (eligible[other] & ~eligible[row]).any() for other in range(len(types))])
        members = tuple(np.flatnonzero(within & stays & (work > 0)).tolist())
        can = speed[eligible[row]].sum()
        if members and members not in told and work[list(members)].sum() > BUSY * can:
            told.add(members)
            names = ", ".join(types[member].name for member in members[:3]) + (" …" if len(members) > 3 else "")
            yield (
                f"{names}: bring work for {work[list(members)].sum():.1f} experts and there are {can:.1f} on average;"
                " nobody gives up, so that the queue grows without end"
            )


def _most(tables: ScenarioTables, group: Group) -> float:
    """The most work at once that an expert of a group does, relative to one ticket."""
    limits = dict.fromkeys(tables.channels, 1) if group.channels is None else group.channels
    best = 1.0
    for name, limit in limits.items():
        model = tables.channels[name]
        exclusive = settled(name, model)[1].exclusive if model.exclusive is None else model.exclusive
        if not exclusive and limit > 1:
            curve = model.concurrency
            best = max(best, float(limit) if not curve else curve[min(limit, len(curve)) - 1])
    return best


def _full_time(tables: ScenarioTables, group: Group, cycle: float) -> float:
    """Experts of a group that are logged in on average."""
    spans = _spans(tables, group, cycle)
    return sum(1.0 if own is None else sum(end - begin for begin, end in own) / cycle for own in spans)


def _stays(tables: ScenarioTables, each: SimulatedType) -> bool:
    model = tables.channels[each.settings.channel]
    kind, defaults = settled(each.settings.channel, model)
    if model.queue_capacity is not None:
        return False
    if "patience" in each.settings.model_fields_set:
        return each.settings.patience is None
    if "patience" in model.model_fields_set:
        return model.patience is None
    return defaults.patience_s is None or kind in (Kind.POST, Kind.CALLBACK)


def _idle_groups(tables: ScenarioTables, eligible: NDArray[np.bool_]) -> Iterator[str]:
    for row, name in enumerate(tables.groups):
        if not eligible[:, row].any():
            yield f"groups.{name}: no type of ticket can go to it"
