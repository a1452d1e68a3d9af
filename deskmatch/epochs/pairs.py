"""`PairTable`: one number for some pairs of ticket and expert, such as a probability of resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.frozen import Frozen

__all__ = ["PairTable"]


@dataclass(frozen=True, slots=True, eq=False)
class PairTable(Frozen):
    """Probabilities of resolution at first contact, already averaged over topics, for some pairs.

    Parameters
    ----------
    ticket, expert : ``(pairs,)`` rows, in any order; stored sorted.
    probability : ``(pairs,)`` in [0, 1].

    Raises
    ------
    InputError
        Lists probabilities outside [0, 1], negative rows and pairs that occur twice.

    Examples
    --------
    >>> table = PairTable(ticket=[1, 0], expert=[2, 0], probability=[0.8, 0.5])
    >>> table.lookup(np.array([0, 0, 1]), np.array([0, 1, 2])).tolist()
    [0.5, nan, 0.8]
    """

    ticket: NDArray[np.int32]
    expert: NDArray[np.int32]
    probability: NDArray[np.float64]

    if TYPE_CHECKING:  # what is taken is wider than what is kept

        def __init__(self, ticket: ArrayLike, expert: ArrayLike, probability: ArrayLike) -> None: ...

    def __post_init__(self) -> None:
        check = ArrayCheck("resolution")
        n = check.length(self.ticket)
        ticket = check.array("ticket_id", self.ticket, np.int32, (n,))
        expert = check.array("expert_id", self.expert, np.int32, (n,))
        probability = check.array("probability", self.probability, np.float64, (n,))
        check.at_least("ticket_id", ticket, 0)
        check.at_least("expert_id", expert, 0)
        check.share("probability", probability)
        order = np.lexsort((expert, ticket))
        twice = np.zeros(n, bool)
        twice[order[1:]] = (np.diff(ticket[order]) == 0) & (np.diff(expert[order]) == 0)
        check.refuse("expert_id", expert, twice, "each pair of ticket and expert once")
        check.finish()
        for name, values in (("ticket", ticket), ("expert", expert), ("probability", probability)):
            ordered = values[order]
            ordered.flags.writeable = False
            self._set(**{name: ordered})

    def lookup(self, ticket: NDArray[np.int32], expert: NDArray[np.int32]) -> NDArray[np.float64]:
        """Probabilities of pairs, element by element.

        Parameters
        ----------
        ticket : ``(k,)`` rows of tickets, ≥ 0.
        expert : ``(k,)`` rows of experts, ≥ 0.

        Returns
        -------
        ``(k,)`` probabilities in [0, 1]; nan where the table lacks the pair.
        """
        if not len(self.ticket):
            return np.full(len(ticket), np.nan)
        width = int(max(self.expert.max(), expert.max(initial=0))) + 1
        keys = self.ticket.astype(np.int64) * width + self.expert
        wanted = ticket.astype(np.int64) * width + expert
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, self.probability[place], np.nan)

    def __len__(self) -> int:
        return len(self.ticket)

    def __repr__(self) -> str:
        return f"PairTable({len(self.ticket)} pairs)"
