"""What an assignment is worth and which rules it breaks, recomputed from the problem alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.errors import ProblemError

from .problem import Limits, Problem

__all__ = ["arcs_chosen", "evaluate", "limit_usage", "objective_terms", "violations"]

Int64 = NDArray[np.int64]

SHOWN = 5
"""How many offenders a sentence names before it only counts them."""


def evaluate(problem: Problem, expert_of: ArrayLike) -> float:
    """Total points of an assignment, correctly rounded (`math.fsum`), so that no order of summation matters.

    Parameters
    ----------
    problem : the problem.
    expert_of : ``(tickets,)`` the expert of each ticket, −1: held.

    Returns
    -------
    float
        Points of the chosen arcs + holds of the held tickets − costs of the used slots.

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
    broken = violations(problem, expert_of)
    if broken:
        raise ProblemError("; ".join(broken))
    return math.fsum(objective_terms(problem, arcs_chosen(problem, np.asarray(expert_of))))


def violations(problem: Problem, expert_of: ArrayLike) -> tuple[str, ...]:
    """Every rule that an assignment breaks, as sentences; empty where it keeps them all. Never raises.

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
    >>> violations(problem, [0, 0])
    ('expert 0 gets 2 tickets, capacity 1',)
    """
    chosen = np.asarray(expert_of)
    if chosen.shape != (problem.n_tickets,):
        return (f"expert_of has shape {chosen.shape}, expected ({problem.n_tickets},)",)
    if chosen.dtype.kind not in "iu":
        return (f"expert_of holds {chosen.dtype}, expected integers",)
    arcs = arcs_chosen(problem, chosen)
    return (
        *_unknown_experts(problem, chosen),
        *_missing_arcs(chosen, arcs, problem.n_experts),
        *_held_musts(problem, chosen),
        *_over_capacity(problem, chosen),
        *_over_limits(problem, arcs),
    )


def arcs_chosen(problem: Problem, expert_of: NDArray[np.integer]) -> Int64:
    """The arc that each ticket takes: ``(tickets,)``, −1 where it is held or has no such arc."""
    taken = np.flatnonzero(problem.expert == expert_of[problem.ticket])
    arcs = np.full(problem.n_tickets, -1, dtype=np.int64)
    arcs[problem.ticket[taken]] = taken
    return arcs


def objective_terms(problem: Problem, arcs: Int64) -> list[float]:
    """The numbers whose sum is the objective: points, holds, and minus the cost of each used slot.

    Parameters
    ----------
    problem : the problem.
    arcs : ``(tickets,)`` the arc that each ticket takes, −1: held.
    """
    used = arcs[arcs >= 0]
    terms: list[float] = problem.points[used].tolist()
    terms += problem.hold[arcs < 0].tolist()
    if problem.slot_cost.any():
        experts = np.sort(problem.expert[used])
        first = np.searchsorted(experts, experts, side="left")
        slot = np.minimum(np.arange(len(experts)) - first, problem.slot_cost.shape[1] - 1)
        terms += (-problem.slot_cost[experts, slot]).tolist()
    return terms


def limit_usage(limits: Limits, arcs: Int64) -> Int64:
    """How many tickets count against each limit, the tickets of the limits inside it too: ``(limits,)``."""
    usage = np.zeros(len(limits.bound), dtype=np.int64)
    inside = limits.of_arc[arcs[arcs >= 0]]
    inside = inside[inside >= 0]
    while len(inside):
        usage += np.bincount(inside, minlength=len(usage))
        inside = limits.parent[inside]
        inside = inside[inside >= 0]
    return usage


def _unknown_experts(problem: Problem, chosen: NDArray[np.integer]) -> tuple[str, ...]:
    bad = np.flatnonzero((chosen < -1) | (chosen >= problem.n_experts))
    return _told(bad, [f"ticket {i} has expert {chosen[i]}, which does not exist" for i in bad[:SHOWN]])


def _missing_arcs(chosen: NDArray[np.integer], arcs: Int64, n_experts: int) -> tuple[str, ...]:
    bad = np.flatnonzero((arcs < 0) & (chosen >= 0) & (chosen < n_experts))
    return _told(bad, [f"ticket {i} has no arc to expert {chosen[i]}" for i in bad[:SHOWN]])


def _held_musts(problem: Problem, chosen: NDArray[np.integer]) -> tuple[str, ...]:
    bad = np.flatnonzero((chosen == -1) & (problem.hold == -np.inf))
    return _told(bad, [f"ticket {i} must be assigned and is held" for i in bad[:SHOWN]])


def _over_capacity(problem: Problem, chosen: NDArray[np.integer]) -> tuple[str, ...]:
    known = chosen[(chosen >= 0) & (chosen < problem.n_experts)].astype(np.int64)
    load = np.bincount(known, minlength=problem.n_experts)
    bad = np.flatnonzero(load > problem.capacity)
    return _told(bad, [f"expert {j} gets {load[j]} tickets, capacity {problem.capacity[j]}" for j in bad[:SHOWN]])


def _over_limits(problem: Problem, arcs: Int64) -> tuple[str, ...]:
    if problem.limits is None:
        return ()
    usage, bound = limit_usage(problem.limits, arcs), problem.limits.bound
    bad = np.flatnonzero(usage > bound)
    return _told(bad, [f"limit {k} counts {usage[k]} tickets, bound {bound[k]}" for k in bad[:SHOWN]])


def _told(bad: Int64, sentences: list[str]) -> tuple[str, ...]:
    more = len(bad) - len(sentences)
    return (*sentences, f"… and {more} more of this kind") if more else tuple(sentences)
