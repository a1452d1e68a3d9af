"""`NoAnswerModel`: who does not answer when called back; isotonic and logistic in the wait.

Whether a customer would have answered is seen only when somebody calls, once, at the wait that the desk's routing made
of it. So there is no censoring and Kaplan–Meier is out of place: the probability is a regression on the wait. Only
calls that were made are told of; that the customers who wait long are like the others is assumed. No data of ours
validates these models: their tests use made-up calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from deskmatch.epochs.arrays import ArrayCheck
from deskmatch.errors import ContractError
from deskmatch.frozen import Frozen
from deskmatch.prediction.history_table import HistoryTable, finite_number, truth
from deskmatch.prediction.model_file import SavedModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["IsotonicNoAnswer", "LogisticNoAnswer", "NoAnswerModel", "check_no_answer_model"]

Float64 = NDArray[np.float64]

PRIOR_SD = 5.0
"""Of the coefficients of the logistic: wide, and finite where the calls are separable."""


@runtime_checkable
class NoAnswerModel(Protocol):
    """The probability that nobody answers a call back; run `check_no_answer_model` on one of your own."""

    def probability(self, wait_s: Float64) -> Float64:
        """``(k,)`` in [0, 1] for ``(k,)`` seconds ≥ 0 since the ticket came."""
        ...


def check_no_answer_model(model: NoAnswerModel) -> None:
    """Raise `ContractError` where `model` breaks the protocol of `NoAnswerModel`."""
    name = type(model).__name__
    if not isinstance(model, NoAnswerModel):
        raise ContractError(f"{name} has no method 'probability'")
    waits = np.concatenate(([0.0], np.geomspace(1.0, 1e7, 40)))
    waits.flags.writeable = False
    try:
        whole, turned, none = (model.probability(each) for each in (waits, waits[::-1], waits[:0]))
    except Exception as error:
        raise ContractError(f"{name}: probability raises {type(error).__name__}: {error}") from error
    answers: tuple[tuple[object, int], ...] = ((whole, len(waits)), (turned, len(waits)), (none, 0))
    for answer, size in answers:
        if not isinstance(answer, np.ndarray) or answer.dtype != np.float64 or answer.shape != (size,):
            raise ContractError(f"{name}: probability returns {answer!r}; expected a float64 array {(size,)}")
    if not ((whole >= 0) & (whole <= 1)).all():
        raise ContractError(f"{name}: probability returns what is no probability")
    if not np.allclose(turned[::-1], whole, rtol=1e-9):
        raise ContractError(f"{name}: its answer depends on the order of the waits")


@dataclass(frozen=True, slots=True, eq=False)
class IsotonicNoAnswer(Frozen, SavedModel):
    """The nondecreasing function of the wait that is nearest to the calls (pool adjacent violators, by scipy).

    Parameters
    ----------
    wait_s : ``(steps,)`` rising: where each step begins; before the first the first holds.
    level : ``(steps,)`` probabilities, nondecreasing.

    Examples
    --------
    >>> import pandas as pd
    >>> calls = pd.DataFrame({"wait_s": [60, 120, 600, 900, 1800, 3600], "answered": [1, 1, 0, 1, 0, 0]})
    >>> IsotonicNoAnswer.fit(calls).probability(np.array([0.0, 700.0, 5000.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    wait_s: Float64
    level: Float64

    def __post_init__(self) -> None:
        check = ArrayCheck("no answer")
        steps = (len(np.atleast_1d(self.wait_s)),)
        for name in ("wait_s", "level"):
            self._set(**{name: check.array(name, getattr(self, name), np.float64, steps)})
        check.refuse("level", self.level, (self.level < 0) | (self.level > 1), "a probability")
        if not steps[0] or (np.diff(self.wait_s) <= 0).any() or (np.diff(self.level) < 0).any():
            check.add(None, "wait_s", None, "expected at least one step, and rising waits and levels")
        check.finish()

    @classmethod
    def fit(cls, calls: pd.DataFrame | str | Path) -> IsotonicNoAnswer:
        """Fit on a table of calls that were made: ``wait_s`` and ``answered`` (true or false).

        Raises
        ------
        InputError
            Lists everything that is wrong in the table.
        """
        from scipy.optimize import isotonic_regression

        wait, missed = _read(calls)
        waits, row = np.unique(wait, return_inverse=True)
        n = np.bincount(row).astype(float)
        level = np.clip(isotonic_regression(np.bincount(row, missed) / n, weights=n).x, 0.0, 1.0)
        first = np.flatnonzero(np.diff(level, prepend=-1.0) > 1e-12)
        return cls(waits[first], level[first])

    def probability(self, wait_s: Float64) -> Float64:
        """``(k,)``; see `NoAnswerModel`."""
        at = np.searchsorted(self.wait_s, wait_s, side="right") - 1
        return np.asarray(self.level[np.maximum(at, 0)])


@dataclass(frozen=True, slots=True, eq=False)
class LogisticNoAnswer(Frozen, SavedModel):
    """logit P(no answer) = intercept + slope · log(1 + wait / 60 s), by penalised maximum likelihood.

    Parameters
    ----------
    intercept, slope : finite.
    """

    intercept: float
    slope: float

    def __post_init__(self) -> None:
        check = ArrayCheck("no answer")
        for name in ("intercept", "slope"):
            self._set(**{name: float(getattr(self, name))})
            values = np.array([getattr(self, name)])
            check.refuse(name, values, ~np.isfinite(values), "a finite number")
        check.finish()

    @classmethod
    def fit(cls, calls: pd.DataFrame | str | Path) -> LogisticNoAnswer:
        """Fit on a table of calls that were made, as `IsotonicNoAnswer.fit` (Newton's method; a wide normal prior)."""
        wait, missed = _read(calls)
        features = np.column_stack((np.ones(len(wait)), np.log1p(wait / 60.0)))
        beta = np.zeros(2)
        for _ in range(100):
            p = expit(features @ beta)
            slope = features.T @ (missed - p) - beta / PRIOR_SD**2
            curvature = (features * (p * (1 - p))[:, None]).T @ features + np.eye(2) / PRIOR_SD**2
            step = np.clip(np.linalg.solve(curvature, slope), -2.0, 2.0)
            beta += step
            if np.abs(step).max() < 1e-10:
                break
        return cls(float(beta[0]), float(beta[1]))

    def probability(self, wait_s: Float64) -> Float64:
        """``(k,)``; see `NoAnswerModel`."""
        return np.asarray(expit(self.intercept + self.slope * np.log1p(np.asarray(wait_s) / 60.0)))


def _read(calls: pd.DataFrame | str | Path) -> tuple[Float64, Float64]:
    """Waits, and 1 where nobody answered."""
    table = HistoryTable(calls, "calls")
    table.require(("wait_s", "answered"))
    wait = table.column("wait_s", finite_number, "expected seconds ≥ 0")
    answered = table.column("answered", truth, "expected true or false (or 1 or 0)")
    if not answered:
        table.refuse(None, None, None, "expected at least one call")
    table.finish()
    return np.array(wait), 1.0 - np.array(answered)
