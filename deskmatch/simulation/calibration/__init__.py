"""From a log of contacts to a scenario, and its error against reality."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.simulation.calibration.ablation import ablate
    from deskmatch.simulation.calibration.adapters import read_anonymous_bank, read_servicenow
    from deskmatch.simulation.calibration.contact_log import ContactLog
    from deskmatch.simulation.calibration.evaluation import TwinReport, evaluate_twin
    from deskmatch.simulation.calibration.fitting import calibrate
    from deskmatch.simulation.calibration.learned import learned_predictors
    from deskmatch.simulation.calibration.ranking import ranking_sensitivity
    from deskmatch.simulation.calibration.replaying import current_rule, replay
    from deskmatch.simulation.calibration.run_log import contacts_of_run

__all__ = [
    "ContactLog",
    "TwinReport",
    "ablate",
    "calibrate",
    "contacts_of_run",
    "current_rule",
    "evaluate_twin",
    "learned_predictors",
    "ranking_sensitivity",
    "read_anonymous_bank",
    "read_servicenow",
    "replay",
]

_PLACES = {
    "ContactLog": "contact_log",
    "TwinReport": "evaluation",
    "ablate": "ablation",
    "calibrate": "fitting",
    "contacts_of_run": "run_log",
    "current_rule": "replaying",
    "evaluate_twin": "evaluation",
    "learned_predictors": "learned",
    "ranking_sensitivity": "ranking",
    "read_anonymous_bank": "adapters",
    "read_servicenow": "adapters",
    "replay": "replaying",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
