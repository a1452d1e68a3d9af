"""Compiled: assignments built up ticket by ticket, arc by arc, or by regret."""

from __future__ import annotations

from typing import Any

import numpy as np

from .moves import SAME, Data, State, fits, gain, place

__all__ = ["URGENT", "take_arcs", "take_by_regret", "take_tickets", "worths"]

EVERY = 64
"""Arcs between two looks at the stop flag, where each takes little."""
URGENT = 1e6
"""How many times the largest points a unit of violation counts when arcs are put in order."""


def take_tickets(data: Data, state: State, score: Any, order: Any, stop: Any) -> None:
    """Each ticket of `order` that is held takes the arc of the best score that fits and gains."""
    for ticket in order:
        if stop[0]:
            break
        if state.arc_of[ticket] < 0:
            arc, _, _ = best_arc(data, state, score, ticket)
            if arc >= 0:
                place(data, state, ticket, arc)


def worths(data: Data, state: State, score: Any, per_unit: bool, urgent: float, key: Any) -> None:
    """What each arc is worth now, as `take_arcs` wants it: `key` is written; −∞ for tickets that are assigned."""
    for ticket in range(len(data.hold)):
        for arc in range(data.indptr[ticket], data.indptr[ticket + 1]):
            key[arc] = -np.inf
            if state.arc_of[ticket] < 0 and fits(data, state, arc):
                key[arc] = worth(data, state, score, per_unit, urgent, ticket, arc)


def take_arcs(
    data: Data, state: State, score: Any, per_unit: bool, urgent: float, key: Any, order: Any, stop: Any
) -> None:
    """Arcs by falling `key`, as in `order`, each taken where it fits and gains.

    An arc that is worth less by now than its key, because its expert's next units are dearer or a soft row is full,
    waits in a heap for its new place.
    """
    ticket_of = np.empty(len(data.expert), np.int32)
    for ticket in range(len(data.hold)):
        ticket_of[data.indptr[ticket] : data.indptr[ticket + 1]] = ticket
    heap, size, at, looked = np.empty(len(order), np.int64), 0, 0, 0
    while at < len(order) or size > 0:
        looked += 1
        if looked % EVERY == 0 and stop[0]:
            break
        if size and (at == len(order) or precedes(key, heap[0], order[at])):
            arc = heap[0]
            size = popped(heap, size, key)
        else:
            arc = order[at]
            at += 1
        ticket = ticket_of[arc]
        if state.arc_of[ticket] >= 0 or not fits(data, state, arc):
            continue
        now = worth(data, state, score, per_unit, urgent, ticket, arc)
        if now <= 0.0:
            continue
        if now < key[arc]:
            key[arc] = now
            size = pushed(heap, size, key, arc)
        else:
            place(data, state, ticket, arc)


def take_by_regret(data: Data, state: State, score: Any, stop: Any) -> None:
    """The ticket that loses most without its best arc takes it, again and again.

    What it loses is against its second best arc, or being held. A heap keeps the tickets by it; those whose best or
    second arc is at the expert who got a ticket are looked at anew.
    """
    n = len(data.hold)
    regret, best, second = np.full(n, -np.inf), np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    heap, size = np.empty(n, np.int64), 0
    for ticket in range(n):
        if stop[0]:
            return
        if state.arc_of[ticket] < 0:
            look(data, state, score, ticket, regret, best, second)
            if best[ticket] >= 0:
                size = pushed(heap, size, regret, ticket)
    while size > 0 and not stop[0]:
        ticket = heap[0]
        known = regret[ticket]
        look(data, state, score, ticket, regret, best, second)
        if best[ticket] < 0:
            size = popped(heap, size, regret)
            continue
        if regret[ticket] < known:
            sink(heap, size, regret, 0)
            continue
        size = popped(heap, size, regret)
        place(data, state, ticket, best[ticket])
        rose, taken = False, data.expert[best[ticket]]
        for at in range(size):
            if stop[0]:
                return
            other = heap[at]
            near = best[other] >= 0 and data.expert[best[other]] == taken
            if near or (second[other] >= 0 and data.expert[second[other]] == taken):
                before = regret[other]
                look(data, state, score, other, regret, best, second)
                rose = rose or regret[other] > before
        if rose:
            for at in range(size // 2 - 1, -1, -1):
                sink(heap, size, regret, at)


def look(data: Data, state: State, score: Any, ticket: int, regret: Any, best: Any, second: Any) -> None:
    """Find the two best arcs of a ticket, and what it loses without the first; −1 and −∞ where none gains."""
    first, violation, value = best_arc(data, state, score, ticket)
    best[ticket], second[ticket], regret[ticket] = first, -1, -np.inf
    if first < 0:
        return
    other, least, alternative = -1, 0.0, 0.0
    for arc in range(data.indptr[ticket], data.indptr[ticket + 1]):
        if arc != first and fits(data, state, arc):
            worse, points = gain(data, state, score, ticket, arc)
            if worse < least - SAME or (worse <= least + SAME and points > alternative):
                other, least, alternative = arc, worse, points
    second[ticket] = other
    regret[ticket] = np.inf if violation < least - SAME else value - alternative


def best_arc(data: Data, state: State, score: Any, ticket: int) -> tuple[int, float, float]:
    """The arc that fits and gains most, by violation, then by score; −1 where none gains. With both gains."""
    best, least, most = -1, 0.0, 0.0
    for arc in range(data.indptr[ticket], data.indptr[ticket + 1]):
        if fits(data, state, arc):
            violation, value = gain(data, state, score, ticket, arc)
            if violation < least - SAME or (violation <= least + SAME and value > most):
                best, least, most = arc, violation, value
    return best, least, most


def worth(data: Data, state: State, score: Any, per_unit: bool, urgent: float, ticket: int, arc: int) -> float:
    """What an arc is worth in an order: its gain, per unit or not, after what it does to the violation; −∞: worse."""
    violation, value = gain(data, state, score, ticket, arc)
    if violation > SAME:
        return -np.inf
    if violation < -SAME:
        value -= violation * urgent
    return value / data.usage[arc] if per_unit else value


def pushed(heap: Any, size: int, key: Any, item: int) -> int:
    """Put an item into a heap whose greatest key is on top, lower items first among equals; the new size."""
    heap[size] = item
    at = size
    while at > 0:
        above = (at - 1) // 2
        if not precedes(key, heap[at], heap[above]):
            break
        heap[at], heap[above] = heap[above], heap[at]
        at = above
    return size + 1


def popped(heap: Any, size: int, key: Any) -> int:
    """Take the top off the heap; the new size."""
    heap[0] = heap[size - 1]
    sink(heap, size - 1, key, 0)
    return size - 1


def sink(heap: Any, size: int, key: Any, at: int) -> None:
    """Restore the heap below a place."""
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and precedes(key, heap[child + 1], heap[child]):
            child += 1
        if not precedes(key, heap[child], heap[at]):
            return
        heap[at], heap[child] = heap[child], heap[at]
        at = child


def precedes(key: Any, one: int, other: int) -> bool:
    """Whether an item comes before another."""
    return bool(key[one] > key[other] or (key[one] == key[other] and one < other))
