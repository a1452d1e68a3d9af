"""`TopicClassifier`: what a ticket is about; and the check of an implementation."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.prediction.topics.inquiries import Inquiries

__all__ = ["ODD_TEXTS", "TopicClassifier", "check_topic_classifier"]

ODD_TEXTS = (
    "I was charged twice for the same order",
    "",
    "   \n\t ",
    None,
    float("nan"),
    "🙂🙂🔥",
    "Где мой заказ? where is it 注文はどこですか",
    "\ud800 half of a character, \0 a null",
    "a" * 1_000_000,
    "!?!?" * 50,
    "12345",
)
"""What a desk gets sooner or later: nothing, blanks, signs, several scripts, a broken character, a megabyte."""


@runtime_checkable
class TopicClassifier(Protocol):
    """The probability of each topic, given what is known of a ticket before anybody reads it.

    Run `check_topic_classifier` on an implementation of your own.
    """

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that it knows, in the order of the columns of `probability`; each once."""
        ...

    def probability(self, inquiries: Inquiries) -> NDArray[np.float64]:
        """P(topic | ticket).

        Parameters
        ----------
        inquiries : the tickets; not changed.

        Returns
        -------
        ``(tickets, topics)`` float64 in [0, 1]; each row sums to at most 1, and the rest is the probability of a
        topic that the classifier does not know. A row depends on its own ticket only, and the same call gives the
        same answer. No text raises.
        """
        ...


def check_topic_classifier(classifier: TopicClassifier, inquiries: Inquiries | None = None) -> None:
    """Raise `ContractError` where `classifier` breaks the protocol of `TopicClassifier`.

    Tries it on odd texts (`ODD_TEXTS`) and those that are given, in another order, in part, one by one, on none, and
    twice; with and without categories and languages.

    Parameters
    ----------
    classifier : the implementation.
    inquiries : more to try it on.

    Raises
    ------
    ContractError
        Says what was found and what the protocol asks for.

    Examples
    --------
    >>> from deskmatch.prediction.topics import CategoryRules
    >>> check_topic_classifier(CategoryRules({"Invoices": "billing"}))
    """
    if not isinstance(classifier, TopicClassifier):
        raise ContractError(f"{type(classifier).__name__}: expected an attribute 'topics' and a method 'probability'")
    trial = _Trial(classifier)
    for tried in _tried(inquiries):
        whole = trial.ask("on odd texts", tried)
        trial.same("asked again, it answers differently", trial.ask("asked again", tried), whole)
        order = np.random.default_rng(0).permutation(len(tried))
        turned = trial.ask("in another order", tried.rows(order.tolist()))
        trial.same("its answer depends on the order of the tickets", turned, whole[order])
        half = order[: len(order) // 2]
        part = trial.ask("on half of the tickets", tried.rows(half.tolist()))
        trial.same("its answer depends on the other tickets", part, whole[half])
        trial.same("its answer depends on the other tickets", trial.ask("alone", tried.rows([0])), whole[:1])
        trial.ask("on no tickets", tried.rows([]))


def _tried(inquiries: Inquiries | None) -> list[Inquiries]:
    plain = Inquiries(ODD_TEXTS)
    odd = (None, "", "no such category", "🙂", "x" * 1000)
    column = [odd[k % len(odd)] for k in range(len(plain))]
    return [plain, Inquiries(plain.text, column, column), *([] if inquiries is None else [inquiries])]


class _Trial:
    """Asks a classifier, and says by its name what is wrong with the answer."""

    def __init__(self, classifier: TopicClassifier) -> None:
        self.classifier = classifier
        self.name = type(classifier).__name__
        topics: Any = classifier.topics
        if not isinstance(topics, tuple) or not all(isinstance(topic, str) and topic for topic in topics):
            self.fail(f"its topics are {topics!r}; expected a tuple of names")
        if len(set(topics)) != len(topics):
            self.fail("one of its topics stands there twice")
        self.n = len(topics)

    def ask(self, when: str, inquiries: Inquiries) -> NDArray[np.float64]:
        """The answer, checked for type, shape and range; the inquiries must stay as they were."""
        before = (inquiries.text, inquiries.category, inquiries.language)
        try:
            answer: Any = self.classifier.probability(inquiries)
        except Exception as error:
            self.fail(f"{when}, it raises {type(error).__name__}: {error}", error)
        if (inquiries.text, inquiries.category, inquiries.language) != before:
            self.fail(f"{when}, it changes the inquiries, which it must leave as they are")
        if not isinstance(answer, np.ndarray) or answer.dtype != np.float64:
            found = getattr(answer, "dtype", type(answer).__name__)
            self.fail(f"{when}, it returns {found}; expected a numpy array of float64")
        if answer.shape != (len(inquiries), self.n):
            self.fail(f"{when}, it returns shape {answer.shape}; expected {(len(inquiries), self.n)}")
        bad = answer[~((answer >= 0) & (answer <= 1))]
        if len(bad):
            self.fail(f"{when}, it returns {bad[0]!r} ({len(bad)} entries); expected numbers from 0 to 1")
        total = answer.sum(axis=1)
        if (total > 1 + 1e-9).any():
            self.fail(f"{when}, the probabilities of a ticket sum to {total.max():.6g}; expected at most 1")
        return np.array(answer)

    def same(self, claim: str, found: NDArray[np.float64], wanted: NDArray[np.float64]) -> None:
        """Refuse an answer that differs by more than the rounding of float32."""
        off = np.abs(found - wanted)
        if off.size and off.max() > 1e-4:
            self.fail(f"{claim} (by up to {off.max():.3g})")

    def fail(self, what: str, cause: Exception | None = None) -> None:
        raise ContractError(f"{self.name}: {what}") from cause
