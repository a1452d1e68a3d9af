"""Desks of queueing theory, and what theory says of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from math import lgamma
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from deskmatch.simulation import Run, Scenario


def desk(
    n: int,
    load: float,
    *,
    theta: float = 0.0,
    capacity: int | None = None,
    handling: Any = 1.0,
    tickets: float = 300_000,
    **settings: Any,
) -> Scenario:
    """n experts, Poisson arrivals at rate `load`, mean handling time 1, patience rate theta; times in seconds."""
    channel: dict[str, Any] = {"patience": 1 / theta if theta else "never"}
    if capacity is not None:
        channel["queue_capacity"] = capacity
    horizon = tickets / load
    return Scenario.load(
        {
            "horizon_s": horizon,
            "warmup_s": 0.01 * horizon,
            "channels": {"call": channel},
            "types": {"t": {"channel": "call", "arrivals": {"per_hour": load * 3600}, "handling": handling}},
            "groups": {"g": {"experts": n}},
            **settings,
        }
    )


class Erlang:
    """M/M/n(+M)(/n + K) by its birth-death chain, service rate 1."""

    def __init__(self, n: int, a: float, theta: float = 0.0, capacity: int | None = None) -> None:
        most = n + capacity if capacity is not None else n + 4000
        logs, total = [0.0], 0.0
        for k in range(1, most + 1):
            total += np.log(a) - np.log(min(k, n) + max(k - n, 0) * theta)
            logs.append(total)
        p = np.exp(np.array(logs) - max(logs))
        p /= p.sum()
        waiting = np.maximum(np.arange(most + 1) - n, 0)
        self.blocked = float(p[-1]) if capacity is not None else 0.0
        self.must_wait = float(p[n:].sum()) - self.blocked
        self.mean_waiting = float(p @ waiting)
        self.wait = self.mean_waiting / a
        self.abandoned = theta * self.wait
        self.occupancy = float(p @ np.minimum(np.arange(most + 1), n)) / n


def stationary(start: Hashable, moves: Callable[[Any], Iterator[tuple[Any, float]]]) -> Mapping[Any, float]:
    """The stationary distribution of a Markov chain with finitely many states that can be reached from `start`."""
    index, states, entries = {start: 0}, [start], []
    for state in states:
        for target, rate in moves(state):
            if target not in index:
                index[target] = len(states)
                states.append(target)
            entries.append((index[state], index[target], rate))
    rows, columns, rates = (np.array(each) for each in zip(*entries, strict=True))
    n = len(states)
    flow = sparse.coo_matrix((rates, (columns, rows)), shape=(n, n)).tocsr()
    flow = flow - sparse.diags(np.asarray(flow.sum(axis=0)).ravel())
    flow = sparse.vstack([sparse.csr_matrix(np.ones((1, n))), flow[1:]]).tocsc()
    right = np.zeros(n)
    right[0] = 1.0
    return dict(zip(states, spsolve(flow, right), strict=True))


def waits(run: Run) -> np.ndarray:
    """Waits of all contacts that entered a queue after the warm-up and before the horizon."""
    rows = run.rows
    tables = run.scenario.tables
    rows = rows[(rows["arrived"] >= tables.warmup_s) & (rows["arrived"] < tables.horizon_s)]
    rows = rows[~np.isnan(rows["ended"])]
    return np.where(np.isnan(rows["started"]), rows["ended"], rows["started"]) - rows["entered"]


def conserved(run: Run) -> bool:
    """Whether every ticket that arrived is in exactly one outcome, and time averages agree with Little's law."""
    outcomes = run.outcomes()
    final = np.isin(run.rows["outcome"], (0, 5, 6, 7, 8, 9, 10, 11, 12))
    once = np.bincount(run.rows["root"][final], minlength=run.arrived)
    return sum(outcomes.values()) == run.arrived and bool((once == 1).all()) and len(once) == run.arrived


def little(run: Run) -> float:
    """Relative difference between the mean number waiting and the waits within the same time over its length."""
    start, end = run.start.now_s, run.end.now_s
    rows = run.rows
    last = np.where(np.isnan(rows["started"]), rows["ended"], rows["started"])
    last = np.where(rows["outcome"] == 12, rows["entered"], np.where(np.isnan(last), end, last))
    inside = np.clip(last, start, end) - np.clip(rows["entered"], start, end)
    from_rows = inside.sum() / (end - start)
    from_engine = run.mean_waiting.sum()
    return float(abs(from_rows - from_engine) / max(from_engine, 1e-12)) if from_engine + from_rows > 0 else 0.0


def poisson(mean: float, n: int) -> np.ndarray:
    """Probabilities of 0 … n − 1."""
    k = np.arange(n)
    return np.exp(k * np.log(mean) - mean - np.array([lgamma(each + 1) for each in k]))


@pytest.fixture(scope="session")
def theory() -> SimpleNamespace:
    """The functions of this file, since test files cannot import it."""
    names = (desk, Erlang, stationary, waits, conserved, little, poisson)
    return SimpleNamespace(**{each.__name__: each for each in names})
