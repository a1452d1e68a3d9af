"""The cases of the solver's tests: random problems and an oracle that enumerates every assignment.

Handed out as one session fixture, since test modules cannot import each other in importlib mode.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from deskmatch.solver import Limits, Problem

WHOLE = st.integers(-3, 5).map(float)
REAL = st.floats(-10, 10, allow_nan=False, allow_subnormal=False)


class Cases:
    """Strategies for problems, and the brute-force oracle."""

    @staticmethod
    @st.composite
    def problems(
        draw: st.DrawFn,
        *,
        numbers: st.SearchStrategy[float] | None = None,
        tickets: int = 5,
        experts: int = 4,
        plain: bool = False,
        limited: bool | None = None,
        musts: bool = True,
    ) -> Problem:
        """Small problems; `plain`: capacity 1, no slot costs, no limits."""
        value = draw(st.sampled_from([WHOLE, REAL])) if numbers is None else numbers
        n, m = draw(st.integers(0, tickets)), draw(st.integers(0, experts))
        pairs = [(i, j) for i in range(n) for j in range(m)]
        arcs = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
        points = [draw(value) for _ in arcs]
        hold = [draw(st.one_of(value, st.just(-np.inf)) if musts else value) for _ in range(n)]
        capacity: object = 1
        slot_cost: object = None
        limits = None
        if not plain:
            capacity = [draw(st.integers(0, 3)) for _ in range(m)]
            if m and draw(st.booleans()):
                width = draw(st.integers(1, 3))
                slot_cost = [sorted(draw(value) for _ in range(width)) for _ in range(m)]
            if arcs and (draw(st.booleans()) if limited is None else limited):
                limits = draw(nested_limits(np.array([j for _, j in arcs]), m))
        return Problem.from_arcs(
            n,
            m,
            [i for i, _ in arcs],
            [j for _, j in arcs],
            points,
            capacity=np.array(capacity, dtype=np.int64),
            hold=np.array(hold, dtype=np.float64),
            slot_cost=slot_cost,  # type: ignore[arg-type]
            limits=limits,
        )

    @staticmethod
    def brute_force(problem: Problem) -> Fraction | None:
        """The best total of all assignments, exactly; None where no assignment keeps every rule."""
        return max(totals(problem), default=None)

    @staticmethod
    def size(problem: Problem) -> float:
        """A bound on Σ|terms| of any assignment, for comparisons up to rounding."""
        hold = problem.hold[np.isfinite(problem.hold)]
        numbers = np.concatenate([problem.points, hold, problem.slot_cost.ravel()])
        return float(problem.n_tickets * 3 * np.abs(numbers).max(initial=0.0))

    @staticmethod
    def close(problem: Problem, objective: float | None, best: Fraction | None) -> bool:
        """Whether an objective is the best total, up to the certificate's tolerance."""
        if objective is None or best is None:
            return objective is None and best is None
        return abs(Fraction(objective) - best) <= Fraction(1e-12 * Cases.size(problem))


@st.composite
def nested_limits(draw: st.DrawFn, expert: np.ndarray, m: int) -> Limits:
    """Two limits for each expert, the second inside the first or beside it, and perhaps a third inside."""
    of_arc = [draw(st.sampled_from([-1, j, m + j, 2 * m + j])) for j in expert.tolist()]
    inside = [draw(st.sampled_from([-1, j])) for j in range(m)]
    deepest = [draw(st.sampled_from([-1, j, m + j])) for j in range(m)]
    bound = [draw(st.integers(0, 2)) for _ in range(3 * m)]
    return Limits(
        of_arc=np.array(of_arc, dtype=np.int32),
        bound=np.array(bound, dtype=np.int32),
        parent=np.array([-1] * m + inside + deepest, dtype=np.int32),
    )


def totals(problem: Problem) -> Iterator[Fraction]:
    """The total of every assignment that keeps every rule, by trying every choice for every ticket in turn."""
    room = [int(c) for c in problem.capacity]
    load = [0] * problem.n_experts
    limits = problem.limits
    left = [] if limits is None else [int(b) for b in limits.bound]

    def around(arc: int) -> list[int]:
        chain, limit = [], -1 if limits is None else int(limits.of_arc[arc])
        while limits is not None and limit >= 0:
            chain.append(limit)
            limit = int(limits.parent[limit])
        return chain

    def rest(ticket: int, total: Fraction) -> Iterator[Fraction]:
        if ticket == problem.n_tickets:
            yield total
            return
        if problem.hold[ticket] > -np.inf:
            yield from rest(ticket + 1, total + Fraction(float(problem.hold[ticket])))
        for arc in range(int(problem.indptr[ticket]), int(problem.indptr[ticket + 1])):
            expert, chain = int(problem.expert[arc]), around(arc)
            if load[expert] >= room[expert] or any(left[limit] == 0 for limit in chain):
                continue
            costs = problem.slot_cost[expert]
            cost = Fraction(float(costs[min(load[expert], len(costs) - 1)]))
            load[expert] += 1
            for limit in chain:
                left[limit] -= 1
            yield from rest(ticket + 1, total + Fraction(float(problem.points[arc])) - cost)
            load[expert] -= 1
            for limit in chain:
                left[limit] += 1

    return rest(0, Fraction(0))


@pytest.fixture(scope="session")
def cases() -> type[Cases]:
    """Random problems and the oracle."""
    return Cases
