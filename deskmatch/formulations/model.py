"""`Model`: an epoch as a problem, and the way back from a solution to a plan."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.formulations.arcs import Arcs, Situation
from deskmatch.formulations.constraints.rules import Rules
from deskmatch.frozen import Frozen, read_only
from deskmatch.solver import Problem, Solution, certify

if TYPE_CHECKING:
    from deskmatch.formulations.formulation import BoundFormulation
    from deskmatch.formulations.plan import Plan

__all__ = ["Model"]


@dataclass(frozen=True, slots=True, eq=False)
class Model(Frozen):
    """One epoch's problem with everything that is needed to read its solution.

    Parameters
    ----------
    formulation : what built it.
    situation : the epoch as the terms saw it.
    room : ``(experts, channels)`` new tickets that each expert could take on each channel.
    problem : rows are the epoch's tickets, columns the desk's experts; constraints included.
    rules : the constraints; None where there are none.
    """

    formulation: BoundFormulation
    situation: Situation
    room: NDArray[np.int32]
    problem: Problem
    rules: Rules | None = None

    def __post_init__(self) -> None:
        self._set(room=read_only(self.room))

    @property
    def epoch(self) -> Epoch:
        """The epoch that the model is of."""
        return self.situation.epoch

    def recover(self, solution: Solution, *, started: float | None = None) -> Plan:
        """The plan of a solution, with its certificate.

        Parameters
        ----------
        solution : from any backend or heuristic; it is not trusted.
        started : the `time.perf_counter` at which the decision began; default: the solver's time alone is told.
        """
        from deskmatch.formulations.plan import Plan

        certificate = certify(self.problem, solution)
        elapsed_s = solution.elapsed_s if started is None else perf_counter() - started
        return Plan(model=self, solution=solution, certificate=certificate, elapsed_s=elapsed_s)

    def weighted_terms(self, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
        """Weighted points of each term on some pairs, and what penalties take off them; they add up to their points.

        Penalties are here where a soft constraint looks at single tickets only (`Forbid`, `Pin`, `Stability`).
        """
        terms = dict(self.formulation.weighted_terms(Arcs(self.situation, ticket, expert)))
        return terms if self.rules is None else terms | self.rules.charges(ticket, expert)

    def points(self, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> NDArray[np.float64]:
        """``(pairs,)`` points of some pairs, eligible or not."""
        return sum(self.weighted_terms(ticket, expert).values(), np.zeros(len(ticket)))
