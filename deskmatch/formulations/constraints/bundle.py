"""`Bundle`: what a customer asks goes to one expert."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.constraints.filters import TicketFilter
from deskmatch.formulations.constraints.protocol import ModelArcs
from deskmatch.formulations.constraints.rows import Rows, sparse
from deskmatch.formulations.constraints.rule import Name, Rule
from deskmatch.solver import Side

__all__ = ["Bundle"]


class Bundle(Rule):
    """x_ij = x_kj for all experts j and all tickets i, k of one customer (``customer_id``).

    A customer's tickets go all to one expert, or are all held. A unit is a customer whose tickets are torn apart: a
    column e_c ∈ [0, 1] for each customer c with x_ij − x_kj ≤ e_c around the circle of the customer's tickets, and
    e_c ≤ 0.

    Parameters
    ----------
    tickets : which tickets; default: all. Tickets without a ``customer_id`` are on their own.

    Examples
    --------
    >>> Bundle(tickets={"channel": "post"}).name
    'bundle'
    """

    tickets: TicketFilter = TicketFilter()
    name: Name = "bundle"

    def rows(self, arcs: ModelArcs) -> Rows:
        """A column and a rule for each customer with several tickets, defined by a row for each of their arcs."""
        following, customer, names = self._circles(arcs)
        arc = np.flatnonzero(following[arcs.ticket] >= 0)
        beside = _arcs_at(arcs, following[arcs.ticket[arc]], arcs.expert[arc])
        has = np.flatnonzero(beside >= 0)
        k, rows = len(names), len(arc)
        side = Side.from_matrix(
            sparse(
                np.append(np.arange(rows), has),
                np.append(arc, beside[has]),
                np.append(np.ones(rows), -np.ones(len(has))),
                (rows + k, len(arcs)),
            ),
            "<=",
            np.zeros(rows + k),
            over_extra=sparse(
                np.arange(rows + k),
                np.append(customer[arcs.ticket[arc]], np.arange(k)),
                np.append(-np.ones(rows), np.ones(k)),
                (rows + k, k),
            ),
            lower=0.0,
            upper=1.0,
        )
        return Rows(side, ("",) * rows + names, np.arange(rows + k) < rows)

    def _circles(self, arcs: ModelArcs) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...]]:
        """The next ticket of each customer, the customers' numbers (−1: none) by ticket, and the customers."""
        tickets = arcs.epoch.tickets
        following, customer = np.full(len(tickets), -1), np.full(len(tickets), -1)
        chosen = self.tickets.mask(arcs.epoch)
        of_customer: dict[str, list[int]] = {}
        for row, name in enumerate(tickets.customer_id or ()):
            if name is not None and chosen[row]:
                of_customer.setdefault(name, []).append(row)
        several = {name: rows for name, rows in of_customer.items() if len(rows) > 1}
        for number, rows in enumerate(several.values()):
            following[rows], customer[rows] = np.roll(rows, -1), number
        return following, customer, tuple(several)


def _arcs_at(arcs: ModelArcs, ticket: NDArray[np.int64], expert: NDArray[np.int32]) -> NDArray[np.int64]:
    """The arc of each pair, −1 where it is none."""
    width = max(1, arcs.epoch.n_experts)
    keys = arcs.ticket.astype(np.int64) * width + arcs.expert
    wanted = ticket * width + expert
    place = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
    return np.where(keys[place] == wanted, place, -1) if len(keys) else np.full(len(wanted), -1)
