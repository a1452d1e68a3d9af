"""`tightness`: how much room each rule of each constraint has left in a plan, or by how much it is missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deskmatch.formulations.constraints.rows import Rows
from deskmatch.formulations.constraints.rules import Rules
from deskmatch.solver import Sense
from deskmatch.solver.evaluation import arcs_chosen
from deskmatch.solver.folding import misses
from deskmatch.solver.side import row_sums

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RowState", "row_states", "tightness"]

Float64 = NDArray[np.float64]

TIGHT = 1e-9
"""A row is tight where it has no more room than this share of its right side, at least 1."""
FIRST = 1e6
"""Misses count so much more than room, where the columns of a constraint can be chosen in its favour."""
SIGNS = {Sense.AT_MOST: "≤", Sense.EQUAL: "=", Sense.AT_LEAST: "≥"}


class RowState(NamedTuple):
    """One rule of a constraint in a plan.

    Parameters
    ----------
    constraint, row : its name, and what the row is about.
    left, sense, right : the relation, with the numbers of the plan.
    room : how much further the left side could go, ≥ 0.
    missed : units by which the rule is missed, ≥ 0.
    penalty : points per unit; None: hard.
    """

    constraint: str
    row: str
    left: float
    sense: str
    right: float
    room: float
    missed: float
    penalty: float | None

    @property
    def cost(self) -> float:
        """Points that the penalty takes off."""
        return (self.penalty or 0.0) * self.missed

    @property
    def tight(self) -> bool:
        """Whether no room is left."""
        return self.room <= TIGHT * max(1.0, abs(self.right))


def row_states(rules: Rules, expert_of: NDArray[np.int32]) -> list[RowState]:
    """Every rule in an assignment.

    Parameters
    ----------
    rules : the constraints of the epoch.
    expert_of : ``(tickets,)``, −1: held. Where a constraint has columns of its own, they take the values that suit it
        best.
    """
    arcs = arcs_chosen(rules.base, expert_of)
    taken = np.zeros(rules.base.n_arcs)
    taken[arcs[arcs >= 0]] = 1.0
    states = []
    for name, rows in rules.rows.items():
        side, penalty = rows.side, rules.constraints[name].penalty
        left = row_sums(side.arc_row, side.arc_value * taken[side.arc], side.n_rows)
        if side.n_extra:
            extra = _best_columns(rows, left)
            left = left + row_sums(side.extra_row, side.extra_value * extra[side.extra], side.n_rows)
        missed = misses(side.sense, side.rhs, left)
        room = np.where(side.sense == 0, 0.0, np.maximum(0.0, np.abs(left - side.rhs) - missed))
        states += [
            RowState(
                constraint=name,
                row=rows.labels[r],
                left=float(left[r]),
                sense=SIGNS[Sense(side.sense[r])],
                right=float(side.rhs[r]),
                room=float(room[r]),
                missed=float(missed[r]),
                penalty=penalty,
            )
            for r in np.flatnonzero(~rows.defines).tolist()
        ]
    return states


def tightness(rules: Rules | None, expert_of: NDArray[np.int32]) -> pd.DataFrame:
    """See `Plan.constraints`."""
    import pandas as pd

    states = [] if rules is None else row_states(rules, expert_of)
    columns = [*RowState._fields, "cost", "tight"]
    return pd.DataFrame([(*state, state.cost, state.tight) for state in states], columns=columns)


def _best_columns(rows: Rows, activity: Float64) -> Float64:
    """The extra columns' values for given arcs: what costs least, and then what leaves the rules most room."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, vstack

    side = rows.side
    rule = np.flatnonzero(~rows.defines)
    left = csr_array((side.extra_value, side.extra, side.extra_indptr), shape=(side.n_rows, side.n_extra))
    missed = csr_array((np.ones(len(rule)), (rule, np.arange(len(rule)))), shape=(side.n_rows, len(rule)))
    rest = side.rhs - activity
    below, above = side.sense != Sense.AT_LEAST, side.sense != Sense.AT_MOST
    signed = row_sums(side.extra, side.extra_value * (-side.sense * ~rows.defines)[side.extra_row], side.n_extra)
    ends = np.append(side.lower, np.zeros(len(rule))), np.append(side.upper, np.full(len(rule), np.inf))
    bounds: Any = np.column_stack(ends)
    answer = linprog(
        np.concatenate([signed - FIRST * side.extra_points, np.full(len(rule), FIRST)]),
        A_ub=vstack([hstack([left, -missed])[below], hstack([-left, -missed])[above]], format="csr"),
        b_ub=np.concatenate([rest[below], -rest[above]]),
        bounds=bounds,
        method="highs-ds",
    )
    return np.zeros(side.n_extra) if answer.x is None else np.asarray(answer.x[: side.n_extra], np.float64)
