"""Rules of a desk as objects: each says its formula, yields sparse rows over arcs, and is hard or has a penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.formulations.constraints.balance import Balance
    from deskmatch.formulations.constraints.bundle import Bundle
    from deskmatch.formulations.constraints.checks import check_constraint
    from deskmatch.formulations.constraints.filters import ExpertFilter, TicketFilter
    from deskmatch.formulations.constraints.limits import GroupLimit, MinService, TierQuota
    from deskmatch.formulations.constraints.pairs import Forbid, Pin, Stability
    from deskmatch.formulations.constraints.protocol import Constraint, ModelArcs
    from deskmatch.formulations.constraints.reserve import Reserve
    from deskmatch.formulations.constraints.rows import Rows

__all__ = [
    "Balance",
    "Bundle",
    "Constraint",
    "ExpertFilter",
    "Forbid",
    "GroupLimit",
    "MinService",
    "ModelArcs",
    "Pin",
    "Reserve",
    "Rows",
    "Stability",
    "TicketFilter",
    "TierQuota",
    "check_constraint",
]

_PLACES = {
    "Balance": "balance",
    "Bundle": "bundle",
    "Constraint": "protocol",
    "ExpertFilter": "filters",
    "Forbid": "pairs",
    "GroupLimit": "limits",
    "MinService": "limits",
    "ModelArcs": "protocol",
    "Pin": "pairs",
    "Reserve": "reserve",
    "Rows": "rows",
    "Stability": "pairs",
    "TicketFilter": "filters",
    "TierQuota": "limits",
    "check_constraint": "checks",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
