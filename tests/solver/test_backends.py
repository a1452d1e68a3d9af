"""Every exact backend: right on every small problem, on published optima, and honest about what it cannot do."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

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

EXACT = backend_names()
WITH_LIMITS = backends_for(Capability.LIMITS)
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


NAMED: dict[str, tuple[Problem, float | None]] = {
    "nothing": (Problem.from_arcs(0, 0, [], [], []), 0.0),
    "no tickets": (Problem.from_arcs(0, 3, [], [], []), 0.0),
    "no experts": (Problem.from_arcs(2, 0, [], [], [], hold=[1.5, -1.0]), 0.5),
    "no arcs": (Problem.from_arcs(2, 2, [], [], [], hold=0.25), 0.5),
    "no arcs, must": (Problem.from_arcs(2, 2, [], [], [], hold=[0.0, MUST]), None),
    "no experts, must": (Problem.from_arcs(1, 0, [], [], [], hold=MUST), None),
    "one row": (full([[1.0, 7.0, 3.0]]), 7.0),
    "one column": (full([[1.0], [7.0], [3.0]]), 7.0),
    "all ties": (full([[1.0] * 4] * 4), 4.0),
    "zero capacity": (full([[5.0, 2.0]], capacity=[0, 1]), 2.0),
    "zero capacity, must": (full([[5.0]], capacity=0, hold=MUST), None),
    "negative points are held": (full([[-1.0, -2.0], [-3.0, 4.0]]), 4.0),
    "negative points, must": (full([[-1.0, -2.0], [-1.5, -4.0]], hold=MUST), -3.5),
    "two must, one expert": (full([[1.0], [2.0]], hold=MUST), None),
    "must takes the place of a better ticket": (full([[9.0], [1.0]], hold=[0.0, MUST]), 1.0),
    "1e15 and 1e-15": (full([[1e15, 1e-15], [1e15, 1e-15]]), 1e15),
    "points equal to hold": (full([[2.0, 2.0]], hold=2.0), 2.0),
    "capacity 2": (full([[3.0], [2.0], [1.0]], capacity=2), 5.0),
    "convex slots": (full([[3.0], [3.0], [3.0]], capacity=3, slot_cost=[[0.0, 1.0, 4.0]]), 5.0),
    "slots that pay": (full([[-1.0]], slot_cost=-2.0), 1.0),
    "last slot cost goes on": (full([[3.0]] * 4, capacity=4, slot_cost=[[0.0, 2.0]]), 6.0),
    "more tickets than slots": (full([[4.0, 4.0], [4.0, 4.0], [3.0, 5.0]]), 9.0),
    "zero weights": (full([[0.0, 0.0], [0.0, 1.0]]), 1.0),
    "ring of swaps": (full([[1.0, 2.0, 0.0], [0.0, 1.0, 2.0], [2.0, 0.0, 1.0]], hold=MUST), 6.0),
    "tiny points": (full([[3e-300, 1e-300]]), 3e-300),
    "huge points": (full([[1e150, 1e149]]), 1e150),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", NAMED)
def test_named_problem_has_its_known_optimum(name, method):
    problem, optimum = NAMED[name]
    assert proved(problem, method) == optimum


@pytest.mark.parametrize("method", WITH_LIMITS)
def test_a_limit_inside_a_capacity_leaves_the_second_best_elsewhere(method):
    limits = Limits.from_sets(4, [([0, 1, 2], 1)])
    problem = full([[5.0], [4.0], [3.0], [1.0]], capacity=3, limits=limits)
    assert proved(problem, method) == 6.0


OPTIMA = {
    "assign100": 305,
    "assign200": 475,
    "assign300": 626,
    "assign400": 804,
    "assignp800": 2239,
    "assignp1500": 5839,
}
"""Minimal costs, from the OR-Library (J. E. Beasley 1990)."""

SLOW = {("networkx", name) for name in OPTIMA} - {("networkx", "assign100")}
"""networkx takes more than ten seconds on these."""


@pytest.mark.skipif("DESKMATCH_DATA" not in os.environ, reason="DESKMATCH_DATA is not set")
@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", OPTIMA)
def test_finds_the_published_optimum_of_the_or_library(name, method):
    if (method, name) in SLOW:
        pytest.skip("networkx takes more than ten seconds on it")
    assert proved(or_library(name), method) == -OPTIMA[name]


def or_library(name: str) -> Problem:
    """An assignment problem of the OR-Library: everything must be assigned, points are minus the costs."""
    path = Path(os.environ["DESKMATCH_DATA"]) / "orlib_assign" / f"{name}.txt.gz"
    with gzip.open(path, "rt") as file:
        numbers = np.array(file.read().split(), dtype=np.int64)
    n, entries = int(numbers[0]), numbers[1:]
    if name.startswith("assignp"):
        ticket, expert, cost = entries[: len(entries) // 3 * 3].reshape(-1, 3).T
        ticket, expert = ticket - 1, expert - 1
    else:
        ticket, expert = (index.ravel() for index in np.indices((n, n)))
        cost = entries
    return Problem.from_arcs(n, n, ticket, expert, -cost.astype(float), hold=MUST)


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
