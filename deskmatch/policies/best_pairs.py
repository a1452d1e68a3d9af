"""`Greedy`: the best pair by the objective's points, then the next best: what desks ship before they optimise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deskmatch.epochs import Desk, Epoch
from deskmatch.formulations import BoundFormulation, Formulation
from deskmatch.heuristics import greedy
from deskmatch.policies.protocol import Decision, Trigger

__all__ = ["Greedy"]


@dataclass(frozen=True, slots=True, eq=False)
class Greedy:
    """After every event the pair with the most points, by the same objective as a `Matching`, as long as there is one.

    Each choice can be read off the table of points, and nobody is ever held back for somebody else.

    Parameters
    ----------
    formulation : what gives points.
    epoch_s : seconds between epochs, > 0; None: after every event.
    name : for tables and pictures.

    Raises
    ------
    ValueError
        On an `epoch_s` that is not above 0.

    Examples
    --------
    >>> Greedy().trigger
    Trigger(epoch_s=None)
    """

    formulation: Formulation = field(default_factory=Formulation)
    epoch_s: float | None = None
    name: str = "greedy"

    def __post_init__(self) -> None:
        Trigger(self.epoch_s)

    @property
    def trigger(self) -> Trigger:
        """After every event, or every `epoch_s` seconds."""
        return Trigger(self.epoch_s)

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> BoundFormulation:
        """The formulation bound to the desk."""
        return self.formulation.bind(desk)

    def decide(self, epoch: Epoch, state: BoundFormulation) -> tuple[Decision, BoundFormulation]:
        """The pairs in the order of their points."""
        solution = greedy(state.build(epoch).problem)
        ticket = np.flatnonzero(solution.expert_of >= 0)
        return Decision(ticket=ticket, expert=solution.expert_of[ticket]), state
