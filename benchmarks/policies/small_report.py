"""Tables and picture of the small desks, from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.policies.small import shares

__all__ = ["draw_small", "named_table", "random_table", "reading", "strictly_better"]

ON_SMALL = (
    "work-conserving optimum", "best reserve", "greedy", "matching, same points", "fluid prices", "policy improvement",
    "tuned improvement", "learned values", "best look-ahead",
)  # fmt: skip


def named_table(results: Sequence[dict[str, Any]]) -> str:
    """Points a ticket on the canonical designs, and how far the best look-ahead is on the way to the optimum."""
    names = ("optimum", "work-conserving optimum", "best static rule", "best reserve", "greedy", "fluid prices",
             "policy improvement", "tuned improvement", "learned values")  # fmt: skip
    lines = [
        f"| desk | load | {' | '.join(names)} | best look-ahead, of the way |",
        "|---|---:|" + "---:|" * (len(names) + 1),
    ]
    for each in results:
        gap = each["optimum"] - each["best static rule"]
        ahead = each["best look-ahead"] - each["best static rule"]
        told = f"{ahead / gap:.0%}" if gap > 1e-3 * abs(each["optimum"]) and not np.isnan(ahead) else "–"
        values = " | ".join(_points(each.get(name)) for name in names)
        lines.append(f"| {each['desk']} | {each['load']:g} | {values} | {told} |")
    return "\n".join(lines)


def _points(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.4f}"


def strictly_better(results: Sequence[dict[str, Any]], least: float = 0.01, margin: float = 0.002) -> str:
    """On how many desks look-ahead beats the best static rule where there is something to win, in a sentence."""
    more = [(each["best look-ahead"] - each["best static rule"]) / abs(each["best static rule"]) for each in results]
    room = [(each["optimum"] - each["best static rule"]) / abs(each["best static rule"]) for each in results]
    won = [own for own, left in zip(more, room, strict=True) if left > least]
    return (
        f"The optimum leaves more than {least:.0%} above the best static rule on {len(won)} of {len(results)} desks,"
        f" drawn at random and canonical ones together; the best look-ahead is strictly better than the rule on"
        f" {sum(own > 1e-9 for own in won)} of these. On all {len(results)} it is non-inferior (margin {margin:.1%}) on"
        f" {sum(own >= -margin for own in more)}."
    )


def random_table(results: list[dict[str, Any]]) -> str:
    """Of the way from the best static rule to the optimum, over desks drawn at random."""
    lines = ["| contestant | ratio of sums | mean of ratios | least | desks |", "|---|---:|---:|---:|---:|"]
    for name in ON_SMALL:
        own = shares(results, name)
        if not len(own):
            continue
        low, high = _bootstrap(own)
        ratios = own[:, 0] / own[:, 1]
        whole = own[:, 0].sum() / own[:, 1].sum()
        way = f"{whole:.0%} ({low:.0%} to {high:.0%})"
        lines.append(f"| {name} | {way} | {ratios.mean():.0%} | {ratios.min():.0%} | {len(own)} |")
    return "\n".join(lines)


def reading(results: list[dict[str, Any]], goal: float = 0.6) -> str:
    """The picture in words: who closes how much of the gap, and on how many desks a look-ahead loses to the rule."""
    parts = []
    for name in ("policy improvement", "learned values", "best look-ahead"):
        own = shares(results, name)
        if len(own):
            whole, worse = own[:, 0].sum() / own[:, 1].sum(), int((own[:, 0] < -1e-9).sum())
            reached = "reaches" if whole >= goal else "misses"
            parts.append(
                f"*{name.capitalize()}* {reached} the goal of {goal:.0%} of the way with {whole:.0%},"
                f" and is worse than the best static rule on {worse} of {len(own)} desks."
            )
    return " ".join(parts)


def _bootstrap(own: Any) -> tuple[float, float]:
    """95 % interval of a ratio of sums over desks."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, len(own), (2000, len(own)))
    ratios = own[rows, 0].sum(axis=1) / own[rows, 1].sum(axis=1)
    return float(np.quantile(ratios, 0.025)), float(np.quantile(ratios, 0.975))


def draw_small(results: list[dict[str, Any]], path: Path) -> None:
    """Each contestant's way to the optimum on each desk drawn at random."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    names = [name for name in ON_SMALL if len(shares(results, name))]
    figure, axes = plt.subplots(figsize=(8.5, 4.2), layout="constrained")
    rng = np.random.default_rng(0)
    for row, name in enumerate(names):
        own = shares(results, name)
        ratios = np.clip(own[:, 0] / own[:, 1], -1.0, 1.0)
        place = len(names) - 1 - row
        axes.plot(ratios, place + rng.uniform(-0.16, 0.16, len(ratios)), "o", color="#3b6ea5", alpha=0.55, markersize=5)
        whole = max(own[:, 0].sum() / own[:, 1].sum(), -1.0)
        axes.plot([whole, whole], [place - 0.32, place + 0.32], color="#b5482f", linewidth=2.5)
    axes.axvline(0, color="0.6", linewidth=0.8)
    axes.axvline(1, color="0.6", linewidth=0.8)
    axes.set_yticks(range(len(names)), names[::-1])
    axes.set_xlim(-1.05, 1.05)
    axes.set_xlabel("way from the best static rule (0) to the exact optimum (1); −1 stands for less")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=130)
    plt.close(figure)
