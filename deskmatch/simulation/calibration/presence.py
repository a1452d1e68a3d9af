"""Who was at work when: logins and breaks inferred from what experts did.

A log of contacts says when somebody served, not when somebody was ready to. `deskmatch.simulation.calibration.away`
finds the law of the time that experts are away after a contact, and what is believed of each gap; what is short of it
is after-work, and what is long a break. Whether a gap hid a break, and how long, is drawn from what is believed:
another seed draws other breaks, and an evaluation uses several.

The engine lets experts who log out finish what they have in hand, so that a logout at the end of the last contact would
add the rest of another one to every stretch of work. Seen from an instant within a contact as much of it is to come as
has passed; an expert of the twin is busy at that instant with the probability of the occupancy ρ. So a logout is set by
ρ times half of the last contact before its end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.simulation.calibration.away import (
    AFTER_WORK_S,
    BREAKS,
    EDGES_S,
    Gaps,
    TimesAway,
    fit_times_away,
)
from deskmatch.simulation.calibration.contact_log import ContactLog, Ending
from deskmatch.simulation.calibration.counting import ROUNDING_S
from deskmatch.simulation.calibration.in_hand import InHand
from deskmatch.simulation.calibration.skills import skills_of
from deskmatch.simulation.settings import DAY_S

__all__ = ["Observed", "Presence", "infer_presence"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Spans = NDArray[np.float64]
"""``(spans, 2)`` from … to, sorted and apart."""

RINGING_S = 10.0
"""Waits up to this may be ringing in a log in which hardly any is 0; else only rounding (`ROUNDING_S`) is in doubt."""
KNOWN = 0.05
"""Share of waits of 0 from which on a log is taken to tell waiting from ringing."""
APART_S = float(EDGES_S[-1])
"""Idle for longer: two stretches of work, whatever else is seen."""
BEFORE_S = 120.0
"""An expert whose first contact had not waited was there a while before: at most so long, less where somebody
waited."""


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """When each expert was ready to serve.

    Parameters
    ----------
    spans : by expert.
    breaks : by expert, within the spans, breaks that began in calm and would have begun later had customers waited.
    hours : by expert, from the first to the last contact of each day, without breaks.
    away : the law of times away after a contact.
    """

    spans: tuple[Spans, ...]
    breaks: tuple[Spans, ...]
    hours: tuple[Spans, ...]
    away: TimesAway

    @property
    def logged_s(self) -> float:
        """Seconds of all experts, without breaks."""
        spans, breaks = (sum(float((each[:, 1] - each[:, 0]).sum()) for each in s) for s in (self.spans, self.breaks))
        return spans - breaks

    @property
    def away_share(self) -> float:
        """Share of the hours that breaks take."""
        hours = float(sum((each[:, 1] - each[:, 0]).sum() for each in self.hours))
        return 1 - self.logged_s / hours if hours > 0 else 0.0


def grace_of(log: ContactLog) -> float:
    """Seconds of a wait in which an expert who is ready may still be ringing."""
    return ROUNDING_S if (log.wait_s == 0).mean() >= KNOWN else RINGING_S


def infer_presence(log: ContactLog, in_hand: InHand | None, *, seed: int = 0) -> Presence:
    """Logins of every expert of a log.

    Parameters
    ----------
    log : the contacts.
    in_hand : what `find_in_hand` says of them.
    seed : of the breaks that nobody can see.
    """
    return Observed.of(log, in_hand).presence(seed)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What a log shows of its experts, from which any number of presences are drawn.

    Parameters
    ----------
    work : the contacts of each expert.
    gaps, place : of all experts, and where those of each begin.
    away : the law of times away after a contact.
    """

    work: list[_Work]
    gaps: Gaps
    place: list[int]
    away: TimesAway

    @classmethod
    def of(cls, log: ContactLog, in_hand: InHand | None) -> Observed:
        """Look at a log, and at what `find_in_hand` says of it."""
        skills = skills_of(log)
        sets, which = np.unique(skills.reshape(-1, len(log.types)), axis=0, return_inverse=True)
        which = which.reshape(skills.shape[:2])
        grace = grace_of(log)
        waits = [_waiting(log, each, grace) for each in sets]
        work = []
        for expert in range(len(log.experts)):
            had = log.handed_on_by(expert)
            own = [_waiting(log, each, grace, ~had) for each in sets] if had.any() else waits
            work.append(_Work.of(log, expert, _by_day(own, which[expert])))
        gaps, place = _gaps(log, in_hand, work, skills)
        return cls(work, gaps, place, fit_times_away(gaps, len(work)))

    def presence(self, seed: int) -> Presence:
        """One draw of the breaks that nobody can see."""
        gaps, rng = self.gaps, np.random.default_rng(seed)
        drawn = _drawn(gaps, self.away, rng)
        busy = sum(each.busy_s for each in self.work)
        idle = float(gaps.length_s[gaps.length_s < APART_S].sum() - drawn.sum())
        early = busy / max(busy + idle, 1.0) / 2
        polite = ~gaps.under_queue & (rng.random(len(drawn)) < self.away.put_off)
        found = []
        for each, first in zip(self.work, self.place, strict=True):
            own = slice(first, first + len(each.gap))
            found.append(_stretches(each, early, drawn[own], polite[own]))
        spans, breaks, hours = (tuple(each) for each in zip(*found, strict=True))
        return Presence(spans, breaks, hours, self.away)


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """The contacts of one expert in order.

    Parameters
    ----------
    begin, end, wait : ``(contacts,)`` of service, and how long the customer had waited.
    evidence : when somebody waited whom the expert could serve.
    """

    begin: Floats
    end: Floats
    wait: Floats
    evidence: Spans

    @classmethod
    def of(cls, log: ContactLog, expert: int, evidence: Spans) -> _Work:
        rows = np.flatnonzero((log.expert == expert) & (log.ending == Ending.ANSWERED))
        rows = rows[np.argsort(log.answered_s[rows], kind="stable")]
        end = np.maximum.accumulate(log.ended_s[rows]) if len(rows) else np.zeros(0)
        return cls(log.answered_s[rows], end, log.wait_s[rows], evidence)

    @property
    def busy_s(self) -> float:
        """Seconds with a contact in hand, or several."""
        return float((self.end[-1] - self.begin[0] - self.gap.sum()) if len(self.begin) else 0.0)

    @property
    def gap(self) -> Floats:
        """``(contacts − 1,)`` seconds to the next one."""
        return np.maximum(self.begin[1:] - self.end[:-1], 0.0)

    def queue(self, grace: float) -> tuple[NDArray[np.bool_], Floats]:
        """Of each gap whether somebody waited when it began, and seconds until somebody was last seen to wait.

        Who came just after it began does not count: experts who are not ready then are those whose W is long.
        """
        begin, end = self.begin[1:], self.end[:-1]
        low = np.searchsorted(self.evidence[:, 1], end, side="right")
        high = np.searchsorted(self.evidence[:, 0], begin - 1.0, side="left")
        seen = (high > low) & (begin > end)
        last, under = np.zeros(len(begin)), np.zeros(len(begin), bool)
        last[seen] = np.minimum(self.evidence[high[seen] - 1, 1], begin[seen]) - end[seen]
        under[seen] = self.evidence[low[seen], 0] <= end[seen] + grace
        under |= (begin <= end) & (self.wait[1:] > ROUNDING_S)  # who is taken at once had waited
        return under, np.maximum(last, 0.0)


def _gaps(
    log: ContactLog, in_hand: InHand | None, work: list[_Work], skills: NDArray[np.bool_]
) -> tuple[Gaps, list[int]]:
    """All gaps, and where those of each expert begin."""
    count = [len(each.gap) for each in work]
    place = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
    grace = grace_of(log)
    queue = [each.queue(grace) for each in work]
    passes = _passes(log, in_hand, work, skills)
    pass_gap, pass_s, pass_idle = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0, np.int64)]
    for expert, (each, (time, idle)) in enumerate(zip(work, passes, strict=True)):
        at = np.searchsorted(each.end[:-1], time, side="right") - 1
        inside = (at >= 0) & (each.gap[np.maximum(at, 0)] < APART_S) if len(each.gap) else np.zeros(len(time), bool)
        pass_gap.append(place[expert] + at[inside])
        pass_s.append(time[inside] - each.end[:-1][at[inside]])
        pass_idle.append(idle[inside])
    gaps = Gaps(
        expert=np.repeat(np.arange(len(work)), count),
        length_s=np.concatenate([each.gap for each in work]),
        under_queue=np.concatenate([under for under, _ in queue]),
        seen_s=np.concatenate([last for _, last in queue]),
        took=np.concatenate([each.wait[1:] > grace for each in work]),
        pass_gap=np.concatenate(pass_gap),
        pass_s=np.concatenate(pass_s),
        pass_idle=np.concatenate(pass_idle),
    )
    return gaps, [int(each) for each in place[:-1]]


def _waiting(log: ContactLog, skill: NDArray[np.bool_], grace: float, rows: NDArray[np.bool_] | None = None) -> Spans:
    """When somebody waited, longer than a moment, whom such an expert could serve; all contacts, or those in `rows`."""
    rows = skill[log.type] & (log.wait_s > grace) & (True if rows is None else rows)
    return _joined(np.column_stack((log.queued_s[rows] + grace, log.until_s[rows])))


def _by_day(waits: list[Spans], which: Integers) -> Spans:
    """The spans of the set of skills that counts on each day."""
    parts = []
    for day, each in enumerate(which):
        spans = waits[each]
        own = spans[
            np.searchsorted(spans[:, 1], day * DAY_S, side="right") : np.searchsorted(spans[:, 0], (day + 1) * DAY_S)
        ]
        parts.append(np.clip(own, day * DAY_S, (day + 1) * DAY_S))
    return np.concatenate(parts)


def _joined(spans: Spans) -> Spans:
    """Spans sorted, those that touch made one."""
    if not len(spans):
        return np.zeros((0, 2))
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1])
    first = np.concatenate(([True], spans[1:, 0] > reach[:-1]))
    starts = np.flatnonzero(first)
    return np.column_stack((spans[starts, 0], reach[np.append(starts[1:], len(spans)) - 1]))


def _passes(
    log: ContactLog, in_hand: InHand | None, work: list[_Work], skills: NDArray[np.bool_]
) -> list[tuple[Floats, Integers]]:
    """For each expert, when a contact was answered at once by another while this one was idle, and how many were."""
    at_once = np.flatnonzero((log.ending == Ending.ANSWERED) & (log.wait_s <= 0))
    at_once = at_once[np.argsort(log.answered_s[at_once], kind="stable")]
    time, kind, chosen = log.answered_s[at_once], log.type[at_once], log.expert[at_once]
    day = log.day_of(time)
    idle = np.zeros((len(work), len(time)), bool)
    for expert, each in enumerate(work):
        if len(each.gap):
            at = np.searchsorted(each.begin, time, side="left") - 1
            inside = (at >= 0) & (at < len(each.gap))
            place = np.clip(at, 0, len(each.gap) - 1)
            idle[expert] = inside & (each.end[place] <= time) & (each.gap[place] < APART_S)
            idle[expert] &= skills[expert, day, kind] & ~log.handed_on_by(expert)[at_once]
        idle[expert] |= chosen == expert
    k = idle.sum(axis=0) + _with_room(log, in_hand, time, log.channel[at_once], skills[:, day, kind])
    return [(time[own], k[own]) for own in (idle[expert] & (chosen != expert) for expert in range(len(work)))]


def _with_room(
    log: ContactLog, in_hand: InHand | None, time: Floats, channel: Integers, skilled: NDArray[np.bool_]
) -> Integers:
    """``(times,)`` experts with contacts in hand who might have been chosen instead of one with none."""
    if in_hand is None or in_hand.expert_by == "least_busy":
        return np.zeros(len(time), np.int64)
    return np.asarray((in_hand.room_at(log, time, channel) & skilled).sum(axis=0), np.int64)


def _drawn(gaps: Gaps, away: TimesAway, rng: np.random.Generator) -> Floats:
    """``(gaps,)`` a break drawn from what is believed, in seconds from the beginning of the gap; 0: none."""
    found = np.zeros(len(gaps.length_s))
    rows = np.flatnonzero((gaps.length_s > AFTER_WORK_S) & (gaps.length_s < APART_S))
    if not len(rows):
        return found
    sums = np.cumsum(away.believed(gaps, rows), axis=1)
    cell = np.minimum((sums < rng.random(len(rows))[:, None]).sum(axis=1), len(BREAKS) - 1)
    low = np.maximum(EDGES_S[cell], np.minimum(gaps.seen_s, gaps.length_s)[rows])
    high = np.minimum(EDGES_S[cell + 1], gaps.length_s[rows])
    length = low + np.maximum(high - low, 0.0) * rng.random(len(rows))
    length = np.where(gaps.took[rows], gaps.length_s[rows], length)
    found[rows] = np.where(BREAKS[cell], length, 0.0)
    return found


def _stretches(work: _Work, early: float, away: Floats, polite: NDArray[np.bool_]) -> tuple[Spans, Spans, Spans]:
    """Spans, breaks that can be put off, and hours of one expert; logouts are `early` by that share of a contact."""
    begin, end, gap = work.begin, work.end, work.gap
    if not len(begin):
        return np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2))
    spans: list[tuple[float, float]] = []
    breaks: list[tuple[float, float]] = []
    hours: list[tuple[float, float]] = []
    start = day = _login(begin[0], work.wait[0], work.evidence)
    for at in np.flatnonzero((gap >= APART_S) | (away > 0)):
        leaves = end[at] - early * (end[at] - begin[at])
        if gap[at] >= APART_S:
            out = _logout(begin[at], end[at], work.evidence, early)
            spans.append((start, out))
            hours.append((day, out))
            start = day = _login(begin[at + 1], work.wait[at + 1], work.evidence)
        elif polite[at] and leaves > start:
            breaks.append((leaves, end[at] + away[at]))
        else:
            spans.append((start, leaves))
            start = end[at] + away[at]
    out = _logout(begin[-1], end[-1], work.evidence, early)
    spans.append((start, out))
    hours.append((day, out))
    kept = _joined(np.array([span for span in spans if span[1] > span[0]]).reshape(-1, 2))
    return kept, _within(np.array(breaks).reshape(-1, 2), kept), _joined(np.array(hours).reshape(-1, 2))


def _within(breaks: Spans, spans: Spans) -> Spans:
    """The breaks that lie inside one span, apart from each other."""
    if not len(breaks) or not len(spans):
        return np.zeros((0, 2))
    breaks = _joined(breaks)
    at = np.searchsorted(spans[:, 0], breaks[:, 0]) - 1
    own = spans[np.maximum(at, 0)]
    return breaks[(at >= 0) & (breaks[:, 0] > own[:, 0] + 1.0) & (breaks[:, 1] < own[:, 1] - 1.0)]


def _login(begin: float, wait: float, evidence: Spans) -> float:
    """Before the first contact: at once where somebody had waited for it, else a while before."""
    if wait > RINGING_S:
        return begin
    at = np.searchsorted(evidence[:, 0], begin) - 1
    known = float(evidence[at, 1]) if at >= 0 else -np.inf
    return max(begin - BEFORE_S, min(known, begin), DAY_S * (begin // DAY_S))


def _logout(begin: float, end: float, evidence: Spans, early: float) -> float:
    """After the last contact: before its end where somebody waited at its end, else a while after."""
    at = np.searchsorted(evidence[:, 1], end + 1.0)
    nearest = float(evidence[at, 0]) if at < len(evidence) else np.inf
    return end - early * (end - begin) if nearest <= end + RINGING_S else min(end + BEFORE_S, nearest)
