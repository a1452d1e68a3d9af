"""Frozen objects: dataclasses whose arrays cannot be written to, also after pickling and copying."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Frozen", "read_only"]


def read_only(values: object, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """`values` as a read-only, C-contiguous array; a writable argument is copied, a read-only one is not.

    Only an array that owns its data and cannot be written to is taken as it is: a read-only view of a
    writable array could still change under us.
    """
    array = np.asarray(values, dtype=dtype, order="C")
    if array.flags.writeable or array.base is not None:
        array = array.copy(order="C") if array is values or array.base is not None else array
        array.flags.writeable = False
    return array


class Frozen:
    """Base of the frozen, slotted dataclasses: pickling and copying keep their arrays read-only.

    Subclasses are declared ``@dataclass(frozen=True, slots=True, eq=False)`` and normalise their
    fields in ``__post_init__`` with `_set`.
    """

    __slots__ = ()

    def _set(self, **values: object) -> None:
        """Set fields of this frozen object while it is being built."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def _trusted(cls, **values: object) -> Self:
        """Build without validation, from values that are known to be right; every field is named."""
        self = object.__new__(cls)
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            elif isinstance(value, dict):
                for array in value.values():
                    if isinstance(array, np.ndarray):
                        array.setflags(write=False)
            object.__setattr__(self, name, value)
        return self

    def _state(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[Any, tuple[type[Self], dict[str, Any]]]:
        return _rebuild, (type(self), self._state())


def _rebuild(cls: type[Frozen], state: dict[str, Any]) -> Frozen:
    return cls._trusted(**state)
