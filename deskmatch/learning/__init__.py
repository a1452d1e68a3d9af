"""What is computed on the twin: exact optima of small desks, policies judged by their chains, what learns on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from deskmatch.learning.chain import Performance, Table, evaluate
    from deskmatch.learning.exact import Optimum, optimum
    from deskmatch.learning.routing_env import RoutingEnv
    from deskmatch.learning.small_desk import SmallDesk
    from deskmatch.learning.state_space import StateSpace
    from deskmatch.learning.tabulating import tabulate

__all__ = [
    "Optimum",
    "Performance",
    "RoutingEnv",
    "SmallDesk",
    "StateSpace",
    "Table",
    "evaluate",
    "optimum",
    "tabulate",
]

_PLACES = {
    "Optimum": "exact",
    "Performance": "chain",
    "RoutingEnv": "routing_env",
    "SmallDesk": "small_desk",
    "StateSpace": "state_space",
    "Table": "chain",
    "evaluate": "chain",
    "optimum": "exact",
    "tabulate": "tabulating",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
