"""`Outlook`: what the future makes of an assignment: prices of arcs, values of waiting, places in line elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deskmatch.frozen import Frozen
from deskmatch.policies.lookahead.pools import Now, Pools

__all__ = ["Offer", "Outlook"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Offer(Frozen):
    """What an outlook says of an epoch, in points.

    Parameters
    ----------
    price : ``(arcs,)`` what the expert's time is worth otherwise.
    hold : ``(tickets,)`` what a ticket is worth that goes on waiting, against losing it.
    line_ticket, line_place, line_value : ``(entries,)`` a ticket can instead be held for one of several places in line,
        each for one ticket; its value replaces `hold`.
    places : how many places there are.
    """

    price: Floats
    hold: Floats
    line_ticket: Integers
    line_place: Integers
    line_value: Floats
    places: int = 0


@runtime_checkable
class Outlook(Protocol):
    """How a look-ahead values time.

    Attributes
    ----------
    looks_at_queues : whether a plan depends on who waits, so that it is made anew every `LookAhead.replan_s` seconds.
    few_at_once : whether pairs of several groups or classes that are made together change each other's worth, so that
        the best of a plan are made first, and the offer is asked again for the others.
    """

    looks_at_queues: ClassVar[bool]
    few_at_once: ClassVar[bool]

    def plan(self, pools: Pools, rates: Floats, size: Integers, waiting: Floats | None = None) -> Any:
        """What holds for some minutes.

        Parameters
        ----------
        pools : the desk.
        rates : ``(classes,)`` tickets a second that are expected.
        size : ``(groups,)`` slots of those at work.
        waiting : ``(classes,)`` tickets that wait now; None: none.
        """
        ...

    def offer(self, plan: Any, now: Now) -> Offer:
        """What the plan says of an epoch."""
        ...
