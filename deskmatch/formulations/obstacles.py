"""What keeps one ticket from one expert: every rule that the pair breaks, in the words of the desk."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.formulations.availability import capacity
from deskmatch.formulations.constraints.holding import excluding
from deskmatch.formulations.eligibility import Filter, TicketClass, is_excluded
from deskmatch.formulations.model import Model
from deskmatch.routing import ChannelTable

__all__ = ["Obstacle", "ObstacleKind", "obstacles", "stays_when_free"]


class ObstacleKind(StrEnum):
    """Which rule keeps a ticket from an expert."""

    CHANNEL = "channel"
    LANGUAGE = "language"
    TOPIC = "topic"
    TIER = "tier"
    TAG = "tag"
    EXCLUDED = "excluded"
    CONSTRAINT = "constraint"
    """A constraint of the formulation leaves the pair out."""
    LEAVES = "leaves"
    """The shift ends before the ticket would be done."""
    BUSY = "busy"
    """Free only later (``free_in_s`` > 0)."""
    FULL = "full"
    """No place was left before this epoch assigned anything."""

    @property
    def passes_with_time(self) -> bool:
        """Whether nothing but the expert's present work is in the way."""
        return self in (ObstacleKind.BUSY, ObstacleKind.FULL)


class Obstacle(NamedTuple):
    """One rule that a pair breaks, and how."""

    kind: ObstacleKind
    sentence: str


def obstacles(model: Model, ticket: int, expert: int) -> tuple[Obstacle, ...]:
    """Every rule that keeps this ticket from this expert now; empty where the pair is an arc of the problem.

    Parameters
    ----------
    model : the epoch as a problem.
    ticket, expert : rows.
    """
    found = [*_rules(model, ticket, expert), *_shift(model, ticket, expert)]
    return (*found, *_room(model, ticket, expert), *_constraints(model, ticket, expert))


def stays_when_free(epoch: Epoch, channels: ChannelTable) -> NDArray[np.bool_]:
    """``(experts, channels)`` true where the shift lasts for the handling time, from when the expert is free."""
    staffing = epoch.staffing
    left = staffing.leaves_in_s - staffing.free_in_s
    return np.asarray(~(left[:, None] < channels.handling_s))


def _rules(model: Model, ticket: int, expert: int) -> list[Obstacle]:
    """The desk's rules, and the ticket's own list."""
    epoch, eligibility = model.epoch, model.situation.eligibility
    ticket_class = eligibility.ticket_class(epoch.tickets, ticket, model.situation.stage)
    found = [
        Obstacle(ObstacleKind(rule.value), _broken(epoch, ticket_class, rule, expert))
        for rule, passes in eligibility.filters(ticket_class)
        if not passes[expert]
    ]
    if is_excluded(epoch, np.array([ticket], np.int32), np.array([expert], np.int32))[0]:
        name = epoch.desk.expert_ids[expert]
        found.append(Obstacle(ObstacleKind.EXCLUDED, f"{name} is among the ticket's excluded experts"))
    return found


def _broken(epoch: Epoch, ticket_class: TicketClass, rule: Filter, expert: int) -> str:
    desk, name = epoch.desk, epoch.desk.expert_ids[expert]
    if rule is Filter.CHANNEL:
        return f"{name} does not work {_named('channel', desk.channels.names, ticket_class.channel)}"
    if rule is Filter.LANGUAGE:
        return f"{name} does not speak {_named('language', desk.languages.names, ticket_class.language)}"
    if rule is Filter.TOPIC:
        topics = [_named("topic", desk.topics.names, code) for code in ticket_class.topics]
        return f"{name} does not know {' or '.join(topics)}"
    if rule is Filter.TIER:
        return f"{name} is on tier {int(desk.tier[expert])}, the ticket needs tier {ticket_class.tier}"
    missing = [code for code in ticket_class.tags if code < 0 or not desk.has[expert, code]]
    return f"{name} does not hold {' and '.join(_named('tag', desk.tags.names, code) for code in missing)}"


def _named(what: str, names: tuple[str, ...], code: int) -> str:
    return f"the {what} {names[code]!r}" if code >= 0 else f"the ticket's {what}, which nobody at the desk has"


def _shift(model: Model, ticket: int, expert: int) -> list[Obstacle]:
    """Whether the shift ends too early, counted from when the expert is free."""
    epoch, channels = model.epoch, model.situation.channels
    channel = int(epoch.tickets.channel[ticket])
    if channel < 0 or stays_when_free(epoch, channels)[expert, channel]:
        return []
    name, staffing = epoch.desk.expert_ids[expert], epoch.staffing
    needed = f"{channels.names[channel]} takes {channels.handling_s[channel]:.0f} s"
    if staffing.free_in_s[expert] > 0:
        needed += f" from when {name} is free"
    return [Obstacle(ObstacleKind.LEAVES, f"{name} leaves in {staffing.leaves_in_s[expert]:.0f} s, {needed}")]


def _room(model: Model, ticket: int, expert: int) -> list[Obstacle]:
    """Whether the expert had a place for this channel when the epoch began."""
    epoch, channels = model.epoch, model.situation.channels
    name, staffing = epoch.desk.expert_ids[expert], epoch.staffing
    channel = int(epoch.tickets.channel[ticket])
    if staffing.free_in_s[expert] > 0:
        return [Obstacle(ObstacleKind.BUSY, f"{name} is busy and free in {staffing.free_in_s[expert]:.0f} s")]
    if channel < 0 or epoch.desk.channel_limit[expert, channel] == 0:
        return []
    if model.room[expert, channel] == 0:
        return [Obstacle(ObstacleKind.FULL, _work(epoch, channels, expert, channel))]
    if capacity(epoch, channels, model.room)[expert] == 0:
        return [Obstacle(ObstacleKind.FULL, f"{name} takes no new tickets now (capacity 0)")]
    return []


def _constraints(model: Model, ticket: int, expert: int) -> list[Obstacle]:
    """The constraints that take the pair out of the problem."""
    names = [] if model.rules is None else excluding(model.rules, ticket, expert)
    pair = f"{model.epoch.tickets.ids[ticket]} to {model.epoch.desk.expert_ids[expert]}"
    return [Obstacle(ObstacleKind.CONSTRAINT, f"the constraint {name} leaves {pair} out") for name in names]


def _work(epoch: Epoch, channels: ChannelTable, expert: int, channel: int) -> str:
    """What the expert has in progress that leaves no place on a channel."""
    name, load = epoch.desk.expert_ids[expert], epoch.staffing.load[expert]
    working = np.flatnonzero(load)
    alone = channels.exclusive[channel] or channels.exclusive[working].any()
    if alone:
        at = ", ".join(f"{load[k]} {channels.names[k]}" for k in working)
        taken = channels.names[channel] if channels.exclusive[channel] else "what is in progress"
        return f"{name} is at work ({at}), and {taken} takes the whole expert"
    if channels.usage is not None and load[channel] < epoch.desk.channel_limit[expert, channel]:
        at = ", ".join(f"{load[k]} {channels.names[k]}" for k in working)
        return f"{name} was full: {at} in progress, which leaves too little attention for {channels.names[channel]}"
    most = epoch.desk.channel_limit[expert, channel]
    return f"{name} was full: {load[channel]} of {most} {channels.names[channel]} in progress"
