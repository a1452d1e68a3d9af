"""`Robust`: a resolution model that counts on less than it expects where it knows little."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Epoch
from deskmatch.errors import ARGUMENTS, Defect, InputError
from deskmatch.prediction.protocol import ResolutionModel

__all__ = ["Caution", "IntervalModel", "Robust", "robust_model"]

Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

NODES = 8
"""Of the Gauss–Legendre rule over the tail: enough for three digits of the mean of a beta distribution's tail."""


@runtime_checkable
class IntervalModel(ResolutionModel, Protocol):
    """A `ResolutionModel` that also says how sure it is."""

    def interval(
        self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32, coverage: float
    ) -> tuple[Float64, Float64]:
        """The ends of the interval that holds each probability with this coverage, as much outside on either side.

        Parameters
        ----------
        epoch, ticket, expert, topic : as in `ResolutionModel.probability`.
        coverage : in [0, 1); 0: both ends are the median.

        Returns
        -------
        ``(k,)`` lower and ``(k,)`` upper ends in [0, 1]. A larger coverage gives no smaller interval.
        """
        ...


class Caution(StrEnum):
    """How a robust model counts."""

    LOWER = "lower"
    """The lower end of the interval: the probability is no less than that but in a share of the cases."""
    CVAR = "cvar"
    """The mean of that worst share (conditional value at risk)."""


@dataclass(frozen=True, slots=True)
class Robust:
    """P(resolved) for the worst cases that the model thinks possible, pair by pair.

    With q(s) the s-quantile of what the model believes of a pair, which is the lower end of its interval of coverage
    1 − 2s: ``lower`` is q(share); ``cvar`` is the mean of q(s) over s < share (R. T. Rockafellar, S. Uryasev,
    "Optimization of conditional value-at-risk", Journal of Risk 2 (2000) 21–41). A pair with a long record keeps its
    points, one that was seen twice loses some. All pairs are taken at their worst at once, so that the points of a plan
    are a cautious bound and no forecast.

    Parameters
    ----------
    model : a model with `interval`, such as `HistoricalRate`.
    caution : ``"lower"`` or ``"cvar"``.
    share : of the cases that are feared, in (0, 0.5].

    Raises
    ------
    InputError
        Where the model gives no intervals, or a parameter is out of range.
    """

    model: IntervalModel
    caution: Caution = Caution.LOWER
    share: float = 0.1

    def __post_init__(self) -> None:
        defects = []
        model: object = self.model
        if isinstance(model, type) or not isinstance(model, IntervalModel):
            found = model.__name__ if isinstance(model, type) else type(model).__name__
            defects.append(Defect(ARGUMENTS, None, "resolution", found, "expected a model with interval(…)"))
        given: object = self.share
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= 0.5:
            defects.append(Defect(ARGUMENTS, None, "share", repr(given), "expected a number above 0, at most 0.5"))
        defects += _no_caution(self.caution)
        if defects:
            raise InputError(defects)
        object.__setattr__(self, "caution", Caution(self.caution))

    def probability(self, epoch: Epoch, *, ticket: Int32, expert: Int32, topic: Int32) -> Float64:
        """``(k,)`` cautious probabilities; see `ResolutionModel`."""

        def quantile(share: float) -> Float64:
            return self.model.interval(epoch, ticket=ticket, expert=expert, topic=topic, coverage=1.0 - 2.0 * share)[0]

        if self.caution is Caution.LOWER:
            return quantile(self.share)
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        shares = self.share * (nodes + 1.0) / 2.0
        total = np.zeros(len(ticket))
        for share, weight in zip(shares.tolist(), (weights / 2.0).tolist(), strict=True):
            total += weight * quantile(share)
        return np.clip(total, 0.0, 1.0)


def _no_caution(given: object) -> list[Defect]:
    """What is wrong with a caution."""
    if given in tuple(Caution):
        return []
    return [Defect(ARGUMENTS, None, "robust", repr(given), "expected 'lower' or 'cvar'")]


def robust_model(model: ResolutionModel | None, robust: str | None) -> ResolutionModel | None:
    """The model, or a `Robust` one of it.

    Parameters
    ----------
    model : the model, or None.
    robust : ``"lower"``, ``"cvar"``, or None: the model as it is.

    Raises
    ------
    InputError
        Where caution is wanted and there is no model that gives intervals.
    """
    if robust is None:
        return model
    if model is None:
        accepted = "expected a model with interval(…) for robust points, such as HistoricalRate.fit(history)"
        raise InputError([Defect(ARGUMENTS, None, "resolution", "None", accepted), *_no_caution(robust)])
    return Robust(model, robust)  # type: ignore[arg-type]
