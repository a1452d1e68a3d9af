"""Rules of dispatch as data, and the one compiled selector that interprets them."""

from __future__ import annotations

from deskmatch.policies.dispatch.eligible import eligible_experts, flexibility_of
from deskmatch.policies.dispatch.records import ExpertBy, IndexBy, TicketBy
from deskmatch.policies.dispatch.rule import Facts, Rule, RuleTables

__all__ = ["ExpertBy", "Facts", "IndexBy", "Rule", "RuleTables", "TicketBy", "eligible_experts", "flexibility_of"]
