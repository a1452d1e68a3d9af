"""Policies on one track: rules, matching and look-ahead against exact optima and bounds.

::

    python -m benchmarks.policies            # all desks at three loads; hours
    python -m benchmarks.policies --quick    # fewer desks, shorter days; writes the same page
    python -m benchmarks.policies --from results.json    # only the page, from what was measured before

Small desks are judged by solving their Markov chains, the others on the same simulated customers for all. Results are
kept as JSON, and contacts are not; ``--parquet`` also keeps one row for each replication and contestant.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.machine import environment
from benchmarks.policies.desks import LOADS, SIMULATED
from benchmarks.policies.report import draw_small, named_table, random_table, reading, simulated_tables, verdicts
from benchmarks.policies.simulated import judge_simulated
from benchmarks.policies.small import judge_named, judge_random, looseness

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEMPLATE = Path(__file__).with_name("page.template")
PAGE, PICTURE = DOCS / "benchmarks" / "policies.md", DOCS / "images" / "policies_small.png"


def main(arguments: list[str] | None = None) -> None:
    """Run the track."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="12 desks at random; three desks of twelve at one load")
    parser.add_argument("--from", dest="source", type=Path, help="results of an earlier run")
    parser.add_argument("--out", type=Path, default=Path("policies.json"), help="where results are kept")
    parser.add_argument("--parquet", type=Path, help="a table of rewards by replication")
    parser.add_argument("--no-page", action="store_true", help="measure only")
    options = parser.parse_args(arguments)
    results = json.loads(options.source.read_text("utf-8")) if options.source else measure(options.quick)
    if not options.source:
        options.out.write_text(json.dumps(results), encoding="utf-8")
    if options.parquet:
        write_parquet(results["simulated"], options.parquet)
    if not options.no_page:
        draw_small(results["random"], PICTURE)
        PAGE.write_text(page(results), encoding="utf-8")


def measure(quick: bool) -> dict[str, Any]:
    """Everything that the page needs."""
    names = ("small", "weak_differences", "scarce_specialists") if quick else SIMULATED
    return {
        "environment": environment(("numpy", "scipy", "numba")),
        "random": judge_random(12 if quick else 40),
        "named": judge_named(),
        "looseness": looseness(5 if quick else 20),
        "simulated": judge_simulated(names, (0.9,) if quick else LOADS, replications=20, hours=1.0 if quick else 2.0),
    }


def write_parquet(results: list[dict[str, Any]], path: Path) -> None:
    """One row for each desk, load, contestant and replication."""
    import pandas as pd

    rows = [
        {"desk": each["desk"], "load": each["load"], "contestant": name, "replication": number, "reward": value}
        for each in results
        for name, values in each["reward"].items()
        for number, value in enumerate(values)
    ]
    pd.DataFrame(rows).to_parquet(path, index=False)


def page(results: dict[str, Any]) -> str:
    """The page in Markdown."""
    return TEMPLATE.read_text("utf-8").format(
        environment=results["environment"],
        desks=len(results["random"]),
        random=random_table(results["random"]),
        reading=reading(results["random"]),
        named=named_table(results["named"]),
        looseness=results["looseness"],
        verdicts=verdicts(results["simulated"]),
        simulated=simulated_tables(results["simulated"]),
    )


if __name__ == "__main__":
    main()
