"""HiGHS, CP-SAT and SCIP, through OR-Tools' MathOpt: integer programs with usage, side rows and extra columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.solver.matrix import MatrixForm

from .mathopt_call import MathOptCall
from .outcome import Outcome
from .whole_programs import WholeProgramBackend

__all__ = ["MathOpt", "cp_sat", "highs", "scip"]

GAPS = {"absolute_gap_tolerance": 1e-9, "relative_gap_tolerance": 1e-9}
"""HiGHS would otherwise stop within 1e-4 of its bound and call that optimal."""
PRECISE = 1e-10
"""The least tolerance that HiGHS takes; by default it and SCIP keep rows to 1e-6, here 1e-9 is wanted."""
STEPS_A_UNIT = 1e6
"""CP-SAT works on whole numbers; a continuous column becomes one of so many steps a unit. By default a step is a whole
unit, or what it takes for one that is implied, and what it calls optimal is not."""


@dataclass(frozen=True, slots=True)
class MathOpt(WholeProgramBackend):
    """A solver of integer programs in OR-Tools (HiGHS: Huangfu & Hall 2018; SCIP: Bestuzheva et al. 2023; CP-SAT).

    Releases the interpreter lock while it runs. Takes time limits, and overshoots short ones by up to a second or two.
    On one thread by default, so that two runs agree.

    Parameters
    ----------
    name : the name that ``solve(method=…)`` takes.
    solver : MathOpt's name.
    options : further fields of MathOpt's ``SolveParametersProto``.
    precise : those that change where an answer has missed a row by the solver's tolerance; None: it has no others.
    """

    name: str
    solver: str
    options: dict[str, Any]
    precise: dict[str, Any] | None = None

    def is_available(self) -> bool:
        """Whether OR-Tools is installed."""
        return find_spec("ortools") is not None

    def precisely(self) -> MathOpt | None:
        """The same with the least tolerance that it takes, None where it takes none."""
        return None if self.precise is None else replace(self, options={**self.options, **self.precise}, precise=None)

    def limited(self, nodes: int) -> MathOpt:
        """The same for so many nodes of the search at most."""
        return replace(self, options={**self.options, "node_limit": nodes})

    def run(self, form: MatrixForm, time_limit_s: float | None, hint: NDArray[np.float64] | None) -> Outcome:
        """What the solver makes of a matrix form; see `Run`."""
        call = MathOptCall(self.solver, {**GAPS, **self.options}, time_limit_s)
        if self.solver == "CP_SAT":
            return call.run(_stepped(form), form.is_whole, hint)
        return call.run(form, form.is_integer, hint)


def _stepped(form: MatrixForm) -> MatrixForm:
    """The same form where = rows over extra columns are kept to a step of these: no whole steps may fit exactly."""
    step = abs(form.matrix[:, form.starts[5] :]).sum(axis=1) / STEPS_A_UNIT
    equal = form.row_lower == form.row_upper
    width = np.where(equal, step, 0.0)
    return replace(form, row_lower=form.row_lower - width, row_upper=form.row_upper + width)


def highs(threads: int = 1) -> MathOpt:
    """HiGHS; in OR-Tools 9.15 its “optimal” is now and then wrong, so that SCIP begins on small problems in ``"auto"``.

    Of 10,640 random problems of 7 to 12 tickets with side rows and extra columns, half of them with usage, its answer
    was worse than SCIP's and CP-SAT's, and called optimal, on 3; without its presolve on 2 others. None of ten settings
    of HiGHS was right on all of five such problems; the cause is not known. SCIP and CP-SAT were never worse. What
    `certify` proves rests on no such claim. MathOpt refuses its general `threads` for HiGHS, so that they go through
    HiGHS's own options.
    """
    counts = {"threads": threads}
    finely = {"mip_feasibility_tolerance": PRECISE, "primal_feasibility_tolerance": PRECISE}
    return MathOpt(
        "highs",
        "HIGHS",
        {"highs": {"int_options": counts}},
        {"highs": {"int_options": counts, "double_options": finely}},
    )


def cp_sat(threads: int = 1) -> MathOpt:
    """CP-SAT; continuous columns are taken in millionths, whose search on one thread needs the linear relaxation."""
    steps = {
        "mip_var_scaling": STEPS_A_UNIT,
        "mip_automatically_scale_variables": False,
        "mip_wanted_precision": 1e-8,
        "linearization_level": 2,
    }
    return MathOpt("cp_sat", "CP_SAT", {"threads": threads, "cp_sat": steps})


def scip(threads: int = 1) -> MathOpt:
    """SCIP."""
    return MathOpt("scip", "GSCIP", {"threads": threads}, {"gscip": {"real_params": {"numerics/feastol": PRECISE}}})
