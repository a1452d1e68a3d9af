"""`evaluate`, its measures and recalibration, against scikit-learn, theory, and histories whose truth is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from deskmatch.errors import InputError
from deskmatch.prediction import HistoricalRate, PartialPooling, Recalibrated, check_resolution_model, evaluate
from deskmatch.prediction.history import History, read_history
from deskmatch.prediction.measures import auc, calibration_error, lift, log_loss, reliability


def table(seed: int = 0, *, tickets: int = 3000, spread: float = 1.0, drift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    who = rng.integers(0, 15, tickets)
    odds = rng.normal(0, spread, 15)[who] + drift * np.linspace(-1, 1, tickets)
    start = pd.date_range("2026-01-01", periods=tickets, freq="30min")
    return pd.DataFrame(
        {
            "expert_id": who,
            "topic": "billing",
            "assigned_at": start,
            "closed_at": start + pd.to_timedelta(rng.exponential(12.0, tickets), unit="h"),
            "resolved_first_contact": rng.random(tickets) < expit(odds),
        }
    )


def test_measures_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    predicted = rng.random(500).round(2)
    resolved = (rng.random(500) < predicted).astype(float)
    assert auc(resolved, predicted) == pytest.approx(metrics.roc_auc_score(resolved, predicted))
    inside = np.clip(predicted, 0.01, 0.99)
    assert log_loss(resolved, inside) == pytest.approx(metrics.log_loss(resolved, inside))


def test_calibration_error_lift_and_bins_of_a_case_reckoned_by_hand() -> None:
    predicted = np.repeat([0.1, 0.5, 0.9], 10)
    resolved = np.array([1.0, *[0] * 9, *[1] * 8, 0, 0, *[1] * 9, 0])
    assert calibration_error(resolved, predicted, bins=3) == pytest.approx(0.3 / 3)
    assert lift(resolved, predicted) == pytest.approx(1 / (18 / 30))
    bins = reliability(resolved, predicted, bins=3)
    assert [(each.predicted, each.resolved, each.tickets) for each in bins] == [
        (pytest.approx(0.1), 0.1, 10),
        (0.5, 0.8, 10),
        (pytest.approx(0.9), 0.9, 10),
    ]
    assert (bins[1].low, bins[1].high) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson, 8 of 10
    assert np.isnan(auc(np.ones(3), np.ones(3)))


def test_only_what_was_known_at_the_split_is_fitted_on() -> None:
    seen: list[History] = []

    def fit(history: History) -> HistoricalRate:
        seen.append(history)
        return HistoricalRate.fit(history)

    found = evaluate(fit, table(), split=0.5, gain=False, bootstrap=0)
    (before,) = seen
    assert before.known_at.max() < found.split_s
    assert found.trained == len(before)
    assert found.trained + found.not_known + found.tested == 3000
    assert found.not_known > 5


def test_the_gain_is_there_where_experts_differ_and_nowhere_else() -> None:
    for model in (HistoricalRate, PartialPooling):
        found = evaluate(model, table(), control=True, bootstrap=100)
        assert found.gain["auc"].low > 0.05
        assert found.gain["log_loss"].low > 0.005
        assert found.control["auc"].low <= 0
        none = evaluate(model, table(1, spread=0.0), bootstrap=100)
        assert none.gain["auc"].low <= 0 <= none.gain["auc"].high
        assert abs(none.gain["log_loss"].value) < 0.002


def test_a_fitted_model_is_judged_after_all_that_it_has_seen() -> None:
    history = read_history(table())
    fitted = HistoricalRate.fit(history.take(slice(0, 2000)))
    found = evaluate(fitted, history, bootstrap=0)
    assert found.split_s > history.known_at[:2000].max()
    assert found.gain == {}
    assert found.scores["auc"].value > 0.6
    after = history.take(history.assigned_at >= found.split_s)  # the old tickets are gone from the table
    assert evaluate(fitted, after, bootstrap=0).to_dict()["resolved_before"] is None


def test_moving_probabilities_mends_what_drift_has_done() -> None:
    drifting = table(5, tickets=6000, drift=1.5)
    plain = evaluate(HistoricalRate, drifting, gain=False, bootstrap=0)
    mended = evaluate(HistoricalRate, drifting, recalibrate_s=5 * 86_400.0, bootstrap=0)
    assert mended.scores["calibration_error"].value < 0.5 * plain.scores["calibration_error"].value
    assert mended.scores["calibration_error"].value < 0.05


def test_recalibration_finds_the_line_and_keeps_the_protocol() -> None:
    history = read_history(table(6, tickets=8000))
    fitted = HistoricalRate.fit(history)
    rng = np.random.default_rng(0)
    shifted = expit(0.8 + 0.9 * logit(np.clip(Recalibrated(fitted).probability_of(history), 1e-6, 1 - 1e-6)))
    frame = table(6, tickets=8000).assign(resolved_first_contact=rng.random(8000) < shifted)
    found = Recalibrated.fit(fitted, frame, window_s=1e9)
    assert found.shift == pytest.approx(0.8, abs=0.1)
    assert found.slope == pytest.approx(0.9, abs=0.1)
    check_resolution_model(found)
    with pytest.raises(InputError, match="no outcome in the last 60 s"):
        Recalibrated.fit(fitted, frame, window_s=60.0, now=pd.Timestamp("2030-01-01").to_pydatetime())


def test_the_report_and_the_picture(tmp_path: Path) -> None:
    found = evaluate(HistoricalRate, table(), bootstrap=20)
    text = str(found)
    assert "HistoricalRate, split at 2026-02-13" in text
    assert "gain from the expert, auc" in text
    assert found.to_dict()["scores"]["auc"][0] == found.scores["auc"].value
    pytest.importorskip("matplotlib")
    found.picture(tmp_path / "bins.svg")
    assert (tmp_path / "bins.svg").read_text(encoding="utf-8").startswith("<?xml")
    with pytest.raises(InputError, match=r"expected .svg or .png"):
        found.picture(tmp_path / "bins.doc")


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_the_interval_of_a_bin_holds_its_share_where_all_had_one_outcome(outcome: float) -> None:
    for size in range(1, 400):
        (found,) = reliability(np.full(size, outcome), np.full(size, 0.5), bins=1)
        assert 0 <= found.low <= found.resolved == outcome <= found.high <= 1


def test_one_outcome_has_no_auc_and_says_so() -> None:
    found = evaluate(HistoricalRate, table().assign(resolved_first_contact=True), bootstrap=5)
    assert found.to_dict()["scores"]["auc"] == [None, None, None]
    assert "one outcome" in found.notes[-1]


def test_what_cannot_be_evaluated_is_named() -> None:
    with pytest.raises(InputError, match="argument model: found 3; expected a class with fit"):
        evaluate(3, table())  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"argument split: found 1\.5; expected a share"):
        evaluate(HistoricalRate, table(), split=1.5)
    with pytest.raises(InputError, match=r"argument split: found 2026-02-01 .*; expected an instant without"):
        evaluate(HistoricalRate, table(), split=datetime(2026, 2, 1, tzinfo=UTC))
    for span in (0.0, -5.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"argument recalibrate_s: .*above 0\n.*argument every_s: .*above 0"):
            evaluate(HistoricalRate, table(), recalibrate_s=span, every_s=span)
    with pytest.raises(InputError, match="tickets after the split; expected at least 20"):
        evaluate(HistoricalRate, table(), split=0.999)
    with pytest.raises(InputError, match="assigned_at"):
        evaluate(HistoricalRate, table().drop(columns=["assigned_at", "closed_at"]))
