"""Which constraints hold a ticket: those that filter its experts out, and those that one more ticket would miss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.constraints.rules import Rules
from deskmatch.formulations.constraints.tightness import TIGHT, row_states
from deskmatch.solver.folding import RowFate, misses
from deskmatch.solver.side import row_sums

__all__ = ["excluding", "filtering", "resisting"]


def filtering(rules: Rules, ticket: int) -> list[str]:
    """The constraints that take arcs of a ticket out.

    Parameters
    ----------
    rules : the constraints of the epoch.
    ticket : its row.
    """
    side_tickets = rules.base.ticket
    found = []
    for name, rows in rules.rows.items():
        of_filters = (rules.fates(name) == RowFate.FILTER)[rows.side.arc_row]
        if (side_tickets[rows.side.arc[of_filters]] == ticket).any():
            found.append(name)
    return found or list(rules.rows)


def excluding(rules: Rules, ticket: int, expert: int) -> list[str]:
    """The constraints that take a pair out of the problem; empty where it is an arc, and where it never was one."""
    base, kept = rules.base, rules.problem
    here = (base.ticket == ticket) & (base.expert == expert)
    if not here.any() or ((kept.ticket == ticket) & (kept.expert == expert)).any():
        return []
    arc = int(np.flatnonzero(here)[0])
    found = []
    for name in filtering(rules, ticket):
        side = rules.rows[name].side
        value = row_sums(side.arc_row, np.where(side.arc == arc, side.arc_value, 0.0), side.n_rows)
        own = np.zeros(side.n_rows, bool)
        own[side.arc_row[base.ticket[side.arc] == ticket]] = True
        filters = own & (rules.fates(name) == RowFate.FILTER)
        if (misses(side.sense, side.rhs, value)[filters] > 0).any():
            found.append(name)
    return found or filtering(rules, ticket)


def resisting(rules: Rules, expert_of: NDArray[np.int32], ticket: int, arcs: NDArray[np.integer]) -> list[str]:
    """The constraints that would be missed, or missed by more, if a held ticket took the first of some arcs.

    Parameters
    ----------
    rules : the constraints of the epoch.
    expert_of : ``(tickets,)`` the plan.
    ticket : its row.
    arcs : arcs of the problem that is solved, best first.
    """
    more = expert_of.copy()
    more[ticket] = rules.problem.expert[arcs[0]]
    before, after = row_states(rules, expert_of), row_states(rules, more)
    worse = [one.constraint for one, two in zip(before, after, strict=True) if two.missed > one.missed + TIGHT]
    return list(dict.fromkeys(worse))
