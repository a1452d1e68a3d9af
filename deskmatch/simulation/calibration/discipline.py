"""The routing really used, as far as a log shows it: head starts of classes of contacts over each other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.calibration.contact_log import ContactLog, Ending
from deskmatch.simulation.calibration.skills import skills_of

__all__ = ["Discipline", "head_starts", "infer_discipline", "no_discipline"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STEP_S, MOST_S = 10.0, 600.0
PAIRS = 300_000
FEW = 30
"""Pairs below which a class has no head start of its own."""
TURNS = 8


class Discipline(NamedTuple):
    """A rule, first come first served but for head starts.

    Parameters
    ----------
    head_start_s : ``(classes,)`` by which customers count as having come earlier; the least is 0.
    overtaken : share of the pairs in which who counts as having waited longer was served later, with these head starts.
    without : the same without any.
    pairs : how often a customer was seen to wait while another was taken.
    """

    head_start_s: Floats
    overtaken: float
    without: float
    pairs: int


def no_discipline(log: ContactLog) -> Discipline:
    """First come, first served, where nothing is seen of the order."""
    return Discipline(np.zeros(len(log.class_names())), float("nan"), float("nan"), 0)


def infer_discipline(log: ContactLog) -> Discipline:
    """Head starts at which the order of service breaks first come, first served least often.

    Looked at are pairs of customers: one who was taken from the queue by an expert, and one who went on waiting then
    although that expert serves such contacts.
    """
    taken, waiting, ahead = _pairs(log)
    classes = len(log.class_names())
    if not len(ahead):
        return no_discipline(log)
    found = head_starts(taken, waiting, ahead, classes)
    with_them = float((ahead + found[taken] - found[waiting] < 0).mean())
    return Discipline(found, with_them, float((ahead < 0).mean()), len(ahead))


def head_starts(taken: Integers, waiting: Integers, ahead: Floats, classes: int) -> Floats:
    """``(classes,)`` head starts that the fewest pairs contradict, by descent over one class at a time.

    Parameters
    ----------
    taken, waiting : ``(pairs,)`` classes of who was taken and of who went on waiting.
    ahead : ``(pairs,)`` how much longer the one who was taken had waited, in seconds.
    classes : how many.

    Returns
    -------
    Multiples of half of `STEP_S`, at most `MOST_S` apart from each other, the least 0; of equally good ones the middle.
    """
    starts = np.zeros(classes)
    grid = np.arange(-MOST_S, MOST_S + STEP_S, STEP_S)
    often = np.argsort(-np.bincount(np.concatenate((taken, waiting)), minlength=classes), kind="stable")
    for _ in range(TURNS):
        before = starts.copy()
        for each in often[1:]:  # the most frequent one is what the others are told against
            own, other = taken == each, waiting == each
            mixed = own != other
            if mixed.sum() < FEW:
                continue
            sign = np.where(own[mixed], 1.0, -1.0)
            rest = ahead[mixed] + np.where(own[mixed], -starts[waiting[mixed]], starts[taken[mixed]])
            wrong = np.array([(rest + sign * seconds < 0).sum() for seconds in grid])
            starts[each] = float(np.median(grid[wrong == wrong.min()]))
        if (starts == before).all():
            break
    used = np.isin(np.arange(classes), taken) | np.isin(np.arange(classes), waiting)
    return np.asarray(np.clip(starts - starts[used].min(), 0.0, MOST_S))


def _pairs(log: ContactLog) -> tuple[Integers, Integers, Floats]:
    """Classes of who was taken and who waited on, and how much longer the former had waited."""
    skills, code, days = skills_of(log), log.contact_class, log.day_of(log.queued_s)
    waited = np.flatnonzero(log.wait_s > 0)
    queued, leaves = log.queued_s[waited], log.until_s[waited]
    longest = float(np.max(leaves - queued, initial=0.0))
    found: list[tuple[Integers, Integers, Floats]] = []
    had = [log.handed_on_by(expert) for expert in range(len(log.experts))]
    pairs = 0
    for row in waited[log.ending[waited] == Ending.ANSWERED]:
        at = log.answered_s[row]
        near = slice(np.searchsorted(queued, at - longest), np.searchsorted(queued, at - 1.0))
        others = waited[near][leaves[near] > at + 1.0]
        expert = log.expert[row]
        others = others[(others != row) & skills[expert, days[row], log.type[others]] & ~had[expert][others]]
        found.append((np.full(len(others), code[row]), code[others], log.queued_s[others] - log.queued_s[row]))
        pairs += len(others)
        if pairs > PAIRS:
            break
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    taken, waiting, ahead = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return taken, waiting, ahead
