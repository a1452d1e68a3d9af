"""`Problem` and `Limits`: what they accept, what they refuse, and how they say it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from deskmatch.errors import ProblemError
from deskmatch.solver import Limits, Problem, Solution, Status

GOOD = {"n_tickets": 2, "n_experts": 3, "ticket": [0, 0, 1], "expert": [0, 2, 1], "points": [1.0, 2.0, 3.0]}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"n_tickets": -1}, "n_tickets: found -1"),
        ({"n_tickets": 2.0}, "n_tickets: found 2.0"),
        ({"n_tickets": True}, "n_tickets: found True"),
        ({"n_experts": "3"}, "n_experts: found '3'"),
        ({"n_experts": 2**31}, "n_experts: found 2147483648"),
        ({"ticket": [0, 0, 2]}, r"ticket\[2\]: found 2; expected a ticket from 0 to 1"),
        ({"ticket": [-1, 0, 1]}, r"ticket\[0\]: found -1"),
        ({"ticket": [0.5, 0, 1]}, r"ticket\[0\]: found 0.5; expected a whole number"),
        ({"ticket": [np.nan, 0, 1]}, r"ticket\[0\]: found nan"),
        ({"ticket": [0, 1]}, r"expert: expected shape \(2,\), got \(3,\)"),
        ({"ticket": [[0, 0, 1]]}, r"ticket: expected one dimension"),
        ({"ticket": ["a", "b", "c"]}, "ticket: expected numbers"),
        ({"expert": [0, 3, 1]}, r"expert\[1\]: found 3; expected an expert from 0 to 2"),
        ({"expert": [0, 2**40, 1]}, r"expert\[1\]"),
        ({"expert": [2, 2, 1]}, "arcs: ticket 0, expert 2 occurs twice"),
        ({"points": [1.0, np.nan, 3.0]}, r"points\[1\]: found nan"),
        ({"points": [1.0, np.inf, -np.inf]}, r"points\[1\]: found inf.*\(2 such entries\)"),
        ({"points": 1e151}, r"points\[0\]: found 1e\+151; expected a finite number of magnitude"),
        ({"points": [1.0]}, r"points: expected a number or shape \(3,\), got shape \(1,\)"),
        ({"points": object()}, "points: expected numbers"),
        ({"capacity": -1}, r"capacity\[0\]: found -1; expected an integer ≥ 0"),
        ({"capacity": [1, 1.5, 1]}, r"capacity\[1\]: found 1.5"),
        ({"capacity": [1, 1]}, "capacity: expected a number or shape"),
        ({"hold": np.inf}, r"hold\[0\]: found inf; expected .* or −inf"),
        ({"hold": np.nan}, r"hold\[0\]: found nan"),
        ({"hold": [0.0]}, "hold: expected a number or shape"),
        ({"slot_cost": [[0.0, 2.0, 1.0]] * 3}, r"slot_cost\[0\]: unit 2 costs less than unit 1"),
        ({"slot_cost": [[0.0], [0.0, -1.0], [0.0]]}, r"slot_cost\[1\]: unit 1 costs less than unit 0"),
        ({"slot_cost": [[0.0], [0.0]]}, "slot_cost: expected a non-empty row"),
        ({"slot_cost": [[0.0], [], [0.0]]}, "slot_cost: expected a non-empty row"),
        ({"slot_cost": np.zeros((2, 2))}, r"slot_cost: expected shape \(3, slots\), got \(2, 2\)"),
        ({"slot_cost": np.zeros((3, 0))}, r"slot_cost: expected shape \(3, slots\), got \(3, 0\)"),
        ({"slot_cost": np.zeros((3, 1, 1))}, "slot_cost: expected"),
        ({"slot_cost": np.nan}, r"slot_cost\[0, 0\]: found nan"),
        ({"limits": Limits(of_arc=[0], bound=[1])}, r"limits.of_arc: expected shape \(3,\)"),
        ({"limits": Limits(of_arc=[0, 0, -1], bound=[1])}, "limit 0 has arcs of more than one expert"),
    ],
)
def test_names_the_array_and_the_first_offender(changes, told):
    with pytest.raises(ProblemError, match=told):
        Problem.from_arcs(**{**GOOD, **changes})


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"of_arc": [2], "bound": [1, 1]}, r"limits.of_arc\[0\]: found 2; expected a limit from 0 to 1"),
        ({"of_arc": [-2], "bound": [1]}, r"limits.of_arc\[0\]"),
        ({"of_arc": [0], "bound": [-1]}, r"limits.bound\[0\]: found -1"),
        ({"of_arc": [0], "bound": [1], "parent": [1]}, r"limits.parent\[0\]"),
        ({"of_arc": [0], "bound": [1, 1], "parent": [1, 0]}, "lies inside itself"),
        ({"of_arc": [0], "bound": [1], "parent": [0]}, "limit 0 lies inside itself"),
        ({"of_arc": [0], "bound": [1], "parent": [-1, -1]}, "limits.parent: expected shape"),
    ],
)
def test_limits_that_make_no_forest_are_refused(limits, told):
    with pytest.raises(ProblemError, match=told):
        Limits(**{name: np.array(values) for name, values in limits.items()})


def test_the_parent_of_one_experts_limit_cannot_be_anothers():
    limits = Limits(of_arc=[0, 1, 2], bound=[1, 1, 1], parent=[-1, -1, 0])
    with pytest.raises(ProblemError, match="more than one expert"):
        Problem.from_arcs(**GOOD, limits=limits)


def test_the_constructor_refuses_arcs_out_of_order_and_broken_offsets():
    arrays = {"points": [1.0, 2.0], "capacity": [1, 1], "hold": [0.0], "slot_cost": np.zeros((2, 1))}
    with pytest.raises(ProblemError, match="ticket 0, expert 0 is out of order"):
        Problem(n_tickets=1, n_experts=2, indptr=[0, 2], expert=[1, 0], **arrays)
    with pytest.raises(ProblemError, match="indptr: expected nondecreasing offsets from 0 to the 2 arcs"):
        Problem(n_tickets=1, n_experts=2, indptr=[0, 1], expert=[0, 1], **arrays)
    with pytest.raises(ProblemError, match=r"points: expected shape \(2,\), got \(1,\)"):
        Problem(n_tickets=1, n_experts=2, indptr=[0, 2], expert=[0, 1], **{**arrays, "points": [1.0]})
    with pytest.raises(ProblemError, match=r"limits.of_arc: expected shape \(2,\), got \(1,\)"):
        limits = Limits(of_arc=[0], bound=[1])
        Problem(n_tickets=1, n_experts=2, indptr=[0, 2], expert=[0, 1], limits=limits, **arrays)


def test_arcs_are_sorted_and_their_limits_follow():
    limits = Limits(of_arc=[0, 1, 2], bound=[1, 2, 3])
    problem = Problem.from_arcs(
        2, 2, [1, 0, 0], [0, 1, 0], [3.0, 2.0, 1.0], limits=Limits(of_arc=[0, 1, 0], bound=[1, 2])
    )
    assert problem.points.tolist() == [1.0, 2.0, 3.0]
    assert problem.limits.of_arc.tolist() == [0, 1, 0]
    assert problem.indptr.tolist() == [0, 2, 3]
    assert limits.parent.tolist() == [-1, -1, -1]
    assert repr(problem) == "Problem(2 tickets, 2 experts, 3 arcs, 2 limits)"


def test_scalars_and_ragged_rows_spread():
    problem = Problem.from_arcs(**{**GOOD, "points": 1}, slot_cost=[[0.0], [1.0, 2.0], [3.0]])
    assert problem.points.tolist() == [1.0, 1.0, 1.0]
    assert problem.slot_cost.tolist() == [[0.0, 0.0], [1.0, 2.0], [3.0, 3.0]]
    assert Problem.from_arcs(**GOOD, slot_cost=[1.0, 2.0, 3.0]).slot_cost.tolist() == [[1.0], [2.0], [3.0]]
    assert Problem.from_arcs(**GOOD, slot_cost=2).slot_cost.tolist() == [[2.0]] * 3
    assert repr(problem) == "Problem(2 tickets, 3 experts, 3 arcs)"


def test_later_writes_to_the_callers_arrays_change_nothing():
    points = np.array([1.0, 2.0, 3.0])
    problem = Problem.from_arcs(**{**GOOD, "points": points})
    points[:] = 9.0
    assert problem.points.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="read-only"):
        problem.points[0] = 5.0


@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_stay_read_only(again):
    problem = again(Problem.from_arcs(**GOOD, limits=Limits(of_arc=[0, -1, -1], bound=[1])))
    solution = again(Solution(expert_of=np.array([0]), objective=1.0, status=Status.FEASIBLE, method="x"))
    for array in (problem.points, problem.limits.bound, solution.expert_of):
        assert not array.flags.writeable


def test_limits_from_sets_find_what_lies_inside_what():
    limits = Limits.from_sets(5, [([0, 1], 1), ([0, 1, 2], 2), ([4], 1)])
    assert limits.of_arc.tolist() == [0, 0, 1, -1, 2]
    assert limits.parent.tolist() == [1, -1, -1]
    with pytest.raises(ProblemError, match="neither inside nor apart"):
        Limits.from_sets(3, [([0, 1], 1), ([1, 2], 1)])


def test_limits_may_be_none_at_all_or_hold_nothing():
    empty = Limits(of_arc=[-1, -1, -1], bound=[])
    assert repr(Problem.from_arcs(**GOOD, limits=empty)) == "Problem(2 tickets, 3 experts, 3 arcs)"
    assert Limits.from_sets(2, [([], 1), ([1], 2)]).of_arc.tolist() == [-1, 1]


def test_a_solution_says_how_it_went():
    solution = Solution(expert_of=np.array([0, -1]), objective=2.5, status=Status.OPTIMAL, method="dense")
    assert repr(solution) == "Solution(optimal, 1 assigned, objective 2.5, by dense)"
