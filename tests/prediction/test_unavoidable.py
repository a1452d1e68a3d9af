"""`unavoidable_floor` against histories of which the unavoidable share is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from deskmatch.prediction.unavoidable import _largest, unavoidable_floor


def test_the_largest_of_beta_variables_against_draws() -> None:
    a, b = np.array([4.0, 9.0, 30.0]), np.array([6.0, 6.0, 30.0])
    draws = beta.rvs(a, b, size=(200_000, 3), random_state=0).max(axis=1)
    assert _largest(a, b) == pytest.approx((draws.mean(), *np.quantile(draws, [0.05, 0.95])), abs=3e-3)


def test_the_floor_is_what_was_drawn_and_not_the_luckiest_count() -> None:
    """30 experts of 40 tickets, skill from 0.5 to 1: the best resolve all that can be, and 20 % cannot."""
    floors, lucky = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        who = np.repeat(np.arange(30), 40)
        rate = 0.8 * np.linspace(0.5, 1.0, 30)
        frame = pd.DataFrame({"expert_id": who, "topic": "t", "resolved_first_contact": rng.random(1200) < rate[who]})
        row = unavoidable_floor(frame).iloc[0]
        floors.append(row["floor"])
        lucky.append(1 - frame.groupby("expert_id")["resolved_first_contact"].mean().max())
        assert row["lower"] <= row["floor"] <= row["upper"]
        assert row["preventable"] == pytest.approx(row["not_resolved"] - row["floor"])
    assert np.mean(floors) == pytest.approx(0.2, abs=0.04)
    assert abs(np.mean(floors) - 0.2) < abs(np.mean(lucky) - 0.2)
