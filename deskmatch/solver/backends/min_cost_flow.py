"""OR-Tools' `SimpleMinCostFlow`: cost scaling on integers, polished to the optimum in floats."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import BackendError
from deskmatch.solver.network import FlowNetwork, flow_network, worthwhile_arcs
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution

from .answer import infeasible, optimal
from .protocol import Capability, accept

__all__ = ["MinCostFlow", "best_flows", "scaled"]

COST_BITS = 50
"""Costs are rounded to integers of this many bits. OR-Tools took the same time for 16 bits as for 48 on desks of up
to 143,000 arcs, and every bit that is lost to an outlier among the points must be repaired afterwards."""
TOTAL_BITS = 61
"""OR-Tools multiplies each cost by the number of nodes and keeps the result in 64 bits."""


class MinCostFlow:
    """Cost-scaling push-relabel (Goldberg & Tarjan 1990), from OR-Tools.

    Points become integers of at most 50 bits, by a power of two, so that integers stay exact; what the
    rounding costs is repaired in floats (`deskmatch.solver.residual`). Holds the GIL while it runs.
    """

    name = "min_cost_flow"
    capabilities = Capability.CAPACITIES | Capability.SLOT_COSTS | Capability.LIMITS | Capability.MUST_ASSIGN

    def is_available(self) -> bool:
        """Whether OR-Tools is installed."""
        return find_spec("ortools") is not None

    def is_loaded(self) -> bool:
        """Whether OR-Tools is imported already."""
        return "ortools.graph.python.min_cost_flow" in sys.modules

    def solve(self, problem: Problem) -> Solution:
        """Solve a problem; deterministic, ties as OR-Tools breaks them."""
        accept(self, problem)
        started = time.perf_counter()
        network = flow_network(problem, worthwhile_arcs(problem))
        flows = best_flows(network, problem.n_tickets)
        if flows is None:
            return infeasible(problem, method=self.name, started=started)
        expert_of = np.full(problem.n_tickets, -1, dtype=np.int32)
        used = network.arcs[flows[: len(network.arcs)] > 0]
        expert_of[problem.ticket[used]] = problem.expert[used]
        return optimal(problem, expert_of, method=self.name, started=started)


def best_flows(network: FlowNetwork, n_tickets: int) -> NDArray[np.int64] | None:
    """The best flow on each edge, or None where there is none."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    if n_tickets == 0:
        return np.zeros(len(network.tail), dtype=np.int64)
    solver = SimpleMinCostFlow()
    costs = scaled(network.value, network.n_nodes)
    edges = solver.add_arcs_with_capacity_and_unit_cost(
        network.tail.astype(np.int32), network.head.astype(np.int32), network.capacity, -costs
    )
    tickets = network.first_ticket + np.arange(n_tickets, dtype=np.int32)
    nodes = np.append(tickets, np.int32(network.sink)).astype(np.int32)
    solver.set_nodes_supplies(nodes, np.append(np.ones(n_tickets, dtype=np.int64), -n_tickets))
    status = solver.solve()
    if status == solver.INFEASIBLE:
        return None
    if status != solver.OPTIMAL:
        raise BackendError(f"min_cost_flow: OR-Tools answers {status.name}")
    return np.asarray(solver.flows(edges), dtype=np.int64)


def scaled(values: NDArray[np.float64], n_nodes: int) -> NDArray[np.int64]:
    """The values as integers, times a power of two that keeps them within what OR-Tools can take."""
    _, exponent = np.frexp(np.abs(values).max(initial=0.0))
    bits = min(COST_BITS, TOTAL_BITS - n_nodes.bit_length())
    shift = min(bits - int(exponent), _whole_bits(values))
    return np.rint(np.ldexp(values, shift)).astype(np.int64)


def _whole_bits(values: NDArray[np.float64]) -> int:
    """The least power of two that makes all values integers, where 0 does; otherwise a large number."""
    return 0 if (np.rint(values) == values).all() else 4096
