"""The mathematics: assignment problems as arrays, exact solvers, and certificates that trust no solver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deskmatch.lazy import lazy_names

if TYPE_CHECKING:
    from .backends.protocol import Backend, Capability, check_backend, needs
    from .backends.registry import backend_named, backend_names, backends_for, register_backend
    from .certificate import Certificate, Proof, certify
    from .evaluation import evaluate, violations
    from .export import to_lp, to_mps
    from .extra_columns import best_extra
    from .hall import hall_violator, joint_capacity
    from .matcher import Matcher
    from .price_intervals import PriceIntervals, expert_intervals, ticket_intervals
    from .problem import Limits, Problem
    from .regret import Forced, Move, Regrets, forced_loss
    from .residual import Polished, polish
    from .residual_graph import ResidualGraph
    from .side import Sense, Side
    from .solution import Solution, Status
    from .solving import solve

__all__ = [
    "Backend",
    "Capability",
    "Certificate",
    "Forced",
    "Limits",
    "Matcher",
    "Move",
    "Polished",
    "PriceIntervals",
    "Problem",
    "Proof",
    "Regrets",
    "ResidualGraph",
    "Sense",
    "Side",
    "Solution",
    "Status",
    "backend_named",
    "backend_names",
    "backends_for",
    "best_extra",
    "certify",
    "check_backend",
    "evaluate",
    "expert_intervals",
    "forced_loss",
    "hall_violator",
    "joint_capacity",
    "needs",
    "polish",
    "register_backend",
    "solve",
    "ticket_intervals",
    "to_lp",
    "to_mps",
    "violations",
]

_PLACES = {
    "Backend": "backends.protocol",
    "Capability": "backends.protocol",
    "Certificate": "certificate",
    "Forced": "regret",
    "Limits": "problem",
    "Matcher": "matcher",
    "Move": "regret",
    "Polished": "residual",
    "PriceIntervals": "price_intervals",
    "Problem": "problem",
    "Proof": "certificate",
    "Regrets": "regret",
    "ResidualGraph": "residual_graph",
    "Sense": "side",
    "Side": "side",
    "Solution": "solution",
    "Status": "solution",
    "backend_named": "backends.registry",
    "backend_names": "backends.registry",
    "backends_for": "backends.registry",
    "best_extra": "extra_columns",
    "certify": "certificate",
    "check_backend": "backends.protocol",
    "evaluate": "evaluation",
    "expert_intervals": "price_intervals",
    "forced_loss": "regret",
    "hall_violator": "hall",
    "joint_capacity": "hall",
    "needs": "backends.protocol",
    "polish": "residual",
    "register_backend": "backends.registry",
    "solve": "solving",
    "ticket_intervals": "price_intervals",
    "to_lp": "export",
    "to_mps": "export",
    "violations": "evaluation",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
