"""`optimum`: the best that any policy can do on a small desk, by value iteration with proven bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel
from deskmatch.frozen import Frozen
from deskmatch.learning.chain import Performance, Table, evaluate
from deskmatch.learning.small_desk import SmallDesk
from deskmatch.learning.state_space import StateSpace

__all__ = ["Optimum", "optimum"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SWEEPS = 200
"""Sweeps between two looks at the bounds."""
STAY = 1.2
"""How much faster the uniformised clock ticks than any event: at 1 the chain may be periodic, and the bounds stand."""


@dataclass(frozen=True, slots=True, eq=False)
class Optimum(Frozen):
    """The best policy of a small desk.

    Parameters
    ----------
    table : what it decides.
    performance : of the chain that it makes; its gain is a lower bound.
    bound : points a second that no policy can exceed.
    value : ``(states,)`` relative value of each state after the decision, points; 0 for the empty desk.
    sweeps : of value iteration.
    """

    table: Table
    performance: Performance
    bound: float
    value: Floats
    sweeps: int

    @property
    def gain(self) -> float:
        """Points a second of the best policy."""
        return self.performance.gain

    def __repr__(self) -> str:
        return f"Optimum({self.performance.per_ticket:.6g} points a ticket, {self.table.space.n_states} states)"


def optimum(
    desk: SmallDesk | StateSpace, *, idling: bool = True, precision: float = 1e-7, most_sweeps: int = 1_000_000
) -> Optimum:
    """The average-optimal policy: nobody is interrupted, and experts may idle though a ticket waits.

    Relative value iteration on the uniformised chain. The decision after an event is the best sequence of single
    assignments, found in one pass over the states in the order of the tickets that wait. Whatever the values are, the
    least and the greatest one-step gain bracket the optimal gain (M. L. Puterman, Markov Decision Processes, 1994,
    theorem 8.5.5), so the result says how exact it is.

    Parameters
    ----------
    desk : a desk or its states.
    idling : false: the best *work-conserving* policy, which assigns as long as an idle expert may serve somebody.
    precision : stop when bound and gain differ by at most this, relative to the points of all tickets.
    most_sweeps : stop then at the latest.

    Returns
    -------
    Optimum
    """
    space = desk if isinstance(desk, StateSpace) else StateSpace.of(desk)
    uniform = STAY * float(space.event_rate.sum(axis=1).max())
    values, ahead = np.zeros(space.n_states), np.zeros(space.n_states)
    step = np.zeros(space.n_states, np.int64)
    bounds = np.zeros(2)
    scale = float(space.desk.arrival_rate.sum() * max(1e-12, np.abs(space.assigned_reward).max()))
    sweeps = 0
    while sweeps < most_sweeps:
        value_sweeps(
            values, ahead, step, bounds, space.order, space.event_to, space.event_rate, space.own_rate,
            space.assigned_to, space.assigned_reward, uniform, int(idling), SWEEPS,
        )  # fmt: skip
        sweeps += SWEEPS
        if bounds[1] - bounds[0] <= precision * scale:
            break
    table = Table.of_steps(space, step)
    return Optimum._trusted(
        table=table, performance=evaluate(table), bound=float(bounds[1]), value=values, sweeps=sweeps
    )


@kernel(
    "out float64[:]",
    "out float64[:]",
    "out int64[:]",
    "out float64[:]",
    "int64[:]",
    "int64[:, :]",
    "float64[:, :]",
    "float64[:]",
    "int64[:, :]",
    "float64[:]",
    "float64",
    "int64",
    "int64",
)
def value_sweeps(
    values: Floats,
    ahead: Floats,
    step: Integers,
    bounds: Floats,
    order: Integers,
    event_to: Integers,
    event_rate: Floats,
    own_rate: Floats,
    assigned_to: Integers,
    assigned_reward: Floats,
    uniform: float,
    idling: int,
    sweeps: int,
) -> None:
    """Sweeps of relative value iteration.

    Parameters
    ----------
    values : ``(states,)`` changed: values of states after the decision.
    ahead : ``(states,)`` filled: values of states before it.
    step : ``(states,)`` filled: the assignment to make first, −1: none.
    bounds : ``(2,)`` filled: least and greatest gain of the last sweep, points a second.
    """
    n, n_events, n_assignments = len(values), event_to.shape[1], assigned_to.shape[1]
    fresh = np.zeros(n)
    for _ in range(sweeps):
        for at in range(n):
            s = order[at]
            best, chosen = values[s], -1
            for a in range(n_assignments):
                target = assigned_to[s, a]
                if target >= 0:
                    candidate = assigned_reward[a] + ahead[target]
                    if candidate > best or (idling == 0 and chosen < 0):
                        best, chosen = candidate, a
            ahead[s], step[s] = best, chosen
        low, high = np.inf, -np.inf
        for s in range(n):
            total = own_rate[s]
            for e in range(n_events):
                rate = event_rate[s, e]
                if rate > 0.0:
                    total += rate * (ahead[event_to[s, e]] - values[s])
            low, high = min(low, total), max(high, total)
            fresh[s] = values[s] + total / uniform
        empty = fresh[0]
        for s in range(n):
            values[s] = fresh[s] - empty
        bounds[0], bounds[1] = low, high
