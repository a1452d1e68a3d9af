"""The solver's benchmark, in short: every family and every peer that is installed, and a wrong answer found out."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT)
    timing = importlib.import_module("benchmarks.solver.timing")
    monkeypatch.setattr(timing.gc, "collect", int)  # matters for timing only, and takes longer than all the rest
    return timing


@pytest.fixture
def families(bench: ModuleType) -> ModuleType:
    return importlib.import_module("benchmarks.solver.families")


SIZES = {"interchangeable": (20, 6), "overload": (20, 6), "capacity 3": (15, 5), "slot costs": (15, 5)}


def test_all_methods_agree_on_every_family(bench, families):
    methods = importlib.import_module("benchmarks.solver.methods")
    tried = set()
    for family in families.FAMILIES:
        row = bench.time_instance(family, SIZES.get(family.name, (12, 12)), rounds=1, patience_s=0.0)
        assert row.speed_up > 0
        assert "deskmatch" in row.timings
        tried |= set(row.timings)
    installed = {
        "OR-Tools flow",
        "OR-Tools assignment",
        "scipy dense",
        "scipy sparse",
        "networkx",
        "CP-SAT",
        "PuLP (CBC)",
    }
    assert installed <= tried <= {each.name for each in methods.METHODS}


def test_an_answer_that_is_worse_ends_the_run(bench, families, monkeypatch):
    methods = importlib.import_module("benchmarks.solver.methods")
    lazy = replace(methods.METHODS[1], read=lambda arcs, built, flows: np.full(arcs.n_tickets, -1, dtype=np.int32))
    monkeypatch.setattr(methods, "METHODS", (methods.METHODS[0], lazy))
    with pytest.raises(AssertionError, match="OR-Tools flow finds"):
        bench.time_instance(families.FAMILIES[0], (30, 30), rounds=1, patience_s=0.0)


def test_the_page_has_every_instance(bench, families):
    report = importlib.import_module("benchmarks.solver.report")
    (dense,) = (family for family in families.FAMILIES if family.name == "dense")
    rows = [bench.time_instance(dense, (n, n), rounds=1, patience_s=0.0) for n in (10, 100)]
    text = report.page(rows, "a machine", 1)
    assert "dense 10 × 10" in text and "dense 100 × 100" in text
    assert "Over the 1 instances of at least 10,000 arcs" in text


def test_published_problems_have_their_published_optima(bench, families):
    optima = {"assign100": 305, "assign200": 475, "assign300": 626, "assign400": 804}
    problems = {family.name.removeprefix("OR-Library "): family for family in families.published()}
    if not problems:
        pytest.skip("DESKMATCH_DATA is not set")
    methods = importlib.import_module("benchmarks.solver.methods")
    ours = methods.METHODS[0]
    for name, optimum in optima.items():
        arcs = problems[name].make(np.random.default_rng(0), *problems[name].sizes[0])
        problem = ours.build(arcs)
        assert methods.value_of(arcs, ours.read(arcs, problem, ours.solve(problem))) == -optimum
