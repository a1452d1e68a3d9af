"""The commands that tell what a plan depends on and what else there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deskmatch import Epoch, assign
from deskmatch.cli.app import app

DESK = Path(__file__).parents[2] / "examples" / "desk"
TICKETS, EXPERTS = str(DESK / "tickets.csv"), str(DESK / "experts.csv")


def run(command: str, *options: str) -> Result:
    return CliRunner().invoke(app, [command, TICKETS, EXPERTS, *options])


def test_what_if_tells_every_term_and_who_goes_elsewhere(tmp_path: Path) -> None:
    told = run("what-if", "--set", "weights.tier=0", "--remove", "E33", "--format", "json")
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    plan = assign(Epoch.from_tables(TICKETS, EXPERTS))
    expected = plan.what_if(routing={"weights": {"tier": 0.0}}, remove_experts="E33")
    assert answer["summary"] == expected.summary()
    assert [row["ticket_id"] for row in answer["moves"]] == expected.moves["ticket_id"].tolist()
    (tmp_path / "routing.toml").write_text("[weights]\nwaiting = 2\n")
    for options in (["--with-routing", str(tmp_path / "routing.toml")], ["--add-like", "E99=E33"]):
        assert "points" in run("what-if", *options).stdout


@pytest.mark.parametrize(
    ("command", "options", "text"),
    [
        ("what-if", [], "--set, --with-routing, --remove"),
        ("what-if", ["--set", "weights.tier=much"], "weights.tier"),
        ("what-if", ["--set", "weights.tier"], "NAME=VALUE"),
        ("what-if", ["--remove", "nobody"], "remove_experts"),
        ("what-if", ["--set", "a=1", "--with-routing", "x.toml"], "one of them"),
        ("what-if", ["--add-like", "a=E01", "--add-experts", "x.csv"], "one of them"),
        ("what-if", ["--add-experts", "absent.csv"], "absent.csv"),
        ("pareto", ["--objective", "speed", "--objective", "points"], "found 'speed'"),
        ("pareto", ["--objective", "points"], "two or more"),
    ],
)
def test_wrong_options_are_told_with_exit_code_2(command: str, options: list[str], text: str) -> None:
    result = run(command, *options)
    assert result.exit_code == 2
    assert text in result.stderr


def test_pareto_shows_plans_and_draws_them(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    two = ("--objective", "resolution", "--objective", "waiting", "--points", "3")
    told = run("pareto", *two, "--format", "json", "--picture", str(tmp_path / "front.svg"))
    answer = json.loads(told.stdout)
    assert [row["proof"] for row in answer["plans"]] == ["proven"] * 3
    assert (tmp_path / "front.svg").exists()
    assert run("pareto", *two, "--picture", str(tmp_path / "front.docx")).exit_code == 2


def test_sensitivity_and_alternatives_are_told() -> None:
    assert "weights.waiting" in run("sensitivity").stdout
    weights = json.loads(run("sensitivity", "--format", "json").stdout)["weights"]
    assert next(row for row in weights if row["weight"] == "weights.relaxation")["greatest"] is None
    assert "the only one" in run("alternatives", "--k", "2").stdout
    assert len(json.loads(run("alternatives", "--k", "2", "--format", "json").stdout)["plans"]) == 2


def test_assign_tells_how_evenly_the_work_is_spread() -> None:
    assert "The price of fairness" in run("assign", "--fairness-report").stdout
    told = run("assign", "--fairness-report", "--format", "json")
    json.loads(told.stdout)
    assert "Jain's index" in told.stderr
