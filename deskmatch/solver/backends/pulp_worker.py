"""The process that PuLP runs in: jobs come in on standard input, answers go out on standard output, both pickled.

Imports nothing of ours: PuLP imports highspy where that is installed, and highspy cannot be loaded in a process that
has loaded OR-Tools, nor the other way round. Tools that import every module must not import PuLP with this one, hence
the imports inside of functions.
"""

from __future__ import annotations

import inspect
import os
import pickle
import re
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

__all__ = ["built", "main", "program", "solved"]

LOWER_BOUND = re.compile(r"Lower bound:\s+(\S+)")
RESULT = re.compile(r"^(?:Result - .*|Cbc\d+I (?:Exiting|Partial|Search completed).*)$", re.MULTILINE)


def main() -> None:
    """Answer jobs until there are no more; whatever a solver prints is no answer."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = solved(job)
        except Exception:
            answer = {"error": traceback.format_exc(limit=3)}
        pickle.dump(answer, answers)
        answers.flush()


def solved(job: dict[str, Any]) -> dict[str, Any]:
    """Build the program, solve it, and say what came of it.

    `status` says "Optimal" also where CBC stopped at its time limit; `sol_status` tells the difference. Where CBC's
    preprocessing finds a program infeasible or unbounded, `status` alone says so.
    """
    import pulp

    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log.txt")
        solver = built(job, log)
        if solver is None or not solver.available():
            found = ", ".join(pulp.listSolvers(onlyAvailable=True)) or "none"
            return {"error": f"PuLP finds no solver {job['solver']} here; it finds: {found}"}
        problem, columns = program(job)
        problem.solve(solver)
        text = log.read_text(errors="replace") if log.exists() else ""
    says_no = problem.status == pulp.LpStatusInfeasible and problem.sol_status == pulp.LpSolutionNoSolutionFound
    sol_status = pulp.LpSolutionUnbounded if says_no else problem.sol_status
    values = [column.varValue for column in columns]
    bounds = LOWER_BOUND.findall(text)
    return {
        "sol_status": sol_status,
        "values": None if None in values else values,
        "bound": float(bounds[-1]) if bounds else None,
        "message": "; ".join([pulp.LpSolution[problem.sol_status], *(line.strip() for line in RESULT.findall(text))]),
    }


def built(job: dict[str, Any], log: Path) -> Any:
    """The solver, with those of our settings that it takes; None where PuLP knows none of this name."""
    import pulp

    name, more = job["solver"], {}
    if name == "CBC":
        name, more = "COIN_CMD", {"path": pulp.PULP_CBC_CMD.pulp_cbc_path}
    kind = next((one for one in pulp.apis._all_solvers if one.name == name), None)
    if kind is None:
        return None
    wanted = {
        "msg": False,
        "timeLimit": job["time_limit_s"],
        "threads": 1,
        "gapRel": 0.0,
        "warmStart": job["hint"] is not None,
        "logPath": str(log),
        **more,
    }
    taken = inspect.signature(kind.__init__).parameters
    return kind(**{key: value for key, value in wanted.items() if key in taken and value is not None})


def program(job: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The program as PuLP's objects: minimise minus the points, so that a lower bound is minus an upper one."""
    import pulp

    problem = pulp.LpProblem("deskmatch", pulp.LpMinimize)
    columns = []
    for index, (low, high, whole) in enumerate(zip(job["lower"], job["upper"], job["whole"], strict=True)):
        kind = pulp.LpInteger if whole else pulp.LpContinuous
        ends = (None if abs(end) == float("inf") else end for end in (low, high))
        columns.append(problem.add_variable(f"x{index}", *ends, kind))
    problem += pulp.LpAffineExpression(
        [(column, -points) for column, points in zip(columns, job["objective"], strict=True)]
    )
    starts, index, value = job["indptr"], job["indices"], job["data"]
    for row, (low, high) in enumerate(zip(job["row_lower"], job["row_upper"], strict=True)):
        entries = range(starts[row], starts[row + 1])
        left = pulp.LpAffineExpression([(columns[index[k]], value[k]) for k in entries])
        if low == high:
            problem += pulp.LpConstraint(left, pulp.LpConstraintEQ, f"r{row}", low)
        elif high < float("inf"):
            problem += pulp.LpConstraint(left, pulp.LpConstraintLE, f"r{row}", high)
        else:
            problem += pulp.LpConstraint(left, pulp.LpConstraintGE, f"r{row}", low)
    for column, start in zip(columns, job["hint"] or [], strict=False):
        column.setInitialValue(start, check=False)
    return problem, columns
