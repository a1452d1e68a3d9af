"""The compiled way to the problem of an epoch gives the problem that the general way gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmatch import Epoch, Formulation
from deskmatch.epochs.pairs import PairTable
from deskmatch.formulations import Occupancy, Resolution, Waiting, one_pass
from deskmatch.formulations.constraints import GroupLimit
from deskmatch.formulations.one_pass import OnePass
from deskmatch.prediction import Constant
from deskmatch.solver import Problem

OPEN = {"channels": {"post": {"open": {"zone": "UTC", "monday": "08:00-12:00"}}}}
RELAXED = {"channels": {"chat": {"relax": [{"after_s": 1e6, "missing_topic": 0.3}]}}}
WEIGHTED = {
    "weights": {"occupancy": 0.7, "affinity": 2.0, "proficiency": 0.4, "tier": 1.5},
    "channels": {"chat": {"weights": {"waiting": 0.0, "abandonment": 3.0}, "power": 3.0}},
}
FORMULATIONS = (
    Formulation(),
    Formulation.of(WEIGHTED),
    Formulation.of(OPEN),
    Formulation.of(RELAXED),
    Formulation.of(resolution=Constant(0.3)),
    Formulation(terms=(Occupancy(), Resolution(scales_with_importance=False), Waiting(name="delay"))),
)


def assert_same(ours: Problem, theirs: Problem) -> None:
    """Whether two problems are the same, points up to rounding."""
    for name in ("indptr", "expert", "ticket", "degree", "capacity", "hold", "slot_cost"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    np.testing.assert_allclose(ours.points, theirs.points, rtol=1e-12, atol=1e-15)
    assert (ours.limits is None) == (theirs.limits is None)
    if ours.limits is not None and theirs.limits is not None:
        for name in ("of_arc", "bound", "parent"):
            np.testing.assert_array_equal(getattr(ours.limits, name), getattr(theirs.limits, name), err_msg=name)


@given(st.integers(0, 10_000), st.sampled_from(FORMULATIONS), st.integers(1, 25), st.integers(1, 12))
def test_it_is_the_problem_of_the_general_way(
    make_epoch: Callable[..., Epoch], seed: int, formulation: Formulation, tickets: int, experts: int
) -> None:
    epoch = replace(make_epoch(seed, tickets=tickets, experts=experts), now=datetime(2024, 1, 1, 8, 30, tzinfo=UTC))
    bound = formulation.bind(epoch.desk)
    problem = OnePass(bound).problem(epoch)
    assert problem is not None
    assert_same(problem, bound.build(epoch).problem)


def test_the_comparison_can_fail(make_epoch: Callable[..., Epoch]) -> None:
    epoch = make_epoch(1, tickets=20)
    with pytest.raises(AssertionError):
        assert_same(
            Formulation().bind(epoch.desk).problem(epoch), Formulation.of(WEIGHTED).bind(epoch.desk).problem(epoch)
        )


def _night_owl(arcs: object) -> object:
    return np.ones(len(arcs))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "formulation",
    [
        Formulation().adding(_night_owl),  # type: ignore[arg-type]
        Formulation().under(GroupLimit(at_most=3)),
        Formulation.of({"channels": {"chat": {"relax": [{"after_s": 1, "missing_topic": 0.3}]}}}),
        Formulation.of({"channels": {"chat": {"usage": 0.5}}}),
        Formulation.of({"fairness": {"kind": "squared_occupancy", "weight": 1.0}}),
    ],
    ids=("own term", "constraint", "relaxed", "usage", "fairness"),
)
def test_what_it_cannot_do_is_left_to_the_general_way(
    make_epoch: Callable[..., Epoch], formulation: Formulation
) -> None:
    epoch = make_epoch(3, tickets=20)
    bound = formulation.bind(epoch.desk)
    assert OnePass(bound).problem(epoch) is None
    assert_same(bound.problem(epoch), bound.build(epoch).problem)


def test_large_epochs_and_pair_tables_go_the_general_way(
    make_epoch: Callable[..., Epoch], monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = make_epoch(3, tickets=20)
    bound = Formulation().bind(epoch.desk)
    pairs = PairTable(ticket=[0], expert=[0], probability=[0.5])
    assert OnePass(bound).problem(replace(epoch, resolution=pairs)) is None
    monkeypatch.setattr(one_pass, "MOST_PAIRS", 10)
    assert OnePass(bound).problem(epoch) is None


def test_points_out_of_range_are_told_by_the_general_way(make_epoch: Callable[..., Epoch]) -> None:
    epoch = make_epoch(3, tickets=20)
    bound = Formulation.of({"weights": {"proficiency": 1e200}}).bind(epoch.desk)
    assert OnePass(bound).problem(epoch) is None
    with pytest.raises(Exception, match="points"):
        bound.problem(epoch)
