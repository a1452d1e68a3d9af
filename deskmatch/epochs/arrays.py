"""Checking the arrays of desks and epochs: every defect is collected, none stops the search for the next."""

from __future__ import annotations

from collections.abc import Mapping
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
        self._failed: set[str] = set()  # columns replaced by zeros, of whose values nothing is said

    def array(self, name: str, values: object, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
        """`values` as a read-only array of this type and shape; a scalar is spread over it."""
        try:
            array = np.asarray(values)
            if array.ndim == 0:
                array = np.full(shape, array)
            array = read_only(self._fitting(name, array, np.dtype(dtype)), dtype)
        except (TypeError, ValueError, OverflowError) as error:
            return self._zeros(name, None, f"expected numbers ({error})", shape, dtype)
        if array.shape != shape:
            return self._zeros(name, f"shape {array.shape}", f"expected shape {shape}", shape, dtype)
        return array

    def _fitting(self, name: str, array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """The array with 0 where NumPy would change a value on its way to `dtype` without a word."""
        if array.dtype.kind in "US" or (array.dtype.kind == "c" and dtype.kind != "c"):
            raise TypeError(f"these are of type {array.dtype}")
        if array.dtype.kind not in "iuf" or dtype.kind not in "iub":
            return array
        if dtype.kind == "b":
            good, accepted = (array == 0) | (array == 1), "true or false"
        else:
            limits = np.iinfo(dtype)
            good = (np.floor(array) == array) & (array >= limits.min) & (array <= limits.max)
            accepted = f"a whole number from {limits.min} to {limits.max}"
        self.refuse(name, array, ~good, accepted)
        return array if good.all() else np.where(good, array, 0)

    def _zeros(
        self, name: str, value: str | None, accepted: str, shape: tuple[int, ...], dtype: DTypeLike
    ) -> NDArray[Any]:
        self.add(None, name, value, accepted)
        self._failed.add(name)
        return np.zeros(shape, dtype)

    def shape(self, values: Any) -> tuple[int, ...]:
        """The shape; none where the values are ragged, which `array` then refuses."""
        try:
            return tuple(np.shape(values))
        except ValueError:
            return ()

    def length(self, values: object) -> int:
        """Number of entries; 1 for a scalar."""
        return (*self.shape(values), 1)[0]

    def features(self, columns: Mapping[str, object], rows: int) -> dict[str, NDArray[Any]]:
        """Further columns as read-only arrays, each ``(rows,)``."""
        checked = {}
        for name, values in columns.items():
            array = read_only(values)
            if array.shape[:1] != (rows,):
                self.add(None, name, f"shape {array.shape}", f"expected {rows} rows")
            checked[name] = array
        return checked

    def offsets(self, name: str, values: object, rows: int, entries: int) -> NDArray[np.int32]:
        """CSR offsets ``(rows + 1,)`` that rise from 0 to `entries`."""
        offsets = self.array(name, values, np.int32, (rows + 1,))
        if offsets[0] != 0 or offsets[-1] != entries or (np.diff(offsets) < 0).any():
            if name not in self._failed:
                self.add(None, name, None, f"expected offsets that rise from 0 to {entries}")
                self._failed.add(name)
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
        if name in self._failed:
            return
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
