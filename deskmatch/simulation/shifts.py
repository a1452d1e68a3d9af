"""Shifts, breaks and staffing levels, as the logins and logouts of each expert within one cycle."""

from __future__ import annotations

import itertools
from math import gcd

from deskmatch.simulation.settings import DAY_S, Group, Shift

__all__ = ["cycle_of", "expert_spans", "overlaps", "recorded_breaks", "repeats_after"]

Span = tuple[float, float]
"""Logged in from … to, seconds from the Monday (or first day) of the cycle."""

WEEK_S = 7 * DAY_S


def cycle_of(groups: list[Group]) -> float:
    """Seconds after which all logins repeat: the week, or longer where staffing levels or recorded logins do."""
    cycle = int(WEEK_S)
    for group in groups:
        period = repeats_after(group)
        if period is not None:
            own = max(round(period), 1)
            cycle = cycle * own // gcd(cycle, own)
    return float(cycle)


def repeats_after(group: Group) -> float | None:
    """Seconds after which staffing levels or recorded logins are repeated; None: the group has neither."""
    if group.staffing:
        return len(group.staffing) * group.staffing_every_s
    return None if group.logins_s is None else _recorded_s(group)


def expert_spans(group: Group, start_day: int, cycle_s: float) -> list[list[Span] | None]:
    """The times within one cycle in which each expert of a group is logged in; None: always.

    A cycle begins at midnight of the day on which the run starts.
    """
    if group.staffing:
        return _staffed(group, cycle_s)
    if group.logins_s is not None:
        again = _recorded_s(group)
        starts = [again * turn for turn in range(round(cycle_s / again))]
        return [[(start + begin, start + end) for start in starts for begin, end in group.logins_s]] * group.experts
    if not group.shifts:
        return [None] * group.experts
    spans: list[list[Span] | None] = [[] for _ in range(group.experts)]
    first = 0
    for shift in group.shifts:
        count = group.experts if shift.experts is None else shift.experts
        chosen = range(group.experts) if shift.experts is None else range(first, first + count)
        first += 0 if shift.experts is None else count
        for expert in chosen:
            own = spans[expert % group.experts]
            assert own is not None
            own.extend(_spans(shift, start_day, cycle_s))
    return [None if own is None else _wrapped(own, cycle_s) for own in spans]


def overlaps(spans: list[Span]) -> bool:
    """Whether some of an expert's spans overlap."""
    ordered = sorted(spans)
    return any(later[0] < earlier[1] for earlier, later in itertools.pairwise(ordered))


def recorded_breaks(group: Group, cycle_s: float) -> list[tuple[float, int]]:
    """The beginnings (2) and ends (1) of a group's recorded breaks within one cycle."""
    again = _recorded_s(group)
    starts = [again * turn for turn in range(round(cycle_s / again))]
    return [
        (start + at, on) for start in starts for span in group.breaks_s for at, on in zip(span, (2, 1), strict=True)
    ]


def _recorded_s(group: Group) -> float:
    """Seconds after which recorded logins are repeated."""
    last = max((end for _, end in group.logins_s or ()), default=0.0)
    return group.logins_every_s or max(1.0, -(-last // WEEK_S)) * WEEK_S


def _staffed(group: Group, cycle_s: float) -> list[list[Span] | None]:
    step = group.staffing_every_s
    repeats = round(cycle_s / (step * len(group.staffing)))
    levels = list(group.staffing) * max(repeats, 1)
    spans: list[list[Span] | None] = []
    for expert in range(group.experts):
        own: list[Span] = []
        for k, level in enumerate(levels):
            if expert < level:
                if own and own[-1][1] == k * step:
                    own[-1] = (own[-1][0], (k + 1) * step)
                else:
                    own.append((k * step, (k + 1) * step))
        spans.append(None if own == [(0.0, len(levels) * step)] else own)
    return spans


def _spans(shift: Shift, start_day: int, cycle_s: float) -> list[Span]:
    """A shift without its breaks, on each of its days in the cycle."""
    length = (shift.end - shift.start) % DAY_S or DAY_S
    pauses = sorted((_after(shift, begin), _after(shift, end)) for begin, end in shift.breaks)
    found = []
    for day in range(round(cycle_s / DAY_S)):
        if (day + start_day) % 7 not in shift.days:
            continue
        base, at = day * DAY_S + shift.start, 0.0
        for begin, end in pauses:
            if begin > at:
                found.append((base + at, base + begin))
            at = max(at, end)
        if at < length:
            found.append((base + at, base + length))
    return found


def _after(shift: Shift, time: float) -> float:
    """Seconds from the start of the shift to a time of the day."""
    return (time - shift.start) % DAY_S


def _wrapped(spans: list[Span], cycle_s: float) -> list[Span]:
    """Spans that run over the end of the cycle continue at its beginning; those that touch are one."""
    parts = [(begin, min(end, cycle_s)) for begin, end in spans]
    parts += [(0.0, end - cycle_s) for _, end in spans if end > cycle_s]
    joined: list[Span] = []
    for begin, end in sorted(parts):
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined
