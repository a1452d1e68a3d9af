"""`round_lp`: the linear relaxation, rounded."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.backends.outcome import Verdict
from deskmatch.solver.backends.relaxation import Relaxation, relax
from deskmatch.solver.matrix import matrix_form
from deskmatch.solver.problem import Problem
from deskmatch.solver.side_prices import arc_prices
from deskmatch.solver.solution import Solution

from .clock import FOREVER, Clock
from .constructive import regret, repaired
from .course import LANE
from .ejection import searched
from .entry import ARCS, TICKETS
from .finishing import best_of
from .musts import serve_musts
from .packed import Packed
from .running import run

__all__ = ["relaxed", "round_lp"]

LINEAR_SHARE = 0.8
"""Of the time left, how long the linear program is waited for; the rest is for an answer without it."""
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


def round_lp(problem: Problem, *, clock: Clock = FOREVER, start: Solution | None = None) -> Solution:
    """Solve the linear relaxation and take its arcs by falling share, as far as they fit; then the other tickets.

    The shares are those of an optimal vertex (GLOP), where most arcs are whole already (Trick 1992 for the generalised
    assignment problem); among equal ones the arc that is worth more at the rows' prices comes first. What breaks a rule
    is repaired, and ejection chains improve the answer at the end.

    Parameters
    ----------
    problem : any problem.
    clock : when to stop; the linear program cannot be stopped, and is left behind in a thread where it is late.
    start : an answer that the result is never worse than.

    Returns
    -------
    Solution
        As of `greedy`; its prices are the dual values, which prove the bound of the relaxation.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [5.0, 3.0], usage=[3, 2], capacity=4)
    >>> solution = round_lp(problem)
    >>> solution.objective, round(solution.claimed_bound, 6)
    (5.0, 5.0)
    """
    started = time.perf_counter()
    relaxation = relaxed(problem, clock)
    if relaxation is None or relaxation.values is None or relaxation.bound.violator is not None:
        answer = regret(problem, clock=clock)
        if start is not None and np.shape(start.expert_of) == (problem.n_tickets,):
            answer = best_of(problem, start, answer)
        return replace(answer, method="round_lp", elapsed_s=time.perf_counter() - started)
    share = relaxation.values[: problem.n_arcs]
    row = relaxation.bound.row_price
    score = problem.points if row is None else problem.points - arc_prices(problem, row)
    packed = Packed.of(problem)
    arcs = _taken(packed, share, score, clock)
    rounded = repaired(packed, arcs, method="round_lp", started=started, clock=clock)
    if rounded.objective is None:
        arcs, _ = serve_musts(packed, clock)
        run(packed, TICKETS, arcs, clock, order=np.arange(problem.n_tickets), score=score)
        rounded = best_of(problem, rounded, repaired(packed, arcs, method="round_lp", started=started, clock=clock))
    if start is not None and np.shape(start.expert_of) == (problem.n_tickets,):
        rounded = best_of(problem, rounded, replace(start, method="round_lp"))
    if rounded.objective is not None:
        rounded = _priced(rounded, relaxation.bound)
        rounded = searched(problem, rounded, rounds=50, clock=clock, method="round_lp", started=started)
    return replace(rounded, elapsed_s=time.perf_counter() - started)


def relaxed(problem: Problem, clock: Clock) -> Relaxation | None:
    """The linear relaxation; None where it does not come in time, or there is none."""
    work = partial(_solved, problem, None if clock.ends_at is None else max(0.0, clock.left_s))
    if clock.ends_at is None:
        relaxation = work()
    else:
        job = None if clock.is_over else LANE.start(work)
        if job is None:
            return None
        if not job.wait(LINEAR_SHARE * clock.left_s):
            LANE.abandon(job)
            return None
        relaxation = job.result()
    return relaxation if relaxation.verdict is Verdict.OPTIMAL else None


def _solved(problem: Problem, time_limit_s: float | None) -> Relaxation:
    return relax(matrix_form(problem), time_limit_s=time_limit_s)


def _taken(packed: Packed, share: Float64, score: Float64, clock: Clock) -> Int64:
    """Arcs by falling share, then by score, then the tickets that are left."""
    problem = packed.problem
    arcs = np.full(problem.n_tickets, -1, dtype=np.int64)
    some = np.flatnonzero(share > 1e-6)
    order = some[np.lexsort((-score[some], -np.round(share[some], 6)))]
    run(packed, ARCS, arcs, clock, order=order, key=np.full(problem.n_arcs, -np.inf), score=score)
    most = np.full(problem.n_tickets, -np.inf)
    np.maximum.at(most, problem.ticket, score)
    run(packed, TICKETS, arcs, clock, order=np.argsort(-most, kind="stable"), score=score)
    return arcs


def _priced(rounded: Solution, bound: Solution) -> Solution:
    """The answer with the prices of the relaxation."""
    claim = bound.claimed_bound
    return replace(
        rounded,
        expert_price=bound.expert_price,
        limit_price=bound.limit_price,
        row_price=bound.row_price,
        ticket_price=bound.ticket_price,
        claimed_bound=None if claim is None else max(claim, rounded.objective or claim),
    )
