"""The track of policies, in short: its desks are sound, its judges agree, its page can be written."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deskmatch.learning import SmallDesk
from deskmatch.simulation import simulate
from deskmatch.simulation.kpis import INDICATORS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "benchmarks").is_dir():
        pytest.skip("no benchmarks here")
    monkeypatch.syspath_prepend(str(ROOT))


def module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.policies.{name}")


def test_every_scenario_loads_and_has_a_source() -> None:
    desks = module("desks")
    simulated = [name for name in desks.SIMULATED if name != "bank"]
    for name in (*desks.NAMED_SMALL, *simulated):
        assert "load 1.1" in desks.load_scenario(name, 1.1).tables.name
        assert (desks.FOLDER / f"{name}.toml").read_text("utf-8").startswith("#")
    assert {path.stem for path in desks.FOLDER.glob("*.toml")} == {*desks.NAMED_SMALL, *simulated}
    for name in desks.NAMED_SMALL:
        SmallDesk.of(desks.load_scenario(name, 0.9))


def test_the_larger_desks_are_what_the_page_says() -> None:
    desks = module("desks")
    mid, large = desks.load_scenario("mid", 1.0), desks.load_scenario("large", 1.0)
    assert (mid.n_experts, mid.channels, len(mid.desk.languages.names)) == (118, ("call", "chat", "post"), 5)
    assert (large.n_experts, len(large.tables.types), len(large.desk.languages.names)) == (1000, 10, 10)


def test_nobody_foresees_the_shock() -> None:
    desks = module("desks")
    rates = {
        name: make("shock", 1.0).tables.types["mail"].arrivals.per_hour
        for name, make in (("real", desks.load_scenario), ("foreseen", desks.foreseen))
    }
    assert rates == {"real": (50.0, 150.0, 150.0, 50.0), "foreseen": (50.0,)}


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
    names = module("small_report").ON_SMALL
    return {"desk": "N", "load": 0.9, "optimum": 1.0, "best static rule": rule, **dict.fromkeys(names, ahead)}


def test_tables_say_how_far_the_way_is(tmp_path: Path) -> None:
    report = module("small_report")
    results = [small_result(0.9, 0.95), small_result(0.6, 0.96)]
    assert "| best look-ahead | 82% (50% to 90%) | 70% | 50% | 2 |" in report.random_table(results)
    assert "| 50% |" in report.named_table(results)
    report.draw_small(results, tmp_path / "way.png")
    assert (tmp_path / "way.png").stat().st_size > 5_000


def test_what_the_optimum_leaves_is_counted_where_it_is_won() -> None:
    results = [small_result(0.9, 0.95), small_result(0.9, 0.85), small_result(0.999, 0.999)]
    told = module("small_report").strictly_better(results)
    assert "more than 1% above the best static rule on 2 of 3 desks" in told
    assert "strictly better than the rule on 1 of these" in told
    assert "non-inferior (margin 0.2%) on 2." in told


def record(name: str, kind: str, rewards: Any, *, part: str = "track", variant: str = "", **more: Any) -> Any:
    """A record of one channel whose other indicators are all 1, but for those that are given."""
    rows = [
        {"replication": number, "channel": channel, **dict.fromkeys(INDICATORS, 1.0), "reward_expected": float(reward),
         **{key: float(values[number]) for key, values in more.items()}}
        for number, reward in enumerate(rewards) for channel in ("call", "total")
    ]  # fmt: skip
    return module("results").Record(part, "small", 0.9, variant, name, kind, rows, {"power": 0.5}, (1.0, 2.0))


@pytest.mark.parametrize(
    ("lead", "spread", "word"),
    [(2.0, 0.05, "better"), (0.0, 0.05, "non-inferior"), (-0.3, 2.0, "not shown"), (-3.0, 0.05, "worse")],
)
def test_verdicts_can_fail(lead: float, spread: float, word: str) -> None:
    rng = np.random.default_rng(0)
    day = 100 + rng.normal(0, 5, 20)
    own = record("ahead", "look-ahead", day + lead + rng.normal(0, spread, 20))
    others = [record("fcfs", "rule", day - 20), record("best", "rule", day)]
    assert module("statistics").verdict(own, others) == word


def test_the_best_rule_is_a_rule_and_half_the_way_is_half_the_way() -> None:
    results, statistics = module("results"), module("statistics")
    day = 100 + np.random.default_rng(0).normal(0, 5, 20)
    found = results.Results([
        record("fcfs", "rule", day - 20), record("best", "rule", day), record("ahead", "look-ahead", day + 10),
        record(results.BOUND, "bound", day + 20),
    ])  # fmt: skip
    assert statistics.best_rule(found.of("track")) == "best"
    way = statistics.way_to_bound(found, "ahead")
    assert way.places == 1
    assert (way.share, way.low, way.high) == pytest.approx((0.5, 0.5, 0.5))
    near = results.Results([*found.records.values(), record(results.BOUND, "bound", day * 1.005)])
    assert statistics.way_to_bound(near, "ahead") is None


def test_results_come_back_as_they_were_saved(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    results = module("results")
    saved = results.Results([record("fcfs", "rule", [1.0, 2.0]), record("matching", "matching", [2.0, 4.0])])
    saved.save(tmp_path)
    assert results.Results.load(tmp_path).records == saved.records
    assert results.Results.load(tmp_path / "nothing").records == {}


def test_the_wait_at_which_both_agree_is_found_between_two_factors() -> None:
    equal, results = module("equal_wait"), module("results")
    base = np.linspace(9.0, 11.0, 20)
    swept = {0.05: (30.0, 0.9), 0.15: (20.0, 0.8), 1.0: (5.0, 0.65)}
    found = [record("fcfs", "rule", base, part="equal wait", wait_s=base, first_contact_resolution=0 * base + 0.6)]
    for factor, (wait, share) in swept.items():
        own = {"wait_s": base - 10 + wait, "first_contact_resolution": 0 * base + share}
        found.append(record(str(factor), "look-ahead", base, part="equal wait", **own))
    at = equal.at_equal_wait(results.Results(found), "small", "first_contact_resolution", draws=50)
    assert (at.base, at.ahead) == pytest.approx((0.6, 0.7))  # a third of the way from 5 s to 20 s
    assert (at.low, at.high) == pytest.approx((0.1, 0.1))
    never = [each for each in found if each.contestant in ("fcfs", "0.05", "0.15")]
    assert equal.at_equal_wait(results.Results(never), "small", "first_contact_resolution") is None


def test_wrong_proficiencies_change_what_a_policy_does_and_right_ones_do_not() -> None:
    contestants, robustness, wrappers = (module(name) for name in ("contestants", "robustness", "wrappers"))
    scene = contestants.Scene.of("scarce_specialists", 0.9)
    policy = next(each for each in contestants.CONTESTANTS if each.name == "p·cμ").make(scene, {})
    shown = (lambda desk: desk, lambda desk: robustness.noisy(desk, scene))
    own, right, wrong = (
        simulate(scene.scenario, each, seed=1).rows
        for each in (policy, *(wrappers.Seeing(policy, change) for change in shown))
    )
    assert own["expert"].tolist() == right["expert"].tolist()
    assert own["expert"].tolist() != wrong["expert"].tolist()


def test_every_contestant_runs_with_settings_that_tuning_may_choose() -> None:
    contestants = module("contestants")
    scene = contestants.Scene.of("scarce_specialists", 0.9)
    short = replace(scene, scenario=scene.scenario.replace(horizon_s=600.0, drain_s=600.0))
    for each in contestants.contestants(short):
        if each.name == contestants.LEARNED:
            continue  # learns first
        settings = {} if each.propose is None else each.propose(_Middle(), short)
        run = simulate(short.scenario, each.make(short, settings), seed=1)
        assert sum(run.outcomes().values()) == run.arrived


class _Middle:
    """A trial that proposes the middle of each range."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        return (low * high) ** 0.5 if log else (low + high) / 2

    def suggest_int(self, name: str, low: int, high: int) -> int:
        return (low + high) // 2


def test_the_pages_name_every_contestant_and_every_part(tmp_path: Path) -> None:
    day = 100 + np.random.default_rng(0).normal(0, 5, 5)
    results = module("results").Results([
        record("fcfs", "rule", day - 20), record("p·cμ", "rule", day), record("matching", "matching", day + 1),
        record("policy improvement", "look-ahead", day + 9), record("clairvoyant bound", "bound", day + 40),
        *(record(name, kind, day, part="robustness", variant=variant)
          for variant in module("robustness").VARIANTS
          for name, kind in (("fcfs", "rule"), ("policy improvement", "look-ahead"))),
    ])  # fmt: skip
    small = {
        "random": [small_result(0.9, 0.95), small_result(0.6, 0.96)], "named": [small_result(0.9, 0.95)],
        "looseness": "it is loose.",
    }  # fmt: skip
    module("pages").write_pages(results, small, tmp_path, "a machine.")
    text = (tmp_path / "benchmarks" / "policies.md").read_text("utf-8")
    assert "*Policy improvement* in 1 places: better in 1." in text
    assert "experts decline" in text and "it is loose." in text and "{" not in text
    assert "| small | 0.9 | p·cμ |" in text
    assert "power 0.5" in (tmp_path / "benchmarks" / "policies_tables.md").read_text("utf-8")
    drawn = {path.name for path in (tmp_path / "images").glob("*.png")}
    assert drawn == {"policies_small.png", "policies_track.png", "policies_wait.png"}
