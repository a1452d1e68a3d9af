"""Limits as columns of their own: the same optimum, and prices that prove it for the problem with limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmatch.errors import ProblemError
from deskmatch.solver import Limits, Problem, certify, solve
from deskmatch.solver.separation import separate


@given(seed=st.integers(0, 100_000), must=st.booleans())
def test_the_separated_problem_has_the_same_optimum_and_its_prices_prove_it(seed: int, must: bool) -> None:
    rng = np.random.default_rng(seed)
    n, m = 8, 3
    pairs = np.argwhere(rng.random((n, m)) < 0.7)
    kind = rng.integers(-1, 2, n)  # a channel of each ticket, −1: under no limit
    of_arc = np.where(kind[pairs[:, 0]] >= 0, 2 * pairs[:, 1] + kind[pairs[:, 0]], -1)
    problem = Problem.from_arcs(
        n,
        m,
        pairs[:, 0],
        pairs[:, 1],
        rng.integers(-2, 9, len(pairs)) / 4,
        capacity=rng.choice([3, n, n], m),
        hold=np.where((rng.random(n) < 0.2) & must, -np.inf, rng.integers(-1, 2, n) / 4),
        slot_cost=rng.integers(-1, 3, m) / 4,
        limits=Limits(of_arc=of_arc, bound=rng.integers(0, 3, 2 * m)),
    )
    apart = separate(problem)
    if apart is None:
        return
    solution = apart.restore(solve(apart.problem, method="networkx"))
    reference = solve(problem, method="networkx")
    assert solution.status == reference.status
    certificate = certify(problem, solution)
    if reference.objective is None:
        assert certificate.infeasible_proven
    else:
        assert certificate.optimal and certificate.gap == 0
        assert certificate.objective == pytest.approx(reference.objective)


def limited(**changes: object) -> Problem:
    given = {"capacity": 2, "limits": Limits.from_sets(3, [([0, 1], 1)])}
    return Problem.from_arcs(3, 1, [0, 1, 2], [0, 0, 0], [3.0, 2.0, 1.0], **{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "problem",
    [
        limited(limits=None),
        limited(capacity=1),
        limited(slot_cost=[[0.0, 0.5]]),
        limited(limits=Limits.from_sets(3, [([0], 1), ([0, 1], 2)])),
    ],
    ids=["no limits", "the total binds", "units that cost more and more", "a limit inside another"],
)
def test_what_cannot_be_separated_is_left_as_it_is(problem: Problem) -> None:
    assert separate(problem) is None


def test_a_limit_without_arcs_is_no_obstacle() -> None:
    problem = limited(limits=Limits(of_arc=[0, 0, -1], bound=[1, 0]))
    apart = separate(problem)
    assert apart is not None
    assert certify(problem, apart.restore(solve(apart.problem))).optimal


def test_limits_of_a_problem_without_experts_are_no_obstacle() -> None:
    problem = Problem.from_arcs(1, 0, [], [], [], limits=Limits(of_arc=[], bound=[1]))
    assert certify(problem, solve(problem)).optimal


@pytest.mark.parametrize("arcs", [[7], [-1], [0.5]])
def test_sets_of_arcs_that_do_not_exist_are_refused_by_name(arcs: list[float]) -> None:
    with pytest.raises(ProblemError, match="arcs of set 1"):
        Limits.from_sets(3, [([0], 1), (arcs, 1)])


def test_bounds_are_whole_and_limits_are_limits() -> None:
    with pytest.raises(ProblemError, match=r"limits\.bound"):
        Limits.from_sets(3, [([0], 1.5)])  # type: ignore[list-item]
    with pytest.raises(ProblemError, match="found list; expected Limits"):
        limited(limits=[([0], 1)])
