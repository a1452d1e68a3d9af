"""Rows of a log that belong to one contact, which was handed on from one expert to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HANDED_ON", "MOST_HAND_ONS", "Chains", "base_name", "chains_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HANDED_ON = " handed on"
"""What the name of a type ends with whose contacts another expert has had before."""
MOST_HAND_ONS = 15
"""Of one contact; the most that a scenario can say."""


@dataclass(frozen=True, slots=True, eq=False)
class Chains:
    """Which row comes after which.

    Parameters
    ----------
    place : ``(rows,)`` 0 for the first row of a chain, 1 for the next …
    following : ``(rows,)`` the row after it; −1: it is the last one.
    """

    place: Integers
    following: Integers


def chains_of(ids: Sequence[str], begin_s: Floats) -> Chains:
    """Rows with the same id in the order of time, ties in the order of the table; a row without one stands alone.

    Examples
    --------
    >>> found = chains_of(["a", "", "b", "a", ""], np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
    >>> found.place.tolist(), found.following.tolist()
    ([0, 0, 0, 1, 0], [3, -1, -1, -1, -1])
    """
    names = np.array(ids, dtype=object)
    known = np.flatnonzero(names != "")
    place, following = np.zeros(len(names), np.int64), np.full(len(names), -1, np.int64)
    _, code = np.unique(names[known].astype(str), return_inverse=True)
    order = known[np.lexsort((begin_s[known], code))]
    code = np.sort(code)
    same = code[1:] == code[:-1]
    following[order[:-1][same]] = order[1:][same]
    at = np.arange(len(order))
    first = np.maximum.accumulate(np.where(np.concatenate(([True], ~same)), at, 0)) if len(at) else at
    place[order] = at - first
    return Chains(place, following)


def base_name(type_name: str) -> str:
    """The type as which a contact came.

    Examples
    --------
    >>> base_name("billing handed on"), base_name("billing")
    ('billing', 'billing')
    """
    return type_name.removesuffix(HANDED_ON)
