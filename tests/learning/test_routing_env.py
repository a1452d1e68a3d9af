"""The environment is the simulator: same records, same reward; and what it shows names nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from deskmatch.epochs import Desk, Epoch, Staffing
from deskmatch.errors import ContractError, ScenarioError
from deskmatch.learning import RoutingEnv
from deskmatch.learning.features import FEATURES, FeatureMaker
from deskmatch.learning.ticket_classes import ExpectedArrivals, TicketClasses
from deskmatch.learning.visit import Visit
from deskmatch.policies import Decision, Policy, Rule, fcfs, preference_lists
from deskmatch.policies.checks import _small_epochs
from deskmatch.routing import Reward, Routing
from deskmatch.simulation import Scenario, advance, begin, simulate
from deskmatch.simulation.engine.scoring import has_somebody_else
from deskmatch.simulation.score_so_far import ScoreSoFar
from deskmatch.simulation.sinks import InMemory

HOUR = 3600
BusyDesk = Callable[..., Scenario]
Asked = Callable[[Rule], Policy]


@pytest.fixture
def desk(busy_desk: BusyDesk) -> BusyDesk:
    """An hour and a half of the busy desk, with rewards of its own."""
    reward = {"spread": -1.0, "channels": {"chat": {"value": 2.0, "target_s": 120}}}

    def make(**changes: Any) -> Scenario:
        return busy_desk(**{"horizon_s": 1.5 * HOUR, "warmup_s": 0.2 * HOUR, "reward": reward, **changes})

    return make


def follow(env: RoutingEnv, rule: Rule, options: dict[str, int]) -> tuple[list[float], Any]:
    """Act as a rule decides; the rewards, and the run."""
    _, info = env.reset(options=options)
    assert env.visit is not None
    state = rule.initial_state(env.visit.epoch.desk, None, np.random.default_rng(0))
    rewards: list[float] = []
    epoch, given = None, {}
    while env.visit is not None:
        if env.visit.epoch is not epoch:
            epoch = env.visit.epoch
            decision, state = rule.decide(epoch, state)
            given = dict(zip(decision.ticket.tolist(), decision.expert.tolist(), strict=True))
        _, reward, _, _, info = env.step(np.int64(given.get(env.visit.ticket, env.scenario.n_experts)))
        assert not info["refused"]
        rewards.append(reward)
    return rewards, info["run"]


@pytest.mark.parametrize(
    "rule", [fcfs(), fcfs("fastest"), preference_lists(groups={"billing": ["first", ["second", "third"]]})],
    ids=lambda rule: rule.name,
)  # fmt: skip
def test_acting_as_a_rule_writes_the_records_of_the_rule(rule: Rule, desk: BusyDesk, asked: Asked) -> None:
    scenario = desk()
    _, run = follow(RoutingEnv(scenario), rule, {"seed": 3, "replication": 2})
    by_itself = simulate(scenario, asked(rule), seed=3, replication=2)
    assert run.rows.tobytes() == by_itself.rows.tobytes()


def test_the_rewards_of_a_run_add_up_to_the_scenarios_reward(desk: BusyDesk) -> None:
    rewards, run = follow(RoutingEnv(desk()), fcfs(), {"seed": 1})
    assert sum(rewards) == pytest.approx(run.kpis()["reward_expected"])
    assert len(rewards) > 100


@pytest.mark.parametrize("drain_s", [0.0, 4 * HOUR])
def test_the_score_so_far_ends_as_the_indicator(drain_s: float, desk: BusyDesk, asked: Asked) -> None:
    scenario = desk(drain_s=drain_s, reward={"channels": {"chat": {"value": 2.0}}, "default": {"target_s": 20}})
    rows, score, policy = InMemory(), ScoreSoFar(scenario), asked(fcfs())
    state = begin(scenario, policy, rows, seed=7, rng=np.random.default_rng(0))
    memory = policy.initial_state(state.makers[0].desk, None, np.random.default_rng(0))
    point = advance(state)
    while point is not None:
        score.now(state, rows)
        decision, memory = policy.decide(point.epoch, memory)
        point = advance(state, decision)
    from deskmatch.simulation.engine.records import Outcome
    from deskmatch.simulation.run import run_of

    run = run_of(state, rows.source(), policy="fcfs", seed=7, replication=0, epochs=[])
    in_hand = int((run.rows["outcome"] == Outcome.IN_HAND).sum())
    gap = abs(score.now(state, rows) - run.kpis()["reward_expected"])
    if drain_s:
        assert in_hand == 0
        assert gap < 1e-6
    else:
        assert in_hand > 0
        assert 0 < gap < 2.0 * in_hand  # what is in hand counts here, and not there


def test_the_score_so_far_knows_who_is_left_to_go_on_with_a_ticket(desk: BusyDesk, asked: Asked) -> None:
    """Three experts, of whom one cannot serve everything, hand tickets on until nobody is left."""
    few = {
        "one": {"experts": 1, "channels": {"call": 1, "chat": 2}, "topics": {"billing": 0.3, "dns": 0.2}},
        "two": {"experts": 1, "channels": {"call": 1, "callback": 1}, "topics": {"*": 0.3}, "tier": 2},
        "three": {"experts": 1, "channels": {"chat": 3}, "topics": {"dns": 0.4}},
    }
    scenario = desk(groups=few, horizon_s=8 * HOUR, warmup_s=0, drain_s=40 * HOUR, reward={})
    rows, score, policy = InMemory(), ScoreSoFar(scenario), asked(fcfs())
    state = begin(scenario, policy, rows, seed=7, rng=np.random.default_rng(0))
    memory = policy.initial_state(state.makers[0].desk, None, np.random.default_rng(0))
    point, told = advance(state), {}
    while point is not None:
        inside = np.flatnonzero(state.layout.tickets["phase"] == 1)
        own = state.layout.tickets[inside]
        left = [
            has_somebody_else(score._able[each["type"]], had, each["barred"], each["expert"])
            for each, had in zip(own, state.layout.excluded[inside], strict=True)
        ]
        told.update(zip(zip(own["root"].tolist(), own["attempt"].tolist(), strict=True), left, strict=True))
        score.now(state, rows)
        decision, memory = policy.decide(point.epoch, memory)
        point = advance(state, decision)
    from deskmatch.simulation.run import run_of

    run = run_of(state, rows.source(), policy="fcfs", seed=7, replication=0, epochs=[])
    recorded = {(row["root"], row["attempt"]): row["onward"] for row in run.rows if row["outcome"] in (0, 1, 2, 8)}
    both = told.keys() & recorded.keys()
    assert {told[key] for key in both} == {0, 1}
    assert all(told[key] == recorded[key] for key in both)
    assert score.now(state, rows) == pytest.approx(run.kpis()["reward_expected"])


def test_gymnasiums_own_check_finds_nothing(desk: BusyDesk) -> None:
    env = gymnasium.make("deskmatch/Routing-v0", scenario=desk(horizon_s=HOUR, warmup_s=0))
    check_env(env.unwrapped)


def test_the_same_seed_gives_the_same_run_and_the_next_one_another(desk: BusyDesk) -> None:
    env = RoutingEnv(desk())
    first, _ = env.reset(seed=5)
    after, _ = env.reset()
    again, _ = env.reset(seed=5)
    assert (first == again).all()
    assert (first != after).any()


def random_run(env: RoutingEnv, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    env.reset(seed=seed)
    while True:
        observation, _, done, _, info = env.step(rng.choice(np.flatnonzero(env.action_masks())))
        assert not info["refused"]
        assert env.observation_space.contains(observation)
        if done:
            return info["run"]
        assert env.visit is not None
        shown = observation[:-1, FEATURES.index("candidate")] == 1
        assert (shown == env.visit.candidates()).all()


def test_any_choice_within_the_mask_is_carried_out(desk: BusyDesk) -> None:
    run = random_run(RoutingEnv(desk()), 1)
    assert sum(run.outcomes().values()) == run.arrived


def test_nobody_idles_beside_work_where_that_is_forbidden(desk: BusyDesk) -> None:
    env = RoutingEnv(desk(), work_conserving=True)
    seen = 0

    class Watched(Visit):
        def decision(self) -> Decision:
            nonlocal seen
            for ticket in np.flatnonzero(self.waiting).tolist():
                assert not self._candidates(ticket).any()
            seen += 1
            return super().decision()

    import deskmatch.learning.routing_env as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Visit", Watched)
        random_run(env, 2)
    assert seen > 100


def test_every_epoch_can_be_a_tick(desk: BusyDesk) -> None:
    run = random_run(RoutingEnv(desk(), epoch_s=20.0), 3)
    assert (np.mod(run.epochs_taken["time_s"], 20.0) == 0).all()


def test_a_masked_action_holds_the_ticket_and_says_so(desk: BusyDesk) -> None:
    env = RoutingEnv(desk())
    env.reset(seed=1)
    masked = np.flatnonzero(~env.action_masks())
    _, _, _, _, info = env.step(masked[0])
    assert info["refused"]


def permuted(epoch: Epoch, order: np.ndarray) -> Epoch:
    desk, staffing = epoch.desk, epoch.staffing
    names = ("channel_limit", "speaks", "proficiency", "general_proficiency", "tier", "has")
    other = Desk(
        expert_ids=tuple(desk.expert_ids[row] for row in order),
        channels=desk.channels, languages=desk.languages, topics=desk.topics, tags=desk.tags,
        **{name: getattr(desk, name)[order] for name in names},
    )  # fmt: skip
    names = ("load", "capacity", "occupancy", "idle_s", "acceptance", "leaves_in_s", "free_in_s")
    return Epoch(other, epoch.tickets, Staffing(**{name: getattr(staffing, name)[order] for name in names}))


def features_of(epoch: Epoch) -> np.ndarray | None:
    classes = TicketClasses(epoch.desk, ExpectedArrivals())
    visit = Visit(epoch, classes, Routing().for_desk(epoch.desk))
    return None if visit.ticket < 0 else FeatureMaker(classes, Reward()).of(visit)


def test_experts_in_another_order_have_the_same_features_in_that_order() -> None:
    rng, compared = np.random.default_rng(4), 0
    for epoch in _small_epochs():
        features = features_of(epoch)
        order = rng.permutation(epoch.n_experts)
        other = features_of(permuted(epoch, order))
        if features is not None and other is not None:
            assert np.allclose(other[:-1], features[:-1][order], atol=1e-6)
            assert np.allclose(other[-1], features[-1], atol=1e-6)
            compared += 1
    assert compared > 5


def test_the_columns_are_what_their_definitions_say(desk: BusyDesk) -> None:
    """Held against plain sums over experts and tickets, in the middle of a run in which choices are made at random."""
    env, rng, seen = RoutingEnv(desk()), np.random.default_rng(0), {"rivals": 0.0, "gain elsewhere": 0.0}
    observation, _ = env.reset(seed=8)
    for _ in range(300):
        visit = env.visit
        assert visit is not None
        classes, row = visit.classes, int(visit.of_ticket[visit.ticket])
        told = dict(zip(FEATURES, observation.T, strict=True))
        candidates = np.flatnonzero(visit.candidates())
        own = [env.scenario.tables.reward.of(name) for name in classes.desk.channels]
        stake = np.array([each.value * (each.resolved - each.preventable) for each in own])[classes.channel]
        above = np.maximum(classes.desk.tier - classes.tier[:, None], 0)
        tier = np.array([each.value * each.tier for each in own])[classes.channel]
        points = stake[:, None] * classes.resolution + tier[:, None] * above
        able = np.flatnonzero(classes.eligible[row] & visit.present)
        others = [int(visit.of_ticket[k]) for k in np.flatnonzero(visit.waiting) if visit.of_ticket[k] != row]
        rivals = sum(bool(classes.eligible[kind][candidates].any()) for kind in others)
        for j in candidates.tolist():
            near = [k for k in others if classes.eligible[k, j] and visit.free[j, classes.channel[k]] > 0]
            gain = max((points[k, j] - points[row, j] for k in near), default=0.0)
            expected = {
                "points": points[row, j],
                "to best": points[row, j] - points[row, candidates].max(),
                "to mean": points[row, j] - points[row, able].mean(),
                "others waiting": np.log1p(len(near)) / 5.0,
                "gain elsewhere": gain,
                "rivals": rivals / (1.0 + rivals),
                "candidates, share": len(candidates) / len(able),
                "waiting, share": visit.waiting.sum() / (visit.waiting.sum() + visit.present.sum()),
                "free, share": (visit.free.any(axis=1) & visit.present).sum() / visit.present.sum(),
            }
            for name, value in expected.items():
                assert told[name][j] == pytest.approx(value, abs=1e-5), name
            seen = {name: seen[name] + abs(expected[name]) for name in seen}
        assert told["rivals"][-1] == -told["rivals"][candidates[0]]
        observation, _, over, _, _ = env.step(rng.choice(np.flatnonzero(env.action_masks())))
        assert not over
    assert all(seen.values())


def test_wrong_use_is_refused_in_words(desk: BusyDesk) -> None:
    env = RoutingEnv(desk())
    with pytest.raises(ContractError, match="reset"):
        env.step(np.int64(0))
    with pytest.raises(ContractError, match="replications"):
        env.reset(options={"replications": 3})
    with pytest.raises(ScenarioError, match="horizon_s"):
        RoutingEnv({"types": {}})
    with pytest.raises(ValueError, match="scale"):
        RoutingEnv(desk(), scale=0.0)
    with pytest.raises(ValueError, match="epoch_s"):
        RoutingEnv(desk(), epoch_s=-1.0)


def test_a_run_without_a_decision_is_over_at_once() -> None:
    quiet = {"channels": {"call": {}}, "groups": {"g": {"experts": 1}}}
    types = {"t": {"channel": "call", "arrivals": {"times_s": [3000]}, "handling": 60}}
    env = RoutingEnv({"horizon_s": 1000, **quiet, "types": types})
    observation, info = env.reset(seed=1)
    assert not observation.any()
    assert info["run"].arrived == 0
    assert env.action_masks().tolist() == [False, True]
    assert env.step(np.int64(1))[2]
