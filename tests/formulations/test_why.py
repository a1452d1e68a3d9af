"""`top_experts`, `why_not`, prices: equal to solving again, and every rule that blocks a pair is named."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch import Desk, Epoch, Plan, Problem, Staffing, Tickets, Vocabulary, assign, solve
from deskmatch.epochs import Intake
from deskmatch.errors import ProblemError, UnknownIdError
from deskmatch.formulations import Formulation
from deskmatch.formulations.answers import ExpertPrice, Step, Verdict, WhyNot
from deskmatch.formulations.model import Model
from deskmatch.formulations.obstacles import ObstacleKind, obstacles
from deskmatch.solver import Limits, violations

MakeEpoch = Callable[..., Epoch]
SEEDS = st.integers(0, 10**6)
INF = math.inf


def total(problem: Problem) -> float:
    objective = solve(problem).objective
    return -INF if objective is None else objective


def changed(problem: Problem, **changes: object) -> Problem:
    """The problem with some arrays replaced."""
    names = ("n_tickets", "n_experts", "indptr", "expert", "points", "capacity", "hold", "slot_cost", "limits")
    return Problem(**({name: getattr(problem, name) for name in names} | changes))


def forced(problem: Problem, ticket: int, expert: int) -> float:
    """The best total with a pair: its other arcs are gone and it must be assigned."""
    keep = (problem.ticket != ticket) | (problem.expert == expert)
    limits = problem.limits
    return total(
        changed(
            problem,
            indptr=np.concatenate([[0], np.cumsum(np.bincount(problem.ticket[keep], minlength=problem.n_tickets))]),
            expert=problem.expert[keep],
            points=problem.points[keep],
            hold=np.where(np.arange(problem.n_tickets) == ticket, -INF, problem.hold),
            limits=None if limits is None else Limits(limits.of_arc[keep], limits.bound, limits.parent),
        )
    )


def with_arc(problem: Problem, ticket: int, expert: int, points: float) -> Problem:
    """The problem with an arc to a slot of its own at the expert."""
    limits = problem.limits
    return Problem.from_arcs(
        problem.n_tickets,
        problem.n_experts + 1,
        np.append(problem.ticket, ticket),
        np.append(problem.expert, problem.n_experts),
        np.append(problem.points, points),
        capacity=np.append(problem.capacity, 1),
        hold=problem.hold,
        limits=None if limits is None else Limits(np.append(limits.of_arc, -1), limits.bound, limits.parent),
    )


@given(seed=SEEDS)
@settings(max_examples=25)
def test_every_loss_is_what_forcing_the_pair_loses_when_solved_again(seed: int, make_epoch: MakeEpoch) -> None:
    plan = assign(make_epoch(seed))
    problem, desk = plan.model.problem, plan.model.epoch.desk
    best = total(problem)
    for row, ticket_id in enumerate(plan.model.epoch.tickets.ids):
        for told in plan.top_experts(ticket_id, k=99).itertuples():
            expert = desk.index_of(told.expert_id)
            if told.now == "busy":
                again = forced(with_arc(problem, row, expert, told.points), row, problem.n_experts)
            else:
                again = forced(problem, row, expert)
            assert told.loss == pytest.approx(best - again, rel=1e-9, abs=1e-9)


@given(seed=SEEDS)
@settings(max_examples=25)
def test_ranked_experts_are_those_that_nothing_but_their_work_keeps_away(seed: int, make_epoch: MakeEpoch) -> None:
    """And the frame agrees with `why_not`, pair by pair."""
    plan = assign(make_epoch(seed))
    for ticket_id in plan.model.epoch.tickets.ids:
        frame = plan.top_experts(ticket_id, k=99).set_index("expert_id")
        assert frame["loss"].is_monotonic_increasing
        for expert_id in plan.model.epoch.desk.expert_ids:
            told = plan.why_not(ticket_id, expert_id)
            kinds = {obstacle.kind for obstacle in told.obstacles}
            assert (expert_id in frame.index) == (kinds <= {ObstacleKind.BUSY})
            assert (told.loss is None) == (told.verdict is Verdict.NOT_ALLOWED)
            if expert_id in frame.index:
                row = frame.loc[expert_id]
                assert (row["now"] == "busy") == (told.verdict is Verdict.NOT_NOW) == (row["free_in_s"] > 0)
                assert (row["now"] == "assigned") == (told.verdict is Verdict.ASSIGNED)
                assert row["loss"] == pytest.approx(told.loss, abs=1e-9)
                assert row["points"] == pytest.approx(told.points)
                assert row.iloc[2:-2].astype(float).sum() == pytest.approx(told.points)


@given(seed=SEEDS)
@settings(max_examples=25)
def test_obstacles_are_there_exactly_where_the_problem_has_no_arc(seed: int, make_epoch: MakeEpoch) -> None:
    model = assign(make_epoch(seed)).model
    arcs = set(zip(model.problem.ticket.tolist(), model.problem.expert.tolist(), strict=True))
    for ticket in range(model.epoch.n_tickets):
        for expert in range(model.epoch.n_experts):
            assert ((ticket, expert) in arcs) == (not obstacles(model, ticket, expert))


@given(seed=SEEDS)
@settings(max_examples=25)
def test_the_chain_in_ids_is_a_plan_that_loses_what_is_told(seed: int, make_epoch: MakeEpoch) -> None:
    plan = assign(make_epoch(seed))
    desk, ids = plan.model.epoch.desk, plan.model.epoch.tickets.ids
    for ticket_id in ids:
        for expert_id in plan.top_experts(ticket_id, k=99).query("now != 'busy'")["expert_id"]:
            told = plan.why_not(ticket_id, expert_id)
            moved = np.array(plan.solution.expert_of)
            for step in told.chain:
                assert plan.expert_of.get(step.ticket_id) == step.before
                moved[ids.index(step.ticket_id)] = -1 if step.after is None else desk.index_of(step.after)
            assert violations(plan.model.problem, moved) == ()
            assert sum(step.gain for step in told.chain) == pytest.approx(-told.loss, abs=1e-9)


@given(seed=SEEDS)
@settings(max_examples=15)
def test_prices_are_what_one_slot_more_or_less_changes_when_solved_again(seed: int, make_epoch: MakeEpoch) -> None:
    plan = assign(make_epoch(seed, tickets=8))
    problem, model = plan.model.problem, plan.model
    best = total(problem)
    for expert, told in enumerate(plan.prices().itertuples()):
        one = (np.arange(problem.n_experts) == expert).astype(np.int32)
        if told.slots == 0:
            assert math.isnan(told.greatest)
            assert told.least == pytest.approx(worth_if_free(model, expert) - best, abs=1e-9)
        else:
            more, less = (total(changed(problem, capacity=problem.capacity + one * k)) for k in (1, -1))
            assert (told.least, told.greatest) == pytest.approx((more - best, best - less), abs=1e-9)
        price = plan.expert_price(told.expert_id)
        assert (price.slots, price.used, price.least) == (told.slots, told.used, told.least)


def worth_if_free(model: Model, expert: int) -> float:
    """The best total if the expert had one slot for whoever may have it."""
    totals = [total(model.problem)]
    for ticket in range(model.epoch.n_tickets):
        if all(obstacle.kind.passes_with_time for obstacle in obstacles(model, ticket, expert)):
            points = model.points(np.array([ticket], np.int32), np.array([expert], np.int32))[0]
            totals.append(total(with_arc(model.problem, ticket, expert, float(points))))
    return max(totals)


@given(seed=SEEDS)
@settings(max_examples=15)
def test_ticket_prices_and_the_loss_of_holding_agree_with_solving_again(seed: int, make_epoch: MakeEpoch) -> None:
    """Without its arcs a ticket is held, at 0 points: it is as if it were not there."""
    plan = assign(make_epoch(seed))
    best = total(plan.model.problem)
    for row, told in enumerate(plan.ticket_prices().itertuples()):
        problem = plan.model.problem
        gone = changed(problem, points=np.where(problem.ticket == row, -1e6, problem.points))
        assert plan.loss_if_held(told.ticket_id) == pytest.approx(best - total(gone), abs=1e-8)
        assert told.greatest == pytest.approx(best - total(gone), abs=1e-8)
        assert 0 <= told.least <= told.greatest


def desk_of(**changes: object) -> Desk:
    """Ana can do everything; what Bo cannot do is in `changes`."""
    known: dict[str, object] = {
        "expert_ids": ("ana", "bo"),
        "channels": Vocabulary(("callback", "chat")),
        "languages": Vocabulary(("de", "en")),
        "topics": Vocabulary(("billing", "seo")),
        "tags": Vocabulary(("eu", "vip")),
        "channel_limit": [[1, 2], [1, 2]],
        "speaks": True,
        "proficiency": [[0.5, 0.5], [0.9, 0.9]],
        "has": True,
        "tier": 2,
    }
    return Desk(**(known | changes))


def plan_of(desk: Desk, *, ticket: dict[str, object] | None = None, **staffing: object) -> Plan:
    """One chat about billing in German, for someone of tier 2 with both tags."""
    known: dict[str, object] = {"ids": ("t1",), "channel": [1], "language": [0], "topic": [0], "tier": 2}
    known |= {"requires": [0, 1], "requires_ptr": [0, 2]}
    staffing = {"load": np.zeros((2, 2), int)} | staffing
    return assign(Epoch(desk, Tickets(**(known | (ticket or {}))), Staffing(**staffing)))


NO_BO = [False, True]
RULES = [
    ({"channel_limit": [[1, 2], [1, 0]]}, {}, {}, "channel", "bo does not work the channel 'chat'"),
    ({"speaks": [[True, True], [False, True]]}, {}, {}, "language", "bo does not speak the language 'de'"),
    ({"proficiency": [[0.5, 0.5], [np.nan, 0.9]]}, {}, {}, "topic", "bo does not know the topic 'billing'"),
    ({"tier": [2, 1]}, {}, {}, "tier", "bo is on tier 1, the ticket needs tier 2"),
    ({"has": [[True, True], [True, False]]}, {}, {}, "tag", "bo does not hold the tag 'vip'"),
    ({}, {"excluded": [1], "excluded_ptr": [0, 1]}, {}, "excluded", "bo is among the ticket's excluded experts"),
    ({}, {}, {"leaves_in_s": [9e4, 60]}, "leaves", "bo leaves in 60 s, chat takes"),
    ({}, {}, {"leaves_in_s": [9e4, 700], "free_in_s": [0, 600]}, "leaves", "s from when bo is free"),
    ({}, {}, {"free_in_s": [0, 345]}, "busy", "bo is busy and free in 345 s"),
    ({}, {}, {"load": [[0, 0], [0, 2]]}, "full", "bo was full: 2 of 2 chat in progress"),
    ({}, {}, {"load": [[0, 0], [1, 0]]}, "full", "bo is at work (1 callback), and what is in progress takes"),
    ({}, {"channel": [0]}, {"load": [[0, 0], [0, 1]]}, "full", "bo is at work (1 chat), and callback takes"),
    ({}, {}, {"capacity": [1, 0]}, "full", "bo takes no new tickets now (capacity 0)"),
]


@pytest.mark.parametrize(("desk", "ticket", "staffing", "kind", "sentence"), RULES)
def test_the_rule_that_blocks_a_pair_is_named(
    desk: dict[str, object], ticket: dict[str, object], staffing: dict[str, object], kind: str, sentence: str
) -> None:
    plan = plan_of(desk_of(**desk), ticket=ticket, **staffing)
    told = plan.why_not("t1", "bo")
    assert kind in {str(obstacle.kind) for obstacle in told.obstacles}
    assert sentence in str(told)
    assert plan.why_not("t1", "ana").verdict is Verdict.ASSIGNED
    passes = kind in ("busy", "full")
    assert told.verdict is (Verdict.NOT_NOW if passes else Verdict.NOT_ALLOWED)
    assert (told.loss is not None and told.loss < 0) == passes
    assert json.loads(json.dumps(told.to_dict(), allow_nan=False))["verdict"] == str(told.verdict)


def test_codes_that_nobody_has_are_named_as_such() -> None:
    ticket = {"channel": [-1], "language": [-1], "topic": [-1], "requires": [-1], "requires_ptr": [0, 1]}
    told = str(plan_of(desk_of(), ticket=ticket).why_not("t1", "bo"))
    for what in ("channel", "language", "topic", "tag"):
        assert f"the ticket's {what}, which nobody at the desk has" in told


def test_all_the_rules_in_the_way_are_told_at_once() -> None:
    told = plan_of(desk_of(tier=[2, 1], speaks=[[True, True], NO_BO]), free_in_s=[0, 60]).why_not("t1", "bo")
    assert [str(obstacle.kind) for obstacle in told.obstacles] == ["language", "tier", "busy"]
    assert told.verdict is Verdict.NOT_ALLOWED and told.loss is None


def test_a_better_pair_an_equal_pair_and_a_worse_one_read_well() -> None:
    worse = plan_of(desk_of()).why_not("t1", "ana")
    assert worse.verdict is Verdict.WORSE
    assert "t1 → ana: the total would lose" in str(worse) and "1. t1 leaves bo for ana (-" in str(worse)
    equal = plan_of(desk_of(proficiency=0.5))
    verdicts = {equal.why_not("t1", expert).verdict for expert in ("ana", "bo")}
    assert verdicts == {Verdict.ASSIGNED, Verdict.AS_GOOD}
    texts = " ".join(str(equal.why_not("t1", expert)) for expert in ("ana", "bo"))
    assert "this is the plan" in texts and "the total would stay the same" in texts
    impossible = WhyNot("t1", "bo", Verdict.IMPOSSIBLE, loss=INF)
    assert "no plan that keeps every rule" in str(impossible) and impossible.to_dict()["loss"] is None
    assert str(Step("t1", "bo", None, -1.0)) == "t1 leaves bo and is held (-1.0000)"
    assert str(Step("t1", None, "bo", 1.0)) == "t1, held in the plan, goes to bo (+1.0000)"


def test_a_place_that_a_must_assign_ticket_needs_is_impossible_to_give_away() -> None:
    desk = desk_of(channel_limit=[[0, 0], [0, 1]])
    tickets = Tickets(ids=("t1", "t2"), channel=[1, 1], language=[0, 0], topic=[0, 0], importance=[1.0, 5.0])
    model = Formulation().bind(desk).build(Epoch(desk, tickets))
    must = replace(model, problem=changed(model.problem, hold=[-INF, 0.0]))
    plan = must.recover(solve(must.problem))
    assert plan.why_not("t2", "bo").verdict is Verdict.IMPOSSIBLE
    assert plan.loss_if_held("t1") == INF
    assert "one less would cost inf" in str(plan.expert_price("bo"))
    both = replace(model, problem=changed(model.problem, hold=[-INF, -INF]))
    with pytest.raises(ProblemError, match="the plan is infeasible"):
        both.recover(solve(both.problem)).why_not("t1", "bo")


def test_a_busy_expert_is_ranked_as_if_free_and_marked_with_seconds() -> None:
    frame = plan_of(desk_of(), free_in_s=[0, 345]).top_experts("t1")
    assert frame[["expert_id", "now", "free_in_s"]].values.tolist() == [["bo", "busy", 345.0], ["ana", "assigned", 0.0]]
    assert frame["loss"].iloc[0] < 0 == frame["loss"].iloc[1]
    price = plan_of(desk_of(), free_in_s=[0, 345]).expert_price("bo")
    assert price.greatest is None and "bo: no slot now; a free one would bring" in str(price)


def test_a_full_expert_is_told_from_a_free_one_channel_limits_included() -> None:
    desk = desk_of(channel_limit=[[0, 1], [0, 2]], channels=Vocabulary(("post", "chat")))
    tickets = Tickets(ids=("t1", "t2", "t3"), channel=[1, 1, 1], language=[0] * 3, topic=[0] * 3)
    plan = assign(Epoch(desk, tickets))
    states = {tuple(sorted(plan.top_experts(ticket)["now"])) for ticket in ("t1", "t2", "t3")}
    assert states == {("assigned", "full")}
    mixed = desk_of(channel_limit=[[1, 1], [1, 1]], channels=Vocabulary(("post", "chat")))
    tickets = Tickets(ids=("t1", "t2", "t3", "t4"), channel=[1, 1, 1, 0], language=[0] * 4, topic=[0] * 4)
    plan = assign(Epoch(mixed, tickets))
    assert plan.model.problem.limits is not None
    held = next(ticket for ticket in ("t1", "t2", "t3") if ticket not in plan.expert_of)
    assert plan.top_experts(held)["now"].tolist() == ["full", "full"]
    assert sorted(plan.top_experts("t4")["now"]) == ["assigned", "free"]


@given(seed=SEEDS)
@settings(max_examples=25)
def test_answers_about_a_greedy_plan_are_those_of_the_best_plan_and_say_so(seed: int, make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(seed)
    exact, greedy = assign(epoch), assign(epoch, method="greedy")
    worse = greedy.objective < exact.objective - 1e-9
    for ticket_id in epoch.tickets.ids:
        told, best = greedy.top_experts(ticket_id, k=99), exact.top_experts(ticket_id, k=99)
        assert ("told of the best plan" in told.attrs["note"]) == worse and best.attrs["note"] == ""
        order = ["expert_id", "loss"]
        left, right = (frame[order].sort_values("expert_id") for frame in (told, best))
        assert left["expert_id"].tolist() == right["expert_id"].tolist()
        np.testing.assert_allclose(left["loss"], right["loss"], atol=1e-9)
        if not worse:
            assigned = told.loc[told["now"] == "assigned", "expert_id"].tolist()
            assert assigned == [expert for ticket, expert in greedy.expert_of.items() if ticket == ticket_id]


def test_unknown_ids_name_their_near_misses_and_bad_rows_their_reason() -> None:
    plan = plan_of(desk_of())
    with pytest.raises(UnknownIdError, match="no ticket 't11' in this plan; did you mean 't1'"):
        plan.top_experts("t11")
    with pytest.raises(UnknownIdError, match="no expert 'Ann' in this plan"):
        plan.why_not("t1", "Ann")
    with pytest.raises(UnknownIdError, match="did you mean 'ana'"):
        plan.expert_price("anna")
    with pytest.raises(UnknownIdError, match="the plan has 1 tickets"):
        plan.loss_if_held("zzz")
    epoch = plan.model.epoch
    intake = Intake(held=(("t9", "no language"),), left_out=(("cy", "no channels"),))
    read = assign(Epoch(epoch.desk, epoch.tickets, epoch.staffing, intake=intake))
    with pytest.raises(UnknownIdError, match="ticket 't9' was held for its bad row: no language"):
        read.why_not("t9", "bo")
    with pytest.raises(UnknownIdError, match="expert 'cy' was left out for a bad row: no channels"):
        read.why_not("t1", "cy")


def test_k_bounds_the_ranking_and_an_expertless_ticket_has_none() -> None:
    plan = plan_of(desk_of())
    assert [len(plan.top_experts("t1", k=k)) for k in (0, 1, 9)] == [0, 1, 2]
    nobody = plan_of(desk_of(), ticket={"language": [-1]})
    frame = nobody.top_experts("t1")
    assert frame.empty and [*frame.columns[:3]] == ["expert_id", "loss", "points"]
    assert nobody.loss_if_held("t1") == 0.0


def test_answers_survive_pickling_and_handed_out_frames_are_copies() -> None:
    plan = plan_of(desk_of())
    before = plan.prices()
    before.loc[0, "least"] = -1.0
    again = pickle.loads(pickle.dumps(plan))
    assert again.why_not("t1", "ana") == plan.why_not("t1", "ana")
    assert (again.prices()["least"] >= 0).all()
    assert isinstance(again.expert_price("bo"), ExpertPrice)
