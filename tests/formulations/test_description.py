"""What a formulation says of itself, and constraints that come from a routing.toml."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deskmatch import Epoch, Formulation, Routing, assign
from deskmatch.errors import ContractError, InputError, RoutingError
from deskmatch.formulations.constraints import Forbid, GroupLimit, Reserve, TierQuota, from_routing
from deskmatch.formulations.constraints.from_routing import KINDS, constraints_of
from deskmatch.formulations.fairness.forms import SlotCost

Make = Callable[..., Epoch]

TOML = """
[[constraints]]
kind = "tier_quota"
tier = 3
share = 0.25

[[constraints]]
kind = "reserve"
name = "chats for Germans"
slots = 2
experts = { language = "de" }
channel = "chat"
penalty = 0.4

[[constraints]]
kind = "pin"
pairs = { t1 = "e1" }
penalty = 1
"""


def test_the_constraints_of_a_file_are_objects(tmp_path: Path, make_epoch: Make) -> None:
    path = tmp_path / "routing.toml"
    path.write_text(TOML)
    formulation = Formulation.of(path)
    assert list(formulation.named_constraints) == ["tier_quota", "chats for Germans", "pin"]
    quota, reserve, pin = formulation.named_constraints.values()
    assert quota == TierQuota(tier=3, share=0.25)
    assert reserve == Reserve(
        name="chats for Germans", slots=2, experts={"language": "de"}, channel="chat", penalty=0.4
    )
    assert pin.penalty == 1.0
    epoch = make_epoch(2)
    same = assign(epoch, constraints=[quota, reserve, pin])
    assert assign(epoch, routing=path).objective == same.objective


def test_constraints_of_the_call_come_after_those_of_the_file() -> None:
    routing = Routing.load({"constraints": [{"kind": "group_limit", "at_most": 3}]})
    formulation = Formulation.of(routing, constraints=[GroupLimit(at_most=1)])
    assert [one.at_most for one in formulation.named_constraints.values()] == [3, 1]  # type: ignore[attr-defined]


def test_every_kind_has_a_class_whose_name_it_is() -> None:
    for kind in KINDS:
        assert from_routing.constraint_class(kind).model_fields["name"].default == kind


def test_everything_wrong_in_the_constraints_is_listed_at_once() -> None:
    wrong = [{"kind": "tier_quotas"}, {"kind": "reserve", "slots": -1, "experts": {"lang": "x"}}, {"kind": "pin"}]
    with pytest.raises(RoutingError) as caught:
        constraints_of(Routing.load({"constraints": wrong}))
    told = str(caught.value)
    assert told.startswith("4 problems in routing:")
    assert "constraints[1].kind = 'tier_quotas': is no constraint; did you mean 'tier_quota'?" in told
    assert "constraints[2].slots = -1: should be greater than or equal to 0" in told
    assert "constraints[2].experts.lang: is no setting; did you mean 'language'?" in told
    assert "constraints[3]" in told
    for table in ({}, {"kind": 3}, {"kind": ""}):
        with pytest.raises(RoutingError, match="should have a kind"):
            Routing.load({"constraints": [table]})
    for single in (3, None, "reserve", Reserve(slots=1), {"kind": "reserve"}):
        with pytest.raises(ContractError, match="expected several"):
            Formulation(constraints=single)  # type: ignore[arg-type]
        with pytest.raises(ContractError, match="expected several"):
            Formulation.of(constraints=single)  # type: ignore[arg-type]


def test_without_an_epoch_formulas_and_parameters_are_told() -> None:
    def early(arcs):  # type: ignore[no-untyped-def]
        "A bonus for early birds."
        return np.zeros(len(arcs))

    routing = {"weights": {"tier": 0.5}, "channels": {"chat": {"weights": {"tier": 0.1}}}}
    formulation = Formulation.of(routing, constraints=[TierQuota(tier=3, share=0.25)]).adding(early)
    told = formulation.describe()
    assert told.model is None
    assert {term.name: term.formula for term in told.terms}["early"] == "A bonus for early birds."
    tier = next(term for term in told.terms if term.name == "tier")
    assert (tier.weight, tier.by_channel) == (0.5, {"chat": 0.1})
    quota = told.constraints[0]
    assert quota.formula == "Σ_{i easy, j on the tier} x_ij ≤ share · Σ_{i, j on the tier} x_ij."
    assert (quota.kind, quota.penalty, quota.parameters) == ("TierQuota", None, {"tier": 3, "share": 0.25})
    text = str(told)
    assert "tier_quota (hard): Σ_{i easy" in text
    assert "tier (weight 0.5, 0.1 on chat): −(tiers above" in text
    assert json.loads(json.dumps(told.to_dict()))["constraints"][0]["name"] == "tier_quota"


def test_with_an_epoch_the_kind_of_model_and_what_makes_it_one(make_epoch: Make) -> None:
    epoch = make_epoch(4, tickets=20)
    problem = Formulation().bind(epoch.desk).build(epoch).problem
    plain = Formulation().describe(epoch).model
    assert plain is not None
    assert (plain.kind, plain.because, plain.arcs) == ("network", (), problem.n_arcs)
    assert {"kernel", "min_cost_flow"} & set(plain.methods)
    nested = Formulation().under(GroupLimit(at_most=1, each="expert"), Forbid(experts={"tier": [1, 3]})).describe(epoch)
    assert nested.model is not None and nested.model.kind == "network"
    assert set(nested.constraints[0].becomes or {}) <= {"nested limit", "rule that nothing can miss"}
    assert set(nested.constraints[1].becomes or {}) == {"filter of arcs"}
    rich = Formulation.of({"channels": {"chat": {"usage": "limit"}}}).under(GroupLimit(at_most=2)).describe(epoch)
    assert rich.model is not None
    assert rich.model.kind == "integer program"
    assert any("group_limit: 1 row " in reason for reason in rich.model.because)
    assert "an integer program: " in str(rich)
    assert str(rich).endswith("solved by scip, highs, cp_sat")


def test_costs_of_unfairness_and_capacities_are_told(make_epoch: Make) -> None:
    epoch = make_epoch(4, tickets=20)
    fair = replace(Formulation(), fairness=SlotCost(costs=[0.0, 0.3])).describe(epoch)
    assert fair.fairness is not None and fair.fairness[0] == "SlotCost"
    assert "minus fairness, SlotCost (" in str(fair)
    desk = replace(epoch.desk, channel_limit=np.array([[0, 3, 5]] * 8))
    busy = replace(epoch.staffing, load=np.zeros((8, 3), int), capacity=2, free_in_s=0.0, leaves_in_s=np.nan)
    packed = replace(epoch, desk=desk, staffing=busy)
    told = Formulation.of({"channels": {"chat": {"usage": "limit"}}}).describe(packed).model
    assert told is not None
    assert [reason.partition(":")[0] for reason in told.because] == ["usage", "capacity"]


def test_a_constraint_of_ones_own_is_described_by_its_docstring() -> None:
    from dataclasses import dataclass

    from deskmatch.formulations import Rows

    @dataclass(frozen=True)
    class Mine:
        """Σ x ≤ n.

        More words.
        """

        n: int = 3
        name: str = "mine"
        penalty: float | None = None

        def rows(self, arcs):  # type: ignore[no-untyped-def]
            return Rows.one(np.ones(len(arcs)), "<=", self.n)

    class Bare:
        name, penalty = "bare", 0.5

        def rows(self, arcs):  # type: ignore[no-untyped-def]
            return Rows.none()

    mine, bare = Formulation().under(Mine(), Bare()).describe().constraints
    assert (mine.formula, mine.parameters) == ("Σ x ≤ n.", {"n": 3})
    assert (bare.formula, bare.parameters, bare.penalty) == ("", {}, 0.5)


def test_what_is_no_epoch_is_refused() -> None:
    with pytest.raises(InputError, match="argument epoch: found 'now'; expected an Epoch"):
        Formulation().describe("now")  # type: ignore[arg-type]
