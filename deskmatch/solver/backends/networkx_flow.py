"""networkx's network simplex on exact integers: slow, and the reference that the others are compared with."""

from __future__ import annotations

import time
from importlib.util import find_spec

import numpy as np

from deskmatch.solver.network import FlowNetwork, flow_network
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution
from deskmatch.solver.whole_numbers import whole

from .answer import infeasible, optimal
from .protocol import Capability, accept

__all__ = ["NetworkxFlow"]


class NetworkxFlow:
    """The network simplex in Python integers of any length, from networkx: exact for every float.

    Every float is an integer times a power of two, so that one common power of two makes all values integers.
    """

    name = "networkx"
    capabilities = Capability.CAPACITIES | Capability.SLOT_COSTS | Capability.LIMITS | Capability.MUST_ASSIGN

    def is_available(self) -> bool:
        """Whether networkx is installed."""
        return find_spec("networkx") is not None

    def solve(self, problem: Problem) -> Solution:
        """Solve a problem; deterministic, ties as networkx breaks them."""
        accept(self, problem)
        started = time.perf_counter()
        network = flow_network(problem, np.flatnonzero(problem.capacity[problem.expert] > 0))
        used = _used_edges(network, problem.n_tickets)
        if used is None:
            return infeasible(problem, method=self.name, started=started)
        expert_of = np.full(problem.n_tickets, -1, dtype=np.int32)
        arcs = network.arcs[[edge for edge in used if edge < len(network.arcs)]]
        expert_of[problem.ticket[arcs]] = problem.expert[arcs]
        return optimal(problem, expert_of, method=self.name, started=started)


def _used_edges(network: FlowNetwork, n_tickets: int) -> list[int] | None:
    """The edges with flow, or None where there is no flow."""
    import networkx as nx

    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.first_ticket), demand=0)
    graph.add_nodes_from(range(network.first_ticket, network.n_nodes), demand=-1)
    graph.add_node(network.sink, demand=n_tickets)
    columns = network.tail.tolist(), network.head.tolist(), network.capacity.tolist(), whole(network.value)[0]
    for edge, (tail, head, capacity, value) in enumerate(zip(*columns, strict=True)):
        graph.add_edge(tail, head, key=edge, capacity=capacity, weight=-value)
    try:
        _, flow = nx.network_simplex(graph)
    except nx.NetworkXUnfeasible:
        return None
    edges = (item for heads in flow.values() for keys in heads.values() for item in keys.items())
    return sorted(edge for edge, units in edges if units)
