"""Pictures of a comparison and of a simulated day; they need matplotlib (the extra ``plot``)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deskmatch.errors import ContractError, DeskmatchError
from deskmatch.simulation.engine.records import Outcome
from deskmatch.simulation.settings import DAY_S

if TYPE_CHECKING:
    from deskmatch.simulation.comparison import Comparison
    from deskmatch.simulation.run import Run

__all__ = ["draw_comparison", "draw_day"]

USUAL = ("wait_s", "service_level", "abandonment", "preventable", "occupancy", "reward")
STEP_S = 900.0
"""Width of the intervals of a day."""


def draw_comparison(comparison: Comparison, path: Path, indicators: Sequence[str] = ()) -> None:
    """One panel an indicator: its mean and interval under each policy."""
    chosen = [*indicators] or [name for name in USUAL if name in comparison.indicators]
    if len(chosen) > 9:
        raise ContractError(f"indicators: found {len(chosen)}; expected at most 9")
    columns = min(3, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = figure_of(3.6 * columns, 0.9 * rows + 0.45 * rows * len(comparison.policies))
    for number, name in enumerate(chosen):
        axes = figure.add_subplot(rows, columns, number + 1)
        for at, policy in enumerate(reversed(comparison.policies)):
            own = comparison.of(policy, name)
            axes.errorbar(own.mean, at, xerr=np.nan_to_num(own.halfwidth), fmt="o", capsize=4, color=f"C{at}")
        labels = list(reversed(comparison.policies)) if number % columns == 0 else [""] * len(comparison.policies)
        axes.set_yticks(range(len(comparison.policies)), labels)
        axes.set_ylim(-0.6, len(comparison.policies) - 0.4)
        axes.set_title(name.replace("_", " "), fontsize=10)
        axes.grid(axis="x", alpha=0.3)
    figure.savefig(path, dpi=130)


def draw_day(run: Run, path: str | Path, *, day: int = 0) -> None:
    """A simulated day in intervals of a quarter of an hour: tickets in the system, arrivals and losses, waits.

    Parameters
    ----------
    run : what happened.
    path : the file; its ending says which format.
    day : which day of the run, from 0.
    """
    start = day * DAY_S
    edges = start + np.arange(round(DAY_S / STEP_S) + 1) * STEP_S
    rows = run.rows[run.rows["outcome"] != Outcome.AWAY]
    end = np.where(np.isnan(rows["ended"]), np.inf, rows["ended"])
    begun = np.where(np.isnan(rows["started"]), end, rows["started"])
    hours = (edges[:-1] + STEP_S / 2 - start) / 3600.0
    figure = figure_of(9.0, 7.0)
    panels = [figure.add_subplot(3, 1, number + 1) for number in range(3)]
    waiting, serving = (_mean_inside(low, high, edges) for low, high in ((rows["entered"], begun), (begun, end)))
    panels[0].stackplot(hours, serving, waiting, labels=("in service", "waiting"), colors=("C0", "C1"), alpha=0.85)
    panels[0].set_ylabel("tickets")
    arrived = np.histogram(rows["entered"], edges)[0]
    lost = np.isin(rows["outcome"], (Outcome.ABANDONED, Outcome.BALKED, Outcome.BLOCKED, Outcome.REDIAL))
    panels[1].bar(hours, arrived, width=STEP_S / 3600 * 0.9, color="C0", label="contacts that came")
    panels[1].bar(hours, np.histogram(end[lost], edges)[0], width=STEP_S / 3600 * 0.9, color="C3", label="lost")
    panels[1].set_ylabel(f"contacts in {STEP_S / 60:.0f} min")
    for code, name in enumerate(run.scenario.channels):
        own = np.array([each.settings.channel == name for each in run.scenario.types])[rows["type"]]
        which = np.digitize(rows["entered"][own], edges) - 1
        inside = (which >= 0) & (which < len(hours)) & np.isfinite(begun[own])
        sums = np.bincount(which[inside], (begun - rows["entered"])[own][inside], minlength=len(hours))
        count = np.bincount(which[inside], minlength=len(hours))
        mean = np.divide(sums, count, out=np.full(len(hours), np.nan), where=count > 0)
        panels[2].plot(hours, mean / 60.0, ".-", color=f"C{code}", label=name)
    panels[2].set_ylabel("mean wait, min")
    panels[2].set_xlabel("hour of the day")
    for axes in panels:
        axes.set_xlim(0, 24)
        axes.set_xticks(range(0, 25, 2))
        axes.grid(alpha=0.25)
        axes.legend(loc="upper right", fontsize=8)
    panels[0].set_title(f"{run.scenario.tables.name}, day {day}, {run.policy}")
    figure.savefig(path, dpi=130)


def _mean_inside(begin: Any, end: Any, edges: Any) -> Any:
    """Mean number of stretches of time that cover each interval."""
    means = [np.clip(np.minimum(end, high) - np.maximum(begin, low), 0.0, None).sum() for low, high in pairwise(edges)]
    return np.array(means) / np.diff(edges)


def figure_of(width: float, height: float) -> Any:
    """An empty figure that needs no display."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise DeskmatchError("pictures need matplotlib: pip install 'deskmatch[plot]'") from None
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
