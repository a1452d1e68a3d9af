"""`ResidualGraph`: every way in which an optimal assignment can change, as a graph of nonnegative lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError

from .bound import limit_sums, safe_prices
from .evaluation import arcs_chosen, limit_usage, objective_terms, violations
from .network import above_limits, entry_nodes, refuse_beyond_networks
from .problem import Problem, limit_owner
from .residual import polish
from .solution import Solution

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Paths", "ResidualGraph"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
_Edges = tuple[Int64 | int, Int64 | int, Float64 | float]
"""Tails, heads and the points that each edge loses; one number stands for all."""

ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""A reduced length within this share of the numbers that it is the sum of is 0: prices carry the roundings of the
path that they come from."""
OPTIMAL_WITHIN = 1e-12
"""The tolerance of `certify`, as a share of Σ|terms| of the objective."""


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Shortest paths between every node and one node.

    Parameters
    ----------
    reduced : ``(nodes,)`` lengths in reduced costs, ≥ 0, inf where there is no path.
    length : ``(nodes,)`` lengths in points: what the change loses, negative where it gains.
    step : ``(nodes,)`` the neighbour of each node on its path, negative at the end and where there is no path.
    """

    reduced: Float64
    length: Float64
    step: NDArray[np.int32]


@dataclass(eq=False)
class ResidualGraph:
    """The residual network of an optimal assignment (Ahuja, Magnanti, Orlin, *Network Flows*, 1993, §2.4).

    Nodes: the experts, the limits, the sink, then the tickets. A path moves one unit: who arrives at an expert or
    limit goes on to a free slot (the sink), to the limit or expert around it, or takes the place of a ticket, which
    goes on over another arc or to its hold (the sink). From the sink a path goes on to a held ticket, or to an
    expert whose last slot is given up. The length of an edge is the points that it loses. At an optimum no circuit
    has a negative length, and with the prices as potentials no edge has (§9.3): Dijkstra's algorithm finds shortest
    paths.

    Parameters
    ----------
    problem : the problem.
    arcs : ``(tickets,)`` the arc of each ticket, −1: held.
    value : ``(experts + limits,)`` the price of a unit at each node: the expert's, plus the limits' around it.

    Make it with `ResidualGraph.of`, which checks that the assignment is optimal.
    """

    problem: Problem
    arcs: Int64
    value: Float64
    sink: int = field(init=False)
    """The sink's node; ticket i is node ``sink + 1 + i``."""
    entry: Int64 = field(init=False)
    """``(arcs,)`` the node that each arc enters."""
    owner: Int64 = field(init=False)
    """``(experts + limits + 1,)`` the expert of each node, −1 for the sink and for limits without arcs."""
    place: Int64 = field(init=False)
    """``(tickets,)`` the node where each ticket is now; the sink where it is held."""
    gets: Float64 = field(init=False)
    """``(tickets,)`` points of the chosen arc, or the hold."""
    load: Int64 = field(init=False)
    """``(experts,)`` tickets."""
    saved: Float64 = field(init=False)
    """``(experts,)`` cost of the last used slot; of the first slot where none is used."""
    next_cost: Float64 = field(init=False)
    """``(experts,)`` cost of the unit after the used ones, whether or not there is capacity for it."""
    slack: Float64 = field(init=False)
    """``(arcs,)`` reduced length of each arc, 0 for the chosen ones."""
    worst: float = field(init=False, default=0.0)
    """The least reduced length as a share of its terms, before clamping; below −`ROUNDING` the prices are wrong."""

    def __post_init__(self) -> None:
        refuse_beyond_networks(self.problem, "a residual network")
        problem, arcs = self.problem, self.arcs
        m, assigned = problem.n_experts, arcs >= 0
        limits = problem.limits
        self.entry = entry_nodes(problem)
        self.sink = len(self.value)
        owner = np.zeros(0) if limits is None else limit_owner(limits, problem.expert)
        self.owner = np.concatenate([np.arange(m), owner, [-1]]).astype(np.int64)
        self.place = np.full(problem.n_tickets, self.sink, dtype=np.int64)
        self.place[assigned] = self.entry[arcs[assigned]]
        self.gets = problem.hold.copy()
        self.gets[assigned] = problem.points[arcs[assigned]]
        self.load = np.bincount(problem.expert[arcs[assigned]], minlength=m)
        last = problem.slot_cost.shape[1] - 1
        experts = np.arange(m)
        self.saved = problem.slot_cost[experts, np.clip(self.load - 1, 0, last)]
        self.next_cost = problem.slot_cost[experts, np.minimum(self.load, last)]
        self._set_edges()

    @classmethod
    def of(cls, problem: Problem, solution: Solution) -> ResidualGraph:
        """The residual graph of an optimal solution, with its prices where they prove it, else with `polish`'s.

        Raises
        ------
        ProblemError
            Where the solution breaks a rule or is not optimal: losses are told against the best total.

        Examples
        --------
        >>> from deskmatch.solver import solve
        >>> problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0])
        >>> graph = ResidualGraph.of(problem, solve(problem))
        >>> graph.from_sink.length[:1].tolist()
        [-3.0]
        """
        broken = violations(problem, solution.expert_of)
        if broken:
            raise ProblemError("the solution breaks a rule: " + "; ".join(broken))
        arcs = arcs_chosen(problem, solution.expert_of)
        if solution.expert_price is not None:
            graph = cls(problem, arcs, _values(problem, solution.expert_price, solution.limit_price))
            if graph.worst >= -ROUNDING:
                return graph
        polished = polish(problem, solution.expert_of)
        _refuse_worse(problem, arcs, arcs_chosen(problem, polished.expert_of))
        return cls(problem, arcs, _values(problem, polished.expert_price, polished.limit_price))

    @cached_property
    def from_sink(self) -> Paths:
        """Shortest paths from the sink: minus the points that one more unit at a node brings."""
        return self._paths(self._forward, self.sink, sign=-1.0)

    @cached_property
    def to_sink(self) -> Paths:
        """Shortest paths to the sink: the points that one unit less at a node loses."""
        return self._paths(self._backward, self.sink, sign=1.0)

    def towards(self, node: int) -> Paths:
        """Shortest paths from every node to this one, `Paths.step` being the next node."""
        return self.to_sink if node == self.sink else self._paths(self._backward, node, sign=1.0)

    def reduced_towards(self, nodes: Int64) -> Float64:
        """``(k, nodes)`` reduced lengths of the shortest paths from every node to each of k nodes."""
        from scipy.sparse.csgraph import dijkstra

        return np.asarray(dijkstra(self._backward, indices=nodes))

    @property
    def hold_slack(self) -> Float64:
        """``(tickets,)`` reduced length of holding each assigned ticket; inf where it is held or must be assigned."""
        here = self.arcs >= 0
        lost = self.gets - self.problem.hold - np.append(self.value, 0.0)[self.place]
        return np.where(here, np.maximum(lost, 0.0), np.inf)

    def has_room(self, arc: int) -> bool:
        """Whether an arc's expert has a free slot and every limit around the arc has room."""
        problem = self.problem
        expert = problem.expert[arc]
        if self.load[expert] >= problem.capacity[expert]:
            return False
        if problem.limits is None:
            return True
        limits, limit = problem.limits, int(problem.limits.of_arc[arc])
        usage = limit_usage(limits, self.arcs)
        while limit >= 0 and usage[limit] < limits.bound[limit]:
            limit = int(limits.parent[limit])
        return limit < 0

    def _set_edges(self) -> None:
        """All edges with their reduced lengths; the arcs that are not chosen come first."""
        self._node_value = np.concatenate([self.value, [0.0], self._ticket_values()])
        chosen = np.zeros(self.problem.n_arcs, dtype=bool)
        chosen[self.arcs[self.arcs >= 0]] = True
        other = np.flatnonzero(~chosen)
        groups = [*self._ticket_edges(other), *self._limit_edges(), *self._slot_edges()]
        spread = [np.broadcast_arrays(*group) for group in groups]
        tail, head, lost = (np.concatenate([group[k] for group in spread]) for k in range(3))
        reduced = self._reduce(tail, head, lost)
        self.slack = np.zeros(self.problem.n_arcs)
        self.slack[other] = reduced[: len(other)]
        self._edges = (reduced, tail.astype(np.int32), head.astype(np.int32))

    def _ticket_edges(self, other: Int64) -> list[_Edges]:
        """A ticket arrives over another arc, leaves its place, is held, or is held no longer."""
        problem, sink = self.problem, self.sink
        node = sink + 1 + np.arange(problem.n_tickets)
        here, held = np.flatnonzero(self.arcs >= 0), np.flatnonzero(self.arcs < 0)
        may = here[problem.hold[here] > -np.inf]
        return [
            (node[problem.ticket[other]], self.entry[other], -problem.points[other]),
            (self.place[here], node[here], self.gets[here]),
            (node[may], sink, -problem.hold[may]),
            (sink, node[held], problem.hold[held]),
        ]

    def _limit_edges(self) -> list[_Edges]:
        """A unit passes a limit that has room, or displaces one of those inside it."""
        limits, m = self.problem.limits, self.problem.n_experts
        if limits is None:
            return []
        above, usage = above_limits(self.problem), limit_usage(limits, self.arcs)
        up, down = np.flatnonzero((above >= 0) & (usage < limits.bound)), np.flatnonzero(usage > 0)
        return [(m + up, above[up], 0.0), (above[down], m + down, 0.0)]

    def _slot_edges(self) -> list[_Edges]:
        """An expert takes one more unit, or gives up the last one."""
        free, used = np.flatnonzero(self.load < self.problem.capacity), np.flatnonzero(self.load > 0)
        return [(free, self.sink, self.next_cost[free]), (self.sink, used, -self.saved[used])]

    def _ticket_values(self) -> Float64:
        """Minus what each ticket gets at its place beyond the price of the place."""
        return np.append(self.value, 0.0)[self.place] - self.gets

    def _reduce(self, tail: Int64, head: Int64, lost: Float64) -> Float64:
        """Reduced lengths: points lost − price at the tail + price at the head, with rounding taken out."""
        start, end = self._node_value[tail], self._node_value[head]
        reduced = lost - start + end
        size = np.abs(lost) + np.abs(start) + np.abs(end)
        self.worst = float((reduced / np.where(size > 0, size, 1.0)).min(initial=0.0))
        return np.where(reduced <= ROUNDING * size, 0.0, reduced)

    @cached_property
    def _forward(self) -> csr_array[Any, Any]:
        from scipy.sparse import csr_array

        reduced, tail, head = self._edges
        count = len(self._node_value)
        return csr_array((reduced, (tail, head)), shape=(count, count))

    @cached_property
    def _backward(self) -> csr_array[Any, Any]:
        from scipy.sparse import csr_array

        reduced, tail, head = self._edges
        count = len(self._node_value)
        return csr_array((reduced, (head, tail)), shape=(count, count))

    def _paths(self, graph: csr_array[Any, Any], node: int, *, sign: float) -> Paths:
        """Dijkstra from one node; the prices at both ends turn reduced lengths into points."""
        from scipy.sparse.csgraph import dijkstra

        reduced, step = dijkstra(graph, indices=[node], return_predecessors=True)
        length = reduced[0] + sign * (self._node_value - self._node_value[node])
        return Paths(reduced=reduced[0], length=length, step=step[0])


def _values(problem: Problem, expert_price: object, limit_price: object) -> Float64:
    """The price of a unit at each expert and limit, those around it added."""
    prices = safe_prices(problem, expert_price, limit_price)
    if problem.limits is None:
        return prices.expert
    owner = limit_owner(problem.limits, problem.expert)
    around = np.where(owner >= 0, prices.expert[owner], 0.0) if problem.n_experts else np.zeros(len(owner))
    return np.concatenate([prices.expert, around + limit_sums(problem.limits, prices.limit)])


def _refuse_worse(problem: Problem, arcs: Int64, best: Int64) -> None:
    """Raise `ProblemError` where the best assignment has more points than this one, beyond rounding."""
    here, there = objective_terms(problem, arcs), objective_terms(problem, best)
    short = math.fsum(there) - math.fsum(here)
    if short > OPTIMAL_WITHIN * math.fsum(map(abs, here + there)):
        raise ProblemError(
            f"the solution is not optimal: another has {short:.6g} points more; "
            "losses are told against the best total, so solve the problem exactly first"
        )
