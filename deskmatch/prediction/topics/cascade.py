"""`Cascade`: the model where it is sure, else keywords, else the category, else a general queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import Defect, InputError
from deskmatch.frozen import Frozen
from deskmatch.prediction.model_file import SavedModel, model_inside
from deskmatch.prediction.storage import Stored, inside
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.protocol import TopicClassifier

__all__ = ["Cascade", "Step"]

TABLE = "cascade"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One classifier of a cascade.

    Parameters
    ----------
    name : what it is called where the cascade says who answered.
    classifier : the classifier.
    threshold : it answers where its likeliest topic has at least this probability, above 0.
    """

    name: str
    classifier: TopicClassifier
    threshold: float


@dataclass(frozen=True, slots=True, eq=False)
class Cascade(Frozen, SavedModel):
    """The first step that is sure enough answers, with all of its probabilities.

    Parameters
    ----------
    steps : in the order in which they are asked; ``(name, classifier, threshold)`` is taken as a `Step`.
    general : the topic of the general queue, which gets what no step is sure about, and what the step that answers
        leaves to an unknown topic; None: that stays unknown.

    Raises
    ------
    InputError
        Where there is no step, a name stands twice, or a threshold is no probability above 0.

    Examples
    --------
    >>> from deskmatch.prediction.topics import CategoryRules, KeywordRules
    >>> cascade = Cascade(
    ...     [("keywords", KeywordRules([("billing", "invoice", 3.0)]), 0.5),
    ...      ("category", CategoryRules({"Website": "seo"}), 0.5)],
    ...     general="front desk",
    ... )
    >>> asked = Inquiries(["my invoice", "it is slow", "hello"], category=["Website", "Website", None])
    >>> cascade.topics
    ('billing', 'seo', 'front desk')
    >>> cascade.probability(asked).tolist()
    [[0.75, 0.0, 0.25], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> cascade.answered_by(asked)
    ('keywords', 'category', 'general')
    """

    steps: tuple[Step, ...]
    general: str | None = None
    topics: tuple[str, ...] = ()

    def __init__(
        self, steps: Iterable[Step | tuple[str, TopicClassifier, float]], *, general: str | None = None
    ) -> None:
        parts = tuple(step if isinstance(step, Step) else Step(*step) for step in steps)
        _check(parts)
        names = dict.fromkeys(topic for step in parts for topic in step.classifier.topics)
        if general is not None:
            names.setdefault(general)
        self._set(steps=parts, general=general, topics=tuple(names))

    def probability(self, inquiries: Inquiries) -> NDArray[np.float64]:
        """``(tickets, topics)``; see `TopicClassifier`."""
        return self.answer(inquiries)[0]

    def answered_by(self, inquiries: Inquiries) -> tuple[str, ...]:
        """The name of the step that answered for each ticket; ``general``: none."""
        names = (*(step.name for step in self.steps), "general")
        return tuple(names[step] for step in self.answer(inquiries)[1].tolist())

    def answer(self, inquiries: Inquiries) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Probabilities ``(tickets, topics)``, and the position of the step that answered, ``len(steps)``: none."""
        column = {topic: k for k, topic in enumerate(self.topics)}
        whole = np.zeros((len(inquiries), len(self.topics)))
        by = np.full(len(inquiries), len(self.steps), np.intp)
        left = np.arange(len(inquiries))
        for position, step in enumerate(self.steps):
            if not len(left):
                break
            found = step.classifier.probability(inquiries.rows(left.tolist()))
            sure = found.max(axis=1, initial=0.0) >= step.threshold
            columns = [column[topic] for topic in step.classifier.topics]
            whole[np.ix_(left[sure], columns)] = found[sure]
            by[left[sure]] = position
            left = left[~sure]
        if self.general is not None:
            whole[:, column[self.general]] += np.maximum(0.0, 1.0 - whole.sum(axis=1))
        return np.clip(whole, 0.0, 1.0), by

    def to_stored(self) -> Stored:
        """See `SavedModel`; all steps are in one file.

        Raises
        ------
        InputError
            Names the steps whose classifier is none that can be saved.
        """
        arrays: dict[str, NDArray[Any]] = {}
        steps, defects = [], []
        for number, step in enumerate(self.steps):
            if not isinstance(step.classifier, SavedModel):
                found = type(step.classifier).__name__
                defects.append(Defect(TABLE, None, step.name, found, "expected a classifier with save(…)"))
                continue
            header, own = inside(f"{number}", step.classifier.to_stored())
            steps.append({"name": step.name, "threshold": step.threshold, "classifier": header})
            arrays |= own
        if defects:
            raise InputError(defects)
        return Stored(self.kind(), self.VERSION, {"steps": steps, "general": self.general}, arrays)

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """See `SavedModel`."""
        from deskmatch.prediction.topics.loading import CLASSIFIERS

        general, steps = stored.header["general"], []
        for number, each in enumerate(stored.header["steps"]):
            if type(each["name"]) is not str or type(each["threshold"]) not in (int, float):
                raise ValueError("its steps are none of ours")
            classifier = model_inside(f"{number}", stored, each["classifier"], CLASSIFIERS)
            steps.append(Step(each["name"], classifier, float(each["threshold"])))
        if general is not None and (type(general) is not str or not general):
            raise ValueError("its general queue is no name")
        return cls(steps, general=general)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.steps, self.general)

    def __repr__(self) -> str:
        return f"Cascade({' → '.join([*(step.name for step in self.steps), self.general or 'unknown'])})"


def _rebuilt(steps: tuple[Step, ...], general: str | None) -> Cascade:
    return Cascade(steps, general=general)


def _check(steps: tuple[Step, ...]) -> None:
    names = [step.name for step in steps]
    defects = [] if steps else [Defect(TABLE, None, "steps", "none", "expected at least one")]
    for step in steps:
        if not 0 < step.threshold <= 1:
            accepted = "expected a probability above 0 and at most 1"
            defects.append(Defect(TABLE, None, step.name, f"threshold {step.threshold!r}", accepted))
        if not isinstance(step.classifier, TopicClassifier):
            found = type(step.classifier).__name__
            defects.append(Defect(TABLE, None, step.name, found, "expected a TopicClassifier"))
        if names.count(step.name) > 1 or step.name == "general":
            defects.append(Defect(TABLE, None, step.name, "this name", "expected each name once, none 'general'"))
    if defects:
        raise InputError(defects)
