"""Time the kernel against its peers on families of problems, and write the page.

::

    python -m benchmarks.solver                          # all instances: docs/benchmarks/solver.md and its picture
    python -m benchmarks.solver --largest 1000000        # those of at most so many tickets times experts
    python -m benchmarks.solver --family "low rank" --no-page

Needs the extra ``bench``. Every method is run in turn, so that what else the machine does slows all alike; the larger
the machine's caches, the better for all.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import deskmatch
from benchmarks.machine import environment

from .families import instances
from .report import SMALLEST, draw, geometric_mean, page, worst_of_families
from .timing import Row, time_instance

__all__ = ["main"]

DOCS = Path(__file__).resolve().parents[2] / "docs"
PACKAGES = ("numpy", "scipy", "numba", "ortools", "lapx", "networkx", "pulp")
ROUNDS, PATIENCE_S = 9, 6.0


def main(arguments: list[str] | None = None) -> list[Row]:
    """Run the benchmark; returns what it measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, help="leave out instances of more tickets times experts")
    parser.add_argument("--family", help="only families whose name contains this")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each method runs")
    parser.add_argument("--patience", type=float, default=PATIENCE_S, help="seconds after which it is not repeated")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the page")
    parser.add_argument("--no-page", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    deskmatch.warm_up()
    console = Console()
    rows = list(_timed(console, options))
    console.print(_as_table(rows))
    large = [row.speed_up for row in rows if row.n_arcs >= SMALLEST]
    if large:
        console.print(f"geometric mean of {len(large)} instances: {geometric_mean(large):.2f} ×")
        console.print({name: round(value, 2) for name, value in worst_of_families(rows).items()})
    if not options.no_page:
        (options.docs / "benchmarks").mkdir(parents=True, exist_ok=True)
        (options.docs / "images").mkdir(exist_ok=True)
        text = page(rows, environment(PACKAGES), options.rounds)
        (options.docs / "benchmarks" / "solver.md").write_text(text, encoding="utf-8")
        draw(rows, options.docs / "images" / "solver_benchmark.png")
    return rows


def _timed(console: Console, options: argparse.Namespace) -> Iterator[Row]:
    chosen = [(family, size) for family, size in instances(options.largest) if (options.family or "") in family.name]
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("instances", total=len(chosen))
        for family, size in chosen:
            progress.update(task, description=f"{family.name} {size[0]} × {size[1]}")
            yield time_instance(family, size, rounds=options.rounds, patience_s=options.patience)
            progress.advance(task)


def _as_table(rows: list[Row]) -> Table:
    table = Table("instance", "arcs", "deskmatch, ms", "best peer", "ms", "speed-up")
    for row in rows:
        ours, best = (1e3 * float(np.median(row.timings[name].total)) for name in ("deskmatch", row.best_peer))
        name = f"{row.family.name} {row.n_tickets} × {row.n_experts}"
        table.add_row(name, f"{row.n_arcs}", f"{ours:.1f}", row.best_peer, f"{best:.1f}", f"{row.speed_up:.2f}")
    return table


if __name__ == "__main__":
    main()
