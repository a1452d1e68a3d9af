"""From an epoch to a plan: build, solve (in time), certify, recover."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from pathlib import Path
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

from deskmatch.epochs import Epoch
from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.formulations.constraints.protocol import Constraint
from deskmatch.formulations.expected import expect_epoch
from deskmatch.formulations.fairness.forms import Fairness
from deskmatch.formulations.formulation import BoundFormulation, Formulation
from deskmatch.formulations.model import Model
from deskmatch.heuristics import Clock, solve_within
from deskmatch.heuristics.anytime import check_name
from deskmatch.heuristics.pace import PACE
from deskmatch.prediction import ResolutionModel
from deskmatch.prediction.robust import robust_model
from deskmatch.routing import Routing

if TYPE_CHECKING:
    from deskmatch.formulations.plan import Plan

__all__ = ["assign"]

SHORTEST_S = 0.005
"""Deadlines below, in seconds, count as this: what it takes to do anything at all."""
WAITING_SHARE, MOST_WAITING_S = 0.03, 0.01
"""Of the deadline, what is kept for waiting for a processor, and the most that is kept."""
CERTIFICATE_S = 0.001
"""What the certificate of the smallest problem takes, in seconds, and some more."""


def assign(
    epoch: Epoch,
    *,
    routing: Routing | Mapping[str, object] | str | Path | None = None,
    resolution: ResolutionModel | None = None,
    constraints: Iterable[Constraint] = (),
    fairness: Fairness | None = None,
    robust: str | None = None,
    method: str = "auto",
    deadline_s: float | None = None,
) -> Plan:
    """Assign the waiting tickets of an epoch to its experts, as well as can be, and prove how well.

    A service that routes one desk again and again binds a `Formulation` once and calls
    `BoundFormulation.assign`, which keeps the desk's eligibility.

    Parameters
    ----------
    epoch : who waits and who is free.
    routing : settings per channel: a `Routing`, a mapping, a path of a routing.toml, or None for defaults.
    resolution : predicts P(resolved at first contact) and overrides the epoch's pair table.
    constraints : rules over the assignments (`deskmatch.formulations.constraints`).
    fairness : a convex cost of the experts' new work, such as ``SquaredOccupancy(weight=0.2)``; None: no cost.
    robust : ``"lower"`` or ``"cvar"``: count on the worst tenth of what the resolution model thinks possible of each
        pair (`Robust`); None: on the expected value.
    method : a backend's or heuristic's name, or ``"auto"``.
    deadline_s : seconds from this call in which an answer is wanted, ≤ 0: as soon as can be. A feasible answer comes
        first, better ones while there is time; what might not fit is not started, and what is late is left behind
        (the page on deadlines). None: exact, however long it takes.

    Returns
    -------
    Plan
        Its certificate says how far from the best it can be at most, `Plan.attempts` and `Plan.notes` what answered
        and what was cut off. Feasible wherever holding everybody is; otherwise `Plan.violates` lists what it breaks.

    Raises
    ------
    InputError, RoutingError, BackendError, ContractError
        For the caller's own mistakes: wrong settings, an unknown method, a term that breaks its contract; without a
        deadline also a resolution model that does, or a backend that was named and fails.

    Examples
    --------
    >>> import deskmatch
    >>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
    >>> plan = deskmatch.assign(epoch)
    >>> plan.status
    <Status.OPTIMAL: 'optimal'>
    """
    started = perf_counter()
    expect_epoch(epoch)
    bound = Formulation.of(
        routing, resolution=robust_model(resolution, robust), constraints=constraints, fairness=fairness
    ).bind(epoch.desk)
    return answer(bound, epoch, method=method, deadline_s=deadline_s, started=started)


def answer(bound: BoundFormulation, epoch: Epoch, *, method: str, deadline_s: float | None, started: float) -> Plan:
    """Build, solve, certify and recover; `started` is the `perf_counter` of the call that the deadline counts from."""
    given: object = deadline_s
    if given is not None and (isinstance(given, bool) or not isinstance(given, Real) or float(given) != float(given)):
        raise InputError([Defect(ARGUMENTS, None, "deadline_s", repr(given), "expected seconds, or None")])
    check_name(method)
    clock = None if deadline_s is None else Clock(started + max(SHORTEST_S, float(deadline_s)))
    model = bound.build(epoch, clock=clock)
    left_s = None if clock is None else clock.left_s - _recovering_s(model, float(deadline_s or 0.0))
    found = solve_within(model.problem, left_s, method=method)
    before = thread_time()
    plan = model.recover(found.solution, started=started, attempts=found.attempts)
    PACE.saw("certify", model.problem.n_arcs + model.problem.n_tickets, thread_time() - before)
    return plan


def _recovering_s(model: Model, deadline_s: float) -> float:
    """What the certificate may take, and the waits of a busy machine."""
    waits_s = min(MOST_WAITING_S, WAITING_SHARE * max(0.0, deadline_s))
    return waits_s + CERTIFICATE_S + PACE.seconds("certify", model.problem.n_arcs + model.problem.n_tickets)
