"""Pictures of the simulated desks: differences to the best rule, and resolution against waiting."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.policies.equal_wait import BASE, BESIDE, FACTORS
from benchmarks.policies.equal_wait import DESKS as EQUAL_WAIT_DESKS
from benchmarks.policies.results import Results, series
from benchmarks.policies.statistics import REWARD, best_rule, difference

__all__ = ["draw_track", "draw_waits"]

DRAWN = {"matching": "#9a9a9a", "policy improvement": "#3b6ea5", "learned values": "#b5482f"}
AT_MOST = 40.0
"""Percent; what is farther away is drawn at the edge."""


def draw_track(results: Results, path: Path) -> None:
    """Difference to the best rule in percent with its interval, a row for each desk and load."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    places = results.places("track")
    figure, axes = plt.subplots(figsize=(8.5, 1.2 + 0.27 * len(places)), layout="constrained")
    shifts = np.linspace(0.22, -0.22, len(DRAWN))
    widest = 1.0
    for (name, colour), shift in zip(DRAWN.items(), shifts, strict=True):
        rows, means, halves = [], [], []
        for row, (desk, load) in enumerate(places):
            found = results.of("track", desk, load)
            if name in found:
                base = found[best_rule(found)]
                scale = 100 / abs(float(series(base, REWARD).mean()))
                own = difference(found[name], base)
                rows.append(len(places) - 1 - row + shift)
                means.append(own.mean * scale)
                halves.append(own.halfwidth * scale)
        if rows:
            drawn = np.clip(means, -AT_MOST, AT_MOST)
            axes.errorbar(drawn, rows, xerr=halves, fmt="o", color=colour, markersize=4, linewidth=1.2, label=name)
            widest = max(widest, float(np.abs(drawn).max() + max(halves)))
    axes.axvline(0, color="0.5", linewidth=0.8)
    axes.set_yticks(range(len(places)), [f"{desk}, {load:g}" for desk, load in places][::-1])
    axes.set_xlim(-min(widest, AT_MOST) - 1, min(widest, AT_MOST) + 1)
    axes.set_xlabel("reward against the best rule of each place, % (paired 95 % interval)")
    axes.grid(axis="x", color="0.92")
    axes.set_axisbelow(True)
    axes.legend(loc="lower left", frameon=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def draw_waits(results: Results, path: Path) -> None:
    """First-contact resolution against mean wait: the sweep of a look-ahead as a line, rules as points."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    desks = [desk for desk in EQUAL_WAIT_DESKS if results.of("equal wait", desk)]
    figure, panels = plt.subplots(1, max(len(desks), 1), figsize=(9, 3.4), layout="constrained", squeeze=False)
    for axes, desk in zip(panels[0], desks, strict=False):
        found = results.of("equal wait", desk)
        at = {
            name: (series(each, "wait_s").mean(), 100 * series(each, "first_contact_resolution").mean())
            for name, each in found.items()
        }
        swept = np.array([at[str(factor)] for factor in FACTORS if str(factor) in at])
        if len(swept):
            axes.plot(*swept.T, "o-", color="#3b6ea5", markersize=4, label="look-ahead, price of time swept")
        for name, marker in zip(BESIDE, "sD^", strict=True):
            if name in at:
                axes.plot(*at[name], marker, color="#b5482f" if name == BASE else "0.45", label=name)
        if BASE in at:
            axes.axvline(at[BASE][0], color="0.8", linewidth=0.8, zorder=0)
        axes.set_title(desk, fontsize=10)
        axes.set_xlabel("mean wait, s")
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    panels[0][0].set_ylabel("resolved at first contact, %")
    if desks:
        panels[0][0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=130)
    plt.close(figure)
