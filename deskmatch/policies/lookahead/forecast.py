"""`Forecast`: which tickets are expected, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Tickets
from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen, read_only
from deskmatch.policies.alike import ClassKey, keys_of
from deskmatch.ranges import POSITIVE, refuse

__all__ = ["Forecast", "class_keys"]


@dataclass(frozen=True, slots=True, eq=False)
class Forecast(Frozen):
    """Expected arrivals by class of ticket.

    Parameters
    ----------
    classes : one ticket of each class, as it will look to the desk; its feature ``queue`` is the name of its queue, and
        its `patience_s` the expected one.
    per_s : ``(intervals, classes)`` tickets a second, ≥ 0; the intervals repeat when they are used up.
    every_s : length of an interval, > 0.
    start : when the first interval begins; None: there is but one interval.

    Raises
    ------
    ContractError
        On rates below 0, a shape that disagrees, or several intervals without a start.
    """

    classes: Tickets
    per_s: NDArray[np.float64]
    every_s: float = 3600.0
    start: datetime | None = None

    def __post_init__(self) -> None:
        rates = read_only(np.atleast_2d(np.asarray(self.per_s, np.float64)), np.float64)
        if rates.ndim != 2 or rates.shape[1] != len(self.classes) or not len(rates):
            raise ContractError(
                f"forecast.per_s: found shape {rates.shape}; expected (intervals, {len(self.classes)} classes)"
            )
        if not (np.isfinite(rates) & (rates >= 0)).all():
            raise ContractError("forecast.per_s: expected finite rates ≥ 0")
        refuse(POSITIVE.problems({"forecast.every_s": self.every_s}), ContractError)
        if len(rates) > 1 and self.start is None:
            raise ContractError("forecast.start: found None; expected when the first of several intervals begins")
        self._set(per_s=rates)

    def rates(self, now: datetime | None) -> NDArray[np.float64]:
        """``(classes,)`` tickets a second expected now; the mean where nobody says what time it is."""
        if self.start is None or now is None:
            return np.asarray(self.per_s.mean(axis=0))
        passed = (now - self.start).total_seconds()
        return np.asarray(self.per_s[int(passed // self.every_s) % len(self.per_s)])

    def times(self, factor: float) -> Forecast:
        """This forecast with all rates multiplied, for robustness."""
        return Forecast(self.classes, self.per_s * factor, self.every_s, self.start)


def class_keys(tickets: Tickets) -> list[tuple[ClassKey, float]]:
    """What makes tickets alike to a forecast: their class and their importance."""
    return list(zip(keys_of(tickets), tickets.importance.tolist(), strict=True))
