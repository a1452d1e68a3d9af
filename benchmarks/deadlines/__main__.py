"""How well deadlines are held, over many mixed epochs, with every core busy elsewhere; writes the page.

::

    python -m benchmarks.deadlines                    # 1,000 epochs: docs/benchmarks/deadlines.md and its picture
    python -m benchmarks.deadlines --epochs 50 --no-page

Needs the extra ``bench``. One process for each core counts to infinity meanwhile; fewer may do (``--busy``) where the
machine is busy anyway, which the page tells by its load average. Each epoch is decided once before a deadline of 20 to
500 ms, timed from the call to the plan in hand. Then its problem is solved exactly without a deadline, under the same
load: the share of proven optima is told of the epochs whose kernel takes at most a third of the deadline.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import track

import deskmatch
from benchmarks.machine import environment
from deskmatch.formulations import hurry
from deskmatch.heuristics.course import LANE
from deskmatch.solver import solve

from .epochs import Case, cases
from .report import Measured, draw, page

__all__ = ["main"]

DOCS = Path(__file__).resolve().parents[2] / "docs"
BUSY = "while True: pass"
PAUSE_S = 3.0
"""How long to wait at most for what an epoch has left behind: a desk decides every few seconds."""


def main(arguments: list[str] | None = None) -> list[Measured]:
    """Run the benchmark; returns what it measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1, help="processes that keep the machine busy")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of the page")
    parser.add_argument("--no-page", action="store_true", help="print only")
    options = parser.parse_args(arguments)
    deskmatch.warm_up()
    with kept_busy(options.busy):
        found = [measured(case) for case in track(cases(options.epochs, options.seed), total=options.epochs)]
        load = os.getloadavg()[0]
    text = page(found, options.busy, load, environment(("numpy", "numba", "ortools")))
    print(text)
    if not options.no_page:
        (options.docs / "images").mkdir(exist_ok=True)
        draw(found, options.docs / "images" / "deadlines.svg")
        (options.docs / "benchmarks" / "deadlines.md").write_text(text, encoding="utf-8")
    return found


@contextmanager
def kept_busy(count: int) -> Iterator[None]:
    """So many processes that do nothing but take processor time."""
    # sessions of their own, as on Linux the processes of one session share what is due to one
    hogs = [subprocess.Popen([sys.executable, "-c", BUSY], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def measured(case: Case) -> Measured:
    """Decide an epoch before its deadline, then exactly."""
    wait_for_late_ones()
    started = time.perf_counter()
    plan = case.bound.assign(case.epoch, deadline_s=case.deadline_s)
    took_s = time.perf_counter() - started
    problem = plan.model.problem if plan.model.is_whole else case.honest.build(case.epoch).problem
    kernel_s = None
    if case.kind != "quota":
        wait_for_late_ones()
        started = time.perf_counter()
        solve(problem)
        kernel_s = time.perf_counter() - started
    return Measured(
        kind=case.kind,
        arcs=problem.n_arcs,
        deadline_s=case.deadline_s,
        took_s=took_s,
        kernel_s=kernel_s,
        status=plan.status,
        is_whole=plan.model.is_whole,
        feasible=plan.certificate.feasible,
        gap=None if plan.gap is None or plan.bound is None else plan.gap / max(1e-9, abs(plan.bound)),
    )


def wait_for_late_ones() -> None:
    """Until what was left behind has ended, models that sleep aside, or `PAUSE_S` are over."""
    ends = time.perf_counter() + PAUSE_S
    while time.perf_counter() < ends and not LANE.is_free:
        time.sleep(0.005)
    hurry.LANE._forget()  # a model that sleeps for long would count as still busy in all epochs after it


if __name__ == "__main__":
    main()
