"""`matrix_form`: a problem as one sparse matrix with bounds, for solvers of linear and integer programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .bound import usable_arcs, useful_slots
from .evaluation import arcs_chosen
from .extra_columns import arc_activity, extra_activity, extra_boxes, row_range
from .problem import Problem
from .side import Sense
from .solution import Solution

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["MatrixForm", "matrix_form"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MatrixForm:
    """maximise objective·x  subject to  row_lower ≤ matrix·x ≤ row_upper, lower ≤ x ≤ upper, some x whole.

    Columns, in this order: the arcs; the holds of `held`; units of `slot_expert` at the costs of its slots from
    `slot_first` on; by how much the soft rows `over` are exceeded and the soft rows `under` fall short; the extra
    columns. Rows: tickets (= 1), experts, limits, side rows.

    Parameters
    ----------
    problem : what it is the form of.
    matrix : ``(rows, columns)`` compressed rows.
    row_lower, row_upper : ``(rows,)``.
    lower, upper, objective : ``(columns,)``.
    held : ``(k,)`` the tickets that may be held.
    slot_expert, slot_first : ``(slots,)`` consecutive slots of the same cost share a column.
    over, under : the soft side rows with a column for what is above, and for what is missing below.
    """

    problem: Problem
    matrix: csr_array[Any, Any]
    row_lower: Float64
    row_upper: Float64
    lower: Float64
    upper: Float64
    objective: Float64
    held: Int64
    slot_expert: Int64
    slot_first: Int64
    over: Int64
    under: Int64

    @property
    def starts(self) -> Int64:
        """``(7,)`` where the columns of arcs, holds, slots, over, under and extra begin, and where they end."""
        sizes = [self.problem.n_arcs, len(self.held), len(self.slot_expert), len(self.over), len(self.under)]
        return np.cumsum([0, *sizes, self.problem.n_extra])

    @property
    def is_integer(self) -> NDArray[np.bool_]:
        """``(columns,)`` the arcs; the other whole columns follow from them."""
        return np.arange(len(self.objective)) < self.problem.n_arcs

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """``(columns,)`` the columns that are whole numbers in some optimum: arcs, holds and slots."""
        return np.arange(len(self.objective)) < int(self.starts[3])

    def expert_of(self, values: Float64) -> NDArray[np.int32]:
        """The assignment in the values of the columns: ``(tickets,)``, arcs above one half."""
        expert_of = np.full(self.problem.n_tickets, -1, dtype=np.int32)
        taken = np.flatnonzero(values[: self.problem.n_arcs] > 0.5)
        expert_of[self.problem.ticket[taken]] = self.problem.expert[taken]
        return expert_of

    def values(self, solution: Solution) -> Float64:
        """The values of all columns in an answer to the problem: ``(columns,)``, such as for a hint."""
        problem, starts = self.problem, self.starts
        arcs = arcs_chosen(problem, solution.expert_of)
        extra = np.zeros(problem.n_extra) if solution.extra is None else solution.extra
        values = np.zeros(len(self.objective))
        values[arcs[arcs >= 0]] = 1.0
        values[starts[1] : starts[2]] = arcs[self.held] < 0
        values[starts[2] : starts[3]] = self._slot_units(arcs[arcs >= 0])
        if problem.side is not None:
            above = arc_activity(problem, arcs) + extra_activity(problem.side, extra) - problem.side.rhs
            values[starts[3] : starts[4]] = np.maximum(0.0, above)[self.over]
            values[starts[4] : starts[5]] = np.maximum(0.0, -above)[self.under]
        values[starts[5] :] = extra
        return values

    def prices(self, duals: Float64) -> dict[str, Any]:
        """The prices of a `Solution` from the dual values of the rows: what one more on the right side would gain."""
        problem = self.problem
        limits = 0 if problem.limits is None else len(problem.limits.bound)
        ends = np.cumsum([problem.n_tickets, problem.n_experts, limits])
        names = ("ticket_price", "expert_price", "limit_price", "row_price")
        return dict(zip(names, np.split(duals, ends), strict=True))

    def _slot_units(self, taken: Int64) -> Float64:
        problem = self.problem
        weights = None if problem.usage is None else problem.usage[taken]
        load = np.bincount(problem.expert[taken], weights=weights, minlength=problem.n_experts)
        upper = self.upper[self.starts[2] : self.starts[3]]
        return np.clip(load[self.slot_expert] - self.slot_first, 0.0, upper)


def matrix_form(problem: Problem, *, boxed: bool = True) -> MatrixForm:
    """The matrix form of a problem, built from arrays.

    Parameters
    ----------
    problem : the problem.
    boxed : give the extra columns and the misses of soft rows all bounds that follow from the rows, which some solvers
        need; otherwise only those that the problem states.

    Examples
    --------
    >>> form = matrix_form(Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 5.0], hold=[0.0, float("-inf")]))
    >>> form.matrix.toarray()
    array([[1., 0., 1.],
           [0., 1., 0.],
           [1., 1., 0.]])
    >>> form.objective, form.row_upper
    (array([3., 5., 0.]), array([1., 1., 1.]))
    """
    held = np.flatnonzero(problem.hold > -np.inf)
    slots = _slots(problem)
    over, under = _soft_rows(problem)
    lower, upper, highest = _side_bounds(problem, boxed=boxed)
    n, k, s = problem.n_arcs, len(held), len(slots.expert)
    points = problem.points, problem.hold[held], -slots.cost
    if problem.side is None:
        penalties, extra_points = (np.zeros(0), np.zeros(0)), np.zeros(0)
    else:
        penalties = (-problem.side.penalty[over], -problem.side.penalty[under])
        extra_points = problem.side.extra_points
    row_lower, row_upper = _row_bounds(problem, slots)
    return MatrixForm(
        problem=problem,
        matrix=_matrix(problem, held, slots, over, under),
        row_lower=row_lower,
        row_upper=row_upper,
        lower=np.concatenate([np.zeros(n + k + s + len(over) + len(under)), lower]),
        upper=np.concatenate(
            [usable_arcs(problem), np.ones(k), slots.units, highest[0][over], highest[1][under], upper]
        ).astype(np.float64),
        objective=np.concatenate([*points, *penalties, extra_points]),
        held=held,
        slot_expert=slots.expert,
        slot_first=slots.first,
        over=over,
        under=under,
    )


@dataclass(frozen=True, slots=True)
class _Slots:
    """Columns of units at one cost: ``(slots,)`` each, and which experts have any."""

    expert: Int64
    first: Int64
    units: Int64
    cost: Float64
    priced: NDArray[np.bool_]


def _slots(problem: Problem) -> _Slots:
    """Consecutive slots of the same cost as one column; experts whose slots cost nothing have none."""
    priced = (problem.slot_cost != 0).any(axis=1)
    useful = useful_slots(problem)
    width = problem.slot_cost.shape[1]
    experts = np.flatnonzero(priced & (useful > 0))
    cost = problem.slot_cost[experts]
    begins = np.ones(cost.shape, dtype=bool)
    begins[:, 1:] = cost[:, 1:] != cost[:, :-1]
    begins &= np.arange(width) < useful[experts, None]
    row, first = np.nonzero(begins)
    ends = np.append(first[1:], 0)
    ends = np.where(np.append(row[1:] == row[:-1], False), ends, useful[experts][row])
    return _Slots(
        expert=experts[row],
        first=first.astype(np.int64),
        units=(ends - first).astype(np.int64),
        cost=cost[row, first],
        priced=priced,
    )


def _soft_rows(problem: Problem) -> tuple[Int64, Int64]:
    side = problem.side
    if side is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    soft = ~side.is_hard
    return np.flatnonzero(soft & (side.sense != Sense.AT_LEAST)), np.flatnonzero(soft & (side.sense != Sense.AT_MOST))


def _side_bounds(problem: Problem, *, boxed: bool) -> tuple[Float64, Float64, tuple[Float64, Float64]]:
    """Bounds of the extra columns, and the most by which each side row can be exceeded and can fall short."""
    side = problem.side
    if side is None:
        return np.zeros(0), np.zeros(0), (np.zeros(0), np.zeros(0))
    if not boxed:
        return side.lower, side.upper, (np.full(side.n_rows, np.inf), np.full(side.n_rows, np.inf))
    lower, upper = extra_boxes(problem)
    least, greatest = row_range(problem, lower, upper)
    return lower, upper, (np.maximum(0.0, greatest - side.rhs), np.maximum(0.0, side.rhs - least))


def _row_bounds(problem: Problem, slots: _Slots) -> tuple[Float64, Float64]:
    experts = np.where(slots.priced, 0.0, problem.capacity)
    lower = [np.ones(problem.n_tickets), np.where(slots.priced, 0.0, -np.inf)]
    upper = [np.ones(problem.n_tickets), experts]
    if problem.limits is not None:
        lower.append(np.full(len(problem.limits.bound), -np.inf))
        upper.append(problem.limits.bound.astype(np.float64))
    if problem.side is not None:
        lower.append(np.where(problem.side.sense == Sense.AT_MOST, -np.inf, problem.side.rhs))
        upper.append(np.where(problem.side.sense == Sense.AT_LEAST, np.inf, problem.side.rhs))
    return np.concatenate(lower), np.concatenate(upper)


def _matrix(problem: Problem, held: Int64, slots: _Slots, over: Int64, under: Int64) -> csr_array[Any, Any]:
    from scipy.sparse import csr_array

    n, m, arcs = problem.n_tickets, problem.n_experts, np.arange(problem.n_arcs)
    usage = np.ones(problem.n_arcs) if problem.usage is None else problem.usage.astype(np.float64)
    after_arcs = problem.n_arcs + len(held)
    rows: list[NDArray[np.integer]] = [problem.ticket, held, n + problem.expert, n + slots.expert]
    columns: list[NDArray[np.integer]] = [
        arcs,
        problem.n_arcs + np.arange(len(held)),
        arcs,
        after_arcs + np.arange(len(slots.expert)),
    ]
    values = [np.ones(problem.n_arcs + len(held)), usage, -np.ones(len(slots.expert))]
    first, end = n + m, after_arcs + len(slots.expert)
    if problem.limits is not None:
        limit, arc = _limit_entries(problem)
        rows.append(first + limit)
        columns.append(arc)
        values.append(usage[arc])
        first += len(problem.limits.bound)
    side = problem.side
    if side is not None:
        after_misses = end + len(over) + len(under)
        rows += [first + side.arc_row, first + over, first + under, first + side.extra_row]
        columns += [side.arc, end + np.arange(len(over) + len(under)), after_misses + side.extra]
        values += [side.arc_value, -np.ones(len(over)), np.ones(len(under)), side.extra_value]
        first, end = first + side.n_rows, after_misses + side.n_extra
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return csr_array(entries, shape=(first, end))


def _limit_entries(problem: Problem) -> tuple[Int64, Int64]:
    """Limit and arc of each pair of an arc and a limit around it."""
    limits = problem.limits
    if limits is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    arc, around = np.arange(problem.n_arcs), limits.of_arc.astype(np.int64)
    found: list[tuple[Int64, Int64]] = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))]
    while (inside := around >= 0).any():
        arc, around = arc[inside], around[inside]
        found.append((around, arc))
        around = limits.parent[around].astype(np.int64)
    return np.concatenate([one for one, _ in found]), np.concatenate([one for _, one in found])
