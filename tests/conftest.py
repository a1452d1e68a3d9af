"""A busy desk with everything that a policy could look at, and rules that are asked as any policy is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deskmatch.epochs import Desk, Epoch
from deskmatch.policies import EVERY_EVENT, Decision, Rule
from deskmatch.simulation import Scenario

HOUR = 3600


class Asked:
    """A rule that the engine does not recognise, so that it is asked as any policy is."""

    trigger = EVERY_EVENT

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> Any:
        return self.rule.initial_state(desk, forecast, rng)

    def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
        return self.rule.decide(epoch, state)


@pytest.fixture(scope="session")
def asked() -> type[Asked]:
    """The class, since test files cannot import it."""
    return Asked


@pytest.fixture(scope="session")
def busy_desk() -> Callable[..., Scenario]:
    """Calls, chats and callbacks, transfers, repeats, declined offers, a shift, and tickets that look like others."""

    def make(**changes: Any) -> Scenario:
        return Scenario.load(
            {
                "horizon_s": 10 * HOUR,
                "channels": {
                    "call": {"patience": 150, "balk": 0.05, "queue_capacity": 12},
                    "chat": {"concurrency": [1, 1.6, 2.0], "patience": 400},
                    "callback": {"retry_after_s": 600},
                },
                "types": {
                    "billing": {
                        "channel": "call", "arrivals": {"per_hour": 60}, "handling": 240, "repeat": 0.3,
                        "repeat_after": 900, "importance": 3.0, "after_work": 30, "seen_as": {"dns": 0.1},
                    },
                    "dns": {"channel": "chat", "arrivals": {"per_hour": 60}, "handling": 500, "unavoidable": 0.1},
                    "seo": {"channel": "callback", "arrivals": {"per_hour": 20}, "handling": 300, "importance": 2.0},
                    "sales": {"channel": "call", "arrivals": {"per_hour": 30}, "handling": 200},
                },
                "groups": {
                    "first": {"experts": 6, "channels": {"call": 1, "chat": 3}, "topics": {"billing": 0.7, "dns": 0.8},
                              "acceptance": 0.9},
                    "second": {"experts": 4, "channels": ["call", "callback"], "tier": 2, "speed": 1.3,
                               "shifts": [{"start": "00:30", "end": "01:45"}]},
                    "third": {"experts": 3, "channels": {"call": 1, "chat": 2, "callback": 1}, "speed": 0.8},
                },
                **changes,
            }
        )  # fmt: skip

    return make
