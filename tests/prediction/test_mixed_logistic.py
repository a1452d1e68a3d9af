"""The mixed logistic regression, against a general optimiser and against what its data were drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from deskmatch.prediction.mixed_logistic import CONSTANT_SPREAD, Factor, MixedLogistic, fit_mixed_logistic

Array = NDArray[np.float64]


def drawn(
    seed: int, *, expert: float, pair: float, experts: int = 40, topics: int = 6, tickets: int = 4000
) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64], int, int]:
    """Counts by cell of experts whose effects have these spreads."""
    rng = np.random.default_rng(seed)
    who, what = rng.integers(0, experts, tickets), rng.integers(0, topics, tickets)
    odds = 0.4 + rng.normal(0, 0.5, topics)[what] + rng.normal(0, 1, experts)[who] * expert
    odds += rng.normal(0, 1, (experts, topics))[who, what] * pair
    resolved = (rng.random(tickets) < expit(odds)).astype(float)
    cells, cell = np.unique(who * topics + what, return_inverse=True)
    n, good = np.bincount(cell).astype(float), np.bincount(cell, resolved).astype(float)
    return good, n, cells // topics, cells % topics, experts, topics


def fitted(data: tuple[Array, Array, NDArray[np.int64], NDArray[np.int64], int, int]) -> MixedLogistic:
    good, n, who, what, experts, topics = data
    factors = [Factor("topic", what, topics), Factor("expert", who, experts, must_earn=True)]
    return fit_mixed_logistic(good, n, factors, np.arange(len(n)), len(n))


def test_effects_are_the_mode_of_their_posterior_and_their_covariance_its_curvature() -> None:
    data = drawn(3, expert=0.8, pair=1.5, experts=8, topics=3, tickets=600)
    good, n, who, what, experts, topics = data
    found = fitted(data)
    size = 1 + topics + experts + len(n)
    precision = np.concatenate(
        (
            [CONSTANT_SPREAD**-2],
            np.full(topics, found.spreads["topic"] ** -2),
            np.full(experts, found.spreads["expert"] ** -2),
            np.full(len(n), found.spreads["cell"] ** -2),
        )
    )
    design = np.zeros((len(n), size))
    rows = np.arange(len(n))
    design[:, 0] = design[rows, 1 + what] = design[rows, 1 + topics + who] = design[
        rows, 1 + topics + experts + rows
    ] = 1

    def cost(theta: Array) -> float:
        odds = design @ theta
        return float(-(good * odds - n * np.logaddexp(0, odds)).sum() + 0.5 * precision @ theta**2)

    best = minimize(cost, np.zeros(size), method="BFGS", options={"gtol": 1e-7, "maxiter": 2000}).x
    ours = np.concatenate(([found.constant], found.effects["topic"], found.effects["expert"], found.cell_effect))
    np.testing.assert_allclose(ours, best, atol=1e-4)
    p = expit(design @ best)
    curvature = design.T @ (design * (n * p * (1 - p))[:, None]) + np.diag(precision)
    kept = 1 + topics + experts
    np.testing.assert_allclose(found.covariance, np.linalg.inv(curvature)[:kept, :kept], atol=1e-4)


def test_spreads_come_back() -> None:
    found = [fitted(drawn(seed, expert=0.7, pair=0.4, experts=60, topics=8, tickets=12_000)) for seed in range(3)]
    assert np.mean([each.spreads["expert"] for each in found]) == pytest.approx(0.7, abs=0.12)
    assert np.mean([each.spreads["cell"] for each in found]) == pytest.approx(0.4, abs=0.1)


def test_where_experts_do_not_differ_none_is_said_to() -> None:
    claims = [fitted(drawn(seed, expert=0.0, pair=0.0, tickets=2000)).spreads for seed in range(20)]
    assert sum(each["expert"] > 0 or each["cell"] > 0 for each in claims) <= 2


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_outcome_only_stays_finite(value: float) -> None:
    _, n, who, what, experts, topics = drawn(1, expert=0.5, pair=0.0, tickets=500)
    found = fitted((n * value, n, who, what, experts, topics))
    assert np.isfinite(found.constant)
    assert (found.constant > 2) == (value == 1.0)
