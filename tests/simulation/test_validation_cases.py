"""The cases of the validation set: exact chains, published examples, long runs of other simulators, its tolerances."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deskmatch.policies import ExpertBy, fcfs, longest_queue, preference_lists
from deskmatch.simulation import Run, Scenario, simulate

DATA = os.environ.get("DESKMATCH_DATA")
pytestmark = pytest.mark.skipif(
    not DATA or not (Path(DATA) / "validation" / "README.md").exists(), reason="DESKMATCH_DATA is not set"
)

LOST = (5, 6)


def within(values: np.ndarray, exact: float, tolerance: float) -> bool:
    """Whether a mean is right up to the tolerance and two standard errors, by batch means."""
    means = np.array([part.mean() for part in np.array_split(values, 30)])
    return bool(abs(values.mean() - exact) <= tolerance + 2 * means.std(ddof=1) / 30**0.5)


def one_queue(theory: SimpleNamespace, n: int, load: float, tickets: float = 1_500_000, **settings: Any) -> Run:
    by = settings.pop("expert_by", "longest_idle")
    return simulate(theory.desk(n, load, tickets=tickets, **settings), fcfs(by), seed=21)


@pytest.mark.parametrize(
    ("n", "a", "theta", "must_wait", "abandoned", "wait", "occupancy"),
    [
        (50, 48, 0.0, 0.694456, None, 0.347228, 0.96),
        (50, 48, 0.5, 0.467774, 0.030912, 0.061824, 0.930324),
        (10, 12, 0.5, 0.850385, 0.195656, 0.391312, 0.965213),
        (12, 8.4, 2.0, 0.127372, 0.029679, 0.014839, 0.679225),
        (100, 105, 1.0, 0.700245, 0.066982, 0.066982, 0.979669),
    ],
)
def test_a_erlang_models(
    theory: SimpleNamespace,
    n: int,
    a: float,
    theta: float,
    must_wait: float,
    abandoned: float | None,
    wait: float,
    occupancy: float,
) -> None:
    run = one_queue(theory, n, a, theta=theta, tickets=2_000_000)
    waits = theory.waits(run)
    assert within(waits > 0, must_wait, 0.002)
    assert within(waits, wait, 0.03 * wait)
    assert run.experts["occupancy"].mean() == pytest.approx(occupancy, abs=0.002)
    if abandoned is not None:
        assert run.kpis()["abandonment"] == pytest.approx(abandoned, abs=0.002)


@pytest.mark.parametrize(
    ("n", "a", "theta", "blocked", "abandoned", "occupancy"),
    [(12, 8.4, 0.0, 0.009477, 0.0, 0.693366), (10, 10, 0.5, 0.060033, 0.059576, 0.880391)],
)
def test_a_limited_queue(
    theory: SimpleNamespace, n: int, a: float, theta: float, blocked: float, abandoned: float, occupancy: float
) -> None:
    run = one_queue(theory, n, a, theta=theta, capacity=5)
    kpis = run.kpis()
    assert kpis["blocked"] == pytest.approx(blocked, abs=0.002)
    assert kpis["abandonment"] == pytest.approx(abandoned, abs=0.002)
    assert kpis["occupancy"] == pytest.approx(occupancy, abs=0.002)


@pytest.mark.parametrize(("patience", "wait", "abandoned"), [("never", 26.56, 0.0), (300.0, 9.91, 0.033043)])
def test_b_seconds(patience: Any, wait: float, abandoned: float) -> None:
    run = simulate(
        {
            "horizon_s": 25_000_000,
            "warmup_s": 20_000,
            "channels": {"call": {"patience": patience}},
            "types": {"t": {"channel": "call", "arrivals": {"per_hour": 210}, "handling": 180}},
            "groups": {"g": {"experts": 13}},
        },
        fcfs(),
        seed=22,
    )
    assert run.kpis()["wait_s"] == pytest.approx(wait, rel=0.03)
    assert run.kpis()["abandonment"] == pytest.approx(abandoned, abs=0.002)


def test_c_three_types_two_groups(theory: SimpleNamespace) -> None:
    arrivals, patience, balk = (60, 120, 60), (12, 6, 12), (0.08, 0.06, 0.08)
    run = simulate(
        {
            "horizon_s": 6000 * 3600,
            "warmup_s": 3600,
            "channels": {"call": {}},
            "types": {
                f"t{k}": {
                    "channel": "call",
                    "arrivals": {"per_hour": arrivals[k]},
                    "handling": 60,
                    "patience": 3600 / patience[k],
                    "balk": balk[k],
                }
                for k in range(3)
            },
            "groups": {"g0": {"experts": 1, "topics": ["t0", "t1"]}, "g1": {"experts": 2, "topics": ["t1", "t2"]}},
        },
        preference_lists(groups={"t1": ["g0", "g1"]}, queues={"g0": ["t1", "t0"], "g1": ["t1", "t2"]}),
        seed=23,
    )
    rows = run.rows
    lost = [np.isin(rows["outcome"][rows["type"] == k], LOST).mean() for k in range(3)]
    assert [*lost, np.isin(rows["outcome"], LOST).mean()] == pytest.approx(
        [0.58881, 0.10603, 0.39771, 0.29964], abs=0.006
    )
    assert run.mean_waiting == pytest.approx([2.5565, 1.1012, 1.6415], rel=0.015)
    busy = run.experts.groupby("group")["occupancy"].mean()
    assert busy.tolist() == pytest.approx([0.96895, 0.91624], abs=0.006)
    assert theory.conserved(run)


def test_d_n_design() -> None:
    scenario = Scenario.load(
        {
            "horizon_s": 300_000 * 60,
            "warmup_s": 36_000,
            "channels": {"call": {"patience": 240}},
            "types": {
                "type0": {"channel": "call", "arrivals": {"per_hour": 180}, "handling": 180},
                "type1": {"channel": "call", "arrivals": {"per_hour": 120}, "handling": 180},
            },
            "groups": {"flexible": {"experts": 10}, "dedicated": {"experts": 6, "topics": ["type1"]}},
        }
    )
    first = {"type1": ["dedicated", "flexible"]}
    expected = {
        "priority": (preference_lists(groups=first, queues={"flexible": ["type0", "type1"]}), 10.9485, 5.5010, 8.7695),
        "longest queue": (longest_queue(groups=first), 11.8143, 4.4204, 8.8567),
        "fifo": (preference_lists(groups=first), 12.37, 3.95, 9.00),
    }
    totals = []
    for rule, *exact in expected.values():
        rows = simulate(scenario, rule, seed=24).rows
        gone = rows["outcome"] == 5
        found = [100 * gone[rows["type"] == k].mean() for k in (0, 1)] + [100 * gone.mean()]
        assert found == pytest.approx(exact, abs=0.13)  # .1 point, and the sampling error of 1.5 million tickets
        totals.append(found[2])
    assert totals == sorted(totals)


@pytest.mark.parametrize(
    ("by", "must_wait", "inside", "fast", "slow"),
    [
        (ExpertBy.FASTEST, 0.489462, 16.167388, 0.916909, 0.827898),
        (ExpertBy.LONGEST_IDLE, 0.523078, 16.720676, 0.842308, 0.897836),
        (ExpertBy.SHORTEST_IDLE, 0.523078, 16.720676, 0.842308, 0.897836),
        (ExpertBy.RANDOM, 0.523078, 16.720676, 0.842308, 0.897836),
        (ExpertBy.SLOWEST, 0.551572, 17.154648, 0.787078, 0.949615),
    ],
)
def test_e_inverted_v(
    theory: SimpleNamespace, by: ExpertBy, must_wait: float, inside: float, fast: float, slow: float
) -> None:
    scenario = theory.desk(1, 13.5, tickets=1_200_000).replace(
        groups={"fast": {"experts": 5, "speed": 1.5}, "slow": {"experts": 10, "speed": 0.8}}
    )
    run = simulate(scenario, fcfs(by), seed=25)
    assert (theory.waits(run) > 0).mean() == pytest.approx(must_wait, rel=0.015)
    assert run.mean_in_system == pytest.approx(inside, rel=0.015)
    busy = run.experts.groupby("group")["occupancy"].mean()
    assert [busy["fast"], busy["slow"]] == pytest.approx([fast, slow], rel=0.015)


@pytest.mark.parametrize(
    ("by", "must_wait", "abandoned", "chats", "busy"),
    [("least_busy", 0.158699, 0.021841, 7.79381, 0.943401), ("most_busy", 0.189123, 0.026029, 8.38378, 0.843090)],
)
def test_f_chats(
    theory: SimpleNamespace, by: str, must_wait: float, abandoned: float, chats: float, busy: float
) -> None:
    horizon = 170_000.0
    run = simulate(
        {
            "horizon_s": horizon,
            "warmup_s": 1000,
            "channels": {"chat": {"concurrency": [1, 1.6, 1.95], "patience": 2}},
            "types": {"t": {"channel": "chat", "arrivals": {"per_hour": 6 * 3600}, "handling": 1}},
            "groups": {"g": {"experts": 4, "channels": {"chat": 3}}},
        },
        fcfs(by),
        seed=26,
    )
    assert (theory.waits(run) > 0).mean() == pytest.approx(must_wait, rel=0.03)
    assert run.kpis()["abandonment"] == pytest.approx(abandoned, rel=0.03)
    assert run.experts["in_hand_s"].sum() / (horizon - 1000) == pytest.approx(chats, rel=0.03)
    assert run.experts["occupancy"].mean() == pytest.approx(busy, rel=0.03)


def test_g_a_day_that_changes_by_the_hour(theory: SimpleNamespace) -> None:
    days = 1000
    rates = [100, 150, 150, 180, 200, 150, 150, 150, 120, 100, 80, 70, 60]
    run = simulate(
        {
            "horizon_s": days * 86_400,
            "busyness_cv": 400**-0.5,
            "channels": {"call": {"patience": 1000, "balk": 0.1}},
            "types": {"t": {"channel": "call", "arrivals": {"per_hour": rates + [0] * 11}, "handling": 100}},
            "groups": {"g": {"experts": 8, "staffing": [4, 6, 8, 8, 8, 7, 8, 8, 6, 6, 4, 4, 4] + [4] * 11}},
        },
        fcfs(),
        seed=27,
    )
    waits = theory.waits(run)
    assert run.arrived / days == pytest.approx(1660.4, rel=0.01)
    assert waits.mean() == pytest.approx(4.713, rel=0.03)
    assert (waits < 20).mean() == pytest.approx(0.925, abs=0.003)
    assert np.isin(run.rows["outcome"], LOST).mean() == pytest.approx(0.020, abs=0.003)


@pytest.mark.parametrize(
    ("n", "handling", "wait", "error"),
    [
        (5, {"law": "fixed", "mean_s": 1}, 0.7765, 0.0072),
        (5, {"law": "gamma", "mean_s": 1, "cv": 0.5**0.5}, 1.1513, 0.0169),
        (5, {"law": "hyperexponential", "mean_s": 1, "cv": 2}, 3.69, 0.16),
        (20, {"law": "fixed", "mean_s": 1}, 0.1442, 0.0019),
    ],
)
def test_h_general_service_times(
    theory: SimpleNamespace, n: int, handling: dict[str, Any], wait: float, error: float
) -> None:
    run = one_queue(theory, n, 0.9 * n, handling=handling, tickets=2_000_000)
    own = np.array([part.mean() for part in np.array_split(theory.waits(run), 20)])
    assert own.mean() == pytest.approx(wait, abs=3 * np.hypot(error / 2, own.std() / 20**0.5))
