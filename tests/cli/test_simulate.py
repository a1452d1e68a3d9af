"""``deskmatch simulate`` and ``deskmatch new --scenario``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from deskmatch.cli.app import app
from deskmatch.cli.new_desk import write_scenario
from deskmatch.simulation import Scenario

EXAMPLE = Path(__file__).parents[2] / "examples" / "simulation" / "scenario.toml"


def run(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(argument) for argument in arguments])


def small(folder: Path) -> Path:
    path = folder / "small.toml"
    path.write_text(
        """
horizon_s = 7200
channels.call.patience = 120
types.a = { channel = "call", arrivals = { per_hour = 60 }, handling = 180 }
groups.g = { experts = 3 }
""",
        "utf-8",
    )
    return path


def test_the_example_is_what_new_writes_and_has_nothing_odd(tmp_path: Path) -> None:
    assert run("new", tmp_path, "--scenario").exit_code == 0
    assert (tmp_path / "scenario.toml").read_bytes() == EXAMPLE.read_bytes()
    assert Scenario.load(tmp_path / "scenario.toml").warnings == ()
    again = run("new", tmp_path, "--scenario")
    assert again.exit_code == 2
    assert "already" in again.stderr
    assert write_scenario(tmp_path / "other") == [tmp_path / "other" / "scenario.toml"]


def test_policies_are_compared_in_a_table(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    result = run(
        "simulate",
        small(tmp_path),
        "--policy",
        "fcfs",
        "--policy",
        "random",
        "--replications",
        3,
        "--out",
        tmp_path / "runs",
    )
    assert result.exit_code == 0, result.stderr
    for words in ("3 replications", "abandonment", "random", "difference to fcfs", "±"):
        assert words in result.stdout
    assert len(list((tmp_path / "runs").glob("*.parquet"))) == 6
    table = pd.read_csv(tmp_path / "runs" / "comparison.csv", header=[0, 1], index_col=0)
    assert 0 < table["fcfs", "mean"]["abandonment"] < 0.5


def test_without_the_extra_the_table_is_kept_and_the_contacts_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deskmatch.cli.simulate.find_spec", lambda name: None)
    result = run("simulate", small(tmp_path), "--replications", 2, "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.stderr
    assert "contacts are not kept" in result.stderr
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["comparison.csv"]


def test_matching_can_be_asked_for(tmp_path: Path) -> None:
    result = run(
        "simulate", small(tmp_path), "--policy", "matching_greedy", "--replications", 2, "--indicator", "wait_s"
    )
    assert result.exit_code == 0, result.stderr
    assert "wait_s" in result.stdout
    assert "abandonment" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--policy", "magic"), "--policy: found 'magic'"),
        (("--channel", "fax"), "--channel: found 'fax'"),
        (("--indicator", "joy"), "--indicator: found 'joy'"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("simulate", small(tmp_path), "--replications", 2, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_bad_scenario_stops_before_anything_runs(tmp_path: Path) -> None:
    path = small(tmp_path)
    path.write_text(path.read_text("utf-8").replace("per_hour = 60", "per_hour = -1"), "utf-8")
    result = run("simulate", path)
    assert result.exit_code == 2
    assert "types.a.arrivals.per_hour[1] = -1: should be greater than or equal to 0" in result.stderr
    assert run("simulate", tmp_path / "none.toml").exit_code == 2


def test_odd_scenarios_warn(tmp_path: Path) -> None:
    path = small(tmp_path)
    text = path.read_text("utf-8").replace("patience = 120", 'patience = "never"').replace("experts = 3", "experts = 1")
    path.write_text(text, "utf-8")
    result = run("simulate", path, "--replications", 2)
    assert result.exit_code == 0
    assert "warning: a: bring work for 3.0 experts and there are 1.0" in result.stderr
