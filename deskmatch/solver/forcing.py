"""`ForcedSolves`: what the total loses if a ticket is forced somewhere, where only solving again can tell."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError

from .evaluation import arcs_chosen
from .folding import fold
from .problem import Problem
from .regret import Forced, Move
from .side import Side
from .solution import Solution, Status
from .solving import solve

__all__ = ["ForcedSolves"]

SAME = 1e-9
"""Totals that differ by no more than this share of them, at least 1, are the same."""


class ForcedSolves:
    """Regrets of a problem that is no network: each question is a problem of its own.

    Parameters
    ----------
    problem : the problem.
    solution : the best that is known of it; losses are told against its objective.
    """

    def __init__(self, problem: Problem, solution: Solution) -> None:
        if solution.objective is None:
            raise ProblemError("there is no answer that a loss could be told against")
        self.problem = problem
        self.expert_of = solution.expert_of
        self.objective = solution.objective

    def forced(self, ticket: int, expert: int) -> Forced:
        """The best way to give a ticket to an expert.

        Raises
        ------
        ProblemError
            Where the pair is no arc.
        """
        start, stop = self.problem.indptr[ticket : ticket + 2]
        arc = np.flatnonzero(self.problem.expert[start:stop] == expert)
        if not len(arc):
            raise ProblemError(f"ticket {ticket} has no arc to expert {expert}")
        return self._solved(ticket, np.array([start + arc[0]]), sense=">=", right=1.0)

    def held(self, ticket: int) -> Forced:
        """The best way to hold a ticket."""
        arcs = np.arange(*self.problem.indptr[ticket : ticket + 2])
        if self.problem.hold[ticket] == -np.inf:
            return Forced(math.inf, ())
        return self._solved(ticket, arcs, sense="<=", right=0.0)

    def losses(self, ticket: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The experts of a ticket's arcs, and what forcing it to each loses: one solve an arc."""
        experts = self.problem.expert[slice(*self.problem.indptr[ticket : ticket + 2])]
        return experts, np.array([self.forced(ticket, int(expert)).loss for expert in experts], np.float64)

    def _solved(self, ticket: int, arcs: NDArray[np.integer], *, sense: str, right: float) -> Forced:
        """The problem with one row more, over arcs of one ticket."""
        if not len(arcs):
            return Forced(0.0, ())
        row = np.zeros((1, self.problem.n_arcs))
        row[0, arcs] = 1.0
        extra = Side.from_matrix(row, sense, right)
        side = extra if self.problem.side is None else Side.stack([self.problem.side, extra])
        answer = solve(fold(replace(self.problem, side=side)).problem)
        if answer.objective is None or answer.status is Status.INFEASIBLE:
            return Forced(math.inf, ())
        loss = self.objective - answer.objective
        if abs(loss) <= SAME * max(1.0, abs(self.objective)):
            loss = 0.0
        return Forced(loss, self._moves(ticket, answer.expert_of))

    def _moves(self, ticket: int, after: NDArray[np.int32]) -> tuple[Move, ...]:
        """Who changes places, the forced ticket first."""
        moved = np.flatnonzero(after != self.expert_of)
        order = [*(row for row in moved.tolist() if row == ticket), *(row for row in moved.tolist() if row != ticket)]
        worth = [self._worth(expert_of) for expert_of in (self.expert_of, after)]
        return tuple(
            Move(row, int(self.expert_of[row]), int(after[row]), float(worth[1][row] - worth[0][row])) for row in order
        )

    def _worth(self, expert_of: NDArray[np.int32]) -> NDArray[np.float64]:
        """``(tickets,)`` points of each ticket's arc, or of holding it."""
        arcs = arcs_chosen(self.problem, expert_of)
        return np.where(arcs >= 0, self.problem.points[arcs] if self.problem.n_arcs else 0.0, self.problem.hold)
