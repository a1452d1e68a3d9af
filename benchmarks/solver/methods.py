"""What is timed: deskmatch and its peers, each from arc columns to the expert of every ticket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .families import Arcs

__all__ = ["METHODS", "Method", "methods_for", "value_of"]

BITS = 32
"""Peers that need whole costs get points of at most so many bits, which is generous: more bits take them longer."""

Input = Any


@dataclass(frozen=True)
class Method:
    """A solver in three steps, all of which count.

    Parameters
    ----------
    name : as in the table.
    package : what must be installed.
    build : from the arc columns to the solver's own input.
    solve : the solver's own call; timed by itself too.
    read : from its answer to ``(tickets,)`` experts, −1: held. For deskmatch it includes the proof.
    largest : the most arcs, or entries of its matrix, that it is tried on; beyond, it takes too long or too much room.
    dense : whether `largest` counts entries of a matrix.
    """

    name: str
    package: str
    build: Callable[[Arcs], Input]
    solve: Callable[[Input], Any]
    read: Callable[[Arcs, Input, Any], NDArray[np.int32]]
    largest: int
    dense: bool = False


def methods_for(arcs: Arcs) -> list[Method]:
    """The methods that are installed and can be tried on this problem; deskmatch first."""
    size = {False: len(arcs.ticket), True: arcs.n_tickets * int(units_of(arcs).sum())}
    return [each for each in METHODS if size[each.dense] <= each.largest and find_spec(each.package)]


# What all peers need: capacities cloned into slots, holds, whole numbers.


def holds_of(arcs: Arcs) -> NDArray[np.float64]:
    """``(tickets,)``"""
    return np.broadcast_to(np.asarray(arcs.options.get("hold", 0.0)), (arcs.n_tickets,))


def units_of(arcs: Arcs) -> NDArray[np.int64]:
    """``(experts,)``"""
    return np.broadcast_to(np.asarray(arcs.options.get("capacity", 1)), (arcs.n_experts,)).astype(np.int64)


def costs_of(arcs: Arcs) -> NDArray[np.float64]:
    """``(experts, slots)``"""
    return np.asarray(arcs.options.get("slot_cost", np.zeros((arcs.n_experts, 1))))


def cloned(arcs: Arcs) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Ticket, slot and value of every arc once for each unit of its expert; and the expert of each slot."""
    units, costs = units_of(arcs), costs_of(arcs)
    if (units == 1).all() and not costs.any():
        return arcs.ticket, arcs.expert, arcs.points, np.arange(arcs.n_experts)
    expert_of_slot = np.repeat(np.arange(arcs.n_experts), units)
    first = np.cumsum(units) - units
    unit = np.arange(len(expert_of_slot)) - first[expert_of_slot]
    cost = costs[expert_of_slot, np.minimum(unit, costs.shape[1] - 1)]
    copies = units[arcs.expert]
    arc = np.repeat(np.arange(len(arcs.ticket)), copies)
    slot = first[arcs.expert[arc]] + np.arange(len(arc)) - (np.cumsum(copies) - copies)[arc]
    return arcs.ticket[arc], slot, arcs.points[arc] - cost[slot], expert_of_slot


def gains(arcs: Arcs, ticket: NDArray[Any], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each value is above its ticket's hold; for tickets that must be assigned, above anything else."""
    hold = holds_of(arcs)
    must = hold == -np.inf
    large = 2 * (1 + np.abs(value).max(initial=0.0)) * arcs.n_tickets if must.any() else 0.0
    gain: NDArray[np.float64] = value - np.where(must, -large, hold)[ticket]
    return gain


def whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Values times a power of two that makes them whole, within `BITS`."""
    if (values == np.rint(values)).all():
        return values.astype(np.int64)
    _, exponent = np.frexp(np.abs(values).max(initial=0.0))
    return np.rint(np.ldexp(values, BITS - int(exponent))).astype(np.int64)


def from_slots(arcs: Arcs, row: NDArray[Any], slot: NDArray[Any], expert_of_slot: NDArray[Any]) -> NDArray[np.int32]:
    """The experts of the tickets `row` that have slots; slots beyond the last mean held."""
    expert_of = np.full(arcs.n_tickets, -1, dtype=np.int32)
    taken = (slot >= 0) & (slot < len(expert_of_slot)) & (row < arcs.n_tickets)
    expert_of[row[taken]] = expert_of_slot[slot[taken]]
    return expert_of


def value_of(arcs: Arcs, expert_of: NDArray[np.int32]) -> float:
    """Total points of an assignment, from the arc columns."""
    chosen = arcs.expert == expert_of[arcs.ticket]
    held = np.bincount(arcs.ticket[chosen], minlength=arcs.n_tickets) == 0
    load = np.bincount(arcs.expert[chosen], minlength=arcs.n_experts)
    costs = costs_of(arcs)
    paid = sum(costs[:, min(unit, costs.shape[1] - 1)][load > unit].sum() for unit in range(int(load.max(initial=0))))
    return float(arcs.points[chosen].sum() + holds_of(arcs)[held].sum() - paid)


# deskmatch: a new Problem, solved, and proved.


def build_deskmatch(arcs: Arcs) -> Input:
    from deskmatch.solver import Problem

    return Problem.from_arcs(arcs.n_tickets, arcs.n_experts, arcs.ticket, arcs.expert, arcs.points, **arcs.options)


def solve_deskmatch(problem: Input) -> Any:
    from deskmatch.solver import solve

    return solve(problem, method="kernel")


def read_deskmatch(arcs: Arcs, problem: Input, solution: Any) -> NDArray[np.int32]:
    from deskmatch.solver import certify

    if not certify(problem, solution).optimal:
        raise AssertionError(f"deskmatch has no proof on {problem}")
    expert_of: NDArray[np.int32] = solution.expert_of
    return expert_of


# OR-Tools: min-cost flow and linear sum assignment.


def build_flow(arcs: Arcs) -> Input:
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    n, m = arcs.n_tickets, arcs.n_experts
    units, costs = units_of(arcs), costs_of(arcs)
    used = np.minimum(units, costs.shape[1])
    expert = np.repeat(np.arange(m), used)
    slot = np.arange(len(expert)) - np.repeat(np.cumsum(used) - used, used)
    room = np.where(slot == costs.shape[1] - 1, units[expert] - slot, 1)
    held = np.flatnonzero(holds_of(arcs) > -np.inf)
    value = whole(np.concatenate([arcs.points, holds_of(arcs)[held], -costs[expert, slot]]))
    sink = n + m
    tail = np.concatenate([arcs.ticket, held, n + expert]).astype(np.int32)
    head = np.concatenate([n + arcs.expert, np.full(len(held) + len(expert), sink)]).astype(np.int32)
    capacity = np.concatenate([np.ones(len(arcs.ticket) + len(held), np.int64), room])
    solver = SimpleMinCostFlow()
    edges = solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, -value)
    supply = np.concatenate([np.ones(n, np.int64), [-n]])
    solver.set_nodes_supplies(np.append(np.arange(n), sink).astype(np.int32), supply)
    return solver, edges


def solve_flow(built: Input) -> Any:
    solver, edges = built
    if solver.solve() != solver.OPTIMAL:
        raise AssertionError("OR-Tools' flow found no optimum")
    return solver.flows(edges)


def read_flow(arcs: Arcs, built: Input, flows: Any) -> NDArray[np.int32]:
    expert_of = np.full(arcs.n_tickets, -1, dtype=np.int32)
    used = np.flatnonzero(flows[: len(arcs.ticket)])
    expert_of[arcs.ticket[used]] = arcs.expert[used]
    return expert_of


def build_assignment(arcs: Arcs) -> Input:
    """Tickets to slots; where not all must be assigned, doubled: every slot on the left too, for the mirror image."""
    from ortools.graph.python.linear_sum_assignment import SimpleLinearSumAssignment

    ticket, slot, value, expert_of_slot = cloned(arcs)
    n, slots = arcs.n_tickets, len(expert_of_slot)
    hold = holds_of(arcs)
    if n == slots and (hold == -np.inf).all():
        left, right, points = ticket, slot, value
    else:
        held = np.flatnonzero(hold > -np.inf)
        left = np.concatenate([ticket, held, n + np.arange(slots), n + slot])
        right = np.concatenate([slot, slots + held, np.arange(slots), slots + ticket])
        points = np.concatenate([value, hold[held], np.zeros(slots + len(slot))])
    solver = SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(left.astype(np.int32), right.astype(np.int32), -whole(points))
    return solver, expert_of_slot


def solve_assignment(built: Input) -> Any:
    solver, _ = built
    if solver.solve() != solver.OPTIMAL:
        raise AssertionError("OR-Tools' assignment found no optimum")
    return solver


def read_assignment(arcs: Arcs, built: Input, solver: Any) -> NDArray[np.int32]:
    row = np.arange(arcs.n_tickets)
    return from_slots(arcs, row, np.array([solver.right_mate(i) for i in range(arcs.n_tickets)]), built[1])


# scipy and lapx: dense matrices of the gain over holding, and a sparse one with a column for each hold.


def build_dense(arcs: Arcs) -> Input:
    ticket, slot, value, expert_of_slot = cloned(arcs)
    hold = holds_of(arcs)
    must = hold == -np.inf
    matrix = np.zeros((arcs.n_tickets, len(expert_of_slot)))
    if must.any():
        matrix[must] = -2 * (1 + np.abs(value).max(initial=0.0)) * arcs.n_tickets
    gain = value - np.where(must, 0.0, hold)[ticket]
    matrix[ticket, slot] = np.where(must[ticket], gain, np.maximum(gain, 0.0))
    return matrix, expert_of_slot


def solve_dense(built: Input) -> Any:
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(built[0], maximize=True)


def read_dense(arcs: Arcs, built: Input, answer: Any) -> NDArray[np.int32]:
    matrix, expert_of_slot = built
    row, slot = answer
    gained = (matrix[row, slot] > 0) | (holds_of(arcs)[row] == -np.inf)
    return from_slots(arcs, row[gained], slot[gained], expert_of_slot)


def solve_lapx(built: Input) -> Any:
    import lap

    _, slot, _ = lap.lapjv(-built[0], extend_cost=True)
    row = np.flatnonzero(slot >= 0)
    return row, slot[row]


def build_sparse(arcs: Arcs) -> Input:
    from scipy.sparse import csr_array

    ticket, slot, value, expert_of_slot = cloned(arcs)
    n, slots = arcs.n_tickets, len(expert_of_slot)
    held = np.flatnonzero(holds_of(arcs) > -np.inf)
    points = whole(np.concatenate([value, holds_of(arcs)[held]]))
    place = np.concatenate([ticket, held]), np.concatenate([slot, slots + held])
    # A weight of 0 would count as no arc; whole weights, since with others scipy 1.17 may search for ever.
    weight = (points - points.min() + 1).astype(np.float64)
    return csr_array((weight, place), shape=(n, slots + len(held))), expert_of_slot


def solve_sparse(built: Input) -> Any:
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    return min_weight_full_bipartite_matching(built[0], maximize=True)


def read_sparse(arcs: Arcs, built: Input, answer: Any) -> NDArray[np.int32]:
    return from_slots(arcs, answer[0], answer[1], built[1])


# Modelling tools and reference implementations, at the smallest size only.


def build_networkx(arcs: Arcs) -> Input:
    import networkx as nx

    ticket, slot, value, expert_of_slot = cloned(arcs)
    graph: nx.Graph[Any] = nx.Graph()
    gain = gains(arcs, ticket, value)
    graph.add_weighted_edges_from(
        (i, ~s, w) for i, s, w in zip(ticket.tolist(), slot.tolist(), gain.tolist(), strict=True) if w > 0
    )
    return graph, expert_of_slot


def solve_networkx(built: Input) -> Any:
    import networkx as nx

    return nx.max_weight_matching(built[0])


def read_networkx(arcs: Arcs, built: Input, pairs: Any) -> NDArray[np.int32]:
    row = np.array([max(pair) for pair in pairs], dtype=np.int64)
    slot = np.array([~min(pair) for pair in pairs], dtype=np.int64)
    return from_slots(arcs, row, slot, built[1])


def build_cp_sat(arcs: Arcs) -> Input:
    from ortools.sat.python import cp_model

    ticket, slot, value, expert_of_slot = cloned(arcs)
    model = cp_model.CpModel()
    used = [model.new_bool_var("") for _ in range(len(ticket))]
    of_ticket: list[list[Any]] = [[] for _ in range(arcs.n_tickets)]
    of_slot: list[list[Any]] = [[] for _ in expert_of_slot]
    for one, i, s in zip(used, ticket.tolist(), slot.tolist(), strict=True):
        of_ticket[i].append(one)
        of_slot[s].append(one)
    for ones in (*of_ticket, *of_slot):
        model.add_at_most_one(ones)
    points = whole(gains(arcs, ticket, value)).tolist()
    model.maximize(cp_model.LinearExpr.weighted_sum(used, points))
    return model, used, ticket, slot, expert_of_slot


def solve_cp_sat(built: Input) -> Any:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(built[0]) != cp_model.OPTIMAL:
        raise AssertionError("CP-SAT found no optimum")
    return np.array([solver.boolean_value(one) for one in built[1]], dtype=bool)


def read_arcs(arcs: Arcs, built: Input, used: Any) -> NDArray[np.int32]:
    _, _, ticket, slot, expert_of_slot = built
    return from_slots(arcs, ticket[used], slot[used], expert_of_slot)


def build_pulp(arcs: Arcs) -> Input:
    import pulp

    ticket, slot, value, expert_of_slot = cloned(arcs)
    model = pulp.LpProblem("assignment", pulp.LpMaximize)
    used = [model.add_variable(f"x{k}", cat=pulp.LpBinary) for k in range(len(ticket))]
    gain = gains(arcs, ticket, value)
    model += pulp.LpAffineExpression(dict(zip(used, gain.tolist(), strict=True)))
    for column, count in ((ticket, arcs.n_tickets), (slot, len(expert_of_slot))):
        groups: list[list[Any]] = [[] for _ in range(count)]
        for one, place in zip(used, column.tolist(), strict=True):
            groups[place].append(one)
        for ones in groups:
            if ones:
                model += pulp.lpSum(ones) <= 1
    return model, used, ticket, slot, expert_of_slot


def solve_pulp(built: Input) -> Any:
    import pulp

    model, used, *_ = built
    model.solve(pulp.COIN_CMD(path=pulp.PULP_CBC_CMD.pulp_cbc_path, msg=False))
    return np.array([(one.value() or 0) > 0.5 for one in used], dtype=bool)


SMALL = 1000
LARGE = 10**8

METHODS = (
    Method("deskmatch", "numba", build_deskmatch, solve_deskmatch, read_deskmatch, LARGE),
    Method("OR-Tools flow", "ortools", build_flow, solve_flow, read_flow, LARGE),
    Method("OR-Tools assignment", "ortools", build_assignment, solve_assignment, read_assignment, 160_000),
    Method("scipy dense", "scipy", build_dense, solve_dense, read_dense, 30_000_000, dense=True),
    Method("scipy sparse", "scipy", build_sparse, solve_sparse, read_sparse, LARGE),
    Method("lapx", "lap", build_dense, solve_lapx, read_dense, 1_000_000, dense=True),
    Method("networkx", "networkx", build_networkx, solve_networkx, read_networkx, SMALL),
    Method("CP-SAT", "ortools", build_cp_sat, solve_cp_sat, read_arcs, SMALL),
    Method("PuLP (CBC)", "pulp", build_pulp, solve_pulp, read_arcs, SMALL),
)
