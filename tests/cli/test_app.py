"""The command line: what it prints, what it writes, and that nothing is written if anything is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from deskmatch.cli import main
from deskmatch.cli.app import app
from deskmatch.writing import write_atomically

DESK = Path(__file__).parents[2] / "examples" / "desk"
TABLES = [str(DESK / "tickets.csv"), str(DESK / "experts.csv")]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_assign_shows_the_plan_its_certificate_and_the_reasons() -> None:
    result = run("assign", *TABLES)
    assert result.exit_code == 0
    for words in ("proven optimal", "no plan has more than", "gap 0", "resolution", "outbid"):
        assert words in result.stdout
    assert run("assign", *TABLES, "--rows", 0).stdout.count("\n") > result.stdout.count("\n")


def test_assign_as_json_and_csv_to_the_terminal_is_nothing_but_the_plan() -> None:
    told = json.loads(run("assign", *TABLES, "--format", "json").stdout)
    table = pd.read_csv(StringIO(run("assign", *TABLES, "--format", "csv").stdout))
    assert told["status"] == "optimal"
    assert len(table) == len(told["assignments"]) + len(told["held"]) == 120


def test_out_takes_its_format_from_the_ending_and_says_where_it_went(tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    result = run("assign", *TABLES, "--out", out, "--routing", DESK / "routing.toml", "--now", "2026-05-04T10:00")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "" and f"written to {out}" in result.stderr
    assert json.loads(out.read_text())["gap"] == 0
    assert run("assign", *TABLES, "--out", tmp_path / "plan.txt").exit_code == 0
    text = (tmp_path / "plan.txt").read_text()
    assert "certificate" in text and "more (--rows" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "plan.txt"]


def test_bad_input_exits_with_2_lists_everything_and_writes_nothing(tmp_path: Path) -> None:
    bad = tmp_path / "tickets.csv"
    bad.write_text("ticket_id,channel,language,topic,importance\nt1,chat,en,seo,-1\nt1,chat,en,,x\n")
    out = tmp_path / "plan.json"
    out.write_text("before")
    result = run("assign", bad, TABLES[1], "--out", out)
    assert result.exit_code == 2
    assert result.stderr.count("tickets.csv") >= 4 and "row 3" in result.stderr and "importance" in result.stderr
    assert out.read_text() == "before"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no.csv", TABLES[1]], "no.csv"),
        ([*TABLES, "--method", "magic"], "magic"),
        ([*TABLES, "--deadline", "-1"], "--deadline"),
        ([*TABLES, "--priority", "P1"], "NAME=VALUE"),
        ([*TABLES, "--priority", "P1=high"], "expected a number"),
        ([*TABLES, "--column", "=x"], "NAME=VALUE"),
        ([*TABLES, "--now", "tomorrow"], "tomorrow"),
        ([*TABLES, "--routing", "no.toml"], "no.toml"),
        ([*TABLES, "--resolution", "no.csv"], "no.csv"),
        ([*TABLES, "--out", "/no/such/folder/plan.json"], "/no/such/folder/plan.json: the folder does not exist"),
        ([*TABLES, "--out", "plan.xlsx"], "ends in .json, .csv, .txt"),
        ([*TABLES, "--out", str(DESK), "--format", "csv"], "desk: Is a directory"),
    ],
)
def test_every_wrong_argument_exits_with_2_and_a_sentence(arguments: list[str], words: str) -> None:
    result = run("assign", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr and "Traceback" not in result.stderr


def test_a_deadline_that_cannot_be_met_is_answered_all_the_same() -> None:
    plan = json.loads(run("assign", *TABLES, "--format", "json", "--deadline", "0.0001").stdout)
    assert plan["status"] in ("feasible", "optimal") and plan["attempts"]


def test_columns_priorities_and_scales_of_other_systems(tmp_path: Path) -> None:
    tickets, experts = tmp_path / "t.csv", tmp_path / "e.csv"
    tickets.write_text("case,channel,language,topic,priority\n1,chat,en,seo,P1\n2,chat,en,seo,P3\n")
    experts.write_text("agent_id,channels,languages,topics\n7,chat,en,seo:4\n")
    renamed = ["--column", "ticket_id=case", "--column", "expert_id=agent_id"]
    options = [*renamed, "--priority", "P1=8", "--priority", "P3=1"]
    result = run("assign", tickets, experts, *options, "--proficiency-scale", 5, "--format", "json")
    (pair,) = json.loads(result.stdout)["assignments"]
    assert (pair["ticket_id"], pair["expert_id"], pair["resolution"]) == ("1", "7", pytest.approx(8 * 4 / 5))


def test_check_says_ok_or_lists_the_problems_of_tables_and_settings_together(tmp_path: Path) -> None:
    assert run("check", *TABLES, "--routing", DESK / "routing.toml").stdout.startswith("ok: 120 tickets, 40 experts")
    routing, experts = tmp_path / "routing.toml", tmp_path / "experts.csv"
    routing.write_text("epoch_s = -5\n")
    experts.write_text("expert_id,channels,languages,topics\na,chat:x,en,seo\n")
    result = run("check", TABLES[0], experts, "--routing", routing)
    assert result.exit_code == 2
    assert "epoch_s" in result.stderr and "chat:x" in result.stderr


def test_new_makes_a_desk_that_can_be_assigned_and_never_overwrites_one(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert run("new", folder, "--tickets", 30, "--experts", 10).exit_code == 0
    files = [folder / name for name in ("tickets.csv", "experts.csv", "routing.toml")]
    assert all(file.exists() for file in files)
    assert "#" in files[2].read_text()
    assert run("assign", files[0], files[1], "--routing", files[2], "--now", "2026-05-04T10:00").exit_code == 0
    files[0].write_text("mine")
    assert run("new", folder).exit_code == 2
    assert files[0].read_text() == "mine"


def test_ids_with_brackets_are_shown_as_they_are(tmp_path: Path) -> None:
    tickets, experts = tmp_path / "t.csv", tmp_path / "e.csv"
    tickets.write_text("ticket_id,channel,language,topic\nA[/web],chat,en,seo\n[red]B,chat,[/i],seo\n")
    experts.write_text("expert_id,channels,languages,topics\nE[b],chat,en,seo\n")
    shown = run("assign", tickets, experts).stdout
    assert all(words in shown for words in ("A[/web]", "E[b]", "[red]B", "'[/i]'"))


def test_bad_rows_can_be_held_instead(tmp_path: Path) -> None:
    tickets = tmp_path / "t.csv"
    tickets.write_text("ticket_id,channel,language,topic,importance\ngood,chat,en,seo,1\nbad,chat,en,seo,1e200\n")
    assert run("assign", tickets, TABLES[1]).exit_code == 2
    held = json.loads(run("assign", tickets, TABLES[1], "--on-bad", "hold", "--format", "json").stdout)["held"]
    assert any(row["ticket_id"] == "bad" and row["reason"].startswith("bad row") for row in held)


def test_check_finds_what_assign_would_and_settings_that_nothing_answers_to(tmp_path: Path) -> None:
    routing = tmp_path / "routing.toml"
    routing.write_text('[channels.chat.open]\nzone = "UTC"\nweekdays = "09:00-17:00"\n')
    result = run("check", *TABLES, "--routing", routing)
    assert result.exit_code == 2 and "--now" in result.stderr
    routing.write_text("[weights]\nbananas = 2\n[channels.chatt]\ntarget_s = 3\n")
    result = run("check", *TABLES, "--routing", routing)
    assert result.exit_code == 0 and "weights.bananas" in result.stderr and "channels.chatt" in result.stderr


def test_nothing_waiting_is_said_once(tmp_path: Path) -> None:
    tickets = tmp_path / "t.csv"
    tickets.write_text("ticket_id,channel,language,topic\n")
    shown = run("assign", tickets, TABLES[1]).stdout
    assert "no ticket is waiting" in shown and "no ticket is assigned" not in shown


def test_a_terminal_that_cannot_show_a_sign_shows_another() -> None:
    command = [sys.executable, "-m", "deskmatch", "assign", *TABLES]
    told = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"}, check=True)
    assert b"proven optimal" in told.stdout


def test_the_version_is_the_package_s() -> None:
    assert run("--version").stdout.startswith("deskmatch 0.")


def test_help_and_no_arguments_explain_themselves() -> None:
    assert "assign" in run("--help").stdout
    assert "TICKETS" in run("assign", "--help").stdout


def test_warm_up_names_the_kernels_or_says_that_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ready: deskmatch.solver.kernel" in run("warm-up").stdout
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    monkeypatch.setattr("deskmatch.compiled._interpreted", lambda: True)
    assert "switched off" in run("warm-up").stdout


def test_the_module_and_the_function_are_the_same_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "deskmatch", "check", *TABLES], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("ok: 120 tickets")
    monkeypatch.setattr(sys, "argv", ["deskmatch", "check", *TABLES])
    with pytest.raises(SystemExit) as exit_code:
        main()
    assert exit_code.value.code == 0


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plan.json"
    write_atomically(path, "one\n")
    path.chmod(0o640)
    write_atomically(path, "two\n")
    assert path.read_text() == "two\n" and path.stat().st_mode & 0o777 == 0o640

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "three\n")
    assert path.read_text() == "two\n" and [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    reader = subprocess.Popen(["cat", str(fifo)], stdout=subprocess.PIPE, text=True)
    write_atomically(fifo, "plan\n")
    assert reader.communicate()[0] == "plan\n" and fifo.is_fifo()


def test_a_link_is_followed_and_kept(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    write_atomically(tmp_path / "link.json", "new")
    assert (tmp_path / "real.json").read_text() == "new" and (tmp_path / "link.json").is_symlink()


CONSTRAINTS = """
[[constraints]]
kind = "tier_quota"
tier = 3
share = 0.25

[[constraints]]
kind = "forbid"
experts = { tier = 1, topic = "dnss" }
penalty = 0.1
"""


def test_describe_shows_formulas_sizes_and_names_that_the_desk_lacks(tmp_path: Path) -> None:
    routing = tmp_path / "routing.toml"
    routing.write_text(CONSTRAINTS)
    result = run("describe", *TABLES, "--routing", routing)
    assert result.exit_code == 0, result.stderr
    assert "tier_quota (hard): Σ_{i easy, j on the tier} x_ij" in result.stdout
    assert "an integer program: 120 tickets, 40 experts" in result.stdout
    assert "constraints, forbid: the desk has no topic 'dnss'" in result.stderr
    routing.write_text('[[constraints]]\nkind = "reserve"\nslots = 2\nchannel = "fax"\n')
    assert "constraints, reserve: the desk has no channel 'fax'" in run("check", *TABLES, "--routing", routing).stderr
    told = json.loads(run("describe", "--format", "json").stdout)
    assert told["model"] is None and told["constraints"] == []
    assert run("describe", TABLES[0]).exit_code == 2


def test_assign_shows_constraints_and_what_contradicts(tmp_path: Path) -> None:
    routing = tmp_path / "routing.toml"
    routing.write_text(CONSTRAINTS)
    assert "tier_quota" in run("assign", *TABLES, "--routing", routing).stdout
    routing.write_text(
        '[[constraints]]\nkind = "min_service"\nat_least = 2\n[[constraints]]\nkind = "group_limit"\nat_most = 1\n'
    )
    told = run("assign", *TABLES, "--routing", routing)
    assert "no plan keeps these rules together" in told.stdout
    routing.write_text('[[constraints]]\nkind = "min_servce"\n')
    wrong = run("check", *TABLES, "--routing", routing)
    assert wrong.exit_code == 2 and "did you mean 'min_service'?" in wrong.stderr
