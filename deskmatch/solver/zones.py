"""`Zones`: where non-dominated points may lie that are not known yet, and how much they could be better."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Zone", "Zones"]

Float64 = NDArray[np.float64]

LEAST_SHARE = 1e-3
"""Of each criterion in the weights: with positive weights a best assignment is non-dominated."""


@dataclass(eq=False)
class Zone:
    """All points above a lower bound; every missing non-dominated point lies in a zone.

    Parameters
    ----------
    lower : ``(criteria,)`` −inf where nothing bounds it.
    weighed : whether weights have been tried.
    given_up : whether bounds have been tried in vain, and without a proof that it is empty.
    """

    lower: Float64
    weighed: bool = False
    given_up: bool = False
    gap: float = field(default=np.inf)


class Zones:
    """The search region of a front that is maximised, as a union of zones, and the half-spaces that it lies in.

    Parameters
    ----------
    ranges : ``(criteria,)`` > 0, by which the gaps of all criteria are made comparable.
    resolution : zones with a smaller gap are closed.
    """

    def __init__(self, ranges: Float64, resolution: float) -> None:
        self.ranges, self.resolution = ranges, resolution
        p = len(ranges)
        self.points: list[Float64] = []
        self.cuts: list[tuple[Float64, float]] = []
        self.zones = [Zone(np.full(p, -np.inf))]

    def add(self, values: Float64) -> None:
        """A known point: nothing that it dominates is looked for."""
        self.points.append(values)
        slack = 1e-9 * self.ranges
        hit = [zone for zone in self.zones if (values > zone.lower + slack).all()]
        parts = []
        for zone in hit:
            for i in range(len(values)):
                lower = zone.lower.copy()
                lower[i] = values[i]
                parts.append(Zone(lower))
        self.zones = [zone for zone in self.zones if zone not in hit]
        for part in parts:  # a zone inside another one says nothing
            others = [*self.zones, *(other for other in parts if other is not part)]
            inside = any(
                (other.lower <= part.lower).all() and ((other.lower < part.lower).any() or other in self.zones)
                for other in others
            )
            if not inside:
                self.zones.append(part)
        self._measure()

    def cut(self, weights: Float64, bound: float) -> None:
        """No point has a weighted sum above a bound."""
        self.cuts.append((weights, bound))
        self._measure()

    def widest(self, *, unsupported: bool) -> Zone | None:
        """The zone to search next, None where there is none: the widest without weights, then the widest at all."""
        fresh = [zone for zone in self.zones if not zone.weighed]
        if not fresh and unsupported:
            fresh = [zone for zone in self.zones if not zone.given_up]
        return max(fresh, key=lambda zone: zone.gap, default=None)

    def weights(self, zone: Zone) -> tuple[Float64, float]:
        """The weights, > 0, that may find most in a zone, and the greatest weighted sum of the known points.

        They minimise max_z w·(z − lower) over the known points z, with w·ranges = 1: were the known points all, their
        hull would leave no more of the zone's diagonal. A linear program with one variable per criterion.
        """
        from scipy.optimize import linprog

        known = np.array(self.points) / self.ranges
        lower = np.where(np.isfinite(zone.lower), zone.lower / self.ranges, known.min(axis=0))
        p = len(self.ranges)
        rows = np.hstack([known - lower, -np.ones((len(known), 1))])
        found = linprog(
            np.append(np.zeros(p), 1.0),
            A_ub=rows,
            b_ub=np.zeros(len(known)),
            A_eq=np.append(np.ones(p), 0.0)[None, :],
            b_eq=[1.0],
            bounds=[*[(LEAST_SHARE, 1.0)] * p, (None, None)],
        )
        shares = np.full(p, 1.0 / p) if found.x is None else found.x[:p]
        weights = shares / self.ranges
        return weights, float((np.array(self.points) @ weights).max())

    def close(self, zone: Zone) -> None:
        """Nothing lies in a zone."""
        self.zones = [other for other in self.zones if other is not zone]

    def give_up(self, zone: Zone) -> None:
        """What lies in a zone is not found in time; its gap still counts."""
        zone.given_up = True

    def gap(self) -> float:
        """The largest gap of all zones; 0 where there is none."""
        return max((zone.gap for zone in self.zones), default=0.0)

    def _measure(self) -> None:
        """The gap of each zone, and those that are closed by the half-spaces."""
        for zone in self.zones:
            zone.gap = min((self._reach(zone, weights, bound) for weights, bound in self.cuts), default=np.inf)
        self.zones = [zone for zone in self.zones if zone.gap > self.resolution]

    def _reach(self, zone: Zone, weights: Float64, bound: float) -> float:
        """How far above the lower bound, in all criteria at once and in shares of the ranges, a half-space lets go."""
        free = ~np.isfinite(zone.lower)
        if (weights[free] > 0).any():
            return np.inf
        return (bound - float(weights[~free] @ zone.lower[~free])) / float(weights[~free] @ self.ranges[~free])
