"""Fairness: costs against their definition, fair plans against every assignment of small desks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deskmatch import (
    Desk,
    Epoch,
    Formulation,
    Plan,
    SquaredOccupancy,
    Staffing,
    Tickets,
    Vocabulary,
    assign,
    fairness_report,
)
from deskmatch.errors import ContractError, InputError, ProblemError, RoutingError
from deskmatch.formulations.constraints import GroupLimit, MinService
from deskmatch.formulations.fairness.curve import amounts, measure_of_experts
from deskmatch.formulations.fairness.fairest import fair_plan
from deskmatch.formulations.fairness.forms import AlphaFairness, MaxMin, Range, SlotCost, idle_utility
from deskmatch.formulations.fairness.level_flow import LevelFlow
from deskmatch.formulations.fairness.measures import gini, jain
from deskmatch.formulations.fairness.price_search import price_search, slots_cost
from deskmatch.formulations.fairness.region import Region
from deskmatch.formulations.fairness.work import Work
from deskmatch.solver import Problem, evaluate, violations
from deskmatch.solver.evaluation import arcs_chosen

SEEDS = st.integers(0, 10**6)


def desk_epoch(seed: int, *, channels: int = 1, tickets: int = 5, experts: int = 3, ties: bool = False) -> Epoch:
    """A small epoch in which everybody works every channel and most know most topics."""
    rng = np.random.default_rng(seed)
    names = ("chat", "post")[:channels]
    desk = Desk(
        expert_ids=tuple(f"e{k}" for k in range(experts)),
        channels=Vocabulary(names),
        languages=Vocabulary(("en",)),
        topics=Vocabulary(("billing", "dns")),
        channel_limit=rng.integers(1, 4, (experts, channels)),
        speaks=True,
        proficiency=np.where(rng.random((experts, 2)) < 0.9, rng.random((experts, 2)), np.nan),
    )
    waiting = Tickets(
        ids=tuple(f"t{k}" for k in range(tickets)),
        channel=rng.integers(0, channels, tickets),
        language=0,  # type: ignore[arg-type]
        topic=rng.integers(0, 2, tickets),
    )
    occupancy = np.full(experts, 0.5) if ties else rng.choice([0.1, 0.3, 0.5, 0.9, np.nan], experts)
    return Epoch(desk, waiting, Staffing(load=np.zeros((experts, channels)), occupancy=occupancy))


def every_assignment(problem: Problem) -> Iterator[np.ndarray]:
    choices = [[-1, *problem.expert[slice(*problem.indptr[i : i + 2])].tolist()] for i in range(problem.n_tickets)]
    for choice in itertools.product(*choices):
        expert_of = np.array(choice, dtype=np.int32)
        if not violations(problem, expert_of):
            yield expert_of


THIRDS = {"channels": {"chat": {"handling_s": 1200}, "post": {"handling_s": 700}}}
"""Shares of an hour that floats do not hold exactly."""


def work_of(plan: Plan) -> Work:
    problem = plan.model.problem
    return Work.of(plan.model.situation, problem.ticket, problem.expert)


def after(plan: Plan, expert_of: np.ndarray) -> np.ndarray:
    """Occupancy of the group after an assignment."""
    problem, work = plan.model.problem, work_of(plan)
    return work.after(problem.expert, arcs_chosen(problem, expert_of))[work.group]


def allowed(plan: Plan, delta: float) -> list[np.ndarray]:
    """The assignments that lose at most a share of the points and assign no fewer tickets."""
    problem, best = plan.model.problem, plan.objective or 0.0
    count = (plan.solution.expert_of >= 0).sum()
    return [
        x
        for x in every_assignment(problem)
        if (x >= 0).sum() >= count and evaluate(problem, x) >= best - delta * abs(best) - 1e-9
    ]


# --- costs of unfairness


def test_the_utility_is_that_of_its_definition_and_goes_on_along_its_tangent() -> None:
    idle = np.array([0.2, 0.5, 1.0])
    for alpha in (0.0, 0.5, 2.0, 5.0):
        np.testing.assert_allclose(
            idle_utility(idle, alpha=alpha, epsilon=0.05), (idle ** (1 - alpha) - 1) / (1 - alpha)
        )
    near = idle_utility(np.array([0.1 - 1e-6, 0.1, 0.1 + 1e-6]), alpha=2.0, epsilon=0.1)
    assert np.diff(near) == pytest.approx([1e-4, 1e-4], rel=1e-3)
    line = idle_utility(np.array([-1.0, 0.0, 0.1]), alpha=3.0, epsilon=0.1)
    assert line[1] - line[0] == pytest.approx(1.0 * 0.1**-3)


ATTENTION = {"channels": {"chat": {"usage": "1/3"}, "post": {"usage": "1/2"}}}


@settings(max_examples=20)
@given(seed=SEEDS, usage=st.booleans(), channels=st.integers(1, 2), alpha=st.sampled_from([0.0, 1.0, 2.0]))
def test_a_weighed_cost_gives_the_best_of_all_assignments_as_network_or_program(
    seed: int, usage: bool, channels: int, alpha: float
) -> None:
    epoch = desk_epoch(seed, channels=channels)
    form = AlphaFairness(alpha=alpha, weight=0.7)
    routing = ATTENTION if usage else {}
    plan = assign(epoch, routing=routing, fairness=form)
    plain = assign(epoch, routing=routing)
    problem, work = plain.model.problem, work_of(plain)
    assert plan.model.problem.is_network == (problem.is_network and not mixed(problem, work))
    expected = max(evaluate(problem, x) - 0.7 * lost_utility(plain, form, x) for x in every_assignment(problem))
    assert plan.objective == pytest.approx(expected, abs=1e-6)


def mixed(problem: Problem, work: Work) -> bool:
    return any(len(set(work.share[problem.expert == j].round(9))) > 1 for j in range(problem.n_experts))


def lost_utility(plan: Plan, form: AlphaFairness, expert_of: np.ndarray) -> float:
    before = work_of(plan).before[work_of(plan).group]
    return float((form.utility(1 - before) - form.utility(1 - after(plan, expert_of))).sum())


@settings(max_examples=15)
@given(seed=SEEDS)
def test_slot_costs_cost_what_each_further_ticket_does(seed: int) -> None:
    epoch = desk_epoch(seed)
    plan = Formulation(fairness=SlotCost(costs=[0.1, 0.3], weight=2.0)).bind(epoch.desk).assign(epoch)
    plain = assign(epoch).model.problem
    best = max(
        evaluate(plain, x) - 2 * sum(0.1 + 0.3 * (n - 1) for n in np.bincount(x[x >= 0]) if n)
        for x in every_assignment(plain)
    )
    assert plan.model.problem.is_network
    assert plan.objective == pytest.approx(best)


def test_who_waits_because_of_the_cost_is_told_so() -> None:
    plan = assign(desk_epoch(1), fairness=SlotCost(costs=[0.0, 50.0]))
    assert "worth less than one more ticket costs" in " ".join(plan.held["reason"])


def test_fairness_can_be_described_in_the_routing() -> None:
    epoch = desk_epoch(3)
    described = assign(epoch, routing={"fairness": {"kind": "slot_cost", "costs": [0.1, 0.4], "weight": 2}})
    given = assign(epoch, fairness=SlotCost(costs=[0.1, 0.4], weight=2))
    assert described.objective == given.objective != assign(epoch).objective
    told = described.what_if(routing={"fairness": {"weight": 0}})
    assert told.after.objective == pytest.approx(assign(epoch).objective)
    for wrong, text in (
        ({"kind": "alpha_fair"}, "did you mean 'alpha_fairness'"),
        ({"weight": 1}, "should have a kind"),
        ({"kind": "slot_cost", "costs": [2, 1]}, "fairness.costs"),
        ({"kind": "alpha_fairness", "alhpa": 1}, "fairness.alhpa"),
    ):
        with pytest.raises(RoutingError, match=text):
            assign(epoch, routing={"fairness": wrong})


def test_fairness_goes_together_with_constraints() -> None:
    epoch = desk_epoch(3, channels=2)
    formulation = Formulation(fairness=AlphaFairness(weight=0.2), constraints=(GroupLimit(at_most=2),))
    plan = formulation.bind(epoch.desk).assign(epoch)
    assert plan.certificate.feasible
    assert len(plan.assignments) <= 2


def test_all_reachable_amounts_are_sums() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        measure, most = rng.choice([0.1, 0.2, 0.7], 5), int(rng.integers(0, 6))
        sums = {round(sum(some), 6) for n in range(most + 1) for some in itertools.combinations(measure, n)}
        assert amounts(measure, most).round(6).tolist() == sorted(sums)
    assert len(amounts(rng.random(40), 20)) == 65


# --- forms that replace the points


@settings(max_examples=25)
@given(seed=SEEDS, channels=st.integers(1, 2), ties=st.booleans(), delta=st.sampled_from([0.0, 0.1, 0.5]))
def test_max_min_is_the_lexicographic_best_of_all_allowed_assignments(
    seed: int, channels: int, ties: bool, delta: float
) -> None:
    plan = assign(desk_epoch(seed, channels=channels, ties=ties), routing=THIRDS)
    fair = fair_plan(plan, MaxMin(), delta=delta, time_limit_s=None)
    expected = min(tuple(np.sort(after(plan, x))[::-1].round(6)) for x in allowed(plan, delta))
    assert tuple(np.sort(after(plan, fair.solution.expert_of))[::-1].round(6)) == expected
    check_region(plan, fair, delta)


@pytest.mark.parametrize("seed", range(5))
def test_flows_by_level_find_the_lexicographic_best_where_all_start_alike(seed: int) -> None:
    plan = assign(desk_epoch(seed, tickets=6, ties=True), routing=THIRDS)
    work = Work.of(plan.model.situation, plan.model.problem.ticket, plan.model.problem.expert)
    for delta in (0.0, 0.05, 0.3):
        region = Region.of(plan, work, delta)
        share = measure_of_experts(region.problem, region.work.share)
        assert share is not None
        flow = LevelFlow(region, share)
        assert flow.is_exact
        found, settled = flow.settle(plan.solution, None)
        assert settled
        expected = min(tuple(np.sort(after(plan, x))[::-1].round(6)) for x in allowed(plan, delta))
        assert tuple(np.sort(after(plan, found.expert_of))[::-1].round(6)) == expected


def test_flows_by_level_know_where_they_are_not_exact() -> None:
    """One expert comes to an occupancy from below, another begins there: one slot fewer is not one expert fewer."""
    plan = assign(desk_epoch(0, ties=True), routing=THIRDS)
    problem = plan.model.problem
    work = Work.of(plan.model.situation, problem.ticket, problem.expert)
    apart = replace(work, before=work.before + np.array([0.0, float(work.share[0]), 0.0]))
    region = Region.of(plan, apart, 0.1)
    shares = measure_of_experts(region.problem, region.work.share)
    assert shares is not None
    assert not LevelFlow(region, shares).is_exact


@settings(max_examples=20)
@given(seed=SEEDS, channels=st.integers(1, 2), delta=st.sampled_from([0.0, 0.1, 0.5]))
def test_range_is_the_least_of_all_allowed_assignments(seed: int, channels: int, delta: float) -> None:
    plan = assign(desk_epoch(seed, channels=channels))
    assume(work_of(plan).group.any())
    fair = fair_plan(plan, Range(), delta=delta, time_limit_s=None)
    expected = min(np.ptp(after(plan, x)) for x in allowed(plan, delta))
    assert np.ptp(after(plan, fair.solution.expert_of)) == pytest.approx(expected, abs=1e-5)
    check_region(plan, fair, delta)


@settings(max_examples=20)
@given(seed=SEEDS, channels=st.integers(1, 2), delta=st.sampled_from([0.0, 0.1, 0.5]))
def test_alpha_fairness_alone_is_the_best_of_all_allowed_assignments(seed: int, channels: int, delta: float) -> None:
    plan, form = assign(desk_epoch(seed, channels=channels)), AlphaFairness(alpha=2.0)
    fair = fair_plan(plan, form, delta=delta, time_limit_s=None)
    expected = min(lost_utility(plan, form, x) for x in allowed(plan, delta))
    assert lost_utility(plan, form, fair.solution.expert_of) == pytest.approx(expected, abs=1e-4)
    check_region(plan, fair, delta)


def check_region(plan: Plan, fair: Plan, delta: float) -> None:
    assert fair.certificate.feasible
    assert len(fair.assignments) >= len(plan.assignments)
    assert (fair.gap or 0.0) <= delta * abs(plan.objective or 0.0) + 1e-6
    assert fair.solution.message == "the fairest plan"


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, delta=st.sampled_from([0.0, 0.05, 0.2]))
def test_a_price_on_the_points_bounds_the_least_cost_from_below(seed: int, delta: float) -> None:
    plan = assign(desk_epoch(seed))
    problem = plan.model.problem
    region = Region.of(plan, Work.of(plan.model.situation, problem.ticket, problem.expert), delta)
    assume(region.is_plain)
    slots = AlphaFairness(alpha=2.0).curve(region.work).slot_cost(problem)
    assert slots is not None
    found = price_search(region, slots, None)
    assert found is not None
    least = min(slots_cost(slots, x) for x in allowed(plan, delta))
    assert found.bound <= least + 1e-9
    assert least <= found.cost + 1e-9
    assert evaluate(problem, found.solution.expert_of) >= region.least_points
    assert found.cost == pytest.approx(slots_cost(slots, found.solution.expert_of))


def test_fair_plans_keep_constraints_and_pay_penalties() -> None:
    epoch = desk_epoch(5)
    soft = GroupLimit(at_most=1, penalty=0.01)
    for constraint in (GroupLimit(at_most=2), soft):
        plan = Formulation(constraints=(constraint,)).bind(epoch.desk).assign(epoch)
        for form in (MaxMin(), Range(), AlphaFairness()):
            fair = fair_plan(plan, form, delta=0.2)
            assert fair.certificate.feasible
            assert (fair.objective or 0.0) >= 0.8 * (plan.objective or 0.0) - 1e-6


def test_a_time_that_is_over_gives_what_was_found() -> None:
    plan = assign(desk_epoch(1, channels=2))
    fair = fair_plan(plan, MaxMin(), delta=0.1, time_limit_s=0.0)
    assert fair.certificate.feasible
    assert fair.solution.message == "the fairest plan that was found in time"


def test_a_greedy_plan_is_solved_first(make_epoch: Callable[..., Epoch]) -> None:
    plan = assign(make_epoch(4, tickets=20), method="greedy")
    fair = fair_plan(plan, Range(), delta=0.0)
    assert fair.gap == pytest.approx(0.0, abs=1e-6)


def test_nobody_who_could_serve_is_no_error() -> None:
    epoch = desk_epoch(0)
    busy = replace(epoch, staffing=Staffing(load=np.zeros((3, 1)), free_in_s=60.0))
    for form in (MaxMin(), Range(), AlphaFairness(), SlotCost()):
        assert fair_plan(assign(busy), form).objective == 0


def test_a_desk_without_a_plan_has_no_fair_one() -> None:
    epoch = desk_epoch(0)
    none_is_enough = GroupLimit(at_most=1), MinService(at_least=2)
    plan = Formulation(constraints=none_is_enough).bind(epoch.desk).assign(epoch)
    assert plan.objective is None
    with pytest.raises(ProblemError, match="no total"):
        fair_plan(plan, Range())
    assert "fairness has no price" in str(fairness_report(plan))


def test_wrong_forms_and_shares_are_refused() -> None:
    plan = assign(desk_epoch(0))
    for delta in (-0.1, float("nan"), True, "2 %"):
        with pytest.raises(InputError, match="delta"):
            fair_plan(plan, MaxMin(), delta=delta)  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="time_limit_s: found nan"):
        fair_plan(plan, MaxMin(), time_limit_s=float("nan"))
    for form in (MaxMin, "max_min", None):
        with pytest.raises(ContractError, match="expected MaxMin"):
            fair_plan(plan, form)  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="fair_plan"):
        Formulation(fairness=MaxMin())  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="AlphaFairness"):
        Formulation(fairness="alpha")  # type: ignore[arg-type]
    for wrong in ({"alpha": -1}, {"alpha": 99}, {"epsilon": 0}, {"weight": "much"}, {"aplha": 1}):
        with pytest.raises(RoutingError, match=next(iter(wrong))):
            AlphaFairness(**wrong)  # type: ignore[arg-type]
    for costs in ([], [0.2, 0.1], "free", [float("nan")]):
        with pytest.raises(RoutingError, match="do not fall"):
            SlotCost(costs=costs)  # type: ignore[arg-type]


# --- the report


@settings(max_examples=20)
@given(st.lists(st.floats(0, 2), min_size=1, max_size=8))
def test_measures_are_those_of_their_definitions(values: list[float]) -> None:
    x = np.array(values)
    assume(x.sum() > 1e-3)
    n = len(x)
    assert gini(x) == pytest.approx(np.abs(x[:, None] - x).sum() / (2 * n * x.sum()), abs=1e-12)
    assert jain(x) == pytest.approx(x.sum() ** 2 / (n * (x**2).sum()))
    assert (gini(0 * x), jain(0 * x)) == (0.0, 1.0)


def test_the_distribution_holds_every_expert_who_could_get_a_ticket() -> None:
    plan = assign(desk_epoch(2))
    report = fairness_report(plan)
    frame = report.experts.set_index("expert_id")
    assert frame["new_tickets"].sum() == len(plan.assignments)
    assert (frame["occupancy_before"] + frame["new_work_s"] / 3600).tolist() == pytest.approx(
        frame["occupancy_after"].tolist()
    )
    assert frame["occupancy_after"].is_monotonic_decreasing
    assert report.measures.set_index("measure").loc["Gini coefficient", "after"] == pytest.approx(
        gini(frame["occupancy_after"])
    )


@settings(max_examples=10)
@given(seed=SEEDS, channels=st.integers(1, 2))
def test_the_price_curve_is_non_dominated_and_begins_with_the_best_plan(seed: int, channels: int) -> None:
    plan = assign(desk_epoch(seed, channels=channels))
    report = fairness_report(plan)
    curve = report.price(5)
    assert curve["points"][0] == pytest.approx(plan.objective)
    assert curve["price"][0] == pytest.approx(0.0, abs=1e-9)
    assert curve["points"].is_monotonic_decreasing
    count = (plan.solution.expert_of >= 0).sum()
    squares = [
        (evaluate(plan.model.problem, x), (after(plan, x) ** 2).sum())
        for x in every_assignment(plan.model.problem)
        if (x >= 0).sum() >= count
    ]
    for points in curve["points"]:
        reached = min(square for total, square in squares if total == pytest.approx(points, abs=1e-9))
        assert not any(total > points + 1e-6 and square <= reached - 1e-9 for total, square in squares)


def test_the_report_reads_well_and_draws(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = fairness_report(assign(desk_epoch(2)))
    text = str(report)
    for told in ("Jain's index", "could get tickets", "The price of fairness", " new"):
        assert told in text
    report.picture(tmp_path / "fair.svg")
    assert "The price of fairness" in (tmp_path / "fair.svg").read_text("utf-8")


def test_a_report_of_nobody_or_of_a_wrong_window() -> None:
    epoch = replace(desk_epoch(0), staffing=Staffing(load=np.zeros((3, 1)), free_in_s=60.0))
    report = fairness_report(assign(epoch))
    assert report.experts.empty
    assert report.measures["after"].tolist() == [1.0, 0.0, 0.0, 1.0, 0.0]
    assert "0 experts could get tickets" in str(report)
    for window in (0, -1.0, True, "hour"):
        with pytest.raises(InputError, match="window_s"):
            fairness_report(assign(epoch), window_s=window)  # type: ignore[arg-type]


def test_squared_occupancies_are_convex_costs() -> None:
    epoch = desk_epoch(7)
    plan = Formulation(fairness=SquaredOccupancy(weight=0.5)).bind(epoch.desk).assign(epoch)
    plain = assign(epoch)
    start = (work_of(plain).before[work_of(plain).group] ** 2).sum()
    best = max(
        evaluate(plain.model.problem, x) - 0.5 * ((after(plain, x) ** 2).sum() - start)
        for x in every_assignment(plain.model.problem)
    )
    assert plan.objective == pytest.approx(best)
