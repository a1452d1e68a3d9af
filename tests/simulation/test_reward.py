"""The reward is what its definition says, row by row; its expected form has the same mean and varies less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deskmatch.errors import ScenarioError
from deskmatch.policies import fcfs, preference_lists
from deskmatch.routing import Reward
from deskmatch.simulation import Scenario, compare, simulate

HOUR = 3600


def scenario(**changes: Any) -> Scenario:
    return Scenario.load(
        {
            "horizon_s": 10 * HOUR,
            "drain_s": 10 * HOUR,
            "channels": {"call": {"patience": 200}, "chat": {"patience": "never"}},
            "types": {
                "a": {
                    "channel": "call",
                    "arrivals": {"per_hour": 50},
                    "handling": 180,
                    "unavoidable": 0.1,
                    "outside": 0.4,
                },
                "b": {
                    "channel": "chat",
                    "arrivals": {"per_hour": 20},
                    "handling": 300,
                    "repeat": 0.3,
                    "repeat_after": 600,
                    "promised_wait_s": 45.0,
                },
            },
            "groups": {
                "low": {"experts": 4, "topics": {"a": 0.7, "b": 0.6}},
                "high": {"experts": 2, "tier": 2, "topics": {"*": 0.9}},
            },
            "reward": {
                "spread": -2.0,
                "channels": {"call": {"target_s": 30, "lost": -2.0, "tier": -0.5}, "chat": {"value": 3.0}},
            },
            **changes,
        }
    )


def test_every_contact_counts_as_it_ended() -> None:
    run = simulate(scenario(), fcfs(), seed=1)
    frame, reward = run.tickets, run.scenario.tables.reward
    total = 0.0
    for channel in ("call", "chat"):
        scores = reward.of(channel)
        own = 0.0
        for row in frame[frame["channel"] == channel].itertuples():
            names = {
                "resolved": scores.resolved,
                "preventable_transfer": scores.preventable,
                "unavoidable_transfer": scores.unavoidable,
                "unresolved": scores.unresolved,
                "abandoned": scores.lost,
            }
            own += names.get(row.outcome, 0.0)
            begun = row.started_s == row.started_s
            wait = (row.started_s if begun else row.ended_s) - row.entered_s
            promised = row.promised_wait_s == row.promised_wait_s
            assert promised == (channel == "chat")
            target = row.promised_wait_s if promised else scores.target_s
            own -= scores.slope_below * min(wait, target) + scores.slope_above * max(0, wait - target)
            needed = 2 if row.queue.endswith("@2") else 1
            if begun:
                own += scores.tier * ((2 if row.expert_id.startswith("high") else 1) - needed)
        assert run.kpis().of(channel, "reward") == pytest.approx(own)
        total += scores.value * own
    spread = np.std(run.experts["occupancy"]) * len(run.experts)
    assert run.kpis()["reward"] == pytest.approx(total - 2.0 * spread)


def test_kept_promises_are_told_of_the_contacts_that_were_promised_something() -> None:
    run = simulate(scenario(), fcfs(), seed=1)
    frame = run.tickets
    promised = frame[frame["promised_wait_s"].notna() & frame["ended_s"].notna()]
    kept = (promised["started_s"] - promised["entered_s"] <= 45.0).mean()
    assert run.kpis().of("chat", "promise_kept") == pytest.approx(kept) == run.kpis()["promise_kept"]
    assert np.isnan(run.kpis().of("call", "promise_kept"))


def test_expected_resolution_has_the_same_mean_and_less_noise() -> None:
    result = compare(
        scenario(reward={"default": {"slope_below": 0, "slope_above": 0}}), [fcfs()], replications=80, seed=2
    )
    tossed, expected = (result._series("fcfs", name, "total") for name in ("reward", "reward_expected"))
    difference = tossed - expected
    assert abs(difference.mean()) < 4 * difference.std() / 80**0.5
    share = tossed - result._series("fcfs", "tickets", "total")
    own = expected - result._series("fcfs", "tickets", "total")
    assert own.std() < share.std()


@pytest.mark.parametrize("lists", [{}, {"t": ["small"]}], ids=("everybody", "one group"))
def test_expected_outcomes_know_when_nobody_is_left_to_hand_on_to(lists: dict[str, list[str]]) -> None:
    values = {
        "horizon_s": 1000 * HOUR,
        "channels": {"call": {"patience": "never"}},
        "types": {"t": {"channel": "call", "arrivals": {"per_hour": 20}, "handling": 60, "unavoidable": 0.1}},
        "groups": {"small": {"experts": 2, "topics": {"t": 0.5}}, "other": {"experts": 1, "topics": {"t": 0.5}}},
        "reward": {"default": {"slope_below": 0, "slope_above": 0, "unresolved": -5.0}},
    }
    run = simulate(values, preference_lists(groups=lists, queues={}), seed=4)
    tossed, expected = run.kpis()["reward"], run.kpis()["reward_expected"]
    assert abs(tossed - expected) < 4 * 3.0 * run.arrived**0.5  # the score of a ticket deviates by less than 3 points
    frame = run.tickets
    nobody = ~frame["somebody_else"] & frame["ended_s"].notna()
    assert set(frame["outcome"][nobody]) == {"resolved", "unresolved"}
    assert (frame["hop"][nobody] == (2 if not lists else 1)).all()


def test_expected_outcomes_count_the_types_that_tickets_become() -> None:
    kind = {"channel": "call", "handling": 60}
    values = {
        "horizon_s": 1000 * HOUR,
        "channels": {"call": {"patience": "never"}},
        "types": {
            "t": {**kind, "arrivals": {"per_hour": 20}, "unavoidable": 0.1, "hand_on": {"few": 0.3, "many": 0.4}},
            "few": {**kind, "hand_on": {"few": 1.0}},
            "many": {**kind, "hand_on": {"few": 0.2, "many": 0.5}},
        },
        "groups": {
            "one": {"experts": 1, "topics": {"few": 0.5}},
            "all": {"experts": 5, "topics": {"t": 0.5, "many": 0.5}},
        },
        "reward": {"default": {"slope_below": 0, "slope_above": 0, "unresolved": -5.0}},
    }
    run = simulate(values, fcfs(), seed=4)
    tossed, expected = run.kpis()["reward"], run.kpis()["reward_expected"]
    assert abs(tossed - expected) < 4 * 3.0 * run.arrived**0.5  # the score of a ticket deviates by less than 3 points
    assert (run.tickets["outcome"] == "unresolved").mean() > 0.1


@pytest.mark.parametrize("key", ["slope_below", "value"])
def test_a_wrong_score_is_named(key: str) -> None:
    with pytest.raises(ScenarioError, match=rf"reward\.channels\.call\.{key} = -1"):
        scenario(reward={"channels": {"call": {key: -1}}})
    with pytest.raises(ValueError, match="describe each channel once"):
        Reward(channels={"call": {}, "Call": {}})
