"""How long experts are away after a contact: after-work and breaks, estimated from what a log shows of idle experts.

After a contact an expert is away for a time W, then ready. W is hardly ever seen: it is at most the gap until the next
contact; while somebody waits whom the expert could serve, longer than ringing may take (`grace_of`), the expert is
still away; who takes a customer who has waited has just become ready; and who is ready is the less likely passed by,
the more customers are answered at once by others, each of the n who are ready being chosen with probability 1/n. With
``L_i(w)`` the probability of what was seen of gap i given W = w, the law of W is the fixed point of

    F(w) ← mean over i of  F(w) L_i(w) / Σ_v F(v) L_i(v)

(the EM algorithm for interval-censored times; B. W. Turnbull, JRSS B 38 (1976) 290–295), on a grid of cells. There are
two laws: after contacts that end while somebody waits, and while nobody does, as people take their time where nobody
waits. How many of the idle are ready is taken from the estimate itself, in a few rounds. Experts differ in both: each
has laws of the same kind from the own gaps, drawn to those of all (a Dirichlet prior around them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["AFTER_WORK_S", "BREAKS", "EDGES_S", "Gaps", "TimesAway", "fit_times_away"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

AFTER_WORK_S = 300.0
"""What is shorter is after-work, what is longer a break."""
EDGES_S = np.array(
    [
        0,
        2,
        4,
        6,
        8,
        10,
        15,
        20,
        30,
        45,
        60,
        90,
        120,
        180,
        240,
        300,
        450,
        600,
        900,
        1200,
        1800,
        2700,
        3600,
        5400,
        7200,
        10800.0,
    ]
)
"""Of the cells of W; the last is the longest gap within a stretch of work."""
MIDDLE_S = (EDGES_S[1:] + EDGES_S[:-1]) / 2
BREAKS = EDGES_S[:-1] >= AFTER_WORK_S
PASSES, ROUNDS = 200, 3
OWN_GAPS = 50.0
"""An expert's own gaps, while somebody waits or while nobody does, that count as much as the law of all."""
CLOSE = 1e-5
TINY = 1e-12
"""Of each cell, so that what is impossible by the law is not by what was seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """The gaps of all experts between one contact and the next.

    Parameters
    ----------
    expert : ``(gaps,)`` rows of experts.
    length_s : ``(gaps,)`` ≥ 0.
    under_queue : ``(gaps,)`` somebody waited when the gap began.
    seen_s : ``(gaps,)`` seconds from its beginning at which somebody last waited; 0: nobody.
    took : ``(gaps,)`` it ended with a customer who had waited.
    pass_gap, pass_s, pass_idle : ``(passes,)`` the gap in which another answered at once, when, and how many were idle.
    """

    expert: Integers
    length_s: Floats
    under_queue: Bools
    seen_s: Floats
    took: Bools
    pass_gap: Integers
    pass_s: Floats
    pass_idle: Integers


@dataclass(frozen=True, slots=True, eq=False)
class TimesAway:
    """What `fit_times_away` finds.

    Parameters
    ----------
    busy, calm : ``(cells,)`` the law of W while somebody waits, and while nobody does.
    own_busy, own_calm : ``(experts, cells)`` those of each expert.
    likelihood : ``(gaps, cells)`` L.
    ready : share of idle experts who are ready.
    """

    busy: Floats
    calm: Floats
    own_busy: Floats
    own_calm: Floats
    likelihood: Floats
    ready: float

    @property
    def put_off(self) -> float:
        """Share of the breaks in calm that would not have been begun under a queue: how much rarer they are there."""
        calm, busy = float(self.calm[BREAKS].sum()), float(self.busy[BREAKS].sum())
        return max(1.0 - busy / calm, 0.0) if calm > 0 else 0.0

    def believed(self, gaps: Gaps, rows: Integers) -> Floats:
        """``(rows, cells)`` what is believed of W in some gaps."""
        expert = gaps.expert[rows]
        law = np.where(gaps.under_queue[rows][:, None], self.own_busy[expert], self.own_calm[expert])
        return _posterior(law, self.likelihood[rows])

    def after_work(self, *, busy: bool, points: int, expert: int | None = None) -> Floats:
        """Quantiles of what is shorter than `AFTER_WORK_S`, of all experts or of one."""
        laws = (self.busy, self.own_busy) if busy else (self.calm, self.own_calm)
        law = np.where(BREAKS, 0.0, laws[0] if expert is None else laws[1][expert])
        if law.sum() == 0:
            return np.zeros(0)
        sums = np.concatenate(([0.0], np.cumsum(law) / law.sum()))
        return np.asarray(np.interp((np.arange(points) + 0.5) / points, sums, EDGES_S))


def fit_times_away(gaps: Gaps, experts: int) -> TimesAway:
    """Estimate the two laws.

    Parameters
    ----------
    gaps : all shorter than the last of `EDGES_S`.
    experts : how many.
    """
    possible = _possible(gaps)
    found = _estimate(gaps, possible, 0.5, experts)
    for _ in range(ROUNDS - 1):
        found = _estimate(gaps, possible, _ready(gaps, found), experts)
    return found


def _estimate(gaps: Gaps, possible: Floats, ready: float, experts: int) -> TimesAway:
    """All laws, given the share of the idle who are ready."""
    likelihood = possible * np.exp(-_missed(gaps, ready))
    uniform = np.full(len(MIDDLE_S), 1.0 / len(MIDDLE_S))
    laws, own = [], []
    for rows in (gaps.under_queue, ~gaps.under_queue):
        law = _law(likelihood[rows], uniform)
        laws.append(law)
        own.append(np.array([_law(likelihood[rows & (gaps.expert == e)], law, OWN_GAPS) for e in range(experts)]))
    return TimesAway(laws[0], laws[1], own[0], own[1], likelihood, ready)


def _possible(gaps: Gaps) -> Floats:
    """``(gaps, cells)`` 1 where W may lie in the cell."""
    low, high = EDGES_S[:-1], EDGES_S[1:]
    length, seen = gaps.length_s[:, None], np.minimum(gaps.seen_s, gaps.length_s)[:, None]
    within = (low <= length) & (high > seen)
    at_end = (low <= length) & (high > length)
    at_end[:, -1] |= length[:, 0] >= high[-1]
    found = np.where(gaps.took[:, None], at_end, within)
    return np.where(found.any(axis=1, keepdims=True), found, at_end).astype(float)


def _missed(gaps: Gaps, ready: float) -> Floats:
    """``(gaps, cells)`` −log probability of being passed by as often as was seen after W."""
    found = np.zeros((len(gaps.length_s), len(MIDDLE_S)))
    if len(gaps.pass_gap):
        n = 1.0 + np.maximum(gaps.pass_idle - 1, 1) * ready
        cell = np.clip(np.searchsorted(EDGES_S, gaps.pass_s, side="right") - 1, 0, len(MIDDLE_S) - 1)
        np.add.at(found, (gaps.pass_gap, cell), -np.log1p(-1.0 / n))
    after = np.cumsum(found[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(after - found / 2)


def _law(likelihood: Floats, start: Floats, strength: float = 0.0) -> Floats:
    """The fixed point of the module's docstring, drawn to `start` as if so many gaps said that."""
    law = start
    for _ in range(PASSES if len(likelihood) else 0):
        believed = _posterior(law, likelihood).sum(axis=0)
        after = np.asarray((believed + strength * start) / (len(likelihood) + strength))
        if np.abs(after - law).max() < CLOSE:
            return after
        law = after
    return law


def _posterior(law: Floats, likelihood: Floats) -> Floats:
    """``(gaps, cells)`` what is believed of W, each gap's sum 1."""
    joint = law * likelihood + TINY * likelihood
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _ready(gaps: Gaps, found: TimesAway) -> float:
    """Share of the idle who were ready where another answered at once, by what is believed."""
    if not len(gaps.pass_gap):
        return 0.5
    believed = np.cumsum(found.believed(gaps, np.arange(len(gaps.length_s))), axis=1)
    cell = np.clip(np.searchsorted(EDGES_S, gaps.pass_s, side="right") - 1, 0, len(MIDDLE_S) - 1)
    return float(np.clip(believed[gaps.pass_gap, cell].mean(), 0.05, 1.0))
