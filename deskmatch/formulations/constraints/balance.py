"""`Balance`: the experts of a group stay about equally occupied."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.constraints.filters import ExpertFilter
from deskmatch.formulations.constraints.protocol import ModelArcs
from deskmatch.formulations.constraints.rows import Rows, sparse
from deskmatch.formulations.constraints.rule import Name, Rule
from deskmatch.routing.validation import NonNegative, Positive
from deskmatch.solver import Side

__all__ = ["Balance", "occupancy_added"]

DECIMALS = 6
"""Occupancies are read to a millionth: solvers that work on whole numbers step that finely."""


class Balance(Rule):
    """max_{j ∈ experts} o_j − min_{j ∈ experts} o_j ≤ max(spread, now), o_j = occupancy_j + Σ_i h_i · x_ij / window_s.

    The occupancies of a group lie at most `spread` apart after this epoch; where they lie farther apart already, no
    farther than they do. h_i is the expected handling time of the ticket's channel, times the share of the expert that
    it takes where channels have a usage. A unit is an occupancy of 1. Experts of unknown occupancy are left out.

    Parameters
    ----------
    spread : in [0, ∞), such as 0.2 for 20 percentage points.
    experts : the group; default: all.
    window_s : the time over which occupancy is counted, > 0; default: the hour of the column ``occupancy``.

    Examples
    --------
    >>> Balance(spread=0.25, experts={"tier": 1}, penalty=2.0).window_s
    3600.0
    """

    spread: NonNegative
    experts: ExpertFilter = ExpertFilter()
    window_s: Positive = 3600.0
    name: Name = "balance"

    def rows(self, arcs: ModelArcs) -> Rows:
        """Columns for the least occupancy and the spread, two rows an expert that define them, and the rule."""
        occupancy = np.round(arcs.epoch.staffing.occupancy, DECIMALS)
        expert = np.flatnonzero(self.experts.mask(arcs.epoch.desk) & ~np.isnan(occupancy))
        if len(expert) < 2:
            return Rows.none()
        number = np.full(len(occupancy), -1)
        number[expert] = np.arange(len(expert))
        k, now, at = len(expert), occupancy[expert], number[arcs.expert]
        arc = np.flatnonzero(at >= 0)
        value = np.round(occupancy_added(arcs, self.window_s), DECIMALS)[arc]
        most = float(now.max()) + float(np.bincount(at[arc], value, k).max())
        side = Side.from_matrix(
            sparse(np.append(at[arc], k + at[arc]), np.tile(arc, 2), np.tile(value, 2), (2 * k + 1, len(arcs))),
            [">="] * k + ["<="] * (k + 1),
            np.concatenate([-now, -now, [max(self.spread, float(now.max() - now.min()))]]),
            over_extra=sparse(
                np.arange(3 * k + 1) - np.repeat([0, k], [2 * k, k + 1]),
                np.repeat([0, 1], [2 * k, k + 1]),
                np.append(-np.ones(3 * k), 1.0),
                (2 * k + 1, 2),
            ),
            lower=0.0,
            upper=most,
        )
        return Rows(side, ("",) * (2 * k) + (str(self.experts),), np.arange(2 * k + 1) < 2 * k)


def occupancy_added(arcs: ModelArcs, window_s: float = 3600.0) -> NDArray[np.float64]:
    """``(arcs,)`` what each arc adds to its expert's occupancy: expected handling time · share of the expert / window.

    Parameters
    ----------
    arcs : the arcs; where channels have a usage, a ticket takes its share of the expert, otherwise all of it.
    window_s : the time over which occupancy is counted.
    """
    added = arcs.situation.channels.handling_s[arcs.channel] / window_s
    if arcs.attention is not None:
        added = added * arcs.attention.share[arcs.expert, arcs.channel]
    return np.asarray(added, np.float64)
