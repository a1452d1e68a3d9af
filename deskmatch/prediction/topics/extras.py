"""Importing what an extra brings, when it is used, with an error that names the extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from deskmatch.errors import MissingExtraError

__all__ = ["needed"]


def needed(module: str, *, extra: str, purpose: str) -> Any:
    """Import a module that an extra of deskmatch brings.

    Parameters
    ----------
    module : its dotted name.
    extra : the extra of `deskmatch`.
    purpose : what needs it, as the beginning of a sentence.

    Raises
    ------
    MissingExtraError
        Names the extra and how to install it.

    Examples
    --------
    >>> needed("no_such_module", extra="text", purpose="TfidfClassifier")
    Traceback (most recent call last):
    ...
    deskmatch.errors.MissingExtraError: TfidfClassifier needs the module 'no_such_module': pip install 'deskmatch[text]'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise
        message = f"{purpose} needs the module {module!r}: pip install 'deskmatch[{extra}]'"
        raise MissingExtraError(message) from None
