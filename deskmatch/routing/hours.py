"""`OpeningHours`: when a channel is open, and how many seconds of a span of time that makes."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator, Field, model_validator

from deskmatch.routing.open_time import DAY_S, Span, local_open_time, open_clock
from deskmatch.routing.validation import Settings, did_you_mean, refuse

__all__ = ["OpeningHours"]

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _spans(text: str) -> tuple[Span, ...]:
    """``"09:00-12:00, 13:00-17:00"`` as seconds of the day; a span over midnight ends after 86,400."""
    if text.strip().lower() in ("closed", ""):
        return ()
    if text.strip().lower() == "24h":
        return ((0, DAY_S),)
    spans = sorted(_span(part.strip()) for part in text.split(","))
    if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
        raise refuse("should be spans that do not overlap")
    return tuple(spans)


def _span(text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise refuse('should be spans such as "09:00-17:00" or "09:00-12:00, 13:00-17:00", "24h" or "closed"')
    numbers = [int(part) for part in match.groups()]
    start, end = (60 * (60 * numbers[at] + numbers[at + 1]) for at in (0, 2))
    if max(numbers[1], numbers[3]) > 59 or start >= DAY_S or end > DAY_S:
        raise refuse("should be times from 00:00 to 23:59 (24:00 as an end)")
    if start == end:
        raise refuse('should be a span that ends at another time than it starts ("24h" for all day)')
    return (start, end) if end > start else (start, end + DAY_S)


def _day(text: str) -> str:
    _spans(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = did_you_mean(name, available_timezones())
        raise refuse(f'should be a time zone such as "Europe/Berlin"{hint}') from None
    return name


Day = Annotated[str, AfterValidator(_day)]


class OpeningHours(Settings):
    """When a channel is open: by weekday, in the local time of one zone.

    A day is ``"09:00-17:00"``, several spans with commas between, ``"24h"`` or ``"closed"``. A span such as
    ``"22:00-06:00"`` runs over midnight and belongs to the day on which it starts. On a holiday nothing
    opens, and what opened the evening before closes at midnight. The channel is open at an instant where the
    clock on the wall shows a time within a span: the hour that is skipped in spring counts for nothing, the
    one that is repeated in autumn counts twice.

    Parameters
    ----------
    zone : IANA name, such as ``"Europe/Berlin"``.
    monday … sunday : hours of the day; None: those of `weekdays` or `weekend`.
    weekdays, weekend : hours of Monday to Friday, and of Saturday and Sunday.
    holidays : local dates on which the channel is closed.

    Raises
    ------
    RoutingError
        Lists every key that cannot be read; also where the channel would never open.

    Examples
    --------
    >>> hours = OpeningHours(zone="Europe/Berlin", weekdays="09:00-17:00")
    >>> monday = datetime(2026, 3, 2, 10, 0)
    >>> hours.open_waited_s([1800, 3 * 86_400], monday).tolist()
    [1800.0, 28800.0]
    >>> hours.open_ahead_s(monday.replace(hour=16, minute=59), 300)
    60.0
    """

    zone: Annotated[str, AfterValidator(_zone)]
    monday: Day | None = None
    tuesday: Day | None = None
    wednesday: Day | None = None
    thursday: Day | None = None
    friday: Day | None = None
    saturday: Day | None = None
    sunday: Day | None = None
    weekdays: Day = "closed"
    weekend: Day = "closed"
    holidays: frozenset[date] = Field(default_factory=frozenset)

    @model_validator(mode="after")
    def _opens(self) -> OpeningHours:
        if not any(_spans(self.on(weekday)) for weekday in range(7)):
            raise refuse("should open on at least one day of the week")
        return self

    def on(self, weekday: int) -> str:
        """The hours of a weekday (0: Monday), as written."""
        own: str | None = getattr(self, _WEEK[weekday])
        return own if own is not None else self.weekdays if weekday < 5 else self.weekend

    def open_seconds(self, start: datetime, end: datetime) -> float:
        """Open seconds from one instant to another.

        Parameters
        ----------
        start, end : each with a time zone, or local time of `zone`.

        Returns
        -------
        Seconds, ≥ 0; 0 where `end` does not lie after `start`.
        """
        begin, stop = self._instant(start), self._instant(end)
        return float(self._between(np.array(begin), np.array(max(begin, stop))))

    def open_waited_s(self, waited_s: ArrayLike, now: datetime) -> NDArray[np.float64]:
        """``(tickets,)`` open seconds in the time from ``now − waited_s`` to `now`.

        Parameters
        ----------
        waited_s : ``(tickets,)`` seconds, ≥ 0.
        now : with a time zone, or local time of `zone`.
        """
        waited = np.asarray(waited_s, np.float64)
        end = self._instant(now)
        return np.clip(self._between(end - waited, np.array(end)), 0.0, waited)

    def open_ahead_s(self, now: datetime, span_s: float) -> float:
        """Open seconds in the next `span_s` seconds."""
        start = self._instant(now)
        return float(np.clip(self._between(np.array(start), np.array(start + span_s)), 0.0, span_s))

    def _instant(self, moment: datetime) -> float:
        """Seconds since 1970 UTC; a moment without a zone is local time."""
        local = moment.tzinfo is None or moment.utcoffset() is None
        return (moment.replace(tzinfo=ZoneInfo(self.zone)) if local else moment).timestamp()

    def _between(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
        week = tuple(_spans(self.on(weekday)) for weekday in range(7))
        first, last = float(np.min(start, initial=np.inf)), float(np.max(end))
        clock = open_clock(self.zone, local_open_time(week, self.holidays), first, last)
        return np.asarray(clock(end) - clock(start))
