"""Pictures of predictions beside what happened; need Matplotlib (the extra ``plot``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from deskmatch.errors import Defect, InputError
from deskmatch.prediction.measures import Bin

__all__ = ["draw_reliability"]

COLOURS = ("#1f6f8b", "#c8553d", "#588157", "#8a5a9e")


def draw_reliability(models: Mapping[str, Sequence[Bin]], path: str | Path) -> None:
    """Draw the share resolved over the mean prediction of each bin, with its 95 % interval; the diagonal is perfect.

    Parameters
    ----------
    models : the bins of each model by its name (`deskmatch.prediction.measures.reliability`).
    path : the file (.svg, .png).

    Raises
    ------
    InputError
        Where Matplotlib is not installed, or cannot write such a file.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        accepted = "a picture needs the extra: pip install 'deskmatch[plot]'"
        raise InputError([Defect(str(path), None, None, None, accepted)]) from None
    figure = Figure(figsize=(5.2, 5.0), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle="--", label="perfect")
    for number, (name, bins) in enumerate(models.items()):
        predicted, resolved = [each.predicted for each in bins], [each.resolved for each in bins]
        reach = [[each.resolved - each.low for each in bins], [each.high - each.resolved for each in bins]]
        colour = COLOURS[number % len(COLOURS)]
        axes.errorbar(predicted, resolved, yerr=reach, color=colour, marker="o", markersize=4, capsize=2, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="predicted", ylabel="resolved at first contact", aspect="equal")
    axes.grid(alpha=0.25)
    axes.legend(loc="upper left", frameon=False)
    try:
        figure.savefig(path, dpi=150)
    except ValueError as error:
        raise InputError([Defect(str(path), None, None, None, f"expected .svg or .png ({error})")]) from None
