"""`Backend`: what a solver must offer, and `check_backend`, the contract that users can run on their own."""

from __future__ import annotations

import enum
from typing import Protocol, runtime_checkable

import numpy as np

from deskmatch.errors import BackendError, ContractError
from deskmatch.solver.certificate import Certificate, certify
from deskmatch.solver.problem import Limits, Problem
from deskmatch.solver.side import Sense, Side
from deskmatch.solver.solution import Solution, Status

__all__ = [
    "ALL",
    "Backend",
    "Capability",
    "Option",
    "TunableBackend",
    "accept",
    "capability_names",
    "check_backend",
    "needs",
    "options_of",
    "sample_problem",
]


AGREEMENT = 1e-6
"""Solvers of integer programs agree to this, relative to an objective above 1."""


class Capability(enum.Flag):
    """What a problem may hold beyond one ticket for one expert."""

    CAPACITIES = enum.auto()
    """Experts who take several tickets."""
    SLOT_COSTS = enum.auto()
    """Costs of an expert's further units."""
    LIMITS = enum.auto()
    """Nested limits on subsets of an expert's arcs."""
    MUST_ASSIGN = enum.auto()
    """Tickets with hold −∞."""
    USAGE = enum.auto()
    """Arcs that take several units."""
    SIDE_ROWS = enum.auto()
    """Rows over arcs, hard or with a penalty."""
    EXTRA = enum.auto()
    """Continuous columns beside the arcs."""


NOTHING = Capability(0)
ALL = ~NOTHING
NETWORK = ALL & ~(Capability.USAGE | Capability.SIDE_ROWS | Capability.EXTRA)
"""What leaves a problem a network."""


class Option(enum.Flag):
    """What a backend's `solve` takes beyond the problem, as keywords."""

    TIME_LIMIT = enum.auto()
    """``time_limit_s``: seconds after which it answers with what it has."""
    HINT = enum.auto()
    """``hint``: a `Solution` to start from."""


@runtime_checkable
class Backend(Protocol):
    """A solver of `Problem`.

    `solve` answers with status OPTIMAL and prices that prove it to `certify`; FEASIBLE with whatever bound it
    has; INFEASIBLE with a Hall violator. It raises `BackendError` on a problem that needs what it cannot do.
    Where a problem has usage, side rows or extra columns, OPTIMAL and INFEASIBLE are the backend's claims.

    One that takes time limits or hints is a `TunableBackend`.
    """

    @property
    def name(self) -> str:
        """The name that `solve(method=…)` takes."""

    @property
    def capabilities(self) -> Capability:
        """What problems may hold."""

    def is_available(self) -> bool:
        """Whether the packages that it needs are installed; must be fast and must not import them."""

    def solve(self, problem: Problem) -> Solution:
        """Solve a problem; see `Backend`."""


class TunableBackend(Backend, Protocol):
    """A backend whose `solve` takes time limits, hints, or both."""

    @property
    def option(self) -> Option:
        """Which of the keywords it takes."""

    def solve(self, problem: Problem, *, time_limit_s: float | None = None, hint: Solution | None = None) -> Solution:
        """Solve a problem; FEASIBLE, or UNKNOWN without an answer, where the time was too short."""


def options_of(backend: Backend) -> Option:
    """The keywords that a backend's `solve` takes."""
    option: Option = getattr(backend, "option", Option(0))
    return option


def needs(problem: Problem) -> Capability:
    """What a backend must be capable of to solve this problem.

    Examples
    --------
    >>> capability_names(needs(Problem.from_arcs(1, 1, [0], [0], [1.0], capacity=2)))
    'capacities'
    """
    wanted = NOTHING
    if (problem.capacity > 1).any():
        wanted |= Capability.CAPACITIES
    if problem.slot_cost.any():
        wanted |= Capability.SLOT_COSTS
    if problem.limits is not None and len(problem.limits.bound):
        wanted |= Capability.LIMITS
    if (problem.hold == -np.inf).any():
        wanted |= Capability.MUST_ASSIGN
    if problem.usage is not None:
        wanted |= Capability.USAGE
    if problem.side is not None:
        wanted |= Capability.SIDE_ROWS if problem.side.n_rows else NOTHING
        wanted |= Capability.EXTRA if problem.side.n_extra else NOTHING
    return wanted


def capability_names(capabilities: Capability) -> str:
    """The capabilities in words, for messages and tables."""
    return ", ".join(str(one.name).lower().replace("_", " ") for one in capabilities) or "none"


def accept(backend: Backend, problem: Problem) -> None:
    """Raise `BackendError`, naming who can, where the problem needs what this backend cannot do."""
    missing = needs(problem) & ~backend.capabilities
    if missing:
        from .registry import backends_for

        able = ", ".join(backends_for(needs(problem))) or "no built-in backend"
        raise BackendError(f"{backend.name} cannot take {capability_names(missing)}; {able} can")


def check_backend(backend: Backend, *, seed: int = 0, problems: int = 60) -> None:
    """Run the contract of `Backend` on an implementation.

    Random small problems, some with each capability: a network within the backend's capabilities must come
    back certified optimal, or infeasible with a proof; any other problem within them as good as another backend's
    claim, to 1e-6; and what is beyond them must be declined with `BackendError`. Two runs must agree.

    Parameters
    ----------
    backend : the implementation.
    seed : of the random problems.
    problems : how many of them.

    Raises
    ------
    ContractError
        Says what failed on which problem.
    """
    if not isinstance(backend, Backend):
        raise ContractError(f"{backend!r} lacks one of name, capabilities, is_available, solve")
    if not backend.is_available():
        raise ContractError(f"{backend.name} is not available here, so that nothing can be checked")
    rng = np.random.default_rng(seed)
    for index in range(problems):
        problem = sample_problem(rng)
        place = f"{backend.name} on sample {index} of seed {seed} ({problem})"
        if needs(problem) & ~backend.capabilities:
            _check_declines(backend, problem, place)
        else:
            _check_solves(backend, problem, place)


def _check_declines(backend: Backend, problem: Problem, place: str) -> None:
    try:
        backend.solve(problem)
    except BackendError:
        return
    wanted = capability_names(needs(problem))
    raise ContractError(f"{place}: expected BackendError, since the problem needs {wanted}")


def _check_solves(backend: Backend, problem: Problem, place: str) -> None:
    first, second = backend.solve(problem), backend.solve(problem)
    if not np.array_equal(first.expert_of, second.expert_of):
        raise ContractError(f"{place}: two runs gave different assignments")
    certificate = certify(problem, first)
    if needs(problem) & ~NETWORK:
        _check_claim(backend, problem, first, place)
    elif not _proved(first, certificate):
        raise ContractError(f"{place}: {first.status} is not proved: {certificate}")


def _proved(solution: Solution, certificate: Certificate) -> bool:
    if solution.status is Status.INFEASIBLE:
        return certificate.infeasible_proven
    return solution.status is Status.OPTIMAL and certificate.optimal


def _check_claim(backend: Backend, problem: Problem, solution: Solution, place: str) -> None:
    from .registry import backend_named, backends_for

    certificate = certify(problem, solution)
    if certificate.violations or solution.status not in (Status.OPTIMAL, Status.INFEASIBLE):
        raise ContractError(f"{place}: {solution.status} is not what it found: {certificate}")
    others = [name for name in backends_for(needs(problem)) if name != backend.name]
    if not others:
        return
    other = backend_named(others[0]).solve(problem)
    same = (solution.objective is None) == (other.objective is None)
    if same and solution.objective is not None and other.objective is not None:
        same = abs(solution.objective - other.objective) <= AGREEMENT * max(1.0, abs(other.objective))
    if not same:
        raise ContractError(f"{place}: found {solution.objective}, and {others[0]} {other.objective}")


def sample_problem(rng: np.random.Generator) -> Problem:
    """A small random problem; each capability is asked for in about a third of them."""
    n, m = (int(k) for k in rng.integers(0, 9, 2))
    ticket, expert = np.nonzero(rng.random((n, m)) < rng.choice([0.2, 0.5, 1.0]))
    points = rng.choice([rng.normal(size=len(ticket)), rng.integers(-2, 4, len(ticket)).astype(float)])
    wants = rng.random(6) < [1 / 3] * 4 + [1 / 4] * 2
    limits = None
    if wants[0] and len(ticket):
        of_arc = np.where(rng.random(len(ticket)) < 0.7, expert + m * rng.integers(0, 2, len(ticket)), -1)
        parent = np.concatenate([np.full(m, -1), np.where(rng.random(m) < 0.5, np.arange(m), -1)])
        limits = Limits(of_arc=of_arc, bound=rng.integers(0, 3, 2 * m, dtype=np.int32), parent=parent)
    return Problem.from_arcs(
        n,
        m,
        ticket,
        expert,
        points,
        capacity=rng.integers(0, 4, m) if wants[1] else 1,
        hold=np.where(rng.random(n) < 0.3, -np.inf, 0.1) if wants[2] else rng.normal(size=n),
        slot_cost=np.sort(rng.normal(size=(m, 3)), axis=1) if wants[3] else None,
        limits=limits,
        usage=rng.integers(1, 4, len(ticket)) if wants[4] else 1,
        side=_sample_side(rng, len(ticket)) if wants[5] else None,
    )


def _sample_side(rng: np.random.Generator, arcs: int) -> Side:
    """A few rows, hard and soft, that holding everybody keeps, over the arcs and up to two bounded columns."""
    rows, columns = (int(k) for k in rng.integers(0, 3, 2))
    return Side.from_matrix(
        rng.integers(-1, 4, (rows, arcs)) / 2,
        Sense.AT_MOST,
        rng.integers(0, 4, rows) / 2,
        penalty=np.where(rng.random(rows) < 0.5, np.inf, rng.random(rows)),
        over_extra=rng.integers(-2, 3, (rows, columns)) / 4,
        lower=0.0,
        upper=1.5,
        extra_points=rng.normal(size=columns),
    )
