"""An epoch becomes a problem, a solution becomes a plan: `Formulation`, its terms, `assign`, `Plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.formulations.answering import assign
    from deskmatch.formulations.arcs import Arcs, Situation
    from deskmatch.formulations.checks import check_term
    from deskmatch.formulations.formulation import BoundFormulation, Formulation
    from deskmatch.formulations.model import Model
    from deskmatch.formulations.plan import Plan
    from deskmatch.formulations.terms import (
        DEFAULT_TERMS,
        Abandonment,
        Affinity,
        FunctionTerm,
        Occupancy,
        ProficiencyMatch,
        RelaxationCost,
        Resolution,
        Term,
        TierUse,
        Waiting,
    )
    from deskmatch.formulations.tradeoffs.next_best import Alternatives, alternatives
    from deskmatch.formulations.tradeoffs.scenario import WhatIf
    from deskmatch.formulations.tradeoffs.weight_intervals import Sensitivity, sensitivity

__all__ = [
    "DEFAULT_TERMS",
    "Abandonment",
    "Affinity",
    "Alternatives",
    "Arcs",
    "BoundFormulation",
    "Formulation",
    "FunctionTerm",
    "Model",
    "Occupancy",
    "Plan",
    "ProficiencyMatch",
    "RelaxationCost",
    "Resolution",
    "Sensitivity",
    "Situation",
    "Term",
    "TierUse",
    "Waiting",
    "WhatIf",
    "alternatives",
    "assign",
    "check_term",
    "sensitivity",
]

_PLACES = {
    "Abandonment": "terms",
    "Affinity": "terms",
    "Alternatives": "tradeoffs.next_best",
    "Arcs": "arcs",
    "BoundFormulation": "formulation",
    "DEFAULT_TERMS": "terms",
    "Formulation": "formulation",
    "FunctionTerm": "terms",
    "Model": "model",
    "Occupancy": "terms",
    "Plan": "plan",
    "ProficiencyMatch": "terms",
    "RelaxationCost": "terms",
    "Resolution": "terms",
    "Sensitivity": "tradeoffs.weight_intervals",
    "Situation": "arcs",
    "Term": "terms",
    "TierUse": "terms",
    "Waiting": "terms",
    "WhatIf": "tradeoffs.scenario",
    "alternatives": "tradeoffs.next_best",
    "assign": "answering",
    "check_term": "checks",
    "sensitivity": "tradeoffs.weight_intervals",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
