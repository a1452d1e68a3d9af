"""`Region`: the assignments that lose few points and assign no fewer tickets, over which a fair plan is chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError
from deskmatch.formulations.fairness.work import Work
from deskmatch.solver import Problem, Side, Solution
from deskmatch.solver.evaluation import arcs_chosen
from deskmatch.solver.explicit import cost_columns, hardened, no_rows, sum_row

if TYPE_CHECKING:
    from deskmatch.formulations.plan import Plan

__all__ = ["Region"]

Float64 = NDArray[np.float64]

KEPT_WITHIN = 1e-9
"""The floor of the points gives way by this share of the optimum, so that the optimum itself lies above it at δ = 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """points ≥ optimum − δ·|optimum| and at least as many tickets assigned as in the optimum.

    Parameters
    ----------
    plan : the optimum.
    work : over the arcs of its problem.
    least_points : the floor.
    least_tickets : how many tickets must be assigned.
    side : all rows of the problem, hard, and extra columns for missed soft rows and for slot costs; the points of the
        columns are those that they take off the objective.
    """

    plan: Plan
    work: Work
    least_points: float
    least_tickets: int
    side: Side

    @classmethod
    def of(cls, plan: Plan, work: Work, delta: float) -> Region:
        """The region of a plan that is optimal, or claimed to be."""
        problem = plan.model.problem
        if plan.objective is None:
            raise ProblemError(f"the plan is {plan.status}: there is no total of which a share could be kept")
        own = no_rows(problem.n_arcs) if problem.side is None else hardened(problem.side, problem.n_arcs)
        costs = cost_columns(problem, problem.slot_cost)
        costs = replace(costs, extra_points=np.full(costs.n_extra, -1.0))
        return cls(
            plan=plan,
            work=work,
            least_points=plan.objective - (delta + KEPT_WITHIN) * abs(plan.objective),
            least_tickets=int((plan.solution.expert_of >= 0).sum()),
            side=Side.stack([own, costs]) if costs.n_extra else own,
        )

    @property
    def problem(self) -> Problem:
        """The problem of the plan."""
        return self.plan.model.problem

    @property
    def is_plain(self) -> bool:
        """Whether all but the floor of the points is a network without slot costs."""
        return self.problem.is_network and not self.problem.slot_cost.any()

    @property
    def points(self) -> Float64:
        """``(arcs,)`` what each arc adds to the points against holding its ticket."""
        hold = np.where(np.isfinite(self.problem.hold), self.problem.hold, 0.0)
        return self.problem.points - hold[self.problem.ticket]

    def rows(self, beside: int = 0) -> tuple[Side, Side]:
        """The rows of the floors, over all arcs and the extra columns of `side` and `beside` further ones."""
        hold = self.problem.hold[np.isfinite(self.problem.hold)].sum()
        extra = np.concatenate([self.side.extra_points, np.zeros(beside)])
        ones, none = np.ones(self.problem.n_arcs), np.zeros(len(extra))
        return (
            sum_row(self.points, extra, ">=", self.least_points - float(hold)),
            sum_row(ones, none, ">=", float(self.least_tickets)),
        )

    def shares(self, experts: NDArray[np.integer]) -> Any:
        """``(k, arcs)`` sparse: what each arc adds to the occupancy of each of these experts."""
        from scipy.sparse import csr_array

        row = np.full(self.problem.n_experts, -1)
        row[experts] = np.arange(len(experts))
        own = np.flatnonzero(row[self.problem.expert] >= 0)
        place = row[self.problem.expert[own]]
        return csr_array((self.work.share[own], (place, own)), shape=(len(experts), self.problem.n_arcs))

    def after(self, solution: Solution) -> Float64:
        """``(experts,)`` occupancy after an assignment."""
        return self.work.after(self.problem.expert, arcs_chosen(self.problem, solution.expert_of))
