"""How fast contacts go on beside others, found without knowing their law.

Were the speed of a contact beside n − 1 others known, each contact would have a clock of its own that runs at that
speed, and by this clock those beside others would end as often as those that are alone. With ``O_n`` contacts that end
while n are in hand, and ``E_n`` expected by the share of those with n in hand among all of the same age by their own
clocks, the speeds are the fixed point of ``s_n ← s_n O_n / E_n``, the log-rank estimate of accelerated failure times
with covariates that change (J. M. Robins, A. A. Tsiatis, Biometrika 79 (1992) 311–319).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.calibration.contact_log import ContactLog
from deskmatch.simulation.calibration.counting import steps

__all__ = ["Spans", "spans_of", "speeds_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

ENDS = 20
"""Contacts that end with so many in hand below which the total speed is that with one fewer."""
ROUNDS, CLOSE = 60, 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """The contacts cut where the number in hand changes, those of one contact in the order of time.

    Parameters
    ----------
    contact : ``(spans,)`` rows.
    level : ``(spans,)`` in hand, ≥ 1.
    length_s : ``(spans,)``.
    """

    contact: Integers
    level: Integers
    length_s: Floats


def spans_of(log: ContactLog, rows: Integers, most: int, after_s: float) -> Spans:
    """The contacts in `rows`; each counts as in hand of its expert for `after_s` more."""
    parts: list[tuple[Integers, Integers, Floats]] = []
    for each in np.unique(log.expert[rows]):
        own = np.flatnonzero(log.expert[rows] == each)
        begin, end = log.answered_s[rows[own]], log.ended_s[rows[own]]
        changes, in_hand = steps(begin, end + after_s)
        times = np.union1d(changes, end)
        level = in_hand[np.searchsorted(changes, times, side="right") - 1]
        first, last = np.searchsorted(times, begin), np.searchsorted(times, end)
        count = np.maximum(last - first, 1)  # a contact of no length is a span of none
        contact = np.repeat(own, count)
        at = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
        length = np.append(np.diff(times), 0.0)[at] * np.repeat(last > first, count)
        parts.append((contact, np.clip(level[at], 1, most), length))
    contact, levels, lengths = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Spans(contact, levels, lengths)


def speeds_of(spans: Spans, stratum: Integers, most: int) -> tuple[Floats, Integers]:
    """``(most,)`` speed of one contact with 1, 2, … in hand, relative to one alone, and how many contacts end so.

    Parameters
    ----------
    spans : of all contacts.
    stratum : ``(contacts,)`` contacts are compared with those of the same stratum.
    most : in hand.
    """
    last = np.append(np.diff(spans.contact) != 0, True)
    ends = np.bincount(spans.level[last] - 1, minlength=most)
    speed = np.ones(most)
    order = np.argsort(stratum[spans.contact], kind="stable")
    blocks = np.split(order, np.flatnonzero(np.diff(stratum[spans.contact[order]])) + 1)
    for _ in range(ROUNDS):
        aged = spans.length_s * speed[spans.level - 1]
        until = np.cumsum(aged)
        first = np.append(True, np.diff(spans.contact) != 0)
        until = until - np.repeat((until - aged)[first], np.diff(np.append(np.flatnonzero(first), len(aged))))
        begin = until - aged
        parts = [_expected(spans.level[own], begin[own], until[own], last[own], most) for own in blocks]
        expected = np.sum(parts, axis=0)
        ratio = np.where((ends >= ENDS) & (expected > 0), ends / np.maximum(expected, 1e-9), 1.0)
        after = speed * ratio / ratio[0]
        after /= after[0]
        for n in range(1, most):
            if ends[n] < ENDS:
                after[n] = after[n - 1] * n / (n + 1)
        done = np.abs(after / speed - 1).max() < CLOSE
        speed = after
        if done:
            break
    return speed, ends


def _expected(level: Integers, begin: Floats, end: Floats, last: Bools, most: int) -> Floats:
    """``(most,)`` contacts that would end at each level, were the speeds right: all of one age are equally likely."""
    at = end[last]
    at_risk = np.empty((most, len(at)))
    for n in range(most):
        own = level == n + 1
        begun, over = np.sort(begin[own]), np.sort(end[own])
        at_risk[n] = np.searchsorted(begun, at, side="left") - np.searchsorted(over, at, side="left")
    total = at_risk.sum(axis=0)
    return np.asarray((at_risk / np.maximum(total, 1))[:, total > 0].sum(axis=1))
