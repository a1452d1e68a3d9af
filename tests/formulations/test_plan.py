"""Plans: reasons for every held ticket, frames, files, deadlines, and independence of the order of rows."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmatch import Desk, Epoch, Formulation, Plan, Solution, Staffing, Status, Tickets, Vocabulary, assign, solve
from deskmatch.epochs import Intake
from deskmatch.errors import BackendError, ContractError, InputError

SEEDS = st.integers(0, 10_000)


def small_desk() -> Desk:
    return Desk(
        expert_ids=("ana", "bo", "cleo"),
        channels=Vocabulary(("callback", "chat", "fax")),
        languages=Vocabulary(("de", "en", "fi")),
        topics=Vocabulary(("billing", "seo", "quantum")),
        channel_limit=[[1, 2, 0], [0, 1, 0], [0, 1, 0]],
        speaks=[[True, True, False], [False, True, False], [True, True, False]],
        proficiency=[[0.9, np.nan, np.nan], [0.5, 0.5, np.nan], [np.nan, 0.6, np.nan]],
        tier=[2, 1, 1],
        tags=Vocabulary(("vip", "eu")),
        has=[[True, False], [False, False], [False, False]],
    )


def reason(staffing: Staffing | None = None, **ticket: object) -> str:
    given = {"channel": [1], "language": [1], "topic": [0], **ticket}
    epoch = Epoch(small_desk(), Tickets(ids=("t",), **given), staffing)  # type: ignore[arg-type]
    held = assign(epoch).held
    assert held["ticket_id"].tolist() == ["t"]
    return str(held["reason"][0])


def staffing(**changes: object) -> Staffing:
    return Staffing(**{"load": np.zeros((3, 3)), **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [
        ({"channel": [2]}, "nobody works the channel 'fax'"),
        ({"channel": [-1]}, "nobody works the channel"),
        ({"language": [2]}, "nobody speaks the language 'fi'"),
        ({"language": [-1]}, "nobody speaks the language"),
        ({"topic": [2]}, "nobody knows the topic 'quantum'"),
        ({"topic": [-1]}, "nobody knows the topic"),
        ({"channel": [0], "topic": [1]}, "nobody knows the topic 'seo' among those with the channel and language"),
        ({"tier": [3]}, "nobody reaches the tier 3"),
        ({"topic": [1], "tier": [2]}, "nobody reaches the tier 2 among those with the channel, language and topic"),
        ({"requires": [1], "requires_ptr": [0, 1]}, "nobody holds the tag 'eu'"),
        ({"requires": [0, -1], "requires_ptr": [0, 2]}, "nobody holds the tag 'vip'"),
        ({"excluded": [0, 1], "excluded_ptr": [0, 2]}, "every eligible expert is excluded"),
    ],
)
def test_the_first_rule_that_leaves_nobody_is_named(ticket: dict[str, object], expected: str) -> None:
    assert reason(**ticket) == expected


def test_reasons_that_depend_on_the_moment() -> None:
    assert reason(staffing(leaves_in_s=10.0)) == "nobody stays long enough"
    assert reason(staffing(load=[[1, 0, 0], [0, 1, 0], [0, 0, 0]])) == "all eligible are full"
    assert reason(staffing(free_in_s=30.0)) == "all eligible are full"
    assert reason(staffing(capacity=0)) == "all eligible are full"


def test_worth_more_held_and_outbid() -> None:
    desk = small_desk()
    harsh = Formulation().adding(lambda arcs: np.full(len(arcs), -50.0)).bind(desk)
    one = Tickets(("t",), channel=[1], language=[1], topic=[0])
    assert harsh.assign(Epoch(desk, one)).held["reason"].tolist() == ["worth more held"]
    many = Tickets(
        [f"t{k}" for k in range(7)], channel=[1] * 7, language=[1] * 7, topic=[0] * 7, waited_s=np.arange(7.0)
    )
    plan = assign(Epoch(desk, many))
    assert plan.held["reason"].tolist()[0].startswith("outbid by t")
    assert set(plan.held_by_reason()) == {"outbid"}


def test_only_those_who_took_the_place_outbid() -> None:
    """One chat and five posts at once: a chat is outbid by the chat, not by the posts beside it."""
    desk = Desk(
        ("e",),
        Vocabulary(("chat", "post")),
        Vocabulary(("en",)),
        Vocabulary(("seo",)),
        channel_limit=[[1, 5]],
        speaks=True,
        proficiency=0.9,
    )
    ids = ("c1", "c2", "p1", "p2", "p3", "p4")
    tickets = Tickets(ids, channel=[0, 0, 1, 1, 1, 1], language=0, topic=[0] * 6, waited_s=[90.0, 5, 0, 0, 0, 0])
    held = assign(Epoch(desk, tickets)).held
    assert held.to_numpy().tolist() == [["c2", "outbid by c1"]]


def test_reasons_that_differ_in_names_only_are_one_kind() -> None:
    tickets = Tickets([f"t{k}" for k in range(4)], channel=[1, 1, 1, 2], language=[2, 1, 2, 2], topic=[0, 0, 0, 0])
    desk = replace(small_desk(), languages=Vocabulary(("de", "sv", "fi")), speaks=[[True, False, False]] * 3)
    kinds = assign(Epoch(desk, tickets)).held_by_reason()
    assert kinds == {
        "nobody speaks the language 'fi', 'sv'": ["t0", "t1", "t2"],
        "nobody works the channel 'fax'": ["t3"],
    }


def test_a_place_that_a_heuristic_left_empty_is_not_called_outbid(make_epoch: Callable[..., Epoch]) -> None:
    epoch = make_epoch(3)
    model = Formulation().bind(epoch.desk).build(epoch)
    nothing = Solution(np.full(epoch.n_tickets, -1), 0.0, Status.FEASIBLE, "lazy")
    plan = model.recover(nothing)
    assert plan.status == "feasible" and plan.gap is not None and plan.gap > 0
    assert "left waiting by lazy" in set(plan.held["reason"])
    assert "points below the best" in plan.summary()


def test_a_solution_that_breaks_a_rule_is_no_plan(make_epoch: Callable[..., Epoch]) -> None:
    epoch = make_epoch(3)
    model = Formulation().bind(epoch.desk).build(epoch)
    wrong = Solution(np.zeros(epoch.n_tickets), 99.0, Status.OPTIMAL, "liar")
    plan = model.recover(wrong)
    assert (plan.status, plan.objective) == ("unknown", None)
    assert "unknown · by liar" in plan.summary()


@given(seed=SEEDS)
def test_every_ticket_is_assigned_or_held_with_a_reason(make_epoch: Callable[..., Epoch], seed: int) -> None:
    plan = assign(make_epoch(seed))
    named = [*plan.assignments["ticket_id"], *plan.held["ticket_id"]]
    assert sorted(named) == sorted(plan.model.epoch.tickets.ids)
    assert plan.held["reason"].str.len().min() > 0 or plan.held.empty
    assert len(plan.to_frame()) == len(named)


@given(seed=SEEDS)
def test_the_order_of_rows_changes_nothing(make_epoch: Callable[..., Epoch], seed: int) -> None:
    epoch = make_epoch(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(epoch.n_tickets), rng.permutation(epoch.n_experts)
    shuffled = assign(reordered(epoch, rows, columns))
    plan = assign(epoch)
    assert shuffled.objective == pytest.approx(plan.objective, rel=1e-12, abs=1e-12)
    if is_unique(plan):
        assert shuffled.expert_of == plan.expert_of


def reordered(epoch: Epoch, rows: np.ndarray, columns: np.ndarray) -> Epoch:
    place = np.empty(len(columns) + 1, int)
    place[columns], place[-1] = np.arange(len(columns)), -1
    desk, tickets, now = epoch.desk, epoch.tickets, epoch.staffing
    per_expert = ("channel_limit", "speaks", "proficiency", "general_proficiency", "tier", "has")
    desk = replace(
        desk,
        expert_ids=tuple(desk.expert_ids[j] for j in columns),
        **{name: getattr(desk, name)[columns] for name in per_expert},
    )
    plain = ("channel", "language", "tier", "waited_s", "due_s", "promised_wait_s", "importance", "patience_s")
    changes: dict[str, object] = {name: getattr(tickets, name)[rows] for name in plain}
    for name in ("preferred", "offered_to"):
        changes[name] = place[getattr(tickets, name)[rows]]
    for name, ptr in (("topic", "topic_ptr"), ("requires", "requires_ptr"), ("excluded", "excluded_ptr")):
        start = getattr(tickets, ptr)
        entries = np.concatenate([np.arange(start[i], start[i + 1]) for i in rows]).astype(int)
        changes[name] = getattr(tickets, name)[entries]
        changes[ptr] = np.concatenate(([0], np.cumsum(np.diff(start)[rows])))
        if name == "topic":
            changes["topic_probability"] = tickets.topic_probability[entries]
    changes["excluded"] = place[np.asarray(changes["excluded"], int)]
    tickets = replace(tickets, ids=tuple(tickets.ids[i] for i in rows), **changes)  # type: ignore[arg-type]
    names = ("load", "capacity", "occupancy", "idle_s", "acceptance", "leaves_in_s", "free_in_s")
    return Epoch(desk, tickets, replace(now, **{name: getattr(now, name)[columns] for name in names}))


def is_unique(plan: Plan) -> bool:
    """No other plan has as many points: giving up any one of its decisions loses some."""
    problem, best = plan.model.problem, plan.objective or 0.0
    dear_arcs = np.flatnonzero(plan.solution.expert_of[problem.ticket] == problem.expert)
    dear_holds = np.flatnonzero(plan.solution.expert_of < 0)
    others = [replace(problem, points=problem.points - 1e3 * (np.arange(problem.n_arcs) == arc)) for arc in dear_arcs]
    others += [replace(problem, hold=problem.hold - 1e3 * (np.arange(problem.n_tickets) == row)) for row in dear_holds]
    return all((solve(other).objective or 0.0) < best - 1e-9 for other in others)


def test_a_plan_writes_and_reads_as_json_csv_and_html(make_epoch: Callable[..., Epoch], tmp_path: Path) -> None:
    epoch = replace(make_epoch(2), intake=Intake(held=(("bad<1>", "importance: found -1"),), notes={"off": 2}))
    plan = assign(epoch)
    told = json.loads(plan.to_json() or "")
    assert told["status"] == "optimal" and told["notes"] == {"off": 2}
    assert told["held"][-1] == {"ticket_id": "bad<1>", "reason": "bad row: importance: found -1"}
    plan.to_json(tmp_path / "plan.json")
    assert json.loads((tmp_path / "plan.json").read_text("utf-8")) == told
    table = pd.read_csv(StringIO(plan.to_csv() or ""))
    assert len(table) == epoch.n_tickets + 1
    assert table["points"].sum() == pytest.approx(plan.objective)
    html = plan._repr_html_()
    assert html.count("<tr") >= 2 and "<li>" in html
    assert "bad row" in str(plan) and repr(plan).startswith("<Plan: ")


def test_frames_of_plans_with_nothing_assigned_or_nothing_held() -> None:
    desk = small_desk()
    none = assign(Epoch(desk, Tickets(("t",), channel=[2], language=[1], topic=[0])))
    assert none.to_frame().columns[-1] == "reason" and len(none.to_frame()) == 1
    assert "1 held" in str(none) and none._repr_html_()
    every = assign(Epoch(desk, Tickets(("t",), channel=[1], language=[1], topic=[0])))
    assert every.to_frame()["reason"].isna().all() and "held" not in str(every)
    assert "<li>" not in every._repr_html_()


def test_a_frame_that_the_caller_changes_leaves_the_plan_alone(make_epoch: Callable[..., Epoch]) -> None:
    plan = assign(make_epoch(2))
    mine = plan.assignments
    mine.loc[:, "points"] = 0.0
    assert plan.assignments["points"].sum() == pytest.approx(plan.objective)


def test_a_plan_survives_pickling(make_epoch: Callable[..., Epoch]) -> None:
    plan = assign(make_epoch(2))
    again = pickle.loads(pickle.dumps(plan))
    assert again.expert_of == plan.expert_of
    assert not again.model.problem.points.flags.writeable


def test_a_deadline_that_is_too_short_is_answered_all_the_same_and_a_long_one_exactly(
    make_epoch: Callable[..., Epoch],
) -> None:
    epoch = make_epoch(4)
    hasty, exact = assign(epoch, deadline_s=1e-6), assign(epoch, deadline_s=60.0)
    assert hasty.certificate.feasible and exact.status == "optimal"
    assert hasty.objective is not None and hasty.objective <= (exact.objective or 0) + 1e-9
    assert hasty.bound is None or hasty.bound >= (exact.objective or 0) - 1e-9
    assert assign(epoch, method="greedy").method == "greedy"


@pytest.mark.parametrize("deadline", [float("nan"), "1"])
def test_a_deadline_that_is_no_number_is_refused(make_epoch: Callable[..., Epoch], deadline: float) -> None:
    with pytest.raises(InputError, match="expected seconds"):
        assign(make_epoch(1), deadline_s=deadline)


def test_a_term_that_answers_otherwise_for_the_chosen_pairs_is_found_out(make_epoch: Callable[..., Epoch]) -> None:
    epoch = make_epoch(2)
    plan = Formulation().adding(lambda arcs: np.arange(len(arcs)) * 0.01).bind(epoch.desk).assign(epoch)
    with pytest.raises(ContractError, match="check_term"):
        _ = plan.assignments


def test_an_unknown_method_is_refused_by_name(make_epoch: Callable[..., Epoch]) -> None:
    with pytest.raises(BackendError, match=r"greedy, .*min_cost_flow"):
        assign(make_epoch(1), method="magic")
