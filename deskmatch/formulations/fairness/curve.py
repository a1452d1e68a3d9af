"""`CostCurve`: a convex cost of each expert's new work, as slot costs where it can be, else as columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver import Problem, Side
from deskmatch.solver.bound import useful_slots
from deskmatch.solver.reachable_sums import SAME, reachable_sums

__all__ = ["CostCurve", "amounts", "measure_of_experts"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST_AMOUNTS = 256
PIECES = 64
"""An expert who can reach more than `MOST_AMOUNTS` different amounts gets a curve of `PIECES` straight pieces."""


@dataclass(frozen=True, slots=True, eq=False)
class CostCurve:
    """Σ over experts of cost_j(Σ measure of the new tickets), convex in the sum.

    Parameters
    ----------
    measure : ``(arcs,)`` > 0, what each arc adds to its expert's amount.
    cost : ``(experts' rows (k,), amounts (k,)) → (k,)`` points, 0 at the amount 0.
    """

    measure: Float64
    cost: Callable[[Int64, Float64], Float64]

    def times(self, weight: float) -> CostCurve:
        """The curve with all costs multiplied."""
        return CostCurve(self.measure, lambda expert, amount: weight * self.cost(expert, amount))

    def slot_cost(self, problem: Problem) -> Float64 | None:
        """``(experts, slots)`` the same cost by number of tickets; None where the tickets of an expert differ.

        With one measure per expert and unit usage the cost of the amount is exactly a convex cost of the number.
        """
        each = measure_of_experts(problem, self.measure)
        if problem.usage is not None or each is None:
            return None
        width = max(int(useful_slots(problem).max(initial=0)), 1)
        expert, slot = np.divmod(np.arange(problem.n_experts * (width + 1)), width + 1)
        cost = self.cost(expert, each[expert] * slot).reshape(problem.n_experts, width + 1)
        return np.maximum.accumulate(np.diff(cost, axis=1), axis=1)  # falls are rounding only

    def columns(self, problem: Problem) -> Side:
        """An extra column, of 0 points, for what each expert's amount costs, and the rows that make it at least that.

        The rows are the chords between the amounts that the expert can reach, so that the cost is exact there.
        """
        from scipy.sparse import csr_array

        experts = np.unique(problem.expert)
        rows, arcs, values = list[Any](), list[Any](), list[Any]()
        owner, rhs, lower, upper = list[int](), list[float](), list[float](), list[float]()
        for place, expert in enumerate(experts.tolist()):
            own = np.flatnonzero(problem.expert == expert)
            reached = amounts(self.measure[own], int(problem.capacity[expert]))
            cost = self.cost(np.full(len(reached), expert), reached)
            lower.append(cost.min())
            upper.append(max(cost.max(), cost.min()))
            for start, slope in zip(range(len(reached)), np.diff(cost) / np.diff(reached), strict=False):
                rows.append(np.full(len(own), len(rhs)))
                arcs.append(own)
                values.append(-slope * self.measure[own])
                rhs.append(cost[start] - slope * reached[start])
                owner.append(place)
        entries: Any = (_joined(values), (_joined(rows), _joined(arcs)))
        over_arcs = csr_array(entries, shape=(len(rhs), problem.n_arcs))
        over_extra = csr_array((np.ones(len(rhs)), (np.arange(len(rhs)), owner)), shape=(len(rhs), len(experts)))
        return Side.from_matrix(over_arcs, ">=", rhs, over_extra=over_extra, lower=lower, upper=upper)

    def added(self, problem: Problem) -> Problem:
        """The problem with the cost taken off its points: a network where it was one and `slot_cost` exists."""
        slots = self.slot_cost(problem)
        if slots is not None and not problem.slot_cost.any():
            return replace(problem, slot_cost=slots)
        columns = self.columns(problem)
        columns = replace(columns, extra_points=np.full(columns.n_extra, -1.0))
        return replace(problem, side=columns if problem.side is None else Side.stack([problem.side, columns]))


def measure_of_experts(problem: Problem, measure: Float64) -> Float64 | None:
    """``(experts,)`` what each arc of an expert measures, 0 without arcs; None where an expert's arcs differ.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 3, [0, 1, 1], [0, 0, 2], [1.0, 1.0, 1.0])
    >>> measure_of_experts(problem, np.array([0.5, 0.5, 0.25])).tolist()
    [0.5, 0.0, 0.25]
    >>> measure_of_experts(problem, np.array([0.5, 0.4, 0.25])) is None
    True
    """
    least, most = np.full(problem.n_experts, np.inf), np.zeros(problem.n_experts)
    np.minimum.at(least, problem.expert, measure)
    np.maximum.at(most, problem.expert, measure)
    return None if (most > least + SAME).any() else most


def amounts(measure: Float64, most: int) -> Float64:
    """All sums of at most so many of these measures, ascending from 0; equal pieces where there are too many.

    Examples
    --------
    >>> amounts(np.array([2.0, 2.0, 3.0]), 2).tolist()
    [0.0, 2.0, 3.0, 4.0, 5.0]
    """
    reached = reachable_sums(measure, most, limit=MOST_AMOUNTS)
    return np.linspace(0.0, float(np.sort(measure)[::-1][:most].sum()), PIECES + 1) if reached is None else reached


def _joined(parts: list[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
