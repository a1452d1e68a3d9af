"""`check_policy`: what every `Policy` must keep, as a function that fails with a sentence."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np

from deskmatch.epochs import Desk, Epoch, Staffing, Tickets, Vocabulary
from deskmatch.errors import ContractError
from deskmatch.policies.dispatch import eligible_experts
from deskmatch.policies.protocol import Decision, Policy, Trigger

__all__ = ["check_epoch", "check_policy"]


def check_policy(policy: Policy, epochs: Iterable[Epoch] | None = None) -> None:
    """Raise `ContractError` where `policy` breaks the protocol of `Policy`.

    Asks it twice at each epoch with equal states: it must answer the same, change neither the epoch nor its state, and
    pair tickets with eligible experts who have room, each ticket at most once. The epochs are checked as well
    (`check_epoch`).

    Parameters
    ----------
    policy : the implementation.
    epochs : of one desk, where to try it; default: some of a small made-up desk with calls and chats.

    Raises
    ------
    ContractError
        Says what was found and what the protocol asks for.

    Examples
    --------
    >>> from deskmatch.policies import fcfs
    >>> check_policy(fcfs())
    """
    name = type(policy).__name__
    for member in ("trigger", "initial_state", "decide"):
        if not hasattr(policy, member):
            raise ContractError(f"{name} has no {member!r}")
    if not isinstance(policy.trigger, Trigger):
        raise ContractError(f"{name}.trigger: found {policy.trigger!r}; expected a Trigger")
    tried = list(_small_epochs() if epochs is None else epochs)
    state = policy.initial_state(tried[0].desk, None, np.random.default_rng(0))
    for epoch in tried:
        check_epoch(epoch)
        before, copied = pickle.dumps(epoch), pickle.dumps(state)
        decision, after = _answer(policy, epoch, state)
        if pickle.dumps(epoch) != before:
            raise ContractError(f"{name}.decide changes the epoch that it is shown")
        again, _ = _answer(policy, epoch, pickle.loads(copied))
        if sorted(_pairs(decision)) != sorted(_pairs(again)):
            raise ContractError(f"{name}.decide: asked again with the same state, it decides differently")
        _check_decision(name, epoch, decision)
        state = after


def check_epoch(epoch: Epoch) -> None:
    """Raise `ContractError` where an epoch shows what no desk can know: a patience that differs between tickets alike.

    Parameters
    ----------
    epoch : what a simulator would show to a policy.
    """
    tickets = epoch.tickets
    known: dict[tuple[Any, ...], float] = {}
    names = tickets.features.get("queue", tickets.channel)
    for row in range(epoch.n_tickets):
        topics = tickets.topic[tickets.topic_ptr[row] : tickets.topic_ptr[row + 1]]
        alike = (str(names[row]), int(tickets.channel[row]), int(tickets.language[row]), tuple(topics.tolist()))
        told = float(tickets.patience_s[row])
        if known.setdefault(alike, told) != told and not np.isnan(told):
            raise ContractError(
                f"ticket {tickets.ids[row]!r}: its patience differs from that of tickets that look alike;"
                " expected the mean, as no desk knows a customer's own"
            )


def _answer(policy: Policy, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
    name = type(policy).__name__
    given: object = policy.decide(epoch, state)
    if not isinstance(given, tuple) or len(given) != 2 or not isinstance(given[0], Decision):
        raise ContractError(f"{name}.decide: found {given!r:.60}; expected a Decision and the next state")
    return given


def _pairs(decision: Decision) -> list[tuple[int, int]]:
    return list(zip(decision.ticket.tolist(), decision.expert.tolist(), strict=True))


def _check_decision(name: str, epoch: Epoch, decision: Decision) -> None:
    tickets, staffing = epoch.tickets, epoch.staffing
    load = staffing.load.copy()
    seen: set[int] = set()
    for row, expert in _pairs(decision):
        if not (0 <= row < epoch.n_tickets and 0 <= expert < epoch.n_experts):
            raise ContractError(f"{name}.decide: pair ({row}, {expert}) is outside the epoch")
        if row in seen:
            raise ContractError(f"{name}.decide: ticket {tickets.ids[row]!r} stands in more than one pair")
        seen.add(row)
        able = eligible_experts(
            epoch.desk,
            channel=int(tickets.channel[row]),
            language=int(tickets.language[row]),
            topics=tickets.topic[tickets.topic_ptr[row] : tickets.topic_ptr[row + 1]].tolist(),
            tier=int(tickets.tier[row]),
            tags=tickets.requires[tickets.requires_ptr[row] : tickets.requires_ptr[row + 1]].tolist(),
        )
        who = epoch.desk.expert_ids[expert]
        barred = tickets.excluded[tickets.excluded_ptr[row] : tickets.excluded_ptr[row + 1]]
        if not able[expert] or expert in barred:
            raise ContractError(f"{name}.decide: expert {who!r} may not serve ticket {tickets.ids[row]!r}")
        channel = int(tickets.channel[row])
        load[expert, channel] += 1
        away = staffing.capacity[expert] == 0 or staffing.free_in_s[expert] > 0
        if away or load[expert, channel] > epoch.desk.channel_limit[expert, channel]:
            raise ContractError(f"{name}.decide: expert {who!r} has no room for ticket {tickets.ids[row]!r}")


def _small_epochs() -> Iterable[Epoch]:
    """Twelve instants of a desk of six experts with calls and chats in two languages."""
    rng = np.random.default_rng(1)
    desk = Desk(
        expert_ids=tuple(f"e{k}" for k in range(6)),
        channels=Vocabulary(("call", "chat")),
        languages=Vocabulary(("en", "de")),
        topics=Vocabulary(("billing", "dns")),
        channel_limit=[[1, 0], [1, 0], [0, 2], [0, 3], [1, 2], [1, 2]],
        speaks=[[1, 0], [1, 1], [1, 0], [1, 1], [1, 1], [0, 1]],
        proficiency=[[0.9, np.nan], [0.6, 0.7], [0.8, 0.8], [np.nan, 0.9], [0.5, 0.5], [0.9, 0.9]],
        tier=[1, 1, 1, 2, 2, 2],
    )
    for n in (1, 2, 3, 5, 8, 0, 4, 6, 9, 1, 2, 7):
        calls = rng.integers(0, 2, (6, 1))
        chats = rng.integers(0, 2, (6, 1)) * (calls == 0)
        load = np.minimum(np.hstack([calls, chats]), desk.channel_limit)
        waited = np.sort(np.where(rng.random(n) < 0.3, 0.0, rng.integers(1, 300, n)))[::-1]
        yield Epoch(
            desk,
            Tickets(
                ids=tuple(f"t{k}" for k in range(n)),
                channel=rng.integers(0, 2, n),
                language=rng.integers(0, 2, n),
                topic=rng.integers(0, 2, n),
                waited_s=waited,
            ),
            Staffing(load=load, capacity=np.where(rng.random(6) < 0.2, 0, -1), idle_s=rng.integers(0, 500, 6)),
        )
