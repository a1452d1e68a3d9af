"""Lagrangian and linear bounds: never on the wrong side, and as near as theory says."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.heuristics import Clock, lagrangian, regret, round_lp
from deskmatch.heuristics.clock import FOREVER
from deskmatch.heuristics.knapsack_entry import pack_all
from deskmatch.heuristics.relaxations import PricedRows
from deskmatch.heuristics.volume import minimise
from deskmatch.solver import Limits, Problem, Side, Status, certify, solve
from deskmatch.solver.backends.protocol import sample_problem
from deskmatch.solver.backends.relaxation import relax
from deskmatch.solver.bound import bound_terms
from deskmatch.solver.matrix import matrix_form


def ruled(seed: int, *, tickets: int = 40, experts: int = 25, rows: int = 5) -> Problem:
    """A network with random rows, half of them soft, that its optimum breaks."""
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((tickets, experts)) < 0.4)
    free = Problem.from_arcs(tickets, experts, ticket, expert, rng.random(len(ticket)))
    weights = (rng.random((rows, len(ticket))) < 0.3) * rng.integers(1, 4, (rows, len(ticket)))
    activity = weights[:, free.expert == solve(free).expert_of[free.ticket]].sum(axis=1)
    penalty = np.where(rng.random(rows) < 0.5, np.inf, 0.05)
    return replace(free, side=Side.from_matrix(weights, "<=", np.floor(0.8 * activity), penalty=penalty))


def packed(seed: int, *, jobs: int = 40, agents: int = 6) -> Problem:
    """A generalised assignment problem of type c (Osman 1995)."""
    rng = np.random.default_rng(seed)
    cost, units = rng.integers(10, 51, (agents, jobs)), rng.integers(5, 26, (agents, jobs))
    agent, job = np.indices((agents, jobs)).reshape(2, -1)
    room = (0.8 * units.sum(axis=1) / agents).astype(int)
    costs = -cost.ravel().astype(float)
    return Problem.from_arcs(jobs, agents, job, agent, costs, usage=units.ravel(), capacity=room, hold=-np.inf)


def linear_bound(problem: Problem) -> float:
    bound = relax(matrix_form(problem)).bound.claimed_bound
    assert bound is not None
    return bound


@pytest.mark.parametrize("seed", range(4))
def test_rows_priced_out_come_within_a_percent_of_the_linear_bound(seed: int) -> None:
    problem = ruled(seed)
    linear, proven = linear_bound(problem), certify(problem, lagrangian(problem)).proven_bound
    assert proven is not None
    assert linear - 1e-6 <= proven <= linear + 0.01 * abs(linear)


@pytest.mark.parametrize("seed", range(4))
def test_knapsacks_prove_at_least_as_much_as_the_linear_bound(seed: int) -> None:
    problem = packed(seed)
    proven = certify(problem, lagrangian(problem)).proven_bound
    best = solve(problem, method="highs").objective
    assert proven is not None and best is not None
    assert best - 1e-6 <= proven <= linear_bound(problem) + 1e-6


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40)
def test_bounds_are_never_on_the_wrong_side(seed: int) -> None:
    problem = sample_problem(np.random.default_rng(seed))
    best = solve(problem).objective
    for found in (lagrangian(problem), round_lp(problem), regret(problem)):
        certificate = certify(problem, found)
        assert not certificate.feasible or best is not None
        if best is not None and certificate.proven_bound is not None:
            assert certificate.proven_bound >= best - 1e-6 * max(1.0, abs(best))
        if best is not None and found.claimed_bound is not None and found.objective is not None:
            assert found.claimed_bound >= best - 1e-6 * max(1.0, abs(best))


def test_limits_with_usage_are_priced_too() -> None:
    rng = np.random.default_rng(1)
    problem = packed(2)
    limits = Limits(of_arc=problem.expert, bound=(problem.capacity * 0.9).astype(np.int32))
    loose = replace(problem, limits=limits, hold=np.full(problem.n_tickets, -60.0) - rng.random(problem.n_tickets))
    found = lagrangian(loose)
    certificate = certify(loose, found)
    best = solve(loose, method="highs").objective
    assert best is not None and certificate.proven_bound is not None
    assert best - 1e-6 <= certificate.proven_bound <= linear_bound(loose) + 1e-6 * abs(best)


def test_an_answer_given_is_never_made_worse_and_a_clock_that_is_over_ends_it() -> None:
    for problem in (ruled(1), packed(1)):
        best = solve(problem)
        for method in (lagrangian, round_lp):
            assert method(problem, start=best).objective >= (best.objective or 0.0) - 1e-6
            hurried = method(problem, clock=Clock.after(-1.0))
            assert not certify(problem, hurried).feasible or hurried.objective is not None


def test_an_answer_without_a_gap_is_found_where_the_network_keeps_the_rows() -> None:
    problem = ruled(3)
    assert problem.side is not None
    loose = replace(problem, side=replace(problem.side, rhs=problem.side.rhs + 1e3))
    certificate = certify(loose, lagrangian(loose))
    assert certificate.optimal


def test_musts_without_an_expert_are_proven_infeasible() -> None:
    side = Side.from_matrix([[1.0, 1.0]], "<=", 5.0)
    stuck = Problem.from_arcs(2, 1, [0, 1], [0, 0], 1.0, hold=-np.inf, side=side)
    for method in (lagrangian, round_lp):
        found = method(stuck)
        assert found.status is Status.INFEASIBLE and certify(stuck, found).infeasible_proven


@pytest.mark.parametrize("seed", range(30))
def test_knapsacks_are_packed_as_well_as_can_be(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gain, usage = rng.normal(size=7), rng.integers(1, 5, 7).astype(np.int32)
    cost = np.sort(rng.normal(size=(1, 4)) * 0.3, axis=1)
    room = np.array([rng.integers(0, 12)])
    taken, best = np.empty(7, dtype=np.uint8), np.empty(1)
    stop = np.zeros(1, dtype=np.uint8)
    assert pack_all(np.array([0, 7]), np.arange(7), gain, usage, room, cost, stop, taken, best)

    def worth(chosen: tuple[int, ...]) -> float:
        units = int(usage[list(chosen)].sum()) if chosen else 0
        if units > room[0]:
            return -np.inf
        slots = np.minimum(np.arange(units), cost.shape[1] - 1)
        return float(gain[list(chosen)].sum() if chosen else 0.0) - float(cost[0, slots].sum())

    every = [chosen for size in range(8) for chosen in itertools.combinations(range(7), size)]
    assert best[0] == pytest.approx(max(map(worth, every)))
    assert worth(tuple(np.flatnonzero(taken).tolist())) == pytest.approx(best[0])
    stop[0] = 1
    assert not pack_all(np.array([0, 7]), np.arange(7), gain, usage, room, cost, stop, taken, best)


def test_the_volume_algorithm_finds_a_minimum_that_is_known() -> None:
    centre = np.array([1.0, -2.0, 0.5])

    def distance(point: np.ndarray) -> tuple[float, np.ndarray]:
        return float(np.abs(point - centre).sum()), np.sign(point - centre)

    lowest = minimise(distance, lambda point: point, np.zeros(3), lambda: -0.1, rounds=2000, clock=FOREVER)
    assert lowest is not None and lowest.value == pytest.approx(0.0, abs=0.05)
    assert minimise(lambda point: None, lambda point: point, np.zeros(3), lambda: 0.0, rounds=9, clock=FOREVER) is None


def test_prices_of_a_hint_take_the_place_of_the_linear_program() -> None:
    problem = ruled(2)
    hint = lagrangian(problem)
    found = solve(problem, method="highs", time_limit_s=20.0, hint=hint)
    assert found.status is Status.OPTIMAL and np.array_equal(found.row_price, hint.row_price)


def test_prices_of_the_lowest_bound_are_there_when_the_time_is_over() -> None:
    rng = np.random.default_rng(0)
    side = Side.from_matrix(rng.integers(0, 3, (3, 40)).astype(float), "<=", [8.0, 9.0, 10.0])
    problem = Problem.from_arcs(10, 4, *np.divmod(np.arange(40), 4), rng.random(40), side=side, capacity=3)
    relaxation = PricedRows(problem, Clock.after(60.0), lambda arcs, score: None, None)
    low, high = np.array([0.1, 0.05, 0.02]), np.array([3.0, 4.0, 5.0])
    lowest = relaxation.evaluate(low)
    highest = relaxation.evaluate(high)
    assert lowest is not None and highest is not None and lowest[0] < highest[0]
    relaxation.clock = Clock.after(-1.0)
    proven = bound_terms(problem, relaxation.prices(low)[0]).sum()
    assert float(proven) == pytest.approx(lowest[0])
