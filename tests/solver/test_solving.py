"""`solve`, the registry and the contract of backends; `evaluate`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import deskmatch.solver
from deskmatch.errors import BackendError, ContractError, ProblemError
from deskmatch.solver import (
    Capability,
    Limits,
    Problem,
    Side,
    Solution,
    Status,
    backend_named,
    backend_names,
    backends_for,
    certify,
    check_backend,
    evaluate,
    register_backend,
    solve,
)
from deskmatch.solver.backends import registry
from deskmatch.solver.backends.answer import infeasible

ALL = Capability.CAPACITIES | Capability.SLOT_COSTS | Capability.LIMITS | Capability.MUST_ASSIGN
SMALL = Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5])


class Other:
    """A backend that answers as `min_cost_flow` does, or as told."""

    name = "other"
    capabilities = ALL
    available = True

    def __init__(self, **attributes: object) -> None:
        self.__dict__.update(attributes)

    def is_available(self) -> bool:
        """As told."""
        return self.available

    def solve(self, problem: Problem) -> Solution:
        """Solve by OR-Tools."""
        return backend_named("min_cost_flow").solve(problem)


@pytest.fixture
def registered(monkeypatch):
    """Backends registered in a test are gone after it."""
    monkeypatch.setattr(registry, "_PLACES", dict(registry._PLACES))
    return register_backend


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(BackendError, match=r"unknown method 'simplex'; expected auto, .*min_cost_flow.*networkx"):
        solve(SMALL, method="simplex")


def test_auto_takes_the_first_that_is_installed_and_able(registered):
    registered(Other(name="absent", available=False), first=True)
    registered(Other(name="weak", capabilities=Capability(0)), first=True)
    limited = Problem.from_arcs(1, 1, [0], [0], 1.0, limits=Limits(of_arc=[0], bound=[1]))
    assert backend_names()[:2] == ("weak", "absent")
    assert backends_for(Capability(0))[0] == "weak"
    assert "absent" not in backends_for(Capability.LIMITS)
    assert solve(limited).method == solve(limited, method=backends_for(Capability.LIMITS)[0]).method


def test_auto_says_so_where_nothing_is_able(registered, monkeypatch):
    monkeypatch.setattr(registry, "_PLACES", {"weak": Other(name="weak", capabilities=Capability(0))})
    with pytest.raises(BackendError, match="no installed backend can take capacities"):
        solve(Problem.from_arcs(1, 1, [0], [0], 1.0, capacity=2))


def test_a_backend_that_is_not_installed_is_refused(registered):
    registered(Other(name="absent", available=False))
    with pytest.raises(BackendError, match=r"absent is not installed; available for this problem: .*min_cost_flow"):
        solve(SMALL, method="absent")


def test_what_is_no_backend_is_not_registered(registered):
    with pytest.raises(BackendError, match="is no backend"):
        registered(object())
    with pytest.raises(BackendError, match="not auto"):
        registered(Other(name="auto"))


def test_the_contract_passes_a_right_backend():
    check_backend(Other(), problems=20)


SHUFFLER = np.random.default_rng(0)


class Wrong(Other):
    """A backend whose answers are tampered with."""

    def solve(self, problem: Problem) -> Solution:
        """Solve, then change the answer."""
        return self.tamper(super().solve(problem))


@pytest.mark.parametrize(
    ("backend", "told"),
    [
        (object(), "lacks one of"),
        (Other(available=False), "not available"),
        (Other(capabilities=Capability(0)), "expected BackendError, since the problem needs"),
        (Wrong(tamper=lambda one: replace(one, status=Status.FEASIBLE)), "feasible is not proved"),
        (Wrong(tamper=lambda one: replace(one, expert_price=None)), "is not proved"),
        (Wrong(tamper=lambda one: replace(one, violator=None)), "infeasible is not proved"),
        (
            Wrong(tamper=lambda one: replace(one, expert_of=SHUFFLER.permutation(one.expert_of))),
            "two runs gave different assignments",
        ),
    ],
)
def test_the_contract_fails_a_wrong_backend(backend, told):
    with pytest.raises(ContractError, match=told):
        check_backend(backend)


def test_a_backend_that_wrongly_says_infeasible_is_found_out():
    with pytest.raises(BackendError, match="although there is one"):
        infeasible(SMALL, method="wrong", started=0.0)


def test_what_ortools_refuses_is_an_error(monkeypatch):
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    monkeypatch.setattr(SimpleMinCostFlow, "solve", lambda self: SimpleMinCostFlow.BAD_COST_RANGE)
    with pytest.raises(BackendError, match="BAD_COST_RANGE"):
        solve(SMALL, method="min_cost_flow")


def test_evaluate_adds_points_holds_and_slot_costs():
    problem = Problem.from_arcs(
        4, 1, range(4), [0] * 4, [4.0, 3.0, 2.0, 1.0], capacity=3, hold=0.25, slot_cost=[[0.5, 1.5]]
    )
    assert evaluate(problem, [0, 0, 0, -1]) == 9.0 - 0.5 - 1.5 - 1.5 + 0.25
    with pytest.raises(ProblemError, match="capacity 3"):
        evaluate(problem, [0, 0, 0, 0])


def test_evaluate_sums_without_rounding():
    problem = Problem.from_arcs(3, 3, range(3), range(3), [1e100, 1.0, -1e100])
    assert evaluate(problem, [0, 1, 2]) == 1.0


def test_a_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'slove'"):
        deskmatch.solver.slove  # noqa: B018
    assert set(dir(deskmatch.solver)) == set(deskmatch.solver.__all__)
    assert all(hasattr(deskmatch.solver, name) for name in deskmatch.solver.__all__)


def test_importing_the_solver_loads_no_heavy_package():
    heavy = ["pandas", "ortools", "pulp", "networkx", "pydantic", "typer", "numba", "scipy.optimize"]
    names = ", ".join(deskmatch.solver.__all__)
    code = f"import sys; from deskmatch.solver import {names}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def at_most(values: list[float], right: float) -> Problem:
    """Four tickets worth 4, 3, 2, 1 and an expert for each, under one row."""
    side = Side.from_matrix([values], "<=", right)
    return Problem.from_arcs(4, 4, range(4), range(4), [4.0, 3.0, 2.0, 1.0], side=side)


def test_a_whole_vertex_of_the_relaxation_is_the_optimum_and_proved() -> None:
    problem = at_most([1.0, 1.0, 1.0, 1.0], 2)
    answer = solve(problem)
    assert (answer.method, answer.status, answer.objective) == ("linear_relaxation", Status.OPTIMAL, 7.0)
    assert certify(problem, answer).optimal


def test_a_vertex_that_is_not_whole_leaves_the_search_to_decide() -> None:
    problem = at_most([2.0, 2.0, 2.0, 2.0], 3)
    answer = solve(problem)
    assert (answer.method, answer.objective) == ("scip", 4.0)
    assert not certify(problem, answer).optimal


def test_what_the_relaxation_cannot_keep_is_infeasible() -> None:
    side = Side.from_matrix([[1.0], [1.0]], ["<=", ">="], [0.0, 1.0])
    answer = solve(Problem.from_arcs(1, 1, [0], [0], [1.0], side=side))
    assert (answer.method, answer.status) == ("linear_relaxation", Status.INFEASIBLE)
