"""What is computed on the twin: exact optima of small desks, policies judged by their chains, what learns on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.learning.chain import Performance, Table, evaluate
    from deskmatch.learning.cloning import clone
    from deskmatch.learning.demonstrations import Demonstrations
    from deskmatch.learning.evolution import EvolutionSettings, evolve
    from deskmatch.learning.exact import Optimum, optimum
    from deskmatch.learning.expected import forecast_of
    from deskmatch.learning.judging import Learned
    from deskmatch.learning.ppo import PPOSettings, learn_ppo
    from deskmatch.learning.routing_env import RoutingEnv
    from deskmatch.learning.scored import Scored
    from deskmatch.learning.scorer import Scorer
    from deskmatch.learning.small_desk import SmallDesk
    from deskmatch.learning.state_space import StateSpace
    from deskmatch.learning.tabulating import tabulate
    from deskmatch.learning.ticket_classes import Outlook
    from deskmatch.learning.value_learning import Learning, learn_values

__all__ = [
    "Demonstrations",
    "EvolutionSettings",
    "Learned",
    "Learning",
    "Optimum",
    "Outlook",
    "PPOSettings",
    "Performance",
    "RoutingEnv",
    "Scored",
    "Scorer",
    "SmallDesk",
    "StateSpace",
    "Table",
    "clone",
    "evaluate",
    "evolve",
    "forecast_of",
    "learn_ppo",
    "learn_values",
    "optimum",
    "tabulate",
]

_PLACES = {
    "Learning": "value_learning",
    "forecast_of": "expected",
    "learn_values": "value_learning",
    "Demonstrations": "demonstrations",
    "EvolutionSettings": "evolution",
    "Learned": "judging",
    "Optimum": "exact",
    "Outlook": "ticket_classes",
    "PPOSettings": "ppo",
    "Performance": "chain",
    "RoutingEnv": "routing_env",
    "Scored": "scored",
    "Scorer": "scorer",
    "SmallDesk": "small_desk",
    "StateSpace": "state_space",
    "Table": "chain",
    "clone": "cloning",
    "evaluate": "chain",
    "evolve": "evolution",
    "learn_ppo": "ppo",
    "optimum": "exact",
    "tabulate": "tabulating",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
