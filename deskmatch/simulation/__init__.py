"""The digital twin: scenario, resumable engine, records, indicators, comparison of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.simulation.deciding import DecisionPoint
    from deskmatch.simulation.engine.records import Outcome
    from deskmatch.simulation.kpis import Indicators
    from deskmatch.simulation.laws import Law
    from deskmatch.simulation.run import Run, simulate
    from deskmatch.simulation.scenario import Scenario
    from deskmatch.simulation.state import SimulationState, advance, begin

__all__ = [
    "DecisionPoint",
    "Indicators",
    "Law",
    "Outcome",
    "Run",
    "Scenario",
    "SimulationState",
    "advance",
    "begin",
    "simulate",
]

_PLACES = {
    "DecisionPoint": "deciding",
    "Indicators": "kpis",
    "Law": "laws",
    "Outcome": "engine.records",
    "Run": "run",
    "Scenario": "scenario",
    "SimulationState": "state",
    "advance": "state",
    "begin": "state",
    "simulate": "run",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
