"""`Constraint`: what a rule must offer, and `ModelArcs`, what it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.formulations.arcs import Arcs, Situation
from deskmatch.formulations.attention import Attention
from deskmatch.formulations.constraints.rows import Rows
from deskmatch.frozen import read_only

__all__ = ["Constraint", "ModelArcs", "as_constraint", "as_constraints"]


class ModelArcs(Arcs):
    """All arcs of an epoch's problem, as constraints see them; nothing in it may be written to.

    Parameters
    ----------
    situation : the epoch.
    ticket, expert : ``(arcs,)`` rows, sorted by ticket, then expert.
    room : ``(experts, channels)`` new tickets that each expert could take on each channel.
    capacity : ``(experts,)`` new tickets that each expert could take in total.
    attention : what tickets take of their experts, where channels have a usage; None where only tickets count.
    """

    __slots__ = ("attention", "capacity", "room")

    def __init__(
        self,
        situation: Situation,
        ticket: NDArray[np.int32],
        expert: NDArray[np.int32],
        *,
        room: NDArray[np.int32],
        capacity: NDArray[np.int32],
        attention: Attention | None = None,
    ) -> None:
        super().__init__(situation, read_only(ticket), read_only(expert))
        self.attention = attention
        self.room = read_only(room)
        self.capacity = read_only(capacity)

    @property
    def channel(self) -> NDArray[np.int32]:
        """``(arcs,)`` the code of each arc's channel."""
        return self.epoch.tickets.channel.take(self.ticket)

    def of(self, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> ModelArcs:
        """Other arcs of the same epoch."""
        return ModelArcs(
            self.situation, ticket, expert, room=self.room, capacity=self.capacity, attention=self.attention
        )


@runtime_checkable
class Constraint(Protocol):
    """A rule over the assignments of one epoch. The first paragraph of the class's docstring is its formula.

    Attributes
    ----------
    name : its name in plans and messages.
    penalty : points for each unit by which a row is missed, ≥ 0; None: the rule is hard.
    """

    @property
    def name(self) -> str: ...

    @property
    def penalty(self) -> float | None: ...

    def rows(self, arcs: ModelArcs) -> Rows:
        """What the rule says of these arcs; depends on nothing else, and always answers alike."""
        ...


def as_constraints(given: object) -> tuple[Constraint, ...]:
    """Several constraints as they are.

    Raises
    ------
    ContractError
        Where they are not several, or one of them is none.
    """
    if isinstance(given, Constraint | str | Mapping) or not isinstance(given, Iterable):
        raise ContractError(f"constraints: found {given!r}; expected several, such as [Reserve(slots=2)]")
    return tuple(as_constraint(one) for one in given)


def as_constraint(given: object) -> Constraint:
    """A constraint as it is.

    Raises
    ------
    ContractError
        Says what a constraint needs, and what is missing or wrong.
    """
    if isinstance(given, type):
        raise ContractError(f"constraint: found the class {given.__name__}; expected one of its objects")
    missing = [name for name in ("name", "penalty", "rows") if not hasattr(given, name)]
    if not isinstance(given, Constraint):
        raise ContractError(
            f"constraint: found {given!r}; expected an object with name, penalty and rows(arcs)"
            f" (missing: {', '.join(missing)})"
        )
    name: object = given.name
    penalty: object = given.penalty
    if not (isinstance(name, str) and name):
        raise ContractError(f"constraint {given!r}: found the name {name!r}; expected a text that is not empty")
    is_number = isinstance(penalty, Real) and not isinstance(penalty, bool)
    if penalty is not None and not (is_number and 0 <= float(given.penalty or 0.0) < np.inf):
        raise ContractError(f"constraint {name!r}: found the penalty {penalty!r}; expected points ≥ 0, or None: hard")
    return given
