"""What a running desk does: rules of dispatch, and policies that solve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.policies.checks import check_epoch, check_policy
    from deskmatch.policies.dispatch import ExpertBy, Rule, TicketBy
    from deskmatch.policies.matching import Matching
    from deskmatch.policies.protocol import EVERY_EVENT, Decision, Policy, Trigger
    from deskmatch.policies.rules import fcfs, longest_queue, longest_weighted_wait, preference_lists, priority_fcfs

__all__ = [
    "EVERY_EVENT",
    "Decision",
    "ExpertBy",
    "Matching",
    "Policy",
    "Rule",
    "TicketBy",
    "Trigger",
    "check_epoch",
    "check_policy",
    "fcfs",
    "longest_queue",
    "longest_weighted_wait",
    "preference_lists",
    "priority_fcfs",
]

_PLACES = {
    "Decision": "protocol",
    "EVERY_EVENT": "protocol",
    "ExpertBy": "dispatch",
    "Matching": "matching",
    "Policy": "protocol",
    "Rule": "dispatch",
    "TicketBy": "dispatch",
    "Trigger": "protocol",
    "check_epoch": "checks",
    "check_policy": "checks",
    "fcfs": "rules",
    "longest_queue": "rules",
    "longest_weighted_wait": "rules",
    "preference_lists": "rules",
    "priority_fcfs": "rules",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
