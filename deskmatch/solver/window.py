"""`solve_window`: experts whose loads must all lie in one window that may slide: an integer program by search over it.

Rows of the shape of `Balance`: lowest ≤ start_j + Σ_i w_ij·x_ij ≤ highest for every expert j, highest − lowest ≤ width,
with two extra columns for the lowest and the highest load. The linear relaxation is weak: half a ticket always fits.
Once the window is fixed, though, the rows say how many tickets each expert can take at most and must take at least, and
what is left is nearly a network. So the search is over the lowest load, which in an answer is always one that
some expert can reach: for an interval of it, experts may take what fits below its end plus the width, and must take
what brings them above its beginning. That network bounds all answers of the interval. Its own answer may be one; if
not, the interval is divided where that answer falls out of both halves.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from .evaluation import arcs_chosen, evaluate
from .extra_columns import best_extra
from .problem import Limits, Problem
from .reachable_sums import reachable_sums
from .side import Sense, Side
from .solution import Solution, Status

__all__ = ["Window", "solve_window", "window_of"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

TOLERANCE = 1e-9
"""Loads that lie this near are the same; rows are kept as well as that."""
DECIMALS = 9
MOST_LOADS = 20_000
"""Where more loads could be the lowest, the search is left to others."""
MANY = 10
FEW = 3
"""An interval of so few loads is not divided further: an integer program says what its best answer is."""
FORCE = 8.0
"""A unit that an expert must take is worth so many times the largest points, for each node: more than any path of
exchanges can gain, which changes at most two arcs, a hold and a slot a node. An expert who still lacks one cannot have
it."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What the side rows of a problem say, where they are a window.

    Parameters
    ----------
    weight : ``(arcs,)`` what each arc adds to its expert's load, > 0; 0: the expert is in no row.
    start : ``(experts,)`` loads now; nan: the expert is in no row.
    has_lowest, has_highest : ``(experts,)`` whether the load must lie above the lowest, below the highest.
    width : of the window.
    lowest : least and greatest value of the column of the lowest load.
    floor : what the highest load is at least, whatever is assigned: that of experts without arcs.
    """

    weight: Float64
    start: Float64
    has_lowest: NDArray[np.bool_]
    has_highest: NDArray[np.bool_]
    width: float
    lowest: tuple[float, float]
    floor: float


def window_of(problem: Problem) -> Window | None:
    """The window that the side rows are, None where they are anything else.

    Rows load_j − lowest ≥ 0 and load_j − lowest − width ≤ 0, with bounds of both columns.
    """
    side = problem.side
    if side is None or problem.usage is not None or side.n_extra != 2 or np.isfinite(side.penalty).any():
        return None
    if side.extra_points.any() or not np.isfinite([*side.lower, *side.upper]).all() or not side.n_rows:
        return None
    columns = np.diff(side.extra_indptr)
    is_lowest = side.sense == Sense.AT_LEAST
    wanted = np.where(is_lowest, 1, 2)
    if (columns != wanted).any() or (side.sense == Sense.EQUAL).any() or (side.extra_value != -1.0).any():
        return None
    low = side.extra[side.extra_indptr[:-1][is_lowest]]
    if not len(low) or (low != low[0]).any() or (side.arc_value <= 0).any():
        return None
    return _of_experts(problem, side, is_lowest, int(low[0]))


def _of_experts(problem: Problem, side: Side, is_lowest: NDArray[np.bool_], low: int) -> Window | None:
    """The window, where each row is over all arcs of one expert, and both rows of an expert say the same."""
    weight, start = np.zeros(problem.n_arcs), np.full(problem.n_experts, np.nan)
    has, floor = np.zeros((2, problem.n_experts), bool), -np.inf
    for row, lowest in enumerate(is_lowest.tolist()):
        entries = slice(side.arc_indptr[row], side.arc_indptr[row + 1])
        arcs, values, now = side.arc[entries], side.arc_value[entries], -float(side.rhs[row])
        if not len(arcs):
            if lowest:
                return None
            floor = max(floor, now)
            continue
        expert = int(problem.expert[arcs[0]])
        alike = (problem.expert[arcs] == expert).all() and len(arcs) == problem.degree[expert]
        if not alike or has[int(lowest), expert]:
            return None
        if has[:, expert].any() and (start[expert] != now or (weight[arcs] != values).any()):
            return None
        weight[arcs], start[expert], has[int(lowest), expert] = values, now, True
    bounds = float(side.lower[low]), float(side.upper[low])
    return Window(weight, start, has[1], has[0], float(side.upper[1 - low]), bounds, floor)


def solve_window(problem: Problem, *, time_limit_s: float | None = None) -> Solution | None:
    """The best answer of a problem whose side rows are a window; None where they are not, or the search finds none.

    Parameters
    ----------
    problem : any problem.
    time_limit_s : None: to the end.

    Returns
    -------
    An answer with its values of the extra columns: OPTIMAL as this method claims, or FEASIBLE where the time is over;
    the bound of the search is its `claimed_bound`. It has no prices.
    """
    started = time.perf_counter()
    window = window_of(problem)
    loads = None if window is None else _lowest_loads(problem, window)
    if window is None or loads is None or not len(loads):
        return None
    return _Search(problem, window, loads, started, time_limit_s).answer()


@dataclass(frozen=True, slots=True, eq=False)
class _Interval:
    """Lowest loads from the number `first` to the number `last`, and what bounds their answers.

    Parameters
    ----------
    network : what is left of the problem.
    kept : ``(arcs of the network,)`` the arcs of the problem that these are.
    expert_of : the optimum of the network.
    bound : its points.
    """

    first: int
    last: int
    network: Problem
    kept: Int64
    expert_of: NDArray[np.int32]
    bound: float


class _Search:
    """Intervals of lowest loads, the one with the greatest bound first; and the best answer so far."""

    def __init__(
        self, problem: Problem, window: Window, loads: Float64, started: float, time_limit_s: float | None
    ) -> None:
        self.problem = problem
        self.window = window
        self.loads = loads
        self.bare = replace(problem, side=None)
        self.started = started
        self.ends_s = np.inf if time_limit_s is None else self.started + time_limit_s
        self.best: Solution | None = None
        self.is_complete = True
        self._open: list[tuple[float, int, _Interval]] = []
        self._number = count()

    def answer(self) -> Solution | None:
        """The best answer, once no interval can hold a better one, or the time is over."""
        self._add(0, len(self.loads) - 1)
        bound = -np.inf
        while self._open:
            bound = -self._open[0][0]
            if not self._may_hold_better(bound) or time.perf_counter() > self.ends_s:
                break
            self._look_at(heapq.heappop(self._open)[2])
        left = bool(self._open) and self._may_hold_better(bound)
        if self.best is None or self.best.objective is None:
            return None
        return replace(
            self.best,
            status=Status.OPTIMAL if self.is_complete and not left else Status.FEASIBLE,
            method="window",
            claimed_bound=max(self.best.objective, bound) if left and self.is_complete else self.best.claimed_bound,
            elapsed_s=time.perf_counter() - self.started,
        )

    def _add(self, first: int, last: int) -> None:
        """Bound the answers of an interval by its network, and keep it if one of them may be better."""
        from .solving import solve

        narrowed = _narrowed(self.bare, self.window, self.loads[first], self.loads[last])
        if narrowed is None:
            return
        forced, kept, need = narrowed
        found = solve(forced)
        if found.objective is None:
            return
        taken = np.bincount(found.expert_of[found.expert_of >= 0], minlength=len(need))
        network = replace(forced, slot_cost=self.problem.slot_cost)
        points = evaluate(network, found.expert_of)
        # an expert who takes less than he must says that no answer exists, as long as nothing outweighs a forced unit
        if (taken < need).any():
            return
        if self._may_hold_better(points):
            interval = _Interval(first, last, network, kept, found.expert_of, points)
            heapq.heappush(self._open, (-points, next(self._number), interval))

    def _may_hold_better(self, bound: float) -> bool:
        known = None if self.best is None else self.best.objective
        return known is None or bound > known + TOLERANCE * max(1.0, abs(known))

    def _look_at(self, interval: _Interval) -> None:
        """Take the network's answer if it lies in a window; else solve the interval or divide it."""
        lowest, highest = _ends(self.problem, self.window, interval.expert_of)
        if highest - lowest <= self.window.width + TOLERANCE:
            self._take(interval.expert_of)
        elif interval.last - interval.first < FEW:
            self._solve_whole(interval)
        else:
            for first, last in self._parts(interval, lowest, highest):
                self._add(first, last)

    def _parts(self, interval: _Interval, lowest: float, highest: float) -> Iterator[tuple[int, int]]:
        """Two parts, if possible such that the window of neither holds the loads of the interval's answer."""
        below = int(np.searchsorted(self.loads, lowest + TOLERANCE, side="right")) - 1
        above = int(np.searchsorted(self.loads, highest - self.window.width - TOLERANCE))
        middle = (max(interval.first, below) + min(interval.last, above)) // 2
        middle = min(max(middle, interval.first), interval.last - 1)
        yield interval.first, middle
        yield middle + 1, interval.last

    def _solve_whole(self, interval: _Interval) -> None:
        """The best answer of an interval by an integer program, unless its linear relaxation is beaten already."""
        from .backends.in_turn import solve_in_turn
        from .backends.relaxation import relax
        from .matrix import matrix_form

        lower, upper = float(self.loads[interval.first]), float(self.loads[interval.last])
        problem = replace(interval.network, side=_side(self.problem, interval.kept, lower, upper))
        left = None if np.isinf(self.ends_s) else max(0.0, self.ends_s - time.perf_counter())
        if self.best is not None:
            relaxed = relax(matrix_form(problem), time_limit_s=left).bound
            if relaxed.status is Status.INFEASIBLE:
                return
            if relaxed.claimed_bound is not None and not self._may_hold_better(relaxed.claimed_bound):
                return
        found = solve_in_turn(problem, time_limit_s=left, is_part=True)
        if found.objective is not None:
            self._take(found.expert_of)
        self.is_complete = self.is_complete and found.status in (Status.OPTIMAL, Status.INFEASIBLE)

    def _take(self, expert_of: NDArray[np.int32]) -> None:
        extra = best_extra(self.problem, arcs_chosen(self.problem, expert_of))
        if extra is None:  # the window is exceeded by rounding
            self.is_complete = False
            return
        points = evaluate(self.problem, expert_of, extra)
        if self._may_hold_better(points):
            self.best = Solution(
                expert_of=expert_of,
                extra=extra,
                objective=points,
                status=Status.FEASIBLE,
                method="window",
                claimed_bound=points,
            )


def _lowest_loads(problem: Problem, window: Window) -> Float64 | None:
    """Every load that can be the lowest of an answer, ascending: of some expert, or the column's greatest value.

    None where there are more than `MOST_LOADS`.
    """
    least = window.lowest[0]
    greatest = window.lowest[1]
    held_down = np.append(window.start[window.has_highest], window.floor)
    least = max(least, float(held_down.max(initial=-np.inf)) - window.width)
    every = [np.array([greatest])]
    for expert in np.flatnonzero(window.has_lowest).tolist():
        weights = window.weight[problem.expert == expert]
        sums = reachable_sums(weights, int(problem.capacity[expert]), limit=MOST_LOADS)
        if sums is None:
            return None
        reached = window.start[expert] + sums
        greatest = min(greatest, float(reached[-1]))
        every.append(reached[reached >= least - TOLERANCE])
        if sum(map(len, every)) > MANY * MOST_LOADS:  # hardly so few different ones
            return None
    loads = np.unique(np.concatenate(every).round(DECIMALS))
    loads = loads[(loads >= least - TOLERANCE) & (loads <= greatest + TOLERANCE)]
    return loads if len(loads) <= MOST_LOADS else None


def _narrowed(bare: Problem, window: Window, lowest: float, last: float) -> tuple[Problem, Int64, Int64] | None:
    """The network of an interval, the arcs that it keeps, and what each expert must take; None: nobody can.

    Every answer whose lowest load lies between `lowest` and `last` is one of this network. An expert takes only
    tickets that fit below the highest load, no more of each weight and in all than do, and, drawn by slot costs far
    below the points, as many as bring the load above the lowest.
    """
    room = np.where(window.has_highest, last + window.width - window.start, np.inf)
    if (room < -TOLERANCE).any() or last + window.width < window.floor - TOLERANCE:
        return None
    kept = np.flatnonzero(window.weight <= room[bare.expert] + TOLERANCE)
    expert, weight = bare.expert[kept], window.weight[kept]
    lightest, heaviest = np.full(bare.n_experts, np.inf), np.zeros(bare.n_experts)
    np.minimum.at(lightest, expert, np.where(weight > 0, weight, np.inf))
    np.maximum.at(heaviest, expert, weight)
    bound = np.isfinite(room) & np.isfinite(lightest)
    capacity = bare.capacity.astype(np.int64)
    capacity[bound] = np.minimum(capacity[bound], np.floor((room[bound] + TOLERANCE) / lightest[bound]))
    missing = np.where(window.has_lowest, lowest - window.start - TOLERANCE, 0.0)
    need = np.zeros(bare.n_experts, dtype=np.int64)
    short = np.flatnonzero(missing > 0)
    if (heaviest[short] == 0).any():
        return None
    need[short] = np.ceil(missing[short] / heaviest[short])
    if (need > capacity).any():
        return None
    limits = _limits(bare, kept, weight, room, capacity)
    network = replace(
        bare,
        indptr=np.searchsorted(kept, bare.indptr).astype(np.int32),
        expert=expert,
        points=bare.points[kept],
        capacity=capacity.astype(np.int32),
        limits=limits,
        slot_cost=_forced(bare, need),
    )
    return network, kept, need


def _forced(bare: Problem, need: Int64) -> Float64:
    """Slot costs that draw as many tickets to each expert as he must take."""
    most = int(need.max(initial=0))
    if not most:
        return bare.slot_cost
    cost = np.pad(bare.slot_cost, ((0, 0), (0, most)), mode="edge")
    largest = max(
        1.0,
        float(np.abs(bare.points).max(initial=0.0)),
        float(np.abs(bare.hold[np.isfinite(bare.hold)]).max(initial=0.0)),
        float(np.abs(bare.slot_cost).max(initial=0.0)),
    )
    worth = FORCE * largest * (min(bare.n_tickets, bare.n_experts) + 1)
    return cost - worth * (np.arange(cost.shape[1]) < need[:, None])


def _limits(bare: Problem, kept: Int64, weight: Float64, room: Float64, capacity: Int64) -> Limits | None:
    """The limits on the arcs that are kept, and one around those of each expert and weight where it can bind.

    None of the latter where a limit of the problem holds arcs of several weights.
    """
    expert = bare.expert[kept]
    of_arc = np.full(len(kept), -1) if bare.limits is None else bare.limits.of_arc[kept].astype(np.int64)
    bound = np.zeros(0, np.int64) if bare.limits is None else bare.limits.bound.astype(np.int64)
    parent = np.zeros(0, np.int64) if bare.limits is None else bare.limits.parent.astype(np.int64)
    sizes, size = np.unique(weight.round(DECIMALS), return_inverse=True)
    group = expert.astype(np.int64) * len(sizes) + size
    inner = of_arc >= 0
    group_of_limit = np.full(len(bound), -1)
    group_of_limit[of_arc[inner]] = group[inner]
    if (group_of_limit[of_arc[inner]] != group[inner]).any() or (parent >= 0).any():
        return None if bare.limits is None else _as_limits(of_arc, bound, parent)
    groups, number, arcs = np.unique(group, return_inverse=True, return_counts=True)
    owner, own = groups // max(1, len(sizes)), sizes[groups % max(1, len(sizes))] if len(sizes) else np.zeros(0)
    with np.errstate(all="ignore"):
        fits = np.where((own > 0) & np.isfinite(room[owner]), np.floor((room[owner] + TOLERANCE) / own), np.inf)
    binds = fits < np.minimum(arcs, capacity[owner])
    if not binds.any():
        return None if bare.limits is None else _as_limits(of_arc, bound, parent)
    place = np.where(binds, len(bound) + np.cumsum(binds) - 1, -1)
    around = np.full(len(parent), -1)
    has = group_of_limit >= 0
    around[has] = place[np.searchsorted(groups, group_of_limit[has])]
    return _as_limits(
        np.where(inner, of_arc, place[number]),
        np.concatenate([bound, fits[binds].astype(np.int64)]),
        np.concatenate([around, np.full(int(binds.sum()), -1)]),
    )


def _as_limits(of_arc: Int64, bound: Int64, parent: Int64) -> Limits:
    return Limits(of_arc=of_arc.astype(np.int32), bound=bound.astype(np.int32), parent=parent.astype(np.int32))


def _ends(problem: Problem, window: Window, expert_of: NDArray[np.int32]) -> tuple[float, float]:
    """The lowest and the highest load of an answer, as the columns must take them."""
    arcs = arcs_chosen(problem, expert_of)
    arcs = arcs[arcs >= 0]
    load = window.start + np.bincount(problem.expert[arcs], window.weight[arcs], problem.n_experts)
    lowest = float(load[window.has_lowest].min(initial=window.lowest[1]))
    highest = float(load[window.has_highest].max(initial=window.floor))
    return lowest, highest


def _side(problem: Problem, kept: Int64, lower: float, upper: float) -> Side:
    """The problem's rows over the arcs that are kept, for lowest loads of an interval."""
    side = problem.side
    assert side is not None  # a window has rows
    place = np.full(problem.n_arcs, -1)
    place[kept] = np.arange(len(kept))
    inner = place[side.arc] >= 0
    row = np.repeat(np.arange(side.n_rows), np.diff(side.arc_indptr))[inner]
    low = int(side.extra[side.extra_indptr[:-1][side.sense == Sense.AT_LEAST][0]])
    lows, ups = side.lower.copy(), side.upper.copy()
    lows[low], ups[low] = max(lows[low], lower), min(ups[low], upper)
    return replace(
        side,
        arc_indptr=np.append(0, np.cumsum(np.bincount(row, minlength=side.n_rows))),
        arc=place[side.arc[inner]],
        arc_value=side.arc_value[inner],
        lower=np.minimum(lows, ups),
        upper=ups,
    )
