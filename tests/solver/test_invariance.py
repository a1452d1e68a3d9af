"""What must not matter does not: order, constants per ticket, the form of an expert's capacity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.solver import Capability, Limits, Problem, backend_named, backend_names, certify, solve

METHODS = tuple(name for name in backend_names() if Capability.USAGE not in backend_named(name).capabilities)
"""The methods for networks."""
each_method = pytest.mark.parametrize("method", METHODS)


def optimum(problem: Problem, method: str) -> float | None:
    """The proved optimum."""
    solution = solve(problem, method=method)
    certificate = certify(problem, solution)
    assert certificate.optimal or certificate.infeasible_proven
    return solution.objective


def changed(problem: Problem, **changes: object) -> Problem:
    """The same problem with other arrays, arcs in any order."""
    arrays = {
        "ticket": problem.ticket,
        "expert": problem.expert,
        "points": problem.points,
        "capacity": problem.capacity,
        "hold": problem.hold,
        "slot_cost": problem.slot_cost,
        "limits": problem.limits,
        **changes,
    }
    n, m = len(arrays["hold"]), len(arrays["capacity"])
    return Problem.from_arcs(n, m, **arrays)  # type: ignore[arg-type]


def drawn(data: st.DataObject, cases: object, method: str, **options: object) -> Problem:
    """A problem that this backend takes."""
    able = Capability.LIMITS in backend_named(method).capabilities
    return data.draw(cases.problems(limited=None if able else False, **options))


@each_method
@given(data=st.data())
@settings(max_examples=40)
def test_the_order_of_arcs_does_not_matter_at_all(cases, method, data):
    problem = drawn(data, cases, method)
    order = np.array(data.draw(st.permutations(range(problem.n_arcs))), dtype=np.int64)
    limits = problem.limits
    if limits is not None:
        limits = Limits(of_arc=limits.of_arc[order], bound=limits.bound, parent=limits.parent)
    shuffled = changed(
        problem,
        ticket=problem.ticket[order],
        expert=problem.expert[order],
        points=problem.points[order],
        limits=limits,
    )
    first, second = solve(problem, method=method), solve(shuffled, method=method)
    assert first.objective == second.objective
    assert np.array_equal(first.expert_of, second.expert_of)


@each_method
@given(data=st.data())
@settings(max_examples=40)
def test_permuted_tickets_and_experts_have_the_same_optimum(cases, method, data):
    problem = drawn(data, cases, method)
    row = np.array(data.draw(st.permutations(range(problem.n_tickets))), dtype=np.int64)
    column = np.array(data.draw(st.permutations(range(problem.n_experts))), dtype=np.int64)
    permuted = changed(
        problem,
        ticket=np.argsort(row)[problem.ticket] if len(row) else problem.ticket,
        expert=np.argsort(column)[problem.expert] if len(column) else problem.expert,
        hold=problem.hold[row],
        capacity=problem.capacity[column],
        slot_cost=problem.slot_cost[column],
    )
    before, after = optimum(problem, method), optimum(permuted, method)
    assert after == (before if before is None else pytest.approx(before, abs=1e-12 * cases.size(problem)))


@each_method
@given(data=st.data())
@settings(max_examples=40)
def test_the_unique_plan_follows_the_permutation(cases, method, data):
    n = data.draw(st.integers(1, 5))
    powers = np.array(data.draw(st.permutations(range(n * n))), dtype=float)
    ticket, expert = np.divmod(np.arange(n * n), n)
    problem = Problem.from_arcs(n, n, ticket, expert, 2.0**powers)
    row = np.array(data.draw(st.permutations(range(n))), dtype=np.int64)
    permuted = changed(problem, ticket=row[problem.ticket])
    plan = solve(problem, method=method).expert_of
    assert np.array_equal(solve(permuted, method=method).expert_of[row], plan)


@each_method
@given(data=st.data())
@settings(max_examples=40)
def test_a_constant_on_a_tickets_arcs_and_hold_is_added_to_the_optimum(cases, method, data):
    whole = st.integers(-5, 5).map(float)
    problem = drawn(data, cases, method, numbers=whole)
    shift = np.array([data.draw(st.integers(-9, 9)) for _ in range(problem.n_tickets)], dtype=float)
    points = problem.points + (shift[problem.ticket] if len(shift) else 0.0)
    shifted = changed(problem, points=points, hold=problem.hold + shift)
    before, after = optimum(problem, method), optimum(shifted, method)
    assert after == (before if before is None else before + shift.sum())


@each_method
@given(data=st.data())
@settings(max_examples=40)
def test_an_expert_of_capacity_two_is_two_experts_with_a_slot_each(cases, method, data):
    problem = data.draw(cases.problems(limited=False, experts=3))
    if not problem.n_experts:
        return
    two = changed(problem, capacity=[2, *problem.capacity[1:]])
    clone = two.n_experts
    arcs = np.flatnonzero(two.expert == 0)
    last = two.slot_cost.shape[1] - 1
    cost = two.slot_cost.copy()
    cost[0] = two.slot_cost[0, 0]
    split = changed(
        two,
        ticket=np.append(two.ticket, two.ticket[arcs]),
        expert=np.append(two.expert, np.full(len(arcs), clone)),
        points=np.append(two.points, two.points[arcs]),
        capacity=[1, *two.capacity[1:], 1],
        slot_cost=np.vstack([cost, np.full(last + 1, two.slot_cost[0, min(1, last)])]),
    )
    before, after = optimum(two, method), optimum(split, method)
    assert after == (before if before is None else pytest.approx(before, abs=1e-12 * cases.size(two)))


@each_method
@given(data=st.data())
@settings(max_examples=40)
def test_transposed_without_holds_and_costs_has_the_same_optimum(cases, method, data):
    problem = data.draw(cases.problems(plain=True, musts=False))
    problem = changed(problem, hold=np.zeros(problem.n_tickets))
    transposed = Problem.from_arcs(problem.n_experts, problem.n_tickets, problem.expert, problem.ticket, problem.points)
    assert optimum(transposed, method) == pytest.approx(optimum(problem, method), abs=1e-12 * cases.size(problem))


@each_method
@given(data=st.data())
@settings(max_examples=40)
def test_a_power_of_two_scales_the_optimum_exactly(cases, method, data):
    problem = drawn(data, cases, method, numbers=st.integers(-5, 5).map(float))
    scaled = changed(problem, points=problem.points / 8, hold=problem.hold / 8, slot_cost=problem.slot_cost / 8)
    before = optimum(problem, method)
    assert optimum(scaled, method) == (before if before is None else before / 8)
