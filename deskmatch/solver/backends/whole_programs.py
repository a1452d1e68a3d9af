"""From a solver of integer programs to a `Solution`: values rounded and recomputed, bounds beside what is proved."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError
from deskmatch.solver.certificate import certify
from deskmatch.solver.evaluation import arcs_chosen, evaluate, violations
from deskmatch.solver.extra_columns import best_extra
from deskmatch.solver.hall import hall_violator
from deskmatch.solver.matrix import MatrixForm, matrix_form
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution, Status

from .answer import infeasible, optimal, without_answer
from .outcome import Outcome, Run, Verdict, in_scale
from .protocol import ALL, Capability, Option, accept
from .relaxation import Relaxation, relax

__all__ = [
    "RELAXATION_SHARE",
    "ImpreciseError",
    "WholeProgramBackend",
    "at_vertex",
    "searched_precisely",
    "solve_whole",
]

LINEAR = "linear_relaxation"
WHOLE = 1e-6
"""What a solver of linear programs calls whole."""
SAME = 1e-9
"""Bound and answer of the relaxation are the same to this share, at least of 1; the solver's own tolerance."""
RELAXATION_SHARE = 0.3
"""Of a time limit, what the linear relaxation may take; the rest is for the search."""


class ImpreciseError(BackendError):
    """An answer that breaks a rule: solvers keep rows to 1e-6, `violations` to 1e-9."""


class WholeProgramBackend:
    """What backends for integer programs have in common; they add a `name`, `is_available`, and `run`, the solver."""

    __slots__ = ()

    name: str

    @property
    def capabilities(self) -> Capability:
        """Everything."""
        return ALL

    @property
    def option(self) -> Option:
        """Time limits and hints, as far as the solver takes them."""
        return Option.TIME_LIMIT | Option.HINT

    def solve(self, problem: Problem, *, time_limit_s: float | None = None, hint: Solution | None = None) -> Solution:
        """Solve a problem; deterministic without a time limit, ties as the solver breaks them."""
        accept(self, problem)
        return solve_whole(problem, self, time_limit_s=time_limit_s, hint=hint)

    def is_available(self) -> bool:
        """Whether it is installed."""
        raise NotImplementedError

    def run(self, form: MatrixForm, time_limit_s: float | None, hint: NDArray[np.float64] | None) -> Outcome:
        """Run the solver."""
        raise NotImplementedError

    def precisely(self) -> WholeProgramBackend | None:
        """The same with the least tolerance that it takes; None where it has but one."""
        return None


def solve_whole(
    problem: Problem, solver: WholeProgramBackend, *, time_limit_s: float | None = None, hint: Solution | None = None
) -> Solution:
    """Solve a problem by integer programming.

    A network comes back polished and proved like any other (`deskmatch.solver.backends.answer`). Otherwise the linear
    relaxation comes first, for prices that prove a bound, unless time is limited and the hint brings prices of its own:
    the linear program takes seconds at 50,000 arcs. Then the search; then the extra columns' best values for the arcs
    found, since solvers keep rows only to a tolerance. The better of the two bounds is in `claimed_bound`.

    Parameters
    ----------
    problem : the problem.
    solver : the solver.
    time_limit_s : for relaxation and search together; None: to the end.
    hint : an answer to start from; whether it is used depends on the solver.

    Raises
    ------
    BackendError
        Where the solver fails, or its answer misses a rule even with the least tolerance that it has.
    """
    started = time.perf_counter()
    form = matrix_form(problem)
    relaxation = None if problem.is_network else _relaxation(form, time_limit_s, hint)
    left = None if time_limit_s is None else max(0.0, time_limit_s - (time.perf_counter() - started))
    answer = searched_precisely(form, relaxation, solver, time_limit_s=left, hint=hint)
    return replace(answer, elapsed_s=time.perf_counter() - started)


def searched_precisely(
    form: MatrixForm,
    relaxation: Relaxation | None,
    solver: WholeProgramBackend,
    *,
    time_limit_s: float | None,
    hint: Solution | None,
) -> Solution:
    """The search alone, below a relaxation that is known; again with less tolerance where the answer breaks a rule.

    Parameters
    ----------
    form : the program.
    relaxation : its prices and bound; None for a network, which gets its prices from its own answer.
    solver, time_limit_s, hint : see `solve_whole`.
    """
    started = time.perf_counter()
    try:
        return _searched(form, relaxation, solver.run, solver.name, time_limit_s, hint)
    except ImpreciseError:
        precise = solver.precisely()
        if precise is None:
            raise
        left = None if time_limit_s is None else max(0.0, time_limit_s - (time.perf_counter() - started))
        return _searched(form, relaxation, precise.run, solver.name, left, hint)


def _searched(
    form: MatrixForm,
    relaxation: Relaxation | None,
    run: Run,
    method: str,
    time_limit_s: float | None,
    hint: Solution | None,
) -> Solution:
    started, problem, run = time.perf_counter(), form.problem, in_scale(run)
    if relaxation is not None and relaxation.verdict is Verdict.INFEASIBLE:
        return _infeasible(problem, relaxation.bound.message, method, started)
    outcome = run(form, time_limit_s, None if hint is None else form.values(hint))
    if outcome.verdict is Verdict.EITHER:
        is_bounded = relaxation is None or relaxation.verdict is Verdict.OPTIMAL
        outcome = replace(outcome, verdict=Verdict.INFEASIBLE if is_bounded else _which(run, form, time_limit_s))
    if outcome.verdict is Verdict.INFEASIBLE:
        return _infeasible(problem, outcome.message, method, started)
    if outcome.verdict is Verdict.UNBOUNDED:
        raise BackendError(f"{method}: extra columns without bounds bring points without end ({outcome.message})")
    if relaxation is None:
        return _network_answer(problem, form, outcome, method, started)
    answer = _answer(form, outcome, replace(relaxation.bound, method=method, message=outcome.message))
    return replace(answer, elapsed_s=time.perf_counter() - started)


def _relaxation(form: MatrixForm, time_limit_s: float | None, hint: Solution | None) -> Relaxation:
    """Prices that prove a bound: the hint's where time is limited and it has some, else the linear program's."""
    if time_limit_s is None or hint is None or hint.claimed_bound is None or hint.expert_price is None:
        return relax(form, time_limit_s=_share(time_limit_s))
    none = np.full(form.problem.n_tickets, -1, dtype=np.int32)
    nothing = replace(hint, expert_of=none, extra=None, objective=None, status=Status.UNKNOWN, violator=None)
    bound = replace(nothing, claimed_bound=certify(form.problem, nothing).proven_bound, message="")
    return Relaxation(Verdict.OPTIMAL, bound)


def at_vertex(form: MatrixForm, relaxation: Relaxation) -> Solution | None:
    """The answer of the linear relaxation alone, where that has one; None where the search has to decide.

    The relaxation of a network with a few rows beside it often has its optimum at a vertex of whole numbers, which
    is then the optimum of the integer program, and found far faster than by a search.

    Parameters
    ----------
    form : of a problem that is no network.
    relaxation : of this form.
    """
    started = time.perf_counter()
    if relaxation.verdict is Verdict.INFEASIBLE:
        return _infeasible(form.problem, relaxation.bound.message, LINEAR, started)
    values = relaxation.values
    if values is None or (np.abs(values - np.round(values))[form.is_integer] > WHOLE).any():
        return None
    found = Outcome(Verdict.OPTIMAL, values, None, relaxation.bound.message)
    try:
        answer = _answer(form, found, replace(relaxation.bound, method=LINEAR))
    except ImpreciseError:  # whole only to the tolerance
        return None
    if answer.objective is None or answer.claimed_bound is None:
        return None
    short = answer.claimed_bound - answer.objective
    if short > SAME * max(1.0, abs(answer.objective)):
        return None
    return replace(answer, elapsed_s=time.perf_counter() - started)


def _which(run: Run, form: MatrixForm, time_limit_s: float | None) -> Verdict:
    """Whether what is infeasible or unbounded is infeasible: then it is without any points, too."""
    pointless = run(replace(form, objective=np.zeros(len(form.objective))), time_limit_s, None)
    return Verdict.INFEASIBLE if pointless.verdict is Verdict.INFEASIBLE else Verdict.UNBOUNDED


def _share(time_limit_s: float | None) -> float | None:
    return None if time_limit_s is None else RELAXATION_SHARE * time_limit_s


def _infeasible(problem: Problem, message: str, method: str, started: float) -> Solution:
    """The answer that no assignment keeps every rule: proved where counting can, claimed otherwise."""
    if problem.is_network:
        return infeasible(problem, method=method, started=started)
    violator = hall_violator(problem)
    elapsed_s = time.perf_counter() - started
    return without_answer(problem, violator, method=method, elapsed_s=elapsed_s, message=message)


def _network_answer(problem: Problem, form: MatrixForm, outcome: Outcome, method: str, started: float) -> Solution:
    if outcome.values is not None:
        return optimal(problem, form.expert_of(outcome.values), method=method, started=started)
    return Solution(
        expert_of=np.full(problem.n_tickets, -1, dtype=np.int32),
        objective=None,
        status=Status.UNKNOWN,
        method=method,
        claimed_bound=outcome.bound,
        elapsed_s=time.perf_counter() - started,
        message=outcome.message,
    )


def _answer(form: MatrixForm, outcome: Outcome, bound: Solution) -> Solution:
    """The prices of the relaxation with what the search found, and the better of the two bounds."""
    bounds = [one for one in (outcome.bound, bound.claimed_bound) if one is not None]
    claimed = min(bounds, default=None)
    if outcome.values is None:
        return replace(bound, claimed_bound=claimed)
    problem, expert_of = form.problem, form.expert_of(outcome.values)
    extra = best_extra(problem, arcs_chosen(problem, expert_of)) if problem.n_extra else None
    broken = violations(problem, expert_of, extra)
    if broken:
        raise ImpreciseError(f"{bound.method} answers what breaks rules: {'; '.join(broken)} ({outcome.message})")
    objective = evaluate(problem, expert_of, extra)
    return replace(
        bound,
        expert_of=expert_of,
        extra=extra,
        objective=objective,
        status=Status.OPTIMAL if outcome.verdict is Verdict.OPTIMAL else Status.FEASIBLE,
        claimed_bound=None if claimed is None else max(claimed, objective),
    )
