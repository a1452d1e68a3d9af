"""The compiled kernel: exact on every kind of problem, and its prices prove it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deskmatch.errors import BackendError
from deskmatch.solver import Limits, Problem, Solution, Status, certify, evaluate, joint_capacity, solve
from deskmatch.solver.backends.kernel_backend import KernelBackend
from deskmatch.solver.backends.protocol import check_backend
from deskmatch.solver.bound import useful_slots

ROOT = Path(__file__).resolve().parents[2]


def best_by_enumeration(problem: Problem) -> float | None:
    """The optimum over every way to give each ticket one of its experts or none; None: there is no way."""
    options = [
        [-1] * int(problem.hold[i] > -np.inf) + problem.expert[problem.indptr[i] : problem.indptr[i + 1]].tolist()
        for i in range(problem.n_tickets)
    ]
    best = None
    for choice in itertools.product(*options):
        used = np.bincount([j for j in choice if j >= 0], minlength=problem.n_experts)
        if (used <= problem.capacity).all():
            value = evaluate(problem, np.array(choice, dtype=np.int64))
            best = value if best is None else max(best, value)
    return best


def random_problem(rng: np.random.Generator, largest: int = 6, *, scale: float = 1.0) -> Problem:
    """A problem with capacities, slot costs, holds and must-assign tickets, in integers half of the time."""
    n, m = (int(k) for k in rng.integers(0, largest, 2))
    ticket, expert = np.nonzero(rng.random((n, m)) < rng.random())
    order = rng.permutation(len(ticket))

    def numbers(shape: tuple[int, ...]) -> np.ndarray:
        return rng.integers(-3, 4, shape).astype(float) if whole else rng.normal(size=shape) * scale

    whole = rng.random() < 0.5
    return Problem.from_arcs(
        n,
        m,
        ticket[order],
        expert[order],
        numbers((len(ticket),)),
        capacity=rng.integers(0, 4, m),
        hold=np.where(rng.random(n) < rng.choice([0.0, 0.3]), -np.inf, numbers((n,))),
        slot_cost=np.sort(numbers((m, int(rng.integers(1, 4)))), axis=1),
    )


def assert_proved(problem: Problem, solution: Solution) -> None:
    certificate = certify(problem, solution)
    if solution.status is Status.INFEASIBLE:
        assert certificate.infeasible_proven, certificate
        assert solution.violator is not None
        for left_out in range(len(solution.violator)):
            fewer = np.delete(solution.violator, left_out)
            assert joint_capacity(problem, fewer) >= len(fewer)
    else:
        assert solution.status is Status.OPTIMAL
        assert certificate.optimal, certificate


@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_enumeration_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(100):
        problem = random_problem(rng)
        solution = solve(problem, method="kernel")
        best = best_by_enumeration(problem)
        assert_proved(problem, solution)
        assert solution.objective == (None if best is None else pytest.approx(best, abs=1e-12))


@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_min_cost_flow_finds(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    for _ in range(10):
        problem = random_problem(rng, 70)
        solution, peer = solve(problem, method="kernel"), solve(problem, method="min_cost_flow")
        assert_proved(problem, solution)
        assert solution.status == peer.status
        if peer.objective is not None:
            assert solution.objective == pytest.approx(peer.objective, abs=1e-9)


def test_it_keeps_the_contract_of_backends() -> None:
    check_backend(KernelBackend(), problems=200)


HARD = {
    "huge beside tiny": lambda rng, k: rng.choice([1e15, 1e-15, 1.0, 3e14, -1e15], k) * rng.random(k),
    "all equal": lambda rng, k: np.full(k, 0.1),
    "nearly equal": lambda rng, k: 1.0 + rng.integers(0, 3, k) * 2.0**-52,
    "few values": lambda rng, k: rng.integers(0, 2, k).astype(float),
    "all negative": lambda rng, k: -rng.random(k),
    "largest": lambda rng, k: rng.choice([1e150, -1e150], k) * rng.random(k),
    "smallest": lambda rng, k: rng.choice([5e-324, 1e-310, 2e-308], k),
    "zeros": lambda rng, k: np.zeros(k),
}


@pytest.mark.parametrize("must", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("kind", HARD)
def test_prices_prove_hard_numbers(kind: str, must: float) -> None:
    rng = np.random.default_rng(7)
    for n, m, density in [(30, 30, 0.3), (60, 20, 0.2), (20, 60, 0.5), (40, 40, 1.0)]:
        ticket, expert = np.nonzero(rng.random((n, m)) < density)
        draw = HARD[kind]
        problem = Problem.from_arcs(
            n,
            m,
            ticket,
            expert,
            draw(rng, len(ticket)),
            capacity=rng.integers(0, 4, m),
            hold=np.where(rng.random(n) < must, -np.inf, draw(rng, n) / 2),
            slot_cost=np.sort(np.reshape(draw(rng, 3 * m), (m, 3)), axis=1) / 4,
        )
        assert_proved(problem, solve(problem, method="kernel"))


DEGENERATE = {
    "nothing": Problem.from_arcs(0, 0, [], [], []),
    "no tickets": Problem.from_arcs(0, 3, [], [], []),
    "no experts": Problem.from_arcs(3, 0, [], [], []),
    "no arcs": Problem.from_arcs(2, 3, [], [], [], hold=-1.0),
    "one arc below hold": Problem.from_arcs(1, 1, [0], [0], [1.0], hold=2.0),
    "no capacity": Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.0], capacity=0),
    "more capacity than arcs": Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.0], capacity=2**31 - 1),
    "units that earn": Problem.from_arcs(2, 1, [0, 1], [0, 0], [-1.0, -2.0], capacity=5, slot_cost=-3.0),
    "one must, no choice": Problem.from_arcs(1, 1, [0], [0], [-1e9], hold=-np.inf),
    "one row": Problem.from_arcs(1, 40, [0] * 40, list(range(40)), np.arange(40.0)),
    "one column": Problem.from_arcs(40, 1, list(range(40)), [0] * 40, np.arange(40.0), capacity=7),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_it_takes_degenerate_problems(case: str) -> None:
    problem = DEGENERATE[case]
    solution = solve(problem, method="kernel")
    assert_proved(problem, solution)
    assert solution.objective == solve(problem, method="dense").objective


@pytest.mark.parametrize("seed", range(3))
def test_infeasibility_comes_with_the_fewest_tickets_that_prove_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(40):
        n, m = 25, 12
        ticket, expert = np.nonzero(rng.random((n, m)) < 0.2)
        hold = np.where(rng.random(n) < 0.6, -np.inf, 0.0)
        problem = Problem.from_arcs(n, m, ticket, expert, rng.random(len(ticket)), capacity=2, hold=hold)
        solution = solve(problem, method="kernel")
        assert_proved(problem, solution)
        found += solution.status is Status.INFEASIBLE
    assert 5 < found < 40


def test_ticket_prices_are_the_best_that_tickets_can_get() -> None:
    problem = random_problem(np.random.default_rng(5), 40)
    solution = solve(problem, method="kernel")
    assert solution.ticket_price is not None and solution.expert_price is not None
    best = problem.hold.copy()
    usable = problem.capacity[problem.expert] > 0
    net = problem.points - solution.expert_price[problem.expert]
    np.maximum.at(best, problem.ticket[usable], net[usable])
    assert np.array_equal(best, solution.ticket_price)


def test_an_expert_with_units_to_spare_costs_no_more_than_its_next_unit() -> None:
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [5.0, 6.0], capacity=3, slot_cost=[[0.0, 1.0, 2.0]])
    solution = solve(problem, method="kernel")
    assert useful_slots(problem)[0] == 2
    assert solution.expert_price is not None
    assert 1.0 <= solution.expert_price[0] <= 2.0


def test_integers_are_proved_to_the_last_point() -> None:
    rng = np.random.default_rng(3)
    points = rng.integers(-1000, 1000, 400).astype(float)
    problem = Problem.from_arcs(20, 20, np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20), points)
    certificate = certify(problem, solve(problem, method="kernel"))
    assert certificate.objective == certificate.proven_bound


def test_it_is_deterministic() -> None:
    problem = random_problem(np.random.default_rng(9), 60)
    first, second = (solve(problem, method="kernel") for _ in range(2))
    assert np.array_equal(first.expert_of, second.expert_of)
    assert np.array_equal(first.expert_price, second.expert_price)


def test_limits_are_declined() -> None:
    limits = Limits.from_sets(4, [([0, 1], 2), ([2, 3], 2)])  # they meet in the capacity
    problem = Problem.from_arcs(4, 1, [0, 1, 2, 3], [0, 0, 0, 0], 1.0, capacity=3, limits=limits)
    with pytest.raises(BackendError, match=r"cannot take limits; .*min_cost_flow"):
        solve(problem, method="kernel")


@pytest.mark.parametrize("size", [(45, 60), (60, 45), (120, 40)])
@pytest.mark.parametrize("whole", [False, True], ids=["floats", "ties"])
def test_rows_longer_than_a_shortlist(size: tuple[int, int], whole: bool) -> None:
    rng = np.random.default_rng(3)
    points = rng.random(size)[:, :1] * rng.random(size) + 0.1 * rng.random(size)
    ticket, expert = np.nonzero(rng.random(size) < 0.95)
    values = np.rint(9 * points) if whole else points
    capacity = rng.integers(0, 3, size[1])
    arcs = ticket.astype(np.int32), expert.astype(np.int32), values[ticket, expert]
    problem = Problem.from_arcs(*size, *arcs, capacity=capacity, slot_cost=[[0.0, 0.05]] * size[1])
    solution = solve(problem, method="kernel")
    assert certify(problem, solution).optimal
    flow = solve(problem, method="min_cost_flow")
    assert solution.objective == pytest.approx(flow.objective, abs=1e-12)


def test_it_runs_uncompiled() -> None:
    """Also what makes coverage count the lines of the kernel."""
    tests = [
        f"{__file__}::{name}"
        for name in (
            "test_it_finds_what_enumeration_finds[0]",
            "test_prices_prove_hard_numbers[huge beside tiny-0.5]",
            "test_it_takes_degenerate_problems",
            "test_rows_longer_than_a_shortlist",
            "test_infeasibility_comes_with_the_fewest_tickets_that_prove_it[0]",
        )
    ]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:]
