"""What a running desk does: rules of dispatch, and policies that solve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.policies.best_pairs import Greedy
    from deskmatch.policies.checks import check_epoch, check_policy
    from deskmatch.policies.composed import ByChannel, Fallback
    from deskmatch.policies.dispatch import ExpertBy, IndexBy, Rule, TicketBy
    from deskmatch.policies.expert_rules import (
        bullseye,
        idle_thresholds,
        least_flexible_first,
        most_qualified,
        queue_and_idleness_ratio,
        waiting_and_idle_time,
    )
    from deskmatch.policies.index_rules import c_mu, c_mu_theta, generalised_c_mu, max_weight, p_c_mu
    from deskmatch.policies.lookahead import (
        FluidPrices,
        Forecast,
        LearnedValues,
        LookAhead,
        OutcomePoints,
        PolicyImprovement,
    )
    from deskmatch.policies.matching import Matching
    from deskmatch.policies.protocol import EVERY_EVENT, Decision, Policy, Trigger
    from deskmatch.policies.rules import fcfs, longest_queue, longest_weighted_wait, preference_lists, priority_fcfs

__all__ = [
    "EVERY_EVENT",
    "ByChannel",
    "Decision",
    "ExpertBy",
    "Fallback",
    "FluidPrices",
    "Forecast",
    "Greedy",
    "IndexBy",
    "LearnedValues",
    "LookAhead",
    "Matching",
    "OutcomePoints",
    "Policy",
    "PolicyImprovement",
    "Rule",
    "TicketBy",
    "Trigger",
    "bullseye",
    "c_mu",
    "c_mu_theta",
    "check_epoch",
    "check_policy",
    "fcfs",
    "generalised_c_mu",
    "idle_thresholds",
    "least_flexible_first",
    "longest_queue",
    "longest_weighted_wait",
    "max_weight",
    "most_qualified",
    "p_c_mu",
    "preference_lists",
    "priority_fcfs",
    "queue_and_idleness_ratio",
    "waiting_and_idle_time",
]

_PLACES = {
    "FluidPrices": "lookahead",
    "Forecast": "lookahead",
    "LearnedValues": "lookahead",
    "LookAhead": "lookahead",
    "OutcomePoints": "lookahead",
    "PolicyImprovement": "lookahead",
    "ByChannel": "composed",
    "Fallback": "composed",
    "Greedy": "best_pairs",
    "IndexBy": "dispatch",
    "c_mu": "index_rules",
    "c_mu_theta": "index_rules",
    "generalised_c_mu": "index_rules",
    "max_weight": "index_rules",
    "p_c_mu": "index_rules",
    "bullseye": "expert_rules",
    "idle_thresholds": "expert_rules",
    "least_flexible_first": "expert_rules",
    "most_qualified": "expert_rules",
    "queue_and_idleness_ratio": "expert_rules",
    "waiting_and_idle_time": "expert_rules",
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
