"""From an epoch to a plan: build, solve (in time), certify, recover."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from deskmatch.epochs import Epoch
from deskmatch.errors import Defect, InputError
from deskmatch.formulations.constraints.protocol import Constraint
from deskmatch.formulations.fairness.forms import Fairness
from deskmatch.formulations.formulation import BoundFormulation, Formulation
from deskmatch.heuristics import solve_within
from deskmatch.prediction import ResolutionModel
from deskmatch.prediction.robust import robust_model
from deskmatch.routing import Routing

if TYPE_CHECKING:
    from deskmatch.formulations.plan import Plan

__all__ = ["assign"]


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
    method : a backend's name, ``"greedy"``, or ``"auto"``.
    deadline_s : seconds from this call in which an answer is wanted, ≤ 0: at once; greedy answers where the exact solve
        might not fit. It chooses the method: building the problem is not cut short. None: exact, however long it takes.

    Returns
    -------
    Plan
        Its certificate says how far from the best it can be at most.

    Raises
    ------
    InputError, RoutingError, BackendError, ContractError
        For the caller's own mistakes: wrong settings, an unknown method, a model or term that breaks its contract.

    Examples
    --------
    >>> import deskmatch
    >>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
    >>> plan = deskmatch.assign(epoch)
    >>> plan.status
    <Status.OPTIMAL: 'optimal'>
    """
    started = perf_counter()
    if not isinstance(epoch, Epoch):
        raise InputError([Defect("assign", None, "epoch", repr(epoch)[:80], "expected an Epoch (Epoch.from_tables)")])
    bound = Formulation.of(
        routing, resolution=robust_model(resolution, robust), constraints=constraints, fairness=fairness
    ).bind(epoch.desk)
    return answer(bound, epoch, method=method, deadline_s=deadline_s, started=started)


def answer(bound: BoundFormulation, epoch: Epoch, *, method: str, deadline_s: float | None, started: float) -> Plan:
    """Build, solve, certify and recover; `started` is the `perf_counter` of the call that the deadline counts from."""
    given: object = deadline_s
    if given is not None and (isinstance(given, bool) or not isinstance(given, Real) or float(given) != float(given)):
        raise InputError([Defect("assign", None, "deadline_s", repr(given), "expected seconds, or None")])
    model = bound.build(epoch)
    left_s = None if deadline_s is None else deadline_s - (perf_counter() - started)
    return model.recover(solve_within(model.problem, left_s, method=method), started=started)
