"""What an assignment is worth and which rules it breaks, recomputed from the problem alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ProblemError

from .problem import Limits, Problem
from .side_evaluation import side_objective_terms, side_violations

__all__ = ["arcs_chosen", "checked", "evaluate", "limit_usage", "objective_terms", "violations"]

Int64 = NDArray[np.int64]

SHOWN = 5
"""How many offenders a sentence names before it only counts them."""


def evaluate(problem: Problem, expert_of: ArrayLike, extra: ArrayLike | None = None) -> float:
    """Total points of an assignment, correctly rounded (`math.fsum`), so that no order of summation matters.

    Parameters
    ----------
    problem : the problem.
    expert_of : ``(tickets,)`` the expert of each ticket, −1: held.
    extra : ``(extra,)`` values of the extra columns, where the problem has any (`best_extra` finds the best ones).

    Returns
    -------
    float
        Points of the chosen arcs + holds of the held tickets − costs of the used slots + points of the extra columns
        − penalties of the soft rows that are missed.

    Raises
    ------
    ProblemError
        Where the assignment breaks a rule; the message lists what `violations` lists.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0], hold=[0.0, 0.5])
    >>> evaluate(problem, [0, -1])
    3.5
    """
    broken, arcs = checked(problem, expert_of, extra)
    if broken:
        raise ProblemError("; ".join(broken))
    values = None if extra is None else np.asarray(extra, dtype=np.float64)
    return math.fsum(objective_terms(problem, arcs, values))


def violations(problem: Problem, expert_of: ArrayLike, extra: ArrayLike | None = None) -> tuple[str, ...]:
    """Every rule that an assignment breaks, as sentences; empty where it keeps them all. Never raises.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> violations(problem, [0, 0])
    ('expert 0 gets 2 tickets, capacity 1',)
    """
    return checked(problem, expert_of, extra)[0]


def checked(problem: Problem, expert_of: ArrayLike, extra: ArrayLike | None = None) -> tuple[tuple[str, ...], Int64]:
    """What `violations` says, and the arc that each ticket takes (`arcs_chosen`), none where that makes no sense."""
    nothing = np.zeros(0, dtype=np.int64)
    try:
        chosen = np.asarray(expert_of)
    except (TypeError, ValueError, OverflowError):
        return (f"expert_of is no array, expected ({problem.n_tickets},) integers",), nothing
    if chosen.shape != (problem.n_tickets,):
        return (f"expert_of has shape {chosen.shape}, expected ({problem.n_tickets},)",), nothing
    if chosen.dtype.kind not in "iu":
        return (f"expert_of holds {chosen.dtype}, expected integers",), nothing
    arcs = arcs_chosen(problem, chosen)
    return _broken_rules(problem, chosen, arcs, extra), arcs


def _broken_rules(
    problem: Problem, chosen: NDArray[np.integer], arcs: Int64, extra: ArrayLike | None
) -> tuple[str, ...]:
    return (
        *_unknown_experts(problem, chosen),
        *_missing_arcs(chosen, arcs, problem.n_experts),
        *_held_musts(problem, chosen),
        *_over_capacity(problem, chosen, arcs),
        *_over_limits(problem, arcs),
        *(line for bad, sentences in side_violations(problem, arcs, extra) for line in _told(bad, sentences[:SHOWN])),
    )


def arcs_chosen(problem: Problem, expert_of: NDArray[np.integer]) -> Int64:
    """The arc that each ticket takes: ``(tickets,)``, −1 where it is held or has no such arc."""
    if problem.n_arcs == 0:
        return np.full(problem.n_tickets, -1, dtype=np.int64)
    low, last = problem.indptr[:-1].astype(np.int64), problem.indptr[1:].astype(np.int64)
    high = last.copy()
    for _ in range(int((last - low).max()).bit_length()):  # binary search: each ticket's experts are sorted
        middle = (low + high) // 2
        before = (low < high) & (problem.expert[np.minimum(middle, problem.n_arcs - 1)] < expert_of)
        low, high = np.where(before, middle + 1, low), np.where(before, high, middle)
    found = (low < last) & (problem.expert[np.minimum(low, problem.n_arcs - 1)] == expert_of)
    return np.where(found, low, -1)


def objective_terms(problem: Problem, arcs: Int64, extra: NDArray[np.float64] | None = None) -> list[float]:
    """The numbers whose sum is the objective: points, holds, minus the cost of each used slot, and the side's terms.

    Parameters
    ----------
    problem : the problem.
    arcs : ``(tickets,)`` the arc that each ticket takes, −1: held.
    extra : ``(extra,)`` values of the extra columns; None counts as 0.
    """
    used = arcs[arcs >= 0]
    terms: list[float] = problem.points[used].tolist()
    terms += problem.hold[arcs < 0].tolist()
    if problem.slot_cost.any():
        terms += _slot_terms(problem, used)
    if problem.side is not None:
        terms += side_objective_terms(problem, arcs, np.zeros(problem.n_extra) if extra is None else extra)
    return terms


def limit_usage(limits: Limits, arcs: Int64, usage: NDArray[np.integer] | None = None) -> Int64:
    """How many units count against each limit, those of the limits inside it too: ``(limits,)``.

    Parameters
    ----------
    limits : the limits.
    arcs : ``(tickets,)`` the arc that each ticket takes, −1: held.
    usage : ``(arcs,)`` units of each arc, None: one each.
    """
    counted = np.zeros(len(limits.bound), dtype=np.int64)
    taken = arcs[arcs >= 0]
    inside = limits.of_arc[taken]
    units = np.ones(len(taken), dtype=np.int64) if usage is None else usage[taken].astype(np.int64)
    while (under := inside >= 0).any():
        inside, units = inside[under], units[under]
        counted += np.bincount(inside, weights=units, minlength=len(counted)).astype(np.int64)
        inside = limits.parent[inside]
    return counted


def _slot_terms(problem: Problem, used: Int64) -> list[float]:
    """Minus the cost of each used slot; with usage, of each slot column's units together."""
    last = problem.slot_cost.shape[1] - 1
    if problem.usage is None:
        experts = np.sort(problem.expert[used])
        first = np.searchsorted(experts, experts, side="left")
        slot = np.minimum(np.arange(len(experts)) - first, last)
        return _as_list(-problem.slot_cost[experts, slot])
    load = np.bincount(problem.expert[used], weights=problem.usage[used], minlength=problem.n_experts)
    units = np.maximum(load[:, None] - np.arange(last + 1), 0.0)
    units[:, :last] = np.minimum(units[:, :last], 1.0)
    return _as_list(-(units * problem.slot_cost)[units > 0])


def _as_list(values: NDArray[np.float64]) -> list[float]:
    numbers: list[float] = values.tolist()
    return numbers


def _unknown_experts(problem: Problem, chosen: NDArray[np.integer]) -> tuple[str, ...]:
    bad = np.flatnonzero((chosen < -1) | (chosen >= problem.n_experts))
    return _told(bad, [f"ticket {i} has expert {chosen[i]}, which does not exist" for i in bad[:SHOWN]])


def _missing_arcs(chosen: NDArray[np.integer], arcs: Int64, n_experts: int) -> tuple[str, ...]:
    bad = np.flatnonzero((arcs < 0) & (chosen >= 0) & (chosen < n_experts))
    return _told(bad, [f"ticket {i} has no arc to expert {chosen[i]}" for i in bad[:SHOWN]])


def _held_musts(problem: Problem, chosen: NDArray[np.integer]) -> tuple[str, ...]:
    bad = np.flatnonzero((chosen == -1) & (problem.hold == -np.inf))
    return _told(bad, [f"ticket {i} must be assigned and is held" for i in bad[:SHOWN]])


def _over_capacity(problem: Problem, chosen: NDArray[np.integer], arcs: Int64) -> tuple[str, ...]:
    known = chosen[(chosen >= 0) & (chosen < problem.n_experts)].astype(np.int64)
    load = np.bincount(known, minlength=problem.n_experts)
    if problem.usage is not None:
        taken = arcs[arcs >= 0]
        weights = problem.usage[taken]
        load = np.bincount(problem.expert[taken], weights=weights, minlength=problem.n_experts).astype(np.int64)
    bad, what = np.flatnonzero(load > problem.capacity), _counted(problem)
    return _told(bad, [f"expert {j} gets {load[j]} {what}, capacity {problem.capacity[j]}" for j in bad[:SHOWN]])


def _over_limits(problem: Problem, arcs: Int64) -> tuple[str, ...]:
    if problem.limits is None:
        return ()
    counted, bound = limit_usage(problem.limits, arcs, problem.usage), problem.limits.bound
    bad, what = np.flatnonzero(counted > bound), _counted(problem)
    return _told(bad, [f"limit {k} counts {counted[k]} {what}, bound {bound[k]}" for k in bad[:SHOWN]])


def _counted(problem: Problem) -> str:
    return "tickets" if problem.usage is None else "units"


def _told(bad: Int64, sentences: list[str]) -> tuple[str, ...]:
    more = len(bad) - len(sentences)
    return (*sentences, f"… and {more} more of this kind") if more else tuple(sentences)
