"""The picture of docs/tuning.md: what a quota and a reserve cost. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from deskmatch.formulations.pictures import CHOSEN, MAIN, drawn, tidy

__all__ = ["draw_prices"]


def draw_prices(shares: pd.DataFrame, slots: pd.DataFrame, path: Path) -> None:
    """Points lost and tickets assigned, by the parameter of each constraint."""

    def fill(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        panel(left, 100 * shares["share"], shares, "first-line tickets among the specialists', at most %", "A quota")
        panel(right, slots["slots"], slots, "specialists' places that stay free", "A reserve")

    drawn(fill, path, (10.0, 3.8))


def panel(axes: Any, x: pd.Series, frame: pd.DataFrame, label: str, title: str) -> None:
    """One constraint: its price on the left axis, the tickets on the right one."""
    axes.plot(x, frame["price"], "o-", color=CHOSEN, label="price")
    axes.set(xlabel=label, ylim=(0, None))
    axes.set_ylabel("points lost", color=CHOSEN)
    other = axes.twinx()
    other.plot(x, frame["assigned"], "s--", color=MAIN, markersize=4, label="assigned")
    other.set_ylabel("tickets assigned", color=MAIN)
    other.spines[["top"]].set_visible(False)
    tidy(axes, title)
    axes.spines[["right"]].set_visible(True)
