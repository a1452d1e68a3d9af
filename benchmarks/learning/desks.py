"""The desks on which learners are trained and judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.policies.desks import load_scenario
from deskmatch.policies import fcfs, most_qualified, preference_lists
from deskmatch.policies.dispatch import Rule
from deskmatch.simulation import Scenario

__all__ = ["DESKS", "TrainingDesk"]

HOUR = 3600


@dataclass(frozen=True)
class TrainingDesk:
    """A desk, and what learners begin with there.

    Parameters
    ----------
    name, title : in files and on the page.
    rules : those of the comparison by name; the first is what learners clone.
    episode_h, judged_h : hours of a run that is learned from, and of one of the comparison.
    size : how many times as many experts and tickets.
    exact : its optimum is computed.
    weights_of : the desk on which the weights are trained; None: this one.
    of_track : the scenario and the load of `benchmarks.policies` that it is; None: one of this benchmark's own.
    transitions, seeds : simulated decisions of each training run, and how many of these.
    trials, trial_transitions : of tuning.
    """

    name: str
    title: str
    rules: dict[str, Rule]
    episode_h: float
    judged_h: float
    size: int = 1
    exact: bool = False
    weights_of: str | None = None
    of_track: tuple[str, float] | None = None
    transitions: int = 40_000
    seeds: int = 5
    trials: int = 2
    trial_transitions: int = 20_000

    def scenario(self, hours: float) -> Scenario:
        """So many hours of it, the first quarter of an hour not counted."""
        length = {"horizon_s": hours * HOUR, "warmup_s": 900}
        if self.of_track is not None:
            return load_scenario(*self.of_track).replace(**length)
        tables = _n_model() if self.exact else _mixed(self.size)
        return Scenario.load({"name": self.name, **length, **tables})


def _n_model() -> dict[str, Any]:
    """Two types, two groups: plain tickets for both, special ones, dear and impatient, for one of them.

    The desk is of our own making, so small that its optimum can be computed, and such that holding a generalist back
    for special tickets earns more than any work-conserving policy can.
    """
    own = {"handling": 180, "max_hops": 0}
    slopes = {"slope_below": 0.0005, "slope_above": 0.0005}
    return {
        "channels": {"call": {"patience": 300}, "line": {"like": "call", "patience": 60}},
        "types": {
            "plain": {"channel": "call", "arrivals": {"per_hour": 70}, **own},
            "special": {"channel": "line", "arrivals": {"per_hour": 18}, **own},
        },
        "groups": {
            "front": {"experts": 3, "channels": ["call"], "topics": {"plain": 0.75}},
            "both": {"experts": 2, "topics": {"plain": 0.8, "special": 0.8}},
        },
        "reward": {"default": {"lost": -0.5, **slopes}, "channels": {"line": {"value": 3, **slopes}}},
    }


def _mixed(size: int) -> dict[str, Any]:
    """Forty experts (times `size`) in five groups: two languages, two tiers, calls and chats, scarce specialists."""

    def type_of(channel: str, per_hour: float, handling: float, **more: Any) -> dict[str, Any]:
        law = {"law": "lognormal", "mean_s": handling, "cv": 1.0}
        return {"channel": channel, "arrivals": {"per_hour": per_hour * size}, "handling": law, **more}

    return {
        "drain_s": 1800,
        "channels": {"call": {"patience": 180}, "chat": {"concurrency": [1, 1.6], "patience": 400}},
        "types": {
            "billing": type_of("call", 150, 240, language={"en": 0.7, "de": 0.3}),
            "technical": type_of("call", 90, 360, language={"en": 0.7, "de": 0.3}),
            "domains": type_of("chat", 70, 480, language="en"),
            "security": type_of("call", 30, 420, language="en", importance=2.0),
        },
        "groups": {
            "first": {"experts": 14 * size, "channels": ["call"], "languages": ["en"],
                      "topics": {"billing": 0.8, "technical": 0.5}},
            "german": {"experts": 9 * size, "channels": ["call"], "topics": {"billing": 0.8, "technical": 0.6}},
            "chatters": {"experts": 7 * size, "channels": {"chat": 2, "call": 1}, "languages": ["en"],
                         "topics": {"domains": 0.85, "billing": 0.6}},
            "second": {"experts": 7 * size, "tier": 2, "channels": ["call"],
                       "topics": {"billing": 0.85, "technical": 0.85, "security": 0.6}},
            "security": {"experts": 3 * size, "channels": ["call"], "languages": ["en"],
                         "topics": {"security": 0.9, "technical": 0.9}},
        },
    }  # fmt: skip


_LISTS = preference_lists(groups={"plain": ["front", "both"]}, queues={"both": ["special", "plain"]})
_SMALL = {"first come": fcfs(), "most qualified": most_qualified()}
_MIXED = {"first come, longest idle": fcfs(), "first come, fastest": fcfs("fastest")}
DESKS = {
    desk.name: desk
    for desk in (
        TrainingDesk("n", "N-model", {"lists": _LISTS, "first come": fcfs()}, 3, 24, exact=True),
        TrainingDesk("small", "Small desk of the track", _SMALL, 2, 12, of_track=("small", 0.9), seeds=3),
        TrainingDesk("forty", "Forty experts", _MIXED, 1.5, 6, seeds=2, trials=1, trial_transitions=10_000),
        TrainingDesk("four-hundred", "Four hundred experts", _MIXED, 1.5, 1, size=10, weights_of="forty"),
    )
}
