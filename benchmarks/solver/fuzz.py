"""Fuzz: many small problems of every kind, each answer judged by an exact method that shares nothing with the solver.

::

    python -m benchmarks.solver.fuzz --problems 1000000 --seed 7
    python -m benchmarks.solver.fuzz --problems 10000 --seed 7 --method networkx

The kernel gets all the problems, OR-Tools' flow every twentieth. Each answer must be certified by `certify`, and the
judge must find no better assignment: it tries all sets of tickets for every expert (a dynamic program over subsets),
in integers of as many bits as the numbers need, so that it has no rounding at all. The first wrong answer ends the
run and is printed as a call that makes the problem again.
"""

from __future__ import annotations

import argparse
import faulthandler
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deskmatch.compiled import kernel
from deskmatch.errors import BackendError
from deskmatch.solver import Capability, Limits, Problem, Solution, Status, backend_named, certify, needs, solve

__all__ = ["Report", "as_call", "fuzz", "main"]

TICKETS, EXPERTS, SLOTS = 6, 5, 3
"""The largest problem. The judge takes up to 3^tickets · experts steps."""
BATCH = 1000
"""Problems that are made and judged at once; each batch has a seed of its own."""
FLOW_SHARE = 20
"""OR-Tools' flow gets one problem in so many: it takes about ten times as long as the kernel."""
TOLERANCE = 1e-12
"""The design's: what an answer may lose, as a share of the magnitudes that are added up."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Sums = NDArray[np.int64]


class Verdict(IntEnum):
    """What the judge says of an answer."""

    RIGHT = 0
    BREAKS_A_RULE = 1
    THERE_IS_AN_ANSWER = 2
    THERE_IS_NO_ANSWER = 3
    VIOLATOR_CAN_BE_SERVED = 4
    VIOLATOR_IS_NOT_MINIMAL = 5
    OUT_OF_RANGE = 6


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found.

    Parameters
    ----------
    method : the method that was asked.
    seed : of the run.
    problems : how many answers were judged.
    infeasible : how many of the problems have no answer.
    declined : problems that the method cannot take and said so; judged ones do not count.
    exact : answers that lose nothing at all; the others lose less than the tolerance.
    failure : the first wrong answer, as text; None: there was none.
    interrupted : whether the run ended early, by the user.
    """

    method: str
    seed: int
    problems: int = 0
    infeasible: int = 0
    declined: int = 0
    exact: int = 0
    failure: str | None = None
    interrupted: bool = False

    def __str__(self) -> str:
        told = (
            f"{self.method}: {self.problems:,} problems of seed {self.seed}, {self.infeasible:,} infeasible, "
            f"{self.problems - self.infeasible - self.exact:,} within rounding of the optimum"
        )
        declined = f", {self.declined:,} more declined" if self.declined else ""
        return f"{told}{declined}: {'no wrong answer' if self.failure is None else 'WRONG'}"


def fuzz(method: str, problems: int, seed: int, *, progress: Callable[[int], None] | None = None) -> Report:
    """Put random problems to a method until one answer is wrong; an interrupt ends the run with what it has.

    Parameters
    ----------
    method : name of a backend.
    problems : how many.
    seed : with which they are the same every time.
    progress : told how many problems are done, after each batch.
    """
    limits = Capability.LIMITS in backend_named(method).capabilities
    report = Report(method, seed)
    try:
        for batch in batches(problems, seed, limits=limits):
            report = _judged(report, batch)
            if report.failure is not None:
                break
            if progress is not None:
                progress(report.problems + report.declined)
    except KeyboardInterrupt:
        return replace(report, interrupted=True)
    return report


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Many problems as dense arrays; what lies outside a problem's tickets and experts is not eligible.

    Parameters
    ----------
    index : of the batch, which makes its seed.
    tickets, experts : ``(problems,)``.
    eligible, points, limit_of : ``(problems, tickets, experts)``.
    hold : ``(problems, tickets)``.
    capacity : ``(problems, experts)``.
    slot_cost : ``(problems, experts, slots)``.
    bound, parent : ``(problems, limits)``; ``limit_of`` and ``parent`` are −1 for none.
    """

    index: int
    tickets: Ints
    experts: Ints
    eligible: Bools
    points: Floats
    limit_of: Ints
    hold: Floats
    capacity: Ints
    slot_cost: Floats
    bound: Ints
    parent: Ints

    def problem(self, k: int) -> Problem:
        """One of the problems."""
        n, m = int(self.tickets[k]), int(self.experts[k])
        eligible = self.eligible[k, :n, :m]
        ticket, expert = eligible.nonzero()
        of_arc = self.limit_of[k, ticket, expert]
        limits = Limits(of_arc=of_arc, bound=self.bound[k], parent=self.parent[k]) if (of_arc >= 0).any() else None
        return Problem(
            n_tickets=n,
            n_experts=m,
            indptr=np.append(0, np.cumsum(eligible.sum(axis=1))),
            expert=expert,  # type: ignore[arg-type]
            points=self.points[k, ticket, expert],
            capacity=self.capacity[k, :m],
            hold=self.hold[k, :n],
            slot_cost=self.slot_cost[k, :m],
            limits=limits,
        )


def batches(problems: int, seed: int, *, limits: bool) -> Iterator[Batch]:
    """The problems of a seed, a batch at a time; `limits`: with nested limits, else such as `separate` takes away."""
    for index in range(-(-problems // BATCH)):
        size = min(BATCH, problems - index * BATCH)
        yield _batch(np.random.default_rng([seed, index]), size, index, limits)


def _batch(rng: np.random.Generator, size: int, index: int, nested: bool) -> Batch:
    n, m, levels = TICKETS, EXPERTS, 3
    kind = rng.integers(0, len(KINDS), size)
    tickets, experts = rng.integers(0, n + 1, size), rng.integers(0, m + 1, size)
    inside = (np.arange(n) < tickets[:, None])[:, :, None] & (np.arange(m) < experts[:, None])[:, None, :]
    density = rng.choice([0.15, 0.4, 0.7, 1.0], size)
    musts = rng.choice([0.0, 0.0, 0.3, 1.0], size)
    hold = _numbers(rng, kind, (n,))
    hold[rng.random((size, n)) < musts[:, None]] = -np.inf
    slot_cost = np.sort(_numbers(rng, kind, (m, SLOTS)), axis=2)
    slot_cost[rng.random(size) < 0.4] = 0.0
    capacity = rng.integers(0, 4, (size, m))
    capacity[rng.random(size) < 0.3] = 1
    limited = rng.random(size) < 0.25
    if not nested:
        capacity[limited] = n
        slot_cost[limited] = slot_cost[limited][:, :, :1]
    level = rng.integers(-1, levels if nested else 1, (size, n, m))
    limit_of = np.where((level >= 0) & limited[:, None, None], np.arange(m) + m * level, -1)
    top = np.full((size, m), -1)
    second = np.where((rng.random((size, m)) < 0.5) & nested, np.arange(m), -1)
    third = np.where((rng.random((size, m)) < 0.5) & nested, m + np.arange(m), second)
    return Batch(
        index=index,
        tickets=tickets.astype(np.int32),
        experts=experts.astype(np.int32),
        eligible=inside & (rng.random((size, n, m)) < density[:, None, None]),
        points=_numbers(rng, kind, (n, m)),
        limit_of=limit_of.astype(np.int32),
        hold=hold,
        capacity=capacity.astype(np.int32),
        slot_cost=slot_cost,
        bound=rng.integers(0, 3, (size, levels * m), dtype=np.int32),
        parent=np.concatenate([top, second, third], axis=1).astype(np.int32),
    )


KINDS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.floating]]] = {
    "ties": lambda rng, shape: rng.integers(-2, 4, shape).astype(np.float64),
    "integers": lambda rng, shape: rng.integers(-1000, 1000, shape).astype(np.float64),
    "decimals": lambda rng, shape: rng.integers(-20, 40, shape) / 10,
    "reals": lambda rng, shape: rng.normal(size=shape),
    "nearly equal": lambda rng, shape: 1.0 + rng.integers(0, 4, shape) * 2.0**-52,
    "wild": lambda rng, shape: rng.choice([1e15, -1e15, 3e14, 1.0, 0.1, 1e-15, -1e-15, 0.0], shape),
    "wild reals": lambda rng, shape: rng.choice([1e15, -1e15, 1.0, 1e-15], shape) * rng.random(shape),
    "huge": lambda rng, shape: rng.normal(size=shape) * 1e149,
    "tiny": lambda rng, shape: rng.integers(-3, 9, shape) * 5e-324,
}
"""What the numbers of a problem are like."""


def _numbers(rng: np.random.Generator, kind: NDArray[np.int64], shape: tuple[int, ...]) -> Floats:
    """Numbers of each problem's kind: ``(problems, *shape)``."""
    out = np.empty((len(kind), *shape))
    for number, draw in enumerate(KINDS.values()):
        chosen = kind == number
        out[chosen] = draw(rng, (int(chosen.sum()), *shape))
    return out


def _judged(report: Report, batch: Batch) -> Report:
    """The report after one more batch."""
    size = len(batch.tickets)
    answers = _Answers(
        infeasible=np.zeros(size, bool),
        expert_of=np.full((size, TICKETS), -1, np.int32),
        violator=np.zeros(size, np.int64),
    )
    declined = np.zeros(size, bool)
    for k in range(size):
        problem = batch.problem(k)
        try:
            solution = solve(problem, method=report.method)
            wrong = _unproved(problem, solution)
        except Exception as error:
            if isinstance(error, BackendError) and needs(problem) & ~backend_named(report.method).capabilities:
                declined[k] = True
                continue
            wrong = f"{type(error).__name__}: {error}"
        if wrong is not None:
            return _failed(report, batch, k, wrong)
        answers.note(k, solution)
    verdict, loss = _verdicts(batch, answers)
    lost = loss > np.where(_is_whole(batch), 0.0, TOLERANCE * _magnitude(batch))
    bad = np.flatnonzero(~declined & ((verdict != Verdict.RIGHT) | lost | (loss < 0)))
    if len(bad):
        k = int(bad[0])
        told = f"loses {loss[k]!r} points" if verdict[k] == Verdict.RIGHT else Verdict(verdict[k]).name
        return _failed(report, batch, k, f"{told}; the answer was {answers.told(k)}")
    judged = ~declined
    return replace(
        report,
        problems=report.problems + int(judged.sum()),
        infeasible=report.infeasible + int((judged & answers.infeasible).sum()),
        declined=report.declined + int(declined.sum()),
        exact=report.exact + int((judged & ~answers.infeasible & (loss == 0)).sum()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """The answers to a batch: ``(problems,)``, ``(problems, tickets)``, and the violators as sets of bits."""

    infeasible: Bools
    expert_of: Ints
    violator: NDArray[np.int64]

    def note(self, k: int, solution: Solution) -> None:
        """Write down the answer to problem k."""
        self.infeasible[k] = solution.status is Status.INFEASIBLE
        self.expert_of[k, : len(solution.expert_of)] = solution.expert_of
        if solution.violator is not None:
            self.violator[k] = (1 << solution.violator.astype(np.int64)).sum()

    def told(self, k: int) -> str:
        """The answer to problem k in words."""
        if self.infeasible[k]:
            return f"infeasible, violator {[i for i in range(TICKETS) if self.violator[k] >> i & 1]}"
        return f"expert_of {self.expert_of[k].tolist()} (−1 after the last ticket)"


def _unproved(problem: Problem, solution: Solution) -> str | None:
    """What is wrong with an answer by its own certificate."""
    certificate = certify(problem, solution)
    proved = certificate.infeasible_proven if solution.status is Status.INFEASIBLE else certificate.optimal
    if proved and solution.status in (Status.OPTIMAL, Status.INFEASIBLE):
        return None
    return f"{solution!r} is not proved: {certificate}"


def _failed(report: Report, batch: Batch, k: int, wrong: str) -> Report:
    place = f"{report.method}, seed {report.seed}, batch {batch.index}, problem {k}"
    text = f"{place}: {wrong}\n{as_call(batch.problem(k))}"
    return replace(report, failure=text)


def as_call(problem: Problem) -> str:
    """The call of `Problem.from_arcs` that makes this problem; needs ``from math import inf``."""
    arrays = {name: getattr(problem, name).tolist() for name in ("ticket", "expert", "points")}
    parts = [f"{problem.n_tickets}, {problem.n_experts}", *(repr(values) for values in arrays.values())]
    parts += [f"{name}={getattr(problem, name).tolist()!r}" for name in ("capacity", "hold")]
    if problem.n_experts:
        parts.append(f"slot_cost={problem.slot_cost.tolist()!r}")
    if problem.limits is not None:
        limits = {name: getattr(problem.limits, name).tolist() for name in ("of_arc", "bound", "parent")}
        parts.append(f"limits=Limits({', '.join(f'{name}={values!r}' for name, values in limits.items())})")
    return f"Problem.from_arcs({', '.join(parts)})"


def _is_whole(batch: Batch) -> Bools:
    """Whether all numbers of a problem are integers so small that no sum of them is rounded."""
    numbers = _all_numbers(batch)
    with np.errstate(invalid="ignore"):
        return np.asarray((numbers == np.rint(numbers)).all(axis=1) & (np.abs(numbers).max(axis=1) < 1e6))


def _magnitude(batch: Batch) -> Floats:
    """A bound on the magnitudes that an answer adds up, its prices included."""
    return np.asarray(3 * TICKETS * np.abs(_all_numbers(batch)).max(axis=1))


def _all_numbers(batch: Batch) -> Floats:
    size = len(batch.tickets)
    hold = np.where(np.isneginf(batch.hold), 0.0, batch.hold)
    return np.concatenate([batch.points.reshape(size, -1), hold, batch.slot_cost.reshape(size, -1)], axis=1)


# The judge. Numbers are integers in units of a power of two that is common to all numbers of a problem, kept as limbs
# of 32 bits in int64, so that small sums need no carry.

LIMBS = 9
"""288 bits: from 1e15 down to the last bit of 1e-15 times a random number are about 190."""
LIMB_BITS = 32


def _verdicts(batch: Batch, answers: _Answers) -> tuple[NDArray[np.int8], Floats]:
    """A `Verdict` of each answer, and what it loses against the best one: ``(problems,)`` each."""
    verdict, loss = np.zeros(len(batch.tickets), np.int8), np.zeros(len(batch.tickets))
    judge(
        batch.tickets,
        batch.experts,
        batch.eligible,
        batch.points,
        batch.limit_of,
        batch.hold,
        batch.capacity,
        np.ascontiguousarray(batch.slot_cost),
        batch.bound,
        batch.parent,
        answers.infeasible,
        answers.expert_of,
        answers.violator,
        verdict,
        loss,
    )
    if (verdict == Verdict.OUT_OF_RANGE).any():
        raise OverflowError(f"batch {batch.index}: numbers too far apart for {LIMBS * LIMB_BITS} bits")
    return verdict, loss


@kernel(
    "int32[:]",
    "int32[:]",
    "boolean[:, :, :]",
    "float64[:, :, :]",
    "int32[:, :, :]",
    "float64[:, :]",
    "int32[:, :]",
    "float64[:, :, :]",
    "int32[:, :]",
    "int32[:, :]",
    "boolean[:]",
    "int32[:, :]",
    "int64[:]",
    "out int8[:]",
    "out float64[:]",
)
def judge(
    tickets: Ints,
    experts: Ints,
    eligible: Bools,
    points: Floats,
    limit_of: Ints,
    hold: Floats,
    capacity: Ints,
    slot_cost: Floats,
    bound: Ints,
    parent: Ints,
    infeasible: Bools,
    expert_of: Ints,
    violator: Sums,
    verdict: NDArray[np.int8],
    loss: Floats,
) -> None:
    """Judge the answers to a batch; see `Batch` and `Verdict`. Writes `verdict` and `loss`."""
    sets = 1 << eligible.shape[1]
    best, served = np.zeros((sets, LIMBS), np.int64), np.zeros((sets, LIMBS), np.int64)
    reached, servable = np.zeros(sets, np.bool_), np.zeros(sets, np.bool_)
    worth, fits = np.zeros((sets, LIMBS), np.int64), np.zeros(sets, np.bool_)
    for k in range(len(tickets)):
        n, m = tickets[k], experts[k]
        low, limbs = scale_of(n, m, eligible[k], points[k], hold[k], slot_cost[k])
        if limbs > LIMBS:
            verdict[k] = Verdict.OUT_OF_RANGE
            continue
        full = (1 << n) - 1
        hold_all(n, hold[k], low, limbs, best, reached)
        hold_all(0, hold[k], low, limbs, served, servable)
        for chosen in range(1, full + 1):
            servable[chosen] = False
        total = np.zeros(LIMBS, np.int64)
        broken = False
        for j in range(m):
            sets_of_expert(
                n, j, eligible[k], points[k], limit_of[k], capacity[k], slot_cost[k], bound[k], parent[k], low, limbs,
                worth, fits,
            )  # fmt: skip
            extend(full, limbs, worth, fits, best, reached)
            extend(full, 0, worth, fits, served, servable)
            taken = 0
            for i in range(n):
                if expert_of[k, i] == j:
                    taken |= 1 << i
            broken = broken or not fits[taken]
            for limb in range(limbs):
                total[limb] += worth[taken, limb]
        if infeasible[k]:
            verdict[k] = verdict_of_violator(full, reached[full], violator[k], servable, hold[k])
            continue
        for i in range(n):
            if expert_of[k, i] < 0:
                broken = broken or hold[k, i] == -np.inf
                if hold[k, i] > -np.inf:
                    add(total, hold[k, i], low, 1)
            else:
                broken = broken or expert_of[k, i] >= m
        if not reached[full]:
            verdict[k] = Verdict.THERE_IS_NO_ANSWER
        elif broken:
            verdict[k] = Verdict.BREAKS_A_RULE
        else:
            loss[k] = difference(best[full], total, low, limbs)


def scale_of(n: int, m: int, eligible: Bools, points: Floats, hold: Floats, slot_cost: Floats) -> tuple[int, int]:
    """The exponent of the last bit of all numbers of a problem, and the limbs that their sums need."""
    low, high = 5000, -5000
    for i in range(n):
        low, high = widened(low, high, hold[i])
        for j in range(m):
            if eligible[i, j]:
                low, high = widened(low, high, points[i, j])
    for j in range(m):
        for slot in range(slot_cost.shape[1]):
            low, high = widened(low, high, slot_cost[j, slot])
    if low > high:
        return 0, 1
    return low, (high - low) // LIMB_BITS + 2


def widened(low: int, high: int, value: float) -> tuple[int, int]:
    """The range of bits, with those of one more number."""
    if value == 0.0 or value == -np.inf:
        return low, high
    mantissa, exponent = whole(value)
    bits = 0
    while mantissa >> bits:
        bits += 1
    return min(low, exponent), max(high, exponent + bits)


def whole(value: float) -> tuple[int, int]:
    """|value| as an odd integer and the exponent of the power of two that it is multiplied with."""
    fraction, exponent = math.frexp(abs(value))
    mantissa, exponent = int(math.ldexp(fraction, 53)), exponent - 53
    while mantissa & 1 == 0:
        mantissa, exponent = mantissa >> 1, exponent + 1
    return mantissa, exponent


def add(sums: Sums, value: float, low: int, sign: int) -> None:
    """Add `sign` times a number to a sum of limbs."""
    if value == 0.0:
        return
    mantissa, exponent = whole(value)
    if value < 0:
        sign = -sign
    limb, shift = (exponent - low) // LIMB_BITS, (exponent - low) % LIMB_BITS
    mask = (1 << LIMB_BITS) - 1
    lower, upper = (mantissa & mask) << shift, (mantissa >> LIMB_BITS) << shift
    for part in (lower & mask, (lower >> LIMB_BITS) + (upper & mask), upper >> LIMB_BITS):
        if part:
            sums[limb] += sign * part
        limb += 1


def difference(one: Sums, other: Sums, low: int, limbs: int) -> float:
    """one − other, rounded once it is known exactly."""
    mask = (1 << LIMB_BITS) - 1
    sign = 1.0
    for _ in range(2):
        carry, result = 0, 0.0
        for limb in range(limbs):
            digit = one[limb] - other[limb] + carry
            carry = digit >> LIMB_BITS
            result += math.ldexp(float(digit & mask), low + LIMB_BITS * limb)
        if carry >= 0:
            return sign * (result + math.ldexp(float(carry), low + LIMB_BITS * limbs))
        one, other, sign = other, one, -1.0
    return np.nan


def is_more(one: Sums, other: Sums, limbs: int) -> bool:
    """Whether one sum is more than another."""
    carry, rest = 0, 0
    for limb in range(limbs):
        digit = one[limb] - other[limb] + carry
        carry = digit >> LIMB_BITS
        rest |= digit & ((1 << LIMB_BITS) - 1)
    return carry > 0 or (carry == 0 and rest != 0)


def hold_all(n: int, hold: Floats, low: int, limbs: int, best: Sums, reached: Bools) -> None:
    """The worth of holding each set of tickets, where they may be held."""
    reached[0] = True
    for limb in range(limbs):
        best[0, limb] = 0
    for chosen in range(1, 1 << n):
        last = 0
        while not chosen >> last & 1:
            last += 1
        rest = chosen & (chosen - 1)
        reached[chosen] = reached[rest] and hold[last] > -np.inf
        if reached[chosen]:
            for limb in range(limbs):
                best[chosen, limb] = best[rest, limb]
            add(best[chosen], hold[last], low, 1)


def sets_of_expert(
    n: int,
    j: int,
    eligible: Bools,
    points: Floats,
    limit_of: Ints,
    capacity: Ints,
    slot_cost: Floats,
    bound: Ints,
    parent: Ints,
    low: int,
    limbs: int,
    worth: Sums,
    fits: Bools,
) -> None:
    """What each set of tickets is worth to one expert, and whether the expert may take it."""
    inside = np.zeros(len(bound), np.int64)
    for i in range(n):
        limit = limit_of[i, j]
        while eligible[i, j] and limit >= 0:
            inside[limit] |= 1 << i
            limit = parent[limit]
    fits[0] = True
    for limb in range(limbs):
        worth[0, limb] = 0
    for chosen in range(1, 1 << n):
        last, rest = 0, chosen & (chosen - 1)
        while not chosen >> last & 1:
            last += 1
        count = ones(chosen)
        fits[chosen] = fits[rest] and eligible[last, j] and count <= capacity[j]
        for limit in range(len(bound)):
            fits[chosen] = fits[chosen] and ones(chosen & inside[limit]) <= bound[limit]
        if fits[chosen]:
            for limb in range(limbs):
                worth[chosen, limb] = worth[rest, limb]
            add(worth[chosen], points[last, j], low, 1)
            add(worth[chosen], slot_cost[j, min(count, slot_cost.shape[1]) - 1], low, -1)


def ones(bits: int) -> int:
    """How many tickets a set has."""
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


def extend(full: int, limbs: int, worth: Sums, fits: Bools, best: Sums, reached: Bools) -> None:
    """Let one more expert take any set that it may: the best of each set, from the best of what is left of it."""
    total = np.zeros(LIMBS, np.int64)
    for chosen in range(full, 0, -1):
        part = chosen
        while part:
            rest = chosen ^ part
            if fits[part] and reached[rest]:
                for limb in range(limbs):
                    total[limb] = best[rest, limb] + worth[part, limb]
                if not reached[chosen] or is_more(total, best[chosen], limbs):
                    for limb in range(limbs):
                        best[chosen, limb] = total[limb]
                    reached[chosen] = True
            part = (part - 1) & chosen


def verdict_of_violator(full: int, feasible: bool, violator: int, servable: Bools, hold: Floats) -> int:
    """Whether there is no answer, and the violator is a smallest set that shows it."""
    if feasible:
        return Verdict.THERE_IS_AN_ANSWER
    if violator == 0 or violator & ~full or servable[violator]:
        return Verdict.VIOLATOR_CAN_BE_SERVED
    for i in range(len(hold)):
        if violator >> i & 1 and hold[i] > -np.inf:
            return Verdict.VIOLATOR_CAN_BE_SERVED
        if violator >> i & 1 and not servable[violator ^ (1 << i)]:
            return Verdict.VIOLATOR_IS_NOT_MINIMAL
    return Verdict.RIGHT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 where an answer was wrong, 130 where the run was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solver.fuzz", description=str(__doc__).splitlines()[0])
    parser.add_argument("--problems", type=int, default=100_000, help="how many problems the kernel gets")
    parser.add_argument("--seed", type=int, help="of the random numbers; default: a new one, which is printed")
    alone = f"this method alone, on all problems; default: kernel, and min_cost_flow on 1 in {FLOW_SHARE}"
    parser.add_argument("--method", help=alone)
    given = parser.parse_args(arguments)
    seed = int(np.random.default_rng().integers(2**32)) if given.seed is None else given.seed
    shares = {given.method: 1} if given.method else {"kernel": 1, "min_cost_flow": FLOW_SHARE}
    reports = []
    for method, share in shares.items():
        reports.append(_shown(method, given.problems // share, seed))
        if reports[-1].interrupted:
            return 130
    return 1 if any(report.failure is not None for report in reports) else 0


def _shown(method: str, problems: int, seed: int) -> Report:
    """Run with a progress bar, and print what it found."""
    console = Console(soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    started = time.perf_counter()
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(f"{method}, seed {seed}", total=problems)
        report = fuzz(method, problems, seed, progress=lambda done: bar.update(task, completed=done))
    elapsed = time.perf_counter() - started
    console.print(f"{report} ({elapsed:.0f} s)", highlight=False)
    if report.failure is not None:
        console.print(report.failure, highlight=False, markup=False)
    return report


if __name__ == "__main__":
    faulthandler.enable()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell has its background jobs ignore the first
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
