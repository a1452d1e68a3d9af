"""The desks that are simulated in the benchmark; every number is made up."""

from __future__ import annotations

from typing import Any

from deskmatch.simulation import Scenario

__all__ = ["large_desk", "one_queue", "ten_types"]


def one_queue(n: int, rate: float, theta: float, tickets: float) -> Scenario:
    """M/M/n+M with mean service 1."""
    return Scenario.load(
        {
            "horizon_s": tickets / rate,
            "channels": {"call": {"patience": 1 / theta}},
            "types": {"t": {"channel": "call", "arrivals": {"per_hour": rate * 3600}, "handling": 1.0}},
            "groups": {"g": {"experts": n}},
        }
    )


def ten_types(tickets: float) -> Scenario:
    """Ten types of calls, eight groups that know three to six of them each, 100 experts, 95 % busy."""
    rate = 95.0
    types: dict[str, Any] = {
        f"t{k}": {
            "channel": "call",
            "arrivals": {"per_hour": rate / 10 * 3600},
            "handling": {"law": "lognormal", "mean_s": 1.0, "cv": 1.0},
            "patience": 2.0,
            "importance": 1.0 + k % 3,
        }
        for k in range(10)
    }
    groups = {
        f"g{p}": {"experts": 12 + (p < 4), "topics": [f"t{(p + step) % 10}" for step in range(3 + p % 4)]}
        for p in range(8)
    }
    return Scenario.load({"horizon_s": tickets / rate, "channels": {"call": {}}, "types": types, "groups": groups})


def large_desk() -> Scenario:
    """1,000 experts in shifts, 10 languages, 24 topics, 3 channels, about 40,000 tickets a day."""
    languages = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "cs"]
    weights = [0.28, 0.2, 0.12, 0.1, 0.08, 0.06, 0.05, 0.05, 0.03, 0.03]
    topics = [f"topic{k}" for k in range(24)]
    day = [
        0.2,
        0.1,
        0.1,
        0.1,
        0.1,
        0.2,
        0.4,
        0.8,
        1.4,
        1.9,
        2.0,
        1.9,
        1.6,
        1.7,
        1.9,
        1.9,
        1.7,
        1.5,
        1.2,
        1.0,
        0.8,
        0.6,
        0.4,
        0.3,
    ]
    spoken = dict(zip(languages, weights, strict=True))
    asked = {topic: 1.0 + 3.0 / (1 + k) for k, topic in enumerate(topics)}
    types = {
        channel: {
            "channel": channel,
            "language": spoken,
            "topic": asked,
            "arrivals": {"per_hour": [share * 40_000 / sum(day) * hour for hour in day], "linear": True},
            "handling": {"law": "lognormal", "mean_s": mean, "cv": 1.0},
        }
        for channel, share, mean in (("call", 0.35, 330), ("chat", 0.4, 600), ("post", 0.25, 420))
    }
    groups: dict[str, Any] = {}
    for k in range(100):
        own = [languages[k % 10], "en", *([languages[(k // 10) % 10]] if k % 3 else [])]
        known = {topics[(5 * k + step) % 24]: 0.6 + 0.3 * ((k + step) % 5) / 4 for step in range(9)}
        channels = ({"call": 1}, {"chat": 3, "post": 2}, {"call": 1, "chat": 2, "post": 1})[k % 3]
        begin = (6, 8, 10, 13, 16)[k % 5]
        groups[f"team{k}"] = {
            "experts": 10,
            "languages": list(dict.fromkeys(own)),
            "topics": {**known, "*": 0.4} if k % 4 == 0 else known,
            "channels": channels,
            "shifts": [{"start": begin * 3600, "end": min(begin + 8, 24) * 3600}],
        }
    everything = {"call": 1, "chat": 3, "post": 3}
    groups["night"] = {"experts": 40, "channels": everything}
    return Scenario.load(
        {
            "horizon_s": 86_400,
            "drain_s": 3600,
            "channels": {"call": {}, "chat": {"concurrency": [1, 1.6, 1.95]}, "post": {}},
            "types": types,
            "groups": groups,
        }
    )
