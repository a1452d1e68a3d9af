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

__all__ = [
    "DEFAULT_TERMS",
    "Abandonment",
    "Affinity",
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
    "Situation",
    "Term",
    "TierUse",
    "Waiting",
    "assign",
    "check_term",
]

_PLACES = {
    "Abandonment": "terms",
    "Affinity": "terms",
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
    "Situation": "arcs",
    "Term": "terms",
    "TierUse": "terms",
    "Waiting": "terms",
    "assign": "answering",
    "check_term": "checks",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
