"""What look-ahead resolves at the mean wait of first come, first served: its price of time is swept till both agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from joblib import delayed
from numpy.typing import NDArray

from benchmarks.policies.contestants import Scene, look_ahead
from benchmarks.policies.desks import handed_on
from benchmarks.policies.results import Record, Results, series
from benchmarks.policies.simulated import rows_of, side_by_side
from deskmatch.learning import forecast_of
from deskmatch.policies import PolicyImprovement, fcfs, most_qualified, p_c_mu

__all__ = ["BASE", "DESKS", "FACTORS", "LOAD", "MEASURES", "AtEqualWait", "at_equal_wait", "judge_equal_wait"]

DESKS, LOAD = ("small", "scarce_specialists", "mid"), 0.9
"""Those of twelve with tickets that are handed on (`handed_on`); mid has that by itself."""
FACTORS = (0.15, 0.3, 0.5, 1.0)
"""On the price of an expert's time: the less it costs, the longer a ticket is held for who resolves it."""
BASE = "fcfs"
BESIDE = {BASE: fcfs(), "p·cμ": p_c_mu(), "most qualified": most_qualified()}
MEASURES = ("first_contact_resolution", "preventable", "wait_p95_s", "jain", "abandonment")


def judge_equal_wait(*, replications: int, n_jobs: int = 1, desks: Sequence[str] = DESKS) -> Iterator[list[Record]]:
    """First come, first served with the longest idle expert, and a look-ahead at each of `FACTORS`."""
    names = [*BESIDE, *map(str, FACTORS)]
    work = [delayed(_judge)(desk, name, replications) for desk in desks for name in names]
    yield from side_by_side(work, n_jobs)


def _judge(desk: str, name: str, replications: int) -> list[Record]:
    scene = Scene.of(desk, LOAD)
    if not scene.handed_on:
        scenario = handed_on(scene.scenario)
        scene = replace(scene, scenario=scenario, forecast=forecast_of(scenario))
    policy = BESIDE[name] if name in BESIDE else look_ahead(scene, PolicyImprovement(caution=float(name)))
    kind = "rule" if name in BESIDE else "look-ahead"
    rows, took = rows_of(scene, policy, replications)
    return [Record("equal wait", desk, LOAD, "", name, kind, rows, took_ms=took)]


class AtEqualWait(NamedTuple):
    """A measure at the mean wait of the base.

    Parameters
    ----------
    base : of the base.
    ahead : of the look-ahead, between the two factors whose waits are nearest.
    low, high : 95 % interval of the difference, a bootstrap over replications.
    """

    base: float
    ahead: float
    low: float
    high: float


def at_equal_wait(results: Results, desk: str, measure: str, *, draws: int = 2000) -> AtEqualWait | None:
    """The look-ahead's measure where its mean wait is that of `BASE`; None: it never waits so long, or so short."""
    found = results.of("equal wait", desk)
    swept = [found[str(factor)] for factor in FACTORS if str(factor) in found]
    if BASE not in found or len(swept) < 2:
        return None
    waits = np.array([series(each, "wait_s") for each in (found[BASE], *swept)])
    own = np.array([series(each, measure) for each in (found[BASE], *swept)])
    whole = _interpolated(waits.mean(axis=1), own.mean(axis=1))
    if whole is None:
        return None
    rng, count = np.random.default_rng(3), waits.shape[1]
    drawn = []
    for _ in range(draws):
        chosen = rng.integers(0, count, count)
        value = _interpolated(waits[:, chosen].mean(axis=1), own[:, chosen].mean(axis=1))
        if value is not None:
            drawn.append(value - float(own[0, chosen].mean()))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return AtEqualWait(float(own[0].mean()), whole, float(low), float(high))


def _interpolated(wait: NDArray[np.float64], own: NDArray[np.float64]) -> float | None:
    """The measure where the wait is that of the first row; the other rows are swept, the nearest crossing to the last
    factor counts."""
    goal, waits, values = wait[0], wait[1:], own[1:]
    for at in range(len(waits) - 1, 0, -1):
        low, high = waits[at], waits[at - 1]
        if min(low, high) <= goal <= max(low, high):
            share = 0.0 if high == low else (goal - low) / (high - low)
            return float(values[at] + share * (values[at - 1] - values[at]))
    return None
