"""The matcher: after any events, the same optimum as a fresh solve, with prices that prove it."""

from __future__ import annotations

import copy
import math
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deskmatch.errors import BackendError, ProblemError, UnknownIdError
from deskmatch.solver import Limits, Matcher, Problem, Solution, Status, certify, evaluate, hall_violator, solve
from deskmatch.solver.incremental import entry
from deskmatch.solver.incremental.records import LAST_GENERATION, next_handle
from deskmatch.solver.matcher import Handles

MUST = -math.inf
WHOLE = st.integers(-3, 5).map(float)
REAL = st.floats(-10, 10, allow_nan=False, allow_subnormal=False)


UNCOMPILED = bool(os.environ.get("NUMBA_DISABLE_JIT"))
EVENTS = 300 if UNCOMPILED else 10_000


class Desk:
    """What a matcher should know, kept in plain dictionaries by handle."""

    def __init__(self, problem: Problem) -> None:
        n, m = problem.n_tickets, problem.n_experts
        self.hold = dict(enumerate(problem.hold.tolist()))
        self.shift = dict.fromkeys(range(n), 0.0)
        self.capacity = dict(enumerate(problem.capacity.tolist()))
        self.slot_cost = dict(enumerate(problem.slot_cost.tolist()))
        self.around: dict[int, int] = {}
        self.bound: dict[int, int] = {}
        self.arcs: dict[tuple[int, int], tuple[int, float]] = {}
        limits = problem.limits
        for arc in range(problem.n_arcs):
            expert = int(problem.expert[arc])
            limit = -1 if limits is None else int(limits.of_arc[arc])
            place = expert if limit < 0 else m + limit
            self.arcs[int(problem.ticket[arc]), expert] = place, float(problem.points[arc])
            while limits is not None and limit >= 0:
                outer = int(limits.parent[limit])
                self.around[m + limit] = expert if outer < 0 else m + outer
                self.bound[m + limit] = int(limits.bound[limit])
                limit = outer

    def owner(self, place: int) -> int:
        while place in self.around:
            place = self.around[place]
        return place

    def problem(self, tickets: list[int], experts: list[int], limits: list[int]) -> Problem:
        """The problem with rows, columns and limits in this order."""
        row, column = {h: k for k, h in enumerate(tickets)}, {h: k for k, h in enumerate(experts)}
        number = {h: k for k, h in enumerate(limits)}
        nested = None
        if limits:
            nested = Limits(
                of_arc=np.array([number.get(place, -1) for place, _ in self.arcs.values()], np.int32),
                bound=np.array([self.bound[h] for h in limits], np.int32),
                parent=np.array([number.get(self.around[h], -1) for h in limits], np.int32),
            )
        return Problem.from_arcs(
            len(tickets),
            len(experts),
            [row[ticket] for ticket, _ in self.arcs],
            [column[expert] for _, expert in self.arcs],
            [points + self.shift[ticket] for (ticket, _), (_, points) in self.arcs.items()],
            capacity=np.array([self.capacity[h] for h in experts], np.int64),
            hold=np.array([self.hold[h] for h in tickets], np.float64),
            slot_cost=[self.slot_cost[h] for h in experts] or None,
            limits=nested,
        )


def same_problem(one: Problem, other: Problem) -> bool:
    """Whether two problems are equal; slot costs may go on for longer in one of them."""
    width = max(one.slot_cost.shape[1], other.slot_cost.shape[1])
    costs = [np.pad(p.slot_cost, ((0, 0), (0, width - p.slot_cost.shape[1])), mode="edge") for p in (one, other)]
    limited = [None if p.limits is None else (p.limits.of_arc, p.limits.bound, p.limits.parent) for p in (one, other)]
    return (
        all(
            np.array_equal(getattr(one, name), getattr(other, name))
            for name in ("indptr", "expert", "points", "capacity", "hold")
        )
        and np.array_equal(*costs)
        and (limited[0] is None) == (limited[1] is None)
        and all(map(np.array_equal, limited[0] or (), limited[1] or ()))
    )


def check_snapshot(matcher: Matcher, *, may_repair: bool = False) -> tuple[Problem, Handles]:
    """Check that a snapshot is proved, by the matcher's own prices, and that all that can be read agrees."""
    problem, solution, handles = matcher.snapshot()
    assert may_repair or "repaired" not in solution.message
    certificate = certify(problem, solution)
    assert matcher.status is solution.status
    assert matcher.objective == solution.objective == certificate.objective
    assert matcher.tickets.tolist() == handles.tickets.tolist()
    if solution.status is Status.INFEASIBLE:
        assert certificate.infeasible_proven and solution.violator is not None
        assert matcher.violator.tolist() == handles.tickets[solution.violator].tolist()
        assert len(matcher.unplaced)
        return problem, handles
    assert certificate.optimal and certificate.gap == 0.0
    assert solution.status is Status.OPTIMAL
    assert not len(matcher.unplaced) and not len(matcher.violator)
    experts = [matcher.expert_of(ticket) for ticket in handles.tickets.tolist()]
    found = [None if j < 0 else int(handles.experts[j]) for j in solution.expert_of]
    assert experts == found
    for k, expert in enumerate(handles.experts.tolist()):
        assert sorted(matcher.tickets_of(expert)) == sorted(handles.tickets[solution.expert_of == k])
        assert matcher.price(expert) == solution.expert_price[k]
    for k, limit in enumerate(handles.limits.tolist()):
        assert matcher.price(limit) == solution.limit_price[k] >= 0.0
    for k, ticket in enumerate(handles.tickets.tolist()):
        assert matcher.ticket_price(ticket) == solution.ticket_price[k]
    return problem, handles


def is_minimal(problem: Problem, violator: np.ndarray) -> bool:
    """Whether these must-assign tickets cannot all be assigned, while all but any one of them can."""
    hold = np.zeros(problem.n_tickets)
    hold[violator] = MUST

    def with_hold(hold: np.ndarray) -> Problem:
        return Problem.from_arcs(
            problem.n_tickets,
            problem.n_experts,
            problem.ticket,
            problem.expert,
            problem.points,
            capacity=problem.capacity,
            hold=hold,
            limits=problem.limits,
        )

    fewer = [np.where(np.arange(len(hold)) == k, 0.0, hold) for k in violator]
    return hall_violator(with_hold(hold)) is not None and all(hall_violator(with_hold(h)) is None for h in fewer)


class MatcherMachine(RuleBasedStateMachine):
    """Events in any order; after each, the matcher is compared with the dictionaries and with fresh solves."""

    cases: Any = None

    @initialize(data=st.data(), whole=st.booleans())
    def start(self, data: st.DataObject, whole: bool) -> None:
        self.numbers = WHOLE if whole else REAL
        problem = data.draw(self.cases.problems(numbers=self.numbers))
        self.matcher, self.desk = Matcher(problem), Desk(problem)
        self.seen_tickets, self.seen_experts = set(self.desk.hold), set(self.desk.capacity)

    def one(self, data: st.DataObject, handles: Any) -> int:
        return int(data.draw(st.sampled_from(sorted(handles))))

    def some(self, data: st.DataObject, handles: Any) -> list[int]:
        return data.draw(st.lists(st.sampled_from(sorted(handles)), unique=True)) if handles else []

    def holds(self, data: st.DataObject) -> float:
        return float(data.draw(st.one_of(self.numbers, st.just(MUST))))

    def costs(self, data: st.DataObject) -> list[float]:
        return sorted(data.draw(st.lists(self.numbers, min_size=1, max_size=3)))

    def places(self) -> list[int]:
        return sorted([*self.desk.capacity, *self.desk.bound])

    def row(self, data: st.DataObject) -> dict[int, tuple[int, float]]:
        """Arcs of a new ticket, by expert."""
        arcs: dict[int, tuple[int, float]] = {}
        for place in self.some(data, self.places()):
            arcs.setdefault(self.desk.owner(place), (place, float(data.draw(self.numbers))))
        return arcs

    def note_ticket(self, ticket: int, arcs: dict[int, tuple[int, float]], hold: float) -> None:
        assert ticket not in self.seen_tickets, "a handle came back"
        self.seen_tickets.add(ticket)
        self.desk.hold[ticket], self.desk.shift[ticket] = hold, 0.0
        self.desk.arcs.update({(ticket, expert): arc for expert, arc in arcs.items()})

    @rule(data=st.data())
    @precondition(lambda self: len(self.desk.hold) < 7)
    def add_ticket(self, data: st.DataObject) -> None:
        arcs, hold = self.row(data), self.holds(data)
        places, points = [place for place, _ in arcs.values()], [points for _, points in arcs.values()]
        self.note_ticket(self.matcher.add_ticket(places, points, hold=hold), arcs, hold)

    @rule(data=st.data())
    @precondition(lambda self: len(self.desk.hold) < 6)
    def add_tickets(self, data: st.DataObject) -> None:
        rows = [self.row(data) for _ in range(2)]
        holds = [self.holds(data) for _ in rows]
        flat = [arc for row in rows for arc in row.values()]
        offsets = np.cumsum([0, *map(len, rows)])
        made = self.matcher.add_tickets(offsets, [p for p, _ in flat], [x for _, x in flat], hold=holds)
        for ticket, row, hold in zip(made.tolist(), rows, holds, strict=True):
            self.note_ticket(ticket, row, hold)

    def forget_ticket(self, ticket: int) -> None:
        del self.desk.hold[ticket], self.desk.shift[ticket]
        self.desk.arcs = {pair: arc for pair, arc in self.desk.arcs.items() if pair[0] != ticket}

    @rule(data=st.data())
    @precondition(lambda self: self.desk.hold)
    def remove_ticket(self, data: st.DataObject) -> None:
        ticket = self.one(data, self.desk.hold)
        self.matcher.remove_ticket(ticket)
        self.forget_ticket(ticket)

    @rule(data=st.data())
    def remove_tickets(self, data: st.DataObject) -> None:
        gone = self.some(data, self.desk.hold)[:2]
        self.matcher.remove_tickets(gone)
        for ticket in gone:
            self.forget_ticket(ticket)

    @rule(data=st.data(), capacity=st.integers(0, 3))
    @precondition(lambda self: len(self.desk.capacity) < 6)
    def add_expert(self, data: st.DataObject, capacity: int) -> None:
        tickets, costs = self.some(data, self.desk.hold), self.costs(data)
        points = [float(data.draw(self.numbers)) for _ in tickets]
        expert = self.matcher.add_expert(tickets, points, capacity=capacity, slot_cost=costs)
        assert expert not in self.seen_experts, "a handle came back"
        self.seen_experts.add(expert)
        self.desk.capacity[expert], self.desk.slot_cost[expert] = capacity, costs
        for ticket, value in zip(tickets, points, strict=True):
            self.desk.arcs[ticket, expert] = expert, value

    @rule(data=st.data())
    @precondition(lambda self: self.desk.capacity)
    def remove_expert(self, data: st.DataObject) -> None:
        expert = self.one(data, self.desk.capacity)
        self.matcher.remove_expert(expert)
        del self.desk.capacity[expert], self.desk.slot_cost[expert]
        inside = [limit for limit in self.desk.around if self.desk.owner(limit) == expert]
        for limit in inside:
            del self.desk.bound[limit]
        self.desk.around = {limit: outer for limit, outer in self.desk.around.items() if limit not in inside}
        self.desk.arcs = {pair: arc for pair, arc in self.desk.arcs.items() if pair[1] != expert}

    @rule(data=st.data(), bound=st.integers(0, 2))
    @precondition(lambda self: self.desk.capacity and len(self.desk.bound) < 5)
    def add_limit(self, data: st.DataObject, bound: int) -> None:
        around = self.one(data, self.places())
        limit = self.matcher.add_limit(around, bound)
        assert limit not in self.seen_experts, "a handle came back"
        self.seen_experts.add(limit)
        self.desk.around[limit], self.desk.bound[limit] = around, bound

    @rule(data=st.data(), capacity=st.integers(0, 3))
    @precondition(lambda self: self.desk.capacity)
    def set_capacity(self, data: st.DataObject, capacity: int) -> None:
        place = self.one(data, self.places())
        self.matcher.set_capacity(place, capacity)
        (self.desk.bound if place in self.desk.bound else self.desk.capacity)[place] = capacity

    @rule(data=st.data())
    @precondition(lambda self: self.desk.capacity)
    def set_slot_cost(self, data: st.DataObject) -> None:
        expert, costs = self.one(data, self.desk.capacity), self.costs(data)
        self.matcher.set_slot_cost(expert, costs)
        self.desk.slot_cost[expert] = costs

    @rule(data=st.data())
    @precondition(lambda self: self.desk.capacity and self.desk.hold)
    def set_points(self, data: st.DataObject) -> None:
        ticket, place = self.one(data, self.desk.hold), self.one(data, self.places())
        points = float(data.draw(self.numbers))
        self.matcher.set_points(ticket, place, points)
        self.desk.arcs[ticket, self.desk.owner(place)] = place, points

    @rule(data=st.data())
    @precondition(lambda self: self.desk.arcs)
    def remove_arc(self, data: st.DataObject) -> None:
        ticket, expert = data.draw(st.sampled_from(sorted(self.desk.arcs)))
        self.matcher.set_points(ticket, expert, None)
        del self.desk.arcs[ticket, expert]

    @rule(data=st.data())
    @precondition(lambda self: self.desk.hold)
    def set_hold(self, data: st.DataObject) -> None:
        ticket, hold = self.one(data, self.desk.hold), self.holds(data)
        self.matcher.set_hold(ticket, hold)
        self.desk.hold[ticket] = hold

    @rule(data=st.data())
    def shift_some(self, data: st.DataObject) -> None:
        tickets = self.some(data, self.desk.hold)
        amounts = [float(data.draw(self.numbers)) for _ in tickets]
        self.matcher.shift_tickets(amounts, tickets)
        for ticket, amount in zip(tickets, amounts, strict=True):
            self.desk.shift[ticket] += amount

    @rule(data=st.data())
    def shift_all(self, data: st.DataObject) -> None:
        amount = float(data.draw(self.numbers))
        self.matcher.shift_tickets(amount)
        self.desk.shift = {ticket: shift + amount for ticket, shift in self.desk.shift.items()}

    @invariant()
    def equals_a_fresh_solve(self) -> None:
        objective = self.matcher.objective
        problem, handles = check_snapshot(self.matcher, may_repair=self.numbers is REAL)
        assert set(handles.tickets.tolist()) == set(self.desk.hold)
        assert set(handles.experts.tolist()) == set(self.desk.capacity) == set(self.matcher.experts.tolist())
        assert set(handles.limits.tolist()) == set(self.desk.bound) == set(self.matcher.limits.tolist())
        expected = self.desk.problem(*(each.tolist() for each in handles))
        assert same_problem(problem, expected)
        fresh = solve(expected, method="min_cost_flow")
        assert (fresh.status is Status.INFEASIBLE) == (self.matcher.status is Status.INFEASIBLE)
        if fresh.status is Status.INFEASIBLE:
            violator = np.flatnonzero(np.isin(handles.tickets, self.matcher.violator))
            assert is_minimal(problem, violator)
        else:
            allowed = 1e-12 * self.cases.size(expected)
            assert abs(fresh.objective - objective) <= allowed, "before a snapshot could repair anything"
            assert abs(fresh.objective - self.matcher.objective) <= allowed


def test_any_events_leave_the_optimum_of_a_fresh_solve(cases: Any) -> None:
    class Machine(MatcherMachine):
        pass

    Machine.cases = cases
    Machine.TestCase.settings = settings(max_examples=12 if UNCOMPILED else 60, stateful_step_count=25)
    Machine.TestCase("runTest").runTest()


def random_arcs(rng: np.random.Generator, handles: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    chosen = handles[rng.random(len(handles)) < share]
    return chosen, rng.random(len(chosen))


def churn(matcher: Matcher, rng: np.random.Generator, events: int, share: float) -> None:
    """Tickets and experts come and go, points and holds change, all wait longer."""
    tickets, experts = matcher.tickets.tolist(), matcher.experts.tolist()
    for _ in range(events):
        kind = rng.random()
        if kind < 0.35:
            tickets.append(matcher.add_ticket(*random_arcs(rng, np.array(experts), share)))
            matcher.remove_ticket(tickets.pop(int(rng.integers(len(tickets)))))
        elif kind < 0.45:
            experts.append(matcher.add_expert(*random_arcs(rng, np.array(tickets), share)))
            matcher.remove_expert(experts.pop(int(rng.integers(len(experts)))))
        elif kind < 0.7:
            matcher.set_points(int(rng.choice(tickets)), int(rng.choice(experts)), float(rng.random()))
        elif kind < 0.8:
            matcher.set_capacity(int(rng.choice(experts)), int(rng.integers(0, 3)))
        elif kind < 0.9:
            matcher.set_hold(int(rng.choice(tickets)), float(rng.normal()) / 2)
        else:
            matcher.shift_tickets(float(rng.normal()) / 10, rng.choice(tickets, 5, replace=False))


def square(rng: np.random.Generator, size: int, share: float) -> Problem:
    ticket, expert = np.nonzero(rng.random((size, size)) < share)
    return Problem.from_arcs(size, size, ticket, expert, rng.random(len(ticket)))


def test_long_churn_stays_certified_and_reuses_storage() -> None:
    rng = np.random.default_rng(0)
    matcher = Matcher(square(rng, 40, 0.2))
    for _ in range(10):
        churn(matcher, rng, EVENTS // 10, 0.2)
        check_snapshot(matcher)
    storage = matcher._storage
    assert len(storage.tickets) <= 64 and len(storage.places) <= 64
    arcs = storage.tickets["count"].sum()
    assert len(storage.rows) <= 6 * arcs + 64 and len(storage.columns) <= 6 * arcs + 64


def test_prices_made_anew_are_the_least_and_prove_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices of a snapshot depend on the assignment only, not on how it came about."""
    rng = np.random.default_rng(1)
    matcher = Matcher(square(rng, 30, 0.3))
    churn(matcher, rng, 300, 0.3)
    problem, solution, _ = matcher.snapshot()
    other = Matcher(problem)
    _, again, _ = other.snapshot()
    assert np.array_equal(again.expert_of, solution.expert_of), "random points: the optimum is unique"
    assert np.allclose(again.expert_price, solution.expert_price, rtol=0, atol=1e-13)


def test_prices_are_made_anew_after_many_searches() -> None:
    matcher = Matcher(Problem.from_arcs(0, 1, [], [], 0.0))
    for _ in range(2 * entry.RENEWAL):
        matcher.remove_ticket(matcher.add_ticket([0], [1.0]))
    assert matcher._storage.search[0]["searches"] < entry.RENEWAL
    check_snapshot(matcher)


def test_points_of_very_different_size_are_repaired_where_prices_round() -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        sizes = rng.choice([1e-15, 1.0, 1e15], 36)
        problem = Problem.from_arcs(
            6, 6, np.repeat(np.arange(6), 6), np.tile(np.arange(6), 6), sizes * rng.integers(-3, 4, 36), hold=-1.0
        )
        matcher = Matcher(problem)
        for _ in range(10):
            ticket = int(rng.choice(matcher.tickets))
            matcher.set_points(ticket, int(rng.integers(6)), float(rng.choice([1e-15, 1.0, 1e15])))
        check_snapshot(matcher, may_repair=True)


def test_a_huge_shift_taken_back_leaves_no_trace() -> None:
    matcher = Matcher(Problem.from_arcs(2, 2, [0, 0, 1, 1], [0, 1, 0, 1], [1.0, 1.5, 1.0, 1.2]))
    matcher.shift_tickets(1e17)
    matcher.remove_ticket(0)
    ticket = matcher.add_ticket([0, 1], [1.0, 1.5])
    matcher.shift_tickets(1e17, [ticket])
    check_snapshot(matcher)
    matcher.shift_tickets(-1e17)
    check_snapshot(matcher)
    assert matcher.objective == 2.5


def test_tickets_that_must_be_assigned_wait_outside_until_there_is_room() -> None:
    matcher = Matcher(Problem.from_arcs(3, 1, [0, 1, 2], [0, 0, 0], [3.0, 5.0, 9.0], hold=[MUST, MUST, 0.0]))
    assert matcher.status is Status.INFEASIBLE
    assert matcher.objective is None
    assert matcher.violator.tolist() == [0, 1]
    assert len(matcher.unplaced) == 1
    assert matcher.expert_of(2) is None, "a ticket that must be assigned goes first"
    assert matcher.ticket_price(int(matcher.unplaced[0])) == MUST
    expert = matcher.add_expert([0, 2], [1.0, 2.0])
    assert matcher.status is Status.OPTIMAL
    assert (matcher.expert_of(0), matcher.expert_of(1)) == (expert, 0)
    assert matcher.objective == 6.0
    matcher.set_capacity(expert, 0)
    assert matcher.status is Status.INFEASIBLE
    matcher.set_hold(0, 0.5)
    assert (matcher.status, matcher.objective) == (Status.OPTIMAL, 5.5)


def test_a_must_assign_ticket_without_any_expert_is_its_own_violator() -> None:
    matcher = Matcher(Problem.from_arcs(0, 1, [], [], 0.0))
    ticket = matcher.add_ticket([], [], hold=MUST)
    assert matcher.violator.tolist() == [ticket]
    assert "infeasible" in repr(matcher)
    matcher.set_points(ticket, 0, 1.0)
    assert (matcher.status, matcher.objective) == (Status.OPTIMAL, 1.0)
    matcher.set_points(ticket, 0, None)
    assert matcher.status is Status.INFEASIBLE
    matcher.remove_ticket(ticket)
    assert (matcher.status, matcher.objective) == (Status.OPTIMAL, 0.0)


def test_a_problem_that_is_infeasible_at_first_keeps_as_many_placed_as_can_be() -> None:
    arcs = [(0, 0), (1, 0), (2, 0), (3, 1), (3, 2)]
    matcher = Matcher(Problem.from_arcs(4, 3, *np.transpose(arcs), 1.0, hold=[MUST, MUST, MUST, 0.0]))
    assert len(matcher.unplaced) == 2
    assert matcher.expert_of(3) in (1, 2)


def test_handles_begin_as_rows_and_are_never_given_out_again() -> None:
    matcher = Matcher(Problem.from_arcs(2, 2, [0, 1], [0, 1], 1.0))
    assert matcher.tickets.tolist() == matcher.experts.tolist() == [0, 1]
    seen = {0, 1}
    for _ in range(5):
        matcher.remove_ticket(max(seen) if len(seen) > 2 else 1)
        ticket = matcher.add_ticket([0], [2.0])
        assert ticket not in seen
        seen.add(ticket)
    for gone in sorted(seen)[:-1][1:]:
        with pytest.raises(UnknownIdError, match="no ticket has the handle"):
            matcher.expert_of(gone)


def test_a_record_whose_handles_are_used_up_is_not_used_again() -> None:
    matcher = Matcher(Problem.from_arcs(1, 1, [0], [0], 1.0))
    last = (LAST_GENERATION << 32) + 0
    for records in (matcher._storage.tickets, matcher._storage.places):
        records[0]["handle"] = last
    matcher.remove_ticket(last)
    matcher.remove_expert(last)
    assert matcher.add_expert() == 1
    assert matcher.add_ticket([], []) == 1
    used = np.array([(~np.int64(7),)], dtype=[("handle", np.int64)])
    assert next_handle(used, 0) == 7 + (1 << 32)


def test_storage_grows_as_needed() -> None:
    matcher = Matcher(Problem.from_arcs(0, 0, [], [], []))
    tickets = matcher.add_tickets(np.zeros(201, np.int64), [], [])
    experts = [matcher.add_expert(tickets[k : k + 3], [1.0, 2.0, 3.0]) for k in range(150)]
    more = matcher.add_tickets(np.arange(0, 3001, 30), np.tile(experts[:30], 100), np.arange(3000) / 7)
    assert len(np.unique(np.concatenate([tickets, more]))) == 300
    for ticket in tickets[:20]:
        matcher.set_points(int(ticket), experts[-1], 0.5)
    check_snapshot(matcher)
    problem, _, _ = matcher.snapshot()
    assert problem.n_arcs == 450 + 3000 + 20
    assert matcher.objective == solve(problem, method="min_cost_flow").objective


def test_slot_costs_may_grow_longer() -> None:
    matcher = Matcher(Problem.from_arcs(3, 1, [0, 1, 2], [0, 0, 0], [5.0, 4.0, 3.0], capacity=3))
    assert matcher.objective == 12.0
    matcher.set_slot_cost(0, [0.0, 1.0, 3.5])
    assert matcher.objective == 8.0
    matcher.set_slot_cost(0, [2.5])
    assert matcher.objective == 4.5 and 2.5 <= matcher.price(0) <= 3.0
    matcher.set_slot_cost(0, [2.75])
    assert matcher.objective == 3.75 and 2.75 <= matcher.price(0) <= 3.0
    matcher.set_slot_cost(0, None)
    assert matcher.objective == 12.0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda matcher: pickle.loads(pickle.dumps(matcher))])
def test_a_copy_goes_its_own_way(duplicate: Callable[[Matcher], Matcher]) -> None:
    matcher = Matcher(Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0]))
    twin = duplicate(matcher)
    twin.remove_ticket(1)
    assert (matcher.objective, twin.objective) == (5.0, 3.0)
    check_snapshot(twin)


def test_prices_say_what_a_unit_more_or_less_is_worth() -> None:
    matcher = Matcher(Problem.from_arcs(2, 2, [0, 1, 1], [0, 0, 1], [3.0, 5.0, 1.0], capacity=[1, 0]))
    assert matcher.price(0) == 3.0, "ticket 0 is outbid with 3 points"
    assert matcher.price(1) == 0.0, "no room, and nobody would pay for it"
    assert (matcher.ticket_price(0), matcher.ticket_price(1)) == (0.0, 2.0)
    limit = matcher.add_limit(0, 0)
    matcher.set_points(1, limit, 5.0)
    assert matcher.price(limit) == pytest.approx(2.0), "ticket 1 would bring 5 points instead of 3"
    inner = matcher.add_limit(limit, 0)
    assert matcher.price(inner) == 0.0, "the limit around it leaves no room either"
    assert matcher.tickets_of(limit).tolist() == []
    matcher.set_capacity(limit, 1)
    assert matcher.tickets_of(limit).tolist() == matcher.tickets_of(0).tolist() == [1]


def test_a_limit_without_room_is_priced_so_that_rounding_does_not_matter() -> None:
    limits = Limits(of_arc=np.array([0, -1]), bound=np.array([0]))
    tiny = Problem.from_arcs(1, 2, [0, 0], [0, 1], [1.0, -1e-113], hold=-1.0, limits=limits)
    _, solution, _ = Matcher(tiny).snapshot()
    assert certify(tiny, solution).optimal
    assert solution.objective == -1e-113


def test_the_comparisons_of_this_file_can_fail() -> None:
    one = Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.0])
    limits = Limits(of_arc=np.array([0, -1]), bound=np.array([1]))
    others = [
        Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.5]),
        Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.0], slot_cost=1.0),
        Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.0], limits=limits),
    ]
    assert same_problem(one, one) and not any(same_problem(one, other) for other in others)
    assert is_minimal(one, np.array([0, 1]))
    assert not is_minimal(one, np.array([0]))
    assert not is_minimal(Problem.from_arcs(3, 1, [0, 1, 2], [0, 0, 0], 1.0), np.array([0, 1, 2]))


def refused(call: Callable[[Matcher], object], error: type[Exception], words: str) -> Any:
    return pytest.param(call, error, words, id=words)


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        refused(lambda m: m.add_ticket([7], [1.0]), UnknownIdError, "no expert or limit has the handle 7"),
        refused(lambda m: m.add_ticket([-1], [1.0]), UnknownIdError, "has the handle -1"),
        refused(lambda m: m.add_ticket([0, 0], 1.0), ProblemError, "experts[1]: expert 0 occurs twice"),
        refused(lambda m: m.add_ticket([0, 2], 1.0), ProblemError, "experts[1]: expert 2 occurs twice"),
        refused(lambda m: m.add_ticket([0, 1], [1.0]), ProblemError, "points: expected a number or shape (2,)"),
        refused(lambda m: m.add_ticket([0, 1], [1.0, NAN]), ProblemError, "points[1]: expected finite points"),
        refused(lambda m: m.add_ticket([0], [1e151]), ProblemError, "points[0]: expected finite points"),
        refused(lambda m: m.add_ticket([0], "x"), ProblemError, "points: expected numbers"),
        refused(lambda m: m.add_ticket([0.5], [1.0]), ProblemError, "experts: expected integers"),
        refused(lambda m: m.add_ticket([[0]], [1.0]), ProblemError, "experts: expected integers in one"),
        refused(lambda m: m.add_ticket([0], [1.0], hold=INF), ProblemError, "hold[0]: found inf; expected"),
        refused(lambda m: m.add_tickets([0, 2], [0], 1.0), ProblemError, "indptr: expected nondecreasing"),
        refused(lambda m: m.add_tickets([], [], []), ProblemError, "offsets from 0 to the 0 arcs"),
        refused(lambda m: m.add_tickets([0, 1, 3], [0, 1, 9], 1.0), UnknownIdError, "has the handle 9"),
        refused(lambda m: m.remove_ticket(5), UnknownIdError, "no ticket has the handle 5"),
        refused(lambda m: m.remove_ticket("a"), UnknownIdError, "found 'a'; expected a handle"),
        refused(lambda m: m.remove_ticket(1 << 70), UnknownIdError, "no ticket has the handle"),
        refused(lambda m: m.remove_tickets([0, 0]), ProblemError, "tickets[1]: ticket 0 occurs twice"),
        refused(lambda m: m.remove_tickets([0, 8]), UnknownIdError, "no ticket has the handle 8"),
        refused(lambda m: m.set_hold(0, NAN), ProblemError, "hold: found nan"),
        refused(lambda m: m.set_hold(9, 0.0), UnknownIdError, "no ticket has the handle 9"),
        refused(lambda m: m.set_points(9, 0, 0.0), UnknownIdError, "ticket has the handle 9"),
        refused(lambda m: m.set_points(0, 9, 0.0), UnknownIdError, "expert or limit has the handle 9"),
        refused(lambda m: m.set_points(0, 0, NAN), ProblemError, "points: expected finite points"),
        refused(lambda m: m.set_points(1, 1, None), UnknownIdError, "ticket 1 has no arc to expert 1"),
        refused(lambda m: m.set_points(0, 9, None), UnknownIdError, "or limit has the handle 9, or none"),
        refused(lambda m: m.add_expert([4], [1.0]), UnknownIdError, "no ticket has the handle 4"),
        refused(lambda m: m.add_expert([0, 0], 1.0), ProblemError, "ticket 0 occurs twice; expected once"),
        refused(lambda m: m.add_expert([0, 1], [0.0, INF]), ProblemError, "points[1]: expected finite"),
        refused(lambda m: m.add_expert(capacity=-1), ProblemError, "capacity: found -1"),
        refused(lambda m: m.add_expert(capacity=1.5), ProblemError, "capacity: found 1.5"),
        refused(lambda m: m.add_expert(slot_cost=[2.0, 1.0]), ProblemError, "slot_cost: expected nondecreasing"),
        refused(lambda m: m.add_expert(slot_cost=[]), ProblemError, "slot_cost: expected the costs"),
        refused(lambda m: m.add_expert(slot_cost=[[1.0]]), ProblemError, "costs of an expert's units"),
        refused(lambda m: m.add_expert(slot_cost=[NAN]), ProblemError, "slot_cost[0]: found nan"),
        refused(lambda m: m.set_slot_cost(2, [1.0]), UnknownIdError, "2 is the handle of a limit"),
        refused(lambda m: m.set_slot_cost(9, [1.0]), UnknownIdError, "limit has the handle 9, or none has"),
        refused(lambda m: m.remove_expert(2), UnknownIdError, "handle of a limit; expected that of an expert"),
        refused(lambda m: m.remove_expert(9), UnknownIdError, "has the handle 9, or none has it any more"),
        refused(lambda m: m.set_capacity(9, 1), UnknownIdError, "no expert or limit has the handle 9,"),
        refused(lambda m: m.set_capacity(0, -2), ProblemError, "capacity: found -2; expected"),
        refused(lambda m: m.add_limit(9, 1), UnknownIdError, "expert or limit has the handle 9, or none has"),
        refused(lambda m: m.shift_tickets(NAN), ProblemError, "amounts[0]: found nan"),
        refused(lambda m: m.shift_tickets([1.0, 2.0], [0]), ProblemError, "amounts: expected a number or shape (1,)"),
        refused(lambda m: m.shift_tickets(1.0, [0, 9]), UnknownIdError, "ticket has the handle 9, or none"),
        refused(lambda m: m.shift_tickets(1.0, [0, 0]), ProblemError, "tickets[1]: ticket 0 occurs twice; expected"),
        refused(lambda m: m.expert_of(9), UnknownIdError, "no ticket has the handle 9, or"),
        refused(lambda m: m.tickets_of(9), UnknownIdError, "no expert or limit has the handle 9, or none has"),
        refused(lambda m: m.price(-1), UnknownIdError, "no expert or limit has the handle -1"),
        refused(lambda m: m.ticket_price(None), UnknownIdError, "found None; expected a handle"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    call: Callable[[Matcher], object], error: type[Exception], words: str
) -> None:
    limits = Limits(of_arc=np.array([0, -1, -1]), bound=np.array([1]))
    matcher = Matcher(Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [1.0, 2.0, 3.0], limits=limits))
    before, _, handles = matcher.snapshot()
    with pytest.raises(error) as caught:
        call(matcher)
    assert words in str(caught.value)
    after, handles_after = check_snapshot(matcher)
    assert same_problem(before, after)
    assert all(map(np.array_equal, handles, handles_after))


def test_points_may_not_be_shifted_out_of_range() -> None:
    matcher = Matcher(Problem.from_arcs(2, 1, [0, 1], [0, 0], [9e149, 1.0]))
    matcher.shift_tickets(5e149, [1])
    with pytest.raises(ProblemError, match=r"amounts\[0\]: expected finite points .* shift included"):
        matcher.shift_tickets([5e149, 1.0], [0, 1])
    with pytest.raises(ProblemError, match=r"amounts\[0\]"):
        matcher.shift_tickets(6e149)
    with pytest.raises(ProblemError, match=r"points\[0\]"):
        matcher.add_expert([1], [9e149])
    with pytest.raises(ProblemError, match="points"):
        matcher.set_points(1, 0, 9e149)
    assert matcher.objective == 9e149


def test_problems_that_are_no_networks_are_refused() -> None:
    problem = Problem.from_arcs(1, 1, [0], [0], [1.0], capacity=3, usage=2)
    with pytest.raises(BackendError, match="Matcher cannot take usage"):
        Matcher(problem)


def test_units_pass_through_limits() -> None:
    matcher = Matcher(Problem.from_arcs(3, 1, [], [], 0.0, capacity=1))
    outer = matcher.add_limit(0, 3)
    inner = matcher.add_limit(outer, 2)
    for ticket, place in enumerate([0, outer, inner]):
        matcher.set_points(ticket, place, 3.0 - ticket)
    assert matcher.expert_of(0) == 0 and matcher.objective == 3.0
    matcher.set_capacity(0, 3)
    assert matcher.tickets_of(0).tolist() == [0, 1, 2] and matcher.tickets_of(inner).tolist() == [2]
    matcher.set_capacity(0, 2)
    assert matcher.objective == 5.0
    for ticket in range(3):
        matcher.set_hold(ticket, MUST)
    assert matcher.violator.tolist() == [0, 1, 2] and len(matcher.unplaced) == 1
    for ticket in range(2):
        matcher.set_hold(ticket, 0.0)
    matcher.set_capacity(outer, 0)
    assert matcher.unplaced.tolist() == [2]
    matcher.set_capacity(outer, 1)
    assert matcher.tickets_of(outer).tolist() == [2]
    matcher.remove_expert(0)
    assert matcher.limits.tolist() == [] and matcher.unplaced.tolist() == [2]
    check_snapshot(matcher)


def test_an_assignment_that_is_not_optimal_is_repaired_in_a_snapshot() -> None:
    problem = Problem.from_arcs(2, 2, [0, 0, 1, 1], [0, 1, 0, 1], [1.0, 2.0, 2.0, 1.0])
    matcher = Matcher(problem)
    wrong = Solution(
        expert_of=np.array([0, 1]), objective=2.0, status=Status.FEASIBLE, method="by hand", expert_price=np.zeros(2)
    )
    matcher._adopt(problem, wrong, np.arange(2))
    assert matcher.objective == 2.0
    _, solution, _ = matcher.snapshot()
    assert certify(problem, solution).optimal and "repaired" in solution.message
    assert solution.expert_of.tolist() == [1, 0]
    assert matcher.objective == 4.0
    check_snapshot(matcher)


def test_limits_without_arcs_belong_to_nobody() -> None:
    limits = Limits(of_arc=np.array([1]), bound=np.array([0, 1]))
    matcher = Matcher(Problem.from_arcs(1, 1, [0], [0], [1.0], limits=limits))
    assert matcher.limits.tolist() == [2]
    assert matcher.tickets_of(2).tolist() == [0]
    check_snapshot(matcher)


def test_a_problem_comes_back_from_a_snapshot_as_it_went_in(cases: Any) -> None:
    rng = np.random.default_rng(3)
    problem = square(rng, 12, 0.5)
    matcher = Matcher(problem)
    back, solution, handles = matcher.snapshot()
    assert same_problem(problem, back)
    assert evaluate(problem, solution.expert_of) == solution.objective == solve(problem).objective
    assert repr(matcher) == "Matcher(12 tickets, 12 experts, optimal)"
    assert handles.limits.tolist() == []


@pytest.mark.skipif(UNCOMPILED, reason="this is that run")
def test_it_runs_uncompiled() -> None:
    """Also what makes coverage count the lines of the compiled parts."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-3000:]
