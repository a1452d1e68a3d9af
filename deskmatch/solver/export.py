"""`to_lp`, `to_mps`: a problem as text that other solvers read; the names say which ticket and expert is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from .matrix import MatrixForm, matrix_form
from .problem import Problem

__all__ = ["to_lp", "to_mps"]

TERMS_A_LINE = 6
"""Readers of LP files give up on lines of more than 255 to 560 characters."""


def to_lp(problem: Problem) -> str:
    """A problem in the LP format of CPLEX, which most solvers read: maximise the points.

    Columns: ``x_3_7`` assigns ticket 3 to expert 7, ``hold_3`` holds it, ``units_7_2`` are expert 7's units at the cost
    of its slot 2, ``over_4`` and ``under_4`` by how much side row 4 is missed, ``extra_0`` an extra column. Rows:
    ``ticket_3``, ``expert_7``, ``limit_1``, ``side_4``. Numbers are written so that they read back exactly.

    Examples
    --------
    >>> print(to_lp(Problem.from_arcs(1, 2, [0, 0], [0, 1], [2.0, 3.0], hold=0.5)))
    \\ Problem(1 tickets, 2 experts, 2 arcs)
    Maximize
     points: 2.0 x_0_0 + 3.0 x_0_1 + 0.5 hold_0
    Subject To
     ticket_0: 1.0 x_0_0 + 1.0 x_0_1 + 1.0 hold_0 = 1.0
     expert_0: 1.0 x_0_0 <= 1.0
     expert_1: 1.0 x_0_1 <= 1.0
    Bounds
     0.0 <= hold_0 <= 1.0
    Binary
     x_0_0
     x_0_1
    End
    <BLANKLINE>
    """
    form = matrix_form(problem, boxed=False)
    columns, rows = _column_names(form), _row_names(problem)
    lines = [
        f"\\ {problem}",
        "Maximize",
        *_wrapped(" points:", _terms(form.objective, np.arange(len(columns)), columns)),
    ]
    lines.append("Subject To")
    for row, (name, sign, rhs) in enumerate(zip(rows, *_signs(form), strict=True)):
        entries = slice(form.matrix.indptr[row], form.matrix.indptr[row + 1])
        terms = list(_terms(form.matrix.data[entries], form.matrix.indices[entries], columns))
        lines += _wrapped(f" {name}:", terms or _nothing(columns), f" {sign} {rhs!r}")
    lines.append("Bounds")
    if not columns:
        lines.append(" nothing = 0.0")
    lines += _bounds(form, columns)
    lines += ["Binary", *(f" {columns[arc]}" for arc in _free_arcs(form)), "End", ""]
    return "\n".join(lines)


def to_mps(problem: Problem) -> str:
    """A problem in free MPS, for minimising: the objective ``minus_points`` is minus the points.

    Not every reader knows how MPS files say “maximise”. Names are those of `to_lp`.
    """
    form = matrix_form(problem, boxed=False)
    columns, rows = _column_names(form), _row_names(problem)
    signs, rhs = _signs(form)
    letters = {"<=": "L", ">=": "G", "=": "E"}
    lines = ["NAME deskmatch", "ROWS", " N minus_points"]
    lines += [f" {letters[sign]} {name}" for sign, name in zip(signs, rows, strict=True)]
    lines.append("COLUMNS")
    table = form.matrix.tocsc()
    for column, name in enumerate(columns):
        if column == 0:
            lines.append(" arcs 'MARKER' 'INTORG'")
        if column == problem.n_arcs:
            lines.append(" arcs_end 'MARKER' 'INTEND'")
        lines.append(f" {name} minus_points {float(-form.objective[column])!r}")
        entries = slice(table.indptr[column], table.indptr[column + 1])
        pairs = zip(table.indices[entries].tolist(), table.data[entries].tolist(), strict=True)
        lines += [f" {name} {rows[row]} {value!r}" for row, value in pairs]
    if problem.n_arcs and len(columns) == problem.n_arcs:
        lines.append(" arcs_end 'MARKER' 'INTEND'")
    lines += ["RHS", *(f" rhs {name} {value!r}" for name, value in zip(rows, rhs, strict=True) if value), "BOUNDS"]
    for name, low, high in zip(columns, form.lower.tolist(), form.upper.tolist(), strict=True):
        lines += _mps_bounds(name, low, high)
    return "\n".join([*lines, "ENDATA", ""])


def _column_names(form: MatrixForm) -> list[str]:
    problem = form.problem
    pairs = zip(problem.ticket.tolist(), problem.expert.tolist(), strict=True)
    slots = zip(form.slot_expert.tolist(), form.slot_first.tolist(), strict=True)
    return [
        *(f"x_{ticket}_{expert}" for ticket, expert in pairs),
        *(f"hold_{ticket}" for ticket in form.held.tolist()),
        *(f"units_{expert}_{slot}" for expert, slot in slots),
        *(f"over_{row}" for row in form.over.tolist()),
        *(f"under_{row}" for row in form.under.tolist()),
        *(f"extra_{column}" for column in range(problem.n_extra)),
    ]


def _row_names(problem: Problem) -> list[str]:
    counts = {
        "ticket": problem.n_tickets,
        "expert": problem.n_experts,
        "limit": 0 if problem.limits is None else len(problem.limits.bound),
        "side": 0 if problem.side is None else problem.side.n_rows,
    }
    return [f"{kind}_{index}" for kind, count in counts.items() for index in range(count)]


def _signs(form: MatrixForm) -> tuple[list[str], list[float]]:
    """The sign and the right side of each row."""
    low, high = form.row_lower, form.row_upper
    signs = np.where(low == high, "=", np.where(np.isfinite(high), "<=", ">="))
    return signs.tolist(), np.where(np.isfinite(high), high, low).tolist()


def _terms(values: NDArray[np.float64], index: NDArray[np.integer], names: list[str]) -> Iterator[str]:
    for place, (value, column) in enumerate(zip(values.tolist(), index.tolist(), strict=True)):
        sign = "-" if value < 0 else "+" if place else ""
        yield f"{sign} {abs(value)!r} {names[column]}".strip()


def _nothing(names: list[str]) -> list[str]:
    """The left side of a row without entries, which the format has no other way to write."""
    return [f"0.0 {names[0] if names else 'nothing'}"]


def _wrapped(head: str, terms: Iterable[str], tail: str = "") -> list[str]:
    parts = list(terms)
    chunks = [parts[start : start + TERMS_A_LINE] for start in range(0, len(parts), TERMS_A_LINE)] or [[]]
    lines = [" ".join([head if not k else "  ", *chunk]) for k, chunk in enumerate(chunks)]
    return [*lines[:-1], lines[-1] + tail]


def _free_arcs(form: MatrixForm) -> list[int]:
    """The arcs that are 0 or 1; those that cannot be used are fixed at 0 by their bounds."""
    usable: list[int] = np.flatnonzero(form.upper[: form.problem.n_arcs] > 0).tolist()
    return usable


def _bounds(form: MatrixForm, columns: list[str]) -> Iterator[str]:
    binary = set(_free_arcs(form))
    for column, (name, low, high) in enumerate(zip(columns, form.lower.tolist(), form.upper.tolist(), strict=True)):
        if column in binary or (low == 0.0 and np.isposinf(high)):
            continue
        if low == high:
            yield f" {name} = {low!r}"
        elif np.isinf(low) and np.isinf(high):
            yield f" {name} free"
        else:
            yield f" {'-inf' if np.isinf(low) else repr(low)} <= {name} <= {'+inf' if np.isinf(high) else repr(high)}"


def _mps_bounds(name: str, low: float, high: float) -> list[str]:
    if low == high:
        return [f" FX bound {name} {low!r}"]
    if np.isinf(low) and np.isinf(high):
        return [f" FR bound {name}"]
    lines = [f" MI bound {name}" if np.isinf(low) else f" LO bound {name} {low!r}"]
    return [*lines, f" PL bound {name}" if np.isinf(high) else f" UP bound {name} {high!r}"]
