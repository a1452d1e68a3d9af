"""`LevelFlow`: the lexicographic max–min where an expert's tickets take alike: a minimum-cost flow a question."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.fairness.region import Region
from deskmatch.solver import Solution, Status, evaluate
from deskmatch.solver.at_least import with_at_least
from deskmatch.solver.backends.min_cost_flow import best_flows
from deskmatch.solver.network import FlowNetwork, above_limits, entry_nodes
from deskmatch.solver.reachable_sums import SAME

__all__ = ["LevelFlow"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


class LevelFlow:
    """A network in which the slots of all experts that lead to the same occupancy leave through one edge.

    Tickets flow to experts, each unit of an expert to the level of occupancy that it brings him to, and from the level
    to the sink. What an edge from a level can take says how many experts may be there or have passed it: zero forbids
    the level. The plan with most points under such capacities is a minimum-cost flow, as the matrix is totally
    unimodular, and whether k experts on a level suffice is whether that plan keeps the floor of the points.

    Parameters
    ----------
    region : where the plan must lie; its problem is a network without slot costs, in which all arcs of an expert take
        the same.
    share : ``(experts,)`` what a ticket adds to the occupancy of each expert.
    """

    def __init__(self, region: Region, share: Float64) -> None:
        self.region = region
        problem = region.problem
        self.larger, self.place = with_at_least(problem, region.least_tickets)
        slots = np.minimum(problem.capacity, problem.degree).astype(np.int64)
        expert = np.repeat(np.arange(problem.n_experts), slots)
        number = np.arange(len(expert)) - np.repeat(np.cumsum(slots) - slots, slots)
        after = region.work.before[expert] + (number + 1) * share[expert]
        order = np.argsort(-after, kind="stable")
        self.expert, self.number, after = expert[order], number[order], after[order]
        step = np.append(True, after[:-1] - after[1:] > SAME)
        self.level = np.cumsum(step[: len(after)]) - 1
        self.levels = int(step[: len(after)].sum())
        self.most = np.bincount(self.level, minlength=self.levels)
        self.network = self._network()

    @property
    def is_exact(self) -> bool:
        """Whether all experts on a level have passed the same levels, so that fewer slots are fewer experts on it."""
        of_slot = np.full((self.region.problem.n_experts, int(self.number.max(initial=0)) + 2), -1)
        of_slot[self.expert, self.number + 1] = self.level
        passed = of_slot[self.expert, self.number]
        least, most = np.full(self.levels, self.levels), np.full(self.levels, -1)
        np.minimum.at(least, self.level, passed)
        np.maximum.at(most, self.level, passed)
        return bool((least == most).all())

    def settle(self, start: Solution, ends_s: float | None) -> tuple[Solution, bool]:
        """As few experts as can be on each level, from the highest down; whether there was time for all of them.

        Parameters
        ----------
        start : a plan of the region.
        ends_s : `time.perf_counter` of the end; None: there is none.
        """
        best = start
        for level in range(self.levels):
            high = self._on(best.expert_of, level)
            low = 0
            while low < high:
                if ends_s is not None and time.perf_counter() > ends_s:
                    return best, False
                # none at all, or else one fewer than there are: mostly one of these can be
                trial = 0 if low == 0 and high > 0 and self.most[level] == high else (low + high) // 2
                found = self._best(level, trial)
                if found is None:
                    low = trial + 1
                else:
                    best, high = found, min(trial, self._on(found.expert_of, level))
            self.most[level] = high
        last = self._best(0, int(self.most[0])) if self.levels else None
        return (best if last is None else last), True

    def _on(self, expert_of: NDArray[np.int32], level: int) -> int:
        """How many experts are on a level, or have passed it."""
        count = np.bincount(expert_of[expert_of >= 0], minlength=self.region.problem.n_experts)
        here = self.level == level
        return int((count[self.expert[here]] > self.number[here]).sum())

    def _best(self, level: int, most: int) -> Solution | None:
        """The plan with most points and so many experts on a level at most; None where the region has none."""
        capacity = self.network.capacity.copy()
        allowed = self.most.copy()
        allowed[level] = most
        capacity[len(capacity) - self.levels :] = allowed
        flows = best_flows(replace(self.network, capacity=capacity), self.larger.n_tickets)
        if flows is None:
            return None
        used = self.network.arcs[flows[: len(self.network.arcs)] > 0]
        expert_of = np.full(self.larger.n_tickets, -1, dtype=np.int32)
        expert_of[self.larger.ticket[used]] = self.larger.expert[used]
        expert_of[expert_of >= self.region.problem.n_experts] = -1
        points = evaluate(self.region.problem, expert_of)
        if points < self.region.least_points:
            return None
        return Solution(expert_of=expert_of, objective=points, status=Status.FEASIBLE, method="level_flow")

    def _network(self) -> FlowNetwork:
        """Nodes: experts, limits, the sink, tickets, levels; the last edges are those of the levels."""
        problem = self.larger
        n, m = problem.n_tickets, problem.n_experts
        above = above_limits(problem)
        live = np.flatnonzero(above >= 0)
        sink = m + len(above)
        held = np.flatnonzero(problem.hold > -np.inf)
        ticket = sink + 1 + np.arange(n)
        level = sink + 1 + n + np.arange(self.levels)
        waiting = np.arange(self.region.problem.n_experts, m)  # who stands for it, where tickets must be assigned
        bound = np.zeros(0) if problem.limits is None else problem.limits.bound[live]
        tails = [ticket[problem.ticket], ticket[held], m + live, waiting, self.expert, level]
        heads = [
            entry_nodes(problem),
            np.full(len(held), sink),
            above[live],
            np.full(len(waiting), sink),
            level[self.level],
            np.full(self.levels, sink),
        ]
        ones = np.ones(problem.n_arcs + len(held))
        units = np.concatenate([ones, bound, problem.capacity[waiting], np.ones(len(self.expert)), self.most])
        value = np.concatenate([problem.points, problem.hold[held], np.zeros(sum(map(len, tails[2:])))])
        return FlowNetwork(
            n_nodes=sink + 1 + n + self.levels,
            sink=sink,
            first_ticket=sink + 1,
            arcs=np.arange(problem.n_arcs),
            tail=np.concatenate(tails).astype(np.int64),
            head=np.concatenate(heads).astype(np.int64),
            capacity=units.astype(np.int64),
            value=value,
        )
