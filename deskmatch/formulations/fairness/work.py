"""`Work`: what each expert has done and what each arc would add, as shares of a window of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.arcs import Situation, of_channel
from deskmatch.frozen import Frozen, read_only

__all__ = ["WINDOW_S", "Work"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

WINDOW_S = 3600.0
"""The hour over which occupancies are told (`Staffing.occupancy`), and over which new work is spread."""


@dataclass(frozen=True, slots=True, eq=False)
class Work(Frozen):
    """The work of one epoch.

    An expert's *occupancy after* the epoch is the occupancy now plus the expected handling times of the new tickets
    over the window; it may exceed 1 where more than a window's work comes at once. The *idle share* is 1 minus that.

    Parameters
    ----------
    share : ``(arcs,)`` what each arc adds: the expected handling time of its channel over the window, > 0.
    before : ``(experts,)`` occupancy now. Unknown ones count as the mean of those that are known in the group, as 0
        where none is.
    group : ``(experts,)`` who counts: the experts who have an arc. Nothing can be shared out to the others.
    window_s : seconds.
    """

    share: Float64
    before: Float64
    group: NDArray[np.bool_]
    window_s: float

    def __post_init__(self) -> None:
        self._set(
            share=read_only(self.share, np.float64),
            before=read_only(self.before, np.float64),
            group=read_only(self.group, np.bool_),
        )

    @classmethod
    def of(cls, situation: Situation, ticket: Int32, expert: Int32, *, window_s: float = WINDOW_S) -> Work:
        """The work of an epoch over some arcs.

        Parameters
        ----------
        situation : the epoch.
        ticket, expert : ``(arcs,)`` rows.
        window_s : seconds, > 0.
        """
        epoch = situation.epoch
        handling = of_channel(epoch.tickets, situation.channels.handling_s, otherwise=1.0)
        group = np.bincount(expert, minlength=epoch.n_experts) > 0
        occupancy = epoch.staffing.occupancy
        known = ~np.isnan(occupancy)
        mean = float(occupancy[known & group].mean()) if (known & group).any() else 0.0
        return cls(
            share=handling[ticket] / window_s, before=np.where(known, occupancy, mean), group=group, window_s=window_s
        )

    def after(self, expert: Int32, arcs: NDArray[np.int64]) -> Float64:
        """``(experts,)`` occupancy after an assignment.

        Parameters
        ----------
        expert : ``(arcs,)`` of all arcs.
        arcs : ``(tickets,)`` the arc of each ticket, −1: held.
        """
        taken = arcs[arcs >= 0]
        return self.before + np.bincount(expert[taken], weights=self.share[taken], minlength=len(self.before))
