"""MaskablePPO with the shared scorer: it begins as the clone, keeps to the mask, counts by time, and ends as numpy."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra rl")
pytest.importorskip("sb3_contrib", reason="needs the extra rl")

from sb3_contrib.common.maskable.utils import get_action_masks  # noqa: E402
from stable_baselines3.common.env_checker import check_env  # noqa: E402

from deskmatch.learning import PPOSettings, RoutingEnv, Scored, Scorer, learn_ppo  # noqa: E402
from deskmatch.learning.ppo import ScorerPolicy, _TimedBuffer  # noqa: E402
from deskmatch.simulation import Scenario, simulate  # noqa: E402


def desk() -> Scenario:
    return Scenario.load(
        {
            "horizon_s": 1800,
            "channels": {"call": {"patience": 120}},
            "types": {
                "a": {"channel": "call", "arrivals": {"per_hour": 90}, "handling": 180},
                "b": {"channel": "call", "arrivals": {"per_hour": 60}, "handling": 120},
            },
            "groups": {"all": {"experts": 4}, "one": {"experts": 3, "topics": {"a": 0.9}}},
        }
    )


def policy_of(env: RoutingEnv, start: Scorer) -> ScorerPolicy:
    return ScorerPolicy(env.observation_space, env.action_space, lambda _: 1e-3, start=start)


def test_stable_baselines_own_check_finds_nothing() -> None:
    check_env(RoutingEnv(desk()), warn=False)  # it would warn of observations that are tables


def test_the_actor_is_the_scorer_that_it_begins_with() -> None:
    env, start = RoutingEnv(desk()), Scorer.random(np.random.default_rng(1))
    policy = policy_of(env, start)
    observation, _ = env.reset(seed=1)
    with torch.no_grad():
        scores = policy.mlp_extractor.forward_actor(torch.tensor(observation[None]).flatten(1))[0].numpy()
    assert np.allclose(scores, start(observation), atol=1e-5)
    assert np.allclose(policy.scorer().flat, start.flat)


def test_the_whole_network_is_indifferent_to_the_order_of_experts() -> None:
    env = RoutingEnv(desk())
    policy = policy_of(env, Scorer.random(np.random.default_rng(2)))
    observation, _ = env.reset(seed=1)
    order = np.append(np.random.default_rng(3).permutation(len(observation) - 1), len(observation) - 1)
    with torch.no_grad():
        rows, value = policy.mlp_extractor(torch.tensor(observation[None]).flatten(1))
        other_rows, other_value = policy.mlp_extractor(torch.tensor(observation[None, order]).flatten(1))
    assert torch.allclose(rows[:, order], other_rows, atol=1e-5)
    assert torch.allclose(value, other_value, atol=1e-5)


def test_rewards_count_less_the_usual_and_are_discounted_by_the_time_that_passes() -> None:
    env = RoutingEnv(desk())
    buffer = _TimedBuffer(3, env.observation_space, env.action_space, "cpu", gae_lambda=1.0, gamma=1.0, memory_s=10.0)
    buffer.rewards[:, 0] = [1.0, 2.0, 4.0]
    buffer.elapsed_s[:, 0] = [0.0, 10.0, 20.0]
    buffer.values[:, 0] = [0.5, -1.0, 3.0]
    buffer.compute_returns_and_advantage(torch.tensor([8.0]), np.array([False]))
    first, second, third = 1.0, 2.0 - 7 / 30 * 10, 4.0 - 7 / 30 * 20
    last = third + np.exp(-2) * 8.0
    after = second + np.exp(-1) * last
    assert buffer.returns[:, 0].tolist() == pytest.approx([first + after, after, last])
    buffer.episode_starts[1] = True
    buffer.compute_returns_and_advantage(torch.tensor([8.0]), np.array([True]))
    assert buffer.returns[:, 0].tolist() == pytest.approx([first, second + np.exp(-1) * third, third])


@pytest.mark.parametrize("work_conserving", [False, True])
def test_it_learns_within_the_mask_and_ends_as_a_policy_in_numpy(work_conserving: bool) -> None:
    refused: list[bool] = []
    step = RoutingEnv.step

    def watched(self: RoutingEnv, action: np.int64):  # type: ignore[no-untyped-def]
        result = step(self, action)
        refused.append(result[-1]["refused"])
        return result

    start = Scorer.random(np.random.default_rng(4), (8,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RoutingEnv, "step", watched)
        learned = learn_ppo(
            desk(), start, transitions=256, work_conserving=work_conserving, looks=1, judged_by=1,
            settings=PPOSettings(decisions=64, runs=2, batch=32, rounds=2, critic_first=0.4),
        )  # fmt: skip
    assert len(refused) == 256 and not any(refused)
    assert learned.transitions.tolist() == [0, 128, 256]
    assert learned.scorer.about["learner"] == "ppo"
    policy = Scored.of(learned.scorer, desk())
    assert policy.work_conserving is work_conserving
    assert simulate(desk(), policy, seed=1).arrived > 0


def test_the_same_seed_learns_the_same_weights() -> None:
    start, settings = Scorer.random(np.random.default_rng(5), (4,)), PPOSettings(decisions=32, runs=2, batch=32)
    first, again, other = (
        learn_ppo(desk(), start, transitions=64, seed=seed, looks=0, judged_by=1, settings=settings)
        for seed in (1, 1, 2)
    )
    assert (first.points == again.points).all()
    assert (first.scorer.flat == again.scorer.flat).all()
    assert first.transitions.tolist() == other.transitions.tolist() == [0, 64]


def test_the_mask_reaches_the_learner() -> None:
    env = RoutingEnv(desk())
    env.reset(seed=1)
    assert (get_action_masks(env) == env.action_masks()).all()


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        PPOSettings(rate=0.0)
    with pytest.raises(ValueError, match=r"trace = 1.5: .* less than or equal to 1"):
        PPOSettings(trace=1.5)
    with pytest.raises(ValueError, match="transitions: found 0"):
        learn_ppo(desk(), Scorer.random(np.random.default_rng(0)), transitions=0)
