"""What a relaxation proves of a problem that is no network: row prices by a linear program, then all other prices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError
from deskmatch.solver.certificate import certify
from deskmatch.solver.matrix import MatrixForm
from deskmatch.solver.problem import Problem
from deskmatch.solver.side_prices import arc_prices, clean_row_prices
from deskmatch.solver.solution import Solution, Status

from .mathopt_call import MathOptCall
from .outcome import Outcome, Verdict, in_scale

__all__ = ["Relaxation", "network_at", "relax"]

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What is known before the search.

    Parameters
    ----------
    verdict : of the linear program; INFEASIBLE where the problem cannot be solved either.
    bound : an answer without an assignment: prices, and in `claimed_bound` what they prove.
    values : ``(columns,)`` the optimum of the linear program, None where there is none.
    """

    verdict: Verdict
    bound: Solution
    values: Float64 | None = None


def relax(form: MatrixForm, *, time_limit_s: float | None = None) -> Relaxation:
    """Prices that prove a bound, by the linear relaxation.

    The dual values of the linear program (GLOP) price the side rows. Without usage the rest is a network, whose own
    optimum at these row prices gives all other prices, exact in floats. Where the linear program runs out of time, the
    rows count as priced 0: the network with the side rows dropped.

    Parameters
    ----------
    form : of the problem.
    time_limit_s : for the linear program.
    """
    problem = form.problem
    none = np.full(problem.n_tickets, -1, dtype=np.int32)
    answer = Solution(expert_of=none, objective=None, status=Status.UNKNOWN, method="relaxation")
    try:
        outcome = in_scale(_linear)(form, time_limit_s, None)
    except BackendError as error:
        outcome = Outcome(verdict=Verdict.STOPPED, values=None, bound=None, message=str(error))
    answer = replace(answer, message=outcome.message)
    if outcome.verdict is Verdict.INFEASIBLE:
        return Relaxation(outcome.verdict, answer)
    if outcome.duals is not None and np.isfinite(outcome.duals).all():
        answer = replace(answer, **form.prices(outcome.duals))
    if problem.usage is None:
        answer = _with_network_prices(problem, answer)
    verdict = Verdict.INFEASIBLE if answer.status is Status.INFEASIBLE else outcome.verdict
    proven = certify(problem, answer).proven_bound
    return Relaxation(verdict, replace(answer, claimed_bound=proven), outcome.values)


def _linear(form: MatrixForm, time_limit_s: float | None, hint: Float64 | None) -> Outcome:
    """By GLOP; the upper bounds of arcs and holds are left to the rows of their tickets, which so have the price."""
    implied = (np.arange(len(form.upper)) < form.starts[2]) & (form.upper > 0)
    unbounded = replace(form, upper=np.where(implied, np.inf, form.upper))
    call = MathOptCall(solver="GLOP", options={}, time_limit_s=time_limit_s)
    return call.run(unbounded, np.zeros(len(form.objective), dtype=bool), hint)


def network_at(problem: Problem, row_price: NDArray[np.float64] | None = None) -> Problem:
    """The network that is left at these prices of the side rows: points minus what the rows take off each arc.

    Parameters
    ----------
    problem : a problem without usage.
    row_price : ``(side rows,)``; None: the side rows are dropped.
    """
    if problem.side is None or row_price is None:
        return replace(problem, side=None)
    return replace(problem, side=None, points=problem.points - arc_prices(problem, row_price))


def _with_network_prices(problem: Problem, answer: Solution) -> Solution:
    from deskmatch.solver.solving import solve

    row = None if problem.side is None else clean_row_prices(problem.side, answer.row_price)
    try:
        network = solve(network_at(problem, row))
    except Exception as error:  # of a backend that somebody has registered: then the linear program's prices must do
        return replace(answer, message=f"{answer.message}; no prices of the network: {error}")
    if network.status is Status.INFEASIBLE:
        return replace(answer, status=Status.INFEASIBLE, violator=network.violator)
    return replace(
        answer,
        row_price=row,
        ticket_price=network.ticket_price,
        expert_price=network.expert_price,
        limit_price=network.limit_price,
    )
