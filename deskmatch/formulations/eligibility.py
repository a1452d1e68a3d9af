"""Which experts may serve which ticket: set algebra on codes, once per class of ticket."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, Tickets
from deskmatch.routing import ChannelTable, Relaxation

__all__ = ["Eligibility", "Filter", "TicketClass"]

CLASSES_KEPT = 20_000
"""Classes remembered between epochs; more (tickets with many topics each) start the memory afresh."""
LARGEST_KEY = 2**62
"""Classes are told apart by one number each, up to this one."""


class Filter(StrEnum):
    """The rules that an expert must pass to be eligible, in the order in which they are asked."""

    CHANNEL = "channel"
    LANGUAGE = "language"
    TOPIC = "topic"
    TIER = "tier"
    TAG = "tag"


class TicketClass(NamedTuple):
    """What decides who may serve a ticket; tickets that agree in it share their list of experts."""

    channel: int
    language: int
    topics: tuple[int, ...]
    tier: int
    tags: tuple[int, ...]
    relaxation: Relaxation | None


class Eligibility:
    """Eligible experts by class of ticket, prepared for one desk and one routing.

    Parameters
    ----------
    desk : the experts.
    channels : the settings of the desk's channels.
    """

    def __init__(self, desk: Desk, channels: ChannelTable) -> None:
        self.desk = desk
        self._works = np.ascontiguousarray((desk.channel_limit > 0).T)
        self._speaks = np.ascontiguousarray(desk.speaks.T)
        self._knows = np.ascontiguousarray(~np.isnan(desk.proficiency).T)
        self._generalist = ~np.isnan(desk.general_proficiency)
        self._has = np.ascontiguousarray(desk.has.T)
        self._steps = channels.relax
        self._after = [np.array([step.after_s for step in steps]) for steps in channels.relax]
        self._experts: dict[TicketClass, NDArray[np.int32]] = {}

    def static_arcs(self, tickets: Tickets, stage: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """All pairs that the desk's rules allow, whoever is free: ``(arcs,)`` tickets and experts, sorted.

        Parameters
        ----------
        tickets : who waits.
        stage : ``(tickets,)`` how many steps of timed relaxation have passed (`stages`).
        """
        if not len(tickets) or not self.desk.n_experts:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        first, class_of = self.classes(tickets, stage)
        lists = [self.experts(kind) for kind in self.ticket_classes(tickets, first, stage)]
        chosen = [lists[k] for k in class_of.tolist()]
        sizes = np.array([len(experts) for experts in lists])[class_of]
        return np.repeat(np.arange(len(tickets), dtype=np.int32), sizes), np.concatenate(chosen)

    def classes(self, tickets: Tickets, stage: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """``(classes,)`` a ticket of each class, and ``(tickets,)`` the class of each ticket."""
        return _classes(tickets, stage)

    def experts(self, ticket_class: TicketClass) -> NDArray[np.int32]:
        """The experts who may serve a class, ascending."""
        known = self._experts.get(ticket_class)
        if known is None:
            mask = np.ones(self.desk.n_experts, bool)
            for _, passes in self.filters(ticket_class):
                mask &= passes
            known = np.flatnonzero(mask).astype(np.int32)
            if len(self._experts) >= CLASSES_KEPT:
                self._experts.clear()
            self._experts[ticket_class] = known
        return known

    def filters(self, ticket_class: TicketClass) -> Iterator[tuple[Filter, NDArray[np.bool_]]]:
        """Each rule with the ``(experts,)`` mask of those who pass it."""
        relaxed = ticket_class.relaxation
        nobody = np.zeros(self.desk.n_experts, bool)
        everybody = ~nobody
        yield Filter.CHANNEL, self._works[ticket_class.channel] if ticket_class.channel >= 0 else nobody
        if relaxed is None or relaxed.language is None:
            yield (
                Filter.LANGUAGE,
                self._speaks[ticket_class.language] if ticket_class.language >= 0 else nobody,
            )
        if relaxed is None or relaxed.missing_topic is None:
            known = nobody
            for topic in ticket_class.topics:
                known = known | (self._knows[topic] if topic >= 0 else self._generalist)
            yield Filter.TOPIC, known
        yield Filter.TIER, self.desk.tier >= ticket_class.tier - (relaxed.tiers_below if relaxed else 0)
        held = everybody
        for tag in ticket_class.tags:
            held = held & (self._has[tag] if tag >= 0 else nobody)
        yield Filter.TAG, held

    def ticket_class(self, tickets: Tickets, row: int, stage: NDArray[np.int32]) -> TicketClass:
        """The class of one ticket."""
        return next(self.ticket_classes(tickets, np.array([row]), stage))

    def ticket_classes(
        self, tickets: Tickets, rows: NDArray[np.intp], stage: NDArray[np.int32]
    ) -> Iterator[TicketClass]:
        """The classes of some tickets, one after the other."""
        columns = [
            column[rows].tolist()
            for column in (
                tickets.channel,
                tickets.language,
                tickets.tier,
                stage,
                tickets.topic_ptr[:-1],
                tickets.topic_ptr[1:],
                tickets.requires_ptr[:-1],
                tickets.requires_ptr[1:],
            )
        ]
        for channel, language, tier, step, topic, last_topic, tag, last_tag in zip(*columns, strict=True):
            yield TicketClass(
                channel,
                language,
                _set_of(tickets.topic, topic, last_topic),
                tier,
                _set_of(tickets.requires, tag, last_tag),
                self.relaxation(channel, step) if step else None,
            )

    def relaxation(self, channel: int, stage: int) -> Relaxation | None:
        """What the first `stage` steps of a channel allow together, None: nothing."""
        return self._steps[channel][stage - 1] if channel >= 0 and stage > 0 else None

    def stages(self, tickets: Tickets, waited_s: NDArray[np.float64]) -> NDArray[np.int32]:
        """``(tickets,)`` how many steps of timed relaxation have passed.

        Parameters
        ----------
        tickets : who waits.
        waited_s : ``(tickets,)`` seconds waited in open hours.
        """
        stage = np.zeros(len(tickets), np.int32)
        for channel, after in enumerate(self._after):
            if len(after):
                here = tickets.channel == channel
                stage[here] = np.searchsorted(after, waited_s[here], side="right")
        return stage


def is_excluded(epoch: Epoch, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> NDArray[np.bool_]:
    """``(arcs,)`` true where the ticket must not go to the expert."""
    tickets = epoch.tickets
    if not len(tickets.excluded):
        return np.zeros(len(ticket), bool)
    owner = np.repeat(np.arange(len(tickets)), np.diff(tickets.excluded_ptr))
    keys = owner.astype(np.int64) * epoch.n_experts + tickets.excluded
    named = tickets.excluded >= 0
    return np.isin(ticket.astype(np.int64) * epoch.n_experts + expert, keys[named])


def _set_of(values: NDArray[np.int32], start: int, stop: int) -> tuple[int, ...]:
    """The codes between two places, each once, ascending."""
    if stop <= start:
        return ()
    return (int(values[start]),) if stop == start + 1 else tuple(sorted(set(values[start:stop].tolist())))


def _classes(tickets: Tickets, stage: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """A ticket of each class, and the class of each ticket."""
    columns = (
        tickets.channel,
        tickets.language,
        tickets.tier,
        stage,
        _set_codes(tickets.topic, tickets.topic_ptr),
        _set_codes(tickets.requires, tickets.requires_ptr),
    )
    packed, numbers = np.zeros(len(tickets), np.int64), 1
    for column in columns:
        code = column.astype(np.int64) - int(column.min())
        width = int(code.max()) + 1
        if numbers * width > LARGEST_KEY:
            # renumbered where the key would overflow, after which it stays below tickets²
            kinds, code = np.unique(code, return_inverse=True)
            _, packed = np.unique(packed, return_inverse=True)
            numbers, width = int(packed.max()) + 1, len(kinds)
        packed = packed * width + code
        numbers *= width
    _, first, class_of = np.unique(packed, return_index=True, return_inverse=True)
    return first, class_of


def _set_codes(values: NDArray[np.int32], ptr: NDArray[np.int32]) -> NDArray[np.int64]:
    """One number for each row of a CSR of codes, the same for rows with the same entries."""
    sizes = np.diff(ptr)
    codes = np.full(len(sizes), -2, np.int64)
    single = sizes == 1
    codes[single] = values[ptr[:-1][single]]
    several: dict[bytes, int] = {}
    for row in np.flatnonzero(sizes > 1):
        entries = np.unique(values[ptr[row] : ptr[row + 1]]).tobytes()
        codes[row] = -3 - several.setdefault(entries, len(several))
    return codes
