"""Heuristics that build an answer up: `greedy`, `regret` and `oldest_first`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ProblemError
from deskmatch.solver.extra_columns import best_extra
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution

from .clock import FOREVER, Clock
from .entry import ARCS, EXCHANGE, REGRET, TICKETS, WORTHS
from .finishing import best_of, held, priced, told
from .musts import serve_musts
from .packed import Packed
from .running import run

__all__ = ["greedy", "oldest_first", "regret", "repaired"]

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

Take = Callable[[Packed, Int64], object]
"""Fills the arcs of tickets that are held."""


def greedy(
    problem: Problem, *, per_unit: bool = False, clock: Clock = FOREVER, start: Solution | None = None
) -> Solution:
    """Assign the arc with the greatest marginal gain, again and again, until none is left that gains.

    The gain is points − hold − the cost of the expert's next slots, as many as the arc has units of usage, − the
    penalties that soft rows gain by it; equal gains go by ticket, then expert. Tickets that must be assigned come
    first, those with the fewest arcs before the others; where that leaves one of them without an expert, a maximum flow
    serves them all, if anything can. Arcs that bring a hard row nearer to being kept come before all others, and those
    that would break one are passed over. Capacities and limits are kept, in units of usage. No answer is worth less
    than holding every ticket, where all may be held. With one unit per expert, no limits and no side rows the gain over
    holding is at least half of the best (Avis 1983).

    Parameters
    ----------
    problem : any problem.
    per_unit : go by the gain of each unit instead of the arc's (Dantzig 1957): better where units are scarce.
    clock : when to stop with what there is.
    start : not looked at.

    Returns
    -------
    Solution
        FEASIBLE (also where it happens to be optimal), with prices by `descend` that bound what is lost. Where no
        answer was found that keeps every rule, the one found: INFEASIBLE with a Hall violator where counting proves
        that there is none, UNKNOWN otherwise; `message` says what it breaks.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> solution = greedy(problem)
    >>> solution.expert_of, solution.objective
    (array([ 0, -1], dtype=int32), 3.0)
    """
    name = "greedy_per_unit" if per_unit else "greedy"

    def take(packed: Packed, arcs: Int64) -> None:
        key = np.empty(problem.n_arcs)
        run(packed, WORTHS, arcs, clock, key=key, per_unit=per_unit)
        gaining = np.flatnonzero(key > 0)
        order = gaining[np.argsort(-key[gaining], kind="stable")]
        run(packed, ARCS, arcs, clock, order=order, key=key, per_unit=per_unit)

    return _built(problem, take, name, clock)


def regret(problem: Problem, *, clock: Clock = FOREVER, start: Solution | None = None) -> Solution:
    """The ticket that would lose most by going to its second best place goes to its best one, again and again.

    What is lost is against the second best arc that still fits, or against being held (Martello & Toth 1981 for the
    generalised assignment problem). Looks further ahead than `greedy`; rules are kept in the same way. Equal regrets go
    by ticket.

    Parameters and result are those of `greedy`.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> regret(problem).expert_of
    array([1, 0], dtype=int32)
    """
    return _built(problem, lambda packed, arcs: run(packed, REGRET, arcs, clock), "regret", clock)


def oldest_first(
    problem: Problem, *, order: ArrayLike | None = None, clock: Clock = FOREVER, start: Solution | None = None
) -> Solution:
    """Ticket after ticket takes the best place that is left: first come, first served.

    A problem knows no clocks, so the order is the caller's. Rules are kept as by `greedy`.

    Parameters
    ----------
    problem : any problem.
    order : ``(tickets,)`` every ticket once, the first to be served first; None: as the rows stand.
    clock, start : as for `greedy`.

    Raises
    ------
    ProblemError
        Where `order` does not name every ticket once.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> oldest_first(problem).expert_of, oldest_first(problem, order=[1, 0]).expert_of
    (array([ 0, -1], dtype=int32), array([-1,  0], dtype=int32))
    """
    rows = np.arange(problem.n_tickets) if order is None else np.asarray(order)
    if rows.shape != (problem.n_tickets,) or not np.array_equal(np.sort(rows), np.arange(problem.n_tickets)):
        raise ProblemError(f"order: expected every ticket from 0 to {problem.n_tickets - 1} once")
    tickets = rows.astype(np.int64)
    return _built(problem, lambda packed, arcs: run(packed, TICKETS, arcs, clock, order=tickets), "oldest_first", clock)


def _built(problem: Problem, take: Take, method: str, clock: Clock) -> Solution:
    """Serve the musts, take the rest, and repair what is broken; then prices."""
    started = time.perf_counter()
    packed = Packed.of(problem)
    arcs, violator = serve_musts(packed, clock)
    take(packed, arcs)
    solution = repaired(packed, arcs, method=method, started=started, clock=clock, violator=violator)
    return priced(problem, solution, started=started, clock=clock)


def repaired(
    packed: Packed, arcs: Int64, *, method: str, started: float, clock: Clock, violator: Int32 | None = None
) -> Solution:
    """The answer that these arcs give, with its rules mended where they are broken, as far as can be.

    First by ejection chains; where the extra columns cannot follow the arcs, from the start, with the columns fixed at
    what is best for holding everybody; and holding everybody is always an answer where it keeps the rules.
    """
    problem = packed.problem
    solution = told(problem, arcs, method=method, started=started, violator=violator)
    if solution.objective is None and violator is None:
        run(packed, EXCHANGE, arcs, clock)
        solution = best_of(problem, solution, told(problem, arcs, method=method, started=started))
    if solution.objective is None and problem.n_extra:
        solution = best_of(problem, solution, _with_columns_fixed(problem, method, started, clock))
    nobody = held(problem, method=method, started=started)
    return best_of(problem, solution, nobody) if violator is None else solution


def _with_columns_fixed(problem: Problem, method: str, started: float, clock: Clock) -> Solution:
    none = np.full(problem.n_tickets, -1, dtype=np.int64)
    extra = best_extra(problem, none)
    if extra is not None:
        run(Packed.of(problem, extra), REGRET, none, clock)
    return told(problem, none, method=method, started=started)
