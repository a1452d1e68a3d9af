"""`Basis`: the optimal assignment that answers about a plan are told against."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from deskmatch.errors import ProblemError, UnknownIdError
from deskmatch.solver import Solution, Status, solve
from deskmatch.solver.forcing import ForcedSolves
from deskmatch.solver.price_intervals import PriceIntervals, expert_intervals, ticket_intervals
from deskmatch.solver.regret import Regrets
from deskmatch.solver.residual_graph import ResidualGraph

if TYPE_CHECKING:
    from deskmatch.epochs import Epoch
    from deskmatch.formulations.plan import Plan

__all__ = ["Basis", "best_solution", "expert_row", "ticket_row"]

SOLVED_AGAIN = "an integer program: solved again, and told as its solver claims"
SAME_TOTAL = 1e-12
"""Two totals that differ by no more than this share of them are the same but for rounding."""


class Basis:
    """The best plan of a model, ready to be asked; made once per plan.

    Losses are told against the best total. For a plan that is proven optimal, or turns out to be, that is the plan
    itself. Any other, such as a greedy one, is solved exactly first: the answers are about the best plan then, and
    `note` says so.

    Parameters
    ----------
    plan : the plan.

    Raises
    ------
    ProblemError
        Where no plan keeps every rule.
    """

    def __init__(self, plan: Plan) -> None:
        plan = plan.whole()
        self.model = plan.model
        solution, self.note = best_solution(plan)
        self.expert_of = solution.expert_of
        self._graph: ResidualGraph | None = None
        self.regrets: Regrets | ForcedSolves
        if self.is_network:
            self._graph = ResidualGraph.of(plan.model.problem, solution)
            self.regrets = Regrets(self._graph)
        else:
            self.regrets = ForcedSolves(plan.model.problem, solution)
            self.note = "; ".join(filter(None, [self.note, SOLVED_AGAIN]))

    @property
    def is_network(self) -> bool:
        """Whether the problem is a network, of which everything can be told without solving again."""
        return self.model.problem.is_network

    @property
    def graph(self) -> ResidualGraph:
        """The residual network.

        Raises
        ------
        ProblemError
            Where the problem is no network.
        """
        if self._graph is None:
            raise ProblemError(
                f"{self.model.problem} is an integer program, of which prices of slots and tickets are not known;"
                " plan.constraint_prices, plan.why_not and plan.what_if solve again"
            )
        return self._graph

    @property
    def expert_prices(self) -> PriceIntervals:
        """Price intervals of the experts' slots."""
        return expert_intervals(self.graph)

    @property
    def ticket_prices(self) -> PriceIntervals:
        """Price intervals of the tickets."""
        return ticket_intervals(self.graph)


def ticket_row(epoch: Epoch, ticket_id: str) -> int:
    """The row of a ticket.

    Raises
    ------
    UnknownIdError
        Names the nearest ids, or says what was wrong with the ticket's row in the table.
    """
    if ticket_id in epoch.tickets.ids:
        return epoch.tickets.ids.index(ticket_id)
    bad = dict(epoch.intake.held)
    if ticket_id in bad:
        raise UnknownIdError(f"ticket {ticket_id!r} was held for its bad row: {bad[ticket_id]}")
    raise UnknownIdError(_unknown("ticket", ticket_id, epoch.tickets.ids))


def expert_row(epoch: Epoch, expert_id: str) -> int:
    """The row of an expert; raises like `ticket_row`."""
    row = epoch.desk.index_of(expert_id)
    if row >= 0:
        return row
    bad = dict(epoch.intake.left_out)
    if expert_id in bad:
        raise UnknownIdError(f"expert {expert_id!r} was left out for a bad row: {bad[expert_id]}")
    raise UnknownIdError(_unknown("expert", expert_id, epoch.desk.expert_ids))


def _unknown(what: str, name: str, known: tuple[str, ...]) -> str:
    near = [repr(other) for other in get_close_matches(str(name), known, n=3)]
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; the plan has {len(known)} {what}s"
    return f"no {what} {name!r} in this plan{hint}"


def best_solution(plan: Plan) -> tuple[Solution, str]:
    """An optimal solution, the plan's own where it is one, and how it differs from the plan."""
    if plan.certificate.optimal:
        return plan.solution, ""
    if plan.objective is None:
        raise ProblemError(f"the plan is {plan.status}, so there is no total that a loss could be told against")
    exact = solve(plan.model.problem)
    if exact.objective is None or exact.status is Status.INFEASIBLE:  # pragma: no cover - the plan is feasible
        raise ProblemError(f"no exact solution: {exact.message}")
    short = exact.objective - plan.objective
    if short <= SAME_TOTAL * (abs(exact.objective) + abs(plan.objective)):
        return replace(exact, expert_of=plan.solution.expert_of), ""
    moved = int(np.sum(exact.expert_of != plan.solution.expert_of))
    note = f"told of the best plan, which has {short:.4g} points more than this one by {plan.method}"
    return exact, f"{note} and treats {moved} tickets differently"
