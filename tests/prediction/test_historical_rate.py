"""`HistoricalRate`: reading a history, what unseen pairs take, saving, and refusals."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import beta

from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
from deskmatch.errors import InputError
from deskmatch.prediction import HistoricalRate, check_resolution_model
from deskmatch.prediction.storage import load_stored, save_stored

HISTORY = pd.DataFrame(
    {
        "expert_id": ["ana"] * 40 + ["bo"] * 40 + ["cem"] * 2,
        "topic": (["billing"] * 20 + ["SEO"] * 20) * 2 + ["SEO"] * 2,
        "resolved_first_contact": [1] * 38 + [0] * 2 + [1] * 10 + [0] * 10 + [1] * 6 + [0] * 14 + [1, 0],
        "channel": "chat",
    }
)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def epoch(experts: tuple[str, ...] = ("dee", "ana", "bo", "cem"), topics: tuple[str, ...] = ("seo", "fax")) -> Epoch:
    desk = Desk(
        expert_ids=experts,
        channels=Vocabulary(("chat",)),
        languages=Vocabulary(("en",)),
        topics=Vocabulary(topics),
        channel_limit=np.ones((len(experts), 1), np.int32),
        speaks=np.ones((len(experts), 1), bool),
        proficiency=np.ones((len(experts), len(topics))),
    )
    one = np.zeros(1, np.int32)
    return Epoch(desk, Tickets(ids=("t",), channel=one, language=one, topic=one))


def ask(model: HistoricalRate, where: Epoch, expert: list[int], topic: list[int]) -> list[float]:
    rows, codes = np.array(expert, np.int32), np.array(topic, np.int32)
    found = model.probability(where, ticket=np.zeros(len(rows), np.int32), expert=rows, topic=codes)
    return [float(value) for value in found]


def defects(history: Any, **options: Any) -> list[str]:
    with pytest.raises(InputError) as error:
        HistoricalRate.fit(history, **options)
    return [str(defect) for defect in error.value.defects]


def test_it_keeps_the_protocol() -> None:
    model = HistoricalRate.fit(HISTORY)
    check_resolution_model(model)
    check_resolution_model(model, epoch())


def test_pairs_that_the_history_knows_take_their_smoothed_rate() -> None:
    model = HistoricalRate.fit(HISTORY)
    table = model.table().set_index(["expert_id", "topic"])
    found = ask(model, epoch(), [1, 2, 3], [0, 0, 0])
    assert found == [table.loc[(name, "SEO"), "rate"] for name in ("ana", "bo", "cem")]
    for name in ("ana", "bo", "cem"):
        prior = expit(logit(model.topic_rate[0]) + model.expert_effect[model.expert_ids.index(name)])
        raw = table.loc[(name, "SEO"), "raw"]
        rate = table.loc[(name, "SEO"), "rate"]
        assert min(raw, prior) <= rate <= max(raw, prior)


def test_what_the_history_lacks_takes_the_mean_of_expert_or_topic() -> None:
    model = HistoricalRate.fit(HISTORY)
    unknown_expert, both, ana, unknown_topic = ask(model, epoch(), [0, 0, 1, 1], [0, 1, 1, -1])
    assert model.topics == ("SEO", "billing")
    assert unknown_expert == pytest.approx(model.topic_rate[0])
    assert both == pytest.approx(model.overall)
    assert ana == unknown_topic == pytest.approx(expit(logit(model.overall) + model.expert_effect[0]))
    cem_on_billing = ask(model, epoch(topics=("billing",)), [3], [0])
    assert cem_on_billing == pytest.approx([expit(logit(model.topic_rate[1]) + model.expert_effect[2])])


def test_a_good_expert_is_above_and_a_poor_one_below_the_topic() -> None:
    model = HistoricalRate.fit(HISTORY)
    unknown, ana, bo = ask(model, epoch(), [0, 1, 2], [0, 0, 0])
    assert bo < unknown < ana


def test_the_table_gives_counts_and_the_deviation_of_the_posterior() -> None:
    model = HistoricalRate.fit(HISTORY)
    table = model.table()
    assert table.columns.tolist() == ["expert_id", "topic", "n", "raw", "rate", "standard_error"]
    assert table["n"].tolist() == [20, 20, 20, 20, 2]
    counted = HISTORY.groupby(["expert_id", "topic"])["resolved_first_contact"].mean()
    assert table["raw"].tolist() == counted.tolist()
    n, k = table["n"] + model.strength, table["rate"]
    np.testing.assert_allclose(table["standard_error"], beta.std(n * k, n * (1 - k)))


def test_the_order_of_rows_and_their_splitting_by_weight_do_not_matter() -> None:
    shuffled = HISTORY.sample(frac=1, random_state=3)
    counts = HISTORY.groupby(["expert_id", "topic", "resolved_first_contact"]).size()
    weighted = counts.rename("weight").reset_index()
    weighted.loc[len(weighted)] = ["zoe", "fax", 1, 0]
    wanted = HistoricalRate.fit(HISTORY).table()
    pd.testing.assert_frame_equal(HistoricalRate.fit(shuffled).table(), wanted)
    pd.testing.assert_frame_equal(HistoricalRate.fit(weighted).table(), wanted)


def test_a_ticket_one_half_life_old_counts_half() -> None:
    dated = HISTORY.assign(assigned_at=NOW)
    dated.loc[dated["expert_id"] == "bo", "assigned_at"] = pd.Timestamp(NOW) - pd.Timedelta(days=30)
    for now in (None, NOW):
        model = HistoricalRate.fit(dated, half_life_s=30 * 86_400, now=now)
        assert model.table()["n"].tolist() == [20, 20, 10, 10, 2]
    assert HistoricalRate.fit(dated).table()["n"].tolist() == [20, 20, 20, 20, 2]


def test_times_of_a_file_without_a_zone_are_read(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text(
        "expert_id;topic;resolved_first_contact;assigned_at\r\n"
        "7;seo;TRUE;2026-03-01T00:00:00\r\n08;seo;false;2026-02-28 00:00\r\n"
    )
    model = HistoricalRate.fit(file, half_life_s=86_400)
    assert model.expert_ids == ("08", "7")
    assert model.n.tolist() == [0.5, 1.0]


def test_ids_are_text_whatever_the_frame_holds() -> None:
    frame = pd.DataFrame(
        {"expert_id": [1, 2], "topic": pd.Categorical(["a", "b"]), "resolved_first_contact": [True, False]}
    )
    assert HistoricalRate.fit(frame).expert_ids == ("1", "2")
    assert HistoricalRate.fit(frame.astype({"expert_id": float})).expert_ids == ("1", "2")


def test_spellings_of_a_topic_are_one() -> None:
    frame = pd.DataFrame({"expert_id": ["a"] * 3, "topic": ["seo", "SEO", "Seo"], "resolved_first_contact": [1, 0, 1]})
    model = HistoricalRate.fit(frame)
    assert model.topics == ("SEO",)
    assert model.n.tolist() == [3]


def test_every_bad_cell_is_listed() -> None:
    frame = pd.DataFrame(
        {
            "expert_id": ["a", None, "c", "d"],
            "topic": ["x", "y", "", "x"],
            "resolved_first_contact": [1, 2, True, "maybe"],
            "weight": [1, -1, np.inf, "lots"],
        }
    )
    assert defects(frame) == [
        "history, row 1, column 'expert_id': found an empty cell; expected the id of an expert",
        "history, row 2, column 'topic': found an empty cell; expected the name of a topic",
        "history, row 1, column 'resolved_first_contact': found '2'; expected true or false (or 1 or 0)",
        "history, row 3, column 'resolved_first_contact': found 'maybe'; expected true or false (or 1 or 0)",
        "history, row 1, column 'weight': found '-1'; expected a finite number ≥ 0",
        "history, row 2, column 'weight': found 'inf'; expected a finite number ≥ 0",
        "history, row 3, column 'weight': found 'lots'; expected a finite number ≥ 0",
    ]


def test_missing_columns_are_listed_with_what_may_be_meant() -> None:
    frame = pd.DataFrame({"expert": ["a"], "topic": ["x"]})
    first, second = defects(frame)
    assert "column 'expert_id'" in first
    assert "did you mean 'expert' by it?" in first
    assert "column 'resolved_first_contact'" in second
    assert "only expert, topic" in second
    assert "no columns" in defects(pd.DataFrame())[0]


def test_a_column_that_stands_twice_is_refused() -> None:
    twice = pd.concat([HISTORY, HISTORY[["topic"]]], axis=1)
    assert defects(twice) == ["history, column 'topic': expected this column once"]


def test_a_history_without_weight_is_refused() -> None:
    assert defects(HISTORY[:0]) == ["history: expected at least one row with a weight above 0"]
    assert defects(HISTORY.assign(weight=0)) == ["history: expected at least one row with a weight above 0"]
    dated = HISTORY[:0].assign(assigned_at="")
    assert defects(dated, half_life_s=5.0) == ["history: expected at least one row with a weight above 0"]


def test_times_that_cannot_be_compared_are_refused() -> None:
    assert "column 'assigned_at'" in defects(HISTORY, half_life_s=60.0)[0]
    two = HISTORY[:2]
    assert "ISO 8601" in defects(two.assign(assigned_at="yesterday"), half_life_s=60.0)[1]
    mixed = two.assign(assigned_at=["2026-01-01", "2026-01-01T00:00+00:00"])
    assert len(defects(mixed, half_life_s=60.0)) == 1
    assert len(defects(two.assign(assigned_at="2026-01-01"), half_life_s=60.0, now=NOW)) == 2
    later = two.assign(assigned_at=["2026-02-01T00:00+00:00", "2026-04-01T00:00+00:00"])
    assert "not after now" in defects(later, half_life_s=60.0, now=NOW)[0]


@pytest.mark.parametrize("half_life_s", [0.0, -5.0, float("inf"), float("nan")])
def test_a_half_life_is_above_zero(half_life_s: float) -> None:
    assert "half_life_s" in defects(HISTORY.assign(assigned_at=NOW), half_life_s=half_life_s)[0]


def test_a_very_old_history_fades_without_warning() -> None:
    old = HISTORY.assign(assigned_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert "weight above 0" in defects(old, half_life_s=1.0, now=NOW)[0]


def test_it_saves_and_loads_without_change(tmp_path: Path) -> None:
    model = HistoricalRate.fit(HISTORY)
    model.save(tmp_path / "rates.npz")
    for again in (HistoricalRate.load(tmp_path / "rates.npz"), pickle.loads(pickle.dumps(model))):
        pd.testing.assert_frame_equal(again.table(), model.table())
        assert ask(again, epoch(), [0, 1, 3], [0, 1, -1]) == ask(model, epoch(), [0, 1, 3], [0, 1, -1])
        assert not again.topic_rate.flags.writeable
        assert repr(again) == "HistoricalRate(3 experts, 2 topics, 82 tickets)"


def test_files_that_hold_no_such_model_are_refused(tmp_path: Path) -> None:
    good = tmp_path / "good.npz"
    HistoricalRate.fit(HISTORY).save(good)
    stored = load_stored(good)
    arrays: dict[str, dict[str, Any]] = {
        "row": {"expert": np.array([0, 0, 1, 1, 7], np.int32)},
        "order": {"expert": stored.arrays["expert"][::-1].copy()},
        "rate": {"topic_rate": np.array([0.5, 1.5])},
        "shape": {"n": stored.arrays["n"][:2]},
        "more": {"resolved": stored.arrays["n"] + 1},
        "stranger": {"unknown": np.zeros(1)},
        "number": {"overall": np.zeros((2, 2))},
    }
    headers: dict[str, dict[str, Any]] = {
        "overall": {"overall": 2.0},
        "text": {"overall": "much"},
        "strength": {"strength": 0},
        "names": {"topics": 3},
        "report": {"report": {"tickets": "many"}},
    }
    for name, change in arrays.items():
        changed = replace(stored, arrays={**stored.arrays, **change})
        save_stored(tmp_path / f"array_{name}", changed)
    for name, change in headers.items():
        save_stored(tmp_path / f"header_{name}", replace(stored, header={**stored.header, **change}))
    save_stored(tmp_path / "version", replace(stored, version=9))
    save_stored(tmp_path / "kind", replace(stored, kind="Another"))
    fewer = {name: value for name, value in stored.arrays.items() if name != "n"}
    save_stored(tmp_path / "none", replace(stored, arrays=fewer))
    paths = [path for path in tmp_path.iterdir() if path != good]
    assert len(paths) == len(arrays) + len(headers) + 3
    for path in [*paths, tmp_path / "absent.npz", tmp_path]:
        with pytest.raises(InputError, match=r"expected|historical rate"):
            HistoricalRate.load(path)


def test_unavoidable_transfers_leave_the_label() -> None:
    reasons = [None] * 40 + ["outage"] * 10 + ["Policy"] * 10 + [None] * 22
    history = HISTORY.assign(transfer_reason=reasons)
    every = HistoricalRate.fit(history).table()
    some = HistoricalRate.fit(history, unavoidable=("policy", "outage")).table()
    assert every["n"].tolist() == [20, 20, 20, 20, 2]
    assert some["n"].tolist() == [20, 20, 20, 10, 2]
    assert some["raw"].tolist()[3] == 1.0
    report = HistoricalRate.fit(history, unavoidable=("policy",)).report
    assert report is not None
    assert (report.tickets, report.unavoidable) == (72, 10)


def test_where_experts_do_not_differ_none_is_said_to() -> None:
    claims = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        topic = rng.integers(0, 5, 1500)
        resolved = rng.random(1500) < np.linspace(0.3, 0.8, 5)[topic]
        frame = pd.DataFrame(
            {"expert_id": rng.integers(0, 30, 1500), "topic": topic, "resolved_first_contact": resolved}
        )
        claims += bool(HistoricalRate.fit(frame).table().groupby("topic")["rate"].std().max() > 1e-3)
    assert claims <= 2
