"""`Rules`: all constraints of one epoch together, and the problem that they leave."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError, ProblemError
from deskmatch.formulations.constraints.protocol import Constraint, ModelArcs
from deskmatch.formulations.constraints.rows import Rows
from deskmatch.frozen import Frozen
from deskmatch.solver import Problem, Side
from deskmatch.solver.folding import Folded, RowFate, charges, fold, simplified

__all__ = ["Rules", "rows_of"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Rules(Frozen):
    """The rows of every constraint over the arcs of one epoch.

    Parameters
    ----------
    constraints : by name.
    arcs : what they were shown.
    base : the problem without them.
    rows : of each constraint.
    folded : the problem with them, where whatever a network can express is part of it.
    """

    constraints: dict[str, Constraint]
    arcs: ModelArcs
    base: Problem
    rows: dict[str, Rows]
    folded: Folded

    @classmethod
    def of(cls, constraints: dict[str, Constraint], arcs: ModelArcs, base: Problem) -> Rules:
        """The rules of one epoch.

        Parameters
        ----------
        constraints : by name.
        arcs : all arcs of `base`, with the room of the experts.
        base : the problem without constraints.

        Raises
        ------
        ContractError
            Where a constraint yields something else than rows over these arcs.
        """
        rows = {name: rows_of(name, constraint, arcs) for name, constraint in constraints.items()}
        problem = _with_rows(base, constraints, rows)
        return cls(constraints=constraints, arcs=arcs, base=base, rows=rows, folded=fold(problem))

    @property
    def problem(self) -> Problem:
        """What is solved."""
        return self.folded.problem

    def without(self, names: Collection[str]) -> Problem:
        """The problem with some of the constraints left out."""
        left = {name: rows for name, rows in self.rows.items() if name not in names}
        return fold(_with_rows(self.base, self.constraints, left)).problem

    def with_rows(self, rows: dict[str, Rows]) -> Rules:
        """The same constraints saying other things."""
        folded = fold(_with_rows(self.base, self.constraints, rows))
        return replace(self, rows=rows, folded=folded)

    def span(self, name: str) -> slice:
        """The rows of a constraint among the rows of all."""
        first = 0 if self.base.side is None else self.base.side.n_rows
        for other, rows in self.rows.items():
            if other == name:
                return slice(first, first + len(rows))
            first += len(rows)
        raise KeyError(name)

    def fates(self, name: str) -> NDArray[np.int8]:
        """``(rows,)`` what became of each row of a constraint, a `RowFate` each."""
        return self.folded.fate[self.span(name)]

    def charging(self) -> tuple[str, ...]:
        """The constraints whose penalty is part of the points of single pairs."""
        return tuple(name for name in self.constraints if (self.fates(name) == RowFate.CHARGE).any())

    def charges(self, ticket: Int32, expert: Int32) -> dict[str, Float64]:
        """What the `charging` constraints take off some pairs: ``(pairs,)`` points ≤ 0 each.

        Parameters
        ----------
        ticket, expert : ``(pairs,)`` rows. Pairs that are no arcs of the epoch are charged as if they were.
        """
        names = self.charging()
        if not names:
            return {}
        width = max(1, self.arcs.epoch.n_experts)
        keys = self.problem.ticket.astype(np.int64) * width + self.problem.expert
        asked = ticket.astype(np.int64) * width + expert
        here = np.isin(asked, keys)
        place = np.searchsorted(keys, asked[here])
        found = {name: np.zeros(len(ticket)) for name in names}
        for name, off in found.items():
            rows = np.zeros(len(self.folded.fate), bool)
            rows[self.span(name)] = True
            off[here] = 0.0 - self.folded.off_arcs(rows)[place]
            if not here.all():
                off[~here] = 0.0 - self._charge_alone(name, ticket[~here], expert[~here])
        return found

    def _charge_alone(self, name: str, ticket: Int32, expert: Int32) -> Float64:
        """What a constraint would take off pairs that are no arcs now, if they were and it were the only one."""
        width = max(1, self.arcs.epoch.n_experts)
        asked = ticket.astype(np.int64) * width + expert
        keys = np.union1d(self.arcs.ticket.astype(np.int64) * width + self.arcs.expert, asked)
        tickets, experts = (part.astype(np.int32) for part in np.divmod(keys, width))
        constraint = self.constraints[name]
        side, _ = simplified(rows_of(name, constraint, self.arcs.of(tickets, experts)).under(constraint.penalty))
        problem = Problem.from_arcs(self.arcs.epoch.n_tickets, width, tickets, experts, 0.0, side=side)
        off_arc, _ = charges(problem, side, fold(problem).fate == RowFate.CHARGE)
        return off_arc[np.searchsorted(keys, asked)]


def rows_of(name: str, constraint: Constraint, arcs: ModelArcs) -> Rows:
    """The rows of a constraint, checked.

    Raises
    ------
    ContractError
        Where they are no `Rows` over these arcs, or the constraint writes to what it is shown.
    """
    try:
        rows = constraint.rows(arcs)
    except ProblemError as error:
        raise ContractError(f"constraint {name!r}: {error}") from error
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise ContractError(f"constraint {name!r}: writes to what it is shown ({error})") from error
    if not isinstance(rows, Rows):
        raise ContractError(f"constraint {name!r}: rows(arcs) gave {type(rows).__name__}; expected Rows (Rows.of)")
    beyond = int(rows.side.arc.max(initial=-1))
    if beyond >= len(arcs):
        raise ContractError(f"constraint {name!r}: names arc {beyond}; expected an arc from 0 to {len(arcs) - 1}")
    return rows


def _with_rows(base: Problem, constraints: dict[str, Constraint], rows: dict[str, Rows]) -> Problem:
    """The problem with the rows of some constraints as they are, each under the penalty of its constraint."""
    sides = [one.under(constraints[name].penalty) for name, one in rows.items()]
    return replace(base, side=Side.stack(sides if base.side is None else [base.side, *sides]))
