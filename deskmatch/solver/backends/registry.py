"""Which backends there are, by name, and which of them can take a problem."""

from __future__ import annotations

from importlib import import_module

from deskmatch.errors import BackendError

from .protocol import Backend, Capability

__all__ = ["backend_named", "backend_names", "backends_for", "register_backend"]

_PLACES: dict[str, str | Backend] = {
    "kernel": "deskmatch.solver.backends.kernel_backend:KernelBackend",
    "min_cost_flow": "deskmatch.solver.backends.min_cost_flow:MinCostFlow",
    "sparse": "deskmatch.solver.backends.sparse:Sparse",
    "dense": "deskmatch.solver.backends.dense:Dense",
    "networkx": "deskmatch.solver.backends.networkx_flow:NetworkxFlow",
    "linear_assignment": "deskmatch.solver.backends.linear_assignment:LinearAssignment",
    "scip": "deskmatch.solver.backends.mathopt:scip",
    "highs": "deskmatch.solver.backends.mathopt:highs",
    "cp_sat": "deskmatch.solver.backends.mathopt:cp_sat",
    "cbc": "deskmatch.solver.backends.pulp_cbc:cbc",
}
"""Name to backend or to the place of its class or factory, in the order in which "auto" tries them."""


def backend_names() -> tuple[str, ...]:
    """The known backends, in the order in which ``method="auto"`` tries them."""
    return tuple(_PLACES)


def backend_named(name: str) -> Backend:
    """The backend of this name; ``"pulp:NAME"`` is any solver that PuLP knows by NAME, such as ``"pulp:GUROBI_CMD"``.

    Raises
    ------
    BackendError
        Where no backend has this name; the message names those that exist.

    Examples
    --------
    >>> backend_named("dense").name
    'dense'
    """
    if name.startswith("pulp:") and name not in _PLACES:
        from .pulp_cbc import Pulp

        return Pulp(name, name.removeprefix("pulp:"))
    place = _PLACES.get(name)
    if place is None:
        raise BackendError(f"unknown method {name!r}; expected auto, {', '.join(_PLACES)}")
    if isinstance(place, str):
        module, _, attribute = place.partition(":")
        place = _PLACES[name] = _built(getattr(import_module(module), attribute)())
    return place


def backends_for(capabilities: Capability) -> tuple[str, ...]:
    """The backends that are installed and have all these capabilities, in the order of ``method="auto"``."""
    able = (backend_named(name) for name in _PLACES)
    return tuple(one.name for one in able if not capabilities & ~one.capabilities and one.is_available())


def register_backend(backend: Backend, *, first: bool = False) -> None:
    """Make a backend known under its name, after the others or before them; a known name is replaced.

    Raises
    ------
    BackendError
        Where it does not offer what `Backend` asks for, or is called "auto".
    """
    _built(backend)
    others = {name: place for name, place in _PLACES.items() if name != backend.name}
    _PLACES.clear()
    _PLACES.update({backend.name: backend, **others} if first else {**others, backend.name: backend})


def _built(backend: object) -> Backend:
    if not isinstance(backend, Backend) or backend.name == "auto":
        raise BackendError(f"{backend!r} is no backend: name (not auto), capabilities, is_available, solve")
    return backend
