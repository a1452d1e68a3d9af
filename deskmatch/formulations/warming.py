"""`warm_up`: everything that the first decision of a process would have to load, before it is made."""

from __future__ import annotations

import numpy as np

from deskmatch import compiled
from deskmatch.epochs import Desk, Epoch, Tickets, Vocabulary
from deskmatch.formulations.constraints import TierQuota
from deskmatch.formulations.formulation import Formulation

__all__ = ["warm_up"]

ENOUGH_S = 0.5


def warm_up() -> list[str]:
    """Compile every kernel of deskmatch now, or load it from the cache, and import what decisions need.

    For services and container images, before the first decision: a small epoch is decided, with a rule and without one.

    Returns
    -------
    The names of the kernels; empty where compilation is switched off.
    """
    names = compiled.warm_up()
    epoch = _small_epoch()
    for rules in ((), (TierQuota(tier=2, share=0.5),)):
        Formulation.of(constraints=rules).bind(epoch.desk).assign(epoch, deadline_s=ENOUGH_S)
    return names


def _small_epoch() -> Epoch:
    """Two tickets and two experts."""
    desk = Desk(
        expert_ids=("a", "b"),
        channels=Vocabulary(("chat",)),
        languages=Vocabulary(("en",)),
        topics=Vocabulary(("any",)),
        channel_limit=2,
        speaks=True,
        proficiency=np.array([[0.9], [0.6]]),
        tier=np.array([1, 2]),
    )
    none = np.zeros(2, dtype=np.int32)
    return Epoch(desk, Tickets(ids=("s", "t"), channel=none, language=none, topic=none))
