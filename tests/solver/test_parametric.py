"""The interval in which an assignment stays optimal, against the lines of all assignments of small networks."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deskmatch.errors import BackendError, ProblemError
from deskmatch.solver import Problem, Side, Status, certify, solve, violations
from deskmatch.solver.evaluation import arcs_chosen, objective_terms
from deskmatch.solver.parametric import Direction, optimal_interval


def lines(problem: Problem, direction: Direction) -> list[tuple[Fraction, Fraction]]:
    """Height at 0 and slope of every assignment that keeps the rules, exactly."""
    choices = [[-1, *problem.expert[slice(*problem.indptr[i : i + 2])].tolist()] for i in range(problem.n_tickets)]
    found = []
    for choice in itertools.product(*choices):
        expert_of = np.array(choice, dtype=np.int32)
        if not violations(problem, expert_of):
            found.append(line(problem, direction, expert_of))
    return found


def line(problem: Problem, direction: Direction, expert_of: np.ndarray) -> tuple[Fraction, Fraction]:
    arcs = arcs_chosen(problem, expert_of)
    rise = replace(
        problem, points=direction.points, slot_cost=direction.slot_cost, hold=np.where(np.isfinite(problem.hold), 0, 0)
    )
    height = sum(map(Fraction, objective_terms(problem, arcs)), Fraction(0))
    return height, sum(map(Fraction, objective_terms(rise, arcs)), Fraction(0))


def interval(own: tuple[Fraction, Fraction], others: list[tuple[Fraction, Fraction]]) -> tuple[float, float]:
    """Where one line is the highest of all, by its crossing with each other line."""
    low, high = -math.inf, math.inf
    for height, slope in others:
        if slope > own[1]:
            high = min(high, float((own[0] - height) / (slope - own[1])))
        elif slope < own[1]:
            low = max(low, float((own[0] - height) / (slope - own[1])))
    return low, high


@settings(max_examples=80)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_the_interval_is_that_of_the_lines_of_all_assignments(data: st.DataObject, seed: int, cases: type) -> None:
    problem = data.draw(cases.problems(numbers=st.integers(-3, 5).map(float), tickets=4, experts=3))
    solution = solve(problem)
    assume(solution.status is not Status.INFEASIBLE)
    rng = np.random.default_rng(seed)
    points = rng.integers(-3, 4, problem.n_arcs).astype(float)
    direction = Direction(points, np.zeros_like(problem.slot_cost))
    found = optimal_interval(problem, solution, direction)
    expected = interval(line(problem, direction, solution.expert_of), lines(problem, direction))
    assert (found.least, found.greatest) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    for end, other in ((found.least, found.below), (found.greatest, found.above)):
        assert (other is None) == math.isinf(end)
        if other is not None:  # both are optimal at the end, and that is proved
            there = replace(problem, points=problem.points + end * points)
            for expert_of in (solution.expert_of, other):
                assert certify(there, replace(solve(there), expert_of=expert_of, objective=None)).gap == 0


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
def test_convex_slot_costs_may_be_the_direction_within_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((4, 2)) < 0.8)
    slots = np.sort(rng.integers(0, 4, (2, 3)), axis=1).astype(float)
    problem = Problem.from_arcs(
        4, 2, ticket, expert, rng.integers(1, 6, len(ticket)), capacity=3, slot_cost=2.0 * slots
    )
    direction = Direction(np.zeros(len(ticket)), slots)
    solution = solve(problem)
    found = optimal_interval(problem, solution, direction, least=-2.0, greatest=5.0)
    low, high = interval(line(problem, direction, solution.expert_of), lines(problem, direction))
    assert (found.least, found.greatest) == pytest.approx((max(low, -2.0), min(high, 5.0)))


def test_what_has_no_true_interval_is_refused() -> None:
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    solution, up = solve(problem), Direction(np.ones(2))
    with pytest.raises(BackendError, match="networks only"):
        optimal_interval(replace(problem, side=Side.from_matrix([[1, 1]], "<=", 1)), solution, up)
    with pytest.raises(ProblemError, match="not optimal"):
        worse = replace(solution, expert_of=np.array([0, -1], np.int32))
        optimal_interval(problem, worse, Direction(np.array([0.0, 1.0])), greatest=1.0)
    with pytest.raises(ProblemError, match=r"direction\.points"):
        optimal_interval(problem, solution, Direction(np.ones(3)))
    with pytest.raises(ProblemError, match="hold 0"):
        optimal_interval(problem, solution, up, greatest=-1.0)
