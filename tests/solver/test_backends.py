"""Every exact backend: right on every small problem, on published optima, and honest about what it cannot do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.errors import BackendError
from deskmatch.solver import (
    Capability,
    Limits,
    Problem,
    Status,
    backend_named,
    backend_names,
    backends_for,
    certify,
    check_backend,
    joint_capacity,
    needs,
    solve,
)

EXACT = tuple(name for name in backend_names() if Capability.USAGE not in backend_named(name).capabilities)
"""The methods for networks."""
WITH_LIMITS = tuple(name for name in backends_for(Capability.LIMITS) if name in EXACT)
MUST = float("-inf")


def proved(problem: Problem, method: str) -> float | None:
    """The proved optimum, or None where infeasibility is proved."""
    solution = solve(problem, method=method)
    certificate = certify(problem, solution)
    assert not certificate.violations
    assert solution.objective == certificate.objective
    if solution.status is Status.INFEASIBLE:
        assert certificate.infeasible_proven
        return None
    assert solution.status is Status.OPTIMAL
    assert certificate.optimal
    assert solution.method == method
    return solution.objective


@pytest.mark.parametrize("method", EXACT)
@given(data=st.data())
@settings(max_examples=60)
def test_equals_the_enumeration_of_all_assignments(method, cases, data):
    limited = None if method in WITH_LIMITS else False
    problem = data.draw(cases.problems(limited=limited))
    assert cases.close(problem, proved(problem, method), cases.brute_force(problem))


@pytest.mark.parametrize("method", EXACT)
@given(data=st.data())
@settings(max_examples=40)
def test_magnitudes_from_1e_minus_15_to_1e15_in_one_problem_stay_within_the_tolerance(method, cases, data):
    numbers = st.sampled_from([1e15, -1e15, 1e-15, -1e-15, 1.0, 0.1, 0.0, 3e14])
    problem = data.draw(cases.problems(numbers=numbers, limited=False))
    assert cases.close(problem, proved(problem, method), cases.brute_force(problem))


@given(data=st.data())
@settings(max_examples=40)
def test_all_backends_agree(cases, data):
    problem = data.draw(cases.problems(tickets=9, experts=8, limited=False))
    found = [proved(problem, method) for method in EXACT]
    if found[0] is None:
        assert found == [None] * len(EXACT)
    else:
        assert np.ptp(np.array(found, dtype=float)) <= 1e-12 * cases.size(problem)


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("seed", range(3))
def test_equals_enumeration_on_full_six_by_six(method, seed, cases):
    points = np.random.default_rng(seed).integers(-2, 9, 36).astype(float)
    ticket, expert = np.divmod(np.arange(36), 6)
    problem = Problem.from_arcs(6, 6, ticket, expert, points)
    assert proved(problem, method) == cases.brute_force(problem)


def full(points: list[list[float]], **options: object) -> Problem:
    """A problem with all pairs."""
    table = np.array(points, dtype=float)
    ticket, expert = np.indices(table.shape)
    return Problem.from_arcs(*table.shape, ticket.ravel(), expert.ravel(), table.ravel(), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", EXACT)
def test_backend_keeps_its_contract(method):
    check_backend(backend_named(method))


@pytest.mark.parametrize("method", ("dense", "sparse"))
def test_declines_limits_and_names_who_can(method):
    meeting = Limits.from_sets(4, [([0, 1], 2), ([2, 3], 2)])
    problem = full([[1.0], [2.0], [1.0], [3.0]], capacity=3, limits=meeting)
    with pytest.raises(BackendError, match=r"cannot take limits; .*min_cost_flow.* can"):
        solve(problem, method=method)


def test_dense_refuses_a_matrix_that_is_too_large():
    diagonal = np.arange(20_000)
    problem = Problem.from_arcs(20_000, 20_000, diagonal, diagonal, 1.0)
    with pytest.raises(BackendError, match="use sparse"):
        solve(problem, method="dense")


@given(data=st.data())
def test_needs_names_what_a_problem_holds(cases, data):
    problem = data.draw(cases.problems())
    assert (Capability.MUST_ASSIGN in needs(problem)) == bool(np.isneginf(problem.hold).any())
    assert (Capability.LIMITS in needs(problem)) == (problem.limits is not None)
    assert (Capability.CAPACITIES in needs(problem)) == bool((problem.capacity > 1).any())


@pytest.mark.parametrize("method", EXACT)
@given(data=st.data())
@settings(max_examples=30)
def test_infeasible_answers_carry_the_same_minimal_violator(method, cases, data):
    problem = data.draw(cases.problems(limited=False))
    solution = solve(problem, method=method)
    if solution.violator is not None:
        assert joint_capacity(problem, solution.violator) < len(solution.violator)
        assert (solution.expert_of == -1).all()
        assert solution.objective is None
