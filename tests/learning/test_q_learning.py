"""Values of choices: on a chain whose values are known, the targets are those of the equation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from deskmatch.learning import QSettings, Scored, Scorer, learn_q
from deskmatch.learning.features import FEATURES
from deskmatch.learning.network import Adam, backward, forward, layers_of
from deskmatch.learning.q_learning import _Values
from deskmatch.simulation import Scenario

N = len(FEATURES)


def choices(*marks: float) -> NDArray[np.float32]:
    """One choice for each mark, which stands in the first feature."""
    rows = np.zeros((len(marks), N), np.float32)
    rows[:, 0] = marks
    return rows


def values(settings: QSettings, transitions: int) -> _Values:
    rng = np.random.default_rng(0)
    return _Values(Scorer.random(rng, (16,)), settings, transitions, rng)


def test_it_chooses_at_first_as_what_it_begins_with() -> None:
    start = Scorer.random(np.random.default_rng(0), (16,))
    learner = _Values(start, QSettings(temperature=0.2), 10, np.random.default_rng(1))
    rows = choices(0.7, -0.4, 1.5)
    assert learner.scorer(rows) == pytest.approx(0.2 * start(rows), abs=1e-6)
    counts = np.bincount([learner.choose(rows) for _ in range(4000)], minlength=3)
    assert counts / 4000 == pytest.approx(softmax(start(rows)), abs=0.03)


def test_targets_count_rewards_by_time_less_the_usual_what_was_preferred_and_what_follows() -> None:
    settings = QSettings(memory_s=10.0, temperature=0.5, staying=0.8, floor=0.6)
    learner = values(settings, 4)
    shown = [choices(1.0, -1.0, 0.2), choices(0.5, -3.0), choices(2.0), choices(0.1)]
    picks, rewards, elapsed = [1, 1, 0, 0], [1.0, 2.0, 6.0, 0.0], [0.0, 10.0, 20.0, 0.0]
    for rows, pick, reward, seconds in zip(shown, picks, rewards, elapsed, strict=True):
        learner.note(rows, pick, reward, seconds, goes_on=reward != 6.0)
    usual = sum(rewards) / sum(elapsed)
    scores = [np.asarray(learner.scorer(rows), float) for rows in shown]
    soft = [0.5 * logsumexp(own / 0.5) for own in scores]
    liked = [max(own[pick] - worth, -0.6) for own, pick, worth in zip(scores, picks, soft, strict=True)]
    expected = [
        rewards[0] + 0.8 * liked[0] + soft[1],
        rewards[1] - usual * 10.0 + 0.8 * liked[1] + np.exp(-1.0) * soft[2],
        rewards[2] - usual * 20.0 + 0.8 * liked[2],
    ]
    assert learner._wanted(np.arange(3)) == pytest.approx(expected, abs=1e-6)


def test_values_come_to_those_of_a_chain_that_can_be_solved() -> None:
    """Two kinds of instants in turn: choice 1 earns 1 at once, choice −1 earns nothing, and 3 one instant later."""
    settings = QSettings(memory_s=30.0, temperature=0.01, staying=0.0, rate=3e-3, batch=64, target_every=50)
    learner = values(settings, 4000)
    rng = np.random.default_rng(1)
    for _ in range(2000):
        early = bool(rng.random() < 0.5)
        learner.note(choices(1.0, -1.0), 0 if early else 1, float(early), 10.0, goes_on=True)
        learner.note(choices(0.25 if early else -0.25), 0, 0.0 if early else 3.0, 10.0, goes_on=True)
    for _ in range(4000):
        learner.learn(rate=1.0)
    scores = learner.scorer(choices(1.0, -1.0, 0.25, -0.25))
    fade = np.exp(-1 / 3)
    assert scores[1] - scores[0] == pytest.approx(3 * fade - 1, abs=0.03)
    assert scores[3] - scores[2] == pytest.approx(3, abs=0.03)


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
    settings = QSettings(batch=16)
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
    with pytest.raises(ValueError, match="every"):
        QSettings(every=0)
    with pytest.raises(ValueError, match="staying"):
        QSettings(staying=1.0)
    with pytest.raises(ValueError, match="transitions: found 0; expected 1 or more; judged_by"):
        learn_q(None, Scorer.random(np.random.default_rng(0)), transitions=0, judged_by=0)  # type: ignore[arg-type]
