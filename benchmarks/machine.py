"""What figures were measured on, in a line, and how they are written."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["environment", "spread"]


def environment(packages: Iterable[str]) -> str:
    """Processor, cores, system, and the versions of Python and of those `packages` that are installed."""
    versions = ", ".join(f"{name} {found}" for name in packages if (found := _version(name)))
    return f"{cpu()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {versions}."


def cpu() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def spread(times: ArrayLike, unit: float, digits: int) -> str:
    """The median of `times` with the quartiles, in units of 1 / `unit`."""
    low, middle, high = (float(q) * unit for q in np.quantile(times, [0.25, 0.5, 0.75]))
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
