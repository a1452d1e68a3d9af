"""`Rule`: dispatch as data — which expert gets a ticket, which ticket an expert takes — and as a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch
from deskmatch.frozen import Frozen
from deskmatch.policies.dispatch.records import LINK, ExpertBy, IndexBy, TicketBy
from deskmatch.policies.protocol import EVERY_EVENT, Decision, Trigger
from deskmatch.ranges import NON_NEGATIVE, NUMBER, POSITIVE, WHOLE, entries, refuse
from deskmatch.routing import Routing

__all__ = ["Facts", "Levels", "Rule", "RuleState", "RuleTables", "links_of"]

Levels = tuple[tuple[str, ...], ...]
ByQueueAndGroup = Mapping[str, Mapping[str, float]]

ENDLESS_S = 30 * 86_400.0
"""Patience of customers who never hang up, in an index that multiplies by it."""


class Facts(NamedTuple):
    """What the desk expects of queues and pools, for rules that go by it.

    Parameters
    ----------
    handling_s : ``(queues, pools)`` mean handling time; 0: unknown.
    resolution : ``(queues, pools)`` probability of resolution, the mean over the topics that a ticket may have.
    patience_s : ``(queues,)`` mean; nan: endless.
    flexibility : ``(pools,)`` see `flexibility_of`.
    """

    handling_s: NDArray[np.float64]
    resolution: NDArray[np.float64]
    patience_s: NDArray[np.float64]
    flexibility: NDArray[np.int64]


class RuleTables(NamedTuple):
    """A rule for named queues and pools, as arrays.

    Parameters
    ----------
    expert_by, ticket_by : ``(queues,)`` codes.
    weight : ``(queues,)``.
    head_start_s : ``(queues,)``.
    pool_rank : ``(queues, pools)`` in which order a ticket looks for an expert; −1: never there.
    queue_rank : ``(pools, queues)`` in which order an expert looks for a ticket; −1: never there.
    order : ``(queues,)`` which queue comes first on ties.
    power : ``(queues,)`` of the wait.
    queue_share, pool_share : ``(queues,)`` and ``(pools,)`` of all waiting tickets, and of all idle experts.
    idle_weight : ``(pools,)`` of the time that an expert has been idle.
    link_index : ``(queues, pools)`` see `Rule.index_by`.
    reserve : ``(queues, pools)`` idle experts of the pool's group that are kept back from the queue.
    opens_s : ``(queues, pools)`` the wait from which on the queue may go to the pool.
    """

    expert_by: NDArray[np.int64]
    ticket_by: NDArray[np.int64]
    weight: NDArray[np.float64]
    head_start_s: NDArray[np.float64]
    pool_rank: NDArray[np.int64]
    queue_rank: NDArray[np.int64]
    order: NDArray[np.int64]
    power: NDArray[np.float64]
    queue_share: NDArray[np.float64]
    pool_share: NDArray[np.float64]
    idle_weight: NDArray[np.float64]
    link_index: NDArray[np.float64]
    reserve: NDArray[np.int64]
    opens_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RuleState(Frozen):
    """What a rule remembers between events.

    Parameters
    ----------
    seed : of its random choices.
    draws : random choices made so far.
    turn : offers made so far.
    turns : ``(experts,)`` the turn at which each expert last got an offer.
    memo : eligible experts by class of ticket; derived from the desk alone.
    """

    seed: int
    draws: int
    turn: int
    turns: NDArray[np.int64]
    memo: dict[Any, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule of dispatch; make one with `deskmatch.policies.fcfs` and the others there.

    A ticket that finds experts with room goes to one of the first group of its list that has any, and there to
    the one whom `expert_by` picks; an expert with room takes from the first queue of the own list that has tickets, and
    of several at the same level from the one that `ticket_by` picks. A ticket goes to its preferred expert if there is
    room, and an expert with room first takes the tickets that prefer this one. Ties: the longest idle expert, then the
    first row; the queue whose name comes first, then the ticket that came first.

    Queues and groups are called by their names: of the feature ``queue`` of tickets (else the name of their channel)
    and the feature ``group`` of experts. The simulator gives them; a scenario's queue is its type.

    Parameters
    ----------
    name : for tables and pictures.
    expert_by, ticket_by : how ties between groups, or queues, of one level are broken.
    groups : by queue: levels of groups that may serve it, first level first; a queue that is not named may go to
        any eligible group.
    queues : by group: levels of queues that it takes from; a group that is not named takes from any eligible queue.
    weights : by queue, of the wait in `TicketBy.LONGEST_WEIGHTED_WAIT`; 1 where not named.
    head_start_s : by queue, seconds by which its tickets count as having come earlier, between queues of one level
        that are served first come, first served; 0 where not named. Many telephone systems give customers of rank such
        a credit, where a strict priority would starve the others.
    by_importance : the more important tickets first; levels of `queues` come before it.
    routing : says which channels are exclusive where the rule is asked as a policy.
    index_by : what the index of a queue at a group is made of, for the orders that go by it.
    costs : by queue, the cost of a second of waiting in the index; 1 where not named.
    index : by queue and group, the index where it is given; 0 where not named.
    powers, power : of the wait in `TicketBy.WAIT_INDEX`: by queue, and where not named.
    queue_shares, group_shares : of all waiting tickets, and of all idle experts, in the ratio rules; where none is
        named, equal ones.
    idle_weights : by group, of an expert's idle time in `ExpertBy.AFFINE`; 0 where not named.
    reserves : by queue and group: so many idle experts of the group are kept back from the queue.
    opens_s : by queue and group, seconds that a ticket waits before the group may serve it; only looked at when
        something happens, or every `epoch_s`.
    least_flexible_first : among the groups of one level, the least flexible first (`flexibility_of`).
    epoch_s : seconds from one time that the rule is asked to the next; None: after every event, by the engine itself.

    Raises
    ------
    ValueError
        Where a number is not finite, or out of its range: weights and costs > 0; powers, shares, reserves (whole
        numbers), `opens_s` ≥ 0; `epoch_s` > 0.
    """

    name: str
    expert_by: ExpertBy = ExpertBy.LONGEST_IDLE
    ticket_by: TicketBy = TicketBy.FIRST_COME
    groups: Mapping[str, Levels] = field(default_factory=dict)
    queues: Mapping[str, Levels] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    head_start_s: Mapping[str, float] = field(default_factory=dict)
    by_importance: bool = False
    routing: Routing = field(default_factory=Routing)
    index_by: IndexBy = IndexBy.GIVEN
    costs: Mapping[str, float] = field(default_factory=dict)
    index: ByQueueAndGroup = field(default_factory=dict)
    powers: Mapping[str, float] = field(default_factory=dict)
    power: float = 1.0
    queue_shares: Mapping[str, float] = field(default_factory=dict)
    group_shares: Mapping[str, float] = field(default_factory=dict)
    idle_weights: Mapping[str, float] = field(default_factory=dict)
    reserves: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    opens_s: ByQueueAndGroup = field(default_factory=dict)
    least_flexible_first: bool = False
    epoch_s: float | None = None

    def __post_init__(self) -> None:
        """Every number that is out of its range, told at once."""
        positive, any_number = ("weights", "costs"), ("head_start_s", "index", "idle_weights")
        non_negative = ("powers", "queue_shares", "group_shares", "opens_s")
        wrong = NON_NEGATIVE.problems({"power": self.power}) + WHOLE.problems(entries("reserves", self.reserves))
        for kind, names in ((POSITIVE, positive), (NUMBER, any_number), (NON_NEGATIVE, non_negative)):
            for name in names:
                wrong += kind.problems(entries(name, getattr(self, name)))
        refuse(wrong)
        Trigger(self.epoch_s)

    @property
    def trigger(self) -> Trigger:
        """After every event, or every `epoch_s` seconds."""
        return EVERY_EVENT if self.epoch_s is None else Trigger(epoch_s=self.epoch_s)

    def replace(self, **changes: Any) -> Rule:
        """This rule with some of its settings changed."""
        return replace(self, **changes)

    @property
    def looks_at_occupancy(self) -> bool:
        """Whether the rule compares experts by their occupancy."""
        return self.expert_by is ExpertBy.LEAST_OCCUPIED

    def names(self) -> tuple[set[str], set[str]]:
        """The queues and the groups that the rule names."""
        by_both = (self.index, self.reserves, self.opens_s)
        queues: set[str] = set().union(
            self.groups, self.weights, self.head_start_s, self.costs, self.powers, self.queue_shares, *by_both,
            *(level for levels in self.queues.values() for level in levels),
        )  # fmt: skip
        groups: set[str] = set().union(
            self.queues, self.group_shares, self.idle_weights,
            *(own for each in by_both for own in each.values()),
            *(level for levels in self.groups.values() for level in levels),
        )  # fmt: skip
        return queues, groups

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> RuleState:
        """Nothing decided yet; the seed of random choices comes from `rng`."""
        seed = int(rng.integers(1 << 32))
        return RuleState(seed=seed, draws=0, turn=0, turns=np.zeros(desk.n_experts, np.int64), memo={})

    def decide(self, epoch: Epoch, state: RuleState) -> tuple[Decision, RuleState]:
        """What the rule says at this epoch.

        Tickets that have just come (``waited_s`` = 0) look for an expert among those for whom nobody has waited; then
        the longest idle expert for whom somebody waits names a ticket, and the ticket its expert, until nobody is left.
        """
        from deskmatch.policies.dispatch.deciding import dispatch

        return dispatch(self, epoch, state)

    def tables(
        self,
        queues: Sequence[str],
        pools: Sequence[str],
        eligible: NDArray[np.bool_],
        importance: NDArray[np.float64],
        facts: Facts,
    ) -> RuleTables:
        """The rule for queues and pools with these names.

        Parameters
        ----------
        queues, pools : the names; several may bear the same.
        eligible : ``(queues, pools)``.
        importance : ``(queues,)``.
        facts : what the desk expects of them.
        """
        of_queue = [_ranks(self.groups.get(name), pools) for name in queues]
        of_pool = {name: _ranks(self.queues.get(name), queues) for name in dict.fromkeys(pools)}
        queue_rank = np.array([of_pool[name] for name in pools], np.int64).reshape(len(pools), len(queues))
        if self.by_importance:
            levels = np.unique(-importance, return_inverse=True)[1]
            queue_rank = np.where(queue_rank < 0, -1, queue_rank * len(queues) + levels)
        pool_rank = np.array(of_queue, np.int64).reshape(len(queues), len(pools))
        if self.least_flexible_first:
            levels = np.unique(facts.flexibility, return_inverse=True)[1]
            pool_rank = np.where(pool_rank < 0, -1, pool_rank * (len(pools) + 1) + levels)
        both = eligible & (pool_rank >= 0) & (queue_rank.T >= 0)
        order = np.unique(np.array(queues, dtype=str), return_inverse=True)[1]
        return RuleTables(
            expert_by=np.full(len(queues), self.expert_by, np.int64),
            ticket_by=np.full(len(queues), self.ticket_by, np.int64),
            weight=np.array([self.weights.get(name, 1.0) for name in queues], np.float64),
            head_start_s=np.array([self.head_start_s.get(name, 0.0) for name in queues], np.float64),
            pool_rank=np.where(both, pool_rank, -1),
            queue_rank=np.where(both.T, queue_rank, -1),
            order=order.astype(np.int64),
            power=np.array([self.powers.get(name, self.power) for name in queues], np.float64),
            queue_share=_shares(self.queue_shares, queues),
            pool_share=_shares(self.group_shares, pools),
            idle_weight=np.array([self.idle_weights.get(name, 0.0) for name in pools], np.float64),
            link_index=self._index(queues, pools, facts),
            reserve=_by_both(self.reserves, queues, pools).astype(np.int64),
            opens_s=_by_both(self.opens_s, queues, pools),
        )

    def _index(self, queues: Sequence[str], pools: Sequence[str], facts: Facts) -> NDArray[np.float64]:
        """``(queues, pools)``."""
        by = self.index_by
        if by is IndexBy.GIVEN:
            return _by_both(self.index, queues, pools)
        if by is IndexBy.RESOLUTION:
            return facts.resolution
        cost = np.array([self.costs.get(name, 1.0) for name in queues], np.float64).reshape(-1, 1)
        rate = np.divide(cost, facts.handling_s, out=np.zeros_like(facts.handling_s), where=facts.handling_s > 0)
        if by is IndexBy.COST_RATE_PATIENCE:
            return np.asarray(rate * np.nan_to_num(facts.patience_s, nan=ENDLESS_S)[:, None])
        return np.asarray(rate * facts.resolution if by is IndexBy.RESOLUTION_COST_RATE else rate)


def _by_both(
    values: Mapping[str, Mapping[str, float]], queues: Sequence[str], pools: Sequence[str]
) -> NDArray[np.float64]:
    """``(queues, pools)`` values by queue and group, 0 where not named."""
    if not values:
        return np.zeros((len(queues), len(pools)))
    rows = [[values.get(queue, {}).get(pool, 0.0) for pool in pools] for queue in queues]
    return np.array(rows, np.float64).reshape(len(queues), len(pools))


def _shares(shares: Mapping[str, float], names: Sequence[str]) -> NDArray[np.float64]:
    """Shares by name, equal ones where none is named."""
    equal = 1.0 / max(1, len(set(names)))
    return np.array([shares.get(name, 0.0) if shares else equal for name in names], np.float64)


def _ranks(levels: Levels | None, names: Sequence[str]) -> list[int]:
    """The level of each name, −1 where it is in none; 0 for all where there are no levels."""
    if levels is None:
        return [0] * len(names)
    place = {name: rank for rank, level in enumerate(levels) for name in level}
    return [place.get(name, -1) for name in names]


def links_of(
    tables: RuleTables, handling_s: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Records of `LINK`, and where the blocks of the queues and of the pools begin.

    Parameters
    ----------
    tables : the rule.
    handling_s : ``(queues, pools)`` expected handling time.

    Returns
    -------
    links : the blocks of all queues, then those of all pools; each sorted by rank.
    queue_first, pool_first : ``(queues + 1,)`` and ``(pools + 1,)``.
    """
    n_queues, n_pools = tables.pool_rank.shape
    queue, pool = np.nonzero(tables.pool_rank >= 0)
    order = np.lexsort((pool, tables.pool_rank[queue, pool], queue))
    queue, pool = queue[order], pool[order]
    pool2, queue2 = np.nonzero(tables.queue_rank >= 0)
    order = np.lexsort((tables.order[queue2], tables.queue_rank[pool2, queue2], pool2))
    pool2, queue2 = pool2[order], queue2[order]
    links = np.zeros(len(queue) + len(pool2), LINK)
    links["other"] = np.concatenate((pool, queue2))
    links["rank"] = np.concatenate((tables.pool_rank[queue, pool], tables.queue_rank[pool2, queue2]))
    links["order"][len(queue) :] = tables.order[queue2]
    links["handling_s"] = np.concatenate((handling_s[queue, pool], handling_s[queue2, pool2]))
    for name, values in (("index", tables.link_index), ("reserve", tables.reserve), ("opens_s", tables.opens_s)):
        links[name] = np.concatenate((values[queue, pool], values[queue2, pool2]))
    queue_first = np.searchsorted(queue, np.arange(n_queues + 1)).astype(np.int64)
    pool_first = len(queue) + np.searchsorted(pool2, np.arange(n_pools + 1)).astype(np.int64)
    return links, queue_first, pool_first
