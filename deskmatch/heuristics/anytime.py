"""`solve_within`: an answer before a deadline, exact where the exact solve is sure to fit."""

from __future__ import annotations

from deskmatch.errors import BackendError
from deskmatch.heuristics.greedy_matching import greedy
from deskmatch.solver import Problem, Solution, backend_named, backend_names, backends_for, needs, solve
from deskmatch.solver.separation import separate

__all__ = ["solve_within"]

STARTUP_S = 2.5
"""Seconds that the first solve of a process may spend on importing Numba or OR-Tools and on its compiled code."""
BASE_S = 0.005
ARC_S = {"kernel": 2e-6, "min_cost_flow": 4e-6}
"""Seconds per arc: five to ten times what 10⁴ to 10⁶ arcs took on one core of a 2-core machine, since a machine may be
busy. Larger problems take more per arc."""
SLOW_ARC_S = 1e-4
"""The same for methods that are not made for speed."""
LARGE = 1e6


def solve_within(problem: Problem, left_s: float | None, *, method: str = "auto") -> Solution:
    """Solve exactly if that surely fits into the time left, else greedily.

    Parameters
    ----------
    problem : what to solve.
    left_s : seconds left, None: no deadline; may be negative.
    method : a backend's name, ``"auto"``, or ``"greedy"``.

    Raises
    ------
    BackendError
        On an unknown method, or a backend that cannot take this problem.

    Examples
    --------
    >>> from deskmatch.solver import Problem
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [1.0, 2.0])
    >>> solve_within(problem, 0.0).method, solve_within(problem, None).objective
    ('greedy', 2.0)
    """
    if method not in {"auto", "greedy", *backend_names()}:
        raise BackendError(f"unknown method {method!r}; expected auto, greedy, {', '.join(backend_names())}")
    if method == "greedy":
        return greedy(problem)
    if left_s is None:
        return solve(problem, method=method)
    fitting = next((name for name in _candidates(problem, method) if estimate_s(problem, name) <= left_s), None)
    return greedy(problem) if fitting is None else solve(problem, method=fitting)


def estimate_s(problem: Problem, method: str) -> float:
    """Seconds that an exact solve may take, on the safe side; what must be loaded first in this process counts too."""
    size = problem.n_arcs + problem.n_tickets + problem.n_experts
    solving = ARC_S.get(method, SLOW_ARC_S) * size * max(1.0, size / LARGE)
    return BASE_S + solving + (0.0 if _says(method, "is_loaded") else STARTUP_S)


def _candidates(problem: Problem, method: str) -> tuple[str, ...]:
    """The backends that may answer, best first: for ``"auto"`` the fast ones that need not be compiled first."""
    if method != "auto":
        return (method,)
    apart = separate(problem)
    able = backends_for(needs(problem if apart is None else apart.problem))
    return tuple(name for name in able if name in ARC_S and _says(name, "is_ready"))


def _says(method: str, question: str) -> bool:
    """What a backend answers to a question that it need not know; true where it does not."""
    ask = getattr(backend_named(method), question, None)
    return ask is None or bool(ask())
