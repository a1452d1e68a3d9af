"""Rules and cascades come back from their files as they were, and files of others do no harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deskmatch.errors import InputError
from deskmatch.prediction.storage import load_stored, save_stored
from deskmatch.prediction.topics import (
    Cascade,
    CategoryRules,
    Inquiries,
    KeywordRules,
    TfidfClassifier,
    drift_report,
    load_classifier,
)

ASKED = Inquiries(
    ["the invoice is wrong", "meine Rechnung", "rank fell", "🙂", "nameserver", "?"],
    category=["Website", None, "Other", "Website", None, "Other"],
    language=["en", "de", None, None, "en", None],
)


@pytest.fixture(scope="module")
def cascade() -> Cascade:
    texts = [f"{start} {word}" for start in ("my", "the", "a wrong", "which") for word in ("invoice", "rank")]
    model = TfidfClassifier.fit(Inquiries(texts), ["billing", "seo"] * 4)
    words = KeywordRules([("billing", "Rechnung", 4.0, "de"), ("domains", "nameserver")], doubt=0.5)
    rules = CategoryRules({"Website": {"seo": 0.6, "domains": 0.4}})
    return Cascade([("model", model, 0.55), ("words", words, 0.6), ("category", rules, 0.5)], general="front desk")


def test_a_cascade_comes_back_with_all_of_its_steps(cascade: Cascade, tmp_path: Path) -> None:
    cascade.save(tmp_path / "m")
    again = load_classifier(tmp_path / "m")
    assert isinstance(again, Cascade) and again.topics == cascade.topics and repr(again) == repr(cascade)
    np.testing.assert_allclose(again.probability(ASKED), cascade.probability(ASKED), atol=1e-6)
    assert again.answered_by(ASKED) == cascade.answered_by(ASKED)
    assert len(set(again.answered_by(ASKED))) == 4  # every step and the general queue have a say here
    assert str(again.steps[0].classifier.report) == str(cascade.steps[0].classifier.report)


def test_drift_of_a_cascade_is_that_of_one_of_its_steps(cascade: Cascade) -> None:
    assert drift_report(cascade.steps[0].classifier, ASKED).tickets == len(ASKED)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="argument model: found Cascade; expected a classifier by text"):
        drift_report(cascade, ASKED)  # type: ignore[arg-type]


def test_a_cascade_may_hold_a_cascade(cascade: Cascade, tmp_path: Path) -> None:
    outer = Cascade([("inner", cascade, 0.9), ("rules", cascade.steps[2].classifier, 0.1)])
    outer.save(tmp_path / "m")
    again = Cascade.load(tmp_path / "m")
    np.testing.assert_allclose(again.probability(ASKED), outer.probability(ASKED), atol=1e-6)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_step_alone_comes_back_as_what_it_was(cascade: Cascade, tmp_path: Path, step: int) -> None:
    model: Any = cascade.steps[step].classifier
    model.save(tmp_path / "m")
    again = load_classifier(tmp_path / "m")
    assert type(again) is type(model) and type(type(model).load(tmp_path / "m")) is type(model)
    np.testing.assert_allclose(again.probability(ASKED), model.probability(ASKED), atol=1e-6)
    with pytest.raises(InputError, match="expected a Cascade"):
        Cascade.load(tmp_path / "m")


def test_a_step_that_cannot_be_saved_is_named_and_nothing_is_written(cascade: Cascade, tmp_path: Path) -> None:
    class Own:
        topics = ("a",)

        def probability(self, inquiries: Inquiries) -> Any:
            return np.ones((len(inquiries), 1))

    with pytest.raises(InputError, match=r"cascade, column 'mine': found Own; expected a classifier with save"):
        Cascade([*cascade.steps, ("mine", Own(), 0.5)]).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


HOSTILE: dict[str, list[Any]] = {
    "general": [3, "", ["a"]],
    "steps": [
        [],
        7,
        [{}],
        [{"name": "a", "threshold": 0.5, "classifier": {"kind": "os", "version": 1, "header": {}}}],
        [{"name": "a", "threshold": 0.5, "classifier": {"kind": "CategoryRules", "version": 9, "header": {}}}],
        [{"name": "a", "threshold": 0.5, "classifier": {"kind": "CategoryRules", "version": 1, "header": {}}}],
    ],
    "name": [3, None, "words", "general"],
    "threshold": ["0.5", 0, 2, True],
    "classifier": [None, "TfidfClassifier", {"kind": "Cascade", "version": 1, "header": {"general": None, "steps": 3}}],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in HOSTILE.items() for value in values])
def test_a_hostile_cascade_is_refused(cascade: Cascade, tmp_path: Path, key: str, value: Any) -> None:
    path = tmp_path / "m"
    cascade.save(path)
    stored = load_stored(path)
    header = json.loads(json.dumps(dict(stored.header)))
    (header if key in header else header["steps"][0])[key] = value
    save_stored(path, type(stored)(stored.kind, stored.version, header, stored.arrays))
    with pytest.raises(InputError, match=r"m: expected a classifier that deskmatch saved"):
        load_classifier(path)


RULES: dict[str, list[Any]] = {
    "keywords": [[["a"]], [["billing", "b", "1", None]], [["billing", 3, 1.0, None]], [["else", "b", 1.0, None]], 3],
    "doubt": ["1", 0.0, None],
    "rules": [{"a": "b"}, {"a": {"seo": "1"}}, {"a": {"seo": 2.0}}, [1]],
    "topics": [["a", "a"], "ab", [1], None],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in RULES.items() for value in values])
def test_hostile_rules_are_refused(cascade: Cascade, tmp_path: Path, key: str, value: Any) -> None:
    path = tmp_path / "m"
    cascade.steps[2 if key == "rules" else 1].classifier.save(path)  # type: ignore[attr-defined]
    stored = load_stored(path)
    save_stored(path, type(stored)(stored.kind, stored.version, {**stored.header, key: value}, stored.arrays))
    with pytest.raises(InputError, match=r"m: expected a classifier that deskmatch saved"):
        load_classifier(path)
