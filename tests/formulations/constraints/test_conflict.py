"""Rules that contradict one another: the set is irreducible, and the relaxation the cheapest, by enumeration."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from deskmatch import Epoch, Formulation, assign
from deskmatch.errors import ProblemError
from deskmatch.formulations import Model
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
from deskmatch.formulations.constraints.tightness import RowState, row_states
from deskmatch.solver import violations

Make = Callable[..., Epoch]


def some(epoch: Epoch, seed: int) -> list[Constraint]:
    """Demands and limits that often contradict one another."""
    rng = np.random.default_rng(seed)
    ids = epoch.tickets.ids
    every: list[Constraint] = [
        MinService(at_least=4),
        MinService(at_least=2, tickets={"language": "de"}, name="german"),
        GroupLimit(at_most=2),
        GroupLimit(at_most=1, each="expert", name="one each"),
        Forbid(experts={"tier": 1}),
        Forbid(experts={"tier": 2}, name="no tier 2"),
        Pin(tickets={"ticket_id": list(ids[:2])}, experts={"tier": [1, 2]}),
        Reserve(slots=3),
        TierQuota(tier=3, share=0.2),
        Balance(spread=0.1),
        Bundle(),
        MinService(at_least=3, experts={"tier": 3}, name="tier 3", penalty=1.0),
    ]
    return [every[k] for k in rng.permutation(len(every))[:7]]


def assignments(model: Model) -> list[np.ndarray]:
    """Everything that the desk's own rules allow."""
    problem = model.rules.base  # type: ignore[union-attr]
    choices = [[-1, *problem.expert[problem.indptr[i] : problem.indptr[i + 1]]] for i in range(problem.n_tickets)]
    return [chosen for one in product(*choices) if not violations(problem, chosen := np.array(one, np.int32))]


def missed_by(model: Model, seen: list[np.ndarray]) -> list[list[RowState]]:
    return [[one for one in row_states(model.rules, chosen) if one.penalty is None] for chosen in seen]  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(15))
def test_the_rules_are_irreducible_and_the_relaxation_is_the_cheapest(make_epoch: Make, seed: int) -> None:
    epoch = make_epoch(seed, tickets=5, experts=4)
    constraints = some(epoch, seed)
    weights = {constraints[0].name: 2.5, constraints[1].name: 0.5}
    plan = assign(epoch, constraints=constraints)
    states = missed_by(plan.model, assignments(plan.model))
    least = min(sum(weights.get(one.constraint, 1.0) * one.missed for one in one_by_one) for one_by_one in states)
    conflict = plan.conflict(weights=weights)
    assert (conflict is None) == (least < 1e-9) == (plan.status != "infeasible")
    if conflict is None:
        assert plan.relaxed() is plan
        return
    assert conflict.cost == pytest.approx(least, abs=1e-6)
    assert conflict.is_certain
    names = [(one.constraint, one.row) for one in conflict.rules]
    kept = [{(one.constraint, one.row) for one in seen if one.missed == 0} for seen in states]
    assert not any(set(names) <= these for these in kept)
    for left_out in names:
        assert any(set(names) - {left_out} <= these for these in kept), left_out
    relaxed = plan.relaxed(weights=weights)
    assert relaxed.objective is not None
    assert (relaxed.constraints["missed"][relaxed.constraints["penalty"].isna()] <= 1e-6).all()
    assert "no plan keeps these rules together" in str(conflict)


def test_who_contradicts_whom_is_told_in_words(make_epoch: Make) -> None:
    epoch = make_epoch(3)
    problem = Formulation().bind(epoch.desk).build(epoch).problem
    ticket, expert = epoch.tickets.ids[problem.ticket[0]], epoch.desk.expert_ids[problem.expert[0]]
    plan = assign(epoch, constraints=[Reserve(slots=0), Pin(pairs={ticket: expert}), Forbid(pairs=[(ticket, expert)])])
    assert "plan.conflict() says" in str(plan)
    assert str(plan.conflict(weights={"forbid": 0.5})) == (
        "no plan keeps these rules together (and does without any one of them):\n"
        f"  pin, {ticket}: ≥ 1\n"
        f"  forbid, {ticket}: ≤ 0\n"
        "the cheapest way out gives way by 0.5 in all:\n"
        f"  forbid, {ticket}: ≤ 1 instead of 0"
    )
    assert plan.relaxed(weights={"forbid": 0.5}).expert_of[ticket] == expert


def test_a_single_rule_can_contradict_the_desk(make_epoch: Make) -> None:
    epoch = make_epoch(3, tickets=30)
    plan = assign(epoch, constraints=[MinService(at_least=30), GroupLimit(at_most=40)])
    conflict = plan.conflict()
    assert [one.constraint for one in conflict.rules] == ["min_service"]
    assert conflict.cost == conflict.rules[0].right - len(assign(epoch).expert_of)


def test_plans_without_rules_have_no_conflict(make_epoch: Make) -> None:
    assert assign(make_epoch(1)).conflict() is None


@pytest.mark.parametrize("weights", [{"pin": 0.0}, {"nobody": 1.0}, {"pin": float("nan")}])
def test_wrong_weights_are_told(make_epoch: Make, weights: dict[str, float]) -> None:
    epoch = make_epoch(3)
    plan = assign(epoch, constraints=[Pin(pairs={"t0": "nobody"})])
    with pytest.raises(ProblemError, match="expected numbers > 0 for some of pin"):
        plan.conflict(weights=weights)
