"""The page of the track: tables and pictures from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.policies.simulated import LOOKING_AHEAD, RULES
from benchmarks.policies.small import shares

__all__ = ["draw_small", "named_table", "random_table", "reading", "simulated_tables", "verdicts"]

ON_SMALL = (
    "work-conserving optimum", "best reserve", "greedy", "matching, same points", "fluid prices", "policy improvement",
    "tuned improvement", "learned values", "best look-ahead",
)  # fmt: skip


def named_table(results: Sequence[dict[str, Any]]) -> str:
    """Points a ticket on the canonical designs."""
    lines = [
        "| desk | load | optimum | best work-conserving policy | best static rule | with reserves | greedy |"
        " fluid prices | policy improvement | tuned | of the way to the optimum |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in results:
        gap = each["optimum"] - each["best static rule"]
        way = (
            (each["tuned improvement"] - each["best static rule"]) / gap if gap > 1e-3 * abs(each["optimum"]) else None
        )
        names = ("optimum", "work-conserving optimum", "best static rule", "best reserve", "greedy", "fluid prices",
                 "policy improvement", "tuned improvement")  # fmt: skip
        values = " | ".join("–" if np.isnan(each[name]) else f"{each[name]:.4f}" for name in names)
        told = "–" if way is None or np.isnan(way) else f"{way:.0%}"
        lines.append(f"| {each['desk']} | {each['load']:g} | {values} | {told} |")
    return "\n".join(lines)


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


def simulated_tables(results: Sequence[dict[str, Any]]) -> str:
    """Reward against the best rule, the way to the bound, every indicator, and decision times."""
    parts = []
    for each in results:
        best = each["best rule"]
        base, bound = np.array(each["reward"][best]), np.array(each["bounds"])
        room = bound.sum() - base.sum()
        parts += [
            f"### {each['desk']}, load {each['load']:g}",
            "",
            f"Best rule: {best}. Clairvoyant bound: {bound.mean():.1f} points, {room / abs(base.sum()):.0%} above it.",
            "",
            "| contestant | reward − best rule | of the way to the bound | resolved at first contact | abandoned |"
            " mean wait, s | 95th percentile, s | Jain | decision, ms: median, 99 % |",
            "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
        for name, indicators in each["indicators"].items():
            mean, half = each["to best rule"][name]
            way = (np.array(each["reward"][name]) - base).sum() / room
            took = each["decision_ms"].get(name)
            parts.append(
                f"| {name} | {mean:+.2f} ± {half:.2f} | {way:+.0%} | {indicators['first_contact_resolution']:.1%} |"
                f" {indicators['abandonment']:.1%} | {indicators['wait_s']:.0f} | {indicators['wait_p95_s']:.0f} |"
                f" {indicators['jain']:.3f} | {'' if took is None else f'{took[0]:.1f}, {took[1]:.1f}'} |"
            )
        parts.append("")
    return "\n".join(parts)


def verdicts(results: Sequence[dict[str, Any]], margin: float = 0.002) -> str:
    """Whether each look-ahead is non-inferior to every rule: the lower end of its one-sided 97.5 % interval."""
    lines = ["| desk | load | " + " | ".join(LOOKING_AHEAD) + " |", "|---|---:|" + "---|" * len(LOOKING_AHEAD)]
    for each in results:
        cells = []
        for name in LOOKING_AHEAD:
            own = np.array(each["reward"][name])
            worst = np.inf
            for rule in RULES:
                pairs = own - np.array(each["reward"][rule])
                half = stats.t.ppf(0.975, len(pairs) - 1) * pairs.std(ddof=1) / np.sqrt(len(pairs))
                worst = min(worst, pairs.mean() - half + margin * abs(np.mean(each["reward"][rule])))
            mean, half = each["to best rule"][name]
            word = (
                "better"
                if mean > half
                else "non-inferior"
                if worst >= 0
                else "not shown"
                if mean + half >= 0
                else "worse"
            )
            cells.append(word)
        lines.append(f"| {each['desk']} | {each['load']:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


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
