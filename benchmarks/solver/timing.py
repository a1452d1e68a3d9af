"""Timing in turns: every method once a round, so that what else the machine does slows all alike."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .families import Arcs, Family
from .methods import Method, methods_for, value_of

__all__ = ["Row", "Timing", "stream_once", "time_instance"]

AGREE = 1e-6
"""Peers round their costs; objectives must agree to this share of the sum of magnitudes."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one method, a number for each round.

    Parameters
    ----------
    total : from the arc columns to the expert of every ticket, with the proof where there is one.
    solve : of the solver's own call.
    """

    total: NDArray[np.float64]
    solve: NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One instance, timed.

    Parameters
    ----------
    family, n_tickets, n_experts, n_arcs : the instance.
    stream_s : seconds to read the arc columns once.
    timings : by the method's name.
    """

    family: Family
    n_tickets: int
    n_experts: int
    n_arcs: int
    stream_s: float
    timings: dict[str, Timing]

    @property
    def best_peer(self) -> str:
        """The peer that takes least in all, by the median."""
        peers = {name: float(np.median(one.total)) for name, one in self.timings.items() if name != "deskmatch"}
        return min(peers, key=lambda name: peers[name])

    @property
    def speed_up(self) -> float:
        """How many times as long the best peer takes: the median of its rounds over ours."""
        ours, best = self.timings["deskmatch"].total, self.timings[self.best_peer].total
        return float(np.median(best) / np.median(ours))

    @property
    def solve_speed_up(self) -> float:
        """The same of the solvers' own calls, against the peer whose call takes least."""
        medians = {name: float(np.median(one.solve)) for name, one in self.timings.items()}
        ours = medians.pop("deskmatch")
        return min(medians.values()) / ours


def time_instance(family: Family, size: tuple[int, int], *, rounds: int, patience_s: float, seed: int = 0) -> Row:
    """Time every method that can take this instance.

    Parameters
    ----------
    rounds : how often each method runs, after one run that does not count; every run is on a new problem object.
    patience_s : a method that has used so much time in all is not repeated any more.
    """
    arcs = family.make(np.random.default_rng(seed), *size)
    methods = methods_for(arcs)
    runs: dict[str, list[tuple[float, float]]] = {each.name: [] for each in methods}
    spent = dict.fromkeys(runs, 0.0)
    expected: float | None = None
    for turn in range(rounds + 1):
        for each in methods:
            if spent[each.name] > patience_s:
                continue
            total, solve, value = _run(each, arcs)
            spent[each.name] += total
            expected = value if expected is None else expected
            _check(each, arcs, value, expected)
            # The first run warms caches up; a method that is out of patience after it has only that.
            if turn > 0 or spent[each.name] > patience_s:
                runs[each.name].append((total, solve))
    timings = {name: Timing(*np.array(of_method).T) for name, of_method in runs.items()}
    return Row(family, *size, len(arcs.ticket), stream_once(arcs), timings)


def stream_once(arcs: Arcs, *, rounds: int = 5) -> float:
    """Seconds to read the three columns once, at best: no method can be faster."""
    best = np.inf
    for _ in range(rounds):
        started = time.perf_counter()
        arcs.ticket.sum(), arcs.expert.sum(), arcs.points.sum()
        best = min(best, time.perf_counter() - started)
    return float(best)


def _run(method: Method, arcs: Arcs) -> tuple[float, float, float]:
    """Seconds in all, seconds of the solver's call, and the value of the answer."""
    gc.collect()
    started = time.perf_counter()
    built = method.build(arcs)
    solving = time.perf_counter()
    answer = method.solve(built)
    reading = time.perf_counter()
    expert_of = method.read(arcs, built, answer)
    ended = time.perf_counter()
    return ended - started, reading - solving, value_of(arcs, expert_of)


def _check(method: Method, arcs: Arcs, value: float, expected: float) -> None:
    scale = float(np.abs(arcs.points).max(initial=1.0)) * min(arcs.n_tickets, 1 + len(arcs.points))
    if not abs(value - expected) <= AGREE * scale:
        raise AssertionError(f"{method.name} finds {value}, expected {expected}")
