"""`with_arcs`: the same problem with some of its arcs only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .problem import Limits, Problem

__all__ = ["with_arcs"]


def with_arcs(problem: Problem, keep: NDArray[np.bool_], *, hold: NDArray[np.float64] | None = None) -> Problem:
    """A network without some of its arcs; tickets, experts and limits keep their rows.

    Parameters
    ----------
    problem : a network (no side rows).
    keep : ``(arcs,)`` the arcs that stay.
    hold : ``(tickets,)`` other holds; None: those of the problem.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> import numpy as np
    >>> with_arcs(problem, np.array([True, False])).points
    array([3.])
    """
    limits = problem.limits
    indptr = np.concatenate([[0], np.cumsum(np.bincount(problem.ticket[keep], minlength=problem.n_tickets))])
    return replace(
        problem,
        indptr=indptr,
        expert=problem.expert[keep],
        points=problem.points[keep],
        hold=problem.hold if hold is None else hold,
        limits=None if limits is None else Limits(limits.of_arc[keep], limits.bound, limits.parent),
        usage=None if problem.usage is None else problem.usage[keep],
    )
