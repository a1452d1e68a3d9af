"""`Pace`: how long methods take on this machine, learned from how long they took."""

from __future__ import annotations

import threading

from deskmatch.solver.problem import Problem

__all__ = ["PACE", "Pace", "size_of"]

FIRST_S = {
    "kernel": 1e-7,
    "min_cost_flow": 4e-6,
    "first": 4e-8,
    "regret": 2e-7,
    "relaxation": 2e-7,
    "bound": 6e-8,
    "whole": 1e-5,
    "build": 1.5e-7,
    "certify": 4e-8,
}
"""Seconds per arc, ticket and expert before anything was measured: what 10⁴ to 10⁶ arcs took on one core of a 2-core
machine, and twice that where a method cannot be stopped."""
SLOW_S = 1e-4
"""The same for methods that are not made for speed, or that are not known."""
NEWEST = 0.3
"""Weight of the newest measurement."""
FORGIVEN = 0.9
"""By what estimates shrink where they kept a method from being started."""
LEAST_SIZE = 2000
"""Smaller problems are measured in fixed costs rather than in pace; nothing is learned from them."""


class Pace:
    """Seconds of processor time per arc, ticket and expert for each method: a moving average.

    Wall time would also count the waits of a busy machine, which come in bursts that say nothing of the next run.
    """

    def __init__(self) -> None:
        self._rate = dict(FIRST_S)
        self._lock = threading.Lock()

    def seconds(self, method: str, size: int) -> float:
        """How long a method may take on a problem of this size."""
        return self._rate.get(method, SLOW_S) * size

    def saw(self, method: str, size: int, seconds: float) -> None:
        """Learn from the processor time of a run that has ended."""
        if size < LEAST_SIZE:
            return
        rate = seconds / size
        with self._lock:
            known = self._rate.get(method, rate)
            self._rate[method] = known + NEWEST * (rate - known)

    def forgive(self, method: str) -> None:
        """Expect a little less of a method that seemed too slow to be started: else nothing more is learned of it."""
        with self._lock:
            if method in self._rate:
                self._rate[method] = max(FIRST_S.get(method, 0.0), FORGIVEN * self._rate[method])


def size_of(problem: Problem) -> int:
    """Arcs, tickets, experts, and entries of side rows."""
    side = 0 if problem.side is None else len(problem.side.arc) + len(problem.side.extra)
    return problem.n_arcs + problem.n_tickets + problem.n_experts + side


PACE = Pace()
"""What this process has learned."""
