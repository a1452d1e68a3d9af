"""What every picture shares: matplotlib, loaded when one is drawn, and files that come out alike each time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["CHOSEN", "MAIN", "QUIET", "drawn", "tidy"]

MAIN, CHOSEN, QUIET = "#1b6ca8", "#c2410c", "#9aa5b1"

REPRODUCIBLE: Any = {"svg.hashsalt": "deskmatch", "svg.fonttype": "none", "font.size": 9}
"""The same plan draws the same file: no date, no random ids, text as text."""


def drawn(draw: Callable[[Any], None], path: str | Path | None, size: tuple[float, float]) -> Any:
    """A figure, and its file where a path is given.

    Parameters
    ----------
    draw : fills the figure.
    path : ends in .svg, .png or .pdf; None: no file.
    size : width and height in inches.

    Raises
    ------
    ImportError
        Where matplotlib is not installed; it comes with the extra ``plot``.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:  # pragma: no cover - the tests have it or skip
        raise ImportError("pictures need matplotlib: pip install 'deskmatch[plot]'") from error
    with mpl.rc_context(REPRODUCIBLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        if path is not None:
            figure.savefig(path, metadata={"Date": None} if Path(path).suffix == ".svg" else None, dpi=150)
    return figure


def tidy(axes: Any, title: str) -> None:
    """No box around the panel, its title on the left."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontweight="bold")
