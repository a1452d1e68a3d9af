"""`CategoryRules`: the topic is what the category says that the customer picked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs.cells import fold
from deskmatch.errors import Defect, InputError
from deskmatch.frozen import Frozen
from deskmatch.prediction.model_file import SavedModel
from deskmatch.prediction.storage import Stored
from deskmatch.prediction.topics.inquiries import Inquiries
from deskmatch.prediction.topics.topic_names import names_from_file

__all__ = ["CategoryRules"]


@dataclass(frozen=True, slots=True, eq=False)
class CategoryRules(Frozen, SavedModel):
    """Topics by category: what most desks begin with.

    A category that the rules do not name, or none, says nothing: the whole row is 0, and the topic unknown.
    Categories are compared without upper and lower case.

    Parameters
    ----------
    rules : for each category its topic, or topics with probabilities that sum to at most 1.
    topics : all topics in the order of the columns; default: those that the rules name, sorted.

    Raises
    ------
    InputError
        Lists every rule that names no topic or whose probabilities are none.

    Examples
    --------
    >>> rules = CategoryRules({"Invoices": "billing", "Website": {"seo": 0.6, "domains": 0.4}})
    >>> rules.topics
    ('billing', 'domains', 'seo')
    >>> rules.probability(Inquiries(["", "", ""], category=["website", "invoices", "other"])).tolist()
    [[0.0, 0.4, 0.6], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """

    rules: Mapping[str, Mapping[str, float]]
    topics: tuple[str, ...] = ()
    _row: dict[str, NDArray[np.float64]] = field(init=False, repr=False)

    def __init__(self, rules: Mapping[str, str | Mapping[str, float]], topics: Iterable[str] | None = None) -> None:
        full = {name: {rule: 1.0} if isinstance(rule, str) else dict(rule) for name, rule in rules.items()}
        named = {topic for rule in full.values() for topic in rule}
        order = tuple(sorted(named)) if topics is None else tuple(topics)
        self._set(rules=full, topics=order)
        self._check(named)
        column = {topic: k for k, topic in enumerate(order)}
        rows = {}
        for name, rule in full.items():
            row = np.zeros(len(order))
            for topic, share in rule.items():
                row[column[topic]] = share
            rows[fold(name.strip())] = row
        self._set(_row=rows)

    def _check(self, named: set[str]) -> None:
        table = "category rules"
        defects = [
            Defect(table, None, name, repr(dict(rule)), "expected a topic, or topics with probabilities up to 1 in all")
            for name, rule in self.rules.items()
            if not rule or not all(0 < share <= 1 for share in rule.values()) or sum(rule.values()) > 1 + 1e-9
        ]
        defects += [
            Defect(table, None, "topics", repr(topic), f"expected one of {', '.join(self.topics)}")
            for topic in sorted(named - set(self.topics))
        ]
        if defects:
            raise InputError(defects)

    @classmethod
    def fit(
        cls, category: Iterable[str | None], topic: Iterable[str], *, least: int = 5, prior: float = 5.0
    ) -> CategoryRules:
        """The shares of topics that each category really had: customers pick wrong ones.

        With n_t tickets of topic t among the n of a category, and the share s_t of all tickets,
        ``P(t) = (n_t + prior · s_t) / (n + prior)``: what was never seen is not impossible.

        Parameters
        ----------
        category, topic : one a ticket: what was picked, and the topic of whoever resolved it.
        least : tickets below which a category says nothing.
        prior : how many tickets the shares of all tickets count as, ≥ 0.

        Raises
        ------
        InputError
            Where no category has so many tickets.
        """
        counts: dict[str, Counter[str]] = {}
        topic = list(topic)
        share = {name: n / len(topic) for name, n in sorted(Counter(topic).items())}
        for name, found in zip(category, topic, strict=True):
            if name is not None and name.strip():
                counts.setdefault(name.strip(), Counter())[found] += 1
        kept = {name: of for name, of in counts.items() if of.total() >= least}
        if not kept:
            accepted = f"expected a category with at least {least} tickets"
            raise InputError([Defect("history", None, "category", f"{len(counts)} categories", accepted)])
        rules = {
            name: {t: p for t, s in share.items() if (p := (of[t] + prior * s) / (of.total() + prior)) > 0}
            for name, of in sorted(kept.items())
        }
        return cls(rules)

    def probability(self, inquiries: Inquiries) -> NDArray[np.float64]:
        """``(tickets, topics)``; see `TopicClassifier`."""
        nothing = np.zeros(len(self.topics))
        picked = inquiries.category or (None,) * len(inquiries)
        rows = [nothing if name is None else self._row.get(fold(name), nothing) for name in picked]
        return np.array(rows, np.float64).reshape(len(inquiries), len(self.topics))

    def to_stored(self) -> Stored:
        """See `SavedModel`."""
        rules = {name: dict(rule) for name, rule in self.rules.items()}
        return Stored(self.kind(), self.VERSION, {"rules": rules, "topics": list(self.topics)}, {})

    @classmethod
    def from_stored(cls, stored: Stored) -> Self:
        """See `SavedModel`."""
        rules = stored.header["rules"]
        shares = [share for rule in rules.values() for share in rule.values()]
        if any(type(share) not in (int, float) for share in shares):
            raise ValueError("its rules have no probabilities")
        return cls(rules, names_from_file(stored.header["topics"]))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.rules, self.topics)

    def __repr__(self) -> str:
        return f"CategoryRules({len(self.rules)} categories, {len(self.topics)} topics)"
