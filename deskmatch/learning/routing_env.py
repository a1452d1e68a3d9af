"""`RoutingEnv`: a scenario as a Gymnasium environment, one decision for each waiting ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deskmatch.epochs import Desk, Epoch
from deskmatch.errors import ContractError, DeskmatchError
from deskmatch.learning.features import FEATURES, LIMIT, FeatureMaker
from deskmatch.learning.ticket_classes import ExpectedArrivals, TicketClasses
from deskmatch.learning.visit import Visit
from deskmatch.policies.protocol import Decision, Trigger
from deskmatch.simulation.run import run_of, seeds_of
from deskmatch.simulation.scenario import Scenario
from deskmatch.simulation.score_so_far import ScoreSoFar
from deskmatch.simulation.sinks import InMemory
from deskmatch.simulation.state import SimulationState, advance, begin

try:
    import gymnasium
except ImportError:
    raise DeskmatchError("RoutingEnv needs gymnasium: pip install 'deskmatch[rl]'") from None

__all__ = ["RoutingEnv"]

Observation = NDArray[np.float32]
Info = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Outside:
    """Stands for whoever acts in the environment; it is asked, and never answers by itself."""

    trigger: Trigger
    name: str = "routing environment"

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> None:
        return None

    def decide(self, epoch: Epoch, state: None) -> tuple[Decision, None]:
        raise ContractError("the decisions of an environment come from its step")


class RoutingEnv(gymnasium.Env[Observation, np.int64]):
    """A run of a scenario in which each waiting ticket for whom somebody has room is given to an expert, or held.

    The tickets are visited one by one, whoever waits longest first, whenever a ticket comes or an expert has room
    again (or every `epoch_s` seconds); after the last, time goes on to the next such instant. The rewards of a run add
    up to the scenario's own `Reward`, with expected resolutions: the indicator ``reward_expected``. A ticket counts
    when it is begun, waits as they pass, losses as they happen.

    An observation is one row of `FEATURES` for each expert, 0 for those who are no candidates, and a last one for
    holding the ticket. An action is a row. `action_masks` says which may be chosen; any other holds the ticket (the
    last resort where nobody may idle: the first candidate), and ``info["refused"]`` is true.

    Parameters
    ----------
    scenario : a `Scenario`, or what `Scenario.load` takes. A run of it is an episode.
    epoch_s : seconds between epochs; None: after every event.
    work_conserving : nobody may idle while a ticket waits whom the expert could serve.
    scale : what rewards are multiplied by; the sum is not `Reward`'s any more where it is not 1.
    expected : arrivals; None: the scenario's mean rates.

    Raises
    ------
    DeskmatchError
        Where gymnasium is not installed (extra ``rl``).
    ScenarioError
        Where the scenario is wrong.
    ValueError
        Where `epoch_s` or `scale` is not a finite number above 0.

    Attributes
    ----------
    visit : the epoch under way and the ticket whose turn it is; None before and after a run.

    Examples
    --------
    >>> env = RoutingEnv({
    ...     "horizon_s": 3600,
    ...     "channels": {"call": {}},
    ...     "types": {"billing": {"channel": "call", "arrivals": {"per_hour": 60}, "handling": 180}},
    ...     "groups": {"front": {"experts": 4}},
    ... })
    >>> observation, info = env.reset(seed=1)
    >>> observation.shape, env.action_masks().tolist()
    ((5, 31), [True, True, True, True, True])
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 (Gymnasium's own name and type)

    def __init__(
        self,
        scenario: Scenario | Mapping[str, Any] | str | Path,
        *,
        epoch_s: float | None = None,
        work_conserving: bool = False,
        scale: float = 1.0,
        expected: ExpectedArrivals | None = None,
    ) -> None:
        if not 0 < scale < np.inf:
            raise ValueError(f"scale: found {scale!r}; expected a finite number above 0")
        self.scenario = Scenario.load(scenario)
        self.work_conserving, self.scale = work_conserving, scale
        self._policy = _Outside(Trigger(epoch_s))
        self._expected = ExpectedArrivals.of(self.scenario) if expected is None else expected
        self._channels = self.scenario.routing.for_desk(self.scenario.desk)
        shape = (self.scenario.n_experts + 1, len(FEATURES))
        self.observation_space = gymnasium.spaces.Box(-LIMIT, LIMIT, shape, np.float32)
        self.action_space = gymnasium.spaces.Discrete(shape[0])
        self._state: SimulationState | None = None
        self.visit: Visit | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Info]:
        """Begin a run.

        Parameters
        ----------
        seed : of the runs from now on; None: the next one in their sequence.
        options : ``{"seed": 1, "replication": 0}`` sees the very customers of `simulate` with these.

        Returns
        -------
        observation : ``(experts + 1, features)``; zeros where the run is over without a decision.
        info : see `step`.
        """
        super().reset(seed=seed)
        options = options or {}
        unknown = sorted(set(options) - {"seed", "replication"})
        if unknown:
            raise ContractError(f"options: found {', '.join(map(repr, unknown))}; expected seed and replication")
        own = int(options.get("seed", self.np_random.integers(1 << 32)))
        self._seeds = (own, int(options.get("replication", 0)))
        customers, rng = seeds_of(*self._seeds)
        self._rows, self._score = InMemory(), ScoreSoFar(self.scenario)
        state = begin(self.scenario, self._policy, self._rows, seed=customers, rng=rng)
        self._state, self._points, self._clock_s = state, 0.0, 0.0
        self._epochs: list[tuple[float, int, int, int]] = []
        self._classes = TicketClasses(state.makers[0].desk, self._expected)
        self._features = FeatureMaker(self._classes, self.scenario.tables.reward)
        self._go_on(None)
        return self._observation(), self._info(0.0, refused=False)

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, Info]:
        """Give the ticket whose turn it is to an expert, or hold it.

        Returns
        -------
        observation : of the next ticket.
        reward : points between this decision and the next.
        terminated : the run is over.
        truncated : never.
        info : ``elapsed_s``: seconds between this decision and the next; ``time_s``; ``refused``: the action was
            masked; at the end ``run``: its `Run`.
        """
        if self._state is None:
            raise ContractError("step: expected reset to be called first")
        visit, refused = self.visit, False
        before = self._clock_s
        reward = 0.0
        if visit is not None:
            mask = visit.mask()
            refused = not mask[action]
            if refused:
                action = np.int64(len(mask) - 1 if mask[-1] else np.argmax(mask))
            visit.take(int(action))
            if visit.ticket < 0:
                reward = self._go_on(visit)
        info = self._info(self._clock_s - before, refused=refused)
        return self._observation(), reward, self.visit is None, False, info

    def action_masks(self) -> NDArray[np.bool_]:
        """``(experts + 1,)`` the actions that may be taken now; the last is to hold."""
        if self.visit is None:
            return np.append(np.zeros(self.scenario.n_experts, bool), True)
        return self.visit.mask()

    def _go_on(self, visit: Visit | None) -> float:
        """Carry out what has been decided, and let time pass to the next ticket; the points in between."""
        state = self._state
        assert state is not None
        while True:
            decision = Decision() if visit is None else visit.decision()
            if visit is not None:
                self._epochs.append((self._clock_s, 0, visit.epoch.n_tickets, len(decision)))
            point = advance(state, decision)
            if point is None:
                self.visit, self._clock_s = None, state.now_s
                break
            self._clock_s = point.time_s
            visit = Visit(point.epoch, self._classes, self._channels, work_conserving=self.work_conserving)
            if visit.ticket >= 0:
                self.visit = visit
                break
        before, self._points = self._points, self._total(state)
        return self.scale * (self._points - before)

    def _total(self, state: SimulationState) -> float:
        if not state.finished:
            return self._score.now(state, self._rows)
        seed, replication = self._seeds
        self.run = run_of(
            state,
            self._rows.source(),
            policy=self._policy.name,
            seed=seed,
            replication=replication,
            epochs=self._epochs,
        )
        return self.run.kpis()["reward_expected"]

    def _observation(self) -> Observation:
        if self.visit is None:
            return np.zeros(self.observation_space.shape or (), np.float32)
        return self._features.of(self.visit)

    def _info(self, elapsed_s: float, *, refused: bool) -> Info:
        info: Info = {"elapsed_s": elapsed_s, "time_s": self._clock_s, "refused": refused}
        if self.visit is None:
            info["run"] = self.run
        return info


gymnasium.register("deskmatch/Routing-v0", entry_point="deskmatch.learning.routing_env:RoutingEnv")
