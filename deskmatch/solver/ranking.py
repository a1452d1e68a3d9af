"""`ranked`: the k best assignments of a problem, in order, all different."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError

from .bound import row_max
from .evaluation import arcs_chosen, evaluate
from .problem import Problem
from .regret import Forced, Regrets
from .residual_graph import ResidualGraph
from .side import Side
from .solution import Solution, Status
from .solving import solve
from .subproblem import with_arcs

__all__ = ["ranked"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]

PLACES_AT_ONCE = 128
"""Rows of a table of shortest paths that are in memory at one time."""


def ranked(problem: Problem, solution: Solution, k: int, *, time_limit_s: float | None = None) -> tuple[Solution, ...]:
    """The k best assignments, best first; fewer where there are no more.

    Two assignments are different where some ticket is treated differently. On a network (K. G. Murty, "An algorithm
    for ranking all the assignments in order of increasing cost", Operations Research 16 (1968) 682–687): the
    assignments other than the best fall into disjoint parts, part s of those that treat the first s − 1 tickets as the
    best one does and ticket s differently; the best of a part is the best one with the shortest circuit through ticket
    s in the residual network in which the tickets before it are fixed. A part's circuits are only searched when a
    lower bound, the shortest circuit with nothing fixed, does not rule them out. Any other problem is solved k times,
    each time with one more row that forbids the assignment before (then the order is what the solver claims).

    Parameters
    ----------
    problem : the problem.
    solution : an optimal solution of it; it comes first.
    k : how many, ≥ 1.
    time_limit_s : seconds for each integer program; networks take no limit.

    Returns
    -------
    Up to k solutions with falling objectives. Beside the first they are FEASIBLE: a better one exists, or an equal one.

    Raises
    ------
    ProblemError
        Where k < 1, or the solution breaks a rule or is not optimal (networks).

    Examples
    --------
    >>> problem = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])
    >>> [(one.expert_of.tolist(), one.objective) for one in ranked(problem, solve(problem), 3)]
    [([1, 0], 4.5), ([0, -1], 3.0), ([-1, 0], 2.5)]
    """
    given: object = k
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise ProblemError(f"k: found {k!r}; expected a whole number ≥ 1")
    if not problem.is_network:
        return tuple(_by_cuts(problem, solution, k, time_limit_s))
    return tuple(_by_parts(problem, solution, k))


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A set of assignments, those of `problem`, with its best one; all treat the tickets that are not free alike."""

    problem: Problem
    free: NDArray[np.bool_]
    expert_of: Int32
    graph: ResidualGraph


@dataclass(frozen=True, slots=True, eq=False)
class _Branch:
    """Those of a part that treat one ticket differently, and the tickets before it in `order` alike."""

    part: _Part
    order: Int32
    place: int

    @property
    def ticket(self) -> int:
        return int(self.order[self.place])


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The best assignment of a branch."""

    branch: _Branch
    expert_of: Int32


def _by_parts(problem: Problem, solution: Solution, k: int) -> Iterator[Solution]:
    serial = count()
    queue: list[tuple[float, int, _Branch | _Found]] = []  # minus the total, or a bound of it

    def split(part: _Part, total: float) -> None:
        order, losses = _least_losses(part)
        for place, loss in enumerate(losses.tolist()):
            if loss < math.inf:
                heapq.heappush(queue, (loss - total, next(serial), _Branch(part, order, place)))

    whole = np.ones(problem.n_tickets, bool)
    total = evaluate(problem, solution.expert_of)
    yield replace(solution, objective=total)
    if k > 1:
        split(_Part(problem, whole, solution.expert_of, ResidualGraph.of(problem, solution)), total)
    left = k - 1
    while queue and left:
        _, _, item = heapq.heappop(queue)
        if isinstance(item, _Branch):
            found = _best_of(item)
            if found is not None:
                heapq.heappush(queue, (-evaluate(problem, found.expert_of), next(serial), found))
            continue
        left -= 1
        total = evaluate(problem, item.expert_of)
        yield Solution(expert_of=item.expert_of, objective=total, status=Status.FEASIBLE, method="ranking")
        if left:
            split(_entered(item), total)


def _least_losses(part: _Part) -> tuple[Int32, Float64]:
    """The free tickets, and what treating each differently loses at least; greatest loss first.

    Those that lose most come first: they are fixed in the branches of the others.
    """
    graph, problem = part.graph, part.problem
    slack = graph.slack.copy()
    slack[graph.arcs[graph.arcs >= 0]] = np.inf
    tickets = np.flatnonzero(part.free)
    places, of_place = np.unique(graph.place[tickets], return_inverse=True)
    losses = np.full(problem.n_tickets, np.inf)
    for start in range(0, len(places), PLACES_AT_ONCE):
        lengths = graph.reduced_towards(places[start : start + PLACES_AT_ONCE])
        for row, towards in enumerate(lengths):
            other = row_max(problem.indptr, -(slack + towards[graph.entry]), np.full(problem.n_tickets, -np.inf))
            hold = graph.hold_slack + towards[graph.sink]
            here = tickets[of_place == start + row]
            losses[here] = np.minimum(-other, hold)[here]
    order = tickets[np.argsort(-losses[tickets], kind="stable")]
    return order.astype(np.int32), losses[order]


def _best_of(branch: _Branch) -> _Found | None:
    """The best assignment of a branch, by one search in the residual network in which the tickets before are fixed."""
    part, ticket = branch.part, branch.ticket
    problem = _fixed(part, branch.order[: branch.place])
    regrets = Regrets(ResidualGraph(problem, arcs_chosen(problem, part.expert_of), part.graph.value))
    now = int(part.expert_of[ticket])
    experts, losses = regrets.losses(ticket)
    others = np.flatnonzero(experts != now)
    best = Forced(math.inf, ())
    if len(others):
        best = regrets.forced(ticket, int(experts[others[np.argmin(losses[others])]]))
    if now >= 0:
        held = regrets.held(ticket)
        best = held if held.loss < best.loss else best
    return None if best.loss == math.inf else _Found(branch, best.apply(part.expert_of))


def _entered(found: _Found) -> _Part:
    """The branch of an assignment as a part of its own, in which it is the best."""
    branch = found.branch
    part, ticket, before = branch.part, branch.ticket, branch.order[: branch.place]
    problem = _fixed(part, before)
    now = part.expert_of[ticket]
    hold = problem.hold.copy()
    if now < 0:
        hold[ticket] = -np.inf
    problem = with_arcs(problem, (problem.ticket != ticket) | (problem.expert != now), hold=hold)
    free = part.free.copy()
    free[before] = False
    known = Solution(expert_of=found.expert_of, objective=None, status=Status.FEASIBLE, method="ranking")
    return _Part(problem, free, found.expert_of, ResidualGraph.of(problem, known))


def _fixed(part: _Part, tickets: Int32) -> Problem:
    """The part's problem in which these tickets have no other choice."""
    problem = part.problem
    fixed = np.zeros(problem.n_tickets, bool)
    fixed[tickets] = True
    chosen = problem.expert == part.expert_of[problem.ticket]
    hold = np.where(fixed & (part.expert_of >= 0), -np.inf, problem.hold)
    return with_arcs(problem, ~fixed[problem.ticket] | chosen, hold=hold)


def _by_cuts(problem: Problem, solution: Solution, k: int, time_limit_s: float | None) -> Iterator[Solution]:
    """Solve, forbid what was found with a row, solve again."""
    cuts: list[Side] = [] if problem.side is None else [problem.side]
    known = solution
    yield known
    for _ in range(k - 1):
        cuts.append(_cut(problem, known.expert_of))
        known = solve(replace(problem, side=Side.stack(cuts)), time_limit_s=time_limit_s, hint=known)
        if known.objective is None:
            return
        yield replace(known, status=Status.FEASIBLE, claimed_bound=None, row_price=None)


def _cut(problem: Problem, expert_of: Int32) -> Side:
    """Σ of the chosen arcs − Σ of all arcs of the held tickets ≤ (chosen arcs) − 1: no longer this assignment."""
    chosen = problem.expert == expert_of[problem.ticket]
    row = np.where(chosen, 1.0, np.where(expert_of[problem.ticket] < 0, -1.0, 0.0))
    return Side.from_matrix(row[None, :], "<=", float((expert_of >= 0).sum() - 1))
