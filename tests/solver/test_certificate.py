"""`certify` catches every tampering, and no tampered price proves too much."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deskmatch.errors import ProblemError
from deskmatch.solver import Limits, Problem, Proof, Solution, Status, certify, solve
from deskmatch.solver.evaluation import violations

ANY_PRICE = st.one_of(st.floats(-20, 20), st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e300, 1e15, -1e-15]))


def solved(data: st.DataObject, cases: object, **options: object) -> tuple[Problem, Solution]:
    """A random problem that has an answer, and the answer."""
    problem = data.draw(cases.problems(**options))
    solution = solve(problem, method="min_cost_flow")
    assume(solution.status is Status.OPTIMAL)
    return problem, solution


@given(data=st.data())
@settings(max_examples=200)
def test_any_prices_prove_a_bound_that_holds(cases, data):
    problem, solution = solved(data, cases)
    m = problem.n_experts
    prices = np.array(data.draw(st.lists(ANY_PRICE, min_size=m, max_size=m)), dtype=float)
    count = 0 if problem.limits is None else len(problem.limits.bound)
    limit = np.array(data.draw(st.lists(ANY_PRICE, min_size=count, max_size=count)), dtype=float)
    certificate = certify(problem, replace(solution, expert_price=prices, limit_price=limit))
    best = cases.brute_force(problem)
    assert certificate.feasible
    assert certificate.proven_bound is not None and best is not None
    assert Fraction(certificate.proven_bound) >= best - Fraction(1e-12 * cases.size(problem))
    if certificate.gap:
        assert not certificate.optimal


@given(data=st.data())
def test_moving_one_ticket_is_either_feasible_and_no_better_or_a_violation(cases, data):
    problem, solution = solved(data, cases)
    assume(problem.n_tickets > 0)
    expert_of = solution.expert_of.copy()
    ticket = data.draw(st.integers(0, problem.n_tickets - 1))
    expert_of[ticket] = data.draw(st.integers(-3, problem.n_experts + 2))
    certificate = certify(problem, replace(solution, expert_of=expert_of))
    if certificate.feasible:
        assert certificate.objective <= solution.objective + 1e-12 * cases.size(problem)
        assert keeps_the_rules(problem, expert_of)
    else:
        assert certificate.violations
        assert certificate.objective is None and certificate.gap is None and not certificate.optimal
        assert not keeps_the_rules(problem, expert_of)


def keeps_the_rules(problem: Problem, expert_of: np.ndarray) -> bool:
    """The rules again, one ticket at a time."""
    load = [0] * problem.n_experts
    used = [] if problem.limits is None else [0] * len(problem.limits.bound)
    arcs = {(int(i), int(j)): a for a, (i, j) in enumerate(zip(problem.ticket, problem.expert, strict=True))}
    for ticket, expert in enumerate(expert_of.tolist()):
        if expert == -1:
            if np.isneginf(problem.hold[ticket]):
                return False
            continue
        if (ticket, expert) not in arcs:
            return False
        load[expert] += 1
        limit = -1 if problem.limits is None else int(problem.limits.of_arc[arcs[ticket, expert]])
        while limit >= 0:
            used[limit] += 1
            limit = int(problem.limits.parent[limit])
    return all(k <= c for k, c in zip(load, problem.capacity.tolist(), strict=True)) and (
        problem.limits is None or all(k <= b for k, b in zip(used, problem.limits.bound.tolist(), strict=True))
    )


@pytest.fixture
def desk() -> Problem:
    """Three tickets, two experts; ticket 2 must be assigned; expert 1 takes two, but one of tickets 0 and 1."""
    return Problem.from_arcs(
        3,
        2,
        [0, 0, 1, 2, 2],
        [0, 1, 1, 0, 1],
        [5.0, 4.0, 3.0, 1.0, 2.0],
        capacity=[1, 2],
        hold=[0.0, 0.0, -np.inf],
        limits=Limits(of_arc=np.array([-1, 0, 0, -1, -1]), bound=np.array([1])),
    )


@pytest.mark.parametrize(
    ("expert_of", "told"),
    [
        ([0, 1, -1], "ticket 2 must be assigned and is held"),
        ([0, 0, 1], "ticket 1 has no arc to expert 0"),
        ([0, 1, 0], "expert 0 gets 2 tickets, capacity 1"),
        ([1, 1, 0], "limit 0 counts 2 tickets, bound 1"),
        ([1, 1, 1], "expert 1 gets 3 tickets, capacity 2"),
        ([0, 1, 7], "ticket 2 has expert 7, which does not exist"),
        ([0, 1, -5], "ticket 2 has expert -5, which does not exist"),
        ([0, 1], "expert_of has shape (2,), expected (3,)"),
        ([[0, 1, 1]], "expert_of has shape (1, 3), expected (3,)"),
    ],
)
def test_every_broken_rule_is_named(desk, expert_of, told):
    tampered = replace(solve(desk), expert_of=np.array(expert_of))
    certificate = certify(desk, tampered)
    assert told in certificate.violations
    assert not certificate.feasible
    assert certificate.objective is None
    assert certificate.proven_bound == pytest.approx(10.0)
    assert not certificate.optimal


def test_many_offenders_are_counted():
    problem = Problem.from_arcs(9, 1, range(9), [0] * 9, 1.0, hold=-np.inf)
    held = Solution(expert_of=np.full(9, -1), objective=None, status=Status.UNKNOWN, method="none")
    told = certify(problem, held).violations
    assert len(told) == 6
    assert told[-1] == "… and 4 more of this kind"


def test_a_changed_objective_is_told(desk):
    certificate = certify(desk, replace(solve(desk), objective=11.0))
    assert certificate.violations == ("the stated objective 11.0 is not the recomputed 10.0",)
    assert certificate.feasible and not certificate.optimal and certificate.objective == 10.0
    assert certify(desk, replace(solve(desk), objective=float("nan"))).violations


def test_expert_of_that_holds_no_integers_is_told(desk):
    solution = solve(desk)
    object.__setattr__(solution, "expert_of", np.array([0.0, np.nan, 1.0]))
    assert certify(desk, solution).violations == ("expert_of holds float64, expected integers",)


def test_without_prices_the_bound_is_what_each_ticket_could_get_alone(desk):
    certificate = certify(desk, replace(solve(desk), expert_price=None, limit_price=None))
    assert certificate.proof is Proof.PRICES
    assert certificate.proven_bound == 5.0 + 3.0 + 2.0
    loose = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    certificate = certify(loose, replace(solve(loose), expert_price=None))
    assert (certificate.proven_bound, certificate.gap, certificate.optimal) == (8.0, 3.0, False)


@pytest.mark.parametrize("prices", [np.zeros(7), np.array(["a", "b"], dtype=object), np.array([np.nan, np.inf])])
def test_useless_prices_count_as_missing(desk, prices):
    solution = solve(desk)
    object.__setattr__(solution, "expert_price", prices)
    object.__setattr__(solution, "limit_price", prices)
    assert certify(desk, solution).proven_bound == 10.0


def test_integers_are_proved_without_a_tolerance():
    rng = np.random.default_rng(0)
    ticket, expert = np.nonzero(rng.random((80, 60)) < 0.3)
    problem = Problem.from_arcs(80, 60, ticket, expert, rng.integers(0, 1000, len(ticket)), capacity=2)
    certificate = certify(problem, solve(problem))
    assert certificate.proven_bound == certificate.objective
    assert certificate.gap == 0.0


def test_a_ticket_that_must_and_cannot_be_assigned_leaves_no_bound():
    problem = Problem.from_arcs(1, 1, [], [], [], hold=-np.inf)
    unsolved = Solution(expert_of=np.array([-1]), objective=None, status=Status.UNKNOWN, method="none")
    certificate = certify(problem, unsolved)
    assert certificate.proof is Proof.NONE
    assert certificate.proven_bound is None


@pytest.mark.parametrize(
    ("violator", "told"),
    [
        (None, "said to be infeasible without a set of tickets that proves it"),
        ([0, 0], "violator: expected different tickets"),
        ([0, 9], "violator: expected tickets from 0 to 2"),
        ([0, 2], "violator: names tickets that may be held"),
        ([0], "violator: 1 tickets, and their experts have room for 1"),
    ],
)
def test_a_false_claim_of_infeasibility_is_told(violator, told):
    problem = Problem.from_arcs(3, 1, [0, 1, 2], [0, 0, 0], 1.0, hold=[-np.inf, -np.inf, 0.0])
    solution = solve(problem)
    assert solution.status is Status.INFEASIBLE
    assert certify(problem, solution).infeasible_proven
    tampered = replace(solution, violator=None if violator is None else np.array(violator))
    certificate = certify(problem, tampered)
    assert certificate.violations == (told,)
    assert not certificate.infeasible_proven
    assert certificate.proof is Proof.NONE


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("expert_of", [0, 0, 1], "ticket 1 has no arc to expert 0"),
        ("expert_of", [[0], [0, 1], 2], "expert_of is no array, expected (3,) integers"),
        ("objective", 11.0, "the stated objective 11.0 is not the recomputed 10.0"),
        ("objective", "ten", "the stated objective 'ten' is not the recomputed 10.0"),
        ("claimed_bound", 9.0, "the claimed bound 9.0 is below the recomputed objective 10.0"),
        ("claimed_bound", -np.inf, "the claimed bound -inf is below the recomputed objective 10.0"),
        ("claimed_bound", np.nan, "the claimed bound nan is no number"),
        ("ticket_price", np.zeros(2), "ticket_price: expected 3 numbers"),
        ("expert_price", np.zeros((2, 1)), "expert_price: expected 2 numbers"),
        ("expert_price", [[1.0], [2.0, 3.0]], "expert_price: expected 2 numbers"),
        ("limit_price", np.zeros(2), "limit_price: expected 1 numbers"),
        ("row_price", np.zeros(1), "row_price: expected 0 numbers"),
        ("extra", np.array([7.0]), "extra: expected 0 numbers"),
        ("violator", np.array([2]), "violator: given beside an answer that is optimal"),
        ("elapsed_s", -1.0, "elapsed_s is -1.0, expected seconds"),
        ("elapsed_s", np.nan, "elapsed_s is nan, expected seconds"),
        ("status", Status.INFEASIBLE, "said to be infeasible, but the assignment keeps every rule"),
    ],
)
def test_every_false_statement_of_a_solution_is_told(desk, field, value, told):
    solution = solve(desk)
    assert certify(desk, solution).optimal and not certify(desk, solution).violations
    solution = replace(solution)
    object.__setattr__(solution, field, value)  # past the checks of the class
    certificate = certify(desk, solution)
    assert told in certificate.violations
    assert not certificate.optimal
    assert certificate.feasible == (field not in {"expert_of", "status"})


def test_prices_of_limits_that_do_not_exist_are_told():
    problem = Problem.from_arcs(1, 1, [0], [0], 1.0)
    certificate = certify(problem, replace(solve(problem), limit_price=np.array([0.0])))
    assert certificate.violations == ("limit_price: expected 0 numbers",)
    assert certificate.feasible and not certificate.optimal


def test_what_is_said_beside_infeasible_is_checked():
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], 1.0, hold=-np.inf)
    solution = replace(solve(problem), objective=3.0, claimed_bound=np.nan, extra=np.zeros(1))
    assert certify(problem, solution).violations == (
        "said to be infeasible, but the objective 3.0 is stated",
        "the claimed bound nan is no number",
        "extra: expected 0 numbers",
    )
    object.__setattr__(solution, "violator", [[0], [0, 1]])
    assert "violator: expected different tickets" in certify(problem, solution).violations


def test_a_claimed_bound_that_only_rounding_puts_below_the_objective_is_no_lie(desk):
    assert certify(desk, replace(solve(desk), claimed_bound=10.0 - 1e-13)).optimal
    assert certify(desk, replace(solve(desk), claimed_bound=1e9)).optimal


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1.7, 0.2], r"expert_of\[0\]: found 1.7; expected a whole number"),
        ([0.0, np.nan], r"expert_of\[1\]: found nan"),
        ([0, None], r"expert_of\[1\]: found None"),
        (np.array([0, 2**32]), r"expert_of\[1\]: found 4294967296"),
        (np.array([-(2**31) - 1, 0]), r"expert_of\[0\]: found -2147483649"),
        (np.array([0, 2**63], dtype=np.uint64), r"expert_of\[1\]"),
        ([0, 10**400], r"expert_of: expected numbers|expert_of\[1\]"),
        ([[0], [0, 1]], "expert_of: expected numbers"),
    ],
)
def test_an_assignment_that_a_cast_would_change_is_refused(values, told):
    with pytest.raises(ProblemError, match=told):
        Solution(expert_of=values, objective=None, status=Status.FEASIBLE, method="hand")
    with pytest.raises(ProblemError, match=told.replace("expert_of", "violator")):
        Solution(expert_of=[0, 0], objective=None, status=Status.FEASIBLE, method="hand", violator=values)


@pytest.mark.parametrize("values", [[1.0, -1.0], np.array([1, -1], dtype=np.int8), np.array([1, -1]), [1, -1]])
def test_whole_numbers_of_any_kind_are_taken(values):
    solution = Solution(expert_of=values, objective=None, status=Status.FEASIBLE, method="hand")
    assert solution.expert_of.tolist() == [1, -1] and solution.expert_of.dtype == np.int32


def test_violations_never_raises(desk):
    for values in ([[0], [0, 1], 1], None, "abc", [None, 0, 1], [0, 1, 10**400], object()):
        assert violations(desk, values)
