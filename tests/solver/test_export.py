"""`to_lp` and `to_mps`, read back by CBC and HiGHS: the same optima, under names that say what is meant."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from deskmatch.solver import Limits, Problem, Side, solve, to_lp, to_mps
from deskmatch.solver.matrix import matrix_form

INF = float("inf")


def small(seed: int) -> Problem:
    """A small problem with everything: usage, limits, slot costs, rows of each sense, hard and soft, free columns."""
    rng = np.random.default_rng(seed)
    ticket, expert = np.nonzero(rng.random((5, 3)) < 0.8)
    arcs = len(ticket)
    side = Side.from_matrix(
        rng.integers(-2, 3, (3, arcs)),
        ["<=", ">=", "="],
        [1.0, -1.5, 0.25],
        penalty=[INF, 0.7, 2.0],
        over_extra=[[1.0, 0.0, -1.0], [0.0, 1 / 3, 0.0], [1.0, 1.0, 0.0]],
        lower=[-INF, -INF, 0.0],
        upper=[INF, 2.0, INF],
        extra_points=[0.0, 0.25, -1.0],
    )
    return Problem.from_arcs(
        5,
        3,
        ticket,
        expert,
        rng.normal(size=arcs) + 1.0,
        capacity=[2, 0, 5],
        hold=np.where(np.arange(5) == 4, -INF, rng.normal(size=5) / 3),
        slot_cost=[[0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.1, 0.1, 0.4]] if seed % 2 else None,
        limits=Limits(of_arc=expert, bound=[2, 2, 4]),
        usage=rng.integers(1, 3, arcs),
        side=side,
    )


SAMPLES = [
    *(small(seed) for seed in range(6)),
    Problem.from_arcs(2, 2, [0, 0, 1], [0, 1, 0], [3.0, 2.0, 2.5]),
    Problem.from_arcs(1, 1, [], [], [], hold=0.25),
    Problem.from_arcs(2, 1, [0, 1], [0, 0], [-1e-7, -2.0], hold=-INF, capacity=2),
]


def optimum(problem: Problem) -> float:
    """By SCIP; all samples are feasible."""
    objective = solve(problem, method="scip").objective
    assert objective is not None
    return objective


@pytest.fixture(scope="session")
def cbc_path() -> str:
    """CBC's program, which comes with PuLP; asked of another process, since PuLP may load highspy."""
    code = "import pulp; print(pulp.PULP_CBC_CMD.pulp_cbc_path)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("index", range(len(SAMPLES)))
@pytest.mark.parametrize("kind", ["lp", "mps"])
def test_cbc_reads_the_same_optimum(cbc_path, tmp_path: Path, index, kind):
    problem = SAMPLES[index]
    file, answer = tmp_path / f"problem.{kind}", tmp_path / "answer.txt"
    file.write_text(to_lp(problem) if kind == "lp" else to_mps(problem))
    command = [cbc_path, str(file), "-ratio", "0", "-solve", "-solution", str(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Optimal - objective value (\S+)", answer.read_text())
    assert found, done.stdout
    assert abs(float(found[1])) == pytest.approx(abs(optimum(problem)), abs=1e-6)


@pytest.mark.parametrize("index", range(len(SAMPLES)))
def test_highs_reads_the_same_optimum_from_mps_by_way_of_mathopt(index):
    from ortools.math_opt.io.python import mps_converter
    from ortools.math_opt.python import mathopt

    problem = SAMPLES[index]
    model = mathopt.Model.from_model_proto(mps_converter.mps_to_model_proto(to_mps(problem)))
    options = mathopt.SolveParameters(presolve=mathopt.Emphasis.OFF, relative_gap_tolerance=1e-9)
    found = mathopt.solve(model, mathopt.SolverType.HIGHS, params=options)
    assert -found.objective_value() == pytest.approx(optimum(problem), abs=1e-6)


READ_BY_HIGHS = """
import sys, highspy
for path in sys.argv[1:]:
    solver = highspy.Highs()
    solver.silent()
    solver.setOptionValue("presolve", "off")
    solver.setOptionValue("mip_rel_gap", 1e-9)
    assert solver.readModel(path) == highspy.HighsStatus.kOk
    solver.run()
    print(solver.getInfo().objective_function_value)
"""


@pytest.mark.skipif(find_spec("highspy") is None, reason="highspy is not installed")
@pytest.mark.parametrize("index", range(len(SAMPLES)))
def test_highs_itself_reads_the_same_optimum(tmp_path: Path, index):
    problem = SAMPLES[index]
    files = tmp_path / "problem.lp", tmp_path / "problem.mps"
    files[0].write_text(to_lp(problem))
    files[1].write_text(to_mps(problem))
    command = [sys.executable, "-c", READ_BY_HIGHS, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    by_lp, by_mps = (float(line) for line in done.stdout.split())
    assert by_lp == pytest.approx(optimum(problem), abs=1e-6)
    assert -by_mps == pytest.approx(optimum(problem), abs=1e-6)


def test_numbers_read_back_exactly_from_mps():
    from ortools.math_opt.io.python import mps_converter

    problem = SAMPLES[1]
    form = matrix_form(problem, boxed=False)
    model = mps_converter.mps_to_model_proto(to_mps(problem))
    assert list(model.variables.lower_bounds) == form.lower.tolist()
    assert list(model.variables.upper_bounds) == form.upper.tolist()
    assert list(model.variables.integers) == form.is_integer.tolist()
    assert list(model.linear_constraints.upper_bounds) == form.row_upper.tolist()
    costs = dict(zip(model.objective.linear_coefficients.ids, model.objective.linear_coefficients.values, strict=True))
    assert [-costs.get(column, 0.0) for column in range(len(form.objective))] == form.objective.tolist()


def test_names_say_which_ticket_and_expert_is_meant():
    text = to_lp(small(1))
    for name in ("x_4_2", "hold_0", "units_2_0", "over_2", "under_1", "under_2", "extra_2"):
        assert re.search(rf"\b{name}\b", text), name
    for row in ("ticket_4", "expert_2", "limit_1", "side_2"):
        assert f" {row}:" in text
    assert "hold_4" not in text
    assert max(map(len, text.splitlines())) < 255


def test_a_problem_without_anything_is_still_a_file():
    nothing = Problem.from_arcs(0, 0, [], [], [])
    assert to_lp(nothing).endswith("End\n")
    assert to_mps(nothing).endswith("ENDATA\n")
