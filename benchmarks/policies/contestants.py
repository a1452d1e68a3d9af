"""Who takes part: rules, greedy, matching, look-ahead and learners, each with the settings that tuning may choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.learning.contestants import learned_policies
from benchmarks.policies.bank import pooled
from benchmarks.policies.desks import COURSES, Course, foreseen, load_scenario
from benchmarks.policies.wrappers import About, Seeing
from deskmatch.formulations import Formulation
from deskmatch.learning import forecast_of, learn_values
from deskmatch.policies import (
    ByChannel,
    FluidPrices,
    Forecast,
    Greedy,
    LookAhead,
    Matching,
    OutcomePoints,
    Policy,
    PolicyImprovement,
    bullseye,
    c_mu,
    c_mu_theta,
    fcfs,
    generalised_c_mu,
    idle_thresholds,
    least_flexible_first,
    longest_queue,
    longest_weighted_wait,
    max_weight,
    most_qualified,
    p_c_mu,
    preference_lists,
    queue_and_idleness_ratio,
    waiting_and_idle_time,
)
from deskmatch.routing.settings import Weights
from deskmatch.simulation import Scenario
from deskmatch.simulation.calibration import current_rule
from deskmatch.simulation.layout import resolution_of

__all__ = ["CONTESTANTS", "KINDS", "Contestant", "Scene", "contestants", "look_ahead", "worth_of_pairs"]

Values = Mapping[str, Any]
KINDS = ("rule", "matching", "look-ahead", "learner")


@dataclass(frozen=True)
class Scene:
    """A desk at a load, as contestants are made for it.

    Parameters
    ----------
    desk, load : which.
    scenario : what is simulated.
    forecast : what the desk expects.
    course : how it is run.
    """

    desk: str
    load: float
    scenario: Scenario
    forecast: Forecast
    course: Course

    @classmethod
    def of(cls, desk: str, load: float) -> Scene:
        """A desk of the track."""
        return cls(desk, load, load_scenario(desk, load), forecast_of(foreseen(desk, load)), COURSES[desk])

    @property
    def handed_on(self) -> float:
        """Share of unresolved contacts that are transferred, the mean over the types."""
        types = list(self.scenario.tables.types.values())
        shares = [(1 - own.repeat) * (1 - own.outside) * own.handed_on * (own.max_hops > 0) for own in types]
        return sum(shares) / len(shares)


@dataclass(frozen=True)
class Contestant:
    """One of the track.

    Parameters
    ----------
    name : in tables.
    kind : one of `KINDS`.
    make : the policy for a scene, with settings; without any, as it comes.
    propose : asks a trial of Optuna for settings; None: there is nothing to tune.
    """

    name: str
    kind: str
    make: Callable[[Scene, Values], Any]
    propose: Callable[[Any, Scene], dict[str, Any]] | None = None


def contestants(scene: Scene) -> list[Contestant]:
    """Those that can take part on a desk, learners with stored weights among them."""
    can = {BY_CHANNEL: len(scene.scenario.channels) > 1, LEARNED: _can_learn(scene)}
    found = [each for each in CONTESTANTS if can.get(each.name, True)]
    if scene.desk == "bank":
        found.insert(0, Contestant("current rule", "rule", lambda scene, own: current_rule(scene.scenario)))
    return found + [
        Contestant(name, "learner", lambda scene, own, name=name: learned_policies(scene.scenario)[name])  # type: ignore[misc]
        for name in learned_policies(scene.scenario)
    ]


def parts(scenario: Scenario) -> dict[str, list[str]]:
    """Queues that are tuned together: each type by itself, or those of one topic where there are many types."""
    types = scenario.tables.types
    few = len(types) <= 6
    found: dict[str, list[str]] = {}
    for each in scenario.types:
        names = found.setdefault(each.written if few else each.topic, [])
        if each.written not in names:
            names.append(each.written)
    return found


def worth_of_pairs(scenario: Scenario) -> dict[str, dict[str, float]]:
    """The probability of resolution by queue and group that may serve it, the mean over its languages."""
    p, able = resolution_of(scenario), scenario.eligible
    found: dict[str, dict[str, list[float]]] = {}
    for row, each in enumerate(scenario.types):
        for group, name in enumerate(scenario.groups):
            if able[row, group]:
                found.setdefault(each.written, {}).setdefault(name, []).append(float(p[row, group]))
    return {queue: {name: sum(own) / len(own) for name, own in groups.items()} for queue, groups in found.items()}


def _factors(trial: Any, scene: Scene) -> dict[str, Any]:
    """A factor for each part, from a third to three."""
    return {part: trial.suggest_float(part, 1 / 3, 3.0, log=True) for part in parts(scene.scenario)}


def _costs(scene: Scene, own: Values) -> dict[str, float]:
    """By queue: points a second that a waiting ticket costs, its risk of giving up included, times its factor."""
    scenario, found = scene.scenario, {}
    factor = {queue: own.get(part, 1.0) for part, queues in parts(scenario).items() for queue in queues}
    for row, each in enumerate(scenario.types):
        scores = scenario.tables.reward.of(each.settings.channel)
        patience = scenario.patience_of(row)
        at_risk = 0.0 if patience != patience else (scores.resolved - scores.lost) / patience
        found[each.written] = max(scores.value * (scores.slope_below + at_risk), 1e-9) * factor[each.written]
    return found


def _lists(scene: Scene) -> dict[str, list[str]]:
    """By queue, its groups, the one that resolves most first."""
    pairs = worth_of_pairs(scene.scenario)
    return {queue: sorted(groups, key=lambda name: -groups[name]) for queue, groups in pairs.items()}


def _thresholds(scene: Scene, own: Values) -> Policy:
    pairs, count = worth_of_pairs(scene.scenario), int(own.get("reserve", 1))
    lacking = {queue: max(groups.values()) - own.get("lack", 0.2) for queue, groups in pairs.items()}
    reserves = {
        queue: {name: count for name, p in groups.items() if p < lacking[queue]} for queue, groups in pairs.items()
    }
    return idle_thresholds(reserves, groups=_lists(scene))


def _rings(scene: Scene, own: Values) -> Policy:
    pairs, lack, wait_s = worth_of_pairs(scene.scenario), own.get("lack", 0.2), own.get("wait_s", 20.0)
    rings = {}
    for queue, groups in pairs.items():
        near = max(groups.values()) - lack
        inner = [name for name, p in groups.items() if p >= near]
        outer = [name for name in groups if name not in inner]
        rings[queue] = [(0.0, inner), *([(wait_s, outer)] if outer else [])]
    return bullseye(rings, epoch_s=None)  # asked by the engine at events, which are frequent enough


def _affine(scene: Scene, own: Values) -> Policy:
    pairs, seconds = worth_of_pairs(scene.scenario), own.get("resolution_s", 120.0)
    base = {queue: {name: seconds * p for name, p in groups.items()} for queue, groups in pairs.items()}
    idle: float = own.get("idle", 0.1)
    return waiting_and_idle_time(base, None, dict.fromkeys(scene.scenario.groups, idle))


def _shares(scene: Scene, own: Values) -> Policy:
    factor = {queue: own.get(part, 1.0) for part, queues in parts(scene.scenario).items() for queue in queues}
    return queue_and_idleness_ratio(factor if own else None)


def _worth(scene: Scene) -> Formulation:
    terms = (OutcomePoints(scene.scenario.tables.reward, scene.handed_on),)
    return Formulation(routing=scene.scenario.routing, terms=terms)


def _matching(scene: Scene, own: Values) -> Policy:
    weights = Weights(waiting=own.get("waiting", 1.0), abandonment=own.get("abandonment", 1.0))
    routing = scene.scenario.routing.model_copy(update={"weights": weights})
    return Matching(Formulation(routing), epoch_s=own.get("epoch_s"))


def look_ahead(scene: Scene, outlook: Any, **more: Any) -> Any:
    """A look-ahead for a scene; at the bank it takes experts who serve the same queues for one group."""
    scenario = scene.scenario
    settings = {"handed_on": scene.handed_on, "epoch_s": scene.course.epoch_s, **more}
    forecast = settings.pop("forecast", scene.forecast)
    reward = settings.pop("reward", scenario.tables.reward)
    ahead = LookAhead(forecast, reward, outlook, scenario.routing, **settings)
    return Seeing(ahead, lambda desk: pooled(desk, scenario)) if scene.desk == "bank" else ahead


def _improvement(scene: Scene, own: Values) -> Any:
    rounds = 15 if scene.desk == "bank" else 60
    return look_ahead(scene, PolicyImprovement(rounds=rounds, **own))


def _by_channel(scene: Scene, own: Values) -> Any:
    first, *others = scene.scenario.channels
    ahead = look_ahead(scene, PolicyImprovement())
    return ByChannel({first: ahead, **{name: p_c_mu(_costs(scene, {})) for name in others}}, name=BY_CHANNEL)


def _learned(scene: Scene, own: Values) -> Any:
    """Values learned on the twin at this load, beginning with the best of policy improvement and three rules."""
    scenario = foreseen(scene.desk, scene.load).replace(horizon_s=LEARNING_H * 3600, warmup_s=0.0)
    rules: dict[str, Policy] = {
        "idle thresholds": _thresholds(scene, {}),
        "p·cμ": p_c_mu(_costs(scene, {})),
        "preference lists": preference_lists(groups=_lists(scene)),
    }
    incumbents = list(rules.values())
    start = look_ahead(scene, PolicyImprovement())
    found = learn_values(scenario, start, incumbents=incumbents, seed=LEARNING_SEED)
    kept = {"start": "policy improvement"} | {f"incumbent {n}": name for n, name in enumerate(rules, 1)}
    return About(found.policy, {"kept": kept.get(found.name, found.name), "transitions": found.transitions})


def _can_learn(scene: Scene) -> bool:
    """On desks of twelve; larger ones would take hours, the bank's experts come and go, and nobody foresees a shock."""
    return scene.scenario.n_experts <= 12 and scene.desk != "shock"


LEARNING_H, LEARNING_SEED = 2.0, 6007
"""Length of a run that values are learned from, or that candidates are compared on; and its customers."""
BY_CHANNEL = "look-ahead for calls only"
LEARNED = "learned values"
CONTESTANTS = (
    Contestant("fcfs", "rule", lambda scene, own: fcfs()),
    Contestant("longest queue", "rule", lambda scene, own: longest_queue()),
    Contestant("longest weighted wait", "rule", lambda scene, own: longest_weighted_wait(_costs(scene, own)), _factors),
    Contestant("preference lists", "rule", lambda scene, own: preference_lists(groups=_lists(scene))),
    Contestant("cμ", "rule", lambda scene, own: c_mu(_costs(scene, own)), _factors),
    Contestant("cμ/θ", "rule", lambda scene, own: c_mu_theta(_costs(scene, own)), _factors),
    Contestant(
        "generalised cμ", "rule",
        lambda scene, own: generalised_c_mu(
            _costs(scene, {k: v for k, v in own.items() if k != "power"}), own.get("power", 1.0)
        ),
        lambda trial, scene: {**_factors(trial, scene), "power": trial.suggest_float("power", 0.0, 2.0)},
    ),
    Contestant("p·cμ", "rule", lambda scene, own: p_c_mu(_costs(scene, own)), _factors),
    Contestant("MaxWeight", "rule", lambda scene, own: max_weight(_costs(scene, own)), _factors),
    Contestant("queue-and-idleness ratio", "rule", _shares, _factors),
    Contestant(
        "waiting and idle time", "rule", _affine,
        lambda trial, scene: {
            "resolution_s": trial.suggest_float("resolution_s", 10.0, 3000.0, log=True),
            "idle": trial.suggest_float("idle", 0.001, 1.0, log=True),
        },
    ),
    Contestant("least flexible first", "rule", lambda scene, own: least_flexible_first()),
    Contestant("most qualified", "rule", lambda scene, own: most_qualified()),
    Contestant(
        "idle thresholds", "rule", _thresholds,
        lambda trial, scene: {
            "lack": trial.suggest_float("lack", 0.02, 0.5),
            "reserve": trial.suggest_int("reserve", 1, 4),
        },
    ),
    Contestant(
        "bullseye", "rule", _rings,
        lambda trial, scene: {
            "lack": trial.suggest_float("lack", 0.02, 0.5),
            "wait_s": trial.suggest_float("wait_s", 5.0, 240.0, log=True),
        },
    ),
    Contestant(
        "greedy, same points", "matching", lambda scene, own: Greedy(_worth(scene), epoch_s=scene.course.epoch_s)
    ),
    Contestant(
        "matching", "matching", _matching,
        lambda trial, scene: {
            "waiting": trial.suggest_float("waiting", 0.1, 10.0, log=True),
            "abandonment": trial.suggest_float("abandonment", 0.1, 10.0, log=True),
            "epoch_s": trial.suggest_float("epoch_s", 1.0, 10.0, log=True),
        },
    ),
    Contestant("fluid prices", "look-ahead", lambda scene, own: look_ahead(scene, FluidPrices())),
    Contestant(
        "policy improvement", "look-ahead", _improvement,
        lambda trial, scene: {
            "shared": trial.suggest_float("shared", 0.0, 0.9),
            "caution": trial.suggest_float("caution", 0.7, 1.4, log=True),
        },
    ),
    Contestant(LEARNED, "look-ahead", _learned),
    Contestant(BY_CHANNEL, "look-ahead", _by_channel),
)  # fmt: skip
