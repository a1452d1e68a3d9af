"""How long the `Matcher` takes for an event, against solving the whole problem anew.

::

    python -m benchmarks.solver.matcher                        # prints, and writes docs/benchmarks/matcher.md
    python -m benchmarks.solver.matcher --drift 1000000        # how far prices drift in a million events

Events and full solves take turns in one run. What is timed is the processor time of the thread (none of the
solvers uses a second one): on a busy machine, wall time would count the waits of a long solve and miss those of a
short event. An event is timed from the call in Python to its return with the optimum restored. A full solve is timed
twice: from sorted arc columns, and without the building of what the solver takes as its input. The speed-up is
against the fastest peer *without* its building, which favours the peers.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import environment, spread
from deskmatch.solver import Matcher, Problem, certify, solve
from deskmatch.solver.bound import Prices, bound_terms

__all__ = ["main"]

Float64 = NDArray[np.float64]
Solver = Callable[[], float]
"""Solves, and returns the total."""

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "matcher.md"
SIZE, SHARE = 1000, 0.05
ROUNDS, EVENTS = 15, 20
"""Rounds of an instance, and events of each kind in a round."""
COST_SCALE = 1e6
"""OR-Tools takes integers; six digits keep its work small and its total right to 1e-3."""


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark, or measure drift."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=SIZE, help="tickets, and as many experts")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--drift", type=int, metavar="EVENTS", help="measure drift over so many events instead")
    parser.add_argument("--no-page", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    if options.drift:
        drift(options.drift)
        return
    parts = [INTRODUCTION.format(size=options.size), environment(("numpy", "scipy", "numba", "ortools", "lapx"))]
    for name, make in INSTANCES.items():
        parts.append(measure(name, make(np.random.default_rng(0), options.size), options.rounds))
        print(parts[-1], flush=True)
    if not options.no_page:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


# Instances.


def independent(rng: np.random.Generator, size: int) -> Problem:
    """5 % of the pairs, points independent and uniform."""
    ticket, expert = np.nonzero(rng.random((size, size)) < SHARE)
    return Problem.from_arcs(size, size, ticket, expert, rng.random(len(ticket)))


def correlated(rng: np.random.Generator, size: int) -> Problem:
    """5 % of the pairs; points are importance times proficiency plus waiting, and some noise."""
    ticket, expert = np.nonzero(rng.random((size, size)) < SHARE)
    topic, proficiency = rng.integers(0, 24, size), 0.5 + 0.5 * rng.random((size, 24))
    importance, waiting = rng.choice([1.0, 1.0, 1.0, 2.0, 4.0], size), rng.exponential(0.5, size)
    points = importance[ticket] * proficiency[expert, topic[ticket]] + waiting[ticket]
    return Problem.from_arcs(size, size, ticket, expert, points + 0.05 * rng.normal(size=len(ticket)))


INSTANCES = {"independent points": independent, "points of a desk": correlated}


# Full solves: each peer gives its input's builder and its solver; all have capacity 1 and hold 0.


def peers(problem: Problem) -> dict[str, Callable[[], Solver]]:
    """By name, a function that builds the input and returns the solver."""
    found: dict[str, Callable[[], Solver]] = {
        "OR-Tools SimpleMinCostFlow": lambda: or_tools(problem),
        "scipy sparse": lambda: scipy_sparse(problem),
        "scipy dense": lambda: scipy_dense(problem),
    }
    if find_spec("lap") is not None:
        found["lapx lapjv"] = lambda: lapx(problem)
    return found


def or_tools(problem: Problem) -> Solver:
    """Flow from tickets through experts, or straight to the sink."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    n, m = problem.n_tickets, problem.n_experts
    tickets, experts = np.arange(n), n + np.arange(m)
    sink = n + m
    tail = np.concatenate([problem.ticket, tickets, experts]).astype(np.int32)
    head = np.concatenate([n + problem.expert, np.full(n + m, sink)]).astype(np.int32)
    cost = np.concatenate([-np.rint(problem.points * COST_SCALE), np.zeros(n + m)]).astype(np.int64)
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(tail, head, np.ones(len(tail), np.int64), cost)
    flow.set_nodes_supplies(np.append(tickets, sink).astype(np.int32), np.append(np.ones(n, np.int64), -n))

    def run() -> float:
        assert flow.solve() == flow.OPTIMAL
        return -float(flow.optimal_cost()) / COST_SCALE

    return run


def scipy_sparse(problem: Problem) -> Solver:
    """Each ticket also has a column of its own, for being held; no cost may be 0, so all are shifted."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    n, m = problem.n_tickets, problem.n_experts
    shift = 1.0 + np.abs(problem.points).max(initial=0.0)
    row = np.concatenate([problem.ticket, np.arange(n)])
    column = np.concatenate([problem.expert, m + np.arange(n)])
    value = np.concatenate([problem.points, np.zeros(n)]) + shift
    matrix = csr_array((value, (row, column)), shape=(n, m + n))

    def run() -> float:
        rows, columns = min_weight_full_bipartite_matching(matrix, maximize=True)
        return float(matrix[rows, columns].sum() - shift * n)

    return run


def gains(problem: Problem) -> Float64:
    """Points above the hold of 0, 0 where there is no arc: whoever gets 0 is held."""
    matrix = np.zeros((problem.n_tickets, problem.n_experts))
    matrix[problem.ticket, problem.expert] = np.maximum(problem.points, 0.0)
    return matrix


def scipy_dense(problem: Problem) -> Solver:
    """`linear_sum_assignment` on all pairs."""
    from scipy.optimize import linear_sum_assignment

    matrix = gains(problem)

    def run() -> float:
        return float(matrix[linear_sum_assignment(matrix, maximize=True)].sum())

    return run


def lapx(problem: Problem) -> Solver:
    """`lapjv` on all pairs."""
    import lap

    matrix = -gains(problem)

    def run() -> float:
        return -float(lap.lapjv(matrix, extend_cost=True)[0])

    return run


# Events: each generator makes events of one kind for ever, and hands out the seconds that each took.


class Timed:
    """Events on a matcher in its steady state: what an event changes is changed back, untimed."""

    def __init__(self, problem: Problem, rng: np.random.Generator) -> None:
        self.matcher, self.rng = Matcher(problem), rng
        self.arcs: dict[int, tuple[NDArray[np.int64], Float64]] = {
            ticket: (
                problem.expert[problem.indptr[ticket] : problem.indptr[ticket + 1]].astype(np.int64),
                problem.points[problem.indptr[ticket] : problem.indptr[ticket + 1]].copy(),
            )
            for ticket in range(problem.n_tickets)
        }
        self.columns = {
            expert: (
                problem.ticket[problem.expert == expert].astype(np.int64),
                problem.points[problem.expert == expert],
            )
            for expert in range(problem.n_experts)
        }

    def kinds(self) -> dict[str, Iterator[float]]:
        """The kinds of events by name."""
        return {
            "a ticket arrives": self.arrivals(),
            "a ticket leaves": self.departures(),
            "an expert comes": self.expert_comes(),
            "an expert goes": self.expert_goes(),
            "one more slot": self.more_capacity(),
            "one slot less": self.less_capacity(),
            "points of a pair change": self.points_change(),
            "points of an assigned pair fall": self.points_fall(),
            "an assigned pair is forbidden": self.arc_goes(),
            "a hold rises above its ticket's value": self.hold_rises(),
            "a slot cost rises": self.slot_cost_rises(),
            "all tickets wait longer, each by its own amount": self.all_wait(),
            "steady mix of arrivals and departures": self.steady(),
        }

    def clock(self, call: Callable[[], object]) -> float:
        started = time.thread_time()
        call()
        return time.thread_time() - started

    def ticket(self) -> int:
        """A ticket that is assigned."""
        while True:
            ticket = int(self.rng.choice(self.matcher.tickets))
            if self.matcher.expert_of(ticket) is not None:
                return ticket

    def expert(self) -> int:
        return int(self.rng.choice(list(self.columns)))

    def row(self) -> tuple[NDArray[np.int64], Float64]:
        """Arcs of a ticket like those that there are."""
        _, points = self.arcs[int(self.rng.choice(list(self.arcs)))]
        return self.rng.choice(np.array(list(self.columns)), len(points), replace=False), points

    def add(self) -> tuple[int, float]:
        experts, points = self.row()
        made: list[int] = []
        took = self.clock(lambda: made.append(self.matcher.add_ticket(experts, points)))
        return made[0], took

    def arrivals(self) -> Iterator[float]:
        while True:
            ticket, took = self.add()
            self.matcher.remove_ticket(ticket)
            yield took

    def departures(self) -> Iterator[float]:
        while True:
            ticket, _ = self.add()
            if self.matcher.expert_of(ticket) is None:
                self.matcher.remove_ticket(ticket)
                continue
            yield self.clock(lambda: self.matcher.remove_ticket(ticket))  # noqa: B023 - called at once

    def steady(self) -> Iterator[float]:
        """A random ticket leaves, another one arrives, on a matcher of their own."""
        own = Matcher(self.matcher.snapshot()[0])
        while True:
            leaving = int(self.rng.choice(own.tickets))
            yield self.clock(lambda: own.remove_ticket(leaving))  # noqa: B023
            experts, points = self.row()
            yield self.clock(lambda: own.add_ticket(experts, points))  # noqa: B023

    def expert_comes(self) -> Iterator[float]:
        while True:
            tickets, points = self.columns[self.expert()]
            made: list[int] = []
            took = self.clock(lambda: made.append(self.matcher.add_expert(tickets, points)))  # noqa: B023
            self.matcher.remove_expert(made[0])
            yield took

    def expert_goes(self) -> Iterator[float]:
        while True:
            made = self.matcher.add_expert(*self.columns[self.expert()])
            yield self.clock(lambda: self.matcher.remove_expert(made))  # noqa: B023

    def more_capacity(self) -> Iterator[float]:
        while True:
            expert = self.expert()
            took = self.clock(lambda: self.matcher.set_capacity(expert, 2))  # noqa: B023
            self.matcher.set_capacity(expert, 1)
            yield took

    def less_capacity(self) -> Iterator[float]:
        while True:
            expert = self.expert()
            took = self.clock(lambda: self.matcher.set_capacity(expert, 0))  # noqa: B023
            self.matcher.set_capacity(expert, 1)
            yield took

    def points_change(self) -> Iterator[float]:
        while True:
            ticket = int(self.rng.choice(list(self.arcs)))
            experts, points = self.arcs[ticket]
            arc = int(self.rng.integers(len(experts)))
            expert, changed = int(experts[arc]), float(self.rng.permutation(points)[0])
            took = self.clock(lambda: self.matcher.set_points(ticket, expert, changed))  # noqa: B023
            self.matcher.set_points(ticket, expert, float(points[arc]))
            yield took

    def assigned_pair(self) -> tuple[int, int, float]:
        while True:
            ticket = int(self.rng.choice(list(self.arcs)))
            expert = self.matcher.expert_of(ticket)
            if expert is not None:
                experts, points = self.arcs[ticket]
                return ticket, expert, float(points[experts == expert][0])

    def points_fall(self) -> Iterator[float]:
        while True:
            ticket, expert, points = self.assigned_pair()
            took = self.clock(lambda: self.matcher.set_points(ticket, expert, points / 2))  # noqa: B023
            self.matcher.set_points(ticket, expert, points)
            yield took

    def arc_goes(self) -> Iterator[float]:
        while True:
            ticket, expert, points = self.assigned_pair()
            took = self.clock(lambda: self.matcher.set_points(ticket, expert, None))  # noqa: B023
            self.matcher.set_points(ticket, expert, points)
            yield took

    def hold_rises(self) -> Iterator[float]:
        while True:
            ticket = self.ticket()
            hold = self.matcher.ticket_price(ticket) + 0.01
            took = self.clock(lambda: self.matcher.set_hold(ticket, hold))  # noqa: B023
            self.matcher.set_hold(ticket, 0.0)
            yield took

    def slot_cost_rises(self) -> Iterator[float]:
        while True:
            expert = self.expert()
            cost = [max(0.0, self.matcher.price(expert)) + 0.01]
            took = self.clock(lambda: self.matcher.set_slot_cost(expert, cost))  # noqa: B023
            self.matcher.set_slot_cost(expert, None)
            yield took

    def all_wait(self) -> Iterator[float]:
        """As after an epoch: points of all arcs rise by what a ticket has waited; then fall again, untimed."""
        while True:
            tickets = self.matcher.tickets
            amounts = 0.02 * self.rng.random(len(tickets))
            took = self.clock(lambda: self.matcher.shift_tickets(amounts, tickets))  # noqa: B023
            self.matcher.shift_tickets(-amounts, tickets)
            yield took


# Measuring and telling.


def measure(name: str, problem: Problem, rounds: int) -> str:
    """One interleaved run over an instance; returns the page's section."""
    timed = Timed(problem, np.random.default_rng(1))
    kinds, builders = timed.kinds(), peers(problem)
    events: dict[str, list[float]] = {kind: [] for kind in kinds}
    built: dict[str, list[float]] = {peer: [] for peer in [*builders, "deskmatch kernel"]}
    solved: dict[str, list[float]] = {peer: [] for peer in [*builders, "deskmatch kernel"]}
    solve(problem, method="kernel")
    for generator in kinds.values():
        next(generator)
    best = solve(problem).objective
    for number in range(rounds):
        for peer, build in builders.items():
            started = time.thread_time()
            run = build()
            ready = time.thread_time()
            total = run()
            ended = time.thread_time()
            assert best is not None and abs(total - best) <= 1e-5 * problem.n_tickets, (peer, total, best)
            built[peer].append(ended - started)
            solved[peer].append(ended - ready)
        started = time.thread_time()
        solve(problem, method="kernel")
        elapsed = time.thread_time() - started
        built["deskmatch kernel"].append(elapsed)
        solved["deskmatch kernel"].append(elapsed)
        for kind, generator in kinds.items():
            events[kind] += [next(generator) for _ in range(EVENTS)]
        print(f"  {name}: round {number + 1} of {rounds}", end="\r", flush=True)
    snapshot, solution, _ = timed.matcher.snapshot()
    assert certify(snapshot, solution).optimal
    return section(name, problem, events, built, solved)


def section(
    name: str,
    problem: Problem,
    events: dict[str, list[float]],
    built: dict[str, list[float]],
    solved: dict[str, list[float]],
) -> str:
    """The tables of one instance."""
    own = "deskmatch kernel"
    best, fastest = min((float(np.median(times)), peer) for peer, times in solved.items() if peer != own)
    kernel = float(np.median(solved[own]))
    medians = {kind: float(np.median(times)) for kind, times in events.items()}
    mean = math.exp(float(np.mean(np.log(list(medians.values())))))
    lines = [
        f"## {name.capitalize()}: {problem.n_tickets} × {problem.n_experts}, {problem.n_arcs} arcs",
        "",
        "| full solve | from arc columns, ms | solver only, ms |",
        "|---|---:|---:|",
        *(
            f"| {peer} | {1e3 * np.median(built[peer]):.1f} | {spread(solved[peer], 1e3, 1)} |"
            for peer in sorted(solved, key=lambda peer: float(np.median(solved[peer])))
        ),
        "",
        f"| event | µs, median (quartiles) | faster than {fastest} | than our kernel |",
        "|---|---:|---:|---:|",
        *(
            f"| {kind} | {spread(events[kind], 1e6, 0)} "
            f"| {best / medians[kind]:.0f} × | {kernel / medians[kind]:.0f} × |"
            for kind in events
        ),
        f"| **geometric mean** | **{1e6 * mean:.0f}** | **{best / mean:.0f} ×** | **{kernel / mean:.0f} ×** |",
    ]
    return "\n".join(lines)


INTRODUCTION = """# The matcher: an event against a full solve

Made by `python -m benchmarks.solver.matcher`. A `Matcher` holds the optimum of {size} tickets × {size} experts with
5 % of the pairs, and restores it after each event. Events and full solves take turns in one run; times are medians of
processor time. An event is timed from the call in Python to its return, with the optimum restored; the full solves are
of the same problem before the event, and the speed-up is against the fastest peer without the building of its input.
OR-Tools gets points rounded to six digits, the others floats. The kernel's time includes prices and a check of its
gap; it has no input to build."""


# Drift.


def drift(events: int) -> None:
    """How much the kept prices leave unproved, at ten moments of a long run of arrivals and departures."""
    rng = np.random.default_rng(2)
    matcher = Matcher(independent(rng, 200))
    started, repairs, worst = time.perf_counter(), 0, 0.0
    experts = matcher.experts
    tickets = matcher.tickets.tolist()
    for number in range(1, events + 1):
        churn(matcher, rng, tickets, experts)
        if number % max(1, events // 10) == 0:
            gap, terms = unproved(matcher)
            worst = max(worst, gap / terms)
            _, solution, _ = matcher.snapshot()
            repairs += solution.message != ""
            took = time.perf_counter() - started
            print(f"{number:9d} events, {took:6.1f} s: kept prices leave {gap:.1e} of {terms:.1f} points unproved")
    storage = matcher._storage
    print(
        f"worst {worst:.1e} of Σ|terms| (certificates allow 1e-12), {repairs} snapshots repaired; "
        f"{len(storage.rows)} and {len(storage.columns)} arc records for {storage.tickets['count'].sum()} arcs"
    )


def churn(matcher: Matcher, rng: np.random.Generator, tickets: list[int], experts: NDArray[np.int64]) -> None:
    """One event: a ticket comes or leaves, a pair, a hold or a capacity changes, some tickets wait longer."""
    kind, place = rng.random(), int(rng.integers(len(tickets)))
    if kind < 0.3:
        chosen = experts[rng.random(len(experts)) < SHARE]
        tickets.append(matcher.add_ticket(chosen, rng.random(len(chosen))))
    elif kind < 0.6 and len(tickets) > 100:
        matcher.remove_ticket(tickets.pop(place))
    elif kind < 0.8:
        matcher.set_points(tickets[place], int(rng.choice(experts)), float(rng.random()))
    elif kind < 0.9:
        matcher.set_capacity(int(rng.choice(experts)), int(rng.integers(0, 3)))
    elif kind < 0.95:
        matcher.set_hold(tickets[place], float(rng.normal()) / 4)
    else:
        matcher.shift_tickets(float(rng.normal()) / 100, [tickets[place]])


def unproved(matcher: Matcher) -> tuple[float, float]:
    """The gap that the prices leave as they were kept, before a snapshot makes them anew, and Σ|terms|."""
    kept = {expert: matcher.price(expert) for expert in matcher.experts.tolist()}
    problem, solution, handles = matcher.snapshot()
    prices = np.array([kept[expert] for expert in handles.experts.tolist()])
    terms = bound_terms(problem, Prices(expert=prices, limit=np.zeros(0))).tolist()
    assert solution.objective is not None
    return math.fsum([*terms, -solution.objective]), math.fsum(map(abs, terms))


if __name__ == "__main__":
    main()
