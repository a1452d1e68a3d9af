"""Engines that are broken on purpose fail the tests of theory."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deskmatch.policies import fcfs
from deskmatch.simulation import Run, simulate
from deskmatch.simulation import state as states
from deskmatch.simulation.engine import contacts, hands
from deskmatch.simulation.layout import Layout

N, A, THETA = 20, 20.0, 1.0


def assertions(
    theory: SimpleNamespace, run: Run, n: int = N, a: float = A, theta: float = THETA, *, noise: float = 0.006
) -> None:
    """Those of `test_theory`: exact probabilities and means of Erlang A, Little's law, conservation."""
    exact = theory.Erlang(n, a, theta)
    waits = theory.waits(run)

    def near(values: np.ndarray, expected: float) -> bool:
        means = np.array([part.mean() for part in np.array_split(values.astype(float), 40)])
        return bool(abs(means.mean() - expected) <= 4 * means.std(ddof=1) / 40**0.5 + 1e-12)

    rows = run.rows[np.argsort(run.rows["root"], kind="stable")]
    assert theory.conserved(run)
    assert theory.little(run) < 1e-9
    assert near(waits > 0, exact.must_wait)
    assert near(waits, exact.wait)
    assert near(rows["outcome"] == 5, exact.abandoned)
    assert run.experts["occupancy"].mean() == pytest.approx(exact.occupancy, abs=noise)
    assert not (rows["outcome"] == 7).any()
    # first come, first served: nobody is served before somebody who came earlier and is still there
    started = rows[~np.isnan(rows["started"])]
    assert (np.diff(started["started"]) >= -1e-9).all()


def spoiled(layout: Layout, what: str) -> None:
    """Arrays of the engine that are slightly wrong."""
    if what == "service takes 4 % longer":
        layout.pairs["mean_s"] *= 1.04
    elif what == "patience lasts 8 % longer":
        layout.types["patience_s"] *= 1.08
    elif what == "one expert less":
        layout.experts["on"][0] = 0
        layout.pools["first"] = 1
        layout.experts["previous"][1] = -1
        layout.desk["listed"] -= 1
    elif what == "a queue that is too short":
        layout.channels["capacity"] = 12
    elif what == "some customers balk":
        layout.types["balk"] = 0.05


@pytest.mark.parametrize(
    "what",
    [
        "service takes 4 % longer",
        "patience lasts 8 % longer",
        "one expert less",
        "a queue that is too short",
        "some customers balk",
    ],
)
def test_a_wrong_number_is_noticed(theory: SimpleNamespace, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Layout.of

    def broken(*args: Any) -> Layout:
        layout = made(*args)
        spoiled(layout, what)
        return layout

    scenario = theory.desk(N, A, theta=THETA, tickets=500_000)
    assertions(theory, simulate(scenario, fcfs(), seed=1))
    monkeypatch.setattr(states.Layout, "of", broken)
    with pytest.raises(AssertionError):
        assertions(theory, simulate(scenario, fcfs(), seed=1))


def last_come(make: Callable[..., Any]) -> Callable[..., Any]:
    def enqueue(world: Any, k: int) -> None:
        world.tickets[k]["since"] *= -1  # sorted the wrong way round
        make(world, k)
        world.tickets[k]["since"] *= -1

    return enqueue


BROKEN: dict[str, tuple[Any, str, Callable[[Callable[..., Any]], Callable[..., Any]]]] = {
    "last come, first served": (contacts, "enqueue", last_come),
    "customers never give up": (contacts, "_lose_patience_later", lambda make: lambda world, k: None),
    "a ticket that gives up is not written": (contacts, "retire", lambda make: lambda world, k: None),
    "freed experts forget to look": (contacts, "route_expert", lambda make: lambda world, e: None),
    "experts have room for two calls": (hands, "unlist", lambda make: lambda world, e: None),
}


@pytest.mark.parametrize("what", BROKEN)
def test_wrong_code_is_noticed(theory: SimpleNamespace, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel runs uncompiled here, so that one of its functions can be replaced."""
    module, name, breaking = BROKEN[what]
    scenario = theory.desk(3, 3.0, theta=0.5, tickets=1500)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assertions(theory, simulate(scenario, fcfs(), seed=2), 3, 3.0, 0.5, noise=0.04)
    monkeypatch.setattr(module, name, breaking(getattr(module, name)))
    with pytest.raises((AssertionError, IndexError, RecursionError)):
        assertions(theory, simulate(scenario, fcfs(), seed=2), 3, 3.0, 0.5, noise=0.04)
