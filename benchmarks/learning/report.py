"""Judges what has been trained, and writes the page and the picture of the learning curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from benchmarks.learning.desks import DESKS, TrainingDesk
from benchmarks.learning.learners import LEARNERS
from benchmarks.machine import environment
from deskmatch.learning import Scored, Scorer, SmallDesk, evaluate, optimum, tabulate
from deskmatch.learning.judging import points_per_ticket

__all__ = ["write_report"]

SEED = 4242
"""Customers of the comparison: neither those that were learned from nor those by which learners were judged."""
HEAD = """# What the learners reach

Made by `python -m benchmarks.learning`, which also makes the weights in `benchmarks/learning/weights/`; see
[learning](../learning.md) for what is learned and how. Figures are points of the scenario's reward for each ticket
that arrived, with expected resolutions. All policies of a table see the same customers, who are neither those that
were learned from nor those by which the best of the seeds was chosen; ± is half of a paired 95 % interval.

"""

TAIL = """## What to make of it

- Holding tickets is what there is to be found on the N-model: no policy that never idles can earn what the optimum
  does. All five seeds of Q-learning and all five of MaskablePPO find it, within 28,000 transitions. MaskablePPO that
  never idles ends where its clone began, as there is nothing better for it to find.
- It takes a learner that looks ahead a few minutes only. With a memory of 600 s and more and a trace of 0.95, three of
  five seeds of MaskablePPO ended where their clones began. What kept them back was chance, not the network: measured on
  15,000 decisions of a softened clone, holding a plain ticket while one generalist is free is worth 0.10 to 0.15
  points, and the advantage of one decision varies by 2.8 points (standard deviation) at 600 s and 0.95, by 1.3 at 200 s
  and 0.5, as the settings are now.
- Q-learning is less steady on larger desks: on the small desk of the track two of three seeds fall far below their
  clone before they rise above it, and on forty experts it stays below its clone on all looks, so that
  what is kept there, and used on four hundred, *is* the clone. More transitions, and a temperature that falls, are to
  be tried next.
- On forty experts MaskablePPO comes to what the best rule earns and not above it: the gain over its clone on the
  customers of the looks does not show on others. The same scorer earns as much as the rule on four hundred experts, who
  were never trained with. The clone that Q-learning keeps does not carry over: it loses nearly everything there.
- Tried, and left out. Plain double Q-learning, also fitted to 39,000 decisions with 512 of them in a step, stays below
  its clone: values that are off by 0.1 point change what is chosen in most states, where those that keep near the last
  policy average such errors out. Rewards less what each ticket that comes is worth at best: they vary more (2.8 → 4.0
  points at 300 s), as many dear tickets are lost whatever is done. What arrives in excess of what was expected, as a
  control variate of the critic's errors: it explains a quarter of their variance. Two runs with the same customers that
  differ in one decision: their difference varies by 0.6 points at 200 s, but costs fifty decisions. An evolution
  strategy on a linear scorer ended below its clone after 60,000 transitions.
- `learn_values`, which learns values for look-ahead matching, draws 6,000 states from the runs of each policy, some
  60,000 in all with six candidates, each with all the events that could come next: as much as one or two seeds here.
"""


def write_report(directory: Path, docs: Path | None, *, replications: int, desks: list[str] | None = None) -> str:
    """The page as text; where `docs` is given, page and picture are written there.

    Parameters
    ----------
    directory : of the weights and curves.
    docs : the folder of the pages; None: nothing is written.
    replications : of the comparison.
    desks : which of them; None: all that something is trained for.
    """
    parts = [HEAD + environment(("numpy", "torch", "sb3-contrib", "optuna")) + "\n"]
    curves = {name: _curves(directory, desk) for name, desk in DESKS.items() if desk.weights_of is None}
    for name, desk in DESKS.items():
        if curves[desk.weights_of or name] and (desks is None or name in desks):
            parts.append(_table(directory, desk, replications))
    parts += [_budget(name, found) for name, found in curves.items() if found]
    page = "\n".join([*parts, TAIL])
    if docs is not None:
        (docs / "benchmarks" / "learning.md").write_text(page, encoding="utf-8")
        draw({name: found for name, found in curves.items() if found}, docs / "images" / "learning_curves.svg")
    return page


def _curves(directory: Path, desk: TrainingDesk) -> dict[str, Any]:
    paths = {name: directory / f"{desk.name}-{name}.json" for name in LEARNERS}
    return {name: json.loads(path.read_text("utf-8")) for name, path in paths.items() if path.exists()}


def _table(directory: Path, desk: TrainingDesk, replications: int) -> str:
    scenario = desk.scenario(desk.judged_h)
    earned = {
        name: points_per_ticket(rule, scenario, replications=replications, seed=SEED)
        for name, rule in desk.rules.items()
    }
    for name in LEARNERS:
        path = directory / f"{desk.weights_of or desk.name}-{name}.npz"
        if path.exists():
            policy = Scored.of(Scorer.load(path), scenario)
            earned[name] = points_per_ticket(policy, scenario, replications=replications, seed=SEED)
    best = max(desk.rules, key=lambda name: float(earned[name].mean()))
    exact = _exact(desk, best)
    lines = [f"## {desk.title}", ""]
    lines.append(f"{replications} runs of {desk.judged_h:g} hours, {scenario.n_experts} experts.")
    if desk.weights_of:
        lines[-1] += f" The weights are those of {DESKS[desk.weights_of].title.lower()}, used as they are."
    lines += ["", "| | points a ticket | over the best rule |" + (" of the optimum |" if exact else "")]
    lines += ["|---|---:|---:|" + ("---:|" if exact else "")]
    for name, points in earned.items():
        title = LEARNERS[name].title if name in LEARNERS else f"rule: {name}"
        row = f"| {title} | {points.mean():.4f} | {_difference(points - earned[best])} |"
        if exact:
            share = (exact[0] + float((points - earned[best]).mean())) / exact[1]
            row += f" {100 * share:.1f} % |"
            if name in LEARNERS:
                _note(directory / f"{desk.name}-{name}.json", share)
        lines.append(row)
    if exact:
        lines += [
            "",
            f"Exactly: the best rule {exact[0]:.4f}, the best policy that never lets anybody idle beside work ",
        ]
        lines[-1] += (
            f"{exact[2]:.4f}, the optimum {exact[1]:.4f}. Shares of the optimum are the exact value of the best rule "
        )
        lines[-1] += "and the simulated difference to it, over the optimum."
    return "\n".join(lines) + "\n"


def _note(path: Path, share: float) -> None:
    """Keep with the curves what `benchmarks.learning.contestants` tells of a learner."""
    about = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**about, "share_of_optimum": round(share, 4)}, indent=1) + "\n", encoding="utf-8")


def _exact(desk: TrainingDesk, rule: str) -> tuple[float, float, float] | None:
    """Points a ticket of the rule, of the optimum, and of the work-conserving optimum."""
    if not desk.exact:
        return None
    small = SmallDesk.of(desk.scenario(desk.judged_h))
    best, busy = optimum(small), optimum(small, idling=False)
    own = evaluate(tabulate(small, desk.rules[rule]))
    return own.per_ticket, best.performance.per_ticket, busy.performance.per_ticket


def _difference(pairs: NDArray[np.float64]) -> str:
    if not pairs.any():
        return "–"
    half = float(student.ppf(0.975, len(pairs) - 1) * pairs.std(ddof=1) / len(pairs) ** 0.5)
    return f"{pairs.mean():+.4f} ± {half:.4f}"


def _budget(name: str, curves: dict[str, Any]) -> str:
    title = DESKS[name].title
    lines = [f"## Budget: {title}", ""]
    lines += ["| | transitions of a seed | seeds | trials | their transitions | processor minutes | settings |"]
    lines += ["|---|---:|---:|---:|---:|---:|---|"]
    for learner, found in curves.items():
        settings = ", ".join(f"{key} {value:.3g}" for key, value in found["settings"].items())
        last = [curve["transitions"][-1] for curve in found["curves"]]
        lines.append(
            f"| {LEARNERS[learner].title} | {max(last):,} | {len(last)} | {len(found['trials'])} |"
            f" {found['trial_transitions']:,} | {found['processor_s'] / 60:.0f} | {settings} |"
        )
    lines += ["", "Points a ticket of each seed at its best look, where learners are judged:", ""]
    for learner, found in curves.items():
        seeds = ", ".join(f"{max(curve['points']):.4f}" for curve in found["curves"])
        start = np.mean([curve["points"][0] for curve in found["curves"]])
        lines.append(f"- {LEARNERS[learner].title}: {seeds}; the clones it began with: {start:.4f}")
    return "\n".join(lines) + "\n"


def draw(curves: dict[str, dict[str, Any]], path: Path) -> None:
    """Points a ticket against transitions: each seed thin, their median thick."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "deskmatch"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(5 * len(curves), 3.6), squeeze=False, layout="constrained")
    for axis, (name, found) in zip(axes[0], curves.items(), strict=True):
        for number, (learner, own) in enumerate(found.items()):
            colour = f"C{number}"
            ends = min(curve["transitions"][-1] for curve in own["curves"])
            grid = np.linspace(0, ends, 21)
            lines = [np.interp(grid, curve["transitions"], curve["points"]) for curve in own["curves"]]
            for line in lines:
                axis.plot(grid / 1000, line, color=colour, linewidth=0.6, alpha=0.5)
            axis.plot(grid / 1000, np.median(lines, axis=0), color=colour, linewidth=2, label=LEARNERS[learner].title)
        axis.set(title=DESKS[name].title, xlabel="thousand transitions", ylabel="points a ticket")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="upper left")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
