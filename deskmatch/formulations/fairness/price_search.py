"""`price_search`: a plan of little cost that keeps the floor of the points, and a proven bound, by one price."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.fairness.region import Region
from deskmatch.solver import Solution, Status, evaluate, solve
from deskmatch.solver.at_least import with_at_least

__all__ = ["Priced", "price_search", "slots_cost"]

Float64 = NDArray[np.float64]

MOST_PRICES = 40
"""Each price adds a corner of the curve of points against cost; ten to fifteen reach its floor on desks of hundreds."""
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Priced:
    """The best plan found, what it costs, and what no plan of the region can fall below."""

    solution: Solution
    cost: float
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class _Corner:
    expert_of: NDArray[np.int32]
    points: float
    cost: float


def price_search(region: Region, slots: Float64, ends_s: float | None) -> Priced | None:
    """Minimise convex slot costs over a region whose floor of the points is its only row.

    With a price λ ≥ 0 on the floor, min cost − λ·(points − floor) is a network, and a lower bound. Each next price is
    that at which the cheapest plan found above the floor and the dearest below it weigh the same, until no plan beats
    both there: then the bound is the greatest that one price can give (G. Y. Handler, I. Zang, "A dual algorithm for
    the constrained shortest path problem", Networks 10 (1980) 293–309). What remains is the gap of that relaxation.

    Parameters
    ----------
    region : `is_plain`.
    slots : ``(experts, slots)`` the cost of each further ticket, convex.
    ends_s : `time.perf_counter` after which no further network is begun; None: there is none.

    Returns
    -------
    None where there was no time for two networks.
    """
    problem, floor = region.problem, region.least_points
    larger, _ = with_at_least(problem, region.least_tickets)
    costs = np.vstack([slots, np.zeros((larger.n_experts - problem.n_experts, slots.shape[1]))])
    hold = np.where(np.isfinite(larger.hold), larger.hold, 0.0)

    def best_at(price: float) -> _Corner:
        priced = np.where(np.isfinite(larger.hold), price * hold, larger.hold)
        found = solve(replace(larger, points=price * larger.points, hold=priced, slot_cost=costs))
        expert_of = np.where(found.expert_of >= problem.n_experts, -1, found.expert_of).astype(np.int32)
        return _Corner(expert_of, evaluate(problem, expert_of), slots_cost(slots, expert_of))

    start = region.plan.solution.expert_of
    above = _Corner(start, evaluate(problem, start), slots_cost(slots, start))
    if _is_over(ends_s):
        return None
    below = best_at(0.0)
    bound = below.cost
    if below.points >= floor:
        return _told(region, below, bound)
    for _ in range(MOST_PRICES):
        if _is_over(ends_s) or above.points <= below.points or above.cost <= below.cost:
            break
        price = (above.cost - below.cost) / (above.points - below.points)
        corner = best_at(price)
        least = corner.cost - price * (corner.points - floor)
        bound = max(bound, least)
        if least >= below.cost - price * (below.points - floor) - SAME * max(1.0, abs(below.cost)):
            break
        above, below = (corner, below) if corner.points >= floor else (above, corner)
    return _told(region, above, bound)


def slots_cost(slots: Float64, expert_of: NDArray[np.int32]) -> float:
    """What an assignment costs."""
    load = np.bincount(expert_of[expert_of >= 0], minlength=len(slots))
    place = np.minimum(np.arange(max(int(load.max(initial=0)), 1)), slots.shape[1] - 1)
    each = slots[:, place] * (np.arange(len(place)) < load[:, None])
    return float(each.sum())


def _told(region: Region, corner: _Corner, bound: float) -> Priced:
    best = region.plan.solution
    solution = replace(
        best,
        expert_of=corner.expert_of,
        objective=corner.points,
        extra=None,
        status=Status.FEASIBLE,
        claimed_bound=None,
    )
    return Priced(solution, corner.cost, min(bound, corner.cost))


def _is_over(ends_s: float | None) -> bool:
    return ends_s is not None and time.perf_counter() > ends_s
