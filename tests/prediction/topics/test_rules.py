"""Rules keep the protocol, say what decided, and pass on what they cannot answer."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from deskmatch.errors import ContractError, InputError
from deskmatch.prediction.topics import (
    Cascade,
    CategoryRules,
    Inquiries,
    Keyword,
    KeywordRules,
    check_topic_classifier,
)

pytest.importorskip("ahocorasick", reason="the extra text is not installed")

WORDS = KeywordRules([("billing", "invoice", 2.0), ("billing", "card", 1.0), ("loans", "credit card debt", 3.0)])
PICKED = CategoryRules({"Invoices": "billing", "Website": {"seo": 0.6, "domains": 0.4}})


@pytest.mark.parametrize(
    "classifier",
    [WORDS, PICKED, Cascade([("words", WORDS, 0.5), ("category", PICKED, 0.5)], general="front desk")],
    ids=["keywords", "categories", "cascade"],
)
def test_rules_keep_the_protocol_also_after_pickling(classifier: object) -> None:
    check_topic_classifier(classifier)  # type: ignore[arg-type]
    check_topic_classifier(pickle.loads(pickle.dumps(classifier)))


class Broken:
    """A classifier that answers what it is told."""

    topics = ("a", "b")

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def probability(self, inquiries: Inquiries) -> object:
        return self.answer(inquiries)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda asked: np.full((len(asked), 3), 0.1), "shape"),
        (lambda asked: np.full((len(asked), 2), 0.6), "sum to 1.2"),
        (lambda asked: np.full((len(asked), 2), np.nan), "nan"),
        (lambda asked: [[0.5, 0.5]] * len(asked), "list"),
        (lambda asked: np.full((len(asked), 2), 0.5, np.float32), "float32"),
        (lambda asked: np.full((len(asked), 2), 0.3 / max(1, len(asked))), "other tickets"),
        (lambda asked: np.tile(np.linspace(0, 0.5, len(asked))[:, None], 2), "order"),
        (lambda asked: np.full((len(asked), 2), 0.1) / (0 if "" in asked.text else 1), "divide by zero|inf"),
    ],
)
def test_the_check_names_what_is_broken(answer: object, says: str) -> None:
    with pytest.raises(ContractError, match=says):
        check_topic_classifier(Broken(answer))  # type: ignore[arg-type]


def test_a_phrase_counts_between_words_once_and_not_inside_a_longer_one() -> None:
    asked = Inquiries(["Card! CARD? discard", "my credit card debt", "ｃａｒｄ", "cards"])
    assert [[rule.phrase for rule in found] for found in WORDS.explain(asked)] == [
        ["card"],
        ["credit card debt"],
        ["card"],
        [],
    ]
    assert WORDS.probability(asked)[:, 0].tolist() == [0.5, 0.0, 0.5, 0.0]


def test_words_of_scripts_without_blanks_are_found_inside_sentences() -> None:
    rules = KeywordRules([Keyword("billing", "发票"), Keyword("billing", "請求書")])
    assert (rules.probability(Inquiries(["我的发票错了", "請求書が間違っています"])) > 0).all()


def test_a_phrase_of_another_language_does_not_count() -> None:
    rules = KeywordRules([("gifts", "gift", 1.0, "en"), ("poison", "gift", 1.0, "de")])
    asked = Inquiries(["gift"] * 3, language=["en", "de", None])
    np.testing.assert_allclose(rules.probability(asked), [[0.5, 0], [0, 0.5], [1 / 3, 1 / 3]])


def test_rules_are_read_from_a_table_which_lists_all_that_is_wrong(tmp_path: object) -> None:
    import pandas as pd

    good = pd.DataFrame({"topic": ["billing", "seo"], "phrase": ["invoice", "ranking"], "weight": ["2", None]})
    assert [rule.weight for rule in KeywordRules.read(good).keywords] == [2.0, 1.0]
    with pytest.raises(InputError) as caught:
        KeywordRules.read(pd.DataFrame({"topic": ["a", None], "phrase": [None, "b"], "weight": ["-1", "2"]}))
    assert len(caught.value.defects) == 3
    with pytest.raises(InputError, match="phrase"):
        KeywordRules.read(pd.DataFrame({"topic": ["a"]}))
    with pytest.raises(InputError, match=r"weight.*\n.*doubt"):
        KeywordRules([("a", "b", 0.0)], doubt=0)


def test_categories_learn_that_customers_pick_wrong_ones() -> None:
    rules = CategoryRules.fit(
        ["Invoices"] * 8 + ["Web", None], ["billing"] * 6 + ["seo"] * 2 + ["seo"] * 2, least=5, prior=0
    )
    found = rules.probability(Inquiries([""] * 3, category=["INVOICES", "Web", None]))
    assert rules.topics == ("billing", "seo")
    assert found.tolist() == [[0.75, 0.25], [0.0, 0.0], [0.0, 0.0]]
    smooth = CategoryRules.fit(["a"] * 8 + ["b"] * 2, ["x"] * 8 + ["y"] * 2, least=2, prior=2)
    np.testing.assert_allclose(smooth.probability(Inquiries(["", ""], category=["a", "b"]))[:, 1], [0.04, 0.6])
    with pytest.raises(InputError, match="at least 5"):
        CategoryRules.fit(["a"], ["b"])
    with pytest.raises(InputError, match="Web"):
        CategoryRules({"Web": {"seo": 0.7, "domains": 0.7}})


def test_the_first_step_that_is_sure_answers_and_the_rest_goes_to_the_general_queue() -> None:
    cascade = Cascade([("words", WORDS, 0.6), ("category", PICKED, 0.5)], general="front desk")
    asked = Inquiries(["invoice", "card", "card", None], category=["Website", "Website", None, None])
    assert cascade.answered_by(asked) == ("words", "category", "general", "general")
    found = dict(zip(cascade.topics, cascade.probability(asked).T, strict=True))
    np.testing.assert_allclose(found["billing"], [2 / 3, 0, 0, 0])
    np.testing.assert_allclose(found["seo"], [0, 0.6, 0, 0])
    np.testing.assert_allclose(found["front desk"], [1 / 3, 0, 1, 1])
    without = Cascade([("words", WORDS, 0.6)]).probability(asked)
    np.testing.assert_allclose(without.sum(axis=1), [2 / 3, 0, 0, 0])
    with pytest.raises(InputError, match=r"threshold 0(.|\n)*each name once"):
        Cascade([("a", WORDS, 0), ("b", PICKED, 1.0), ("b", PICKED, 1.0)])
    with pytest.raises(InputError, match="at least one"):
        Cascade([])


def test_inquiries_take_any_cell_and_refuse_what_is_no_column() -> None:
    import pandas as pd

    asked = Inquiries([None, float("nan"), pd.NA, pd.NaT, 7, b"\xff bytes", "a\0b", "x" * 10**6, "\ud83d"])
    assert asked.text[:5] == ("", "", "", "", "7")
    assert asked.text[6] == "a b" and len(asked.text[7]) == 20_000 and asked.text[8] == ""
    with pytest.raises(InputError, match="one entry a ticket"):
        Inquiries("a single text")
    with pytest.raises(InputError, match="expected 1, one for each text"):
        Inquiries(["a"], category=["b", "c"])
