"""Tickets per second of the simulator beside SimPy and Ciw, and the overhead of an epoch on a large desk.

::

    python -m benchmarks.simulation                # prints, and writes docs/benchmarks/simulation.md
    python -m benchmarks.simulation --no-page      # prints only

All take turns in one run. What is timed is the processor time of the process, from the scenario to the last record:
arrivals and records of every contact are in it, the compiler is not. The peers run the same model, with abandonment and
a record of each customer; the page shows what share of customers each of them loses beside what Erlang A says.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import deskmatch
from benchmarks.machine import environment, spread
from benchmarks.simulation.desks import large_desk, one_queue, ten_types
from benchmarks.simulation.peers import run_ciw, run_simpy
from deskmatch.epochs import Epoch
from deskmatch.formulations import BoundFormulation, Formulation
from deskmatch.policies import Decision, Matching, fcfs, longest_weighted_wait, priority_fcfs
from deskmatch.policies.dispatch import Rule
from deskmatch.simulation import Run, Scenario, simulate
from deskmatch.solver import solve

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "simulation.md"
N, RATE, THETA = 20, 20.0, 1.0
ABANDONED = 0.0888
"""What Erlang A says: with these rates the number in the system is Poisson(20), and E[(X − 20)⁺] / 20 are lost."""


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tickets", type=int, default=2_000_000, help="of our runs; the peers get a hundredth")
    parser.add_argument("--no-page", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    deskmatch.warm_up()
    parts = [INTRODUCTION, environment(("numpy", "numba", "simpy", "ciw")), ""]
    for part in (beside_peers, under_rules, with_epochs):
        parts.append(part(options.rounds, options.tickets))
        print(parts[-1], flush=True)
    if not options.no_page:
        PAGE.write_text("\n".join(parts) + "\n", encoding="utf-8")


INTRODUCTION = """# The simulator: tickets per second

Made by `python -m benchmarks.simulation`. All take turns in one run; figures are medians (quartiles) of processor time,
from the scenario to the last record: arrivals, abandonment and a record of every contact are in it, the compiler is
not. The peers simulate the same model with a record of each customer. Ours run a hundred times as many tickets.
"""


def beside_peers(rounds: int, tickets: int) -> str:
    """M/M/20+M, first come, first served."""
    ours = one_queue(N, RATE, THETA, tickets)
    small = tickets / 100 / RATE
    methods: dict[str, Callable[[int], tuple[int, float]]] = {
        "deskmatch": lambda seed: _counted(simulate(ours, fcfs(), seed=seed)),
        "SimPy": lambda seed: run_simpy(N, RATE, THETA, small, seed),
        "Ciw": lambda seed: run_ciw(N, RATE, THETA, small, seed),
    }
    speeds: dict[str, list[float]] = {name: [] for name in methods}
    shares: dict[str, list[float]] = {name: [] for name in methods}
    for seed in range(rounds):
        for name, method in methods.items():
            start = time.process_time()
            count, abandoned = method(seed)
            speeds[name].append(count / (time.process_time() - start))
            shares[name].append(abandoned)
    lines = ["## M/M/20+M, first come, first served", ""]
    lines += ["| | thousand tickets a second | deskmatch is faster | abandoned |", "|---|---:|---:|---:|"]
    mine = np.array(speeds["deskmatch"])
    for name, own in speeds.items():
        ratio = "" if name == "deskmatch" else f"{np.median(mine / np.array(own)):.1f} ×"
        lines.append(f"| {name} | {spread(own, 1e-3, 0)} | {ratio} | {np.mean(shares[name]):.4f} |")
    return "\n".join([*lines, "", f"Erlang A: {ABANDONED:.4f} abandon.", ""])


def under_rules(rounds: int, tickets: int) -> str:
    """Ten types, eight groups."""
    rules = [fcfs(), priority_fcfs(), longest_weighted_wait({f"t{k}": 1.0 + k for k in range(10)})]
    scenario = ten_types(tickets / 2)
    lines = ["## Ten types, eight groups, 100 experts", ""]
    lines += ["| rule | thousand tickets a second | abandoned |", "|---|---:|---:|"]
    for rule in rules:
        speeds, share = _speeds(scenario, rule, rounds)
        lines.append(f"| {rule.name} | {spread(speeds, 1e-3, 0)} | {share:.4f} |")
    return "\n".join([*lines, ""])


def with_epochs(rounds: int, tickets: int) -> str:
    """A large desk's day, matching every 5 s."""
    scenario = large_desk()
    policy = Timed(Matching(Formulation(scenario.routing), epoch_s=5.0))
    start = time.process_time()
    run = simulate(scenario, policy, seed=1)
    total = time.process_time() - start
    epochs = len(run.epochs)
    simulator = (total - policy.deciding_s) / epochs * 1e3
    building = policy.building_s / epochs * 1e3
    rows = [
        ("simulator: events, the epoch's arrays, checking the decision", simulator),
        ("building the problem (eligibility, terms)", building),
        ("both: the overhead beside the solver", simulator + building),
        ("solving", (policy.deciding_s - policy.building_s) / epochs * 1e3),
    ]
    lines = [
        "## A large desk's day: `Matching` every 5 s",
        "",
        f"{scenario.n_experts} experts in shifts, 10 languages, 24 topics, 3 channels, {run.arrived} tickets, {epochs}",
        f"epochs at which somebody waited and somebody was free, {run.epochs['waiting'].mean():.1f} tickets waiting on",
        f"average; {total:.0f} s in all.",
        "",
        "| per epoch | ms |",
        "|---|---:|",
        *(f"| {name} | {value:.2f} |" for name, value in rows),
        "",
    ]
    return "\n".join(lines)


class Timed:
    """A matching that measures how long it decides."""

    def __init__(self, matching: Matching) -> None:
        self.matching, self.trigger = matching, matching.trigger
        self.building_s = self.deciding_s = 0.0

    def initial_state(self, desk: object, forecast: object, rng: np.random.Generator) -> BoundFormulation:
        return self.matching.initial_state(desk, forecast, rng)  # type: ignore[arg-type]

    def decide(self, epoch: Epoch, state: BoundFormulation) -> tuple[Decision, BoundFormulation]:
        start = time.process_time()
        problem = state.problem(epoch)
        self.building_s += time.process_time() - start
        solution = solve(problem, method=self.matching.method)
        ticket = np.flatnonzero(solution.expert_of >= 0)
        decision = Decision(ticket=ticket, expert=solution.expert_of[ticket])
        self.deciding_s += time.process_time() - start
        return decision, state


def _counted(run: Run) -> tuple[int, float]:
    return run.arrived, run.outcomes()["abandoned"] / run.arrived


def _speeds(scenario: Scenario, rule: Rule, rounds: int) -> tuple[list[float], float]:
    speeds, shares = [], []
    for seed in range(rounds):
        start = time.process_time()
        count, abandoned = _counted(simulate(scenario, rule, seed=seed))
        speeds.append(count / (time.process_time() - start))
        shares.append(abandoned)
    return speeds, float(np.mean(shares))


if __name__ == "__main__":
    main()
