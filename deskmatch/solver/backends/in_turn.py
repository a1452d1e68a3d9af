"""`solve_in_turn`: SCIP and HiGHS in turn, each allowed more nodes than the time before, until one of them is done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from deskmatch.errors import BackendError
from deskmatch.solver.matrix import MatrixForm, matrix_form
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution, Status
from deskmatch.solver.window import solve_window

from .mathopt import MathOpt, highs, scip
from .relaxation import Relaxation, relax
from .whole_programs import RELAXATION_SHARE, at_vertex, searched_precisely

__all__ = ["solve_in_turn"]

SMALL = 3000
"""Arcs up to which SCIP begins: it is done in a second or two there, and its word has never been found wrong. Above,
HiGHS is mostly two to four times as fast."""
FIRST_NODES, MORE = 4000, 8
"""Nodes of the first turn, and how many times as many each later one has, so that turns in vain are a small part of the
whole. Nodes, not seconds: the answer does not depend on the machine."""
SAME = 1e-7
"""An answer that is called optimal and lies below a known one by more than this share is a false claim."""


def solve_in_turn(
    problem: Problem, *, time_limit_s: float | None = None, hint: Solution | None = None, is_part: bool = False
) -> Solution:
    """Solve a problem that is no network: by its linear relaxation, where that is whole, else by two solvers in turn.

    Rows that are one window of loads (`deskmatch.solver.window`) are searched by networks first.

    Which solver is fast differs from one set of rules to the next, and for the same rules from one epoch to the next: a
    quota that takes one of them a second has kept the other busy for ten minutes. So both get turns, each from the best
    answer so far. One that fails, or claims what a known answer refutes, gets no further turn.

    Parameters
    ----------
    problem : no network.
    time_limit_s : for everything together; None: to the end.
    hint : an answer to start from.
    is_part : whether it is a part of such a search.

    Raises
    ------
    BackendError
        Where both solvers fail without an answer, with their words.
    """
    started = time.perf_counter()
    form = matrix_form(problem)
    relaxation = relax(form, time_limit_s=None if time_limit_s is None else RELAXATION_SHARE * time_limit_s)
    found = at_vertex(form, relaxation) if problem.usage is None else None
    ends_s = None if time_limit_s is None else started + time_limit_s
    if found is None and not is_part:
        found = _in_window(problem, relaxation, ends_s)
    if found is None:
        found = _Turns(form, relaxation, ends_s, hint).answer()
    return replace(found, elapsed_s=time.perf_counter() - started)


def _in_window(problem: Problem, relaxation: Relaxation, ends_s: float | None) -> Solution | None:
    """By the search over a window, where the rows are one; with the prices of the relaxation."""
    left = None if ends_s is None else max(0.0, ends_s - time.perf_counter())
    found = solve_window(problem, time_limit_s=left)
    if found is None or found.objective is None:
        return None
    claims = [one.claimed_bound for one in (found, relaxation.bound) if one.claimed_bound is not None]
    return replace(
        relaxation.bound,
        expert_of=found.expert_of,
        extra=found.extra,
        objective=found.objective,
        status=found.status,
        method=found.method,
        message="",
        claimed_bound=max(found.objective, min(claims)) if claims else None,
    )


class _Turns:
    """The solvers that have not failed yet, and the best answer so far."""

    def __init__(self, form: MatrixForm, relaxation: Relaxation, ends_s: float | None, hint: Solution | None) -> None:
        self.form = form
        self.relaxation = relaxation
        self.ends_s = ends_s
        self.hint = hint
        self.best: Solution | None = None
        self.failed: dict[str, str] = {}

    def answer(self) -> Solution:
        """The answer of the first solver that is done, or the best one when the time is over."""
        for solver in self._turns():
            try:
                found = searched_precisely(
                    self.form, self.relaxation, solver, time_limit_s=self._left_s(), hint=self.best or self.hint
                )
            except BackendError as error:
                self.failed[solver.name] = str(error)
                continue
            if self._is_refuted(found):
                self.failed[solver.name] = f"{solver.name} calls {found.objective} optimal, which is not the best"
                continue
            self._take(found)
            if found.status in (Status.OPTIMAL, Status.INFEASIBLE):
                break
        if self.best is None:
            raise BackendError("; ".join(self.failed.values()))
        return self.best

    def _turns(self) -> Iterator[MathOpt]:
        """The solvers in turn, until the time is over or all have failed."""
        order = (scip(), highs()) if self.form.problem.n_arcs <= SMALL else (highs(), scip())
        for power in count():
            for solver in order:
                if solver.name not in self.failed and (self.best is None or self._left_s() != 0.0):
                    yield solver.limited(FIRST_NODES * MORE**power)
            if len(self.failed) == len(order) or self._left_s() == 0.0:
                return

    def _left_s(self) -> float | None:
        return None if self.ends_s is None else max(0.0, self.ends_s - time.perf_counter())

    def _is_refuted(self, found: Solution) -> bool:
        """Whether a known answer is better than what is called optimal, or than nothing."""
        known = None if self.best is None else self.best.objective
        if known is None or found.status not in (Status.OPTIMAL, Status.INFEASIBLE):
            return False
        return found.objective is None or found.objective < known - SAME * max(1.0, abs(known))

    def _take(self, found: Solution) -> None:
        """Keep the better answer and the lower bound; of equals the one that is settled."""
        best = self.best
        if best is None or best.objective is None:
            self.best = found
            return
        settled = found.status is Status.OPTIMAL
        better = found.objective is not None and (settled or found.objective > best.objective)
        claims = [one.claimed_bound for one in (best, found) if one.claimed_bound is not None]
        self.best = replace(found if better else best, claimed_bound=min(claims, default=None))
