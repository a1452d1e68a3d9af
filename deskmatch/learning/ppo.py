"""`learn_ppo`: a scorer learned by proximal policy optimisation with masks (needs the extra ``rl``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.errors import DeskmatchError
from deskmatch.learning.features import EXPERT_FEATURES, FEATURES
from deskmatch.learning.judging import Learned
from deskmatch.learning.record import Record
from deskmatch.learning.routing_env import RoutingEnv
from deskmatch.learning.scorer import Scorer
from deskmatch.learning.settings import LearnerSettings, Whole
from deskmatch.routing.validation import NonNegative, Positive, Probability
from deskmatch.simulation.scenario import Scenario

try:
    import torch
    from sb3_contrib import MaskablePPO
    from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
    from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.vec_env import DummyVecEnv
    from torch import nn
except ImportError:
    raise DeskmatchError("learn_ppo needs torch and sb3-contrib: pip install 'deskmatch[rl]'") from None

__all__ = ["PPOSettings", "ScorerPolicy", "learn_ppo"]

CANDIDATE = FEATURES.index(EXPERT_FEATURES[0])
"""The column that is 1 in rows that may be chosen."""


class PPOSettings(LearnerSettings):
    """How proximal policy optimisation learns.

    Parameters
    ----------
    rate : of learning, > 0; falls evenly to a tenth of it.
    memory_s : seconds, > 0, in which the weight of a later reward falls to 1/e: a reward after Δt counts
        exp(−Δt / memory_s). Several times a handling time is too long: what comes then has other causes, and hides
        what a choice has done.
    decisions : that are simulated between two improvements, in each of `runs` runs side by side, ≥ 1.
    runs : side by side, ≥ 1.
    batch, rounds : decisions in one step of the gradient, and how often each is used, ≥ 1.
    entropy : weight of keeping the choice open, ≥ 0.
    trace : λ of generalised advantages, in [0, 1]; the lower, the more the critic stands for what was not awaited,
        and the less chance there is in what is learned from.
    critic_first : share of the transitions in which only the critic learns.

    Raises
    ------
    RoutingError
        Lists every key that is unknown or out of range; a `ValueError`.
    """

    rate: Positive = 1.5e-3
    memory_s: Positive = 200.0
    decisions: Whole = 64
    runs: Whole = 16
    batch: Whole = 256
    rounds: Whole = 8
    entropy: NonNegative = 0.003
    trace: Probability = 0.5
    critic_first: Probability = 0.1


def learn_ppo(
    scenario: Scenario,
    start: Scorer,
    *,
    transitions: int,
    seed: int = 0,
    settings: PPOSettings | None = None,
    work_conserving: bool = False,
    looks: int = 10,
    judged_by: int = 4,
) -> Learned:
    """Improve a scorer by its own experience: MaskablePPO of sb3-contrib, with `ScorerPolicy`.

    Rewards are discounted by the time that passes and not by decisions (a semi-Markov decision process): tickets of one
    instant are not discounted against each other. They count less the mean reward a second so far, so that the critic
    need only learn what makes a state better or worse than usual.

    Parameters
    ----------
    scenario : a run of it is an episode.
    start : where it begins; mostly a clone of a rule.
    transitions : simulated decisions, ≥ 1; the last batch is finished.
    seed : of the network, of what is tried, and of the customers that are learned from.
    settings : how it learns.
    work_conserving : nobody may idle while a ticket waits whom the expert could serve.
    looks : how often it is judged on the way, besides at the start and at the end.
    judged_by : runs of each such look; they count as no transitions.

    Raises
    ------
    DeskmatchError
        On import, where torch or sb3-contrib is not installed (extra ``rl``).
    ValueError
        On budgets below 1, and looks below 0.
    """
    record = Record(
        scenario, transitions=transitions, looks=looks, judged_by=judged_by, work_conserving=work_conserving
    )
    settings = settings or PPOSettings()
    environments = DummyVecEnv(
        [lambda: RoutingEnv(scenario, work_conserving=work_conserving) for _ in range(settings.runs)]
    )
    environments.seed(1_000_000 * (seed + 1))
    model = MaskablePPO(
        ScorerPolicy,
        environments,
        learning_rate=lambda left: settings.rate * (0.1 + 0.9 * max(left, 0.0)),
        n_steps=settings.decisions,
        batch_size=settings.batch,
        n_epochs=settings.rounds,
        gamma=1.0,
        gae_lambda=settings.trace,
        ent_coef=settings.entropy,
        rollout_buffer_class=_TimedBuffer,
        rollout_buffer_kwargs={"memory_s": settings.memory_s},
        policy_kwargs={"start": start},
        seed=seed,
        device="cpu",
    )
    model.learn(transitions, callback=_Watch(record, settings.critic_first * transitions))
    return record.learned(learner="ppo", seed=seed)


class ScorerPolicy(MaskableActorCriticPolicy):
    """An actor that scores each row of an observation by the same weights, and a critic that pools them.

    Parameters
    ----------
    start : the scorer with which it begins.
    arguments, settings : those of `MaskableActorCriticPolicy`.
    """

    def __init__(self, *arguments: Any, start: Scorer, **settings: Any) -> None:
        self._start = start
        super().__init__(*arguments, **{**settings, "ortho_init": False})

    def _build(self, lr_schedule: Any) -> None:
        self.mlp_extractor = _SharedScorer(self._start)
        self.action_net = nn.Identity()
        self.value_net = nn.Linear(self.mlp_extractor.latent_dim_vf, 1)
        self.optimizer = self.optimizer_class(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)

    def scorer(self) -> Scorer:
        """What it has learned."""
        layers = [each for each in self.mlp_extractor.actor if isinstance(each, nn.Linear)]
        return Scorer(
            tuple(each.weight.detach().numpy().T.copy() for each in layers),
            tuple(each.bias.detach().numpy().copy() for each in layers),
            self._start.about,
        )


class _SharedScorer(nn.Module):
    """Scores of the rows, and what the critic is told: means over the candidates beside the row of holding."""

    latent_dim_vf = 96

    def __init__(self, start: Scorer) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for weight, bias in zip(start.weights, start.biases, strict=True):
            layer = nn.Linear(*weight.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.tensor(weight.T))
                layer.bias.copy_(torch.tensor(bias))
            layers += [layer, nn.Tanh()]
        self.actor = nn.Sequential(*layers[:-1])
        self.critic = nn.Sequential(nn.Linear(len(FEATURES), 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh())

    def forward(self, flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.forward_actor(flat), self.forward_critic(flat)

    def forward_actor(self, flat: torch.Tensor) -> torch.Tensor:
        rows: torch.Tensor = self.actor(flat.reshape(len(flat), -1, len(FEATURES)))
        return rows[:, :, 0]

    def forward_critic(self, flat: torch.Tensor) -> torch.Tensor:
        rows = flat.reshape(len(flat), -1, len(FEATURES))
        seen = self.critic(rows)
        able = rows[:, :-1, CANDIDATE : CANDIDATE + 1]
        mean = (seen[:, :-1] * able).sum(dim=1) / able.sum(dim=1).clamp(min=1.0)
        return torch.cat((mean, seen[:, -1]), dim=1)


class _TimedBuffer(MaskableRolloutBuffer):
    """Decisions with the time that passed after each, by which later rewards are discounted."""

    def __init__(self, *arguments: Any, memory_s: float, **settings: Any) -> None:
        self._memory_s, self._earned, self._passed_s = memory_s, 0.0, 0.0
        super().__init__(*arguments, **settings)

    def reset(self) -> None:
        super().reset()
        self.elapsed_s = np.zeros((self.buffer_size, self.n_envs), np.float32)

    def compute_returns_and_advantage(self, last_values: torch.Tensor, dones: NDArray[Any]) -> None:
        """Generalised advantages (J. Schulman et al., 2016, equation 16) with a discount for each step.

        Of rewards less the mean of all so far for the seconds that passed.
        """
        self._earned += float(self.rewards.sum())
        self._passed_s += float(self.elapsed_s.sum())
        gains = self.rewards - self._earned / max(self._passed_s, 1e-9) * self.elapsed_s
        kept = np.exp(-self.elapsed_s / self._memory_s)
        following, goes_on = last_values.clone().cpu().numpy().flatten(), 1.0 - dones.astype(np.float32)
        advantage = np.zeros(self.n_envs, np.float32)
        for step in reversed(range(self.buffer_size)):
            gain = gains[step] + kept[step] * goes_on * following - self.values[step]
            advantage = gain + kept[step] * goes_on * self.gae_lambda * advantage
            self.advantages[step] = advantage
            following, goes_on = self.values[step], 1.0 - self.episode_starts[step]
        self.returns = self.advantages + self.values


class _Watch(BaseCallback):
    """Notes the time after each decision, lets the critic begin alone, and looks at the scorer from time to time."""

    def __init__(self, record: Record, alone: float) -> None:
        super().__init__()
        self._record, self._alone = record, alone

    def _on_rollout_start(self) -> None:
        if self._record.due(self.num_timesteps):
            self._look()
        for parameter in self.model.policy.mlp_extractor.actor.parameters():
            parameter.requires_grad = self.num_timesteps >= self._alone

    def _on_step(self) -> bool:
        buffer = self.model.rollout_buffer
        buffer.elapsed_s[buffer.pos] = [info["elapsed_s"] for info in self.locals["infos"]]
        return True

    def _on_training_end(self) -> None:
        self._look()

    def _look(self) -> None:
        self._record.look(self.model.policy.scorer(), self.num_timesteps)
