"""Small desks: rules, matching and look-ahead against the exact optimum, all by solving chains."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from benchmarks.policies.desks import LOADS, NAMED_SMALL, load_scenario, random_desk
from deskmatch.errors import ContractError, ScenarioError
from deskmatch.formulations import Formulation
from deskmatch.learning import (
    SmallDesk,
    StateSpace,
    Table,
    clairvoyant_bound,
    evaluate,
    forecast_of,
    learn_on_chain,
    optimum,
    tabulate,
)
from deskmatch.policies import FluidPrices, Greedy, LookAhead, Matching, OutcomePoints, Policy, PolicyImprovement
from deskmatch.simulation import Scenario

__all__ = ["TUNED", "judge_desk", "judge_named", "judge_random", "looseness"]

TUNED: list[dict[str, float]] = [{}, {"caution": 0.7}, {"shared": 0.5}]
"""Values that policy improvement is tried with; the first are those that it comes with."""
MOST_STATES = 4000
MOST_ORDERS = 24
AT_ONCE = 8
"""Desks that are drawn before they are judged."""
CANDIDATES = 8
"""Rounds of value learning, each judged on the chain, as the orders of the rules are."""


def judge_named(*, n_jobs: int = 1) -> list[dict[str, Any]]:
    """The canonical designs at three loads."""
    places = [(name, load) for name in NAMED_SMALL for load in LOADS]
    judged = Parallel(n_jobs)(delayed(judge_desk)(load_scenario(*place), learn=True) for place in places)
    return [{"desk": name, "load": load, **own} for (name, load), own in zip(places, judged, strict=True)]


def judge_random(count: int, seed: int = 2024, *, n_jobs: int = 1) -> list[dict[str, Any]]:
    """Desks drawn at random, with an optimum 0.1 % or more above the best rule."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    drawn = 0
    while len(found) < count:
        values = [random_desk(rng) for _ in range(AT_ONCE)]
        for own, judged in zip(values, Parallel(n_jobs)(delayed(_judge_drawn)(own) for own in values), strict=True):
            drawn += 1
            if judged:
                found.append({"desk": f"{own['name']} {drawn}", **judged})
        print(f"{len(found)} desks of {drawn} drawn", flush=True)
    return found[:count]


def _judge_drawn(values: dict[str, Any]) -> dict[str, Any]:
    """Empty where the desk is none of those that are looked for."""
    try:
        return judge_desk(Scenario.load(values), learn=True, least=0.001)
    except ScenarioError:
        return {}


def judge_desk(scenario: Scenario, *, learn: bool, least: float = -1.0) -> dict[str, Any]:
    """Points a ticket of each contestant; empty where the desk is too large, or the best rule too near the optimum."""
    desk = SmallDesk.of(scenario, room=10)
    space = StateSpace.of(desk)
    if space.n_states > MOST_STATES:
        return {}
    best = optimum(space)
    busy = optimum(space, idling=False)
    orders = _orders(len(space.assignments))
    rules = [(evaluate(_static(space, order, {})).per_ticket, order) for order in orders]
    rule, order = max(rules)
    if best.performance.per_ticket - rule < least * abs(best.performance.per_ticket):
        return {}
    result = {
        "states": space.n_states,
        "optimum": best.performance.per_ticket,
        "gap_proven": (best.bound - best.gain) / float(desk.arrival_rate.sum()),
        "held": best.performance.held,
        "edge": best.performance.edge,
        "work-conserving optimum": busy.performance.per_ticket,
        "best static rule": rule,
        "median static rule": float(np.median([value for value, _ in rules])),
        "best reserve": max(rule, _best_reserve(space, order)),
    }
    worth = Formulation(routing=scenario.routing, terms=(OutcomePoints(scenario.tables.reward),))
    result["greedy"] = _judged(space, Greedy(worth))
    result["matching, same points"] = _judged(space, Matching(worth))
    ahead = LookAhead(forecast_of(scenario), scenario.tables.reward, FluidPrices(), scenario.routing)
    result["fluid prices"] = _judged(space, ahead)
    each = [_judged(space, ahead.replace(outlook=PolicyImprovement(**values))) for values in TUNED]
    result["policy improvement"], result["tuned improvement"] = each[0], max(each)
    if learn:
        learning = learn_on_chain(space, ahead, _static(space, order, {}), rounds=CANDIDATES)
        result["learned values"] = evaluate(learning.table).per_ticket
        result["rule kept"] = learning.policy is None
    result["best look-ahead"] = max(result["tuned improvement"], result.get("learned values", -np.inf))
    return result


def _judged(space: StateSpace, policy: Policy) -> float:
    """Points a ticket; nan where equal points are told apart by waits, so that the policy is none of the state."""
    try:
        return evaluate(tabulate(space, policy)).per_ticket
    except ContractError:
        return float("nan")


def _orders(count: int) -> list[tuple[int, ...]]:
    """Orders in which pairs of type and group are tried, all of them or a sample."""
    if count <= 4:
        return list(permutations(range(count)))
    rng = np.random.default_rng(0)
    return [tuple(rng.permutation(count).tolist()) for _ in range(MOST_ORDERS)]


def _static(space: StateSpace, order: tuple[int, ...], reserve: dict[int, int]) -> Table:
    """The first pair in the order that can be made now, again and again; some only while more experts are idle."""
    idle = space.desk.size - space.busy
    step = np.full(space.n_states, -1)
    for pair in order[::-1]:
        possible = space.assigned_to[:, pair] >= 0
        possible &= idle[:, space.assignments[pair, 1]] > reserve.get(pair, 0)
        step = np.where(possible, pair, step)
    return Table.of_steps(space, step.astype(np.int64))


def _best_reserve(space: StateSpace, order: tuple[int, ...]) -> float:
    """The best static order, with one or two idle experts kept back from one pair or two."""
    best = -np.inf
    pairs = range(len(order))
    choices: list[dict[int, int]] = [{a: n} for a in pairs for n in (1, 2)]
    choices += [{a: 1, b: 1} for a in pairs for b in pairs if a < b]
    for reserve in choices:
        try:
            best = max(best, evaluate(_static(space, order, reserve)).per_ticket)
        except ContractError:  # the reserve keeps everybody back
            continue
    return best


def shares(results: list[dict[str, Any]], name: str, *, base: str = "best static rule") -> NDArray[np.float64]:
    """``(desks, 2)`` points above the base rule: of a contestant, and of the optimum."""
    known = [each for each in results if name in each and not np.isnan(each[name])]
    return np.array([(each[name] - each[base], each["optimum"] - each[base]) for each in known])


def looseness(replications: int) -> str:
    """How far the clairvoyant bound lies above the optimum, where the optimum is known, in a sentence."""
    parts = []
    for name in ("single_queue", "n_model", "x_model"):
        scenario = load_scenario(name, 0.9).replace(drain_s=3 * 3600.0)
        best = optimum(SmallDesk.of(scenario, room=12)).performance.per_ticket
        bounds = [clairvoyant_bound(scenario, seed=9, replication=number) for number in range(replications)]
        mean = sum(each.bound for each in bounds) / sum(each.tickets for each in bounds)
        parts.append(f"{mean:.3f} against {best:.3f} points a ticket on the {scenario.tables.name}")
    return "where the optimum is known the bound comes to " + ", ".join(parts) + "."
