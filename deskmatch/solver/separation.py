"""`separate`: limits that never meet in their expert's capacity become columns of their own, and are limits no more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .problem import Problem, limit_owner
from .solution import Solution

__all__ = ["Separation", "separate"]


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """A problem without limits that has the same optima, and the way back.

    Parameters
    ----------
    original : the problem with limits.
    problem : the same tickets; the columns are the experts, for their arcs under no limit, and then the limits.
    expert_of_column : ``(experts + limits,)`` whose arcs a column has.
    """

    original: Problem
    problem: Problem
    expert_of_column: NDArray[np.int32]

    def restore(self, solution: Solution) -> Solution:
        """The solution of the original problem, with prices that prove as much."""
        experts = self.original.n_experts
        expert_of = solution.expert_of.copy()
        assigned = expert_of >= 0
        expert_of[assigned] = self.expert_of_column[expert_of[assigned]]
        if solution.expert_price is None:
            return replace(solution, expert_of=expert_of)
        limited = np.zeros(experts, bool)
        limited[self.expert_of_column[experts:]] = True
        unit = self.original.slot_cost[:, 0]
        # the total never binds where there are limits, so that a unit there is worth what it costs
        expert_price = np.where(limited, unit, solution.expert_price[:experts])
        limit_price = np.maximum(solution.expert_price[experts:] - unit[self.expert_of_column[experts:]], 0.0)
        # neither does a limit above the number of its arcs, though as a column it is full when all of them are used
        if self.original.limits is not None:
            limit_price[self.original.limits.bound > self.problem.capacity[experts:]] = 0.0
        return replace(solution, expert_of=expert_of, expert_price=expert_price, limit_price=limit_price)


def separate(problem: Problem) -> Separation | None:
    """The same problem without limits, None where an expert's limits meet in the capacity, or where it is no network.

    It can be done where no limit lies inside another, all units of an expert with limits cost the same, and the
    expert's capacity is no less than what the limits, and the arcs under none, can use together.

    Examples
    --------
    >>> from deskmatch.solver import Limits
    >>> chats_and_posts = Limits.from_sets(4, [([0, 1], 1), ([2, 3], 1)])
    >>> problem = Problem.from_arcs(4, 1, [0, 1, 2, 3], 0 * np.arange(4), 1.0, capacity=2, limits=chats_and_posts)
    >>> separate(problem).problem
    Problem(4 tickets, 3 experts, 4 arcs)
    """
    limits = problem.limits
    if limits is None or not problem.is_network or not problem.n_experts or (limits.parent >= 0).any():
        return None
    owner = limit_owner(limits, problem.expert)
    used = owner >= 0
    owner = np.where(used, owner, 0)
    experts = problem.n_experts
    column = np.where(limits.of_arc >= 0, experts + limits.of_arc, problem.expert)
    arcs = np.bincount(column, minlength=experts + len(owner))
    room = np.where(used, np.minimum(limits.bound, arcs[experts:]), 0)
    limited = np.zeros(experts, bool)
    limited[owner[used]] = True
    total = arcs[:experts] + np.bincount(owner, room, minlength=experts)
    even = problem.slot_cost[:, 0] == problem.slot_cost[:, -1]
    if (limited & ((total > problem.capacity) | ~even)).any():
        return None
    owners = np.concatenate((np.arange(experts), owner)).astype(np.int32)
    free = np.where(limited, arcs[:experts], problem.capacity)
    apart = Problem.from_arcs(
        problem.n_tickets,
        len(owners),
        problem.ticket,
        column,
        problem.points,
        capacity=np.concatenate((free, room)),
        hold=problem.hold,
        slot_cost=problem.slot_cost[owners],
    )
    return Separation(original=problem, problem=apart, expert_of_column=owners)
