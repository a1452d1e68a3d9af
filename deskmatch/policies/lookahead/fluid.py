"""`FluidPrices`: how queues drain over the next intervals, and what a second of each group is worth then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from deskmatch.errors import BackendError, ContractError
from deskmatch.policies.lookahead.erlang import wait_before_service
from deskmatch.policies.lookahead.outlook import Offer
from deskmatch.policies.lookahead.pool_plan import IN_LINE, PoolPlan, offer_of
from deskmatch.policies.lookahead.pool_system import PoolSystems
from deskmatch.policies.lookahead.pools import Now, Pools
from deskmatch.ranges import COUNT, POSITIVE, refuse

__all__ = ["Fluid", "FluidPrices", "fluid_prices"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FluidPrices:
    """Prices from a fluid linear program from the current queues over the forecast, abandonment included.

    An expert's second costs the dual value of the group's time; it is zero where there is time left, so below
    saturation only the places in line tell groups apart. J. M. Harrison, A. Zeevi, "A method for staffing large call
    centers based on stochastic fluid models", Manufacturing & Service Operations Management 7 (2005) 20–36;
    A. Bassamboo, J. M. Harrison, A. Zeevi, Operations Research 54 (2006) 419–435.

    Parameters
    ----------
    horizon_s : length of the program, > 0.
    intervals : of the program, a whole number ≥ 1.

    Raises
    ------
    ContractError
        On values outside these ranges.
    """

    looks_at_queues: ClassVar[bool] = True
    few_at_once: ClassVar[bool] = False

    horizon_s: float = 1800.0
    intervals: int = 6

    def __post_init__(self) -> None:
        wrong = POSITIVE.problems({"horizon_s": self.horizon_s}) + COUNT.problems({"intervals": self.intervals})
        refuse(wrong, ContractError)

    def plan(self, pools: Pools, rates: Floats, size: Integers, waiting: Floats | None = None) -> PoolPlan:
        """Prices of the program from the tickets that wait now; None: nobody waits."""
        queues = np.zeros(pools.n_classes) if waiting is None else waiting
        found = fluid_prices(pools, rates, size, queues, self.horizon_s, self.intervals)
        each = PoolSystems.of(pools, found.flow, size)
        level = []
        for group, n in enumerate(each.n.tolist()):
            rate, theta = n / each.handling_s[group], each.theta[group]
            own = np.full(n + IN_LINE, found.price[group] * each.handling_s[group])
            own[n:] += each.cost[group] * wait_before_service(rate, theta, theta, IN_LINE)
            level.append(own)
        return PoolPlan.of(each, level, bound=found.value / self.horizon_s, alone=1.0)

    def offer(self, plan: PoolPlan, now: Now) -> Offer:
        """Prices, and places in line."""
        return offer_of(plan, now)


class Fluid(NamedTuple):
    """What the program says.

    Parameters
    ----------
    price : ``(groups,)`` points that one more second of one slot would bring in the first interval, ≥ 0.
    ticket : ``(classes,)`` points that one more waiting ticket would bring.
    flow : ``(classes, groups)`` tickets a second served, the mean over the horizon.
    value : points over the horizon.
    """

    price: Floats
    ticket: Floats
    flow: Floats
    value: float


def fluid_prices(
    pools: Pools, rates: Floats, size: NDArray[np.int64], waiting: Floats, horizon_s: float, intervals: int
) -> Fluid:
    """Solve the program and read its duals.

    ::

        max   Σ_t Σ_kj points_kj · s_kjt − Σ_t Σ_k slope_k · Δ · q_kt
        s.t.  q_k,t+1 = (q_kt + λ_k Δ − Σ_j s_kjt) / (1 + θ_k Δ),   q_k0 = waiting_k
              Σ_k h_kj s_kjt ≤ size_j Δ,   s, q ≥ 0

    (abandonment by an implicit step, so that queues stay positive however impatient customers are).

    Parameters
    ----------
    pools, rates, size : as in `Outlook.plan`.
    waiting : ``(classes,)`` tickets that wait now.
    horizon_s, intervals : of the program.
    """
    k, g = np.nonzero(pools.eligible)
    n, classes, groups = len(k), pools.n_classes, pools.n_groups
    width = horizon_s / intervals
    columns = n + classes  # of one interval: services, and the queue at its end
    total = columns * intervals
    cost = np.tile(np.concatenate((-pools.points[k, g], pools.slope * width)), intervals)
    decay = 1.0 + pools.loss_rate * width
    serve = sparse.csr_matrix((np.ones(n), (k, np.arange(n))), shape=(classes, n))
    use = sparse.csr_matrix((pools.handling_s[k, g], (g, np.arange(n))), shape=(groups, n))
    same, before = sparse.eye(intervals, format="csr"), sparse.eye(intervals, k=-1, format="csr")
    queue_left = sparse.hstack([sparse.csr_matrix((classes, n)), sparse.identity(classes)], format="csr")
    balance: Any = sparse.kron(same, sparse.hstack([serve, sparse.diags(decay)], format="csr")) - sparse.kron(
        before, queue_left
    )
    capacity: Any = sparse.kron(same, sparse.hstack([use, sparse.csr_matrix((groups, classes))], format="csr"))
    right = np.tile(rates * width, intervals)
    right[:classes] += waiting
    result: Any = linprog(
        cost,
        A_ub=capacity.tocsr(),
        b_ub=np.tile(size * width, intervals),
        A_eq=balance.tocsr(),
        b_eq=right,
        bounds=(0, None),
        method="highs",
    )
    if result.status != 0 or len(result.x) != total:
        raise BackendError(f"fluid program: {result.message}")
    flow = np.zeros((classes, groups))
    served = result.x.reshape(intervals, columns)[:, :n].sum(axis=0)
    flow[k, g] = served / horizon_s
    return Fluid(
        price=np.maximum(-result.ineqlin.marginals[:groups], 0.0),
        ticket=-result.eqlin.marginals[:classes],
        flow=flow,
        value=-float(result.fun),
    )
