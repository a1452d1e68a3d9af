"""Differences on the same customers: intervals, verdicts, and the share of the way to a bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.policies.results import BOUND, Record, Results, series

__all__ = [
    "MARGIN", "NEAR", "REWARD", "Difference", "Way", "best_of", "best_rule", "difference", "of_kind", "rivals",
    "verdict", "way_to_bound",
]  # fmt: skip

MARGIN = 0.002
"""Share of the other's reward that a policy may lack and still counts as non-inferior."""
NEAR = 0.01
"""Where rule and bound are nearer than that, there is no way to speak of."""
REWARD = "reward_expected"
NOT_QUALIFIED = "not qualified"
"""How the names of learners end that are not within 10 % of the optimum of the N-model."""
Floats = NDArray[np.float64]


class Difference(NamedTuple):
    """A paired difference with its 95 % interval, mean ± halfwidth."""

    mean: float
    halfwidth: float


class Way(NamedTuple):
    """Share of the way from the best rule to the bound: a ratio of sums over desks, with a 95 % interval."""

    share: float
    low: float
    high: float
    places: int


def of_kind(found: Mapping[str, Record], *kinds: str) -> dict[str, Record]:
    """Records of these kinds."""
    return {name: each for name, each in found.items() if each.kind in kinds}


def best_rule(found: Mapping[str, Record]) -> str:
    """The rule with the greatest mean reward on the very customers on which all are judged, to its advantage."""
    rules = of_kind(found, "rule")
    return max(rules, key=lambda name: series(rules[name], REWARD).mean())


def best_of(found: Mapping[str, Record], *kinds: str) -> Record | None:
    """The one of these kinds with the greatest mean reward; None: there is none."""
    own = of_kind(found, *kinds).values()
    return max(own, key=lambda record: float(series(record, REWARD).mean()), default=None)


def rivals(found: Mapping[str, Record]) -> list[Record]:
    """Whom a look-ahead is held against: all rules, and the learners that have qualified."""
    own = of_kind(found, "rule", "learner")
    return [record for name, record in own.items() if not name.endswith(NOT_QUALIFIED)]


def difference(one: Record, other: Record, indicator: str = REWARD) -> Difference:
    """How much greater an indicator is."""
    return _interval(series(one, indicator) - series(other, indicator))


def _interval(pairs: Floats) -> Difference:
    if len(pairs) < 2:
        return Difference(float(pairs.mean()), float("nan"))
    half = stats.t.ppf(0.975, len(pairs) - 1) * pairs.std(ddof=1) / np.sqrt(len(pairs))
    return Difference(float(pairs.mean()), float(half))


def verdict(own: Record, others: Iterable[Record]) -> str:
    """``better`` than each of the others, ``non-inferior`` to each by `MARGIN`, ``worse`` than one, or ``not shown``.

    By the 95 % interval of each paired difference, each by itself: where its lower end is above 0, above −margin; where
    its upper end is below −margin.
    """
    found = []
    for other in others:
        mean, half = difference(own, other)
        margin = MARGIN * abs(float(series(other, REWARD).mean()))
        found.append((mean - half > 0, mean - half >= -margin, mean + half < -margin))
    if all(better for better, _, _ in found):
        return "better"
    if all(enough for _, enough, _ in found):
        return "non-inferior"
    return "worse" if any(worse for _, _, worse in found) else "not shown"


def way_to_bound(results: Results, name: str, *, draws: int = 2000) -> Way | None:
    """Over all places with a bound that is more than 1 % above the best rule; None: there is none."""
    gained, room = [], []
    for desk, load in results.places("track"):
        found = results.of("track", desk, load)
        if BOUND not in found or name not in found:
            continue
        base, bound = series(found[best_rule(found)], REWARD), series(found[BOUND], REWARD)
        if bound.sum() - base.sum() > NEAR * abs(base.sum()):
            gained.append(series(found[name], REWARD) - base)
            room.append(bound - base)
    if not gained:
        return None
    rng, count = np.random.default_rng(1), min(map(len, gained))
    drawn = [
        sum(own[rows].sum() for own in gained) / sum(own[rows].sum() for own in room)
        for rows in rng.integers(0, count, (draws, count))
    ]
    whole = sum(map(np.sum, gained)) / sum(map(np.sum, room))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Way(float(whole), float(low), float(high), len(gained))
