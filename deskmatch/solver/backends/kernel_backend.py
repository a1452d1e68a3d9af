"""The compiled kernel as a backend: the fastest exact method, once it is compiled."""

from __future__ import annotations

import math
import time
from importlib.util import find_spec

import numpy as np

from deskmatch.compiled import is_enabled
from deskmatch.solver.arranging import FEWEST, sort_arcs
from deskmatch.solver.certificate import TOLERANCE
from deskmatch.solver.kernel.entry import run, solve_arrays
from deskmatch.solver.network_terms import network_terms
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution, Status

from .answer import optimal, without_answer
from .protocol import Capability, accept

__all__ = ["KernelBackend"]

SAFE_SHARE = 0.5
"""Prices that leave more than this share of the tolerance unproved are replaced: the kernel's sums are not exact."""


class KernelBackend:
    """Auction and shortest augmenting paths in compiled code; see `deskmatch.solver.kernel`.

    Works in floats throughout. Releases the interpreter lock. The first use of all compiles it, which takes
    about half a minute of processor time (`deskmatch.compiled`).
    """

    name = "kernel"
    capabilities = Capability.CAPACITIES | Capability.SLOT_COSTS | Capability.MUST_ASSIGN

    def is_available(self) -> bool:
        """Whether Numba is installed and compilation is not switched off."""
        return is_enabled() and find_spec("numba") is not None

    def is_ready(self) -> bool:
        """Whether it would answer without compiling; if not, a child process begins to compile it."""
        if solve_arrays.is_warm():
            return True
        solve_arrays.request()
        return False

    def is_loaded(self) -> bool:
        """Whether it would answer at once; if not, it begins to load in a thread, importing Numba takes a second."""
        solve_arrays.preload()
        return solve_arrays.is_loaded()

    def solve(self, problem: Problem) -> Solution:
        """Solve a problem; deterministic. Compiles first where it must."""
        accept(self, problem)
        started = time.perf_counter()
        _prepare_for_more(problem)
        answer = run(problem)
        if len(answer.violator):
            elapsed_s = time.perf_counter() - started
            return without_answer(problem, np.sort(answer.violator), method=self.name, elapsed_s=elapsed_s)
        if answer.gap > SAFE_SHARE * TOLERANCE * answer.scale:
            return optimal(problem, answer.expert_of, method=self.name, started=started)
        return Solution(
            expert_of=answer.expert_of,
            objective=math.fsum(answer.gained.tolist()),
            status=Status.OPTIMAL,
            method=self.name,
            ticket_price=answer.ticket_price,
            expert_price=answer.expert_price,
            elapsed_s=time.perf_counter() - started,
        )


def _prepare_for_more(problem: Problem) -> None:
    """Have what sorts and proves loaded too, for the problems to come, where they are large enough to gain by it."""
    for each in (sort_arcs, network_terms):
        if problem.n_arcs >= FEWEST and not each.is_loaded():
            each.preload()
            each.request()
