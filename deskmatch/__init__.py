"""deskmatch: which waiting ticket goes to which expert, optimally and with a proof.

>>> import deskmatch
>>> epoch = deskmatch.Epoch.from_tables("examples/desk/tickets.csv", "examples/desk/experts.csv")
>>> plan = deskmatch.assign(epoch)
>>> plan.status
<Status.OPTIMAL: 'optimal'>

Names are loaded when they are first used, so that importing the package is quick.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.epochs import Desk, Epoch, PairTable, Staffing, Tickets, Vocabulary
    from deskmatch.errors import DeskmatchError, InputError
    from deskmatch.formulations import (
        AlphaFairness,
        Arcs,
        Constraint,
        Formulation,
        MaxMin,
        Plan,
        Range,
        SlotCost,
        SquaredOccupancy,
        alternatives,
        assign,
        check_constraint,
        check_term,
        fair_plan,
        fairness_report,
        pareto,
        sensitivity,
    )
    from deskmatch.formulations.warming import warm_up
    from deskmatch.heuristics import greedy
    from deskmatch.prediction import (
        HistoricalRate,
        PartialPooling,
        Proficiency,
        ResolutionModel,
        Robust,
        check_resolution_model,
    )
    from deskmatch.routing import Routing
    from deskmatch.simulation import Scenario, simulate
    from deskmatch.solver import Certificate, Problem, Solution, Status, certify, solve

    __version__: str

__all__ = [
    "AlphaFairness",
    "Arcs",
    "Certificate",
    "Constraint",
    "Desk",
    "DeskmatchError",
    "Epoch",
    "Formulation",
    "HistoricalRate",
    "InputError",
    "MaxMin",
    "PairTable",
    "PartialPooling",
    "Plan",
    "Problem",
    "Proficiency",
    "Range",
    "ResolutionModel",
    "Robust",
    "Routing",
    "Scenario",
    "SlotCost",
    "Solution",
    "SquaredOccupancy",
    "Staffing",
    "Status",
    "Tickets",
    "Vocabulary",
    "alternatives",
    "assign",
    "certify",
    "check_constraint",
    "check_resolution_model",
    "check_term",
    "fair_plan",
    "fairness_report",
    "greedy",
    "pareto",
    "sensitivity",
    "simulate",
    "solve",
    "warm_up",
]

_ROOMS = {
    "formulations.warming": ("warm_up",),
    "epochs": ("Desk", "Epoch", "PairTable", "Staffing", "Tickets", "Vocabulary"),
    "errors": ("DeskmatchError", "InputError"),
    "formulations": (
        "AlphaFairness",
        "Arcs",
        "Constraint",
        "Formulation",
        "MaxMin",
        "Plan",
        "Range",
        "SlotCost",
        "SquaredOccupancy",
        "alternatives",
        "assign",
        "check_constraint",
        "check_term",
        "fair_plan",
        "fairness_report",
        "pareto",
        "sensitivity",
    ),
    "heuristics": ("greedy",),
    "prediction": (
        "HistoricalRate",
        "PartialPooling",
        "Proficiency",
        "ResolutionModel",
        "Robust",
        "check_resolution_model",
    ),
    "routing": ("Routing",),
    "simulation": ("Scenario", "simulate"),
    "solver": ("Certificate", "Problem", "Solution", "Status", "certify", "solve"),
}

logging.getLogger(__name__).addHandler(logging.NullHandler())

if not TYPE_CHECKING:
    _public, __dir__ = lazy_names(__name__, {name: room for room, names in _ROOMS.items() for name in names})

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            return version(__name__)
        return _public(name)
