"""`tabulate`: what a policy decides in every state that it comes to, by asking it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch, Staffing, Tickets
from deskmatch.epochs.epoch import Intake
from deskmatch.errors import ContractError
from deskmatch.learning.chain import Table
from deskmatch.learning.small_desk import SmallDesk
from deskmatch.learning.state_space import StateSpace
from deskmatch.policies.protocol import Policy
from deskmatch.simulation.deciding import MONDAY, EpochMaker

__all__ = ["EpochOfCounts", "tabulate"]

Integers = NDArray[np.int64]

WAITED_S = (30.0, 5.0)
"""Waits of the tickets of the types, and the other way round: a Markov policy does not look at them."""
CHECKED = 40
"""States in which a policy is asked a second time, with other waits and idle times."""


def tabulate(space: StateSpace | SmallDesk, policy: Policy, *, forecast: object = None, seed: int = 0) -> Table:
    """Ask a policy in every state that can be reached under it.

    Parameters
    ----------
    space : the states, or the desk.
    policy : must be Markov: it decides by who waits and who is busy, not by how long, nor by chance.
    forecast : what it is told to expect.
    seed : of its initial state.

    Raises
    ------
    ContractError
        Where it decides otherwise in a state when the waits or the idle times are others, so that only a simulation
        can judge it.
    """
    space = space if isinstance(space, StateSpace) else StateSpace.of(space)
    asked = _Asked(space, policy, forecast, seed)
    seen, frontier = np.zeros(space.n_states, bool), np.zeros(1, np.int64)
    while len(frontier):
        seen[frontier] = True
        to = space.event_to[frontier][space.event_rate[frontier] > 0]
        asked.decide(np.unique(to))
        reached = np.unique(asked.after[to])
        frontier = reached[~seen[reached]]
    return Table._trusted(space=space, after=asked.after, assigned=asked.assigned)


class _Asked:
    """The decisions of a policy, as far as it has been asked; states that look alike to it are asked about once."""

    def __init__(self, space: StateSpace, policy: Policy, forecast: object, seed: int) -> None:
        self._space, self._policy = space, policy
        self._epochs = EpochOfCounts(space.desk)
        self._memory = policy.initial_state(self._epochs.desk, forecast, np.random.default_rng(seed))
        self._column = {(int(k), int(g)): at for at, (k, g) in enumerate(space.assignments)}
        self._waiting, self._busy = space.waiting, space.busy
        self._rng, self._checked = np.random.default_rng(1), 0
        self._known: dict[tuple[int, ...], Integers] = {}
        self.after = np.full(space.n_states, -1, np.int64)
        self.after[0] = 0
        self.assigned = np.zeros((space.n_states, len(space.assignments)), np.int64)

    def decide(self, rows: Integers) -> None:
        """Fill in what it decides in some states."""
        for row in rows[self.after[rows] < 0].tolist():
            if (self._space.assigned_to[row] >= 0).any():
                self.assigned[row] = self._counts(row)
            self.after[row] = _follow(self._space, row, self.assigned[row])

    def _counts(self, row: int) -> Integers:
        """``(assignments,)`` how many tickets go where."""
        seen = (*self._waiting[row].tolist(), *self._busy[row].tolist())
        if seen not in self._known:
            ask = (self._policy, self._memory, self._waiting[row], self._busy[row], self._column)
            self._known[seen], self._memory = self._epochs.ask(*ask)
            if self._checked < CHECKED or self._rng.random() < 0.02:
                self._checked += 1
                other, _ = self._epochs.ask(*ask, turned=True)
                if (other != self._known[seen]).any():
                    raise ContractError(
                        f"{_name(self._policy)}: decides otherwise in state {self._space.states[row].tolist()} when"
                        " others have waited or idled longer; simulate it instead"
                    )
        return self._known[seen]


def _follow(space: StateSpace, row: int, counts: Integers) -> int:
    for at, count in enumerate(counts.tolist()):
        for _ in range(count):
            row = int(space.assigned_to[row, at])
    return row


def _name(policy: Policy) -> str:
    return str(getattr(policy, "name", type(policy).__name__))


class EpochOfCounts:
    """Makes epochs of a small desk from what is counted.

    Parameters
    ----------
    desk : the small desk.
    """

    def __init__(self, desk: SmallDesk) -> None:
        scenario = desk.scenario
        types = len(scenario.types)
        queues = scenario.queues[:types]
        self.desk = EpochMaker(scenario, np.arange(types)).desk
        first = np.searchsorted(scenario.group_of, np.arange(len(scenario.groups)))
        self._group_of = scenario.group_of
        self._rank = np.arange(scenario.n_experts) - first[scenario.group_of]
        self._works = np.argmax(scenario.desk.channel_limit, axis=1)
        self._channel = np.array([queue.channel for queue in queues], np.int32)
        self._language = scenario.desk.languages.codes(queue.language for queue in queues)
        self._topic = scenario.desk.topics.codes(queue.topic for queue in queues)
        self._tier = np.array([queue.tier for queue in queues], np.int32)
        self._importance = np.array([queue.importance for queue in queues])
        self._patience_s = np.array([scenario.patience_of(row) for row in range(types)])
        self._name = np.array([scenario.types[queue.type].written for queue in queues])
        tags = [scenario.desk.tags.codes(queue.requires) for queue in queues]
        self._tags = tags

    def epoch(self, waiting: Integers, busy: Integers, *, turned: bool = False) -> tuple[Epoch, Integers]:
        """An epoch at which so many wait and so many are busy, and the type of each of its tickets.

        Parameters
        ----------
        waiting : ``(types,)``.
        busy : ``(groups,)``.
        turned : other waits and idle times.
        """
        kind = np.repeat(np.arange(len(waiting)), waiting)
        waited = np.array(WAITED_S[::-1] if turned else WAITED_S)[kind] + 1e-3 * np.arange(len(kind), 0, -1)
        order = np.argsort(-waited, kind="stable")
        kind, waited = kind[order], waited[order]
        n, m = len(kind), len(self._group_of)
        none, nothing = np.full(n, np.nan), np.zeros(0, np.int32)
        tags = [self._tags[k] for k in kind]
        tickets = Tickets._trusted(
            ids=tuple(f"t{row}" for row in range(n)),
            channel=self._channel[kind],
            language=self._language[kind],
            topic=self._topic[kind],
            topic_ptr=np.arange(n + 1, dtype=np.int32),
            topic_probability=np.ones(n),
            tier=self._tier[kind],
            waited_s=waited,
            due_s=none,
            promised_wait_s=none,
            importance=self._importance[kind],
            patience_s=self._patience_s[kind],
            requires=np.concatenate([nothing, *tags]).astype(np.int32),
            requires_ptr=np.cumsum([0, *map(len, tags)]).astype(np.int32),
            preferred=np.full(n, -1, np.int32),
            excluded=nothing,
            excluded_ptr=np.zeros(n + 1, np.int32),
            offered_to=np.full(n, -1, np.int32),
            customer_id=None,
            features={"queue": self._name[kind]},
        )
        serving = self._rank < busy[self._group_of]
        load = np.zeros((m, len(self.desk.channels)), np.int32)
        load[np.arange(m), self._works] = serving
        staffing = Staffing._trusted(
            load=load,
            capacity=np.full(m, -1, np.int32),
            occupancy=np.full(m, 0.5),
            idle_s=np.where(serving, 0.0, 1.0 + (np.arange(m) if turned else np.arange(m, 0, -1))),
            acceptance=np.ones(m),
            leaves_in_s=np.full(m, np.nan),
            free_in_s=np.zeros(m),
        )
        epoch = Epoch._trusted(
            desk=self.desk, tickets=tickets, staffing=staffing, now=MONDAY, resolution=None, intake=Intake()
        )
        return epoch, kind

    def ask(
        self,
        policy: Policy,
        memory: Any,
        waiting: Integers,
        busy: Integers,
        column: dict[tuple[int, int], int],
        *,
        turned: bool = False,
    ) -> tuple[Integers, Any]:
        """``(assignments,)`` how many tickets go where, and what the policy remembers then."""
        epoch, kind = self.epoch(waiting, busy, turned=turned)
        decision, after = policy.decide(epoch, memory)
        counts = np.zeros(len(column), np.int64)
        for ticket, expert in zip(decision.ticket.tolist(), decision.expert.tolist(), strict=True):
            counts[column[int(kind[ticket]), int(self._group_of[expert])]] += 1
        return counts, after
