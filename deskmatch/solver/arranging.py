"""Arcs in any order to arcs by ticket, then expert, in linear time."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from deskmatch.compiled import kernel

from .checking import LARGEST
from .kernel.records import offset

__all__ = ["Arranged", "arrange", "order_of", "sort_arcs"]

Int32 = NDArray[np.int32]
UInt32 = NDArray[np.uint32]
Float64 = NDArray[np.float64]

FEWEST = 200
"""Below so many arcs numpy is as fast."""
DIGIT = 16
"""Bits that numpy sorts in linear time (its stable sort of 16-bit integers is a radix sort)."""


class Arranged(NamedTuple):
    """The arcs by ticket, then expert; ticket i's are ``indptr[i]:indptr[i + 1]``, and expert j has ``degree[j]``."""

    indptr: Int32
    ticket: Int32
    expert: Int32
    points: Float64
    degree: Int32


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
    indptr, degree = np.empty(n_tickets + 1, np.uint32), np.empty(n_experts, np.uint32)
    by_ticket = np.empty(arcs, np.uint32)
    by_expert, values = np.empty(arcs, np.uint32), np.empty(arcs)
    given = ticket.view(np.uint32), expert.view(np.uint32), points
    if not sort_arcs(*given, np.empty((arcs, 2)), indptr, degree, by_ticket, by_expert, values):
        return None
    signed = np.int32
    return Arranged(indptr.view(signed), by_ticket.view(signed), by_expert.view(signed), values, degree.view(signed))


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
    "uint32[:]",
    "uint32[:]",
    "float64[:]",
    "out float64[:, :]",
    "out uint32[:]",
    "out uint32[:]",
    "out uint32[:]",
    "out uint32[:]",
    "out float64[:]",
)
def sort_arcs(
    ticket: UInt32,
    expert: UInt32,
    points: Float64,
    by_expert: Float64,
    indptr: UInt32,
    degree: UInt32,
    sorted_ticket: UInt32,
    sorted_expert: UInt32,
    sorted_points: Float64,
) -> bool:
    """Two counting sorts, by expert, then by ticket; False: an index out of range, a pair twice, points not finite.

    Parameters
    ----------
    ticket, expert, points : ``(arcs,)`` in any order; negative numbers count as too large.
    by_expert : ``(arcs, 2)`` scratch, for points and ticket beside each other.
    indptr, degree : ``(tickets + 1,)``, ``(experts,)``; filled, like the arrays after them.
    """
    n, n_experts = len(indptr) - 1, len(degree)
    first_of_expert, first_of_ticket = np.zeros(n_experts + 1, np.uint32), np.zeros(n + 1, np.uint32)
    for k in range(len(ticket)):
        i, j = ticket[k], expert[k]
        if i >= n or j >= n_experts or not abs(points[k]) <= LARGEST:
            return False
        first_of_ticket[i + 1] += 1
        first_of_expert[j + 1] += 1
    for i in range(n):
        first_of_ticket[i + 1] += first_of_ticket[i]
    degree[:] = first_of_expert[1:]
    for j in range(n_experts):
        first_of_expert[j + 1] += first_of_expert[j]
    indptr[:] = first_of_ticket
    for k in range(len(ticket)):
        place = first_of_expert[expert[k]]
        first_of_expert[expert[k]] = place + 1
        by_expert[place, 0] = points[k]
        by_expert[place, 1] = ticket[k]
    k = offset(0)
    for j in range(n_experts):
        while k < first_of_expert[j]:
            i = np.uint32(by_expert[k, 1])
            place = first_of_ticket[i]
            if place > indptr[i] and sorted_expert[place - 1] == j:
                return False
            first_of_ticket[i] = place + 1
            sorted_expert[place] = j
            sorted_points[place] = by_expert[k, 0]
            k += offset(1)
    for i in range(n):
        sorted_ticket[indptr[i] : indptr[i + 1]] = i
    return True
