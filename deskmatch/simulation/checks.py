"""What is wrong or odd in a scenario beyond single keys: names that nothing defines, shifts that overlap, overload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.routing.kinds import Kind
from deskmatch.routing.validation import did_you_mean
from deskmatch.simulation.naming import UNKNOWN, SimulatedType, after_work_of, of_laws, settled, times_of
from deskmatch.simulation.settings import TOTAL, Group, ScenarioTables
from deskmatch.simulation.shifts import cycle_of, expert_spans, overlaps, repeats_after

__all__ = ["problems_of", "warnings_of"]

BUSY = 0.999
"""Share of the experts' time from which work without abandonment is called too much."""


def problems_of(tables: ScenarioTables) -> list[str]:
    """All that makes the scenario unfit to be simulated, as lines that name the key."""
    return [
        *_warm_up(tables),
        *_unknown_names(tables),
        *_wrong_channels(tables),
        *_wrong_types(tables),
        *_wrong_records(tables),
        *_wrong_hours(tables),
    ]


def _warm_up(tables: ScenarioTables) -> Iterator[str]:
    if tables.warmup_s >= tables.horizon_s:
        yield f"warmup_s = {tables.warmup_s:g}: should be below horizon_s = {tables.horizon_s:g}"


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
        yield from _missing(f"types.{name}.hand_on", each.onto, tables.types, "a type")
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
            listed = ", ".join(sorted(known)) or "none"  # type: ignore[call-overload]
            hint = did_you_mean(name, known) or f" (known here: {listed})"  # type: ignore[arg-type]
            yield f"{key}: {name!r} is not {what}{hint}"


def _wrong_channels(tables: ScenarioTables) -> Iterator[str]:
    if TOTAL in tables.channels:
        yield f"channels.{TOTAL}: is what the whole desk is called in tables; expected another name"
    names: dict[str, str] = {}
    for name in tables.channels:
        other = names.setdefault(fold(name), name)
        if other != name:
            yield f"channels.{name}: differs from {other!r} in case only; expected names that differ otherwise"


def _wrong_types(tables: ScenarioTables) -> Iterator[str]:
    for name, each in tables.types.items():
        several = len(each.language) > 1 or len(each.topic or {}) > 1
        if several and name in _handed_to(tables):
            yield f"types.{name}: tickets are handed on to it, so that it should have one language and one topic"
        if several and each.arrivals is not None and each.arrivals.times_s is not None:
            yield f"types.{name}.arrivals: are recorded, so that the type should have one language and one topic"
        model = tables.channels.get(each.channel)
        if model is None:
            continue
        kind, _ = settled(each.channel, model)
        if kind in (Kind.POST, Kind.CALLBACK) and (each.patience or each.balk or model.patience or model.balk):
            yield f"types.{name}: comes by {each.channel!r}, which is like a {kind}, whose customers never hang up"


def _handed_to(tables: ScenarioTables) -> set[str]:
    """Types that tickets of other types become."""
    return {name for each in tables.types.values() for name in each.onto}


MOST_KINDS = 2000
"""Languages × topics × importances that recorded arrivals may have: each is a queue of its own."""


def _wrong_records(tables: ScenarioTables) -> Iterator[str]:
    recorded = tables.recorded
    counts = Counter(() if recorded is None else recorded.types)
    for name, each in tables.types.items():
        if each.arrivals is not None and counts[name]:
            yield f"types.{name}.arrivals: stand beside {counts[name]} that are recorded; expected one of them"
        elif each.arrivals is None and not counts[name] and name not in _handed_to(tables):
            yield f"types.{name}.arrivals: is required, as none of this type is recorded, or handed on to it"
    if recorded is None:
        return
    where = "" if recorded.table == "recorded" else "recorded: "
    for defect in recorded.unknown_types(tables.types):
        yield f"{where}{defect}"
    for name, each in tables.types.items():
        if name in _handed_to(tables) and sum(kind[0] == name for kind in recorded.kinds) > 1:
            yield f"{where}types.{name}: tickets are handed on to it; expected recorded ones that are all of one kind"
        for column, known in (("language", each.language), ("topic", each.topic or {name: 1.0})):
            if len(known) > 1:
                for defect in recorded.empty_cells(column, name):
                    yield f"{where}{defect}"
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
        period = repeats_after(group)
        if period is not None and abs(cycle / period - round(cycle / period)) > 1e-6:
            key = "staffing" if group.staffing else "logins_every_s"
            yield f"groups.{name}.{key}: repeats every {period:g} s; expected a whole number of seconds"
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
    eligible: NDArray[np.bool_],
) -> tuple[str, ...]:
    """What is odd and no error, a sentence each.

    Parameters
    ----------
    tables, types : of the scenario.
    eligible : ``(queues, groups)`` as in `Scenario`; the types' own queues come first.
    """
    return (
        *_overload(tables, types, eligible[: len(types)]),
        *_idle_groups(tables, eligible),
        *_nobody_there(tables, types, eligible[: len(types)]),
        *_no_arrivals(tables, types),
        *_too_late(tables),
    )


def _nobody_there(
    tables: ScenarioTables, types: tuple[SimulatedType, ...], eligible: NDArray[np.bool_]
) -> Iterator[str]:
    """Types whose experts never work while the scenario runs."""
    groups, end = list(tables.groups.values()), tables.horizon_s + tables.drain_s
    cycle = cycle_of(groups)
    there = np.array(
        [
            any(own is None or any(begin < end for begin, _ in own) for own in _spans(tables, group, cycle))
            for group in groups
        ]
    )
    for row, each in enumerate(types):
        if not (eligible[row] & there).any():
            yield f"types.{each.written}: nobody who can serve {each.name!r} is logged in at any time of the run"


def _no_arrivals(tables: ScenarioTables, types: tuple[SimulatedType, ...]) -> Iterator[str]:
    """Types of which no ticket comes."""
    come = {each.written for each in types if each.arrivals.per_s(tables.horizon_s) > 0}
    for name in tables.types:
        if name not in come | _handed_to(tables):
            yield f"types.{name}: no ticket of it arrives before the horizon"


def _too_late(tables: ScenarioTables) -> Iterator[str]:
    """Recorded arrivals that are not simulated."""
    if tables.recorded is not None:
        late = int((tables.recorded.arrived_s >= tables.horizon_s).sum())
        if late:
            yield f"recorded: {late} of {len(tables.recorded)} arrivals come at the horizon or later, and are left out"


def _overload(tables: ScenarioTables, types: tuple[SimulatedType, ...], eligible: NDArray[np.bool_]) -> Iterator[str]:
    """Sets of types that bring more work than the groups that may serve them can do, and whose customers all stay.

    Work is counted in the types' own handling times and work after contacts. A group does it as fast as that type of
    the set which it is best at, so that nothing is called too much which could be done. Repeat contacts, transfers
    and the hours in which work goes on faster or slower are not counted.
    """
    groups = list(tables.groups.values())
    cycle = cycle_of(groups)
    experts = np.array([_full_time(tables, group, cycle) * _most(tables, group) for group in groups])
    after = np.array([0.0 if law is None else law.mean for law in (each.settings.after_work for each in types)])
    own = np.array([each.handling.mean for each in types]) + after
    there = times_of(tables, types) + of_laws(after_work_of(tables, types), lambda law: law.mean)
    speed = np.divide(own[:, None], there, out=np.full(there.shape, 1e12), where=there > 0)
    work = np.array([each.arrivals.per_s(tables.horizon_s) * _joins(tables, each) for each in types]) * own
    stays = np.array([_stays(tables, each) for each in types])
    told: set[tuple[int, ...]] = set()
    for row in range(len(types)):
        within = ~(eligible & ~eligible[row]).any(axis=1)
        members = np.flatnonzero(within & stays & (work > 0))
        if not len(members) or tuple(members) in told:
            continue
        fastest = np.where(eligible[members], speed[members], 0.0).max(axis=0)
        can = float(experts[fastest > 0] @ fastest[fastest > 0])
        if work[members].sum() > BUSY * can:
            told.add(tuple(members))
            names = ", ".join(types[member].name for member in members[:3]) + (" …" if len(members) > 3 else "")
            yield (
                f"{names}: bring work for {work[members].sum():.1f} experts and there are {can:.1f} on average;"
                " nobody gives up, so that the queue grows without end"
            )


def _joins(tables: ScenarioTables, each: SimulatedType) -> float:
    """Share of the tickets of a type that join the queue where they must wait."""
    balk = each.settings.balk
    return 1.0 - (tables.channels[each.settings.channel].balk if balk is None else balk)


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
    if each.marks is not None and not np.isnan(each.marks[:, 0]).all():
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
