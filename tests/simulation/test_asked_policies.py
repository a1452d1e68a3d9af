"""Policies that are asked: rules as policies, ticks, several at once, and what a wrong decision does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deskmatch.epochs import Desk, Epoch
from deskmatch.errors import ContractError
from deskmatch.policies import (
    EVERY_EVENT,
    Decision,
    Rule,
    Trigger,
    c_mu,
    c_mu_theta,
    fcfs,
    generalised_c_mu,
    idle_thresholds,
    least_flexible_first,
    longest_queue,
    longest_weighted_wait,
    max_weight,
    most_qualified,
    p_c_mu,
    preference_lists,
    priority_fcfs,
    queue_and_idleness_ratio,
    waiting_and_idle_time,
)
from deskmatch.policies.dispatch import eligible_experts
from deskmatch.simulation import Outcome, Scenario, advance, begin, simulate
from deskmatch.simulation.sinks import InMemory

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


def desk(**changes: Any) -> Scenario:
    """A busy desk with everything that a rule could look at."""
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


LISTS = {"billing": ["first", ["second", "third"]], "dns": ["third", "first"], "sales": [["second", "third"]]}
RULES = {
    "fcfs": fcfs(),
    "shortest idle": fcfs("shortest_idle"),
    "random": fcfs("random"),
    "fastest": fcfs("fastest"),
    "slowest": fcfs("slowest"),
    "least occupied": fcfs("least_occupied"),
    "round robin": fcfs("round_robin"),
    "least busy": fcfs("least_busy"),
    "most busy": fcfs("most_busy"),
    "priority": priority_fcfs(),
    "lists": preference_lists(groups=LISTS, queues={"third": ["sales", ["dns", "seo"], "billing"]}),
    "longest queue": longest_queue("random"),
    "weighted wait": longest_weighted_wait({"billing": 3.0, "seo": 0.2}),
    "cμ": c_mu({"billing": 3.0}),
    "cμ/θ": c_mu_theta({"billing": 1.5}, "longest_idle"),
    "generalised cμ": generalised_c_mu({"billing": 2.0}, {"dns": 0.5}),
    "p·cμ": p_c_mu({"sales": 0.7}),
    "MaxWeight": max_weight({"dns": 2.0}),
    "ratio": queue_and_idleness_ratio({"billing": 0.4, "dns": 0.4, "sales": 0.2}, {"first": 0.5, "third": 0.5}),
    "affine": waiting_and_idle_time(
        {"billing": {"first": 60, "third": -30}}, {"seo": 0.1}, {"first": 0.5, "second": 2.0}
    ),
    "least flexible": least_flexible_first(),
    "most qualified": most_qualified(),
    "thresholds": idle_thresholds({"billing": {"third": 1}, "dns": {"first": 2}, "sales": {"third": 2}}),
}


@pytest.mark.parametrize("name", RULES)
def test_a_compiled_rule_is_its_python_decide_record_for_record(name: str) -> None:
    scenario = desk(horizon_s=1.2 * HOUR)
    compiled = simulate(scenario, RULES[name], seed=1)
    asked = simulate(scenario, Asked(RULES[name]), seed=1)
    assert len(compiled.rows) > 180
    assert len(asked.epochs) > 60
    assert compiled.rows.tobytes() == asked.rows.tobytes()


def test_rules_differ() -> None:
    """… so that the test above could fail."""
    records = {simulate(desk(), rule, seed=1).rows.tobytes() for rule in RULES.values()}
    assert len(records) == len(RULES)


class Nobody:
    """Never decides anything."""

    def __init__(self, trigger: Trigger = EVERY_EVENT) -> None:
        self.trigger = trigger

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> None:
        return None

    def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
        return Decision(), state


class First(Nobody):
    """Gives the first ticket to the first expert who is free, idle and eligible; remembers how often it was asked."""

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> Any:
        return 0

    def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
        idle = (epoch.staffing.load.sum(axis=1) == 0) & (epoch.staffing.capacity != 0)
        tickets = epoch.tickets
        for row in range(epoch.n_tickets):
            fits = idle & eligible_experts(
                epoch.desk,
                channel=int(tickets.channel[row]),
                language=int(tickets.language[row]),
                topics=tickets.topic[tickets.topic_ptr[row] : tickets.topic_ptr[row + 1]].tolist(),
                tier=int(tickets.tier[row]),
            )
            fits[tickets.excluded[tickets.excluded_ptr[row] : tickets.excluded_ptr[row + 1]]] = False
            if fits.any():
                return Decision([row], [int(np.argmax(fits))]), state + 1
        return Decision(), state + 1


def test_where_nobody_is_ever_given_everybody_is_lost() -> None:
    run = simulate(desk(), Nobody(), seed=2)
    assert run.outcomes()["resolved"] == 0
    assert (run.rows["expert"] == -1).all()


def test_a_policy_at_ticks_is_asked_at_ticks() -> None:
    run = simulate(desk(), First(Trigger(epoch_s=30.0)), seed=3)
    assert (run.epochs["time_s"] % 30 == 0).all()
    started = run.rows["started"][~np.isnan(run.rows["started"])]
    assert np.allclose(started % 30, 0)
    assert run.epochs["assigned"].max() == 1
    balked = run.rows[run.rows["outcome"] == Outcome.BALKED]
    assert np.allclose(balked["ended"] % 30, 0)  # they learn at the next tick that they must wait
    assert len(balked) > 0


def test_several_policies_at_once_by_channel() -> None:
    policies = {"call": fcfs(), "chat": First(), "callback": First(Trigger(epoch_s=60.0))}
    run = simulate(desk(), policies, seed=4)
    assert sum(run.outcomes().values()) == run.arrived
    frame = run.tickets
    calls_back = frame[(frame["channel"] == "callback") & frame["started_s"].notna()]
    assert np.allclose(calls_back["started_s"] % 60, 0)
    assert set(run.epochs["policy"]) == {0, 1}
    assert run.outcomes()["resolved"] > 300


@pytest.mark.parametrize(
    ("ticket", "expert", "message"),
    [
        ([99], [0], "rows outside"),
        ([0], [-1], "rows outside"),
        ([0, 0], [0, 1], "more than one pair"),
        ([0], [7], "has no room"),
        ([0, 1], [0, 0], "has no room"),
        ([1], [2], "may not serve"),
    ],
)
def test_a_decision_against_the_rules_of_the_desk_is_refused(
    ticket: list[int], expert: list[int], message: str
) -> None:
    types = {
        name: {"channel": "call", "arrivals": {"times_s": [10.0]}, "handling": 60, "topic": topic}
        for name, topic in (("a", "x"), ("b", "y"))
    }
    groups = {
        "gx": {"experts": 3, "topics": ["x"]},
        "gy": {"experts": 4, "topics": ["x", "y"]},
        "off": {"experts": 1, "staffing": [0]},
    }
    scenario = Scenario.load({"horizon_s": 60, "channels": {"call": {}}, "types": types, "groups": groups})
    state = begin(scenario, Nobody(Trigger(epoch_s=20.0)), InMemory(), seed=0, rng=np.random.default_rng(0))
    point = advance(state)
    assert point is not None
    assert point.epoch.n_tickets == 2
    with pytest.raises(ContractError, match=message):
        advance(state, Decision(ticket, expert))


def test_a_state_can_be_continued_in_two_ways() -> None:
    scenario = desk(horizon_s=2 * HOUR)
    state = begin(scenario, First(), InMemory(), seed=5, rng=np.random.default_rng(0))
    point = advance(state)
    while point is not None and state.now_s < HOUR:
        decision, _ = First().decide(point.epoch, 0)
        point = advance(state, decision)
    other = state.copy()
    other.sink = InMemory()
    state.sink = InMemory()
    while advance(state) is not None:  # nobody is given any more
        pass
    assert point is not None
    while point is not None:
        decision, _ = First().decide(point.epoch, 0)
        point = advance(other, decision)
    assert state.finished
    assert other.finished
    assert len(other.sink.source()) > len(state.sink.source()) * 0.5
    assert (other.sink.source()["expert"] >= 0).sum() > (state.sink.source()["expert"] >= 0).sum()


def test_an_epoch_shows_nothing_that_a_desk_cannot_know() -> None:
    """Two scenarios that differ in what is hidden look the same until it has shown."""
    seen = []
    for true_patience, length in ((60, 100), (120, 300)):
        types = {
            "a": {"channel": "call", "arrivals": {"per_hour": 60}, "handling": length, "patience": true_patience,
                  "seen_as": {"a": 1.0}, "repeat": 0.0}
        }  # fmt: skip
        scenario = Scenario.load(
            {"horizon_s": HOUR, "channels": {"call": {}}, "types": types, "groups": {"g": {"experts": 2}}}
        )
        state = begin(scenario, First(), InMemory(), seed=6, rng=np.random.default_rng(0))
        point = advance(state)
        assert point is not None
        tickets = point.epoch.tickets
        seen.append((tickets.ids, tickets.waited_s.tolist(), tickets.topic.tolist(), float(tickets.patience_s[0])))
    assert seen[0][:3] == seen[1][:3]
    assert [each[3] for each in seen] == [60, 120]  # means are known


def test_a_channel_without_a_policy_is_named() -> None:
    with pytest.raises(ContractError, match="no policy for chat, callback"):
        simulate(desk(), {"call": fcfs()})
    with pytest.raises(ContractError, match="names fax"):
        simulate(desk(), {"call": fcfs(), "chat": fcfs(), "callback": fcfs(), "fax": fcfs()})
    with pytest.raises(ContractError, match="after every event"):
        simulate(desk(), {"call": First(), "chat": First(), "callback": fcfs()})
