"""`replay`: a calibrated twin with the arrivals and the staffing that a log shows, and `current_rule`, the routing
used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ScenarioError
from deskmatch.policies.dispatch import ExpertBy, Rule
from deskmatch.simulation.calibration.coming_again import marked
from deskmatch.simulation.calibration.contact_links import base_name
from deskmatch.simulation.calibration.contact_log import ContactLog, check_served
from deskmatch.simulation.calibration.in_hand import find_in_hand
from deskmatch.simulation.calibration.known_priorities import with_known_priorities
from deskmatch.simulation.calibration.presence import Presence, infer_presence
from deskmatch.simulation.calibration.staffing import drain_of, expert_of, groups_of
from deskmatch.simulation.calibration.working_time import HOUR_S, WEEK, days_off_of
from deskmatch.simulation.provenance import Provenance
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.settings import DAY_S, Arrivals

__all__ = ["again_of", "arriving", "current_rule", "provenance_of", "replay"]

OF_EXPERTS = ("channels", "speed_cv", "after_work", "after_work_calm")
"""What a replay keeps of an expert's group beside speeds, topics and tier."""


def provenance_of(scenario: Scenario) -> Provenance:
    """Where a calibrated scenario comes from.

    Raises
    ------
    ScenarioError
        Where it was not calibrated.
    """
    found = scenario.tables.calibration
    if found is None:
        raise ScenarioError(f"{scenario.tables.name!r} was not learned from a log: it has no table [calibration]")
    return found


def current_rule(scenario: Scenario) -> Rule:
    """The routing that the log shows: first come, first served, with head starts."""
    found = provenance_of(scenario)
    starts = {
        each.name: found.head_start_s[each.written]
        for each in scenario.types
        if found.head_start_s.get(each.written, 0.0)
    }
    return Rule("current rule", expert_by=ExpertBy[found.expert_by.upper()], head_start_s=starts)


def replay(scenario: Scenario, log: ContactLog, *, presence: Presence | None = None) -> Scenario:
    """The twin on the days of a log: its arrivals and its logins as they were; times, patience and skills as learned.

    Who is handed on, or comes again because of how a contact ended, is not replayed: the twin does that by itself,
    where it has learned to and the log tells such contacts from the others; else they are arrivals.

    Classes of contacts and experts that the twin does not know take what is nearest: the class of the same type, the
    type of the most contacts, an expert of mean speed with the skills that the log shows.

    Parameters
    ----------
    scenario : a calibrated one.
    log : of any period.
    presence : who was at work when; default: inferred from the log.

    Raises
    ------
    InputError
        Where no contact of the log was served for any time.
    ScenarioError
        Where the scenario was not calibrated.
    """
    provenance_of(scenario)
    check_served(log)
    log = with_known_priorities(log)
    values = scenario.to_dict()
    types: dict[str, Any] = {}
    values["types"] = {name: _as_told(each, log) for name, each in values["types"].items()}
    comes = arriving(scenario, log)
    for code, name in enumerate(log.class_names()):
        times = log.queued_s[comes & (log.contact_class == code)]
        if not len(times):
            continue
        known = _nearest_type(scenario, name, log.types[code // len(log.priorities)])
        types[name] = {**values["types"][known], "arrivals": {"times_s": times.tolist()}}
        types[name]["topic"] = {log.types[code // len(log.priorities)]: 1.0}
    _add_what_they_become(types, values["types"])
    experts = {expert_of(name, set(log.experts)): group for name, group in reversed(values["groups"].items())}

    usual = _usual(values["groups"])

    def settings(name: str) -> dict[str, Any]:
        own = {**usual, **experts.get(name, {})}
        speeds = {key: value for key, value in own.get("speeds", {}).items() if key in types}
        kept = {key: own[key] for key in OF_EXPERTS if own.get(key)}
        return {"speeds": speeds, "topics": own.get("topics", {}), "tier": own.get("tier", 1), **kept}

    if log.on_line:
        groups = groups_of(log, infer_presence(log, find_in_hand(log)) if presence is None else presence, settings)
    else:
        occurring = {"*", *(topic for each in types.values() for topic in each["topic"])}
        groups = {
            name: {**group, "topics": {key: rate for key, rate in group["topics"].items() if key in occurring}}
            for name, group in values["groups"].items()
        }
    _have_experts(types, groups, lambda name: experts.get(expert_of(name, set(log.experts)), {}).get("topics", {}))
    return Scenario.load(
        {
            **values,
            "name": f"{scenario.tables.name}, replayed",
            "horizon_s": log.days * DAY_S,
            "warmup_s": 0.0,
            "drain_s": drain_of(types.values()),
            "busyness_cv": 0.0,
            "start_day": log.weekday,
            "channels": _hours_of(scenario, values["channels"], log),
            "types": types,
            "groups": groups,
        }
    )


def _hours_of(scenario: Scenario, channels: Mapping[str, dict[str, Any]], log: ContactLog) -> dict[str, Any]:
    """The channels, with working hours from the weekday on which the log begins, and its days off."""
    found = {}
    ahead = (log.weekday - scenario.tables.start_day) % WEEK
    usual = np.roll(_usual_week(scenario), -ahead)[np.arange(log.days) % WEEK]
    off = days_off_of(np.bincount(log.day_of(log.queued_s), minlength=log.days), usual).tolist()
    for name, channel in channels.items():
        model = scenario.tables.channels[name]
        if model.progress and (len(model.progress) * model.progress_every_s) % (WEEK * DAY_S) == 0:
            progress = np.roll(model.progress, -round(ahead * DAY_S / model.progress_every_s)).tolist()
            channel = {**channel, "progress": progress, "days_off": off}
        found[name] = channel
    return found


def _usual_week(scenario: Scenario) -> NDArray[np.float64]:
    """``(7,)`` contacts that the twin expects on each day of a week, from the weekday on which it begins."""
    found = np.zeros(WEEK)
    for each in scenario.tables.types.values():
        if each.arrivals is not None and each.arrivals.per_hour:
            per_day = int(DAY_S // each.arrivals.every_s)
            rates = np.resize(each.arrivals.per_hour, (WEEK, per_day))
            found += rates.sum(axis=1) * each.arrivals.every_s / HOUR_S
    return found


def arriving(scenario: Scenario, log: ContactLog) -> NDArray[np.bool_]:
    """``(rows,)`` contacts that a replay takes from the log: those that the twin does not bring about by itself."""
    hands_on = log.linked and any(each.onto for each in scenario.tables.types.values())
    return (log.comes if hands_on else np.ones(len(log), bool)) & ~again_of(scenario, log)


def again_of(scenario: Scenario, log: ContactLog, *, repeats: bool = True) -> NDArray[np.bool_]:
    """``(rows,)`` contacts of customers who came again because of the one before.

    Parameters
    ----------
    scenario : a calibrated one.
    log : of any period.
    repeats : also of those whose contact was not resolved, and not only of those who gave up.
    """
    found = provenance_of(scenario)
    return marked(log, found.redials, found.repeats if repeats else ())


def _as_told(settings: dict[str, Any], log: ContactLog) -> dict[str, Any]:
    """A type without what would double contacts that the log has as arrivals."""
    found = dict(settings)
    if not (log.customer >= 0).any():
        found |= {"redial": 0.0, "repeat": 0.0}
    if not log.linked and _onto(found):
        found["hand_on"] = "never"
    return found


def _add_what_they_become(types: dict[str, Any], known: dict[str, Any]) -> None:
    """Types of the twin of which none comes, but as which contacts are handed on."""
    wanted = [name for each in types.values() for name in _onto(each)]
    while wanted:
        name = wanted.pop()
        if name not in types:
            types[name] = {key: value for key, value in known[name].items() if key != "arrivals"}
            wanted += _onto(types[name])


def _onto(settings: dict[str, Any]) -> list[str]:
    found = settings.get("hand_on")
    return list(found) if isinstance(found, dict) else []


def _have_experts(types: dict[str, Any], groups: dict[str, Any], learned: Callable[[str], Mapping[str, float]]) -> None:
    """Topics that nobody served on these days are served by those who do as the twin knows them, else by all."""
    served = {topic for group in groups.values() for topic in group["topics"]}
    if "*" in served:
        return
    for topic in {topic for each in types.values() for topic in each["topic"]} - served:
        rates = {name: learned(name)[topic] for name in groups if topic in learned(name)}
        for name, rate in (rates or dict.fromkeys(groups, 1.0)).items():
            groups[name]["topics"][topic] = rate


def _usual(groups: dict[str, Any]) -> dict[str, Any]:
    """What experts whom the twin does not know have in common with those whom it knows."""
    limits = [group["channels"] for group in groups.values() if group.get("channels")]
    names = {name for each in limits for name in each}
    return {
        "channels": {name: int(np.median([each.get(name, 1) for each in limits])) for name in sorted(names)},
        "speed_cv": float(np.median([group.get("speed_cv", 0.0) for group in groups.values()])),
    }


def _nearest_type(scenario: Scenario, name: str, topic: str) -> str:
    tables = scenario.tables.types
    if name in tables:
        return name
    for near in (topic, base_name(topic)):
        same = [key for key, each in tables.items() if near in (each.topic or {key: 1.0})]
        if same:
            return same[0]
    return max(tables, key=lambda key: _rate(tables[key].arrivals))


def _rate(arrivals: Arrivals | None) -> float:
    return 0.0 if arrivals is None else arrivals.mean_per_s or 0.0
