"""The log of a run: what the engine recorded as a desk would have seen it, counted again from the run's own table."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deskmatch.errors import InputError
from deskmatch.policies import fcfs
from deskmatch.simulation import Run, Scenario, simulate
from deskmatch.simulation.calibration import ContactLog, calibrate, contacts_of_run, current_rule
from deskmatch.simulation.calibration.measures import of_log, of_run

DAY_S = 86_400.0


RATES = [0] * 8 + [60] * 10 + [0] * 6
ORDER = {
    "channel": "call", "patience": 90, "balk": 0.1, "handling": 150, "arrivals": {"per_hour": RATES},
    "redial": 0.5, "redial_after": 600, "repeat": 0.4, "repeat_after": 1800, "max_hops": 3,
}  # fmt: skip
BACK = {"channel": "callback", "handling": 200, "max_hops": 0, "arrivals": {"per_hour": [rate / 4 for rate in RATES]}}


def desk(horizon_s: float = 2 * DAY_S, **more: Any) -> Scenario:
    """A busy desk on which contacts end in every way: calls fill the queue, balk, come again and are handed on."""
    return Scenario.load(
        {
            "horizon_s": horizon_s,
            "start_day": "wednesday",
            "channels": {"call": {"queue_capacity": 6}, "callback": {"no_answer": 0.4, "retry_after_s": 900}},
            "types": {"order": ORDER, "back": BACK},
            "groups": {
                name: {"experts": 2, "topics": {"*": rate}, "channels": {"call": 1, "callback": 1}}
                for name, rate in (("a", 0.6), ("b", 0.7))
            },
            **more,
        }
    )


@cache
def run() -> Run:
    return simulate(desk(), fcfs("random"), seed=4)


def counted() -> dict[str, list[tuple[Any, ...]]]:
    """By customer, the contacts as (queued, answered, ended, expert, number), one row of the run after the other."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for root, rows in run().tickets.sort_values(["root", "attempt"]).groupby("root"):
        own, number, queued, before = [], 0, None, None
        for row in rows.itertuples():
            if row.outcome == "away":
                continue
            queued = row.entered_s if queued is None else queued
            number += before in ("repeat", "redial")
            before = row.outcome
            if row.outcome == "no_answer":
                continue
            talked = row.outcome in ("resolved", "repeat", "unresolved", "in_hand") or "transfer" in str(row.outcome)
            expert = row.expert_id if talked else ""
            own.append((queued, row.started_s if talked else np.nan, row.ended_s, expert, f"{root}.{number}"))
            queued = None
        if queued is not None:
            own.append((queued, np.nan, np.nan, "", f"{root}.{number}"))
        found[str(root)] = [each for each in own if each[0] < run().scenario.tables.horizon_s]
    return {customer: own for customer, own in found.items() if own}


def test_each_contact_of_each_customer_is_logged_as_it_was() -> None:
    outcomes = set(run().tickets["outcome"].astype(str))
    assert outcomes >= {
        "resolved", "preventable_transfer", "repeat", "no_answer", "abandoned", "balked", "blocked", "unresolved",
        "redial", "unanswered",
    }  # fmt: skip
    table = contacts_of_run(run())
    start = pd.Timestamp("2024-01-03")  # the first Wednesday of that year
    assert table["queue_entered"].is_monotonic_increasing
    seconds = {
        name: (table[name] - start).dt.total_seconds() for name in ("queue_entered", "answered", "ended", "arrived")
    }
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in table.index:
        own = tuple(float(seconds[name][row]) for name in ("queue_entered", "answered", "ended"))
        found.setdefault(table["customer"][row], []).append((*own, table["expert"][row], table["contact"][row]))
    expected = counted()
    assert found.keys() == expected.keys()
    for customer, rows in found.items():
        assert [each[3:] for each in rows] == [each[3:] for each in expected[customer]]
        times = [each[:3] for each in expected[customer]]
        np.testing.assert_allclose([each[:3] for each in rows], times, atol=1e-6)
    first = table.groupby("contact")["queue_entered"].transform("min")
    assert (table["arrived"] == first).all()
    blocked = int((run().tickets["outcome"] == "blocked").sum())
    assert (table["outcome"] == "blocked").sum() == blocked > 0
    resolved = run().outcomes()["resolved"]
    assert (table["resolved"] == True).sum() == resolved > 0  # noqa: E712
    assert table["resolved"].isna().sum() == (table["expert"] == "").sum()


def test_the_log_tells_what_the_replications_of_an_evaluation_are_told_by() -> None:
    one = simulate(desk(types={"order": ORDER}, drain_s=DAY_S), fcfs("random"), seed=4)
    log = ContactLog.of_run(one)
    ours, theirs = of_log(log), of_run(one, [each.removesuffix(" handed on") for each in log.types])
    assert len(ours.queued_s) == len(theirs.queued_s) > 500
    for name in ("queued_s", "wait_s", "served_s", "ended_s"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=2e-6)
    np.testing.assert_array_equal(ours.resolved, theirs.resolved)
    lost = one.tickets["outcome"].isin(("abandoned", "balked", "redial")).sum()
    assert ours.abandoned.sum() == theirs.abandoned.sum() == lost
    assert (log.hop > 0).sum() == one.tickets["outcome"].astype(str).str.contains("transfer").sum() > 0


def test_what_had_not_ended_is_open_in_the_table_and_noted_in_the_log() -> None:
    cut = simulate(desk(horizon_s=10 * 3600.0, drain_s=0.0), fcfs("random"), seed=4)
    assert cut.outcomes()["in_system"] > 0
    table = contacts_of_run(cut)
    left = table[table["ended"].isna()]
    assert set(left["outcome"]) == {"answered", ""}
    log = ContactLog.of_run(cut)
    assert any(f"{len(left)} contacts have no end" in note for note in log.notes)
    assert len(log) + len(left) == len(table)


def test_days_on_which_nobody_comes_are_days_of_the_log_too() -> None:
    arrivals = {"per_hour": [0] * 48 + [0] * 8 + [60] * 10 + [0] * 6 + [0] * 24 * 4}
    types = {"order": {"channel": "call", "handling": 60, "arrivals": arrivals}}
    log = ContactLog.of_run(simulate(desk(7 * DAY_S, types=types, start_day="monday"), fcfs(), seed=1))
    assert (log.days, log.weekday, log.period) == (7, 0, ("2024-01-01", "2024-01-07"))
    assert log.queued_s.min() > 2 * DAY_S


def test_the_log_of_a_twin_has_the_names_of_the_log_that_it_was_learned_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    calls = desk(7 * DAY_S, types={"order": {**ORDER, "redial": 0.0, "repeat": 0.0}})
    table = contacts_of_run(simulate(calls, fcfs("random"), seed=4))
    urgent = dict(zip(table["customer"], rng.integers(0, 2, len(table)), strict=True))
    table = table.assign(priority=table["customer"].map(urgent), type="new order")
    table["expert"] = table["expert"].str.replace("a-1", "line/2")
    log = ContactLog.read(table)
    twin = calibrate(log)
    assert {each.name for each in twin.types} == {
        f"new order{after} {priority}" for after in ("", " handed on") for priority in (0, 1)
    }
    again = contacts_of_run(simulate(twin, current_rule(twin), seed=2))
    assert set(again["type"]) == {"new order"}
    assert set(again["priority"]) == {"0", "1"}
    assert set(again["expert"]) - {""} == set(log.experts)
    again.to_csv(tmp_path / "log.csv.gz", index=False)
    read = ContactLog.read(tmp_path / "log.csv.gz")
    assert (read.types, read.priorities, read.experts) == (log.types, log.priorities, log.experts)
    assert read.digest == ContactLog.read(again).digest


def test_a_log_begins_at_midnight_of_the_day_on_which_the_scenario_begins() -> None:
    for right in ("2026-03-04", date(2026, 3, 4), datetime(2026, 3, 4)):
        assert ContactLog.of_run(run(), start=right).period == ("2026-03-04", "2026-03-05")
    for wrong in ("2026-03-03", "2026-03-04T09:00:00"):
        with pytest.raises(InputError, match=r"argument start: found .*expected midnight of a Wednesday"):
            ContactLog.of_run(run(), start=wrong)
    for wrong in ("soon", "2026-03-04T00:00:00+01:00", 20260304):
        with pytest.raises(InputError, match=r"argument start: found .*expected an ISO 8601 time"):
            contacts_of_run(run(), start=wrong)  # type: ignore[arg-type]
    nobody = simulate(desk(types={"order": {"channel": "call", "arrivals": {"per_hour": 0}}}), fcfs(), seed=1)
    assert not len(contacts_of_run(nobody))
    with pytest.raises(InputError, match="at least one contact"):
        ContactLog.of_run(nobody)
