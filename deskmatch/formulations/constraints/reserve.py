"""`Reserve`: places that stay free for whoever comes next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.formulations.availability import stays
from deskmatch.formulations.constraints.filters import ExpertFilter
from deskmatch.formulations.constraints.protocol import ModelArcs
from deskmatch.formulations.constraints.rows import Rows, sparse
from deskmatch.formulations.constraints.rule import Name, Rule
from deskmatch.routing.validation import Count
from deskmatch.solver import Side

__all__ = ["Reserve"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


class Reserve(Rule):
    """Σ_{j ∈ experts} free_j ≥ min(slots, Σ_j free_j now), where free_j is what the epoch leaves of the expert's slots.

    Keeps slots free among the experts of a language, channel, topic or tier; where fewer are free already, all of
    these. Without `channel` a slot is a place for any ticket: free_j = capacity_j − Σ_i x_ij. With `channel` it is a
    place for a ticket of that channel, which other tickets can take away, too: free_j = min(room_jc − Σ_{i of c} x_ij,
    capacity_j − Σ_i x_ij), and experts who leave before such a ticket would be done have none. Where channels have a
    usage, slots are counted by attention, in fractions: of a ticket of `channel`, or else of a whole expert.

    Parameters
    ----------
    slots : to keep free, ≥ 0.
    experts : among whom; default: all.
    channel : that the slots are for; None: any.

    Examples
    --------
    >>> Reserve(slots=2, experts={"language": "pt"}, channel="chat").slots
    2
    """

    slots: Count
    experts: ExpertFilter = ExpertFilter()
    channel: Name | None = None
    name: Name = "reserve"

    def rows(self, arcs: ModelArcs) -> Rows:
        """One row; with a channel also a column, and two rows that define it, for each expert with other work."""
        member = self.experts.mask(arcs.epoch.desk)
        label = f"{self.experts}" if self.channel is None else f"{self.experts}: {self.channel}"
        if self.channel is None:
            taken, free = _places(arcs)
            per_arc = np.where(member[arcs.expert], taken[arcs.expert, arcs.channel], 0.0)
            return _left_of(float(free[member].sum()), per_arc, self.slots, label)
        names = [fold(name) for name in arcs.epoch.desk.channels]
        if fold(self.channel) not in names:
            return Rows.none()
        return self._on_channel(arcs, member, names.index(fold(self.channel)), label)

    def _on_channel(self, arcs: ModelArcs, member: NDArray[np.bool_], channel: int, label: str) -> Rows:
        """Σ f_j ≥ slots, f_j ≤ room_j − taken on the channel, f_j ≤ places_j − taken at all."""
        taken, places = _places(arcs, channel)
        room = np.where(stays(arcs.epoch, arcs.situation.channels)[:, channel], arcs.room[:, channel], 0)
        now = np.minimum(room, places)
        expert = np.flatnonzero(member & (now > 0))
        number = np.full(len(member), -1)
        number[expert] = np.arange(len(expert))
        at, is_same = number[arcs.expert], arcs.channel == channel
        k = len(expert)
        own, any_arc = np.flatnonzero((at >= 0) & is_same), np.flatnonzero(at >= 0)
        row = np.concatenate([at[own], k + at[any_arc]])
        arc = np.concatenate([own, any_arc])
        value = np.concatenate([np.ones(len(own)), taken[arcs.expert[any_arc], arcs.channel[any_arc]]])
        total = float(now[expert].sum())
        side = Side.from_matrix(
            sparse(row, arc, value, (2 * k + 1, len(arcs))),
            ["<="] * (2 * k) + [">="],
            np.concatenate([room[expert], places[expert], [min(float(self.slots), total)]]),
            over_extra=sparse(
                np.concatenate([np.arange(2 * k), np.full(k, 2 * k)]),
                np.tile(np.arange(k), 3),
                np.ones(3 * k),
                (2 * k + 1, k),
            ),
            lower=0.0,
            upper=now[expert].astype(np.float64),
        )
        return Rows(side, ("",) * (2 * k) + (label,), np.arange(2 * k + 1) < 2 * k)


def _left_of(free: float, taken: Float64, slots: float, label: str) -> Rows:
    """free − Σ taken ≥ min(slots, free), with a column that can only be `free`."""
    arc = np.flatnonzero(taken)
    side = Side.from_matrix(
        sparse(np.zeros(len(arc), int), arc, -taken[arc], (1, len(taken))),
        ">=",
        min(slots, free),
        over_extra=[[1.0]],
        lower=free,
        upper=free,
    )
    return Rows(side, (label,))


def _places(arcs: ModelArcs, channel: int | None = None) -> tuple[Float64, Float64]:
    """What a ticket takes, ``(experts, channels)``, and the places there are, ``(experts,)``, whatever the limits say.

    In tickets; where channels have a usage, in tickets of `channel`, or else in whole experts.
    """
    given = arcs.attention
    if given is None:
        return np.ones(arcs.room.shape), arcs.capacity.astype(np.float64)
    unit = given.whole if channel is None else given.units[:, channel]
    return given.units / unit[:, None], np.where(arcs.capacity > 0, given.free / unit, 0.0)
