"""`SimulationState`: a run that is under way; `advance` takes it from one decision to the next."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ContractError
from deskmatch.policies.dispatch import ExpertBy, Rule
from deskmatch.policies.dispatch.rule import RuleTables
from deskmatch.policies.protocol import Decision, Policy, Trigger
from deskmatch.routing.validation import did_you_mean
from deskmatch.simulation.arrivals import ArrivalStream
from deskmatch.simulation.deciding import DecisionPoint, EpochMaker, facts_of
from deskmatch.simulation.engine.contacts import AWAY, CALL, RINGING, SERVICE, WAITING
from deskmatch.simulation.engine.entry import advance_engine
from deskmatch.simulation.engine.records import Answer, Outcome
from deskmatch.simulation.layout import Layout
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.snapshots import Snapshot

__all__ = ["RowSink", "SimulationState", "advance", "begin"]

NO_ROWS = np.zeros(0, np.int64)
NO_MARKS = np.zeros((0, 2))


class RowSink(Protocol):
    """Where ended contacts go."""

    def write(self, rows: NDArray[Any]) -> None:
        """Take over records of `deskmatch.simulation.engine.records.ROW`."""
        ...


@dataclass(slots=True)
class SimulationState:
    """A run under way; made by `begin`, changed by `advance`.

    Parameters
    ----------
    scenario : what is simulated.
    policies : those that are asked, in order; the rules are in the engine.
    layout : the engine's arrays.
    arrivals : what arrives, a chunk at a time.
    sink : where ended contacts go.
    snapshots : what had been counted at the end of the warm-up and at the horizon.
    next_s : when each policy is asked next; inf: after events.
    makers : of each policy, what shows it its epochs.
    arguments : the arrays as the kernel takes them; made anew whenever one of them is replaced.
    times, types, marks : ``(arrivals,)`` and ``(arrivals, 2)`` of the chunk that the kernel works on.
    chunk_end_s : up to where these arrivals go.
    asked : the policy whose decision is awaited, −1: none.
    finished : the run is over.
    """

    scenario: Scenario
    policies: tuple[Policy, ...]
    layout: Layout
    arrivals: ArrivalStream
    sink: RowSink
    makers: tuple[EpochMaker, ...]
    snapshots: list[Snapshot]
    next_s: list[float]
    arguments: tuple[NDArray[Any], ...]
    times: NDArray[np.float64]
    types: NDArray[np.int64]
    marks: NDArray[np.float64]
    chunk_end_s: float = 0.0
    asked: int = -1
    finished: bool = False

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return float(self.layout.desk[0]["now"])

    def copy(self) -> SimulationState:
        """A state that can be advanced on its own; both write to the same sink."""
        other = copy.copy(self)
        other.layout, other.arrivals = self.layout.copy(), copy.copy(self.arrivals)
        other.arguments = other.layout.arguments()
        other.makers = tuple(copy.copy(maker) for maker in self.makers)
        other.snapshots, other.next_s = list(self.snapshots), list(self.next_s)
        return other


def begin(
    scenario: Scenario, policy: Policy | Mapping[str, Policy], sink: RowSink, *, seed: int, rng: np.random.Generator
) -> SimulationState:
    """A run at its start.

    Parameters
    ----------
    scenario : what is simulated.
    policy : one for all channels, or one for each by its name. Rules are carried out by the engine; others are asked.
    sink : where ended contacts go.
    seed : of customers and experts; the same for every policy that is to see the same customers.
    rng : where the seeds of rules come from.

    Raises
    ------
    ContractError
        Where something is no policy, a channel has none, a name is no channel, a rule names a type or group that the
        scenario does not have, or two policies want to be asked after every event.
    """
    by_channel = _by_channel(scenario, policy)
    asked = tuple({id(each): each for each in by_channel if not _is_carried_out(each)}.values())  # need not be hashable
    numbers = {id(each): number for number, each in enumerate(asked)}
    of_queue = [by_channel[queue.channel] for queue in scenario.queues]
    policy_of = np.array([numbers.get(id(each), -1) for each in of_queue], np.int64)
    words = np.random.SeedSequence([seed, 0]).generate_state(2)
    layout = Layout.of(scenario, _rule_tables(scenario, of_queue), policy_of, (int(words[0]), int(words[1])))
    event_policies = [numbers[id(each)] for each in asked if each.trigger.epoch_s is None]
    if len(event_policies) > 1:
        raise ContractError("policies: two of them are asked after every event; expected one at most, beside rules")
    if event_policies:
        layout.engine["event_policy"] = event_policies[0]
    rules = [each for each in {id(each): each for each in by_channel}.values() if _is_carried_out(each)]
    layout.engine["occupancy"] = bool(asked) or any(rule.looks_at_occupancy for rule in rules)
    for rule in rules:
        layout.desk["seed"] = rule.initial_state(scenario.desk, None, rng).seed
    tables = scenario.tables
    processes, marks = [each.arrivals for each in scenario.types], [each.marks for each in scenario.types]
    return SimulationState(
        scenario=scenario,
        policies=asked,
        layout=layout,
        arrivals=ArrivalStream(processes, marks, tables.horizon_s, tables.busyness_cv, seed),
        sink=sink,
        makers=tuple(EpochMaker(scenario, np.flatnonzero(policy_of == number)) for number in range(len(asked))),
        snapshots=[] if tables.warmup_s > 0 else [Snapshot.of(layout)],
        next_s=[np.inf if each.trigger.epoch_s is None else each.trigger.epoch_s for each in asked],
        arguments=layout.arguments(),
        times=np.zeros(0),
        types=NO_ROWS,
        marks=NO_MARKS,
    )


def advance(state: SimulationState, decision: Decision | None = None) -> DecisionPoint | None:
    """Carry out a decision and go on to the next one.

    Parameters
    ----------
    state : changed in place; `SimulationState.copy` keeps one.
    decision : the answer to the decision point that the last call gave; None: nobody gets anybody.

    Returns
    -------
    What is to be decided, and by which policy; None: the run is over.

    Raises
    ------
    ContractError
        Where the decision breaks a rule of the desk: an expert without room, a ticket twice, …
    """
    chosen_tickets, chosen_experts = NO_ROWS, NO_ROWS
    if state.asked >= 0:
        if decision is not None and len(decision):
            chosen_tickets, chosen_experts = state.makers[state.asked].chosen(state.layout, decision)
        state.layout.engine["answered"] = state.asked
        state.asked = -1
    while not state.finished:
        engine = state.layout.engine
        engine["until"] = _next_stop(state)
        answer = advance_engine(chosen_tickets, chosen_experts, state.times, state.types, state.marks, *state.arguments)
        chosen_tickets, chosen_experts = NO_ROWS, NO_ROWS
        if answer == Answer.ROWS_FULL:
            _hand_over(state)
        elif answer == Answer.TICKETS_FULL:
            state.layout.make_places(2 * len(state.layout.tickets))
            state.arguments = state.layout.arguments()
        elif answer == Answer.DECISION:
            point = state.makers[int(engine[0]["event_policy"])].point(state.layout, int(engine[0]["event_policy"]))
            if point is not None:
                state.asked = point.policy
                return point
        elif answer == Answer.EMPTY:
            _finish(state)
        else:
            point = _stopped(state)
            if point is not None:
                return point
    return None


def _by_channel(scenario: Scenario, policy: Policy | Mapping[str, Policy]) -> list[Policy]:
    if not isinstance(policy, Mapping):
        return [_checked(scenario, policy)] * len(scenario.channels)
    unknown = [name for name in policy if name not in scenario.channels]
    missing = [name for name in scenario.channels if name not in policy]
    if unknown or missing:
        found = f"has no policy for {', '.join(missing)}" if missing else f"names {', '.join(unknown)}"
        raise ContractError(f"policy {found}; expected one for each of {', '.join(scenario.channels)}")
    return [_checked(scenario, policy[name]) for name in scenario.channels]


def _checked(scenario: Scenario, policy: Policy) -> Policy:
    given: object = policy
    if not isinstance(given, Policy) or isinstance(given, type):
        raise ContractError(f"policy: found {given!r}; expected one of deskmatch.policies, or an object like them")
    trigger: object = policy.trigger
    if not isinstance(trigger, Trigger):
        raise ContractError(f"{type(policy).__name__}.trigger: found {trigger!r}; expected a Trigger")
    if isinstance(policy, Rule):
        queues, groups = policy.names()
        for what, names, known in (
            ("type", queues, tuple(scenario.tables.types)),
            ("group", groups, scenario.groups),
        ):
            unknown = sorted(names - set(known))
            if unknown:
                raise ContractError(
                    f"policy {policy.name!r}: {unknown[0]!r} is no {what} of the scenario"
                    f"{did_you_mean(unknown[0], known)} (known here: {', '.join(known)})"
                )
    return policy


def _is_carried_out(policy: Policy) -> TypeGuard[Rule]:
    """Whether the engine itself carries a policy out, instead of asking it."""
    return isinstance(policy, Rule) and policy.epoch_s is None


OF_QUEUE = (
    "expert_by", "ticket_by", "weight", "head_start_s", "power", "queue_share", "pool_rank", "link_index", "reserve",
    "opens_s",
)  # fmt: skip
"""The tables of a rule that have a row for each queue."""
BY_POOL = (ExpertBy.IDLENESS_RATIO, ExpertBy.AFFINE)
"""Orders of experts for which a rule says something of pools; of several such rules the first is heard."""


def _rule_tables(scenario: Scenario, of_queue: list[Policy]) -> RuleTables:
    """The tables of all rules together: rules of channels that come later rank after those of earlier ones."""
    names = [scenario.types[queue.type].written for queue in scenario.queues]
    importance = np.array([queue.importance for queue in scenario.queues])
    facts = facts_of(scenario)
    parts: dict[int, RuleTables] = {}
    for each in of_queue:
        if id(each) not in parts:
            rule = each if _is_carried_out(each) else Rule("eligible")
            parts[id(each)] = rule.tables(names, scenario.groups, scenario.eligible, importance, facts)
    merged = RuleTables._make(np.array(array) for array in parts[id(of_queue[0])])
    offset = {key: number * len(names) * len(names) for number, key in enumerate(parts)}
    for row, each in enumerate(of_queue):
        part = parts[id(each)]
        for name in OF_QUEUE:
            getattr(merged, name)[row] = getattr(part, name)[row]
        ranks = part.queue_rank[:, row]
        merged.queue_rank[:, row] = np.where(ranks < 0, -1, ranks + offset[id(each)])
    for part in reversed(parts.values()):
        for name in ("pool_share", "idle_weight"):
            if np.isin(part.expert_by, BY_POOL).any():
                getattr(merged, name)[:] = getattr(part, name)
    return merged


def _next_stop(state: SimulationState) -> float:
    """The instant before which the engine may go on alone."""
    return min(state.chunk_end_s, _next_mark(state), *state.next_s, np.inf)


def _next_mark(state: SimulationState) -> float:
    """The end of the warm-up, the horizon, or the end of the run, whichever comes next."""
    tables = state.scenario.tables
    return (tables.warmup_s, tables.horizon_s, tables.horizon_s + tables.drain_s)[len(state.snapshots)]


def _stopped(state: SimulationState) -> DecisionPoint | None:
    """The engine has come to an instant at which something outside it is to be done."""
    now = state.now_s
    if now >= state.chunk_end_s:
        _load_arrivals(state)
    elif now >= _next_mark(state):
        if len(state.snapshots) == 2:
            _finish(state)
        else:
            state.snapshots.append(Snapshot.of(state.layout))
    else:
        number = int(np.argmin(state.next_s))
        state.next_s[number] += state.policies[number].trigger.epoch_s or np.inf
        point = state.makers[number].point(state.layout, number)
        if point is not None:
            state.asked = number
        else:
            state.layout.engine["answered"] = number
        return point
    return None


def _load_arrivals(state: SimulationState) -> None:
    engine = state.layout.engine
    if state.arrivals.ended:
        state.chunk_end_s, state.times, state.types = np.inf, np.zeros(0), NO_ROWS
        state.marks = NO_MARKS
        engine["closing"] = 1
    else:
        state.times, state.types, state.marks, state.chunk_end_s = state.arrivals.chunk()
    engine["arrival"], engine["arrivals"] = 0, len(state.times)


def _hand_over(state: SimulationState) -> None:
    """Give the rows to the sink; make more space where even an empty buffer would not do."""
    layout = state.layout
    count = int(layout.engine[0]["rows"])
    state.sink.write(layout.rows[:count].copy())
    layout.engine["rows"] = 0
    if int(layout.engine[0]["system"]) * 2 > len(layout.rows):
        layout.rows = np.zeros(2 * len(layout.rows), layout.rows.dtype)
        state.arguments = layout.arguments()


def _finish(state: SimulationState) -> None:
    """Write what is left in the system, and stop."""
    while len(state.snapshots) < 2:
        state.snapshots.append(Snapshot.of(state.layout))
    _hand_over(state)
    state.sink.write(_left(state.layout))
    state.finished = True


PHASES = {
    WAITING: Outcome.WAITING,
    SERVICE: Outcome.IN_HAND,
    CALL: Outcome.IN_HAND,
    RINGING: Outcome.WAITING,
    AWAY: Outcome.AWAY,
}
"""How a ticket's phase at the end is told; work after a contact is no ticket."""


def _left(layout: Layout) -> NDArray[Any]:
    tickets = layout.tickets
    inside = np.flatnonzero(np.isin(tickets["phase"], list(PHASES)))
    inside = inside[np.argsort(tickets["root"][inside], kind="stable")]
    rows = np.zeros(len(inside), layout.rows.dtype)
    own = tickets[inside]
    in_hand = np.isin(own["phase"], (SERVICE, CALL))
    for name in ("root", "arrived", "type", "queue", "attempt", "offers", "promised_s"):
        rows[name] = own[name]
    rows["hop"], rows["entered"], rows["ended"] = own["hops"], own["since"], np.nan
    rows["started"] = np.where(in_hand, own["started"], np.nan)
    rows["expert"] = np.where(in_hand, own["expert"], -1)
    rows["outcome"] = [PHASES[phase] for phase in own["phase"].tolist()]
    return rows
