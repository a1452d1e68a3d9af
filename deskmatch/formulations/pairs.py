"""The pairs of an epoch that the rules allow and that can be served now; all of them, or an even share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.formulations.arcs import Situation
from deskmatch.formulations.eligibility import is_excluded

__all__ = ["Pairs", "open_pairs"]

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

FEWEST = 8
"""Experts that are looked at for a ticket, at the least, where there is no time for all: with 3 or more random ones
each, almost all tickets find a place of their own (Frieze & Melsted 2012). Where even so few are too many, fewer
tickets are looked at, those that have waited longest."""
CLASSES = 64
"""Classes between two looks at the clock: two milliseconds where their experts are not known yet."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of an epoch.

    Parameters
    ----------
    ticket, expert : ``(pairs,)`` rows, by ticket, then expert.
    unseen : ``(tickets,)`` the tickets that were left out; None: no ticket was.
    allowed : how many pairs the rules allow, exclusions aside.
    is_whole : whether it is all of them.
    """

    ticket: Int32
    expert: Int32
    unseen: NDArray[np.bool_] | None
    allowed: int
    is_whole: bool = True

    def without(self, unseen: NDArray[np.bool_]) -> Pairs:
        """The pairs of the other tickets; these are left out too."""
        keep = ~unseen[self.ticket]
        both = unseen if self.unseen is None else unseen | self.unseen
        return Pairs(self.ticket[keep], self.expert[keep], both, self.allowed, is_whole=False)


def open_pairs(
    epoch: Epoch,
    situation: Situation,
    takes: NDArray[np.bool_],
    *,
    most: Callable[[], float] = lambda: np.inf,
    is_over: Callable[[], bool] = lambda: False,
) -> Pairs:
    """The pairs that the rules allow and that can be served now.

    Parameters
    ----------
    epoch : the instant.
    situation : its eligibility and stages.
    takes : ``(experts, channels)`` who can take another ticket of a channel now.
    most : how many pairs there is time for, asked once they are counted. Where there are more, each ticket keeps an
        even share of its experts, the next ticket of its kind the next ones of them, so that all experts are looked at
        by somebody; where even that is too much, tickets that have waited less are left out.
    is_over : whether to look at no further class of tickets, asked now and then; they come by the longest wait.
    """
    tickets, stage, eligibility = epoch.tickets, situation.stage, situation.eligibility
    if not len(tickets) or not epoch.n_experts:
        return Pairs(np.empty(0, np.int32), np.empty(0, np.int32), None, 0)
    first, class_of = eligibility.classes(tickets, stage)
    lists, missed = _lists(situation, first, class_of, is_over)
    lists = _who_take(lists, tickets.channel[first], takes)
    sizes = np.array([len(experts) for experts in lists], dtype=np.int64)[class_of]
    allowed, unseen, limit = int(sizes.sum()), None, most()
    if allowed <= limit:
        ticket = np.repeat(np.arange(len(tickets), dtype=np.int32), sizes)
        expert = np.concatenate([lists[k] for k in class_of.tolist()])
    else:
        kept = _even_share(sizes, situation.waited_s, max(1.0, limit))
        ticket, expert = _windows(lists, class_of, sizes, kept)
        unseen = (kept == 0) & (sizes > 0)
    excluded = is_excluded(epoch, ticket, expert)
    if excluded.any():
        ticket, expert = ticket[~excluded], expert[~excluded]
    if missed.any():
        unseen = missed[class_of] if unseen is None else missed[class_of] | unseen
    unseen = unseen if unseen is not None and unseen.any() else None
    return Pairs(ticket, expert, unseen, allowed, is_whole=allowed <= limit and unseen is None)


def _lists(
    situation: Situation, first: NDArray[np.intp], class_of: NDArray[np.intp], is_over: Callable[[], bool]
) -> tuple[list[Int32], NDArray[np.bool_]]:
    """The experts whom the rules allow to each class, and the classes that there was no time for."""
    longest = np.full(len(first), -np.inf)
    np.maximum.at(longest, class_of, situation.waited_s)
    order = np.argsort(-longest, kind="stable")
    lists, missed = [np.empty(0, np.int32)] * len(first), np.zeros(len(first), dtype=bool)
    eligibility = situation.eligibility
    kinds = eligibility.ticket_classes(situation.epoch.tickets, first[order], situation.stage)
    for number, (place, kind) in enumerate(zip(order.tolist(), kinds, strict=True)):
        if number % CLASSES == CLASSES - 1 and is_over():
            missed[order[number:]] = True
            break
        lists[place] = eligibility.experts(kind)
    return lists, missed


def _who_take(lists: list[Int32], channel: Int32, takes: NDArray[np.bool_]) -> list[Int32]:
    """Of the experts of each class those who can take another ticket of its channel now."""
    sizes = np.array([len(experts) for experts in lists])
    expert = np.concatenate(lists)
    # a class without channel has no experts
    keep = np.ascontiguousarray(takes.T).take(np.repeat(channel.astype(np.int64) * len(takes), sizes) + expert)
    ends = np.cumsum(np.append(0, keep))[np.cumsum(sizes)].tolist()
    left = expert[keep]
    return [left[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _even_share(sizes: Int64, waited_s: NDArray[np.float64], most: float) -> Int64:
    """How many pairs each ticket keeps, so that there are at most so many: ``(tickets,)``."""
    kept = np.minimum(sizes, FEWEST)
    if kept.sum() > most:
        order = np.argsort(-waited_s, kind="stable")
        seen = np.cumsum(kept[order]) <= most
        seen[np.argmax(kept[order] > 0)] = True
        kept[order[~seen]] = 0
        return kept
    # the greatest number k with Σ min(size, k) ≤ most, by bisection
    low, high = FEWEST, int(sizes.max())
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(sizes, middle).sum() <= most else (low, middle - 1)
    return np.minimum(sizes, low)


def _windows(lists: list[Int32], class_of: NDArray[np.intp], sizes: Int64, kept: Int64) -> tuple[Int32, Int32]:
    """Consecutive windows of the class's experts for consecutive tickets of a class, going round; experts ascending."""
    lengths = np.array([len(experts) for experts in lists], dtype=np.int64)
    start_of_list = np.cumsum(lengths) - lengths
    order = np.argsort(class_of, kind="stable")
    passed = np.cumsum(kept[order]) - kept[order]
    first_of_class = np.searchsorted(class_of[order], np.arange(len(lists)))
    offset = np.zeros(len(sizes), dtype=np.int64)
    offset[order] = passed - passed[np.minimum(first_of_class, len(order) - 1)][class_of[order]]
    offset %= np.maximum(sizes, 1)
    wrapped = np.maximum(0, offset + kept - sizes)
    row = np.repeat(np.arange(len(sizes)), kept)
    within = np.arange(len(row)) - np.repeat(np.cumsum(kept) - kept, kept)
    place = np.where(within < wrapped[row], within, offset[row] + within - wrapped[row])
    flat = np.concatenate(lists)
    return row.astype(np.int32), flat[start_of_list[class_of[row]] + place]
