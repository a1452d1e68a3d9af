"""``deskmatch explain``: why a ticket goes where it goes, and what every alternative would cost."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from typing import Annotated, Any

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
    read_epoch,
    readable_errors,
)
from deskmatch.cli.show import intake_text, ranking_text
from deskmatch.formulations import Plan, assign
from deskmatch.routing import Routing

__all__ = ["explain"]


class Format(StrEnum):
    """How an explanation is written."""

    TABLE = "table"
    JSON = "json"


def explain(
    tickets: Tickets,
    experts: Experts,
    ticket: Annotated[str, typer.Option("--ticket", help="The ticket that is asked about.", metavar="ID")],
    expert: Annotated[
        str | None, typer.Option("--expert", help="Why not this expert? Default: the best ones.", metavar="ID")
    ] = None,
    routing: RoutingFile = None,
    resolution: ResolutionFile = None,
    now: Now = None,
    k: Annotated[int, typer.Option("--k", min=1, help="How many experts are ranked.")] = 5,
    form: Annotated[Format, typer.Option("--format", help="How the answer is written.")] = Format.TABLE,
    column: Columns = None,
    priority: Priorities = None,
    proficiency_scale: Scale = None,
) -> None:
    """Say why a ticket goes where it goes: the best experts and what each would cost, or why not this one."""
    with readable_errors():
        epoch = read_epoch(tickets, experts, resolution, now, column, priority, proficiency_scale)
        plan = assign(epoch, routing=Routing.load(routing))
        if form is Format.JSON:
            answer = _ranking(plan, ticket, k) if expert is None else plan.why_not(ticket, expert).to_dict()
            typer.echo(json.dumps(answer, indent=2, ensure_ascii=False, allow_nan=False))
        else:
            typer.echo(_told(plan, ticket, k) if expert is None else f"{plan.why_not(ticket, expert)}\n", nl=False)
        typer.echo(intake_text(epoch), err=True, nl=False)


def _told(plan: Plan, ticket: str, k: int) -> str:
    """The ranking as text, and what stands between the ticket and the first two experts."""
    ranked = plan.top_experts(ticket, k=k)
    text = f"{_place(plan, ticket)}\n"
    if ranked.empty:
        return text
    others = ranked.loc[ranked["now"] != "assigned", "expert_id"].head(2)
    reasons = "".join(f"\n{plan.why_not(ticket, expert)}\n" for expert in others)
    return f"{text}\n{ranking_text(ranked)}{reasons}"


def _place(plan: Plan, ticket: str) -> str:
    """Where the ticket is in the plan, and what holding it would lose."""
    loss = plan.loss_if_held(ticket)
    if ticket in plan.expert_of:
        return f"{ticket} goes to {plan.expert_of[ticket]}; to hold it would lose {loss:.4f} points of the total"
    return f"{ticket} is held: {_reason(plan, ticket)}"


def _reason(plan: Plan, ticket: str) -> str | None:
    held = plan.held
    reasons = held.loc[held["ticket_id"] == ticket, "reason"]
    return None if reasons.empty else str(reasons.iloc[0])


def _ranking(plan: Plan, ticket: str, k: int) -> dict[str, Any]:
    """The ranking as plain values; None stands for an infinite loss."""
    rows = plan.top_experts(ticket, k=k).to_dict(orient="records")
    return {
        "ticket_id": ticket,
        "expert_id": plan.expert_of.get(ticket),
        "reason": _reason(plan, ticket),
        "loss_if_held": _finite(plan.loss_if_held(ticket)),
        "experts": [row | {"loss": _finite(row["loss"])} for row in rows],
    }


def _finite(loss: float) -> float | None:
    return None if math.isinf(loss) else loss
