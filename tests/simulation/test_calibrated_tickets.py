"""Tickets that are in hand for hours and weeks: times to the end by age, by working hours and from week to week."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.simulation import Scenario
from deskmatch.simulation.calibration import ContactLog, ablate, calibrate, evaluate_twin, replay
from deskmatch.simulation.calibration.elapsed_fit import fit_ages
from deskmatch.simulation.calibration.fitting import fit_log
from deskmatch.simulation.calibration.twin import scenario_of
from deskmatch.simulation.calibration.working_time import WorkingTime
from deskmatch.simulation.toml_text import toml_text

DAY_S = 86_400.0
START = pd.Timestamp("2026-03-02")
HOLIDAYS = (17, 36)


def log_of(opened_s: Any, ended_s: Any, types: Any = "a") -> ContactLog:
    at, ended = (START + pd.to_timedelta(each, unit="s") for each in (opened_s, ended_s))
    table = {"arrived": at, "answered": at, "ended": ended, "type": types, "expert": "x", "channel": "post"}
    return ContactLog.read(pd.DataFrame(table))


@cache
def office() -> ContactLog:
    """Eight weeks of an office that works from 9 to 17 from Monday to Friday, but not on two holidays.

    Three of ten tickets are solved within minutes, whatever the hour; the others take 12 working hours on average,
    exponential, from an hour after they came on.
    """
    rng = np.random.default_rng(12)
    day = np.arange(140)
    works = (day % 7 < 5) & ~np.isin(day, HOLIDAYS)
    minute = np.arange(1440)
    at_work = (minute >= 9 * 60) & (minute < 17 * 60)
    working_minutes = np.flatnonzero((works[:, None] & at_work).ravel())
    counts = rng.poisson(np.where(works[:56], 90, 12))
    opened = np.sort(np.concatenate([each * 1440 + rng.uniform(480, 1080, count) for each, count in enumerate(counts)]))
    first = np.searchsorted(working_minutes, opened + 60)
    by_work = working_minutes[first + rng.exponential(12 * 60, len(opened)).astype(int)]
    at_once = rng.random(len(opened)) < 0.3
    return log_of(60 * opened, 60 * np.where(at_once, opened + rng.uniform(1, 20, len(opened)), by_work))


def test_working_hours_and_days_off_are_found() -> None:
    found = fit_ages(office().between(0, 28)).working_time
    progress = found.progress.reshape(7, 24)
    assert found.days_off.tolist() == [17]
    at_work = progress[:5, 9:17]
    assert at_work.mean() == pytest.approx(28 * 24 / (19 * 8), rel=0.05)  # 19 days of 8 hours in four weeks
    assert at_work.std() < 0.25 * at_work.mean()
    assert progress[5:].max() < 0.2
    assert progress[:5, :8].max() < 0.2 and progress[:5, 18:].max() < 0.2


def test_a_twin_that_knows_the_working_hours_has_the_days_of_the_desk() -> None:
    twin = calibrate(office().between(0, 28))
    later = office().between(30, 51)  # from a Wednesday on, with a holiday on the next Tuesday
    again = replay(Scenario.load(toml_text_of(twin)), later)
    (channel,) = again.tables.channels.values()
    assert channel.days_off == (6,)
    assert np.argsort(np.reshape(channel.progress, (7, 24)).sum(axis=1))[:2].tolist() in ([3, 4], [4, 3])
    found = evaluate_twin(twin, later, replications=40, every_s=DAY_S)
    by_the_clock = evaluate_twin(twin.replace(channels={"post": {}}), later, replications=40, every_s=DAY_S)
    errors = [each.error_and_noise("day", "elapsed_s")[0] for each in (found, by_the_clock)]
    assert errors[0] < 0.65 * errors[1]
    assert found.coverage("elapsed_s") >= 0.8
    table = ablate(twin, later, replications=1).set_index("process")
    assert "working hours" in table.index


def toml_text_of(scenario: Scenario) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(toml_text(scenario.to_dict()))


@settings(max_examples=50)
@given(
    st.lists(st.floats(0.001, 5.0), min_size=24, max_size=24),
    st.floats(0.0, 20 * 3600.0),
    st.floats(0.0, 50 * 3600.0),
)
def test_ages_by_working_time_and_instants_are_inverse(progress: list[float], opened: float, age: float) -> None:
    done = 3600.0 * np.concatenate(([0.0], np.cumsum(progress)))
    clock = WorkingTime(np.resize(progress, 168), np.zeros(0, np.int64), done)
    at = clock.reached(np.array([opened]), np.array([age]))
    assert clock.age(np.array([opened]), at) == pytest.approx(age, abs=1e-3)
    seconds = np.arange(opened + min(age, 3600.0), at[0], 10.0)  # the integral of the progress, by steps of ten seconds
    hours = (seconds // 3600).astype(int)
    worked = np.where(hours < 24, np.append(progress, 1.0)[np.minimum(hours, 24)], 1.0).sum() * 10.0
    assert min(age, 3600.0) + worked == pytest.approx(age, abs=120.0)


@pytest.mark.parametrize(("varies", "least", "most"), [(0.0, 0.0, 0.12), (0.3, 0.2, 0.42)])
def test_how_much_weeks_differ_is_how_uncertain_the_twin_is(varies: float, least: float, most: float) -> None:
    rng = np.random.default_rng(5)
    weeks = 16
    factor = rng.gamma(varies**-2, varies**2, weeks) if varies else np.ones(weeks)
    done = np.concatenate(([0.0], np.cumsum(np.append(factor, np.ones(40)) * 7 * DAY_S)))
    edges = 7 * DAY_S * np.arange(len(done))
    opened = np.sort(rng.uniform(0, weeks * 7 * DAY_S, 12_000))
    ended = np.interp(np.interp(opened, edges, done) + rng.exponential(40 * 3600.0, len(opened)), done, edges)
    read = log_of(opened, ended).between(0, 7 * weeks)
    assert least <= fit_ages(read).missed <= most
    assert calibrate(read).tables.pace_run_cv == pytest.approx(fit_ages(read).missed, abs=1e-4)


def test_a_log_of_few_days_is_uncertain_of_its_times() -> None:
    rng = np.random.default_rng(6)
    opened = np.sort(rng.uniform(0, 5 * DAY_S, 300))
    found = fit_ages(log_of(opened, opened + rng.exponential(3600.0, 300)))
    assert found.missed == pytest.approx(0.4)
    assert len(found.working_time.days_off) == 0


def test_tickets_that_nobody_waits_for_on_a_line_have_times_to_the_end() -> None:
    rng = np.random.default_rng(4)
    at = START + pd.to_timedelta(np.sort(rng.uniform(0, 14 * DAY_S, 3000)), unit="s")
    answered = at + pd.to_timedelta(rng.exponential(600, 3000), unit="s")
    table = pd.DataFrame(
        {
            "arrived": at, "answered": answered, "type": rng.choice(["a", "b"], 3000), "expert": "x", "channel": "post",
            "ended": answered + pd.to_timedelta(rng.exponential(40_000, 3000), unit="s"),
            "transfers": rng.integers(0, 2, 3000),
        }
    )  # fmt: skip
    read = ContactLog.read(table)
    twin = calibrate(read.between(0, 7)).replace(pace_run_cv=0.0)  # a week cannot tell how much weeks differ
    found = evaluate_twin(twin, read.between(7, 14), replications=20, every_s=DAY_S / 2)
    (row,) = found.errors()
    assert row.indicator == "elapsed_s"
    assert row.twin == pytest.approx(40_600, rel=0.1)
    assert found.coverage("elapsed_s") > 0.6
    assert found.noise_ratio("hour", "elapsed_s") < 1.6


def test_tickets_that_are_open_at_the_end_count_as_open_and_late_weeks_count_more_where_work_gets_faster() -> None:
    rng = np.random.default_rng(7)
    opened = np.sort(rng.uniform(0, 42 * DAY_S, 4000))
    at = START + pd.to_timedelta(opened, unit="s")

    def read(hours: Any) -> ContactLog:
        ended = at + pd.to_timedelta(3600.0 * hours * rng.exponential(1.0, len(at)), unit="s")
        table = {"arrived": at, "answered": at, "ended": ended, "type": "a", "expert": "x", "channel": "post"}
        return ContactLog.read(pd.DataFrame(table))

    steady = fit_ages(read(200.0).between(0, 28))  # two thirds of the last week's are still open
    assert steady.open > 200
    assert steady.quantiles(0, 999).mean() == pytest.approx(200 * 3600, rel=0.1)
    faster = fit_ages(read(np.where(opened < 28 * DAY_S, 12.0, 3.0)))
    assert faster.course[0].half_life < 28 or faster.course[0].growth > 0
    assert faster.quantiles(0, 999).mean() < 6 * 3600
    assert steady.course[0].growth == steady.course[1].growth == 0  # nothing grows


def test_hazards_that_grow_from_week_to_week_are_those_of_the_end_of_the_log() -> None:
    rng = np.random.default_rng(9)
    opened = np.sort(rng.uniform(0, 42 * DAY_S, 6000))
    growth = np.log(1.3) / 7
    hours = 10 * np.exp(-growth * opened / DAY_S) * rng.exponential(1.0, len(opened))  # 1.3 times as fast each week
    at = START + pd.to_timedelta(opened, unit="s")
    table = {"arrived": at, "answered": at, "ended": at + pd.to_timedelta(3600 * hours, unit="s"), "type": "a"}
    found = fit_ages(ContactLog.read(pd.DataFrame({**table, "expert": "x", "channel": "post"})))
    assert found.course[0].growth == pytest.approx(growth, rel=0.25)
    assert found.quantiles(0, 999).mean() == pytest.approx(3600 * 10 * np.exp(-growth * 42), rel=0.15)


def test_tickets_that_are_followed_long_after_the_last_one_came_say_nothing_of_growth() -> None:
    rng = np.random.default_rng(10)
    opened = np.sort(rng.uniform(0, 28 * DAY_S, 5000))
    long = rng.random(5000) < 0.1
    hours = np.where(long, 1000.0, 5.0) * rng.exponential(1.0, 5000)
    found = fit_ages(log_of(opened, opened + 3600 * hours))
    assert found.open == 0
    assert found.quantiles(0, 999).mean() == pytest.approx(3600 * hours.mean(), rel=0.1)
    assert np.median(found.quantiles(0, 999)) == pytest.approx(3600 * np.median(hours), rel=0.1)


def test_the_fits_of_tickets_are_told_and_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from deskmatch.simulation.calibration.pictures import draw_fits

    fits = fit_log(office().between(0, 28))
    told = {each.process: each for each in scenario_of(fits, "office").tables.calibration.fits}
    assert "days off: 2026-03-19" in told["working time"].says
    assert told["time to the end"].value == pytest.approx(fits.service.elapsed.missed, abs=1e-3)
    draw_fits(fits, tmp_path / "fits.png")
    assert (tmp_path / "fits.png").stat().st_size > 10_000


def test_types_that_last_longer_make_up_the_old_tickets_and_each_keeps_its_law() -> None:
    rng = np.random.default_rng(11)
    opened = np.sort(rng.uniform(0, 60 * DAY_S, 9000))
    slow = rng.random(9000) < 0.5
    hours = np.where(slow, 160.0, 8.0) * rng.exponential(1.0, 9000)
    found = fit_ages(log_of(opened, opened + 3600 * hours, np.where(slow, "b", "a")).between(0, 56))
    assert found.quantiles(0, 999).mean() == pytest.approx(3600 * 8, rel=0.1)
    assert found.quantiles(1, 999).mean() == pytest.approx(3600 * 160, rel=0.1)
