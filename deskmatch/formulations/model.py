"""`Model`: an epoch as a problem, and the way back from a solution to a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.formulations.arcs import Arcs, Situation
from deskmatch.formulations.constraints.rules import Rules
from deskmatch.frozen import Frozen, read_only
from deskmatch.solver import Problem, Proof, Solution, certify

if TYPE_CHECKING:
    from deskmatch.formulations.formulation import BoundFormulation
    from deskmatch.formulations.plan import Plan
    from deskmatch.heuristics import Attempt

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
    unseen : ``(tickets,)`` the tickets that there was no time to look at before a deadline; None: there was.
    is_whole : whether the problem has all pairs that the rules allow, so that what it proves holds of the epoch.
    notes : what a deadline cut off while the problem was built, as sentences.
    """

    formulation: BoundFormulation
    situation: Situation
    room: NDArray[np.int32]
    problem: Problem
    rules: Rules | None = None
    unseen: NDArray[np.bool_] | None = None
    is_whole: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._set(room=read_only(self.room))
        if self.unseen is not None:
            self._set(unseen=read_only(self.unseen))

    @property
    def epoch(self) -> Epoch:
        """The epoch that the model is of."""
        return self.situation.epoch

    def recover(self, solution: Solution, *, started: float | None = None, attempts: tuple[Attempt, ...] = ()) -> Plan:
        """The plan of a solution, with its certificate.

        Parameters
        ----------
        solution : from any backend or heuristic; it is not trusted.
        started : the `time.perf_counter` at which the decision began; default: the solver's time alone is told.
        attempts : what was tried to find it.
        """
        from deskmatch.formulations.plan import Plan

        certificate = certify(self.problem, solution)
        if not self.is_whole:  # a bound on some of the pairs is none on all of them
            certificate = replace(certificate, proven_bound=None, gap=None, proof=Proof.NONE, optimal=False)
        elapsed_s = solution.elapsed_s if started is None else perf_counter() - started
        return Plan(model=self, solution=solution, certificate=certificate, elapsed_s=elapsed_s, attempts=attempts)

    def weighted_terms(self, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
        """Weighted points of each term on some pairs, and what penalties take off them; they add up to their points.

        Penalties are here where a soft constraint looks at single tickets only (`Forbid`, `Pin`, `Stability`).
        """
        terms = dict(self.formulation.weighted_terms(Arcs(self.situation, ticket, expert)))
        return terms if self.rules is None else terms | self.rules.charges(ticket, expert)

    def points(self, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> NDArray[np.float64]:
        """``(pairs,)`` points of some pairs, eligible or not."""
        return sum(self.weighted_terms(ticket, expert).values(), np.zeros(len(ticket)))
