"""An answer before a deadline: which method answers, without measuring any time."""

from __future__ import annotations

import numpy as np
import pytest

from deskmatch.errors import BackendError
from deskmatch.heuristics import solve_within
from deskmatch.heuristics.anytime import STARTUP_S, estimate_s
from deskmatch.solver import Limits, Problem, solve

SMALL = Problem.from_arcs(3, 2, [0, 0, 1, 2], [0, 1, 0, 1], [3.0, 2.0, 2.0, 1.0])


def test_the_time_to_load_counts_only_until_the_method_is_loaded() -> None:
    solve(SMALL, method="min_cost_flow")
    loaded = estimate_s(SMALL, "min_cost_flow")
    assert loaded < 0.05 < STARTUP_S
    assert solve_within(SMALL, 0.5, method="min_cost_flow").method == "min_cost_flow"


def test_a_loaded_method_answers_a_small_problem_within_a_tight_deadline() -> None:
    solve(SMALL, method="min_cost_flow")
    assert solve_within(SMALL, 0.05).method != "greedy"


def test_what_cannot_fit_is_answered_greedily() -> None:
    assert solve_within(SMALL, -1.0).method == "greedy"
    assert solve_within(SMALL, 1.0, method="networkx").objective == 4.0
    large = Problem.from_arcs(300, 300, *(index.ravel() for index in np.indices((300, 300))), 1.0)
    assert solve_within(large, 0.05).method == "greedy"
    assert solve_within(large, 1.0, method="networkx").method == "greedy"


def test_limits_that_meet_go_to_a_method_that_knows_limits() -> None:
    meeting = Limits.from_sets(4, [([0, 1], 2), ([2, 3], 2)])
    problem = Problem.from_arcs(4, 1, [0, 1, 2, 3], [0] * 4, 1.0, capacity=3, limits=meeting)
    solve(problem, method="min_cost_flow")
    assert solve_within(problem, 5.0).method == "min_cost_flow"


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(BackendError, match="expected auto, greedy"):
        solve_within(SMALL, None, method="magic")
