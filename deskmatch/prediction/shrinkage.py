"""Empirical Bayes for rates in cells of expert × topic: how far each is drawn towards what others show.

The model, with n tickets of which s were resolved in the cell of expert e and topic t::

    s_et ~ Binomial(n_et, q_et)
    q_et ~ Beta(κ m_et, κ (1 − m_et)),   logit m_et = logit μ_t + b_e     expert × topic
    b_e  ~ Normal(0, σ²)                                                   expert
    μ_t  ~ Beta(κ_T g, κ_T (1 − g)),     g: the rate of all tickets       topic

κ, κ_T and σ are the maxima of their marginal likelihoods: beta-binomial for κ and κ_T (D. A. Griffiths,
Biometrics 29 (1973) 637–648), Laplace's approximation for σ (N. E. Breslow, D. G. Clayton, JASA 88 (1993) 9–25).
Tickets of one cell resemble each other, so that in the estimate of b_e a cell counts as n (κ + 1) / (n + κ)
tickets (D. A. Williams, Applied Statistics 31 (1982) 144–148); κ and σ are therefore found in turns. Where neither
makes the counts likelier than chance would (`EVIDENCE`), both stay where no expert differs from another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import betaln, expit, logit

__all__ = ["Shrinkage", "marginal_log_likelihood", "prior_strength", "shrink"]

Array = NDArray[np.float64]

# Each from where nothing differs to where nothing is shared: of a prior, in tickets; of expert effects, in log
# odds (3 is from 50 % to 95 %).
STRENGTH = (1e5, 0.1)
SPREAD = (1e-3, 3.0)
TURNS = 20
STEPS = 100
GRID = 25
# Differences of log likelihood that are rounding only.
ROUNDING = 1e-6
EVIDENCE = 2.0
"""By how much the log likelihood must grow before experts are said to differ: chance alone does that once in 44 times
where they do not (half a χ² with one degree of freedom; S. G. Self, K.-Y. Liang, JASA 82 (1987) 605–610)."""


@dataclass(frozen=True, slots=True, eq=False)
class Shrinkage:
    """What was estimated.

    Parameters
    ----------
    overall : g, rate of all tickets.
    topic_rate : ``(topics,)`` μ, drawn towards g.
    expert_effect : ``(experts,)`` b, log odds against the mean of the expert's topics.
    spread : σ of the expert effects.
    strength : κ, how many tickets of its own a cell needs to count as much as its prior.
    """

    overall: float
    topic_rate: Array
    expert_effect: Array
    spread: float
    strength: float


def shrink(
    expert: NDArray[np.int64],
    topic: NDArray[np.int64],
    resolved: Array,
    n: Array,
    *,
    experts: int,
    topics: int,
) -> Shrinkage:
    """Estimate everything from cells.

    Parameters
    ----------
    expert, topic : ``(cells,)`` positions.
    resolved, n : ``(cells,)`` tickets resolved and in all, > 0; weighted, so not necessarily whole.
    experts, topics : how many there are.
    """
    # Half a success and half a failure more (Jeffreys): the log odds stay finite where all or none were resolved.
    overall = float((resolved.sum() + 0.5) / (n.sum() + 1))
    topic_rate = _topic_rates(topic, resolved, n, overall, topics)
    base = logit(topic_rate)[topic]
    effect, spread = np.zeros(experts), 0.0
    strength = prior_strength(resolved, n, expit(base))
    for _ in range(TURNS):
        counted = (strength + 1) / (n + strength)
        spread = _spread(expert, resolved * counted, n * counted, base, experts)
        effect = _effects(expert, resolved * counted, n * counted, base, experts, spread)
        before, strength = strength, prior_strength(resolved, n, expit(base + effect[expert]))
        if abs(np.log(strength / before)) < 1e-3:
            break
    counted = (strength + 1) / (n + strength)
    likelihood = _spread_likelihood(expert, resolved * counted, n * counted, base, experts)
    of_experts = likelihood(spread) - likelihood(SPREAD[0])
    mean = expit(base + effect[expert])
    of_pairs = marginal_log_likelihood(resolved, n, mean, strength)
    of_pairs -= marginal_log_likelihood(resolved, n, mean, STRENGTH[0])
    if max(of_experts, of_pairs) < EVIDENCE:
        effect, spread, strength = np.zeros(experts), SPREAD[0], STRENGTH[0]
    return Shrinkage(overall, topic_rate, effect, spread, strength)


def totals(group: NDArray[np.int64], values: Array, groups: int) -> Array:
    """``(groups,)`` the sum of the values of each group."""
    return np.asarray(np.bincount(group, values, groups), np.float64)


def _topic_rates(topic: NDArray[np.int64], resolved: Array, n: Array, overall: float, topics: int) -> Array:
    """``(topics,)`` the rate of each topic, drawn towards that of all tickets."""
    good, total = totals(topic, resolved, topics), totals(topic, n, topics)
    strength = prior_strength(good, total, np.full(topics, overall))
    return np.asarray((good + strength * overall) / (total + strength))


def prior_strength(resolved: Array, n: Array, mean: Array) -> float:
    """κ of beta priors with these means at which the counts are likeliest.

    Parameters
    ----------
    resolved, n : ``(cells,)`` counts.
    mean : ``(cells,)`` in (0, 1), of each cell's prior.

    Returns
    -------
    κ within `STRENGTH`; the larger end where the counts show no difference beyond chance, or could show none.
    """
    return _likeliest(lambda strength: marginal_log_likelihood(resolved, n, mean, strength), STRENGTH)


def marginal_log_likelihood(resolved: Array, n: Array, mean: Array, strength: float) -> float:
    """Log probability of the counts under beta-binomials, without the (constant) binomial coefficients."""
    a, b = strength * mean, strength * (1 - mean)
    return float(np.sum(betaln(a + resolved, b + n - resolved) - betaln(a, b)))


def _spread(expert: NDArray[np.int64], resolved: Array, n: Array, base: Array, experts: int) -> float:
    """σ at which the counts are likeliest."""
    return _likeliest(_spread_likelihood(expert, resolved, n, base, experts), SPREAD)


def _spread_likelihood(
    expert: NDArray[np.int64], resolved: Array, n: Array, base: Array, experts: int
) -> Callable[[float], float]:
    """The marginal likelihood of σ, by Laplace's approximation for each expert."""

    def likelihood(spread: float) -> float:
        effect = _effects(expert, resolved, n, base, experts, spread)
        odds = base + effect[expert]
        counts = np.sum(resolved * odds - n * np.logaddexp(0, odds))
        curvature = _curvature(expert, n, odds, experts, spread)
        prior = -0.5 * np.sum((effect / spread) ** 2) - 0.5 * np.sum(np.log(spread**2 * curvature))
        return float(counts + prior)

    return likelihood


def _effects(expert: NDArray[np.int64], resolved: Array, n: Array, base: Array, experts: int, spread: float) -> Array:
    """``(experts,)`` the likeliest effects given σ, by Newton's method with steps of at most 2 in log odds."""
    effect = np.zeros(experts)
    for _ in range(STEPS):
        odds = base + effect[expert]
        slope = totals(expert, resolved - n * expit(odds), experts) - effect / spread**2
        step = np.clip(slope / _curvature(expert, n, odds, experts, spread), -2, 2)
        effect = effect + step
        if np.abs(step).max() < 1e-8:
            break
    return effect


def _curvature(expert: NDArray[np.int64], n: Array, odds: Array, experts: int, spread: float) -> Array:
    """``(experts,)`` minus the second derivative of the log posterior of each effect."""
    return totals(expert, n * expit(odds) * expit(-odds), experts) + 1 / spread**2


def _likeliest(likelihood: Callable[[float], float], bounds: tuple[float, float]) -> float:
    """Where a function of one positive number is largest: the best of a grid, then refined around it.

    Of equally good points the first counts, towards ``bounds[0]``.
    """
    grid = np.linspace(float(np.log(bounds[0])), float(np.log(bounds[1])), GRID)
    values = np.array([likelihood(float(np.exp(at))) for at in grid])
    best = int(np.argmax(values >= values.max() - ROUNDING))
    if best == 0:
        return bounds[0]
    ends = float(grid[best - 1]), float(grid[min(best + 1, GRID - 1)])
    found = minimize_scalar(
        lambda at: -likelihood(float(np.exp(at))),
        bounds=(min(ends), max(ends)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(np.exp(found.x))
