"""`Matching`: the library's own optimal assignment at every epoch, as a policy without clocks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deskmatch.epochs import Desk, Epoch
from deskmatch.errors import BackendError
from deskmatch.formulations import BoundFormulation, Formulation
from deskmatch.heuristics import greedy
from deskmatch.policies.protocol import Decision, Trigger
from deskmatch.solver import backend_names, solve

__all__ = ["Matching"]


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Build the epoch's problem, solve it, and assign what the optimum says.

    Parameters
    ----------
    formulation : what is maximised.
    epoch_s : seconds between epochs, > 0; None: the routing's own.
    method : of the solver; named, since ``"auto"`` chooses by what happens to be compiled, and records would depend on
        it. The default waits for the compiler once. ``"greedy"`` is fast and near the optimum.
    name : for tables and pictures.

    Raises
    ------
    BackendError
        On a method that is not known, or not the same on every machine.
    ValueError
        On an `epoch_s` that is not above 0.

    Examples
    --------
    >>> Matching().trigger
    Trigger(epoch_s=5.0)
    """

    formulation: Formulation = field(default_factory=Formulation)
    epoch_s: float | None = None
    method: str = "kernel"
    name: str = "matching"

    def __post_init__(self) -> None:
        if self.method not in {"greedy", *backend_names()}:
            known = ", ".join(("greedy", *backend_names()))
            raise BackendError(f"matching: found method {self.method!r}; expected one by its name: {known}")
        Trigger(self.epoch_s)

    @property
    def trigger(self) -> Trigger:
        """Every `epoch_s` seconds."""
        return Trigger(epoch_s=self.formulation.routing.epoch_s if self.epoch_s is None else self.epoch_s)

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> BoundFormulation:
        """The formulation bound to the desk, which remembers who may serve which class of tickets."""
        return self.formulation.bind(desk)

    def decide(self, epoch: Epoch, state: BoundFormulation) -> tuple[Decision, BoundFormulation]:
        """The pairs of an optimal plan."""
        problem = state.problem(epoch)
        solution = greedy(problem) if self.method == "greedy" else solve(problem, method=self.method)
        ticket = np.flatnonzero(solution.expert_of >= 0)
        return Decision(ticket=ticket, expert=solution.expert_of[ticket]), state
