"""Every heuristic keeps the contract, and a heuristic that breaks it is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from deskmatch.errors import BackendError, ContractError, ProblemError
from deskmatch.heuristics import (
    Clock,
    check_heuristic,
    greedy,
    heuristic_named,
    heuristic_names,
    local_search,
    oldest_first,
    register_heuristic,
    regret,
)
from deskmatch.solver import Problem, Solution, Status, solve


@pytest.mark.parametrize("name", heuristic_names())
def test_every_heuristic_keeps_the_contract(name: str) -> None:
    check_heuristic(heuristic_named(name), seed=3, problems=80)


@dataclass
class Broken:
    """Greedy, then spoiled."""

    spoil: Callable[[Problem, Solution], Solution]
    name: str = "broken"

    def solve(self, problem: Problem, *, clock: Clock = Clock(), start: Solution | None = None) -> Solution:  # noqa: B008
        return self.spoil(problem, greedy(problem, clock=clock))


def above(problem: Problem, one: Solution) -> Solution:
    return one if one.objective is None else replace(one, objective=one.objective + 1)


def low_bound(problem: Problem, one: Solution) -> Solution:
    return one if one.objective is None else replace(one, claimed_bound=one.objective - 1)


def overfull(problem: Problem, one: Solution) -> Solution:
    return replace(one, expert_of=np.zeros(problem.n_tickets, dtype=np.int32))


def gives_up(problem: Problem, one: Solution) -> Solution:
    return Solution(expert_of=np.full(problem.n_tickets, -1), objective=None, status=Status.UNKNOWN, method="broken")


def worst(problem: Problem, one: Solution) -> Solution:
    """The best answer to the opposite points."""
    return solve(replace(problem, points=-problem.points - 9.0, hold=np.full(problem.n_tickets, -np.inf)))


@pytest.mark.parametrize("spoil", [above, low_bound, overfull, gives_up])
def test_what_breaks_the_contract_is_refused(spoil: Callable[[Problem, Solution], Solution]) -> None:
    with pytest.raises(ContractError, match="broken on sample"):
        check_heuristic(Broken(spoil))


def test_two_runs_must_agree() -> None:
    rng = np.random.default_rng(0)

    def at_random(problem: Problem, one: Solution) -> Solution:
        return oldest_first(problem, order=rng.permutation(problem.n_tickets))

    with pytest.raises(ContractError, match="different assignments"):
        check_heuristic(Broken(at_random))


def test_what_is_no_heuristic_is_refused() -> None:
    with pytest.raises(ContractError, match="lacks one of name, solve"):
        check_heuristic(object())  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="expected name and solve"):
        register_heuristic(object())  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="expected greedy"):
        heuristic_named("magic")


def test_oldest_first_serves_in_the_order_given_and_refuses_what_is_none() -> None:
    problem = Problem.from_arcs(3, 1, [0, 1, 2], [0, 0, 0], [1.0, 2.0, 3.0])
    assert oldest_first(problem, order=[1, 0, 2]).expert_of.tolist() == [-1, 0, -1]
    for wrong in ([0, 1], [0, 0, 1], [0, 1, 3]):
        with pytest.raises(ProblemError, match="every ticket from 0 to 2 once"):
            oldest_first(problem, order=wrong)


def test_regret_looks_further_than_greedy() -> None:
    problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.9, 2.5])
    assert (greedy(problem).objective, regret(problem).objective) == (3.0, 5.4)


@pytest.mark.parametrize("seed", range(4))
def test_local_search_never_makes_worse_and_finds_swaps_and_chains(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((30, 12)) < 0.5)
    usage = rng.integers(1, 4, len(ticket))
    problem = Problem.from_arcs(30, 12, ticket, expert, rng.random(len(ticket)) * usage, capacity=6, usage=usage)
    start = oldest_first(problem)
    found = local_search(problem, start=start)
    assert found.objective is not None and start.objective is not None
    assert found.objective > start.objective
    assert found.objective <= (solve(problem).objective or 0.0) + 1e-9
    stopped = local_search(problem, start=start, clock=Clock.after(-1.0))
    assert stopped.objective == start.objective


def test_a_chain_of_three_is_found() -> None:
    ring = Problem.from_arcs(3, 3, [0, 0, 1, 1, 2, 2], [0, 1, 1, 2, 2, 0], [1.0, 2.0] * 3)
    start = replace(solve(ring), expert_of=np.array([0, 1, 2], dtype=np.int32), objective=3.0, status=Status.FEASIBLE)
    assert local_search(ring, start=start).objective == 6.0
