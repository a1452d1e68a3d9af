"""CBC through PuLP, in a process of its own: agrees with HiGHS, tells time limits from optima, and can be killed."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest

from deskmatch.errors import BackendError
from deskmatch.solver import Problem, Side, Status, backend_named, certify, check_backend, solve
from deskmatch.solver.backends import pulp_cbc
from deskmatch.solver.backends.outcome import Verdict
from deskmatch.solver.backends.pulp_process import PulpProcess
from deskmatch.solver.matrix import matrix_form

INF = float("inf")
SMALL = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5], usage=2, capacity=[3, 2])


def desk(seed: int) -> Problem:
    """A random problem with usage, slot costs, hard and soft rows and an extra column."""
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((8, 4)) < 0.8)
    arcs = len(ticket)
    side = Side.from_matrix(
        rng.integers(0, 3, (3, arcs)) / 2,
        ["<=", ">=", "<="],
        rng.integers(1, 4, 3),
        penalty=[INF, 0.4, 0.3],
        over_extra=[[0.0], [0.5], [-1.0]],
        upper=2.0,
        extra_points=-0.1,
    )
    return Problem.from_arcs(
        8,
        4,
        ticket,
        expert,
        rng.random(arcs).round(4),
        capacity=rng.integers(1, 6, 4),
        hold=np.where(rng.random(8) < 0.1, -INF, 0.0),
        slot_cost=np.sort(rng.random((4, 3)), axis=1).round(3) / 4,
        usage=rng.integers(1, 4, arcs),
        side=side,
    )


def long_search() -> Problem:
    """A generalised assignment problem that takes CBC longer than any test."""
    rng = np.random.default_rng(0)
    ticket, expert = (index.ravel() for index in np.indices((60, 12)))
    usage = rng.integers(1, 101, len(ticket))
    points = usage - 111.0 + rng.integers(-10, 11, len(ticket))
    return Problem.from_arcs(60, 12, ticket, expert, points, usage=usage, capacity=200, hold=-1000.0)


@pytest.mark.parametrize("seed", range(10))
def test_cbc_and_highs_agree(seed):
    problem = desk(seed)
    ours, theirs = solve(problem, method="cbc"), solve(problem, method="highs")
    assert ours.status is theirs.status
    if ours.objective is not None:
        assert ours.objective == pytest.approx(theirs.objective, abs=1e-6)
        certificate = certify(problem, ours)
        assert certificate.violations == ()
        assert ours.objective <= ours.claimed_bound <= certificate.proven_bound + 1e-6


def test_backend_keeps_its_contract():
    check_backend(backend_named("cbc"), problems=15)


def test_cbc_at_its_time_limit_is_feasible_and_not_optimal():
    problem = long_search()
    solution = solve(problem, method="cbc", time_limit_s=1.5)
    assert solution.status is Status.FEASIBLE
    assert "time" in solution.message
    assert certify(problem, solution).feasible
    assert solution.objective < solution.claimed_bound <= certify(problem, solution).proven_bound


def test_pulp_says_optimal_at_the_time_limit_and_only_sol_status_tells():
    form = matrix_form(long_search())
    code = (
        "import pickle, sys; sys.path.append(sys.argv[1]); import pulp_worker as w; "
        "job = pickle.load(sys.stdin.buffer); p, _ = w.program(job); "
        "p.solve(w.built(job, w.Path(sys.argv[2]))); print(p.status, p.sol_status)"
    )
    job = pulp_cbc.job_for(form, "CBC", 1.0, None)
    folder = os.path.dirname(pulp_cbc.__file__)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, folder, os.devnull], input=pickle.dumps(job), capture_output=True
    )
    assert done.stdout.split()[-2:] == [b"1", b"2"], done.stderr


def test_no_time_is_unknown():
    solution = solve(long_search(), method="cbc", time_limit_s=0.0)
    assert (solution.status, solution.objective) == (Status.UNKNOWN, None)


def test_a_hint_is_taken():
    problem = desk(3)
    best = solve(problem, method="highs")
    assert solve(problem, method="cbc", hint=best).objective == pytest.approx(best.objective)


def test_neither_pulp_nor_highspy_is_loaded_in_this_process():
    code = (
        "import sys; from deskmatch.solver import Problem, solve; "
        "solve(Problem.from_arcs(1, 1, [0], [0], 1.0, usage=2, capacity=2), method='cbc'); "
        "print([name for name in ('pulp', 'highspy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_solver_that_pulp_does_not_find_is_told_with_those_that_it_does():
    with pytest.raises(BackendError, match=r"PuLP finds no solver NONSENSE here; it finds: .*PULP_CBC_CMD"):
        solve(SMALL, method="pulp:NONSENSE")
    assert solve(SMALL, method="pulp:PULP_CBC_CMD").objective == solve(SMALL, method="highs").objective


def test_a_process_that_dies_is_an_error_and_the_next_job_gets_a_new_one():
    process = PulpProcess()
    assert process.ask(job())["sol_status"] == 1
    first = process._process
    assert process.ask(job())["sol_status"] == 1
    assert process._process is first
    with pytest.raises(BackendError, match=r"PuLP's process ended without an answer|PuLP: "):
        process.ask({"solver": object()})
    first.kill()
    first.wait()
    assert process.ask(job())["sol_status"] == 1
    process.close()
    process.close()


def test_an_interrupt_kills_the_search(monkeypatch):
    process = PulpProcess()
    process.ask(job())
    child = process._process

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pickle.load", interrupted)
    with pytest.raises(KeyboardInterrupt):
        process.ask(job())
    assert child.poll() == -signal.SIGKILL


def job() -> dict[str, object]:
    """The small problem as a job."""
    return pulp_cbc.job_for(matrix_form(SMALL), "CBC", None, None)


@pytest.mark.parametrize(
    ("status", "verdict", "has_values"),
    [
        (1, Verdict.OPTIMAL, True),
        (2, Verdict.STOPPED, True),
        (0, Verdict.STOPPED, False),
        (-1, Verdict.INFEASIBLE, False),
        (-2, Verdict.EITHER, False),
    ],
)
def test_values_count_only_with_a_status_that_has_any(status, verdict, has_values):
    form = matrix_form(SMALL)
    values = [0.0] * len(form.objective)
    outcome = pulp_cbc.outcome(form, {"sol_status": status, "values": values, "bound": None, "message": ""})
    assert outcome.verdict is verdict
    assert (outcome.values is not None) == has_values


def test_points_without_end_are_an_error():
    side = Side.from_matrix([[1.0]], "<=", 1.0, over_extra=[[-1.0]], extra_points=1.0)
    with pytest.raises(BackendError, match="bring points without end"):
        solve(Problem.from_arcs(1, 1, [0], [0], 1.0, side=side), method="cbc")
