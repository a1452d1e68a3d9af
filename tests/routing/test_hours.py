"""Opening hours against counting the minutes one by one."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deskmatch.errors import RoutingError
from deskmatch.routing import OpeningHours, open_time
from deskmatch.routing.open_time import LocalOpenTime

OFFICE = OpeningHours(zone="Europe/Berlin", weekdays="09:00-12:00, 13:00-17:00", saturday="10:00-14:00")
NIGHT = OpeningHours(
    zone="America/New_York", weekdays="22:00-06:00", sunday="20:00-24:00", holidays=["2026-03-10", "2026-11-02"]
)
ROUND_THE_CLOCK = OpeningHours(zone="Europe/London", weekdays="24h", weekend="24h", holidays=["2026-12-25"])
LATE = OpeningHours(zone="Australia/Lord_Howe", weekdays="00:30-03:00, 23:00-01:00", weekend="01:15-02:45")
NEARLY = OpeningHours(zone="Asia/Kathmandu", wednesday="00:00-24:00", holidays=["2026-04-08"])
ALL = [OFFICE, NIGHT, ROUND_THE_CLOCK, LATE, NEARLY]
WEEKDAYS = range(7)

# Sundays on which clocks change in one of these zones, holidays, and the turn of a year.
MOMENTS = [
    datetime(2026, 3, 9, 3, 0, tzinfo=UTC),
    datetime(2026, 3, 12, 0, 0, tzinfo=UTC),
    datetime(2026, 3, 30, 6, 0, tzinfo=UTC),
    datetime(2026, 4, 9, 12, 30, tzinfo=UTC),
    datetime(2026, 10, 5, 9, 0, tzinfo=UTC),
    datetime(2026, 10, 26, 23, 0, tzinfo=UTC),
    datetime(2026, 11, 3, 12, 0, tzinfo=UTC),
    datetime(2027, 1, 1, 12, 0, tzinfo=UTC),
]


def counted_minutes(hours: OpeningHours, end: datetime, minutes: int) -> int:
    """How many of the last minutes began while the clock on the wall showed an open time."""
    zone = ZoneInfo(hours.zone)
    starts = (end - timedelta(minutes=minute) for minute in range(1, minutes + 1))
    return sum(shows_open(hours, start.astimezone(zone)) for start in starts)


def shows_open(hours: OpeningHours, local: datetime) -> bool:
    if local.date() in hours.holidays:
        return False
    now = 60 * local.hour + local.minute
    yesterday = local.date() - timedelta(days=1)
    for start, end in written(hours, local.weekday()):
        if start <= now < (end if end > start else 1440):
            return True
    if yesterday in hours.holidays:
        return False
    return any(end < start and now < end for start, end in written(hours, yesterday.weekday()))


def written(hours: OpeningHours, weekday: int) -> list[tuple[int, int]]:
    text = hours.on(weekday)
    if text in ("24h", "closed"):
        return [(0, 1440)] if text == "24h" else []
    spans = [part.strip().split("-") for part in text.split(",")]
    return [tuple(60 * int(at[:2]) + int(at[3:]) for at in span) for span in spans]  # type: ignore[misc]


@pytest.mark.parametrize("hours", ALL, ids=lambda hours: hours.zone)
@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_open_seconds_are_those_of_counting_minutes_over_changes_of_the_clock(
    hours: OpeningHours, now: datetime
) -> None:
    waits = np.array([0, 1, 59, 300, 1440, 4000, 10 * 1440])
    counted = [60.0 * counted_minutes(hours, now, minutes) for minutes in waits.tolist()]
    assert hours.open_waited_s(60.0 * waits, now).tolist() == pytest.approx(counted, abs=1e-4)


@settings(max_examples=40)
@given(st.sampled_from(ALL), st.integers(0, 2 * 365 * 1440), st.integers(0, 5000))
def test_any_span_counts_as_its_minutes_do(hours: OpeningHours, minute: int, length: int) -> None:
    end = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(minutes=minute)
    counted = 60.0 * counted_minutes(hours, end, length)
    assert hours.open_waited_s([60.0 * length], end)[0] == pytest.approx(counted, abs=1e-4)
    start = end - timedelta(minutes=length)
    assert hours.open_seconds(start, end) == pytest.approx(counted, abs=1e-4)
    assert hours.open_ahead_s(start, 60.0 * length) == pytest.approx(counted, abs=1e-4)


def test_the_skipped_hour_counts_for_nothing_and_the_repeated_one_twice() -> None:
    night = OpeningHours(zone="Europe/Berlin", weekend="02:00-03:00")
    spring, autumn = datetime(2026, 3, 29, 12), datetime(2026, 10, 25, 12)
    assert night.open_waited_s([12 * 3600], spring)[0] == 0
    assert night.open_waited_s([13 * 3600], autumn)[0] == pytest.approx(7200)


def test_a_holiday_closes_from_midnight_to_midnight_and_what_begins_on_it_does_not_happen() -> None:
    hours = OpeningHours(zone="UTC", weekdays="22:00-06:00", weekend="22:00-06:00", holidays=[date(2026, 5, 6)])
    noon = datetime(2026, 5, 5, 12)
    by_half_day = [hours.open_ahead_s(noon + timedelta(hours=12 * step), 43_200) / 3600 for step in range(5)]
    assert by_half_day == pytest.approx([2, 0, 0, 0, 2])


def test_a_moment_without_a_zone_is_local_time() -> None:
    local = datetime(2026, 6, 1, 10, 30)
    aware = local.replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert OFFICE.open_waited_s([7200.0], local)[0] == OFFICE.open_waited_s([7200.0], aware)[0] == 5400


def test_a_fraction_of_a_second_counts() -> None:
    now = datetime(2026, 6, 1, 9, 0, 0, 500_000)
    assert OFFICE.open_waited_s([60.0], now)[0] == pytest.approx(0.5, abs=1e-5)


def test_an_end_before_the_start_is_no_time() -> None:
    assert OFFICE.open_seconds(datetime(2026, 6, 1, 12), datetime(2026, 6, 1, 9)) == 0


def test_whole_years_are_whole_weeks_and_holidays() -> None:
    # 1 June 2021 to 2026 in UTC: 1826 days; the weekdays among them by numpy's business days.
    hours = OpeningHours(zone="UTC", weekdays="08:00-16:00", holidays=["2023-12-25", "2023-12-24", "1969-12-25"])
    days = int(np.busday_count("2021-06-01", "2026-06-01", holidays=["2023-12-25"]))
    waited = (datetime(2026, 6, 1) - datetime(2021, 6, 1)).total_seconds()
    assert hours.open_waited_s([waited], datetime(2026, 6, 1))[0] == pytest.approx(days * 8 * 3600, abs=1e-3)


@given(st.sampled_from(ALL), st.floats(0, 1e12), st.floats(0, 1e9))
def test_open_time_is_at_most_the_wait_and_rises_with_it(hours: OpeningHours, waited: float, more: float) -> None:
    now = datetime(2026, 6, 1, 12)
    less, longer = hours.open_waited_s([waited, waited + more], now)
    assert 0 <= less <= waited
    assert less <= longer + 1e-3 * (1 + waited * 1e-9)


def test_absurd_waits_stay_finite() -> None:
    assert np.isfinite(OFFICE.open_waited_s([1e15, 1e300], datetime(2026, 6, 1))).all()
    assert OFFICE.open_ahead_s(datetime(2026, 6, 1), 1e12) > 0
    assert OFFICE.open_waited_s([], datetime(2026, 6, 1)).shape == (0,)


def test_many_waits_of_years_cost_no_look_up_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the clock changes of the years are known, waits are read off a table, all in the same few calls."""
    now = datetime(2026, 6, 1, 12)
    years = 20 * 365.25 * 86_400
    sizes: list[int] = []
    look_ups: list[int] = []
    read_off, offset = LocalOpenTime.__call__, open_time._offset

    def counted_read_off(self: LocalOpenTime, local_s: NDArray[np.float64]) -> NDArray[np.float64]:
        sizes.append(np.size(local_s))
        return read_off(self, local_s)

    def counted_offset(clock: ZoneInfo, instant_s: int) -> float:
        look_ups.append(instant_s)
        return offset(clock, instant_s)

    monkeypatch.setattr(LocalOpenTime, "__call__", counted_read_off)
    monkeypatch.setattr(open_time, "_offset", counted_offset)

    def work(tickets: int) -> tuple[int, int]:
        """Calls that read the table, and how many times they read in all."""
        sizes.clear()
        OFFICE.open_waited_s(np.linspace(0, years, tickets), now)
        return len(sizes), sum(sizes)

    calls, few = work(2)
    look_ups.clear()
    more_calls, many = work(20_000)
    assert look_ups == []  # the years are known from the first time
    assert more_calls == calls
    assert many - few == 20_000 - 2  # each wait once; what the clock changes cost does not grow
    assert few < 100 + 4 * 21


def test_opening_hours_survive_pickling() -> None:
    again = pickle.loads(pickle.dumps(NIGHT))
    now = datetime(2026, 6, 1, 12)
    assert again == NIGHT
    assert again.open_waited_s([1e6], now) == NIGHT.open_waited_s([1e6], now)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9-17", "should be spans such as"),
        ("09:00", "should be spans such as"),
        ("09:60-10:00", "from 00:00 to 23:59"),
        ("24:00-25:00", "from 00:00 to 23:59"),
        ("10:00-24:30", "from 00:00 to 23:59"),
        ("10:00-10:00", "another time than it starts"),
        ("09:00-12:00, 11:00-13:00", "do not overlap"),
    ],
)
def test_hours_that_cannot_be_read_are_refused_by_their_day(text: str, said: str) -> None:
    with pytest.raises(RoutingError, match=said) as refused:
        OpeningHours(zone="UTC", tuesday=text)
    assert f"tuesday = '{text}'" in str(refused.value)


def test_a_zone_that_does_not_exist_is_refused_with_a_near_one() -> None:
    for zone in ("Europe/Berln", "europe/../etc", "", "/etc"):
        with pytest.raises(RoutingError, match="should be a time zone"):
            OpeningHours(zone=zone, monday="24h")
    with pytest.raises(RoutingError, match="did you mean 'Europe/Berlin'"):
        OpeningHours(zone="Europe/Berln", monday="24h")


def test_hours_that_never_open_are_refused() -> None:
    with pytest.raises(RoutingError, match="at least one day of the week"):
        OpeningHours(zone="UTC", monday="closed")
