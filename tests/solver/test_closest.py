"""The closest optimum, against all optimal assignments of small networks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deskmatch.solver import Problem, Side, Status, evaluate, solve, violations
from deskmatch.solver.closest import closest_optimum


@settings(max_examples=60)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_no_optimum_is_closer(data: st.DataObject, seed: int, cases: type) -> None:
    whole = st.integers(-1, 2).map(float)
    problem = data.draw(cases.problems(numbers=whole, tickets=4, experts=3, limited=False))
    best = solve(problem)
    assume(best.status is not Status.INFEASIBLE)
    choices = [[-1, *problem.expert[slice(*problem.indptr[i : i + 2])].tolist()] for i in range(problem.n_tickets)]
    wanted = np.array([np.random.default_rng(seed).choice(choice) for choice in choices], dtype=np.int32)
    found = closest_optimum(problem, best, wanted)
    assert found.objective == pytest.approx(best.objective)
    optima = [
        np.array(c)
        for c in itertools.product(*choices)
        if not violations(problem, np.array(c, dtype=np.int32))
        and evaluate(problem, np.array(c, dtype=np.int32)) == pytest.approx(best.objective)
    ]
    assert (found.expert_of == wanted).sum() == max((one == wanted).sum() for one in optima)


def test_other_problems_come_back_as_they_are() -> None:
    side = Side.from_matrix([[1.0, 1.0]], "<=", 1)
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], 1.0, capacity=2, side=side)
    solution = solve(problem)
    assert closest_optimum(problem, solution, 1 - np.arange(2)) is solution
