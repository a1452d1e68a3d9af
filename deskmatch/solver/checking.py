"""Arrays given by a caller, checked: a clear `ProblemError` names the array, the index and what is accepted."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import ProblemError
from deskmatch.frozen import read_only

__all__ = ["INT32_MAX", "LARGEST", "broadcast", "count", "floats", "integers", "numbers", "refuse", "time_limit"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]

LARGEST = 1e150
"""Largest magnitude taken for points, holds and slot costs: sums of 2³¹ of them stay finite in float64."""
ENDLESS_S = 1e9
"""A time limit that is no limit: thirty years."""
INT32_MAX = int(np.iinfo(np.int32).max)


def count(name: str, value: Any) -> int:
    """A number of rows or columns: an integer ≥ 0."""
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not (is_whole and 0 <= int(value) < INT32_MAX):
        raise ProblemError(f"{name}: found {value!r}; expected an integer from 0 to {INT32_MAX - 1}")
    return int(value)


def time_limit(seconds: object) -> float | None:
    """Seconds that a caller gives a solver; ≤ 0: none, as where the time was over before the call. None: no limit."""
    if seconds is None:
        return None
    number: Any = seconds
    is_number = isinstance(seconds, Real) and not isinstance(seconds, bool | np.bool_)
    if not is_number or number != number:
        raise ProblemError(f"time_limit_s: found {seconds!r}; expected seconds (≤ 0: no time), or None for no limit")
    return None if number >= ENDLESS_S else max(0.0, float(number))


def numbers(name: str, values: object) -> NDArray[Any]:
    """An array of whole or floating-point numbers; what would lose something on the way is refused."""
    if isinstance(values, np.ndarray) and hasattr(values, "mask") and np.any(values.mask):
        raise ProblemError(f"{name}: expected numbers, found masked entries")
    try:
        array = np.asarray(values)
        if array.dtype.kind in "biu":
            return array
        if array.dtype.kind in "fOSU":
            with np.errstate(over="ignore"):  # what is too large becomes inf, which is refused by name
                return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ProblemError(f"{name}: expected numbers ({error})") from None
    raise ProblemError(f"{name}: expected numbers, found {array.dtype}")


def broadcast(name: str, values: object, shape: tuple[int, ...]) -> NDArray[Any]:
    """A scalar spread over a shape, or an array that has it."""
    array = numbers(name, values)
    if array.ndim == 0:
        return np.full(shape, array)
    if array.shape != shape:
        raise ProblemError(f"{name}: expected a number or shape {shape}, got shape {array.shape}")
    return array


def floats(name: str, values: object, shape: tuple[int, ...] | None = None) -> Float64:
    """Numbers as read-only float64."""
    array = numbers(name, values)
    if shape is not None and array.shape != shape:
        raise ProblemError(f"{name}: expected shape {shape}, got {array.shape}")
    return read_only(array, np.float64)


def integers(name: str, values: object, shape: tuple[int, ...] | None = None) -> Int32:
    """Whole numbers as int32; what is above its range is clipped to it, since no problem has more arcs."""
    array = numbers(name, values)
    if array.ndim != 1 or (shape is not None and array.shape != shape):
        wanted = "one dimension" if shape is None else f"shape {shape}"
        raise ProblemError(f"{name}: expected {wanted}, got {array.shape}")
    if array.dtype == np.int32:
        return read_only(array, np.int32)
    if array.dtype.kind == "f":
        refuse(name, array, ~(np.floor(array) == array) | ~np.isfinite(array), "a whole number")
    return read_only(np.clip(array, -INT32_MAX, INT32_MAX).astype(np.int32), np.int32)


def refuse(name: str, values: NDArray[Any], bad: NDArray[np.bool_], accepted: str) -> None:
    """Raise `ProblemError` where any entry is bad, with the first of them and what would be accepted."""
    if bad.any():
        index = tuple(int(k) for k in np.argwhere(bad)[0])
        place = ", ".join(map(str, index))
        total = int(bad.sum())
        more = f" ({total} such entries)" if total > 1 else ""
        raise ProblemError(f"{name}[{place}]: found {values[index]}; expected {accepted}{more}")
