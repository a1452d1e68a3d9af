"""The picture of docs/servicenow.md: the queue with the chosen instants, and the gains. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from servicenow_compare import Interval, Moment
from servicenow_tables import waiting_count

__all__ = ["draw"]

QUEUE, CHOSEN, OTHER, OWN = "#5b7a99", "#c2410c", "#0f766e", "#a3a3a3"
#: The same run writes the same file: no date, no random ids, text as text.
REPRODUCIBLE: Any = {"svg.hashsalt": "deskmatch", "svg.fonttype": "none", "font.size": 9, "date.converter": "concise"}


def draw(
    log: pd.DataFrame, moments: Sequence[Moment], gains: Sequence[tuple[str, Interval, Interval]], path: Path
) -> None:
    """Draw both panels into a file; `gains` holds a name, the gain by the other model and the gain by the own one."""
    with mpl.rc_context(REPRODUCIBLE):
        figure = Figure(figsize=(9.0, 6.2), layout="constrained")
        above, below = figure.subplots(2, 1, height_ratios=(1.0, 1.0))
        draw_queue(above, log, moments)
        draw_gains(below, gains)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def draw_queue(axes: Any, log: pd.DataFrame, moments: Sequence[Moment]) -> None:
    """Waiting incidents over time, with the instants for which a plan was made."""
    opened = log["sys_updated_at"][~log.duplicated("number")]
    hours = pd.date_range(opened.min().ceil("h"), opened.max(), freq="3h")
    axes.plot(hours, waiting_count(log, hours), color=QUEUE, linewidth=1)
    now = [moment.now for moment in moments]
    axes.plot(now, [moment.epoch.n_tickets for moment in moments], "o", color=CHOSEN, label="a plan was made")
    axes.set(title="Incidents waiting for a person", ylabel="incidents", ylim=(0, None))
    tidy(axes)
    axes.legend(frameon=False)


def draw_gains(axes: Any, gains: Sequence[tuple[str, Interval, Interval]]) -> None:
    """Gain with interval under both models, one line a history."""
    for row, (_, other, own) in enumerate(gains):
        bar(axes, row - 0.12, other, OTHER, "by the other model" if row == 0 else None)
        bar(axes, row + 0.12, own, OWN, "by the model that planned" if row == 0 else None)
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(gains)), [name for name, _, _ in gains])
    axes.invert_yaxis()
    axes.set(title="Gain of the plan over reality", ylabel="histories of the models")
    axes.set_xlabel("probability of resolution, mean and 95 % interval")
    tidy(axes)
    axes.legend(frameon=False)


def bar(axes: Any, height: float, interval: Interval, colour: str, label: str | None) -> None:
    """A point with its interval."""
    reach = [[interval.value - interval.low], [interval.high - interval.value]]
    axes.errorbar([interval.value], [height], xerr=reach, fmt="o", color=colour, capsize=3, label=label)


def tidy(axes: Any) -> None:
    """No box around the panel, its title on the left."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(axes.get_title(), loc="left", fontweight="bold")
    axes.set_title("")
