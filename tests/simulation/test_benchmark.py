"""The simulator's benchmark, in short: every desk in it is sound, and the peers simulate the same model."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from deskmatch.policies import fcfs
from deskmatch.simulation import simulate

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("no benchmarks here")
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.parametrize("peer", ["simpy", "ciw"])
def test_a_peer_simulates_the_same_model(peer: str) -> None:
    if find_spec(peer) is None:
        pytest.skip(f"{peer} is not installed")
    peers = importlib.import_module("benchmarks.simulation.peers")
    count, abandoned = getattr(peers, f"run_{peer}")(20, 20.0, 1.0, 500.0, 1)
    assert count == pytest.approx(10_000, rel=0.05)
    assert abandoned == pytest.approx(0.0888, abs=0.015)


def test_its_desks_have_nothing_odd() -> None:
    desks = importlib.import_module("benchmarks.simulation.desks")
    large = desks.large_desk()
    assert large.n_experts > 1000
    assert len(large.types) == 720
    assert large.warnings == ()
    run = simulate(desks.ten_types(20_000), fcfs(), seed=1)
    assert run.outcomes()["abandoned"] / run.arrived < 0.1


def test_control_variates_find_the_mean_that_noise_of_the_input_hides() -> None:
    validation = importlib.import_module("benchmarks.simulation.validation")
    rng = np.random.default_rng(1)
    known = rng.normal(size=(60, 2))
    values = 0.7 + known @ [3.0, -2.0] + rng.normal(scale=0.01, size=60)
    mean, half, gain = validation._controlled(values, known)
    assert abs(mean - 0.7) < 2 * half < 0.01
    assert gain > 50
    names = [case.name for case in (*validation.erlang_models(), *validation.n_design())]
    assert len(names) == len(set(names)) == 10
