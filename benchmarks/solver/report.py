"""The page of the solver's benchmark: tables and pictures from timed rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.machine import spread

from .timing import Row

__all__ = ["SMALLEST", "draw", "geometric_mean", "page", "worst_of_families"]

SMALLEST = 10_000
"""Instances of fewer arcs are shown, and are not in the means: there a call's fixed cost is all that counts."""
OURS = "deskmatch"
COLOURS = {
    OURS: "#d1495b",
    "OR-Tools flow": "#1b6ca8",
    "scipy sparse": "#3a7d44",
    "scipy dense": "#c98b2b",
    "lapx": "#8d6a9f",
    "OR-Tools assignment": "#7f7f7f",
}


def page(rows: Sequence[Row], environment: str, rounds: int) -> str:
    """The whole page in Markdown."""
    large = [row for row in rows if row.n_arcs >= SMALLEST]
    parts = [
        INTRODUCTION.format(environment=environment, rounds=rounds),
        _summary(large),
        PICTURES,
        _table(rows),
        TRIED,
        SOLVE_ONLY,
        _solve_table(rows),
        METHODS_NOTE,
    ]
    return "\n\n".join(parts) + "\n"


def geometric_mean(values: Iterable[float]) -> float:
    """exp of the mean logarithm."""
    return math.exp(float(np.mean([math.log(value) for value in values])))


def worst_of_families(rows: Iterable[Row]) -> dict[str, float]:
    """The geometric mean of each family's speed-ups, least first."""
    of: dict[str, list[float]] = {}
    for row in rows:
        of.setdefault(row.family.name, []).append(row.speed_up)
    return dict(sorted(((name, geometric_mean(them)) for name, them in of.items()), key=lambda pair: pair[1]))


def _summary(rows: Sequence[Row]) -> str:
    if not rows:
        return f"No instance here has {SMALLEST:,} arcs."
    speed_ups = [row.speed_up for row in rows]
    name, least = next(iter(worst_of_families(rows).items()))
    slowest = min(rows, key=lambda row: row.speed_up)
    solve_only = geometric_mean(row.solve_speed_up for row in rows)
    lines = [
        f"Over the {len(rows)} instances of at least {SMALLEST:,} arcs, against the best peer of each instance:",
        "",
        "| | speed-up |",
        "|---|---:|",
        f"| geometric mean, from arc columns to the proof | **{geometric_mean(speed_ups):.1f} ×** |",
        f"| geometric mean, solver's call only | {solve_only:.1f} × |",
        f"| least favourable family ({name}) | {least:.1f} × |",
        f"| least favourable instance ({_label(slowest)}) | {slowest.speed_up:.1f} × |",
    ]
    lines += [
        f"| {row.family.name}, 10,000 × 2,000 at 5 % ({row.n_arcs:,} arcs) | {row.speed_up:.1f} × |"
        for row in rows
        if (row.n_tickets, row.n_experts) == (10_000, 2000)
    ]
    return "\n".join(lines)


def _label(row: Row) -> str:
    return f"{row.family.name} {row.n_tickets:,} × {row.n_experts:,}"


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| instance | | arcs | read once, ms | deskmatch, ms | best peer | ms | speed-up |",
        "|---|---|---:|---:|---:|---|---:|---:|",
    ]
    for row in rows:
        peer = row.best_peer
        lines.append(
            f"| {_label(row)} | {row.family.severity} | {row.n_arcs:,} | {1e3 * row.stream_s:.2f} "
            f"| {spread(row.timings[OURS].total, 1e3, 1)} | {peer} | {spread(row.timings[peer].total, 1e3, 1)} "
            f"| **{row.speed_up:.1f} ×** |"
        )
    return "\n".join(lines)


def _solve_table(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.timings))
    lines = ["| instance | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for row in rows:
        cells = (f"{1e3 * np.median(row.timings[name].solve):.1f}" if name in row.timings else "" for name in names)
        lines.append(f"| {_label(row)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Speed-ups instance by instance, and time against the number of arcs."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 8), gridspec_kw={"width_ratios": (1.1, 1)})
    ordered = sorted(rows, key=lambda row: row.speed_up)
    places = np.arange(len(ordered))
    left.barh(places, [row.speed_up for row in ordered], color="#d9d9d9")
    for place, row in zip(places, ordered, strict=True):
        left.plot(row.speed_up, place, "o", color=COLOURS.get(row.best_peer, "#333333"))
    left.axvline(1.0, color="#333333", linewidth=0.8)
    left.set_xscale("log")
    left.set_xticks([0.5, 1, 2, 4, 8, 16], ["½", "1", "2", "4", "8", "16"])
    left.set_yticks(places, [_label(row) for row in ordered], fontsize=7)
    left.set_ylim(-0.7, len(ordered) - 0.3)
    left.set_xlabel("times as fast as the best peer (colour: which one)")
    for name, colour in COLOURS.items():
        points = sorted(
            (row.n_arcs, 1e3 * float(np.median(row.timings[name].total))) for row in rows if name in row.timings
        )
        if points:
            right.loglog(*zip(*points, strict=True), "o", color=colour, markersize=4, label=name)
    streamed = sorted((row.n_arcs, 1e3 * row.stream_s) for row in rows)
    right.loglog(*zip(*streamed, strict=True), "-", color="#333333", linewidth=0.8, label="reading the arcs once")
    right.set_xlabel("arcs")
    right.set_ylabel("from arc columns to the answer, ms")
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)


INTRODUCTION = """# The solver: deskmatch's kernel and its peers

Made by `python -m benchmarks.solver`. Each method gets the same unsorted arc columns and is timed until it has the
expert of every ticket; what it builds as its own input counts. deskmatch is also timed until `certify` has proved its
answer, with a new `Problem` each time and nothing kept from an earlier run. The methods take turns, {rounds} rounds
after one that does not count; times are medians with quartiles. All objectives are compared, and must agree.

{environment}"""

PICTURES = """![Speed-up by instance, and time against arcs](../images/solver_benchmark.png)

## From arc columns to the answer

“Read once” is the time to read the three columns once: no method can be faster."""

SOLVE_ONLY = """## The solver's own call

In ms, without the building of its input and without the reading of its answer."""

TRIED = """## Where it is not far ahead, and what was tried

The aim is a mean of 4 ×, and no family below 0.9 ×. It is missed on small dense problems, and by the mean.

Of a small dense problem (100 × 100) a third of a millisecond is the fixed cost of Python: checked arrays, exact sums,
frozen objects. scipy's and lapx's matrix codes have next to none, and are done before a certificate would be. From some
100,000 arcs on, half of the time is the sorting of the arcs, which peers with a matrix do not need.

Tried on the kernel, beside what it does now: sorted shortlists (two to four times as slow: keeping them in order takes
longer than looking through them); paths without an auction before them (1.4 times as slow where many are left); other
first steps and budgets of the auction (none better on average, and up to 8 times as slow on Machol-Wien); bit sets for
the rows in place of the second counting sort (no faster); lower optimisation levels of the compiler (they compile no
sooner). Not tried yet: searching from several tickets at once, and merging interchangeable tickets."""

METHODS_NOTE = """## How the peers are called

- **OR-Tools flow**: `SimpleMinCostFlow`, arcs added from arrays, slots as parallel arcs with rising costs. It needs
  whole costs: points are rounded to 32 bits, and its answers are compared with that in mind.
- **OR-Tools assignment**: `SimpleLinearSumAssignment` takes perfect assignments only, so problems with holds are
  doubled with their mirror image. Up to 160,000 arcs.
- **scipy dense**: `linear_sum_assignment` on the matrix of gains over holding, with a column for each unit.
- **scipy sparse**: `min_weight_full_bipartite_matching`, with a column for each unit and one for each hold, and whole
  weights (with others it may not end).
- **lapx**: `lapjv` on the dense matrix, up to a million entries.
- **networkx, CP-SAT, PuLP with CBC**: at the smallest sizes only; they take seconds to minutes beyond.

A method that has used up its patience in one run is not repeated: its figure is then that one run."""
