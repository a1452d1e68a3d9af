"""The commands, their arguments and their exit codes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deskmatch.cli.calibrate import calibrate_command
from deskmatch.cli.describe import describe
from deskmatch.cli.explain import explain
from deskmatch.cli.new_desk import write_desk, write_scenario
from deskmatch.cli.options import (
    Columns,
    Experts,
    GeneralBelow,
    GeneralTopic,
    Now,
    OnBad,
    OnBadRows,
    Priorities,
    ResolutionFile,
    RoutingFile,
    Scale,
    TextColumn,
    Tickets,
    TopicModelFile,
    fail,
    read_epoch,
    readable_errors,
    topics_filled,
)
from deskmatch.cli.resolution import evaluate_command, resolution_model
from deskmatch.cli.show import error_text, intake_text, plan_text, settings_text
from deskmatch.cli.simulate import simulate_command
from deskmatch.cli.tradeoffs import alternatives_command, pareto_command, sensitivity_command, what_if_command
from deskmatch.cli.train import train_app
from deskmatch.errors import DeskmatchError
from deskmatch.formulations import Formulation, Plan, assign, fairness_report
from deskmatch.prediction.robust import Caution
from deskmatch.routing import Routing
from deskmatch.writing import check_writable, write_atomically

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"deskmatch {version('deskmatch')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Decide which waiting ticket goes to which expert, optimally and with a proof."""


class Format(StrEnum):
    """How a plan is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@app.command("assign")
def assign_command(
    tickets: Tickets,
    experts: Experts,
    routing: RoutingFile = None,
    resolution: ResolutionFile = None,
    resolution_file: Annotated[
        Path | None,
        typer.Option("--resolution-model", help="A model of resolution (deskmatch train resolution)."),
    ] = None,
    robust: Annotated[
        Caution | None, typer.Option("--robust", help="Count on less where the model of resolution knows little.")
    ] = None,
    topic_model: TopicModelFile = None,
    general_topic: GeneralTopic = None,
    general_below: GeneralBelow = None,
    text: TextColumn = "text",
    out: Annotated[Path | None, typer.Option("--out", help="Write the plan to this file, whole or not at all.")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="Default: the ending of --out, else a table.")] = None,
    deadline: Annotated[float | None, typer.Option("--deadline", help="Seconds in which an answer is wanted.")] = None,
    now: Now = None,
    method: Annotated[str, typer.Option("--method", help="auto, greedy, or a solver's name.")] = "auto",
    fairness: Annotated[
        bool, typer.Option("--fairness-report", help="Also tell how evenly the work is spread, and at what price.")
    ] = False,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Rows of the table that are shown; 0: all.")] = 20,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
    on_bad: OnBadRows = OnBad.RAISE,
) -> None:
    """Assign waiting tickets to experts."""
    with readable_errors():
        form = form or _format_of(out)
        if out is not None:
            check_writable(out)
        if resolution is not None and resolution_file is not None:
            fail("--resolution and --resolution-model: expected one of them")
        settings = Routing.load(routing)
        if topic_model is None and (general_topic is not None or general_below is not None):
            fail("--general-topic, --general-below: expected --topic-model beside them")
        waiting: Path | pd.DataFrame = tickets
        if topic_model is not None:
            waiting = topics_filled(tickets, topic_model, text, column, general_topic, general_below)
        epoch = read_epoch(waiting, experts, resolution, now, column, priority, proficiency_scale, on_bad)
        model = None if resolution_file is None else resolution_model(resolution_file, epoch)
        plan = assign(
            epoch, routing=settings, resolution=model, robust=robust, method=method, deadline_s=_positive(deadline)
        )
        text = _rendered(plan, form, rows if out is None else 0)
        if out is not None:
            write_atomically(out, text)
            typer.echo(f"{plan.summary()}\nwritten to {out}", err=True)
        else:
            # data is UTF-8 whatever the terminal is, a table is what the terminal can show
            typer.echo(text if form is Format.TABLE else text.encode(), nl=False)
        if fairness:
            typer.echo(f"\n{fairness_report(plan)}", err=out is not None or form is not Format.TABLE)
        typer.echo(intake_text(epoch) + settings_text(settings, epoch), err=True, nl=False)


@app.command()
def check(
    tickets: Tickets,
    experts: Experts,
    routing: RoutingFile = None,
    resolution: ResolutionFile = None,
    now: Now = None,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
) -> None:
    """Read and validate everything, and assign nothing."""
    with readable_errors():
        problems: list[str] = []
        settings = Routing()
        formulation = Formulation()
        try:
            settings = Routing.load(routing)
            formulation = Formulation(settings)
        except DeskmatchError as error:
            problems.append(error_text(error))
        try:
            epoch = read_epoch(tickets, experts, resolution, now, column, priority, proficiency_scale)
            problem = formulation.bind(epoch.desk).build(epoch).problem
        except DeskmatchError as error:
            problems.append(error_text(error))
        if problems:
            fail("\n".join(problems))
        kind = "a network" if problem.is_network else "an integer program (deskmatch describe says why)"
        typer.echo(f"ok: {epoch.n_tickets} tickets, {epoch.n_experts} experts, {problem.n_arcs} eligible pairs, {kind}")
        typer.echo(intake_text(epoch) + settings_text(settings, epoch), err=True, nl=False)


app.command()(explain)
app.command("evaluate")(evaluate_command)
app.command("what-if")(what_if_command)
app.command("pareto")(pareto_command)
app.command("sensitivity")(sensitivity_command)
app.command("alternatives")(alternatives_command)
app.command()(describe)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; must not hold any of the files.", metavar="DIR")],
    tickets: Annotated[int, typer.Option(min=0, help="Waiting tickets.")] = 120,
    experts: Annotated[int, typer.Option(min=1, help="Experts.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed makes the same desk.")] = 7,
    scenario: Annotated[
        bool, typer.Option("--scenario", help="Make a commented scenario.toml for deskmatch simulate instead.")
    ] = False,
) -> None:
    """Make a small realistic desk: three channels, ten languages, and a commented routing.toml."""
    with readable_errors():
        made = write_scenario(folder) if scenario else write_desk(folder, tickets=tickets, experts=experts, seed=seed)
        for path in made:
            typer.echo(path)


app.command("simulate")(simulate_command)
app.command("calibrate")(calibrate_command)
app.add_typer(train_app, name="train")


@app.command("warm-up")
def warm_up_command() -> None:
    """Compile the solver's kernels now, or load them from their cache: for services and container images."""
    from deskmatch.formulations.warming import warm_up

    kernels = warm_up()
    for name in kernels:
        typer.echo(f"ready: {name}")
    if not kernels:
        typer.echo("compilation is switched off; other methods answer")


def _rendered(plan: Plan, form: Format, rows: int) -> str:
    if form is Format.JSON:
        return plan.to_json() or ""
    if form is Format.CSV:
        return plan.to_csv() or ""
    return plan_text(plan, rows=rows)


def _format_of(out: Path | None) -> Format:
    """The format that the ending of a file's name stands for."""
    endings = {".json": Format.JSON, ".csv": Format.CSV, ".txt": Format.TABLE}
    if out is None:
        return Format.TABLE
    if out.suffix.lower() not in endings:
        fail(f"--out: found {str(out)!r}; expected a name that ends in {', '.join(endings)}, or --format beside it")
    return endings[out.suffix.lower()]


def _positive(deadline: float | None) -> float | None:
    if deadline is not None and not deadline > 0:
        fail(f"--deadline: found {deadline}; expected seconds > 0")
    return deadline
