"""`clairvoyant_bound`: the most that one could have who knows arrivals, patience and durations, by a linear program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from deskmatch.epochs import Desk, Epoch
from deskmatch.errors import BackendError, ScenarioError
from deskmatch.frozen import Frozen
from deskmatch.learning.served_once import hindrances, worth_of
from deskmatch.policies.protocol import Decision, Trigger
from deskmatch.simulation.layout import handling_of
from deskmatch.simulation.run import simulate
from deskmatch.simulation.scenario import Scenario

__all__ = ["Clairvoyant", "clairvoyant_bound"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Clairvoyant(Frozen):
    """A bound on the reward of one replication.

    Parameters
    ----------
    bound : points that no policy can exceed on these customers, resolution counted by its probability.
    tickets : how many arrived.
    variables : of the linear program.
    """

    bound: float
    tickets: int
    variables: int


class _Nobody:
    """Never decides anything, so that every customer shows how long the patience lasts."""

    trigger = Trigger(epoch_s=1e9)
    name = "nobody"

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> None:
        return None

    def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
        return Decision(), state


def clairvoyant_bound(
    scenario: Scenario, *, seed: int = 0, replication: int = 0, step_s: float = 20.0, wait_at_most_s: float = 1800.0
) -> Clairvoyant:
    """Bound the reward of a replication, as `simulate` with this seed would score it by expectation.

    ::

        max  Σ y_ijb · (points_ij − slope · max(0, b·Δ − arrival_i)) − what losing everybody costs
        s.t. Σ_jb y_ijb ≤ 1,   Σ_ib y_ijb · w_ijbc ≤ size_j · Δ  for each group j and interval c,   y ≥ 0

    with y_ijb the share of ticket i that group j begins within interval b, between arrival and the end of the patience,
    and w_ijbc the least work on it that falls into interval c, whenever in b it began. All that makes it a bound:
    experts of a group share tickets, tickets are split, waits count up to the beginning of the interval, and the future
    is known. A ticket that nobody takes costs its `lost`, and nothing for its wait.

    Parameters
    ----------
    scenario : constant staffing and pace; one ticket at a time, seen as what it is; each ticket is served once
        (``max_hops = 0``, no callbacks); one slope of waiting.
    seed, replication : as in `simulate`.
    step_s : Δ > 0; shorter is tighter and slower.
    wait_at_most_s : patient customers wait no longer than that; it should never bind.

    Raises
    ------
    ScenarioError
        Where the scenario is none of these.
    """
    _refuse(scenario)
    arrived, patience = _patience(scenario, seed, replication)
    kind, work = _work(scenario, seed, replication)
    n, own = len(arrived), scenario.eligible[: len(scenario.types)]
    serve, lose, wait = worth_of(scenario)
    points = serve - lose[:, None]
    size = np.bincount(scenario.group_of, minlength=len(scenario.groups))
    mean = handling_of(scenario)[: len(scenario.types)]
    columns = []
    last_start = arrived + np.minimum(patience, wait_at_most_s)
    for group in range(len(scenario.groups)):
        able = np.flatnonzero(own[kind, group])
        first = (arrived[able] // step_s).astype(np.int64)
        count = (last_start[able] // step_s).astype(np.int64) - first + 1
        ticket = np.repeat(able, count)
        offset = np.arange(len(ticket)) - np.repeat(np.cumsum(count) - count, count)
        begin = np.repeat(first, count) + offset
        columns.append((ticket, np.full(len(ticket), group), begin))
    ticket, group_of, begin = (np.concatenate(part) for part in zip(*columns, strict=True))
    worth = points[kind[ticket], group_of]
    worth = worth - wait[kind[ticket]] * np.maximum(begin * step_s - arrived[ticket], 0.0)
    kept = worth > 0
    ticket, group_of, begin, worth = ticket[kept], group_of[kept], begin[kept], worth[kept]
    length = work[ticket] * mean[kind[ticket], group_of]
    rows, entries, variables = _least_work(begin, length, step_s)
    n_steps = int(rows.max(initial=0)) + 1
    capacity = sparse.csr_matrix(
        (entries, (group_of[variables] * n_steps + rows, variables)), shape=(len(size) * n_steps, len(worth))
    )
    once = sparse.csr_matrix((np.ones(len(ticket)), (ticket, np.arange(len(ticket)))), shape=(n, len(ticket)))
    rows_of_both: Any = sparse.vstack([once, capacity]).tocsr()
    result: Any = linprog(
        -worth,
        A_ub=rows_of_both,
        b_ub=np.concatenate((np.ones(n), np.repeat(size * step_s, n_steps))),
        bounds=(0, None),
        method="highs",
    )
    if result.status != 0:
        raise BackendError(f"clairvoyant bound: {result.message}")
    everybody_lost = float(lose[kind].sum())
    return Clairvoyant._trusted(bound=everybody_lost - float(result.fun), tickets=n, variables=len(worth))


def _least_work(begin: Integers, length: Floats, step_s: float) -> tuple[Integers, Floats, Integers]:
    """The least work that falls into each interval, whenever within its interval a ticket begins: none in the first,
    then what is left if it began at once; entries as interval, seconds, variable."""
    spans = np.maximum(np.ceil(length / step_s).astype(np.int64) - 1, 0)
    variable = np.repeat(np.arange(len(begin)), spans)
    after = np.arange(len(variable)) - np.repeat(np.cumsum(spans) - spans, spans) + 1
    seconds = np.clip(length[variable] - after * step_s, 0.0, step_s)
    return begin[variable] + after, seconds, variable


def _patience(scenario: Scenario, seed: int, replication: int) -> tuple[Floats, Floats]:
    """``(tickets,)`` when each ticket arrives, and how long it would wait; inf: forever."""
    rows = simulate(scenario, _Nobody(), seed=seed, replication=replication).rows
    rows = rows[np.argsort(rows["root"])]
    return rows["arrived"].copy(), np.where(np.isnan(rows["ended"]), np.inf, rows["ended"] - rows["entered"])


def _work(scenario: Scenario, seed: int, replication: int) -> tuple[Integers, Floats]:
    """``(tickets,)`` type, and handling time over the mean of the type at the group: the same at every group."""
    from deskmatch.policies.rules import fcfs

    values = scenario.to_dict()
    for group in values["groups"].values():
        group["experts"] = 5000 + group["experts"]
    ample = Scenario.load({**values, "drain_s": 1e7})
    rows = simulate(ample, fcfs(), seed=seed, replication=replication).rows
    rows = rows[np.argsort(rows["root"])]
    kind = rows["type"].astype(np.int64)
    mean = handling_of(ample)[kind, ample.group_of[rows["expert"]]]
    return kind, (rows["ended"] - rows["started"]) / mean


def _refuse(scenario: Scenario) -> None:
    problems = list(hindrances(scenario))
    if (scenario.desk.channel_limit.max(axis=1) > 1).any():
        problems.append("groups: expected one ticket at a time")
    if scenario.tables.reward.spread > 0:
        problems.append("reward.spread: expected 0 or less")
    if problems:
        raise ScenarioError(
            "\n".join(["the clairvoyant bound does not hold here:", *(f"  {each}" for each in problems)])
        )
