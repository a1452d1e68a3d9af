"""`GroupLimit`, `MinService`, `TierQuota`: how many tickets of a group are assigned this epoch."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from deskmatch.formulations.constraints.filters import ExpertFilter, TicketFilter, Tier
from deskmatch.formulations.constraints.protocol import ModelArcs
from deskmatch.formulations.constraints.rows import Rows
from deskmatch.formulations.constraints.rule import Name, Rule
from deskmatch.routing.validation import Count, Probability

__all__ = ["GroupLimit", "MinService", "TierQuota"]


class GroupLimit(Rule):
    """Σ_{i ∈ tickets, j ∈ experts} x_ij ≤ at_most; for each expert of its own where each = "expert".

    At most so many tickets of a group are assigned this epoch; a unit is a ticket. A hard limit for each expert that
    lies inside or around the other limits of the expert leaves the problem a network.

    Parameters
    ----------
    at_most : tickets, ≥ 0.
    tickets, experts : which pairs count; default: all.
    each : ``"expert"``: the limit holds for each expert alone; None: for all of them together.

    Examples
    --------
    >>> GroupLimit(at_most=2, tickets={"channel": "chat"}, experts={"tier": 3}, each="expert").at_most
    2
    """

    at_most: Count
    tickets: TicketFilter = TicketFilter()
    experts: ExpertFilter = ExpertFilter()
    each: Literal["expert"] | None = None
    name: Name = "group_limit"

    def rows(self, arcs: ModelArcs) -> Rows:
        """One row, or one for each expert with pairs that count."""
        counted = np.flatnonzero(pairs(arcs, self.tickets, self.experts))
        if self.each is None:
            return Rows.of(np.zeros(len(counted)), counted, 1.0, sense="<=", rhs=[self.at_most], labels=["the desk"])
        experts, row = np.unique(arcs.expert[counted], return_inverse=True)
        names = arcs.epoch.desk.expert_ids
        labels = [names[expert] for expert in experts.tolist()]
        return Rows.of(row, counted, 1.0, sense="<=", rhs=np.full(len(experts), self.at_most), labels=labels)


class MinService(Rule):
    """Σ_{i ∈ tickets, j ∈ experts} x_ij ≥ min(at_least, tickets of the group that anybody could serve now).

    At least so many tickets of a group are assigned this epoch; a unit is a ticket. An epoch in which fewer of them
    wait asks for no more than these.

    Parameters
    ----------
    at_least : tickets, ≥ 0.
    tickets, experts : which pairs count; default: all.

    Examples
    --------
    >>> MinService(at_least=3, tickets={"language": "pt"}, penalty=0.5).penalty
    0.5
    """

    at_least: Count
    tickets: TicketFilter = TicketFilter()
    experts: ExpertFilter = ExpertFilter()
    name: Name = "min_service"

    def rows(self, arcs: ModelArcs) -> Rows:
        """One row."""
        counted = np.flatnonzero(pairs(arcs, self.tickets, self.experts))
        waiting = len(np.unique(arcs.ticket[counted]))
        right = [min(self.at_least, waiting)]
        return Rows.of(np.zeros(len(counted)), counted, 1.0, sense=">=", rhs=right, labels=["the desk"])


class TierQuota(Rule):
    """Σ_{i easy, j on the tier} x_ij ≤ share · Σ_{i, j on the tier} x_ij.

    Of the tickets that go to the experts of a tier this epoch, at most a share is easy: a lower tier could serve them,
    too. A unit is a ticket.

    Parameters
    ----------
    tier : of the experts, ≥ 2: nothing is easier than the first line.
    share : α in [0, 1].
    easy : the highest tier of a ticket that counts as easy; default: the one below `tier`.

    Examples
    --------
    >>> TierQuota(tier=3, share=0.25)
    TierQuota(name='tier_quota', penalty=None, tier=3, share=0.25, easy=None)
    """

    tier: Annotated[Tier, Field(ge=2)]
    share: Probability
    easy: Tier | None = None
    name: Name = "tier_quota"

    def rows(self, arcs: ModelArcs) -> Rows:
        """One row: Σ (easy − share)·x ≤ 0 over the pairs of the tier."""
        on_tier = arcs.epoch.desk.tier[arcs.expert] == self.tier
        hardest = self.tier - 1 if self.easy is None else self.easy
        easy = arcs.epoch.tickets.tier[arcs.ticket] <= hardest
        return Rows.one(np.where(on_tier, easy - self.share, 0.0), "<=", 0.0, f"tier {self.tier}")


def pairs(arcs: ModelArcs, tickets: TicketFilter, experts: ExpertFilter) -> NDArray[np.bool_]:
    """``(arcs,)`` true where both sides match."""
    return tickets.mask(arcs.epoch)[arcs.ticket] & experts.mask(arcs.epoch.desk)[arcs.expert]
