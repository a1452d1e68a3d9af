"""`max_min`: the lexicographic max–min of the idle shares, level by level from the most occupied expert down."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.fairness.curve import amounts, measure_of_experts
from deskmatch.formulations.fairness.level_flow import LevelFlow
from deskmatch.formulations.fairness.region import Region
from deskmatch.solver import Problem, Side, Solution, Status, backend_named, solve
from deskmatch.solver.at_least import with_at_least
from deskmatch.solver.explicit import hint_for, solve_robustly, widened
from deskmatch.solver.reachable_sums import SAME

__all__ = ["max_min"]

Float64 = NDArray[np.float64]


def max_min(region: Region, time_limit_s: float | None) -> tuple[Solution, bool]:
    """The assignment of the region whose occupancies, sorted from the greatest, are lexicographically least.

    The occupancies that experts can reach are levels. From the highest one down: can every expert who could still be at
    the level be kept below it? If so, they are, by a cap; on a network with one handling time per expert that is a
    question of capacities, and each answer a network. If a single expert cannot, that is settled. If several could, the
    sum of what exceeds the next level is minimised, an integer program, and stays a condition for all that follow
    (W. Ogryczak, T. Śliwiński, "On direct methods for lexicographic min-max optimization", ICCSA 2006). Where moreover
    experts who meet on a level have passed the same ones, as they do when all start from the same occupancy, every
    question is a minimum-cost flow (`LevelFlow`).

    Returns
    -------
    solution : of those that are equally fair one with most points.
    claimed : whether every level was settled, in time.
    """
    share = measure_of_experts(region.problem, region.work.share) if region.is_plain else None
    flow = LevelFlow(region, share) if share is not None and backend_named("min_cost_flow").is_available() else None
    if flow is not None and flow.is_exact:
        ends_s = None if time_limit_s is None else time.perf_counter() + time_limit_s
        return flow.settle(region.plan.solution, ends_s)
    return _Levels(region, time_limit_s).settle()


class _Levels:
    """The caps of the experts, the conditions of the levels that are settled, and the best assignment so far."""

    def __init__(self, region: Region, time_limit_s: float | None) -> None:
        problem, work = region.problem, region.work
        self.region = region
        self.ends_s = None if time_limit_s is None else time.perf_counter() + time_limit_s
        self.experts = np.flatnonzero(work.group)
        self.arcs_of = {j: np.flatnonzero(problem.expert == j) for j in self.experts.tolist()}
        self.reach = {j: amounts(work.share[arcs], int(problem.capacity[j])) for j, arcs in self.arcs_of.items()}
        self.cap = {j: len(reach) - 1 for j, reach in self.reach.items()}
        self.settled: set[int] = set()
        self.loose: set[int] = set()
        self.conditions: list[Side] = []
        self.best = region.plan.solution
        self.even = region.is_plain and measure_of_experts(region.problem, work.share) is not None

    def settle(self) -> tuple[Solution, bool]:
        for level, below in self._levels():
            if self._left_s() == 0:
                return self.best, False
            here = [j for j in self.arcs_of if j not in self.settled and self._may_reach(j, level)]
            if here and not self._lowered(here) and not self._settled(here, level, below):
                return self.best, False
        return self.best, True

    def _levels(self) -> list[tuple[float, float]]:
        """Every occupancy that new work can bring about, greatest first, each with the next lower one."""
        before = self.region.work.before
        reached = [before[j] + reach for j, reach in self.reach.items()]
        every = np.sort(np.concatenate([*reached, np.zeros(0)]))[::-1]
        every = every[np.append(True, -np.diff(every) > SAME)] if len(every) else every
        return list(zip(every[:-1].tolist(), every[1:].tolist(), strict=True))

    def _may_reach(self, expert: int, level: float) -> bool:
        """Whether the expert's work can be at a level, or above it, by new work."""
        cap = self.cap[expert]
        return cap > 0 and self.region.work.before[expert] + self.reach[expert][cap] >= level - SAME

    def _lowered(self, experts: list[int]) -> bool:
        """Keep all these experts below the amounts that they could just reach, if that can be."""
        if self.loose & set(experts):
            return False
        trial = {j: cap - (j in experts) for j, cap in self.cap.items()}
        found = self.best if self._keeps(self.best, trial) else self._most_points(trial)
        if found is None:
            return False
        self.best, self.cap = found, trial
        return True

    def _keeps(self, solution: Solution, cap: dict[int, int]) -> bool:
        after = self.region.after(solution) - self.region.work.before
        return all(after[j] <= reach[cap[j]] + SAME for j, reach in self.reach.items())

    def _most_points(self, cap: dict[int, int]) -> Solution | None:
        """The assignment under these caps with most points, None where it falls below the floor."""
        region = self.region
        if self.even and not self.conditions:
            capacity = region.problem.capacity.copy()
            capacity[list(cap)] = [min(cap[j], capacity[j]) for j in cap]
            larger, _ = with_at_least(replace(region.problem, capacity=capacity), region.least_tickets)
            found = solve(larger)
            if found.objective is None or found.objective < region.least_points:
                return None
            held = found.expert_of >= region.problem.n_experts
            return replace(found, expert_of=np.where(held, -1, found.expert_of), expert_price=None, limit_price=None)
        found = self._solved(self._program(cap, [], region.points, own=1.0))
        return None if found.objective is None else found

    def _solved(self, program: Problem) -> Solution:
        return solve_robustly(program, time_limit_s=self._left_s(), hint=hint_for(program, self.best))

    def _settled(self, experts: list[int], level: float, below: float) -> bool:
        """As few of these experts at the level as can be, and that a condition; false where the time is over."""
        if len(experts) == 1 and not self.loose:
            self.settled.add(experts[0])
            return True
        excess = self._excess(experts, below)
        program = self._program(self.cap, [excess], np.zeros(self.region.problem.n_arcs), own=0.0)
        found = self._solved(program)
        if found.status is not Status.OPTIMAL:
            if found.objective is not None and self._sorted(found) < self._sorted(self.best):
                self.best = found
            return False
        self.best = found
        after = self.region.after(found)[experts]
        least = float(np.maximum(after - below, 0.0).sum())
        at = int((after >= level - SAME).sum())
        if at == 0 and not self.loose & set(experts):
            self.cap = {j: cap - (j in experts) for j, cap in self.cap.items()}
        elif at == len(experts):
            self.settled |= set(experts)
            self.loose -= set(experts)
        else:
            self.loose |= set(experts)
            room = Side.from_matrix(
                np.zeros((1, self.region.problem.n_arcs)), "<=", least + SAME, over_extra=np.ones((1, len(experts)))
            )
            self.conditions.append(_under(excess, room, self.region.problem))
        return True

    def _sorted(self, solution: Solution) -> list[float]:
        """The occupancies of the group, greatest first: the list that is to be lexicographically least."""
        after = self.region.after(solution)[self.experts]
        return sorted(after.round(9).tolist(), reverse=True)

    def _excess(self, experts: list[int], below: float) -> Side:
        """Columns for what the occupancy of each of these experts exceeds a level by."""
        work = self.region.work
        over = -self.region.shares(np.array(experts))
        start = work.before[experts] - below
        most = [float(self.reach[j][-1] + max(gap, 0.0)) for j, gap in zip(experts, start.tolist(), strict=True)]
        return Side.from_matrix(over, ">=", start, over_extra=np.eye(len(experts)), lower=0.0, upper=np.array(most))

    def _program(self, cap: dict[int, int], aims: list[Side], points: Float64, *, own: float) -> Problem:
        """The region under caps and conditions; maximised are these points, times `own` those of the region's columns,
        and minus the columns of the aims."""
        region, problem = self.region, self.region.problem
        parts = [replace(region.side, extra_points=own * region.side.extra_points), self._caps(cap), *self.conditions]
        goals = [replace(aim, extra_points=np.full(aim.n_extra, -1.0)) for aim in aims]
        stacked = Side.stack([*parts, *goals])
        hold = np.where(np.isfinite(problem.hold), 0.0, problem.hold)
        bare = replace(problem, points=points, hold=hold, slot_cost=np.zeros((problem.n_experts, 1)), side=None)
        return widened(bare, stacked, *region.rows(beside=stacked.n_extra - region.side.n_extra))

    def _caps(self, cap: dict[int, int]) -> Side:
        rows = self.region.shares(np.array(list(cap), np.int64))
        return Side.from_matrix(rows, "<=", np.array([self.reach[j][most] + SAME for j, most in cap.items()]))

    def _left_s(self) -> float | None:
        return None if self.ends_s is None else max(0.0, self.ends_s - time.perf_counter())


def _under(side: Side, row: Side, problem: Problem) -> Side:
    """A side with one more row over its columns."""
    joined = widened(problem, side, row).side
    assert joined is not None
    return joined
