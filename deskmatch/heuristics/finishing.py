"""From the arcs that a heuristic chose to a `Solution`: extra columns, points, and prices that bound what is lost."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.bound import Prices, bound_terms
from deskmatch.solver.evaluation import arcs_chosen, objective_terms, violations
from deskmatch.solver.extra_columns import best_extra
from deskmatch.solver.problem import Problem
from deskmatch.solver.side_evaluation import row_misses
from deskmatch.solver.solution import Solution, Status

from .clock import FOREVER, Clock
from .price_descent import descend

__all__ = ["ROUNDS", "best_of", "experts_of", "held", "next_costs", "priced", "told"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

ROUNDS = 12
"""Steps of the descent that prices an answer; 12 prove a bound within some percent on most desks."""


def told(problem: Problem, arc_of: Int64, *, method: str, started: float, violator: Int32 | None = None) -> Solution:
    """What an assignment is worth, with the extra columns' best values.

    Parameters
    ----------
    problem : the problem.
    arc_of : ``(tickets,)`` the arc of each ticket, −1: held; within capacities and limits.
    method : who chose them.
    started : the `time.perf_counter` at which that began.
    violator : tickets that prove that no answer keeps every rule, where that is known.

    Returns
    -------
    Solution
        FEASIBLE; or, where a rule is broken, INFEASIBLE with a violator and UNKNOWN without one: then `expert_of` is
        what was found, for whoever wants the answer that breaks least, and `message` says what it breaks.
    """
    expert_of, extra = experts_of(problem, arc_of), None
    if problem.n_extra:
        extra = best_extra(problem, arc_of)
        if extra is None and problem.side is not None:
            extra = np.clip(0.0, problem.side.lower, problem.side.upper)
    broken = violations(problem, expert_of, extra)
    status = Status.FEASIBLE if not broken else Status.UNKNOWN if violator is None else Status.INFEASIBLE
    return Solution(
        expert_of=expert_of,
        extra=extra if status is not Status.INFEASIBLE else None,
        objective=None if broken else math.fsum(objective_terms(problem, arc_of, extra)),
        status=status,
        method=method,
        elapsed_s=time.perf_counter() - started,
        message="; ".join(broken),
        violator=violator if broken else None,
    )


def held(problem: Problem, *, method: str, started: float) -> Solution:
    """The answer that holds every ticket."""
    return told(problem, np.full(problem.n_tickets, -1, dtype=np.int64), method=method, started=started)


def priced(
    problem: Problem, solution: Solution, *, started: float, rounds: int = ROUNDS, clock: Clock = FOREVER
) -> Solution:
    """The same answer with prices that bound what it loses; one that breaks rules has none."""
    if solution.objective is None:
        return replace(solution, elapsed_s=time.perf_counter() - started)
    start = _sold_at(problem, solution.expert_of)
    prices = descend(problem, target=solution.objective, start=start, rounds=rounds, clock=clock)
    return with_prices(problem, solution, prices, started=started)


def with_prices(problem: Problem, solution: Solution, prices: Prices, *, started: float) -> Solution:
    """The same answer with these prices, and as its claim the bound that they prove."""
    bound = float(bound_terms(problem, prices).sum())
    return replace(
        solution,
        expert_price=prices.expert,
        limit_price=None if problem.limits is None else prices.limit,
        row_price=None if problem.side is None else prices.row,
        claimed_bound=max(solution.objective or -np.inf, bound) if np.isfinite(bound) else None,
        elapsed_s=time.perf_counter() - started,
    )


def best_of(problem: Problem, first: Solution, second: Solution) -> Solution:
    """The better of two answers: one that keeps the rules, then more points, then fewer rules broken."""
    if (first.objective is None) != (second.objective is None):
        return first if second.objective is None else second
    if first.objective is not None and second.objective is not None:
        return second if second.objective > first.objective else first
    return second if violation(problem, second) < violation(problem, first) else first


def violation(problem: Problem, solution: Solution) -> float:
    """How much an answer within capacities and limits breaks: held tickets that must be assigned, and misses of hard
    rows, each in units of the row's largest coefficient."""
    arcs = arcs_chosen(problem, solution.expert_of)
    broken = float((arcs[problem.hold == -np.inf] < 0).sum())
    side = problem.side
    if side is None:
        return broken
    extra = np.clip(0.0, side.lower, side.upper) if solution.extra is None else solution.extra
    unit = np.zeros(side.n_rows)
    np.maximum.at(unit, side.arc_row, np.abs(side.arc_value))
    missed = row_misses(problem, arcs, extra) / np.where(unit > 0, unit, 1.0)
    return broken + float(missed[side.is_hard].sum())


def experts_of(problem: Problem, arc_of: Int64) -> Int32:
    """``(tickets,)`` the expert of each ticket, −1: held."""
    expert_of = np.full(problem.n_tickets, -1, dtype=np.int32)
    taken = arc_of >= 0
    expert_of[taken] = problem.expert[arc_of[taken]]
    return expert_of


def next_costs(problem: Problem, load: Int64) -> Float64:
    """The cost of each expert's next slot: ``(experts,)``."""
    slot = np.minimum(load, problem.slot_cost.shape[1] - 1)
    return np.asarray(problem.slot_cost[np.arange(problem.n_experts), slot])


def _sold_at(problem: Problem, expert_of: Int32) -> Float64:
    """Prices to start from: what a full expert's least ticket gains for a unit, else its next slot's cost."""
    arcs = arcs_chosen(problem, expert_of)
    used = arcs[arcs >= 0]
    units = None if problem.usage is None else problem.usage[used]
    load = np.bincount(problem.expert[used], weights=units, minlength=problem.n_experts).astype(np.int64)
    least = np.full(problem.n_experts, np.inf)
    gain = problem.points[used] - problem.hold[problem.ticket[used]]
    np.minimum.at(least, problem.expert[used], gain if units is None else gain / units)
    full = (load >= problem.capacity) & np.isfinite(least)
    return np.where(full, least, next_costs(problem, load))
