"""Losses, chains and price intervals, against every assignment of small networks listed one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deskmatch.errors import ProblemError
from deskmatch.solver import Limits, Problem, Status, evaluate, solve, violations
from deskmatch.solver.price_intervals import expert_intervals, ticket_intervals
from deskmatch.solver.regret import Forced, Move, Regrets, forced_loss
from deskmatch.solver.residual_graph import ResidualGraph

INF = math.inf


@dataclass
class Enumeration:
    """All choices of an arc or the hold for each ticket that keep the limits, whatever the capacities."""

    problem: Problem

    def __post_init__(self) -> None:
        problem = self.problem
        n, m = problem.n_tickets, problem.n_experts
        choices = [[-1, *range(problem.indptr[i], problem.indptr[i + 1])] for i in range(n)]
        grid = np.meshgrid(*choices, indexing="ij") if n else []
        self.arcs = np.stack([axis.ravel() for axis in grid], axis=1) if n else np.zeros((1, 0), int)
        points = np.append(problem.points, 0.0)
        hold = np.where(self.arcs < 0, problem.hold, 0.0)
        self.gains = points[self.arcs].sum(axis=1) + hold.sum(axis=1)
        expert = np.append(problem.expert, -1)
        self.expert_of = expert[self.arcs]
        self.load = (self.expert_of[:, :, None] == np.arange(m)).sum(axis=1)
        if problem.limits is not None:
            self._keep_limits(problem.limits)

    def _keep_limits(self, limits: Limits) -> None:
        inside = np.zeros((len(limits.bound), len(limits.of_arc) + 1), bool)
        for arc, limit in enumerate(limits.of_arc):
            while limit >= 0:
                inside[limit, arc] = True
                limit = limits.parent[limit]
        keep = np.ones(len(self.arcs), bool)
        for limit, bound in enumerate(limits.bound):
            keep &= inside[limit][self.arcs].sum(axis=1) <= bound
        for name in ("arcs", "gains", "expert_of", "load"):
            setattr(self, name, getattr(self, name)[keep])

    def totals(self, slots: list[list[float]] | None = None) -> NDArray[np.float64]:
        """The total of each choice, −inf where an expert lacks slots; `slots` are the costs of each expert."""
        total = self.gains.copy()
        for j, costs in enumerate(slots_of(self.problem) if slots is None else slots):
            paid = np.concatenate([[0.0], np.cumsum(sorted(costs)), np.full(self.problem.n_tickets, INF)])
            total -= paid[self.load[:, j]]
        return total


def slots_of(problem: Problem) -> list[list[float]]:
    """The cost of each slot of each expert."""
    width = problem.slot_cost.shape[1]
    return [
        [float(problem.slot_cost[j, min(s, width - 1)]) for s in range(problem.capacity[j])]
        for j in range(problem.n_experts)
    ]


def best(totals: NDArray[np.float64]) -> float:
    return float(totals.max(initial=-INF))


def loss(total: float, forced: float) -> float:
    return INF if forced == -INF else total - forced


@st.composite
def networks(draw: st.DrawFn) -> Problem:
    """Small networks with capacities, slot costs, holds, must-assign tickets, nested limits, ties and losses."""
    n, m = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    whole = draw(st.booleans())

    def numbers(shape: object) -> NDArray[np.float64]:
        values = rng.integers(-2, 5, shape).astype(float) if whole else rng.normal(1.0, 2.0, shape)
        return np.asarray(values)

    ticket, expert = np.nonzero(rng.random((n, m)) < draw(st.sampled_from([0.4, 0.8, 1.0])))
    hold = np.where(rng.random(n) < draw(st.sampled_from([0.0, 0.4])), -INF, numbers(n) - 1.0)
    limits = None
    if m and draw(st.booleans()):
        of_arc = np.where(rng.random(len(ticket)) < 0.8, expert + m * rng.integers(0, 2, len(ticket)), -1)
        parent = np.concatenate([np.full(m, -1), np.where(rng.random(m) < 0.6, np.arange(m), -1)])
        limits = Limits(of_arc=of_arc, bound=rng.integers(0, 3, 2 * m), parent=parent)
    slot_cost = np.sort(numbers((m, draw(st.integers(1, 3)))), axis=1) if draw(st.booleans()) else None
    return Problem.from_arcs(
        n, m, ticket, expert, numbers(len(ticket)), capacity=rng.integers(0, 4, m), hold=hold,
        slot_cost=slot_cost, limits=limits,
    )  # fmt: skip


def solved(problem: Problem) -> ResidualGraph:
    solution = solve(problem)
    assume(solution.status is not Status.INFEASIBLE)
    return ResidualGraph.of(problem, solution)


def close(found: object, expected: object) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@given(networks())
def test_the_loss_of_each_arc_is_that_of_the_best_assignment_that_has_it(problem: Problem) -> None:
    graph, every = solved(problem), Enumeration(problem)
    totals = every.totals()
    for ticket in range(problem.n_tickets):
        experts, losses = Regrets(graph).losses(ticket)
        for expert, found in zip(experts, losses, strict=True):
            close(found, loss(best(totals), best(totals[every.expert_of[:, ticket] == expert])))
            assert found >= 0


@given(networks())
def test_the_loss_of_holding_is_that_of_the_best_assignment_that_holds(problem: Problem) -> None:
    graph, every = solved(problem), Enumeration(problem)
    totals = every.totals()
    for ticket in range(problem.n_tickets):
        held = Regrets(graph).held(ticket)
        close(held.loss, loss(best(totals), best(totals[every.expert_of[:, ticket] == -1])))


def check_chain(problem: Problem, before: NDArray[np.int32], forced: Forced, ticket: int, expert: int) -> None:
    after = forced.apply(before)
    if forced.loss == INF:
        assert forced.moves == ()
        return
    assert after[ticket] == expert
    assert violations(problem, after) == ()
    close(evaluate(problem, before) - evaluate(problem, after), forced.loss)
    assert [move.before for move in forced.moves] == [before[move.ticket] for move in forced.moves]
    assert len({move.ticket for move in forced.moves}) == len(forced.moves)
    if not problem.slot_cost.any():
        close(-sum(move.gain for move in forced.moves), forced.loss)


@given(networks())
def test_the_chain_is_an_assignment_that_loses_exactly_what_is_told(problem: Problem) -> None:
    graph = solved(problem)
    before, regrets = chosen(graph), Regrets(graph)
    for ticket in range(problem.n_tickets):
        check_chain(problem, before, regrets.held(ticket), ticket, -1)
        for expert, told in zip(*regrets.losses(ticket), strict=True):
            forced = regrets.forced(ticket, int(expert))
            close(forced.loss, told)
            check_chain(problem, before, forced, ticket, int(expert))


def chosen(graph: ResidualGraph) -> NDArray[np.int32]:
    return np.where(graph.arcs >= 0, np.append(graph.problem.expert, -1)[graph.arcs], -1).astype(np.int32)


def test_a_false_chain_is_noticed() -> None:
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    before = np.array([-1, 0], dtype=np.int32)
    swap = (Move(0, -1, 0, 3.0), Move(1, 0, -1, -5.0))
    check_chain(problem, before, Forced(2.0, swap), 0, 0)
    for wrong in (Forced(1.0, swap), Forced(2.0, swap[:1])):
        with pytest.raises((AssertionError, ProblemError)):
            check_chain(problem, before, wrong, 0, 0)


@given(networks(), st.sampled_from([None, -3.0, 0.5]))
def test_expert_prices_are_what_one_slot_more_or_less_changes(problem: Problem, cost: float | None) -> None:
    graph, every = solved(problem), Enumeration(problem)
    prices = expert_intervals(graph, slot_cost=cost)
    total, slots = best(every.totals()), slots_of(problem)
    width = problem.slot_cost.shape[1]
    for j in range(problem.n_experts):
        extra = float(problem.slot_cost[j, min(problem.capacity[j], width - 1)]) if cost is None else cost
        more = [costs + [extra] * (k == j) for k, costs in enumerate(slots)]
        close(prices.least[j], best(every.totals(more)) - total)
        if problem.capacity[j] == 0:
            assert math.isnan(prices.greatest[j])
        else:
            less = [costs[: len(costs) - (k == j)] for k, costs in enumerate(slots)]
            close(prices.greatest[j], loss(total, best(every.totals(less))))


@given(networks())
def test_ticket_prices_are_what_its_absence_and_a_duplicate_change(problem: Problem) -> None:
    graph = solved(problem)
    prices, total = ticket_intervals(graph), best(Enumeration(problem).totals())
    for ticket in range(problem.n_tickets):
        others = [i for i in range(problem.n_tickets) if i != ticket]
        close(prices.greatest[ticket], total - best(Enumeration(rows(problem, others)).totals()))
        twice = best(Enumeration(rows(problem, [*others, ticket, ticket])).totals())
        close(prices.least[ticket], twice - total if twice > -INF else -INF)
    assert (prices.least <= prices.greatest).all()


def rows(problem: Problem, tickets: list[int]) -> Problem:
    """The problem with these tickets only, some perhaps more than once."""
    arcs = [range(problem.indptr[i], problem.indptr[i + 1]) for i in tickets]
    flat = np.array([arc for row in arcs for arc in row], dtype=int)
    limits = problem.limits
    return Problem.from_arcs(
        len(tickets),
        problem.n_experts,
        np.repeat(np.arange(len(tickets)), [len(row) for row in arcs]),
        problem.expert[flat],
        problem.points[flat],
        capacity=problem.capacity,
        hold=problem.hold[tickets],
        slot_cost=problem.slot_cost,
        limits=None if limits is None else Limits(limits.of_arc[flat], limits.bound, limits.parent),
    )


@given(networks(), st.integers(0, 1), st.floats(-3, 6))
def test_a_virtual_arc_loses_what_the_problem_with_it_would(problem: Problem, spare: int, points: float) -> None:
    """The reserved slot is a clone of the expert whose only slot costs as much as the first."""
    graph = solved(problem)
    assume(problem.n_tickets and problem.n_experts)
    total, m = best(Enumeration(problem).totals()), problem.n_experts
    regrets = Regrets(graph)
    for ticket in range(problem.n_tickets):
        there = problem.expert[problem.indptr[ticket] : problem.indptr[ticket + 1]]
        absent = np.setdiff1d(np.arange(m), there)
        told = regrets.virtual_losses(ticket, absent, np.full(len(absent), points), spare=spare)
        for expert, found in zip(absent, told, strict=True):
            wider = with_arc(problem, ticket, int(expert), points, spare)
            every = Enumeration(wider)
            reached = np.isin(every.expert_of[:, ticket], [expert, m])
            close(found, loss(total, best(every.totals()[reached])))
            forced = regrets.virtual(ticket, int(expert), points, spare=spare)
            close(forced.loss, found)
            assert forced.loss == INF or forced.moves[0].after == expert


def with_arc(problem: Problem, ticket: int, expert: int, points: float, spare: int) -> Problem:
    """The problem with one arc more, and with one more to a clone of the expert, who has `spare` slots."""
    m, none = problem.n_experts, np.full(2, -1, dtype=np.int32)
    first = np.full((1, problem.slot_cost.shape[1]), problem.slot_cost[expert, 0])
    limits = problem.limits
    if limits is not None:
        limits = Limits(np.concatenate([limits.of_arc, none]), limits.bound, limits.parent)
    return Problem.from_arcs(
        problem.n_tickets,
        m + 1,
        np.append(problem.ticket, [ticket, ticket]),
        np.append(problem.expert, [expert, m]),
        np.append(problem.points, [points, points]),
        capacity=np.append(problem.capacity, spare),
        hold=problem.hold,
        slot_cost=np.vstack([problem.slot_cost, first]),
        limits=limits,
    )


@given(networks())
def test_the_answers_do_not_depend_on_where_the_prices_come_from(problem: Problem) -> None:
    assume(problem.n_tickets and problem.n_experts)
    solution = solve(problem)
    assume(solution.status is not Status.INFEASIBLE)
    expected = [Regrets(ResidualGraph.of(problem, solution)).losses(i)[1] for i in range(problem.n_tickets)]
    wrong = np.full(problem.n_experts, -7.5)
    for other in (replace(solution, expert_price=None), replace(solution, expert_price=wrong, limit_price=None)):
        found = [Regrets(ResidualGraph.of(problem, other)).losses(i)[1] for i in range(problem.n_tickets)]
        close(np.concatenate(found), np.concatenate(expected))


@settings(max_examples=10)
@given(st.integers(0, 10**6))
@example(0)
def test_larger_networks_agree_with_solving_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = 30, 20
    ticket, expert = np.nonzero(rng.random((n, m)) < 0.3)
    limits = Limits(of_arc=expert + m * (rng.random(len(ticket)) < 0.5), bound=rng.integers(1, 3, 2 * m))
    problem = Problem.from_arcs(
        n, m, ticket, expert, rng.normal(1, 1, len(ticket)), capacity=rng.integers(1, 4, m), limits=limits,
        slot_cost=np.sort(rng.random((m, 2)), axis=1),
    )  # fmt: skip
    solution = solve(problem)
    assert solution.objective is not None
    for chosen_ticket in range(0, n, 5):
        for j, found in zip(*forced_loss(problem, solution, chosen_ticket), strict=True):
            keep = (ticket != chosen_ticket) | (expert == j)
            hold = np.where(np.arange(n) == chosen_ticket, -INF, 0.0)
            forced = Problem.from_arcs(
                n, m, ticket[keep], expert[keep], problem.points[keep], capacity=problem.capacity, hold=hold,
                slot_cost=problem.slot_cost, limits=Limits(limits.of_arc[keep], limits.bound),
            )  # fmt: skip
            again = solve(forced).objective
            close(found, INF if again is None else solution.objective - again)


def test_ties_cost_exactly_nothing() -> None:
    problem = Problem.from_arcs(2, 3, [0, 0, 0, 1, 1, 1], [0, 1, 2] * 2, 0.1 + 0.2)
    _, losses = forced_loss(problem, solve(problem), 0)
    assert losses.tolist() == [0.0, 0.0, 0.0]


def test_a_place_that_a_must_assign_ticket_needs_costs_infinitely_much() -> None:
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 9.0], hold=[-INF, 0.0])
    solution = solve(problem)
    regrets = Regrets(ResidualGraph.of(problem, solution))
    assert regrets.losses(1)[1].tolist() == [INF]
    assert regrets.forced(1, 0) == Forced(INF, ())
    assert regrets.held(0) == Forced(INF, ())
    assert expert_intervals(regrets.graph).greatest.tolist() == [INF]


def test_a_solution_that_is_not_optimal_is_refused() -> None:
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    worse = replace(solve(problem), expert_of=np.array([0, -1]))
    with pytest.raises(ProblemError, match="not optimal: another has 2 points more"):
        forced_loss(problem, worse, 0)
    with pytest.raises(ProblemError, match="breaks a rule: expert 0 gets 2 tickets"):
        forced_loss(problem, replace(worse, expert_of=np.array([0, 0])), 0)


def test_tickets_and_arcs_that_do_not_exist_are_refused() -> None:
    problem = Problem.from_arcs(1, 2, [0], [0], [3.0])
    regrets = Regrets(ResidualGraph.of(problem, solve(problem)))
    for ticket in (-1, 1):
        with pytest.raises(ProblemError, match=f"ticket: found {ticket}; expected 0 to 0"):
            regrets.losses(ticket)
    with pytest.raises(ProblemError, match="ticket 0 has no arc to expert 1"):
        regrets.forced(0, 1)
