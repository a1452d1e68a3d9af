"""The forms of fairness: convex costs of work that can be weighed against points, and aims that replace the points."""

from __future__ import annotations

from typing import Annotated, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from deskmatch.errors import ContractError
from deskmatch.formulations.fairness.curve import CostCurve
from deskmatch.formulations.fairness.work import WINDOW_S, Work
from deskmatch.routing.validation import NonNegative, Positive, Settings, refuse

__all__ = [
    "AlphaFairness",
    "Fairness",
    "MaxMin",
    "Range",
    "SlotCost",
    "SquaredOccupancy",
    "as_fairness",
    "idle_utility",
]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

MOST_ALPHA = 20.0
"""ε^−α stays far below the largest number."""


@runtime_checkable
class Fairness(Protocol):
    """A convex cost of the experts' new work that can be weighed against points.

    Attributes
    ----------
    name : in plans and reports.
    weight : points per unit of the cost, ≥ 0.
    window_s : the window over which work is told, seconds.
    """

    @property
    def name(self) -> str: ...

    @property
    def weight(self) -> float: ...

    @property
    def window_s(self) -> float: ...

    def curve(self, work: Work) -> CostCurve:
        """The cost at weight 1."""
        ...


class AlphaFairness(Settings):
    """Σ_j U_α(y_j),  U_α(y) = (y^(1−α) − 1) / (1 − α),  U_1(y) = ln y,  with y_j the idle share after the epoch.

    J. Mo, J. Walrand, "Fair end-to-end window-based congestion control", IEEE/ACM Transactions on Networking 8 (2000)
    556–567. α = 0 counts only the sum, α = 1 is proportional fairness, and the larger α, the more the experts with the
    least idle time count; α → ∞ is max–min. Below ε the utility goes on along its tangent, so that it stays finite and
    concave for experts who have more than a window's work. What a ticket costs is the utility that it takes from its
    expert: with one handling time per expert and unit usage exactly a convex slot cost, and the model stays a network;
    else it needs extra columns, and is an integer program.

    Parameters
    ----------
    alpha : α in [0, 20].
    weight : points per unit of utility, ≥ 0.
    window_s : seconds over which the work is spread, > 0.
    epsilon : ε in (0, 1].

    Raises
    ------
    RoutingError
        Lists every parameter that is unknown or out of range.

    Examples
    --------
    >>> AlphaFairness(alpha=2.0).name
    'alpha_fairness'
    """

    alpha: Annotated[NonNegative, Field(le=MOST_ALPHA)] = 1.0
    weight: NonNegative = 1.0
    window_s: Positive = WINDOW_S
    epsilon: Annotated[Positive, Field(le=1)] = 0.05

    @property
    def name(self) -> str:
        """``alpha_fairness``."""
        return "alpha_fairness"

    def curve(self, work: Work) -> CostCurve:
        """The utility that new work takes away."""
        idle = 1.0 - work.before

        def cost(expert: Int64, amount: Float64) -> Float64:
            now = idle[expert]
            return self.utility(now) - self.utility(now - amount)

        return CostCurve(work.share, cost)

    def utility(self, idle: Float64) -> Float64:
        """U_α of idle shares, see the class."""
        return idle_utility(idle, alpha=self.alpha, epsilon=self.epsilon)


class SquaredOccupancy(Settings):
    """Σ_j o_j², with o_j the occupancy after the epoch: the variance of the occupancies, for the same total of work.

    Unlike the utility of idle time it tells experts apart who all have more than a window's work: reports use it. A
    convex slot cost, or columns, as `AlphaFairness`.

    Parameters
    ----------
    weight : points per unit, ≥ 0.
    window_s : seconds over which the work is spread, > 0.
    """

    weight: NonNegative = 1.0
    window_s: Positive = WINDOW_S

    @property
    def name(self) -> str:
        """``squared_occupancy``."""
        return "squared_occupancy"

    def curve(self, work: Work) -> CostCurve:
        """What new work adds to the square."""

        def cost(expert: Int64, amount: Float64) -> Float64:
            return np.asarray(amount * (2.0 * work.before[expert] + amount))

        return CostCurve(work.share, cost)


def idle_utility(idle: Float64, *, alpha: float, epsilon: float) -> Float64:
    """U_α(y), continued below ε by its tangent.

    Examples
    --------
    >>> idle_utility(np.array([1.0, 0.5, 0.0]), alpha=1.0, epsilon=0.1).round(4).tolist()
    [0.0, -0.6931, -3.3026]
    """
    above = np.maximum(np.asarray(idle, np.float64), epsilon)
    utility = np.log(above) if alpha == 1.0 else (above ** (1.0 - alpha) - 1.0) / (1.0 - alpha)
    return np.asarray(utility + epsilon**-alpha * np.minimum(np.asarray(idle) - epsilon, 0.0))


def _rising(costs: object) -> object:
    """A sequence of costs that do not fall."""
    values = np.asarray(costs, np.float64) if isinstance(costs, list | tuple) else np.zeros((0, 0))
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all() or (np.diff(values) < 0).any():
        raise refuse("should be numbers that do not fall, one for each further ticket (convex)")
    return tuple(values.tolist())


class SlotCost(Settings):
    """Σ_j Σ_{s < n_j} cost_s: what the first, second, … new ticket of an expert costs in this epoch.

    A convex slot cost: every model that was a network stays one.

    Parameters
    ----------
    costs : cost of each further ticket, which do not fall; the last one goes on.
    weight : points per unit, ≥ 0.

    Examples
    --------
    >>> SlotCost(costs=[0.0, 0.1, 0.3]).costs
    (0.0, 0.1, 0.3)
    """

    costs: Annotated[tuple[float, ...], BeforeValidator(_rising)] = (0.0, 0.05, 0.1)
    weight: NonNegative = 1.0

    @property
    def name(self) -> str:
        """``slot_cost``."""
        return "slot_cost"

    @property
    def window_s(self) -> float:
        """It counts tickets, not time; the default."""
        return WINDOW_S

    def curve(self, work: Work) -> CostCurve:
        """The cost of so many tickets."""
        steps = np.asarray(self.costs)

        def cost(expert: Int64, amount: Float64) -> Float64:
            total = np.concatenate([[0.0], np.cumsum(steps)])
            last = len(steps)
            whole = np.minimum(amount, last)
            beyond = steps[-1] * np.maximum(amount - last, 0.0)
            return np.asarray(np.interp(whole, np.arange(last + 1), total) + beyond)

        return CostCurve(np.ones(len(work.share)), cost)


class MaxMin(Settings):
    """lex max (y_(1), y_(2), …): the least idle share is as large as can be, then the second least, and so on.

    Replaces the points, under the condition that few of them are lost: see `fair_plan`.

    Parameters
    ----------
    window_s : seconds over which the work is spread, > 0.
    """

    window_s: Positive = WINDOW_S

    @property
    def name(self) -> str:
        """``max_min``."""
        return "max_min"


class Range(Settings):
    """min (max_j y_j − min_j y_j): the smallest difference between the idle shares of any two experts.

    Replaces the points, under the condition that few of them are lost: see `fair_plan`.

    Parameters
    ----------
    window_s : seconds over which the work is spread, > 0.
    """

    window_s: Positive = WINDOW_S

    @property
    def name(self) -> str:
        """``range``."""
        return "range"


def as_fairness(given: object) -> Fairness | None:
    """A form that can be weighed against points, or None.

    Raises
    ------
    ContractError
        Says what was found; forms that replace the points go to `fair_plan`.
    """
    if given is None or (isinstance(given, Fairness) and not isinstance(given, type)):
        return given
    if isinstance(given, MaxMin | Range):
        raise ContractError(f"fairness: {given.name} replaces the points; make the plan first, then fair_plan(plan, …)")
    raise ContractError(
        f"fairness: found {given!r}; expected AlphaFairness(…), SquaredOccupancy(…), SlotCost(…), or None"
    )
