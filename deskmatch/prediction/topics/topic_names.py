"""The names of topics as files hold them."""

from __future__ import annotations

from typing import Any

__all__ = ["names_from_file"]


def names_from_file(found: Any) -> tuple[str, ...]:
    """The topics of a file; ValueError where they are no names, or one stands there twice."""
    if not isinstance(found, list) or not all(type(name) is str and name for name in found):
        raise ValueError("its topics are no names")
    if len(set(found)) != len(found):
        raise ValueError("a topic stands there twice")
    return tuple(found)
