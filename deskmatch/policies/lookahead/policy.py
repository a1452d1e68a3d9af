"""`LookAhead`: the assignment problem of an epoch, with what the future makes of its pairs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch
from deskmatch.errors import BackendError, ContractError
from deskmatch.formulations import BoundFormulation, Formulation
from deskmatch.frozen import Frozen
from deskmatch.policies.composed import part_of
from deskmatch.policies.lookahead.forecast import Forecast
from deskmatch.policies.lookahead.improvement import PolicyImprovement
from deskmatch.policies.lookahead.outlook import Offer, Outlook
from deskmatch.policies.lookahead.pools import Now, Pools
from deskmatch.policies.lookahead.worth import OutcomePoints
from deskmatch.policies.protocol import Decision, Trigger
from deskmatch.prediction import ResolutionModel
from deskmatch.ranges import SHARE, Range, refuse
from deskmatch.routing import Routing
from deskmatch.routing.reward import Reward
from deskmatch.solver import Limits, Problem, backend_names, solve

__all__ = ["LookAhead"]

AT_ONCE = -1e6
"""What it is worth to hold a ticket that has been held as long as it may: less than any assignment."""
AT_ONCE_SHARE = 4
"""Where pairs change each other's worth, a quarter of them is made before the others are looked at again."""
WAIT = Range("seconds ≥ 0, or inf", least=0, endless=True)
SPAN = Range("seconds above 0, or inf", above=0, endless=True)
FIRST_COME = 1e-9
"""Points for each second waited, so that of tickets alike the first comes first."""


@dataclass(frozen=True, slots=True, eq=False)
class LookAheadState(Frozen):
    """What a look-ahead remembers: the plan, and for which instant and staffing it was made."""

    bound: BoundFormulation
    forecast: Forecast
    pools: Pools
    plan: Any
    planned_at: float
    rates: NDArray[np.float64]
    size: NDArray[np.int64]
    seed: int
    draws: int


@dataclass(frozen=True, slots=True, eq=False)
class LookAhead:
    """Matching that looks ahead.

    The points of a pair are what its outcome is worth (`OutcomePoints`), minus the price of the expert's time, both as
    far as the offer is expected to be accepted; a ticket that is held, or comes back from an offer, is worth what the
    outlook says of waiting, in place of terms for waiting and abandonment, so that nothing counts twice. It can be held
    back for a better expert although another is idle.

    Parameters
    ----------
    forecast : expected arrivals by class.
    reward : what outcomes are worth.
    outlook : `PolicyImprovement`, `FluidPrices`, `LearnedValues`, or your own `Outlook`.
    routing : settings of channels.
    resolution : predicts resolution; None: as in `Formulation`.
    handed_on : as in `OutcomePoints`.
    hold_at_most_s : a ticket that has waited so long is no longer held while somebody idle may serve it; ≥ 0.
    replan_s : seconds until a plan is made anew where the forecast has changed, or the plan looks at queues, > 0; it is
        made anew at once when the staffing changes.
    epoch_s : seconds between epochs, > 0; None: after every event.
    method : of the solver, by name as in `Matching`.
    explore : share of epochs at which points are disturbed at random, in [0, 1], for learning.
    name : for tables and pictures.

    Raises
    ------
    ContractError
        On values outside these ranges.
    ValueError
        On an `epoch_s` that is not above 0.
    BackendError
        On a method that is not known.
    """

    forecast: Forecast
    reward: Reward = field(default_factory=Reward)
    outlook: Outlook = field(default_factory=PolicyImprovement)
    routing: Routing = field(default_factory=Routing)
    resolution: ResolutionModel | None = None
    handed_on: float = 0.0
    hold_at_most_s: float = float("inf")
    replan_s: float = 300.0
    epoch_s: float | None = None
    method: str = "kernel"
    explore: float = 0.0
    name: str = "look-ahead"

    def __post_init__(self) -> None:
        if self.method not in backend_names():
            raise BackendError(
                f"look-ahead: found method {self.method!r}; expected one of {', '.join(backend_names())}"
            )
        given: object = self.forecast
        if not isinstance(given, Forecast):
            raise ContractError(f"look-ahead: found {given!r:.60} as forecast; expected a Forecast (forecast_of)")
        wrong = SHARE.problems({"handed_on": self.handed_on, "explore": self.explore})
        wrong += WAIT.problems({"hold_at_most_s": self.hold_at_most_s}) + SPAN.problems({"replan_s": self.replan_s})
        refuse(wrong, ContractError)
        Trigger(self.epoch_s)

    @property
    def trigger(self) -> Trigger:
        """After every event, or every `epoch_s` seconds."""
        return Trigger(self.epoch_s)

    @property
    def formulation(self) -> Formulation:
        """What gives points before anything is taken off."""
        worth = OutcomePoints(self.reward, self.handed_on)
        return Formulation(routing=self.routing, terms=(worth,), resolution=self.resolution)

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> LookAheadState:
        """The desk as pools, and no plan yet; a `Forecast` that is given comes before the policy's own."""
        bound = self.formulation.bind(desk)
        expected = forecast if isinstance(forecast, Forecast) else self.forecast
        pools = Pools.of(bound, expected, self.reward)
        return LookAheadState._trusted(
            bound=bound,
            forecast=expected,
            pools=pools,
            plan=None,
            planned_at=-np.inf,
            rates=np.zeros(0),
            size=np.zeros(pools.n_groups, np.int64),
            seed=int(rng.integers(1 << 32)) if self.explore > 0 else 0,
            draws=0,
        )

    def decide(self, epoch: Epoch, state: LookAheadState) -> tuple[Decision, LookAheadState]:
        """The pairs of the best plan under the prices of now; see `Outlook.few_at_once`."""
        pairs, gain, state = self._plan_of(epoch, state)
        if len(pairs) < 2 or not self.outlook.few_at_once:
            return pairs, state
        first = np.argsort(-gain, kind="stable")[: max(1, len(gain) // AT_ONCE_SHARE)]
        made = Decision(ticket=pairs.ticket[first], expert=pairs.expert[first])
        left = np.delete(np.arange(epoch.n_tickets), made.ticket)
        more, state = self.decide(_with_made(epoch, made, left), state)
        return Decision(
            ticket=np.concatenate((made.ticket, left[more.ticket])), expert=np.concatenate((made.expert, more.expert))
        ), state

    def _plan_of(self, epoch: Epoch, state: LookAheadState) -> tuple[Decision, NDArray[np.float64], LookAheadState]:
        """The pairs of the best plan, and ``(pairs,)`` what each gains against holding its ticket."""
        problem = state.bound.build(epoch).problem
        if problem.usage is not None or problem.side is not None:
            raise ContractError("look-ahead: expected a routing without usage and constraints")
        ticket = np.repeat(np.arange(problem.n_tickets), np.diff(problem.indptr))
        now = Now.of(state.pools, epoch, ticket, problem.expert.astype(np.int64))
        state = self._planned(epoch, now, state)
        offer = self.outlook.offer(state.plan, now)
        hold, line = offer.hold, offer.line_value
        points = problem.points + FIRST_COME * epoch.tickets.waited_s[ticket]
        points += _if_accepted(epoch.staffing.acceptance[problem.expert], offer, ticket)
        if self.explore > 0:
            rng = np.random.default_rng((state.seed, state.draws))
            state = _with(state, draws=state.draws + 1)
            if rng.random() < self.explore:
                noise = np.abs(points).mean() if len(points) else 0.0
                points = points + rng.normal(0, noise, len(points))
                hold, line = hold + rng.normal(0, noise, len(hold)), line + rng.normal(0, noise, len(line))
        late = epoch.tickets.waited_s >= self.hold_at_most_s
        kept = ~late[offer.line_ticket]
        hold = np.where(late, AT_ONCE, hold)
        extended = _with_line(problem, points, hold, offer, line, kept)
        chosen = solve(extended, method=self.method).expert_of
        served = np.flatnonzero((chosen >= 0) & (chosen < problem.n_experts))
        arc = np.flatnonzero(chosen[ticket] == problem.expert)
        gain = points[arc] - hold[ticket[arc]]
        return Decision(ticket=served, expert=chosen[served]), gain, state

    def _planned(self, epoch: Epoch, now: Now, state: LookAheadState) -> LookAheadState:
        """The state with a plan that is not too old."""
        at = 0.0 if epoch.now is None else epoch.now.timestamp()
        staffed = state.plan is not None and (now.size == state.size).all()
        if staffed and at - state.planned_at < self.replan_s:
            return state
        rates = state.forecast.rates(epoch.now)
        if staffed and not self.outlook.looks_at_queues and (rates == state.rates).all():
            return _with(state, planned_at=at)
        plan = self.outlook.plan(state.pools, rates, now.size, now.waiting.astype(np.float64))
        return _with(state, plan=plan, planned_at=at, rates=rates, size=now.size)

    def replace(self, **changes: Any) -> LookAhead:
        """This policy with some of its settings changed."""
        return replace(self, **changes)


def _if_accepted(accepted: NDArray[np.float64], offer: Offer, ticket: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(arcs,)`` what is added to points that count with the probability of acceptance already: the expert's time has
    its price if the offer is taken, else the ticket is held, at the best place in line that there is."""
    held = offer.hold.copy()
    np.maximum.at(held, offer.line_ticket, offer.line_value)
    return np.asarray((1.0 - accepted) * held[ticket] - accepted * offer.price)


def _with(state: LookAheadState, **changes: Any) -> LookAheadState:
    return LookAheadState._trusted(**{**state._state(), **changes})


def _with_made(epoch: Epoch, made: Decision, left: NDArray[np.int64]) -> Epoch:
    """The epoch after some pairs are made, with the tickets that are left."""
    load, capacity = epoch.staffing.load.copy(), epoch.staffing.capacity.copy()
    np.add.at(load, (made.expert, epoch.tickets.channel[made.ticket]), 1)
    new = np.bincount(made.expert, minlength=len(capacity))
    capacity = np.where(capacity > 0, np.maximum(capacity - new, 0), capacity).astype(np.int32)
    return part_of(epoch, left, load=load, capacity=capacity)


def _with_line(
    problem: Problem,
    points: NDArray[np.float64],
    hold: NDArray[np.float64],
    offer: Offer,
    line: NDArray[np.float64],
    kept: NDArray[np.bool_],
) -> Problem:
    """The problem with a further expert for each place in line."""
    n, m = problem.n_tickets, problem.n_experts
    own = np.repeat(np.arange(n), np.diff(problem.indptr))
    ticket = np.concatenate((own, offer.line_ticket[kept]))
    expert = np.concatenate((problem.expert, m + offer.line_place[kept]))
    order = np.argsort(ticket, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(ticket, minlength=n))))
    limits = None
    if problem.limits is not None and len(problem.limits.bound):
        of_arc = np.concatenate((problem.limits.of_arc, np.full(int(kept.sum()), -1)))
        limits = Limits(of_arc=of_arc[order], bound=problem.limits.bound, parent=problem.limits.parent)
    return Problem(
        n_tickets=n,
        n_experts=m + offer.places,
        indptr=indptr.astype(np.int32),
        expert=expert[order].astype(np.int32),
        points=np.concatenate((points, line[kept]))[order],
        capacity=np.concatenate((problem.capacity, np.ones(offer.places, np.int64))).astype(np.int32),
        hold=hold,
        slot_cost=np.zeros((m + offer.places, 1)),
        limits=limits,
    )
