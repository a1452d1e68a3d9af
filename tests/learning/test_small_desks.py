"""Exact optima of small desks against theory, a linear program, brute force and the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from deskmatch.errors import ContractError, ScenarioError
from deskmatch.learning import Performance, SmallDesk, StateSpace, Table, evaluate, optimum, tabulate
from deskmatch.policies import Rule, fcfs, longest_queue, longest_weighted_wait, preference_lists
from deskmatch.simulation import compare

Desk = Callable[..., dict[str, Any]]


@pytest.fixture
def desk() -> Desk:
    """A scenario from rates in tickets a second; where a type cannot go, its resolution is 0."""

    def make(
        rate: tuple[float, ...] = (1 / 90, 1 / 70),
        *,
        patience: tuple[object, ...] = (120, 120),
        handling: tuple[tuple[float, ...], ...] = ((180, 180), (180, 180)),
        size: tuple[int, ...] = (2, 2),
        resolution: tuple[tuple[float, ...], ...] = ((0.9, 0), (0.7, 0.9)),
        reward: dict[str, Any] | None = None,
        **settings: Any,
    ) -> dict[str, Any]:
        return {
            "horizon_s": 100_000.0,
            "warmup_s": 2_000.0,
            "drain_s": 20_000.0,
            "channels": {"call": {}},
            "reward": {"default": {"slope_below": 0.0005, "slope_above": 0.0005, **(reward or {})}},
            "types": {
                f"t{k}": {
                    "channel": "call", "arrivals": {"per_hour": 3600 * each}, "patience": patience[k], "max_hops": 0,
                    "handling": 60,
                }
                for k, each in enumerate(rate)
            },
            "groups": {
                f"g{j}": {
                    "experts": n,
                    "topics": {f"t{k}": own[j] for k, own in enumerate(resolution) if own[j] > 0},
                    "handling": {f"t{k}": own[j] for k, own in enumerate(handling)},
                }
                for j, n in enumerate(size)
            },
            **settings,
        }  # fmt: skip

    return make


def priority(*order: str) -> Rule:
    return preference_lists(groups={"t1": ["g1", "g0"]}, queues={"g0": list(order)})


def test_one_queue_is_erlang_a(desk: Desk) -> None:
    """Number in the system: birth rate λ, death rate min(k, n)μ + (k − n)⁺θ."""
    rate, theta, mu, n, room = 0.05, 1 / 150, 1 / 100, 5, 60
    small = SmallDesk.of(
        desk((rate,), patience=(150,), handling=((100,),), size=(n,), resolution=((0.75,),)), room=room
    )
    k = np.arange(n + room + 1)
    deaths = np.minimum(k, n) * mu + np.maximum(k - n, 0) * theta
    share = np.cumprod([1.0, *(rate / deaths[1:])])
    share /= share.sum()
    waiting = float(share @ np.maximum(k - n, 0))
    lost = waiting * theta / rate
    found = evaluate(tabulate(small, fcfs("fastest")))
    assert found.waiting[0] == pytest.approx(waiting, abs=1e-12)
    assert found.lost[0] == pytest.approx(lost, abs=1e-12)
    assert found.per_ticket == pytest.approx((1 - lost) * (0.75 - 0.25) - lost - 0.0005 * waiting / rate, abs=1e-12)
    best = optimum(small)
    assert best.performance.per_ticket == pytest.approx(found.per_ticket, abs=1e-10)  # nothing to decide


LONGEST = longest_queue("fastest", groups={"t1": ["g1", "g0"]})


def linear_program(space: StateSpace) -> float:
    """The optimal gain: least g with g·0 ≤ … for some values h; two values a state, before and after the decision.

    For each state after a decision: g ≥ own + Σ rate · (before[to] − after[s]); for each state before one:
    before[s] ≥ after[s], before[s] ≥ reward + before[target].
    """
    n = space.n_states
    rows, columns, entries, right = [], [], [], []

    def add(terms: list[tuple[int, float]], limit: float) -> None:
        rows.extend([len(right)] * len(terms))
        columns.extend(at for at, _ in terms)
        entries.extend(value for _, value in terms)
        right.append(limit)

    for s in range(n):
        to, rate = space.event_to[s].tolist(), space.event_rate[s].tolist()
        add([(0, -1.0), (1 + s, -sum(rate)), *((1 + n + t, r) for t, r in zip(to, rate, strict=True))],
            -float(space.own_rate[s]))  # fmt: skip
        add([(1 + s, 1.0), (1 + n + s, -1.0)], 0.0)
        for target, reward in zip(space.assigned_to[s].tolist(), space.assigned_reward.tolist(), strict=True):
            if target >= 0:
                add([(1 + n + target, 1.0), (1 + n + s, -1.0)], -reward)
    matrix = sparse.coo_matrix((entries, (rows, columns)), shape=(len(right), 1 + 2 * n)).tocsr()
    cost = np.zeros(1 + 2 * n)
    cost[0] = 1.0
    bounds = [(None, None), (0, 0)] + [(None, None)] * (2 * n - 1)
    return float(linprog(cost, A_ub=matrix, b_ub=right, bounds=bounds, method="highs").fun)


@pytest.mark.parametrize(
    "handling", [((180, 180), (180, 180)), ((150, 180), (240, 120))], ids=["equal rates", "rates by type"]
)
def test_the_optimum_is_that_of_the_linear_program(desk: Desk, handling: tuple[tuple[float, ...], ...]) -> None:
    space = StateSpace.of(SmallDesk.of(desk(handling=handling), room=4))
    best = optimum(space)
    assert best.gain == pytest.approx(linear_program(space), rel=1e-7)
    assert best.gain <= best.bound <= best.gain + 1e-8


def test_c_mu_is_optimal_for_one_expert_and_patient_customers(desk: Desk) -> None:
    """W. E. Smith (1956), D. R. Cox and W. L. Smith (1961): serve by cost of waiting × rate of service."""
    values = desk(
        (1 / 400, 1 / 300), patience=("never", "never"), handling=((100,), (60,)), size=(1,), resolution=((1,), (1,))
    )
    values["types"]["t1"]["channel"] = "chat"
    values["reward"]["channels"] = {"chat": {"slope_below": 0.0002, "slope_above": 0.0002}}
    values["channels"]["chat"] = {"exclusive": True, "patience": "never"}
    small = SmallDesk.of(values, room=12)
    found = {
        order: evaluate(tabulate(small, preference_lists(queues={"g0": list(order)}))).gain
        for order in (("t0", "t1"), ("t1", "t0"))
    }
    assert 0.0005 / 100 > 0.0002 / 60
    assert found["t0", "t1"] > found["t1", "t0"]
    assert optimum(small).gain == pytest.approx(found["t0", "t1"], rel=1e-4)  # the truncation


def test_the_optimum_holds_a_generalist_back(desk: Desk) -> None:
    values = desk(size=(3, 3))
    small = SmallDesk.of(values)
    best, busy = optimum(small), optimum(small, idling=False)
    rules = [evaluate(tabulate(small, priority(*order))) for order in (("t0", "t1"), ("t1", "t0"))]
    assert best.gain > busy.gain * 1.002
    assert best.performance.held > 0.01
    assert busy.performance.held == 0
    assert busy.gain >= max(each.gain for each in rules) - 1e-12
    assert best.performance.edge < 1e-3


def test_the_chain_is_what_the_simulator_comes_to(desk: Desk) -> None:
    values, rule = desk(size=(3, 3), horizon_s=400_000.0), priority("t1", "t0")
    small = SmallDesk.of(values)
    exact = evaluate(tabulate(small, rule))
    found = compare(values, {"rule": rule, "longest": LONGEST}, replications=8, seed=3)
    tickets = small.arrival_rate.sum() * 398_000
    for name, each in (("rule", exact), ("longest", evaluate(tabulate(small, LONGEST)))):
        interval = found.of(name, "reward_expected")
        assert abs(interval.mean / tickets - each.per_ticket) < 2 * interval.halfwidth / tickets + 0.001


def test_policies_that_look_at_waits_are_refused(desk: Desk) -> None:
    small = SmallDesk.of(desk())
    for policy in (fcfs(), longest_weighted_wait({"t0": 2.0})):
        with pytest.raises(ContractError, match="simulate it instead"):
            tabulate(small, policy)


def test_what_is_no_small_chain_is_told_all_at_once(desk: Desk) -> None:
    values = desk(busyness_cv=0.2)
    values["types"]["t0"]["handling"] = {"law": "lognormal", "mean_s": 60}
    values["types"]["t1"]["max_hops"] = 2
    values["groups"]["g0"]["acceptance"] = 0.5
    values["groups"]["g1"]["logins_s"] = [[0, 50_000]]
    values["channels"]["call"]["queue_capacity"] = 3
    values["channels"]["call"]["like"] = "callback"
    for settings in values["types"].values():
        del settings["patience"]
    del values["reward"]
    with pytest.raises(ScenarioError) as caught:
        SmallDesk.of(values, room=0)
    for key in (
        "busyness_cv",
        "t0.handling",
        "t1: expected max_hops",
        "g0",
        "g1: expected neither shifts, staffing nor logins_s",
        "queue_capacity",
        "called back",
        "slope",
        "room: found 0",
    ):
        assert key in str(caught.value)


def test_too_many_states_are_refused(desk: Desk) -> None:
    with pytest.raises(ScenarioError, match="lower `room`"):
        StateSpace.of(SmallDesk.of(desk(size=(40, 40)), room=400))


def test_a_table_with_gaps_is_refused(desk: Desk) -> None:
    table = tabulate(SmallDesk.of(desk()), priority("t0", "t1"))
    after = np.where(np.arange(len(table.after)) > 5, -1, table.after)
    with pytest.raises(ContractError, match="no decision"):
        evaluate(Table._trusted(space=table.space, after=after, assigned=table.assigned))


def test_performance_is_told_in_words(desk: Desk) -> None:
    small = SmallDesk.of(desk())
    best = optimum(small)
    assert isinstance(best.performance, Performance)
    assert "held" in repr(best.performance)
    assert "points a ticket" in repr(best)
    assert "states" in repr(best.table.space)
    assert "2 ×" in repr(small)
