"""`representatives`: k assignments of which none is better in everything than another, spread over the whole front."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError

from .at_least import with_at_least
from .certificate import certify
from .checking import time_limit
from .evaluation import arcs_chosen, objective_terms
from .explicit import cost_columns, hint_for, no_rows, solve_robustly, sum_row, widened
from .problem import Problem
from .side import Side
from .solution import Solution, Status
from .solving import solve
from .zones import Zone, Zones

__all__ = ["Criterion", "Representative", "Representatives", "representatives"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]

LEAST_WEIGHT = 1e-3
"""Share of the other criteria when one of them is maximised: enough to break ties in their favour."""
LEAST_TIME_S, SHORTEST_S = 2.0, 0.1
"""Seconds for an integer program before anything is known, and after."""
RESOLUTION = 1e-4
"""What is nearer to a known point than this share of each criterion's range is not looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """One of several objectives of a problem, to be maximised: Σ points·x − Σ slot costs + Σ extra points·e.

    Parameters
    ----------
    points : ``(arcs,)``.
    slot_cost : ``(experts, slots)`` convex, None: nothing.
    extra_points : ``(extra,)`` of the problem's extra columns, None: nothing.
    """

    points: Float64
    slot_cost: Float64 | None = None
    extra_points: Float64 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Representative:
    """A point of the front.

    Parameters
    ----------
    solution : the assignment, with the objective and prices of the weighted problem that it is the best of.
    values : ``(criteria,)``.
    weights : ``(criteria,)`` > 0, with which it is the best of all; None: no weights make it that (unsupported), or
        none that were tried.
    proven : whether it is proved that no assignment is better in one criterion and as good in all others; else a solver
        claims it, or, of a single point, ran out of time.
    """

    solution: Solution
    values: Float64
    weights: Float64 | None
    proven: bool


@dataclass(frozen=True, slots=True, eq=False)
class Representatives:
    """A representation of the front.

    Parameters
    ----------
    points : none dominates another; by the first criterion, greatest first.
    ranges : ``(criteria,)`` greatest − least value among them.
    gap : for each missing point there is one here that lacks at most this share of the range in any criterion (the
        additive ε of the representation, an upper bound); 0 where nothing is missing but what is nearer than
        `RESOLUTION`.
    proven : whether the gap follows from certificates alone, and not from claims of integer programs too.
    """

    points: tuple[Representative, ...]
    ranges: Float64
    gap: float
    proven: bool


def representatives(
    problem: Problem,
    criteria: Sequence[Criterion],
    k: int,
    *,
    at_least: int = 0,
    unsupported: bool = True,
    method: str = "auto",
    time_limit_s: float | None = None,
) -> Representatives:
    """k non-dominated assignments that leave as small a gap as can be, chosen one after the other.

    First the best assignment of each criterion (the others count a thousandth, so that it is non-dominated). What may
    be missing then lies in *zones*, bounded below by the points that are known (K. Klamroth, R. Lacour,
    D. Vanderpooten, "On the representation of the search region in multi-objective optimization", EJOR 245 (2015)
    767–778) and above by the weighted sums that are proved. The zone with the largest gap is searched next, by the
    weights that leave most room above the known points there (H. P. Benson, "An outer approximation algorithm",
    Journal of Global Optimization 13 (1998) 1–24; for two criteria those for which both neighbours are equally good:
    Y. P. Aneja, K. P. K. Nair, Management Science 25 (1979) 73–78). On a network that stays a network. Only when no
    weights find anything more comes the augmented ε-constraint method (G. Mavrotas, Applied Mathematics and
    Computation 213 (2009) 455–465): maximise the sum of all criteria with each at least at the zone's bound, an
    integer program.

    Parameters
    ----------
    problem : its points, slot costs and finite holds do not count; soft rows are refused (`hardened` them first).
    criteria : two or more.
    k : how many points, ≥ 2; fewer come where there are no more.
    at_least : how many tickets must be assigned.
    unsupported : whether to look for points that no weights find.
    method : solves the weighted sums; of several best assignments of a sum, which one is found depends on it.
    time_limit_s : seconds for all integer programs together; None: each runs to its end.

    Raises
    ------
    ProblemError
        For k < 2, fewer than two criteria, soft rows, wrong shapes, a time limit that is no number, or where no
        assignment keeps every rule.

    Examples
    --------
    >>> problem = Problem.from_arcs(1, 3, [0, 0, 0], [0, 1, 2], 0.0)
    >>> quick, good = Criterion(np.array([3.0, 0.0, 1.4])), Criterion(np.array([0.0, 3.0, 1.4]))
    >>> front = representatives(problem, [quick, good], 5)
    >>> [(point.values.tolist(), point.weights is not None) for point in front.points]
    [([3.0, 0.0], True), ([1.4, 1.4], False), ([0.0, 3.0], True)]
    """
    return _Search(problem, criteria, k, at_least, unsupported, method, time_limit(time_limit_s)).run()


class _Search:
    """The points found so far, and the zones in which others may lie."""

    def __init__(
        self,
        problem: Problem,
        criteria: Sequence[Criterion],
        k: int,
        at_least: int,
        unsupported: bool,
        method: str,
        time_limit_s: float | None,
    ) -> None:
        _check(problem, criteria, k)
        self.own = problem
        self.problem, self.criteria = _with_floor(problem, criteria, at_least)
        self.k, self.unsupported, self.method = k, unsupported, method
        self._ends_s = None if time_limit_s is None else time.perf_counter() + time_limit_s
        self.points: list[Representative] = []
        self.proven = True
        self.zones: Zones
        self._explicit: tuple[Side, list[tuple[Float64, Float64]]] | None = None

    def run(self) -> Representatives:
        p = len(self.criteria)
        alone = [self._best_of(np.eye(p)[i]) for i in range(p)]
        table = np.array([self._values(solution) for solution in alone])
        spread = table.max(axis=0) - table.min(axis=0)
        self.ranges = np.where(spread > 0, spread, np.maximum(np.abs(table).max(axis=0), 1.0))
        self.zones = Zones(self.ranges, RESOLUTION)
        for i in range(p):
            self.zones.cut(np.eye(p)[i], self._bound(np.eye(p)[i], alone[i], float(table[i, i])))
        for i in range(p):
            self._by_weights(np.where(np.arange(p) == i, 1.0, LEAST_WEIGHT) / self.ranges)
        while len(self.points) < self.k:
            over = self._left_s() == 0
            zone = self.zones.widest(unsupported=self.unsupported and not over)
            if zone is None or (over and not self.problem.is_network):
                break
            if zone.weighed:
                self._by_bounds(zone)
                continue
            weights, room = self.zones.weights(zone)
            zone.weighed = self._by_weights(weights) <= room + 1e-9 * max(1.0, abs(room))
        points = sorted(map(self._restored, self.points[: self.k]), key=lambda point: -point.values[0])
        return Representatives(tuple(points), self.ranges, self.zones.gap(), self.proven)

    def _restored(self, point: Representative) -> Representative:
        """The point in the rows of the problem that was given: who waits with the expert beyond it is held."""
        solution = point.solution
        m = self.own.n_experts
        expert_of = np.where(solution.expert_of < m, solution.expert_of, -1)
        price = None if solution.expert_price is None else solution.expert_price[:m]
        return replace(point, solution=replace(solution, expert_of=expert_of, expert_price=price))

    def _left_s(self) -> float | None:
        """Seconds left for integer programs, None: as many as they take."""
        return None if self._ends_s is None else max(0.0, self._ends_s - time.perf_counter())

    def _by_weights(self, weights: Float64) -> float:
        """The best assignment for some weights and its weighted sum; no point's exceeds the bound."""
        solution = self._best_of(weights)
        values = self._values(solution)
        self.zones.cut(weights, self._bound(weights, solution, float(weights @ values)))
        proven = certify(self._weighted(weights), solution).optimal
        if proven or solution.status is Status.OPTIMAL or not self.points:
            self._add(Representative(solution, values, weights, proven=proven))
        return float(weights @ values)

    def _bound(self, weights: Float64, solution: Solution, found: float) -> float:
        """What no weighted sum exceeds: proved by the prices, or claimed by the solver."""
        certificate = certify(self._weighted(weights), solution)
        if certificate.optimal:
            return max(found, certificate.proven_bound or found)
        self.proven = False
        if solution.status is Status.OPTIMAL:
            return found
        bounds = [x for x in (solution.claimed_bound, certificate.proven_bound) if x is not None]
        return max(found, min(bounds)) if bounds else math.inf

    def _by_bounds(self, zone: Zone) -> None:
        """The best sum of all criteria above a zone's bounds; the zone is empty where there is none."""
        self.proven = False
        lower = zone.lower
        side, criteria = self._columns()
        finite = np.isfinite(lower)
        least = lower + RESOLUTION * self.ranges
        rows = [sum_row(*criteria[i], ">=", float(least[i])) for i in np.flatnonzero(finite).tolist()]
        weights = 1.0 / self.ranges
        points = sum((w * x for w, (x, _) in zip(weights, criteria, strict=True)), np.zeros(self.problem.n_arcs))
        extra = sum((w * x for w, (_, x) in zip(weights, criteria, strict=True)), np.zeros(side.n_extra))
        wide = widened(self._bare(points), replace(side, extra_points=extra), *rows)
        known = self._nearest(lower)
        hint = None if known is None else hint_for(wide, known)
        solution = solve_robustly(wide, time_limit_s=self._left_s(), hint=hint)
        if solution.objective is None:
            if solution.status is Status.INFEASIBLE:
                self.zones.close(zone)
            else:
                self.zones.give_up(zone)
            return
        extras = None if self.own.side is None or solution.extra is None else solution.extra[: self.own.n_extra]
        found = replace(solution, extra=extras, row_price=None, claimed_bound=None)
        before = len(self.points)
        if solution.status is Status.OPTIMAL:
            self._add(Representative(found, self._values(found), None, proven=False))
        if len(self.points) == before:  # not proved in time, or nearer than the resolution
            self.zones.give_up(zone)

    def _add(self, point: Representative) -> None:
        slack = 1e-9 * self.ranges
        if any((other.values >= point.values - slack).all() for other in self.points):
            return
        self.points = [other for other in self.points if not (point.values >= other.values - slack).all()]
        self.points.append(point)
        self.zones.add(point.values)

    def _nearest(self, lower: Float64) -> Solution | None:
        away = [np.abs(np.where(np.isfinite(lower), point.values - lower, 0.0)).sum() for point in self.points]
        return self.points[int(np.argmin(away))].solution if away else None

    def _best_of(self, weights: Float64) -> Solution:
        last = self.points[-1].solution if self.points else None
        # networks take no limit, and a method that knows none refuses it; integer programs begin with some seconds
        left_s = None if self.problem.is_network else self._left_s()
        if left_s is not None and not self.points:
            left_s = max(left_s, LEAST_TIME_S)
        elif left_s is not None:
            left_s = max(left_s, SHORTEST_S)
        solution = solve(self._weighted(weights), method=self.method, time_limit_s=left_s, hint=last)
        if solution.objective is not None:
            return solution
        if solution.status is Status.INFEASIBLE or not self.points:
            raise ProblemError(f"no assignment keeps every rule: {solution.message or solution.status}")
        known = max(self.points, key=lambda point: float(weights @ point.values)).solution  # none was found in time
        return Solution(
            expert_of=known.expert_of, objective=None, status=Status.FEASIBLE, method=known.method, extra=known.extra
        )

    def _weighted(self, weights: Float64) -> Problem:
        """The problem whose points are a weighted sum of the criteria."""
        points = sum((w * x.points for w, x in zip(weights, self.criteria, strict=True)), np.zeros(self.problem.n_arcs))
        problem = self._bare(points)
        costs = [w * x.slot_cost for w, x in zip(weights, self.criteria, strict=True) if x.slot_cost is not None]
        if costs:
            width = max(cost.shape[1] for cost in costs)
            total = np.sum([_wide(cost, width) for cost in costs], axis=0)
            problem = replace(problem, slot_cost=_convex(total))
        if self.problem.side is None:
            return problem
        parts = [w * x.extra_points for w, x in zip(weights, self.criteria, strict=True) if x.extra_points is not None]
        extra = sum(parts, np.zeros(self.problem.n_extra))
        return replace(problem, side=replace(self.problem.side, extra_points=extra))

    def _bare(self, points: Float64) -> Problem:
        """The problem with these points, and with neither slot costs nor values of holding."""
        hold = np.where(np.isfinite(self.problem.hold), 0.0, self.problem.hold)
        return replace(self.problem, points=points, hold=hold, slot_cost=np.zeros((self.problem.n_experts, 1)))

    def _columns(self) -> tuple[Side, list[tuple[Float64, Float64]]]:
        """All rows and extra columns, with one for each slot cost of each criterion; each criterion over them."""
        if self._explicit is None:
            sides = [no_rows(self.problem.n_arcs) if self.problem.side is None else self.problem.side]
            own = sides[0].n_extra
            costs = [None if x.slot_cost is None else cost_columns(self.problem, x.slot_cost) for x in self.criteria]
            stacked = Side.stack([*sides, *(cost for cost in costs if cost is not None)])
            criteria, start = [], own
            for x, cost in zip(self.criteria, costs, strict=True):
                extra = np.zeros(stacked.n_extra)
                extra[:own] = 0.0 if x.extra_points is None else x.extra_points
                if cost is not None:
                    extra[start : start + cost.n_extra] = -1.0
                    start += cost.n_extra
                criteria.append((x.points, extra))
            self._explicit = stacked, criteria
        return self._explicit

    def _values(self, solution: Solution) -> Float64:
        """``(criteria,)`` of an assignment, each summed exactly."""
        return np.array([_value(self.problem, criterion, solution) for criterion in self.criteria])


def _value(problem: Problem, criterion: Criterion, solution: Solution) -> float:
    arcs = arcs_chosen(problem, solution.expert_of)
    costs = np.zeros((problem.n_experts, 1)) if criterion.slot_cost is None else criterion.slot_cost
    zero = np.zeros(problem.n_tickets)
    terms = objective_terms(replace(problem, points=criterion.points, slot_cost=costs, hold=zero, side=None), arcs)
    if criterion.extra_points is not None and solution.extra is not None:
        terms += (criterion.extra_points * solution.extra).tolist()
    return math.fsum(terms)


def _wide(cost: Float64, width: int) -> Float64:
    return np.pad(cost, ((0, 0), (0, width - cost.shape[1])), mode="edge")


def _convex(slot_cost: Float64) -> Float64:
    """Without falls that are rounding of the weighted sum."""
    return np.maximum.accumulate(slot_cost, axis=1)


def _check(problem: Problem, criteria: Sequence[Criterion], k: int) -> None:
    given: object = k
    if isinstance(given, bool) or not isinstance(given, int) or given < 2:
        raise ProblemError(f"points: found {k!r}; expected a whole number ≥ 2")
    if len(criteria) < 2:
        raise ProblemError(f"criteria: found {len(criteria)}; expected two or more")
    if problem.side is not None and not problem.side.is_hard.all():
        raise ProblemError("criteria: the problem has soft rows; expected their penalties in a criterion (hardened)")
    for index, criterion in enumerate(criteria):
        if criterion.points.shape != (problem.n_arcs,):
            raise ProblemError(f"criteria[{index}].points: expected shape ({problem.n_arcs},)")


def _with_floor(problem: Problem, criteria: Sequence[Criterion], at_least: int) -> tuple[Problem, list[Criterion]]:
    """The problem in which at least so many tickets are assigned, and the criteria over its arcs and experts."""
    larger, place = with_at_least(problem, at_least)
    more = larger.n_experts - problem.n_experts

    def spread(criterion: Criterion) -> Criterion:
        points = np.zeros(larger.n_arcs)
        points[place] = criterion.points
        costs = None if criterion.slot_cost is None else np.pad(criterion.slot_cost, ((0, more), (0, 0)))
        return Criterion(points, costs, criterion.extra_points)

    return larger, [spread(criterion) for criterion in criteria]
