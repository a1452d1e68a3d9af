"""`certify`: how good a solution is, proved from the problem and the prices alone; no solver is trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .bound import bound_terms, safe_prices
from .evaluation import arcs_chosen, objective_terms, violations
from .hall import joint_capacity
from .knapsack_bound import knapsack_terms
from .problem import Problem
from .solution import Solution, Status

__all__ = ["Certificate", "Proof", "certify"]

TOLERANCE = 1e-12
"""A gap of at most this share of Σ|terms| is rounding: sums are exact, but each price carries the roundings
of the path that it comes from, and each reduced value p − v one more."""


class Proof(StrEnum):
    """What proves the bound of a `Certificate`."""

    PRICES = "prices"
    """Weak duality: the prices prove it for every assignment that keeps the rules."""
    NONE = "none"
    """There is no bound."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is proved of a solution.

    Parameters
    ----------
    feasible : the assignment keeps every rule of the problem.
    objective : its total points, recomputed; None where it is not feasible.
    proven_bound : no assignment has more points than this; None where nothing is proved.
    gap : ``proven_bound − objective`` in points, 0.0 where only rounding is left; None where either is
        missing.
    proof : what proves the bound.
    optimal : feasible, gap 0, and nothing that the solution says of itself is false.
    violations : every rule that the assignment breaks and every false statement of the solution.
    infeasible_proven : the solution's set of tickets proves, by counting, that no assignment keeps every
        rule.
    """

    feasible: bool
    objective: float | None
    proven_bound: float | None
    gap: float | None
    proof: Proof
    optimal: bool
    violations: tuple[str, ...] = ()
    infeasible_proven: bool = False


def certify(problem: Problem, solution: Solution) -> Certificate:
    """Prove what can be proved of a solution. Never raises on a solution that was tampered with.

    The objective is recomputed from `expert_of` and `extra`. The bound follows from `expert_price`, `limit_price` and
    `row_price` (`deskmatch.solver.bound`): any prices prove a bound, bad ones a weak one. Missing prices count as the
    first slot's cost of each expert and 0 for each limit and side row, so that the bound is what each ticket could get
    if it were alone; nan, infinite prices and prices of the wrong sign count the same. The sums are exact
    (`math.fsum`); for integers below 2⁵³/n the whole proof of a network is.

    With usage, `ticket_price` proves a second bound (`deskmatch.solver.knapsack_bound`), and the better one counts.
    Problems with usage, side rows or extra columns need not close the gap: what prices prove of them is the bound of a
    relaxation, and a solver's claim to have searched everything stays a claim (`Solution.claimed_bound`).

    An answer "infeasible" is proved by counting: its `violator` are tickets that must be assigned, more than
    their experts can take together, limits included (Hall 1935).

    Examples
    --------
    >>> from deskmatch.solver import solve
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0], hold=[0.0, 0.5])
    >>> certificate = certify(problem, solve(problem))
    >>> certificate.optimal, certificate.objective, certificate.gap
    (True, 5.0, 0.0)
    """
    if solution.status is Status.INFEASIBLE:
        return _certify_infeasible(problem, solution)
    broken = violations(problem, solution.expert_of, solution.extra)
    terms = [] if broken else objective_terms(problem, arcs_chosen(problem, solution.expert_of), solution.extra)
    objective = None if broken else math.fsum(terms)
    bound, gap = _proven(problem, solution, terms, objective)
    said = broken + _false_objective(solution, terms, objective)
    return Certificate(
        feasible=not broken,
        objective=objective,
        proven_bound=bound,
        gap=gap,
        proof=Proof.NONE if bound is None else Proof.PRICES,
        optimal=not said and gap == 0.0,
        violations=said,
    )


def _certify_infeasible(problem: Problem, solution: Solution) -> Certificate:
    wrong = _false_violator(problem, solution.violator)
    proven = not wrong and solution.violator is not None
    return Certificate(
        feasible=False,
        objective=None,
        proven_bound=None,
        gap=None,
        proof=Proof.NONE,
        optimal=False,
        violations=wrong,
        infeasible_proven=proven,
    )


def _false_violator(problem: Problem, violator: object) -> tuple[str, ...]:
    if violator is None and not problem.is_network:
        return ()
    if violator is None:
        return ("said to be infeasible without a set of tickets that proves it",)
    tickets = np.asarray(violator)
    if tickets.ndim != 1 or tickets.dtype.kind not in "iu" or len(np.unique(tickets)) != len(tickets):
        return ("violator: expected different tickets",)
    if ((tickets < 0) | (tickets >= problem.n_tickets)).any():
        return (f"violator: expected tickets from 0 to {problem.n_tickets - 1}",)
    if (problem.hold[tickets] != -np.inf).any():
        return ("violator: names tickets that may be held",)
    room = joint_capacity(problem, tickets)
    if room >= len(tickets):
        return (f"violator: {len(tickets)} tickets, and their experts have room for {room}",)
    return ()


def _proven(
    problem: Problem, solution: Solution, terms: list[float], objective: float | None
) -> tuple[float | None, float | None]:
    """The bound and the gap, with what is only rounding taken out."""
    parts = _best_terms(problem, solution)
    if parts is None:
        return None, None
    bound = math.fsum(parts)
    if objective is None:
        return bound, None
    gap = bound - objective
    if gap <= TOLERANCE * math.fsum(map(abs, [*parts, *terms])):
        gap = 0.0
    return max(bound, objective), gap


def _best_terms(problem: Problem, solution: Solution) -> list[float] | None:
    """The terms of the least bound that the prices prove, None where they prove none."""
    prices = safe_prices(problem, solution.expert_price, solution.limit_price, solution.row_price)
    forms = [bound_terms(problem, prices)]
    if problem.usage is not None:
        forms.append(knapsack_terms(problem, prices, solution.ticket_price))
    finite = [form.tolist() for form in forms if np.isfinite(form).all()]
    return min(finite, key=math.fsum, default=None)


def _false_objective(solution: Solution, terms: list[float], objective: float | None) -> tuple[str, ...]:
    if objective is None or solution.objective is None:
        return ()
    if abs(solution.objective - objective) <= TOLERANCE * math.fsum(map(abs, terms)):
        return ()
    return (f"the stated objective {solution.objective!r} is not the recomputed {objective!r}",)
