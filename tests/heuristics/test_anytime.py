"""An answer before a deadline, whatever the backends do; no time is measured here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from deskmatch.errors import BackendError
from deskmatch.heuristics import Clock, Ending, quick, solve_within
from deskmatch.heuristics.course import LANE
from deskmatch.heuristics.entry import build
from deskmatch.heuristics.lane import Lane
from deskmatch.heuristics.pace import PACE, Pace
from deskmatch.solver import (
    Limits,
    Problem,
    Side,
    Solution,
    Status,
    certify,
    evaluate,
    register_backend,
    solve,
    violations,
)
from deskmatch.solver.backends import registry
from deskmatch.solver.backends.protocol import ALL, Capability

SMALL = Problem.from_arcs(3, 2, [0, 0, 1, 2], [0, 1, 0, 1], [3.0, 2.0, 2.0, 1.0])
RULED = Problem.from_arcs(2, 2, [0, 1], [0, 1], [4.0, 3.9], side=Side.from_matrix([[2.0, 2.0]], "<=", 3.0))
"""Half of the second arc fits, so that no relaxation closes the gap."""
BEST = 4.0
"""Of both: of the small one ticket 0 to expert 0 and ticket 2 to expert 1, of the other the first arc alone."""
LATE = threading.Event()


@dataclass
class Faulty:
    """A backend that does what it is told to."""

    act: Callable[[Problem], Solution]
    name: str = "faulty"
    capabilities: Capability = ALL

    def is_available(self) -> bool:
        return True

    def solve(self, problem: Problem) -> Solution:
        return self.act(problem)


def honest(problem: Problem) -> Solution:
    return solve(problem, method="kernel" if problem.is_network else "scip")


def raises(problem: Problem) -> Solution:
    raise RuntimeError("out of luck")


def overfull(problem: Problem) -> Solution:
    return replace(honest(problem), expert_of=np.zeros(problem.n_tickets, dtype=np.int32))


def no_number(problem: Problem) -> Solution:
    return replace(honest(problem), objective=float("nan"))


def no_prices(problem: Problem) -> Solution:
    return replace(honest(problem), objective=9.0)


def no_solution(problem: Problem) -> Solution:
    return None  # type: ignore[return-value]


def denies(problem: Problem) -> Solution:
    nobody = np.full(problem.n_tickets, -1, dtype=np.int32)
    return Solution(expert_of=nobody, objective=None, status=Status.INFEASIBLE, method="faulty")


def overruns(problem: Problem) -> Solution:
    LATE.wait(60.0)
    return honest(problem)


@pytest.fixture
def register() -> Iterator[Callable[[Callable[[Problem], Solution]], None]]:
    """Puts a faulty backend before all others, and takes it away again."""
    build.warm_up()
    solve(SMALL, method="kernel")  # compiles it, which no deadline waits for
    known = dict(registry._PLACES)
    LATE.clear()
    yield lambda act: register_backend(Faulty(act), first=True)
    LATE.set()
    registry._PLACES.clear()
    registry._PLACES.update(known)


@pytest.mark.parametrize(
    ("act", "ending"),
    [
        (raises, Ending.FAILED),
        (overfull, Ending.WRONG),
        (no_number, Ending.WRONG),
        (no_prices, Ending.WRONG),
        (no_solution, Ending.WRONG),
        (denies, Ending.WRONG),
    ],
)
@pytest.mark.parametrize("problem", [SMALL, RULED], ids=["network", "side row"])
@pytest.mark.parametrize("left_s", [20.0, None])
def test_a_backend_that_fails_costs_no_more_than_its_answer(register, act, ending, problem, left_s) -> None:
    register(act)
    found = solve_within(problem, left_s)
    assert found.solution.objective is not None
    assert not certify(problem, found.solution).violations
    faulty = [attempt for attempt in found.attempts if attempt.method in ("faulty", "auto")]
    expected = {ending} if left_s else {ending, Ending.FAILED}  # `solve` may stumble over it before it can be judged
    assert faulty[0].ending in expected
    assert found.solution.objective == BEST


@pytest.mark.parametrize("problem", [SMALL, RULED], ids=["network", "side row"])
def test_a_backend_that_is_late_is_left_behind(register, problem) -> None:
    register(overruns)
    found = solve_within(problem, 0.3)
    assert not certify(problem, found.solution).violations
    assert found.solution.objective == BEST
    assert [attempt.ending for attempt in found.attempts if attempt.method == "faulty"] == [Ending.CUT_OFF]
    again = solve_within(problem, 0.3)
    late = next(attempt for attempt in again.attempts if attempt.method == "faulty")
    assert late.ending is Ending.NOT_STARTED and not LANE.is_free
    LATE.set()
    while not LANE.is_free:
        pass
    assert LANE.start(lambda: 1) is not None


def test_one_late_job_blocks_the_lane_until_it_ends() -> None:
    lane, gate = Lane(), threading.Event()
    job = lane.start(gate.wait)
    assert job is not None and not job.wait(0.01)
    other = lane.start(lambda: 3)
    assert other is not None and other.wait(60) and other.result() == 3
    lane.abandon(job)
    assert lane.start(lambda: 3) is None
    gate.set()
    assert job.wait(60) and lane.start(lambda: 3) is not None


def test_a_job_raises_what_its_work_raised() -> None:
    def work() -> None:
        raise KeyError("lost")

    job = Lane().start(work)
    assert job is not None and job.wait(60)
    with pytest.raises(KeyError, match="lost"):
        job.result()


def test_without_time_the_first_answer_counts() -> None:
    build.warm_up()
    found = solve_within(RULED, -1.0)
    assert violations(RULED, found.solution.expert_of) == ()
    assert found.solution.objective == BEST


def test_with_time_a_network_is_proven_optimal() -> None:
    solve(SMALL, method="kernel")
    build.warm_up()
    found = solve_within(SMALL, 20.0)
    assert found.solution.method == "kernel" and certify(SMALL, found.solution).optimal
    assert [attempt.ending for attempt in found.attempts] == [Ending.ANSWERED]


def test_a_small_network_is_solved_whatever_the_time() -> None:
    solve(SMALL, method="kernel")
    found = solve_within(SMALL, -1.0)
    assert [str(attempt.method) for attempt in found.attempts] == ["kernel"]
    assert certify(SMALL, found.solution).optimal


def test_a_larger_network_has_a_first_answer_before_the_kernel() -> None:
    build.warm_up()
    rng = np.random.default_rng(0)
    large = Problem.from_arcs(400, 400, *np.divmod(np.arange(160_000), 400), rng.random(160_000))
    solve(large, method="kernel")
    found = solve_within(large, 20.0)
    assert [attempt.method for attempt in found.attempts] == ["first", "kernel"]
    assert certify(large, found.solution).optimal


def test_limits_that_meet_go_to_a_method_that_knows_limits() -> None:
    meeting = Limits.from_sets(4, [([0, 1], 2), ([2, 3], 2)])
    problem = Problem.from_arcs(4, 1, [0, 1, 2, 3], [0] * 4, 1.0, capacity=3, limits=meeting)
    solve(problem, method="min_cost_flow")
    found = solve_within(problem, 20.0)
    assert certify(problem, found.solution).optimal


def test_a_named_heuristic_answers_or_a_better_first_answer() -> None:
    build.warm_up()
    assert solve_within(SMALL, None, method="regret").solution.method == "regret"
    found = solve_within(SMALL, 20.0, method="regret")
    assert {"first", "regret"} >= {found.solution.method}
    assert "regret" in [attempt.method for attempt in found.attempts]


def test_holding_everybody_is_an_answer_where_it_keeps_every_rule() -> None:
    tight = replace(SMALL, side=Side.from_matrix([[1.0, 1.0, 1.0, 1.0]], "<=", 0.5))
    found = solve_within(tight, -1.0).solution
    assert found.objective == evaluate(tight, [-1, -1, -1])


@pytest.mark.parametrize("left_s", [-1.0, 5.0])
def test_where_nothing_keeps_every_rule_the_least_violating_answer_counts(left_s: float) -> None:
    build.warm_up()
    stuck = Problem.from_arcs(3, 2, [0, 1, 2], [0, 0, 1], 1.0, hold=-np.inf)
    found = solve_within(stuck, left_s).solution
    assert found.objective is None and found.status in (Status.INFEASIBLE, Status.UNKNOWN)
    assert violations(stuck, found.expert_of) == ("ticket 1 must be assigned and is held",)
    if left_s > 0:
        assert certify(stuck, found).infeasible_proven


def test_a_backend_that_was_named_and_fails_is_the_callers_to_know_without_a_deadline(register) -> None:
    register(raises)
    with pytest.raises(RuntimeError, match="out of luck"):
        solve_within(SMALL, None, method="faulty")
    assert solve_within(SMALL, 5.0, method="faulty").solution.objective is not None


@pytest.mark.parametrize(
    ("method", "told"), [("magic", "expected auto, greedy"), ("sparse", "sparse cannot take side rows")]
)
@pytest.mark.parametrize("left_s", [None, 1.0])
def test_the_callers_mistakes_are_refused(method: str, told: str, left_s: float | None) -> None:
    with pytest.raises(BackendError, match=told):
        solve_within(RULED, left_s, method=method)


def test_without_compiled_code_the_quick_answer_keeps_the_rules(cases) -> None:
    rng = np.random.default_rng(5)
    from deskmatch.solver.backends.protocol import sample_problem

    for _ in range(80):
        problem = sample_problem(rng)
        for clock in (Clock(), Clock.after(-1.0)):
            found = quick(problem, clock=clock)
            if found.objective is not None:
                assert violations(problem, found.expert_of, found.extra) == ()
            else:
                assert np.isneginf(problem.hold).any()


def test_what_is_not_loaded_is_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(build, "is_loaded", lambda: False)
    found = solve_within(SMALL, 0.5, method="regret")
    assert found.solution.method == "quick"
    assert found.attempts[-1].note == "not loaded yet"


def test_estimates_follow_what_runs_took() -> None:
    pace = Pace()
    before = pace.seconds("kernel", 10_000)
    pace.saw("kernel", 100, 50.0)
    assert pace.seconds("kernel", 10_000) == before
    for _ in range(30):
        pace.saw("kernel", 10_000, 5.0)
    assert pace.seconds("kernel", 10_000) == pytest.approx(5.0, rel=1e-3)
    pace.saw("kernel", 10_000, 1.0)
    assert 3.0 < pace.seconds("kernel", 10_000) < 5.0
    for _ in range(1000):
        pace.forgive("kernel")
    assert pace.seconds("kernel", 10_000) == pytest.approx(before)


def test_what_surely_cannot_fit_is_not_started(monkeypatch) -> None:
    build.warm_up()
    monkeypatch.setattr(PACE, "seconds", lambda method, size: 1e3)
    found = solve_within(SMALL, 0.05)
    assert all(attempt.ending is Ending.NOT_STARTED for attempt in found.attempts if attempt.method == "kernel")
    assert not certify(SMALL, found.solution).violations
