"""`Policy`: what a running desk does; it is asked at its trigger, and hands back its state with its decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.epochs import Desk, Epoch
from deskmatch.frozen import Frozen, read_only
from deskmatch.ranges import Range, refuse

__all__ = ["EVERY_EVENT", "Decision", "Policy", "Trigger"]

SPAN = Range("seconds above 0, or None for every event", above=0)


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a policy is asked.

    Parameters
    ----------
    epoch_s : seconds from one epoch to the next, > 0; None: after every event that could change an answer (a ticket
        enters, an expert has room again).

    Raises
    ------
    ValueError
        If `epoch_s` is not a finite number above 0.
    """

    epoch_s: float | None = None

    def __post_init__(self) -> None:
        if self.epoch_s is not None:
            refuse(SPAN.problems({"epoch_s": self.epoch_s}))


EVERY_EVENT = Trigger()


@dataclass(frozen=True, slots=True, eq=False)
class Decision(Frozen):
    """Who gets whom now; all other tickets go on waiting.

    Parameters
    ----------
    ticket, expert : ``(pairs,)`` rows of the epoch's tickets and of the desk's experts; each ticket once.

    Examples
    --------
    >>> Decision(ticket=[0, 2], expert=[1, 1])
    Decision(2 pairs)
    """

    ticket: NDArray[np.int32]
    expert: NDArray[np.int32]

    def __init__(self, ticket: ArrayLike = (), expert: ArrayLike = ()) -> None:
        pairs = [read_only(np.atleast_1d(np.asarray(rows)), np.int32) for rows in (ticket, expert)]
        if pairs[0].shape != pairs[1].shape or pairs[0].ndim != 1:
            raise ValueError(
                f"ticket and expert: found shapes {pairs[0].shape} and {pairs[1].shape}; expected one row each"
            )
        self._set(ticket=pairs[0], expert=pairs[1])

    def __len__(self) -> int:
        return len(self.ticket)

    def __repr__(self) -> str:
        return f"Decision({len(self)} pair{'' if len(self) == 1 else 's'})"


@runtime_checkable
class Policy(Protocol):
    """What a desk does with its waiting tickets.

    A policy holds parameters only: whatever it remembers is a state that it is given and hands back, so that a run can
    be branched and repeated. Run `deskmatch.policies.check_policy` on one of your own.

    Attributes
    ----------
    trigger : when it is asked.
    """

    @property
    def trigger(self) -> Trigger: ...

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> Any:
        """What the policy remembers before anything has happened.

        Parameters
        ----------
        desk : the experts.
        forecast : what is expected to arrive; None: nothing is known.
        rng : where its random choices come from; a state that draws keeps it.
        """
        ...

    def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
        """Who gets whom at this epoch.

        Parameters
        ----------
        epoch : who waits, first come first, and what the experts are doing; not changed.
        state : what `initial_state`, or the last decision, gave back; not changed.
        """
        ...
