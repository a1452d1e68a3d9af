"""The commands, their arguments and their exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from deskmatch.cli.files import write_atomically
from deskmatch.cli.new_desk import write_desk
from deskmatch.cli.show import error_text, intake_text, plan_text
from deskmatch.epochs import Epoch
from deskmatch.errors import DeskmatchError
from deskmatch.formulations import Plan, assign
from deskmatch.routing import Routing

__all__ = ["app"]

app = typer.Typer(
    help="Decide which waiting ticket goes to which expert, optimally and with a proof.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Format(StrEnum):
    """How a plan is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Tickets = Annotated[Path, typer.Argument(help="Table of waiting tickets (.csv or .parquet).", metavar="TICKETS")]
Experts = Annotated[Path, typer.Argument(help="Table of experts (.csv or .parquet).", metavar="EXPERTS")]
RoutingFile = Annotated[Path | None, typer.Option("--routing", help="Settings of the desk (routing.toml).")]
ResolutionFile = Annotated[
    Path | None,
    typer.Option("--resolution", help="Pair table: ticket_id, expert_id, probability of resolution."),
]
Now = Annotated[str | None, typer.Option("--now", help="The instant, such as 2026-05-04T09:30 or …T09:30+02:00.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="Your name of a column, as expert_id=agent_id; may be repeated."),
]
Priorities = Annotated[
    list[str] | None,
    typer.Option("--priority", help="Importance of a value of the column priority, as P1=8; may be repeated."),
]
Scale = Annotated[
    float | None,
    typer.Option("--proficiency-scale", help="What proficiencies are counted up to (default 1; often 5 or 10)."),
]


@app.command("assign")
def assign_command(
    tickets: Tickets,
    experts: Experts,
    routing: RoutingFile = None,
    resolution: ResolutionFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the plan to this file, whole or not at all.")] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="Default: the ending of --out, else a table.")
    ] = None,
    deadline: Annotated[float | None, typer.Option("--deadline", help="Seconds in which an answer is wanted.")] = None,
    now: Now = None,
    method: Annotated[str, typer.Option("--method", help="auto, greedy, or a solver's name.")] = "auto",
    rows: Annotated[int, typer.Option("--rows", min=0, help="Rows of the table that are shown; 0: all.")] = 20,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
) -> None:
    """Assign waiting tickets to experts."""
    with _readable_errors():
        epoch = _read(tickets, experts, resolution, now, column, priority, proficiency_scale)
        plan = assign(epoch, routing=Routing.load(routing), method=method, deadline_s=_positive(deadline))
        text = _rendered(plan, form or _format_of(out), rows)
        if out is not None:
            write_atomically(out, text)
            typer.echo(f"{plan.summary()}\nwritten to {out}", err=True)
        else:
            typer.echo(text, nl=False)
        typer.echo(intake_text(epoch), err=True, nl=False)


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
    with _readable_errors():
        problems: list[str] = []
        try:
            Routing.load(routing)
        except DeskmatchError as error:
            problems.append(error_text(error))
        try:
            epoch = _read(tickets, experts, resolution, now, column, priority, proficiency_scale)
        except DeskmatchError as error:
            problems.append(error_text(error))
        if problems:
            _fail("\n".join(problems))
        typer.echo(f"ok: {epoch.n_tickets} tickets, {epoch.n_experts} experts; {epoch.desk}")
        typer.echo(intake_text(epoch), err=True, nl=False)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; must not hold any of the files.", metavar="DIR")],
    tickets: Annotated[int, typer.Option(min=0, help="Waiting tickets.")] = 120,
    experts: Annotated[int, typer.Option(min=1, help="Experts.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed makes the same desk.")] = 7,
) -> None:
    """Make a small realistic desk: three channels, ten languages, and a commented routing.toml."""
    with _readable_errors():
        for path in write_desk(folder, tickets=tickets, experts=experts, seed=seed):
            typer.echo(path)


def _read(
    tickets: Path,
    experts: Path,
    resolution: Path | None,
    now: str | None,
    columns: list[str] | None,
    priority: list[str] | None,
    proficiency_scale: float | None,
) -> Epoch:
    return Epoch.from_tables(
        tickets,
        experts,
        resolution=resolution,
        now=now,
        columns=_pairs("--column", columns),
        priority={key: _number("--priority", value) for key, value in _pairs("--priority", priority).items()} or None,
        proficiency_scale=proficiency_scale,
    )


def _rendered(plan: Plan, form: Format, rows: int) -> str:
    if form is Format.JSON:
        return plan.to_json() or ""
    if form is Format.CSV:
        return plan.to_csv() or ""
    return plan_text(plan, rows=rows)


def _format_of(out: Path | None) -> Format:
    endings = {".json": Format.JSON, ".csv": Format.CSV}
    return endings.get(out.suffix.lower(), Format.TABLE) if out is not None else Format.TABLE


def _pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not (equals and key.strip() and value.strip()):
            _fail(f"{option}: found {text!r}; expected NAME=VALUE")
        pairs[key.strip()] = value.strip()
    return pairs


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        _fail(f"{option}: found {text!r}; expected a number, as in P1=8")


def _positive(deadline: float | None) -> float | None:
    if deadline is not None and not deadline > 0:
        _fail(f"--deadline: found {deadline}; expected seconds > 0")
    return deadline


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Our own errors as text and exit code 2; so is a file that cannot be read or written."""
    try:
        yield
    except DeskmatchError as error:
        _fail(error_text(error))
    except OSError as error:
        _fail(f"{error.filename or 'file'}: {error.strerror or error}")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(2)
