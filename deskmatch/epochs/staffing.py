"""`Staffing`: what the experts are doing now, and how much each can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.frozen import Frozen

__all__ = ["Staffing"]


@dataclass(frozen=True, slots=True, eq=False)
class Staffing(Frozen):
    """The state of every expert of a desk at one instant. Scalars are spread over all experts.

    Parameters
    ----------
    load : ``(experts, channels)`` tickets in progress, ≥ 0.
    capacity : ``(experts,)`` most new tickets this epoch, ≥ 0; −1: as many as the channels' limits leave.
    occupancy : ``(experts,)`` share of the last hour spent serving, in [0, 1]; nan: unknown.
    idle_s : ``(experts,)`` seconds since the last ticket ended, ≥ 0; nan: unknown.
    acceptance : ``(experts,)`` probability that an offer is taken, in [0, 1].
    leaves_in_s : ``(experts,)`` seconds to the end of the shift, ≥ 0; nan: unknown.
    free_in_s : ``(experts,)`` seconds until the expert is free, ≥ 0; 0: free now. A busy expert is seen by
        rankings and look-ahead and never assigned now.

    Raises
    ------
    InputError
        Lists every array entry that is out of range.
    """

    load: NDArray[np.int32]
    capacity: NDArray[np.int32] = -1  # type: ignore[assignment]
    occupancy: NDArray[np.float64] = np.nan  # type: ignore[assignment]
    idle_s: NDArray[np.float64] = np.nan  # type: ignore[assignment]
    acceptance: NDArray[np.float64] = 1.0  # type: ignore[assignment]
    leaves_in_s: NDArray[np.float64] = np.nan  # type: ignore[assignment]
    free_in_s: NDArray[np.float64] = 0.0  # type: ignore[assignment]

    if TYPE_CHECKING:  # what is taken is wider than what is kept

        def __init__(
            self,
            load: ArrayLike,
            capacity: ArrayLike = ...,
            occupancy: ArrayLike = ...,
            idle_s: ArrayLike = ...,
            acceptance: ArrayLike = ...,
            leaves_in_s: ArrayLike = ...,
            free_in_s: ArrayLike = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        check = ArrayCheck("experts")
        shape = check.shape(self.load)
        if len(shape) != 2:
            check.add(None, "load", f"shape {shape}", "expected shape (experts, channels)")
            check.finish()
        n = shape[0]
        self._set(
            load=check.array("load", self.load, np.int32, (n, shape[1])),
            capacity=check.array("capacity", self.capacity, np.int32, (n,)),
            occupancy=check.array("occupancy", self.occupancy, np.float64, (n,)),
            idle_s=check.array("idle_s", self.idle_s, np.float64, (n,)),
            acceptance=check.array("acceptance", self.acceptance, np.float64, (n,)),
            leaves_in_s=check.array("leaves_in_s", self.leaves_in_s, np.float64, (n,)),
            free_in_s=check.array("free_in_s", self.free_in_s, np.float64, (n,)),
        )
        check.at_least("load", self.load, 0)
        check.at_least("capacity", self.capacity, -1)
        check.share("occupancy", self.occupancy, unknown=True)
        check.at_least("idle_s", self.idle_s, 0, unknown=True)
        check.share("acceptance", self.acceptance)
        check.at_least("leaves_in_s", self.leaves_in_s, 0, unknown=True)
        check.at_least("free_in_s", self.free_in_s, 0)
        check.finish()

    @classmethod
    def idle(cls, n_experts: int, n_channels: int) -> Staffing:
        """Everyone is free and nothing else is known.

        Parameters
        ----------
        n_experts, n_channels : those of the desk, ≥ 0.

        Returns
        -------
        Staffing with ``(n_experts, n_channels)`` loads of 0 and every other array at its default.
        """
        return cls(load=np.zeros((n_experts, n_channels), np.int32))

    def __repr__(self) -> str:
        busy = int((self.free_in_s > 0).sum())
        return f"Staffing({len(self.capacity)} experts, {busy} busy)"
