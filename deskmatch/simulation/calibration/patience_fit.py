"""Patience by class of contacts, and how many times as fast customers give up who find a long queue.

A desk that tells callers their place loses those who hear that many are before them. So the hazard of giving up at a
wait of t is ``r(n) λ(t)`` for a customer who found n others waiting in the channel: proportional hazards, with one r
for each stretch of n (D. R. Cox, "Regression models and life-tables", JRSS B 34 (1972) 187–220). In turns, the
cumulative hazard is N. Breslow's estimate, the sum of ``d / Σ r`` over the times at which d customers gave up, with r
of those who still waited, and ``r = (d + κ) / (E + κ)`` of a stretch of which d gave up and E were expected to: drawn
towards 1, as far as the stretches together say (`shrunken_factors`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.factors import shrunken_factors
from deskmatch.prediction.patience_laws import KaplanMeierPatience
from deskmatch.routing.kinds import DEFAULTS, kind_of
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending

__all__ = ["ClassPatience", "ahead_of", "fit_patience", "mean_patience_s", "waits_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEWEST = 20
"""Customers who gave up below which patience has no curve, but only a mean."""
PRIOR = 1.0
"""Customers who gave up, after the default of the channel's kind on average, as which that default counts."""
OWN_CURVE = 150
"""Customers of a class who gave up from which on its patience has a curve of its own."""
STRETCHES = 5
"""Of the number of customers found waiting, with as many who gave up in each."""
TURNS, CLOSE = 50, 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class ClassPatience:
    """Patience of a class of contacts.

    Parameters
    ----------
    law : of customers for whom the ratios are 1.
    factor : how many times as fast the class gives up.
    least : ``(stretches,)`` customers found waiting from which on each ratio holds, rising from 0.
    ratio : ``(stretches,)`` of hazards.
    """

    law: KaplanMeierPatience
    factor: float
    least: Integers
    ratio: Floats

    def hazard(self, wait_s: Floats, ahead: Integers) -> Floats:
        """``(k,)`` cumulative hazard of waits, of customers who found so many others waiting."""
        return np.asarray(self.factor * self.ratio[_stretch(self.least, ahead)] * self.law.hazard(wait_s))

    def quantile_s(self, p: Floats) -> Floats:
        """``(k,)`` seconds within which a share `p` in (0, 1) gives up, where the ratio is 1."""
        return self.law.quantile_s(-np.expm1(np.log1p(-p) / self.factor))

    @property
    def hazard_by_queue(self) -> tuple[float, ...]:
        """The ratio of those who find 0, 1, 2, … waiting; the last holds for more. Empty: 1 throughout."""
        found = np.arange(int(self.least[-1]) + 1)
        return () if (self.ratio == 1).all() else tuple(self.ratio[_stretch(self.least, found)].tolist())


def waits_of(log: ContactLog) -> Bools:
    """``(rows,)`` contacts that waited, and were not turned away."""
    return np.asarray((log.ending != Ending.BLOCKED) & (log.wait_s > 0))


def ahead_of(log: ContactLog) -> Integers:
    """``(rows,)`` how many others waited in the channel when each contact joined."""
    found, waited = np.zeros(len(log), np.int64), waits_of(log)
    for channel in range(len(log.channels)):
        own = log.channel == channel
        came, left = (np.sort(times[own & waited]) for times in (log.queued_s, log.until_s))
        at = log.queued_s[own]
        found[own] = np.searchsorted(came, at, side="left") - np.searchsorted(left, at, side="right")
    return np.maximum(found, 0)


def fit_patience(log: ContactLog) -> dict[str, ClassPatience] | None:
    """By class; those in which many gave up have a curve and ratios of their own, the others share those of all.

    None where too few gave up, or nobody waits on a line.
    """
    if log.abandoned.sum() < FEWEST or not log.on_line:
        return None
    rows = waits_of(log)
    wait, gone, code = log.wait_s[rows], log.abandoned[rows], log.contact_class[rows]
    ahead, names = ahead_of(log)[rows], log.class_names()
    shared = _fit(wait, gone, ahead)
    expected = np.bincount(code, shared.hazard(wait, ahead), len(names))
    counts = np.bincount(code, gone, len(names))
    some = expected > 0
    factor = np.ones(len(names))
    factor[some] = shrunken_factors(counts[some], expected[some]) if some.sum() > 1 else 1.0
    found = {}
    for each, name in enumerate(names):
        own = code == each
        if counts[each] >= OWN_CURVE:
            found[name] = _fit(wait[own], gone[own], ahead[own])
        else:
            found[name] = ClassPatience(shared.law, float(factor[each]), shared.least, shared.ratio)
    return found


def mean_patience_s(log: ContactLog, channel: int) -> float:
    """Seconds after which customers of a channel give up on average where too few did for a curve.

    All that was waited, for each who gave up: the estimate for censored exponential times, drawn to the default of the
    channel's kind. Where nobody gave up it grows with what was waited; where nobody waited the default stays.

    Parameters
    ----------
    log : the contacts.
    channel : its row in ``log.channels``; one on which customers wait on a line.
    """
    usual = DEFAULTS[kind_of(log.channels[channel])].patience_s
    assert usual is not None
    rows = waits_of(log) & (log.channel == channel)
    return float((log.wait_s[rows].sum() + PRIOR * usual) / (log.abandoned[rows].sum() + PRIOR))


def _fit(wait: Floats, gone: Bools, ahead: Integers) -> ClassPatience:
    shares = np.arange(STRETCHES) / STRETCHES
    least = np.unique(np.quantile(ahead[gone], shares, method="lower")).astype(np.int64)
    least[0] = 0
    order = np.argsort(wait, kind="stable")
    wait, gone, stretch = wait[order], gone[order], _stretch(least, ahead[order])
    ratio, hazard = np.ones(len(least)), _breslow(wait, gone, np.ones(len(wait)))
    for _ in range(TURNS if len(least) > 1 else 0):
        before = ratio
        counts, expected = (np.bincount(stretch, values, len(least)) for values in (gone, hazard))
        ratio = shrunken_factors(counts, expected)
        hazard = _breslow(wait, gone, ratio[stretch])
        if np.abs(ratio - before).max() < CLOSE:
            break
    times, last = np.unique(wait[gone][::-1], return_index=True)
    count = gone.sum() - last
    law = KaplanMeierPatience.through(times, hazard[gone][::-1][last], count)
    return ClassPatience(law, 1.0, least, ratio)


def _breslow(wait: Floats, gone: Bools, weight: Floats) -> Floats:
    """``(rows,)`` cumulative hazard at each wait, these sorted; who waits as long is still there."""
    first = np.searchsorted(wait, wait, side="left")
    left = np.cumsum(weight[::-1])[::-1][first]
    return np.asarray(np.cumsum(gone / left)[np.searchsorted(wait, wait, side="right") - 1])


def _stretch(least: Integers, ahead: Integers) -> Integers:
    return np.asarray(np.searchsorted(least, ahead, side="right") - 1)
