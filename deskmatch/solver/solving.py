"""`solve`: an optimum of a problem by a named method, or by the first that can."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import cast

from deskmatch.errors import BackendError

from .backends.protocol import Backend, Option, TunableBackend, capability_names, needs, options_of
from .backends.registry import backend_named, backend_names, backends_for
from .certificate import certify
from .checking import time_limit
from .evaluation import arcs_chosen, evaluate, violations
from .extra_columns import best_extra
from .problem import Problem
from .separation import separate
from .solution import Solution, Status

__all__ = ["solve"]

IN_TURN = frozenset({"scip", "highs"})
"""Backends that `solve_in_turn` asks."""


def solve(
    problem: Problem, *, method: str = "auto", time_limit_s: float | None = None, hint: Solution | None = None
) -> Solution:
    """Solve a problem: a network exactly; with usage, side rows or extra columns as well as an integer program can be.

    Limits that never meet in their expert's capacity are turned into columns of their own first (`separate`), so that
    methods that know no limits can take them too. With ``"auto"``, a problem with side rows is solved as a network
    without them first; where that optimum keeps them all, it is the answer, and proved. So is the optimum of the linear
    relaxation, where it happens to be whole.

    Parameters
    ----------
    problem : the problem.
    method : the name of a backend (`backend_names`), ``"pulp:NAME"`` for any solver that PuLP finds, or ``"auto"``: the
        first that is installed and can take the problem, so that the choice depends on the problem only, once the
        kernel is compiled; until then the next one answers (`deskmatch.compiled`).
    time_limit_s : seconds after which solvers of integer programs answer with what they have; they overshoot short
        limits. ≤ 0: there is no time, so that the answer is often UNKNOWN; None or inf: no limit. Methods for networks
        take none: ``"auto"`` runs those to their end, which is soon.
    hint : an answer to start from, for methods that take one; no others look at it.

    Returns
    -------
    Solution
        OPTIMAL with prices that `certify` turns into a proof, or INFEASIBLE with a Hall violator; FEASIBLE
        where rounding keeps the prices from closing the gap. Among several optima, which one depends on the
        method.

        Where the problem is no network, OPTIMAL and INFEASIBLE are what the method claims, `claimed_bound` is the
        better of its own bound and of what the prices prove, and the prices prove a relaxation. FEASIBLE, or UNKNOWN
        without an answer, where the time limit came first; `message` has the method's own words.

    Raises
    ------
    ProblemError
        Where `time_limit_s` is no number of seconds.
    BackendError
        Unknown or missing method, or one that cannot take the problem or the time limit; the message names those that
        can.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> solution = solve(problem)
    >>> solution.expert_of, solution.objective
    (array([1, 0], dtype=int32), 4.5)
    """
    limit_s = time_limit(time_limit_s)
    if method == "auto" and not problem.is_network:
        return _solve_beyond_networks(problem, limit_s, hint)
    apart = separate(problem)
    if apart is not None:
        return apart.restore(_solve(apart.problem, method, limit_s, None))
    return _solve(problem, method, limit_s, hint)


def _solve(problem: Problem, method: str, time_limit_s: float | None, hint: Solution | None) -> Solution:
    name = _automatic(problem) if method == "auto" else method
    backend = backend_named(name)
    if not backend.is_available():
        able = ", ".join(backends_for(needs(problem))) or "no other method either"
        raise BackendError(f"{name} is not installed; available for this problem: {able}")
    takes = options_of(backend)
    if time_limit_s is not None and Option.TIME_LIMIT not in takes and method != "auto":
        raise BackendError(f"{name} takes no time limit; {_takers_of_time_limits()} do")
    return _run(backend, problem, time_limit_s if Option.TIME_LIMIT in takes else None, hint)


def _run(backend: Backend, problem: Problem, time_limit_s: float | None, hint: Solution | None) -> Solution:
    if not options_of(backend):
        return backend.solve(problem)
    tunable = cast(TunableBackend, backend)
    wanted = {"time_limit_s": time_limit_s, "hint": hint if Option.HINT in options_of(backend) else None}
    return tunable.solve(problem, **{name: value for name, value in wanted.items() if value is not None})  # type: ignore[arg-type]


def _takers_of_time_limits() -> str:
    return ", ".join(name for name in backend_names() if Option.TIME_LIMIT in options_of(backend_named(name)))


def _solve_beyond_networks(problem: Problem, time_limit_s: float | None, hint: Solution | None) -> Solution:
    """By the network without the side rows, where its optimum keeps them; else by the first solver that can."""
    if problem.usage is not None:
        return _search(problem, time_limit_s, hint)
    network = solve(replace(problem, side=None))
    if network.objective is None:
        return network
    found = _with_side(problem, network)
    if found is not None and certify(problem, found).optimal:
        return found
    return _search(problem, time_limit_s, hint or found)


def _search(problem: Problem, time_limit_s: float | None, hint: Solution | None) -> Solution:
    """By SCIP and HiGHS in turn, and where both fail by the others; unless one of the caller's own comes first."""
    name = _automatic(problem)
    if name not in IN_TURN:
        return _solve(problem, name, time_limit_s, hint)
    from .backends.in_turn import solve_in_turn

    try:
        return solve_in_turn(problem, time_limit_s=time_limit_s, hint=hint)
    except BackendError:
        for other in backends_for(needs(problem)):
            if other not in IN_TURN:
                with suppress(BackendError):
                    return _solve(problem, other, time_limit_s, hint)
        raise


def _with_side(problem: Problem, network: Solution) -> Solution | None:
    """The network's answer with the extra columns' best values, None where it breaks the side rows."""
    extra = best_extra(problem, arcs_chosen(problem, network.expert_of)) if problem.n_extra else None
    if violations(problem, network.expert_of, extra):
        return None
    objective = evaluate(problem, network.expert_of, extra)
    return replace(network, extra=extra, objective=objective, status=Status.OPTIMAL, claimed_bound=objective)


def _automatic(problem: Problem) -> str:
    able = backends_for(needs(problem))
    if not able:
        raise BackendError(f"no installed backend can take {capability_names(needs(problem))}")
    return next((name for name in able if _is_ready(name)), able[0])


def _is_ready(name: str) -> bool:
    """Whether a backend would answer without compiling; those that compile nothing have no `is_ready`."""
    is_ready: Callable[[], bool] | None = getattr(backend_named(name), "is_ready", None)
    return is_ready is None or is_ready()
