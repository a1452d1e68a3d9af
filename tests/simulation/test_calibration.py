"""Calibration: a log becomes a scenario. A desk whose parameters are known is simulated, logged, and learned again."""

from __future__ import annotations

import gzip
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from deskmatch.cli.app import app
from deskmatch.cli.simulate import policy_named
from deskmatch.errors import ContractError, InputError, ScenarioError
from deskmatch.policies import LookAhead, Matching, fcfs
from deskmatch.prediction.historical_rate import HistoricalRate
from deskmatch.simulation import Scenario, compare, simulate
from deskmatch.simulation.calibration import (
    ContactLog,
    ablate,
    calibrate,
    contacts_of_run,
    current_rule,
    evaluate_twin,
    learned_predictors,
    ranking_sensitivity,
    read_anonymous_bank,
    read_servicenow,
    replay,
)
from deskmatch.simulation.calibration.arrivals_fit import fit_arrivals
from deskmatch.simulation.calibration.away import EDGES_S, Gaps, fit_times_away
from deskmatch.simulation.calibration.discipline import head_starts
from deskmatch.simulation.calibration.fitting import fit_log
from deskmatch.simulation.calibration.known_priorities import with_known_priorities
from deskmatch.simulation.calibration.measures import coverage, noise_ratio, randomised_pit
from deskmatch.simulation.toml_text import toml_text

DAY_S = 86_400.0
START = pd.Timestamp("2026-03-02")


TOLD = (
    "wait_s", "abandonment", "service_level", "wait_p50_s", "wait_p90_s", "wait_p95_s", "asa_s",
    "first_contact_resolution", "occupancy",
)  # fmt: skip
"""Indicators whose error is known of a desk that logs resolutions."""


@cache
def truth() -> Scenario:
    """Two weeks of two types, six experts in two shifts; ana is twice as fast as the others at sales."""
    rates = [0] * 8 + [30, 50, 60, 50, 40, 50, 60, 50, 40, 20] + [0] * 6
    shift = {"start": "08:00", "end": "18:00"}
    ana = {"speeds": {"sales": 2.0}, "topics": {"sales": 0.9, "care": 0.6}}
    return Scenario.load(
        {
            "horizon_s": 14 * DAY_S,
            "drain_s": DAY_S,
            "channels": {"call": {}},
            "types": {
                "sales": {
                    "channel": "call",
                    "patience": 150,
                    "handling": {"law": "lognormal", "mean_s": 240, "cv": 0.8},
                    "arrivals": {"per_hour": [rate * 0.6 for rate in rates]},
                    "after_work": {"law": "fixed", "mean_s": 10},
                    "max_hops": 0,
                },
                "care": {
                    "channel": "call",
                    "patience": 400,
                    "handling": {"law": "lognormal", "mean_s": 120, "cv": 0.6},
                    "arrivals": {"per_hour": [rate * 0.4 for rate in rates]},
                    "after_work": {"law": "fixed", "mean_s": 10},
                    "max_hops": 0,
                },
            },
            "groups": {
                "ana": {"experts": 1, "shifts": [shift], **ana},
                **{name: {"experts": 1, "shifts": [shift], "topics": {"*": 0.7}} for name in ("bo", "cem", "dee")},
            },
        }
    )


@cache
def contacts() -> pd.DataFrame:
    """What the desk logged, under first come, first served with a head start of 60 s for care."""
    run = simulate(truth(), fcfs("random", head_start_s={"care": 60.0}), seed=5)
    return contacts_of_run(run, start=START).drop(columns=["outcome", "contact", "customer"])


@cache
def log() -> ContactLog:
    return ContactLog.read(contacts())


@cache
def learned() -> Scenario:
    return calibrate(log().between(0, 7), name="learned")


@cache
def report() -> Any:
    return evaluate_twin(learned(), log().between(7, 14), replications=20)


def test_a_log_is_what_the_table_says() -> None:
    found = log()
    assert found.types == ("care", "sales")
    assert found.experts == ("ana-1", "bo-1", "cem-1", "dee-1")
    assert (found.days, found.weekday, found.period) == (14, 0, ("2026-03-02", "2026-03-15"))
    assert len(found) == len(contacts())
    assert np.nansum(found.handling_s) == pytest.approx(
        (contacts()["ended"] - contacts()["answered"]).dt.total_seconds().sum(), abs=1e-3
    )
    half = found.between(0, 7)
    assert len(half) + len(found.between(7, 14)) == len(found)
    assert half.digest != found.digest
    assert half.digest == ContactLog.read(contacts()).between(0, 7).digest
    with pytest.raises(ContractError, match="days from 0 to 14"):
        found.between(7, 20)


def test_columns_can_be_called_otherwise_and_files_read(tmp_path: Path) -> None:
    table = contacts().rename(columns={"arrived": "created at", "expert": "agent"})
    table.to_csv(tmp_path / "log.csv", index=False)
    read = ContactLog.read(tmp_path / "log.csv", columns={"arrived": "created at", "expert": "agent"})
    assert read.digest == log().digest
    week = ContactLog.read(contacts(), start="2026-03-04", end="2026-03-06")
    assert (week.days, week.weekday) == (2, 2)
    with pytest.raises(InputError, match="expected one of its columns"):
        ContactLog.read(tmp_path / "log.csv", columns={"arrived": "made"})
    with pytest.raises(InputError, match="expected names of") as error:
        ContactLog.read(tmp_path / "log.csv", columns={"agent": "agent", "arrived": "made"})
    assert len(error.value.defects) == 2


def test_everything_that_is_wrong_in_a_log_is_listed() -> None:
    bad = pd.DataFrame(
        {
            "arrived": ["2026-03-02T09:00:00", "yesterday", "2026-03-02T09:00:00"],
            "answered": ["2026-03-02T08:00:00", "", "2026-03-02T09:01:00"],
            "ended": ["2026-03-02T09:10:00", "", "2026-03-02T09:05:00"],
            "outcome": ["answered", "", "vanished"],
            "type": ["a", "a", ""],
            "expert": ["x", "", "y"],
        }
    )
    with pytest.raises(InputError, match="yesterday") as error:
        ContactLog.read(bad)
    assert [(each.row, each.column) for each in error.value.defects] == [
        ("1", "arrived"),
        ("0", "answered"),
        ("2", "type"),
        ("2", "outcome"),
    ]
    assert "found '2026-03-02T08:00:00'; expected a time not before arrived, which is '2026-03-02T09:00:00'" in str(
        error.value
    )
    broken = bad[:1].assign(answered="soon", outcome="answered", contact="a")
    with pytest.raises(InputError, match="soon") as error:
        ContactLog.read(pd.concat([broken, broken.assign(answered="")], ignore_index=True))
    assert [each.column for each in error.value.defects] == ["answered", "outcome"]  # each told once
    gave_up = bad.drop(index=1).assign(answered="", outcome="", type="a", ended="2026-03-02T08:59:00")
    with pytest.raises(
        InputError, match="'ended': found '2026-03-02T08:59:00'; expected a time not before arrived"
    ) as error:
        ContactLog.read(gave_up)
    assert len(error.value.defects) == 2
    with pytest.raises(InputError, match="at least one contact"):
        ContactLog.read(bad[:0])
    with pytest.raises(InputError, match="'expert'"):
        ContactLog.read(bad.drop(columns="expert"))
    with pytest.raises(InputError, match="1 contacts have no end"):
        ContactLog.read(bad[:1].assign(answered="", outcome="", ended=""))


def test_logs_that_say_too_little_are_refused_and_short_ones_learned(tmp_path: Path) -> None:
    few = contacts()[:40]
    for table, said in (
        (few.assign(answered="", expert=""), "that an expert answered"),
        (few.assign(ended=few["answered"].fillna(few["ended"]), answered=few["answered"]), "an end after that"),
        (few.assign(queue_entered=""), "as the contact was answered"),
    ):
        with pytest.raises(InputError, match=said):
            calibrate(table)
    empty = ContactLog.read(few, end="2026-03-20").between(3, 4)
    for attempt in (calibrate, lambda log: replay(learned(), log), lambda log: evaluate_twin(learned(), log)):
        with pytest.raises(InputError, match="found 0 contacts from 2026-03-05 to 2026-03-05; expected some that"):
            attempt(empty)
    few.to_csv(tmp_path / "few.csv.gz", index=False)
    assert calibrate(tmp_path / "few.csv.gz").tables.name == "few"
    for size in (1, 2, 5):
        own = ContactLog.read(few[few["answered"].notna()][:size])
        assert "twin" in evaluate_twin(calibrate(own), own, replications=20).text()
    later = {name: few[name] + pd.Timedelta("100D") for name in ("arrived", "queue_entered", "answered", "ended")}
    apart = calibrate(pd.concat([few, few.assign(**later)]))
    assert simulate(apart, fcfs()).arrived < 400


def test_rates_of_four_days_are_not_those_of_each_day_alone() -> None:
    rng, at = np.random.default_rng(1), []
    for day in range(4):
        seconds = np.sort(rng.uniform(8 * 3600, 18 * 3600, rng.poisson(700)))
        at.append(START + pd.to_timedelta(day * DAY_S + seconds, unit="s"))
    arrived = pd.DatetimeIndex(np.concatenate(at))
    after = {name: arrived + pd.Timedelta(wait) for name, wait in (("answered", "5s"), ("ended", "1min"))}
    found = fit_arrivals(ContactLog.read(pd.DataFrame({"arrived": arrived, **after, "type": "a", "expert": "x"})))
    assert 0.5 < found.dispersion < 1.1  # 1, less what rates fitted on the same days take of it
    assert np.ptp(found.per_hour[0, 2 * 8 : 2 * 18]) < 30  # 70 an hour; a half hour of one day varies by far more


def test_what_is_left_out_of_a_log_is_noted() -> None:
    at = ["2026-03-02T09:00:00"] * 5
    table = pd.DataFrame(
        {
            "arrived": at,
            "queue_entered": [*at[:4], ""],
            "answered": ["2026-03-02T09:00:05", "2026-03-02T09:00:05", "", "", ""],
            "ended": ["2026-03-02T09:01:00", "2026-03-02T09:01:00", "2026-03-02T09:01:00", "", "2026-03-02T09:01:00"],
            "outcome": ["", "", "ignored", "", ""],
            "type": "a",
            "expert": ["x", "", "", "", ""],
        }
    )
    read = ContactLog.read(table)
    assert len(read) == 1
    assert len(read.left_s) == 1
    assert [note.split()[0] for note in read.notes] == ["1", "1", "1", "1"]


def test_what_made_the_log_is_found_again() -> None:
    scenario = learned()
    provenance = scenario.tables.calibration
    assert provenance is not None
    assert provenance.digest == log().between(0, 7).digest
    assert provenance.head_start_s.get("sales", 0.0) == 0.0
    assert provenance.head_start_s["care"] == pytest.approx(60, abs=20)
    handling = {each.name: each.handling.mean for each in scenario.types}
    groups = scenario.tables.groups
    assert handling["sales"] / groups["bo-1"].speeds["sales"] == pytest.approx(240, rel=0.08)
    assert handling["sales"] / groups["ana-1"].speeds["sales"] == pytest.approx(120, rel=0.12)
    assert handling["care"] / groups["dee-1"].speeds["care"] == pytest.approx(120, rel=0.1)
    assert groups["ana-1"].topics["sales"] == pytest.approx(0.9, abs=0.06)
    assert groups["bo-1"].topics["sales"] == pytest.approx(0.7, abs=0.06)
    patience = {each.name: scenario.patience_law(row) for row, each in enumerate(scenario.types)}
    for name, mean in (("sales", 150), ("care", 400)):
        law = patience[name]
        assert law is not None
        assert float(law.quantile([0.3])[0]) == pytest.approx(-np.log(0.7) * mean, rel=0.25)
    worked = [sum(end - begin for begin, end in group.logins_s or ()) / 7 / 3600 for group in groups.values()]
    assert np.array(worked) == pytest.approx(10, abs=1.2)
    perhour = {each.written: each.arrivals.mean_per_s * 24 * 3600 for each in scenario.types if each.arrivals}
    assert perhour["sales"] == pytest.approx(450 * 0.6, rel=0.1)


def test_the_twin_of_a_known_desk_is_like_another_replication_of_it() -> None:
    found = report()
    for row in found.errors():
        assert row.twin == pytest.approx(row.real, rel=0.15), row
    assert 0.82 < found.coverage("wait_s") < 0.97
    assert 0.82 < found.coverage("abandonment") < 0.97
    assert found.noise_ratio("hour", "wait_s") < 1.7
    frame = found.frame("type")
    assert list(frame.index) == ["care", "sales"]
    assert (frame["wait_s_low"] <= frame["wait_s_twin"]).all()
    assert "intervals cover" in found.text()
    for wrong, said in (
        (lambda: found.series("week", "wait_s"), "grouping: found 'week'; expected one of"),
        (lambda: found.frame("week"), "grouping: found 'week'"),
        (lambda: found.coverage("occupancy"), "measure: found 'occupancy'; expected one of"),
        (lambda: found.coverage("wait_s", 90.0), "share: found 90.0"),
    ):
        with pytest.raises(ContractError, match=said):
            wrong()


def test_errors_stand_beside_differences_between_policies(tmp_path: Path) -> None:
    scenario = report().onto(learned()).replace(horizon_s=DAY_S)
    scenario.save(tmp_path / "twin.toml")
    again = Scenario.load(tmp_path / "twin.toml")
    assert again.to_dict() == scenario.to_dict()
    result = compare(again, {"now": current_rule(again), "fcfs": fcfs()}, replications=2, progress=False)
    assert set(result.twin_error) == set(TOLD)
    below = result.below_twin_error("fcfs", "wait_s")
    assert below == (abs(result.difference("fcfs", "wait_s").mean) < result.twin_error["wait_s"])
    assert result.below_twin_error("fcfs", "jain") is None
    frame = result.frame()
    assert frame.loc["wait_s", ("twin", "error")] == result.twin_error["wait_s"]
    assert frame.loc["wait_s", ("fcfs", "below_error")] == below
    shown = CliRunner().invoke(app, ["simulate", str(tmp_path / "twin.toml"), "--policy", "current", "--policy", "fcfs",
                                     "--replications", "2", "--indicator", "wait_s"])  # fmt: skip
    assert "twin's error" in " ".join(shown.stdout.split())


def test_predictors_are_learned_from_what_the_twin_shows_and_not_from_what_it_knows() -> None:
    found = learned_predictors(learned())
    true = learned().tables.groups["ana-1"].topics["sales"]
    rate = found.resolution.rate_of("ana-1-1", "sales")
    assert rate == pytest.approx(true, abs=0.08)
    assert rate != true
    assert found.contacts > 1000


def test_ablation_ranks_processes_by_what_they_change() -> None:
    table = ablate(learned().replace(horizon_s=2 * DAY_S), replications=2).set_index("process")
    assert table.index[0] == "as it is"
    effects = table["wait_s"].abs().to_numpy()[1:]
    assert (np.diff(effects) <= 0).all()
    assert table.loc["speeds of experts", "wait_s"] != 0
    assert {"after-work", "shape of handling times", "head starts"} <= set(table.index)


def test_only_calibrated_scenarios_can_be_replayed() -> None:
    with pytest.raises(ScenarioError, match="was not learned"):
        replay(truth(), log())
    wrong: tuple[tuple[Any, str], ...] = (
        (lambda: evaluate_twin(learned(), log(), replications=3), "replications: found 3; expected 20 or more"),
        (lambda: evaluate_twin(learned(), log(), replications=20, seed=-1), "seed: found -1"),
        (lambda: evaluate_twin(learned(), log(), replications=20, target_s=-1.0), "target_s: found -1.0"),
        (lambda: evaluate_twin(learned(), contacts()), "log: found DataFrame; expected a ContactLog"),  # type: ignore[arg-type]
        (lambda: replay(learned(), contacts()), "log: found DataFrame; expected a ContactLog"),  # type: ignore[arg-type]
        (lambda: ablate(learned(), replications=0), "replications: found 0; expected 1 or more"),
        (lambda: calibrate(log(), columns={"arrived": "at"}), "columns: expected none"),
    )
    for attempt, said in wrong:
        with pytest.raises(ContractError, match=said):
            attempt()


def test_a_replay_has_the_arrivals_of_the_log_and_takes_in_new_experts_and_types() -> None:
    week = log().between(7, 14)
    strange = contacts().assign(expert=contacts()["expert"].str.replace("bo", "new"))
    strange["type"] = strange["type"].str.replace("care", "other")
    other = replay(learned(), ContactLog.read(strange).between(7, 14))
    assert {"new-1", "ana-1"} <= {name.split("/")[0] for name in other.groups}
    run = simulate(replay(learned(), week), fcfs())
    assert run.arrived == len(week)
    entered = np.sort(run.rows["entered"][run.rows["attempt"] == 0])
    np.testing.assert_allclose(entered, week.queued_s, atol=1e-6)


def test_head_starts_are_those_that_made_the_order() -> None:
    rng = np.random.default_rng(2)
    true = np.array([0.0, 90.0, 40.0])
    taken, waiting = rng.integers(0, 3, (2, 6000))
    ahead = rng.normal(0, 120, 6000)
    consistent = ahead + true[taken] - true[waiting] >= 0
    taken, waiting = np.where(consistent, taken, waiting), np.where(consistent, waiting, taken)
    found = head_starts(taken, waiting, np.where(consistent, ahead, -ahead), 3)
    assert found == pytest.approx(true, abs=11)


def test_times_away_are_found_in_gaps_that_hide_them() -> None:
    """Away 20 or 1000 s after a contact; the next call comes to whoever is ready after an exponential time."""
    rng = np.random.default_rng(3)
    n = 4000
    away = np.where(rng.random(n) < 0.2, 1000.0, 20.0)
    length = away + rng.exponential(200.0, n)
    gap = np.repeat(np.arange(n), 6)
    others = rng.uniform(0, 1, 6 * n) * np.repeat(length, 6)
    gaps = Gaps(
        expert=np.zeros(n, np.int64),
        length_s=length,
        under_queue=np.zeros(n, bool),
        seen_s=np.zeros(n),
        took=np.zeros(n, bool),
        pass_gap=gap,
        pass_s=others,
        pass_idle=np.full(6 * n, 3),
    )
    found = fit_times_away(gaps, 1)
    assert found.calm[EDGES_S[:-1] >= 450].sum() == pytest.approx(0.2, abs=0.1)


def test_experts_with_several_contacts_at_once_are_noted() -> None:
    assert not any("another one" in note for note in fit_log(log().between(0, 7)).log.notes)
    both = contacts().assign(expert=lambda table: table["expert"].str.replace("bo", "cem"))
    (note,) = fit_log(ContactLog.read(both).between(0, 7)).log.notes
    assert "begin while their expert has another one" in note


def test_priorities_that_only_the_waiting_have_are_filled_in() -> None:
    table = contacts()
    waited = (table["answered"].fillna(table["ended"]) - table["queue_entered"]).dt.total_seconds() > 0
    rng = np.random.default_rng(1)
    known = pd.Series(rng.choice([0, 2], len(table)), index=table.index)
    read = ContactLog.read(table.assign(priority=known.where(waited, 0)))
    filled = with_known_priorities(read)
    assert "filled in for care, sales" in filled.notes[-1]
    assert (filled.priority[filled.wait_s == 0] > 0).mean() == pytest.approx(0.5, abs=0.05)
    unchanged = ContactLog.read(table.assign(priority=known))
    assert with_known_priorities(unchanged) is unchanged


def test_the_transform_is_uniform_and_the_noise_one_where_reality_is_a_replication() -> None:
    rng = np.random.default_rng(0)
    twin = rng.poisson(3.0, (50, 4000)).astype(float)
    real = rng.poisson(3.0, 4000).astype(float)
    pit = randomised_pit(real, twin, rng)
    assert (np.abs(pit - 0.5) <= 0.45).mean() == pytest.approx(0.9, abs=0.02)
    assert coverage(real, twin, 0.9) == pytest.approx(0.9, abs=0.02)
    drawn = [(np.abs(randomised_pit(real[:50], twin[:, :50], rng) - 0.5) <= 0.4).mean() for _ in range(2000)]
    assert coverage(real[:50], twin[:, :50], 0.8) == pytest.approx(np.mean(drawn), abs=0.01)
    assert pit.mean() == pytest.approx(0.5, abs=0.02)
    error, noise = noise_ratio(real, twin, np.ones(4000))
    assert error / noise == pytest.approx(1.0, abs=0.04)
    error, noise = noise_ratio(real + 3, twin, np.ones(4000))
    assert error / noise > 1.5
    assert coverage(real + 3, twin, 0.9) < 0.7
    assert np.isnan(coverage(np.array([np.nan]), twin[:, :1], 0.9))
    assert np.isnan(randomised_pit(np.array([np.nan]), twin[:, :1], rng)).all()


def test_toml_is_read_as_it_was_written() -> None:
    import tomllib

    values = {
        "a": 1.5, "text": 'quo"te\n', "list": [[1, 2.0], ["x", True]], "t b": {"c": {"d": 1, "e": [1], "f": {}}},
        "rows": [{"x": 1}, {"y": {"z": "ü"}}], "two": {"p": 1, "q": "r"},
    }  # fmt: skip
    assert tomllib.loads(toml_text(values)) == values


def test_the_command_line_learns_a_desk(tmp_path: Path) -> None:
    contacts().rename(columns={"arrived": "created"}).to_csv(tmp_path / "log.csv.gz", index=False)
    out = tmp_path / "scenario.toml"
    arguments = ["calibrate", str(tmp_path / "log.csv.gz"), "--out", str(out), "--column", "arrived=created"]
    run = CliRunner().invoke(app, [*arguments, "--evaluate", "2", "--replications", "20", "--end", "2026-03-09"])
    assert run.exit_code == 0, run.output
    assert "intervals cover" in run.stdout
    found = Scenario.load(out).tables.calibration
    assert found is not None
    assert found.source == Scenario.load(out).tables.name == "log"
    assert found.evaluated == ("2026-03-07", "2026-03-08")
    assert [row.indicator for row in found.errors] == [*TOLD]
    for wrong, said in (
        (["--column", "arrived"], "NAME=COLUMN"),
        (["--format", "excel"], "expected one of"),
        (["--evaluate", "99"], "fewer than"),
    ):
        refused = CliRunner().invoke(app, [*arguments, *wrong])
        assert refused.exit_code != 0
        assert said in refused.output
    short = CliRunner().invoke(app, [*arguments, "--end", "2026-03-04"])
    assert short.exit_code == 0
    assert "not held against reality" in short.output
    missing = CliRunner().invoke(app, ["calibrate", str(tmp_path / "none.csv")])
    assert missing.exit_code != 0


def test_a_ranking_is_tried_with_other_parameters() -> None:
    one = learned().replace(horizon_s=DAY_S)
    table = ranking_sensitivity(
        one, {"now": current_rule(one), "slow": fcfs("slowest")}, replications=2, factors=(1.2,)
    )
    assert table["parameter"].tolist()[0] == "as it is"
    assert set(table["parameter"]) == {
        "as it is", "arrivals", "handling times", "patience", "after-work", "after-work in calm",
 "differences in resolution",
    }  # fmt: skip
    assert table["as_before"][0]
    waits = table.set_index("parameter")["now"]
    assert waits["handling times"] > waits["as it is"] < waits["arrivals"]
    with pytest.raises(ContractError, match="two or more"):
        ranking_sensitivity(one, {"now": fcfs()})


@pytest.mark.skipif("DESKMATCH_DATA" not in os.environ, reason="DESKMATCH_DATA is not set: no public logs")
def test_public_logs_are_read() -> None:
    folder = Path(os.environ["DESKMATCH_DATA"])
    bank = read_anonymous_bank(next((folder / "anonymous_bank").glob("calls_*.csv.gz")))
    calls = pd.read_csv(next((folder / "anonymous_bank").glob("calls_*.csv.gz")), low_memory=False)
    served = calls[(calls["outcome"] == "AGENT") & (calls["ser_time"] > 0) & (calls["server"] != "NO_SERVER")]
    assert np.nansum(bank.handling_s) == served["ser_time"].sum()
    assert int(bank.abandoned.sum()) == int(((calls["outcome"] == "HANG") & (calls["q_time"] > 0)).sum())
    with pytest.raises(InputError, match="expected this column"):
        read_servicenow(next((folder / "anonymous_bank").glob("calls_*.csv.gz")))
    incidents = read_servicenow(next((folder / "servicenow_incidents").glob("*.csv.gz")), end="2016-03-15")
    assert not incidents.on_line
    assert len(incidents) > 1000
    assert (incidents.elapsed_s >= 0).all()


def test_what_cannot_be_read_in_a_public_log_is_listed_and_what_has_no_end_noted(tmp_path: Path) -> None:
    head = "date,type,priority,vru_entry,vru_exit,q_time,outcome,ser_time,server"
    calls = [head, "990201,PS,0,7:02:47,7:02:56,0,AGENT,9,ANA", "yesterday,PS,0,7:02:47,late,0,AGENT,much,ANA"]
    (tmp_path / "calls.csv").write_text("\n".join(calls))
    with pytest.raises(InputError) as error:
        read_anonymous_bank(tmp_path / "calls.csv")
    assert [(each.row, each.column) for each in error.value.defects] == [
        ("3", "date"), ("3", "vru_exit"), ("3", "ser_time")
    ]  # fmt: skip
    head = "number,incident_state,opened_at,sys_updated_at,category,assignment_group,assigned_to,reassignment_count"
    rows = [
        "1,New,29/2/2016 01:16,29/2/2016 01:20,a,g,ana,0",
        "1,Resolved,29/2/2016 01:16,29/2/2016 02:20,a,g,ana,0",
        "2,New,29/2/2016 01:16,29/2/2016 01:20,a,g,ana,0",
    ]
    (tmp_path / "log.csv").write_text("\n".join((head, *rows)))
    read = read_servicenow(tmp_path / "log.csv")
    assert read.elapsed_s.tolist() == [64 * 60]
    assert any("1 contacts have no end" in note for note in read.notes)
    (tmp_path / "log.csv").write_text("\n".join((head, *rows, rows[2].replace("29/2/2016 01:16", "soon"))))
    with pytest.raises(InputError, match=r"row 5, column 'opened_at': found 'soon'"):
        read_servicenow(tmp_path / "log.csv")


def test_a_public_log_that_is_read_as_a_table_says_what_reads_it(tmp_path: Path) -> None:
    head = "date,type,priority,vru_entry,vru_exit,q_time,outcome,ser_time,server,customer_id"
    path = tmp_path / "calls.csv.gz"
    path.write_bytes(gzip.compress(f"{head}\n990201,PS,0,7:02:47,7:02:56,0,AGENT,9,ANA,0\n".encode()))
    with pytest.raises(InputError, match=r"columns date, .*; expected arrived, .*read_anonymous_bank") as error:
        ContactLog.read(path)
    assert len(error.value.defects) == 1
    shown = CliRunner().invoke(app, ["calibrate", str(path), "--out", str(tmp_path / "twin.toml")])
    assert shown.exit_code == 2
    assert "--format anonymous_bank" in " ".join(shown.output.split())
    assert len(read_anonymous_bank(path)) == 1


@pytest.mark.parametrize("every_s", [0.0, -1800.0, 7000.0, 2 * DAY_S, float("nan")])
def test_intervals_make_a_day_and_limits_are_told_by_name(every_s: float) -> None:
    with pytest.raises(ContractError, match="every_s: found"):
        calibrate(contacts()[:40], every_s=every_s)
    for wrong in ("soon", "2026-03-02T00:00:00+01:00"):
        with pytest.raises(InputError, match="argument end: found"):
            ContactLog.read(contacts()[:40], end=wrong)


def test_pictures_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from deskmatch.simulation.calibration.pictures import draw_fits

    draw_fits(fit_log(log().between(0, 7)), tmp_path / "fits.png")
    report().draw_day(tmp_path / "day.png", day=1)
    with pytest.raises(ContractError, match="day: found 9; expected one of 0, 1"):
        report().draw_day(tmp_path / "none.png", day=9)
    assert (tmp_path / "fits.png").stat().st_size > 10_000
    assert (tmp_path / "day.png").stat().st_size > 10_000


def test_policies_of_the_command_line_see_what_the_twin_shows_and_the_oracle_what_it_knows() -> None:
    twin = learned().replace(horizon_s=2 * DAY_S)
    matching, ahead, oracle = (policy_named(name, twin) for name in ("matching_greedy", "look_ahead", "oracle"))
    assert isinstance(matching, Matching) and isinstance(oracle, Matching) and isinstance(ahead, LookAhead)
    assert isinstance(matching.formulation.resolution, HistoricalRate)
    assert ahead.resolution is matching.formulation.resolution
    assert oracle.formulation.resolution is None
    assert oracle.name == "oracle"


@pytest.mark.parametrize("channel", ["call", "post"])
def test_a_type_that_comes_on_other_days_only_does_no_harm(channel: str) -> None:
    table = contacts().assign(channel=channel)
    day = (table["arrived"] - START).dt.days
    first, second = (table[day == each] for each in (0, 1))
    whole = ContactLog.read(pd.concat([first, second.assign(type=second["type"].replace("care", "new"))]))
    scenario = calibrate(whole.between(0, 1))
    assert set(scenario.tables.types) == {"care", "sales"}
    run = simulate(replay(scenario, whole.between(1, 2)), current_rule(scenario))
    assert set(run.tickets["type"]) == {"new", "sales"}
    assert simulate(replay(calibrate(whole.between(1, 2)), whole.between(0, 1)), fcfs()).arrived > 0
