"""`Proficiency`: the desk's own numbers, taken as probabilities of resolution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch

__all__ = ["Proficiency"]


@dataclass(frozen=True, slots=True)
class Proficiency:
    """P(resolved at first contact) = the expert's proficiency on the topic, 0 where he does not know it.

    What a desk has before it has a history; an unknown topic (−1) takes the expert's general proficiency.

    Examples
    --------
    >>> from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
    >>> desk = Desk(
    ...     expert_ids=("ana", "bo"), channels=Vocabulary(("chat",)), languages=Vocabulary(("en",)),
    ...     topics=Vocabulary(("billing",)), channel_limit=1, speaks=True, proficiency=[[0.9], [np.nan]],
    ... )
    >>> epoch = Epoch(desk, Tickets(ids=("t",), channel=[0], language=[0], topic=[0]))
    >>> arcs = [np.array(x, np.int32) for x in ([0, 0], [0, 1], [0, 0])]
    >>> Proficiency().probability(epoch, ticket=arcs[0], expert=arcs[1], topic=arcs[2]).tolist()
    [0.9, 0.0]
    """

    def probability(
        self, epoch: Epoch, *, ticket: NDArray[np.int32], expert: NDArray[np.int32], topic: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """``(k,)`` probabilities in [0, 1]; see `ResolutionModel`."""
        known = epoch.desk.known(expert, topic)
        return np.where(np.isnan(known), 0.0, known)
