"""The two Lagrangian relaxations: side rows priced out of a network, and tickets priced out of knapsacks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.backends.protocol import needs
from deskmatch.solver.backends.registry import backends_for
from deskmatch.solver.bound import Prices, bound_terms, limit_sums, safe_prices, ticket_values, usable_arcs
from deskmatch.solver.bound import useful_slots as room_of
from deskmatch.solver.evaluation import arcs_chosen, limit_usage
from deskmatch.solver.problem import Problem
from deskmatch.solver.separation import separate
from deskmatch.solver.side_prices import arc_prices, clean_row_prices, side_terms
from deskmatch.solver.solution import Solution, Status
from deskmatch.solver.solving import solve

from .clock import Clock
from .knapsack_entry import pack_all
from .lane import Lane
from .price_descent import row_excess

__all__ = ["Knapsacks", "PricedRows", "Relaxation"]

SURELY = 8.0
"""Where so many times the longest solve so far fits, a network is solved in the calling thread."""
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Found = Callable[[Int64, Float64], None]
"""Is told the arcs of each relaxed answer and the points that arcs have at its prices."""


class Relaxation(Protocol):
    """A bound as a function of prices."""

    denial: Solution | None
    """What proves that nothing keeps every rule, once that is known."""

    def start(self) -> Float64:
        """Prices to begin with."""

    def project(self, point: Float64) -> Float64:
        """The nearest prices that weak duality allows."""

    def evaluate(self, point: Float64) -> tuple[float, Float64] | None:
        """The bound at some prices and a subgradient; None where there was no time."""

    def prices(self, point: Float64) -> tuple[Prices, Float64 | None]:
        """The prices of a point as a solution has them; and those of the tickets, None where they follow."""


class PricedRows:
    """Side rows priced out; the rest is a network, whose optimum the exact kernel finds.

    L(μ) = μ·b + max over assignments of Σ (p − Aᵀμ)x − costs + holds, plus what the extra columns can give. As networks
    have the integrality property, its minimum is the bound of the linear relaxation (Geoffrion 1974).

    Parameters
    ----------
    problem : with side rows, without usage.
    clock : when to stop.
    found : see `Found`.
    lane : where a network is solved that might take too long; None: in this thread.
    """

    def __init__(self, problem: Problem, clock: Clock, found: Found, lane: Lane | None) -> None:
        self.problem, self.clock, self.found, self.lane = problem, clock, found, lane
        self.denial: Solution | None = None
        self._lowest: tuple[float, Float64, Solution] | None = None
        self._longest_s = np.inf
        self._bare = replace(problem, side=None)
        apart = separate(self._bare)
        able = backends_for(needs(self._bare if apart is None else apart.problem))
        self._method = "kernel" if "kernel" in able else "auto"

    def start(self) -> Float64:
        """All rows free of charge."""
        return np.zeros(0 if self.problem.side is None else self.problem.side.n_rows)

    def project(self, point: Float64) -> Float64:
        """Signs that suit the rows, and no more than their penalties."""
        return point if self.problem.side is None else clean_row_prices(self.problem.side, point)

    def evaluate(self, point: Float64) -> tuple[float, Float64] | None:
        """By the network at these prices."""
        side = self.problem.side
        score = self.problem.points - arc_prices(self.problem, point)
        network = self._solved(replace(self._bare, points=score))
        if network is None or side is None:
            return None
        if network.status is Status.INFEASIBLE:
            self.denial = network
            return None
        arcs = arcs_chosen(self.problem, network.expert_of)
        self.found(arcs, score)
        value = float(bound_terms(self.problem, self._with_rows(network, point)).sum())
        # the lowest bound's network is kept: its prices are wanted when there may be no time to solve it again
        if self._lowest is None or value < self._lowest[0]:
            self._lowest = (value, point, network)
        return value, -row_excess(self.problem, side, arcs, point)

    def prices(self, point: Float64) -> tuple[Prices, Float64 | None]:
        """The network's prices beside those of the rows."""
        if self._lowest is not None and self._lowest[1] is point:
            return self._with_rows(self._lowest[2], point), None
        solved = self._solved(replace(self._bare, points=self.problem.points - arc_prices(self.problem, point)))
        if solved is None:
            return safe_prices(self.problem, None, None, point), None
        return self._with_rows(solved, point), None

    def _with_rows(self, network: Solution, point: Float64) -> Prices:
        return safe_prices(self.problem, network.expert_price, network.limit_price, point)

    def _solved(self, network: Problem) -> Solution | None:
        """The network's optimum, None where it does not come in time.

        In this thread where the longest solve so far fits many times: a thread of its own waits for a processor.
        """
        if self.clock.is_over:
            return None
        if self.lane is None or SURELY * self._longest_s <= self.clock.left_s:
            started = time.perf_counter()
            answer = solve(network, method=self._method)
            self._longest_s = max(self._longest_s, time.perf_counter() - started)
            return answer
        job = self.lane.start(partial(solve, network, method=self._method))
        if job is None:
            return None
        if job.wait(self.clock.left_s):
            self._longest_s = job.cpu_s if np.isinf(self._longest_s) else max(self._longest_s, job.cpu_s)
            return job.result()
        self.lane.abandon(job)
        return None


class Knapsacks:
    """Tickets priced, and limits and side rows with them; every expert packs a knapsack.

    L(u, λ, μ) = Σ_i max(h_i, u_i) + Σ_j max over sets S of j's arcs within its capacity of Σ_{i∈S}(p_ij − u_i − prices)
    − slot costs + λ·bounds + μ·b + what the extra columns can give (Ross & Soland 1975; Fisher, Jaikumar & Van
    Wassenhove 1986; Martello & Toth 1990, §7.2). Knapsacks lack the integrality property, so that its minimum is no
    worse than the bound of the linear relaxation, and often better.

    Parameters
    ----------
    problem : any problem.
    clock : when to stop.
    found : see `Found`; told of each ticket's best arc of those that are packed.
    begin : prices to begin with; u is what they leave each ticket.
    """

    def __init__(self, problem: Problem, clock: Clock, found: Found, begin: Prices) -> None:
        self.problem, self.clock, self.found, self.begin = problem, clock, found, begin
        self.denial: Solution | None = None
        self._usable = usable_arcs(problem)
        self._usage = np.ones(problem.n_arcs, dtype=np.int32) if problem.usage is None else problem.usage
        self._arcs = np.argsort(problem.expert, kind="stable").astype(np.int64)
        self._start = np.searchsorted(problem.expert[self._arcs], np.arange(problem.n_experts + 1)).astype(np.int64)
        self._room = room_of(problem).astype(np.int64)
        self._floor = np.where(np.isfinite(problem.hold), problem.hold, -np.inf)
        limits = 0 if problem.limits is None else len(problem.limits.bound)
        self._ends = np.cumsum([problem.n_tickets, limits])

    def start(self) -> Float64:
        """What the prices to begin with leave each ticket; and these."""
        u = ticket_values(self.problem, self.begin)
        lowest = float(self.problem.points.min(initial=0.0))
        return np.concatenate([np.where(np.isfinite(u), u, lowest), self.begin.limit, self.begin.row])

    def project(self, point: Float64) -> Float64:
        """No ticket below its hold, no limit below 0, rows as they may be."""
        u, limit, row = np.split(point, self._ends)
        side = self.problem.side
        row = row if side is None else clean_row_prices(side, row)
        return np.concatenate([np.maximum(u, self._floor), np.maximum(limit, 0.0), row])

    def evaluate(self, point: Float64) -> tuple[float, Float64] | None:
        """By packing all knapsacks."""
        problem, (u, limit, row) = self.problem, np.split(point, self._ends)
        around = np.zeros(problem.n_arcs)
        if problem.limits is not None and len(limit):
            inner = problem.limits.of_arc
            around = np.where(inner >= 0, limit_sums(problem.limits, limit)[inner], 0.0) * self._usage
        score = problem.points - around - arc_prices(problem, row)
        gain = np.where(self._usable, score - u[problem.ticket], -np.inf)
        taken, best = np.empty(problem.n_arcs, dtype=np.uint8), np.empty(problem.n_experts)
        with self.clock.flag() as stop:
            if not pack_all(
                self._start, self._arcs, gain, self._usage, self._room, problem.slot_cost, stop, taken, best
            ):
                return None
        chosen = np.flatnonzero(taken)
        count = np.bincount(problem.ticket[chosen], minlength=problem.n_tickets)
        arcs = np.full(problem.n_tickets, -1, dtype=np.int64)
        order = chosen[np.argsort(gain[chosen], kind="stable")]
        arcs[problem.ticket[order]] = order
        self.found(arcs, score)
        value = float(np.maximum(problem.hold, u).sum() + best.sum())
        parts = [(u > problem.hold).astype(np.float64) - count]
        if problem.limits is not None:
            value += float(limit @ problem.limits.bound)
            parts.append(problem.limits.bound - self._limit_units(chosen))
        if problem.side is not None:
            value += float(side_terms(problem, row).sum())
            parts.append(-_row_excess_of(problem, chosen, row))
        return value, self._inward(np.concatenate(parts), point)

    def prices(self, point: Float64) -> tuple[Prices, Float64 | None]:
        """As a solution has them."""
        u, limit, row = np.split(point, self._ends)
        return safe_prices(self.problem, self.begin.expert, limit, row), u

    def _limit_units(self, chosen: Int64) -> Float64:
        limits = self.problem.limits
        if limits is None:
            return np.zeros(0)
        return limit_usage(limits, chosen, self.problem.usage).astype(np.float64)

    def _inward(self, gradient: Float64, point: Float64) -> Float64:
        """The subgradient without what would only push prices beyond their ends."""
        pushed = self.project(point - gradient)
        gradient[pushed == point] = 0.0
        return gradient


def _row_excess_of(problem: Problem, chosen: Int64, row: Float64) -> Float64:
    """`row_excess` of arcs of which a ticket may have several."""
    side = problem.side
    if side is None:
        return np.zeros(0)
    none = np.full(problem.n_tickets, -1, dtype=np.int64)
    taken = np.zeros(problem.n_arcs)
    taken[chosen] = 1.0
    activity = np.bincount(side.arc_row, weights=side.arc_value * taken[side.arc], minlength=side.n_rows)
    return np.asarray(row_excess(problem, side, none, row) + activity)
