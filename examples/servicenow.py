"""deskmatch on real incidents: plans for the busiest instants of a ServiceNow log, next to what really happened.

    python examples/servicenow.py

reads ``$DESKMATCH_DATA/servicenow_incidents/*.csv*``: the incident event log of UCI Machine Learning Repository 498,
doi 10.24432/C57S4H, CC BY 4.0. The page docs/servicenow.md says how the tables are built and what the figures show.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from servicenow_compare import (
    Moment,
    compared,
    fitted,
    mean_over_repeats,
    mean_over_tickets,
    moment_at,
    plan_of,
    swapped,
    two_models,
)
from servicenow_report import (
    Comparison,
    about,
    table_next_to_reality,
    table_of_gains,
    table_of_models,
    table_of_plans,
    table_of_tickets,
    what_the_model_knows,
)
from servicenow_tables import busiest_instants, read_log

VARIABLE = "DESKMATCH_DATA"
FOLDER = "servicenow_incidents"
#: Each pair of models has its names swapped this often; a swap costs no fit.
SWAPS = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example; returns the exit code."""
    options = parsed(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    folder, missing = find_data()
    if folder is None:
        console.print(f"Skipped: {missing}.")
        return 0
    log = read_log(folder)
    instants = busiest_instants(log, options.instants)
    if not instants:
        console.print("Skipped: the log has no instant with enough past (1,000 closed incidents, 14 days).")
        return 0
    moments = [moment_at(log, now) for now in track(instants, "Tables", console=console, transient=True)]
    plan_of(moments[0], fitted(moments[0].outcomes))  # once for nothing: the first plan compiles or loads the solver
    plans = [plan_of(moment, fitted(moment.outcomes)) for moment in moments]
    console.print(about(log, len(instants), options.instants))
    console.print(table_of_plans(moments, plans))
    console.print(table_next_to_reality(moments, plans))
    console.print(table_of_tickets(moments, plans, options.tickets))
    rng = np.random.default_rng(options.seed)
    frame, lines = comparisons(moments, options.repeats, rng, console)
    console.print(table_of_models(frame))
    console.print(table_of_gains(lines))
    console.print(what_the_model_knows(moments, rng))
    if options.picture:
        from servicenow_picture import draw

        draw(log, moments, [(line.name, line.gain, line.own_gain) for line in lines], options.picture)
        console.print(f"Picture: {options.picture}")
    return 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Plans for the busiest instants of a ServiceNow log, next to reality.")
    parser.add_argument("--instants", type=positive, default=6, help="how many instants (default 6)")
    parser.add_argument(
        "--tickets", type=positive, default=8, help="tickets of the busiest instant to list (default 8)"
    )
    parser.add_argument("--repeats", type=several, default=10, help="splits into halves, and shuffles (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="of shuffles and bootstrap (default 0)")
    parser.add_argument("--picture", type=Path, help="draw into this file (.svg, .png); needs matplotlib")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    """A whole number ≥ 1."""
    return at_least(1, text)


def several(text: str) -> int:
    """A whole number ≥ 2, of which an interval can be made."""
    return at_least(2, text)


def at_least(least: int, text: str) -> int:
    """A whole number ≥ `least`."""
    if not text.isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(f"found {text!r}; expected a whole number ≥ {least}")
    return int(text)


def find_data() -> tuple[Path | None, str]:
    """The folder of the log, or None and why there is none."""
    if not os.environ.get(VARIABLE):
        return None, f"the environment variable {VARIABLE} is not set; it names the folder that holds {FOLDER}/"
    folder = Path(os.environ[VARIABLE]) / FOLDER
    if not any(folder.glob("*.csv*")):
        return None, f"{VARIABLE} names a folder without {FOLDER}/*.csv or *.csv.gz"
    return folder, ""


def comparisons(
    moments: Sequence[Moment], repeats: int, rng: np.random.Generator, console: Console
) -> tuple[pd.DataFrame, list[Comparison]]:
    """The rows of all splits, and the lines of the table of gains."""
    real, dealt, names = [], [], []
    for split in track(range(repeats), "Two models", console=console, transient=True):
        models = two_models(moments, split=split)
        alike = two_models(moments, split=split, dealt_out=rng)
        real.append(compared(models))
        names += [compared(swapped(models, rng)) for _ in range(SWAPS)]
        dealt += [compared(swapped(alike, rng)) for _ in range(SWAPS)]
    frame = pd.concat(real, ignore_index=True)
    return frame, [
        over_tickets("true", frame, rng),
        over_tickets("true, real person eligible", frame[frame["eligible"]], rng),
        over_repeats("swapped between persons", names),
        over_repeats("names dealt out anew", dealt),
    ]


def over_tickets(name: str, frame: pd.DataFrame, rng: np.random.Generator) -> Comparison:
    """A line with intervals over incidents."""
    gain, own = (mean_over_tickets(frame, column, rng) for column in ("gain", "own_gain"))
    return Comparison(name, frame["ticket_id"].nunique(), gain, own)


def over_repeats(name: str, frames: Sequence[pd.DataFrame]) -> Comparison:
    """A line with intervals over independent shuffles."""
    gain, own = ([float(frame[column].mean()) for frame in frames] for column in ("gain", "own_gain"))
    tickets = pd.concat(frames)["ticket_id"].nunique()
    return Comparison(name, tickets, mean_over_repeats(gain), mean_over_repeats(own), max(gain))


if __name__ == "__main__":
    raise SystemExit(main())
