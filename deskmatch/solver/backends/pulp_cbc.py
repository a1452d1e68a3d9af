"""CBC, and any other solver that PuLP finds, in a process of PuLP's own."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.matrix import MatrixForm

from .outcome import Outcome, Verdict
from .pulp_process import PulpProcess
from .whole_programs import WholeProgramBackend

__all__ = ["Pulp", "cbc"]

_VERDICTS = {1: Verdict.OPTIMAL, 2: Verdict.STOPPED, 0: Verdict.STOPPED, -1: Verdict.INFEASIBLE, -2: Verdict.EITHER}
"""PuLP's ``sol_status``: optimal, feasible, no solution, infeasible; unbounded, which CBC says of the relaxation."""
_PROCESS = PulpProcess()


@dataclass(frozen=True, slots=True)
class Pulp(WholeProgramBackend):
    """A solver of integer programs behind PuLP: CBC (Forrest & Lougee-Heimer 2005), or whatever PuLP finds.

    PuLP runs in a process of its own, because it imports highspy where that is installed, which cannot be loaded beside
    OR-Tools. Building PuLP's objects takes about a second at 60,000 arcs. On one thread, so that two runs agree.

    Parameters
    ----------
    name : the name that ``solve(method=…)`` takes.
    solver : PuLP's name of the solver, such as ``GUROBI_CMD``; ``CBC``: the one that comes with PuLP.
    """

    name: str
    solver: str

    def is_available(self) -> bool:
        """Whether PuLP is installed; whether it finds the solver shows when it is asked to solve."""
        return find_spec("pulp") is not None

    def run(self, form: MatrixForm, time_limit_s: float | None, hint: NDArray[np.float64] | None) -> Outcome:
        if not len(form.objective):
            return _without_columns(form)
        if time_limit_s is not None and time_limit_s <= 0:
            return Outcome(Verdict.STOPPED, None, None, "no time left")
        return outcome(form, _PROCESS.ask(job_for(form, self.solver, time_limit_s, hint)))


def cbc() -> Pulp:
    """CBC as it comes with PuLP."""
    return Pulp("cbc", "CBC")


def job_for(
    form: MatrixForm, solver: str, time_limit_s: float | None, hint: NDArray[np.float64] | None
) -> dict[str, object]:
    """What PuLP's process is asked: the program as plain lists, which is what it builds objects from."""
    names = ("lower", "upper", "objective", "row_lower", "row_upper")
    return {
        "solver": solver,
        "time_limit_s": time_limit_s,
        "hint": None if hint is None else hint.tolist(),
        "whole": form.is_integer.tolist(),
        **{name: getattr(form, name).tolist() for name in names},
        **{name: getattr(form.matrix, name).tolist() for name in ("indptr", "indices", "data")},
    }


def outcome(form: MatrixForm, answer: dict[str, object]) -> Outcome:
    """What PuLP's answer says; by `sol_status`, since its status is "Optimal" at a time limit, too."""
    status = answer["sol_status"]
    verdict = _VERDICTS[status] if isinstance(status, int) else Verdict.STOPPED
    found = answer["values"] if status in (1, 2) else None
    values = None if found is None else np.array(found, dtype=np.float64)
    bound = -answer["bound"] if isinstance(answer["bound"], float) else None
    if verdict is Verdict.OPTIMAL and values is not None:
        bound = float(form.objective @ values)
    return Outcome(verdict, values, bound, str(answer["message"]))


def _without_columns(form: MatrixForm) -> Outcome:
    """A program without columns, which solvers read in their own ways: every row's left side is 0."""
    fits = bool(((form.row_lower <= 0) & (form.row_upper >= 0)).all())
    verdict = Verdict.OPTIMAL if fits else Verdict.INFEASIBLE
    return Outcome(verdict, np.zeros(0) if fits else None, 0.0 if fits else None, "there is nothing to choose")
