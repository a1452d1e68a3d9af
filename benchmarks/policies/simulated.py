"""Desks of twelve: rules, matching and look-ahead on the same simulated customers, beside the clairvoyant bound."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.learning.contestants import learned_policies
from benchmarks.policies.desks import LOADS, SIMULATED, load_scenario
from deskmatch.epochs import Desk, Epoch
from deskmatch.formulations import Formulation
from deskmatch.learning import clairvoyant_bound, forecast_of
from deskmatch.policies import (
    Decision,
    FluidPrices,
    Greedy,
    LookAhead,
    Matching,
    OutcomePoints,
    Policy,
    PolicyImprovement,
    c_mu,
    c_mu_theta,
    fcfs,
    generalised_c_mu,
    least_flexible_first,
    longest_queue,
    max_weight,
    most_qualified,
    p_c_mu,
    queue_and_idleness_ratio,
)
from deskmatch.simulation import Scenario, compare

__all__ = ["INDICATORS", "LOOKING_AHEAD", "RULES", "contestants", "judge_simulated"]

INDICATORS = (
    "reward_expected", "first_contact_resolution", "abandonment", "wait_s", "wait_p95_s", "occupancy", "jain",
)  # fmt: skip
RULES = (
    "fcfs", "cμ", "cμ/θ", "generalised cμ", "p·cμ", "MaxWeight", "longest queue", "queue-and-idleness ratio",
    "least flexible first", "most qualified",
)  # fmt: skip
LOOKING_AHEAD = ("policy improvement", "fluid prices")


def contestants(scenario: Scenario) -> dict[str, Policy]:
    """All of them by name; one more is one more entry."""
    worth = Formulation(routing=scenario.routing, terms=(OutcomePoints(scenario.tables.reward),))
    ahead = LookAhead(forecast_of(scenario), scenario.tables.reward, PolicyImprovement(), scenario.routing)
    rules: list[Policy] = [
        fcfs(), c_mu(), c_mu_theta(), generalised_c_mu(), p_c_mu(), max_weight(), longest_queue(),
        queue_and_idleness_ratio(), least_flexible_first(), most_qualified(),
    ]  # fmt: skip
    return {
        **dict(zip(RULES, rules, strict=True)),
        "greedy, same points": Greedy(worth),
        "matching": Matching(Formulation(scenario.routing)),
        "policy improvement": ahead,
        "fluid prices": ahead.replace(outlook=FluidPrices()),
        **learned_policies(scenario),
    }


class Timed:
    """A policy that remembers how long its decisions take."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.trigger = policy, policy.trigger
        self.took_s: list[float] = []

    def initial_state(self, desk: Desk, forecast: object, rng: np.random.Generator) -> Any:
        return self.policy.initial_state(desk, forecast, rng)

    def decide(self, epoch: Epoch, state: Any) -> tuple[Decision, Any]:
        start = time.process_time()
        answer = self.policy.decide(epoch, state)
        self.took_s.append(time.process_time() - start)
        return answer


def judge_simulated(
    names: tuple[str, ...] = SIMULATED,
    loads: tuple[float, ...] = LOADS,
    *,
    replications: int,
    hours: float,
    seed: int = 77,
) -> list[dict[str, Any]]:
    """Every contestant on every desk at every load: indicators, differences to the best rule, bound, decision times."""
    return [_judge(name, load, replications, hours, seed) for name in names for load in loads]


def _judge(name: str, load: float, replications: int, hours: float, seed: int) -> dict[str, Any]:
    scenario = load_scenario(name, load).replace(horizon_s=hours * 3600, drain_s=3 * 3600.0)
    policies = contestants(scenario)
    timed = {key: Timed(each) if key not in RULES else each for key, each in policies.items()}
    result = compare(scenario, timed, replications=replications, seed=seed, progress=False)
    bounds = np.array([clairvoyant_bound(scenario, seed=seed, replication=k).bound for k in range(replications)])
    known = [each for each in INDICATORS if each in result.indicators]
    best = max(RULES, key=lambda each: result.of(each, "reward_expected").mean)
    reward = {each: result.values[:, result.policies.index(each), result.indicators.index("reward_expected"), -1]
              for each in policies}  # fmt: skip
    found: dict[str, Any] = {
        "desk": name,
        "load": load,
        "best rule": best,
        "bound": float(bounds.mean()),
        "indicators": {each: {key: result.of(each, key).mean for key in known} for each in policies},
        "to best rule": {
            each: (result.difference(each, "reward_expected", to=best).mean,
                   result.difference(each, "reward_expected", to=best).halfwidth) for each in policies
        },
        "reward": {each: values.tolist() for each, values in reward.items()},
        "bounds": bounds.tolist(),
        "decision_ms": {
            key: [float(q) * 1e3 for q in np.quantile(each.took_s, [0.5, 0.99])]
            for key, each in timed.items() if isinstance(each, Timed) and each.took_s
        },
    }  # fmt: skip
    print(name, load, best, {each: round(value[0], 2) for each, value in found["to best rule"].items()}, flush=True)
    return found
