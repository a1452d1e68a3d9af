"""What each expert serves on each day, as far as a log shows it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.calibration.contact_log import ContactLog, Ending

__all__ = ["skill_sets", "skills_of"]

FEW = 0.25
"""Who serves a type less than this often, relative to how often it comes, helps out with it: no skill to count on."""
ENOUGH = 5.0
"""Contacts of a type that an expert of all skills would have had on a day, from which on the day speaks for itself."""


def skills_of(log: ContactLog) -> NDArray[np.bool_]:
    """``(experts, days, types)`` what each expert serves on each day.

    Desks log their people in for lines that change from day to day. An expert serves a type on a day on which there are
    at least `FEW` as many contacts of it among the own as among those of all; where a day has too few to tell, it is as
    over all days. Everybody serves what makes up most of the own contacts.
    """
    rows = np.flatnonzero((log.ending == Ending.ANSWERED) & (log.expert >= 0))
    day = log.day_of(log.queued_s[rows])
    counts = np.zeros((len(log.experts), log.days, len(log.types)))
    np.add.at(counts, (log.expert[rows], day, log.type[rows]), 1)
    on_day = counts.sum(axis=0)
    share = on_day / np.maximum(on_day.sum(axis=1, keepdims=True), 1)
    usual = counts.sum(axis=2, keepdims=True) * share
    whole, expected = counts.sum(axis=1), usual.sum(axis=1)
    always = (whole >= np.maximum(FEW * expected, 2)) | (whole == whole.max(axis=1, keepdims=True))
    found = np.where(usual >= ENOUGH, counts >= FEW * usual, always[:, None, :])
    return np.asarray(found | ((counts == counts.max(axis=2, keepdims=True)) & (counts > 0)))


def skill_sets(skills: NDArray[np.bool_], worked: NDArray[np.bool_]) -> list[tuple[int, NDArray[np.bool_], list[int]]]:
    """Experts with what they serve and the days on which it is that, the most frequent set of each expert first.

    Parameters
    ----------
    skills : ``(experts, days, types)``.
    worked : ``(experts, days)``; other days belong to no set.
    """
    found = []
    for expert, own in enumerate(skills):
        days: dict[bytes, list[int]] = {}
        for day in np.flatnonzero(worked[expert]).tolist():
            days.setdefault(own[day].tobytes(), []).append(day)
        found += [(expert, own[each[0]], each) for each in sorted(days.values(), key=len, reverse=True)]
    return found
