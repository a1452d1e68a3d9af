"""Arcs are sorted the same, and refused the same, whether compiled code does it or numpy."""

from __future__ import annotations

import numpy as np
import pytest

from deskmatch.errors import ProblemError
from deskmatch.solver import Problem
from deskmatch.solver.arranging import FEWEST, arrange, order_of, sort_arcs

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture
def columns() -> Columns:
    sort_arcs.warm_up()
    rng = np.random.default_rng(0)
    ticket, expert = np.nonzero(rng.random((70, 90)) < 0.6)
    order = rng.permutation(len(ticket))
    assert len(order) > FEWEST
    return ticket[order].astype(np.int32), expert[order].astype(np.int32), rng.normal(size=len(order))


def by_numpy(monkeypatch: pytest.MonkeyPatch, *arguments: object, **options: object) -> Problem:
    with monkeypatch.context() as patch:
        patch.setattr("deskmatch.solver.problem.arrange", lambda *_: None)
        return Problem.from_arcs(*arguments, **options)  # type: ignore[arg-type]


def test_compiled_code_and_numpy_make_the_same_problem(columns: Columns, monkeypatch: pytest.MonkeyPatch) -> None:
    assert arrange(70, 90, *columns) is not None
    one = Problem.from_arcs(70, 90, *columns, capacity=2, hold=-1.0)
    other = by_numpy(monkeypatch, 70, 90, *columns, capacity=2, hold=-1.0)
    for name in Problem.__slots__:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert np.array_equal(mine, theirs)
        assert getattr(mine, "dtype", None) == getattr(theirs, "dtype", None)
        assert not isinstance(mine, np.ndarray) or not mine.flags.writeable


def spoiled(columns: Columns, what: str) -> Columns:
    ticket, expert, points = (column.copy() for column in columns)
    match what:
        case "ticket too high":
            ticket[5] = 70
        case "ticket negative":
            ticket[5] = -1
        case "expert too high":
            expert[5] = 90
        case "expert negative":
            expert[5] = -7
        case "not a number":
            points[5] = np.nan
        case "infinite":
            points[5] = np.inf
        case "too large":
            points[5] = -2e150
        case "twice":
            ticket[5], expert[5] = ticket[500], expert[500]
    return ticket, expert, points


WRONG = (
    "ticket too high",
    "ticket negative",
    "expert too high",
    "expert negative",
    "not a number",
    "infinite",
    "too large",
    "twice",
)


@pytest.mark.parametrize("what", WRONG)
def test_both_refuse_with_the_same_words(columns: Columns, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = spoiled(columns, what)
    assert arrange(70, 90, *wrong) is None
    with pytest.raises(ProblemError) as numpy_says:
        by_numpy(monkeypatch, 70, 90, *wrong)
    with pytest.raises(ProblemError) as compiled_says:
        Problem.from_arcs(70, 90, *wrong)
    assert str(compiled_says.value) == str(numpy_says.value)


def test_nodes_are_checked_all_the_same(columns: Columns) -> None:
    with pytest.raises(ProblemError, match="capacity"):
        Problem.from_arcs(70, 90, *columns, capacity=-1)
    with pytest.raises(ProblemError, match="hold"):
        Problem.from_arcs(70, 90, *columns, hold=np.nan)
    with pytest.raises(ProblemError, match="costs less"):
        Problem.from_arcs(70, 90, *columns, slot_cost=np.tile([2.0, 1.0], (90, 1)))


def test_columns_of_other_kinds_are_left_to_numpy(columns: Columns) -> None:
    ticket, expert, points = columns
    assert arrange(70, 90, ticket.astype(np.int64), expert, points) is None
    assert arrange(70, 90, ticket, expert, points.astype(np.float32)) is None
    assert arrange(70, 90, ticket, expert, np.ma.masked_array(points)) is None
    assert arrange(70, 90, ticket, expert, points[:-1]) is None
    assert arrange(70, 90, ticket.tolist(), expert, points) is None
    assert arrange(70, 90, np.repeat(ticket, 2)[::2], expert, points) is None


@pytest.mark.parametrize("largest", [1, 300, 70_000, 2**31 - 2])
def test_numpy_sorts_by_ticket_then_expert(largest: int) -> None:
    rng = np.random.default_rng(1)
    ticket, expert = (rng.integers(0, largest, 500).astype(np.int32) for _ in range(2))
    order = order_of(ticket, expert)
    expected = np.lexsort((expert, ticket))
    assert np.array_equal(expected if order is None else order, expected)


def test_sorted_arcs_need_no_order() -> None:
    assert order_of(np.array([0, 0, 1], np.int32), np.array([1, 2, 0], np.int32)) is None
    assert order_of(np.zeros(0, np.int32), np.zeros(0, np.int32)) is None
