"""`assign` before a deadline: a plan whatever fails, and a plan that says what was cut off; no time is measured."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from deskmatch import Epoch, Formulation, assign
from deskmatch.errors import BackendError, ContractError, InputError
from deskmatch.formulations import hurry
from deskmatch.formulations.arcs import situation_of
from deskmatch.formulations.constraints.protocol import ModelArcs
from deskmatch.formulations.constraints.rows import Rows
from deskmatch.formulations.one_pass import OnePass
from deskmatch.formulations.one_pass_kernel import find_arcs, weigh_arcs
from deskmatch.formulations.pairs import FEWEST, open_pairs
from deskmatch.heuristics.clock import Clock
from deskmatch.heuristics.entry import build
from deskmatch.heuristics.pace import PACE
from deskmatch.prediction import Constant, Proficiency, check_resolution_model
from deskmatch.solver import violations
from deskmatch.solver.evaluation import arcs_chosen

MakeEpoch = Callable[..., Epoch]


class Model:
    """A resolution model that does what it is told to."""

    def __init__(self, act: Callable[..., object]) -> None:
        self.act = act

    def probability(self, epoch, *, ticket, expert, topic):
        return self.act(len(ticket))


def raises(size: int) -> object:
    raise KeyError("no such feature")


def late(size: int) -> object:
    GATE.wait(60.0)
    return np.full(size, 0.9)


def some_nan(size: int) -> object:
    return np.where(np.arange(size) % 2, 0.9, np.nan)


GATE = threading.Event()
RUBBISH: dict[str, tuple[Callable[[int], object], str]] = {
    "raises": (raises, "raised KeyError"),
    "late": (late, "took longer than"),
    "shape": (lambda size: np.zeros(size + 1), "answered rubbish"),
    "text": (lambda size: ["high"] * size, "answered rubbish"),
    "none": (lambda size: None, "answered rubbish"),
}


@pytest.fixture(autouse=True)
def free_lane():
    GATE.clear()
    yield
    GATE.set()
    while not hurry.LANE.is_free:
        time.sleep(0.001)


@pytest.mark.parametrize("kind", RUBBISH)
def test_a_model_that_fails_is_replaced_by_the_constant_one(make_epoch: MakeEpoch, kind: str) -> None:
    act, told = RUBBISH[kind]
    epoch = make_epoch(4)
    plan = assign(epoch, resolution=Model(act), deadline_s=1.0)
    assert plan.objective == pytest.approx(assign(epoch, resolution=Constant()).objective)
    assert told in plan.notes[0] and "took the constant model" in plan.notes[0]
    assert plan.to_dict()["cut_off"] == list(plan.notes)
    assert len(plan.assignments) and len(plan.held) >= 0


def test_a_model_that_fails_in_part_is_replaced_in_part(make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(4)
    plan = assign(epoch, resolution=Model(some_nan), deadline_s=5.0)
    assert "told no probability" in plan.notes[0]
    assert plan.objective is not None and len(plan.assignments)


def test_a_model_that_works_counts_also_before_a_deadline(make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(4)

    class Wrapped:
        def probability(self, epoch, *, ticket, expert, topic):
            return Proficiency().probability(epoch, ticket=ticket, expert=expert, topic=topic)

    plan = assign(epoch, resolution=Wrapped(), deadline_s=20.0)
    assert not plan.notes
    assert plan.objective == pytest.approx(assign(epoch, resolution=Proficiency()).objective)
    assert len(plan.assignments)


def test_while_a_late_model_is_busy_no_other_thread_is_started(make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(4)
    assign(epoch, resolution=Model(late), deadline_s=0.05)
    threads = threading.active_count()
    plan = assign(epoch, resolution=Model(late), deadline_s=0.05)
    assert "still busy with an earlier epoch" in plan.notes[0]
    assert threading.active_count() <= threads


def test_without_a_deadline_a_broken_model_is_told_of(make_epoch: MakeEpoch) -> None:
    with pytest.raises(KeyError, match="no such feature"):
        assign(make_epoch(4), resolution=Model(raises))


@pytest.mark.parametrize("deadline_s", [None, 1.0])
def test_the_callers_mistakes_are_refused(make_epoch: MakeEpoch, deadline_s: float | None) -> None:
    with pytest.raises(BackendError, match="unknown method 'magic'"):
        assign(make_epoch(1), method="magic", deadline_s=deadline_s)
    for wrong in ("soon", float("nan"), True):
        with pytest.raises(InputError, match=r"argument deadline_s: found .*; expected seconds, or None"):
            assign(make_epoch(1), deadline_s=wrong)  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="is no ResolutionModel"):
        assign(make_epoch(4), resolution=3, deadline_s=deadline_s)  # type: ignore[arg-type]


def test_the_constant_model_keeps_its_contract() -> None:
    check_resolution_model(Constant(0.3))
    with pytest.raises(ContractError, match="from 0 to 1"):
        Constant(float("nan"))


@pytest.mark.parametrize("most", [1, 30, 100, 400, 2000])
def test_thinned_pairs_are_allowed_ones_evenly_chosen(make_epoch: MakeEpoch, most: int) -> None:
    epoch = make_epoch(3, tickets=40, experts=60, plain=True)
    bound = Formulation().bind(epoch.desk)
    situation = situation_of(epoch, bound.channels, bound.eligibility, None, 2.0)
    takes = np.ones((60, 3), bool)
    whole = open_pairs(epoch, situation, takes)
    thin = open_pairs(epoch, situation, takes, most=lambda: most)
    every = set(zip(whole.ticket.tolist(), whole.expert.tolist(), strict=True))
    kept = list(zip(thin.ticket.tolist(), thin.expert.tolist(), strict=True))
    assert kept == sorted(set(kept)) and set(kept) <= every
    assert thin.is_whole == (most >= whole.allowed)
    assert len(kept) <= max(most, FEWEST)
    if thin.unseen is not None:
        oldest_left_out = situation.waited_s[thin.unseen].max()
        assert oldest_left_out <= situation.waited_s[np.unique(thin.ticket)].min()


def test_a_plan_of_some_pairs_claims_nothing_of_all_of_them(make_epoch: MakeEpoch, monkeypatch) -> None:
    monkeypatch.setattr(OnePass, "is_quick", lambda *_: False)
    epoch = make_epoch(6, tickets=40, experts=60, plain=True)
    exact = assign(epoch)
    monkeypatch.setattr(hurry.Hurry, "_most_pairs", lambda self: 60.0)
    plan = assign(epoch, deadline_s=10.0)
    assert plan.bound is None and plan.gap is None and plan.status == "feasible"
    assert any("no time for all pairs" in note for note in plan.notes)
    assert plan.objective is not None and exact.objective is not None and plan.objective <= exact.objective + 1e-9
    assert "not looked at before the deadline" in set(plan.held["reason"])
    assert len(plan.held) + len(plan.assignments) == 40
    ticket = plan.held["ticket_id"][0]
    assert plan.loss_if_held(ticket) == pytest.approx(exact.loss_if_held(ticket))
    full = exact.model.problem
    assert violations(full, plan.solution.expert_of) == ()


def test_when_building_takes_too_long_the_rest_is_left_out(make_epoch: MakeEpoch, monkeypatch) -> None:
    monkeypatch.setattr(OnePass, "is_quick", lambda *_: False)
    epoch = make_epoch(6, tickets=40, experts=60, plain=True)
    monkeypatch.setattr(hurry, "CHUNK", 50)
    bound = Formulation().bind(epoch.desk)
    model = bound.build(epoch, clock=Clock.after(0.0))
    assert model.unseen is not None and not model.is_whole
    whole = bound.build(epoch, clock=Clock.after(60.0))
    assert whole.is_whole and whole.unseen is None
    assert np.allclose(whole.problem.points, bound.build(epoch).problem.points)
    seen = np.unique(model.problem.ticket)
    assert model.situation.waited_s[seen].min() >= model.situation.waited_s[model.unseen].max()


def test_the_plan_says_what_answered(make_epoch: MakeEpoch) -> None:
    plan = assign(make_epoch(4), deadline_s=20.0)
    assert [attempt.method for attempt in plan.attempts][-1] == plan.method
    assert plan.status == "optimal" and not plan.notes and not plan.violates


def test_where_nothing_keeps_every_rule_the_plan_lists_what_it_breaks(make_epoch: MakeEpoch) -> None:
    epoch = make_epoch(6, tickets=40, experts=60, plain=True)
    most = len(assign(epoch).assignments)

    class MoreThanThereAre:
        """Σ of all arcs is more than can be assigned."""

        name, penalty = "more", None

        def rows(self, arcs: ModelArcs) -> Rows:
            return Rows.of(np.zeros(len(arcs), int), np.arange(len(arcs)), 1.0, sense=">=", rhs=[most + 2.5])

    build.warm_up()
    plan = assign(epoch, constraints=[MoreThanThereAre()], deadline_s=2.0)
    arcs = arcs_chosen(plan.model.problem, plan.solution.expert_of)
    assert plan.objective is None and plan.status in ("unknown", "infeasible")
    assert (arcs >= 0).sum() >= most > 0
    assert plan.violates == (f"side row 0 is missed by {most + 2.5 - (arcs >= 0).sum()}",)
    assert "rules broken: 1" in plan.summary()


def test_estimates_of_building_are_learned(make_epoch: MakeEpoch, monkeypatch) -> None:
    monkeypatch.setattr(OnePass, "is_quick", lambda *_: False)
    seen: list[tuple[str, int]] = []
    monkeypatch.setattr(PACE, "saw", lambda method, size, seconds: seen.append((method, size)))
    plan = assign(make_epoch(4), deadline_s=5.0)
    assert ("build", plan.model.problem.n_arcs) in seen


def test_before_a_deadline_two_compiled_loops_build_the_same_problem(make_epoch: MakeEpoch) -> None:
    for each in (find_arcs, weigh_arcs):
        each.warm_up()
    epoch = make_epoch(6, tickets=40, experts=60, plain=True)
    bound = Formulation().bind(epoch.desk)
    assert OnePass(bound).is_quick(epoch, 60.0) and not OnePass(bound).is_quick(epoch, 0.0)
    quick, whole = bound.build(epoch, clock=Clock.after(60.0)), bound.build(epoch)
    assert quick.notes == () and quick.is_whole
    for name in ("indptr", "expert", "capacity", "hold"):
        assert np.array_equal(getattr(quick.problem, name), getattr(whole.problem, name)), name
    assert quick.problem.points == pytest.approx(whole.problem.points, abs=1e-12)
    assert np.array_equal(quick.situation.peer_occupancy, whole.situation.peer_occupancy, equal_nan=True)
