"""Tuning keeps the settings that earned most, and counts what it used."""

from __future__ import annotations

import numpy as np
import pytest

from deskmatch.learning import Learned, Scorer, tune


def test_the_settings_that_earned_most_are_kept_and_all_transitions_counted() -> None:
    pytest.importorskip("optuna", reason="needs the extra tune")
    scorer = Scorer.random(np.random.default_rng(0), ())

    def learn(settings: float) -> Learned:
        return Learned(scorer, np.array([0, 100]), np.array([-9.0, -abs(settings - 3.0)]))

    found = tune(learn, lambda trial: trial.suggest_float("x", 0.0, 10.0), trials=12, seed=1)
    assert max(found.points) == -abs(found.settings - 3.0)
    assert len(found.points) == 12
    assert found.transitions == 1200
    assert tune(learn, lambda trial: trial.suggest_float("x", 0.0, 10.0), trials=12, seed=1) == found


def test_no_trial_is_no_tuning() -> None:
    with pytest.raises(ValueError, match="trials"):
        tune(lambda settings: None, lambda trial: None, trials=0)  # type: ignore[arg-type, return-value]
