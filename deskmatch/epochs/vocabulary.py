"""`Vocabulary`: the names that a desk uses for its channels, languages, topics or tags, as codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import Defect, InputError
from deskmatch.frozen import Frozen

__all__ = ["Vocabulary"]


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary(Frozen):
    """Distinct names, each with its position as code; a name outside has the code −1.

    Examples
    --------
    >>> channels = Vocabulary(("callback", "chat"))
    >>> channels.codes(["chat", "fax", "callback"]).tolist()
    [1, -1, 0]
    >>> channels[1], "fax" in channels, len(channels)
    ('chat', False, 2)
    """

    names: tuple[str, ...]
    _code: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.names, str):
            raise InputError(
                [Defect("vocabulary", None, None, repr(self.names), "expected several names, not one text")]
            )
        names = tuple(self.names)
        code = {name: position for position, name in enumerate(names)}
        if len(code) != len(names):
            twice = next(name for position, name in enumerate(names) if code[name] != position)
            raise InputError([Defect("vocabulary", None, None, repr(twice), "each name once")])
        self._set(names=names, _code=code)

    def codes(self, names: Iterable[str]) -> NDArray[np.int32]:
        """``(names,)`` the code of each name, −1 where it is not in the vocabulary."""
        return np.array([self._code.get(name, -1) for name in names], dtype=np.int32)

    def code(self, name: str) -> int:
        """The code of one name, −1 where it is not in the vocabulary."""
        return self._code.get(name, -1)

    def __getitem__(self, code: int) -> str:
        return self.names[code]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._code
