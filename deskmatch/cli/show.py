"""What a person reads in a terminal: plans, notes and errors."""

from __future__ import annotations

import shutil
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deskmatch.epochs import Epoch
from deskmatch.errors import DeskmatchError
from deskmatch.formulations import DEFAULT_TERMS, Formulation, Plan
from deskmatch.formulations.constraints import TicketFilter
from deskmatch.routing import Routing
from deskmatch.solver import Status

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["error_text", "intake_text", "plan_text", "ranking_text", "settings_text"]

NARROW = 40


def plan_text(plan: Plan, *, rows: int) -> str:
    """A plan with its certificate, its best pairs with their terms, and why the others wait.

    Parameters
    ----------
    plan : the plan.
    rows : how many pairs are shown, best first; 0: all.
    """
    return _drawn(Group(_certificate(plan), _pairs(plan, rows), _held(plan), *_constraints(plan)))


def intake_text(epoch: Epoch) -> str:
    """What was counted while the tables were read, a line each; empty where nothing was."""
    return "".join(f"note: {count} × {what}\n" for what, count in epoch.intake.notes.items() if count)


def ranking_text(ranked: pd.DataFrame) -> str:
    """The frame of `Plan.top_experts`, without the terms that are zero throughout."""
    terms = [name for name in ranked.columns[3:-2] if ranked[name].abs().max() >= 0.0005]
    table = Table("expert", "now", box=None, header_style="bold", pad_edge=False)
    for name in ("loss", "points", *terms):
        table.add_column(name, justify="right")
    columns = ["expert_id", "now", "free_in_s", "loss", "points", *terms]
    for expert, now, free_in_s, *values in ranked[columns].itertuples(index=False):
        state = f"{now}, free in {free_in_s:.0f} s" if now == "busy" else now
        table.add_row(str(expert), state, *(f"{value:.3f}" for value in values))
    return _drawn(table)


def settings_text(routing: Routing, epoch: Epoch) -> str:
    """Settings that nothing on this desk answers to, a line each: often misspelt names."""
    terms = {term.name for term in DEFAULT_TERMS}
    lines = [
        f"note: channels.{name}: no expert and no ticket has this channel\n" for name in routing.unused(epoch.desk)
    ]
    lines += [f"note: weights.{name}: no term has this name\n" for name in routing.weights.named() if name not in terms]
    return "".join(lines) + _constraint_notes(routing, epoch)


def _constraint_notes(routing: Routing, epoch: Epoch) -> str:
    """Names in constraints that nothing on this desk answers to, a line each."""
    lines: list[str] = []
    for name, rule in Formulation(routing).named_constraints.items():
        filters = [getattr(rule, side, None) for side in ("tickets", "experts")]
        channel = getattr(rule, "channel", None)
        filters += [] if channel is None else [TicketFilter(channel=channel)]
        unknown = [one for some in filters if some is not None for one in some.unknown(epoch.desk)]
        lines += [f"note: constraints, {name}: the desk has no {one}\n" for one in dict.fromkeys(unknown)]
    return "".join(lines)


def error_text(error: DeskmatchError) -> str:
    """An error as it is printed."""
    return str(error)


def _certificate(plan: Plan) -> RenderableType:
    certificate = plan.certificate
    lines = [plan.summary()]
    if certificate.objective is not None and certificate.proven_bound is not None:
        lines.append(
            f"certificate: every rule is kept; {certificate.objective:.6f} points, and no plan has more than"
            f" {certificate.proven_bound:.6f} (gap {plan.gap:.3g}, proof: {certificate.proof})"
        )
    colour = "green" if plan.status is Status.OPTIMAL else "yellow"
    return Panel(Text("\n".join(lines)), title="plan", title_align="left", border_style=colour)


def _pairs(plan: Plan, rows: int) -> RenderableType:
    frame = plan.assignments.sort_values("points", ascending=False, kind="stable")
    if frame.empty:
        return Text("no ticket is assigned\n" if len(plan.held) else "")
    terms = [name for name in frame.columns[3:] if frame[name].abs().max() >= 0.0005]
    table = Table("ticket", "expert", box=None, header_style="bold", pad_edge=False)
    for name in ("points", *terms):
        table.add_column(name, justify="right")
    shown = frame if rows == 0 else frame.head(rows)
    for row in shown[["ticket_id", "expert_id", "points", *terms]].itertuples(index=False):
        table.add_row(str(row[0]), str(row[1]), *(f"{value:.3f}" for value in row[2:]))
    hidden = len(frame) - len(shown)
    more = Text(f"… and {hidden} more (--rows 0 shows all)\n" if hidden else "", style="dim")
    return Group(table, more)


def _held(plan: Plan) -> RenderableType:
    if plan.held.empty:
        return Text("every ticket is assigned" if len(plan.assignments) else "no ticket is waiting")
    table = Table(f"held: {len(plan.held)}", "why", "such as", box=None, header_style="bold", pad_edge=False)
    examples = plan.held_by_reason()
    for reason, tickets in examples.items():
        table.add_row(str(len(tickets)), reason, ", ".join(tickets[:3]) + (" …" if len(tickets) > 3 else ""))
    return table


def _constraints(plan: Plan) -> list[RenderableType]:
    """How tight each constraint is; where they contradict one another, which do."""
    if plan.status is Status.INFEASIBLE:
        return [Text(f"\n{conflict}") if (conflict := plan.conflict()) else Text("")]
    frame = plan.constraints
    if frame.empty:
        return []
    table = Table("constraint", box=None, header_style="bold", pad_edge=False)
    for name in ("rules", "tight", "missed", "points lost"):
        table.add_column(name, justify="right")
    for name in dict.fromkeys(frame["constraint"]):
        rules = frame[frame["constraint"] == name]
        missed = int((rules["missed"] > 0).sum())
        table.add_row(name, str(len(rules)), str(int(rules["tight"].sum())), str(missed), f"{rules['cost'].sum():.3f}")
    return [Text(""), table]


def _drawn(content: RenderableType) -> str:
    """Text as wide as the terminal; with colours only where one is attached."""
    import sys

    width = max(shutil.get_terminal_size((110, 40)).columns, NARROW)
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=sys.stdout.isatty(),
        highlight=False,
        markup=False,  # ids may hold brackets
        emoji=False,
    )
    console.print(content)
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"
