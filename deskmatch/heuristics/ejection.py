"""`local_search`: moves, swaps and ejection chains until none of them gains."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.evaluation import arcs_chosen
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution

from .clock import FOREVER, Clock
from .constructive import regret
from .entry import EXCHANGE
from .finishing import best_of, priced, told
from .packed import Packed
from .running import run

__all__ = ["local_search", "searched"]

PASSES = 4
"""How often the arcs and the extra columns take turns."""


def local_search(
    problem: Problem, *, start: Solution | None = None, rounds: int = 1000, clock: Clock = FOREVER
) -> Solution:
    """Improve an answer by moves, swaps and ejection chains of up to six tickets, until none of them gains.

    A ticket that does not fit ejects another one, which seeks a place in turn (`deskmatch.heuristics.exchange`; Glover
    1996, Yagiura, Ibaraki & Glover 2004). What breaks a rule is mended first. Extra columns stay as they are while arcs
    change, and then take their best values, in turns. Deterministic.

    Parameters
    ----------
    problem : any problem.
    start : the answer to improve; None: that of `regret`. Never made worse.
    rounds : passes over all tickets, at most.
    clock : when to stop with what there is.

    Returns
    -------
    Solution
        As of `greedy`; the prices of `start` where it has any.

    Examples
    --------
    >>> from deskmatch.heuristics import greedy
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> local_search(problem, start=greedy(problem)).objective
    4.5
    """
    started = time.perf_counter()
    first = regret(problem, clock=clock) if start is None else start
    found = searched(problem, first, rounds=rounds, clock=clock, method="local_search", started=started)
    if found.expert_price is not None:
        return replace(found, elapsed_s=time.perf_counter() - started)
    return priced(problem, found, started=started, clock=clock)


def searched(
    problem: Problem, solution: Solution, *, rounds: int, clock: Clock, method: str, started: float
) -> Solution:
    """The answer improved, with the prices and the claim that it had."""
    best = replace(solution, method=method)
    arcs = _arcs(problem, solution)
    for _ in range(PASSES if problem.n_extra else 1):
        extra = best.extra if problem.n_extra and best.objective is not None else None
        run(Packed.of(problem, extra), EXCHANGE, arcs, clock, rounds=rounds)
        found = told(problem, arcs, method=method, started=started, violator=solution.violator)
        better = best_of(problem, best, found)
        if better is best:
            break
        best = replace(
            found,
            expert_price=solution.expert_price,
            limit_price=solution.limit_price,
            row_price=solution.row_price,
            ticket_price=solution.ticket_price,
            claimed_bound=_claim(solution, found),
        )
        if clock.is_over:
            break
    return best


def _arcs(problem: Problem, solution: Solution) -> NDArray[np.int64]:
    expert_of = np.asarray(solution.expert_of)
    if expert_of.shape != (problem.n_tickets,):
        return np.full(problem.n_tickets, -1, dtype=np.int64)
    return arcs_chosen(problem, expert_of)


def _claim(solution: Solution, found: Solution) -> float | None:
    if solution.claimed_bound is None or found.objective is None:
        return solution.claimed_bound
    return max(solution.claimed_bound, found.objective)
