"""``deskmatch what-if``, ``pareto``, ``sensitivity``, ``alternatives``: what a plan depends on, what else there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskmatch.cli.options import (
    Columns,
    Experts,
    Now,
    Priorities,
    ResolutionFile,
    RoutingFile,
    Scale,
    Tickets,
    fail,
    pairs,
    read_epoch,
    readable_errors,
)
from deskmatch.cli.show import intake_text
from deskmatch.formulations import Plan, alternatives, assign, pareto, sensitivity
from deskmatch.routing import Routing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["alternatives_command", "pareto_command", "sensitivity_command", "what_if_command"]


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


Form = Annotated[Format, typer.Option("--format", help="How the answer is written.")]


def what_if_command(
    tickets: Tickets,
    experts: Experts,
    routing: RoutingFile = None,
    with_routing: Annotated[
        Path | None, typer.Option("--with-routing", help="Other settings (routing.toml), which replace all.")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="One other setting, as weights.waiting=2; may be repeated.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="An expert who is not there; may be repeated.", metavar="ID")
    ] = None,
    add_like: Annotated[
        list[str] | None, typer.Option("--add-like", help="One more, idle expert, as NEW=E12: like E12.")
    ] = None,
    add_experts: Annotated[
        Path | None, typer.Option("--add-experts", help="Table of further experts (.csv or .parquet).")
    ] = None,
    resolution: ResolutionFile = None,
    now: Now = None,
    form: Form = Format.TABLE,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
) -> None:
    """Compare the plan with the one under other settings or with another roster: every term, and who goes elsewhere."""
    with readable_errors():
        if with_routing is not None and changes:
            fail("--with-routing, --set: expected one of them: --with-routing replaces all settings")
        if add_like and add_experts is not None:
            fail("--add-like, --add-experts: expected one of them")
        if not (with_routing or changes or add_like or add_experts or remove):
            fail("what-if: expected --set, --with-routing, --remove, --add-like or --add-experts")
        plan = _planned(tickets, experts, routing, resolution, now, column, priority, proficiency_scale)
        told = plan.what_if(
            routing=with_routing if with_routing is not None else _nested(changes),
            add_experts=add_experts if add_experts is not None else pairs("--add-like", add_like) or None,
            remove_experts=tuple(remove or ()),
        )
        answer = {"summary": told.summary(), "terms": _records(told.terms), "moves": _records(told.moves)}
        _write(str(told), answer, form, plan)


def pareto_command(
    tickets: Tickets,
    experts: Experts,
    objective: Annotated[
        list[str] | None,
        typer.Option("--objective", help="points, assigned, fairness or a term; two or more."),
    ] = None,
    points: Annotated[int, typer.Option("--points", min=2, help="At most so many plans.")] = 9,
    at_least: Annotated[int | None, typer.Option("--at-least", help="Tickets that each plan must assign.")] = None,
    time_limit: Annotated[float, typer.Option("--time-limit", help="Seconds for integer programs together.")] = 10.0,
    picture: Annotated[Path | None, typer.Option("--picture", help="Draw into this file (.svg, .png, .pdf).")] = None,
    routing: RoutingFile = None,
    resolution: ResolutionFile = None,
    now: Now = None,
    form: Form = Format.TABLE,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
) -> None:
    """Show plans of which none is better in everything than another; default: resolution, waiting, fairness."""
    with readable_errors():
        epoch = read_epoch(tickets, experts, resolution, now, column, priority, proficiency_scale)
        front = pareto(
            epoch,
            objectives=objective or ("resolution", "waiting", "fairness"),
            points=points,
            routing=Routing.load(routing),
            at_least=at_least,
            time_limit_s=time_limit,
        )
        if picture is not None:
            _draw(front.picture, picture)
        answer = {"plans": _records(front.frame), "gap": front.gap, "gap_proven": front.gap_proven}
        _write(str(front), answer, form, front.plans[0])


def sensitivity_command(
    tickets: Tickets,
    experts: Experts,
    routing: RoutingFile = None,
    resolution: ResolutionFile = None,
    now: Now = None,
    form: Form = Format.TABLE,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
) -> None:
    """Show how far each weight may move before another plan is better, and what one more slot is worth."""
    with readable_errors():
        plan = _planned(tickets, experts, routing, resolution, now, column, priority, proficiency_scale)
        found = sensitivity(plan)
        answer = {"weights": _records(found.weights), "slots": _records(found.slots), "note": found.note}
        _write(str(found), answer, form, plan)


def alternatives_command(
    tickets: Tickets,
    experts: Experts,
    k: Annotated[int, typer.Option("--k", min=1, help="How many plans.")] = 5,
    routing: RoutingFile = None,
    resolution: ResolutionFile = None,
    now: Now = None,
    form: Form = Format.TABLE,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
) -> None:
    """Show the best plans in order, and whether the best one is the only one."""
    with readable_errors():
        plan = _planned(tickets, experts, routing, resolution, now, column, priority, proficiency_scale)
        found = alternatives(plan, k)
        answer = {"unique": found.unique, "proven": found.proven, "plans": _records(found.frame)}
        _write(str(found), answer, form, plan)


def _planned(
    tickets: Path,
    experts: Path,
    routing: Path | None,
    resolution: Path | None,
    now: str | None,
    column: list[str] | None,
    priority: list[str] | None,
    proficiency_scale: float | None,
) -> Plan:
    """The plan of the tables that a command was given."""
    epoch = read_epoch(tickets, experts, resolution, now, column, priority, proficiency_scale)
    return assign(epoch, routing=Routing.load(routing))


def _nested(changes: list[str] | None) -> dict[str, Any] | None:
    """``weights.waiting=2`` as ``{"weights": {"waiting": 2.0}}``."""
    nested: dict[str, Any] = {}
    for key, text in pairs("--set", changes).items():
        *path, last = key.split(".")
        at = nested
        for part in path:
            at = at.setdefault(part, {})
        at[last] = _value(text)
    return nested or None


def _value(text: str) -> object:
    """A number or true and false where the text is one, as in TOML."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain values; what is infinite or unknown becomes None."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return rows


def _write(text: str, answer: Mapping[str, Any], form: Format, plan: Plan) -> None:
    told = json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False) if form is Format.JSON else text
    typer.echo(told)
    typer.echo(intake_text(plan.model.epoch), err=True, nl=False)


def _draw(draw: Any, path: Path) -> None:
    """Draw into a file; without matplotlib, or with a wrong ending, say so."""
    try:
        draw(path)
    except (ImportError, ValueError) as error:
        fail(f"--picture: {error}")
    typer.echo(f"picture: {path}", err=True)
