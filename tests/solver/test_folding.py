"""Folding: side rows that a network can express become part of it, and the answers stay the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from deskmatch.solver import Limits, Problem, Side, certify, evaluate, solve, violations
from deskmatch.solver.evaluation import arcs_chosen
from deskmatch.solver.extra_columns import best_extra
from deskmatch.solver.folding import RowFate, fold

INF = float("inf")


def best_total(problem: Problem) -> float | None:
    """By trying every assignment, with the extra columns at their best."""
    choices = [[-1, *problem.expert[problem.indptr[i] : problem.indptr[i + 1]]] for i in range(problem.n_tickets)]
    totals = []
    for chosen in product(*choices):
        expert_of = np.array(chosen, np.int32)
        extra = best_extra(problem, arcs_chosen(problem, expert_of)) if problem.n_extra else None
        if (problem.n_extra and extra is None) or violations(problem, expert_of, extra):
            continue
        totals.append(evaluate(problem, expert_of, extra))
    return max(totals, default=None)


def sample(rng: np.random.Generator) -> Problem:
    """Rows over single tickets, single experts, anything, nothing, and single columns; limits and usage at times."""
    n, m = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    ticket, expert = np.nonzero(rng.random((n, m)) < 0.8)
    arcs = len(ticket)
    rows, extra_rows, penalty = [], [], []
    columns = int(rng.integers(0, 3))
    for _ in range(int(rng.integers(1, 6))):
        kind = rng.integers(0, 5)
        some = {
            0: ticket == rng.integers(n),
            1: expert == rng.integers(m),
            2: rng.random(arcs) < 0.5,
            3: np.zeros(arcs, bool),
            4: (expert == rng.integers(m)) & (rng.random(arcs) < 0.7),
        }[int(kind)]
        value = rng.choice([1.0, 2.0]) if rng.random() < 0.6 else rng.integers(-1, 3, arcs)
        rows.append(some * value)
        extra_rows.append(rng.integers(-1, 2, columns) * (rng.random(columns) < (0.9 if kind == 3 else 0.2)))
        penalty.append(INF if rng.random() < 0.6 else rng.integers(0, 3) / 2)
    side = Side.from_matrix(
        np.array(rows),
        list(rng.choice(["<=", ">=", "="], len(rows), p=[0.6, 0.3, 0.1])),
        rng.integers(-1, 4, len(rows)) / 2,
        penalty=penalty,
        over_extra=np.array(extra_rows).reshape(len(rows), columns),
        lower=0.0,
        upper=rng.integers(0, 3, columns).astype(float),
        extra_points=rng.integers(-1, 2, columns) / 2,
    )
    limits = None
    if arcs and rng.random() < 0.5:
        of_arc = np.where(rng.random(arcs) < 0.7, expert + m * rng.integers(0, 2, arcs), -1)
        parent = np.concatenate([np.full(m, -1), np.where(rng.random(m) < 0.5, np.arange(m), -1)])
        limits = Limits(of_arc=of_arc, bound=rng.integers(0, 3, 2 * m), parent=parent)
    return Problem.from_arcs(
        n,
        m,
        ticket,
        expert,
        rng.integers(-2, 6, arcs) / 2,
        capacity=rng.integers(1, 4, m),
        hold=rng.integers(-1, 2, n) / 2,
        limits=limits,
        usage=rng.integers(1, 3, arcs) if rng.random() < 0.3 else 1,
        side=side,
    )


@pytest.mark.parametrize("seed", range(150))
def test_the_best_total_is_that_of_all_the_rows(seed: int) -> None:
    problem = sample(np.random.default_rng(seed))
    assert best_total(fold(problem).problem) == pytest.approx(best_total(problem), abs=1e-9)


@pytest.mark.parametrize("seed", range(150, 200))
def test_an_answer_of_the_folded_problem_is_one_of_the_whole(seed: int) -> None:
    problem = sample(np.random.default_rng(seed))
    folded = fold(problem)
    answer = solve(folded.problem)
    if answer.objective is None:
        return
    extra = best_extra(problem, arcs_chosen(problem, answer.expert_of)) if problem.n_extra else None
    assert violations(problem, answer.expert_of, extra) == ()
    assert evaluate(problem, answer.expert_of, extra) == pytest.approx(answer.objective, abs=1e-9)


def two_experts(rows: list[list[float]], sense: list[str], rhs: list[float], **more: object) -> Problem:
    """Tickets 0 to 3; arcs 0 to 3 go to expert 0, arcs 4 to 7 to expert 1."""
    ticket, expert = np.tile(np.arange(4), 2), np.repeat([0, 1], 4)
    side = Side.from_matrix(np.array(rows, float), sense, rhs)
    problem = Problem.from_arcs(4, 2, ticket, expert, np.arange(8.0), capacity=3, side=side, **more)  # type: ignore[arg-type]
    return problem


def test_nested_rows_of_an_expert_become_limits_inside_each_other() -> None:
    rows = [[1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 2, 2, 0, 0]]
    folded = fold(two_experts(rows, ["<=", "<=", "<="], [2, 1, 3]))
    assert folded.fate.tolist() == [RowFate.LIMIT] * 3
    assert folded.problem.is_network
    assert sorted(folded.problem.limits.bound.tolist()) == [1, 1, 2]
    assert certify(folded.problem, solve(folded.problem)).optimal


def test_rows_that_cross_leave_one_of_them_a_row() -> None:
    rows = [[1, 1, 1, 0, 0, 0, 0, 0], [0, 1, 1, 1, 0, 0, 0, 0]]
    folded = fold(two_experts(rows, ["<=", "<="], [1, 1]))
    assert sorted(folded.fate.tolist()) == [RowFate.ROW, RowFate.LIMIT]


def test_a_row_that_crosses_a_limit_stays_a_row() -> None:
    limits = Limits.from_sets(8, [([2, 3], 1)])
    problem = two_experts([[1, 1, 1, 0, 0, 0, 0, 0]], ["<="], [1], limits=limits)
    assert fold(problem).fate.tolist() == [RowFate.ROW]


def test_a_row_over_all_arcs_of_an_expert_is_its_capacity() -> None:
    folded = fold(two_experts([[0, 0, 0, 0, 1, 1, 1, 1]], ["<="], [2]))
    assert folded.problem.capacity.tolist() == [3, 2]
    assert folded.problem.limits is None


def test_limits_that_no_longer_bind_are_left_out() -> None:
    limits = Limits.from_sets(8, [([0, 1, 2], 2)])
    folded = fold(two_experts([[1, 1, 1, 1, 0, 0, 0, 0]], ["<="], [1], limits=limits))
    assert folded.problem.capacity.tolist() == [1, 3]
    assert solve(folded.problem).objective == solve(replace(folded.problem, limits=None)).objective


def test_a_row_that_cannot_be_missed_is_dropped() -> None:
    assert fold(two_experts([[1.0] * 8], ["<="], [4])).fate.tolist() == [RowFate.SLACK]
    assert fold(two_experts([[1.0] * 8], ["<="], [3])).fate.tolist() == [RowFate.ROW]


def test_a_problem_without_rows_stays_as_it_is() -> None:
    problem = Problem.from_arcs(1, 1, [0], [0], [1.0])
    assert fold(problem).problem is problem
