"""What a model says of the tickets of a history, each with the expert who had it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
from deskmatch.prediction.experts import group_of_experts
from deskmatch.prediction.history import History
from deskmatch.prediction.protocol import ResolutionModel

__all__ = ["epoch_of", "probability_of"]


def probability_of(model: ResolutionModel, history: History) -> NDArray[np.float64]:
    """``(rows,)`` probabilities.

    A model with a method ``probability_of(history)`` is asked by it: it may use the time and the expert's load of every
    row. Any other is asked about one epoch in which all tickets wait and all experts are idle (`epoch_of`).
    """
    own = getattr(model, "probability_of", None)
    if own is not None:
        return np.asarray(own(history), np.float64)
    rows = np.arange(len(history), dtype=np.int32)
    return model.probability(
        epoch_of(history), ticket=rows, expert=history.expert.astype(np.int32), topic=history.topic.astype(np.int32)
    )


def epoch_of(history: History) -> Epoch:
    """The tickets of a history as one epoch, with their features; all experts know all topics and are idle."""
    experts, rows = len(history.expert_ids), len(history)
    group = group_of_experts(history)
    groups = np.array([*history.groups, None], object)[group]
    desk = Desk(
        expert_ids=history.expert_ids,
        channels=Vocabulary(("ticket",)),
        languages=Vocabulary(("any",)),
        topics=Vocabulary(history.topics),
        channel_limit=1,
        speaks=True,
        proficiency=np.ones((experts, len(history.topics))),
        features={"group": groups} if history.groups else {},
    )
    features: dict[str, Any] = dict(history.features)
    tickets = Tickets(
        ids=history.ticket_ids or tuple(f"row {row}" for row in range(rows)),
        channel=np.zeros(rows, np.int32),
        language=np.zeros(rows, np.int32),
        topic=history.topic.astype(np.int32),
        features=features,
    )
    return Epoch(desk, tickets)
