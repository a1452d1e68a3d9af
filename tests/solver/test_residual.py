"""Polishing: any assignment that keeps the rules becomes an optimal one, with prices that prove it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.errors import ProblemError
from deskmatch.solver import Limits, Problem, Solution, Status, certify, evaluate, polish, residual, solve
from deskmatch.solver.backends.answer import optimal
from deskmatch.solver.hall import cover_musts


def some_assignment(problem: Problem) -> np.ndarray | None:
    """An assignment that only serves the obliged tickets; None where there is none."""
    arcs, violator = cover_musts(problem)
    return None if violator is not None else np.where(arcs >= 0, np.append(problem.expert, -1)[arcs], -1)


@given(data=st.data())
@settings(max_examples=150)
def test_polishing_the_worst_start_gives_the_proved_optimum(cases, data):
    problem = data.draw(cases.problems())
    start = some_assignment(problem)
    if start is None:
        return
    polished = polish(problem, start)
    objective = evaluate(problem, polished.expert_of)
    assert cases.close(problem, objective, cases.brute_force(problem))
    solution = Solution(
        expert_of=polished.expert_of,
        objective=objective,
        status=Status.OPTIMAL,
        method="polish",
        expert_price=polished.expert_price,
        limit_price=polished.limit_price,
    )
    assert certify(problem, solution).optimal
    assert polished.limit_price is None or (polished.limit_price >= 0).all()


@given(data=st.data())
@settings(max_examples=60)
def test_polishing_in_integers_finds_what_floats_find(cases, data):
    problem = data.draw(cases.problems())
    start = some_assignment(problem)
    if start is None:
        return
    exact, floats = polish(problem, start, exact=True), polish(problem, start)
    objective = evaluate(problem, exact.expert_of)
    assert objective == pytest.approx(evaluate(problem, floats.expert_of), abs=1e-12 * cases.size(problem))


def test_a_gain_that_floats_cannot_see_beside_large_costs_is_found_and_proved():
    problem = Problem.from_arcs(1, 1, [0], [0], [1e15], hold=-1e-15, slot_cost=1e15)
    assert polish(problem, [-1]).expert_of.tolist() == [-1]
    assert polish(problem, [-1], exact=True).expert_of.tolist() == [0]
    solution = optimal(problem, np.array([-1]), method="held", started=0.0)
    assert solution.objective == 0.0
    assert certify(problem, solution).optimal


@pytest.mark.parametrize("seed", range(4))
def test_polishing_from_nothing_repairs_a_larger_problem(seed):
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((60, 40)) < 0.2)
    points = rng.normal(size=len(ticket))
    of_arc = np.where(rng.random(len(ticket)) < 0.5, expert, -1).astype(np.int32)
    limits = Limits(of_arc=of_arc, bound=rng.integers(0, 2, 40, dtype=np.int32))
    problem = Problem.from_arcs(60, 40, ticket, expert, points, capacity=2, slot_cost=0.1, limits=limits)
    polished = polish(problem, np.full(60, -1))
    assert polished.repairs > 10
    best = solve(problem, method="min_cost_flow").objective
    assert evaluate(problem, polished.expert_of) == pytest.approx(best, rel=1e-13)


def test_a_ring_of_full_experts_is_found_without_a_free_unit():
    problem = Problem.from_arcs(
        3, 3, np.repeat(range(3), 3), np.tile(range(3), 3), [1, 2, 0, 0, 1, 2, 2, 0, 1], hold=-np.inf
    )
    polished = polish(problem, [0, 1, 2])
    assert polished.expert_of.tolist() == [1, 2, 0]


def test_prices_are_the_value_of_one_more_unit():
    problem = Problem.from_arcs(3, 1, [0, 1, 2], [0, 0, 0], [9.0, 7.0, 4.0], capacity=2)
    polished = polish(problem, [0, 0, -1])
    assert polished.expert_price.tolist() == [4.0]
    assert polished.ticket_price.tolist() == [5.0, 3.0, 0.0]


@given(data=st.data())
@settings(max_examples=60)
def test_least_prices_of_full_experts_are_what_one_more_unit_brings(cases, data):
    problem = data.draw(cases.problems(tickets=4, experts=3, limited=False, musts=False))
    polished = polish(problem, np.full(problem.n_tickets, -1))
    best = cases.brute_force(problem)
    load = np.bincount(polished.expert_of[polished.expert_of >= 0], minlength=problem.n_experts)
    for expert in np.flatnonzero((load == problem.capacity) & (load > 0) & ~problem.slot_cost.any(axis=1)):
        capacity = problem.capacity.copy()
        capacity[expert] += 1
        more = Problem(
            n_tickets=problem.n_tickets,
            n_experts=problem.n_experts,
            indptr=problem.indptr,
            expert=problem.expert,
            points=problem.points,
            capacity=capacity,
            hold=problem.hold,
            slot_cost=problem.slot_cost,
        )
        gain = cases.brute_force(more) - best
        assert float(gain) == pytest.approx(polished.expert_price[expert], abs=1e-12 * cases.size(problem))


def test_an_assignment_that_breaks_a_rule_is_refused():
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.0])
    with pytest.raises(ProblemError, match="capacity 1"):
        polish(problem, [0, 0])


def test_circuits_without_a_gain_end_the_search_where_rounding_is_not_watched(monkeypatch):
    points = [1.0, 7.7, 1e15, 1e15, 7.7, -1e15, 0.1, 1.0, 1e-15, 0.1]
    ticket, expert = np.divmod(np.arange(10), 2)
    problem = Problem.from_arcs(5, 2, ticket, expert, points, hold=[0.0, 0.1, 0.0, 0.0, 1e15], slot_cost=0.1)
    monkeypatch.setattr(residual, "SLACK", 0.0)
    polished = polish(problem, np.full(5, -1))
    solution = Solution(
        expert_of=polished.expert_of,
        objective=evaluate(problem, polished.expert_of),
        status=Status.OPTIMAL,
        method="polish",
        expert_price=polished.expert_price,
    )
    assert certify(problem, solution).optimal


def test_circuits_that_gain_only_rounding_are_not_applied():
    rng = np.random.default_rng(3)
    noise = np.repeat(rng.random(20), 20) + np.tile(rng.random(20), 20)
    ticket, expert = np.divmod(np.arange(400), 20)
    problem = Problem.from_arcs(20, 20, ticket, expert, noise * 1e9, hold=-np.inf)
    polished = polish(problem, np.arange(20))
    assert polished.repairs <= 20
    assert evaluate(problem, polished.expert_of) == pytest.approx(evaluate(problem, np.arange(20)), rel=1e-14)
