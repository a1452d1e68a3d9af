"""Rules of dispatch as data, and the one compiled selector that interprets them."""

from __future__ import annotations

from deskmatch.policies.dispatch.eligible import eligible_experts
from deskmatch.policies.dispatch.records import ExpertBy, TicketBy
from deskmatch.policies.dispatch.rule import Rule, RuleTables

__all__ = ["ExpertBy", "Rule", "RuleTables", "TicketBy", "eligible_experts"]
