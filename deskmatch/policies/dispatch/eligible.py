"""Who may serve a ticket by the rules of the desk: set algebra on one class of tickets, as masks over the experts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk

__all__ = ["eligible_experts", "flexibility_of"]


def eligible_experts(
    desk: Desk,
    *,
    channel: int,
    language: int,
    topics: Iterable[int] | None,
    tier: int = 1,
    tags: Iterable[int] = (),
) -> NDArray[np.bool_]:
    """``(experts,)`` true where the expert may serve such a ticket, whoever is free.

    Parameters
    ----------
    desk : the experts.
    channel, language : codes; −1: nobody has it.
    topics : codes of which the expert must know one; −1: a topic outside the vocabulary, for those who know all.
        None: any topic will do.
    tier : the lowest tier that may serve it.
    tags : codes of which the expert must hold all; −1: nobody does.

    Examples
    --------
    >>> from deskmatch.epochs import Vocabulary
    >>> desk = Desk(
    ...     expert_ids=("ana", "bo"), channels=Vocabulary(("chat",)), languages=Vocabulary(("en", "de")),
    ...     topics=Vocabulary(("billing",)), channel_limit=1, speaks=[[1, 1], [1, 0]], proficiency=[[0.9], [np.nan]],
    ... )
    >>> eligible_experts(desk, channel=0, language=0, topics=(0,)).tolist()
    [True, False]
    """
    if channel < 0 or language < 0 or any(tag < 0 for tag in tags):
        return np.zeros(desk.n_experts, bool)
    mask = (desk.channel_limit[:, channel] > 0) & desk.speaks[:, language] & (desk.tier >= tier)
    for tag in tags:
        mask &= desk.has[:, tag]
    if topics is None:
        return np.asarray(mask)
    known = np.zeros(desk.n_experts, bool)
    for topic in topics:
        known |= ~np.isnan(desk.general_proficiency if topic < 0 else desk.proficiency[:, topic])
    return np.asarray(mask & known)


def flexibility_of(desk: Desk) -> NDArray[np.int64]:
    """``(experts,)`` how flexible each expert is: channels worked × languages spoken × topics known."""
    channels, topics = (desk.channel_limit > 0).sum(axis=1), (~np.isnan(desk.proficiency)).sum(axis=1)
    return np.asarray(channels * desk.speaks.sum(axis=1) * topics, np.int64)
