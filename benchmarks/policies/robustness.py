"""What wrong predictions, wrong forecasts and experts who decline cost each contestant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from joblib import delayed
from numpy.typing import NDArray

from benchmarks.policies.contestants import CONTESTANTS, Contestant, Scene
from benchmarks.policies.results import Record
from benchmarks.policies.simulated import rows_of, side_by_side
from benchmarks.policies.wrappers import Seeing
from deskmatch.epochs import Desk
from deskmatch.policies import fcfs
from deskmatch.prediction import HistoricalRate
from deskmatch.simulation import Scenario, simulate
from deskmatch.simulation.calibration.learned import history_of

__all__ = ["DECLINE", "DESKS", "LOAD", "TRIED", "VARIANTS", "judge_robustness", "week_old"]

DESKS, LOAD = ("scarce_specialists",), 0.9
TRIED = ("fcfs", "p·cμ", "idle thresholds", "policy improvement")
FORECASTS = {"forecast 30 % too high": 1.3, "forecast 30 % too low": 0.7}
NOISE, BIAS, DRIFT = 0.7, 1.0, 0.35
"""In log odds: of each expert's prediction, of every other expert's, and of what a group resolves within a week."""
HISTORY_H = 40.0
ACCEPTANCE = 0.8
SEED = 5


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(p / (1 - p)))


def _moved(p: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities with their log odds moved; what is unknown, never or sure stays."""
    inside = (p > 0) & (p < 1)
    odds = _logit(np.where(inside, p, 0.5)) + by
    return np.where(inside, 1 / (1 + np.exp(-odds)), p)


def noisy(desk: Desk, scene: Scene) -> Desk:
    """Each expert's proficiency in each topic is off by itself."""
    rng = np.random.default_rng(SEED)
    return replace(desk, proficiency=_moved(desk.proficiency, rng.normal(0, NOISE, desk.proficiency.shape)))


def biased(desk: Desk, scene: Scene) -> Desk:
    """Every other expert looks better than they are, as those do who were given the easy tickets."""
    by = BIAS * (np.arange(desk.n_experts) % 2 == 0)
    return replace(desk, proficiency=_moved(desk.proficiency, by[:, None] * np.ones(desk.proficiency.shape)))


def week_old(desk: Desk, scene: Scene) -> Desk:
    """What was learned from forty hours under first come, first served, a week ago, when the groups knew other things
    than today."""
    rng, tables = np.random.default_rng(SEED), scene.scenario.to_dict()
    groups = {}
    for name, group in tables["groups"].items():
        topics = {topic: float(_moved(np.array([p]), rng.normal(0, DRIFT, 1))[0])
                  for topic, p in group["topics"].items()}  # fmt: skip
        groups[name] = {**group, "topics": topics}
    then = scene.scenario.replace(groups=groups, horizon_s=HISTORY_H * 3600, warmup_s=0.0)
    rates = HistoricalRate.fit(history_of(simulate(then, fcfs(), seed=SEED)))
    learned = desk.proficiency.copy()
    for row, expert in enumerate(desk.expert_ids):
        for column, topic in enumerate(desk.topics.names):
            if learned[row, column] > 0:
                learned[row, column] = rates.rate_of(expert, topic)
    return replace(desk, proficiency=learned)


SHOWN: dict[str, Callable[[Desk, Scene], Desk]] = {
    "predictions noisy": noisy,
    "predictions biased": biased,
    "predictions a week old": week_old,
}
DECLINE = "experts decline"
VARIANTS = ("", *SHOWN, *FORECASTS, DECLINE)
"""The first one is the desk as it is."""


def judge_robustness(*, replications: int, n_jobs: int = 1) -> Iterator[list[Record]]:
    """The contestants of `TRIED`, with the settings that they come with, under each of `VARIANTS`."""
    work = [
        delayed(_judge)(desk, name, variant, replications)
        for desk in DESKS
        for variant in VARIANTS
        for name in TRIED
        if variant not in FORECASTS or name == "policy improvement"
    ]
    yield from side_by_side(work, n_jobs)


def _judge(desk: str, name: str, variant: str, replications: int) -> list[Record]:
    scene = Scene.of(desk, LOAD)
    contestant: Contestant = next(each for each in CONTESTANTS if each.name == name)
    if variant in FORECASTS:
        scene = replace(scene, forecast=scene.forecast.times(FORECASTS[variant]))
    if variant == DECLINE:
        scene = replace(scene, scenario=_declining(scene.scenario))
    policy: Any = contestant.make(scene, {})
    if variant in SHOWN:
        policy = Seeing(policy, lambda own: SHOWN[variant](own, scene))
    rows, took = rows_of(scene, policy, replications)
    return [Record("robustness", desk, LOAD, variant, name, contestant.kind, rows, took_ms=took)]


def _declining(scenario: Scenario) -> Scenario:
    groups = scenario.to_dict()["groups"]
    return scenario.replace(groups={name: {**group, "acceptance": ACCEPTANCE} for name, group in groups.items()})
