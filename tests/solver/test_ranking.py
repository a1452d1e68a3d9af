"""The k best assignments, against every assignment of small problems in order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deskmatch.errors import ProblemError
from deskmatch.solver import Problem, Side, Status, evaluate, solve, violations
from deskmatch.solver.ranking import ranked


def everything(problem: Problem) -> list[float]:
    """The totals of all assignments that keep the rules, best first."""
    choices = [[-1, *problem.expert[slice(*problem.indptr[i : i + 2])].tolist()] for i in range(problem.n_tickets)]
    kept = (c for c in itertools.product(*choices) if not violations(problem, np.array(c, dtype=np.int32)))
    return sorted((evaluate(problem, np.array(c, dtype=np.int32)) for c in kept), reverse=True)


@settings(max_examples=60)
@given(data=st.data(), k=st.integers(1, 30))
def test_the_k_best_of_a_network_are_those_of_enumeration_in_order(data: st.DataObject, k: int, cases: type) -> None:
    problem = data.draw(cases.problems(tickets=4, experts=3))
    best = solve(problem)
    assume(best.status is not Status.INFEASIBLE)
    found = ranked(problem, best, k)
    expected = everything(problem)
    assert [one.objective for one in found] == pytest.approx(expected[:k], rel=1e-9, abs=1e-9)
    assert len({tuple(one.expert_of.tolist()) for one in found}) == len(found)
    assert all(not violations(problem, one.expert_of) for one in found)


@settings(max_examples=8)
@given(seed=st.integers(0, 1000))
def test_the_k_best_beyond_networks_are_those_of_enumeration_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((4, 3)) < 0.7)
    points, usage = rng.integers(1, 9, len(ticket)), rng.integers(1, 3, len(ticket))
    at_most_three = Side.from_matrix(np.ones((1, len(ticket))), "<=", 3)
    problem = Problem.from_arcs(4, 3, ticket, expert, points, capacity=2, usage=usage, side=at_most_three)
    found = ranked(problem, solve(problem), 5)
    assert [one.objective for one in found] == pytest.approx(everything(problem)[:5])
    assert len({tuple(one.expert_of.tolist()) for one in found}) == len(found)


def test_fewer_come_where_there_are_no_more() -> None:
    problem = Problem.from_arcs(1, 1, [0], [0], [2.0])
    assert [one.expert_of.tolist() for one in ranked(problem, solve(problem), 9)] == [[0], [-1]]


def test_larger_networks_agree_with_forbidding_what_was_found() -> None:
    rng = np.random.default_rng(3)
    ticket, expert = np.nonzero(rng.random((25, 15)) < 0.4)
    problem = Problem.from_arcs(25, 15, ticket, expert, rng.random(len(ticket)), capacity=rng.integers(1, 3, 15))
    best = solve(problem)
    never = Side.from_matrix(np.zeros((1, len(ticket))), "<=", 1.0)
    beyond = Problem.from_arcs(
        25, 15, ticket, expert, problem.points, capacity=problem.capacity, side=never
    )  # the same assignments, as an integer program
    by_parts, by_cuts = ranked(problem, best, 4), ranked(beyond, best, 4)
    assert [one.objective for one in by_parts] == pytest.approx([one.objective for one in by_cuts])


def test_what_cannot_be_ranked_is_refused() -> None:
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    for k in (0, True, 1.5):
        with pytest.raises(ProblemError, match="whole number"):
            ranked(problem, solve(problem), k)  # type: ignore[arg-type]
