"""The front, against the non-dominated values of every assignment of small problems."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.errors import ProblemError
from deskmatch.solver import Problem, Side, solve, violations
from deskmatch.solver.evaluation import arcs_chosen
from deskmatch.solver.explicit import cost_columns, hardened
from deskmatch.solver.representatives import RESOLUTION, Criterion, Representatives, representatives


def sample(seed: int, criteria: int, *, slots: bool = False, rows: bool = False) -> tuple[Problem, list[Criterion]]:
    rng = np.random.default_rng(seed)
    n, m = 4, 3
    ticket, expert = np.nonzero(rng.random((n, m)) < 0.8)
    side = Side.from_matrix(np.ones((1, len(ticket))), "<=", 3) if rows else None
    problem = Problem.from_arcs(n, m, ticket, expert, 0.0, capacity=rng.integers(1, 3, m), side=side)
    found = [Criterion(rng.integers(-2, 9, len(ticket)).astype(float)) for _ in range(criteria)]
    if slots:
        costs = np.sort(rng.integers(0, 6, (m, 2)), axis=1).astype(float)
        found[-1] = Criterion(np.zeros(len(ticket)), slot_cost=costs)
    return problem, found


def everything(problem: Problem, criteria: list[Criterion], at_least: int = 0) -> list[tuple[float, ...]]:
    """The values of all assignments that no other one is as good as in everything."""
    choices = [[-1, *problem.expert[slice(*problem.indptr[i : i + 2])].tolist()] for i in range(problem.n_tickets)]
    values = set()
    for choice in itertools.product(*choices):
        expert_of = np.array(choice, dtype=np.int32)
        if not violations(problem, expert_of) and (expert_of >= 0).sum() >= at_least:
            values.add(tuple(value(problem, criterion, expert_of) for criterion in criteria))
    return [z for z in values if not any(all(np.array(y) >= z) and y != z for y in values)]


def value(problem: Problem, criterion: Criterion, expert_of: np.ndarray) -> float:
    arcs = arcs_chosen(problem, expert_of)
    total = criterion.points[arcs[arcs >= 0]].sum()
    if criterion.slot_cost is not None:
        for expert, load in enumerate(np.bincount(expert_of[expert_of >= 0], minlength=problem.n_experts)):
            steps = criterion.slot_cost[expert]
            total -= sum(steps[min(slot, len(steps) - 1)] for slot in range(load))
    return float(total)


def check(
    problem: Problem, criteria: list[Criterion], front: Representatives, expected: list[tuple[float, ...]]
) -> None:
    """Every point is non-dominated, and every missing one is within the gap of one that is here."""
    values = [tuple(point.values.round(6).tolist()) for point in front.points]
    assert len(set(values)) == len(values)
    for point in front.points:
        assert not violations(problem, point.solution.expert_of)
        told = [value(problem, criterion, point.solution.expert_of) for criterion in criteria]
        assert told == pytest.approx(point.values.tolist())
    assert set(values) <= {tuple(np.round(z, 6).tolist()) for z in expected}
    for z in expected:
        lacking = min(((z - point.values) / front.ranges).max() for point in front.points)
        assert lacking <= front.gap + RESOLUTION + 1e-9


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), slots=st.booleans())
def test_two_criteria_give_the_whole_front_where_there_is_room_for_it(seed: int, slots: bool) -> None:
    problem, criteria = sample(seed, 2, slots=slots)
    expected = everything(problem, criteria)
    front = representatives(problem, criteria, 99)
    check(problem, criteria, front, expected)
    assert len(front.points) == len(expected)
    assert front.gap <= RESOLUTION


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6), rows=st.booleans())
def test_three_criteria_give_the_whole_front_too(seed: int, rows: bool) -> None:
    problem, criteria = sample(seed, 3, rows=rows)
    expected = everything(problem, criteria)
    front = representatives(problem, criteria, 99)
    check(problem, criteria, front, expected)
    assert len(front.points) == len(expected)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), k=st.integers(2, 4), number=st.integers(2, 3), at_least=st.integers(0, 3))
def test_a_few_points_are_non_dominated_and_no_other_is_further_than_the_gap(
    seed: int, k: int, number: int, at_least: int
) -> None:
    problem, criteria = sample(seed, number)
    expected = everything(problem, criteria, at_least)
    if not expected:
        return
    front = representatives(problem, criteria, max(k, number), at_least=at_least, unsupported=False)
    check(problem, criteria, front, expected)
    assert front.proven
    assert all(point.proven and point.weights is not None for point in front.points)


def test_a_false_gap_is_noticed() -> None:
    problem, criteria = next(one for one in (sample(seed, 2) for seed in range(99)) if len(everything(*one)) > 4)
    expected = everything(problem, criteria)
    front = representatives(problem, criteria, 2, unsupported=False)
    with pytest.raises(AssertionError):
        check(problem, criteria, Representatives(front.points, front.ranges, 0.0, proven=True), expected)


def test_the_gap_bounds_what_no_time_was_left_for() -> None:
    for rows in (False, True):
        problem, criteria = sample(1, 2, rows=rows)
        front = representatives(problem, criteria, 9, time_limit_s=1e-9)
        check(problem, criteria, front, everything(problem, criteria))


def test_what_makes_no_front_is_refused() -> None:
    problem, criteria = sample(0, 2)
    for wrong, text in ((1, "≥ 2"), (True, "≥ 2")):
        with pytest.raises(ProblemError, match=text):
            representatives(problem, criteria, wrong)
    with pytest.raises(ProblemError, match="two or more"):
        representatives(problem, criteria[:1], 3)
    with pytest.raises(ProblemError, match="shape"):
        representatives(problem, [criteria[0], Criterion(np.zeros(99))], 3)
    with pytest.raises(ProblemError, match="keeps every rule"):
        representatives(problem, criteria, 3, at_least=5)
    soft = Side.from_matrix(np.ones((1, problem.n_arcs)), "<=", 1, penalty=1.0)
    with pytest.raises(ProblemError, match="soft"):
        representatives(replace(problem, side=soft), criteria, 3)


def test_hardened_rows_cost_what_soft_ones_do() -> None:
    rng = np.random.default_rng(2)
    for _ in range(5):
        ticket, expert = np.nonzero(np.ones((3, 2), bool))
        sides = Side.from_matrix(
            rng.integers(0, 3, (3, 6)), ["<=", "=", ">="], rng.integers(0, 4, 3), penalty=rng.random(3)
        )
        soft = Problem.from_arcs(3, 2, ticket, expert, rng.random(6), side=sides)
        hard = Problem.from_arcs(3, 2, ticket, expert, soft.points, side=hardened(sides, 6))
        assert solve(hard).objective == pytest.approx(solve(soft).objective, abs=1e-6)


def test_cost_columns_cost_what_slots_do() -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        ticket, expert = np.nonzero(np.ones((5, 2), bool))
        costs = np.sort(rng.random((2, 3)), axis=1) - 0.2
        plain = Problem.from_arcs(5, 2, ticket, expert, rng.random(10), capacity=3, slot_cost=costs)
        side = cost_columns(plain, costs)
        columns = replace(
            plain, slot_cost=np.zeros((2, 1)), side=replace(side, extra_points=np.full(side.n_extra, -1.0))
        )
        assert solve(columns).objective == pytest.approx(solve(plain).objective, abs=1e-6)
        assert math.isfinite(solve(columns).objective or math.nan)
