"""`Desk`: the experts and what they can do; static between epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.epochs.vocabulary import Vocabulary
from deskmatch.frozen import Frozen, read_only

__all__ = ["Desk"]


@dataclass(frozen=True, slots=True, eq=False)
class Desk(Frozen):
    """Experts with their channels, languages, topics, tiers and tags.

    An embedding service makes one `Desk` when the roster changes, and an `Epoch` from arrays each time it
    routes.

    Parameters
    ----------
    expert_ids : the experts, in the order of every ``(experts,)`` array.
    channels, languages, topics, tags : the vocabularies, whose codes index the columns below.
    channel_limit : ``(experts, channels)`` the most tickets at once, 0: does not work the channel.
    speaks : ``(experts, languages)`` true where the expert speaks the language.
    proficiency : ``(experts, topics)`` in [0, 1], nan: does not know the topic.
    general_proficiency : ``(experts,)`` proficiency on every topic that has no column, nan: none known.
    tier : ``(experts,)`` ≥ 1; 1 is the first line.
    has : ``(experts, tags)`` true where the expert holds the tag.
    features : further columns, each ``(experts,)``, kept for predictors.

    Raises
    ------
    InputError
        Lists every array entry that is out of range.

    Examples
    --------
    >>> desk = Desk(
    ...     expert_ids=("ana", "bo"),
    ...     channels=Vocabulary(("chat",)),
    ...     languages=Vocabulary(("en", "de")),
    ...     topics=Vocabulary(("billing",)),
    ...     channel_limit=[[3], [2]],
    ...     speaks=[[True, True], [True, False]],
    ...     proficiency=[[0.9], [np.nan]],
    ... )
    >>> desk
    Desk(2 experts, 1 channel, 2 languages, 1 topic)
    """

    expert_ids: tuple[str, ...]
    channels: Vocabulary
    languages: Vocabulary
    topics: Vocabulary
    channel_limit: NDArray[np.int32]
    speaks: NDArray[np.bool_]
    proficiency: NDArray[np.float64]
    general_proficiency: NDArray[np.float64] = np.nan  # type: ignore[assignment]
    tier: NDArray[np.int32] = 1  # type: ignore[assignment]
    tags: Vocabulary = Vocabulary(())  # noqa: RUF009 (frozen)
    has: NDArray[np.bool_] = False  # type: ignore[assignment]
    features: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    _index: dict[str, int] = field(init=False, repr=False)
    _by_topic: NDArray[np.float64] = field(init=False, repr=False)
    """``(topics + 1, experts)`` proficiency, the general one last, so that the topic −1 finds it."""

    if TYPE_CHECKING:  # what is taken is wider than what is kept

        def __init__(
            self,
            expert_ids: Sequence[str],
            channels: Vocabulary,
            languages: Vocabulary,
            topics: Vocabulary,
            channel_limit: ArrayLike,
            speaks: ArrayLike,
            proficiency: ArrayLike,
            general_proficiency: ArrayLike = ...,
            tier: ArrayLike = ...,
            tags: Vocabulary = ...,
            has: ArrayLike = ...,
            features: Mapping[str, NDArray[Any]] = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        ids = tuple(map(str, self.expert_ids))
        n = len(ids)
        check = ArrayCheck("experts")
        check.unique("expert_id", ids)
        self._set(
            expert_ids=ids,
            channel_limit=check.array("channels", self.channel_limit, np.int32, (n, len(self.channels))),
            speaks=check.array("languages", self.speaks, np.bool_, (n, len(self.languages))),
            proficiency=check.array("topics", self.proficiency, np.float64, (n, len(self.topics))),
            general_proficiency=check.array("topics", self.general_proficiency, np.float64, (n,)),
            tier=check.array("tier", self.tier, np.int32, (n,)),
            has=check.array("has", self.has, np.bool_, (n, len(self.tags))),
            features=check.features(self.features, n),
            _index={expert: row for row, expert in enumerate(ids)},
        )
        self._set(_by_topic=read_only(np.vstack((self.proficiency.T, self.general_proficiency[None, :]))))
        check.at_least("channels", self.channel_limit, 0)
        check.share("topics", self.proficiency, unknown=True)
        check.share("topics", self.general_proficiency, unknown=True)
        check.at_least("tier", self.tier, 1)
        check.finish()

    @property
    def n_experts(self) -> int:
        """Number of experts."""
        return len(self.expert_ids)

    def index_of(self, expert_id: str) -> int:
        """Row of an expert.

        Parameters
        ----------
        expert_id : compared exactly, upper and lower case included.

        Returns
        -------
        The row in every ``(experts,)`` array, from 0; −1 where the desk has no such expert.
        """
        return self._index.get(expert_id, -1)

    def equals(self, other: Desk) -> bool:
        """Whether another desk has the same experts and skills (features aside), such as an unpickled copy."""
        if other is self:
            return True
        names = ("expert_ids", "channels", "languages", "topics", "tags")
        arrays = ("channel_limit", "speaks", "proficiency", "general_proficiency", "tier", "has")
        return all(tuple(getattr(self, name)) == tuple(getattr(other, name)) for name in names) and all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=name.endswith("proficiency"))
            for name in arrays
        )

    def known(self, expert: NDArray[np.int32], topic: NDArray[np.int32]) -> NDArray[np.float64]:
        """Proficiency of experts on topics, element by element; nan: the expert does not know the topic.

        Parameters
        ----------
        expert : ``(k,)`` rows.
        topic : ``(k,)`` codes; −1 (a topic outside the vocabulary) takes the general proficiency.
        """
        row = np.where(topic < 0, np.int64(len(self.topics)), topic)
        return self._by_topic.take(row * self.n_experts + expert)

    def __repr__(self) -> str:
        counts = (
            (self.n_experts, "expert"),
            (len(self.channels), "channel"),
            (len(self.languages), "language"),
        )
        parts = [f"{k} {word}{'' if k == 1 else 's'}" for k, word in (*counts, (len(self.topics), "topic"))]
        return f"Desk({', '.join(parts)})"
