"""The digital twin: scenario, resumable engine, records, indicators, comparison of policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.simulation.builder import ScenarioBuilder
    from deskmatch.simulation.comparison import Comparison, Interval, compare
    from deskmatch.simulation.deciding import DecisionPoint
    from deskmatch.simulation.engine.records import Outcome
    from deskmatch.simulation.kpis import Indicators
    from deskmatch.simulation.laws import Law
    from deskmatch.simulation.pictures import draw_day
    from deskmatch.simulation.replications import replicate
    from deskmatch.simulation.run import Run, simulate
    from deskmatch.simulation.scenario import Scenario
    from deskmatch.simulation.state import SimulationState, advance, begin

__all__ = [
    "Comparison",
    "DecisionPoint",
    "Indicators",
    "Interval",
    "Law",
    "Outcome",
    "Run",
    "Scenario",
    "ScenarioBuilder",
    "SimulationState",
    "advance",
    "begin",
    "compare",
    "draw_day",
    "replicate",
    "simulate",
]

_PLACES = {
    "Comparison": "comparison",
    "DecisionPoint": "deciding",
    "Indicators": "kpis",
    "Interval": "comparison",
    "Law": "laws",
    "Outcome": "engine.records",
    "Run": "run",
    "Scenario": "scenario",
    "ScenarioBuilder": "builder",
    "SimulationState": "state",
    "advance": "state",
    "begin": "state",
    "compare": "comparison",
    "draw_day": "pictures",
    "replicate": "replications",
    "simulate": "run",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
