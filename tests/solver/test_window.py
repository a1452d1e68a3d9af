"""Loads in one window that may slide: the search over networks finds what integer programs find."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deskmatch.solver import Limits, Problem, Side, certify, solve, violations
from deskmatch.solver.window import solve_window, window_of


def balanced(seed: int, *, tickets: int = 16, experts: int = 7) -> Problem:
    """Experts who start at loads of their own and take tickets of three weights, some under limits of a weight."""
    rng = np.random.default_rng(seed)
    weight = rng.choice([0.1, 0.15, 0.25], tickets)
    ticket, expert = np.nonzero(rng.random((tickets, experts)) < 0.6)
    points = rng.random(len(ticket)).round(4) - 0.1
    start = rng.random(experts).round(3) * rng.choice([0.2, 1.0])
    width = max(float(np.ptp(start)), float(rng.choice([0.1, 0.3])))
    over = np.where(expert == np.arange(experts)[:, None], weight[ticket], 0.0)
    columns = np.vstack([np.tile([-1.0, 0.0], (experts, 1)), np.tile([-1.0, -1.0], (experts, 1))])
    side = Side.from_matrix(
        np.vstack([over, over]),
        [">="] * experts + ["<="] * experts,
        np.tile(-start, 2),
        over_extra=columns,
        lower=0.0,
        upper=[9.0, width],
    )
    limits = Limits.from_sets(
        len(ticket), [(np.flatnonzero((expert == j) & (weight[ticket] == 0.25)), 1) for j in range(0, experts, 2)]
    )
    return Problem.from_arcs(
        tickets, experts, ticket, expert, points, capacity=3, limits=limits if seed % 2 else None,
        slot_cost=rng.choice([0.0, 0.05]), hold=np.where(rng.random(tickets) < 0.1, -np.inf, 0.0), side=side,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_the_search_finds_what_an_integer_program_finds(seed: int) -> None:
    problem = balanced(seed)
    assert window_of(problem) is not None
    best = solve(problem, method="cp_sat")
    found = solve_window(problem)
    if best.objective is None:
        assert found is None
        assert solve(problem).objective is None
        return
    assert found is not None
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best.objective, abs=1e-6)
    assert violations(problem, found.expert_of, found.extra) == ()
    answer = solve(problem)
    assert answer.objective == pytest.approx(best.objective, abs=1e-6)
    assert certify(problem, answer).proven_bound >= best.objective - 1e-9


def test_what_is_no_window_is_left_to_others() -> None:
    problem = balanced(0)
    side = problem.side
    assert solve_window(replace(problem, side=None)) is None
    for other in (
        replace(side, penalty=np.full(side.n_rows, 2.0)),
        replace(side, extra_points=np.array([0.0, -1.0])),
        replace(side, upper=np.array([np.inf, 1.0])),
        Side.stack([side, Side.from_matrix(np.ones((1, problem.n_arcs)), "<=", 3.0)]),
    ):
        assert window_of(replace(problem, side=other)) is None


def test_loads_beyond_number_are_left_to_others() -> None:
    tickets = 60  # of all different weights: the loads of twelve of them cannot be listed
    rng = np.random.default_rng(0)
    over = rng.random((1, tickets)) + 0.1
    columns = np.array([[-1.0, 0.0], [-1.0, -1.0]])
    side = Side.from_matrix(
        np.vstack([over, over]), [">=", "<="], np.zeros(2), over_extra=columns, lower=0.0, upper=[99.0, 1.0]
    )
    none = np.zeros(tickets, dtype=int)
    problem = Problem.from_arcs(tickets, 1, np.arange(tickets), none, np.ones(tickets), capacity=12, side=side)
    assert window_of(problem) is not None
    assert solve_window(problem) is None


def test_without_time_the_search_claims_nothing() -> None:
    found = solve_window(balanced(3), time_limit_s=0.0)
    assert found is None or found.status == "feasible"
