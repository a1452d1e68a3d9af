"""`optimal_interval`: how far the points may move in one direction before another assignment is better."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError

from .evaluation import arcs_chosen, objective_terms, violations
from .network import refuse_beyond_networks
from .problem import Problem
from .solution import Solution
from .solving import solve

__all__ = ["Direction", "OptimalInterval", "optimal_interval"]

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]

SAME_WITHIN = 1e-12
"""The tolerance of `certify`: totals that differ by at most this share of Σ|terms| are equal but for rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """What one unit of the parameter adds to the points and to the slot costs of a problem.

    Parameters
    ----------
    points : ``(arcs,)``.
    slot_cost : ``(experts, slots)`` of the shape of the problem's, None: nothing.
    """

    points: Float64
    slot_cost: Float64 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OptimalInterval:
    """Where an assignment stays optimal.

    Parameters
    ----------
    least, greatest : ends of the closed interval of the parameter, 0 inside; infinite where it never ends.
    below, above : ``(tickets,)`` an assignment that is better just beyond each end, None where the end is a bound
        that was given, or infinite.
    """

    least: float
    greatest: float
    below: Int32 | None
    above: Int32 | None


def optimal_interval(
    problem: Problem,
    solution: Solution,
    direction: Direction,
    *,
    least: float = -math.inf,
    greatest: float = math.inf,
) -> OptimalInterval:
    """The interval of t in which an assignment is optimal for points + t · direction; exact on every network.

    The best total is convex and piecewise linear in t, and each assignment's total is a straight line under it.
    Newton's method from outside: solve at the far end (at infinity: for the direction alone), go to where that answer's
    line meets the assignment's own, solve again, until the assignment is itself optimal there. Each answer's line is
    flatter than the one before, so that it ends after finitely many steps, usually two or three (T. Radzik, "Newton's
    method for fractional combinatorial optimization", FOCS 1992). Basis ranging would only tell where one basis, one of
    many that describe the assignment, stays optimal: part of the interval, often a single point.

    Parameters
    ----------
    problem : a network.
    solution : an optimal solution of it.
    direction : what grows with t; slot costs must stay convex within the bounds.
    least, greatest : bounds of t, ≤ 0 and ≥ 0; may be infinite.

    Raises
    ------
    ProblemError
        Where the solution is not optimal at t = 0, or arrays have the wrong shape.
    BackendError
        Where the problem is no network.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> found = optimal_interval(problem, solve(problem), Direction(np.array([1.0, 0.0])))
    >>> found.least, found.greatest, found.above
    (-inf, 2.0, array([ 0, -1], dtype=int32))
    """
    refuse_beyond_networks(problem, "a parametric interval")
    line = _Line(problem, _as_direction(problem, direction), solution)
    above, taker = line.end(greatest, sign=1)
    below, other = line.end(-least, sign=-1)
    return OptimalInterval(least=-below, greatest=above, below=other, above=taker)


@dataclass(frozen=True, slots=True, eq=False)
class _Direction:
    """A `Direction` with all its arrays."""

    points: Float64
    slot_cost: Float64


def _as_direction(problem: Problem, direction: Direction) -> _Direction:
    given = direction.slot_cost
    points = np.asarray(direction.points, np.float64)
    slots = np.zeros_like(problem.slot_cost) if given is None else np.asarray(given, np.float64)
    for name, found, wanted in (("points", points, problem.points), ("slot_cost", slots, problem.slot_cost)):
        if found.shape != wanted.shape or not np.isfinite(found).all():
            raise ProblemError(f"direction.{name}: expected {wanted.shape} finite numbers, found shape {found.shape}")
    return _Direction(points, slots)


class _Line:
    """The total of one assignment as the parameter moves, and the search for where it falls below the best."""

    def __init__(self, problem: Problem, direction: _Direction, solution: Solution) -> None:
        broken = violations(problem, solution.expert_of)
        if broken:
            raise ProblemError("the solution breaks a rule: " + "; ".join(broken))
        self.problem, self.direction = problem, direction
        self.arcs = arcs_chosen(problem, solution.expert_of)
        hold = np.where(np.isfinite(problem.hold), 0.0, problem.hold)
        self.rise = replace(problem, points=direction.points, slot_cost=direction.slot_cost, hold=hold)

    def end(self, bound: float, *, sign: int) -> tuple[float, Int32 | None]:
        """The greatest distance from 0, at most `bound`, at which the assignment is optimal; and what is better beyond.

        Parameters
        ----------
        bound : ≥ 0, may be infinite.
        sign : 1: to greater parameters, −1: to lesser ones.
        """
        if not bound >= 0:
            raise ProblemError(f"the interval is to hold 0, where the assignment is optimal; found the bound {bound}")
        at, taker = bound, None
        while True:
            there = self._there(at, sign)
            rival = solve(there)
            arcs = arcs_chosen(self.problem, rival.expert_of)
            if not self._is_beaten(there, arcs):
                return at, taker
            meets = self._meets(arcs, sign)
            if meets is None or meets >= at:  # equal but for rounding
                return at, taker
            at, taker = meets, rival.expert_of

    def _there(self, at: float, sign: int) -> Problem:
        """The problem at a distance from 0; infinitely far away the direction alone counts."""
        up, slots = self.direction.points, self.direction.slot_cost
        if at == math.inf:
            return replace(self.rise, points=sign * up, slot_cost=_convex(sign * slots))
        t = sign * at
        slot_cost = _convex(self.problem.slot_cost + t * slots)
        return replace(self.problem, points=self.problem.points + t * up, slot_cost=slot_cost)

    def _is_beaten(self, problem: Problem, arcs: Int64) -> bool:
        """Whether another assignment has more points in a problem, beyond rounding."""
        return self._difference(problem, arcs) > SAME_WITHIN * self._size(problem, arcs)

    def _meets(self, arcs: Int64, sign: int) -> float | None:
        """The distance at which another assignment's line meets this one's; 0 where they are equal there."""
        steeper = sign * self._difference(self.rise, arcs)
        if steeper <= 0:
            return None
        ahead = -self._difference(self.problem, arcs)
        rounding = SAME_WITHIN * self._size(self.problem, arcs)
        if ahead < -rounding:
            raise ProblemError(
                f"the solution is not optimal: another has {-ahead:.6g} points more; solve the problem exactly first"
            )
        return 0.0 if ahead <= rounding else ahead / steeper

    def _difference(self, problem: Problem, arcs: Int64) -> float:
        """How much more another assignment has."""
        return math.fsum([*objective_terms(problem, arcs), *(-x for x in objective_terms(problem, self.arcs))])

    def _size(self, problem: Problem, arcs: Int64) -> float:
        """Σ|terms| of both."""
        return math.fsum(map(abs, objective_terms(problem, self.arcs) + objective_terms(problem, arcs)))


def _convex(slot_cost: Float64) -> Float64:
    """Slot costs without falls that are rounding only; true ones are refused by `Problem`."""
    highest = np.maximum.accumulate(slot_cost, axis=1)
    return np.where(highest - slot_cost <= SAME_WITHIN * np.abs(highest), highest, slot_cost)
