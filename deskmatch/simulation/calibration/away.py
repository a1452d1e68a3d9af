"""How long experts are away after a contact: after-work and breaks, estimated from what a log shows of idle experts.

After a contact an expert is away for a time W, then ready. W is hardly ever seen: it is at most the gap until the next
contact; while somebody waits whom the expert could serve, longer than ringing may take (`grace_of`), the expert is
still away; who takes a customer who has waited has just become ready; and who is ready is the less likely passed by,
the more customers are answered at once by others, each of the n who are ready being chosen with probability 1/n. With
``L_i(w)`` the probability of what was seen of gap i given W = w, the law of W is the fixed point of

    F(w) ← mean over i of  F(w) L_i(w) / Σ_v F(v) L_i(v)

(the EM algorithm for interval-censored times; B. W. Turnbull, JRSS B 38 (1976) 290–295), on a grid of cells. There are
two laws: after contacts that end while somebody waits, and while nobody does, as people take their time where nobody
waits. How many of the idle are ready is taken from the estimate itself, in a few rounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.factors import shrunken_factors

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
CLOSE = 1e-5


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
    factor : ``(experts,)`` how much likelier than others each expert takes breaks.
    likelihood : ``(gaps, cells)`` L.
    ready : share of idle experts who are ready.
    """

    busy: Floats
    calm: Floats
    factor: Floats
    likelihood: Floats
    ready: float

    @property
    def put_off(self) -> float:
        """Share of the breaks in calm that would not have been begun under a queue: how much rarer they are there."""
        calm, busy = float(self.calm[BREAKS].sum()), float(self.busy[BREAKS].sum())
        return max(1.0 - busy / calm, 0.0) if calm > 0 else 0.0

    def believed(self, gaps: Gaps, rows: Integers) -> Floats:
        """``(rows, cells)`` what is believed of W in some gaps."""
        law = np.where(gaps.under_queue[rows][:, None], self.busy, self.calm)
        law = law * np.where(BREAKS, self.factor[gaps.expert[rows]][:, None], 1.0)
        joint = law * self.likelihood[rows] + 1e-12 * self.likelihood[rows]
        return np.asarray(joint / joint.sum(axis=1, keepdims=True))

    def after_work(self, *, busy: bool, points: int) -> Floats:
        """Quantiles of what is shorter than `AFTER_WORK_S`."""
        law = np.where(BREAKS, 0.0, self.busy if busy else self.calm)
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
    cells = len(MIDDLE_S)
    possible = _possible(gaps)
    ready, uniform = 0.5, np.full(cells, 1.0 / cells)
    busy = calm = uniform
    likelihood = possible
    for _ in range(ROUNDS):
        likelihood = possible * np.exp(-_missed(gaps, ready))
        busy = _law(likelihood[gaps.under_queue], uniform)
        calm = _law(likelihood[~gaps.under_queue], uniform)
        found = TimesAway(busy, calm, np.ones(experts), likelihood, ready)
        ready = _ready(gaps, found)
    found = TimesAway(busy, calm, np.ones(experts), likelihood, ready)
    return TimesAway(busy, calm, _factors(gaps, found, experts), likelihood, ready)


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


def _law(likelihood: Floats, start: Floats) -> Floats:
    """The fixed point of the module's docstring."""
    law = start
    for _ in range(PASSES if len(likelihood) else 0):
        joint = law * likelihood
        after = np.asarray((joint / joint.sum(axis=1, keepdims=True)).mean(axis=0))
        if np.abs(after - law).max() < CLOSE:
            return after
        law = after
    return law


def _ready(gaps: Gaps, found: TimesAway) -> float:
    """Share of the idle who were ready where another answered at once, by what is believed."""
    if not len(gaps.pass_gap):
        return 0.5
    believed = np.cumsum(found.believed(gaps, np.arange(len(gaps.length_s))), axis=1)
    cell = np.clip(np.searchsorted(EDGES_S, gaps.pass_s, side="right") - 1, 0, len(MIDDLE_S) - 1)
    return float(np.clip(believed[gaps.pass_gap, cell].mean(), 0.05, 1.0))


def _factors(gaps: Gaps, found: TimesAway, experts: int) -> Floats:
    """Breaks believed over breaks expected, by expert, drawn towards 1."""
    law = np.where(gaps.under_queue[:, None], found.busy, found.calm)[:, BREAKS].sum(axis=1)
    believed = found.believed(gaps, np.arange(len(gaps.length_s)))[:, BREAKS].sum(axis=1)
    taken, expected = (np.bincount(gaps.expert, values, experts) for values in (believed, law))
    return shrunken_factors(taken, expected) if expected.sum() > 0 else np.ones(experts)
