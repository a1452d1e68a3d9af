"""Policies that are asked: rules as policies, ticks, several at once, and what a wrong decision does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deskmatch.epochs import Desk, Epoch
from deskmatch.errors import ContractError
from deskmatch.policies import (
    EVERY_EVENT,
    Decision,
    Policy,
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
BusyDesk = Callable[..., Scenario]
Asked = Callable[[Rule], Policy]


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
def test_a_compiled_rule_is_its_python_decide_record_for_record(name: str, busy_desk: BusyDesk, asked: Asked) -> None:
    scenario = busy_desk(horizon_s=1.2 * HOUR)
    compiled = simulate(scenario, RULES[name], seed=1)
    by_itself = simulate(scenario, asked(RULES[name]), seed=1)
    assert len(compiled.rows) > 180
    assert len(by_itself.epochs) > 60
    assert compiled.rows.tobytes() == by_itself.rows.tobytes()


def test_rules_differ(busy_desk: BusyDesk) -> None:
    """… so that the test above could fail."""
    records = {simulate(busy_desk(), rule, seed=1).rows.tobytes() for rule in RULES.values()}
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


def test_where_nobody_is_ever_given_everybody_is_lost(busy_desk: BusyDesk) -> None:
    run = simulate(busy_desk(), Nobody(), seed=2)
    assert run.outcomes()["resolved"] == 0
    assert (run.rows["expert"] == -1).all()


def test_a_policy_at_ticks_is_asked_at_ticks(busy_desk: BusyDesk) -> None:
    run = simulate(busy_desk(), First(Trigger(epoch_s=30.0)), seed=3)
    assert (run.epochs["time_s"] % 30 == 0).all()
    started = run.rows["started"][~np.isnan(run.rows["started"])]
    assert np.allclose(started % 30, 0)
    assert run.epochs["assigned"].max() == 1
    balked = run.rows[run.rows["outcome"] == Outcome.BALKED]
    assert np.allclose(balked["ended"] % 30, 0)  # they learn at the next tick that they must wait
    assert len(balked) > 0


def test_several_policies_at_once_by_channel(busy_desk: BusyDesk) -> None:
    policies = {"call": fcfs(), "chat": First(), "callback": First(Trigger(epoch_s=60.0))}
    run = simulate(busy_desk(), policies, seed=4)
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


def test_a_state_can_be_continued_in_two_ways(busy_desk: BusyDesk) -> None:
    scenario = busy_desk(horizon_s=2 * HOUR)
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


@pytest.mark.parametrize(
    ("there", "known"),
    [({"staffing": [3, 0]}, [HOUR - 600.0] * 3), ({"logins_s": [[0, 900]]}, [np.nan] * 3), ({}, [np.nan] * 3)],
    ids=["roster", "recorded", "always"],
)
def test_the_end_of_a_shift_is_known_and_that_of_a_recorded_login_is_not(
    there: dict[str, Any], known: list[float]
) -> None:
    """Only a roster is known beforehand; nobody knew when somebody would log out of a log."""
    types = {"a": {"channel": "call", "arrivals": {"times_s": [600.0]}, "handling": 100}}
    group = {"experts": 3, **there}
    scenario = Scenario.load({"horizon_s": HOUR, "channels": {"call": {}}, "types": types, "groups": {"g": group}})
    point = advance(begin(scenario, First(), InMemory(), seed=6, rng=np.random.default_rng(0)))
    assert point is not None
    np.testing.assert_array_equal(point.epoch.staffing.leaves_in_s, known)


def test_a_channel_without_a_policy_is_named(busy_desk: BusyDesk) -> None:
    with pytest.raises(ContractError, match="no policy for chat, callback"):
        simulate(busy_desk(), {"call": fcfs()})
    with pytest.raises(ContractError, match="names fax"):
        simulate(busy_desk(), {"call": fcfs(), "chat": fcfs(), "callback": fcfs(), "fax": fcfs()})
    with pytest.raises(ContractError, match="after every event"):
        simulate(busy_desk(), {"call": First(), "chat": First(), "callback": fcfs()})
