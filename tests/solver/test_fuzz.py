"""The fuzz script: a short run of every backend, its judge against enumeration, and that it finds what is wrong."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

from deskmatch.solver import (
    Capability,
    Limits,
    Problem,
    Solution,
    Status,
    backend_named,
    backend_names,
    evaluate,
)
from deskmatch.solver.backends import registry
from deskmatch.solver.backends.protocol import accept

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "solver" / "fuzz.py"
METHODS = tuple(name for name in backend_names() if backend_named(name).is_available())


@pytest.fixture(scope="module")
def script():
    """The script as a module; where it stands, it is no part of the package."""
    spec = importlib.util.spec_from_file_location("fuzz_script", SCRIPT)
    module = sys.modules["fuzz_script"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fuzz_script"]


@pytest.mark.parametrize("method", METHODS)
def test_a_short_run_finds_nothing_wrong(script, method):
    slow = Capability.SIDE_ROWS in backend_named(method).capabilities
    problems = {"kernel": 1000}.get(method, 20 if slow else 200)
    report = script.fuzz(method, problems, seed=31)
    assert report.failure is None, report.failure
    assert report.problems == problems
    assert report.declined == 0
    assert report.infeasible > problems / 20
    assert report.exact > problems / 2


def test_the_judge_finds_what_enumeration_finds(script, cases):
    """Nobody is assigned, so that an answer loses what the best one has more than the holds."""
    (batch,) = script.batches(150, 5, limits=True)
    problems = [batch.problem(k) for k in range(150)]
    best = [cases.brute_force(problem) for problem in problems]
    answers = blank(script, 150)
    answers.infeasible[:] = [total is None for total in best]
    verdict, loss = script._verdicts(batch, answers)
    judged = 0
    for k, (problem, total) in enumerate(zip(problems, best, strict=True)):
        if total is None:
            assert verdict[k] == script.Verdict.VIOLATOR_CAN_BE_SERVED  # there was none
        elif np.isneginf(problem.hold).any():
            assert verdict[k] == script.Verdict.BREAKS_A_RULE
        else:
            held = cases.brute_force(without_arcs(problem))
            assert verdict[k] == script.Verdict.RIGHT
            assert loss[k] == float(total - held)
            judged += loss[k] > 0
    assert judged > 20


def blank(script, size):
    """The answer to each problem that all are held."""
    return script._Answers(
        infeasible=np.zeros(size, bool),
        expert_of=np.full((size, script.TICKETS), -1, np.int32),
        violator=np.zeros(size, np.int64),
    )


def without_arcs(problem: Problem) -> Problem:
    return Problem.from_arcs(problem.n_tickets, problem.n_experts, [], [], [], hold=problem.hold)


class Wrong:
    """A backend whose right answers are tampered with."""

    name = "wrong"
    capabilities = backend_named("min_cost_flow").capabilities

    def __init__(self, tamper) -> None:
        self.tamper = tamper

    def is_available(self) -> bool:
        """Always."""
        return True

    def solve(self, problem: Problem) -> Solution:
        """Solve by OR-Tools, then change the answer."""
        return self.tamper(problem, backend_named("min_cost_flow").solve(problem))


def assign_beyond(problem: Problem, solution: Solution) -> Solution:
    """Every ticket at expert 0, whatever the rules."""
    return replace(solution, expert_of=np.zeros(problem.n_tickets, np.int32)) if problem.n_experts else solution


def hold_all(problem: Problem, solution: Solution) -> Solution:
    """Nobody assigned, with the right value of that."""
    if solution.status is Status.INFEASIBLE or np.isneginf(problem.hold).any():
        return solution
    held = np.full(problem.n_tickets, -1, np.int32)
    return replace(solution, expert_of=held, objective=evaluate(problem, held))


def claim_infeasible(problem: Problem, solution: Solution) -> Solution:
    """No answer where there is one."""
    if solution.status is Status.INFEASIBLE:
        return solution
    tickets = np.arange(problem.n_tickets, dtype=np.int32)
    return replace(solution, status=Status.INFEASIBLE, violator=tickets, expert_of=np.full(len(tickets), -1, np.int32))


def claim_feasible(_: Problem, solution: Solution) -> Solution:
    """An answer where there is none."""
    return replace(solution, status=Status.OPTIMAL, violator=None)


def widen(problem: Problem, solution: Solution) -> Solution:
    """All tickets that must be assigned as the violator."""
    if solution.violator is None:
        return solution
    return replace(solution, violator=np.flatnonzero(np.isneginf(problem.hold)).astype(np.int32))


def shrink(_: Problem, solution: Solution) -> Solution:
    """A violator that lacks one ticket."""
    return solution if solution.violator is None else replace(solution, violator=solution.violator[1:])


def crash(problem: Problem, solution: Solution) -> Solution:
    """An error that no backend may raise."""
    if problem.n_arcs > 3:
        raise ZeroDivisionError("by nothing")
    return solution


TAMPERED = {
    assign_beyond: "BREAKS_A_RULE",
    hold_all: "loses",
    claim_infeasible: "THERE_IS_AN_ANSWER",
    claim_feasible: "THERE_IS_NO_ANSWER",
    widen: "VIOLATOR_IS_NOT_MINIMAL",
    shrink: "VIOLATOR_CAN_BE_SERVED",
    crash: "ZeroDivisionError: by nothing",
}


@pytest.fixture
def tampered(monkeypatch):
    """Registers a wrong backend for one test."""

    def register(tamper) -> None:
        monkeypatch.setattr(registry, "_PLACES", {**registry._PLACES, "wrong": Wrong(tamper)})

    return register


@pytest.mark.parametrize("tamper", TAMPERED)
def test_the_judge_alone_finds_every_kind_of_wrong_answer(script, tampered, monkeypatch, tamper):
    tampered(tamper)
    monkeypatch.setattr(script, "_unproved", lambda *_: None)
    report = script.fuzz("wrong", 200, seed=3)
    assert report.failure is not None
    assert TAMPERED[tamper] in report.failure
    assert "wrong, seed 3, batch 0, problem " in report.failure
    assert str(report).endswith("WRONG")


def test_an_answer_without_a_proof_is_wrong(script, tampered):
    tampered(lambda _, solution: replace(solution, expert_price=None))
    assert "is not proved" in script.fuzz("wrong", 200, seed=3).failure


def test_the_printed_call_makes_the_problem_again(script):
    names = ("indptr", "expert", "points", "capacity", "hold", "slot_cost")
    (batch,) = script.batches(100, 2, limits=True)
    for k in range(100):
        problem = batch.problem(k)
        again = eval(script.as_call(problem), {"Problem": Problem, "Limits": Limits, "inf": inf})
        assert all(getattr(problem, name).tolist() == getattr(again, name).tolist() for name in names)
        if problem.limits is not None:
            assert np.array_equal(problem.limits.of_arc, again.limits.of_arc)


class Modest(Wrong):
    """A backend that takes slot costs alone, and says so."""

    capabilities = Capability.SLOT_COSTS

    def solve(self, problem: Problem) -> Solution:
        """Decline, or solve by OR-Tools."""
        accept(self, problem)
        return super().solve(problem)


def test_what_a_method_cannot_take_is_counted_apart(script, monkeypatch):
    modest = Modest(lambda _, solution: solution)
    monkeypatch.setattr(registry, "_PLACES", {**registry._PLACES, "wrong": modest})
    report = script.fuzz("wrong", 100, seed=3)
    assert report.failure is None
    assert report.declined > 10
    assert report.problems == 100 - report.declined


def test_an_interrupt_ends_the_run_with_what_it_has(script):
    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    report = script.fuzz("min_cost_flow", 5 * script.BATCH, seed=1, progress=interrupt)
    assert report.problems == script.BATCH
    assert report.interrupted
    assert report.failure is None


def test_the_command_prints_the_seed_and_fails_on_a_wrong_answer(script, tampered, capsys):
    assert script.main(["--problems", "40", "--method", "min_cost_flow"]) == 0
    said = capsys.readouterr().out
    assert "min_cost_flow: 40 problems of seed" in said and "no wrong answer" in said
    tampered(hold_all)
    assert script.main(["--problems", "40", "--method", "wrong", "--seed", "8"]) == 1
    assert "Problem.from_arcs(" in capsys.readouterr().out
