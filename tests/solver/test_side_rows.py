"""Usage, side rows and extra columns: what `Problem` takes, what assignments are worth, and which bounds hold."""

from __future__ import annotations

import functools
import itertools
import pickle
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from deskmatch.errors import BackendError, ProblemError
from deskmatch.solver import (
    Capability,
    Limits,
    Matcher,
    Problem,
    Sense,
    Side,
    Solution,
    Status,
    certify,
    evaluate,
    needs,
    polish,
    solve,
    violations,
)
from deskmatch.solver.bound import bound_terms, safe_prices
from deskmatch.solver.evaluation import arcs_chosen
from deskmatch.solver.extra_columns import best_extra, extra_boxes
from deskmatch.solver.knapsack_bound import knapsack_terms
from deskmatch.solver.residual_graph import ResidualGraph
from deskmatch.solver.separation import separate

INF = float("inf")
TWO = {"n_tickets": 2, "n_experts": 2, "ticket": [1, 0, 0], "expert": [0, 1, 0], "points": [1.0, 2.0, 3.0]}
ROWS = Side.from_matrix([[1, 0, 2], [0, 3, 0]], ["<=", ">="], [2, 1], penalty=[INF, 0.5], over_extra=[[0.0], [1.0]])


def fields(side: Side, **changes: object) -> dict[str, object]:
    return {name: getattr(side, name) for name in side.__dataclass_fields__} | changes


# what is taken and refused


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"arc_indptr": [0, 1, 2]}, "side.arc_indptr: expected nondecreasing offsets from 0 to the 3 entries"),
        ({"arc_indptr": [0, 3]}, r"side.arc_indptr: expected shape \(3,\)"),
        ({"arc": [0, 0, 1]}, "side.arc: row 0 has column 0 twice"),
        ({"arc": [0, -1, 1]}, r"side.arc\[1\]: found -1; expected an index ≥ 0"),
        ({"arc_value": [1.0, np.nan, 3.0]}, r"side.arc_value\[1\]: found nan"),
        ({"arc_value": [1.0, 1e101, 3.0]}, r"side.arc_value\[1\]: found 1e\+101"),
        ({"extra": [1]}, r"side.extra\[0\]: found 1; expected a column from 0 to 0"),
        ({"sense": [0, 2]}, r"side.sense\[1\]: found 2; expected −1 \(≤\), 0 \(=\) or 1 \(≥\)"),
        ({"rhs": [INF, 1.0]}, r"side.rhs\[0\]: found inf"),
        ({"penalty": [-1.0, 1.0]}, r"side.penalty\[0\]: found -1.0; expected points ≥ 0 per unit"),
        ({"penalty": [1.0, np.nan]}, r"side.penalty\[1\]: found nan"),
        ({"penalty": [1.0]}, r"side.penalty: expected shape \(2,\)"),
        ({"lower": [INF]}, r"side.lower\[0\]: found inf"),
        ({"upper": [-1.0]}, r"side.upper\[0\]: found -1.0; expected a number that is not below"),
        ({"extra_points": [np.nan]}, r"side.extra_points\[0\]: found nan"),
    ],
)
def test_side_names_the_array_and_the_first_offender(changes, told):
    with pytest.raises(ProblemError, match=told):
        Side(**fields(ROWS, **changes))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Side.from_matrix([[1.0]], "<", 1), "side.sense: found '<'; expected <=, = or >="),
        (lambda: Side.from_matrix([["a"]], "<=", 1), "side: expected a matrix of numbers"),
        (lambda: Side.from_matrix([[1.0]], "<=", [1, 2]), "side.rhs: expected a number or shape"),
        (lambda: Side.from_matrix([[1.0]], ["<=", "="], 1), r"side.sense: expected shape \(1,\), got \(2,\)"),
        (lambda: Side.from_matrix([[1.0]], "<=", 1, over_extra=[[1], [1]]), "1 rows over the arcs, and 2 over"),
        (lambda: Problem.from_arcs(**TWO, usage=0), r"usage\[0\]: found 0; expected an integer ≥ 1"),
        (lambda: Problem.from_arcs(**TWO, usage=[1, 2]), r"usage: expected a number or shape \(3,\)"),
        (lambda: Problem.from_arcs(**TWO, usage=[1, 2, 1.5]), r"usage\[2\]: found 1.5; expected a whole number"),
        (
            lambda: Problem.from_arcs(**TWO, side=Side.from_matrix([[0, 0, 0, 1]], "<=", 1)),
            r"side.arc\[0\]: found 3; expected an arc from 0 to 2",
        ),
        (
            lambda: replace(Problem.from_arcs(**TWO), side=Side.from_matrix([[0, 0, 0, 1]], "<=", 1)),
            r"side.arc\[0\]: found 3",
        ),
    ],
)
def test_names_what_is_wrong_with_rows_and_usage(call, told):
    with pytest.raises(ProblemError, match=told):
        call()


def test_usage_and_rows_follow_their_arcs_into_order():
    problem = Problem.from_arcs(**TWO, usage=[3, 2, 1], side=ROWS)
    assert (problem.ticket.tolist(), problem.expert.tolist()) == ([0, 0, 1], [0, 1, 0])
    assert problem.usage.tolist() == [1, 2, 3]
    assert problem.side.arc.tolist() == [0, 2, 1]
    assert problem.side.arc_value.tolist() == [2.0, 1.0, 3.0]
    assert repr(problem) == "Problem(2 tickets, 2 experts, 3 arcs, usage, 2 side rows, 1 extra columns)"


def test_usage_of_one_and_an_empty_side_leave_a_network():
    empty = Side.from_matrix(np.zeros((0, 3)), "<=", [])
    problem = Problem.from_arcs(**TWO, usage=[1, 1, 1], side=empty)
    assert problem.is_network
    assert problem.usage is None
    assert problem.side is None


def test_arrays_of_a_side_are_read_only_also_when_unpickled():
    side = pickle.loads(pickle.dumps(Problem.from_arcs(**TWO, side=ROWS))).side
    assert not any(getattr(side, name).flags.writeable for name in side.__dataclass_fields__)


def test_stacked_rows_keep_their_own_extra_columns_and_can_be_left_out():
    stacked = Side.stack([ROWS, ROWS])
    assert (stacked.n_rows, stacked.n_extra) == (4, 2)
    assert stacked.extra.tolist() == [0, 1]
    last = stacked.kept(np.arange(4) != 0).kept([2])
    assert (last.arc.tolist(), last.extra.tolist(), last.rhs.tolist()) == ([1], [1], [1.0])
    assert last.sense.tolist() == [Sense.AT_LEAST]
    assert Side.stack([]).n_rows == 0
    assert repr(stacked) == "Side(4 rows, 2 of them soft, 2 extra columns)"


def test_needs_names_usage_rows_and_extra_columns_and_networks_decline_them():
    problem = Problem.from_arcs(**TWO, usage=2, side=ROWS, capacity=2)
    wanted = Capability.USAGE | Capability.SIDE_ROWS | Capability.EXTRA
    assert needs(problem) & wanted == wanted
    assert needs(Problem.from_arcs(**TWO)) & wanted == Capability(0)
    for method in ("min_cost_flow", "sparse", "dense", "networkx"):
        with pytest.raises(BackendError, match=r"cannot take usage, side rows, extra"):
            solve(problem, method=method)


def test_what_exists_for_networks_only_refuses_other_problems():
    for options in ({"usage": 2}, {"side": ROWS}):
        problem = Problem.from_arcs(**TWO, **options)
        for ask in (
            lambda one: polish(one, [-1, -1]),
            Matcher,
            lambda one: ResidualGraph(one, np.full(2, -1), np.zeros(2)),
        ):
            with pytest.raises(BackendError, match=r"networks only|cannot take"):
                ask(problem)


def test_limits_of_a_problem_with_usage_are_not_separated():
    limits = Limits(of_arc=[0], bound=[2])
    arcs = {"n_tickets": 1, "n_experts": 1, "ticket": [0], "expert": [0], "points": 1.0, "limits": limits}
    assert separate(Problem.from_arcs(**arcs)) is not None
    assert separate(Problem.from_arcs(**arcs, usage=2)) is None


# what assignments are worth


def sided(rng: np.random.Generator, *, usage: bool = True, extra: bool = True, whole: bool = False) -> Problem:
    """A small random problem with usage, limits, slot costs, side rows and extra columns."""
    n, m = (int(k) for k in rng.integers(1, 5, 2))
    ticket, expert = np.nonzero(rng.random((n, m)) < 0.8)
    arcs, rows, columns = len(ticket), int(rng.integers(1, 4)), int(rng.integers(0, 3)) if extra else 0

    def numbers(*shape: int) -> np.ndarray:
        return rng.integers(-3, 4, shape).astype(float) if whole else rng.normal(size=shape).round(3)

    limits = None
    if rng.random() < 0.4 and arcs:
        parent = np.concatenate([np.full(m, -1), np.arange(m)])
        of_arc = np.where(rng.random(arcs) < 0.8, expert + m * rng.integers(0, 2, arcs), -1)
        limits = Limits(of_arc=of_arc, bound=rng.integers(0, 5, 2 * m), parent=parent)
    lower = np.where(rng.random(columns) < 0.3, -INF, -1.0)
    points = numbers(columns)
    side = Side.from_matrix(
        numbers(rows, arcs) * (rng.random((rows, arcs)) < 0.7),
        [("<=", "=", ">=")[k] for k in rng.choice(3, rows, p=[0.45, 0.1, 0.45])],
        numbers(rows),
        penalty=np.where(rng.random(rows) < 0.4, INF, rng.integers(0, 4, rows)),
        over_extra=numbers(rows, columns),
        lower=lower,
        upper=np.where(rng.random(columns) < 0.3, INF, 2.0),
        extra_points=np.where(np.isneginf(lower), np.abs(points), points),
    )
    return Problem.from_arcs(
        n,
        m,
        ticket,
        expert,
        numbers(arcs) + 1.0,
        capacity=rng.integers(0, 5, m),
        hold=np.where(rng.random(n) < 0.15, -INF, numbers(n)),
        slot_cost=np.sort(numbers(m, 3), axis=1) if rng.random() < 0.5 else None,
        limits=limits,
        usage=rng.integers(1, 4, arcs) if usage else 1,
        side=side,
    )


def assignments(problem: Problem) -> Iterator[np.ndarray]:
    """Every assignment that keeps capacities, limits and musts, checked in plain Python."""
    choices = [
        ([] if problem.hold[i] == -INF else [-1]) + problem.expert[problem.indptr[i] : problem.indptr[i + 1]].tolist()
        for i in range(problem.n_tickets)
    ]
    usage = np.ones(problem.n_arcs, int) if problem.usage is None else problem.usage
    for chosen in itertools.product(*choices):
        load = [0] * problem.n_experts
        counted = [0] * (0 if problem.limits is None else len(problem.limits.bound))
        for arc in range(problem.n_arcs):
            if chosen[problem.ticket[arc]] == problem.expert[arc]:
                load[problem.expert[arc]] += int(usage[arc])
                limit = -1 if problem.limits is None else int(problem.limits.of_arc[arc])
                while limit >= 0:
                    counted[limit] += int(usage[arc])
                    limit = int(problem.limits.parent[limit])
        fits = all(used <= room for used, room in zip(load, problem.capacity, strict=True))
        if fits and (problem.limits is None or all(k <= b for k, b in zip(counted, problem.limits.bound, strict=True))):
            yield np.array(chosen, dtype=np.int64)


def plain_worth(problem: Problem, chosen: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Points without the side, the rows' left sides over arcs, and E as a dense matrix; in plain Python."""
    side = problem.side
    total, left = 0.0, np.zeros(side.n_rows)
    load = [0] * problem.n_experts
    over_arcs = np.zeros((side.n_rows, problem.n_arcs))
    over_extra = np.zeros((side.n_rows, side.n_extra))
    over_arcs[side.arc_row, side.arc] = side.arc_value
    over_extra[side.extra_row, side.extra] = side.extra_value
    total += sum(problem.hold[i] for i in range(problem.n_tickets) if chosen[i] < 0)
    for arc in range(problem.n_arcs):
        j = int(problem.expert[arc])
        if chosen[problem.ticket[arc]] == j:
            total += problem.points[arc]
            left += over_arcs[:, arc]
            for _ in range(1 if problem.usage is None else int(problem.usage[arc])):
                total -= problem.slot_cost[j, min(load[j], problem.slot_cost.shape[1] - 1)]
                load[j] += 1
    return total, left, over_extra


def worth(problem: Problem, chosen: np.ndarray) -> float | None:
    """The best total with these assignments, None where the rows cannot be kept: a dense linear program."""
    from scipy.optimize import linprog

    side = problem.side
    total, left, over_extra = plain_worth(problem, chosen)
    hard = np.isposinf(side.penalty)
    unit = np.eye(side.n_rows)[:, ~hard]
    penalty = side.penalty[~hard]
    ends = [*zip(side.lower, side.upper, strict=True), *[(0, None)] * (2 * len(penalty))]
    rows = np.hstack([over_extra, -unit, unit])
    above, below, equal = side.sense == 1, side.sense == -1, side.sense == 0
    rest = side.rhs - left
    if not rows.shape[1]:
        return total if ((rest >= 0) | ~below).all() and ((rest <= 0) | ~above).all() and not equal.any() else None
    answer = linprog(
        np.concatenate([-side.extra_points, penalty, penalty]),
        A_ub=np.vstack([rows[below], -rows[above]]),
        b_ub=np.concatenate([rest[below], -rest[above]]),
        A_eq=rows[equal],
        b_eq=rest[equal],
        bounds=ends,
    )
    assert answer.status in (0, 2), "unbounded samples are no use"
    return total - answer.fun if answer.status == 0 else None


@functools.cache
def best(problem: Problem) -> float | None:
    """The optimum, by enumeration."""
    return max((w for one in assignments(problem) if (w := worth(problem, one)) is not None), default=None)


def is_bounded(problem: Problem) -> bool:
    """Whether the extra columns cannot bring points without end."""
    try:
        best(problem)
    except AssertionError:
        return False
    return True


SAMPLES = [one for seed in range(120) if is_bounded(one := sided(np.random.default_rng(seed), whole=seed % 3 == 0))]


def test_most_samples_can_be_solved():
    assert sum(best(problem) is not None for problem in SAMPLES) > 60


def test_evaluate_and_violations_agree_with_rules_said_plainly():
    for problem in SAMPLES[:60]:
        for chosen in itertools.islice(assignments(problem), 40):
            extra = best_extra(problem, arcs_chosen(problem, chosen))
            told = worth(problem, chosen)
            if extra is None or told is None:
                assert told is None
                assert extra is None or violations(problem, chosen, extra)
            else:
                assert violations(problem, chosen, extra) == ()
                assert evaluate(problem, chosen, extra) == pytest.approx(told, abs=1e-6)


def test_every_broken_rule_is_told():
    side = Side.from_matrix([[1, 1], [1, -1]], ["<=", "="], [1, 0], over_extra=[[0.0], [1.0]], upper=1.0)
    limits = Limits(of_arc=[0, 0], bound=[4])
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], 1.0, capacity=4, usage=[2, 3], side=side, limits=limits)
    assert violations(problem, [0, 0], [1.5]) == (
        "expert 0 gets 5 units, capacity 4",
        "limit 0 counts 5 units, bound 4",
        "extra column 0 is 1.5, bounds 0.0 and 1.0",
        "side row 0 is missed by 1.0",
        "side row 1 is missed by 1.5",
    )
    assert violations(problem, [-1, 0], [1.0]) == ()
    for wrong in (None, [np.nan], [1.0, 2.0], object()):
        assert violations(problem, [-1, 0], wrong) == ("extra: expected 1 finite numbers",)


def test_evaluate_adds_penalties_extra_points_and_the_cost_of_all_units():
    side = Side.from_matrix([[1.0, 1.0]], "=", 3.0, penalty=2.0, over_extra=[[1.0]], upper=0.5, extra_points=-4.0)
    problem = Problem.from_arcs(
        2, 1, [0, 1], [0, 0], [8.0, 9.0], capacity=5, usage=[2, 3], side=side, slot_cost=[[0.0, 1.0, 1.5]]
    )
    assert evaluate(problem, [0, 0], [0.5]) == 17.0 - (0.0 + 1.0 + 1.5 * 3) - 2.0 * 0.5 - 4.0 * 0.5
    assert evaluate(problem, [-1, -1], [0.0]) == -6.0


def test_best_extra_is_none_where_no_values_keep_the_rows():
    side = Side.from_matrix([[1.0]], ">=", 1.0, over_extra=[[1.0]], upper=0.5)
    problem = Problem.from_arcs(1, 1, [0], [0], 1.0, side=side)
    assert best_extra(problem, np.array([-1])) is None
    assert best_extra(problem, np.array([0])).tolist() == [0.0]
    assert best_extra(Problem.from_arcs(1, 1, [0], [0], 1.0), np.array([0])).shape == (0,)


# what prices prove


def prices_for(problem: Problem, rng: np.random.Generator) -> dict[str, np.ndarray | None]:
    """Prices of any kind: sensible, of the wrong sign, nan, infinite, misshapen, missing."""

    def some(count: int) -> np.ndarray | None:
        values = rng.normal(size=count) * rng.choice([0.0, 1.0, 3.0])
        values[rng.random(count) < 0.05] = rng.choice([np.nan, INF, -INF])
        return None if rng.random() < 0.1 else values[: count - int(rng.random() < 0.05)]

    limits = 0 if problem.limits is None else len(problem.limits.bound)
    return {
        "expert_price": some(problem.n_experts),
        "limit_price": some(limits),
        "row_price": some(problem.side.n_rows),
        "ticket_price": some(problem.n_tickets),
    }


def test_no_prices_prove_a_bound_below_the_optimum():
    rng, finite = np.random.default_rng(1), 0
    for problem in SAMPLES:
        optimum = best(problem)
        nothing = Solution(expert_of=np.full(problem.n_tickets, -1), objective=None, status="unknown", method="none")
        for _ in range(8):
            bound = certify(problem, replace(nothing, **prices_for(problem, rng))).proven_bound
            finite += bound is not None
            assert bound is None or optimum is None or bound >= optimum - 1e-9
    assert finite > len(SAMPLES) * 4


def test_both_forms_bound_the_optimum_and_either_can_be_the_better_one():
    rng, better = np.random.default_rng(2), [0, 0]
    for problem in SAMPLES:
        optimum = best(problem)
        for _ in range(4):
            given = prices_for(problem, rng)
            prices = safe_prices(problem, given["expert_price"], given["limit_price"], given["row_price"])
            forms = [bound_terms(problem, prices), knapsack_terms(problem, prices, given["ticket_price"])]
            if all(np.isfinite(form).all() for form in forms):
                first, second = (float(form.sum()) for form in forms)
                assert optimum is None or min(first, second) >= optimum - 1e-9
                better[int(second < first)] += 1
    assert min(better) > 20


def test_a_knapsack_that_is_too_large_is_bounded_by_its_price(monkeypatch):
    for problem in SAMPLES[:40]:
        prices = safe_prices(problem, None, None, None)
        packed = knapsack_terms(problem, prices, None)
        with monkeypatch.context() as patch:
            patch.setattr("deskmatch.solver.knapsack_bound.WORK", 0)
            priced = knapsack_terms(problem, prices, None)
        assert (priced >= packed - 1e-9).all()


def test_whole_knapsacks_prove_more_than_any_price_of_units_can():
    problem = Problem.from_arcs(2, 1, [0, 1], [0, 0], [3.0, 3.0], capacity=3, usage=2)
    solution = Solution(
        expert_of=[0, -1], objective=3.0, status="optimal", method="hand", expert_price=[1.5], ticket_price=[0.0, 0.0]
    )
    assert certify(problem, solution).optimal
    assert certify(problem, replace(solution, ticket_price=[3.0, 3.0])).proven_bound == pytest.approx(4.5)
    assert bound_terms(problem, safe_prices(problem, [1.5], None)).sum() == pytest.approx(4.5)


def test_a_row_price_above_the_penalty_counts_as_the_penalty():
    side = Side.from_matrix([[1.0]], "<=", 0.0, penalty=2.0)
    problem = Problem.from_arcs(1, 1, [0], [0], 5.0, side=side)
    solution = Solution(expert_of=[0], objective=3.0, status="optimal", method="hand", row_price=[9.0])
    certificate = certify(problem, solution)
    assert (certificate.optimal, certificate.gap) == (True, 0.0)


def test_rows_bound_extra_columns_that_have_no_bounds_themselves():
    side = Side.from_matrix(
        [[1.0], [-2.0], [0.0]],
        [">=", ">=", "<="],
        [0.5, -1.0, 7.0],
        over_extra=[[-1.0, 0.0], [1.0, 0.0], [-1.0, 1.0]],
        lower=-INF,
        extra_points=[-1.0, 1.0],
    )
    problem = Problem.from_arcs(1, 1, [0], [0], 1.0, side=side)
    lower, upper = extra_boxes(problem)
    assert lower == pytest.approx([-1.0, 6.0])
    assert upper == pytest.approx([0.5, 7.5])
    assert lower[0] < -1.0
    assert upper[0] > 0.5


def test_extra_columns_that_pay_without_end_prove_nothing():
    side = Side.from_matrix([[1.0]], ">=", 0.0, over_extra=[[1.0]], extra_points=1.0)
    problem = Problem.from_arcs(1, 1, [0], [0], 1.0, side=side)
    solution = Solution(expert_of=[0], objective=1.0, status="feasible", method="hand", extra=[0.0])
    assert certify(problem, solution).proven_bound is None


def test_infeasibility_by_rows_alone_is_claimed_and_not_proved():
    problem = Problem.from_arcs(1, 1, [0], [0], 1.0, side=Side.from_matrix([[1.0]], "=", 0.5))
    claim = Solution(expert_of=[-1], objective=None, status=Status.INFEASIBLE, method="hand")
    certificate = certify(problem, claim)
    assert (certificate.feasible, certificate.infeasible_proven, certificate.violations) == (False, False, ())
