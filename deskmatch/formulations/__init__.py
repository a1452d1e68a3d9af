"""An epoch becomes a problem, a solution becomes a plan: `Formulation`, its terms and constraints, `assign`, `Plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.formulations import constraints
    from deskmatch.formulations.answering import assign
    from deskmatch.formulations.answers import ExpertPrice, WhyNot
    from deskmatch.formulations.arcs import Arcs, Situation
    from deskmatch.formulations.checks import check_term
    from deskmatch.formulations.constraints.checks import check_constraint
    from deskmatch.formulations.constraints.protocol import Constraint, ModelArcs
    from deskmatch.formulations.constraints.rows import Rows
    from deskmatch.formulations.fairness.fairest import fair_plan
    from deskmatch.formulations.fairness.forms import AlphaFairness, MaxMin, Range, SlotCost, SquaredOccupancy
    from deskmatch.formulations.fairness.report import FairnessReport, fairness_report
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
    from deskmatch.formulations.tradeoffs.front import Front, pareto
    from deskmatch.formulations.tradeoffs.next_best import Alternatives, alternatives
    from deskmatch.formulations.tradeoffs.scenario import WhatIf
    from deskmatch.formulations.tradeoffs.weight_intervals import Sensitivity, sensitivity

__all__ = [
    "DEFAULT_TERMS",
    "Abandonment",
    "Affinity",
    "AlphaFairness",
    "Alternatives",
    "Arcs",
    "BoundFormulation",
    "Constraint",
    "ExpertPrice",
    "FairnessReport",
    "Formulation",
    "Front",
    "FunctionTerm",
    "MaxMin",
    "Model",
    "ModelArcs",
    "Occupancy",
    "Plan",
    "ProficiencyMatch",
    "Range",
    "RelaxationCost",
    "Resolution",
    "Rows",
    "Sensitivity",
    "Situation",
    "SlotCost",
    "SquaredOccupancy",
    "Term",
    "TierUse",
    "Waiting",
    "WhatIf",
    "WhyNot",
    "alternatives",
    "assign",
    "check_constraint",
    "check_term",
    "constraints",
    "fair_plan",
    "fairness_report",
    "pareto",
    "sensitivity",
]

_PLACES = {
    "Abandonment": "terms",
    "Affinity": "terms",
    "AlphaFairness": "fairness.forms",
    "Alternatives": "tradeoffs.next_best",
    "Arcs": "arcs",
    "BoundFormulation": "formulation",
    "Constraint": "constraints.protocol",
    "DEFAULT_TERMS": "terms",
    "ExpertPrice": "answers",
    "FairnessReport": "fairness.report",
    "Formulation": "formulation",
    "Front": "tradeoffs.front",
    "FunctionTerm": "terms",
    "MaxMin": "fairness.forms",
    "Model": "model",
    "ModelArcs": "constraints.protocol",
    "Occupancy": "terms",
    "Plan": "plan",
    "ProficiencyMatch": "terms",
    "Range": "fairness.forms",
    "RelaxationCost": "terms",
    "Resolution": "terms",
    "Rows": "constraints.rows",
    "Sensitivity": "tradeoffs.weight_intervals",
    "Situation": "arcs",
    "SlotCost": "fairness.forms",
    "SquaredOccupancy": "fairness.forms",
    "Term": "terms",
    "TierUse": "terms",
    "Waiting": "terms",
    "WhatIf": "tradeoffs.scenario",
    "WhyNot": "answers",
    "alternatives": "tradeoffs.next_best",
    "assign": "answering",
    "check_constraint": "constraints.checks",
    "check_term": "checks",
    "constraints": "constraints",
    "fair_plan": "fairness.fairest",
    "fairness_report": "fairness.report",
    "pareto": "tradeoffs.front",
    "sensitivity": "tradeoffs.weight_intervals",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
