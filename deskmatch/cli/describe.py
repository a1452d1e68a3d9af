"""``deskmatch describe``: the mathematics of a desk's settings, and of one epoch."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from deskmatch.cli.options import (
    Columns,
    Now,
    Priorities,
    ResolutionFile,
    RoutingFile,
    Scale,
    fail,
    read_epoch,
    readable_errors,
)
from deskmatch.cli.show import settings_text
from deskmatch.formulations import Formulation
from deskmatch.routing import Routing

__all__ = ["describe"]


class Format(StrEnum):
    """How a description is written."""

    TEXT = "text"
    JSON = "json"


def describe(
    tickets: Annotated[
        Path | None,
        typer.Argument(help="Table of waiting tickets; with it, the problem is sized.", metavar="[TICKETS]"),
    ] = None,
    experts: Annotated[Path | None, typer.Argument(help="Table of experts.", metavar="[EXPERTS]")] = None,
    routing: RoutingFile = None,
    resolution: ResolutionFile = None,
    now: Now = None,
    form: Annotated[Format, typer.Option("--format", help="How the description is written.")] = Format.TEXT,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
) -> None:
    """Show what is maximised, and under which constraints: formulas, parameters, sizes, network or integer program."""
    with readable_errors():
        if (tickets is None) != (experts is None):
            fail("describe: expected both tables, TICKETS and EXPERTS, or none")
        settings = Routing.load(routing)
        epoch = None
        if tickets is not None and experts is not None:
            epoch = read_epoch(tickets, experts, resolution, now, column, priority, proficiency_scale)
        told = Formulation(settings).describe(epoch)
        if form is Format.JSON:
            typer.echo(json.dumps(told.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
        else:
            typer.echo(str(told))
        if epoch is not None:
            typer.echo(settings_text(settings, epoch), err=True, nl=False)
