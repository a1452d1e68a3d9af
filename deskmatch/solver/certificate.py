"""`certify`: how good a solution is, proved from the problem and the prices alone; no solver is trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .bound import bound_terms, safe_prices
from .evaluation import checked, objective_terms, violations
from .hall import joint_capacity
from .knapsack_bound import knapsack_terms
from .network_terms import is_plain, network_terms, terms_of_network
from .problem import Problem
from .solution import Solution, Status

__all__ = ["Certificate", "Proof", "certify"]

Float64 = NDArray[np.float64]

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
    optimal : feasible, gap 0, and nothing that the solution says of itself is false. `ticket_price`, `method` and
        `message` are not looked into: nothing on a network depends on them, and with usage any ticket prices prove a
        bound.
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

    False are also a `claimed_bound` below the recomputed objective, prices or `extra` of a shape that the problem does
    not have, a `violator` beside an answer, and an answer beside INFEASIBLE.

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
    broken, terms, bounds = _recomputed(problem, solution)
    objective = None if broken else math.fsum(terms.tolist())
    bound, gap = _proven(terms, objective, bounds)
    said = broken + _false_objective(solution, terms, objective) + _false_claim(solution, terms, objective)
    if solution.violator is not None:
        said += (f"violator: given beside an answer that is {solution.status}",)
    said += _false_shapes(problem, solution) + _false_time(solution)
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
    if not violations(problem, solution.expert_of, solution.extra):
        wrong += ("said to be infeasible, but the assignment keeps every rule",)
    if solution.objective is not None:
        wrong += (f"said to be infeasible, but the objective {solution.objective!r} is stated",)
    wrong += _false_claim(solution, np.zeros(0), None) + _false_shapes(problem, solution) + _false_time(solution)
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


def _recomputed(problem: Problem, solution: Solution) -> tuple[tuple[str, ...], Float64, list[Float64]]:
    """The rules that the assignment breaks, else the terms of its objective; and those of bounds that prices prove."""
    prices = safe_prices(problem, solution.expert_price, solution.limit_price, solution.row_price)
    if is_plain(problem) and network_terms.is_loaded() and _is_clean(problem, solution):
        found = terms_of_network(problem, solution.expert_of, prices.expert)
        if found is not None:
            return (), found[0], [found[1]]
    broken, arcs = checked(problem, solution.expert_of, solution.extra)
    extra = None if solution.extra is None or broken else np.asarray(solution.extra, dtype=np.float64)
    terms = np.array([] if broken else objective_terms(problem, arcs, extra), dtype=np.float64)
    bounds = [bound_terms(problem, prices)]
    if problem.usage is not None:
        bounds.append(knapsack_terms(problem, prices, solution.ticket_price))
    return broken, terms, bounds


def _is_clean(problem: Problem, solution: Solution) -> bool:
    """Whether `expert_of` is what compiled code takes, and nothing beside it could break a rule."""
    chosen = solution.expert_of
    shape = (problem.n_tickets,)
    return solution.extra is None and type(chosen) is np.ndarray and chosen.dtype == np.int32 and chosen.shape == shape


def _false_violator(problem: Problem, violator: object) -> tuple[str, ...]:
    if violator is None and not problem.is_network:
        return ()
    if violator is None:
        return ("said to be infeasible without a set of tickets that proves it",)
    try:
        tickets = np.asarray(violator)
    except (TypeError, ValueError, OverflowError):
        return ("violator: expected different tickets",)
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


def _proven(terms: Float64, objective: float | None, bounds: list[Float64]) -> tuple[float | None, float | None]:
    """The least bound and the gap, with what is only rounding taken out."""
    finite = [(math.fsum(each.tolist()), _magnitude(each)) for each in bounds if np.isfinite(each).all()]
    bound, magnitude = min(finite, default=(None, 0.0))
    if bound is None or objective is None:
        return bound, None
    gap = bound - objective
    if gap <= TOLERANCE * (magnitude + _magnitude(terms)):
        gap = 0.0
    return max(bound, objective), gap


def _magnitude(terms: Float64) -> float:
    """Σ|terms|, roughly: it scales a tolerance."""
    return float(np.abs(terms).sum())


def _false_objective(solution: Solution, terms: Float64, objective: float | None) -> tuple[str, ...]:
    if objective is None or solution.objective is None:
        return ()
    stated = _number(solution.objective)
    if stated is not None and abs(stated - objective) <= TOLERANCE * _magnitude(terms):
        return ()
    return (f"the stated objective {solution.objective!r} is not the recomputed {objective!r}",)


def _false_claim(solution: Solution, terms: Float64, objective: float | None) -> tuple[str, ...]:
    """A claimed bound that the assignment itself refutes, or that is no number."""
    if solution.claimed_bound is None:
        return ()
    claimed = _number(solution.claimed_bound)
    if claimed is None or math.isnan(claimed):
        return (f"the claimed bound {solution.claimed_bound!r} is no number",)
    if objective is None or objective - claimed <= TOLERANCE * _magnitude(terms):
        return ()
    return (f"the claimed bound {solution.claimed_bound!r} is below the recomputed objective {objective!r}",)


def _false_shapes(problem: Problem, solution: Solution) -> tuple[str, ...]:
    """Prices and extra columns whose shape is not the problem's; `extra` is a rule where the problem has a side."""
    limits = 0 if problem.limits is None else len(problem.limits.bound)
    given = {
        "ticket_price": (solution.ticket_price, problem.n_tickets),
        "expert_price": (solution.expert_price, problem.n_experts),
        "limit_price": (solution.limit_price, limits),
        "row_price": (solution.row_price, 0 if problem.side is None else problem.side.n_rows),
    }
    if problem.side is None or solution.status is Status.INFEASIBLE:
        given["extra"] = (solution.extra, problem.n_extra)
    return tuple(
        f"{name}: expected {count} numbers"
        for name, (values, count) in given.items()
        if values is not None and _shape(values) != (count,)
    )


def _false_time(solution: Solution) -> tuple[str, ...]:
    seconds = _number(solution.elapsed_s)
    return () if seconds is not None and seconds >= 0 else (f"elapsed_s is {solution.elapsed_s!r}, expected seconds",)


def _shape(values: object) -> tuple[int, ...] | None:
    """The shape of numbers, None of anything else."""
    try:
        return np.asarray(values, dtype=np.float64).shape
    except (TypeError, ValueError, OverflowError):
        return None


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
