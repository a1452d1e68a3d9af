"""`TfidfClassifier` and `EmbeddingClassifier`: topics by words and characters, or by meaning in many languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from deskmatch.prediction.topics.encoders import Encoder, SentenceEncoder, TfidfEncoder
from deskmatch.prediction.topics.fitting import Lesson, Settings, Teacher, fit_classifier
from deskmatch.prediction.topics.heads import Head
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.joint_encoder import Joint, JointEncoder, Meanings
from deskmatch.prediction.topics.kernel_head import KernelHead
from deskmatch.prediction.topics.text_classifier import Member, TextClassifier

__all__ = ["EmbeddingClassifier", "TfidfClassifier", "joint_teacher", "teacher"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TfidfClassifier(TextClassifier):
    """Topics by the words and characters of a text: quick to train, strong where customers use the desk's words.

    Fit it with `fit`; see `TextClassifier` for what it holds.

    Examples
    --------
    >>> texts = ["my invoice is wrong", "an invoice twice", "the invoice of May", "rank in search", "search rank fell",
    ...          "rank of my site"]
    >>> model = TfidfClassifier.fit(Inquiries(texts), ["billing"] * 3 + ["seo"] * 3)
    >>> model
    TfidfClassifier(2 topics, 6 tickets)
    >>> asked = Inquiries(["where is the invoice?", ""])
    >>> bool(model.probability(asked)[0, 0] > 0.5), model.probability(asked)[1].tolist()
    (True, [0.0, 0.0])
    """

    @classmethod
    def fit(
        cls,
        inquiries: Inquiries,
        topics: Sequence[str | None],
        *,
        at: ArrayLike | None = None,
        settings: Settings | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> TfidfClassifier:
        """Fit on tickets of the past.

        Parameters
        ----------
        inquiries, topics, at, counts : see `EmbeddingClassifier.fit`.
        settings : default: `Settings()`.

        Raises
        ------
        InputError
            Where nothing can be learnt: no text, one topic, a topic with one ticket.
        MissingExtraError
            Without the extra `text`.
        """
        chosen = settings or Settings()
        return fit_classifier(
            cls, [teacher(TfidfEncoder.fit, chosen)], inquiries, topics, at=at, settings=chosen, counts=counts
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EmbeddingClassifier(TextClassifier):
    """Topics by meaning: trained in one language it serves the sixteen of `SentenceEncoder`.

    Fit it with `fit`; see `TextClassifier` for what it holds.
    """

    @classmethod
    def fit(
        cls,
        inquiries: Inquiries,
        topics: Sequence[str | None],
        *,
        at: ArrayLike | None = None,
        words: bool = False,
        settings: Settings | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> EmbeddingClassifier:
        """Fit on tickets of the past.

        Parameters
        ----------
        inquiries : their texts.
        topics : the topic of whoever resolved each; None: none of the desk's, an example of what is out of scope.
        at : ``(tickets,)`` when each came, in seconds from any moment; None: not known.
        words : whether words and characters have a say as well (`TfidfEncoder`, `KernelHead`): better where all
            customers write the language of the history, worse for those who do not.
        settings : default: `Settings()`.
        counts : what was left out before, for the report.

        Raises
        ------
        InputError
            Where nothing can be learnt: no text, one topic, a topic with one ticket.
        MissingExtraError
            Without the extra `text`.
        """
        chosen = settings or Settings()
        encoder = SentenceEncoder()
        taught = joint_teacher([encoder], chosen) if words else teacher(lambda texts: encoder, chosen)
        return fit_classifier(cls, [taught], inquiries, topics, at=at, settings=chosen, counts=counts)


def teacher(encoder: Callable[[Sequence[str]], Encoder], settings: Settings) -> Teacher:
    """A teacher that fits an encoder to texts, then a linear head to what it says of them."""

    def teach(lesson: Lesson) -> Member:
        fitted = encoder(lesson.texts)
        features = fitted.transform(lesson.texts)
        head = Head.fit(features, lesson.column, lesson.columns, balance=settings.balance, seed=settings.seed)
        return Member(fitted, head)

    return teach


def joint_teacher(meaning: Sequence[Encoder], settings: Settings) -> Teacher:
    """A teacher that fits words to texts, then one head to words and meaning; encoders of meaning learn nothing."""
    read = Meanings(meaning)

    def teach(lesson: Lesson) -> Member:
        words = TfidfEncoder.fit(lesson.texts)
        features = Joint(read(lesson.texts), words.transform(lesson.texts))
        head = KernelHead.fit(features, lesson.column, lesson.columns, balance=settings.balance, seed=settings.seed)
        return Member(JointEncoder(tuple(meaning), words), head)

    return teach
