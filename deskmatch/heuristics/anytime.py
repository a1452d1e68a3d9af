"""`solve_within`: an answer before a deadline, exact where the exact solve is sure to fit."""

from __future__ import annotations

import sys

from deskmatch.heuristics.greedy_matching import greedy
from deskmatch.solver import Problem, Solution, solve

__all__ = ["solve_within"]

STARTUP_S = 0.6
"""Seconds that the first exact solve of a process may spend on importing OR-Tools and scipy."""
BASE_S = 0.01
ARC_S = 4e-6
"""Seconds per arc that the exact solve is given: about five times what 10⁴ to 10⁶ arcs took on one core of a 2-core
machine, since that machine may be busy."""


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
    if method == "greedy" or (left_s is not None and left_s < estimate_s(problem)):
        return greedy(problem)
    return solve(problem, method=method)


def estimate_s(problem: Problem) -> float:
    """Seconds that an exact solve of this problem may take, on the safe side."""
    loaded = "ortools.graph.python.min_cost_flow" in sys.modules
    return BASE_S + ARC_S * (problem.n_arcs + problem.n_tickets + problem.n_experts) + (0.0 if loaded else STARTUP_S)
