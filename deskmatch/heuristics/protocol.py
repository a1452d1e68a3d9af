"""`Heuristic`: what a fast method must offer, and `check_heuristic`, the contract that users can run on their own."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from deskmatch.errors import ContractError
from deskmatch.solver.backends.protocol import sample_problem
from deskmatch.solver.certificate import certify
from deskmatch.solver.evaluation import evaluate, violations
from deskmatch.solver.extra_columns import best_extra
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution, Status
from deskmatch.solver.solving import solve

from .clock import FOREVER, Clock

__all__ = ["Heuristic", "check_heuristic"]

AGREEMENT = 1e-6
"""Solvers of integer programs agree to this, relative to an objective above 1."""


@runtime_checkable
class Heuristic(Protocol):
    """A fast method for any `Problem`: usage, limits, side rows and extra columns included.

    `solve` answers FEASIBLE (or OPTIMAL) with an assignment that keeps every rule, which is worth no less than holding
    everybody where that keeps every rule, and with prices that prove a bound to `certify`. Where it finds none, it
    answers UNKNOWN, or INFEASIBLE with a Hall violator, and `expert_of` is the least violating that it found. When the
    clock is over, it answers with what it has.
    """

    @property
    def name(self) -> str:
        """The name by which it is known."""

    def solve(self, problem: Problem, *, clock: Clock = FOREVER, start: Solution | None = None) -> Solution:
        """An answer to the problem; may build upon `start`, and is then never worse."""


def check_heuristic(heuristic: Heuristic, *, seed: int = 0, problems: int = 60) -> None:
    """Run the contract of `Heuristic` on an implementation.

    Random small problems, some with each capability: the answer must keep every rule, be worth no less than holding
    everybody and than the answer that it was given, state its points truly, prove a bound that is no lower than the
    optimum (by an exact solver), be the same on two runs, and come also when there is no time.

    Parameters
    ----------
    heuristic : the implementation.
    seed : of the random problems.
    problems : how many of them.

    Raises
    ------
    ContractError
        Says what failed on which problem.
    """
    given: object = heuristic
    if not isinstance(given, Heuristic):
        raise ContractError(f"{heuristic!r} lacks one of name, solve")
    rng = np.random.default_rng(seed)
    for index in range(problems):
        problem = sample_problem(rng)
        _check(heuristic, problem, f"{heuristic.name} on sample {index} of seed {seed} ({problem})")


def _check(heuristic: Heuristic, problem: Problem, place: str) -> None:
    first, second = heuristic.solve(problem), heuristic.solve(problem)
    if not np.array_equal(first.expert_of, second.expert_of):
        raise ContractError(f"{place}: two runs gave different assignments")
    best = solve(problem)
    _check_answer(problem, first, best, place)
    hurried = heuristic.solve(problem, clock=Clock.after(-1.0))
    _check_answer(problem, hurried, best, f"{place}, without time")
    if best.objective is not None:
        again = heuristic.solve(problem, start=best)
        _check_answer(problem, again, best, f"{place}, from the optimum")


def _check_answer(problem: Problem, solution: Solution, best: Solution, place: str) -> None:
    certificate = certify(problem, solution)
    if solution.status in (Status.UNKNOWN, Status.INFEASIBLE):
        _check_failure(problem, solution, best, place)
        return
    if certificate.violations or solution.objective is None:
        raise ContractError(f"{place}: {solution.status} is not what it found: {'; '.join(certificate.violations)}")
    if best.objective is None:
        raise ContractError(f"{place}: found {solution.objective} where {best.method} proves that there is nothing")
    slack = AGREEMENT * max(1.0, abs(best.objective))
    if solution.objective > best.objective + slack:
        raise ContractError(f"{place}: found {solution.objective}, above the optimum {best.objective}")
    if certificate.proven_bound is not None and certificate.proven_bound < best.objective - slack:
        raise ContractError(f"{place}: its bound {certificate.proven_bound} is below the optimum {best.objective}")
    nobody = _holding_everybody(problem)
    if nobody is not None and solution.objective < nobody - slack:
        raise ContractError(f"{place}: found {solution.objective}, less than {nobody} for holding everybody")


def _check_failure(problem: Problem, solution: Solution, best: Solution, place: str) -> None:
    certificate = certify(problem, solution)
    if solution.objective is not None or certificate.feasible:
        raise ContractError(f"{place}: {solution.status}, and yet an answer")
    if solution.status is Status.INFEASIBLE and not certificate.infeasible_proven:
        raise ContractError(f"{place}: infeasible, and no violator proves it")
    if best.objective is not None and _holding_everybody(problem) is not None:
        raise ContractError(f"{place}: {solution.status}, and holding everybody keeps every rule")


def _holding_everybody(problem: Problem) -> float | None:
    """What holding everybody is worth, None where that breaks a rule."""
    none = np.full(problem.n_tickets, -1, dtype=np.int64)
    extra = best_extra(problem, none) if problem.n_extra else None
    return None if violations(problem, none, extra) else evaluate(problem, none, extra)
