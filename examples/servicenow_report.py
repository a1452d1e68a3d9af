"""What examples/servicenow.py prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rich.table import Table
from servicenow_compare import Interval, Moment, discrimination, really, rows_of_real

from deskmatch import Plan

__all__ = [
    "Comparison",
    "about",
    "table_next_to_reality",
    "table_of_gains",
    "table_of_models",
    "table_of_plans",
    "table_of_tickets",
    "what_the_model_knows",
]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the table of gains: the mean gain under the other model and under the planner's own.

    `most` is the largest gain of any one shuffle, under the other model.
    """

    name: str
    tickets: int
    gain: Interval
    own_gain: Interval
    most: float | None = None


def about(log: pd.DataFrame, found: int, wanted: int) -> str:
    """What was read, and whether it has as many busy instants as were asked for."""
    first, last = log["sys_updated_at"].min(), log["sys_updated_at"].max()
    text = f"{len(log):,} changes of {log['number'].nunique():,} incidents, {first:%Y-%m-%d} to {last:%Y-%m-%d}."
    return text if found == wanted else f"{text}\nOnly {found} of {wanted} instants have enough past."


def table_of_plans(moments: Sequence[Moment], plans: Sequence[Plan]) -> Table:
    """Queue, arcs, time and proof of each plan that is made with all that was known."""
    columns = "instant, waiting, experts, arcs, outcomes, assigned, held, solve, in all, points, gap, status"
    table = titled("Plans, each with a model of all outcomes known by then", columns)
    for moment, plan in zip(moments, plans, strict=True):
        assigned = int((plan.solution.expert_of >= 0).sum())
        table.add_row(
            f"{moment.now:%d %b %H:%M}",
            str(moment.epoch.n_tickets),
            str(moment.epoch.n_experts),
            f"{plan.model.problem.n_arcs:,}",
            f"{len(moment.outcomes):,}",
            str(assigned),
            str(moment.epoch.n_tickets - assigned),
            f"{plan.solution.elapsed_s * 1e3:.1f} ms",
            f"{plan.elapsed_s * 1e3:.0f} ms",
            f"{plan.objective:.2f}",
            f"{plan.gap:g}",
            str(plan.status),
        )
    return table


def table_next_to_reality(moments: Sequence[Moment], plans: Sequence[Plan]) -> Table:
    """How the plan's choice of a person compares with who really got the tickets that the plan assigned."""
    columns = "instant, planned, same person, other eligible, other not eligible, not on the roster, median wait"
    table = titled("What really happened to the tickets that the plan assigned", columns)
    for moment, plan in zip(moments, plans, strict=True):
        kinds = kinds_of_choice(moment, plan)
        table.add_row(
            f"{moment.now:%d %b %H:%M}",
            str(len(kinds)),
            *(str(int((kinds == kind).sum())) for kind in ("same", "eligible", "not eligible", "off")),
            f"{moment.after['wait_s'][kinds.index].median() / 86_400:.1f} days",
        )
    return table


def kinds_of_choice(moment: Moment, plan: Plan) -> pd.Series:
    """``same``, ``eligible``, ``not eligible`` or ``off`` for the real person of each ticket that the plan assigned."""
    problem, chosen, real = plan.model.problem, plan.solution.expert_of, rows_of_real(moment)
    ticket = np.repeat(np.arange(moment.epoch.n_tickets), np.diff(problem.indptr))
    allowed = np.bincount(ticket, problem.expert == real[ticket], moment.epoch.n_tickets) > 0
    kind = np.where(real < 0, "off", np.where(real == chosen, "same", np.where(allowed, "eligible", "not eligible")))
    return pd.Series(kind, index=list(moment.epoch.tickets.ids))[chosen >= 0]


def table_of_tickets(moments: Sequence[Moment], plans: Sequence[Plan], rows: int) -> Table:
    """Tickets of the busiest instant that waited longest, with the planned and the real person."""
    moment, plan = max(zip(moments, plans, strict=True), key=lambda pair: pair[0].epoch.n_tickets)
    columns = "ticket, topic, waited, planned, got it, after, and"
    table = titled(f"Longest waiting on {moment.now:%d %b %H:%M}, planned and real", columns)
    tickets, planned = moment.epoch.tickets, plan.expert_of
    assigned = [row for row in np.argsort(-tickets.waited_s, kind="stable").tolist() if tickets.ids[row] in planned]
    for row in assigned[:rows]:
        after = moment.after.iloc[row]
        table.add_row(
            tickets.ids[row],
            moment.epoch.desk.topics[int(tickets.topic[tickets.topic_ptr[row]])],
            f"{tickets.waited_s[row] / 86_400:.1f} days",
            planned[tickets.ids[row]],
            "nobody" if pd.isna(after["expert_id"]) else str(after["expert_id"]),
            "" if pd.isna(after["wait_s"]) else f"{after['wait_s'] / 86_400:.1f} days",
            ending(after),
        )
    return table


def ending(after: pd.Series) -> str:
    """What became of a ticket, in two words."""
    if pd.isna(after["resolved"]):
        return "not known"
    return "resolved" if after["resolved"] else "moved on or reopened"


def table_of_models(frame: pd.DataFrame) -> Table:
    """Mean probabilities of resolution, by the model that did not plan."""
    columns = "tickets that both assign, incidents, plan, reality, drawn at random, same person"
    table = titled("Probability of resolution, by the model that did not plan", columns)
    for name, rows in (("all", frame), ("real person eligible", frame[frame["eligible"]])):
        means = (f"{rows[column].mean():.3f}" for column in ("plan", "real", "random"))
        table.add_row(name, str(rows["ticket_id"].nunique()), *means, f"{rows['same'].mean():.1%}")
    return table


def table_of_gains(lines: Sequence[Comparison]) -> Table:
    """Gain of the plan over reality with 95 % intervals."""
    columns = "history of the models, incidents, by the other model, highest, by the planning model"
    table = titled("Gain of the plan over reality, in probability of resolution", columns)
    for line in lines:
        most = "" if line.most is None else f"{line.most:+.3f}"
        table.add_row(line.name, str(line.tickets), str(line.gain), most, str(line.own_gain))
    return table


def what_the_model_knows(moments: Sequence[Moment], rng: np.random.Generator) -> str:
    """How far the expectation of the model agrees with what became of the waiting tickets."""
    frame = really(moments)
    got = pd.concat([moment.after for moment in moments])
    got = got[~got.index.duplicated()].dropna(subset=["expert_id"])
    area = discrimination(frame, rng)
    late, resolved, expected = got["while_open"].eq(False).mean(), frame["resolved"].mean(), frame["expected"].mean()
    return (
        f"Of {len(got)} incidents that waited, {late:.0%} have no person on record until they are resolved.\n"
        f"Of {len(frame)} others, {resolved:.0%} were resolved by the next person on record; the model expected "
        f"{expected:.0%}.\nIt tells the two apart with an area under the ROC curve of {area.value:.3f} "
        f"[{area.low:.3f}, {area.high:.3f}]."
    )


def titled(title: str, columns: str) -> Table:
    """An empty table, its columns given as "one, two, three"; the first is text, the others are set to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for position, name in enumerate(columns.split(", ")):
        table.add_column(name, justify="left" if position == 0 else "right")
    return table
