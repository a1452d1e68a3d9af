"""Draw a plan: waiting tickets on the left, experts on the right, eligible pairs in grey, chosen ones in colour.

    python examples/plan_picture.py [TICKETS EXPERTS] [--out docs/images/plan.png]

Without tables it draws a small made-up desk (`deskmatch new`). Needs the extra ``plot``.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from deskmatch import Epoch, Plan, assign
from deskmatch.cli.new_desk import write_desk

COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#8d6a9f", "#c98b2b")


def main() -> None:
    """Read the arguments and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", help="tickets and experts (.csv)")
    parser.add_argument("--out", default="docs/images/plan.png")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tables = arguments.tables or write_desk(Path(folder), tickets=40, experts=16, seed=11)[:2]
        plan = assign(Epoch.from_tables(tables[0], tables[1]))
    draw(plan).savefig(arguments.out, dpi=150, bbox_inches="tight")


def draw(plan: Plan) -> plt.Figure:
    """The picture of a plan."""
    epoch = plan.model.epoch
    figure, axes = plt.subplots(figsize=(11, 7.5))
    left, right = _places(plan)
    _lines(axes, plan, left, right)
    _tickets(axes, plan, left)
    _experts(axes, plan, right)
    for code, channel in enumerate(epoch.desk.channels):
        axes.plot([], [], "o", color=COLOURS[code % len(COLOURS)], label=channel)
    axes.plot([], [], "-", color="#d9d9d9", label="eligible pair")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.04), ncol=9, frameon=False)
    axes.set_title(plan.summary().rsplit(" · ", 1)[0], pad=26, fontsize=11)
    axes.set_xlim(-0.42, 1.28)
    axes.axis("off")
    return figure


def _places(plan: Plan) -> tuple[dict[int, float], dict[int, float]]:
    """Heights of tickets and experts: experts in their order, tickets beside their expert, held ones last."""
    epoch, chosen = plan.model.epoch, plan.solution.expert_of
    experts = sorted(range(epoch.n_experts), key=lambda j: (not (chosen == j).any(), j))
    order = {expert: k for k, expert in enumerate(experts)}
    tickets = sorted(range(epoch.n_tickets), key=lambda i: (chosen[i] < 0, order.get(int(chosen[i]), 0), i))
    left = {ticket: 1 - k / max(len(tickets) - 1, 1) for k, ticket in enumerate(tickets)}
    right = {expert: 1 - (k + 0.5) / len(experts) for k, expert in enumerate(experts)}
    return left, right


def _lines(axes: Axes, plan: Plan, left: dict[int, float], right: dict[int, float]) -> None:
    problem, tickets = plan.model.problem, plan.model.epoch.tickets
    pairs = list(zip(problem.ticket.tolist(), problem.expert.tolist(), strict=True))
    eligible = [[(0, left[i]), (1, right[j])] for i, j in pairs]
    axes.add_collection(LineCollection(eligible, colors="#e3e3e3", linewidths=0.7))
    for (i, j), points in zip(pairs, problem.points, strict=True):
        if plan.solution.expert_of[i] == j:
            colour = COLOURS[tickets.channel[i] % len(COLOURS)]
            axes.plot([0, 1], [left[i], right[j]], "-", color=colour, linewidth=0.8 + 1.2 * min(points, 3), zorder=3)


def _tickets(axes: Axes, plan: Plan, left: dict[int, float]) -> None:
    epoch = plan.model.epoch
    why = dict(plan.held.itertuples(index=False))
    for i, name in enumerate(epoch.tickets.ids):
        held = name in why
        colour = COLOURS[epoch.tickets.channel[i] % len(COLOURS)]
        axes.plot(0, left[i], "o", color=colour, markersize=5, markerfacecolor="white" if held else colour, zorder=4)
        language = epoch.desk.languages[epoch.tickets.language[i]]
        topic = epoch.desk.topics[epoch.tickets.topic[epoch.tickets.topic_ptr[i]]]
        text = f"{name}  {language}  {topic}" + (f" — {_short(why[name])}" if held else "")
        axes.text(-0.015, left[i], text, ha="right", va="center", fontsize=6.5, color="#888888" if held else "black")


def _experts(axes: Axes, plan: Plan, right: dict[int, float]) -> None:
    epoch = plan.model.epoch
    for j, name in enumerate(epoch.desk.expert_ids):
        count = int((plan.solution.expert_of == j).sum())
        axes.plot(1, right[j], "s", color="black" if count else "#bbbbbb", markersize=5, zorder=4)
        languages = " ".join(x for x, speaks in zip(epoch.desk.languages, epoch.desk.speaks[j], strict=True) if speaks)
        text = f"{name}  tier {epoch.desk.tier[j]}  {languages}" + (f"  ({count})" if count else "  (nothing new)")
        axes.text(1.015, right[j], text, va="center", fontsize=7.5, color="black" if count else "#888888")


def _short(reason: str) -> str:
    return reason if len(reason) <= 34 else reason[:33] + "…"


if __name__ == "__main__":
    main()
