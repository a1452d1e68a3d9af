"""Greedy: keeps every rule, is never above the bound that it proves, and takes the best arc first."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deskmatch.heuristics
from deskmatch.heuristics import descend, greedy
from deskmatch.solver import Limits, Problem, Side, Status, certify, solve
from deskmatch.solver.evaluation import evaluate, violations


@given(data=st.data())
@settings(max_examples=300)
def test_keeps_every_rule_wherever_they_can_be_kept(cases, data):
    problem = data.draw(cases.problems())
    solution = greedy(problem)
    certificate = certify(problem, solution)
    best = cases.brute_force(problem)
    assert not certificate.violations
    if best is None:
        assert certificate.infeasible_proven
        return
    assert solution.status is Status.FEASIBLE
    assert certificate.feasible and certificate.objective == solution.objective
    rounding = 1e-12 * cases.size(problem)
    assert solution.objective <= float(best) + rounding
    assert certificate.proven_bound >= float(best) - rounding
    assert solution.claimed_bound == pytest.approx(certificate.proven_bound, abs=rounding)


@given(data=st.data())
def test_never_below_holding_everyone(cases, data):
    problem = data.draw(cases.problems(musts=False))
    assert greedy(problem).objective >= problem.hold.sum() - 1e-12 * cases.size(problem)


@given(data=st.data())
def test_with_single_units_gains_at_least_half_of_the_best(cases, data):
    problem = data.draw(cases.problems(plain=True, musts=False))
    held = problem.hold.sum()
    best = float(cases.brute_force(problem))
    assert greedy(problem).objective - held >= (best - held) / 2 - 1e-12 * cases.size(problem)


@given(data=st.data())
def test_takes_the_best_marginal_arc_first(cases, data):
    problem = data.draw(cases.problems(musts=False))
    assert np.array_equal(greedy(problem).expert_of, one_at_a_time(problem))


def one_at_a_time(problem: Problem) -> np.ndarray:
    """Greedy as its definition says it: look at all arcs, take the best, start again."""
    expert_of = np.full(problem.n_tickets, -1)
    left = problem.capacity.copy()
    room = None if problem.limits is None else problem.limits.bound.copy()
    load = np.zeros(problem.n_experts, dtype=int)
    while True:
        best, chosen, chain_of = 0.0, None, []
        for arc in range(problem.n_arcs):
            ticket, expert = int(problem.ticket[arc]), int(problem.expert[arc])
            limit = -1 if problem.limits is None else int(problem.limits.of_arc[arc])
            chain = []
            while limit >= 0:
                chain.append(limit)
                limit = int(problem.limits.parent[limit])
            cost = problem.slot_cost[expert, min(load[expert], problem.slot_cost.shape[1] - 1)]
            gain = problem.points[arc] - cost - problem.hold[ticket]
            fits = left[expert] > 0 and all(room[limit] > 0 for limit in chain)
            if expert_of[ticket] < 0 and fits and gain > best:
                best, chosen, chain_of = gain, (ticket, expert), chain
        if chosen is None:
            return expert_of
        expert_of[chosen[0]] = chosen[1]
        left[chosen[1]] -= 1
        load[chosen[1]] += 1
        for limit in chain_of:
            room[limit] -= 1


@pytest.mark.parametrize("seed", range(10))
def test_takes_the_best_marginal_arc_first_where_slots_become_dearer(seed):
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((15, 4)) < 0.7)
    cost = np.cumsum(rng.random((4, 4)) * 0.5, axis=1)
    problem = Problem.from_arcs(15, 4, ticket, expert, rng.random(len(ticket)) + 0.5, capacity=4, slot_cost=cost)
    assert np.array_equal(greedy(problem).expert_of, one_at_a_time(problem))


def test_tickets_that_must_be_assigned_are_rearranged_until_all_are():
    limits = Limits(of_arc=[-1, -1, -1, 0, 0], bound=[1])
    problem = Problem.from_arcs(
        3,
        2,
        [0, 0, 1, 1, 2],
        [0, 1, 0, 1, 1],
        [1.0, 9.0, 9.0, 1.0, 5.0],
        hold=[-np.inf, -np.inf, 0.0],
        limits=limits,
    )
    assert greedy(problem).expert_of.tolist() == [1, 0, -1]
    stuck = Problem.from_arcs(3, 3, [0, 0, 1, 1, 2, 2], [0, 1, 0, 2, 0, 2], [9.0, 1.0] * 3, hold=-np.inf)
    assert sorted(greedy(stuck).expert_of.tolist()) == [0, 1, 2]
    chain = Problem.from_arcs(3, 3, [0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], 1.0, hold=-np.inf)
    assert greedy(chain).violator.tolist() == [0, 1, 2]


def test_equal_gains_go_by_ticket_then_expert():
    problem = Problem.from_arcs(2, 2, [0, 0, 1, 1], [0, 1, 0, 1], 1.0)
    assert greedy(problem).expert_of.tolist() == [0, 1]


def test_prices_prove_a_bound_near_the_optimum_of_a_busy_desk():
    rng = np.random.default_rng(1)
    ticket, expert = np.nonzero(rng.random((300, 100)) < 0.1)
    problem = Problem.from_arcs(300, 100, ticket, expert, rng.random(len(ticket)))
    certificate = certify(problem, greedy(problem))
    best = solve(problem).objective
    assert best <= certificate.proven_bound <= 1.2 * best


def test_more_rounds_of_descent_never_prove_less():
    rng = np.random.default_rng(2)
    ticket, expert = np.nonzero(rng.random((40, 20)) < 0.3)
    limits = Limits(of_arc=expert, bound=np.ones(20, dtype=np.int32))
    problem = Problem.from_arcs(40, 20, ticket, expert, rng.random(len(ticket)), capacity=2, limits=limits)
    solution = greedy(problem)
    bounds = []
    for rounds in (1, 5, 50):
        prices = descend(problem, target=solution.objective, rounds=rounds)
        priced = solution.__class__(
            expert_of=solution.expert_of,
            objective=solution.objective,
            status=Status.FEASIBLE,
            method="greedy",
            expert_price=prices.expert,
            limit_price=prices.limit,
        )
        bounds.append(certify(problem, priced).proven_bound)
    assert bounds[0] > bounds[1] > bounds[2] >= solve(problem).objective


def test_a_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'greedyy'"):
        deskmatch.heuristics.greedyy  # noqa: B018
    assert set(dir(deskmatch.heuristics)) == set(deskmatch.heuristics.__all__)


def with_usage(data: st.DataObject, cases: object, **options: object) -> Problem:
    """A small problem whose arcs take one to three units each."""
    problem = data.draw(cases.problems(tickets=4, experts=3, **options))
    units = [data.draw(st.integers(1, 3)) for _ in range(problem.n_arcs)]
    return replace(problem, usage=np.array(units, dtype=np.int32))


def every_answer(problem: Problem) -> list[float]:
    """The points of every assignment that keeps the rules, by trying them all."""
    rows = [[-1, *problem.expert[problem.indptr[i] : problem.indptr[i + 1]].tolist()] for i in range(problem.n_tickets)]
    tried = (np.array(row, dtype=np.int32) for row in itertools.product(*rows))
    return [evaluate(problem, row) for row in tried if not violations(problem, row)]


@given(data=st.data())
@settings(max_examples=200)
def test_with_usage_every_rule_is_kept_and_the_bound_holds(cases, data):
    problem = with_usage(data, cases)
    solution, answers = greedy(problem), every_answer(problem)
    certificate = certify(problem, solution)
    rounding = 3e-12 * cases.size(problem)
    if solution.status is not Status.FEASIBLE:
        if solution.status is Status.INFEASIBLE:
            assert not answers and certificate.infeasible_proven
        else:
            assert solution.objective is None and problem.usage is not None and np.isneginf(problem.hold).any()
        return
    assert not certificate.violations and certificate.objective == solution.objective
    assert solution.objective <= max(answers) + rounding
    assert solution.claimed_bound >= max(answers) - rounding
    assert certificate.proven_bound >= max(answers) - rounding


@given(data=st.data())
def test_with_usage_never_below_holding_everyone(cases, data):
    problem = with_usage(data, cases, musts=False)
    solution = greedy(problem)
    assert solution.status is Status.FEASIBLE
    assert solution.objective >= evaluate(problem, np.full(problem.n_tickets, -1))


def test_an_arc_pays_all_of_its_slots():
    two = {"ticket": [0, 1], "expert": [0, 0], "points": [5.0, 4.0], "usage": [3, 1]}
    dear = Problem.from_arcs(2, 1, **two, capacity=4, slot_cost=[[0.0, 2.0, 3.5]])
    assert greedy(dear).expert_of.tolist() == [-1, 0]
    cheap = Problem.from_arcs(2, 1, **two, capacity=4, slot_cost=[[0.0, 0.5, 1.0]])
    assert (greedy(cheap).expert_of.tolist(), greedy(cheap).objective) == ([0, 0], 9.0 - 0.0 - 0.5 - 1.0 - 1.0)
    narrow = replace(cheap, capacity=np.array([3], dtype=np.int32))
    assert greedy(narrow).expert_of.tolist() == [-1, 0]


def test_limits_count_units():
    limits = Limits(of_arc=[0, 0], bound=[2])
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [5.0, 4.0], capacity=9, usage=[3, 2], limits=limits)
    assert greedy(problem).expert_of.tolist() == [-1, 0]


def test_tickets_that_must_be_assigned_are_packed_by_falling_units():
    musts = {"ticket": [0, 0, 1, 1], "expert": [0, 1, 0, 1], "points": [9.0, 1.0, 1.0, 9.0], "hold": -np.inf}
    problem = Problem.from_arcs(2, 2, **musts, capacity=[2, 3], usage=[2, 2, 3, 3])
    assert greedy(problem).expert_of.tolist() == [0, 1]
    tight = Problem.from_arcs(
        2, 2, [0, 0, 1, 1], [0, 1, 0, 1], [1.0, 9.0, 1.0, 1.0], capacity=[2, 3], usage=[2, 2, 3, 3], hold=-np.inf
    )
    assert greedy(tight).expert_of.tolist() == [0, 1]
    stuck = Problem.from_arcs(2, 1, [0, 1], [0, 0], 1.0, capacity=3, usage=2, hold=-np.inf)
    answer = greedy(stuck)
    assert (answer.status, answer.objective) == (Status.UNKNOWN, None)


def test_hard_rows_are_kept_and_soft_ones_weighed():
    two = {"ticket": [0, 1], "expert": [0, 1], "points": [3.0, 2.0]}
    hard = Side.from_matrix([[1.0, 1.0]], "<=", 1.0)
    assert greedy(Problem.from_arcs(2, 2, **two, side=hard)).expert_of.tolist() == [0, -1]
    cheap = Side.from_matrix([[1.0, 1.0]], "<=", 1.0, penalty=1.5)
    assert greedy(Problem.from_arcs(2, 2, **two, side=cheap)).objective == 3.5
    dear = Side.from_matrix([[1.0, 1.0]], "<=", 1.0, penalty=2.5)
    assert greedy(Problem.from_arcs(2, 2, **two, side=dear)).objective == 3.0
    at_least = Side.from_matrix([[0.0, 1.0]], ">=", 1.0)
    negative = Problem.from_arcs(2, 2, [0, 1], [0, 1], [3.0, -2.0], side=at_least)
    assert greedy(negative).expert_of.tolist() == [0, 1]


def test_what_cannot_be_kept_is_told_with_the_least_violating_answer():
    nobody = Side.from_matrix([[1.0, 1.0]], ">=", 3.0)
    answer = greedy(Problem.from_arcs(2, 2, [0, 1], [0, 1], [-3.0, -2.0], side=nobody))
    assert (answer.status, answer.objective) == (Status.UNKNOWN, None)
    assert answer.expert_of.tolist() == [0, 1]
    assert answer.message == "side row 0 is missed by 1.0"


def test_per_unit_prefers_many_small_tickets():
    arcs = {"ticket": [0, 1, 2], "expert": [0, 0, 0], "points": [5.0, 3.0, 3.0], "usage": [2, 1, 1], "capacity": 2}
    problem = Problem.from_arcs(3, 1, **arcs)
    assert greedy(problem).objective == 5.0
    assert greedy(problem, per_unit=True).objective == 6.0
