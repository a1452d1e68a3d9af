"""What-ifs, sensitivity and alternatives of whole plans, against solving again and against moving the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch import Epoch, Formulation, Plan, Routing, assign, solve
from deskmatch.errors import BackendError, InputError, ProblemError, RoutingError
from deskmatch.formulations.tradeoffs.next_best import alternatives
from deskmatch.formulations.tradeoffs.roster import with_roster
from deskmatch.formulations.tradeoffs.weight_intervals import sensitivity
from deskmatch.solver import Side, Status

MakeEpoch = Callable[..., Epoch]
SEEDS = st.integers(0, 10**6)
TICKETS = pd.DataFrame(
    {
        "ticket_id": ["t1", "t2", "t3"],
        "channel": ["chat", "chat", "post"],
        "language": ["en", "fr", "en"],
        "topic": ["billing", "billing", "dns"],
        "preferred_expert": ["bo", None, None],
        "excluded_experts": [None, None, "ana|bo"],
    }
)
EXPERTS = pd.DataFrame(
    {
        "expert_id": ["ana", "bo"],
        "channels": ["chat:1|post:1", "chat:1"],
        "languages": ["en", "en"],
        "topics": ["*:0.6", "billing:0.9"],
    }
)


def small() -> Epoch:
    return Epoch.from_tables(TICKETS, EXPERTS)


# --- sensitivity


@settings(max_examples=15)
@given(seed=SEEDS)
def test_the_plan_is_optimal_within_the_interval_of_each_weight_and_not_beyond(
    seed: int, make_epoch: MakeEpoch
) -> None:
    epoch = make_epoch(seed)
    routing = Routing.load({"channels": {"chat": {"weights": {"tier": 0.5}}}})
    plan = assign(epoch, routing=routing)
    for row in sensitivity(plan).weights.itertuples():
        assert row.least <= row.value <= row.greatest
        inside = row.value + 0.9 * (min(row.greatest, row.value + 1) - row.value)
        below = row.value - 0.9 * (row.value - row.least)
        for value in (inside, below):
            assert lost(plan, row.weight, value) <= 1e-9
        if row.greatest < np.inf and row.greatest > row.value + 1e-6:
            assert row.moves_above > 0
            assert lost(plan, row.weight, row.greatest + 1e-3) > 0
        if row.least > 0 and row.least < row.value - 1e-6:
            assert row.moves_below > 0
            assert lost(plan, row.weight, max(row.least - 1e-3, 0.0)) > 0


def lost(plan: Plan, key: str, value: float) -> float:
    """What the plan's own assignment lacks to the optimum when one weight has another value."""
    nested: dict[str, object] = {}
    at = nested
    *path, last = key.split(".")
    for part in path:
        at = at.setdefault(part, {})  # type: ignore[assignment]
    at[last] = value
    told = plan.what_if(routing=nested)
    problem = told.after.model.problem
    chosen = plan.solution.expert_of
    points = problem.points[problem.expert == chosen[problem.ticket]].sum()
    return float(told.after.objective - points)


def test_the_weight_of_fairness_has_an_interval_too(make_epoch: MakeEpoch) -> None:
    cost = {"kind": "slot_cost", "costs": [0.1, 0.4, 0.9], "weight": 0.5}
    plan = assign(make_epoch(3), routing={"fairness": cost})
    row = sensitivity(plan).weights.set_index("weight").loc["fairness.weight"]
    assert row["least"] < 0.5 < row["greatest"] < np.inf
    inside = plan.what_if(routing={"fairness": {"weight": row["greatest"] - 1e-6}})
    beyond = plan.what_if(routing={"fairness": {"weight": row["greatest"] + 1e-6}})
    assert inside.moves.empty
    assert not beyond.moves.empty


def test_sensitivity_has_a_row_for_each_weight_and_reads_well() -> None:
    plan = assign(small(), routing={"channels": {"Chat": {"weights": {"waiting": 3.0}}}})
    found = sensitivity(plan)
    rows = found.weights.set_index("weight")
    assert rows.loc["channels.Chat.weights.waiting", "value"] == 3.0
    assert rows.loc["weights.affinity", ["least", "greatest"]].tolist() == [0.0, np.inf]
    assert found.slots["expert_id"].tolist() == ["ana", "bo"]
    assert "weights.tier" in str(found)


def test_sensitivity_of_a_greedy_plan_is_told_of_the_best_one(make_epoch: MakeEpoch) -> None:
    plan = assign(make_epoch(4, tickets=30), method="greedy")
    assert plan.gap
    assert "told of the best plan" in str(sensitivity(plan))


def test_sensitivity_of_an_integer_program_is_refused() -> None:
    plan = as_program(small())
    with pytest.raises(BackendError, match=r"what_if\(routing"):
        sensitivity(plan)


def as_program(epoch: Epoch) -> Plan:
    """A plan of the same model with a row that never binds."""
    model = Formulation().bind(epoch.desk).build(epoch)
    side = Side.from_matrix(np.ones((1, model.problem.n_arcs)), "<=", 99.0)
    model = replace(model, problem=replace(model.problem, side=side))
    return model.recover(solve(model.problem))


# --- alternatives


@settings(max_examples=15)
@given(seed=SEEDS)
def test_alternatives_are_different_fall_and_lose_what_is_told(seed: int, make_epoch: MakeEpoch) -> None:
    plan = assign(make_epoch(seed))
    found = alternatives(plan, 4)
    assert found.plans[0] is plan
    assert found.frame["points"].is_monotonic_decreasing
    assert len({tuple(one.solution.expert_of.tolist()) for one in found.plans}) == len(found.plans)
    for one, row in zip(found.plans, found.frame.itertuples(), strict=True):
        assert one.certificate.feasible
        assert one.gap == pytest.approx(row.loss, abs=1e-9)
        assert row.moved == (one.solution.expert_of != plan.solution.expert_of).sum()
    if len(found.plans) > 1:
        assert found.unique == (found.frame["loss"][1] > 1e-9)


def test_a_tie_is_told() -> None:
    experts = pd.concat([EXPERTS.iloc[[1]], EXPERTS.iloc[[1]].assign(expert_id="cem")])
    plan = assign(Epoch.from_tables(TICKETS.drop(columns="preferred_expert"), experts))
    found = alternatives(plan, 2)
    assert not found.unique
    assert found.frame["differs"].tolist()[1].startswith("t1: ")
    assert "Another plan is as good" in str(found)


def test_alternatives_of_an_integer_program_are_claimed() -> None:
    plan, program = assign(small()), as_program(small())
    found = alternatives(program, 3)
    assert not found.proven
    assert found.frame["points"].tolist() == pytest.approx(alternatives(plan, 3).frame["points"].tolist())
    worse = program.model.recover(replace(program.solution, expert_of=np.full(3, -1), status=Status.FEASIBLE))
    found = alternatives(worse, 1)
    assert found.frame["points"].tolist() == pytest.approx([plan.objective])
    assert "not of this one" in str(found)
    with pytest.raises(ProblemError, match="k: found 0"):
        alternatives(plan, 0)


# --- what if


def test_a_mapping_changes_what_it_names_and_a_routing_replaces_everything() -> None:
    plan = assign(small(), routing={"weights": {"affinity": 0.0}, "channels": {"chat": {"target_s": 30}}})
    changed = plan.what_if(routing={"weights": {"tier": 0.0}}).after.model.formulation.formulation.routing
    assert (changed.weights.affinity, changed.weights.tier, changed.channel("chat").target_s) == (0.0, 0.0, 30.0)
    replaced = plan.what_if(routing=Routing()).after.model.formulation.formulation.routing
    assert replaced == Routing()
    with pytest.raises(RoutingError, match=r"weights\.resolutoin"):
        plan.what_if(routing={"weights": {"resolutoin": 0.0}})


def test_the_terms_tell_the_change_and_add_up() -> None:
    told = assign(small()).what_if(routing={"weights": {"resolution": 2.0}})
    terms = told.terms.set_index("term")
    assert terms.loc["resolution", "aim_after"] == pytest.approx(terms.loc["resolution", "aim_before"])
    assert terms.loc["resolution", "points_after"] == pytest.approx(2 * terms.loc["resolution", "points_before"])
    assert terms["change"].drop("total").sum() == pytest.approx(terms.loc["total", "change"])
    assert told.moves.empty


def test_an_expert_who_leaves_is_told_with_what_follows() -> None:
    told = assign(small()).what_if(remove_experts="bo")
    assert told.moves[["ticket_id", "before", "after"]].values.tolist() == [["t1", "bo", "ana"]]
    assert "t1: bo → ana" in str(told)
    assert told.after.model.epoch.desk.expert_ids == ("ana",)
    assert told.after.model.epoch.tickets.preferred.tolist() == [-1, -1, -1]
    assert told.after.model.epoch.tickets.excluded.tolist() == [0]


def test_a_copy_is_idle_and_a_table_brings_new_languages() -> None:
    plan = assign(small())
    copied = plan.what_if(add_experts={"dee": "ana"})
    assert copied.after.expert_of["t3"] == "dee"  # who is not excluded there
    table = EXPERTS.iloc[[0]].assign(expert_id="eve", languages="fr", channels="chat:2|fax:1")
    told = plan.what_if(add_experts=table)
    assert told.after.expert_of["t2"] == "eve"
    assert told.after.model.epoch.desk.channels.names[:2] == plan.model.epoch.desk.channels.names
    assert "t2: held → eve" in str(told)


def test_predicted_pairs_go_with_their_expert_and_a_copy_has_them_too() -> None:
    pairs = pd.DataFrame({"ticket_id": ["t1", "t1"], "expert_id": ["ana", "bo"], "probability": [0.2, 0.99]})
    plan = assign(Epoch.from_tables(TICKETS.drop(columns="preferred_expert"), EXPERTS, resolution=pairs))
    assert plan.expert_of["t1"] == "bo"
    told = plan.what_if(remove_experts="ana", add_experts={"bob": "bo"})
    ticket, bob = np.zeros(1, np.int32), told.after.model.epoch.desk.index_of("bob")
    table = told.after.model.epoch.resolution
    assert table is not None
    assert table.lookup(ticket, np.array([bob], np.int32)).tolist() == [0.99]
    assert len(table) == 2


def test_wrong_changes_are_all_listed() -> None:
    plan = assign(small())
    with pytest.raises(InputError) as error:
        plan.what_if(remove_experts=["nobody"], add_experts={"ana": "zoe"})
    assert [defect.value for defect in error.value.defects] == ["'nobody'", "'ana'", "'zoe'"]
    with pytest.raises(InputError, match="nothing else can change"):
        plan.what_if()
    with pytest.raises(InputError, match="expected ids that no expert of this desk has"):
        plan.what_if(add_experts=EXPERTS)


@settings(max_examples=15)
@given(seed=SEEDS)
def test_a_roster_change_is_the_same_as_building_the_epoch_without_them(seed: int, make_epoch: MakeEpoch) -> None:
    """Removing and adding again under the same id, by copy, gives the points of an idle copy; others stay as good."""
    epoch = make_epoch(seed)
    fewer = with_roster(epoch, remove=["e0", "e3"])
    before, after = (Formulation().bind(one.desk).build(one) for one in (epoch, fewer))
    names, left = epoch.desk.expert_ids, fewer.desk.expert_ids
    there = {(t, names[e]) for t, e in zip(before.problem.ticket.tolist(), before.problem.expert.tolist(), strict=True)}
    now = {(t, left[e]) for t, e in zip(after.problem.ticket.tolist(), after.problem.expert.tolist(), strict=True)}
    assert now == {(t, e) for t, e in there if e not in ("e0", "e3")}


def test_a_plan_that_changes_nothing_moves_nobody(make_epoch: MakeEpoch) -> None:
    for seed in range(8):
        plan = assign(make_epoch(seed), routing={"weights": {"occupancy": 0.0, "proficiency": 0.0}})
        told = plan.what_if(routing={"weights": {"occupancy": 0.0}})
        assert told.moves.empty
        assert abs(told.terms["change"]).max() < 1e-12


def test_a_greedy_plan_is_compared_from_its_best(make_epoch: MakeEpoch) -> None:
    plan = assign(make_epoch(4, tickets=30), method="greedy")
    told = plan.what_if(routing={"weights": {"tier": 0.0}})
    assert told.before.gap == 0
    assert "best plan" in str(told)
