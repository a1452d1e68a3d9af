"""Tune a formulation on real incidents: price a quota and a reserve, walk the front to its knee, test the weights.

    python examples/tuning.py

reads ``$DESKMATCH_DATA/servicenow_incidents/*.csv*`` as examples/servicenow.py does, and takes the instant with the
most waiting incidents. The page docs/tuning.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from servicenow import find_data
from servicenow_compare import METHOD, ROUTING, fitted
from servicenow_tables import active_experts, busiest_instants, known_outcomes, read_log, waiting_tickets

from deskmatch import Epoch, Formulation, HistoricalRate, Plan, alternatives, fairness_report, pareto, sensitivity
from deskmatch.formulations.constraints import Constraint, Reserve, TierQuota

QUOTAS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35)
RESERVES = (320, 340, 360, 380, 400, 420)
BOTH = (0.2, 380)
#: With a quota the model is an integer program.
PROGRAMS = "highs"
OBJECTIVES = ("resolution", "waiting", "fairness")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example; returns the exit code."""
    options = parsed(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    folder, missing = find_data()
    if folder is None:
        console.print(f"Skipped: {missing}.")
        return 0
    log = read_log(folder)
    instants = busiest_instants(log, 1)
    if not instants:
        console.print("Skipped: the log has no instant with enough past (1,000 closed incidents, 14 days).")
        return 0
    epoch, model = desk_at(log, instants[0])
    print(f"{instants[0]}: {epoch.n_tickets} incidents wait, {epoch.n_experts} experts\n")
    plan = planned(epoch, model)
    print(summary(plan), end="\n\n")
    shares = priced(epoch, model, QUOTAS, lambda share: TierQuota(tier=2, share=share), "share")
    slots = priced(epoch, model, RESERVES, lambda k: Reserve(slots=k, experts={"tier": 2}), "slots")
    print(f"Quota: of the specialists' new tickets at most this share from the first line\n{table(shares)}\n")
    print(f"Reserve: so many of the specialists' places stay free\n{table(slots)}\n")
    print(f"Both at once, each priced by leaving it out\n{both_priced(epoch, model)}\n")
    front = pareto(
        epoch,
        objectives=OBJECTIVES,
        points=options.points,
        formulation=formulation(model),
        unsupported=False,
        method=METHOD,
    )
    print(f"{front}\n")
    print(f"{sensitivity(plan)}\n")
    print(f"{alternatives(plan, 3)}\n")
    report = fairness_report(plan)
    print(f"The price of fairness\n{table(report.price(6))}")
    if options.pictures:
        from tuning_picture import draw_prices

        options.pictures.mkdir(parents=True, exist_ok=True)
        draw_prices(shares, slots, options.pictures / "tuning_prices.svg")
        front.picture(options.pictures / "tuning_front.svg")
        report.picture(options.pictures / "tuning_fairness.svg")
        print(f"\nPictures: {options.pictures}")
    return 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Tune a formulation on the busiest instant of a ServiceNow log.")
    parser.add_argument("--points", type=int, default=9, help="plans of the front (default 9)")
    parser.add_argument("--pictures", type=Path, help="draw into this folder; needs matplotlib")
    return parser.parse_args(arguments)


def desk_at(log: pd.DataFrame, now: pd.Timestamp) -> tuple[Epoch, HistoricalRate]:
    """The epoch of an instant with two lines of support, and the model of what was known by then.

    The first line is the group with most outcomes. Incidents of other groups need the second line; people who
    worked in any other group in the last 14 days are the second line.
    """
    outcomes = known_outcomes(log, now)
    first = first_line(outcomes)
    tickets, experts = waiting_tickets(log, now), active_experts(log, now)
    tickets["tier"] = 1 + (~tickets["requires"].isin(["", first])).astype(int)
    other = experts["has"].map(lambda groups: bool(set(groups.split("|")) - {first, ""}))
    experts["tier"] = 1 + other.astype(int)
    return Epoch.from_tables(tickets, experts, now=now.to_pydatetime()), fitted(outcomes)


def first_line(outcomes: pd.DataFrame) -> str:
    """The assignment group with most outcomes; a topic reads "Category 3 in Group 70"."""
    return str(outcomes["topic"].str.extract(r" in (.*)$")[0].value_counts().index[0])


def formulation(model: HistoricalRate, *constraints: Constraint) -> Formulation:
    """What is maximised, under some constraints."""
    return Formulation.of(ROUTING, resolution=model, constraints=constraints)


def planned(epoch: Epoch, model: HistoricalRate, *constraints: Constraint) -> Plan:
    """The best plan; a named method, so that ties are broken alike in every run."""
    bound = formulation(model, *constraints).bind(epoch.desk)
    return bound.assign(epoch, method=PROGRAMS if constraints else METHOD)


def priced(
    epoch: Epoch,
    model: HistoricalRate,
    values: Sequence[float],
    constraint: Callable[[float], Constraint],
    name: str,
) -> pd.DataFrame:
    """Points, tickets and price of a constraint as its parameter moves."""
    free = planned(epoch, model)
    rows = []
    for value in values:
        plan = planned(epoch, model, constraint(value))
        lost = (free.objective or 0.0) - (plan.objective or 0.0)
        rows.append((value, plan.objective, len(plan.assignments), lost))
    return pd.DataFrame(rows, columns=[name, "points", "assigned", "price"])


def both_priced(epoch: Epoch, model: HistoricalRate) -> str:
    """A quota and a reserve in one plan, and what each costs beside the other."""
    plan = planned(epoch, model, TierQuota(tier=2, share=BOTH[0]), Reserve(slots=BOTH[1], experts={"tier": 2}))
    prices = plan.constraint_prices(time_limit_s=60)[
        ["constraint", "least", "greatest", "points_without", "assigned_without"]
    ]
    return f"{summary(plan)}\n{table(prices)}"


def summary(plan: Plan) -> str:
    """The plan in a line, without the time that it took."""
    return plan.summary().rsplit(" · ", 1)[0]


def table(frame: pd.DataFrame) -> str:
    """A frame as text."""
    return frame.to_string(index=False, float_format="{:.4f}".format)


if __name__ == "__main__":
    raise SystemExit(main())
