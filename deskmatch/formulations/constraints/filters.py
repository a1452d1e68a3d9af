"""`TicketFilter` and `ExpertFilter`: some of the tickets, some of the experts, in the desk's own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from deskmatch.epochs import Desk, Epoch, Vocabulary
from deskmatch.epochs.cells import fold
from deskmatch.routing.validation import Settings, refuse

__all__ = ["ExpertFilter", "TicketFilter", "Tier"]

Bool = NDArray[np.bool_]


def _several(value: object) -> object:
    """One value as a list of one."""
    values = tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)
    if not values:
        raise refuse("should name at least one; leave the key out to mean all")
    return values


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise refuse("should be a whole number")
    return value


Names = Annotated[tuple[str, ...] | None, BeforeValidator(lambda value: None if value is None else _several(value))]
Tier = Annotated[int, BeforeValidator(_no_boolean), Field(ge=1)]
Tiers = Annotated[tuple[Tier, ...] | None, BeforeValidator(lambda value: None if value is None else _several(value))]


class _Filter(Settings):
    """What both filters share."""

    channel: Names = None
    language: Names = None
    topic: Names = None
    tier: Tiers = None
    tag: Names = None

    def unknown(self, desk: Desk) -> tuple[str, ...]:
        """``key 'name'`` for each name that the desk does not have; often a misspelt one."""
        spaces = {"channel": desk.channels, "language": desk.languages, "topic": desk.topics, "tag": desk.tags}
        return tuple(
            f"{key} {name!r}"
            for key, names in spaces.items()
            for name in getattr(self, key) or ()
            if not _codes(names, (name,)).size
        )

    def __str__(self) -> str:
        given = {key: value for key, value in self if value is not None}
        if not given:
            return "all"
        return ", ".join(f"{key} {' or '.join(map(str, value))}" for key, value in given.items())


class TicketFilter(_Filter):
    """Tickets that match every key given; of several values of a key, one is enough. Without keys: all tickets.

    Parameters
    ----------
    ticket_id, customer_id : compared exactly.
    channel, language, topic, tag : the desk's names, without regard to case; `tag` is one that the ticket requires. A
        ticket with several topics matches by each of them.
    tier : the lowest tier that may serve the ticket.

    Examples
    --------
    >>> print(TicketFilter(channel="chat", tier=[1, 2]))
    channel chat, tier 1 or 2
    """

    ticket_id: Names = None
    customer_id: Names = None

    def mask(self, epoch: Epoch) -> Bool:
        """``(tickets,)`` true where a ticket matches."""
        tickets, desk = epoch.tickets, epoch.desk
        matches = np.ones(len(tickets), bool)
        for names, vocabulary, codes in (
            (self.channel, desk.channels, tickets.channel),
            (self.language, desk.languages, tickets.language),
        ):
            if names is not None:
                matches &= np.isin(codes, _codes(vocabulary, names))
        for names, vocabulary, codes, ptr in (
            (self.topic, desk.topics, tickets.topic, tickets.topic_ptr),
            (self.tag, desk.tags, tickets.requires, tickets.requires_ptr),
        ):
            if names is not None:
                owner = np.repeat(np.arange(len(tickets)), np.diff(ptr))
                matches &= np.bincount(owner[np.isin(codes, _codes(vocabulary, names))], minlength=len(tickets)) > 0
        if self.tier is not None:
            matches &= np.isin(tickets.tier, self.tier)
        if self.ticket_id is not None:
            matches &= _named(tickets.ids, self.ticket_id)
        if self.customer_id is not None:
            matches &= _named(tickets.customer_id or (None,) * len(tickets), self.customer_id)
        return matches


class ExpertFilter(_Filter):
    """Experts who match every key given; of several values of a key, one is enough. Without keys: all experts.

    Parameters
    ----------
    expert_id : compared exactly.
    channel, language, topic, tag : what the expert works, speaks, knows, holds; names without regard to case.
    tier : the expert's tier.

    Examples
    --------
    >>> print(ExpertFilter(language="de", tier=2))
    language de, tier 2
    """

    expert_id: Names = None

    def mask(self, desk: Desk) -> Bool:
        """``(experts,)`` true where an expert matches."""
        matches = np.ones(desk.n_experts, bool)
        for names, vocabulary, able in (
            (self.channel, desk.channels, desk.channel_limit > 0),
            (self.language, desk.languages, desk.speaks),
            (self.topic, desk.topics, ~np.isnan(desk.proficiency)),
            (self.tag, desk.tags, desk.has),
        ):
            if names is not None:
                matches &= able[:, _codes(vocabulary, names)].any(axis=1)
        if self.tier is not None:
            matches &= np.isin(desk.tier, self.tier)
        if self.expert_id is not None:
            matches &= _named(desk.expert_ids, self.expert_id)
        return matches


def _codes(vocabulary: Vocabulary, names: Iterable[str]) -> NDArray[np.intp]:
    """The codes of these names, however they are written; names that are not there are left out."""
    wanted = {fold(name) for name in names}
    return np.array([code for code, name in enumerate(vocabulary) if fold(name) in wanted], np.intp)


def _named(ids: Iterable[Any], names: tuple[str, ...]) -> Bool:
    wanted = set(names)
    return np.fromiter((one in wanted for one in ids), bool)
