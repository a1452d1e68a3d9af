"""Several contacts at once: how many an expert takes, how fast each goes on then, and who gets the next one.

Chats and the like leave room for others. How many an expert takes is the most that the log shows more than now and
then (`capacity_of`). How fast they go on beside each other `deskmatch.simulation.calibration.own_clocks` finds within
expert and type. After-work takes a room as a contact does, but no log shows it: it is the time in which a room stays
empty although somebody waits (`deskmatch.simulation.calibration.rooms`), and slows what is beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.routing.kinds import DEFAULTS, kind_of
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending, on_line
from deskmatch.simulation.calibration.counting import ROUNDING_S, levels_at, steps
from deskmatch.simulation.calibration.own_clocks import spans_of, speeds_of
from deskmatch.simulation.calibration.rooms import beside_at, choice_of, empty_rooms

__all__ = ["InHand", "capacity_of", "find_in_hand", "leaves_room"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

OFTEN, AT_LEAST = 0.01, 3
"""A number in hand counts where this share of the contacts, and so many, make it full."""
MOST = 64
"""The most that a scenario can say."""
LIMITED_S = 120.0
"""Customers waited so long beside an expert with the own most in hand: the expert takes no more."""


@dataclass(frozen=True, slots=True, eq=False)
class InHand:
    """What is found of contacts beside each other.

    Parameters
    ----------
    shared : ``(channels,)`` true where an expert may have several.
    capacity : ``(experts, channels)`` ≥ 1, the most at once.
    total_speed : ``(most,)`` of an expert with 1, 2, … in hand, relative to one alone.
    ends : ``(most,)`` contacts that ended with so many in hand.
    work_s : ``(rows,)`` what the contact would have taken alone; nan where there was no service.
    level : ``(rows,)`` how many the expert has once the contact has begun; 0: not of a shared channel.
    after_work_s : quantiles of the work after a contact, as it would take alone; empty: none, or too few were seen.
    expert_by : who of several experts with room gets a contact, a name of `ExpertBy`.
    chosen : share of the choices that this rule foretells.
    """

    shared: Bools
    capacity: Integers
    total_speed: Floats
    ends: Integers
    work_s: Floats
    level: Integers
    after_work_s: Floats
    expert_by: str
    chosen: float

    def room_at(self, log: ContactLog, time_s: Floats, channel: Integers) -> Bools:
        """``(experts, times)`` who has contacts in hand at an instant, and room for one more of a channel."""
        return beside_at(log, self.capacity, self.shared, time_s, channel)


def find_in_hand(log: ContactLog) -> InHand | None:
    """Look at the contacts of channels that leave room for others; None where no expert has two at once."""
    shared = leaves_room(log) & [on_line(name) for name in log.channels]
    rows = np.flatnonzero((log.ending == Ending.ANSWERED) & shared[log.channel] & (log.expert >= 0))
    if not len(rows):
        return None
    capacity = np.ones((len(log.experts), len(log.channels)), np.int64)
    for channel in np.flatnonzero(shared):
        capacity[:, channel] = capacity_of(log, int(channel))
    if capacity.max() == 1:
        return None
    level = np.zeros(len(log), np.int64)
    level[rows] = levels_at(log.expert[rows], log.answered_s[rows], log.ended_s[rows])
    most = min(int(capacity[:, shared].sum(axis=1).max()), MOST)
    empty_s = empty_rooms(log, rows, capacity)
    spans = spans_of(log, rows, most, float(empty_s.mean()) if len(empty_s) else 0.0)
    speed, ends = speeds_of(spans, log.expert[rows] * len(log.types) + log.type[rows], most)
    work = log.handling_s.copy()
    work[rows] = np.bincount(spans.contact, spans.length_s * speed[spans.level - 1], len(rows))
    expert_by, chosen = choice_of(log, rows, capacity, shared)
    return InHand(
        shared=shared,
        capacity=capacity,
        total_speed=speed * np.arange(1, most + 1),
        ends=ends,
        work_s=work,
        level=level,
        after_work_s=empty_s * speed[int(capacity[log.expert[rows], log.channel[rows]].max()) - 1],
        expert_by=expert_by,
        chosen=chosen,
    )


def leaves_room(log: ContactLog) -> Bools:
    """``(channels,)`` an expert who has a contact of the channel can have others beside it."""
    return np.array([not DEFAULTS[kind_of(name)].exclusive for name in log.channels], bool)


def capacity_of(log: ContactLog, channel: int) -> Integers:
    """``(experts,)`` most contacts of a channel at once.

    That of the channel is the greatest number that is made full often (`OFTEN`). An expert who shows less is believed
    to take as many, unless customers waited while the expert had the own most in hand.
    """
    rows = np.flatnonzero((log.ending == Ending.ANSWERED) & (log.channel == channel) & (log.expert >= 0))
    expert = log.expert[rows]
    level = np.minimum(levels_at(expert, log.answered_s[rows], log.ended_s[rows]), MOST)
    whole = _often(level)
    found = np.full(len(log.experts), whole)
    for each in np.unique(expert):
        own = rows[expert == each]
        shown = _often(level[expert == each])
        if shown > whole or _waited_beside(log, own, shown) > LIMITED_S:
            found[each] = shown
    return found


def _often(level: Integers) -> int:
    """The greatest level that is reached often, 1 at least."""
    reached = len(level) - np.cumsum(np.bincount(level)) + np.bincount(level)  # at this level or above
    enough = np.flatnonzero(reached >= max(OFTEN * len(level), AT_LEAST))
    return int(enough[-1]) if len(enough) and enough[-1] > 0 else 1


def _waited_beside(log: ContactLog, own: Integers, most: int) -> float:
    """Seconds in which somebody waited of types that an expert serves, who had just `most` contacts in hand."""
    times, level = steps(log.answered_s[own], log.ended_s[own])
    waited = np.isin(log.type, log.type[own]) & np.isin(log.channel, log.channel[own]) & (log.wait_s > ROUNDING_S)
    queue, length = steps(log.queued_s[waited], log.until_s[waited])
    edges = np.union1d(times, queue)
    if len(edges) < 2 or not len(times) or not len(queue):
        return 0.0
    in_hand, waiting = (
        np.where(at >= 0, values[np.maximum(at, 0)], 0)
        for at, values in (
            (np.searchsorted(times, edges[:-1], side="right") - 1, level),
            (np.searchsorted(queue, edges[:-1], side="right") - 1, length),
        )
    )
    return float(np.diff(edges)[(in_hand == most) & (waiting > 0)].sum())
