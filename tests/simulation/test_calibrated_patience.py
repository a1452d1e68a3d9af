"""Patience that depends on the queue that customers find: simulated with known ratios, logged, and learned again."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from deskmatch.policies import fcfs
from deskmatch.routing.kinds import DEFAULTS, Kind
from deskmatch.simulation import Scenario, simulate
from deskmatch.simulation.calibration import ContactLog, ablate, calibrate
from deskmatch.simulation.calibration.patience_fit import ahead_of, fit_patience, mean_patience_s, waits_of

START = pd.Timestamp("2026-03-02")
RATIOS = (1.0, 1.0, 1.0, 3.0)


@cache
def log(*ratios: float) -> ContactLog:
    """Three days of an overloaded desk; a thousand customers give up."""
    run = simulate(
        {
            "horizon_s": 3 * 86_400.0,
            "drain_s": 86_400.0,
            "channels": {"call": {"patience": 200}},
            "types": {
                "told": {"channel": "call", "handling": 180, "arrivals": {"per_hour": 50}, "hazard_by_queue": ratios},
                "rare": {"channel": "call", "handling": 180, "arrivals": {"per_hour": 2}},
            },
            "groups": {"front": {"experts": 2}},
        },
        fcfs(),
        seed=8,
    )
    return ContactLog.of_run(run)


def test_the_queue_found_is_that_of_the_channel_as_brute_force_counts_it() -> None:
    found, own = ahead_of(log(*RATIOS)), log(*RATIOS)
    waited = waits_of(own)
    for row in range(0, len(own), 50):
        there = waited & (own.queued_s < own.queued_s[row]) & (own.until_s > own.queued_s[row])
        assert found[row] == there.sum()


def test_ratios_of_hazards_are_found_again() -> None:
    fits = fit_patience(log(*RATIOS))
    assert fits is not None
    found = fits["told"]
    few, many = found.hazard_by_queue[0], found.hazard_by_queue[-1]
    assert many / few == pytest.approx(3.0, rel=0.2)
    at = np.array([30.0, 100.0, 250.0])
    for ahead, mean in ((0, 200.0), (5, 200.0 / 3)):
        assert found.hazard(at, np.full(3, ahead)) == pytest.approx(at / mean, rel=0.2)
    p = np.array([0.1, 0.5])
    assert found.hazard(found.quantile_s(p), np.zeros(2, int)) == pytest.approx(-np.log1p(-p) * few)
    assert fits["rare"].law is not found.law  # too few gave up for a curve of their own


def test_where_the_queue_does_not_matter_nothing_is_found() -> None:
    fits = fit_patience(log())
    assert fits is not None
    assert fits["told"].ratio == pytest.approx(1.0, abs=0.15)
    few = pd.DataFrame({"arrived": [START] * 3, "answered": [START] * 3, "type": "a", "expert": "x",
                        "ended": [START + pd.Timedelta("60s")] * 3})  # fmt: skip
    assert fit_patience(ContactLog.read(few)) is None


def handled_by_one(gap_s: float) -> pd.DataFrame:
    """300 contacts of 50 s that come at once, and then at intervals; each waits for the one before. Nobody gives up."""
    came = START + pd.to_timedelta(np.arange(300) * gap_s, unit="s")
    began = START + pd.to_timedelta(np.arange(300) * max(gap_s, 50.0), unit="s")
    ended = began + pd.Timedelta("50s")
    return pd.DataFrame({"arrived": came, "answered": began, "ended": ended, "type": "a", "expert": "x"})


def test_where_few_gave_up_the_mean_is_that_of_exponential_times_censored() -> None:
    contacts = handled_by_one(45.0)
    waited_s = 5.0 * np.arange(300)
    few = contacts.copy()
    few.loc[290:, "answered"] = pd.NaT
    few["ended"] = few["ended"].where(few["answered"].notna(), contacts["answered"])
    found = ContactLog.read(few)
    assert fit_patience(found) is None
    assert mean_patience_s(found, 0) == pytest.approx(waited_s.sum() / 10, rel=0.1)
    law = calibrate(found).types[0].settings.patience
    assert law is not None
    assert law.mean == pytest.approx(mean_patience_s(found, 0), rel=1e-4)


def test_where_nobody_gave_up_nobody_does_in_the_twin() -> None:
    found = ContactLog.read(handled_by_one(45.0))
    assert not found.abandoned.any()
    assert mean_patience_s(found, 0) > 100 * found.wait_s.max()
    says = {fit.process: fit.says for fit in calibrate(found).tables.calibration.fits}  # type: ignore[union-attr]
    assert says["patience"].startswith("0 gave up, too few for a curve; on average after 3.74e+03 minutes (call)")


def test_where_nobody_waited_patience_is_the_default_of_the_channels_kind() -> None:
    found = ContactLog.read(handled_by_one(60.0).assign(channel="phone"))
    assert not waits_of(found).any()
    assert mean_patience_s(found, 0) == DEFAULTS[Kind.CALL].patience_s
    says = {fit.process: fit.says for fit in calibrate(found).tables.calibration.fits}  # type: ignore[union-attr]
    assert says["patience"] == "nobody waited: the default of the channel's kind"


def test_the_twin_has_the_ratios_and_says_so() -> None:
    twin = calibrate(log(*RATIOS), name="told")
    ratios = twin.tables.types["told"].hazard_by_queue
    assert ratios[-1] / ratios[0] == pytest.approx(3.0, rel=0.2)
    assert Scenario.load(twin.to_dict()).tables.types["told"].hazard_by_queue == ratios
    assert twin.tables.calibration is not None
    said = next(fit.says for fit in twin.tables.calibration.fits if fit.process == "patience")
    assert "more waiting gives up" in said
    assert "patience by queue" in set(ablate(twin.replace(horizon_s=86_400.0), replications=1)["process"])
