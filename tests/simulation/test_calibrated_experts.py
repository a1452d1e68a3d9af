"""Experts who differ in what they do after contacts and from day to day, and a half hour unlike the others: learned
from the log of a simulated desk whose parameters are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from deskmatch.policies import fcfs
from deskmatch.simulation import Scenario, simulate
from deskmatch.simulation.calibration import ContactLog, ablate, calibrate, current_rule, ranking_sensitivity, replay
from deskmatch.simulation.calibration.fitting import Fits, fit_log

DAYS = 14
AFTER_S = (5.0, 5.0, 20.0, 20.0, 60.0, 60.0)
OPENING, SHORT = 14, 0.5
"""The half hour in which the desk opens, and how long its contacts last relative to all others."""


def desk() -> Scenario:
    """Six experts from 7 to 19 h for two weeks."""
    rates = [0.0] * 14 + [60.0] * 24 + [0.0] * 10
    return Scenario.load(
        {
            "horizon_s": DAYS * 86_400,
            "drain_s": 86_400,
            "pace": [SHORT if half_hour == OPENING else 1.0 for half_hour in range(48)],
            "pace_every_s": 1800,
            "channels": {"call": {"patience": 300}},
            "types": {
                "order": {
                    "channel": "call",
                    "handling": {"law": "gamma", "mean_s": 240, "cv": 0.7},
                    "arrivals": {"per_hour": rates, "every_s": 1800},
                }
            },
            "groups": {
                f"e{number}": {
                    "experts": 1,
                    "shifts": [{"start": "07:00", "end": "19:00"}],
                    "speed_cv": 0.2,
                    "after_work": {"law": "gamma", "mean_s": seconds, "cv": 0.5},
                }
                for number, seconds in enumerate(AFTER_S)
            },
        }
    )


@cache
def log() -> ContactLog:
    return ContactLog.of_run(simulate(desk(), fcfs(expert_by="random"), seed=5))


@cache
def fits() -> Fits:
    return fit_log(log())


@cache
def learned() -> Scenario:
    return calibrate(log(), name="differ")


def test_after_work_of_each_expert_is_found_again() -> None:
    presence = fits().presence
    assert presence is not None
    found = [presence.away.after_work(busy=True, points=100, expert=e).mean() for e in range(6)]
    assert found == pytest.approx(AFTER_S, rel=0.2, abs=4.0)  # each is drawn a little to the law of all
    groups = learned().tables.groups
    told = [groups[f"e{e}-1"].after_work for e in range(6)]
    assert [law.mean for law in told if law is not None] == pytest.approx(found, rel=0.05)


def test_how_speeds_differ_from_day_to_day_is_found_again() -> None:
    assert fits().service.speed_cv == pytest.approx(0.2, abs=0.04)
    assert {group.speed_cv for group in learned().tables.groups.values()} == {round(fits().service.speed_cv, 4)}


def test_the_half_hour_unlike_the_others_is_found_and_the_others_stay_alike() -> None:
    pace = fits().service.pace
    others = np.delete(pace, OPENING)[14:37]
    assert pace[OPENING] / others.mean() == pytest.approx(SHORT, abs=0.1)
    assert others / others.mean() == pytest.approx(1.0, abs=0.08)


def test_a_replay_keeps_what_experts_differ_in_and_ablation_and_sensitivity_count_it() -> None:
    day = log().between(0, 1)
    again = replay(learned(), day)
    known = learned().tables.groups
    for name, group in again.tables.groups.items():
        assert (group.after_work, group.speed_cv) == (known[name].after_work, known[name].speed_cv)
    run = simulate(again, current_rule(again), seed=1)
    assert run.arrived == len(day)
    effects = set(ablate(again, replications=1)["process"])
    assert {"days of experts", "after-work by expert", "after-work"} <= effects
    rules = {"first": fcfs(), "longest": fcfs(expert_by="random")}
    assert "after-work" in set(ranking_sensitivity(again, rules, replications=2)["parameter"])
