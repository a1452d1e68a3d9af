"""Groups of a scenario from who was at work when and served what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from deskmatch.simulation.calibration.contact_log import ContactLog
from deskmatch.simulation.calibration.presence import Presence, Spans
from deskmatch.simulation.calibration.skills import skill_sets, skills_of
from deskmatch.simulation.settings import DAY_S

__all__ = ["desk_of_tickets", "drain_of", "expert_of", "groups_of"]

WEEK_S = 7 * DAY_S
MOST_IN_HAND = 64
"""Of one expert; the most that a scenario can say."""


def groups_of(log: ContactLog, presence: Presence, settings: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """One group for each expert and set of types served, with the logins of the days on which it was that.

    An expert of several sets, on different days, is called ``name/2``, ``name/3``, … for the less frequent ones.

    Parameters
    ----------
    log : the contacts.
    presence : who was at work when.
    settings : by an expert's name, keys of its groups; ``topics`` has the rates of all types.
    """
    worked = np.zeros((len(log.experts), log.days), bool)
    for row, spans in enumerate(presence.spans):
        worked[row, log.day_of(spans[:, 0])] = True
    last = max((float(spans[-1, 1]) for spans in presence.spans if len(spans)), default=0.0)
    every_s = -(-max(log.days * DAY_S, last) // WEEK_S) * WEEK_S
    groups: dict[str, Any] = {}
    sets: dict[str, int] = {}
    for expert, skills, days in skill_sets(skills_of(log), worked):
        name = log.experts[expert]
        sets[name] = sets.get(name, 0) + 1
        spans = presence.spans[expert]
        breaks = presence.breaks[expert]
        own = spans[np.isin(log.day_of(spans[:, 0]), days)]
        keys = settings(name)
        rates = keys.pop("topics", {})
        groups[name if sets[name] == 1 else f"{name}/{sets[name]}"] = {
            "experts": 1,
            **keys,
            "topics": {log.types[t]: rates.get(log.types[t], 1.0) for t in np.flatnonzero(skills)},
            "logins_s": [[round(float(begin), 1), round(float(end), 1)] for begin, end in own if end - begin > 0.1],
            "breaks_s": [[round(float(begin), 1), round(float(end), 1)] for begin, end in _inside(breaks, own)],
            "logins_every_s": every_s,
        }
    known = {topic for group in groups.values() for topic in group["topics"]}
    occurring = [log.types[code] for code in np.unique(log.type)]
    for group in groups.values():  # what nobody serves for sure anybody may be given
        group["topics"].update({topic: 1.0 for topic in occurring if topic not in known})
    return groups


def desk_of_tickets(log: ContactLog, resolution: Mapping[str, float]) -> dict[str, Any]:
    """One group of all experts, always there and with room for all tickets: their work is not in the log, only its
    end."""
    return {
        "desk": {
            "experts": max(len(log.experts), -(-2 * _most_in_hand(log) // MOST_IN_HAND)),
            "channels": dict.fromkeys(log.channels, MOST_IN_HAND),
            "topics": {"*": 1.0, **resolution},
        }
    }


def _most_in_hand(log: ContactLog) -> int:
    """The most tickets that were open at once."""
    change = np.concatenate((np.ones(len(log)), -np.ones(len(log))))
    order = np.argsort(np.concatenate((log.queued_s, log.ended_s)), kind="stable")
    return int(np.cumsum(change[order]).max())


def drain_of(types: Iterable[Mapping[str, Any]]) -> float:
    """Seconds after the horizon in which everything can be finished, a day at least."""
    longest = max(
        (max(each["handling"]["sample_s"]) for each in types if "sample_s" in each.get("handling", {})), default=0.0
    )
    return float(max(DAY_S, 2 * longest))


def _inside(breaks: Spans, spans: Spans) -> Spans:
    """Breaks that begin in one of the spans."""
    at = np.searchsorted(spans[:, 0], breaks[:, 0], side="right") - 1
    return np.asarray(breaks[(at >= 0) & (breaks[:, 0] < spans[np.maximum(at, 0), 1])])


def expert_of(group: str, experts: set[str]) -> str:
    """The expert of a group that `groups_of` has named."""
    return group if group in experts else group.rsplit("/", 1)[0]
