"""Matching in the simulator, and the check of policies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deskmatch.epochs import Desk, Epoch
from deskmatch.errors import BackendError, ContractError
from deskmatch.formulations import Formulation
from deskmatch.formulations.eligibility import Eligibility
from deskmatch.policies import (
    EVERY_EVENT,
    Decision,
    Matching,
    Policy,
    check_epoch,
    check_policy,
    fcfs,
    longest_queue,
    priority_fcfs,
)
from deskmatch.policies.checks import _small_epochs
from deskmatch.policies.dispatch import eligible_experts
from deskmatch.routing import Routing
from deskmatch.simulation import Scenario, simulate

HOUR = 3600


def specialists() -> Scenario:
    """Two topics, and experts who resolve one of them much better."""
    types = {
        name: {"channel": "chat", "arrivals": {"per_hour": 40}, "handling": 240, "patience": 600, "max_hops": 2}
        for name in ("billing", "dns")
    }
    groups = {
        "billing": {"experts": 4, "channels": {"chat": 2}, "topics": {"billing": 0.95, "dns": 0.3}},
        "dns": {"experts": 4, "channels": {"chat": 2}, "topics": {"billing": 0.3, "dns": 0.95}},
    }
    return Scenario.load({"horizon_s": 6 * HOUR, "channels": {"chat": {}}, "types": types, "groups": groups})


@pytest.mark.parametrize("method", ["kernel", "greedy"])
def test_matching_finds_the_specialists(method: str) -> None:
    scenario = specialists()
    matched = simulate(scenario, Matching(Formulation(scenario.routing), method=method), seed=1)
    blind = simulate(scenario, fcfs(), seed=1)
    assert matched.kpis()["first_contact_resolution"] > blind.kpis()["first_contact_resolution"] + 0.1
    assert matched.kpis()["preventable"] < blind.kpis()["preventable"] - 0.1
    assert (matched.epochs["time_s"] % 5 == 0).all()


def test_matching_is_reproducible() -> None:
    scenario = specialists().replace(horizon_s=HOUR)
    runs = [simulate(scenario, Matching(Formulation(scenario.routing)), seed=2) for _ in range(2)]
    assert runs[0].rows.tobytes() == runs[1].rows.tobytes()


def test_matching_refuses_methods_that_depend_on_the_machine() -> None:
    with pytest.raises(BackendError, match="expected one by its name"):
        Matching(method="auto")


@pytest.mark.parametrize(
    "policy", [Matching(), Matching(method="greedy"), fcfs(), fcfs("random"), priority_fcfs(), longest_queue()]
)
def test_every_built_in_policy_passes_its_check(policy: Policy) -> None:
    assert isinstance(policy, Policy)
    check_policy(policy)


class Faulty:
    """Breaks one rule of the protocol."""

    trigger = EVERY_EVENT

    def __init__(self, fault: str) -> None:
        self.fault, self.asked = fault, 0

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> Any:
        return None

    def decide(self, epoch: Epoch, state: Any) -> Any:
        self.asked += 1
        good, _ = fcfs().decide(epoch, fcfs().initial_state(epoch.desk, None, np.random.default_rng(0)))
        if self.fault == "moody" and self.asked % 2:
            return Decision(), state
        if self.fault == "no decision":
            return good.ticket
        if self.fault == "twice" and len(good):
            return Decision([*good.ticket, good.ticket[0]], [*good.expert, good.expert[0]]), state
        if self.fault == "outside":
            return Decision([99], [0]), state
        if self.fault == "anyone":
            return Decision(range(epoch.n_tickets), [5] * epoch.n_tickets), state
        return good, state


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("moody", "differently"),
        ("no decision", "expected a Decision"),
        ("twice", "more than one pair"),
        ("outside", "outside the epoch"),
        ("anyone", "may not serve|no room"),
    ],
)
def test_a_faulty_policy_is_told_what_it_breaks(fault: str, message: str) -> None:
    check_policy(Faulty("none"))
    with pytest.raises(ContractError, match=message):
        check_policy(Faulty(fault))


def test_a_simulator_that_leaks_patience_is_found_out() -> None:
    from dataclasses import replace

    epoch = next(each for each in _small_epochs() if each.n_tickets >= 8)
    check_epoch(epoch)
    told = replace(epoch.tickets, patience_s=np.linspace(10, 90, epoch.n_tickets))
    with pytest.raises(ContractError, match="no desk knows"):
        check_epoch(replace(epoch, tickets=told))


def test_rules_and_formulations_agree_on_who_may_serve() -> None:
    for epoch in _small_epochs():
        tickets = epoch.tickets
        eligibility = Eligibility(epoch.desk, Routing().for_desk(epoch.desk))
        stage = np.zeros(epoch.n_tickets, np.int32)
        for row in range(epoch.n_tickets):
            one = eligibility.experts(eligibility.ticket_class(tickets, row, stage))
            other = eligible_experts(
                epoch.desk,
                channel=int(tickets.channel[row]),
                language=int(tickets.language[row]),
                topics=[int(tickets.topic[row])],
                tier=int(tickets.tier[row]),
            )
            assert one.tolist() == np.flatnonzero(other).tolist()
