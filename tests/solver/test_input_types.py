"""What callers may hand to `Problem`: every form of an array gives the same problem or a clear error, never another."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from deskmatch.errors import ProblemError
from deskmatch.solver import Capability, Limits, Problem, Status, backend_named, backend_names, certify, solve

METHODS = tuple(name for name in backend_names() if Capability.USAGE not in backend_named(name).capabilities)
"""The methods for networks."""
GOOD: dict[str, object] = {
    "n_tickets": 2,
    "n_experts": 3,
    "ticket": [0, 0, 1],
    "expert": [0, 2, 1],
    "points": [1.0, 2.0, 3.0],
    "capacity": [1, 2, 1],
    "hold": [0.0, -np.inf],
    "slot_cost": [[0.0, 0.0], [1.0, 2.0], [0.0, 3.0]],
}
INTEGERS = ("ticket", "expert", "capacity")
FLOATS = ("points", "hold", "slot_cost")
ARRAYS = (*INTEGERS, *FLOATS)


def same(problem: Problem, other: Problem) -> bool:
    """Whether two problems hold the same numbers."""
    names = ("indptr", "expert", "points", "capacity", "hold", "slot_cost")
    return all(np.array_equal(getattr(problem, name), getattr(other, name)) for name in names)


def strided(values: object) -> np.ndarray:
    """The same numbers, every second one of an array."""
    array = np.asarray(values)
    wide = np.repeat(array, 2, axis=-1)[..., ::2]
    assert array.size < 2 or not wide.flags.c_contiguous
    return wide


def backwards(values: object) -> np.ndarray:
    """The same numbers with negative strides."""
    return np.ascontiguousarray(np.asarray(values)[..., ::-1])[..., ::-1]


def frozen(values: object) -> np.ndarray:
    """The same numbers, not to be written to."""
    array = np.array(values)
    array.flags.writeable = False
    return array


FORMS: dict[str, Callable[[object], object]] = {
    "tuple": lambda values: tuple(np.asarray(values).tolist()),
    "array": np.array,
    "strided": strided,
    "backwards": backwards,
    "read-only": frozen,
    "Fortran order": np.asfortranarray,
    "objects": lambda values: np.array(values, dtype=object),
    "other byte order": lambda values: np.asarray(values).astype(np.asarray(values).dtype.newbyteorder()),
    "masked nowhere": lambda values: np.ma.array(values, mask=False),
    "text of numbers": lambda values: np.array(values).astype(str),
    "long double": lambda values: np.array(values, dtype=np.longdouble),
    "half precision": lambda values: np.array(values, dtype=np.float16),
    "decimals": lambda values: np.vectorize(Decimal, otypes=[object])(values),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_an_array_does_not_matter(name, form):
    assert same(Problem.from_arcs(**{**GOOD, name: FORMS[form](GOOD[name])}), Problem.from_arcs(**GOOD))


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"])
def test_every_width_of_integer_is_taken(name, dtype):
    assert same(Problem.from_arcs(**{**GOOD, name: np.array(GOOD[name], dtype=dtype)}), Problem.from_arcs(**GOOD))


def test_columns_of_a_data_frame_are_taken():
    arcs = pd.DataFrame({name: GOOD[name] for name in ("ticket", "expert", "points")}, index=[7, 5, 6])
    assert same(Problem.from_arcs(**{**GOOD, **{name: arcs[name] for name in arcs}}), Problem.from_arcs(**GOOD))


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64, np.uint64])
def test_numbers_of_tickets_and_experts_may_be_numpys(kind):
    assert same(Problem.from_arcs(**{**GOOD, "n_tickets": kind(2), "n_experts": kind(3)}), Problem.from_arcs(**GOOD))


def test_booleans_count_as_zero_and_one():
    given = {"ticket": np.array([False, False, True]), "expert": np.array([False, True, True])}
    plain = {"ticket": [0, 0, 1], "expert": [0, 1, 1]}
    assert same(Problem.from_arcs(**{**GOOD, **given}), Problem.from_arcs(**{**GOOD, **plain}))


@pytest.mark.parametrize("empty", [[], (), np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)])
def test_empty_arrays_are_no_arcs(empty):
    problem = Problem.from_arcs(2, 1, empty, empty, empty, hold=0.5)
    assert problem.n_arcs == 0
    assert solve(problem).objective == 1.0
    with pytest.raises(ProblemError, match=r"expected (a number or )?shape \(3,\), got"):
        Problem.from_arcs(**{**GOOD, "points": empty})
    with pytest.raises(ProblemError, match="capacity: expected a number or shape"):
        Problem.from_arcs(**{**GOOD, "capacity": empty})


NO_NUMBERS: dict[str, object] = {
    "text": ["a", "b", "c"],
    "bytes": [b"x", b"y", b"z"],
    "complex": [1j, 2.0, 3.0],
    "complex without imaginary parts": np.array([1, 2, 3], dtype=complex),
    "dates": np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[D]"),
    "durations": np.array([1, 2, 3], dtype="timedelta64[s]"),
    "records": np.zeros(3, dtype=[("value", float)]),
    "masked": np.ma.array([1, 1, 1], mask=[False, True, False]),
    "mapping": {0: 1, 1: 2},
    "set": {0, 1, 2},
    "generator": (k for k in range(3)),
    "function": len,
    "lists of several lengths": [[0, 1], [2]],
    "an integer that no float holds": [10**400, 1, 1],
    "what float cannot take": [object(), 1, 1],
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_are_no_numbers_is_refused_by_name(name, kind):
    with pytest.raises(ProblemError, match=name):
        Problem.from_arcs(**{**GOOD, name: NO_NUMBERS[kind]})


@pytest.mark.parametrize("name", ARRAYS)
def test_none_is_no_number(name):
    with pytest.raises(ProblemError, match=rf"{name}.*found nan"):
        Problem.from_arcs(**{**GOOD, name: [None, None] if name == "hold" else [None, None, None]})


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize(
    "value", [np.nan, np.inf, 1e151, -1e151, np.finfo(np.longdouble).max, 10**200, Fraction(10**200)]
)
def test_what_float_arithmetic_could_not_bear_is_refused_by_name(name, value):
    with pytest.raises(ProblemError, match=rf"{name}.*expected a finite number of magnitude at most 1e\+150"):
        Problem.from_arcs(**{**GOOD, name: value})


@pytest.mark.parametrize("value", [2**31, 2**40, 2**62, 2**63, 2**64 - 1, 2**70, 1e300, np.uint64(2**64 - 1)])
def test_integers_beyond_32_bits_are_out_of_range_or_all_the_room_there_could_be(value):
    for name in ("ticket", "expert"):
        with pytest.raises(ProblemError, match=rf"{name}\[0\]: found"):
            Problem.from_arcs(**{**GOOD, name: [value, 0, 1]})
        with pytest.raises(ProblemError, match=rf"{name}\[0\]: found"):
            Problem.from_arcs(**{**GOOD, name: [-int(value), 0, 1]})
    with pytest.raises(ProblemError, match=r"capacity\[0\]: found .*; expected an integer ≥ 0"):
        Problem.from_arcs(**{**GOOD, "capacity": -int(value)})
    limits = Limits(of_arc=[0, -1, -1], bound=[value])
    roomy = Problem.from_arcs(**{**GOOD, "capacity": value, "limits": limits})
    assert roomy.capacity.tolist() == [2**31 - 1] * 3
    for method in METHODS:
        solution = solve(roomy, method=method)
        assert (solution.status, solution.objective) == (Status.OPTIMAL, 4.0)


def test_offsets_and_parents_beyond_32_bits_are_refused():
    arrays = {"points": [1.0], "capacity": [1], "hold": [0.0], "slot_cost": [[0.0]]}
    with pytest.raises(ProblemError, match="indptr: expected nondecreasing offsets"):
        Problem(n_tickets=1, n_experts=1, indptr=[0, 2**32 + 1], expert=[0], **arrays)  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match=r"limits.parent\[0\]"):
        Limits(of_arc=[0], bound=[1, 1], parent=[2**32 + 1, -1])  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match=r"limits.of_arc\[0\]"):
        Limits(of_arc=[2**32], bound=[1])  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [2.0**-1000, 5e-324, 1e-150, 1e9, 1e15, 1e150])
@pytest.mark.parametrize("method", METHODS)
def test_no_magnitude_overflows(method, scale):
    """The answer to small integers is the same at every scale; costs as integers would need up to 1,500 bits."""
    rng = np.random.default_rng(11)
    ticket, expert = np.nonzero(rng.random((30, 20)) < 0.4)
    points, slots = rng.integers(-3, 9, len(ticket)), np.sort(rng.integers(-2, 4, (20, 3)))

    def scaled(factor: float) -> Problem:
        return Problem.from_arcs(
            30, 20, ticket, expert, points * factor / 8, capacity=3, slot_cost=slots * factor / 8, hold=factor / 8
        )

    if scale * 8 < 1e-300:
        scale *= 8  # the least numbers have no eighth
    solution = solve(scaled(scale), method=method)
    assert solution.status is Status.OPTIMAL
    assert certify(scaled(scale), solution).optimal
    plain = solve(scaled(8.0), method=method)
    assert plain.objective is not None
    assert solution.objective == pytest.approx(plain.objective / 8 * scale, rel=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_an_outlier_hides_no_difference_of_the_others(method):
    """2⁹⁰ and 2⁻³⁰ in one problem: no common 64-bit scale has room for both, and the small one decides."""
    problem = Problem.from_arcs(
        3, 3, [0, 1, 1, 2, 2], [0, 1, 2, 1, 2], [2.0**90, 2.0**-30, 3 * 2.0**-30, 2.0**-30, 2.0**-30]
    )
    solution = solve(problem, method=method)
    assert certify(problem, solution).optimal
    assert solution.expert_of.tolist() == [0, 2, 1]
