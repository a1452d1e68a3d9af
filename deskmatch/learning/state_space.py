"""`StateSpace`: the states of a small desk, its events, and the single assignments of which decisions are made."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ScenarioError
from deskmatch.frozen import Frozen
from deskmatch.learning.small_desk import SmallDesk

__all__ = ["StateSpace"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_STATES = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class StateSpace(Frozen):
    """All states of a truncated chain; made by `StateSpace.of`.

    A state counts the tickets that wait, by type, and those in service, by group; by group and type where a group
    takes longer for one type than for another. A decision is made after each event: any number of waiting tickets
    go to idle experts, one *assignment* after the other, and what is left waits until the next event.

    Parameters
    ----------
    desk : the rates.
    columns : ``(columns, 2)`` what is counted in service: group, and type or −1 for all types of the group.
    states : ``(states, types + columns)`` counts; row 0 is the empty desk.
    assignments : ``(assignments, 2)`` type and group.
    order : ``(states,)`` rows by the number of tickets that wait, fewest first.
    event_to : ``(states, events)`` the state before the decision that follows; the state itself where it cannot
        happen, and where a ticket arrives for which there is no room.
    event_rate : ``(states, events)`` a second.
    own_rate : ``(states,)`` points a second while the desk is in the state: waiting, and customers who are lost.
    assigned_to : ``(states, assignments)`` the state after it; −1: it cannot be made.
    assigned_reward : ``(assignments,)`` points.
    """

    desk: SmallDesk
    columns: Integers
    states: Integers
    assignments: Integers
    order: Integers
    event_to: Integers
    event_rate: Floats
    own_rate: Floats
    assigned_to: Integers
    assigned_reward: Floats

    @classmethod
    def of(cls, desk: SmallDesk) -> StateSpace:
        """The states of a desk.

        Raises
        ------
        ScenarioError
            Where there are more than two million.
        """
        n_types = len(desk.room)
        columns = _columns(desk)
        sizes = np.concatenate((desk.room + 1, desk.size[columns[:, 0]] + 1))
        if float(np.prod(sizes.astype(float))) > 8 * MOST_STATES:
            raise ScenarioError(f"the desk has {np.prod(sizes.astype(float)):.3g} states; expected fewer; lower `room`")
        grid = np.indices(tuple(sizes.tolist())).reshape(len(sizes), -1).T
        busy = np.stack([grid[:, n_types:][:, columns[:, 0] == g].sum(axis=1) for g in range(len(desk.size))], axis=1)
        valid = (busy <= desk.size).all(axis=1)
        states, busy = np.ascontiguousarray(grid[valid]), busy[valid]
        if len(states) > MOST_STATES:
            raise ScenarioError(f"the desk has {len(states)} states; expected at most {MOST_STATES}; lower `room`")
        row_of = np.full(len(grid), -1, np.int64)
        row_of[valid] = np.arange(len(states))
        strides = np.concatenate((np.cumprod(sizes[:0:-1])[::-1], [1]))
        code = states @ strides

        def moved(possible: NDArray[np.bool_], *steps: tuple[int, int], otherwise: Integers) -> Integers:
            shift = sum(int(strides[at]) * by for at, by in steps)
            return np.where(possible, row_of[np.where(possible, code + shift, 0)], otherwise)

        itself, nowhere = np.arange(len(states)), np.full(len(states), -1)
        waiting, served = states[:, :n_types], states[:, n_types:]
        to, rates = [], []
        own = -(waiting @ desk.waiting_cost) + waiting @ (desk.loss_rate * desk.loss)
        for k in range(n_types):
            fits = waiting[:, k] < desk.room[k]
            to += [moved(fits, (k, 1), otherwise=itself), moved(waiting[:, k] > 0, (k, -1), otherwise=itself)]
            rates += [np.full(len(states), desk.arrival_rate[k]), desk.loss_rate[k] * waiting[:, k]]
            own += desk.arrival_rate[k] * desk.loss[k] * ~fits
        for at, (group, kind) in enumerate(columns):
            rate = desk.service_rate[kind, group] if kind >= 0 else desk.service_rate[:, group].max()
            to.append(moved(served[:, at] > 0, (n_types + at, -1), otherwise=itself))
            rates.append(rate * served[:, at])
        assignments = np.array(
            [(k, g) for k, g in product(range(n_types), range(len(desk.size))) if desk.eligible[k, g]]
        )
        after = []
        for k, group in assignments:
            at = int(np.flatnonzero((columns[:, 0] == group) & ((columns[:, 1] == k) | (columns[:, 1] < 0)))[0])
            possible = (waiting[:, k] > 0) & (busy[:, group] < desk.size[group])
            after.append(moved(possible, (k, -1), (n_types + at, 1), otherwise=nowhere))
        return cls._trusted(
            desk=desk,
            columns=columns,
            states=states,
            assignments=assignments,
            order=np.argsort(waiting.sum(axis=1), kind="stable"),
            event_to=np.ascontiguousarray(np.stack(to, axis=1)),
            event_rate=np.ascontiguousarray(np.stack(rates, axis=1), np.float64),
            own_rate=own,
            assigned_to=np.ascontiguousarray(np.stack(after, axis=1)),
            assigned_reward=desk.reward[assignments[:, 0], assignments[:, 1]],
        )

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.states)

    @property
    def waiting(self) -> Integers:
        """``(states, types)`` tickets that wait."""
        return self.states[:, : len(self.desk.room)]

    @property
    def busy(self) -> Integers:
        """``(states, groups)`` experts who serve."""
        served = self.states[:, len(self.desk.room) :]
        groups = range(len(self.desk.size))
        return np.stack([served[:, self.columns[:, 0] == group].sum(axis=1) for group in groups], axis=1)

    def __repr__(self) -> str:
        return f"StateSpace({self.desk.scenario.tables.name!r}: {self.n_states} states)"


def _columns(desk: SmallDesk) -> Integers:
    """One column for a group that serves all its types at one rate, else one for each type."""
    columns = []
    for group in range(len(desk.size)):
        kinds = np.flatnonzero(desk.eligible[:, group])
        if len(np.unique(desk.service_rate[kinds, group])) > 1:
            columns += [(group, int(kind)) for kind in kinds]
        elif len(kinds):
            columns.append((group, -1))
    return np.array(columns, np.int64)
