"""Compiled: local search by moves, swaps and ejection chains."""

from __future__ import annotations

from typing import Any

import numpy as np

from .construction import best_arc
from .moves import SAME, Data, State, fits, gain, is_better, leave, place

__all__ = ["DEPTH", "improve"]

DEPTH = 6
"""Tickets that an ejection chain moves at most."""


def improve(data: Data, state: State, step: float, rounds: int, stop: Any) -> None:
    """Rounds over all tickets until one changes nothing.

    Each ticket in turn begins an ejection chain (Glover 1996; for the generalised assignment problem Yagiura, Ibaraki &
    Glover 2004): it leaves its place and enters the best other one; where it does not fit, it ejects a ticket there,
    which then seeks a place the same way. A chain of one ticket is a move, one that ends in the first place a swap. The
    best state along the chain is kept where it is better than the one before, by violation, then by points.
    """
    in_chain = np.zeros(len(data.hold), np.uint8)
    who, first, kept = np.empty(DEPTH + 1, np.int64), np.empty(DEPTH + 1, np.int64), np.empty(DEPTH + 1, np.int64)
    for _ in range(rounds):
        changed = False
        for ticket in range(len(data.hold)):
            if stop[0]:
                return
            if chain(data, state, ticket, step, in_chain, who, first, kept):
                changed = True
        if not changed:
            return


def chain(data: Data, state: State, ticket: int, step: float, in_chain: Any, who: Any, first: Any, kept: Any) -> bool:
    """One ejection chain from a ticket; whether it was kept.

    ``who``, ``first``, ``kept``: the tickets that were touched, the arcs that they had, and those of the best state.
    """
    violation, points = state.total[0], state.total[1]
    touched, better = 1, False
    who[0], first[0], in_chain[ticket] = ticket, state.arc_of[ticket], 1
    if state.arc_of[ticket] >= 0:
        leave(data, state, ticket)
    seeking, vacated = ticket, -1 if first[0] < 0 else data.expert[first[0]]
    while True:
        arc, _, _ = best_arc(data, state, data.points, seeking)
        least = -np.inf
        if len(state.activity) == 0:
            least = data.hold[seeking] if arc < 0 else data.points[arc]
        if arc >= 0:
            place(data, state, seeking, arc)
        if is_better(state.total[0], state.total[1], violation, points, step):
            violation, points, better = state.total[0], state.total[1], True
            for at in range(len(who)):
                kept[at] = -2 if at >= touched else state.arc_of[who[at]]
        if arc >= 0:
            leave(data, state, seeking)
        if touched > DEPTH:
            break
        arc, ejected = best_ejection(data, state, seeking, vacated, in_chain, least)
        if arc < 0:
            break
        who[touched], first[touched], in_chain[ejected] = ejected, state.arc_of[ejected], 1
        touched += 1
        leave(data, state, ejected)
        place(data, state, seeking, arc)
        seeking = ejected
    for at in range(touched):
        in_chain[who[at]] = 0
        if state.arc_of[who[at]] >= 0:
            leave(data, state, who[at])
    for at in range(touched):
        arc = kept[at] if better and kept[at] != -2 else first[at]
        if arc >= 0:
            place(data, state, who[at], arc)
    state.total[0], state.total[1] = violation, points
    return better


def best_ejection(data: Data, state: State, ticket: int, vacated: int, in_chain: Any, lowest: float) -> tuple[int, int]:
    """The arc by which a held ticket enters a full expert, and the ticket that it ejects; −1 where there is none.

    Valued as if the ejected ticket were held, or took the place that the chain has vacated, whichever is better. Arcs
    with no more points than `lowest`, what the ticket gets without ejecting anybody, are passed over: a chain that
    gains with one of them is found from another of its tickets.
    """
    best, ejected, least, most = -1, -1, np.inf, -np.inf
    for arc in range(data.indptr[ticket], data.indptr[ticket + 1]):
        if data.points[arc] <= lowest or data.usage[arc] > data.capacity[data.expert[arc]] or fits(data, state, arc):
            continue
        other = state.first[data.expert[arc]]
        while other >= 0:
            following = state.following[other]
            if not in_chain[other]:
                violation, points = state.total[0], state.total[1]
                back = leave(data, state, other)
                if fits(data, state, arc):
                    place(data, state, ticket, arc)
                    then, value = state.total[0], state.total[1]
                    way = arc_between(data, other, vacated)
                    if way >= 0 and fits(data, state, way):
                        less, more = gain(data, state, data.points, other, way)
                        if less < -SAME or (less <= SAME and more > 0.0):
                            then, value = then + less, value + more
                    if then < least - SAME or (then <= least + SAME and value > most):
                        best, ejected, least, most = arc, other, then, value
                    leave(data, state, ticket)
                place(data, state, other, back)
                state.total[0], state.total[1] = violation, points
            other = following
    return best, ejected


def arc_between(data: Data, ticket: int, expert: int) -> int:
    """The arc of a ticket to an expert, −1 where there is none."""
    low, high = data.indptr[ticket], data.indptr[ticket + 1]
    while low < high:
        middle = (low + high) // 2
        if data.expert[middle] < expert:
            low = middle + 1
        else:
            high = middle
    found = low < data.indptr[ticket + 1] and data.expert[low] == expert
    return int(low) if found else -1
