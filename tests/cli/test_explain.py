"""`deskmatch explain`: the ranking, why not, both as JSON, and wrong arguments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deskmatch import Epoch, Plan, assign
from deskmatch.cli.app import app

DESK = Path(__file__).parents[2] / "examples" / "desk"
TABLES = [str(DESK / "tickets.csv"), str(DESK / "experts.csv")]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return assign(Epoch.from_tables(*TABLES))


@pytest.fixture(scope="module")
def outbid(plan: Plan) -> str:
    """A ticket that is held because others have the places."""
    held = plan.held
    return str(held.loc[held["reason"].str.startswith("outbid"), "ticket_id"].iloc[0])


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["explain", *TABLES, *(str(argument) for argument in arguments)])


def test_the_ranking_is_that_of_the_plan(plan: Plan) -> None:
    ticket, expert = next(iter(plan.expert_of.items()))
    told = run("--ticket", ticket, "--k", 3)
    assert told.exit_code == 0, told.stderr
    assert told.stdout.startswith(f"{ticket} goes to {expert}; to hold it would lose")
    ranked = plan.top_experts(ticket, k=3)
    assert all(name in told.stdout for name in ranked["expert_id"])
    found = json.loads(run("--ticket", ticket, "--k", 3, "--format", "json").stdout)
    assert [row["expert_id"] for row in found["experts"]] == ranked["expert_id"].tolist()
    assert found["loss_if_held"] == pytest.approx(plan.loss_if_held(ticket))
    assert (found["expert_id"], found["reason"]) == (expert, None)


def test_a_busy_expert_is_marked_with_seconds(plan: Plan) -> None:
    tickets = plan.model.epoch.tickets.ids
    busy = next(ticket for ticket in tickets if "busy" in set(plan.top_experts(ticket)["now"]))
    assert "busy, free in" in run("--ticket", busy).stdout


def test_a_held_ticket_is_told_with_its_reason_and_who_would_have_to_move(outbid: str) -> None:
    told = run("--ticket", outbid).stdout
    assert f"{outbid} is held: outbid by" in told
    assert f"1. {outbid}, held in the plan, goes to" in told
    assert json.loads(run("--ticket", outbid, "--format", "json").stdout)["reason"].startswith("outbid")


def test_a_ticket_that_nobody_may_serve_has_its_reason_and_no_ranking(plan: Plan) -> None:
    held = plan.held
    nobody = held.loc[held["reason"].str.startswith("nobody speaks"), "ticket_id"].iloc[0]
    assert run("--ticket", nobody).stdout == f"{nobody} is held: {held.set_index('ticket_id')['reason'][nobody]}\n"


def test_why_not_this_expert(plan: Plan, outbid: str) -> None:
    for expert in plan.model.epoch.desk.expert_ids[:6]:
        answer = plan.why_not(outbid, expert)
        assert run("--ticket", outbid, "--expert", expert).stdout == f"{answer}\n"
        told = run("--ticket", outbid, "--expert", expert, "--format", "json", "--routing", DESK / "routing.toml",
                   "--now", "2026-05-04T10:00")  # fmt: skip
        assert json.loads(told.stdout)["expert_id"] == expert


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ticket", "T00003"], "no ticket 'T00003' in this plan; did you mean"),
        (["--ticket", "T0003", "--expert", "nobody"], "no expert 'nobody' in this plan"),
        (["--ticket", "T0003", "--k", "0"], "--k"),
        ([], "--ticket"),
        (["--ticket", "T0003", "--format", "csv"], "--format"),
        (["--ticket", "T0003", "--routing", "no.toml"], "no.toml"),
    ],
)
def test_every_wrong_argument_exits_with_2_and_a_sentence(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr and "Traceback" not in result.stderr
