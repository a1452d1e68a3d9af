"""`Table` and `evaluate`: a Markov policy as its decision in every state, judged by the chain that it makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.learning.state_space import StateSpace

__all__ = ["Performance", "Table", "evaluate", "visits"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Table(Frozen):
    """What a Markov policy decides in each state.

    Parameters
    ----------
    space : the states.
    after : ``(states,)`` the state after the decision; −1: never asked, as the policy never comes there.
    assigned : ``(states, assignments)`` how many tickets go to each group by type.
    """

    space: StateSpace
    after: Integers
    assigned: Integers

    @classmethod
    def of_steps(cls, space: StateSpace, step: Integers) -> Table:
        """Decisions from single assignments, made one after the other.

        Parameters
        ----------
        space : the states.
        step : ``(states,)`` the assignment to make next, which must be possible; −1: none.
        """
        after = np.arange(space.n_states)
        assigned = np.zeros((space.n_states, len(space.assignments)), np.int64)
        waiting = space.waiting.sum(axis=1)
        for count in range(1, int(waiting.max(initial=0)) + 1):  # each assignment leads to a state where fewer wait
            rows = np.flatnonzero((waiting == count) & (step >= 0))
            target = space.assigned_to[rows, step[rows]]
            after[rows] = after[target]
            assigned[rows] = assigned[target]
            assigned[rows, step[rows]] += 1
        return cls._trusted(space=space, after=after, assigned=assigned)


@dataclass(frozen=True, slots=True, eq=False)
class Performance(Frozen):
    """What a desk comes to in the long run.

    Parameters
    ----------
    gain : points a second.
    per_ticket : points for each ticket that arrives.
    served : ``(types, groups)`` tickets a second.
    lost : ``(types,)`` share of tickets.
    waiting : ``(types,)`` mean number that wait.
    occupancy : ``(groups,)`` share of experts who serve.
    held : share of time in which a ticket waits though an idle expert may serve it.
    edge : share of time in which the truncated room of a type is full; what is told is right up to about this.
    """

    gain: float
    per_ticket: float
    served: Floats
    lost: Floats
    waiting: Floats
    occupancy: Floats
    held: float
    edge: float

    def __repr__(self) -> str:
        return f"Performance({self.per_ticket:.6g} points a ticket, {self.held:.2%} held)"


def evaluate(table: Table) -> Performance:
    """The long-run average of a policy, from the stationary distribution of its chain (sparse LU).

    Parameters
    ----------
    table : from `tabulate`, or `Optimum.table`.

    Raises
    ------
    ContractError
        Where the chain from the empty desk settles in more than one set of states.
    """
    space, desk = table.space, table.space.desk
    everywhere = visits(table)
    rows = np.flatnonzero(everywhere > 0)
    share = everywhere[rows]
    before, rates = space.event_to[rows], space.event_rate[rows]
    assigned = table.assigned[before] * (rates * share[:, None])[:, :, None]
    by_assignment = assigned.sum(axis=(0, 1))
    own = float(share @ space.own_rate[rows])
    gain = own + float(by_assignment @ space.assigned_reward)
    served = np.zeros(desk.reward.shape)
    served[space.assignments[:, 0], space.assignments[:, 1]] = by_assignment
    waiting = share @ space.waiting[rows]
    full = space.waiting[rows] == desk.room
    lost = waiting * desk.loss_rate + desk.arrival_rate * (share @ full)
    return Performance(
        gain=gain,
        per_ticket=gain / float(desk.arrival_rate.sum()),
        served=served,
        lost=lost / desk.arrival_rate,
        waiting=waiting,
        occupancy=share @ space.busy[rows] / desk.size,
        held=float(share @ (space.assigned_to[rows] >= 0).any(axis=1)),
        edge=float(share @ full.any(axis=1)),
    )


def visits(table: Table) -> Floats:
    """``(states,)`` share of time in each state after decisions, in the long run.

    Raises
    ------
    ContractError
        As in `evaluate`.
    """
    space = table.space
    rows = _visited(table)
    place = np.full(space.n_states, -1, np.int64)
    place[rows] = np.arange(len(rows))
    rates = space.event_rate[rows]
    target = place[table.after[space.event_to[rows]]]
    happens = rates > 0
    source = np.repeat(np.arange(len(rows)), happens.sum(axis=1))
    flow = sparse.csr_matrix((rates[happens], (source, target[happens])), shape=(len(rows), len(rows)))
    share = np.zeros(space.n_states)
    share[rows] = np.maximum(_stationary(flow), 0.0)
    return share


def _visited(table: Table) -> Integers:
    """The states after decisions that can be reached from the empty desk."""
    space = table.space
    seen = np.zeros(space.n_states, bool)
    frontier = table.after[:1]
    while len(frontier):
        seen[frontier] = True
        reached = table.after[space.event_to[frontier][space.event_rate[frontier] > 0]]
        if (reached < 0).any():
            raise ContractError("the table has no decision for a state that its policy comes to")
        frontier = np.unique(reached[~seen[reached]])
    return np.flatnonzero(seen)


def _stationary(flow: sparse.csr_matrix) -> Floats:
    """``(states,)`` the stationary distribution of a chain with these rates; 0 where it does not return to."""
    n = flow.shape[0]
    count, label = connected_components(flow, directed=True, connection="strong")
    entries = flow.tocoo()
    leaves = np.zeros(count, bool)
    leaves[label[entries.row[label[entries.row] != label[entries.col]]]] = True
    if (~leaves).sum() > 1:
        raise ContractError("the chain settles in more than one set of states; its averages depend on the start")
    stays = np.flatnonzero(~leaves[label])
    share = np.zeros(n)
    if len(stays) == 1:
        share[stays] = 1.0
        return share
    inside = flow[stays][:, stays]
    balance = (inside - sparse.diags(np.asarray(inside.sum(axis=1)).ravel())).T.tocsr()
    whole = sparse.vstack([sparse.csr_matrix(np.ones((1, len(stays)))), balance[1:]]).tocsc()
    right = np.zeros(len(stays))
    right[0] = 1.0
    share[stays] = spsolve(whole, right)
    return share
