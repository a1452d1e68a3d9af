"""What makes tickets alike to a desk, whoever sent them and however long they have waited."""

from __future__ import annotations

import itertools
from typing import Any

from numpy.typing import NDArray

from deskmatch.epochs import Tickets

__all__ = ["ClassKey", "keys_of"]

ClassKey = tuple[str, int, int, int, tuple[int, ...], tuple[int, ...]]
"""Queue, channel, language, tier, topics and tags: what tickets of one class have in common."""


def keys_of(tickets: Tickets) -> list[ClassKey]:
    """The class of each ticket; its queue is the feature ``queue``, or nothing."""
    queue = tickets.features.get("queue")
    names = ["" for _ in tickets.ids] if queue is None else [str(name) for name in queue]
    columns = (tickets.channel.tolist(), tickets.language.tolist(), tickets.tier.tolist())
    return list(
        zip(
            names,
            *columns,
            _slices(tickets.topic, tickets.topic_ptr),
            _slices(tickets.requires, tickets.requires_ptr),
            strict=True,
        )
    )


def _slices(values: NDArray[Any], ptr: NDArray[Any]) -> list[tuple[int, ...]]:
    flat, ends = values.tolist(), ptr.tolist()
    return [tuple(flat[begin:end]) for begin, end in itertools.pairwise(ends)]
