"""A recalibrated model comes back from its file with the model in it; what is no such file is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deskmatch.errors import InputError
from deskmatch.prediction import (
    BoostedTrees,
    Constant,
    HistoricalRate,
    PartialPooling,
    Recalibrated,
    evaluate,
    load_resolution_model,
)
from deskmatch.prediction.protocol import trial_arcs, trial_epoch
from deskmatch.prediction.storage import load_stored, save_stored


def table(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    who = rng.integers(0, 4, rows)
    return pd.DataFrame(
        {
            "expert_id": np.array(["ana", "bo", "cem", "dee"])[who],
            "topic": rng.choice(["billing", "seo"], rows),
            "kind": rng.choice(["a", "b"], rows),
            "assigned_at": pd.date_range("2026-01-01", periods=rows, freq="h"),
            "resolved_first_contact": rng.random(rows) < np.linspace(0.2, 0.9, 4)[who],
        }
    )


@pytest.mark.parametrize("kind", [HistoricalRate, PartialPooling, BoostedTrees])
def test_it_comes_back_with_its_model(kind: Any, tmp_path: Path) -> None:
    if kind is BoostedTrees:
        pytest.importorskip("sklearn")
    fitted = Recalibrated.fit(kind.fit(table()[:300]), table()[300:], window_s=50 * 3600.0)
    fitted.save(tmp_path / "m")
    again = load_resolution_model(tmp_path / "m")
    assert isinstance(again, Recalibrated) and type(again.model) is kind
    epoch = trial_epoch()
    ticket, expert, topic = trial_arcs(epoch)
    asked = {"ticket": ticket, "expert": expert, "topic": topic}
    np.testing.assert_allclose(again.probability(epoch, **asked), fitted.probability(epoch, **asked), rtol=1e-12)
    ends = zip(again.interval(epoch, **asked, coverage=0.8), fitted.interval(epoch, **asked, coverage=0.8), strict=True)
    for found, wanted in ends:
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert again.known_until_s == fitted.known_until_s == pd.Timestamp(table()["assigned_at"].iloc[-1]).timestamp()
    assert again.lacking(epoch) == (("kind",) if kind is BoostedTrees else ())
    assert str(again.model.report) == str(fitted.model.report)


def test_it_is_judged_on_what_came_after_the_outcomes_that_moved_it() -> None:
    frame = table(600)
    fitted = Recalibrated.fit(HistoricalRate.fit(frame[:300]), frame[300:450], window_s=1e9)
    assert evaluate(fitted, frame).tested == 150
    with pytest.raises(
        InputError, match=r"^1 problem in the input:\n  history: found 0 tickets after what the model has seen"
    ):
        evaluate(fitted, frame[:450])


def test_what_cannot_be_saved_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found Constant; expected a model with save"):
        Recalibrated(Constant()).save(tmp_path / "m")
    with pytest.raises(InputError, match="expected a Recalibrated"):
        HistoricalRate.fit(table()).save(tmp_path / "m")
        Recalibrated.load(tmp_path / "m")


HOSTILE: dict[str, list[Any]] = {
    "shift": ["0", None, True],
    "slope": [0.0, -1.0, "1", [1.0]],
    "known_until_s": ["now", [1]],
    "model": [
        None,
        {},
        {"kind": "os", "version": 1, "header": {}},
        {"kind": "HistoricalRate", "version": 1, "header": {}},
    ],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in HOSTILE.items() for value in values])
def test_a_hostile_file_is_refused(tmp_path: Path, key: str, value: Any) -> None:
    path = tmp_path / "m"
    Recalibrated(HistoricalRate.fit(table()), 0.1, 0.9).save(path)
    stored = load_stored(path)
    save_stored(path, type(stored)(stored.kind, stored.version, {**stored.header, key: value}, stored.arrays))
    with pytest.raises(InputError, match="m: expected a model of resolution that deskmatch saved"):
        load_resolution_model(path)


def test_a_model_inside_of_a_model_a_thousand_times_is_refused(tmp_path: Path) -> None:
    header: dict[str, Any] = {"shift": 0.0, "slope": 1.0, "known_until_s": None, "model": None}
    for _ in range(200):
        header = {**header, "model": {"kind": "Recalibrated", "version": 1, "header": header}}
    save_stored(
        tmp_path / "m", type(Recalibrated(HistoricalRate.fit(table())).to_stored())("Recalibrated", 1, header, {})
    )
    with pytest.raises(InputError, match="expected a model"):
        load_resolution_model(tmp_path / "m")
