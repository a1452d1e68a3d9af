"""From a backend's raw assignment to a `Solution` with prices, or to a proof that there is none."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError
from deskmatch.solver.certificate import certify
from deskmatch.solver.evaluation import evaluate
from deskmatch.solver.hall import hall_violator
from deskmatch.solver.problem import Problem
from deskmatch.solver.residual import Polished, polish
from deskmatch.solver.solution import Solution, Status

__all__ = ["infeasible", "optimal", "without_answer"]


def optimal(problem: Problem, expert_of: NDArray[np.integer], *, method: str, started: float) -> Solution:
    """The solution that a backend found, polished to the optimum, with the prices that prove it.

    Polished in floats, and again in integers where magnitudes lie so far apart that floats leave a gap.

    Parameters
    ----------
    problem : the problem.
    expert_of : ``(tickets,)`` what the backend found; it must keep every rule.
    method : the backend's name.
    started : `time.perf_counter` when the backend got the problem.
    """
    solution = _proved(problem, polish(problem, expert_of), method)
    if solution.status is not Status.OPTIMAL:
        solution = _proved(problem, polish(problem, solution.expert_of, exact=True), method)
    return replace(solution, elapsed_s=time.perf_counter() - started)


def _proved(problem: Problem, polished: Polished, method: str) -> Solution:
    """The solution with its prices; OPTIMAL where they prove it, else FEASIBLE."""
    repaired = f"{polished.repairs} circuits repaired the rounding of the costs" if polished.repairs else ""
    solution = Solution(
        expert_of=polished.expert_of,
        objective=evaluate(problem, polished.expert_of),
        status=Status.OPTIMAL,
        method=method,
        ticket_price=polished.ticket_price,
        expert_price=polished.expert_price,
        limit_price=polished.limit_price,
        message=repaired,
    )
    certificate = certify(problem, solution)
    status = Status.OPTIMAL if certificate.optimal else Status.FEASIBLE
    return replace(solution, status=status, claimed_bound=certificate.proven_bound)


def infeasible(problem: Problem, *, method: str, started: float) -> Solution:
    """The answer that not all must-assign tickets can be assigned, with the set that proves it.

    Raises
    ------
    BackendError
        Where they all can: the backend is wrong.
    """
    violator = hall_violator(problem)
    if violator is None:
        raise BackendError(f"{method} found no assignment of {problem}, although there is one")
    return without_answer(problem, violator, method=method, elapsed_s=time.perf_counter() - started)


def without_answer(
    problem: Problem,
    violator: NDArray[np.int32] | None,
    *,
    method: str,
    elapsed_s: float = 0.0,
    message: str | None = None,
) -> Solution:
    """The answer that there is none, with the set that proves it or with what the method says."""
    if message is None:
        count = 0 if violator is None else len(violator)
        message = f"{count} tickets must be assigned, and their experts cannot take them all"
    return Solution(
        expert_of=np.full(problem.n_tickets, -1, dtype=np.int32),
        objective=None,
        status=Status.INFEASIBLE,
        method=method,
        elapsed_s=elapsed_s,
        message=message,
        violator=violator,
    )
