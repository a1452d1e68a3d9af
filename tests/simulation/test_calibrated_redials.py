"""Customers who come again: a desk whose parameters are known is simulated, logged, and learned again."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from deskmatch.cli.app import app
from deskmatch.policies import fcfs
from deskmatch.simulation import Scenario, simulate
from deskmatch.simulation.calibration import (
    ContactLog,
    ablate,
    calibrate,
    contacts_of_run,
    current_rule,
    evaluate_twin,
    ranking_sensitivity,
    read_anonymous_bank,
    replay,
)
from deskmatch.simulation.calibration.coming_again import GAVE_UP, OTHER, UNRESOLVED, pairs_of
from deskmatch.simulation.calibration.fitting import fit_log

DAY_S = 86_400.0
START = pd.Timestamp("2026-03-02")


def truth() -> Scenario:
    """Two weeks; every second or fifth customer who gives up comes again, and two of five who were not helped."""
    rates = [0] * 8 + [30, 50, 60, 50, 40, 50, 60, 50, 40, 20] + [0] * 6

    def kind(mean_s: float, patience: float, redial: float, share: float) -> dict[str, Any]:
        return {
            "channel": "call", "patience": patience, "handling": {"law": "lognormal", "mean_s": mean_s, "cv": 0.8},
            "arrivals": {"per_hour": [share * rate for rate in rates]},
            "redial": redial, "redial_after": 900, "repeat": 0.4, "repeat_after": 7200, "repeat_to": "anyone",
            "hand_on": "never", "max_hops": 15,
        }  # fmt: skip

    return Scenario.load(
        {
            "horizon_s": 14 * DAY_S,
            "drain_s": DAY_S,
            "channels": {"call": {}},
            "types": {"order": kind(180, 120, 0.5, 1.0), "fault": kind(240, 200, 0.2, 0.5)},
            "groups": {
                f"e{n}": {"experts": 1, "shifts": [{"start": "08:00", "end": "18:00"}], "topics": {"*": 0.8}}
                for n in range(5)
            },
        }
    )


@cache
def contacts(others: float = 0.0, known: float = 1.0) -> pd.DataFrame:
    """What the desk logged; some tickets are of customers who had others before, and some customers are not known."""
    table = contacts_of_run(simulate(truth(), fcfs("random"), seed=5), start=START).drop(columns="contact")
    tickets = table["customer"].astype(int).to_numpy()
    rng = np.random.default_rng(1)
    count = int(tickets.max()) + 1
    who = np.where(rng.random(count) < others, rng.integers(0, count // 3, count), np.arange(count))
    ids = who[tickets]
    return table.assign(customer=np.where(rng.random(count)[ids] < known, ids.astype(str), ""))


def log(others: float = 0.0, known: float = 1.0) -> ContactLog:
    return ContactLog.read(contacts(others, known))


@cache
def learned() -> Scenario:
    return calibrate(log(0.4).between(0, 7), name="learned")


def test_the_next_contact_of_a_customer_is_found() -> None:
    at = START + pd.to_timedelta([0, 60, 120, 600, 700, 900, 1000], unit="s")
    answered = ["", at[1], at[2], at[3], "", "", at[6]]
    table = pd.DataFrame(
        {
            "arrived": at, "answered": answered, "ended": at + pd.Timedelta("50s"), "type": "a",
            "expert": ["", "x", "x", "x", "", "", "y"], "customer": ["c", "d", "c", "d", "", "c", "d"],
            "resolved": ["", "true", "false", "false", "", "", "true"],
            "contact": ["1", "2", "3", "4", "5", "6", "4"],
        }
    )  # fmt: skip
    found = pairs_of(ContactLog.read(table))
    # the second contact of d was handed on and ended at 1050 s; times are from the end to the next one, or to midnight
    expected = {0: (2, 70, GAVE_UP), 2: (5, 730, UNRESOLVED), 5: (-1, 85450, GAVE_UP),
                1: (3, 490, OTHER), 6: (-1, 85350, OTHER)}  # fmt: skip
    rows = zip(found.before, found.after, found.delay_s, found.kind, strict=True)
    assert {row: (after, round(delay), kind) for row, after, delay, kind in rows} == expected


@pytest.mark.parametrize("others", [0.0, 0.4])
def test_who_comes_again_because_of_the_contact_before_is_told_from_who_has_another_matter(others: float) -> None:
    week = log(others).between(0, 7)
    found = fit_log(week).again
    assert found is not None
    names = week.class_names()
    # 4 standard errors of shares of some 300, 500 and 900 contacts
    assert found.redials.share[names.index("order")] == pytest.approx(0.5, abs=0.09)
    assert found.redials.share[names.index("fault")] == pytest.approx(0.2, abs=0.1)
    assert found.repeats.share == pytest.approx([0.4, 0.4], abs=0.07)
    assert found.redials.delay_s.mean() == pytest.approx(900, rel=0.2)
    assert found.repeats.delay_s.mean() == pytest.approx(7200, rel=0.25)
    tables = calibrate(week).tables
    assert (tables.types["order"].hand_on, tables.types["order"].repeat_to) == ("never", "anyone")
    perhour = {name: each.arrivals.mean_per_s * 24 * 3600 for name, each in tables.types.items() if each.arrivals}
    assert perhour == pytest.approx({"order": 450, "fault": 225}, rel=0.1)


def test_customers_who_are_not_known_stay_part_of_the_rates() -> None:
    whole, half = (fit_log(log(0.2, known).between(0, 7)) for known in (1.0, 0.5))
    assert whole.again is not None and half.again is not None
    assert half.again.known == pytest.approx(0.5, abs=0.05)
    assert half.again.redials.share == pytest.approx(whole.again.redials.share / 2, rel=0.35)
    assert whole.arrivals.counts.sum() < half.arrivals.counts.sum() < len(half.log)


def test_the_twin_lets_customers_come_again() -> None:
    week = log(0.4).between(7, 14)
    found = evaluate_twin(learned(), week, replications=20)
    for row in found.errors():
        assert row.twin == pytest.approx(row.real, rel=0.15), row
    twin = np.mean([each.contacts for each in found.twin["type"]], axis=0)
    assert twin == pytest.approx(found.real["type"].contacts, rel=0.06)
    assert 0.82 < found.coverage("wait_s") < 0.99
    assert found.noise_ratio("hour", "wait_s") < 1.4
    replayed = replay(learned(), week)
    run = simulate(replayed, current_rule(replayed))
    assert run.arrived < 0.92 * len(week)
    assert (run.tickets["outcome"] == "redial").sum() > 100


def test_where_nobody_comes_because_of_the_contact_before_nothing_is_learned() -> None:
    table = contacts(0.0)
    rng = np.random.default_rng(2)
    mixed = ContactLog.read(table.assign(customer=rng.permutation(table["customer"].to_numpy())))
    assert fit_log(mixed.between(0, 7)).again is None
    assert fit_log(ContactLog.read(table.drop(columns="customer")).between(0, 7)).again is None
    with_ids, without = log(), ContactLog.read(table.drop(columns="customer"))
    assert with_ids.digest != without.digest


def test_an_id_that_is_everybody_is_nobody() -> None:
    table = contacts(0.0)
    everybody = table["customer"].where(np.arange(len(table)) % 3 > 0, "0")
    read = ContactLog.read(table.assign(customer=everybody))
    assert len(read.notes) == 1
    assert f"count as not known: '0' ({(everybody == '0').sum()} contacts)" in read.notes[0]
    assert (read.customer < 0).sum() == (everybody == "0").sum()
    few = ContactLog.read(table.assign(customer=[f"c{row % 5}" for row in range(len(table))]))
    assert len(few.notes) == 1
    assert few.notes[0].endswith("and 2 more")
    assert (few.customer < 0).all()


def test_rankings_are_tried_with_more_and_fewer_who_come_again() -> None:
    one = learned().replace(horizon_s=DAY_S)
    policies = {"now": current_rule(one), "slow": fcfs("slowest")}
    table = ranking_sensitivity(one, policies, replications=2, factors=(2.0,)).set_index("parameter")
    assert table.loc["customers who come again", "now"] > table.loc["as it is", "now"]


def test_coming_again_can_be_switched_off_and_drawn(tmp_path: Path) -> None:
    table = ablate(learned().replace(horizon_s=2 * DAY_S), replications=2).set_index("process")
    assert table.loc["coming again", "occupancy"] < -0.01
    pytest.importorskip("matplotlib")
    from deskmatch.simulation.calibration.pictures import draw_fits

    draw_fits(fit_log(log(0.4).between(0, 7)), tmp_path / "fits.png")
    assert (tmp_path / "fits.png").stat().st_size > 10_000


def test_the_command_line_takes_customers_and_the_scenario_keeps_what_was_learned(tmp_path: Path) -> None:
    contacts().rename(columns={"customer": "account"}).to_csv(tmp_path / "log.csv", index=False)
    out = tmp_path / "twin.toml"
    arguments = ["calibrate", str(tmp_path / "log.csv"), "--out", str(out), "--evaluate", "2", "--replications", "20"]
    run = CliRunner().invoke(app, [*arguments, "--column", "customer=account", "--end", "2026-03-09"])
    assert run.exit_code == 0, run.output
    assert "coming again" in run.stdout
    found = Scenario.load(out).tables.calibration
    assert found is not None
    assert found.redials[0] == (60.0, 1.0)
    assert len(found.redials) == len(found.repeats)


@pytest.mark.skipif("DESKMATCH_DATA" not in os.environ, reason="DESKMATCH_DATA is not set: no public logs")
def test_customers_of_the_bank_call_again_when_they_gave_up() -> None:
    path = next((Path(os.environ["DESKMATCH_DATA"]) / "anonymous_bank").glob("calls_*.csv.gz"))
    bank = read_anonymous_bank(path, end="1999-02-08", customers=True)
    found = fit_log(bank).again
    assert found is not None
    assert found.known == pytest.approx(0.39, abs=0.03)
    assert found.redials.came > 2 * found.redials.expected
    assert not len(found.repeats.delay_s)


def test_a_log_that_does_not_say_who_came_or_was_handed_on_is_replayed_as_it_is() -> None:
    plain = ContactLog.read(contacts(0.4).drop(columns="customer")).between(7, 8)
    replayed = replay(learned(), plain)
    run = simulate(replayed, current_rule(replayed))
    assert run.arrived == len(plain)
    assert not (run.tickets["outcome"] == "redial").any()
