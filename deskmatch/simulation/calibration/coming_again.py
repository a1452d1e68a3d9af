"""Customers who come again: because they gave up waiting, or because they were not helped.

A log with customers shows how long after a contact the same customer has the next one. Some of these come for another
matter, as those do who were answered and helped. So the rate of coming again after a contact that was abandoned, or
that an expert ended without resolving it, is held against that of the others in cells of time, and what is beyond it
and beyond chance counts as redials and repeat contacts: of two causes that act side by side, the one with rate λ′
beside a rate λ of the other brings a share λ′/(λ + λ′) of those who come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.calibration.contact_log import ContactLog, Ending
from deskmatch.simulation.settings import DAY_S

__all__ = [
    "EDGES_S",
    "GAVE_UP",
    "OTHER",
    "UNRESOLVED",
    "ComingAgain",
    "Excess",
    "Pairs",
    "fit_coming_again",
    "marked",
    "pairs_of",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
Table = Sequence[tuple[float, float]]

EDGES_S = np.array([0, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 2 * DAY_S, 4 * DAY_S, 7 * DAY_S])
"""Of the cells of time after a contact."""
CHANCE = 1e-4
"""A cell counts where so many would come by chance with less than this probability."""
OTHER, GAVE_UP, UNRESOLVED = range(3)
DRAWN_TO = 20.0
"""Contacts of a class at which its own share counts as much as that of all."""
POINTS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Contacts of known customers, and the next one of the same customer.

    Parameters
    ----------
    before : ``(contacts,)`` the last rows of contacts.
    after : ``(contacts,)`` the first row of the customer's next one; −1: none.
    delay_s : ``(contacts,)`` from the end to that; where there is none, to the end of the log.
    kind : ``(contacts,)`` how it had ended: `GAVE_UP`, `UNRESOLVED` by its only expert, or `OTHER`.
    """

    before: Integers
    after: Integers
    delay_s: Floats
    kind: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Excess:
    """Who comes again because of how a contact ended.

    Parameters
    ----------
    cells : ``(cells,)`` share of those who come in a cell of `EDGES_S` that come because of it.
    share : ``(classes,)`` of all contacts of a class that ended so.
    delay_s : quantiles of the time until then; empty: nobody does.
    came, expected : how many came within the cells that count, and how many of them would have come anyway.
    """

    cells: Floats
    share: Floats
    delay_s: Floats
    came: int
    expected: float

    @property
    def table(self) -> tuple[tuple[float, float], ...]:
        """Cells as (until when, share); empty: nobody does."""
        if not len(self.delay_s):
            return ()
        return tuple(
            (float(until), round(float(share), 4)) for until, share in zip(EDGES_S[1:], self.cells, strict=True)
        )


@dataclass(frozen=True, slots=True, eq=False)
class ComingAgain:
    """What is fitted.

    Parameters
    ----------
    redials, repeats : after giving up, and after a contact that was not resolved.
    known : share of the contacts whose customer is known.
    same_expert : share of the repeat contacts that the expert of before answered; nan: none.
    most : repeat contacts in a row.
    """

    redials: Excess
    repeats: Excess
    known: float
    same_expert: float
    most: int


def pairs_of(log: ContactLog) -> Pairs:
    """The next contacts; of those that overlap the later one is not the next of the earlier."""
    first = np.flatnonzero((log.hop == 0) & (log.customer >= 0))
    last = first.copy()
    while (log.following[last] >= 0).any():
        last = np.where(log.following[last] >= 0, log.following[last], last)
    order = np.lexsort((log.queued_s[first], log.customer[first]))
    first, last = first[order], last[order]
    same = np.append(log.customer[first[1:]] == log.customer[first[:-1]], False)[: len(first)]
    after = np.where(same, np.roll(first, -1), -1)
    ended = log.ended_s[last]
    delay = np.where(same, log.queued_s[after], max(log.days * DAY_S, np.nanmax(log.ended_s, initial=0.0))) - ended
    known = delay >= 0
    answered = log.ending[last] == Ending.ANSWERED
    kind = np.where(answered & (log.good[last] == 0), UNRESOLVED, OTHER)
    kind = np.where(log.ending[last] == Ending.ABANDONED, GAVE_UP, kind)
    kind = np.where((log.hop[last] > 0) | (log.ending[last] == Ending.BLOCKED), OTHER, kind)
    return Pairs(last[known], after[known], delay[known], kind[known])


def fit_coming_again(log: ContactLog) -> ComingAgain | None:
    """None where no customer is known, or none comes again because of how a contact ended."""
    pairs = pairs_of(log)
    if not len(pairs.before):
        return None
    redials, repeats = (_excess(log, pairs, kind) for kind in (GAVE_UP, UNRESOLVED))
    if not (len(redials.delay_s) or len(repeats.delay_s)):
        return None
    again = marked(log, (), repeats.table)
    repeated = again[pairs.after] & (pairs.after >= 0)
    own = pairs.before[repeated], pairs.after[repeated]
    answered = log.expert[own[1]] >= 0
    same = log.expert[own[0]][answered] == log.expert[own[1]][answered]
    return ComingAgain(
        redials=redials,
        repeats=repeats,
        known=float((log.customer >= 0).mean()),
        same_expert=float(same.mean()) if len(same) else float("nan"),
        most=_longest_run(*own, len(log)),
    )


def marked(log: ContactLog, redials: Table, repeats: Table, *, seed: int = 0) -> Bools:
    """``(rows,)`` first rows of contacts that came because of how the one before had ended, drawn by their shares.

    Parameters
    ----------
    log : the contacts.
    redials, repeats : as `Excess.table`.
    seed : of the draws.
    """
    pairs, found = pairs_of(log), np.zeros(len(log), bool)
    share = np.zeros(len(pairs.before))
    for kind, table in ((GAVE_UP, redials), (UNRESOLVED, repeats)):
        until, shares = np.array([*table, (np.inf, 0.0)]).T
        own = (pairs.kind == kind) & (pairs.after >= 0)
        share[own] = shares[np.searchsorted(until, pairs.delay_s[own], side="right")]
    found[pairs.after[np.random.default_rng(seed).random(len(share)) < share]] = True
    return found


def _excess(log: ContactLog, pairs: Pairs, kind: int) -> Excess:
    from scipy.stats import binom

    came, at_risk = _counted(pairs, pairs.kind == kind)
    others, others_at_risk = _counted(pairs, pairs.kind == OTHER)
    expected = others * at_risk / np.maximum(others_at_risk, 1e-9)
    both = np.maximum(at_risk + others_at_risk, 1e-9)  # given all who came, those who came after such a contact are
    chance = binom.sf(came - 1, came + others, at_risk / both)  # binomial, were the rates the same
    counts = (chance < CHANCE) & (others_at_risk > 0)
    cells = np.where(counts, 1 - expected / np.maximum(came, 1), 0.0)
    cell = np.searchsorted(EDGES_S, pairs.delay_s, side="right") - 1
    own = np.flatnonzero((pairs.kind == kind) & (pairs.after >= 0) & (cell < len(cells)))
    weight = cells[cell[own]]
    classes, code = len(log.class_names()), log.contact_class
    served = log.ending == Ending.ANSWERED
    ended_so = log.abandoned if kind == GAVE_UP else served & (log.good == 0)
    count = np.bincount(code[ended_so & (log.hop == 0)], minlength=classes)
    because = np.bincount(code[pairs.before[own]], weight, classes)
    whole = because.sum() / max(count.sum(), 1)
    return Excess(
        cells=cells,
        share=(because + DRAWN_TO * whole) / (count + DRAWN_TO) * (count > 0),
        delay_s=_quantiles(pairs.delay_s[own], weight),
        came=int(came[counts].sum()),
        expected=float(expected[counts].sum()),
    )


def _counted(pairs: Pairs, rows: Bools) -> tuple[Floats, Floats]:
    """``(cells,)`` customers who came in each cell, and seconds in which they might have."""
    delay, after = pairs.delay_s[rows], pairs.after[rows]
    came = np.histogram(delay[after >= 0], EDGES_S)[0].astype(float)
    at_risk = np.clip(delay[:, None] - EDGES_S[:-1], 0.0, np.diff(EDGES_S)).sum(axis=0)
    return came, np.asarray(at_risk)


def _quantiles(values: Floats, weight: Floats) -> Floats:
    """Quantiles in the middle of equal shares of the weight."""
    if weight.sum() <= 0:
        return np.zeros(0)
    order = np.argsort(values)
    sums = np.cumsum(weight[order]) / weight.sum()
    return np.asarray(values[order][np.searchsorted(sums, (np.arange(POINTS) + 0.5) / POINTS)])


def _longest_run(before: Integers, after: Integers, rows: int) -> int:
    """The most links in a row; each goes from one row to a later one."""
    length = np.zeros(rows, np.int64)
    for one, other in zip(before.tolist(), after.tolist(), strict=True):  # by customer, in the order of time
        length[other] = length[one] + 1
    return int(length.max(initial=0))
