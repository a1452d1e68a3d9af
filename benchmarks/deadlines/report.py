"""The page and the picture of the deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Measured", "draw", "page"]

ALLOWED_S = 0.02
HEAD = """# Deadlines: measured

`python -m benchmarks.deadlines` decided {count:,} mixed epochs, each side log-uniform from 5 to 2,000, with 10 %, 30 %
or all of the topics known to an expert, before deadlines of 20 to 500 ms, while {busy}.
In a tenth of them a quota of a tier makes an integer program, in a tenth the resolution model takes ten seconds, and in
a tenth it raises. What is promised stands on the page about [deadlines](../deadlines.md).

{machine}

![How late plans are, by deadline: the share of plans over the milliseconds past the deadline](../images/deadlines.svg)
"""


@dataclass(frozen=True)
class Measured:
    """One epoch, decided.

    Parameters
    ----------
    kind, arcs, deadline_s : the epoch.
    took_s : from the call to the plan.
    kernel_s : the exact solve without a deadline; None where the problem is no network.
    status : of the plan.
    is_whole : whether all pairs were looked at.
    feasible : whether it keeps every rule.
    gap : proven, as a share of the bound; None where none is.
    """

    kind: str
    arcs: int
    deadline_s: float
    took_s: float
    kernel_s: float | None
    status: str
    is_whole: bool
    feasible: bool
    gap: float | None

    @property
    def late_s(self) -> float:
        """Seconds past the deadline; negative: before it."""
        return self.took_s - self.deadline_s


def page(found: list[Measured], hogs: int, load: float, machine: str) -> str:
    """The page as Markdown."""
    own = f"{hogs} processes that only count" if hogs else "other work"
    busy = f"{own} kept the machine busy\n(load average {load:.1f} at the end, this one included)"
    late = np.array([one.late_s for one in found]) * 1e3
    lines = [HEAD.format(count=len(found), busy=busy, machine=machine), _table(found)]
    p50, p95, p99, most = (*np.percentile(late, [50, 95, 99]), late.max())
    lines.append(
        f"Past the deadline: median {p50:.1f} ms, 95th percentile {p95:.1f} ms, **99th percentile {p99:.1f} ms**, "
        f"worst {most:.1f} ms (20 ms are allowed at the 99th percentile; negative: before the deadline). "
        f"{sum(one.feasible for one in found):,} of {len(found):,} plans keep every rule."
    )
    easy = [one for one in found if one.kernel_s is not None and one.kernel_s <= one.deadline_s / 3]
    sure = sum(one.status == "optimal" for one in easy)
    lines.append(
        f"Of the {len(easy):,} epochs whose kernel takes at most a third of the deadline, {sure:,} come back proven "
        f"optimal: **{100 * sure / max(1, len(easy)):.1f} %** (95 % are wanted)."
    )
    lines.append(_missed(easy))
    return "\n\n".join(lines) + "\n"


def _table(found: list[Measured]) -> str:
    head = ["deadline, ms", "epochs", "median ms late", "99 % ms late", "worst", "proven optimal", "all pairs seen"]
    rows = ["| " + " | ".join(head) + " |", "|" + "---:|" * len(head)]
    for deadline in sorted({one.deadline_s for one in found}):
        some = [one for one in found if one.deadline_s == deadline]
        late = np.array([one.late_s for one in some]) * 1e3
        cells = [f"{deadline * 1e3:.0f}", f"{len(some)}", f"{np.median(late):.1f}", f"{np.percentile(late, 99):.1f}"]
        cells += [
            f"{late.max():.1f}",
            _share(some, "optimal"),
            f"{100 * np.mean([one.is_whole for one in some]):.0f} %",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _share(some: list[Measured], status: str) -> str:
    return f"{100 * np.mean([one.status == status for one in some]):.0f} %"


def _missed(easy: list[Measured]) -> str:
    """What became of the easy epochs that are not proven optimal."""
    missed = [one for one in easy if one.status != "optimal"]
    if not missed:
        return "None of them was missed."
    thinned = sum(not one.is_whole for one in missed)
    return (
        f"Of the {len(missed)} others, {thinned} had no time to build all pairs, and in {len(missed) - thinned} the "
        "kernel was late on the busy machine; their median deadline was "
        f"{np.median([one.deadline_s for one in missed]) * 1e3:.0f} ms."
    )


def draw(found: list[Measured], path: Path) -> None:
    """The distribution of lateness for each deadline, as steps that rise to 1."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    for deadline in sorted({one.deadline_s for one in found}):
        late = np.sort([one.late_s for one in found if one.deadline_s == deadline]) * 1e3
        axes.step(late, _steps(late), where="post", label=f"{deadline * 1e3:.0f} ms")
    axes.axvline(ALLOWED_S * 1e3, color="black", linestyle=":", linewidth=1)
    axes.text(ALLOWED_S * 1e3, 0.02, " allowed for 1 in 100", rotation=90, va="bottom", ha="right", fontsize=8)
    axes.axhline(0.99, color="black", linestyle=":", linewidth=1)
    axes.set_xlim(-60, 40)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel("milliseconds past the deadline (before it: proven optimal, or nothing left to try)")
    axes.set_ylabel("share of plans")
    axes.legend(title="deadline", loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.arange(1, len(values) + 1) / max(1, len(values)))
