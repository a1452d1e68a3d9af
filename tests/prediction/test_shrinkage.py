"""Empirical Bayes against scipy's beta-binomial and against histories whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import comb, expit, logit
from scipy.stats import betabinom, binom, norm

from deskmatch.prediction import shrinkage
from deskmatch.prediction.shrinkage import (
    SPREAD,
    STRENGTH,
    Shrinkage,
    marginal_log_likelihood,
    prior_strength,
    shrink,
)

EXPERTS, TOPICS = 60, 12


def simulated(
    seed: int, *, spread: float, strength: float | None, most: int = 60
) -> tuple[dict[str, NDArray[np.float64]], Shrinkage]:
    """A history whose expert effects and rates are known, and what is estimated from it."""
    rng = np.random.default_rng(seed)
    expert, topic = np.divmod(np.flatnonzero(rng.random(EXPERTS * TOPICS) < 0.5), TOPICS)
    n = rng.integers(1, most, len(expert))
    effect, topic_rate = rng.normal(0, spread, EXPERTS), rng.beta(8, 4, TOPICS)
    mean = expit(logit(topic_rate)[topic] + effect[expert])
    rate = mean if strength is None else rng.beta(strength * mean, strength * (1 - mean))
    resolved = rng.binomial(n, rate).astype(float)
    found = shrink(expert, topic, resolved, n.astype(float), experts=EXPERTS, topics=TOPICS)
    prior = expit(logit(found.topic_rate)[topic] + found.expert_effect[expert])
    smoothed = (resolved + found.strength * prior) / (n + found.strength)
    return {"effect": effect, "rate": rate, "smoothed": smoothed, "raw": resolved / n}, found


@pytest.mark.parametrize("strength", [0.3, 4.0, 250.0])
def test_the_marginal_likelihood_is_that_of_scipys_beta_binomial(strength: float) -> None:
    resolved, n, mean = np.array([0, 3, 9, 40]), np.array([2, 7, 9, 61]), np.array([0.2, 0.5, 0.9, 0.7])
    law = betabinom(n, strength * mean, strength * (1 - mean))
    wanted = np.sum(law.logpmf(resolved) - np.log(comb(n, resolved)))
    assert marginal_log_likelihood(resolved, n, mean, strength) == pytest.approx(wanted, rel=1e-10)


def test_the_strength_of_the_prior_maximises_scipys_beta_binomial() -> None:
    rng = np.random.default_rng(1)
    n = rng.integers(1, 40, 300)
    mean = rng.uniform(0.2, 0.9, 300)
    resolved = betabinom.rvs(n, 12 * mean, 12 * (1 - mean), random_state=rng)

    def minus(log: float) -> float:
        strength = np.exp(log)
        return -float(np.sum(betabinom.logpmf(resolved, n, strength * mean, strength * (1 - mean))))

    wanted = np.exp(minimize_scalar(minus, bounds=(0, 6), method="bounded").x)
    found = prior_strength(resolved.astype(float), n.astype(float), mean)
    assert found == pytest.approx(wanted, rel=1e-3)
    assert 8 < found < 18


def test_counts_without_any_difference_give_the_strongest_prior() -> None:
    n = np.full(200, 50.0)
    assert prior_strength(np.full(200, 35.0), n, np.full(200, 0.7)) == max(STRENGTH)


def test_single_tickets_tell_no_difference_so_the_prior_is_strongest() -> None:
    resolved = np.array([1.0, 0.0, 1.0, 1.0])
    assert prior_strength(resolved, np.ones(4), np.full(4, 0.6)) == max(STRENGTH)


def test_counts_that_are_all_or_nothing_give_the_weakest_prior() -> None:
    resolved = np.array([500.0, 0.0] * 50)
    assert prior_strength(resolved, np.full(100, 500.0), np.full(100, 0.5)) == pytest.approx(min(STRENGTH), rel=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_the_truth_of_a_simulated_history_is_found(seed: int) -> None:
    truth, found = simulated(seed, spread=0.8, strength=15)
    assert 8 < found.strength < 30
    assert 0.5 < found.spread < 1.1
    assert np.corrcoef(truth["effect"], found.expert_effect)[0, 1] > 0.85


@pytest.mark.parametrize("seed", range(4))
def test_smoothed_rates_are_nearer_to_the_truth_than_raw_ones(seed: int) -> None:
    truth, found = simulated(seed, spread=0.6, strength=20, most=15)
    error = {name: np.mean((truth[name] - truth["rate"]) ** 2) for name in ("raw", "smoothed")}
    pooled = np.mean((found.overall - truth["rate"]) ** 2)
    assert error["smoothed"] < 0.7 * error["raw"]
    assert error["smoothed"] < pooled


@pytest.mark.parametrize("seed", range(6))
def test_where_experts_do_not_differ_none_is_claimed_to(seed: int) -> None:
    _, found = simulated(seed, spread=0.0, strength=None)
    assert np.abs(expit(found.expert_effect) - 0.5).max() < 0.05
    assert found.strength > 200


def test_differences_by_pair_alone_are_not_taken_for_differences_of_experts() -> None:
    _, found = simulated(3, spread=0.0, strength=5)
    assert found.spread < 0.2
    assert 3 < found.strength < 8


def test_the_expert_effect_is_the_most_probable_one_of_its_posterior() -> None:
    # One expert, one topic whose rate is known: the posterior density by hand, on a grid.
    expert, topic = np.array([0, 1]), np.array([0, 0])
    resolved, n = np.array([30.0, 700.0]), np.array([100.0, 1000.0])
    found = shrink(expert, topic, resolved, n, experts=2, topics=1)
    grid = np.linspace(-3, 1, 40_001)
    counted = (found.strength + 1) / (n[0] + found.strength)
    rate = expit(logit(found.topic_rate[0]) + grid)
    density = counted * (30 * np.log(rate) + 70 * np.log(1 - rate)) + norm.logpdf(grid, 0, found.spread)
    assert found.expert_effect[0] == pytest.approx(grid[np.argmax(density)], abs=0.02)


def test_laplaces_approximation_is_near_the_integral() -> None:
    # The likelihood of the spread, integrated over the effects by Gauss–Hermite quadrature instead.
    rng = np.random.default_rng(8)
    n = np.full(80, 40)
    resolved = rng.binomial(n, expit(0.4 + rng.normal(0, 0.7, 80)))
    one_topic = np.zeros(80, int)
    found = shrink(np.arange(80), one_topic, resolved.astype(float), n.astype(float), experts=80, topics=1)
    assert found.strength == max(STRENGTH)  # the experts explain it all
    base = float(logit(found.topic_rate[0]))
    nodes, mass = np.polynomial.hermite.hermgauss(80)

    def minus(spread: float) -> float:
        rates = expit(base + np.sqrt(2) * spread * nodes)
        marginal = binom.pmf(resolved[:, None], 40, rates) @ mass / np.sqrt(np.pi)
        return -float(np.sum(np.log(marginal)))

    wanted = minimize_scalar(minus, bounds=(0.2, 1.5), method="bounded", options={"xatol": 1e-4}).x
    assert found.spread == pytest.approx(wanted, rel=0.02)


def test_it_ends_where_turns_or_steps_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    _, wanted = simulated(0, spread=0.8, strength=15)
    monkeypatch.setattr(shrinkage, "TURNS", 3)
    monkeypatch.setattr(shrinkage, "STEPS", 4)
    _, found = simulated(0, spread=0.8, strength=15)
    assert found.strength == pytest.approx(wanted.strength, rel=0.2)
    np.testing.assert_allclose(found.expert_effect, wanted.expert_effect, atol=0.2)


@pytest.mark.parametrize("resolved", [0.0, 1.0])
def test_a_single_ticket_gives_cautious_finite_numbers(resolved: float) -> None:
    first = np.zeros(1, int)
    found = shrink(first, first, np.array([resolved]), np.ones(1), experts=1, topics=1)
    assert 0 < found.overall < 1
    assert 0 < found.topic_rate[0] < 1
    assert np.isfinite(found.expert_effect).all()
    assert found.spread >= SPREAD[0]


def test_experts_and_topics_without_tickets_take_the_mean() -> None:
    found = shrink(np.zeros(1, int), np.zeros(1, int), np.array([6.0]), np.array([10.0]), experts=3, topics=2)
    assert found.expert_effect[1:].tolist() == [0, 0]
    assert found.topic_rate[1] == pytest.approx(found.overall)
