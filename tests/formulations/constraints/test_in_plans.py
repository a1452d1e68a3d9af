"""What a plan tells of its constraints: how tight they are, what they cost, and which tickets wait for them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from deskmatch import Epoch, Formulation, assign
from deskmatch.formulations.constraints import (
    Balance,
    Bundle,
    Constraint,
    Forbid,
    GroupLimit,
    MinService,
    Pin,
    Reserve,
    TierQuota,
)

Make = Callable[..., Epoch]


def some(seed: int) -> list[Constraint]:
    """A few constraints, hard and soft."""
    rng = np.random.default_rng(seed)
    every: list[Constraint] = [
        TierQuota(tier=3, share=0.3),
        TierQuota(tier=2, share=0.3, penalty=0.4),
        Reserve(slots=3, channel="chat"),
        GroupLimit(at_most=1, each="expert", penalty=0.2),
        GroupLimit(at_most=3, tickets={"language": "de"}),
        MinService(at_least=2, tickets={"language": "fr"}, penalty=1.5),
        Forbid(experts={"tier": 3}, penalty=0.3),
        Balance(spread=0.2, penalty=2.0),
    ]
    return [every[k] for k in rng.permutation(len(every))[:4]]


@pytest.mark.parametrize("seed", range(10))
def test_a_price_is_what_solving_again_without_the_constraint_gains(make_epoch: Make, seed: int) -> None:
    epoch, constraints = make_epoch(seed, tickets=15), some(seed)
    plan = assign(epoch, constraints=constraints)
    prices = plan.constraint_prices()
    assert prices["constraint"].tolist() == list(Formulation(constraints=tuple(constraints)).named_constraints)
    for k, (least, greatest, points) in enumerate(
        prices[["least", "greatest", "points_without"]].itertuples(index=False)
    ):
        other = assign(epoch, constraints=constraints[:k] + constraints[k + 1 :])
        assert points == pytest.approx(other.objective, abs=1e-6)
        assert least - 1e-6 <= other.objective - plan.objective <= greatest + 1e-6
        assert greatest - least <= 1e-6  # solved to the end
        assert least >= 0
    assert "do not add up" in prices.attrs["note"]


@pytest.mark.parametrize("seed", range(6))
def test_a_plan_that_is_not_optimal_gives_intervals_that_hold_the_price(make_epoch: Make, seed: int) -> None:
    epoch = make_epoch(seed, tickets=15)
    limit = GroupLimit(at_most=1, each="expert")
    greedy = assign(epoch, constraints=[limit], method="greedy")
    exact = assign(epoch).objective - assign(epoch, constraints=[limit]).objective
    row = greedy.constraint_prices().iloc[0]
    assert row["least"] - 1e-9 <= exact <= row["greatest"] + 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_tightness_is_that_of_the_assignment(make_epoch: Make, seed: int) -> None:
    epoch = make_epoch(seed, tickets=15)
    quota, limit = TierQuota(tier=3, share=0.3, penalty=0.4), GroupLimit(at_most=1, each="expert")
    reserve = Reserve(slots=3)
    plan = assign(epoch, constraints=[quota, limit, reserve])
    frame = plan.constraints.set_index(["constraint", "row"])
    chosen = plan.solution.expert_of
    on_tier = [i for i, j in enumerate(chosen) if j >= 0 and epoch.desk.tier[j] == 3]
    easy = sum(epoch.tickets.tier[i] < 3 for i in on_tier)
    row = frame.loc[("tier_quota", "tier 3")]
    assert row["left"] == pytest.approx(easy - 0.3 * len(on_tier))
    assert row["missed"] == pytest.approx(max(0.0, row["left"]))
    assert row["cost"] == pytest.approx(0.4 * row["missed"])
    for name, rule in frame.loc["group_limit"].iterrows() if "group_limit" in frame.index else ():
        count = int((chosen == epoch.desk.index_of(name)).sum())
        assert (rule["left"], rule["room"], rule["tight"]) == (count, 1 - count, count == 1)
    total = plan.assignments["points"].sum() - frame["cost"].sum()
    assert plan.objective == pytest.approx(total, abs=1e-7)


def test_penalties_on_pairs_are_columns_that_add_up(make_epoch: Make) -> None:
    for seed in range(8):
        plan = assign(make_epoch(seed), constraints=[Forbid(experts={"tier": [2, 3]}, penalty=0.1)])
        frame = plan.assignments
        if "forbid" in frame:
            terms = frame.columns[3:]
            assert frame["points"].to_numpy() == pytest.approx(frame[terms].sum(axis=1).to_numpy())
            assert plan.constraints["cost"].sum() == pytest.approx(-frame["forbid"].sum())


def test_what_only_one_constraint_forbids_has_an_infinite_price(make_epoch: Make) -> None:
    epoch = make_epoch(3)
    problem = Formulation().bind(epoch.desk).build(epoch).problem
    ticket, expert = epoch.tickets.ids[problem.ticket[0]], epoch.desk.expert_ids[problem.expert[0]]
    plan = assign(epoch, constraints=[Pin(pairs={ticket: expert}), Forbid(pairs=[(ticket, expert)]), Reserve(slots=0)])
    assert plan.status == "infeasible"
    prices = plan.constraint_prices().set_index("constraint")["least"]
    assert (prices["pin"], prices["forbid"]) == (math.inf, math.inf)
    assert prices["reserve"] == 0.0


def test_plans_without_constraints_tell_of_none(make_epoch: Make) -> None:
    plan = assign(make_epoch(1))
    assert plan.constraints.empty
    assert plan.constraint_prices().empty
    assert plan.to_dict()["constraints"] == []


def test_constraints_stand_in_the_json(make_epoch: Make) -> None:
    plan = assign(make_epoch(1), constraints=[TierQuota(tier=2, share=0.1), Forbid(experts={"tier": 3}, penalty=0.1)])
    rows = json.loads(plan.to_json())["constraints"]
    assert rows[0]["constraint"] == "tier_quota"
    assert rows[0]["penalty"] is None


def test_who_waits_for_a_constraint_is_told_so(make_epoch: Make) -> None:
    epoch = make_epoch(7, tickets=20)
    none = assign(epoch, constraints=[GroupLimit(at_most=0)])
    reasons = set(none.held["reason"])
    assert "kept waiting by group_limit" in reasons
    filtered = assign(epoch, constraints=[Forbid(experts={"tier": [1, 2, 3]}), Bundle()])
    assert not filtered.expert_of
    assert "no expert is left by forbid" in set(filtered.held["reason"])
    assert any(reason.startswith("nobody") for reason in filtered.held["reason"])


def test_a_limit_that_filters_leave_to_one_ticket_is_charged_there(make_epoch: Make) -> None:
    """Two constraints together may be a charge where each alone is not."""
    charged = 0
    for seed in range(30):
        epoch = make_epoch(seed)
        chosen = {"tickets": {"ticket_id": [f"t{k}" for k in range(1, epoch.n_tickets)]}}
        rules = [GroupLimit(at_most=0, penalty=0.05), Forbid(**chosen)]
        plan = assign(epoch, constraints=rules)
        frame = plan.assignments  # refused where its columns do not add up to the points
        charged += "group_limit" in frame and bool((frame["group_limit"] == -0.05).any())
        assert set(frame["ticket_id"]) <= {"t0"}
    assert charged


@pytest.mark.parametrize("seed", range(40))
def test_columns_add_up_under_many_constraints(make_epoch: Make, seed: int) -> None:
    plan = assign(make_epoch(seed, tickets=15), constraints=[*some(seed), Forbid(experts={"tier": 1}, name="more")])
    if plan.objective is not None:
        frame = plan.assignments
        assert frame["points"].to_numpy() == pytest.approx(frame[frame.columns[3:]].sum(axis=1).to_numpy())
