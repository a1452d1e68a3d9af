"""Look-ahead matching: Erlang values, fluid prices, learned values, and the optimum of small desks as the judge."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from deskmatch.epochs import Tickets
from deskmatch.errors import BackendError, ContractError
from deskmatch.learning import (
    SmallDesk,
    StateSpace,
    Table,
    evaluate,
    forecast_of,
    learn_on_chain,
    learn_values,
    optimum,
    tabulate,
)
from deskmatch.learning.next_events import Counts, NextEvents
from deskmatch.learning.value_learning import path_of, surely_more
from deskmatch.policies import (
    FluidPrices,
    Forecast,
    LearnedValues,
    LookAhead,
    Policy,
    PolicyImprovement,
    Rule,
    check_policy,
    fcfs,
    preference_lists,
)
from deskmatch.policies.lookahead.erlang import cost_rate, marginal_costs, wait_before_service
from deskmatch.policies.lookahead.outlook import Offer
from deskmatch.policies.lookahead.pools import Now, Pools
from deskmatch.policies.lookahead.value_features import States, ValueFeatures
from deskmatch.routing.reward import Reward
from deskmatch.simulation import Scenario, advance, begin, simulate
from deskmatch.simulation.sinks import InMemory


@pytest.fixture
def scenario() -> Scenario:
    """An N-model whose generalists are better left to those whom nobody else can serve."""
    return Scenario.load(
        {
            "horizon_s": 100_000.0,
            "channels": {"call": {"patience": 240}},
            "reward": {"default": {"slope_below": 0.0005, "slope_above": 0.0005}},
            "types": {
                f"t{k}": {"channel": "call", "arrivals": {"per_hour": rate}, "handling": 180, "max_hops": 0}
                for k, rate in enumerate((25, 35))
            },
            "groups": {
                "g0": {"experts": 2, "topics": {"t0": 0.9, "t1": 0.6}},
                "g1": {"experts": 3, "topics": {"t1": 0.95}},
            },
        }
    )


def look_ahead(scenario: Scenario, outlook: Any = None, **settings: Any) -> LookAhead:
    outlook = PolicyImprovement() if outlook is None else outlook
    return LookAhead(forecast_of(scenario), scenario.tables.reward, outlook, scenario.routing, **settings)


def rules() -> list[Rule]:
    orders = (["t0", "t1"], ["t1", "t0"])
    return [preference_lists(groups={"t1": ["g1", "g0"]}, queues={"g0": order}) for order in orders]


@pytest.mark.parametrize(
    ("rate", "mu", "theta", "n", "room"), [(3.0, 1.0, 0.5, 4, 30), (5.0, 1.0, 0.0, 6, 40), (9.0, 0.7, 2.0, 3, 25)]
)
def test_marginal_costs_solve_poissons_equation(rate: float, mu: float, theta: float, n: int, room: int) -> None:
    levels = n + room + 1
    k = np.arange(levels)
    waiting = np.maximum(k - n, 0)
    births, deaths = np.where(k < levels - 1, rate, 0.0), np.minimum(k, n) * mu + waiting * theta
    own = waiting * 0.8 + np.where(k == levels - 1, rate * 2.0, 0.0)
    generator = np.diag(births[:-1], 1) + np.diag(deaths[1:], -1) - np.diag(births + deaths)
    system = np.hstack([generator[:, 1:], -np.ones((levels, 1))])  # V(0) = 0, and −g
    solved = np.linalg.solve(system, -own)
    assert cost_rate(rate, mu, theta, 0.8, 2.0, n, room) == pytest.approx(solved[-1], rel=1e-9)
    values = np.concatenate(([0.0], solved[:-1]))
    assert np.allclose(marginal_costs(rate, mu, theta, 0.8, 2.0, n, room), np.diff(values), rtol=1e-7, atol=1e-9)


def test_the_wait_in_line_is_that_of_simulated_moves() -> None:
    rng = np.random.default_rng(1)
    moves = 2.0 + 0.3 * np.arange(4)
    served = rng.exponential(1 / moves, (200_000, 4)).cumsum(axis=1)
    patience = rng.exponential(1 / 0.5, (200_000, 1))
    found = wait_before_service(2.0, 0.3, 0.5, 4)
    assert np.allclose(found, np.minimum(served, patience).mean(axis=0), rtol=0.01)
    assert np.allclose(wait_before_service(2.0, 0.3, 0.0, 4), (1 / moves).cumsum())


def test_policy_improvement_closes_most_of_the_gap_to_the_optimum(scenario: Scenario) -> None:
    small = SmallDesk.of(scenario, room=10)
    best = optimum(small).performance
    rule = max(evaluate(tabulate(small, each)).gain for each in rules())
    found = evaluate(tabulate(small, look_ahead(scenario)))
    assert best.gain > rule * 1.002
    assert (found.gain - rule) / (best.gain - rule) > 0.6
    assert found.held > 0.005  # it holds generalists back, by itself
    assert found.gain <= best.gain + 1e-12


def inverted_v(**topics: float) -> Scenario:
    """Two groups of two and three for one type."""
    return Scenario.load(
        {
            "horizon_s": 7200.0,
            "channels": {"call": {"patience": 240}},
            "types": {"t": {"channel": "call", "arrivals": {"per_hour": 80}, "handling": 180, "max_hops": 0}},
            "groups": {
                name: {"experts": n, "topics": {"t": topics.get(name, 0.8)}} for name, n in (("g0", 2), ("g1", 3))
            },
        }
    )


def test_what_is_shared_wholly_is_priced_as_one_pool() -> None:
    scenario = inverted_v()
    pools = Pools.of(look_ahead(scenario).formulation.bind(scenario.desk), forecast_of(scenario), Reward())
    rate, size = np.array([80 / 3600]), np.array([2, 3])
    plan = PolicyImprovement(shared=1.0).plan(pools, rate, size)
    points, slope = float(pools.points[0, 0]), float(pools.slope[0])
    together = marginal_costs(80 / 3600, 1 / 180, 1 / 240, points / 240 + slope, points, 5, 40)
    for group, busy in ((0, [1, 2]), (1, [0, 2]), (1, [2, 2])):
        found = 180 * plan.one_more(group, np.array([busy[group]]), np.array(busy))
        assert found == pytest.approx(together[[sum(busy)]], rel=1e-3)  # a trifle is planned for every pool
    assert 180 * plan.in_line(0, 3) == pytest.approx(together[[5, 7, 10]], rel=1e-3)  # 0, 2.5 and 5 ahead of all


def test_half_shared_is_halfway_between_alone_and_together() -> None:
    scenario = inverted_v(g1=0.6)
    pools = Pools.of(look_ahead(scenario).formulation.bind(scenario.desk), forecast_of(scenario), Reward())
    alone, half, together = (
        PolicyImprovement(shared=share)
        .plan(pools, np.array([80 / 3600]), np.array([2, 3]))
        .one_more(0, np.arange(2), np.array([1, 3]))
        for share in (0.0, 0.5, 1.0)
    )
    assert half == pytest.approx((alone + together) / 2)


@pytest.mark.parametrize("accepted", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("hold", [0.2, 0.9])
def test_an_offer_that_may_be_declined_is_made_all_the_same_where_its_pair_is_worth_more_than_waiting(
    accepted: float, hold: float
) -> None:
    """An offer costs nothing but some seconds: whether one is made is no question of how likely it is to be taken."""

    class Fixed:
        looks_at_queues = few_at_once = False

        def plan(self, pools: Pools, rates: Any, size: Any, waiting: Any = None) -> None: ...

        def offer(self, plan: None, now: Now) -> Offer:
            none = np.zeros(0, np.int64)
            price = np.where(now.arc_group == 0, 0.3, 0.1)
            return Offer(price, np.full(len(now.kind), hold), none, none, np.zeros(0))

    scenario = inverted_v(g0=0.8, g1=0.7)
    groups = scenario.to_dict()["groups"]
    groups["g1"]["acceptance"] = accepted
    scenario = scenario.replace(groups=groups)
    policy = look_ahead(scenario, Fixed())
    state = begin(scenario, policy, InMemory(), seed=1, rng=np.random.default_rng(0))
    point = advance(state)
    assert point is not None
    worth = {0: 2 * 0.8 - 0.3 - hold, 1: accepted * (2 * 0.7 - 0.1 - hold)}  # resolved 1, unresolved and lost −1
    decision, _ = policy.decide(point.epoch, policy.initial_state(scenario.desk, None, np.random.default_rng(0)))
    best = max(worth, key=worth.__getitem__)
    assert [int(scenario.group_of[row]) for row in decision.expert] == ([best] if worth[best] > 0 else [])


def test_a_forecast_that_is_given_comes_before_its_own(scenario: Scenario) -> None:
    small, policy = SmallDesk.of(scenario, room=5), look_ahead(scenario, PolicyImprovement(rounds=10))
    right = policy.forecast
    wrong = policy.replace(forecast=Forecast(right.classes, right.per_s * [4.0, 1.0]))
    expected = tabulate(small, policy).after
    assert (tabulate(small, wrong, forecast=right).after == expected).all()
    assert (tabulate(small, wrong).after != expected).any()


def test_nobody_is_held_longer_than_allowed(scenario: Scenario) -> None:
    small = SmallDesk.of(scenario, room=10)
    assert evaluate(tabulate(small, look_ahead(scenario, hold_at_most_s=0.0))).held == 0
    free, bounded = (
        simulate(scenario.replace(horizon_s=20_000.0), look_ahead(scenario, hold_at_most_s=most), seed=1)
        for most in (float("inf"), 15.0)
    )
    assert free.rows.tobytes() != bounded.rows.tobytes()


def pools_of(scenario: Scenario) -> Pools:
    policy = look_ahead(scenario)
    return policy.initial_state(scenario.desk, None, np.random.default_rng(0)).pools


def test_fluid_prices_are_zero_while_there_is_time_left(scenario: Scenario) -> None:
    pools = pools_of(scenario)
    size = np.array([30, 30])
    plan = FluidPrices().plan(pools, forecast_of(scenario).rates(None), size)
    assert plan.marginal[0][0] == 0
    assert plan.marginal[1][0] == 0


def test_fluid_prices_of_an_overloaded_group_are_its_tickets_points_per_second(scenario: Scenario) -> None:
    """Nobody waits at a cost here but by hanging up, so that a second is worth what the last ticket pays for it."""
    pools = pools_of(scenario)
    rates = np.array([25.0, 350.0]) / 3600
    plan = FluidPrices().plan(pools, rates, np.array([2, 3]))
    t1_at_g1 = 1 + 0.95 * 1 + 0.05 * -1
    assert plan.marginal[1][0] == pytest.approx(
        t1_at_g1, rel=0.25
    )  # times 180 s over 180 s; a little is saved by waiting
    assert plan.marginal[0][0] > 0.8


def test_the_path_of_a_run_is_what_the_engine_counted(scenario: Scenario) -> None:
    run = simulate(scenario, fcfs(), seed=2)
    path = path_of(run, pools_of(scenario))
    width = np.diff(path.time_s, append=100_000.0)
    inside = path.time_s < 100_000.0
    waiting, served = path.counts.waiting, path.counts.served.sum(axis=1)
    mean = (waiting[inside] * width[inside, None]).sum(axis=0) / 100_000.0
    assert np.allclose(mean, run.mean_waiting, rtol=0.01, atol=1e-3)
    busy = (served[inside] * width[inside, None]).sum(axis=0) / 100_000.0 / [2, 3]
    assert np.allclose(busy, run.experts.groupby("group", sort=True)["occupancy"].mean(), rtol=0.01)
    assert waiting.min() >= 0
    assert served.max() <= 3
    assert (path.at(np.array([path.time_s[5] + 1e-9, -1.0])).waiting == waiting[5]).all()


def test_learning_ends_with_the_best_that_was_found(scenario: Scenario) -> None:
    small, short = SmallDesk.of(scenario, room=4), scenario.replace(horizon_s=20_000.0)

    def score(policy: Policy) -> float:
        return evaluate(tabulate(small, policy)).gain

    learning = learn_values(short, look_ahead(short), incumbents=rules()[:1], rounds=2, states=300, seed=3, score=score)
    assert list(learning.scores) == ["start", "incumbent 1", "candidate 1", "candidate 2"]
    assert learning.transitions > 500
    assert score(learning.policy) == max(each.max() for each in learning.scores.values())


def test_what_is_better_by_chance_only_is_not_learned(scenario: Scenario) -> None:
    """A score that is noise: in one of twenty draws a candidate passes the test, and not in these."""
    noise = np.random.default_rng(5)
    short, rule = scenario.replace(horizon_s=5_000.0), rules()[0]
    learning = learn_values(
        short, look_ahead(short, FluidPrices()), incumbents=[rule], rounds=1,
        score=lambda policy: noise.normal(1.0 if policy is rule else 0.0, 2.0, 12),
    )  # fmt: skip
    assert learning.policy is rule
    assert "incumbent 1" in repr(learning)
    assert surely_more(np.array([1.0, 1.1, 1.2]), np.zeros(3))
    assert not surely_more(np.array([1.0, -1.0, 1.2]), np.zeros(3))


def test_expected_differences_find_the_values_of_an_erlang_system() -> None:
    """One class, one group, everybody served at once: V is known from Poisson's equation up to the discount."""
    scenario = Scenario.load(
        {
            "horizon_s": 3600.0,
            "channels": {"call": {"patience": 200}},
            "reward": {"default": {"slope_below": 0.001, "slope_above": 0.001}},
            "types": {"t": {"channel": "call", "arrivals": {"per_hour": 36}, "handling": 180, "max_hops": 0}},
            "groups": {"g": {"experts": 2, "topics": {"t": 0.8}}},
        }
    )
    pools = pools_of(scenario)
    size, rates = np.array([2]), np.array([36 / 3600])
    features = ValueFeatures.of(pools, size)
    events = NextEvents(pools, size, 1e9)
    level = np.repeat(np.arange(30), np.maximum(1, 200 - 20 * np.arange(30)))
    states = Counts(waiting=np.maximum(level - 2, 0.0)[:, None], served=np.minimum(level, 2.0)[:, None, None])
    greedy = LearnedValues(features, np.zeros(len(features)))
    found = LearnedValues(features, events.weights(features, states, np.tile(rates, (len(level), 1)), greedy, 0.0))
    ahead = Counts(waiting=np.zeros((3, 1)), served=np.arange(3.0)[:, None, None])
    cost = 0.001 + float(pools.points[0, 0]) / 200  # of a second of waiting: its slope, and those who hang up
    erlang = marginal_costs(rates[0], 1 / 180, 1 / 200, cost, 0.0, 2, 200)
    assert np.allclose(-np.diff(found.values(events.seen(ahead))), erlang[:2], rtol=0.05)


def test_states_wander_within_the_desk(scenario: Scenario) -> None:
    pools = pools_of(scenario)
    events = NextEvents(pools, np.array([2, 3]), 3600.0)
    empty = Counts(waiting=np.zeros((50, 2)), served=np.zeros((50, 2, 2)))
    moved = events.wandered(empty, np.tile([0.01, 0.01], (50, 1)), 40, np.random.default_rng(0))
    assert moved.waiting.min() == 0
    assert moved.waiting.max() > 2
    assert (moved.served.sum(axis=1) <= [2, 3]).all()
    assert (moved.served[:, ~pools.eligible] == 0).all()


def test_values_learned_in_expectation_close_most_of_the_gap(scenario: Scenario) -> None:
    space = StateSpace.of(SmallDesk.of(scenario, room=8))
    best = optimum(space).gain
    base = static(space, [(1, 1), (0, 0), (1, 0)])
    learning = learn_on_chain(space, look_ahead(scenario), base, rounds=3)
    rule = evaluate(base).gain
    assert learning.scores[0] == rule
    assert (evaluate(learning.table).gain - rule) / (best - rule) > 0.8
    assert learning.policy is not None
    assert max(learning.scores) <= best + 1e-12
    with pytest.raises(ContractError, match="explore"):
        learn_on_chain(space, look_ahead(scenario), base, explore=1.0)


def test_the_optimum_stays_where_values_cannot_better_it(scenario: Scenario) -> None:
    space = StateSpace.of(SmallDesk.of(scenario, room=6))
    best = optimum(space)
    learning = learn_on_chain(space, look_ahead(scenario), best.table, rounds=2)
    assert evaluate(learning.table).gain >= best.gain
    assert learning.policy is None or evaluate(learning.table).gain == pytest.approx(best.gain, rel=1e-6)


def test_handling_times_that_differ_by_type_are_seen() -> None:
    """Group g1 takes three times as long for t0 as for t1, and g0 for both the same; g1's time is dear."""
    scenario = Scenario.load(
        {
            "horizon_s": 3600.0,
            "channels": {"call": {"patience": 300}},
            "reward": {"default": {"slope_below": 0.0005, "slope_above": 0.0005}},
            "types": {
                name: {"channel": "call", "arrivals": {"per_hour": rate}, "handling": 180, "max_hops": 0}
                for name, rate in (("t0", 40), ("t1", 40))
            },
            "groups": {
                "g0": {"experts": 2, "topics": {"t0": 0.7, "t1": 0.7}},
                "g1": {"experts": 2, "topics": {"t0": 0.8, "t1": 0.8}, "handling": {"t0": 360, "t1": 120}},
            },
        }
    )
    space = StateSpace.of(SmallDesk.of(scenario, room=5))
    best = optimum(space).gain
    base = static(space, [(0, 1), (1, 1), (0, 0), (1, 0)])  # the most qualified first
    learning = learn_on_chain(space, look_ahead(scenario), base, rounds=4)
    rule = evaluate(base).gain
    assert (evaluate(learning.table).gain - rule) / (best - rule) > 0.8


def static(space: StateSpace, pairs: list[tuple[int, int]]) -> Table:
    """The first of these pairs of type and group that can be made, again and again."""
    rows = [np.flatnonzero((space.assignments == pair).all(axis=1))[0] for pair in pairs]
    step = np.full(space.n_states, -1)
    for row in rows[::-1]:
        step = np.where(space.assigned_to[:, row] >= 0, row, step)
    return Table.of_steps(space, step)


def test_values_fall_by_what_a_pair_changes(scenario: Scenario) -> None:
    """Prices of a single ticket and expert are V(before) − V(after), with features counted by hand."""
    pools = pools_of(scenario)
    features = ValueFeatures.of(pools, np.array([2, 3]))
    weights = np.random.default_rng(0).normal(size=len(features))
    outlook = LearnedValues(features, weights)
    before, after = (
        States(idle=np.array([[2.0, n]]), waiting=np.array([[0.0, n]]), surplus=np.zeros((1, 2))) for n in (1.0, 0.0)
    )
    now = Now._trusted(
        pools=pools, kind=np.array([1]), waiting=np.array([0, 1]), place=np.array([0]), busy=np.array([0, 2]),
        size=np.array([2, 3]), arc_ticket=np.array([0]), arc_group=np.array([1]), arc_level=np.array([2]),
    )  # fmt: skip
    price = outlook.offer(outlook.plan(pools, np.zeros(2), np.array([2, 3])), now).price
    assert price == pytest.approx(outlook.values(before) - outlook.values(after))
    assert len(features) == len(features.values(before)[0])


@pytest.mark.parametrize("outlook", [PolicyImprovement(rounds=5), FluidPrices(intervals=2)])
def test_a_look_ahead_keeps_the_protocol_on_a_desk_with_chats(outlook: Any) -> None:
    classes = Tickets(ids=["a", "b"], channel=[0, 1], language=[0, 0], topic=[0, 1], patience_s=[100.0, np.nan])
    check_policy(LookAhead(Forecast(classes, [0.01, 0.02]), outlook=outlook))


def test_experts_with_more_in_hand_than_slots_are_no_new_staffing() -> None:
    scenario = Scenario.load({
        "horizon_s": 1800,
        "channels": {"chat": {"concurrency": [1, 1.6]}, "post": {"patience": "never"}},
        "types": {
            name: {"channel": name, "topic": "any", "arrivals": {"per_hour": 90}, "handling": 300, "max_hops": 0}
            for name in ("chat", "post")
        },
        "groups": {"all": {"experts": 4, "channels": {"chat": 2, "post": 1}, "topics": {"any": 0.8}}},
    })  # fmt: skip
    plans = []

    class Counted(PolicyImprovement):
        def plan(self, pools: Pools, rates: Any, size: Any, waiting: Any = None) -> Any:
            plans.append(size.tolist())
            return super().plan(pools, rates, size, waiting)

    simulate(scenario, look_ahead(scenario, Counted(rounds=2)), seed=1)
    assert plans == [[8]]


def test_wrong_settings_are_refused(scenario: Scenario) -> None:
    forecast = forecast_of(scenario)
    with pytest.raises(BackendError, match="expected one of"):
        LookAhead(forecast, method="auto")
    with pytest.raises(ContractError, match="hold_at_most_s"):
        LookAhead(forecast, hold_at_most_s=-1)
    with pytest.raises(ContractError, match="expected a Forecast"):
        LookAhead(None)  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="handed_on"):
        LookAhead(forecast, handed_on=2.0)
    with pytest.raises(ContractError, match="caution"):
        PolicyImprovement(caution=0)
    with pytest.raises(ContractError, match="a share from 0 to 1"):
        PolicyImprovement(shared=1.5)
    with pytest.raises(ContractError, match="intervals"):
        FluidPrices(intervals=0)
    pools = pools_of(scenario)
    features = ValueFeatures.of(pools, np.array([2, 3]))
    with pytest.raises(ContractError, match="found shape"):
        LearnedValues(features, [1.0, 2.0])
    with pytest.raises(ContractError, match="finite"):
        LearnedValues(features, np.full(len(features), np.nan))
    with pytest.raises(ContractError, match="learn them on a twin"):
        LearnedValues(features, np.zeros(len(features))).plan(
            dataclasses.replace(pools, points=pools.points[:, :1]), np.zeros(2), np.ones(1)
        )
    with pytest.raises(ContractError, match="shape"):
        Forecast(forecast.classes, [1.0])
    with pytest.raises(ContractError, match="rates"):
        Forecast(forecast.classes, [-1.0, 0.0])
    with pytest.raises(ContractError, match="start"):
        Forecast(forecast.classes, [[1.0, 0.0], [1.0, 1.0]])
    with pytest.raises(ContractError, match=r"rounds: found 0; .*explore: found 0"):
        learn_values(scenario, look_ahead(scenario), rounds=0, explore=0)
    with pytest.raises(ContractError, match=r"rounds: found 2.5; .*judged_by: found nan; .*ridge: found inf"):
        learn_values(scenario, look_ahead(scenario), rounds=2.5, judged_by=np.nan, ridge=np.inf)  # type: ignore[arg-type]


def test_a_forecast_follows_the_day() -> None:
    day = [10.0] * 12 + [70.0] * 12
    scenario = Scenario.load(
        {
            "horizon_s": 86_400,
            "channels": {"call": {}},
            "types": {"a": {"channel": "call", "arrivals": {"per_hour": day}, "handling": 60}},
            "groups": {"g": {"experts": 4}},
        }
    )
    forecast = forecast_of(scenario)
    assert forecast.start is not None
    assert forecast.rates(forecast.start)[0] * 3600 == pytest.approx(10)
    assert forecast.rates(forecast.start.replace(hour=13))[0] * 3600 == pytest.approx(70)
    assert forecast.times(1.3).rates(None)[0] * 3600 == pytest.approx(52)


def test_a_forecast_expects_what_tickets_become() -> None:
    kind = {"channel": "call", "handling": 60}
    scenario = Scenario.load(
        {
            "horizon_s": 86_400,
            "channels": {"call": {}},
            "types": {
                "a": {**kind, "arrivals": {"per_hour": 100}, "hand_on": {"b": 0.5}},
                "b": {**kind, "hand_on": {"b": 1.0}, "max_hops": 3},
            },
            "groups": {"g": {"experts": 4, "topics": {"a": 0.6, "b": 0.8}}},
        }
    )
    handed = 100 * 0.4 * 0.5
    found = forecast_of(scenario).rates(None) * 3600
    assert found[:2] == pytest.approx([100, handed * (1 + 0.2 + 0.2**2)])
