"""Gap against time of every heuristic, beside the exact kernel and beside plain PuLP with CBC; writes the page.

::

    python -m benchmarks.heuristics                       # docs/benchmarks/heuristics.md and its pictures
    python -m benchmarks.heuristics --group generalised --no-page

Needs the extra ``bench``, and `DESKMATCH_DATA` for the published problems. Each method runs once on each problem, on
one thread, for 10 seconds at most.
"""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path

from rich.progress import track

import deskmatch
from benchmarks.machine import environment

from .instances import families, published, ruled
from .methods import linear_bound, methods
from .report import Row, draw, page

__all__ = ["main"]

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(arguments: list[str] | None = None) -> list[Row]:
    """Run the benchmark; returns what it measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", default="", help="only problems whose group contains this")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the page")
    parser.add_argument("--no-page", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    deskmatch.warm_up()
    every = [one for one in chain(families(), ruled(), published()) if options.group in one.group]
    rows = []
    for instance in track(every):
        linear = None if instance.problem.is_network else linear_bound(instance.problem)
        runs = [run() for run in methods(instance.problem).values()]
        rows.append(Row(instance, runs, linear))
    text = page(rows, environment(("numpy", "numba", "ortools", "pulp")))
    print(text)
    if not options.no_page:
        draw(rows, options.docs / "images")
        (options.docs / "benchmarks" / "heuristics.md").write_text(text, encoding="utf-8")
    return rows


if __name__ == "__main__":
    main()
