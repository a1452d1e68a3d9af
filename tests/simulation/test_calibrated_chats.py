"""Several chats at once: a desk whose parameters are known is simulated, logged, and learned again."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.policies import fcfs
from deskmatch.policies.dispatch import ExpertBy
from deskmatch.simulation import Scenario, simulate
from deskmatch.simulation.calibration import (
    ContactLog,
    ablate,
    calibrate,
    contacts_of_run,
    current_rule,
    evaluate_twin,
    replay,
)
from deskmatch.simulation.calibration.counting import levels_at
from deskmatch.simulation.calibration.fitting import Fits, fit_log
from deskmatch.simulation.calibration.in_hand import capacity_of, find_in_hand
from deskmatch.simulation.calibration.measures import time_in_hand

DAY_S = 86_400.0
START = pd.Timestamp("2026-03-02")
RATES = [0] * 8 + [30, 50, 60, 50, 40, 50, 60, 50, 40, 20] + [0] * 6
ONE = {"experts": 1, "shifts": [{"start": "08:00", "end": "18:00"}]}


def kind(channel: str, mean_s: float, share: float) -> dict[str, Any]:
    return {
        "channel": channel, "patience": 300, "max_hops": 0, "after_work": {"law": "fixed", "mean_s": 15},
        "handling": {"law": "lognormal", "mean_s": mean_s, "cv": 0.8},
        "arrivals": {"per_hour": [share * rate for rate in RATES]},
    }  # fmt: skip


def chats() -> Scenario:
    """Two weeks of two kinds of chats and five experts with up to three of them, of whom two are faster and slower."""
    speeds = (1.0, 1.0, 1.3, 0.8, 1.0)
    return Scenario.load(
        {
            "horizon_s": 14 * DAY_S,
            "drain_s": DAY_S,
            "channels": {"chat": {"concurrency": [1, 1.6, 1.95]}},
            "types": {"order": kind("chat", 300, 1.15), "fault": kind("chat", 500, 0.55)},
            "groups": {f"e{n}": {**ONE, "channels": {"chat": 3}, "speed": speed} for n, speed in enumerate(speeds)},
        }
    )


def blended() -> Scenario:
    """A week of calls and chats; five experts take a call or two chats, two others three chats."""
    return Scenario.load(
        {
            "horizon_s": 7 * DAY_S,
            "drain_s": DAY_S,
            "channels": {"call": {}, "chat": {"concurrency": [1, 1.5, 1.8]}},
            "types": {"order": kind("chat", 400, 0.8), "fault": kind("call", 240, 0.9)},
            "groups": {
                **{f"b{n}": {**ONE, "channels": {"call": 1, "chat": 2}} for n in range(5)},
                **{f"c{n}": {**ONE, "channels": {"chat": 3}, "topics": ["order"]} for n in range(2)},
            },
        }
    )


def logged(scenario: Scenario, rule: str) -> pd.DataFrame:
    table = contacts_of_run(simulate(scenario, fcfs(rule), seed=5), start=START)
    return table.drop(columns=["queue_entered", "contact", "customer", "resolved"])


@cache
def log() -> ContactLog:
    return ContactLog.read(logged(chats(), "least_busy"))


@cache
def fits() -> Fits:
    return fit_log(log().between(0, 7))


@cache
def learned() -> Scenario:
    return calibrate(log().between(0, 7), name="chats")


def test_capacity_speeds_and_after_work_are_found_again() -> None:
    found = fits().in_hand
    assert found is not None
    assert found.capacity.tolist() == [[3]] * 5
    assert found.total_speed == pytest.approx([1, 1.6, 1.95], rel=0.12)  # their standard errors are 4 %
    assert found.after_work_s.mean() == pytest.approx(15, rel=0.1)
    tables = learned().tables
    assert tables.channels["chat"].concurrency == pytest.approx(found.total_speed, abs=1e-3)
    assert {group.channels["chat"] for group in tables.groups.values() if group.channels} == {3}
    means = {each.name: each.handling.mean for each in learned().types}
    for name, speed in (("e0-1", 1.0), ("e2-1", 1.3), ("e3-1", 0.8)):
        speeds = tables.groups[name].speeds
        assert means["order"] / speeds["order"] == pytest.approx(300 / speed, rel=0.1)
        assert means["fault"] / speeds["fault"] == pytest.approx(500 / speed, rel=0.1)
    assert tables.calibration is not None
    assert not tables.calibration.notes


@pytest.mark.parametrize("rule", ["random", "longest_idle", "most_busy"])
def test_who_of_several_with_room_gets_a_chat_is_found_again(rule: str) -> None:
    assert current_rule(learned()).expert_by is ExpertBy.LEAST_BUSY
    found = find_in_hand(ContactLog.read(logged(chats(), rule)).between(0, 3))
    assert found is not None
    assert found.expert_by == rule


def test_the_twin_of_a_desk_of_chats_is_like_another_replication_of_it() -> None:
    found = evaluate_twin(learned(), log().between(7, 14), replications=20)
    for row in found.errors():
        assert row.twin == pytest.approx(row.real, rel=0.15, abs=1.0 if row.indicator.endswith("_s") else 0.0), row
    assert 0.82 < found.coverage("wait_s") < 0.98
    assert 0.82 < found.coverage("abandonment") < 0.98
    assert found.noise_ratio("hour", "wait_s") < 1.4
    occupancy = next(row for row in found.errors() if row.indicator == "occupancy")
    assert occupancy.real < 1


def test_calls_take_the_whole_expert_and_each_has_a_limit_of_chats() -> None:
    twin = calibrate(ContactLog.read(logged(blended(), "random")))
    limits = {name.split("-")[0]: group.channels for name, group in twin.tables.groups.items()}
    assert limits == {
        **{f"b{n}": {"call": 1, "chat": 2} for n in range(5)},
        **{f"c{n}": {"call": 1, "chat": 3} for n in range(2)},
    }
    assert twin.tables.channels["chat"].concurrency == pytest.approx((1, 1.5, 1.8), rel=0.12)
    assert twin.tables.channels["call"].concurrency == ()


def test_now_and_then_is_not_often_and_calls_stay_alone() -> None:
    table = logged(chats(), "least_busy")
    calls = fit_log(ContactLog.read(table.assign(channel="call")).between(0, 7))
    assert calls.in_hand is None
    assert any("say so in the column channel" in note for note in calls.log.notes)
    own = table[(table["expert"] == "e0-1")].sort_values("answered")
    apart = own[own["answered"] > own["ended"].cummax().shift(fill_value=START)]  # one at a time
    twice = apart.head(2).assign(
        answered=apart["answered"].iloc[0] + pd.Timedelta("2s"), arrived=apart["arrived"].iloc[0]
    )
    assert capacity_of(ContactLog.read(apart), 0).tolist() == [1]
    assert capacity_of(ContactLog.read(pd.concat([apart, twice])), 0).tolist() == [1]
    assert find_in_hand(ContactLog.read(apart)) is None


def test_an_expert_who_is_new_has_the_usual_limits() -> None:
    week = logged(chats(), "least_busy").assign(expert=lambda table: table["expert"].str.replace("e4", "new"))
    twin = replay(learned(), ContactLog.read(week).between(7, 8))
    assert twin.tables.groups["new-1"].channels == {"chat": 3}


def test_what_being_slower_beside_others_does_is_ranked() -> None:
    table = ablate(learned().replace(horizon_s=2 * DAY_S), replications=2).set_index("process")
    assert table.loc["slower beside others", "occupancy"] < -0.01


def test_several_at_once_have_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from deskmatch.simulation.calibration.pictures import draw_fits

    draw_fits(fits(), tmp_path / "fits.png")
    assert (tmp_path / "fits.png").stat().st_size > 10_000


SPANS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 40)), max_size=12)


@settings(max_examples=60)
@given(SPANS)
def test_what_is_in_hand_is_counted_as_one_by_one(spans: list[tuple[int, int, int]]) -> None:
    expert, begin, length = np.array(spans, dtype=np.int64).reshape(-1, 3).T
    begins, ends = 10.0 * begin, 10.0 * (begin + length)
    level = levels_at(expert, begins, ends)
    order = np.argsort(begins, kind="stable")
    for place, row in enumerate(order):
        before = order[:place]
        beside = ((expert[before] == expert[row]) & (ends[before] > begins[row] + 1.0)).sum()
        assert level[row] == beside + 1
    instants = np.arange(0, 1001) * 1.0 + 0.5
    seen = sum(
        ((begins[expert == each, None] <= instants) & (ends[expert == each, None] > instants)).any(axis=0).sum()
        for each in range(3)
    )
    assert time_in_hand(expert, begins, ends) == pytest.approx(seen)
