"""``train resolution``, ``evaluate`` and ``assign --resolution-model``, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from deskmatch.cli.app import app
from deskmatch.prediction import Recalibrated, load_resolution_model

DESK = Path(__file__).parents[2] / "examples" / "desk"
run = CliRunner().invoke


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    who = rng.integers(0, 8, 900)
    start = pd.date_range("2026-01-01", periods=900, freq="h")
    frame = pd.DataFrame(
        {
            "ticket_id": [f"t{k}" for k in range(900)],
            "expert_id": [f"E{k:02d}" for k in who],
            "topic": rng.choice(["billing", "seo"], 900),
            "assigned_at": start,
            "closed_at": start + pd.Timedelta(hours=9),
            "resolved_first_contact": rng.random(900) < np.linspace(0.2, 0.9, 8)[who],
            "transfer_reason": rng.choice(["", "outage"], 900),
            "kind": rng.choice(["a", "b"], 900),
        }
    )
    path = tmp_path_factory.mktemp("history") / "history.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("kind", ["rates", "pooling", "trees"])
def test_a_model_is_trained_and_used(kind: str, history: Path, tmp_path: Path) -> None:
    if kind == "trees":
        pytest.importorskip("sklearn")
    file = tmp_path / "resolution.model"
    options = ["--kind", kind, "--unavoidable", "outage", "--out", str(file)]
    trained = run(app, ["train", "resolution", str(history), *options])
    assert trained.exit_code == 0, trained.output
    assert "8 experts, 2 topics" in trained.output
    assert "unavoidable transfers left out" in trained.output
    tables = [str(DESK / "tickets.csv"), str(DESK / "experts.csv")]
    plan = run(app, ["assign", *tables, "--resolution-model", str(file), "--robust", "lower"])
    assert plan.exit_code == 0, plan.output
    assert ("features that these tables lack: kind" in plan.output) == (kind == "trees")
    both = run(app, ["assign", *tables, "--resolution-model", str(file), "--resolution", str(history)])
    assert both.exit_code == 2
    assert "expected one of them" in both.output


def test_a_history_is_evaluated(history: Path, tmp_path: Path) -> None:
    file = tmp_path / "scores.json"
    found = run(app, ["evaluate", str(history), "--control", "--json", str(file)])
    assert found.exit_code == 0, found.output
    assert "PartialPooling, split at 2026-01-27" in found.output
    assert "gain from the expert, auc" in found.output
    assert "names shuffled" in found.output
    assert json.loads(file.read_text())["scores"]["auc"][0] > 0.6
    again = run(app, ["evaluate", str(history), "--recalibrate-days", "5", "--features", "kind"])
    assert again.exit_code == 0, again.output


def test_a_trained_model_is_moved_to_what_became_known_since(history: Path, tmp_path: Path) -> None:
    whole = pd.read_csv(history)
    whole[:700].to_csv(tmp_path / "old.csv", index=False)
    whole.assign(resolved_first_contact=False).to_csv(tmp_path / "worse.csv", index=False)  # what was known as it was
    old, today = tmp_path / "old.model", tmp_path / "today.model"
    assert run(app, ["train", "resolution", str(tmp_path / "old.csv"), "--out", str(old)]).exit_code == 0
    asked = ["train", "resolution", str(tmp_path / "worse.csv"), "--recalibrate", str(old), "--window-days", "3"]
    found = run(app, [*asked, "--out", str(today)])
    assert found.exit_code == 0, found.output
    moved = load_resolution_model(today)
    assert isinstance(moved, Recalibrated) and moved.shift < -0.5 and "Recalibrated(PartialPooling" in found.output
    tables = [str(DESK / "tickets.csv"), str(DESK / "experts.csv")]
    plan = run(app, ["assign", *tables, "--resolution-model", str(today), "--robust", "lower"])
    assert plan.exit_code == 0, plan.output
    again = run(app, [*asked[:4], str(today), "--window-days", "3", "--out", str(today)])  # never moved twice
    assert again.exit_code == 0 and again.output == found.output
    for wrong, said in (
        (["--features", "kind"], "--features and --recalibrate: expected one of them"),
        (["--window-days", "-1"], "expected days above 0"),
        (["--kind", "trees"], "--kind and --recalibrate: expected one of them"),
    ):
        found = run(app, [*asked, *wrong])
        assert found.exit_code == 2 and said in found.output
    found = run(app, ["train", "resolution", str(tmp_path / "old.csv"), "--recalibrate", str(old)])
    assert found.exit_code == 2 and "no outcome after 2026-01-30" in found.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "resolution", "nowhere.csv"], "cannot be read"),
        (["train", "resolution", "{history}", "--features", "kinds", "--out", "{out}"], "did you mean 'kind'?"),
        (["evaluate", "{history}", "--kind", "rates", "--features", "kind"], "expected --kind pooling or trees"),
        (["train", "resolution", "{history}", "--window-days", "7", "--out", "{out}"], "expected --recalibrate beside"),
        (["evaluate", "{history}", "--split", "7"], "expected a share above 0 and below 1"),
        (["evaluate", "{history}", "--model", "{history}"], "expected a model that deskmatch saved"),
    ],
)
def test_what_is_wrong_is_said_with_exit_code_2(arguments: list[str], said: str, history: Path, tmp_path: Path) -> None:
    given = [text.format(history=history, out=tmp_path / "model") for text in arguments]
    found = run(app, given)
    assert found.exit_code == 2
    assert said in found.output
