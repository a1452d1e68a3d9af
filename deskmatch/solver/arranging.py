"""Arcs in any order to arcs by ticket, then expert, in linear time."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel

from .checking import LARGEST

__all__ = ["Arranged", "arrange", "order_of", "sort_arcs"]

Int32 = NDArray[np.int32]
Float64 = NDArray[np.float64]

FEWEST = 2000
"""Below so many arcs numpy is as fast."""
DIGIT = 16
"""Bits that numpy sorts in linear time (its stable sort of 16-bit integers is a radix sort)."""


class Arranged(NamedTuple):
    """The arcs by ticket, then expert; ticket i's are ``indptr[i]:indptr[i + 1]``."""

    indptr: Int32
    ticket: Int32
    expert: Int32
    points: Float64


def arrange(n_tickets: int, n_experts: int, ticket: object, expert: object, points: object) -> Arranged | None:
    """Sort and check arcs in compiled code; None: it is not loaded, or something about the arcs must be looked at.

    Parameters
    ----------
    ticket, expert, points : ``(arcs,)`` as a caller gives them; taken as they are if they are arrays of int32,
        int32 and float64.
    """
    if not (sort_arcs.is_loaded() and _is_column(ticket, np.int32) and _is_column(expert, np.int32)):
        return None
    if not _is_column(points, np.float64) or not len(ticket) == len(expert) == len(points) >= FEWEST:
        return None
    arcs = len(ticket)
    indptr, by_ticket = np.zeros(n_tickets + 1, np.int32), np.empty(arcs, np.int32)
    by_expert, values = np.empty(arcs, np.int32), np.empty(arcs)
    scratch, more_scratch = np.empty(arcs, np.int32), np.empty(arcs)
    right = sort_arcs(n_experts, ticket, expert, points, scratch, more_scratch, indptr, by_ticket, by_expert, values)
    return Arranged(indptr, by_ticket, by_expert, values) if right else None


def _is_column(values: object, dtype: type[Any]) -> TypeGuard[NDArray[Any]]:
    if not isinstance(values, np.ndarray) or type(values) is not np.ndarray:
        return False  # a masked array would lose its mask
    return values.ndim == 1 and values.dtype == dtype and values.flags.c_contiguous


def order_of(ticket: Int32, expert: Int32) -> NDArray[np.intp] | None:
    """The order that sorts arcs by ticket, then expert, stable; None: they are sorted.

    Parameters
    ----------
    ticket, expert : ``(arcs,)`` each ≥ 0.

    Examples
    --------
    >>> order_of(np.array([1, 0, 0], np.int32), np.array([0, 7, 2], np.int32))
    array([2, 1, 0])
    """
    later = (ticket[1:] > ticket[:-1]) | ((ticket[1:] == ticket[:-1]) & (expert[1:] >= expert[:-1]))
    if later.all():
        return None
    order = np.arange(len(ticket))
    for column in (expert, ticket):
        for shift in range(0, int(column.max(initial=0)).bit_length(), DIGIT):
            digit: NDArray[Any] = (column[order] >> shift).astype(np.uint16)
            order = order[np.argsort(digit, kind="stable")]
    return order


@kernel(
    "int64",
    "int32[:]",
    "int32[:]",
    "float64[:]",
    "out int32[:]",
    "out float64[:]",
    "out int32[:]",
    "out int32[:]",
    "out int32[:]",
    "out float64[:]",
)
def sort_arcs(
    n_experts: int,
    ticket: Int32,
    expert: Int32,
    points: Float64,
    ticket_by_expert: Int32,
    points_by_expert: Float64,
    indptr: Int32,
    sorted_ticket: Int32,
    sorted_expert: Int32,
    sorted_points: Float64,
) -> bool:
    """Two counting sorts, by expert, then by ticket; False: an index out of range, a pair twice, points not finite.

    Parameters
    ----------
    ticket, expert, points : ``(arcs,)`` in any order.
    ticket_by_expert, points_by_expert : ``(arcs,)`` scratch.
    indptr : ``(tickets + 1,)`` zeros; filled, like the arrays after it.
    """
    n = len(indptr) - 1
    at_expert = np.zeros(n_experts + 1, np.int64)
    for k in range(len(ticket)):
        i, j = ticket[k], expert[k]
        if i < 0 or i >= n or j < 0 or j >= n_experts or not abs(points[k]) <= LARGEST:
            return False
        indptr[i + 1] += 1
        at_expert[j + 1] += 1
    for i in range(n):
        indptr[i + 1] += indptr[i]
    for j in range(n_experts):
        at_expert[j + 1] += at_expert[j]
    at_ticket = indptr.copy()
    for k in range(len(ticket)):
        place = at_expert[expert[k]]
        at_expert[expert[k]] = place + 1
        ticket_by_expert[place] = ticket[k]
        points_by_expert[place] = points[k]
    first = np.int64(0)
    for j in range(n_experts):
        for k in range(first, at_expert[j]):
            i = ticket_by_expert[k]
            place = at_ticket[i]
            if place > indptr[i] and sorted_expert[place - 1] == j:
                return False
            at_ticket[i] = place + 1
            sorted_ticket[place] = i
            sorted_expert[place] = j
            sorted_points[place] = points_by_expert[k]
        first = at_expert[j]
    return True
