"""Replications and comparisons: paired, reproducible on any number of cores, stopped when precise enough."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config, register_parallel_backend
from joblib.parallel import ThreadingBackend

from deskmatch.errors import ContractError
from deskmatch.policies import EVERY_EVENT, fcfs, preference_lists
from deskmatch.simulation import compare, draw_day, replicate, simulate
from deskmatch.simulation.kpis import INDICATORS, Indicators


def test_intervals_cover_the_truth_as_often_as_they_say(theory: SimpleNamespace) -> None:
    exact = theory.Erlang(5, 5.0, 0.5).abandoned
    scenario = theory.desk(5, 5.0, theta=0.5, tickets=4_000)
    covered = 0
    for seed in range(60):
        result = compare(scenario, [fcfs()], replications=6, seed=seed, confidence=0.9)
        own = result.of("fcfs", "abandonment")
        covered += abs(own.mean - exact) <= own.halfwidth
    assert 45 <= covered <= 59  # 54 expected, standard deviation 2.3


def test_common_customers_make_differences_precise(theory: SimpleNamespace) -> None:
    scenario = theory.desk(1, 13.5, tickets=20_000).replace(
        groups={"fast": {"experts": 5, "speed": 1.5}, "slow": {"experts": 10, "speed": 0.8}}
    )
    result = compare(scenario, {"fastest": fcfs("fastest"), "slowest": fcfs("slowest")}, replications=8, seed=1)
    paired = result.difference("slowest", "wait_s")
    apart = np.hypot(result.of("fastest", "wait_s").halfwidth, result.of("slowest", "wait_s").halfwidth)
    assert paired.mean - paired.halfwidth > 0
    assert paired.halfwidth < 0.7 * apart
    frame = result.frame()
    assert frame["slowest", "difference"]["wait_s"] == pytest.approx(paired.mean)
    assert result.difference("fastest", "wait_s", to="slowest").mean == pytest.approx(-paired.mean)


def test_the_results_do_not_depend_on_the_number_of_processes(theory: SimpleNamespace) -> None:
    scenario = theory.desk(5, 5.0, theta=0.5, tickets=2_000)
    policies = {"a": fcfs(), "b": fcfs("random")}
    one = replicate(scenario, policies, range(3), seed=2)
    with parallel_config(backend="threading", n_jobs=2):  # as "dask" or "ray" would be named
        two = replicate(scenario, policies, range(3), seed=2)
    for number in range(3):
        for name in ("a", "b"):
            for key, values in one[number][name].values.items():
                assert np.array_equal(values, two[number][name].values[key], equal_nan=True)


def test_it_goes_on_until_it_is_precise_enough(theory: SimpleNamespace) -> None:
    scenario = theory.desk(5, 5.0, theta=0.5, tickets=3_000)
    loose = compare(scenario, [fcfs()], replications=5, until_halfwidth={"abandonment": 0.05}, seed=3)
    tight = compare(scenario, [fcfs()], replications=5, until_halfwidth={"abandonment": 0.003}, seed=3)
    limited = compare(scenario, [fcfs()], replications=5, until_halfwidth={"abandonment": 1e-9}, most=12, seed=3)
    assert (loose.replications, limited.replications) == (5, 12)
    assert tight.replications > 5
    assert tight.of("fcfs", "abandonment").halfwidth <= 0.003
    assert np.array_equal(tight.values[:5], loose.values, equal_nan=True)


def test_an_interrupted_comparison_has_what_is_there(theory: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    from deskmatch.simulation import replications

    one, calls = replications._one, []

    def interrupted(*args: object) -> object:
        calls.append(args)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return one(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(replications, "_one", interrupted)
    scenario = theory.desk(5, 5.0, tickets=500)
    result = compare(scenario, {"a": fcfs(), "b": fcfs("random")}, replications=10, seed=4, n_jobs=1)
    assert result.replications == 2


def test_mistakes_are_named(theory: SimpleNamespace) -> None:
    scenario = theory.desk(2, 1.0, tickets=100)
    with pytest.raises(ContractError, match="occur more than once"):
        compare(scenario, [fcfs(), fcfs()])
    with pytest.raises(ContractError, match="2 or more"):
        compare(scenario, [fcfs()], replications=1)
    result = compare(scenario, [fcfs()], replications=2)
    with pytest.raises(ContractError, match=r"expected one of .*wait_s"):
        result.of("fcfs", "waiting_time")


@pytest.mark.parametrize(
    ("policies", "settings", "message"),
    [
        ([fcfs()], {"target_s": {"cal": 3.0}}, "target_s: names cal; expected channels of call"),
        ([fcfs()], {"target_s": {"call": -3.0}}, "target_s of 'call': found -3.0"),
        ([fcfs()], {"target_s": float("nan")}, "target_s of 'call': found nan"),
        ([fcfs()], {"until_halfwidth": {"wait_s": 0}}, "until_halfwidth of 'wait_s': found 0"),
        ({"a b": fcfs(), "a/b": fcfs()}, {}, "'a b' and 'a/b' would be the same file"),
        (fcfs(), {}, "found Rule.*expected several, by name or in a list"),
        ("fcfs", {}, "expected several, by name or in a list"),
        ([], {}, "at least one"),
        ([fcfs()], {"n_jobs": 0}, "n_jobs: found 0"),
        ([fcfs()], {"replications": 2.5}, "replications: expected 2 or more"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    theory: SimpleNamespace, policies: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        compare(theory.desk(2, 1.0, tickets=1e12), policies, **settings)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("fcfs", "found 'fcfs'; expected one of deskmatch.policies"),
        (None, "found None"),
        (fcfs(head_start_s={"u": 3.0}), "'u' is no type of the scenario.*known here: t"),
        (preference_lists(groups={"t": ["gg"]}, queues={}), "'gg' is no group of the scenario; did you mean 'g'"),
        (preference_lists(groups={}, queues={"g": ["tt"]}), "'tt' is no type of the scenario"),
        ({"call": 3}, "found 3"),
        (SimpleNamespace(trigger=5, initial_state=len, decide=len), "trigger: found 5; expected a Trigger"),
        (
            SimpleNamespace(trigger=EVERY_EVENT, initial_state=lambda *_: None, decide=lambda *_: None),
            "decide: found None; expected a Decision and a state",
        ),
    ],
)
def test_policies_that_are_none_and_names_that_nobody_bears_are_told(
    theory: SimpleNamespace, policy: Any, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        simulate(theory.desk(2, 1.0, tickets=100), policy)


@pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs the extra parquet")
def test_contacts_written_as_they_end_are_the_same(theory: SimpleNamespace, tmp_path: Path) -> None:
    scenario = theory.desk(5, 5.0, theta=0.5, tickets=150_000)  # more than one buffer of rows
    kept = simulate(scenario, fcfs(), seed=5)
    written = simulate(scenario, fcfs(), seed=5, out=tmp_path / "run.parquet")
    assert written.rows.tobytes() == kept.rows.tobytes()
    assert [each.name for each in tmp_path.iterdir()] == ["run.parquet"]
    compare(scenario, [fcfs()], replications=2, out=str(tmp_path / "a" / "b"))
    assert len(list((tmp_path / "a" / "b").glob("fcfs-*.parquet"))) == 2


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs the extra plot")
def test_pictures_are_drawn(theory: SimpleNamespace, tmp_path: Path) -> None:
    scenario = theory.desk(5, 5.0, theta=0.5, tickets=2_000)
    result = compare(scenario, {"a": fcfs(), "b": fcfs("random")}, replications=3)
    result.plot(tmp_path / "comparison.png")
    draw_day(simulate(scenario, fcfs()), tmp_path / "day.png")
    assert all((tmp_path / name).stat().st_size > 5_000 for name in ("comparison.png", "day.png"))


class WholeLists(ThreadingBackend):
    """A backend that, as ray's does, gives no result before it has all."""

    supports_return_generator = False


def test_a_backend_that_gives_whole_lists_gives_the_same_results(theory: SimpleNamespace) -> None:
    register_parallel_backend("whole lists", WholeLists)
    scenario = theory.desk(5, 5.0, theta=0.5, tickets=1_000)
    expected = compare(scenario, [fcfs()], replications=5, seed=6).frame()
    with parallel_config(backend="whole lists", n_jobs=2):
        assert compare(scenario, [fcfs()], replications=5, seed=6).frame().equals(expected)


def test_indicators_are_those_that_their_page_describes_and_unknown_ones_are_told_at_once(
    theory: SimpleNamespace,
) -> None:
    described = set(re.findall(r"``(\w+)``", str(Indicators.__doc__))) | {f"wait_p{p}_s" for p in (90, 95, 99)}
    assert described == set(INDICATORS)
    kpis = simulate(theory.desk(2, 1.0, tickets=100), fcfs()).kpis()
    assert tuple(kpis.values) == tuple(kpis) == INDICATORS
    assert "wait_s" in kpis
    assert "call" not in kpis
    assert 3 not in kpis
    whole = dict(kpis)
    assert len(whole) == len(kpis)
    assert whole["wait_s"] == kpis["wait_s"]
    with pytest.raises(KeyError, match="wait: expected one of"):
        kpis["wait"]
    with pytest.raises(ContractError, match="until_halfwidth: found 'waiting'"):
        compare(theory.desk(2, 1.0, tickets=1e12), [fcfs()], until_halfwidth={"waiting": 1.0})
