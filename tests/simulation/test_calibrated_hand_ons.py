"""Contacts that are handed on: a desk whose parameters are known is simulated, logged, and learned again."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from deskmatch.cli.app import app
from deskmatch.errors import InputError
from deskmatch.policies import fcfs
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
from deskmatch.simulation.calibration.fitting import fit_log

DAY_S = 86_400.0
START = pd.Timestamp("2026-03-02")


@cache
def truth() -> Scenario:
    """Two weeks of a front line that hands orders and faults on to a second line, some of them twice."""
    one = {"experts": 1, "shifts": [{"start": "08:00", "end": "18:00"}]}
    rates = [0] * 8 + [30, 50, 60, 50, 40, 50, 60, 50, 40, 20] + [0] * 6

    def kind(mean_s: float, **more: Any) -> dict[str, Any]:
        return {
            "channel": "call",
            "handling": {"law": "lognormal", "mean_s": mean_s, "cv": 0.7},
            "patience": 300,
            **more,
        }

    return Scenario.load(
        {
            "horizon_s": 14 * DAY_S,
            "drain_s": DAY_S,
            "channels": {"call": {}},
            "types": {
                "order": kind(180, arrivals={"per_hour": rates}, hand_on={"expert": 0.8}),
                "fault": kind(240, arrivals={"per_hour": [rate / 2 for rate in rates]}, hand_on={"expert": 1.0}),
                "expert": kind(400, hand_on={"expert": 1.0}, max_hops=2),
            },
            "groups": {
                **{f"f{n}": {**one, "topics": {"order": 0.8, "fault": 0.5}} for n in range(5)},
                **{f"s{n}": {**one, "topics": {"expert": 0.7}} for n in range(3)},
            },
        }
    )  # fmt: skip


@cache
def contacts() -> pd.DataFrame:
    """What the desk logged, first come, first served; contacts handed on a second time are put first."""
    table = contacts_of_run(simulate(truth(), fcfs("random"), seed=5), start=START)
    return table.drop(columns="customer").sample(frac=1.0, random_state=1)


@cache
def log() -> ContactLog:
    return ContactLog.read(contacts())


@cache
def learned() -> Scenario:
    return calibrate(log().between(0, 7), name="learned")


def test_rows_of_a_contact_are_linked_and_only_the_first_arrives() -> None:
    found, runs = log(), simulate(truth(), fcfs("random"), seed=5).rows
    runs = runs[~np.isnan(runs["ended"])]
    assert found.types == ("expert handed on", "fault", "order")
    assert (found.hop == 0).sum() == (runs["attempt"] == 0).sum()
    assert np.bincount(found.hop).tolist() == np.bincount(runs["hop"]).tolist()
    later = found.following[found.following >= 0]
    assert (found.queued_s[later] >= found.ended_s[found.following >= 0] - 1e-3).all()
    assert found.digest != ContactLog.read(contacts().drop(columns="contact")).digest
    half = found.between(0, 7)
    assert (half.type[half.following[half.following >= 0]] == 0).all()
    assert (half.hop[half.following[half.following >= 0]] >= 1).all()


def test_what_was_handed_on_is_found_again() -> None:
    tables = learned().tables
    calibration = tables.calibration
    assert calibration is not None
    failed = (log().between(0, 7).good == 0).sum()
    assert tables.types["order"].onto == {"expert handed on": pytest.approx(0.8, abs=4 * (0.16 / failed * 3) ** 0.5)}
    assert tables.types["fault"].onto["expert handed on"] > 0.99
    assert tables.types["order"].max_hops == 2
    handed = tables.types["expert handed on"]
    assert handed.onto["expert handed on"] > 0.95
    assert handed.arrivals is None
    assert handed.handling is not None
    assert handed.handling.mean == pytest.approx(400, rel=0.1)
    for name, group in tables.groups.items():
        assert set(group.topics) == ({"order", "fault"} if name.startswith("f") else {"expert handed on"})
        rates = {"order": 0.8, "fault": 0.5} if name.startswith("f") else {"expert handed on": 0.7}
        assert group.topics == pytest.approx(rates, abs=0.07)
    perhour = {each.written: each.arrivals.mean_per_s * 24 * 3600 for each in learned().types if each.arrivals}
    assert perhour == pytest.approx({"order": 450, "fault": 225, "expert handed on": 0}, rel=0.08)
    fit = next(each for each in calibration.fits if each.process == "hand-ons")
    assert fit.value == pytest.approx(1.0, abs=0.04)
    assert "at most 2 times" in fit.says


def test_the_twin_hands_on_as_the_log_does() -> None:
    week = log().between(7, 14)
    found = evaluate_twin(learned(), week, replications=20)
    for row in found.errors():
        assert row.twin == pytest.approx(row.real, rel=0.2), row
    frame = found.frame("type")
    assert list(frame.index) == ["expert handed on", "fault", "order"]
    twin = np.mean([each.contacts for each in found.twin["type"]], axis=0)
    assert twin == pytest.approx(found.real["type"].contacts, rel=0.12)
    assert found.coverage("wait_s") > 0.8
    run = simulate(replay(learned(), week), current_rule(learned()))
    assert run.arrived == week.comes.sum()


def test_hand_ons_have_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from deskmatch.simulation.calibration.pictures import draw_fits

    draw_fits(fit_log(log().between(0, 7)), tmp_path / "fits.png")
    assert (tmp_path / "fits.png").stat().st_size > 10_000


def test_hand_ons_can_be_switched_off() -> None:
    table = ablate(learned().replace(horizon_s=2 * DAY_S), replications=2).set_index("process")
    assert table.loc["hand-ons", "occupancy"] < -0.05


def test_a_twin_that_has_learned_no_hand_ons_takes_each_row_as_an_arrival() -> None:
    apart = ContactLog.read(contacts().drop(columns="contact"))
    twin, week = calibrate(apart.between(0, 7)), log().between(7, 14)
    assert {each.max_hops for each in twin.tables.types.values()} == {0}
    assert simulate(replay(twin, week), current_rule(twin)).arrived == len(week)


def test_days_without_hand_ons_still_have_experts_for_them() -> None:
    week = log().between(7, 8)
    rows = np.flatnonzero(week.hop == 0)
    table = contacts()[~contacts()["contact"].duplicated(keep=False)]
    day = ContactLog.read(table, start="2026-03-09", end="2026-03-10")
    assert not day.hop.any()
    assert len(day) < len(rows)
    twin = replay(learned(), day)
    assert "expert handed on" in twin.tables.types
    assert simulate(twin, current_rule(twin)).rows["hop"].max() > 0


def test_tickets_are_handed_on_too() -> None:
    post = contacts().assign(channel="post").drop(columns="resolved")
    fits = fit_log(ContactLog.read(post).between(0, 7))
    assert fits.hand_ons is not None
    twin = calibrate(fits.log)
    topics = twin.tables.groups["desk"].topics
    assert topics["order"] == pytest.approx(1 - 0.2 * 0.8, abs=0.03)
    assert topics["expert handed on"] > topics["fault"]
    assert (
        evaluate_twin(twin, fits.log, replications=20, every_s=DAY_S)
        .frame("type")
        .loc["expert handed on"]
        .notna()
        .all()
    )


def test_transfers_out_of_the_log_stay_unresolved() -> None:
    table = contacts().drop(columns="resolved")
    one = table["contact"].where(~table["contact"].duplicated(keep=False)).dropna()
    table["transfers"] = np.where(table["contact"].isin(one.sample(frac=0.5, random_state=1)), 1, np.nan)
    found = fit_log(ContactLog.read(table).between(0, 7))
    assert found.hand_ons is not None
    own = found.log.class_names().index("order")
    assert 0.1 < found.hand_ons.share[own].sum() < 0.6


def test_ids_that_cannot_be_a_contact_are_listed() -> None:
    table = pd.DataFrame(
        {
            "arrived": ["2026-03-02T09:00:00", "2026-03-02T09:01:00", "2026-03-02T09:00:00", "2026-03-02T09:05:00"],
            "answered": ["", "2026-03-02T09:02:00", "2026-03-02T09:06:00", "2026-03-02T09:07:00"],
            "ended": ["2026-03-02T09:00:30", "2026-03-02T09:03:00", "2026-03-02T09:10:00", "2026-03-02T09:09:00"],
            "type": "a",
            "expert": ["", "x", "x", "y"],
            "contact": ["1", "1", "2", "2"],
        }
    )
    with pytest.raises(InputError) as error:
        ContactLog.read(table)
    first, second = map(str, error.value.defects)
    assert "column 'contact': found '1'; expected another id than row" in first
    assert "abandoned cannot be handed on" in first
    assert "column 'arrived'" in second
    assert "was answered" in second
    whole = contacts().assign(contact="0")
    with pytest.raises(InputError, match=f"'0' on {len(whole)} rows; expected at most 16 of one contact") as error:
        ContactLog.read(whole)
    assert len(error.value.defects) == 1
    unnamed = ContactLog.read(table.assign(contact=""))
    assert not unnamed.hop.any()


def test_types_that_are_called_like_hand_ons_are_refused_all_at_once() -> None:
    names = {"fault": "order handed on", "expert": "b handed on"}
    table = contacts().assign(type=contacts()["type"].replace(names))
    with pytest.raises(InputError) as error:
        ContactLog.read(table)
    told = sorted(str(each.value) for each in error.value.defects)
    counts = table["type"].value_counts()
    assert told == [f"'{name}' on {counts[name]} rows" for name in ("b handed on", "order handed on")]
    assert "ends with ' handed on'" in str(error.value)
    ContactLog.read(table.assign(type=table["type"].str.replace(" handed on", " handed on twice")))


def test_the_command_line_takes_the_column(tmp_path: Path) -> None:
    contacts().rename(columns={"contact": "call id"}).to_csv(tmp_path / "log.csv", index=False)
    out = tmp_path / "twin.toml"
    arguments = ["calibrate", str(tmp_path / "log.csv"), "--out", str(out), "--evaluate", "0", "--end", "2026-03-05"]
    run = CliRunner().invoke(app, [*arguments, "--column", "contact=call id"])
    assert run.exit_code == 0, run.output
    assert "hand-ons" in run.stdout
    again = Scenario.load(out)
    assert again.tables.types["fault"].onto
    assert simulate(again, current_rule(again)).rows["hop"].max() > 0


def test_a_log_without_ids_is_replayed_as_it_is() -> None:
    plain = ContactLog.read(contacts().drop(columns="contact")).between(7, 8)
    replayed = replay(learned(), plain)
    run = simulate(replayed, current_rule(replayed))
    assert run.arrived == len(plain)
    assert run.rows["hop"].max() == 0
