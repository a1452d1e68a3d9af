"""`Course`: the best answer and the lowest bound so far, while one method after the other is tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from deskmatch.solver.certificate import certify
from deskmatch.solver.problem import Problem
from deskmatch.solver.solution import Solution, Status

from .attempt import Answer, Attempt, Ending
from .clock import Clock
from .finishing import best_of, held
from .lane import Job, Lane
from .pace import PACE, size_of

__all__ = ["LANE", "Course"]

LANE = Lane()
"""Where backends run that may be late."""
ROUNDING = 1e-12
"""A gap of this share of the points is rounding."""
PRICES = ("expert_price", "limit_price", "row_price", "ticket_price")


class Course:
    """What was tried for a problem, and the best that came of it.

    Parameters
    ----------
    problem : the problem.
    clock : when the solution must be there.
    """

    def __init__(self, problem: Problem, clock: Clock) -> None:
        self.problem = problem
        self.clock = clock
        self.size = size_of(problem)
        self.best: Solution | None = None
        self.bound: Solution | None = None
        self.is_settled = False
        """Whether nothing better can be hoped for: proven or claimed optimal."""
        self.denial: Solution | None = None
        """What says that no answer keeps every rule; then the least violating one is looked for."""
        self._attempts: list[Attempt] = []
        self._pending: tuple[str, Job[Solution], float] | None = None

    def try_heuristic(self, method: str, run: Callable[[], Solution], *, pace: str | None = None) -> None:
        """Run a heuristic of ours in this thread; it stops by itself when the clock is over."""
        started, cpu = time.perf_counter(), time.thread_time()
        try:
            solution = run()
        except Exception as error:
            self._note(method, Ending.FAILED, started, note=_words(error))
            return
        stopped = self.clock.is_over
        if pace is not None and not stopped:
            PACE.saw(pace, self.size, time.thread_time() - cpu)
        self._take(solution)
        self.is_settled = self.is_settled or self._is_closed()
        ending = Ending.STOPPED if stopped else Ending.ANSWERED
        self._note(method, ending if solution.objective is not None else Ending.FAILED, started, solution)

    def try_backend(self, method: str, run: Callable[[], Solution]) -> bool:
        """Run a backend in this thread, to its end; whether its answer is used."""
        started, cpu = time.perf_counter(), time.thread_time()
        try:
            found: object = run()
        except Exception as error:
            self._note(method, Ending.FAILED, started, note=_words(error))
            return False
        PACE.saw(method, self.size, time.thread_time() - cpu)
        return self._judge(method, found, started)

    def start_backend(self, method: str, run: Callable[[], Solution]) -> None:
        """Start a backend in the lane, where it can be abandoned; `collect` takes its answer."""
        started = time.perf_counter()
        job = LANE.start(run)
        if job is None:
            self.skip(method, "a late answer to an earlier problem is still under way")
        else:
            self._pending = (method, job, started)

    def collect(self, seconds: float) -> None:
        """Wait so long for the backend under way, and take its answer if it comes."""
        if self._pending is not None:
            method, job, started = self._pending
            if job.wait(seconds):
                self._pending = None
                PACE.saw(method, self.size, job.cpu_s)
                try:
                    found: object = job.result()
                except Exception as error:
                    self._note(method, Ending.FAILED, started, note=_words(error))
                    return
                self._judge(method, found, started)

    def abandon(self) -> None:
        """Wait no longer for the backend under way."""
        self.collect(0.0)
        if self._pending is not None:
            method, job, started = self._pending
            self._pending = None
            LANE.abandon(job)
            self._note(method, Ending.CUT_OFF, started)

    @property
    def is_waiting(self) -> bool:
        """Whether a backend is under way."""
        return self._pending is not None

    def skip(self, method: str, why: str) -> None:
        """Note what is not started; it will seem a little faster next time: one slow run does not rule it out."""
        PACE.forgive(method)
        self._attempts.append(Attempt(method, Ending.NOT_STARTED, note=why))

    def answer(self) -> Answer:
        """The best answer with the prices that prove the lowest bound."""
        best = self.best
        if best is None:
            best = held(self.problem, method="hold", started=time.perf_counter())
        if self.denial is not None:
            best = replace(self.denial, expert_of=best.expert_of, extra=None, objective=None)
            return Answer(best, tuple(self._attempts))
        bound = self.bound
        if bound is not None and bound is not best:
            claims = [one.claimed_bound for one in (best, bound) if one.claimed_bound is not None]
            claim = min(claims, default=None)
            if claim is not None and best.objective is not None:
                claim = max(claim, best.objective)
            best = replace(best, **{name: getattr(bound, name) for name in PRICES}, claimed_bound=claim)
        return Answer(best, tuple(self._attempts))

    def _judge(self, method: str, solution: object, started: float) -> bool:
        """Take a backend's answer, unless it is wrong: backends are not trusted."""
        if not isinstance(solution, Solution):
            self._note(method, Ending.WRONG, started, note=f"answers {type(solution).__name__}, no Solution")
            return False
        certificate = certify(self.problem, solution)
        if solution.status is Status.INFEASIBLE:
            if certificate.violations:
                self._note(method, Ending.WRONG, started, note="; ".join(certificate.violations))
                return False
            return self._judge_infeasible(method, solution, started, certificate.infeasible_proven)
        if certificate.violations or certificate.objective is None or solution.objective is None:
            told = "; ".join(certificate.violations) or "no objective"
            ending = Ending.FAILED if solution.status is Status.UNKNOWN else Ending.WRONG
            self._note(method, ending, started, note=solution.message if ending is Ending.FAILED else told)
            return False
        self._take(solution)
        self.is_settled = self.is_settled or certificate.optimal or solution.status is Status.OPTIMAL
        self._note(method, Ending.ANSWERED, started, solution)
        return True

    def _judge_infeasible(self, method: str, solution: Solution, started: float, is_proven: bool) -> bool:
        """A proof that nothing keeps every rule ends the search for an answer that does; a claim too, unless there is
        an answer that refutes it."""
        if not is_proven and self.best is not None and self.best.objective is not None:
            self._note(method, Ending.WRONG, started, note="claims that nothing keeps every rule")
            return False
        self.denial = solution
        self._note(method, Ending.ANSWERED, started, note="nothing keeps every rule")
        return True

    def _take(self, solution: Solution) -> None:
        """Keep the better assignment and the lower bound."""
        best = self.best
        as_good = best is not None and best.objective is not None and best.objective == solution.objective
        if best is None or (as_good and solution.status is Status.OPTIMAL):
            self.best = solution
        else:
            self.best = best_of(self.problem, best, solution)
        has_prices = any(getattr(solution, name) is not None for name in PRICES)
        claim = solution.claimed_bound
        if claim is None and solution.status is Status.OPTIMAL:
            claim = solution.objective
        if has_prices and claim is not None and np.isfinite(claim):
            known = None if self.bound is None else self.bound.claimed_bound
            if known is None or claim < known:
                self.bound = replace(solution, claimed_bound=claim)

    def _is_closed(self) -> bool:
        """Whether the best answer is worth what the lowest bound says, but for rounding."""
        best, bound = self.best, self.bound
        if best is None or best.objective is None or bound is None or bound.claimed_bound is None:
            return False
        return bound.claimed_bound - best.objective <= ROUNDING * max(1.0, abs(best.objective))

    def _note(
        self, method: str, ending: Ending, started: float, solution: Solution | None = None, note: str = ""
    ) -> None:
        objective = None if solution is None else solution.objective
        self._attempts.append(Attempt(method, ending, time.perf_counter() - started, objective, note))


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
