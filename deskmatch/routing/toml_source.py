"""Settings from a path to a TOML file, or from a mapping as it is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deskmatch.errors import DeskmatchError

__all__ = ["read_toml"]


def read_toml(
    source: object, *, kind: str, name: str, expected: str, error: type[DeskmatchError]
) -> tuple[str, dict[str, Any]]:
    """The name of the source for messages, and its values.

    Parameters
    ----------
    source : a path or a mapping.
    kind, expected : what it is of, and what is accepted, for the message about anything else.
    name : the name of a mapping.
    error : what is raised where it cannot be read.
    """
    if isinstance(source, Mapping):
        return name, dict(source)
    if not isinstance(source, str | Path):
        raise error(f"{kind}: found {type(source).__name__}; expected {expected}")
    path = Path(source)
    try:
        return str(path), tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as wrong:
        raise error(f"{path}: cannot be read ({wrong.strerror})") from None
    except UnicodeDecodeError as wrong:
        raise error(f"{path}: expected UTF-8 text ({wrong.reason} at byte {wrong.start})") from None
    except tomllib.TOMLDecodeError as wrong:
        raise error(f"{path}: expected TOML: {wrong}") from None
