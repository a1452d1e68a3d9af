"""Policies around policies: one that measures decisions, one that sees another desk than there is, one with a note."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deskmatch.epochs import Desk, Epoch
from deskmatch.policies import Decision, Policy

__all__ = ["About", "Seeing", "Timed"]


class Timed:
    """A policy that remembers how long its decisions take.

    Parameters
    ----------
    policy : any.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy, self.trigger = policy, policy.trigger
        self.took_s: list[float] = []

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> Any:
        return self.policy.initial_state(desk, forecast, rng)

    def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
        start = time.process_time()
        answer = self.policy.decide(epoch, state)
        self.took_s.append(time.process_time() - start)
        return answer


class Seeing:
    """A policy that is shown another desk than there is, such as one with wrong proficiencies.

    Parameters
    ----------
    policy : any.
    change : makes the desk that it is shown; experts and vocabularies must stay.
    """

    def __init__(self, policy: Policy, change: Callable[[Desk], Desk]) -> None:
        self.policy, self.trigger, self.change = policy, policy.trigger, change

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> tuple[Desk, Any]:
        shown = self.change(desk)
        return shown, self.policy.initial_state(shown, forecast, rng)

    def decide(self, epoch: Epoch, state: tuple[Desk, Any]) -> tuple[Decision, tuple[Desk, Any]]:
        shown, own = state
        decision, own = self.policy.decide(Epoch._trusted(**{**epoch._state(), "desk": shown}), own)
        return decision, (shown, own)


class About:
    """A policy with a note on how it came about.

    Parameters
    ----------
    policy : any.
    note : told in tables.
    """

    def __init__(self, policy: Policy, note: Mapping[str, Any]) -> None:
        self.policy, self.trigger, self.note = policy, policy.trigger, note

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> Any:
        return self.policy.initial_state(desk, forecast, rng)

    def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
        return self.policy.decide(epoch, state)
