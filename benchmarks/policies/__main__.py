"""Policies on one track: rules, matching, look-ahead and learners against exact optima, bounds and each other.

::

    python -m benchmarks.policies                      # everything; about an hour and a half on two cores
    python -m benchmarks.policies --quick              # every part once, in short; minutes, and not into the docs
    python -m benchmarks.policies --part track --desk small --only "policy improvement"   # anew, the rest is kept
    python -m benchmarks.policies --page               # only the pages and pictures, from what was measured before

Small desks are judged by solving their Markov chains, the others on the same simulated customers for all. What was
measured is kept in a folder: one row for each replication, contestant and channel (Parquet), the settings that tuning
chose, and the small desks (JSON). The same command gives the same figures, times of decisions apart, so parts can be
run one by one.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.machine import environment
from benchmarks.policies.contestants import Scene, contestants
from benchmarks.policies.desks import there
from benchmarks.policies.equal_wait import DESKS as EQUAL_WAIT_DESKS
from benchmarks.policies.equal_wait import judge_equal_wait
from benchmarks.policies.pages import write_pages
from benchmarks.policies.results import BOUND, Record, Results
from benchmarks.policies.robustness import judge_robustness
from benchmarks.policies.simulated import judge_all
from benchmarks.policies.small import judge_named, judge_random, looseness

DOCS = Path(__file__).resolve().parents[2] / "docs"
PARTS = ("small", "track", "robustness", "equal wait")
SMALL = "small_desks.json"
REPLICATIONS = 20
"""Where something is wrong, and at equal waits; on the track each desk's course says how many."""
DESKS = 12
"""Small desks drawn at random."""


def main(arguments: list[str] | None = None) -> None:
    """Run the track."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few desks, replications and trials; pages beside results")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS), help="only these")
    parser.add_argument("--desk", nargs="+", choices=there(), default=list(there()), help="of the track, only these")
    parser.add_argument("--load", nargs="+", type=float, help="of the track, only these")
    parser.add_argument("--only", nargs="+", default=[], help="of the track, only these contestants")
    parser.add_argument("--replications", type=int, help="instead of those of each desk's course")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=Path("policies"), help="folder of what was measured")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    options = parser.parse_args(arguments)
    unknown = set(options.only) - _names(options.desk) if options.only else set()
    if unknown:
        parser.error(
            f"--only: {', '.join(sorted(unknown))}; expected some of {', '.join(sorted(_names(options.desk)))}"
        )
    if not options.page:
        _measure(options)
    docs = options.out if options.quick else DOCS
    small = options.out / SMALL
    if small.exists():
        write_pages(Results.load(options.out), json.loads(small.read_text("utf-8")), docs, environment(PACKAGES))


def _names(desks: list[str]) -> set[str]:
    """All who can take part on these desks, and the bound."""
    return {BOUND} | {each.name for desk in desks for each in contestants(Scene.of(desk, 1.0))}


PACKAGES = ("numpy", "scipy", "numba", "ortools")


def _measure(options: argparse.Namespace) -> None:
    """Run the parts that were asked for, and keep each piece as soon as it is there."""
    results = Results.load(options.out)
    began = time.monotonic()
    for records in _simulated(options):
        results.add(records)
        results.save(options.out)
        first = records[0]
        print(f"{time.monotonic() - began:7.0f} s: {first.part}, {first.desk}, {first.variant or first.contestant}")
    if "small" in options.part:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / SMALL).write_text(json.dumps(_small(options.quick, options.jobs)), encoding="utf-8")


def _simulated(options: argparse.Namespace) -> Iterator[list[Record]]:
    count, jobs, quick = options.replications, options.jobs, options.quick
    if "track" in options.part:
        desks = ("scarce_specialists",) if quick else options.desk
        more: dict[str, Any] = {"loads": (0.9,), "trials": 2} if quick else {"loads": options.load}
        yield from judge_all(desks, replications=3 if quick else count, only=options.only, n_jobs=jobs, **more)
    if "robustness" in options.part:
        yield from judge_robustness(replications=2 if quick else count or REPLICATIONS, n_jobs=jobs)
    if "equal wait" in options.part:
        desks = EQUAL_WAIT_DESKS[:1] if quick else EQUAL_WAIT_DESKS
        yield from judge_equal_wait(replications=3 if quick else count or REPLICATIONS, n_jobs=jobs, desks=desks)


def _small(quick: bool, jobs: int) -> dict[str, Any]:
    return {
        "random": judge_random(3 if quick else DESKS, n_jobs=jobs),
        "named": judge_named(n_jobs=jobs),
        "looseness": looseness(2 if quick else 20),
    }


if __name__ == "__main__":
    main()
