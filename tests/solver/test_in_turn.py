"""SCIP and HiGHS in turn: the same answer whoever begins and however few nodes a turn has; faults cost a turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deskmatch.errors import BackendError
from deskmatch.solver import Problem, Side, Solution, Status, certify, solve, violations
from deskmatch.solver.backends import in_turn, mathopt
from deskmatch.solver.backends.in_turn import solve_in_turn
from deskmatch.solver.backends.mathopt import MathOpt
from deskmatch.solver.backends.outcome import Outcome, Verdict


def knapsack(seed: int, items: int = 14) -> Problem:
    """Tickets with an expert each, under one row of uneven weights that takes half of them: the relaxation is split."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(20, 60, (3, items)).astype(float)
    side = Side.from_matrix(weight, "<=", np.floor(weight.sum(axis=1) / 2) + 0.5)
    points = weight.sum(axis=0) + rng.integers(0, 9, items)
    return Problem.from_arcs(items, items, range(items), range(items), points, side=side)


@pytest.mark.parametrize("seed", range(3))
def test_turns_of_few_nodes_lead_to_the_optimum_whoever_begins(seed, monkeypatch) -> None:
    problem = knapsack(seed)
    best = solve(problem, method="cp_sat").objective
    monkeypatch.setattr(in_turn, "FIRST_NODES", 1)
    for small in (0, problem.n_arcs):
        monkeypatch.setattr(in_turn, "SMALL", small)
        found = solve_in_turn(problem)
        assert found.status is Status.OPTIMAL
        assert found.objective == pytest.approx(best, abs=1e-6)
        assert found.objective <= found.claimed_bound <= certify(problem, found).proven_bound + 1e-6


def claiming(answer: list[int], verdict: Verdict = Verdict.OPTIMAL):
    """A solver's `run` that answers with these columns whatever it is asked."""

    def run(form, time_limit_s, hint):
        values = np.zeros(len(form.objective))
        values[answer] = 1.0
        return Outcome(verdict, values, None, "claimed")

    return run


def test_a_claim_that_a_known_answer_refutes_is_not_believed(monkeypatch) -> None:
    problem = knapsack(0)
    best = solve(problem, method="cp_sat").objective
    monkeypatch.setattr(in_turn, "FIRST_NODES", 1)
    monkeypatch.setattr(in_turn, "SMALL", problem.n_arcs)
    real = MathOpt.run
    asked = []

    def run(self, form, left, hint):
        asked.append(self.name)
        return claiming([0])(form, left, hint) if self.name == "highs" else real(self, form, left, hint)

    monkeypatch.setattr(MathOpt, "run", run)
    found = solve_in_turn(problem)
    assert found.method == "scip" and found.objective == pytest.approx(best)
    assert asked.count("highs") <= 1


def test_an_answer_that_misses_a_row_by_the_solvers_tolerance_is_asked_for_again_more_precisely(monkeypatch) -> None:
    """Rows whose sum 1 + 2e-8 lies above the right side by less than solvers notice."""
    side = Side.from_matrix([[0.5, 0.5 + 2e-8, 0.4]], "<=", 1.0)
    problem = Problem.from_arcs(3, 3, range(3), range(3), [3.0, 3.0, 1.0], side=side)
    for method in ("scip", "highs", "auto"):
        found = solve(problem, method=method)
        assert violations(problem, found.expert_of) == ()
        assert found.objective == 4.0, method


def test_where_both_fail_another_solver_answers_and_at_last_their_words_are_told(monkeypatch) -> None:
    problem = knapsack(1)
    best = solve(problem, method="cp_sat").objective

    def fails(self, form, left, hint):
        if self.name in ("scip", "highs"):
            raise BackendError(f"{self.name}: out of luck")
        return real(self, form, left, hint)

    real = MathOpt.run
    monkeypatch.setattr(mathopt.MathOpt, "run", fails)
    with pytest.raises(BackendError, match="scip: out of luck; highs: out of luck"):
        solve_in_turn(problem)
    found = solve(problem)
    assert (found.method, found.objective) == ("cp_sat", pytest.approx(best))


def test_a_time_limit_ends_the_turns_with_the_best_answer_so_far() -> None:
    problem = replace(knapsack(2, items=400), usage=None)
    start: Solution = solve_in_turn(problem, time_limit_s=0.5)
    assert start.status in (Status.FEASIBLE, Status.OPTIMAL, Status.UNKNOWN)
    if start.objective is not None:
        assert violations(problem, start.expert_of) == ()
