"""`BoostedTrees`: against scikit-learn, what epochs and histories say, the negative control, saving, and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from deskmatch import Epoch
from deskmatch.errors import InputError
from deskmatch.prediction import BoostedTrees, check_resolution_model, evaluate
from deskmatch.prediction.history import History, read_history
from deskmatch.prediction.recent_rates import HALF_LIFE_S, STRENGTH, RecentRates
from deskmatch.prediction.storage import load_stored, save_stored
from deskmatch.prediction.tree_ensemble import sum_of_trees
from deskmatch.prediction.tree_fitting import Settings, fit_trees

pytest.importorskip("sklearn")
QUICK = Settings(trees=30, least=10)
DAY_S = 86_400


def table(seed: int = 0, *, tickets: int = 2500, spread: float = 1.2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    who, what = rng.integers(0, 20, tickets), rng.integers(0, 4, tickets)
    kind, size = rng.integers(0, 3, tickets), rng.normal(0, 1, tickets)
    odds = rng.normal(0, spread, 20)[who] + np.array([1.0, 0.0, -1.0])[kind] - 0.7 * np.abs(size)
    start = pd.date_range("2026-01-01", periods=tickets, freq="20min")
    return pd.DataFrame(
        {
            "expert_id": [f"e{k}" for k in who],
            "group": [f"g{k % 3}" for k in who],
            "topic": [f"topic {k}" for k in what],
            "kind": np.array(["easy", "usual", None], object)[kind],
            "size": np.where(rng.random(tickets) < 0.1, np.nan, size),
            "load": rng.integers(0, 4, tickets),
            "assigned_at": start,
            "closed_at": start + pd.to_timedelta(rng.exponential(1.0, tickets), unit="D"),
            "resolved_first_contact": rng.random(tickets) < expit(odds),
        }
    )


def epoch_at(row: pd.Series, now: str | None = None) -> Epoch:
    """One ticket of the table, waiting before its expert, who has the load that he had."""
    load = int(row["load"])
    roster = {"expert_id": [row["expert_id"]], "channels": ["chat:9"], "languages": ["en"], "topics": ["*:0.5"]}
    roster |= {"load": [f"chat:{load}" if load else ""], "group": [row["group"]]}
    ticket = {"ticket_id": ["t"], "channel": ["chat"], "language": ["en"], "topic": [row["topic"]]}
    ticket |= {"kind": [row["kind"]], "size": [row["size"]]}
    roster["topics"] = [f"{row['topic']}:0.5"]
    return Epoch.from_tables(pd.DataFrame(ticket), pd.DataFrame(roster), now=now)


def ask(model: BoostedTrees, where: Epoch) -> float:
    one = np.zeros(1, np.int32)
    return float(model.probability(where, ticket=one, expert=one, topic=one)[0])


@pytest.fixture(scope="module")
def model() -> BoostedTrees:
    return BoostedTrees.fit(table(), settings=QUICK)


def test_trees_add_up_to_what_scikit_learn_says_compiled_or_not() -> None:
    """`fit_trees` compares with scikit-learn and refuses a difference; here rows that it has not seen."""
    rng = np.random.default_rng(1)
    x = np.column_stack((rng.integers(0, 30, 3000), rng.normal(size=3000), np.full(3000, np.nan), rng.random(3000)))
    x[rng.random(x.shape) < 0.15] = np.nan
    y = (np.nan_to_num(x[:, 1]) + (np.nan_to_num(x[:, 0]) % 3 == 0) + rng.normal(size=3000) > 0.5).astype(float)
    trees, binning = fit_trees(x[:2000], [40, 0, 0, 0], y[:2000], np.ones(2000), QUICK)
    bins = binning.bins(x[1500:2203])  # more than a block, and no multiple of four
    found = np.empty(len(bins))
    sum_of_trees(bins, trees.root, trees._depth, trees.feature, trees._next, trees.value, trees.base, found)
    np.testing.assert_allclose(found, trees.sum_uncompiled(bins), atol=1e-12)
    np.testing.assert_allclose(found, trees.sum(bins), atol=1e-12)
    by_hand = []
    for row in bins[:50]:
        total = trees.base
        for root in trees.root:
            node = int(root)
            while trees.left[node] != node:
                bit = trees.goes_left[node, row[trees.feature[node]] // 8] >> (row[trees.feature[node]] % 8) & 1
                node = int(trees.left[node]) + 1 - int(bit)
            total += trees.value[node]
        by_hand.append(total)
    np.testing.assert_allclose(found[:50], by_hand, atol=1e-12)


def test_it_keeps_the_protocol(model: BoostedTrees) -> None:
    check_resolution_model(model)
    check_resolution_model(model, epoch_at(table().iloc[3]))


def test_an_epoch_and_a_history_that_say_the_same_get_the_same(model: BoostedTrees) -> None:
    """No skew between training and service: every column is reckoned alike from either."""
    late = table(7, tickets=60).assign(assigned_at="2027-01-01T00:00", closed_at="2027-01-02T00:00")
    told = model.probability_of(read_history(late))
    asked = [ask(model, epoch_at(row, "2027-01-01T00:00")) for _, row in late.iterrows()]
    np.testing.assert_allclose(asked, told, atol=1e-12)
    assert np.ptp(told) > 0.3


def test_rates_are_those_of_outcomes_known_before() -> None:
    history = read_history(table(2, tickets=300))
    rates = RecentRates.of(history)
    found = rates.at(history.expert, history.topic, history.assigned_at)
    for row in range(0, 300, 17):
        now = history.assigned_at[row]
        known = history.known_at < now
        kept = known * 0.5 ** ((now - history.known_at) / HALF_LIFE_S).clip(0, 1)
        own = kept * (history.expert == history.expert[row])
        pair = own * (history.topic == history.topic[row])
        overall = (kept @ history.resolved + 1) / (kept.sum() + 2)
        rate = (own @ history.resolved + STRENGTH * overall) / (own.sum() + STRENGTH)
        of_pair = (pair @ history.resolved + STRENGTH * rate) / (pair.sum() + STRENGTH)
        begun = history.assigned_at[history.expert == history.expert[row]].min()
        wanted = [rate, of_pair, np.log1p(own.sum()), np.log1p(pair.sum())]
        np.testing.assert_allclose(found[row, [0, 1, 3, 4]], wanted, atol=1e-9)
        assert np.isnan(found[row, 5])  # all were there when the history began
        assert begun <= now
    late = table(2, tickets=300).assign(assigned_at="2026-05-01T00:00", closed_at="2026-05-01T12:00", expert_id="new")
    late.loc[0, "assigned_at"] = "2026-01-01T00:00"
    late.loc[0, "expert_id"] = "old"
    later = read_history(late)
    known = RecentRates.of(later).at(later.expert, later.topic, later.assigned_at + 9 * DAY_S)
    assert np.isnan(known[0, 5])
    assert known[1:, 5] == pytest.approx(np.log1p(9.0))


def test_it_beats_rates_and_where_experts_do_not_differ_says_so() -> None:
    def fit(history: History) -> BoostedTrees:
        return BoostedTrees.fit(history, settings=QUICK)

    found = evaluate(fit, table(3, tickets=4000), bootstrap=50, control=True)
    assert found.scores["auc"].value > 0.75
    assert found.scores["calibration_error"].value < 0.06
    assert found.gain["auc"].low > 0.03
    assert found.control["auc"].low <= 0.005
    none = BoostedTrees.fit(table(4, spread=0.0), settings=QUICK)
    assert not none.columns.knows_experts
    assert none.report is not None
    assert "the model tells none apart" in none.report.notes[0]


def test_strangers_are_less_certain_and_odd_tickets_are_answered(model: BoostedTrees) -> None:
    row = table().iloc[5]
    one = np.zeros(1, np.int32)
    widths = []
    for expert in (row["expert_id"], "new 😀"):
        where = epoch_at(pd.Series({**row, "expert_id": expert}))
        lower, upper = model.interval(where, ticket=one, expert=one, topic=one, coverage=0.8)
        assert lower[0] < ask(model, where) < upper[0]
        widths.append(upper[0] - lower[0])
    assert widths[1] > 2 * widths[0]
    odd = epoch_at(pd.Series({**row, "kind": "x" * 1_000_000, "size": "twelve", "topic": "neu"}))
    assert 0 < ask(model, odd) < 1
    bare = Epoch(odd.desk, replace(odd.tickets, features={}))
    assert model.lacking(bare) == ("kind", "size")
    assert 0 < ask(model, bare) < 1


def test_rates_are_refreshed_without_new_trees(model: BoostedTrees) -> None:
    history = read_history(table(9, tickets=50))
    same, worse = model.refreshed(table()), model.refreshed(table().assign(resolved_first_contact=False))
    assert same.probability_of(history).tolist() == model.probability_of(history).tolist()
    assert worse.rates.resolved.sum() == 0
    shouted = table()
    shouted = shouted.assign(topic=shouted["topic"].str.upper())  # a topic is the same in capitals
    assert model.refreshed(shouted).rates.resolved.sum() == same.rates.resolved.sum()
    assert worse.trees is model.trees


def test_it_saves_and_loads_without_change(model: BoostedTrees, tmp_path: Path) -> None:
    model.save(tmp_path / "trees")
    again = BoostedTrees.load(tmp_path / "trees")
    history = read_history(table(9, tickets=50))
    assert again.probability_of(history).tolist() == model.probability_of(history).tolist()
    assert again.report == model.report
    row = table().iloc[5]
    assert ask(again, epoch_at(row)) == ask(model, epoch_at(row))


def test_files_that_hold_no_such_model_are_refused(model: BoostedTrees, tmp_path: Path) -> None:
    model.save(tmp_path / "good")
    stored = load_stored(tmp_path / "good")
    left = stored.arrays["left"]
    changes = [
        {"left": np.zeros_like(left)},
        {"left": left + 5},
        {"root": stored.arrays["root"] * 0 + len(left) - 1},
        {"feature": stored.arrays["feature"] + 99},
        {"goes_left": stored.arrays["goes_left"][:, :4]},
        {"value": stored.arrays["value"] * np.nan},
        {"rates_expert": stored.arrays["rates_expert"] + 1000},
        {"rates_known_at": stored.arrays["rates_known_at"] * np.inf},
        {"trust": np.zeros(4)},
        {"expert_level": stored.arrays["expert_level"] + 300},
        {"expert_group": stored.arrays["expert_group"] + 9},
    ]
    headers = [{"slope": -1.0}, {"features": []}, {"numbers": [1]}, {"base": "x"}, {"topics": []}]
    files = [replace(stored, arrays={**stored.arrays, **change}) for change in changes]
    files += [replace(stored, header={**stored.header, **change}) for change in headers]
    for number, each in enumerate(files):
        save_stored(tmp_path / str(number), each)
        with pytest.raises(InputError):
            BoostedTrees.load(tmp_path / str(number))


def test_what_cannot_be_learnt_from_is_named() -> None:
    with pytest.raises(InputError, match=r"found 50 tickets; expected at least 100"):
        BoostedTrees.fit(table(tickets=50))
    with pytest.raises(InputError, match=r"resolved_first_contact.*found only true; expected both outcomes"):
        BoostedTrees.fit(table().assign(resolved_first_contact=1))
    with pytest.raises(InputError, match=r"assigned_at.*expected this column"):
        BoostedTrees.fit(table().drop(columns=["assigned_at", "closed_at"]))
