"""Named problems with known optima × every backend: solved and proved, or declined; and what must not matter."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmatch.errors import BackendError
from deskmatch.solver import (
    Capability,
    Limits,
    Problem,
    Status,
    backend_named,
    backend_names,
    backends_for,
    certify,
    joint_capacity,
    needs,
    solve,
)
from deskmatch.solver.problem import LARGEST
from deskmatch.solver.separation import separate

METHODS = tuple(name for name in backend_names() if backend_named(name).is_available())
NETWORK_METHODS = tuple(name for name in METHODS if Capability.SIDE_ROWS not in backend_named(name).capabilities)
"""Without those for integer programs, which take tenths of a second for any problem and get the table alone."""
MUST = float("-inf")


@dataclass(frozen=True)
class Known:
    """A problem and what is known of it.

    Parameters
    ----------
    problem : the problem.
    optimum : of the points; None: no assignment keeps every rule.
    violators : where there is none, the inclusion-minimal sets of tickets that show it.
    """

    problem: Problem
    optimum: float | None = None
    violators: tuple[tuple[int, ...], ...] = ()


def full(points: object, **options: object) -> Problem:
    """A problem with all pairs."""
    table = np.array(points, dtype=float)
    ticket, expert = np.indices(table.shape)
    return Problem.from_arcs(*table.shape, ticket.ravel(), expert.ravel(), table.ravel(), **options)  # type: ignore[arg-type]


def arcs(n: int, m: int, triples: list[tuple[int, int, float]], **options: object) -> Problem:
    """A problem from ``(ticket, expert, points)``."""
    ticket, expert, points = zip(*triples, strict=True)
    return Problem.from_arcs(n, m, ticket, expert, points, **options)  # type: ignore[arg-type]


def limited(points: list[float], capacity: int, *sets: tuple[list[int], int], **options: object) -> Problem:
    """Tickets before one expert with limits."""
    limits = Limits.from_sets(len(points), sets)
    return full([[value] for value in points], capacity=capacity, limits=limits, **options)


def products(n: int) -> np.ndarray:
    """The matrix i · j, i, j = 1 … n."""
    return np.outer(np.arange(1, n + 1), np.arange(1, n + 1)).astype(float)


NINE = np.arange(9)

NAMED: dict[str, Known] = {
    # Nothing, or next to nothing: what is held counts.
    "nothing": Known(Problem.from_arcs(0, 0, [], [], []), 0.0),
    "no tickets": Known(Problem.from_arcs(0, 3, [], [], []), 0.0),
    "no experts": Known(Problem.from_arcs(2, 0, [], [], [], hold=[1.5, -1.0]), 0.5),
    "no arcs": Known(Problem.from_arcs(2, 2, [], [], [], hold=0.25), 0.5),
    "no arcs, must": Known(Problem.from_arcs(2, 2, [], [], [], hold=[0.0, MUST]), violators=((1,),)),
    "no experts, must": Known(Problem.from_arcs(1, 0, [], [], [], hold=MUST), violators=((0,),)),
    "one pair": Known(full([[2.5]]), 2.5),
    "one row": Known(full([[1.0, 7.0, 3.0]]), 7.0),
    "one column": Known(full([[1.0], [7.0], [3.0]]), 7.0),
    # Ties.
    "all ties": Known(full(np.ones((4, 4))), 4.0),
    "all ties, more tickets": Known(full(np.ones((7, 3))), 3.0),
    "all ties, more experts, must": Known(full(np.ones((3, 7)), hold=MUST), 3.0),
    "all zero": Known(full(np.zeros((3, 3))), 0.0),
    "zero points beside a one": Known(full([[0.0, 0.0], [0.0, 1.0]]), 1.0),
    # Points equal to the hold: served or held, the same.
    "points equal to hold": Known(full([[2.0, 2.0]], hold=2.0), 2.0),
    "identity": Known(full(np.eye(6)), 6.0),
    # Where the diagonal costs 1, any permutation without fixed points costs nothing.
    "minus identity, must": Known(full(-np.eye(5), hold=MUST), 0.0),
    # (i + j) mod 5: each value is a permutation's; i ↦ 4 − i gets 4 five times. At most 4 each.
    "Latin square": Known(full(np.add.outer(np.arange(5), np.arange(5)) % 5, hold=MUST), 20.0),
    "Latin square of the least": Known(full(-(np.add.outer(np.arange(5), np.arange(5)) % 5), hold=MUST), 0.0),
    # Tickets are alike but for a constant (0, 10, 20): whoever goes where, the total is 30 + 0 + 1 + 2.
    "interchangeable tickets": Known(full(np.add.outer([0.0, 10.0, 20.0], [0.0, 1.0, 2.0])), 33.0),
    # Signs.
    "all negative are held": Known(full([[-1.0, -2.0], [-3.0, -4.0]]), 0.0),
    "some negative are held": Known(full([[-1.0, -2.0], [-3.0, 4.0]]), 4.0),
    # −1 − 4 = −5 or −2 − 1.5 = −3.5.
    "all negative, must": Known(full([[-1.0, -2.0], [-1.5, -4.0]], hold=MUST), -3.5),
    "negative holds": Known(full([[-5.0], [-6.0]], hold=[-9.0, -7.0]), -12.0),  # −5 − 7; not −9 − 6
    "holds above all points": Known(full([[1.0, 2.0], [3.0, 4.0]], hold=[5.0, 4.5]), 9.5),
    # The hold of 9 is above all points, that of 2 above neither of the ticket's: 9 + 4.
    "some holds above": Known(full([[8.0, 7.0], [3.0, 4.0]], hold=[9.0, 2.0]), 13.0),
    # Tickets that must be assigned.
    "two must, one expert": Known(full([[1.0], [2.0]], hold=MUST), violators=((0, 1),)),
    "must takes the place of a better ticket": Known(full([[9.0], [1.0]], hold=[0.0, MUST]), 1.0),
    # A ring: 2 each way round, 1 each on the diagonal, 0 the other way round.
    "ring of swaps": Known(full([[1.0, 2.0, 0.0], [0.0, 1.0, 2.0], [2.0, 0.0, 1.0]], hold=MUST), 6.0),
    # Ticket i reaches experts 0 … i: ticket 0 must go to 0, thus 1 to 1, and so on, though all else has more points.
    "exactly one perfect matching": Known(
        arcs(6, 6, [(i, j, -7.0 if i == j else 100.0) for i in range(6) for j in range(i + 1)], hold=MUST), -42.0
    ),
    # Without the obligation the chain is cut: five tickets go one expert down, the first is held.
    "one perfect matching, need not": Known(
        arcs(6, 6, [(i, j, -7.0 if i == j else 100.0) for i in range(6) for j in range(i + 1)]), 500.0
    ),
    # Tickets 0, 1, 2 share experts 0 and 1; tickets 3 and 4 have room.
    "three must, two experts": Known(
        arcs(5, 4, [(i, j, 1.0) for i in range(3) for j in range(2)] + [(3, 2, 1.0), (4, 3, 1.0)], hold=MUST),
        violators=((0, 1, 2),),
    ),
    "three must, two experts, twice": Known(
        arcs(6, 4, [(i, 2 * (i // 3) + j, 1.0) for i in range(6) for j in range(2)], hold=MUST),
        violators=((0, 1, 2), (3, 4, 5)),
    ),
    # Tickets 0 and 1 need expert 0; ticket 2 could stand in at expert 1 and may be held; it proves nothing.
    "a hold proves nothing": Known(
        arcs(3, 2, [(0, 0, 1.0), (1, 0, 1.0), (2, 0, 5.0), (2, 1, 5.0)], hold=[MUST, MUST, 0.0]), violators=((0, 1),)
    ),
    # Capacities.
    "zero capacity": Known(full([[5.0, 2.0]], capacity=[0, 1]), 2.0),
    "zero capacity everywhere": Known(full([[5.0], [2.0]], capacity=0, hold=1.0), 2.0),
    "zero capacity, must": Known(full([[5.0], [4.0]], capacity=0, hold=[0.0, MUST]), violators=((1,),)),
    "capacity 2": Known(full([[3.0], [2.0], [1.0]], capacity=2), 5.0),
    "more capacity than arcs": Known(full([[3.0], [2.0], [1.0]], capacity=2**31 - 1), 6.0),
    "more tickets than units": Known(full([[4.0, 4.0], [4.0, 4.0], [3.0, 5.0]]), 9.0),
    # The best two at expert 0 are 6 + 5, and nobody gets more than 3 at expert 1: ticket 3 does.
    "capacities 2 and 1": Known(full([[6.0, 2.0], [5.0, 3.0], [4.0, 2.0], [1.0, 3.0]], capacity=[2, 1]), 14.0),
    # Slot costs.
    "convex slots": Known(full([[3.0], [3.0], [3.0]], capacity=3, slot_cost=[[0.0, 1.0, 4.0]]), 5.0),
    # The second and third unit are worth exactly what they cost.
    "slots that break even": Known(full([[1.0], [1.0], [1.0]], capacity=3, slot_cost=[[0.0, 1.0, 1.0]]), 1.0),
    # Units 0, 0, 1, 1 whichever expert takes which tickets: 8 − 2.
    "slots in ties": Known(full(np.full((4, 2), 2.0), capacity=4, slot_cost=[[0.0, 1.0, 2.0]] * 2), 6.0),
    "slots that pay": Known(full([[-1.0]], slot_cost=-2.0), 1.0),
    "slots that pay less and less": Known(full([[-1.0]] * 3, capacity=3, slot_cost=[[-3.0, -2.0, 1.0]]), 3.0),
    "the last slot cost goes on": Known(full([[3.0]] * 4, capacity=4, slot_cost=[[0.0, 2.0]]), 6.0),
    "slots dearer than points, must": Known(full([[1.0], [1.0]], capacity=2, slot_cost=[[2.0, 9.0]], hold=MUST), -9.0),
    # Limits.
    "a limit inside a capacity": Known(limited([5.0, 4.0, 3.0, 1.0], 3, ([0, 1, 2], 1)), 6.0),
    # Of tickets 0, 1 one, of 0, 1, 2 two, of all four three: 9 + 7 + 1.
    "nested limits": Known(limited([9.0, 8.0, 7.0, 1.0], 3, ([0, 1], 1), ([0, 1, 2], 2)), 17.0),
    # The inner limit is wider than the outer one, which binds: 9 + 1.
    "a limit wider than the one around it": Known(limited([9.0, 8.0, 7.0, 1.0], 3, ([0, 1], 2), ([0, 1, 2], 1)), 10.0),
    "limits beside each other that meet": Known(limited([5.0, 4.0, 3.0, 2.0], 3, ([0, 1], 1), ([2, 3], 2)), 10.0),
    "limits beside each other that never meet": Known(limited([5.0, 4.0, 3.0, 2.0], 9, ([0, 1], 1), ([2, 3], 1)), 8.0),
    "a limit of zero": Known(limited([5.0, 4.0], 2, ([0], 0)), 4.0),
    "a limit of zero over an outlier": Known(limited([1e15, 0.1], 2, ([0], 0), hold=[1e-15, 0.0]), 0.1 + 1e-15),
    "a limit of zero, must": Known(limited([5.0, 4.0], 2, ([0], 0), hold=MUST), violators=((0,),)),
    "two must under a limit of one": Known(limited([5.0, 4.0, 3.0], 3, ([1, 2], 1), hold=MUST), violators=((1, 2),)),
    # Without the limits every ticket could go; by sets, 0, 1 take one unit and 2, 3 one, so any such pair is too much.
    "four must under two limits": Known(
        limited([1.0] * 4, 4, ([0, 1], 1), ([2, 3], 1), hold=MUST), violators=((0, 1), (2, 3))
    ),
    # A unit pays 1, and the limit is more than its one arc can use: 0 − (−1).
    "a limit of more than its arcs": Known(limited([0.0], 6, ([0], 2), slot_cost=-1.0, hold=-2.0), 1.0),
    # Components.
    # 4 + 4 in the first square, 9 + 1 on the pair's better diagonal, 0.5 held alone.
    "disconnected components": Known(
        arcs(
            5,
            5,
            [(0, 0, 4.0), (0, 1, 5.0), (1, 0, 3.0), (1, 1, 4.0), (2, 2, 9.0), (2, 3, 2.0), (3, 2, 2.0), (3, 3, 1.0)],
            hold=[0.0, 0.0, 0.0, 0.0, 0.5],
        ),
        18.5,
    ),
    "one component is infeasible": Known(
        arcs(4, 3, [(0, 0, 4.0), (1, 1, 5.0), (2, 2, 3.0), (3, 2, 4.0)], hold=MUST), violators=((2, 3),)
    ),
    "an expert that nobody needs": Known(arcs(1, 3, [(0, 1, 4.0)], slot_cost=[-5.0, 1.0, -5.0]), 3.0),
    # Magnitudes. Sums are rounded once (math.fsum): 10¹⁵ + 10⁻¹⁵ is 10¹⁵.
    "1e15 and 1e-15": Known(full([[1e15, 1e-15], [1e15, 1e-15]]), 1e15),
    # The outliers cancel, and what is left is the greater of the small numbers.
    "1e15 and −1e15 cancel": Known(
        arcs(3, 4, [(0, 0, 1e15), (1, 1, -1e15), (2, 2, 1e-15), (2, 3, 2e-15)], hold=[0.0, MUST, 0.0]), 2e-15
    ),
    # The small numbers are as far apart as the spacing of floats next to 1.
    "one unit in the last place": Known(full([[1.0, 1.0 + 2.0**-52], [1.0, 1.0]]), 2.0 + 2.0**-52),
    "tiny points": Known(full([[3e-300, 1e-300]]), 3e-300),
    "the least points": Known(full([[5e-324, 1e-323], [5e-324, 5e-324]]), 1.5e-323),
    "huge points": Known(full([[1e150, 1e149]]), 1e150),
    # Tickets 3 and 4 have no choice, and leave expert 2 to ticket 2: 11 − 6 − 2, and −8 + 5 for holding the others. An
    # auction may ask any price of those who have no choice, here far more than the largest points there may be.
    "huge points, prices beyond them": Known(
        arcs(
            5,
            3,
            [
                (ticket, expert, points * 2.0**492)
                for ticket, expert, points in [
                    (0, 0, -4),
                    (1, 0, -16),
                    (1, 1, -1),
                    (1, 2, -8),
                    (2, 0, 5),
                    (2, 2, -2),
                    (3, 0, 11),
                    (4, 1, -6),
                ]
            ],
            hold=[-8 * 2.0**492, 5 * 2.0**492, MUST, MUST, MUST],
        ),
        0.0,
    ),
    "huge points, must": Known(full([[-1e150, 1e150], [-1e150, -1e150]], hold=MUST), 0.0),
    # This made LAPJVsp, in floats, search in a circle for ever. Expert 1 has two units, expert 2 three. Expert 2 loses
    # 10¹⁵ with ticket 4, which therefore goes to expert 1 for 0.1; ticket 3 earns 3·10¹⁴ beside it; the others are left
    # for expert 2, whose first unit pays 10¹⁵. All else is less than the rounding of that.
    "1e15 and 1e-15, must, slots that pay 1e15": Known(
        full(
            [
                [0.1, 1.0, -1e-15],
                [3e14, 1.0, -1e-15],
                [0.1, 0.0, 1e-15],
                [0.1, 3e14, 0.1],
                [0.1, 0.1, -1e15],
            ],
            capacity=[0, 2, 3],
            slot_cost=[[-1e-15, 0.0, 0.1], [-1e-15, 0.0, 1e-15], [-1e15, -1e-15, -1e-15]],
            hold=MUST,
        ),
        1.3e15 + 0.1,
    ),
    # Powers of two: the greatest decides, then the greatest of the rest, and so on (the sum of all smaller is less):
    # 2⁸ at (2, 2), then 2⁴ at (1, 1), then 2⁰.
    "powers of two": Known(full(2.0 ** NINE.reshape(3, 3)), 273.0),
    # i · j. Pairing large with large is best, large with small worst (the rearrangement inequality): Σ i² and
    # Σ i(n + 1 − i). As costs they are hard for algorithms that augment: R. E. Machol & M. Wien, A hard assignment
    # problem, Operations Research 24 (1976) 190–192.
    "Machol–Wien": Known(full(-products(12), hold=MUST), -12 * 13 * 14 / 6),
    "Machol–Wien, most": Known(full(products(12), hold=MUST), 12 * 13 * 25 / 6),
    # The costs are 13² less: worth a hold of 0 always, so that nobody is held.
    "Machol–Wien, none held": Known(full(169.0 - products(12)), 12 * 169 - 12 * 13 * 14 / 6),
    # The tickets with the greatest i are held, for 30 each, and the r others take the r least experts, for
    # r(r + 1)(r + 2)/6: together 240 with r = 8, 234 with r = 7, 236 with r = 6.
    "Machol–Wien, some held": Known(full(-products(12), hold=-30.0), -234.0),
}

each_method = pytest.mark.parametrize("method", METHODS)
each_network_method = pytest.mark.parametrize("method", NETWORK_METHODS)
each_name = pytest.mark.parametrize("name", NAMED)


def takes(method: str, problem: Problem) -> bool:
    """Whether a backend has all that it needs, once limits that can be taken away are."""
    apart = separate(problem)
    return not needs(problem if apart is None else apart.problem) & ~backend_named(method).capabilities


def proved(problem: Problem, method: str) -> float | None:
    """The proved optimum, or None where infeasibility is proved by a smallest set."""
    solution = solve(problem, method=method)
    certificate = certify(problem, solution)
    assert not certificate.violations
    assert solution.objective == certificate.objective
    assert solution.method == method
    if solution.status is Status.INFEASIBLE:
        assert certificate.infeasible_proven
        assert certificate.proven_bound is None
        assert solution.violator is not None
        for left_out in solution.violator:
            fewer = solution.violator[solution.violator != left_out]
            assert joint_capacity(problem, fewer) == len(fewer)
        return None
    assert solution.status is Status.OPTIMAL
    assert certificate.optimal
    assert certificate.gap == 0.0
    return solution.objective


@each_method
@each_name
def test_a_named_problem_has_its_known_optimum_or_is_declined(name, method):
    known = NAMED[name]
    if not takes(method, known.problem):
        with pytest.raises(BackendError, match=f"{method} cannot take"):
            solve(known.problem, method=method)
        return
    assert proved(known.problem, method) == known.optimum
    if known.violators:
        assert tuple(solve(known.problem, method=method).violator.tolist()) in known.violators


# Relations. The optimum is known here too, so that the two sides cannot be wrong together.


def rebuilt(problem: Problem, **changes: object) -> Problem:
    """The same problem with other arrays."""
    names = ("ticket", "expert", "points", "capacity", "hold", "slot_cost", "limits")
    given = {name: getattr(problem, name) for name in names} | changes
    return Problem.from_arcs(problem.n_tickets, problem.n_experts, **given)  # type: ignore[arg-type]


def numbers(problem: Problem) -> np.ndarray:
    """All finite points, holds and slot costs, in one array."""
    return np.concatenate([problem.points, problem.hold[problem.hold > MUST], problem.slot_cost.ravel()])


def permuted(problem: Problem) -> tuple[Problem, float]:
    """Tickets, experts and arcs in another order."""
    rng = np.random.default_rng(1)
    row, column = rng.permutation(problem.n_tickets), rng.permutation(problem.n_experts)
    order = rng.permutation(problem.n_arcs)
    limits = problem.limits
    if limits is not None:
        limits = Limits(of_arc=limits.of_arc[order], bound=limits.bound, parent=limits.parent)
    changes = {
        "ticket": row[problem.ticket][order],
        "expert": column[problem.expert][order],
        "points": problem.points[order],
        "hold": problem.hold[np.argsort(row)],
        "capacity": problem.capacity[np.argsort(column)],
        "slot_cost": problem.slot_cost[np.argsort(column)],
        "limits": limits,
    }
    return rebuilt(problem, **changes), 1.0


def shifted(problem: Problem) -> tuple[Problem, float]:
    """Points and hold of each ticket go up or down together, by amounts that add up to nothing."""
    amount = np.where(np.arange(problem.n_tickets) % 2, -8.0, 8.0)
    if problem.n_tickets % 2:
        amount[-1] = 0.0
    return rebuilt(problem, points=problem.points + amount[problem.ticket], hold=problem.hold + amount), 1.0


def scaled_by(factor: float) -> Callable[[Problem], tuple[Problem, float]]:
    """All points, holds and slot costs times a factor."""

    def scale(problem: Problem) -> tuple[Problem, float]:
        changes = {name: getattr(problem, name) * factor for name in ("points", "hold", "slot_cost")}
        return rebuilt(problem, **changes), factor

    return scale


RELATIONS: dict[str, Callable[[Problem], tuple[Problem, float]]] = {
    "permuted": permuted,
    "shifted": shifted,
    "times 2^40": scaled_by(2.0**40),
    "times 2^-40": scaled_by(2.0**-40),
    "times 1e9": scaled_by(1e9),
    "times 1e-9": scaled_by(1e-9),
}
"""What is done to a problem, and the factor of its optimum."""


def is_exact(relation: str, problem: Problem) -> bool:
    """Whether the relation rounds nothing in this problem."""
    values = numbers(problem)
    if relation == "shifted":
        return bool((values + 8 - 8 == values).all() and (values - 8 + 8 == values).all())
    if relation.startswith("times 2"):
        factor = 2.0 ** float(relation.partition("^")[2])
        return bool((values * factor / factor == values).all())
    return relation == "permuted"


@each_network_method
@pytest.mark.parametrize("relation", RELATIONS)
@each_name
def test_a_named_problem_keeps_its_optimum_when(name, relation, method):
    known = NAMED[name]
    size = np.abs(numbers(known.problem)).max(initial=0.0)
    if not takes(method, known.problem) or not 1e-300 < size * 1e-9 < size * 2.0**40 < LARGEST:
        return
    changed, factor = RELATIONS[relation](known.problem)
    optimum = proved(changed, method)
    if known.optimum is None or is_exact(relation, known.problem):
        assert optimum == (None if known.optimum is None else known.optimum * factor)
    else:
        tolerance = 1e-12 * known.problem.n_tickets * 3 * (size * factor + 8)
        assert optimum == pytest.approx(known.optimum * factor, rel=0, abs=tolerance)


def can_be_transposed(problem: Problem) -> bool:
    """Whether tickets and experts are alike: hold 0, capacity 1, no slot costs, no limits."""
    plain = not problem.hold.any() and not problem.slot_cost.any() and problem.limits is None
    return plain and bool((problem.capacity == 1).all())


@each_network_method
@pytest.mark.parametrize("name", [name for name, known in NAMED.items() if can_be_transposed(known.problem)])
def test_a_named_problem_keeps_its_optimum_when_transposed(name, method):
    problem = NAMED[name].problem
    across = Problem.from_arcs(problem.n_experts, problem.n_tickets, problem.expert, problem.ticket, problem.points)
    assert proved(across, method) == NAMED[name].optimum


@each_network_method
@given(data=st.data(), factor=st.sampled_from([1e9, 1e-9, 2.0**400, 2.0**-400, 1 / 3]))
@settings(max_examples=30)
def test_a_factor_scales_the_optimum(cases, method, data, factor):
    problem = data.draw(cases.problems(limited=None if takes_limits(method) else False))
    scaled, _ = scaled_by(factor)(problem)
    before, after = proved(problem, method), proved(scaled, method)
    assert after == (None if before is None else pytest.approx(before * factor, abs=1e-12 * cases.size(scaled)))


@each_network_method
@given(data=st.data())
@settings(max_examples=30)
def test_real_constants_on_points_and_hold_are_added_to_the_optimum(cases, method, data):
    problem = data.draw(cases.problems(limited=None if takes_limits(method) else False))
    amount = np.array([data.draw(st.floats(-100, 100)) for _ in range(problem.n_tickets)])
    shift = amount[problem.ticket] if problem.n_tickets else 0.0
    moved = rebuilt(problem, points=problem.points + shift, hold=problem.hold + amount)
    before, after = proved(problem, method), proved(moved, method)
    tolerance = 1e-12 * (cases.size(moved) + cases.size(problem) + 300)
    assert after == (None if before is None else pytest.approx(before + amount.sum(), abs=tolerance))


def takes_limits(method: str) -> bool:
    return Capability.LIMITS in backend_named(method).capabilities


@given(data=st.data())
@settings(max_examples=60)
def test_all_that_take_limits_agree_also_on_infeasibility(cases, data):
    problem = data.draw(cases.problems(tickets=7, experts=5, limited=True))
    able = backends_for(needs(problem))
    assert len(able) > 1
    found = [proved(problem, method) for method in able]
    if None in found:
        assert found == [None] * len(able)
    else:
        assert np.ptp(np.array(found, dtype=float)) <= 1e-12 * cases.size(problem)


# The OR-Library.

PUBLISHED = {
    "assign100": 305,
    "assign200": 475,
    "assign300": 626,
    "assign400": 804,
    "assignp800": 2239,
    "assignp1500": 5839,
}
"""Minimal costs, from the OR-Library (J. E. Beasley 1990)."""

SLOW = {"networkx"} | set(METHODS) - set(NETWORK_METHODS)
"""Backends that are tried on the smallest alone; networkx takes more than ten seconds on the others."""


@each_method
@pytest.mark.parametrize("name", PUBLISHED)
def test_finds_the_published_optimum_of_the_or_library(name, method):
    if "DESKMATCH_DATA" not in os.environ:
        pytest.skip("DESKMATCH_DATA is not set")
    if method in SLOW and name != "assign100":
        pytest.skip(f"{method} is tried on the smallest alone")
    assert proved(or_library(name), method) == -PUBLISHED[name]


def or_library(name: str) -> Problem:
    """An assignment problem of the OR-Library: everything must be assigned, points are minus the costs."""
    path = Path(os.environ["DESKMATCH_DATA"]) / "orlib_assign" / f"{name}.txt.gz"
    if not path.exists():
        pytest.skip(f"DESKMATCH_DATA has no {path.name}")
    with gzip.open(path, "rt") as file:
        entries = np.array(file.read().split(), dtype=np.int64)
    n, entries = int(entries[0]), entries[1:]
    if not name.startswith("assignp"):
        return full(-entries.reshape(n, n), hold=MUST)
    ticket, expert, cost = entries[: len(entries) // 3 * 3].reshape(-1, 3).T
    return Problem.from_arcs(n, n, ticket - 1, expert - 1, -cost, hold=MUST)


# The helpers can fail.


def test_the_comparison_fails_on_a_wrong_answer(monkeypatch):
    problem = NAMED["ring of swaps"].problem
    worse = solve(full([[2.0, 1.0, 0.0], [0.0, 2.0, 1.0], [1.0, 0.0, 2.0]], hold=MUST), method=METHODS[0])
    monkeypatch.setitem(proved.__globals__, "solve", lambda *_, **__: worse)
    with pytest.raises(AssertionError):
        proved(problem, METHODS[0])


def test_the_comparison_fails_on_a_violator_that_is_not_minimal(monkeypatch):
    problem = NAMED["three must, two experts, twice"].problem
    right = solve(problem, method=METHODS[0])
    wide = type(right)(
        expert_of=right.expert_of,
        objective=None,
        status=Status.INFEASIBLE,
        method=METHODS[0],
        violator=np.arange(6, dtype=np.int32),
    )
    monkeypatch.setitem(proved.__globals__, "solve", lambda *_, **__: wide)
    with pytest.raises(AssertionError):
        proved(problem, METHODS[0])
