"""Policies made of policies, greedy pairs, rings, and what their constructors refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deskmatch.epochs import Epoch
from deskmatch.errors import ContractError
from deskmatch.formulations import Formulation
from deskmatch.policies import (
    ByChannel,
    Fallback,
    Greedy,
    Matching,
    Rule,
    bullseye,
    c_mu,
    check_policy,
    fcfs,
    generalised_c_mu,
    idle_thresholds,
    most_qualified,
    queue_and_idleness_ratio,
    waiting_and_idle_time,
)
from deskmatch.simulation import Scenario, simulate


@pytest.fixture
def scenario() -> Scenario:
    """Calls and chats that share some of the experts."""
    return Scenario.load(
        {
            "horizon_s": 3 * 3600,
            "channels": {"call": {"patience": 200}, "chat": {"concurrency": [1, 1.6], "patience": 400}},
            "types": {
                "billing": {"channel": "call", "arrivals": {"per_hour": 50}, "handling": 240},
                "dns": {"channel": "chat", "arrivals": {"per_hour": 40}, "handling": 400},
            },
            "groups": {
                "calls": {"experts": 2, "channels": ["call"], "topics": {"billing": 0.9}},
                "both": {"experts": 4, "channels": {"call": 1, "chat": 2}, "topics": {"*": 0.6}},
            },
        }
    )


def busy(epoch: Epoch) -> bool:
    return epoch.n_tickets > 2


def everything(scenario: Scenario) -> dict[str, Any]:
    return {
        "greedy": Greedy(Formulation(scenario.routing)),
        "by channel": ByChannel({"call": fcfs(), "chat": Matching(Formulation(scenario.routing))}),
        "fallback": Fallback(fcfs(), most_qualified(), when=busy),
        "rings": bullseye({"billing": [(20, ["both"]), (0, ["calls"])]}),
    }


@pytest.mark.parametrize("name", ["greedy", "by channel", "fallback", "rings"])
def test_they_keep_the_protocol_and_run(scenario: Scenario, name: str) -> None:
    policy = everything(scenario)[name]
    check_policy(policy)
    run = simulate(scenario, policy, seed=1)
    assert sum(run.outcomes().values()) == run.arrived
    assert run.outcomes()["resolved"] > 60


def test_one_policy_by_channel_decides_as_the_policies_of_a_mapping(scenario: Scenario) -> None:
    parts = {"call": fcfs("fastest"), "chat": fcfs("least_busy")}
    together = simulate(scenario, ByChannel(parts), seed=2)
    assert together.rows.tobytes() == simulate(scenario, parts, seed=2).rows.tobytes()
    asked = Fallback(ByChannel(parts), fcfs())  # so that the simulator asks it as one
    found = simulate(scenario, asked, seed=2)
    assert len(found.epochs) > 50
    assert found.outcomes()["resolved"] == pytest.approx(together.outcomes()["resolved"], abs=12)


def test_a_fallback_decides_where_the_policy_fails(scenario: Scenario, caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        trigger = fcfs().trigger
        name = "failing"

        def initial_state(self, *_: object) -> None:
            return None

        def decide(self, epoch: Epoch, state: object) -> Any:
            raise ContractError("no answer")

    short = scenario.replace(horizon_s=1800.0)
    run = simulate(short, Fallback(Failing(), fcfs()), seed=3)
    assert run.rows.tobytes() == simulate(short, fcfs(), seed=3).rows.tobytes()
    assert "failing fails, fcfs decides: no answer" in caplog.text


def test_rings_open_with_the_wait(scenario: Scenario) -> None:
    rule = bullseye({"billing": [(0, ["calls"]), (20, ["both"])]}, epoch_s=2.0)
    rows = simulate(scenario.replace(horizon_s=3600.0), rule, seed=4).rows
    calls = rows[(rows["type"] == 0) & (rows["expert"] >= 0)]
    waited = calls["started"] - calls["entered"]
    outer = calls["expert"] >= 2
    assert outer.any()
    assert waited[outer].min() >= 20
    assert waited[~outer].min() < 3
    assert waited[outer].min() < 23


def test_reserved_experts_stay_for_others() -> None:
    """Two of three generalists are kept back from billing: never more than one serves it."""
    scenario = Scenario.load(
        {
            "horizon_s": 4 * 3600,
            "channels": {"call": {"patience": 300}},
            "types": {
                name: {"channel": "call", "arrivals": {"per_hour": rate}, "handling": 200}
                for name, rate in (("billing", 60), ("dns", 20))
            },
            "groups": {"generalists": {"experts": 3}},
        }
    )
    rows = simulate(scenario, idle_thresholds({"billing": {"generalists": 2}}), seed=5).rows
    served = rows[rows["expert"] >= 0]
    billing = served[served["type"] == 0]
    others_in_hand = [
        ((served["started"] < start) & (served["ended"] > start)).sum() for start in billing["started"].tolist()
    ]
    assert len(others_in_hand) > 20
    assert max(others_in_hand) == 0
    assert simulate(scenario, fcfs(), seed=5).outcomes()["abandoned"] < (rows["expert"] < 0).sum()


def test_qualified_experts_come_first(scenario: Scenario) -> None:
    by_rule = {}
    for rule in (most_qualified(), fcfs()):
        rows = simulate(scenario, rule, seed=6).rows
        by_rule[rule.name] = (rows["expert"][(rows["type"] == 0) & (rows["expert"] >= 0)] < 2).mean()
    assert by_rule["most qualified"] > by_rule["fcfs"] + 0.02


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: c_mu({"billing": 0}), r"costs\['billing'\]: found 0; expected a finite number above 0"),
        (lambda: generalised_c_mu(powers=-1.0), "powers.*≥ 0"),
        (lambda: generalised_c_mu(powers={"billing": float("nan")}), r"powers\['billing'\]"),
        (lambda: idle_thresholds({"billing": {"calls": 1.5}}), r"reserves\['billing'\]\['calls'\]: found 1.5"),
        (lambda: bullseye({"billing": [(-1, ["calls"])]}), r"rings\['billing'\]\['1'\]: found -1"),
        (lambda: queue_and_idleness_ratio({"billing": -0.1}), "queue_shares"),
        (lambda: waiting_and_idle_time(waiting={"billing": "x"}), "waiting"),
        (lambda: waiting_and_idle_time(base={"billing": {"calls": np.inf}}), "base"),
    ],
)
def test_wrong_numbers_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_channel_without_a_policy_is_named(scenario: Scenario) -> None:
    with pytest.raises(ContractError, match="no policy for chat"):
        simulate(scenario, ByChannel({"call": fcfs()}), seed=1)
    with pytest.raises(ContractError, match="no policy for chat"):
        ByChannel({"call": fcfs()}).initial_state(scenario.desk, None, np.random.default_rng(0))
    with pytest.raises(ContractError, match="found no policy"):
        ByChannel({})


def test_a_rule_can_be_changed() -> None:
    assert isinstance(fcfs().replace(epoch_s=5.0), Rule)
    assert fcfs().replace(epoch_s=5.0).trigger.epoch_s == 5.0
