"""`PartialPooling`: what seen and unseen experts get, features, weights, saving, and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from deskmatch import Epoch, assign
from deskmatch.errors import InputError
from deskmatch.prediction import PartialPooling, check_resolution_model
from deskmatch.prediction.history import read_history
from deskmatch.prediction.storage import load_stored, save_stored

GROUPS = ("web", "phone")


def history(seed: int = 0, *, tickets: int = 4000, spread: float = 0.7, hard: float = 0.0) -> pd.DataFrame:
    """Tickets of 30 experts in two groups, of which one is better; `hard` of them the good experts get."""
    rng = np.random.default_rng(seed)
    who, what = rng.integers(0, 30, tickets), rng.integers(0, 4, tickets)
    effect = rng.normal(0, spread, 30) + np.where(np.arange(30) % 2 == 0, 0.8, -0.8) * (spread > 0)
    is_hard = rng.random(tickets) < expit(hard * effect[who])
    odds = effect[who] + 0.3 * what - 0.5 - 1.5 * is_hard
    return pd.DataFrame(
        {
            "expert_id": [f"e{k}" for k in who],
            "group": [GROUPS[k % 2] for k in who],
            "topic": [f"topic {k}" for k in what],
            "resolved_first_contact": rng.random(tickets) < expit(odds),
            "hard": np.where(is_hard, "yes", "no"),
            "effect": effect[who],
        }
    )


def epoch(experts: list[str], groups: list[str | None] | None = None, hard: str = "no") -> Epoch:
    roster = pd.DataFrame({"expert_id": experts, "channels": "chat", "languages": "en", "topics": "*:0.5|topic 1"})
    tickets = {"ticket_id": ["t"], "channel": ["chat"], "language": ["en"], "topic": ["topic 1"], "hard": [hard]}
    return Epoch.from_tables(pd.DataFrame(tickets), roster if groups is None else roster.assign(group=groups))


def ask(model: PartialPooling, where: Epoch, topic: int = 0) -> np.ndarray:
    rows = np.arange(where.n_experts, dtype=np.int32)
    return model.probability(where, ticket=0 * rows, expert=rows, topic=0 * rows + topic)


@pytest.fixture(scope="module")
def model() -> PartialPooling:
    return PartialPooling.fit(history()[["expert_id", "group", "topic", "resolved_first_contact"]])


def test_it_keeps_the_protocol(model: PartialPooling) -> None:
    check_resolution_model(model)
    check_resolution_model(model, epoch(["e0", "e1", "new"], [None, "web", "phone"]))
    check_resolution_model(PartialPooling.fit(history(), features=["hard", "effect"]), epoch(["e0", "new"]))


def test_known_experts_come_near_the_truth_and_nearer_than_their_counts(model: PartialPooling) -> None:
    table = history().assign(good=lambda f: expit(f["effect"] + 0.3 * f["topic"].str[-1].astype(int) - 0.5))
    # Of the tickets half are hard: the truth is the mean over both.
    odds = np.log(table["good"] / (1 - table["good"]))
    table["truth"] = (expit(odds) + expit(odds - 1.5)) / 2
    cells = table.groupby(["expert_id", "topic"]).agg(
        truth=("truth", "mean"), counted=("resolved_first_contact", "mean")
    )
    rate = model.table().set_index(["expert_id", "topic"])["rate"].loc[cells.index]
    error, counted = ((rate - cells["truth"]) ** 2).mean(), ((cells["counted"] - cells["truth"]) ** 2).mean()
    assert error < 0.7 * counted


def test_a_stranger_gets_the_mean_of_his_group_and_is_less_certain(model: PartialPooling) -> None:
    where = epoch(["new", "newer", "newest", "e0", "e1"], ["web", "phone", "other", None, None])
    web, phone, other, *_ = ask(model, where)
    members = model.table().query("topic == 'topic 1'").set_index("expert_id")["rate"]
    is_web = np.array([int(name[1:]) % 2 == 0 for name in members.index])
    assert web == pytest.approx(members[is_web].mean(), abs=0.06)
    assert phone == pytest.approx(members[~is_web].mean(), abs=0.06)
    assert phone < other < web
    rows = np.arange(5, dtype=np.int32)
    lower, upper = model.interval(where, ticket=0 * rows, expert=rows, topic=0 * rows, coverage=0.8)
    width = upper - lower
    assert width[:2].min() > 1.5 * width[3:].max()
    assert width[2] > width[:2].max()
    # as many experts of a group lie inside a stranger's interval as it says, give or take
    inside = (members[is_web] > lower[0]) & (members[is_web] < upper[0])
    assert 0.5 <= inside.mean() <= 1.0


def test_a_stranger_is_as_uncertain_as_experts_are_spread() -> None:
    """30 tickets an expert, whose truth is known: 80 % of the strangers drawn anew lie in the interval."""
    rng = np.random.default_rng(5)
    effects = rng.normal(0.3, 0.9, 300)
    who = np.repeat(np.arange(300), 30)
    table = pd.DataFrame({"expert_id": who, "topic": "topic 1", "resolved_first_contact": 0})
    table["resolved_first_contact"] = rng.random(len(who)) < expit(effects[who])
    fitted = PartialPooling.fit(table)
    rows = np.zeros(1, np.int32)
    lower, upper = fitted.interval(epoch(["new"]), ticket=rows, expert=rows, topic=rows, coverage=0.8)
    strangers = expit(rng.normal(0.3, 0.9, 20_000))
    assert ((strangers > lower[0]) & (strangers < upper[0])).mean() == pytest.approx(0.8, abs=0.05)
    assert ask(fitted, epoch(["new"]))[0] == pytest.approx(strangers.mean(), abs=0.03)


def test_probabilities_are_means_over_what_is_believed(model: PartialPooling) -> None:
    where = epoch(["new"])
    rows = np.zeros(1, np.int32)
    lower, upper = model.interval(where, ticket=rows, expert=rows, topic=rows, coverage=0.6826894921370859)
    low, high = (float(np.log(end[0] / (1 - end[0]))) for end in (lower, upper))
    centre, deviation = (low + high) / 2, (high - low) / 2
    mean = quad(lambda z: expit(centre + deviation * z) * norm.pdf(z), -8, 8)[0]
    assert ask(model, where)[0] == pytest.approx(mean, abs=2e-4)


def test_where_experts_do_not_differ_none_is_said_to() -> None:
    table = history(2, spread=0.0)
    found = PartialPooling.fit(table).table()
    assert found.groupby("topic")["rate"].std().max() < 1e-9


def test_a_feature_that_decided_who_gets_a_ticket_is_taken_out() -> None:
    """Good experts get the hard tickets: their plain rates hide it, features and weights show it again."""
    table = history(4, tickets=12_000, hard=2.5)
    effect = table.groupby("expert_id")["effect"].first()

    def likeness(fitted: PartialPooling) -> float:
        rates = ask(fitted, epoch(effect.index.tolist()))
        slope = np.polyfit(effect, np.log(rates / (1 - rates)), 1)[0]
        return float(slope)

    columns = table.drop(columns="effect")
    plain = likeness(PartialPooling.fit(columns))
    features = likeness(PartialPooling.fit(columns, features=["hard"]))
    weights = likeness(PartialPooling.fit(columns, balance=["hard"]))
    assert plain < 0.75
    assert features == pytest.approx(1.0, abs=0.12)
    assert plain + 0.15 < weights < 1.05
    report = PartialPooling.fit(columns, balance=["hard"]).report
    assert report is not None
    assert "weighted by inverse probability over hard: 12,000 tickets count as" in report.notes[0]


def test_features_move_the_probability_of_a_ticket_and_unknown_values_do_not() -> None:
    fitted = PartialPooling.fit(history(), features=["hard"])
    easy, hard, odd = (ask(fitted, epoch(["e0"], hard=text))[0] for text in ("NO", "yes", "😀"))
    assert hard < odd < easy
    assert fitted.lacking(epoch(["e0"])) == ()
    history_of_one = read_history(history()[:50])
    again = fitted.probability_of(history_of_one)
    by_hand = [
        ask(fitted, epoch([f"e{k}"], hard=text))[0]
        for k, text in zip(
            [int(history_of_one.expert_ids[e][1:]) for e in history_of_one.expert],
            history_of_one.features["hard"],
            strict=True,
        )
    ]
    same = [history_of_one.topics[t] == "topic 1" for t in history_of_one.topic]
    np.testing.assert_allclose(again[same], np.array(by_hand)[same])


def test_an_unknown_feature_and_an_unknown_column_of_balance_are_named() -> None:
    with pytest.raises(
        InputError, match=r"features: found 'haard'; expected one of: hard, effect; did you mean 'hard'"
    ):
        PartialPooling.fit(history(), features=["haard"])
    with pytest.raises(InputError, match="balance: found no column"):
        PartialPooling.fit(history(), balance=[])


def test_it_saves_and_loads_without_change_and_plans(tmp_path: Path) -> None:
    fitted = PartialPooling.fit(history(), features=["hard", "effect"])
    fitted.save(tmp_path / "model")
    again = PartialPooling.load(tmp_path / "model")
    where = epoch(["e0", "e1", "new"], hard="yes")
    assert ask(again, where).tolist() == ask(fitted, where).tolist()
    assert again.report == fitted.report
    assert len(assign(where, resolution=again, robust="lower").assignments) == 1


def test_files_that_hold_no_such_model_are_refused(tmp_path: Path, model: PartialPooling) -> None:
    model.save(tmp_path / "good")
    stored = load_stored(tmp_path / "good")
    changes = [
        {"expert_group": np.full(30, 7, np.int32)},
        {"covariance": np.zeros((2, 2))},
        {"pair_topic": stored.arrays["pair_topic"][::-1].copy()},
        {"spreads": np.array([0.1, -1, 0.2, 0.3])},
        {"topic_effect": np.full(4, np.nan)},
        {"stranger": np.zeros(2)},
    ]
    headers = [{"constant": "much"}, {"features": [3]}, {"features": [{"name": 1}]}, {"groups": 4}]
    files = [replace(stored, arrays={**stored.arrays, **change}) for change in changes]
    files += [replace(stored, header={**stored.header, **change}) for change in headers]
    for number, each in enumerate(files):
        save_stored(tmp_path / str(number), each)
        with pytest.raises(InputError, match=r"expected|partial pooling"):
            PartialPooling.load(tmp_path / str(number))
