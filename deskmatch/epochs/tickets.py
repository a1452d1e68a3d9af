"""`Tickets`: who is waiting now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.epochs.desk import Desk
from deskmatch.errors import Defect
from deskmatch.frozen import Frozen

__all__ = ["MOST_IMPORTANT", "Tickets"]

MOST_IMPORTANT = 1e6
"""More would drown every other ticket in rounding: points are sums of float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Tickets(Frozen):
    """The waiting tickets, as codes of the desk's vocabularies.

    Topics, required tags and excluded experts are ragged and stored as CSR: the entries of ticket i are
    ``x[x_ptr[i]:x_ptr[i + 1]]``. A known topic is one entry with probability 1. Scalars are spread over all
    tickets.

    Parameters
    ----------
    ids : the tickets, in the order of every ``(tickets,)`` array.
    channel, language : ``(tickets,)`` codes; −1: nobody at the desk has it.
    topic : ``(entries,)`` topic codes; −1: nobody at the desk has named it.
    topic_ptr : ``(tickets + 1,)``; default: one topic a ticket.
    topic_probability : ``(entries,)`` in (0, 1], sum at most 1 per ticket; the rest is an unknown topic.
    tier : ``(tickets,)`` the lowest tier that may serve the ticket, ≥ 1.
    waited_s : ``(tickets,)`` seconds waited so far, ≥ 0.
    due_s : ``(tickets,)`` seconds to the promised time, negative when late; nan: none promised.
    promised_wait_s : ``(tickets,)`` the wait that the customer was told; nan: none.
    importance : ``(tickets,)`` > 0 and at most `MOST_IMPORTANT`.
    patience_s : ``(tickets,)`` expected patience, > 0; nan: unknown.
    requires, requires_ptr : tags of which an expert must hold all; −1: a tag that nobody holds.
    preferred : ``(tickets,)`` rows of experts, −1: none.
    excluded, excluded_ptr : rows of experts who must not get the ticket.
    offered_to : ``(tickets,)`` row of the expert to whom the ticket is offered already, −1: nobody.
    customer_id : one text a ticket, None: unknown; or None altogether.
    features : further columns, each ``(tickets,)``, kept for predictors.
    """

    ids: tuple[str, ...]
    channel: NDArray[np.int32]
    language: NDArray[np.int32]
    topic: NDArray[np.int32]
    topic_ptr: NDArray[np.int32] = None  # type: ignore[assignment]
    topic_probability: NDArray[np.float64] = 1.0  # type: ignore[assignment]
    tier: NDArray[np.int32] = 1  # type: ignore[assignment]
    waited_s: NDArray[np.float64] = 0.0  # type: ignore[assignment]
    due_s: NDArray[np.float64] = np.nan  # type: ignore[assignment]
    promised_wait_s: NDArray[np.float64] = np.nan  # type: ignore[assignment]
    importance: NDArray[np.float64] = 1.0  # type: ignore[assignment]
    patience_s: NDArray[np.float64] = np.nan  # type: ignore[assignment]
    requires: NDArray[np.int32] = ()  # type: ignore[assignment]
    requires_ptr: NDArray[np.int32] = 0  # type: ignore[assignment]
    preferred: NDArray[np.int32] = -1  # type: ignore[assignment]
    excluded: NDArray[np.int32] = ()  # type: ignore[assignment]
    excluded_ptr: NDArray[np.int32] = 0  # type: ignore[assignment]
    offered_to: NDArray[np.int32] = -1  # type: ignore[assignment]
    customer_id: tuple[str | None, ...] | None = None
    features: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    if TYPE_CHECKING:  # what is taken is wider than what is kept

        def __init__(
            self,
            ids: Sequence[str],
            channel: ArrayLike,
            language: ArrayLike,
            topic: ArrayLike,
            topic_ptr: ArrayLike | None = ...,
            topic_probability: ArrayLike = ...,
            tier: ArrayLike = ...,
            waited_s: ArrayLike = ...,
            due_s: ArrayLike = ...,
            promised_wait_s: ArrayLike = ...,
            importance: ArrayLike = ...,
            patience_s: ArrayLike = ...,
            requires: ArrayLike = ...,
            requires_ptr: ArrayLike = ...,
            preferred: ArrayLike = ...,
            excluded: ArrayLike = ...,
            excluded_ptr: ArrayLike = ...,
            offered_to: ArrayLike = ...,
            customer_id: tuple[str | None, ...] | None = ...,
            features: Mapping[str, NDArray[Any]] = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        ids = tuple(map(str, self.ids))
        n = len(ids)
        check = ArrayCheck("tickets")
        check.unique("ticket_id", ids)
        given: ArrayLike | None = self.topic_ptr
        ptr = np.arange(n + 1) if given is None else given
        topics, tags, off = (check.length(x) for x in (self.topic, self.requires, self.excluded))
        self._set(
            ids=ids,
            channel=check.array("channel", self.channel, np.int32, (n,)),
            language=check.array("language", self.language, np.int32, (n,)),
            topic=check.array("topic", self.topic, np.int32, (topics,)),
            topic_ptr=check.offsets("topic", ptr, n, topics),
            topic_probability=check.array("topic", self.topic_probability, np.float64, (topics,)),
            tier=check.array("tier", self.tier, np.int32, (n,)),
            waited_s=check.array("waited_s", self.waited_s, np.float64, (n,)),
            due_s=check.array("due_s", self.due_s, np.float64, (n,)),
            promised_wait_s=check.array("promised_wait_s", self.promised_wait_s, np.float64, (n,)),
            importance=check.array("importance", self.importance, np.float64, (n,)),
            patience_s=check.array("patience_s", self.patience_s, np.float64, (n,)),
            requires=check.array("requires", self.requires, np.int32, (tags,)),
            requires_ptr=check.offsets("requires", self.requires_ptr, n, tags),
            preferred=check.array("preferred_expert", self.preferred, np.int32, (n,)),
            excluded=check.array("excluded_experts", self.excluded, np.int32, (off,)),
            excluded_ptr=check.offsets("excluded_experts", self.excluded_ptr, n, off),
            offered_to=check.array("offered_to", self.offered_to, np.int32, (n,)),
            features=check.features(self.features, n),
        )
        self._check_values(check)
        check.finish()

    def _check_values(self, check: ArrayCheck) -> None:
        check.at_least("tier", self.tier, 1)
        check.at_least("waited_s", self.waited_s, 0)
        check.refuse("due_s", self.due_s, np.isinf(self.due_s), "a finite number, or nan for none")
        check.at_least("promised_wait_s", self.promised_wait_s, 0, unknown=True)
        check.at_least("importance", self.importance, 0, strict=True)
        heavy = self.importance > MOST_IMPORTANT
        check.refuse("importance", self.importance, heavy, f"at most {MOST_IMPORTANT:g}")
        check.at_least("patience_s", self.patience_s, 0, strict=True, unknown=True)
        share = self.topic_probability
        check.refuse("topic", share, ~((share > 0) & (share <= 1)), "a probability above 0 and at most 1")
        owner = np.repeat(np.arange(len(self.ids)), np.diff(self.topic_ptr))
        total = np.bincount(owner, share[: len(owner)], minlength=len(self.ids))
        check.refuse("topic", total, total > 1 + 1e-9, "probabilities that sum to at most 1")
        check.refuse("topic", np.diff(self.topic_ptr), np.diff(self.topic_ptr) < 1, "at least one topic")
        if self.customer_id is not None and len(self.customer_id) != len(self.ids):
            check.add(None, "customer_id", f"{len(self.customer_id)} values", f"expected {len(self.ids)}")

    def defects(self, desk: Desk) -> list[Defect]:
        """The codes that the desk's vocabularies and roster do not have."""
        check = ArrayCheck("tickets")
        for column, codes, size in (
            ("channel", self.channel, len(desk.channels)),
            ("language", self.language, len(desk.languages)),
            ("topic", self.topic, len(desk.topics)),
            ("requires", self.requires, len(desk.tags)),
            ("preferred_expert", self.preferred, desk.n_experts),
            ("excluded_experts", self.excluded, desk.n_experts),
            ("offered_to", self.offered_to, desk.n_experts),
        ):
            check.codes(column, codes, codes.shape, size)
        return check.defects

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Tickets({len(self.ids)} waiting)"
