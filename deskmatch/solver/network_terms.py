"""All that a certificate of a plain network adds up, in one pass over its arcs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel

from .best_values import best_values
from .kernel.records import offset
from .problem import Problem

__all__ = ["is_plain", "network_terms", "terms_of_network"]

UInt32 = NDArray[np.uint32]
Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]


def is_plain(problem: Problem) -> bool:
    """Whether a problem has neither limits nor usage, side rows or extra columns."""
    return problem.limits is None and problem.is_network


def terms_of_network(problem: Problem, expert_of: Int32, price: Float64) -> tuple[Float64, Float64] | None:
    """The terms of the objective and of the bound, as `objective_terms` and `bound_terms` give them; zeros left out.

    None where the assignment breaks a rule.

    Parameters
    ----------
    problem : a plain network (`is_plain`).
    expert_of : ``(tickets,)``, C-contiguous.
    price : ``(experts,)`` finite.
    """
    objective = np.empty(2 * problem.n_tickets)
    bound = np.empty(problem.n_tickets + problem.slot_cost.size)
    n_objective, n_bound = network_terms(
        problem.indptr.view(np.uint32),
        problem.expert.view(np.uint32),
        problem.points,
        problem.degree,
        problem.capacity,
        problem.hold,
        problem.slot_cost,
        expert_of,
        price,
        objective,
        bound,
    )
    return None if n_objective < 0 else (objective[:n_objective], bound[:n_bound])


@kernel(
    "uint32[:]",
    "uint32[:]",
    "float64[:]",
    "int32[:]",
    "int32[:]",
    "float64[:]",
    "float64[:, :]",
    "int32[:]",
    "float64[:]",
    "out float64[:]",
    "out float64[:]",
)
def network_terms(
    indptr: UInt32,
    expert: UInt32,
    points: Float64,
    degree: Int32,
    capacity: Int32,
    hold: Float64,
    slot_cost: Float64,
    expert_of: Int32,
    price: Float64,
    objective: Float64,
    bound: Float64,
) -> tuple[int, int]:
    """Fill `objective` and `bound`; returns how many terms each has, −1 and 0 where the assignment breaks a rule."""
    load = np.zeros(len(capacity), np.int64)
    n_objective = _chosen(indptr, expert, points, hold, expert_of, load, objective)
    if n_objective < 0:
        return -1, 0
    net = np.empty(len(price), np.float64)
    for j in range(len(price)):
        if load[j] > capacity[j]:
            return -1, 0
        net[j] = price[j] if capacity[j] > 0 else np.inf
    best_values(indptr, expert, points, net, hold, bound[: len(hold)])
    n_bound = len(hold)
    last = slot_cost.shape[1] - 1
    for j in range(len(price)):
        useful = min(capacity[j], degree[j])
        for slot in range(last + 1):
            for _ in range(_units(load[j], slot, last)):
                if slot_cost[j, slot] != 0.0:
                    objective[n_objective] = -slot_cost[j, slot]
                    n_objective += 1
            term = _units(useful, slot, last) * max(0.0, price[j] - slot_cost[j, slot])
            if term != 0.0:
                bound[n_bound] = term
                n_bound += 1
    return n_objective, n_bound


def _chosen(
    indptr: UInt32,
    expert: UInt32,
    points: Float64,
    hold: Float64,
    expert_of: Int32,
    load: NDArray[np.int64],
    objective: Float64,
) -> int:
    """What each ticket gets, and the load of each expert; −1: no such arc, or a ticket held that must not be."""
    for i in range(len(hold)):
        j = expert_of[i]
        if j < 0:
            if j < -1 or hold[i] == -np.inf:
                return -1
            objective[i] = hold[i]
            continue
        first, last = offset(indptr[i]), offset(indptr[i + 1])
        end = last
        while first < last:
            middle = (first + last) >> offset(1)
            if expert[middle] < j:
                first = middle + offset(1)
            else:
                last = middle
        if first == end or expert[first] != j:
            return -1
        load[j] += 1
        objective[i] = points[first]
    return len(hold)


def _units(used: int, slot: int, last: int) -> int:
    """How many of `used` units are paid at `slot`: one, or at the last slot all that are left."""
    left = max(0, used - slot)
    return left if slot == last else min(1, left)
