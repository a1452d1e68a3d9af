"""`TextClassifier`: topics by text, from encoders with linear heads, calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.prediction.model_file import SavedModel
from deskmatch.prediction.storage import Stored, part_of
from deskmatch.prediction.topics.calibration import Calibration
from deskmatch.prediction.topics.encoders import Encoder, SentenceEncoder, TfidfEncoder
from deskmatch.prediction.topics.heads import Head
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.joint_encoder import JointEncoder
from deskmatch.prediction.topics.kernel_head import KernelHead
from deskmatch.prediction.topics.preparing import Preparation
from deskmatch.prediction.topics.topic_names import names_from_file
from deskmatch.prediction.topics.topic_report import TopicReport

__all__ = ["Member", "TextClassifier", "scores_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """An encoder and its head."""

    encoder: Encoder
    head: Head | KernelHead


@dataclass(frozen=True, slots=True, eq=False)
class TextClassifier(Frozen, SavedModel):
    """P(topic | text); fitted with `TfidfClassifier.fit`, `EmbeddingClassifier.fit` and their like.

    A text without a letter or digit, and one whose likeliest topic has less than `reject_below`, belongs to no topic
    that the classifier knows: its row is 0.

    Parameters
    ----------
    topics : in the order of the columns.
    members : encoders with their heads, whose probabilities are averaged.
    calibration : how.
    preparation : what is done with a text first.
    report : what it was trained on.
    reject_below : the threshold of out-of-scope texts, 0: none is rejected.
    sure_from : from this probability on the likeliest topic is right as often as was wanted; None: never.
    has_rest : whether the heads have one more column, for what belongs to no topic.
    """

    topics: tuple[str, ...]
    members: tuple[Member, ...]
    calibration: Calibration
    preparation: Preparation
    report: TopicReport
    reject_below: float = 0.0
    sure_from: float | None = None
    has_rest: bool = False

    def probability(self, inquiries: Inquiries) -> NDArray[np.float64]:
        """``(tickets, topics)``; see `TopicClassifier`."""
        found = self.raw_probability(inquiries)
        found[found.max(axis=1, initial=0.0) < self.reject_below] = 0.0
        return found

    def raw_probability(self, inquiries: Inquiries) -> NDArray[np.float64]:
        """``(tickets, topics)`` before anything is rejected as out of scope."""
        texts = self.preparation(inquiries.text)
        written = np.array([any(map(str.isalnum, text)) for text in texts], bool)
        found = np.zeros((len(texts), len(self.topics)))
        if written.any():
            some = [text for text, has in zip(texts, written.tolist(), strict=True) if has]
            whole = self.calibration.probability(scores_of(self.members, some))
            found[written] = np.clip(whole[:, : len(self.topics)], 0.0, 1.0)
        total = found.sum(axis=1, keepdims=True)
        return np.where(total > 1, found / np.maximum(total, 1), found)  # sums rounded above 1

    def is_sure(self, probability: NDArray[np.float64]) -> NDArray[np.bool_]:
        """``(tickets,)`` whether the likeliest topic may be counted on, as often as was wanted in training."""
        likeliest = probability.max(axis=1, initial=0.0)
        return np.zeros(len(likeliest), bool) if self.sure_from is None else likeliest >= self.sure_from

    @classmethod
    def kind(cls) -> str:
        """See `SavedModel`."""
        return "TopicClassifier"

    def to_stored(self) -> Stored:
        """See `SavedModel`."""
        parts: list[dict[str, Any]] = []
        arrays: dict[str, NDArray[Any]] = {}
        for number, member in enumerate(self.members):
            header, own = member.encoder.to_header()
            parts.append(header)
            arrays |= {f"{number}.{name}": array for name, array in own.items()}
            arrays |= {f"{number}.head.{name}": array for name, array in member.head.to_arrays().items()}
        content = {
            "class": type(self).__name__,
            "topics": list(self.topics),
            "members": parts,
            "temperatures": list(self.calibration.temperatures),
            "shares": list(self.calibration.shares),
            "sharpness": self.calibration.sharpness,
            "preparation": self.preparation.to_header(),
            "report": self.report.to_header(),
            "reject_below": self.reject_below,
            "sure_from": self.sure_from,
            "has_rest": self.has_rest,
        }
        return Stored(self.kind(), self.VERSION, content, arrays)

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """See `SavedModel`; of the class that was saved."""
        return _built(stored)  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.topics)} topics, {self.report.tickets:,} tickets)"


def scores_of(members: Sequence[Member], texts: Sequence[str]) -> list[NDArray[np.float64]]:
    """``(texts, columns)`` of each head."""
    return [member.head.scores(member.encoder.transform(texts)) for member in members]


def _built(stored: Stored) -> TextClassifier:
    from deskmatch.prediction.topics.classifiers import EmbeddingClassifier, TfidfClassifier
    from deskmatch.prediction.topics.transformer import TransformerClassifier

    header = stored.header
    known = (TextClassifier, TfidfClassifier, EmbeddingClassifier, TransformerClassifier)
    classes: dict[str, type[TextClassifier]] = {one.__name__: one for one in known}
    topics = names_from_file(header["topics"])
    if not topics:
        raise ValueError("it knows no topic")
    if type(header["has_rest"]) is not bool:
        raise ValueError("its header is none of ours")
    columns = len(topics) + header["has_rest"]
    members = tuple(_member(part, part_of(stored.arrays, str(k)), columns) for k, part in enumerate(header["members"]))
    calibration = Calibration(tuple(header["temperatures"]), tuple(header["shares"]), header["sharpness"])
    if len(members) != len(calibration.shares):
        raise ValueError("its members do not fit its calibration")
    thresholds = [header["reject_below"], 0.0 if header["sure_from"] is None else header["sure_from"]]
    if any(type(value) not in (int, float) or not 0 <= value <= 1 for value in thresholds):
        raise ValueError("its thresholds are no probabilities")
    return classes[header["class"]](
        topics=topics,
        members=members,
        calibration=calibration,
        preparation=Preparation.from_header(header["preparation"]),
        report=TopicReport.from_header(header["report"]),
        reject_below=float(header["reject_below"]),
        sure_from=header["sure_from"],
        has_rest=header["has_rest"],
    )


def _member(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], columns: int) -> Member:
    own = part_of(arrays, "head")
    if header["kind"] != "joint":
        encoder, head = _encoder(header, arrays), Head.from_arrays(own, columns)
        if encoder.width != head.width:
            raise ValueError("its head does not fit its encoder")
        return Member(encoder, head)
    meaning = [_encoder(part, part_of(arrays, f"meaning{k}")) for k, part in enumerate(header["meaning"])]
    joint, bent = JointEncoder.from_header(header, arrays, meaning), KernelHead.from_arrays(own, columns)
    if (joint.meaning_width, joint.width) != (bent.landmarks.shape[1], bent.width):
        raise ValueError("its head does not fit its encoder")
    return Member(joint, bent)


def _encoder(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Encoder:
    """One that is made of no others."""
    if header["kind"] == "transformer":
        from deskmatch.prediction.topics.transformer import TransformerEncoder

        return TransformerEncoder.from_header(header, arrays)
    kinds: dict[str, Any] = {"tfidf": TfidfEncoder.from_header, "sentence": lambda header, arrays: SentenceEncoder()}
    return kinds[header["kind"]](header, arrays)  # type: ignore[no-any-return]
