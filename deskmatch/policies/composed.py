"""Policies made of policies: one for each channel, and one that another stands in for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch, PairTable, Staffing, Tickets
from deskmatch.errors import ContractError, DeskmatchError
from deskmatch.policies.protocol import EVERY_EVENT, Decision, Policy, Trigger

__all__ = ["ByChannel", "Fallback", "part_of"]

log = logging.getLogger(__name__)


class ByChannel(Mapping[str, Policy]):
    """A policy for each channel: a rollout of one channel whose experts also work others.

    The simulator asks each at its own trigger. Asked as one policy, they decide one after the other, in the order
    given, and each sees the room that those before it have left.

    Parameters
    ----------
    policies : by the channel's name; every channel of the desk needs one.
    name : for tables and pictures; default: the names of all.

    Raises
    ------
    ContractError
        Where there is none.

    Examples
    --------
    >>> from deskmatch.policies import Matching, fcfs
    >>> ByChannel({"call": fcfs(), "chat": Matching()}).name
    'call: fcfs, chat: matching'
    """

    def __init__(self, policies: Mapping[str, Policy], *, name: str | None = None) -> None:
        if not policies:
            raise ContractError("ByChannel: found no policy; expected one for each channel")
        self._policies = dict(policies)
        self.name = name or ", ".join(f"{channel}: {_name(policy)}" for channel, policy in policies.items())

    def __getitem__(self, channel: str) -> Policy:
        return self._policies[channel]

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"ByChannel({self.name})"

    @property
    def trigger(self) -> Trigger:
        """After every event where one of them is asked then, else as often as the most frequent one."""
        each = [policy.trigger.epoch_s for policy in self._policies.values()]
        spans = [span for span in each if span is not None]
        return EVERY_EVENT if len(spans) < len(each) else Trigger(min(spans))

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> dict[str, Any]:
        """The state of each."""
        missing = [name for name in desk.channels.names if name not in self._policies]
        if missing:
            raise ContractError(f"ByChannel: has no policy for {', '.join(missing)}; expected one for each channel")
        return {name: policy.initial_state(desk, forecast, rng) for name, policy in self._policies.items()}

    def decide(self, epoch: Epoch, state: dict[str, Any]) -> tuple[Decision, dict[str, Any]]:
        """What each decides of its channel's tickets."""
        after, tickets, experts = dict(state), [], []
        load = epoch.staffing.load.copy()
        for name, policy in self._policies.items():
            channel = epoch.desk.channels.code(name)
            rows = np.flatnonzero(epoch.tickets.channel == channel)
            if channel < 0 or not len(rows):
                continue
            decision, after[name] = policy.decide(part_of(epoch, rows, load=load.copy()), state[name])
            tickets.append(rows[decision.ticket])
            experts.append(decision.expert)
            load[:, channel] += np.bincount(decision.expert, minlength=len(load)).astype(load.dtype)
        if not tickets:
            return Decision(), after
        return Decision(ticket=np.concatenate(tickets), expert=np.concatenate(experts)), after


@dataclass(frozen=True, slots=True, eq=False)
class Fallback:
    """A policy, and another that decides in its place when a condition holds, or when it fails.

    Parameters
    ----------
    policy : asked first; when it is asked is also its own.
    to : decides where `policy` raises a `DeskmatchError`, which is logged, or `when` says so.
    when : of an epoch, whether `to` decides; None: only where the policy fails.

    Examples
    --------
    >>> from deskmatch.policies import Matching, fcfs
    >>> def quiet(epoch):
    ...     return epoch.n_tickets < 3
    >>> Fallback(Matching(), fcfs(), when=quiet).name
    'matching, else fcfs'
    """

    policy: Policy
    to: Policy
    when: Callable[[Epoch], bool] | None = None

    @property
    def name(self) -> str:
        """Of both."""
        return f"{_name(self.policy)}, else {_name(self.to)}"

    @property
    def trigger(self) -> Trigger:
        """That of the policy."""
        return self.policy.trigger

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> tuple[Any, Any]:
        """The states of both."""
        return self.policy.initial_state(desk, forecast, rng), self.to.initial_state(desk, forecast, rng)

    def decide(self, epoch: Epoch, state: tuple[Any, Any]) -> tuple[Decision, tuple[Any, Any]]:
        """What the policy decides, or the other in its place."""
        first, second = state
        if self.when is None or not self.when(epoch):
            try:
                decision, first = self.policy.decide(epoch, first)
                return decision, (first, second)
            except DeskmatchError as error:
                log.warning("%s fails, %s decides: %s", _name(self.policy), _name(self.to), error)
        decision, second = self.to.decide(epoch, second)
        return decision, (first, second)


def _name(policy: Policy) -> str:
    return str(getattr(policy, "name", type(policy).__name__))


def part_of(epoch: Epoch, rows: NDArray[np.intp], **staffing_now: NDArray[Any]) -> Epoch:
    """The epoch with some of its tickets, and with other columns of the staffing.

    Parameters
    ----------
    epoch : the whole.
    rows : of its tickets.
    staffing_now : columns of `Staffing` that have changed.
    """
    tickets, staffing = epoch.tickets, epoch.staffing
    given: dict[str, Any] = {}
    for name in Tickets.__dataclass_fields__:
        value = getattr(tickets, name)
        if isinstance(value, dict):
            given[name] = {key: column[rows] for key, column in value.items()}
        elif isinstance(value, np.ndarray) and len(value) == len(tickets):
            given[name] = value[rows]
        else:
            given[name] = value
    given["ids"] = tuple(tickets.ids[row] for row in rows)
    if tickets.customer_id is not None:
        given["customer_id"] = tuple(tickets.customer_id[row] for row in rows)
    for ptr, columns in (
        ("topic_ptr", ("topic", "topic_probability")),
        ("requires_ptr", ("requires",)),
        ("excluded_ptr", ("excluded",)),
    ):
        start, stop = getattr(tickets, ptr)[rows], getattr(tickets, ptr)[rows + 1]
        inside = np.concatenate([np.arange(a, b) for a, b in zip(start, stop, strict=True)]).astype(np.intp)
        given[ptr] = np.concatenate(([0], np.cumsum(stop - start))).astype(np.int32)
        for column in columns:
            given[column] = getattr(tickets, column)[inside]
    left = {name: getattr(staffing, name) for name in Staffing.__dataclass_fields__}
    return Epoch._trusted(
        desk=epoch.desk,
        tickets=Tickets._trusted(**given),
        staffing=Staffing._trusted(**{**left, **staffing_now}),
        now=epoch.now,
        resolution=None if epoch.resolution is None else _pairs(epoch.resolution, rows, len(tickets)),
        intake=epoch.intake,
    )


def _pairs(table: PairTable, rows: NDArray[np.intp], n_tickets: int) -> PairTable:
    """The pairs of some tickets, which are counted anew."""
    place = np.full(n_tickets, -1)
    place[rows] = np.arange(len(rows))
    kept = place[table.ticket] >= 0
    return PairTable(place[table.ticket[kept]], table.expert[kept], table.probability[kept])
