"""The page and the picture of the heuristics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .instances import Instance
from .methods import Run

__all__ = ["Row", "draw", "page"]

LEAST_GAP = 1e-3
"""Gaps below, in percent, are drawn there: the axis is logarithmic."""
HEAD = """# Heuristics: gap against time

`python -m benchmarks.heuristics` runs every heuristic once on the families that the solver is timed on, on desks with
side rows and with usage, and on the generalised assignment problems of the OR-Library, for 10 seconds at most and on
one thread each. Beside them: the exact kernel for networks, and for the others `solve_within` (what `assign` does
before a deadline of 10 s) and the same model written with PuLP and solved by CBC.

{machine}
Other work was going on on the machine meanwhile.

The gap is to the best that is known: the optimum of a network, the published bound, else the lowest bound that any
method has proved. *Bound* is how far above it the bound lies that the method proves of its own answer.

"""

TAIL = """## What to make of it

- Networks are for the kernel, which is faster than any heuristic but the simplest. Where all tickets must be assigned,
  `greedy` and `regret` may end with whatever a maximum flow finds; `local_search` mends that.
- With side rows `lagrangian` proves within 0.1 % of what the linear program does, at 150,000 arcs too; there ten
  seconds on the busy machine were too short for its answers to come as near.
- With usage it proved more than the linear program on every problem. Up to 20,000 arcs it begins at the prices of that
  program, so that it never proves less. On most of these problems its answers are the best of the heuristics."""


@dataclass(frozen=True)
class Row:
    """A problem, and what each method made of it.

    Parameters
    ----------
    instance : the problem.
    runs : of each method.
    linear : the bound of the linear relaxation and its seconds; None for networks.
    """

    instance: Instance
    runs: list[Run]
    linear: tuple[float | None, float] | None

    @property
    def best(self) -> float:
        """What gaps are told against."""
        exact = next((run.objective for run in self.runs if run.method == "kernel"), None)
        if exact is not None:
            return exact
        if self.instance.upper is not None:
            return self.instance.upper
        proved = [run.objective for run in self.runs if run.claims_optimum and run.objective is not None]
        return max(proved) if proved else min(self.bounds)

    @property
    def bounds(self) -> list[float]:
        """All bounds that are known."""
        linear = [] if self.linear is None or self.linear[0] is None else [self.linear[0]]
        return linear + [run.bound for run in self.runs if run.bound is not None]

    def gap(self, run: Run) -> float | None:
        """Share of the best that a run's answer lacks, in percent; None without an answer."""
        return None if run.objective is None else 100 * max(0.0, self.best - run.objective) / max(1e-9, abs(self.best))

    def slack(self, bound: float | None) -> float | None:
        """Share of the best by which a bound lies above it, in percent."""
        return None if bound is None else 100 * (bound - self.best) / max(1e-9, abs(self.best))


def page(rows: list[Row], machine: str) -> str:
    """The page as Markdown."""
    parts = [HEAD.format(machine=machine)]
    for group in dict.fromkeys(row.instance.group for row in rows):
        some = [row for row in rows if row.instance.group == group]
        picture = f"![Median gap over median time of each method](../images/heuristics_{_slug(group)}.svg)"
        parts += [f"## {group[0].upper()}{group[1:]}", picture, _summary(some)]
        if group != "networks":
            parts.append(_against_linear(some))
        parts.append(_published(some) if group.startswith("generalised") else _each(some))
    return "\n\n".join([*parts, TAIL]) + "\n"


def _summary(rows: list[Row]) -> str:
    head = "| method | median gap | worst gap | median bound | median time | answers |"
    lines = [head, "|---|---:|---:|---:|---:|---:|"]
    for method in dict.fromkeys(run.method for row in rows for run in row.runs):
        pairs = [(row, run) for row in rows for run in row.runs if run.method == method]
        gaps = [gap for row, run in pairs if (gap := row.gap(run)) is not None]
        bounds = [slack for row, run in pairs if (slack := row.slack(run.bound)) is not None]
        seconds = float(np.median([run.seconds for _, run in pairs]))
        cells = [method, _percent(gaps, np.median), _percent(gaps, np.max), _percent(bounds, np.median), _time(seconds)]
        lines.append("| " + " | ".join([*cells, f"{len(gaps)} of {len(pairs)}"]) + " |")
    return "\n".join(lines)


def _against_linear(rows: list[Row]) -> str:
    """How the Lagrangian bound compares with the linear one."""
    shares, faster = [], []
    for row in rows:
        run = next((one for one in row.runs if one.method == "lagrangian"), None)
        if run is not None and run.bound is not None and row.linear is not None and row.linear[0] is not None:
            shares.append(100 * (run.bound - row.linear[0]) / max(1e-9, abs(row.linear[0])))
            faster.append(row.linear[1] / run.seconds)
    if not shares:
        return ""
    return (
        f"The Lagrangian bound lies between {min(shares):+.3f} % and {max(shares):+.3f} % from that of the linear "
        f"relaxation by GLOP (negative: it proves more), and takes {min(1 / one for one in faster):.2g} to "
        f"{max(1 / one for one in faster):.2g} times as long, its answers included."
    )


def _each(rows: list[Row]) -> str:
    names = list(dict.fromkeys(run.method for row in rows for run in row.runs))
    lines = ["| problem | arcs | " + " | ".join(names) + " |", "|---|---:|" + "---:|" * len(names)]
    for row in rows:
        cells = [f"{_percent_of(row.gap(run))}, {_time(run.seconds)}" for run in row.runs]
        lines.append(f"| {row.instance.name} | {row.instance.problem.n_arcs:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _published(rows: list[Row]) -> str:
    """Cost by cost beside the published bounds."""
    names = ["lagrangian", "local_search", "round_lp", "assign, 10 s", "PuLP + CBC, 10 s"]
    lines = [
        "Costs, to be minimised, beside the best known bounds; **bold**: the method claims the optimum.",
        "",
        "| problem | known | Lagrangian bound | linear bound | " + " | ".join(names) + " |",
        "|---|---:|---:|---:|" + "---:|" * len(names),
    ]
    for row in rows:
        runs = {run.method: run for run in row.runs}
        low, high = -(row.instance.upper or 0.0), -(row.instance.lower or 0.0)
        known = f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"
        lagrangian = runs["lagrangian"].bound
        bounds = [lagrangian, row.linear[0] if row.linear else None]
        cells = ["–" if bound is None else f"{-bound:.1f}" for bound in bounds]
        cells += [_cost(runs[name]) for name in names]
        lines.append(f"| {row.instance.name} | {known} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cost(run: Run) -> str:
    if run.objective is None:
        return f"none, {_time(run.seconds)}"
    cost = f"{-run.objective:.0f}"
    return f"{f'**{cost}**' if run.claims_optimum else cost}, {_time(run.seconds)}"


def _percent(values: list[float], of: object) -> str:
    return "–" if not values else _percent_of(float(of(values)))  # type: ignore[operator]


def _percent_of(value: float | None) -> str:
    if value is None:
        return "none"
    return "0 %" if value == 0 else f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.1 else f"{seconds:.2g} s"


def draw(rows: list[Row], folder: Path) -> None:
    """Median gap over median time of each method: a picture for each group."""
    from matplotlib.figure import Figure

    for group in dict.fromkeys(row.instance.group for row in rows):
        some = [row for row in rows if row.instance.group == group]
        figure = Figure(figsize=(7, 3.6), layout="constrained")
        axes = figure.subplots()
        for method in dict.fromkeys(run.method for row in some for run in row.runs):
            pairs = [(row, run) for row in some for run in row.runs if run.method == method]
            gaps = [gap for row, run in pairs if (gap := row.gap(run)) is not None]
            if gaps:
                seconds = float(np.median([run.seconds for _, run in pairs]))
                gap = max(LEAST_GAP, float(np.median(gaps)))
                axes.plot(seconds, gap, "o")
                axes.annotate(f" {method}", (seconds, gap), fontsize=8, rotation=20)
        axes.set(xscale="log", yscale="log", xlabel="median seconds", ylabel=f"median gap, % ({LEAST_GAP}: none)")
        axes.margins(x=0.25, y=0.2)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(folder / f"heuristics_{_slug(group)}.svg")


def _slug(group: str) -> str:
    return group.replace(" ", "_")
