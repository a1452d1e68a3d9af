"""`Pin`, `Forbid`, `Stability`: single pairs that must, must not, or should be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, model_validator

from deskmatch.epochs import Epoch
from deskmatch.formulations.constraints.filters import ExpertFilter, TicketFilter
from deskmatch.formulations.constraints.limits import pairs as pairs_of
from deskmatch.formulations.constraints.protocol import ModelArcs
from deskmatch.formulations.constraints.rows import Rows
from deskmatch.formulations.constraints.rule import Name, Rule
from deskmatch.routing.validation import NonNegative, refuse

__all__ = ["Forbid", "Pin", "Stability"]

Bool = NDArray[np.bool_]


def _listed(value: object) -> object:
    """Pairs from a mapping of tickets to experts, too."""
    return tuple(value.items()) if isinstance(value, Mapping) else value


Pairs = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_listed)]


class _OfPairs(Rule):
    """What `Pin` and `Forbid` share: which pairs they are about."""

    pairs: Pairs = ()
    tickets: TicketFilter | None = None
    experts: ExpertFilter | None = None

    @model_validator(mode="after")
    def _names_some(self) -> Any:
        if not self.pairs and self.tickets is None and self.experts is None:
            raise refuse("should have pairs, or tickets, or experts: else it means every pair")
        return self

    def _counted(self, arcs: ModelArcs) -> Bool:
        """``(arcs,)`` the pairs that are meant."""
        meant = np.zeros(len(arcs), bool)
        if self.tickets is not None or self.experts is not None:
            meant |= pairs_of(arcs, self.tickets or TicketFilter(), self.experts or ExpertFilter())
        return meant | _among(arcs, self.pairs)

    def _tickets(self, epoch: Epoch) -> Bool:
        """``(tickets,)`` the tickets that are meant."""
        named = {ticket for ticket, _ in self.pairs}
        meant = np.fromiter((name in named for name in epoch.tickets.ids), bool)
        if self.tickets is not None or self.experts is not None:
            meant |= (self.tickets or TicketFilter()).mask(epoch)
        return meant


class Pin(_OfPairs):
    """Σ_{j ∈ experts} x_ij ≥ 1 for each ticket i that is pinned.

    Each of these tickets goes to its expert, or to one of the experts named, now. A unit is a ticket. The problem stays
    a network. A ticket that is not in the epoch is no mistake; one that no such expert could serve now makes a hard pin
    impossible and a soft one void.

    Parameters
    ----------
    pairs : ticket and expert of each pair, or a mapping of tickets to experts.
    tickets, experts : beside or instead of `pairs`: each ticket that matches, to one of the experts who match.

    Examples
    --------
    >>> Pin(pairs={"T1": "ana"}).pairs
    (('T1', 'ana'),)
    """

    name: Name = "pin"

    def rows(self, arcs: ModelArcs) -> Rows:
        """One row for each pinned ticket of the epoch."""
        counted = self._counted(arcs)
        wanted = self._tickets(arcs.epoch)
        if self.penalty is not None:
            wanted &= np.bincount(arcs.ticket[counted], minlength=len(wanted)) > 0
        return _of_tickets(arcs, counted, wanted, ">=", 1.0)


class Forbid(_OfPairs):
    """Σ_{j ∈ experts} x_ij ≤ 0 for each ticket i that is forbidden to some experts.

    None of these pairs is assigned. A unit is a ticket. The problem stays a network.

    Parameters
    ----------
    pairs : ticket and expert of each pair.
    tickets, experts : beside or instead of `pairs`: no ticket that matches, to none of the experts who match.

    Examples
    --------
    >>> Forbid(tickets={"topic": "billing"}, experts={"tag": "trainee"}, penalty=0.2).name
    'forbid'
    """

    name: Name = "forbid"

    def rows(self, arcs: ModelArcs) -> Rows:
        """One row for each ticket with a forbidden pair."""
        counted = self._counted(arcs)
        wanted = np.bincount(arcs.ticket[counted], minlength=arcs.epoch.n_tickets) > 0
        return _of_tickets(arcs, counted, wanted, "<=", 0.0)


class Stability(Rule):
    """x_{i, o(i)} ≥ 1 for each ticket i that is offered to an expert o(i) who can still take it.

    Taking an offer back costs: the ticket goes to somebody else, or waits. A unit is a ticket. The problem stays a
    network. Offers to experts who could not take the ticket now are void.

    Parameters
    ----------
    penalty : points for each offer taken back; None: no offer is.
    tickets : whose offers; default: all.

    Examples
    --------
    >>> Stability().penalty
    0.1
    """

    penalty: NonNegative | None = 0.1
    tickets: TicketFilter = TicketFilter()
    name: Name = "stability"

    def rows(self, arcs: ModelArcs) -> Rows:
        """One row for each offer that stands."""
        offered = arcs.epoch.tickets.offered_to
        counted = self.tickets.mask(arcs.epoch)[arcs.ticket] & (arcs.expert == offered[arcs.ticket])
        wanted = np.bincount(arcs.ticket[counted], minlength=arcs.epoch.n_tickets) > 0
        return _of_tickets(arcs, counted, wanted, ">=", 1.0)


def _of_tickets(arcs: ModelArcs, counted: Bool, wanted: Bool, sense: str, right: float) -> Rows:
    """A row for each ticket that is wanted, over its arcs that count."""
    ticket = np.flatnonzero(wanted)
    number = np.cumsum(wanted) - 1
    arc = np.flatnonzero(counted & wanted[arcs.ticket])
    labels = [arcs.epoch.tickets.ids[row] for row in ticket.tolist()]
    return Rows.of(number[arcs.ticket[arc]], arc, 1.0, sense=sense, rhs=np.full(len(ticket), right), labels=labels)


def _among(arcs: ModelArcs, pairs: tuple[tuple[str, str], ...]) -> Bool:
    """``(arcs,)`` true where an arc is one of the pairs; ids that are not in the epoch match nothing."""
    if not pairs:
        return np.zeros(len(arcs), bool)
    epoch = arcs.epoch
    row_of = {name: row for row, name in enumerate(epoch.tickets.ids)}
    ticket = np.array([row_of.get(one, -1) for one, _ in pairs], np.int64)
    expert = np.array([epoch.desk.index_of(other) for _, other in pairs], np.int64)
    here = (ticket >= 0) & (expert >= 0)
    keys = ticket[here] * epoch.n_experts + expert[here]
    return np.isin(arcs.ticket.astype(np.int64) * epoch.n_experts + arcs.expert, keys)
