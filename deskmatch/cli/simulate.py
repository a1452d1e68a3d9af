"""``deskmatch simulate``: a scenario under policies, a table with intervals, and the contacts where they are wanted."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from deskmatch.cli.options import fail, readable_errors

if TYPE_CHECKING:
    from deskmatch.formulations import Formulation
    from deskmatch.policies import Policy
    from deskmatch.simulation import Comparison, Scenario

__all__ = ["simulate_command"]

SHOWN = (
    "tickets",
    "wait_s",
    "wait_p95_s",
    "service_level",
    "promise_kept",
    "abandonment",
    "unanswered",
    "first_contact_resolution",
    "preventable",
    "unavoidable",
    "tier_match",
    "occupancy",
    "jain",
    "handling_min",
    "cost_per_resolution",
    "reward",
    "reward_expected",
)

RULES = ("c_mu", "c_mu_theta", "generalised_c_mu", "p_c_mu", "max_weight", "least_flexible_first", "most_qualified")
NAMES = (
    "current", "fcfs", "fastest", "least_occupied", "random", "priority", "longest_queue", *RULES, "greedy", "matching",
    "matching_greedy", "look_ahead", "oracle",
)  # fmt: skip
SEES_TRUTH = "oracle"
"""The policy that is shown the scenario's own probabilities of resolution, which no desk knows."""


def simulate_command(
    scenario: Annotated[Path, typer.Argument(help="The scenario (.toml).", metavar="SCENARIO")],
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", help=f"{', '.join(NAMES)}; may be repeated; differences are to the first."),
    ] = None,
    replications: Annotated[int, typer.Option("--replications", min=2, help="Runs of each policy.")] = 20,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the table and the contacts (Parquet, with the extra).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed shows the same customers.")] = 0,
    jobs: Annotated[int | None, typer.Option("--jobs", help="Processes; −1: all cores.")] = None,
    indicator: Annotated[
        list[str] | None, typer.Option("--indicator", help="Show these instead of the usual ones; may be repeated.")
    ] = None,
    channel: Annotated[str, typer.Option("--channel", help="Of one channel instead of the whole desk.")] = "total",
) -> None:
    """Simulate a scenario under one or several policies, on the same customers."""
    with readable_errors():
        from deskmatch.simulation import Scenario, compare
        from deskmatch.simulation.kpis import INDICATORS

        loaded = Scenario.load(scenario)
        for warning in loaded.warnings:
            typer.echo(f"warning: {warning}", err=True)
        names = list(dict.fromkeys(policy or ["fcfs"]))
        policies = {name: policy_named(name, loaded) for name in names}
        if SEES_TRUTH in names and loaded.tables.calibration is not None:
            typer.echo(f"{SEES_TRUTH}: sees the twin's true probabilities of resolution, which no desk knows", err=True)
        if channel != "total" and channel not in loaded.channels:
            fail(f"--channel: found {channel!r}; expected total, {', '.join(loaded.channels)}")
        unknown = [name for name in indicator or () if name not in INDICATORS]
        if unknown:
            fail(f"--indicator: found {unknown[0]!r}; expected one of {', '.join(INDICATORS)}")
        contacts = out if find_spec("pyarrow") else None
        if out is not None and contacts is None:
            typer.echo("contacts are not kept: that needs pyarrow (pip install 'deskmatch[parquet]')", err=True)
        result = compare(loaded, policies, replications=replications, seed=seed, n_jobs=jobs, out=contacts)
        show(result, indicator or list(SHOWN), channel, loaded)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            result.frame(channel).to_csv(out / "comparison.csv")
            typer.echo(f"written to {out}", err=True)


def policy_named(name: str, scenario: Scenario) -> Policy:
    """A policy of the command line, fit for the scenario's channels; `oracle` is matching that sees the truth."""
    from deskmatch import policies
    from deskmatch.formulations import Formulation
    from deskmatch.policies import Greedy, LookAhead, Matching, fcfs, longest_queue, priority_fcfs

    if name == "current":
        from deskmatch.simulation.calibration import current_rule

        return current_rule(scenario)
    if name == "fcfs":
        return fcfs()
    if name in ("fastest", "least_occupied", "random"):
        return fcfs(name)
    if name == "priority":
        return priority_fcfs()
    if name == "longest_queue":
        return longest_queue()
    if name in RULES:
        rule: Policy = getattr(policies, name)()
        return rule
    if name == "greedy":
        return Greedy(_formulation(scenario))
    if name == "look_ahead":
        from deskmatch.learning import forecast_of

        own = _formulation(scenario)
        return LookAhead(forecast_of(scenario), scenario.tables.reward, routing=own.routing, resolution=own.resolution)
    if name == "matching":
        return Matching(_formulation(scenario))
    if name == "matching_greedy":
        return Matching(_formulation(scenario), method="greedy")
    if name == SEES_TRUTH:
        return Matching(Formulation(scenario.routing), name=SEES_TRUTH)
    fail(f"--policy: found {name!r}; expected one of {', '.join(NAMES)}")


@lru_cache(maxsize=1)  # the history is simulated once, whatever the policies
def _formulation(scenario: Scenario) -> Formulation:
    """The scenario's routing; of a calibrated one with rates of resolution learned from what it shows, as a desk would
    have them, and not those that it knows."""
    from deskmatch.formulations import Formulation

    if scenario.tables.calibration is None:
        return Formulation(scenario.routing)
    from deskmatch.simulation.calibration import learned_predictors

    return Formulation(scenario.routing, resolution=learned_predictors(scenario).resolution)


def show(result: Comparison, indicators: list[str], row: str, scenario: Scenario) -> None:
    """Print the table: mean ± half-width of each policy, and the paired difference to the first one."""
    title = f"{scenario.tables.name}, {row}: {result.replications} replications, {result.confidence:.0%} intervals"
    table = Table(title=title, title_justify="left")
    table.add_column("indicator")
    for policy in result.policies:
        table.add_column(policy, justify="right")
        if policy != result.policies[0]:
            table.add_column(f"difference to {result.policies[0]}", justify="right")
    known = row == "total" and bool(result.twin_error)
    if known:
        table.add_column("twin's error", justify="right")
    for name in indicators:
        cells = []
        for policy in result.policies:
            cells.append(str(result.of(policy, name, row)))
            if policy != result.policies[0]:
                below = " (below the error)" if known and result.below_twin_error(policy, name) else ""
                cells.append(f"{result.difference(policy, name, row)}{below}")
        if known:
            cells.append(f"{result.twin_error[name]:.2g}" if name in result.twin_error else "not known")
        if not all(cell.startswith("nan") for cell in cells):
            table.add_row(name, *cells)
    Console().print(table)
