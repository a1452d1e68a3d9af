"""`alternatives`: the k best plans, and whether the best one is the only one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from deskmatch.errors import ContractError, ProblemError
from deskmatch.formulations.basis import best_solution
from deskmatch.formulations.expected import expect_plan
from deskmatch.solver import Solution, Status, solve
from deskmatch.solver.ranking import ranked

if TYPE_CHECKING:
    import pandas as pd

    from deskmatch.formulations.plan import Plan

__all__ = ["Alternatives", "alternatives"]

NETWORK_TIE = 1e-12
PROGRAM_TIE = 1e-6
"""Two plans are equally good where they differ by no more than this share of the magnitudes added: rounding on a
network, the tolerance of its solvers for an integer program."""
NAMED = 4
"""How many tickets that are treated differently the text names."""


@dataclass(frozen=True, slots=True, eq=False)
class Alternatives:
    """The best plans, all different.

    Parameters
    ----------
    plans : best first; the first one is the plan that was asked about, where that is optimal.
    unique : whether no other plan is as good as the first.
    proven : whether the order is proved (networks) or what the solver claims (integer programs).
    note : which plan this is told of, where that is not the plan that was asked.
    """

    plans: tuple[Plan, ...]
    unique: bool
    proven: bool
    note: str = ""

    @property
    def frame(self) -> pd.DataFrame:
        """``rank, points, loss, moved, differs``: ``differs`` tells each ticket that is treated otherwise."""
        import pandas as pd

        moves = [_moves(self.plans[0], plan) for plan in self.plans]
        points = [plan.objective or 0.0 for plan in self.plans]
        return pd.DataFrame(
            {
                "rank": range(1, len(points) + 1),
                "points": points,
                "loss": [points[0] - total for total in points],
                "moved": [len(some) for some in moves],
                "differs": ["; ".join(some) for some in moves],
            }
        )

    def __str__(self) -> str:
        claim = "" if self.proven else " (as the solver claims)"
        alone = "The best plan is the only one" if self.unique else "Another plan is as good as the best"
        lines = [f"{alone}{claim}.", ""]
        best = self.plans[0].objective or 0.0
        for rank, plan in enumerate(self.plans, 1):
            total, moves = plan.objective or 0.0, _moves(self.plans[0], plan)
            more = f" and {len(moves) - NAMED} more" if len(moves) > NAMED else ""
            told = f"{rank:>3}. {total:.4f} points ({total - best:+.4f})  {'; '.join(moves[:NAMED])}{more}"
            lines.append(told.rstrip())
        return "\n".join([*lines, *([f"({self.note})"] if self.note else [])])


def alternatives(plan: Plan, k: int = 5, *, time_limit_s: float | None = None) -> Alternatives:
    """The k best plans in order, and whether the optimum is unique.

    Two plans are different where a ticket goes elsewhere, or is held in one of them. The gap of each is its loss
    against the best one. See `deskmatch.solver.ranking` for the method.

    Parameters
    ----------
    plan : the plan; where it is not optimal, the problem is solved exactly first and `note` says so.
    k : how many plans, ≥ 1; fewer come where there are no more.
    time_limit_s : seconds for each integer program; networks take no limit.

    Raises
    ------
    ProblemError
        Where no plan keeps every rule, or k < 1.

    Examples
    --------
    >>> import deskmatch
    >>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
    >>> found = alternatives(deskmatch.assign(epoch), 3)
    >>> found.unique, found.frame["loss"].round(4).tolist()
    (True, [0.0, 0.0108, 0.0184])
    """
    expect_plan(plan)
    plan = plan.whole()
    problem = plan.model.problem
    given: object = k
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise ProblemError(f"k: found {k!r}; expected a whole number ≥ 1")
    best, note = _best(plan, time_limit_s)
    found = ranked(problem, best, max(k, 2), time_limit_s=time_limit_s)  # the second tells whether the first is unique
    prices = {name: getattr(best, name) for name in ("expert_price", "limit_price", "row_price")}
    plans = [plan.model.recover(replace(one, **prices)) for one in found]
    if best is plan.solution:
        plans[0] = plan
    return Alternatives(plans=tuple(plans[:k]), unique=_is_unique(plans), proven=problem.is_network, note=note)


def _best(plan: Plan, time_limit_s: float | None) -> tuple[Solution, str]:
    """An optimal solution, for an integer program one that is claimed to be."""
    problem = plan.model.problem
    if problem.is_network:
        return best_solution(plan)
    if plan.solution.status is Status.OPTIMAL and plan.certificate.feasible:
        return plan.solution, ""
    exact = solve(problem, time_limit_s=time_limit_s, hint=plan.solution)
    if exact.objective is None:
        raise ProblemError(f"alternatives: no plan that keeps every rule was found: {exact.message or exact.status}")
    return exact, f"told of the best plan that {exact.method} found, not of this one by {plan.method}"


def _is_unique(plans: list[Plan]) -> bool:
    if len(plans) < 2:
        return True
    first, second = (plan.objective for plan in plans[:2])
    if first is None or second is None:
        raise ContractError("alternatives: a plan of the ranking breaks a rule")
    problem = plans[0].model.problem
    if problem.is_network:
        chosen = [np.abs(plan.assignments["points"]).sum() for plan in plans[:2]]
        return bool(first - second > NETWORK_TIE * sum(chosen))
    return first - second > PROGRAM_TIE * max(1.0, abs(first))


def _moves(first: Plan, other: Plan) -> list[str]:
    """Each ticket that another plan treats differently, in words."""
    before, after = first.expert_of, other.expert_of
    return [
        f"{ticket}: {before.get(ticket, 'held')} → {after.get(ticket, 'held')}"
        for ticket in first.model.epoch.tickets.ids
        if before.get(ticket) != after.get(ticket)
    ]
