"""An epoch becomes a problem, a solution becomes a plan: `Formulation`, its terms and constraints, `assign`, `Plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.formulations import constraints
    from deskmatch.formulations.answering import assign
    from deskmatch.formulations.arcs import Arcs, Situation
    from deskmatch.formulations.checks import check_term
    from deskmatch.formulations.constraints.checks import check_constraint
    from deskmatch.formulations.constraints.protocol import Constraint, ModelArcs
    from deskmatch.formulations.constraints.rows import Rows
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
    "Constraint",
    "Formulation",
    "FunctionTerm",
    "Model",
    "ModelArcs",
    "Occupancy",
    "Plan",
    "ProficiencyMatch",
    "RelaxationCost",
    "Resolution",
    "Rows",
    "Sensitivity",
    "Situation",
    "Term",
    "TierUse",
    "Waiting",
    "WhatIf",
    "alternatives",
    "assign",
    "check_constraint",
    "check_term",
    "constraints",
    "sensitivity",
]

_PLACES = {
    "Abandonment": "terms",
    "Affinity": "terms",
    "Alternatives": "tradeoffs.next_best",
    "Arcs": "arcs",
    "BoundFormulation": "formulation",
    "Constraint": "constraints.protocol",
    "DEFAULT_TERMS": "terms",
    "Formulation": "formulation",
    "FunctionTerm": "terms",
    "Model": "model",
    "ModelArcs": "constraints.protocol",
    "Occupancy": "terms",
    "Plan": "plan",
    "ProficiencyMatch": "terms",
    "RelaxationCost": "terms",
    "Resolution": "terms",
    "Rows": "constraints.rows",
    "Sensitivity": "tradeoffs.weight_intervals",
    "Situation": "arcs",
    "Term": "terms",
    "TierUse": "terms",
    "Waiting": "terms",
    "WhatIf": "tradeoffs.scenario",
    "alternatives": "tradeoffs.next_best",
    "assign": "answering",
    "check_constraint": "constraints.checks",
    "check_term": "checks",
    "constraints": "constraints",
    "sensitivity": "tradeoffs.weight_intervals",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
