"""Open time as a rising function of time: a week that repeats, less holidays, seen through clock changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen, read_only

__all__ = ["DAY_S", "LocalOpenTime", "Span", "local_open_time", "open_clock"]

DAY_S = 86_400
WEEK_S = 7 * DAY_S
Span = tuple[int, int]
Spans = tuple[Span, ...]
Day = tuple[int, Spans, Spans]  # its start, the spans that count up, the spans that count down

# Local time is counted from a Monday, so that the place in the week is a remainder.
_MONDAY = date(1970, 1, 5).toordinal()
_MONDAY_S = 4 * DAY_S
# Clock changes are looked up between these years; outside of them the nearest offset is taken.
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


@dataclass(frozen=True, slots=True, eq=False)
class LocalOpenTime(Frozen):
    """Open seconds from Monday 1970-01-05 00:00 to any later local time, whatever the clock changes.

    Parameters
    ----------
    week_at, week_open : corners of the open seconds since Monday 00:00 in a week without holidays.
    change_at, change_open : corners of what holidays take away from it, in all.
    """

    week_at: NDArray[np.float64]
    week_open: NDArray[np.float64]
    change_at: NDArray[np.float64]
    change_open: NDArray[np.float64]

    def __call__(self, local_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Open seconds up to local times, given as seconds since Monday 1970-01-05 00:00."""
        weeks = np.floor(local_s / WEEK_S)
        within = np.interp(local_s - weeks * WEEK_S, self.week_at, self.week_open)
        return np.asarray(weeks * self.week_open[-1] + within + np.interp(local_s, self.change_at, self.change_open))


@lru_cache(maxsize=256)
def local_open_time(week: tuple[Spans, ...], holidays: frozenset[date]) -> LocalOpenTime:
    """Tabulate a week of spans per weekday, and the holidays."""
    days = [_union(_on_day(week, weekday, own=True, carried=True)) for weekday in range(7)]
    at, is_open = _corners([(day * DAY_S, spans, ()) for day, spans in enumerate(days)])
    dates = {one.toordinal() - _MONDAY for one in holidays}
    change_at, change_open = _corners(_changes(week, days, dates))
    return LocalOpenTime(
        week_at=read_only(at, np.float64),
        week_open=read_only(is_open, np.float64),
        change_at=read_only(change_at, np.float64),
        change_open=read_only(change_open, np.float64),
    )


def _on_day(week: tuple[Spans, ...], weekday: int, *, own: bool, carried: bool) -> list[Span]:
    """The spans within one day: those that start on it, and what the day before carries over midnight."""
    spans = [(start, min(end, DAY_S)) for start, end in week[weekday]] if own else []
    before = [(0, end - DAY_S) for _, end in week[weekday - 1] if end > DAY_S] if carried else []
    return spans + before


def _union(spans: Iterable[Span]) -> Spans:
    """Disjoint spans, in order, that cover the same time."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def _changes(week: tuple[Spans, ...], days: list[Spans], holidays: set[int]) -> list[Day]:
    """The days that holidays change (they and the day after), with their spans as they are and would be."""
    changed = []
    for day in sorted(holidays | {holiday + 1 for holiday in holidays}):
        own = day not in holidays
        spans = _union(_on_day(week, day % 7, own=own, carried=own and day - 1 not in holidays))
        changed.append((day * DAY_S, spans, days[day % 7]))
    return changed


def _corners(days: Iterable[Day]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of a piecewise linear total: each day's first spans count up, its second ones down."""
    at, total, so_far = [], [], 0.0
    for start, plus, minus in days:
        borders = sorted({0, DAY_S, *(x for span in (*plus, *minus) for x in span)})
        for left, right in pairwise(borders):
            slope = _covers(plus, left) - _covers(minus, left)
            at += [start + left, start + right]
            total += [so_far, so_far + slope * (right - left)]
            so_far = total[-1]
    return np.array(at or [0]), np.array(total or [0])


def _covers(spans: Spans, second: int) -> int:
    return int(any(start <= second < end for start, end in spans))


def open_clock(
    zone: str, local: LocalOpenTime, first_s: float, last_s: float
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Open seconds, up to a constant, by seconds since 1970 UTC; right from `first_s` to `last_s`."""
    changes, offsets = _offsets(zone, _year(first_s), _year(last_s))
    # Between two changes of the clock the offset is constant; the pieces are joined without a jump.
    jumps = local(changes + offsets[:-1] - _MONDAY_S) - local(changes + offsets[1:] - _MONDAY_S)
    base = np.concatenate([[0.0], np.cumsum(jumps)])

    def clock(instant_s: NDArray[np.float64]) -> NDArray[np.float64]:
        piece = np.searchsorted(changes, instant_s, side="right")
        return np.asarray(base[piece] + local(instant_s + offsets[piece] - _MONDAY_S))

    return clock


def _year(instant_s: float) -> int:
    latest = datetime(_LAST_YEAR, 12, 31, tzinfo=UTC).timestamp()
    return datetime.fromtimestamp(min(max(instant_s, 0.0), latest), UTC).year


@lru_cache(maxsize=256)
def _offsets(zone: str, first: int, last: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``(changes,)`` instants at which the clock changes in these years, ``(changes + 1,)`` offsets."""
    changes = [change for year in range(first, last + 1) for change in _changes_in(zone, year)]
    start = _offset(ZoneInfo(zone), _new_year(first))
    return (
        read_only([float(instant) for instant, _ in changes], np.float64),
        read_only([start, *(offset for _, offset in changes)], np.float64),
    )


@lru_cache(maxsize=4096)
def _changes_in(zone: str, year: int) -> tuple[tuple[int, float], ...]:
    """Instants of a year at which the clock changes, with the offset from then on."""
    clock = ZoneInfo(zone)
    changes = []
    before = _offset(clock, _new_year(year))
    for low in range(_new_year(year), _new_year(year + 1), DAY_S):
        high = min(low + DAY_S, _new_year(year + 1))
        after = _offset(clock, high)
        if after != before:
            changes.append((_halve(clock, low, high), after))
            before = after
    return tuple(changes)


def _halve(clock: ZoneInfo, low: int, high: int) -> int:
    """The first second after `low` with the offset of `high`."""
    wanted = _offset(clock, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(clock, middle) == wanted else (middle, high)
    return high


def _new_year(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def _offset(clock: ZoneInfo, instant_s: int) -> float:
    offset = datetime.fromtimestamp(instant_s, clock).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()
