"""`KeywordRules`: weighted words and phrases for each topic; says which of them decided."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import Defect, InputError
from deskmatch.frozen import Frozen
from deskmatch.prediction.history_columns import optional
from deskmatch.prediction.history_table import HistoryTable
from deskmatch.prediction.model_file import SavedModel
from deskmatch.prediction.storage import Stored
from deskmatch.prediction.topics.extras import needed
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.topic_names import names_from_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Keyword", "KeywordRules"]

TABLE = "keyword rules"
BLANKS = re.compile(r"\s+")
NUMBERS = (int, float)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word or phrase that speaks for a topic.

    Parameters
    ----------
    topic : the topic.
    phrase : as it stands in texts; upper and lower case, and the width of letters and of blanks, do not count.
    weight : above 0, how strongly it speaks for the topic.
    language : texts in another language do not count; None: of any language.
    """

    topic: str
    phrase: str
    weight: float = 1.0
    language: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class KeywordRules(Frozen, SavedModel):
    """Topics by the words of the text.

    With s_t the summed weights of the different phrases of topic t that stand in the text,
    ``P(t) = s_t / (doubt + Σ s)``: without any of them the topic is unknown, and the more of them, the surer.
    A phrase counts where it stands between no letters or digits (scripts without blanks between words, such as Chinese,
    aside), once a text, and not inside a longer phrase that counts. Where the language of a text is known, phrases of
    other languages do not count. All phrases are looked for in one pass (Aho & Corasick, CACM 18 (1975) 333–340; the
    package pyahocorasick, of the extra `text`).

    Parameters
    ----------
    keywords : the rules; a tuple ``(topic, phrase)``, ``(topic, phrase, weight)`` or
        ``(topic, phrase, weight, language)`` is taken as a `Keyword`.
    topics : all topics in the order of the columns; default: those that the rules name, sorted.
    doubt : the weight of the unknown topic, above 0.

    Raises
    ------
    InputError
        Lists every rule without words or topic, or with a weight that is none.
    MissingExtraError
        Where pyahocorasick is not installed.

    Examples
    --------
    >>> rules = KeywordRules([("billing", "invoice", 2.0), ("billing", "charged twice", 3.0), ("seo", "ranking")])
    >>> asked = Inquiries(["My INVOICE: charged  twice!", "invoices?", "ranking of my invoice"])
    >>> rules.probability(asked).round(3).tolist()
    [[0.833, 0.0], [0.0, 0.0], [0.5, 0.25]]
    >>> [(word.phrase, word.weight) for word in rules.explain(asked)[0]]
    [('charged twice', 3.0), ('invoice', 2.0)]
    """

    keywords: tuple[Keyword, ...]
    topics: tuple[str, ...] = ()
    doubt: float = 1.0
    _machine: Any = field(init=False, repr=False)
    _column: dict[str, int] = field(init=False, repr=False)

    def __init__(
        self,
        keywords: Iterable[Keyword | Sequence[Any]],
        topics: Iterable[str] | None = None,
        *,
        doubt: float = 1.0,
    ) -> None:
        rules = tuple(rule if isinstance(rule, Keyword) else Keyword(*rule) for rule in keywords)
        names = tuple(sorted({rule.topic for rule in rules})) if topics is None else tuple(topics)
        self._set(keywords=rules, topics=names, doubt=float(doubt))
        self._check()
        self._set(_column={topic: k for k, topic in enumerate(names)}, _machine=_machine(rules))

    def _check(self) -> None:
        defects = []
        for row, rule in enumerate(self.keywords, start=1):
            if not any(map(str.isalnum, str(rule.phrase))):
                defects.append(Defect(TABLE, str(row), "phrase", repr(rule.phrase), "expected a word or a phrase"))
            if not 0 < rule.weight < np.inf:
                defects.append(Defect(TABLE, str(row), "weight", repr(rule.weight), "expected a number above 0"))
            if rule.topic not in self.topics:
                accepted = f"expected one of {', '.join(self.topics) or 'no topics'}"
                defects.append(Defect(TABLE, str(row), "topic", repr(rule.topic), accepted))
        if not 0 < self.doubt < np.inf:
            defects.append(Defect(TABLE, None, "doubt", repr(self.doubt), "expected a number above 0"))
        if not self.keywords:
            defects.append(Defect(TABLE, None, None, None, "expected at least one rule"))
        if defects:
            raise InputError(defects)

    @classmethod
    def read(cls, source: pd.DataFrame | str | Path, *, doubt: float = 1.0) -> KeywordRules:
        """Rules from a table with the columns ``topic``, ``phrase`` and, if wanted, ``weight`` and ``language``.

        Raises
        ------
        InputError
            Lists everything that is wrong in the table.
        """
        table = HistoryTable(source, TABLE)
        table.require(("topic", "phrase"), ("weight", "language"))
        topics = table.column("topic", str, "expected a topic")
        phrases = table.column("phrase", str, "expected a phrase")
        weights = optional(table, "weight", _positive, "expected a number above 0")
        table.finish()
        cells = zip(topics, phrases, weights, table.cells("language"), strict=True)
        rows = [Keyword(topic, phrase, weight or 1.0, language) for topic, phrase, weight, language in cells]
        return cls(rows, doubt=doubt)

    @classmethod
    def fit(
        cls, texts: Sequence[str], topics: Sequence[str], *, words: int = 8, prior: float = 100.0, doubt: float = 1.0
    ) -> KeywordRules:
        """The words and pairs of words that speak most for each topic, to be read and mended by people who know better.

        The weight of a word is its log odds in the topic against all others, over their standard error, with the words
        of all texts as the prior (B. Monroe, M. Colaresi, K. Quinn, Political Analysis 16 (2008) 372–403); only words
        with more than 2 standard errors count.

        Parameters
        ----------
        texts, topics : of tickets of the past, one each.
        words : at most so many for each topic.
        prior : how many words the prior counts as.
        doubt : see `KeywordRules`.

        Raises
        ------
        InputError
            Where no word speaks for any topic.

        Examples
        --------
        >>> texts = ["wrong invoice", "invoice twice", "search rank", "rank fell"] * 9
        >>> rules = KeywordRules.fit(texts, ["billing", "billing", "seo", "seo"] * 9, words=1, prior=10)
        >>> [(rule.topic, rule.phrase) for rule in rules.keywords]
        [('billing', 'invoice'), ('seo', 'rank')]
        """
        vectorizers = needed("sklearn.feature_extraction.text", extra="text", purpose="KeywordRules.fit")
        counter = vectorizers.CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=r"(?u)\b\w\w+\b", min_df=2)
        try:
            counts = counter.fit_transform([fold_text(text) for text in texts])
        except ValueError:
            accepted = "expected texts with words that occur more than once"
            raise InputError([Defect("history", None, "text", f"{len(texts)} texts", accepted)]) from None
        phrases = counter.get_feature_names_out()
        total = np.asarray(counts.sum(axis=0), np.float64).ravel()
        base = prior * total / total.sum()
        labels, rules = np.array(topics, object), []
        for topic in sorted(set(topics)):
            own = np.asarray(counts[np.flatnonzero(labels == topic)].sum(axis=0), np.float64).ravel() + base
            rest = total - own + 2 * base
            odds = np.log(own / (own.sum() - own)) - np.log(rest / (rest.sum() - rest))
            strength = odds / np.sqrt(1 / own + 1 / rest)
            best = [k for k in np.argsort(-strength, kind="stable")[:words].tolist() if strength[k] > 2]
            rules += [Keyword(topic, str(phrases[k]), round(float(strength[k]), 2)) for k in best]
        return cls(rules, sorted(set(topics)), doubt=doubt)

    def matches(self, inquiries: Inquiries) -> list[list[int]]:
        """The rules that count in each text, by their positions."""
        languages = inquiries.language or (None,) * len(inquiries)
        return [self._found(text, language) for text, language in zip(inquiries.text, languages, strict=True)]

    def probability(self, inquiries: Inquiries) -> NDArray[np.float64]:
        """``(tickets, topics)``; see `TopicClassifier`."""
        score = np.zeros((len(inquiries), len(self.topics)))
        for row, found in enumerate(self.matches(inquiries)):
            for rule in found:
                score[row, self._column[self.keywords[rule].topic]] += self.keywords[rule].weight
        return np.asarray(score / (self.doubt + score.sum(axis=1, keepdims=True)))

    def explain(self, inquiries: Inquiries) -> list[tuple[Keyword, ...]]:
        """The words that decided in each text, the strongest first."""
        return [
            tuple(sorted((self.keywords[rule] for rule in found), key=lambda rule: (-rule.weight, rule.phrase)))
            for found in self.matches(inquiries)
        ]

    def _found(self, text: str, language: str | None) -> list[int]:
        """The rules whose phrase stands in the text between words and inside no longer one, ascending."""
        plain = fold_text(text)
        spans: list[tuple[int, int, list[int]]] = []
        for end, (length, rules) in self._machine.iter(plain):
            wanted = [rule for rule in rules if self._speaks(rule, language)]
            start = end + 1 - length
            if wanted and _is_apart(plain, start, end):
                spans.append((start, end, wanted))
        found: set[int] = set()
        last = -1
        for _, end, rules in sorted(spans, key=lambda span: (span[0], -span[1])):
            if end > last:  # else it ends inside a phrase that begins no later
                found.update(rules)
                last = end
        return sorted(found)

    def _speaks(self, rule: int, language: str | None) -> bool:
        wanted = self.keywords[rule].language
        return language is None or wanted is None or wanted.casefold() == language.casefold()

    def to_stored(self) -> Stored:
        """See `SavedModel`."""
        rules = [[rule.topic, rule.phrase, rule.weight, rule.language] for rule in self.keywords]
        header = {"keywords": rules, "topics": list(self.topics), "doubt": self.doubt}
        return Stored(self.kind(), self.VERSION, header, {})

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """See `SavedModel`."""
        header = stored.header
        for topic, phrase, weight, language in header["keywords"]:
            if not all(type(text) is str for text in (topic, phrase, language or "")) or type(weight) not in NUMBERS:
                raise ValueError("its rules are none of ours")
        if type(header["doubt"]) not in NUMBERS:
            raise ValueError("its doubt is no number")
        return cls(header["keywords"], names_from_file(header["topics"]), doubt=header["doubt"])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.keywords, self.topics, self.doubt)

    def __repr__(self) -> str:
        return f"KeywordRules({len(self.keywords)} phrases, {len(self.topics)} topics)"


def fold_text(text: str) -> str:
    """A text without upper case, wide letters and more than one blank in a row."""
    return BLANKS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def _machine(rules: tuple[Keyword, ...]) -> Any:
    automaton = needed("ahocorasick", extra="text", purpose="KeywordRules").Automaton()
    of_phrase: dict[str, list[int]] = {}
    for position, rule in enumerate(rules):
        of_phrase.setdefault(fold_text(rule.phrase), []).append(position)
    for phrase, positions in of_phrase.items():
        automaton.add_word(phrase, (len(phrase), positions))
    automaton.make_automaton()
    return automaton


def _positive(text: str) -> float:
    """A number above 0; else a ValueError."""
    value = float(text)
    if not 0 < value < np.inf:
        raise ValueError
    return value


def _rebuilt(keywords: tuple[Keyword, ...], topics: tuple[str, ...], doubt: float) -> KeywordRules:
    return KeywordRules(keywords, topics, doubt=doubt)


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether ``text[start : end + 1]`` stands between no letters of the same kind of script."""
    left = start == 0 or _parts(text[start - 1], text[start])
    return left and (end + 1 == len(text) or _parts(text[end], text[end + 1]))


def _parts(one: str, other: str) -> bool:
    return not (one.isalnum() and other.isalnum()) or _is_unspaced(one) or _is_unspaced(other)


def _is_unspaced(sign: str) -> bool:
    """Whether a letter belongs to a script that puts no blanks between words."""
    return (
        "\u0e00" <= sign <= "\u0eff"
        or "\u1000" <= sign <= "\u109f"
        or "\u3040" <= sign <= "\u9fff"
        or sign >= "\U00020000"
    )
