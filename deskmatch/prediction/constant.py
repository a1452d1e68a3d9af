"""`Constant`: the same probability of resolution everywhere, for when nothing better answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.errors import ContractError

__all__ = ["Constant"]


@dataclass(frozen=True, slots=True)
class Constant:
    """P(resolved at first contact) is the same for every ticket, expert and topic.

    What a decision before a deadline falls back to when a resolution model fails: the other terms then decide. The
    default is the middle of the range; about 0.5 of the incidents in a log of a real IT desk were resolved by the first
    expert without reassignment or reopening.

    Parameters
    ----------
    value : the probability.

    Raises
    ------
    ContractError
        Where it is no number from 0 to 1.

    Examples
    --------
    >>> from deskmatch.prediction import check_resolution_model
    >>> check_resolution_model(Constant(0.7))
    """

    value: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise ContractError(f"Constant: found {self.value!r}; expected a probability from 0 to 1")

    def probability(
        self, epoch: Epoch, *, ticket: NDArray[np.int32], expert: NDArray[np.int32], topic: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """``(k,)`` times the value; see `ResolutionModel`."""
        return np.full(len(ticket), self.value)
