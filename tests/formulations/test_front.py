"""Fronts of whole desks, against the values of every assignment."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch import AlphaFairness, Epoch, Formulation, Plan, Routing, SlotCost, assign, pareto
from deskmatch.errors import InputError, ProblemError
from deskmatch.formulations import Affinity
from deskmatch.formulations.arcs import Arcs
from deskmatch.formulations.constraints import GroupLimit, MinService
from deskmatch.formulations.tradeoffs.front import Front
from deskmatch.solver import violations

MakeEpoch = Callable[..., Epoch]


def aims(plan: Plan, names: list[str], expert_of: np.ndarray) -> list[float]:
    """The sum of each term at weight 1."""
    bound, situation = plan.model.formulation, plan.model.situation
    ticket = np.flatnonzero(expert_of >= 0).astype(np.int32)
    arcs = Arcs(situation, ticket, expert_of[ticket])
    terms = {term.name: term for term in bound.formulation.terms}
    return [float(bound.term_values(terms[name], arcs).sum()) for name in names]


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), points=st.integers(2, 6))
def test_no_assignment_dominates_a_plan_of_the_front(seed: int, points: int, make_epoch: MakeEpoch) -> None:
    names = ["resolution", "waiting"]
    epoch = make_epoch(seed, tickets=5, experts=4)
    front = pareto(epoch, objectives=names, points=points)
    model = front.plans[0].model
    problem = model.problem
    choices = [[-1, *problem.expert[slice(*problem.indptr[i : i + 2])].tolist()] for i in range(problem.n_tickets)]
    every = [np.array(c, dtype=np.int32) for c in itertools.product(*choices)]
    values = np.array([aims(front.plans[0], names, x) for x in every if not violations(problem, x)])
    slack = 1e-4 * np.ptp(front.values, axis=0) + 1e-9
    for value, plan in zip(front.values, front.plans, strict=True):
        assert aims(plan, names, plan.solution.expert_of) == pytest.approx(value.tolist())
        assert not ((values >= value - 1e-12).all(axis=1) & (values > value + slack).any(axis=1)).any()


def test_a_front_tells_its_plans_and_draws_them(make_epoch: MakeEpoch, tmp_path: Path) -> None:
    epoch = make_epoch(2, tickets=25, experts=12)
    front = pareto(epoch, objectives=["resolution", "waiting"], points=5, unsupported=False)
    frame = front.frame
    assert frame["resolution"].is_monotonic_decreasing
    assert frame["waiting"].is_monotonic_increasing
    assert frame["proof"].tolist() == ["proven"] * len(frame)
    assert frame["knee"].sum() == 1
    best = assign(epoch).objective
    assert all(plan.bound == pytest.approx(best) for plan in front.plans)
    assert "none is better in everything" in str(front)
    pytest.importorskip("matplotlib")
    front.picture(tmp_path / "two.svg")
    pareto(epoch, objectives=["resolution", "waiting", "tier"], points=4, unsupported=False).picture(tmp_path / "3.png")
    assert "knee" in (tmp_path / "two.svg").read_text("utf-8")
    assert (tmp_path / "3.png").stat().st_size > 10_000


def test_the_knee_is_furthest_beyond_the_line_between_the_ends() -> None:
    values = np.array([[4.0, 0.0], [3.5, 3.0], [2.0, 3.5], [0.0, 4.0]])
    yes = np.ones(4, bool)
    front = Front(names=("a", "b"), values=values, plans=(), proven=yes, supported=yes, gap=0.0, gap_proven=True)
    assert front.knee == 1


def test_fairness_is_traded_without_holding_tickets_for_it(make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(3, tickets=10, experts=5)
    count = len(assign(epoch).assignments)
    for objective in ("fairness", AlphaFairness(alpha=2), SlotCost()):
        front = pareto(epoch, objectives=["points", objective], points=4)
        assert (front.frame["assigned"] >= count).all()
    free = pareto(epoch, objectives=["points", "fairness"], points=9, at_least=0)
    assert free.frame["assigned"].min() < count


def test_constraints_hold_for_every_plan_and_penalties_count_as_points(make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(1, tickets=8, experts=5)
    base = len(assign(epoch).assignments)
    hard = Formulation(constraints=(GroupLimit(at_most=max(base - 1, 1)), MinService(at_least=1)))
    front = pareto(epoch, objectives=["points", "waiting"], points=4, formulation=hard)
    assert all(plan.certificate.feasible for plan in front.plans)
    assert (front.frame["assigned"] <= max(base - 1, 1)).all()
    soft = Formulation(constraints=(GroupLimit(at_most=1, penalty=0.3),), fairness=SlotCost(weight=0.1))
    bound = soft.bind(epoch.desk)
    front = pareto(epoch, objectives=["points", "assigned"], points=4, formulation=bound)
    for value, plan in zip(front.values, front.plans, strict=True):
        assert plan.objective == pytest.approx(value[0], abs=1e-6)
    assert front.values[:, 0].max() == pytest.approx(bound.assign(epoch).objective, abs=1e-6)


def test_a_term_of_ones_own_is_an_objective(make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(5)
    front = pareto(epoch, objectives=[Affinity(name="mine"), "resolution"], points=3)
    assert front.names == ("mine", "resolution")


def test_wrong_objectives_are_all_listed(make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(0)
    with pytest.raises(InputError) as error:
        pareto(epoch, objectives=["resolutoin", 3, "points"])  # type: ignore[list-item]
    assert [defect.value for defect in error.value.defects] == ["'resolutoin'", "3"]
    assert "resolution" in error.value.defects[0].accepted
    for objectives in (["points"], ["points", "points"], "points"):
        with pytest.raises(InputError, match="two or more"):
            pareto(epoch, objectives=objectives)
    with pytest.raises(InputError, match="points"):
        pareto(epoch, points=1)
    with pytest.raises(InputError, match="objectives: found 5"):
        pareto(epoch, objectives=5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected an Epoch"):
        pareto("tickets.csv")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="either a formulation"):
        pareto(epoch, formulation=Formulation(), routing=Routing())
    with pytest.raises(ProblemError, match="keeps every rule"):
        pareto(epoch, objectives=["points", "waiting"], at_least=999)


def test_an_empty_epoch_has_one_plan() -> None:
    tickets = pd.DataFrame({name: pd.Series(dtype=str) for name in ("ticket_id", "channel", "language", "topic")})
    experts = pd.DataFrame({"expert_id": ["a"], "channels": ["chat:1"], "languages": ["en"], "topics": ["*:0.5"]})
    front = pareto(Epoch.from_tables(tickets, experts), points=4)
    assert len(front.plans) == 1
    assert front.gap == 0
