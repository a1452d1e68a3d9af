"""`solve`: an exact optimum of a problem by a named method, or by the first that can."""

from __future__ import annotations

from collections.abc import Callable

from deskmatch.errors import BackendError

from .backends.protocol import capability_names, needs
from .backends.registry import backend_named, backends_for
from .problem import Problem
from .separation import separate
from .solution import Solution

__all__ = ["solve"]


def solve(problem: Problem, *, method: str = "auto") -> Solution:
    """Solve a problem exactly.

    Limits that never meet in their expert's capacity are turned into columns of their own first (`separate`), so that
    methods that know no limits can take them too.

    Parameters
    ----------
    problem : the problem.
    method : the name of a backend (`backend_names`), or ``"auto"``: the first that is installed and can take
        the problem, so that the choice depends on the problem only, once the kernel is compiled; until then
        the next one answers (`deskmatch.compiled`).

    Returns
    -------
    Solution
        OPTIMAL with prices that `certify` turns into a proof, or INFEASIBLE with a Hall violator; FEASIBLE
        where rounding keeps the prices from closing the gap. Among several optima, which one depends on the
        method.

    Raises
    ------
    BackendError
        Unknown or missing method, or one that cannot take the problem; the message names those that can.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> solution = solve(problem)
    >>> solution.expert_of, solution.objective
    (array([1, 0], dtype=int32), 4.5)
    """
    apart = separate(problem)
    if apart is not None:
        return apart.restore(_solve(apart.problem, method))
    return _solve(problem, method)


def _solve(problem: Problem, method: str) -> Solution:
    name = _automatic(problem) if method == "auto" else method
    backend = backend_named(name)
    if not backend.is_available():
        able = ", ".join(backends_for(needs(problem))) or "no other method either"
        raise BackendError(f"{name} is not installed; available for this problem: {able}")
    return backend.solve(problem)


def _automatic(problem: Problem) -> str:
    able = backends_for(needs(problem))
    if not able:
        raise BackendError(f"no installed backend can take {capability_names(needs(problem))}")
    return next((name for name in able if _is_ready(name)), able[0])


def _is_ready(name: str) -> bool:
    """Whether a backend would answer without compiling; those that compile nothing have no `is_ready`."""
    is_ready: Callable[[], bool] | None = getattr(backend_named(name), "is_ready", None)
    return is_ready is None or is_ready()
