"""What is computed on the twin: exact optima of small desks, policies judged by their chains, what learns on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.learning.chain import Performance, Table, evaluate
    from deskmatch.learning.chain_values import ChainLearning, learn_on_chain
    from deskmatch.learning.clairvoyant import Clairvoyant, clairvoyant_bound
    from deskmatch.learning.cloning import clone
    from deskmatch.learning.demonstrations import Demonstrations
    from deskmatch.learning.exact import Optimum, optimum
    from deskmatch.learning.expected import forecast_of
    from deskmatch.learning.judging import Learned
    from deskmatch.learning.ppo import PPOSettings, learn_ppo
    from deskmatch.learning.q_learning import QSettings, learn_q
    from deskmatch.learning.routing_env import RoutingEnv
    from deskmatch.learning.scored import Scored
    from deskmatch.learning.scorer import Scorer
    from deskmatch.learning.small_desk import SmallDesk
    from deskmatch.learning.state_space import StateSpace
    from deskmatch.learning.tabulating import tabulate
    from deskmatch.learning.ticket_classes import ExpectedArrivals
    from deskmatch.learning.tuning import Tuned, tune
    from deskmatch.learning.value_learning import Learning, learn_values

__all__ = [
    "ChainLearning",
    "Clairvoyant",
    "Demonstrations",
    "ExpectedArrivals",
    "Learned",
    "Learning",
    "Optimum",
    "PPOSettings",
    "Performance",
    "QSettings",
    "RoutingEnv",
    "Scored",
    "Scorer",
    "SmallDesk",
    "StateSpace",
    "Table",
    "Tuned",
    "clairvoyant_bound",
    "clone",
    "evaluate",
    "forecast_of",
    "learn_on_chain",
    "learn_ppo",
    "learn_q",
    "learn_values",
    "optimum",
    "tabulate",
    "tune",
]

_PLACES = {
    "Clairvoyant": "clairvoyant",
    "clairvoyant_bound": "clairvoyant",
    "ChainLearning": "chain_values",
    "learn_on_chain": "chain_values",
    "Demonstrations": "demonstrations",
    "Learned": "judging",
    "Learning": "value_learning",
    "Optimum": "exact",
    "ExpectedArrivals": "ticket_classes",
    "PPOSettings": "ppo",
    "Performance": "chain",
    "QSettings": "q_learning",
    "RoutingEnv": "routing_env",
    "Scored": "scored",
    "Scorer": "scorer",
    "SmallDesk": "small_desk",
    "StateSpace": "state_space",
    "Table": "chain",
    "Tuned": "tuning",
    "clone": "cloning",
    "evaluate": "chain",
    "forecast_of": "expected",
    "learn_ppo": "ppo",
    "learn_q": "q_learning",
    "learn_values": "value_learning",
    "optimum": "exact",
    "tabulate": "tabulating",
    "tune": "tuning",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
