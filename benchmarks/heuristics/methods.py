"""The heuristics, the anytime solver, an exact solver, and plain PuLP with CBC, on one problem each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from deskmatch.heuristics import Clock, heuristic_named, solve_within
from deskmatch.heuristics.course import LANE
from deskmatch.solver import Problem, Solution, certify, evaluate, solve, violations
from deskmatch.solver.bound import useful_slots
from deskmatch.solver.matrix import matrix_form

__all__ = ["LIMIT_S", "Run", "methods"]

LIMIT_S = 10.0
OURS = ("greedy", "greedy_per_unit", "regret", "local_search", "lagrangian", "round_lp")


@dataclass(frozen=True)
class Run:
    """What a method found.

    Parameters
    ----------
    method, seconds : who, and how long it took.
    objective : recomputed by `evaluate`; None where it found nothing that keeps every rule.
    bound : proved by `certify`, or claimed by an exact solver; None where there is none.
    claims_optimum : whether it says that there is nothing better.
    """

    method: str
    seconds: float
    objective: float | None
    bound: float | None
    claims_optimum: bool = False


def methods(problem: Problem) -> dict[str, Callable[[], Run]]:
    """By name, a function that runs the method."""
    found = {name: partial(_heuristic, problem, name) for name in OURS}
    if problem.is_network:
        found["kernel"] = partial(_exact, problem, "kernel")
    else:
        found["assign, 10 s"] = partial(_anytime, problem)
        found["PuLP + CBC, 10 s"] = partial(_pulp, problem)
    return found


def _heuristic(problem: Problem, name: str) -> Run:
    while not LANE.is_free:  # what an earlier method has left behind
        time.sleep(0.01)
    started = time.perf_counter()
    solution = heuristic_named(name).solve(problem, clock=Clock.after(LIMIT_S))
    return _run(problem, name, time.perf_counter() - started, solution)


def _exact(problem: Problem, name: str) -> Run:
    started = time.perf_counter()
    solution = solve(problem, method=name)
    return _run(problem, name, time.perf_counter() - started, solution)


def _anytime(problem: Problem) -> Run:
    while not LANE.is_free:
        time.sleep(0.01)
    started = time.perf_counter()
    solution = solve_within(problem, LIMIT_S).solution
    return _run(problem, "assign, 10 s", time.perf_counter() - started, solution)


def _run(problem: Problem, name: str, seconds: float, solution: Solution) -> Run:
    certificate = certify(problem, solution)
    bounds = [one for one in (certificate.proven_bound, solution.claimed_bound) if one is not None]
    return Run(
        method=name,
        seconds=seconds,
        objective=certificate.objective,
        bound=min(bounds, default=None),
        claims_optimum=certificate.optimal or solution.status == "optimal",
    )


def _pulp(problem: Problem) -> Run:
    """The model as one would write it with PuLP; CBC on one thread, as all others."""
    import pulp

    started = time.perf_counter()
    model = pulp.LpProblem("same", pulp.LpMaximize)
    x = [model.add_variable(f"x{arc}", 0, 1, pulp.LpBinary) for arc in range(problem.n_arcs)]
    _fill(pulp, model, problem, x)
    built = time.perf_counter() - started
    solver = pulp.COIN_CMD(
        path=pulp.PULP_CBC_CMD.pulp_cbc_path, msg=False, timeLimit=max(1.0, LIMIT_S - built), threads=1, gapRel=0.0
    )
    model.solve(solver)
    seconds = time.perf_counter() - started
    values = np.array([one.varValue or 0.0 for one in x])
    expert_of = np.full(problem.n_tickets, -1, dtype=np.int32)
    taken = np.flatnonzero(values > 0.5)
    expert_of[problem.ticket[taken]] = problem.expert[taken]
    keeps = not violations(problem, expert_of) and model.sol_status in (1, 2)
    objective = evaluate(problem, expert_of) if keeps else None
    return Run("PuLP + CBC, 10 s", seconds, objective, None, claims_optimum=model.sol_status == 1)


def _fill(pulp: Any, model: Any, problem: Problem, x: list[Any]) -> None:
    """Objective and rows: tickets, experts, and the side rows, soft ones with a column for what is missed."""
    usage = np.ones(problem.n_arcs) if problem.usage is None else problem.usage
    held = problem.hold[problem.ticket]
    gain = problem.points - np.where(np.isfinite(held), held, 0.0)
    terms = [(x[arc], float(gain[arc])) for arc in range(problem.n_arcs)]
    side = problem.side
    missed: dict[int, Any] = {}
    if side is not None:
        for row in np.flatnonzero(~side.is_hard).tolist():
            missed[row] = model.add_variable(f"m{row}", 0)
            terms.append((missed[row], -float(side.penalty[row])))
    model += pulp.LpAffineExpression(terms)
    for ticket in range(problem.n_tickets):
        row = pulp.LpAffineExpression([(x[arc], 1) for arc in range(*problem.indptr[ticket : ticket + 2])])
        model += row == 1 if problem.hold[ticket] == -np.inf else row <= 1
    order, room = np.argsort(problem.expert, kind="stable"), useful_slots(problem)
    ends = np.searchsorted(problem.expert[order], np.arange(problem.n_experts + 1))
    for expert in range(problem.n_experts):
        arcs = order[ends[expert] : ends[expert + 1]]
        model += pulp.LpAffineExpression([(x[arc], int(usage[arc])) for arc in arcs]) <= int(room[expert])
    if side is not None:
        for row in range(side.n_rows):
            entries = range(*side.arc_indptr[row : row + 2])
            left = [(x[side.arc[entry]], float(side.arc_value[entry])) for entry in entries]
            more = [(missed[row], -1)] if row in missed else []
            model += pulp.LpAffineExpression(left + more) <= float(side.rhs[row])


def linear_bound(problem: Problem) -> tuple[float | None, float]:
    """The bound of the linear relaxation by GLOP, and the seconds that it took."""
    from deskmatch.solver.backends.relaxation import relax

    started = time.perf_counter()
    bound = relax(matrix_form(problem)).bound.claimed_bound
    return bound, time.perf_counter() - started
