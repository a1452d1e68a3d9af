"""The track of policies, in short: its desks are sound, its judges agree, its page can be written."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deskmatch.learning import SmallDesk

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("no benchmarks here")
    monkeypatch.syspath_prepend(str(ROOT))


def test_every_scenario_loads_at_every_load_and_has_a_source() -> None:
    desks = importlib.import_module("benchmarks.policies.desks")
    for name in (*desks.NAMED_SMALL, *desks.SIMULATED):
        for load in desks.LOADS:
            scenario = desks.load_scenario(name, load)
            assert f"load {load:g}" in scenario.tables.name
        assert (desks.FOLDER / f"{name}.toml").read_text("utf-8").startswith("#")
    assert {path.stem for path in desks.FOLDER.glob("*.toml")} == {*desks.NAMED_SMALL, *desks.SIMULATED}
    for name in desks.NAMED_SMALL:
        SmallDesk.of(desks.load_scenario(name, 0.9))


def test_desks_at_random_are_small_chains() -> None:
    desks = importlib.import_module("benchmarks.policies.desks")
    rng = np.random.default_rng(1)
    shapes = {SmallDesk.of(desks.random_desk(rng)).eligible.shape for _ in range(20)}
    assert shapes == {(2, 1), (2, 2), (2, 3)}


def test_where_there_is_nothing_to_decide_all_contestants_are_equal() -> None:
    desks, small = (importlib.import_module(f"benchmarks.policies.{name}") for name in ("desks", "small"))
    found = small.judge_desk(desks.load_scenario("single_queue", 0.9), learn=False)
    assert found["gap_proven"] < 1e-6
    for name in ("best static rule", "best reserve", "greedy", "matching, same points", "tuned improvement"):
        assert found[name] == pytest.approx(found["optimum"], abs=1e-9)


def small_result(rule: float, ahead: float) -> dict[str, Any]:
    report = importlib.import_module("benchmarks.policies.report")
    return {"desk": "N", "load": 0.9, "optimum": 1.0, "best static rule": rule, **dict.fromkeys(report.ON_SMALL, ahead)}


def test_tables_say_how_far_the_way_is(tmp_path: Path) -> None:
    report = importlib.import_module("benchmarks.policies.report")
    results = [small_result(0.9, 0.95), small_result(0.6, 0.96)]
    assert "| best look-ahead | 82% (50% to 90%) | 70% | 50% | 2 |" in report.random_table(results)
    assert "| 50% |" in report.named_table(results)
    report.draw_small(results, tmp_path / "way.png")
    assert (tmp_path / "way.png").stat().st_size > 5_000


@pytest.mark.parametrize(
    ("lead", "word"), [(2.0, "better"), (0.0, "non-inferior"), (-0.3, "not shown"), (-3.0, "worse")]
)
def test_verdicts_can_fail(lead: float, word: str) -> None:
    report = importlib.import_module("benchmarks.policies.report")
    rng = np.random.default_rng(0)
    day = 100 + rng.normal(0, 5, 20)
    spread = 2.0 if word == "not shown" else 0.05
    own = day + lead + rng.normal(0, spread, 20)
    reward = {**{name: day.tolist() for name in report.RULES}, **{name: own.tolist() for name in report.LOOKING_AHEAD}}
    half = 2.093 * (own - day).std(ddof=1) / 20**0.5
    result = {
        "desk": "small", "load": 0.9, "reward": reward,
        "to best rule": {name: ((own - day).mean(), half) for name in report.LOOKING_AHEAD},
    }  # fmt: skip
    assert f"| {word} |" in report.verdicts([result])
