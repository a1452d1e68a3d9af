"""Logistic regression with effects that are drawn towards 0 as far as their spreads say: what partial pooling fits.

With s of n tickets resolved in a row, and cells that are a factor of their own (expert × topic)::

    s ~ Binomial(n, p),   logit p = β + Σ_f u_f[level of factor f] + x·w + z[cell]
    u_f ~ Normal(0, σ_f²),   z ~ Normal(0, σ_z²),   w ~ Normal(0, 1),   β ~ Normal(0, 3²)

(a generalised linear mixed model; N. E. Breslow, D. G. Clayton, JASA 88 (1993) 9–25). The effects are the mode of their
posterior by Newton's method, their covariance the inverse of the curvature there (Laplace's approximation). The spreads
follow the generalised Fellner–Schall steps ``σ² ← Σ u² / (levels − tr(V)/σ²)``, V the covariance of the factor's
effects (S. N. Wood, M. Fasiolo, Biometrics 73 (2017) 1071–1081). There are as many cells as pairs that met, but each
row has only one, so that they are eliminated (a Schur complement) and what is left is as large as the other factors
together.

The factors that tell experts apart must earn their place, the finest first: where the marginal likelihood without one
is no less by `EVIDENCE`, its spread is 0 and nobody differs by it. Once one has earned its place the coarser ones stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from deskmatch.prediction.shrinkage import EVIDENCE

__all__ = ["Factor", "MixedLogistic", "fit_mixed_logistic"]

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

CONSTANT_SPREAD = 3.0
"""Of β, in log odds: 3 is from 50 % to 95 %. It keeps β finite where all tickets were resolved, or none."""
SPREAD = (1e-3, 5.0)
FIRST_SPREAD = 0.5
TURNS = 200
CLOSE = 2e-3
"""Of the log likelihood, where the turns end."""
STEPS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """One factor whose levels have effects.

    Parameters
    ----------
    name : such as ``"expert"``.
    level : ``(rows,)`` the level of each row, −1: none.
    levels : how many there are.
    must_earn : whether it is left out where the data show no difference between its levels.
    """

    name: str
    level: Int64
    levels: int
    must_earn: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MixedLogistic:
    """What was found.

    Parameters
    ----------
    constant : β.
    effects : by factor, ``(levels,)``.
    slopes : ``(columns,)`` w.
    cell_effect : ``(cells,)`` z.
    cell_information : ``(cells,)`` Σ n p (1 − p) of each cell's rows.
    spreads : by factor, and of the cells as ``"cell"``; 0: it does not earn its place.
    covariance : ``(1 + Σ levels + columns,)²`` of the constant, the factors in their order, and the slopes.
    log_likelihood : marginal, by Laplace's approximation, without binomial coefficients.
    """

    constant: float
    effects: dict[str, Float64]
    slopes: Float64
    cell_effect: Float64
    cell_information: Float64
    spreads: dict[str, float]
    covariance: Float64
    log_likelihood: float


@dataclass(slots=True, eq=False)
class _Data:
    """The rows of a fit as matrices, and where its Newton steps begin."""

    resolved: Float64
    n: Float64
    design: sparse.csr_array
    cell: Int64
    cells: int
    factors: Sequence[Factor]
    columns: int
    fixed: Float64 = field(default_factory=lambda: np.empty(0))
    own: Float64 = field(default_factory=lambda: np.empty(0))

    def sums(self, values: Float64) -> Float64:
        """``(cells,)`` sums over rows."""
        return np.asarray(np.bincount(self.cell, values, self.cells), np.float64)


def fit_mixed_logistic(
    resolved: Float64,
    n: Float64,
    factors: Sequence[Factor],
    cell: Int64,
    cells: int,
    x: Float64 | None = None,
) -> MixedLogistic:
    """Fit the model above.

    Parameters
    ----------
    resolved, n : ``(rows,)`` tickets resolved and in all, > 0; weighted, so not necessarily whole.
    factors : the factors but for the cells, those that must earn their place the coarser first.
    cell, cells : ``(rows,)`` the cell of each row, and how many there are; the finest of what must earn its place.
    x : ``(rows, columns)`` numbers, each with mean 0 and deviation 1.
    """
    data = _data(resolved, n, factors, cell, cells, x)
    spreads = dict.fromkeys([*(factor.name for factor in factors), "cell"], FIRST_SPREAD)
    found = _with_spreads(data, spreads)
    for name in ["cell", *(factor.name for factor in reversed(factors) if factor.must_earn)]:
        without = _with_spreads(data, {**found.spreads, name: 0.0})
        if found.log_likelihood - without.log_likelihood >= EVIDENCE:
            break
        found = without
    return found


def _data(
    resolved: Float64, n: Float64, factors: Sequence[Factor], cell: Int64, cells: int, x: Float64 | None
) -> _Data:
    rows = np.arange(len(n))
    blocks: list[sparse.csr_array] = [sparse.csr_array(np.ones((len(n), 1)))]
    for factor in factors:
        has = factor.level >= 0
        place = (rows[has], factor.level[has])
        blocks.append(sparse.csr_array((np.ones(int(has.sum())), place), shape=(len(n), factor.levels)))
    columns = 0 if x is None else x.shape[1]
    if x is not None and columns:
        blocks.append(sparse.csr_array(x))
    design = sparse.csr_array(sparse.hstack(blocks, format="csr"))
    return _Data(resolved, n, design, cell, cells, factors, columns, np.zeros(design.shape[1]), np.zeros(cells))


def _with_spreads(data: _Data, spreads: dict[str, float]) -> MixedLogistic:
    """The likeliest spreads and the effects there; a spread that begins at 0 stays there."""
    spreads, value = dict(spreads), -np.inf
    for _ in range(TURNS):
        found, traces = _effects(data, spreads)
        if found.log_likelihood - value < CLOSE:
            break
        value = found.log_likelihood
        for name, before in spreads.items():
            if before > 0:
                effects = found.cell_effect if name == "cell" else found.effects[name]
                free = max(len(effects) - traces[name] / before**2, 1e-6)
                spreads[name] = float(np.clip(np.sqrt((effects**2).sum() / free), *SPREAD))
    return found


def _effects(data: _Data, spreads: dict[str, float]) -> tuple[MixedLogistic, dict[str, float]]:
    """The mode of the effects given the spreads, with their covariance; and the traces by factor."""
    precision = _precisions(data, spreads)
    has_cells = spreads["cell"] > 0
    tau = 1 / max(spreads["cell"], SPREAD[0] * 1e-3) ** 2
    fixed, own = np.where(np.isinf(precision), 0.0, data.fixed), data.own if has_cells else np.zeros(data.cells)
    free = np.flatnonzero(np.isfinite(precision))
    design = data.design[:, free]
    held, fixed = precision[free], fixed[free]
    value = _posterior(data, design, held, tau, fixed, own)
    for _ in range(STEPS):
        p = expit(design @ fixed + own[data.cell])
        curvature = _Curvature(data, design, held, tau if has_cells else np.inf, data.n * p * (1 - p))
        slope = data.resolved - data.n * p
        step, own_step = curvature.solve(design.T @ slope - held * fixed, data.sums(slope) - tau * own)
        length, gain = 1.0, -np.inf
        while length > 1e-4:
            after = _posterior(data, design, held, tau, fixed + length * step, own + length * own_step)
            gain = after - value
            if gain >= -1e-9:
                break
            length /= 2
        fixed, own, value = fixed + length * step, own + length * own_step, value + max(gain, 0.0)
        if gain < 1e-8:
            break
    data.fixed[free] = fixed
    data.own[:] = own
    return _found(data, spreads, design, free, held, tau if has_cells else np.inf, fixed, own)


def _precisions(data: _Data, spreads: dict[str, float]) -> Float64:
    """Prior precision of the constant, the factors' effects and the slopes; inf: stays 0."""
    parts = [np.full(1, CONSTANT_SPREAD**-2)]
    for factor in data.factors:
        spread = spreads[factor.name]
        parts.append(np.full(factor.levels, spread**-2 if spread > 0 else np.inf))
    return np.concatenate([*parts, np.ones(data.columns)])


def _posterior(
    data: _Data, design: sparse.csr_array, precision: Float64, tau: float, fixed: Float64, own: Float64
) -> float:
    """Log posterior of the effects, without constants."""
    odds = design @ fixed + own[data.cell]
    counts = np.sum(data.resolved * odds - data.n * np.logaddexp(0, odds))
    return float(counts - 0.5 * precision @ fixed**2 - 0.5 * tau * own @ own)


class _Curvature:
    """Minus the second derivative of the log posterior, the cells eliminated; tau inf: there are none."""

    def __init__(
        self, data: _Data, design: sparse.csr_array, precision: Float64, tau: float, information: Float64
    ) -> None:
        weighted = sparse.csr_array(design.multiply(information[:, None]))
        full = np.asarray((design.T @ weighted).todense()) + np.diag(precision)
        self.cells = data.sums(information) + tau
        self.has_cells = np.isfinite(tau)
        if self.has_cells:
            rows = np.arange(len(information))
            gather = sparse.csr_array((np.ones(len(rows)), (data.cell, rows)), shape=(data.cells, len(rows)))
            self.cross = sparse.csr_array(gather @ weighted)
            scaled = sparse.csr_array(self.cross.multiply(1 / self.cells[:, None]))
            full = full - np.asarray((self.cross.T @ scaled).todense())
        self.factor = cho_factor(full, lower=True)

    def solve(self, fixed: Float64, own: Float64) -> tuple[Float64, Float64]:
        """The Newton step for these slopes."""
        if not self.has_cells:
            return np.asarray(cho_solve(self.factor, fixed)), np.zeros_like(own)
        step = np.asarray(cho_solve(self.factor, fixed - self.cross.T @ (own / self.cells)))
        return step, (own - self.cross @ step) / self.cells

    def covariance(self) -> Float64:
        """Of all but the cells."""
        return np.asarray(cho_solve(self.factor, np.eye(len(self.factor[0]))))

    def trace_of_cells(self, covariance: Float64) -> float:
        """The sum of the variances of the cells' effects."""
        if not self.has_cells:
            return 0.0
        scaled = sparse.csr_array(self.cross.multiply(self.cells[:, None] ** -2.0))
        added = np.asarray((self.cross.T @ scaled).todense())
        return float((1 / self.cells).sum() + (added * covariance).sum())

    def log_determinant(self) -> float:
        own = float(np.log(self.cells).sum()) if self.has_cells else 0.0
        return 2 * float(np.log(np.diag(self.factor[0])).sum()) + own


def _found(
    data: _Data,
    spreads: dict[str, float],
    design: sparse.csr_array,
    free: NDArray[np.intp],
    precision: Float64,
    tau: float,
    fixed: Float64,
    own: Float64,
) -> tuple[MixedLogistic, dict[str, float]]:
    p = expit(design @ fixed + own[data.cell])
    information = data.n * p * (1 - p)
    curvature = _Curvature(data, design, precision, tau, information)
    inner = curvature.covariance()
    size = data.design.shape[1]
    covariance, whole = np.zeros((size, size)), np.zeros(size)
    covariance[np.ix_(free, free)] = inner
    whole[free] = fixed
    traces = {"cell": curvature.trace_of_cells(inner)}
    effects, at = {}, 1
    for factor in data.factors:
        effects[factor.name] = whole[at : at + factor.levels]
        traces[factor.name] = float(np.diag(covariance)[at : at + factor.levels].sum())
        at += factor.levels
    prior = np.log(precision).sum() + (data.cells * np.log(tau) if np.isfinite(tau) else 0.0)
    posterior = _posterior(data, design, precision, tau if np.isfinite(tau) else 0.0, fixed, own)
    return MixedLogistic(
        constant=float(whole[0]),
        effects=effects,
        slopes=whole[at:],
        cell_effect=own,
        cell_information=data.sums(information),
        spreads=dict(spreads),
        covariance=covariance,
        log_likelihood=posterior + 0.5 * float(prior) - 0.5 * curvature.log_determinant(),
    ), traces
