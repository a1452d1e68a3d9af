"""What calibrated scenarios need of the engine: recorded logins, speeds by type, head starts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deskmatch.errors import ScenarioError
from deskmatch.policies import fcfs
from deskmatch.simulation import Scenario, simulate

WEEK_S = 7 * 86_400


def desk(**group: object) -> Scenario:
    fixed = {"law": "fixed", "mean_s": 100}
    return Scenario.load(
        {
            "horizon_s": 4000,
            "drain_s": 4000,
            "channels": {"call": {"patience": "never"}},
            "types": {
                "low": {"channel": "call", "handling": fixed, "arrivals": {"times_s": [0, 1, 500]}},
                "high": {"channel": "call", "handling": fixed, "arrivals": {"times_s": [60]}},
            },
            "groups": {"ana": {"experts": 1, **group}},
        }
    )


def test_experts_work_in_their_recorded_logins_which_are_repeated() -> None:
    run = simulate(desk(logins_s=[[50, 120], [900, 2000]]), fcfs())
    rows = run.tickets.set_index("root")
    assert rows["started_s"].tolist() == [50, 900, 1000, 1100]  # the call in hand at 120 is finished first
    again = desk(logins_s=[[0, 10]], logins_every_s=1000)
    assert simulate(again, fcfs()).tickets["started_s"].tolist() == [0, 1000, 2000, 3000]


def test_speeds_of_types_multiply_with_the_speed_of_the_group() -> None:
    rows = simulate(desk(speed=2.0, speeds={"high": 5.0}), fcfs()).tickets
    lasted = (rows["ended_s"] - rows["started_s"]).groupby(rows["type"], observed=True).first()
    assert lasted.to_dict() == {"low": 50.0, "high": 10.0}


def test_a_group_has_its_own_work_after_contacts() -> None:
    types = {"after_work": 10, "after_work_calm": 20}
    for own, (busy, calm) in (
        ({}, (10, 20)),
        ({"after_work": 30}, (30, 30)),
        ({"after_work": 30, "after_work_calm": 40}, (30, 40)),
        ({"after_work_calm": 40}, (10, 40)),
    ):
        laws = [{key: {"law": "fixed", "mean_s": seconds} for key, seconds in each.items()} for each in (types, own)]
        values = desk(**laws[1]).to_dict()
        values["types"]["high"] |= {**laws[0], "arrivals": {"times_s": [0, 60]}}  # the second waits for the first
        del values["types"]["low"]
        rows = simulate(Scenario.load(values), fcfs()).rows
        assert rows["after_s"].tolist() == [busy, calm]
        assert rows["started"].tolist() == [0, 100 + busy]


def test_the_speed_of_each_expert_is_another_one_each_day() -> None:
    def lasted(**more: object) -> pd.Series:
        run = simulate(
            {
                "horizon_s": 60 * 86_400,
                "channels": {"call": {"patience": "never"}},
                "types": {
                    "low": {
                        "channel": "call",
                        "handling": {"law": "fixed", "mean_s": 100},
                        "arrivals": {"per_hour": 30},
                    }
                },
                "groups": {"same": {"experts": 1}, "front": {"experts": 20, "speed_cv": 0.2}, **more},
            },
            fcfs(expert_by="random"),
        )
        rows = run.tickets.dropna(subset=["started_s"])
        by = [rows["expert_id"].astype(str), (rows["started_s"] // 86_400).astype(int)]
        found = (rows["ended_s"] - rows["started_s"]).groupby(by).agg(["min", "max"])
        assert found["max"].to_numpy() == pytest.approx(found["min"].to_numpy())
        return found["min"]

    found = lasted()
    assert found["same-1"].to_numpy() == pytest.approx(100.0)
    speed = 100 / found.drop("same-1")
    assert len(speed) == 20 * 60
    assert speed.mean() == pytest.approx(1, abs=4 * 0.2 / 1200**0.5)
    assert speed.std() == pytest.approx(0.2, rel=0.1)
    assert speed.skew() == pytest.approx(2 * 0.2, abs=0.25)  # of a gamma twice its coefficient of variation
    by_expert = speed.unstack(0).corr().to_numpy()[~np.eye(20, dtype=bool)]
    assert abs(by_expert).max() < 4.5 / 60**0.5
    assert lasted(more={"experts": 1})["front-1"].to_numpy() == pytest.approx(found["front-1"].to_numpy())


@pytest.mark.parametrize(("seconds", "order"), [(58.0, [0, 1, 60, 500]), (60.0, [0, 60, 1, 500])])
def test_a_head_start_lets_a_queue_overtake_those_who_came_just_before(seconds: float, order: list[int]) -> None:
    rows = simulate(desk(), fcfs(head_start_s={"high": seconds})).tickets.sort_values("started_s")
    assert rows["arrived_s"].tolist() == order


def test_logins_that_make_no_sense_are_refused() -> None:
    for group in (
        {"logins_s": [[5, 3]]},
        {"logins_s": [[0, 5], [4, 8]]},
        {"logins_s": [[0, 5]], "logins_every_s": 4},
        {"logins_every_s": 4},
        {"logins_s": [[0, 5]], "staffing": [1]},
    ):
        with pytest.raises(ScenarioError, match="logins_"):
            desk(**group)
    with pytest.raises(ScenarioError, match="is not a type"):
        desk(speeds={"other": 2.0})
    with pytest.raises(ValueError, match="finite"):
        fcfs(head_start_s={"high": np.inf})


def test_work_is_paced_by_the_time_of_day_and_by_the_day() -> None:
    run = simulate(desk().replace(pace=[1.0, 0.5], pace_every_s=450.0), fcfs())
    lasted = run.tickets["ended_s"] - run.tickets["started_s"]
    assert lasted.tolist() == [100.0, 100.0, 100.0, 50.0]  # begun at 0, 100, 200 and 500
    day = Scenario.load(
        {
            "horizon_s": 400 * 86_400,
            "channels": {"call": {"patience": "never"}},
            "types": {
                "one": {"channel": "call", "handling": {"law": "fixed", "mean_s": 50}, "arrivals": {"per_hour": 1}}
            },
            "groups": {"ana": {"experts": 9}},
            "pace_cv": 0.2,
        }
    )
    rows = simulate(day, fcfs(), seed=3).tickets
    factor = (rows["ended_s"] - rows["started_s"]).groupby(rows["started_s"] // 86_400)
    assert (factor.max() - factor.min()).max() < 1e-6
    assert factor.first().mean() == pytest.approx(50, rel=0.05)
    assert factor.first().std() / 50 == pytest.approx(0.2, abs=0.03)


def shop(progress: list[float], times_s: list[float], work_s: float = 100.0, **channel: object) -> Scenario:
    return Scenario.load(
        {
            "horizon_s": max(times_s) + 1,
            "drain_s": 20 * 86_400,
            "channels": {"post": {"progress": progress, **channel}},
            "types": {
                "repair": {
                    "channel": "post",
                    "handling": {"law": "fixed", "mean_s": work_s},
                    "arrivals": {"times_s": times_s},
                }
            },
            "groups": {"all": {"experts": 1, "channels": {"post": 60}}},
        }
    )


def test_tickets_in_hand_go_on_by_working_hours() -> None:
    open_for_an_hour = {"progress_every_s": 3600.0, "at_once_s": 10.0}
    scenario = shop([0.0, 1.0, 0.5], [0.0, 3550.0, 5400.0, 7150.0, 7300.0], **open_for_an_hour)
    rows = simulate(scenario, fcfs()).tickets.sort_values("started_s")
    ended = [3600 + 90, 3600 + 90, 5500, 7200 + 2 * 50, 7310 + 2 * 90]
    assert rows["ended_s"].tolist() == pytest.approx(ended)
    long = simulate(shop([0.0, 1.0, 0.5], [0.0], 32_010.0, **open_for_an_hour), fcfs()).tickets
    assert long["ended_s"].tolist() == pytest.approx([5 * 3 * 3600 + 2 * 3600 + 2 * (32_000 - 5 * 5400 - 3600)])


def test_working_time_is_the_integral_of_the_progress() -> None:
    rng = np.random.default_rng(2)
    progress = np.where(rng.random(48) < 0.4, 0.0, rng.exponential(1.0, 48))
    begun = np.sort(rng.uniform(0, 5 * 86_400, 50))
    scenario = shop(progress.tolist(), begun.tolist(), 20_000.0, at_once_s=600.0, days_off=[3, 5])
    ended = simulate(scenario, fcfs()).tickets.sort_values("started_s")["ended_s"].to_numpy()
    hourly = np.tile(progress, 20).reshape(-1, 24)
    hourly[[3, 5]] = progress.reshape(2, 24)[progress.reshape(2, 24).sum(axis=1).argmin()]
    by_second = np.repeat(hourly.ravel(), 3600)
    for begin, end in zip(begun, ended, strict=True):
        inside = by_second[round(begin + 600) : round(end)]
        assert inside.sum() == pytest.approx(20_000.0 - 600.0, abs=3 * progress.max())
        assert by_second[int(np.ceil(end)) - 1] > 0  # it does not end while nothing goes on


def test_a_progress_that_makes_no_sense_is_refused() -> None:
    for channel, said in (
        ({"progress": [0.0, 0.0]}, "above 0"),
        ({"progress": [1.0], "concurrency": [1.0, 1.5]}, "either progress or concurrency"),
        ({"progress": [1.0] * 23, "days_off": [1]}, "whole days"),
        ({"progress": [1.0] * 24, "progress_every_s": 7000.0, "days_off": [1]}, "whole days"),
        ({"days_off": [1]}, "whole days"),
        ({"progress": [-1.0]}, "greater than or equal to 0"),
    ):
        with pytest.raises(ScenarioError, match=said):
            Scenario.load({**shop([1.0], [0.0]).to_dict(), "channels": {"post": channel}})


def test_a_run_as_a_whole_may_be_slower_or_faster() -> None:
    scenario = desk().replace(pace_run_cv=0.3)
    lasted = []
    for number in range(200):
        rows = simulate(scenario, fcfs(), replication=number).tickets
        own = rows["ended_s"] - rows["started_s"]
        assert own.max() - own.min() < 1e-6
        lasted.append(own.iloc[0])
    assert np.mean(lasted) == pytest.approx(100, rel=0.05)
    assert np.std(lasted) == pytest.approx(30, rel=0.12)


def test_after_work_may_take_longer_where_nobody_waits() -> None:
    types = desk().to_dict()["types"]
    for each in types.values():
        each["after_work"] = {"law": "fixed", "mean_s": 5}
        each["after_work_calm"] = {"law": "fixed", "mean_s": 30}
    rows = simulate(desk().replace(types=types), fcfs()).tickets
    assert rows["started_s"].tolist() == [0.0, 105.0, 210.0, 500.0]
    assert rows["after_s"].tolist() == [5.0, 5.0, 30.0, 30.0]


@pytest.mark.parametrize(
    ("span", "started"),
    [
        ([50, 1000], [0, 100, 200, 1000]),  # busy at 50; at 100 and 200 somebody waits, at 300 nobody does
        ([50, 250], [0, 100, 200, 500]),  # it was to end before anybody could go
        ([350, 600], [0, 100, 200, 600]),  # idle: at once
    ],
)
def test_a_break_begins_as_soon_as_nobody_waits_and_ends_when_it_was_to_end(
    span: list[float], started: list[float]
) -> None:
    run = simulate(desk(logins_s=[[0, 4000]], breaks_s=[span]), fcfs())
    assert sorted(run.tickets["started_s"]) == started
    away = max(span[1] - max(span[0], 300), 0)
    assert run.end.logged_s.sum() == 4000 - away


def test_customers_who_find_others_waiting_give_up_faster() -> None:
    pairs = 2000

    def waits(**keys: object) -> np.ndarray:
        """Means of those who find nobody and of those who find one, of whom nobody is served."""
        times = [second for k in range(pairs) for second in (5000.0 * k + 5, 5000.0 * k + 5.001)]
        scenario = {
            "horizon_s": 5000.0 * pairs,
            "channels": {"call": {"patience": 100}},
            "types": {"one": {"channel": "call", "handling": 1, "arrivals": {"times_s": times}, **keys}},
            "groups": {"ana": {"experts": 1, "logins_s": [[0, 1]], "logins_every_s": 5000.0 * pairs}},
        }
        rows = simulate(Scenario.load(scenario), fcfs(), seed=2).tickets.sort_values("arrived_s")
        return (rows["ended_s"] - rows["arrived_s"]).to_numpy().reshape(pairs, 2)

    plain, faster = waits(), waits(hazard_by_queue=[1.0, 4.0])
    assert waits(hazard_by_queue=[1.0]) == pytest.approx(plain)
    assert plain.mean(axis=0) == pytest.approx([100, 100], abs=4 * 100 / np.sqrt(pairs))
    assert faster[:, 0] == pytest.approx(plain[:, 0])
    assert faster[:, 1] == pytest.approx(plain[:, 1] / 4)  # the same customers: an exponential to the power 4
    assert waits(hazard_by_queue=[0.5]) == pytest.approx(2 * plain)  # the last holds for more
    with pytest.raises(ScenarioError, match="hazard_by_queue"):
        waits(hazard_by_queue=[1.0, 0.0])
