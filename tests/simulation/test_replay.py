"""Recorded arrivals are replayed as they were, with what is known of each; what is wrong in their table is told."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deskmatch.errors import ScenarioError
from deskmatch.policies import fcfs, priority_fcfs
from deskmatch.simulation import Scenario, simulate

TABLE = """arrived_s,type,language,importance,patience_s,promised_wait_s
0,billing,en,,,
30,billing,de,5,40,60
10,billing,de,5,,
100000,dns,,,12.5,
20,dns,,2,,90
"""


def desk(recorded: Any, **changes: Any) -> dict[str, Any]:
    return {
        "horizon_s": 200_000,
        "channels": {"call": {"patience": "never"}},
        "types": {
            "billing": {"channel": "call", "handling": {"law": "fixed", "mean_s": 100}},
            "dns": {"channel": "call", "handling": {"law": "fixed", "mean_s": 100}, "promised_wait_s": 30},
        },
        "groups": {"g": {"experts": 1}},
        "recorded": recorded,
        **changes,
    }


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "arrivals.csv"
    path.write_text(TABLE)
    return path


def test_every_arrival_comes_when_it_was_recorded_and_waits_as_long_as_it_did(table: Path) -> None:
    frame = simulate(desk(table), fcfs()).tickets.sort_values("arrived_s")
    assert frame["arrived_s"].tolist() == [0, 10, 20, 30, 100_000]
    assert [str(name).split("/")[0] for name in frame["type"]] == ["billing", "billing", "dns", "billing", "dns"]
    assert frame["outcome"].tolist() == ["resolved", "resolved", "resolved", "abandoned", "resolved"]
    assert frame["ended_s"].tolist() == [100, 200, 300, 70, 100_100]
    np.testing.assert_array_equal(frame["promised_wait_s"], [np.nan, np.nan, 90, 60, 30])


def test_the_recorded_importance_counts_for_priorities(table: Path) -> None:
    frame = simulate(desk(pd.read_csv(table).drop(columns="patience_s")), priority_fcfs()).tickets
    frame = frame.sort_values("started_s")
    assert frame["arrived_s"].tolist() == [0, 10, 30, 20, 100_000]


def test_recorded_languages_say_who_may_serve(table: Path) -> None:
    groups = {"english": {"experts": 1, "languages": "en"}, "german": {"experts": 1, "languages": "de"}}
    types = desk(table)["types"]
    types["dns"]["language"] = "en"
    frame = simulate(desk(table, groups=groups, types=types), fcfs()).tickets
    german = frame["expert_id"] == "german-1"
    assert sorted(frame["arrived_s"][german]) == [10]


def test_files_frames_and_columns_are_the_same_and_survive_pickling(table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(table)
    parquet = tmp_path / "arrivals.parquet"
    frame.to_parquet(parquet)
    columns = {name: frame[name].where(frame[name].notna(), None).tolist() for name in frame}
    expected = simulate(desk(table), fcfs(), seed=3).rows.tobytes()
    for source in (parquet, frame, columns):
        assert simulate(desk(source), fcfs(), seed=3).rows.tobytes() == expected
    scenario = Scenario.load(desk(frame))
    again = (pickle.loads(pickle.dumps(scenario)), scenario.replace(warmup_s=1.0), Scenario.load(desk(table)).replace())
    for each in again:
        assert simulate(each, fcfs(), seed=3).rows.tobytes() == expected


def test_the_path_counts_from_the_scenario_and_late_arrivals_are_told(table: Path, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text("""
horizon_s = 1000
recorded = "arrivals.csv"
channels.call = {}
types.billing = { channel = "call", language = { en = 1, de = 1 } }
types.dns = { channel = "call", language = "en" }
groups.g = { experts = 1 }
""")
    scenario = Scenario.load(path)
    assert scenario.warnings == ("recorded: 1 of 5 arrivals come at the horizon or later, and are left out",)
    assert simulate(scenario, fcfs()).arrived == 4


def test_replayed_and_simulated_types_go_together() -> None:
    types = desk(None)["types"]
    types["dns"]["arrivals"] = {"per_hour": 10}
    recorded = {"arrived_s": [5.0] * 300, "type": ["billing"] * 300, "patience_s": [7.0] * 300}
    run = simulate(desk(recorded, types=types), fcfs(), seed=1)
    frame = run.tickets
    billing = frame[frame["type"] == "billing"]
    assert len(billing) == 300
    assert (billing["outcome"] == "abandoned").sum() == 299
    assert (billing["ended_s"] - billing["arrived_s"])[billing["outcome"] == "abandoned"].to_numpy() == pytest.approx(7)
    assert (frame["outcome"][frame["type"] == "dns"] != "abandoned").all()


WRONG = {
    "a number": (
        "arrived_s,type\n1,dns\n-2,billing\n",
        r"row 3, column 'arrived_s': found '-2'; expected a number ≥ 0",
    ),
    "two at once": ("arrived_s,type,patience_s\nx,dns,3\n1,billing,-1\n", r"'x'[\s\S]*'patience_s': found '-1'"),
    "a missing column": ("arrived_s\n1\n", "'type'"),
    "an unknown column": ("arrived_s,type,colour\n1,dns,red\n1,billing,red\n", "'colour'.*expected columns of"),
    "a near miss": ("arrived_s,type,patience\n1,dns,3\n1,billing,2\n", "patience_s"),
    "an unknown type": (
        "arrived_s,type\n1,dns\n2,biling\n",
        "row 3, column 'type': found 'biling'.*did you mean 'billing'",
    ),
    "an empty cell": ("arrived_s,type\n1,dns\n,billing\n", "row 3, column 'arrived_s': found an empty cell"),
    "none of a type": ("arrived_s,type\n1,dns\n", "types.billing.arrivals: is required"),
    "no rows": ("arrived_s,type\n", "at least"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_row_column_and_value(case: str, tmp_path: Path) -> None:
    text, message = WRONG[case]
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=message):
        Scenario.load(desk(path))


def test_types_that_could_mean_several_languages_and_both_kinds_of_arrivals_are_told(table: Path) -> None:
    types = desk(table)["types"]
    types["dns"]["language"] = {"en": 1, "de": 1}
    types["billing"]["arrivals"] = {"per_hour": 1}
    with pytest.raises(ScenarioError, match="beside 3 that are recorded") as error:
        Scenario.load(desk(table, types=types))
    assert "row 5, column 'language': found an empty cell; expected one, as type 'dns' has several" in str(error.value)
    with pytest.raises(ScenarioError, match="no such file"):
        Scenario.load(desk("nowhere.csv"))
    with pytest.raises(ScenarioError, match=r"types\.dns\.arrivals: is required"):
        Scenario.load(desk(None))
