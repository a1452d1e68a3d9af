"""The engine against queueing theory; long runs with fixed seeds."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deskmatch.policies import fcfs, priority_fcfs
from deskmatch.simulation import Run, Scenario, simulate

SIGMAS = 4.0
"""Half-width of the intervals, in standard errors by batch means: a right engine fails once in 16,000 quantities."""


def near(values: np.ndarray, expected: float, *, batches: int = 40) -> bool:
    """Whether the mean of a long series is what theory says, by batch means."""
    means = np.array([part.mean() for part in np.array_split(values, batches)])
    return bool(abs(means.mean() - expected) <= SIGMAS * means.std(ddof=1) / np.sqrt(batches) + 1e-12)


def check_erlang(run: Run, theory: SimpleNamespace, n: int, a: float, theta: float, capacity: int | None) -> None:
    """The assertions that every run of M/M/n(+M) must pass; also used on engines that are broken on purpose."""
    exact = theory.Erlang(n, a, theta, capacity)
    waits = theory.waits(run)
    rows = run.rows[run.rows["arrived"] >= run.scenario.tables.warmup_s]
    assert theory.conserved(run)
    assert theory.little(run) < 1e-9
    order = np.argsort(rows["root"], kind="stable")
    lost, blocked = rows["outcome"][order] == 5, rows["outcome"][order] == 7
    assert near((waits > 0).astype(float), exact.must_wait), "P(W > 0)"
    assert near(waits, exact.wait), "E[W]"
    assert near(lost.astype(float), exact.abandoned) or theta == 0, "P(abandoned)"
    assert near(blocked.astype(float), exact.blocked), "P(blocked)"
    occupancy = float(run.experts["occupancy"].mean())
    assert occupancy == pytest.approx(exact.occupancy, abs=0.006), "occupancy"
    assert occupancy == pytest.approx(a * (1 - lost.mean() - blocked.mean()) / n, abs=0.006)


GRID = [
    (1, 0.7, 0.0, None),
    (10, 8.5, 0.0, None),
    (50, 45.0, 0.0, None),
    (5, 4.0, 0.0, 0),  # Erlang B
    (20, 22.0, 0.0, 0),
    (8, 8.0, 0.0, 6),
    (4, 6.0, 0.3, None),  # Erlang A
    (20, 20.0, 1.0, None),
    (100, 95.0, 3.0, None),
    (10, 10.0, 0.5, 5),
]


@pytest.mark.parametrize(("n", "a", "theta", "capacity"), GRID)
def test_erlang_b_c_and_a(theory: SimpleNamespace, n: int, a: float, theta: float, capacity: int | None) -> None:
    run = simulate(theory.desk(n, a, theta=theta, capacity=capacity, tickets=400_000), fcfs(), seed=1)
    check_erlang(run, theory, n, a, theta, capacity)


def test_with_equal_rates_the_number_in_an_erlang_a_system_is_poisson(theory: SimpleNamespace) -> None:
    run = simulate(theory.desk(6, 6.0, theta=1.0, tickets=300_000), fcfs(), seed=2)
    rows = run.rows
    change = np.concatenate((np.ones(len(rows)), -np.ones(len(rows))))
    times = np.concatenate((rows["arrived"], np.where(np.isnan(rows["ended"]), np.inf, rows["ended"])))
    order = np.argsort(times, kind="stable")
    inside, times = np.cumsum(change[order]).astype(int), times[order]
    finite = np.isfinite(times)
    lengths = np.diff(times[finite])
    share = np.bincount(inside[finite][:-1], lengths, minlength=40)[:20] / lengths.sum()
    assert np.abs(share - theory.poisson(6.0, 20)).max() < 0.004


MG1 = {
    "deterministic": ({"law": "fixed", "mean_s": 1.0}, 0.0),
    "Erlang 2": ({"law": "gamma", "mean_s": 1.0, "cv": 0.5**0.5}, 0.5),
    "lognormal": ({"law": "lognormal", "mean_s": 1.0, "cv": 1.2}, 1.44),
    "hyperexponential": ({"law": "hyperexponential", "mean_s": 1.0, "cv": 2.0}, 4.0),
}


@pytest.mark.parametrize("law", MG1)
def test_pollaczek_khinchine(theory: SimpleNamespace, law: str) -> None:
    handling, squared = MG1[law]
    run = simulate(theory.desk(1, 0.8, handling=handling, tickets=1_000_000), fcfs(), seed=3)
    assert near(theory.waits(run), 0.8 / 0.2 * (1 + squared) / 2)


def test_with_experts_enough_a_varying_rate_gives_its_exact_mean(theory: SimpleNamespace) -> None:
    """Mt/M/∞: m' = λ(t) − μ m for each hour, in the periodic regime of a day of 24 rates."""
    rates = [40 + 30 * np.sin(2 * np.pi * hour / 24) for hour in range(24)]
    scenario = theory.desk(400, 1.0, handling=3600.0).replace(
        horizon_s=60 * 86_400.0,
        warmup_s=2 * 86_400.0,
        types={"t": {"channel": "call", "arrivals": {"per_hour": rates}, "handling": 3600.0}},
    )
    run = simulate(scenario, fcfs(), seed=4)
    rows, days = run.rows, 58
    start = 2 * 86_400.0
    m, exact = 40.0, np.zeros(24)
    for day in range(5):
        for hour in range(24):
            exact[hour] = rates[hour] + (m - rates[hour]) * (1 - np.exp(-1.0)) if day == 4 else 0.0
            m = rates[hour] + (m - rates[hour]) * np.exp(-1.0)
    edges = start + np.arange(days * 24 + 1) * 3600.0
    ended = np.where(np.isnan(rows["ended"]), np.inf, rows["ended"])
    inside = [
        np.clip(np.minimum(ended, high) - np.maximum(rows["started"], low), 0, None).sum() / 3600.0
        for low, high in itertools.pairwise(edges)
    ]
    means = np.array(inside).reshape(days, 24)
    error = SIGMAS * means.std(axis=0, ddof=1) / np.sqrt(days)
    assert (np.abs(means.mean(axis=0) - exact) <= error).all()


def test_piecewise_linear_rates_bring_the_tickets_where_they_should() -> None:
    scenario = Scenario.load(
        {
            "horizon_s": 50 * 86_400.0,
            "channels": {"call": {"patience": "never"}},
            "types": {
                "t": {
                    "channel": "call",
                    "arrivals": {"per_hour": [0, 100, 50], "every_s": 28_800, "linear": True},
                    "handling": 1.0,
                }
            },
            "groups": {"g": {"experts": 50}},
        }
    )
    arrived = simulate(scenario, fcfs(), seed=5).rows["arrived"] % 86_400.0
    counts = np.histogram(arrived, bins=np.arange(7) * 14_400.0)[0] / 50
    exact = np.array([25 * 4, 75 * 4, 87.5 * 4, 62.5 * 4, 37.5 * 4, 12.5 * 4])
    assert (np.abs(counts - exact) < 4 * np.sqrt(exact / 50)).all()


@pytest.mark.parametrize("n", [1, 5])
def test_cobham(theory: SimpleNamespace, n: int) -> None:
    """Non-preemptive priorities, M/M/n: A. Cobham, Operations Research 2 (1954) 70–76."""
    rates = np.array([0.2, 0.25, 0.4]) * n
    scenario = theory.desk(n, 1.0).replace(
        horizon_s=1_000_000 / rates.sum(),
        warmup_s=10_000.0 / rates.sum(),
        types={
            f"t{k}": {"channel": "call", "arrivals": {"per_hour": rate * 3600}, "handling": 1.0, "importance": 10.0 - k}
            for k, rate in enumerate(rates)
        },
    )
    run = simulate(scenario, priority_fcfs(), seed=6)
    must_wait = theory.Erlang(n, float(rates.sum())).must_wait
    sums = np.concatenate(([0.0], np.cumsum(rates) / n))
    rows = run.rows[(run.rows["arrived"] >= scenario.tables.warmup_s) & ~np.isnan(run.rows["started"])]
    for k in range(3):
        own = rows[rows["type"] == k]
        assert near(own["started"] - own["entered"], must_wait / n / ((1 - sums[k]) * (1 - sums[k + 1])))


def test_a_busy_day_is_as_busy_as_its_factor() -> None:
    """Daily counts of a Poisson process mixed by a gamma factor: variance = mean + cv² · mean²."""
    scenario = Scenario.load(
        {
            "horizon_s": 1500 * 86_400.0,
            "busyness_cv": 0.2,
            "channels": {"call": {"patience": "never"}},
            "types": {"t": {"channel": "call", "arrivals": {"per_hour": 10}, "handling": 1.0}},
            "groups": {"g": {"experts": 3}},
        }
    )
    counts = np.bincount((simulate(scenario, fcfs(), seed=7).rows["arrived"] // 86_400).astype(int), minlength=1500)
    assert counts.mean() == pytest.approx(240, rel=0.02)
    assert counts.var() == pytest.approx(240 + 0.04 * 240**2, rel=0.15)


def test_batches_arrive_together() -> None:
    scenario: dict[str, Any] = {
        "horizon_s": 200_000,
        "channels": {"call": {"patience": "never"}},
        "types": {"t": {"channel": "call", "arrivals": {"per_hour": 360, "batch": 3}, "handling": 1.0}},
        "groups": {"g": {"experts": 100}},
    }
    arrived = simulate(scenario, fcfs(), seed=8).rows["arrived"]
    sizes = np.unique(arrived, return_counts=True)[1]
    assert len(sizes) == pytest.approx(20_000, rel=0.03)
    assert sizes.mean() == pytest.approx(3, rel=0.03)
    assert (sizes == 1).mean() == pytest.approx(1 / 3, abs=0.02)
