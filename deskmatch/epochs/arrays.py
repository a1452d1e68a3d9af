"""Checking the arrays of desks and epochs: every defect is collected, none stops the search for the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from deskmatch.errors import Defect, InputError
from deskmatch.frozen import read_only

__all__ = ["ArrayCheck"]


class ArrayCheck:
    """Normalises the arrays of one table and collects what is wrong with them.

    Parameters
    ----------
    table : the name that defects carry, such as ``"tickets"``.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self.defects: list[Defect] = []

    def array(self, name: str, values: object, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
        """`values` as a read-only array of this type and shape; a scalar is spread over it."""
        try:
            array = np.asarray(values)
            if array.ndim == 0:
                array = np.full(shape, array)
            if np.dtype(dtype).kind in "iu" and array.dtype.kind == "f":
                self.refuse(name, array, ~(np.floor(array) == array), "a whole number")
                array = np.where(np.isfinite(array), array, 0)
            array = read_only(array, dtype)
        except (TypeError, ValueError, OverflowError) as error:
            self.add(None, name, None, f"expected numbers ({error})")
            return np.zeros(shape, dtype)
        if array.shape != shape:
            self.add(None, name, f"shape {array.shape}", f"expected shape {shape}")
            return np.zeros(shape, dtype)
        return array

    def offsets(self, name: str, values: object, rows: int, entries: int) -> NDArray[np.int32]:
        """CSR offsets ``(rows + 1,)`` that rise from 0 to `entries`."""
        offsets = self.array(name, values, np.int32, (rows + 1,))
        if offsets[0] != 0 or offsets[-1] != entries or (np.diff(offsets) < 0).any():
            self.add(None, name, None, f"expected offsets that rise from 0 to {entries}")
            return np.zeros(rows + 1, np.int32)
        return offsets

    def codes(self, name: str, values: object, shape: tuple[int, ...], size: int) -> NDArray[np.int32]:
        """Codes from 0 to ``size − 1``, or −1."""
        codes = self.array(name, values, np.int32, shape)
        self.refuse(name, codes, (codes < -1) | (codes >= size), f"a code from 0 to {size - 1}, or −1")
        return codes

    def unique(self, name: str, ids: tuple[str, ...]) -> None:
        """Refuse ids that occur more than once."""
        if len(set(ids)) == len(ids):
            return
        seen: set[str] = set()
        for row, value in enumerate(ids):
            if value in seen:
                self.add(row, name, repr(value), "expected each id once")
            seen.add(value)

    def refuse(self, name: str, values: NDArray[Any], bad: NDArray[np.bool_], accepted: str) -> None:
        """Add a defect for each entry that is bad."""
        for index in np.argwhere(bad):
            value = values[tuple(index)]
            self.add(int(index[0]), name, repr(value.item()), f"expected {accepted}")

    def at_least(
        self, name: str, values: NDArray[Any], least: float, *, strict: bool = False, unknown: bool = False
    ) -> None:
        """Refuse numbers below `least` (or not above it) and non-finite ones; nan only where unknown."""
        good = np.isfinite(values) & ((values > least) if strict else (values >= least))
        if unknown:
            good |= np.isnan(values)
        self.refuse(name, values, ~good, f"a finite number {'>' if strict else '≥'} {least:g}")

    def share(self, name: str, values: NDArray[Any], *, unknown: bool = False) -> None:
        """Refuse what is outside [0, 1]; nan is taken where it means unknown."""
        good = (values >= 0) & (values <= 1)
        if unknown:
            good |= np.isnan(values)
        self.refuse(name, values, ~good, "a number from 0 to 1")

    def add(self, row: int | None, column: str | None, value: str | None, accepted: str) -> None:
        """Add one defect."""
        self.defects.append(Defect(self.table, None if row is None else str(row), column, value, accepted))

    def finish(self) -> None:
        """Raise `InputError` with everything that was found, if anything was."""
        if self.defects:
            raise InputError(self.defects)
