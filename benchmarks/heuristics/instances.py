"""What the heuristics are timed on: the solver's families, desks with rules, and published assignment problems."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.solver.families import FAMILIES, Arcs, desk
from deskmatch.solver import Problem, Side

__all__ = ["Instance", "families", "published", "ruled"]

LARGEST_PAIRS = 1_000_000
SIZES = ((300, 200), (1000, 600), (2000, 1500))
SHARE, ROWS = 0.8, 20


@dataclass(frozen=True)
class Instance:
    """A problem, and what is known of its optimum.

    Parameters
    ----------
    group, name : which kind of problem, and which one.
    problem : to be maximised.
    lower, upper : published bounds on the optimum; None where none are.
    """

    group: str
    name: str
    problem: Problem
    lower: float | None = None
    upper: float | None = None


def families() -> Iterator[Instance]:
    """The largest instance of each of the solver's families of at most a million pairs of a ticket and an expert."""
    for family in FAMILIES:
        sizes = [size for size in family.sizes if size[0] * size[1] <= LARGEST_PAIRS]
        if sizes:
            arcs = family.make(np.random.default_rng(0), *sizes[-1])
            yield Instance("networks", f"{family.name} {sizes[-1][0]:,} × {sizes[-1][1]:,}", _problem(arcs))


def ruled() -> Iterator[Instance]:
    """Desks whose optimum breaks 20 rules over a tenth of the pairs each, half of them soft; and desks with usage."""
    for tickets, experts in SIZES:
        rng = np.random.default_rng(0)
        problem = _problem(desk(rng, tickets, experts))
        yield Instance("side rows", f"{tickets:,} × {experts:,}", _with_rules(rng, problem))
        units = rng.integers(1, 6, problem.n_arcs).astype(np.int32)
        room = rng.integers(3, 11, experts).astype(np.int32)
        yield Instance("usage", f"{tickets:,} × {experts:,}", replace(problem, usage=units, capacity=room))


def published() -> Iterator[Instance]:
    """The generalised assignment problems of the OR-Library, where `DESKMATCH_DATA` has them: to be minimised."""
    folder = Path(os.environ.get("DESKMATCH_DATA", "")) / "orlib_gap"
    if not (folder / "bounds.txt").exists():
        return
    lines = (folder / "bounds.txt").read_text(encoding="utf-8").split("\n")
    bounds = {name: (float(low), float(high)) for name, low, high in (line.split() for line in lines if line.strip())}
    for path in sorted(folder.glob("*.zip")):
        low, high = bounds[f"{path.stem}_Min"]
        yield Instance("generalised assignment", path.stem, _read(path), -high, -low)


def _read(path: Path) -> Problem:
    """Agents and jobs; costs and units, agent by agent; what each agent can take. Every job must be done."""
    with zipfile.ZipFile(path) as archive:
        numbers = np.array(archive.read(archive.namelist()[0]).split(), dtype=np.int64)
    agents, jobs = (int(number) for number in numbers[:2])
    cost, units, room = np.split(numbers[2:], [agents * jobs, 2 * agents * jobs])
    agent, job = np.indices((agents, jobs)).reshape(2, -1)
    fits = units <= room[:agents][agent]
    return Problem.from_arcs(
        jobs, agents, job[fits], agent[fits], -cost[fits].astype(float), usage=units[fits], capacity=room[:agents],
        hold=-np.inf,
    )  # fmt: skip


def _problem(arcs: Arcs) -> Problem:
    return Problem.from_arcs(
        arcs.n_tickets, arcs.n_experts, arcs.ticket, arcs.expert, arcs.points, **arcs.options
    )  # fmt: skip


def _with_rules(rng: np.random.Generator, problem: Problem) -> Problem:
    """Rows of whole weights, of which the optimum without them uses a quarter more than they allow."""
    from scipy.sparse import random_array

    from deskmatch.solver import solve
    from deskmatch.solver.evaluation import arcs_chosen

    weights = random_array((ROWS, problem.n_arcs), density=0.1, rng=rng, format="csr")
    weights.data = np.ceil(3 * weights.data)
    arcs = arcs_chosen(problem, solve(problem).expert_of)
    taken = np.zeros(problem.n_arcs)
    taken[arcs[arcs >= 0]] = 1.0
    most = np.floor(SHARE * (weights @ taken))
    penalty = np.where(np.arange(ROWS) % 2 == 0, np.inf, 0.05 * np.abs(problem.points).mean())
    return replace(problem, side=Side.from_matrix(weights, "<=", most, penalty=penalty))
