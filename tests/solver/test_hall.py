"""Infeasibility: found exactly when there is no assignment, and proved by a minimal set of tickets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmatch.solver import Limits, Problem, hall_violator, joint_capacity
from deskmatch.solver.evaluation import violations
from deskmatch.solver.hall import cover_musts


def only(problem: Problem, tickets: object) -> Problem:
    """The same problem with only these tickets obliged."""
    hold = np.zeros(problem.n_tickets)
    hold[np.asarray(tickets, dtype=np.int64)] = -np.inf
    return Problem(
        n_tickets=problem.n_tickets,
        n_experts=problem.n_experts,
        indptr=problem.indptr,
        expert=problem.expert,
        points=problem.points,
        capacity=problem.capacity,
        hold=hold,
        slot_cost=problem.slot_cost,
        limits=problem.limits,
    )


@given(data=st.data())
def test_there_is_a_violator_exactly_where_there_is_no_assignment(cases, data):
    problem = data.draw(cases.problems())
    assert (hall_violator(problem) is None) == (cases.brute_force(problem) is not None)


@given(data=st.data())
def test_a_violator_counts_and_every_proper_subset_can_be_assigned(cases, data):
    problem = data.draw(cases.problems())
    violator = hall_violator(problem)
    if violator is None:
        return
    assert joint_capacity(problem, violator) == len(violator) - 1
    assert cases.brute_force(only(problem, violator)) is None
    for subset in combinations(violator.tolist(), len(violator) - 1):
        assert cases.brute_force(only(problem, subset)) is not None


@given(data=st.data())
def test_the_cover_keeps_the_rules_and_serves_every_obliged_ticket(cases, data):
    problem = data.draw(cases.problems())
    arcs, violator = cover_musts(problem)
    expert_of = np.where(arcs >= 0, np.append(problem.expert, -1)[arcs], -1)
    rules = only(problem, np.flatnonzero(arcs >= 0))
    assert violations(rules, expert_of) == ()
    if violator is None:
        assert (arcs[np.isneginf(problem.hold)] >= 0).all()


@pytest.mark.parametrize("seed", range(20))
def test_minimal_among_hundreds_of_tickets(seed):
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((120, 60)) < 0.03)
    of_arc = np.where(rng.random(len(ticket)) < 0.5, expert, -1)
    limits = Limits(of_arc=of_arc.astype(np.int32), bound=np.ones(60, dtype=np.int32))
    problem = Problem.from_arcs(
        120, 60, ticket, expert, 1.0, capacity=rng.integers(0, 4, 60), hold=-np.inf, limits=limits
    )
    violator = hall_violator(problem)
    assert violator is not None
    for ticket_out in violator:
        assert hall_violator(only(problem, violator[violator != ticket_out])) is None
