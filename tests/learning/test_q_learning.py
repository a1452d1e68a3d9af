"""Values of choices: on a chain whose values are known, the targets are those of the equation."""

from __future__ import annotations

import numpy as np
import pytest

from deskmatch.learning import QSettings, Scored, Scorer, learn_q
from deskmatch.learning.features import FEATURES
from deskmatch.learning.network import Adam, backward, forward, layers_of
from deskmatch.learning.q_learning import _Choices, _Values
from deskmatch.simulation import Scenario

N = len(FEATURES)


def choices(*marks: float) -> _Choices:
    """One choice for each mark, which stands in the first feature."""
    rows = np.zeros((len(marks), N), np.float32)
    rows[:, 0] = marks
    return _Choices(np.arange(len(marks)), rows)


def values(settings: QSettings, transitions: int) -> _Values:
    rng = np.random.default_rng(0)
    return _Values(Scorer.random(rng, (16,)), settings, transitions, rng)


@pytest.mark.parametrize("steps", [1, 3])
def test_targets_count_rewards_by_time_less_the_usual_and_the_best_that_follows(steps: int) -> None:
    learner = values(QSettings(memory_s=10.0, steps=steps), 3)
    following = [choices(0.5, -1.0), choices(2.0), None]
    rewards, elapsed = [1.0, 2.0, 6.0], [0.0, 10.0, 20.0]
    for reward, seconds, then in zip(rewards, elapsed, following, strict=True):
        learner.note(choices(1.0).features[0], reward, seconds, then)
    usual = sum(rewards) / sum(elapsed)
    gain = [r - usual * s for r, s in zip(rewards, elapsed, strict=True)]
    flat, sizes = learner.scorer.flat, [N, 16, 1]
    best = [forward(layers_of(flat, sizes), then.features)[0].max() if then else 0.0 for then in following]
    fade = np.exp(-1.0)
    expected = {
        1: [gain[0] + best[0], gain[1] + fade * best[1], gain[2]],
        3: [gain[0] + gain[1] + fade * gain[2], gain[1] + fade * gain[2], gain[2]],
    }[steps]
    assert learner._wanted(np.arange(3), 3) == pytest.approx(expected, abs=1e-6)


def test_values_come_to_those_of_a_chain_that_can_be_solved() -> None:
    """Two kinds of instants in turn: choice 1 earns 1 at once, choice −1 earns nothing, and 3 one instant later."""
    learner = values(QSettings(memory_s=30.0, steps=1, rate=3e-3, batch=64, target_every=50), 4000)
    rng = np.random.default_rng(1)
    for _ in range(2000):
        early = rng.random() < 0.5
        learner.note(choices(1.0 if early else -1.0).features[0], float(early), 10.0, choices(0.25 if early else -0.25))
        learner.note(choices(0.25 if early else -0.25).features[0], 0.0 if early else 3.0, 10.0, choices(1.0, -1.0))
    for _ in range(4000):
        learner.learn(rate=1.0)
    scores = learner.scorer(choices(1.0, -1.0, 0.25, -0.25).features)
    fade = np.exp(-1 / 3)
    assert scores[1] - scores[0] == pytest.approx(3 * fade - 1, abs=0.02)
    assert scores[3] - scores[2] == pytest.approx(3, abs=0.02)


def test_a_step_along_the_gradient_goes_down() -> None:
    rng = np.random.default_rng(2)
    rows, wanted = rng.normal(size=(50, N)), rng.normal(size=50)
    flat, sizes = Scorer.random(rng, (8,)).flat, [N, 8, 1]
    adam, losses = Adam(len(flat), 1e-2), []
    for _ in range(60):
        scores, inside = forward(layers_of(flat, sizes), rows)
        losses.append(float(((scores - wanted) ** 2).mean()))
        flat = flat + adam.step(backward(layers_of(flat, sizes), inside, (scores - wanted) / 25))
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize("work_conserving", [False, True])
def test_it_uses_its_transitions_and_ends_as_a_policy(work_conserving: bool) -> None:
    scenario = Scenario.load(
        {
            "horizon_s": 1200,
            "channels": {"call": {"patience": 120}},
            "types": {"a": {"channel": "call", "arrivals": {"per_hour": 100}, "handling": 180}},
            "groups": {"good": {"experts": 2, "topics": {"a": 0.9}}, "fair": {"experts": 3, "topics": {"a": 0.6}}},
        }
    )
    start = Scorer.random(np.random.default_rng(3), (8,))
    settings = QSettings(batch=16, follow=0.3)
    runs = [
        learn_q(
            scenario, start, transitions=120, seed=seed, settings=settings, work_conserving=work_conserving,
            looks=1, judged_by=1,
        )
        for seed in (1, 1)
    ]  # fmt: skip
    assert runs[0].transitions.tolist() == [0, 60, 120]
    assert (runs[0].points == runs[1].points).all()
    assert Scored.of(runs[0].scorer, scenario).work_conserving is work_conserving


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="steps"):
        QSettings(steps=0)
    with pytest.raises(ValueError, match="explore"):
        QSettings(explore=1.5)
    with pytest.raises(ValueError, match="transitions: found 0; expected 1 or more; judged_by"):
        learn_q(None, Scorer.random(np.random.default_rng(0)), transitions=0, judged_by=0)  # type: ignore[arg-type]
