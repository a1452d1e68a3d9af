"""An epoch becomes a problem, a solution becomes a plan: `Formulation`, its terms, `assign`, `Plan`."""

from __future__ import annotations

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
