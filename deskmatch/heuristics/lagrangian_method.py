"""`lagrangian`: a bound near that of the linear relaxation without a linear program, and answers found on the way."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.bound import safe_prices
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution

from .clock import FOREVER, Clock
from .constructive import regret, repaired
from .course import LANE
from .ejection import searched
from .entry import ARCS, TICKETS
from .finishing import best_of, priced, told, with_prices
from .packed import Packed
from .price_descent import descend
from .relaxations import Knapsacks, PricedRows, Relaxation
from .rounding import relaxed
from .running import run
from .volume import minimise

__all__ = ["lagrangian"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

ROUNDS = 1000
"""Evaluations of the relaxation, at most; it stops much earlier where steps no longer gain."""
REPAIR_EVERY = 10
"""Every so many evaluations a relaxed answer is repaired."""
LINEAR_ARCS = 20_000
"""Arcs up to which knapsacks begin at the prices of the linear program, tenths of a second away: at these they prove no
less than it does, whatever the steps after them find."""
DESCENT = 60
"""Steps on expert prices before tickets are priced, where there are more arcs."""


def lagrangian(
    problem: Problem, *, rounds: int = ROUNDS, clock: Clock = FOREVER, start: Solution | None = None
) -> Solution:
    """The Lagrangian bound, and the best answer found by repairing relaxed ones.

    Without usage the side rows are priced out, and the exact kernel solves the network that is left
    (`deskmatch.heuristics.relaxations.PricedRows`): in the limit the bound of the linear relaxation. With usage the
    tickets are priced, and each expert packs a knapsack, exactly (`Knapsacks`): in the limit no worse than that, and
    often better. Prices follow the volume algorithm (`deskmatch.heuristics.volume`). Relaxed answers are repaired now
    and then: their arcs by falling value at the prices as far as they fit, then the other tickets; the best answer is
    improved by ejection chains at the end. A network without side rows is solved by descent on its prices, as `regret`
    does; ask the kernel instead.

    Parameters
    ----------
    problem : any problem.
    rounds : evaluations of the relaxation, at most.
    clock : when to stop with what there is.
    start : an answer to begin with; never made worse.

    Returns
    -------
    Solution
        As of `greedy`; its prices prove the bound.

    Examples
    --------
    >>> from deskmatch.solver import Side
    >>> at_most_one = Side.from_matrix([[1.0, 1.0, 1.0]], "<=", 1.0)
    >>> problem = Problem.from_arcs(3, 3, [0, 1, 2], [0, 1, 2], [3.0, 2.0, 1.0], side=at_most_one)
    >>> solution = lagrangian(problem)
    >>> solution.objective, round(solution.claimed_bound, 6)
    (3.0, 3.0)
    """
    started = time.perf_counter()
    first = regret(problem, clock=clock)
    if start is not None and np.shape(start.expert_of) == (problem.n_tickets,):
        first = best_of(problem, start, first)
    if problem.is_network or first.violator is not None:
        return replace(first, method="lagrangian", elapsed_s=time.perf_counter() - started)
    pool = _Pool(problem, replace(first, method="lagrangian"), clock, started)
    solution = _with_bound(problem, pool, rounds, clock, started)
    if solution.violator is not None:
        return solution
    if solution.objective is not None and not clock.is_over:
        solution = searched(problem, solution, rounds=50, clock=clock, method="lagrangian", started=started)
    return replace(solution, elapsed_s=time.perf_counter() - started)


class _Pool:
    """The best answer so far; repairs a relaxed one now and then."""

    def __init__(self, problem: Problem, best: Solution, clock: Clock, started: float) -> None:
        self.problem, self.best, self.clock, self.started = problem, best, clock, started
        self.packed = Packed.of(problem)
        self.seen = 0

    def found(self, arcs: Int64, score: Float64) -> None:
        """Take a relaxed answer: ``(tickets,)`` its arcs, ``(arcs,)`` the points at its prices."""
        self.seen += 1
        if self.seen % REPAIR_EVERY != 1 or self.clock.is_over:
            return
        mended = np.full(self.problem.n_tickets, -1, dtype=np.int64)
        wanted = arcs[arcs >= 0]
        order = wanted[np.argsort(-score[wanted], kind="stable")]
        key = np.full(self.problem.n_arcs, -np.inf)
        run(self.packed, ARCS, mended, self.clock, order=order, key=key, score=score)
        best = np.full(self.problem.n_tickets, -np.inf)
        np.maximum.at(best, self.problem.ticket, score)
        run(self.packed, TICKETS, mended, self.clock, order=np.argsort(-best, kind="stable"), score=score)
        answer = told(self.problem, mended, method="lagrangian", started=self.started)
        if answer.objective is None and self.best.objective is None:
            answer = repaired(self.packed, mended, method="lagrangian", started=self.started, clock=self.clock)
        self.best = best_of(self.problem, self.best, answer)

    def target(self) -> float:
        """Points that the bound cannot fall below; where no answer is known, far below."""
        if self.best.objective is not None:
            return self.best.objective
        finite = self.problem.hold[np.isfinite(self.problem.hold)]
        return float(-np.abs(self.problem.points).sum() - np.abs(finite).sum())


def _with_bound(problem: Problem, pool: _Pool, rounds: int, clock: Clock, started: float) -> Solution:
    """The pool's best answer with the prices of the lowest bound."""
    relaxation = _relaxation(problem, pool, clock)
    lowest = minimise(
        relaxation.evaluate, relaxation.project, relaxation.start(), pool.target, rounds=rounds, clock=clock
    )
    if relaxation.denial is not None:
        return replace(relaxation.denial, method="lagrangian", expert_of=pool.best.expert_of, objective=None)
    best = pool.best
    if lowest is None:
        return best if best.expert_price is not None else priced(problem, best, started=started, clock=clock)
    prices, ticket = relaxation.prices(lowest.point)
    if best.objective is None:
        return best
    solution = with_prices(problem, best, prices, started=started)
    claims = [solution.claimed_bound, lowest.value if ticket is not None else None]
    known = [claim for claim in claims if claim is not None]
    return replace(solution, ticket_price=ticket, claimed_bound=max(best.objective, min(known)) if known else None)


def _relaxation(problem: Problem, pool: _Pool, clock: Clock) -> Relaxation:
    if problem.usage is None:
        return PricedRows(problem, clock, pool.found, None if clock.ends_at is None else LANE)
    linear = relaxed(problem, clock) if problem.n_arcs <= LINEAR_ARCS else None
    if linear is not None:
        dual = linear.bound
        begin = safe_prices(problem, dual.expert_price, dual.limit_price, dual.row_price)
    else:
        begin = descend(problem, target=pool.target(), rounds=DESCENT, clock=clock, start=pool.best.expert_price)
    return Knapsacks(problem, clock, pool.found, begin)
