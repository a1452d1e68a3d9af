"""The bank's call centre as a desk of the track: a weekday morning of the twin that is learned from its log."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from deskmatch.epochs import Desk
from deskmatch.simulation import Scenario
from deskmatch.simulation.calibration import calibrate, read_anonymous_bank

__all__ = ["bank_day", "bank_is_there", "pooled"]

LAST_DAYS = 7
"""Days of the log that the twin is not fitted on (docs/calibration.md holds it against them)."""


def bank_is_there() -> bool:
    """Whether `DESKMATCH_DATA` leads to the log."""
    return bool(_log())


def bank_day() -> dict[str, Any]:
    """The twin's tables, from the midnight of a Monday on."""
    return _twin().to_dict()


@cache
def _twin() -> Scenario:
    log = read_anonymous_bank(_log()[0])
    return calibrate(log.between(0, log.days - LAST_DAYS), name="bank")


def _log() -> list[Path]:
    folder = os.environ.get("DESKMATCH_DATA")
    return sorted((Path(folder) / "anonymous_bank").glob("calls_*.csv.gz")) if folder else []


def pooled(desk: Desk, scenario: Scenario) -> Desk:
    """The desk with a group for all experts who may serve the same queues: the twin has one for each expert.

    Parameters
    ----------
    desk : as policies see it.
    scenario : of which it is.
    """
    able = scenario.eligible[:, scenario.group_of].T
    pool = np.unique(able, axis=0, return_inverse=True)[1].reshape(-1)
    return replace(desk, features={**desk.features, "group": np.array([f"pool {number}" for number in pool])})
