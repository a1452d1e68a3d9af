"""N-, W- and X-models against their Markov chains, solved with scipy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deskmatch.policies import fcfs, longest_queue, preference_lists
from deskmatch.policies.dispatch import Rule
from deskmatch.simulation import Scenario, simulate

Queue = tuple[int, ...]


class Model:
    """Types and pools with exponential times.

    Parameters
    ----------
    rates, thetas : arrival and patience rates by type.
    sizes, mus : experts and service rates by pool.
    lists : by type, the pools that may serve it, in order.
    room : tickets that can wait, all types together.
    """

    def __init__(
        self,
        rates: list[float],
        thetas: list[float],
        sizes: list[int],
        mus: list[float],
        lists: list[list[int]],
        room: int,
    ) -> None:
        self.rates, self.thetas, self.sizes, self.mus = rates, thetas, sizes, mus
        self.lists, self.room = lists, room

    def scenario(self, tickets: float) -> Scenario:
        horizon = tickets / sum(self.rates)
        serves = [[t for t, pools in enumerate(self.lists) if p in pools] for p in range(len(self.sizes))]
        return Scenario.load(
            {
                "horizon_s": horizon,
                "warmup_s": horizon * 0.01,
                "channels": {"call": {"queue_capacity": self.room}},
                "types": {
                    f"t{t}": {
                        "channel": "call",
                        "arrivals": {"per_hour": rate * 3600},
                        "patience": 1 / theta if theta else "never",
                        "handling": 1.0,
                    }
                    for t, (rate, theta) in enumerate(zip(self.rates, self.thetas, strict=True))
                },
                "groups": {
                    f"g{p}": {"experts": n, "speed": mu, "topics": [f"t{t}" for t in serves[p]]}
                    for p, (n, mu) in enumerate(zip(self.sizes, self.mus, strict=True))
                },
            }
        )

    def solve(
        self,
        theory: SimpleNamespace,
        takes: Callable[[int, Queue], int],
        goes: Callable[[int, Queue], list[tuple[int, float]]] | None = None,
    ) -> dict[str, np.ndarray]:
        """Mean queue lengths, abandonment by type and busy experts by pool.

        takes : the queue that a freed expert of a pool takes from, −1: none.
        goes : the pools, with probabilities, that a ticket goes to, given who is busy; default: the first in its list.
        """

        def first(t: int, busy: Queue) -> list[tuple[int, float]]:
            free = [p for p in self.lists[t] if busy[p] < self.sizes[p]]
            return [(free[0], 1.0)] if free else []

        def moves(state: tuple[Queue, Queue]) -> Iterator[tuple[Any, float]]:
            busy, queue = state
            for t, rate in enumerate(self.rates):
                chosen = (goes or first)(t, busy)
                for p, share in chosen:
                    yield (changed(busy, p, 1), queue), rate * share
                if not chosen and sum(queue) < self.room:
                    yield (busy, changed(queue, t, 1)), rate
                if queue[t]:
                    yield (busy, changed(queue, t, -1)), self.thetas[t] * queue[t]
            for p, count in enumerate(busy):
                if count:
                    t = takes(p, queue)
                    rate = count * self.mus[p]
                    yield ((changed(busy, p, -1), queue) if t < 0 else (busy, changed(queue, t, -1))), rate

        start = (tuple(0 for _ in self.sizes), tuple(0 for _ in self.rates))
        chain = theory.stationary(start, moves)
        waiting = sum(np.array(queue) * p for (_, queue), p in chain.items())
        return {
            "waiting": waiting,
            "abandoned": waiting * self.thetas / self.rates,
            "busy": sum(np.array(busy) * p for (busy, _), p in chain.items()) / np.array(self.sizes),
        }

    def solve_in_order(self, theory: SimpleNamespace) -> dict[str, np.ndarray]:
        """First come first served with the longest idle expert first: the state is both orders, as in the desk."""

        def moves(state: tuple[Queue, Queue]) -> Iterator[tuple[Any, float]]:
            idle, queue = state  # pools of idle experts, the longest idle first; types that wait, first come first
            for t, rate in enumerate(self.rates):
                at = next((at for at, p in enumerate(idle) if p in self.lists[t]), -1)
                if at >= 0:
                    yield (without(idle, at), queue), rate
                elif len(queue) < self.room:
                    yield (idle, (*queue, t)), rate
            for at, t in enumerate(queue):
                yield (idle, without(queue, at)), self.thetas[t]
            for p, size in enumerate(self.sizes):
                busy = size - idle.count(p)
                if busy:
                    at = next((at for at, t in enumerate(queue) if p in self.lists[t]), -1)
                    following = ((*idle, p), queue) if at < 0 else (idle, without(queue, at))
                    yield following, busy * self.mus[p]

        start = tuple(p for p, size in enumerate(self.sizes) for _ in range(size))
        chain = theory.stationary((start, ()), moves)
        types, pools = range(len(self.rates)), range(len(self.sizes))
        waiting = sum(np.array([queue.count(t) for t in types]) * p for (_, queue), p in chain.items())
        idle = sum(np.array([order.count(p) for p in pools]) * share for (order, _), share in chain.items())
        abandoned = waiting * self.thetas / self.rates
        return {"waiting": waiting, "abandoned": abandoned, "busy": 1 - idle / np.array(self.sizes)}

    def check(
        self, theory: SimpleNamespace, exact: dict[str, np.ndarray], policy: Rule, tickets: float = 600_000
    ) -> None:
        run = simulate(self.scenario(tickets), policy, seed=11)
        assert theory.conserved(run)
        assert theory.little(run) < 1e-9
        rows = run.rows[run.rows["arrived"] >= run.scenario.tables.warmup_s]
        gone = [(rows["outcome"][rows["type"] == t] == 5).mean() for t in range(len(self.rates))]
        assert np.allclose(gone, exact["abandoned"], atol=0.003, rtol=0.03)
        assert np.allclose(run.mean_waiting[: len(self.rates)], exact["waiting"], atol=0.01, rtol=0.04)
        busy = run.experts.groupby("group", sort=False)["occupancy"].mean().to_numpy()
        assert np.allclose(busy, exact["busy"], atol=0.004)


def changed(values: Queue, at: int, by: int) -> Queue:
    return (*values[:at], values[at] + by, *values[at + 1 :])


def without(order: Queue, at: int) -> Queue:
    return (*order[:at], *order[at + 1 :])


def first_of(*order: list[int]) -> Callable[[int, Queue], int]:
    """A freed expert of pool p takes the first type of its list that waits."""
    return lambda p, queue: next((t for t in order[p] if queue[t]), -1)


def longest_of(*order: list[int]) -> Callable[[int, Queue], int]:
    """… takes from the longest queue of its list; ties to the first."""

    def takes(p: int, queue: Queue) -> int:
        best = max(order[p], key=lambda t: (queue[t], -order[p].index(t)))
        return best if queue[best] else -1

    return takes


N_MODEL = Model([3.0, 3.2], [0.4, 0.9], [4, 2], [1.0, 1.3], [[0], [1, 0]], room=14)
W_MODEL = Model([1.5, 2.0, 1.8], [0.5, 0.3, 0.8], [2, 3], [1.0, 0.9], [[0], [0, 1], [1]], room=9)
X_MODEL = Model([2.5, 2.2], [0.3, 0.7], [3, 2], [0.8, 1.2], [[0, 1], [1, 0]], room=14)


def test_n_model_with_priority(theory: SimpleNamespace) -> None:
    rule = preference_lists(groups={"t1": ["g1", "g0"]}, queues={"g0": ["t0", "t1"]})
    N_MODEL.check(theory, N_MODEL.solve(theory, first_of([0, 1], [1])), rule)


def test_n_model_with_the_other_priority(theory: SimpleNamespace) -> None:
    rule = preference_lists(groups={"t1": ["g1", "g0"]}, queues={"g0": ["t1", "t0"]})
    N_MODEL.check(theory, N_MODEL.solve(theory, first_of([1, 0], [1])), rule)


def test_n_model_with_longest_queue(theory: SimpleNamespace) -> None:
    rule = longest_queue(groups={"t1": ["g1", "g0"]})
    N_MODEL.check(theory, N_MODEL.solve(theory, longest_of([0, 1], [1])), rule)


def test_w_model_with_priority(theory: SimpleNamespace) -> None:
    rule = preference_lists(groups={"t1": ["g0", "g1"]}, queues={"g0": ["t1", "t0"], "g1": ["t1", "t2"]})
    W_MODEL.check(theory, W_MODEL.solve(theory, first_of([1, 0], [1, 2])), rule)


def test_w_model_with_longest_queue(theory: SimpleNamespace) -> None:
    rule = longest_queue(groups={"t1": ["g0", "g1"]})
    W_MODEL.check(theory, W_MODEL.solve(theory, longest_of([0, 1], [1, 2])), rule)


def test_x_model_with_priority(theory: SimpleNamespace) -> None:
    """Both groups take their own type first, and each type goes to its own group first."""
    rule = preference_lists(
        groups={"t0": ["g0", "g1"], "t1": ["g1", "g0"]}, queues={"g0": ["t0", "t1"], "g1": ["t1", "t0"]}
    )
    X_MODEL.check(theory, X_MODEL.solve(theory, first_of([0, 1], [1, 0])), rule)


def test_x_model_with_longest_queue(theory: SimpleNamespace) -> None:
    rule = longest_queue(groups={"t0": ["g0", "g1"], "t1": ["g1", "g0"]})
    X_MODEL.check(theory, X_MODEL.solve(theory, longest_of([0, 1], [0, 1])), rule)


@pytest.mark.parametrize(
    "model",
    [
        Model([3.0, 3.2], [0.4, 0.9], [3, 2], [1.0, 1.3], [[0], [1, 0]], room=7),
        Model([1.5, 2.0, 1.8], [0.5, 0.3, 0.8], [2, 2], [1.0, 0.9], [[0], [0, 1], [1]], room=5),
        Model([2.5, 2.2], [0.3, 0.7], [3, 2], [0.8, 1.6], [[0, 1], [1, 0]], room=7),
    ],
    ids=("N", "W", "X"),
)
def test_first_come_first_served_with_the_longest_idle_expert(theory: SimpleNamespace, model: Model) -> None:
    model.check(theory, model.solve_in_order(theory), fcfs())


@pytest.mark.parametrize("by", ["longest_idle", "shortest_idle", "random"])
def test_an_inverted_v_does_not_tell_idle_orders_apart(theory: SimpleNamespace, by: str) -> None:
    """Longest idle, shortest idle and random make the same chain: every idle expert is equally likely."""
    model = Model([4.5], [0.2], [3, 4], [1.2, 0.5], [[0, 1]], room=12)

    def goes(t: int, busy: Queue) -> list[tuple[int, float]]:
        idle = [size - count for size, count in zip(model.sizes, busy, strict=True)]
        return [(p, count / sum(idle)) for p, count in enumerate(idle) if count]

    model.check(theory, model.solve(theory, first_of([0], [0]), goes), fcfs(by), tickets=1_000_000)


@pytest.mark.parametrize(("by", "order"), [("fastest", [0, 1]), ("slowest", [1, 0])])
def test_an_inverted_v_tells_fastest_and_slowest_apart(theory: SimpleNamespace, by: str, order: list[int]) -> None:
    model = Model([4.5], [0.2], [3, 4], [1.2, 0.5], [order], room=12)
    model.check(theory, model.solve(theory, first_of([0], [0])), fcfs(by), tickets=1_000_000)


def test_x_model_with_fcfs_and_equal_rates_is_an_erlang_a(theory: SimpleNamespace) -> None:
    model = Model([2.0, 3.0], [0.5, 0.5], [2, 3], [1.0, 1.0], [[0, 1], [0, 1]], room=60)
    run = simulate(model.scenario(600_000), fcfs(), seed=12)
    exact = theory.Erlang(5, 5.0, 0.5)
    assert (run.rows["outcome"] == 5).mean() == pytest.approx(exact.abandoned, abs=0.003)
    by_type = [(run.rows["outcome"][run.rows["type"] == t] == 5).mean() for t in (0, 1)]
    assert by_type == pytest.approx([exact.abandoned] * 2, abs=0.004)
    assert run.mean_waiting.sum() == pytest.approx(exact.mean_waiting, rel=0.03)


def test_chats_share_an_expert_by_the_completion_rates(theory: SimpleNamespace) -> None:
    """Two experts with up to 2 chats each; the total rate of an expert with i chats is (1, 1.5)[i]."""
    rate, theta, curve, room = 2.5, 0.4, (0.0, 1.0, 1.5), 12

    def moves(state: tuple[int, int, int]) -> Iterator[tuple[Any, float]]:
        low, high, queue = state  # chats of the less and the more busy expert
        if low < 2:
            pair = sorted((low + 1, high)) if low <= high else sorted((low, high + 1))
            yield (*pair, queue), rate
        elif queue < room:
            yield (low, high, queue + 1), rate
        if queue:
            yield (low, high, queue - 1), theta * queue + curve[low] + curve[high]
        else:
            if low:
                yield (*sorted((low - 1, high)), 0), curve[low]
            if high:
                yield (*sorted((low, high - 1)), 0), curve[high]

    chain = theory.stationary((0, 0, 0), moves)
    waiting = sum(p * state[2] for state, p in chain.items())
    chats = sum(p * (state[0] + state[1]) for state, p in chain.items())
    horizon = 200_000.0
    run = simulate(
        {
            "horizon_s": horizon,
            "warmup_s": 100,
            "channels": {"chat": {"concurrency": [1, 1.5], "patience": 1 / theta, "queue_capacity": room}},
            "types": {"t": {"channel": "chat", "arrivals": {"per_hour": rate * 3600}, "handling": 1.0}},
            "groups": {"g": {"experts": 2, "channels": {"chat": 2}}},
        },
        fcfs("least_busy"),
        seed=13,
    )
    assert theory.conserved(run)
    assert run.mean_waiting.sum() == pytest.approx(waiting, rel=0.03)
    assert run.experts["in_hand_s"].sum() / (horizon - 100) == pytest.approx(chats, rel=0.01)
