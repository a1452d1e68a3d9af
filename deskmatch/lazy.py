"""Names that a package loads when they are first used (PEP 562), so that importing it costs next to nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["lazy_names"]


def lazy_names(package: str, places: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The module functions ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : its ``__name__``.
    places : the module, below the package, that defines each public name; a name that is its own place is a module.

    Examples
    --------
    >>> get, names = lazy_names("deskmatch.solver", {"Problem": "problem"})
    >>> get("Problem").__name__, names()
    ('Problem', ['Problem'])
    >>> get("Probelm")
    Traceback (most recent call last):
    ...
    AttributeError: module 'deskmatch.solver' has no attribute 'Probelm'
    """

    def get(name: str) -> object:
        place = places.get(name)
        if place is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{place}")
        value = module if place == name else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted(places)

    return get, names
