"""Plain values as TOML, which Python's standard library can only read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["toml_text"]


def toml_text(values: Mapping[str, Any]) -> str:
    """A mapping of numbers, text, lists and mappings as TOML; what is None is left out.

    Examples
    --------
    >>> print(toml_text({"a": 1, "b": {"c d": [1.5, 2]}, "e": None}), end="")
    a = 1
    <BLANKLINE>
    [b]
    "c d" = [1.5, 2]
    """
    return "\n".join(_lines(values, ())).lstrip("\n") + "\n"


def _lines(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Single values first, then the tables, so that no key falls into a table that it does not belong to."""
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping) and not _small(value)}
    lists = {key: value for key, value in values.items() if _is_list_of_tables(value)}
    for key, value in values.items():
        if value is not None and key not in tables and key not in lists:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in tables.items():
        yield f"\n[{'.'.join(map(_key, (*path, key)))}]"
        yield from _lines(value, (*path, key))
    for key, rows in lists.items():
        for row in rows:
            yield f"\n[[{'.'.join(map(_key, (*path, key)))}]]"
            yield from _lines(row, (*path, key))


def _small(value: Mapping[str, Any]) -> bool:
    """Whether a mapping stands in one line."""
    return bool(value) and len(value) <= 2 and not any(isinstance(each, Mapping | Sequence) for each in value.values())


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(each, Mapping) for each in value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_value(each)}' for key, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
