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
    from .problem import Limits, Problem
    from .residual import Polished, polish
    from .side import Sense, Side
    from .solution import Solution, Status
    from .solving import solve

__all__ = [
    "Backend",
    "Capability",
    "Certificate",
    "Limits",
    "Matcher",
    "Polished",
    "Problem",
    "Proof",
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
    "hall_violator",
    "joint_capacity",
    "needs",
    "polish",
    "register_backend",
    "solve",
    "to_lp",
    "to_mps",
    "violations",
]

_PLACES = {
    "Backend": "backends.protocol",
    "Capability": "backends.protocol",
    "Certificate": "certificate",
    "Limits": "problem",
    "Matcher": "matcher",
    "Polished": "residual",
    "Problem": "problem",
    "Proof": "certificate",
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
    "hall_violator": "hall",
    "joint_capacity": "hall",
    "needs": "backends.protocol",
    "polish": "residual",
    "register_backend": "backends.registry",
    "solve": "solving",
    "to_lp": "export",
    "to_mps": "export",
    "violations": "evaluation",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _PLACES)
