"""The clairvoyant bound: above every policy on the same customers, and exact where nobody has to wait."""

from __future__ import annotations

from typing import Any

import pytest

from deskmatch.errors import ScenarioError
from deskmatch.learning import clairvoyant_bound
from deskmatch.policies import fcfs, most_qualified
from deskmatch.simulation import Scenario, simulate


def desk(experts: int = 2, **of_type: Any) -> Scenario:
    kind = {"channel": "call", "handling": 180, "max_hops": 0, **of_type}
    return Scenario.load(
        {
            "horizon_s": 3600.0,
            "drain_s": 36_000.0,
            "channels": {"call": {"patience": 200}},
            "reward": {"default": {"slope_below": 0.0005, "slope_above": 0.0005}},
            "types": {f"t{k}": {**kind, "arrivals": {"per_hour": 40}} for k in (0, 1)},
            "groups": {
                "g0": {"experts": experts, "topics": {"t0": 0.9, "t1": 0.6}, "speed": 0.8},
                "g1": {"experts": experts, "topics": {"t1": 0.9}},
            },
        }
    )


@pytest.mark.parametrize("step_s", [10.0, 30.0])
def test_no_policy_exceeds_the_bound(step_s: float) -> None:
    for number in range(3):
        bound = clairvoyant_bound(desk(), seed=1, replication=number, step_s=step_s)
        for policy in (fcfs(), most_qualified()):
            run = simulate(desk(), policy, seed=1, replication=number)
            assert run.arrived == bound.tickets
            assert run.kpis()["reward_expected"] <= bound.bound + 1e-9


def test_a_shorter_step_bounds_more_tightly() -> None:
    fine, coarse = (clairvoyant_bound(desk(), seed=2, step_s=step).bound for step in (5.0, 40.0))
    assert fine < coarse


def test_where_nobody_waits_the_bound_is_what_the_best_experts_come_to() -> None:
    scenario = desk(experts=60)
    found = simulate(scenario, most_qualified(), seed=3).kpis()["reward_expected"]
    assert clairvoyant_bound(scenario, seed=3).bound == pytest.approx(found, abs=1e-6)


def with_groups(**own: float) -> dict[str, Any]:
    return {name: {**group, **own} for name, group in desk().to_dict()["groups"].items()}


def test_what_it_does_not_hold_for_is_refused() -> None:
    with pytest.raises(ScenarioError, match="max_hops = 0"):
        clairvoyant_bound(desk(max_hops=2))
    with pytest.raises(ScenarioError, match=r"types\.t0\.seen_as"):
        clairvoyant_bound(desk(seen_as={"t1": 0.5}))
    with pytest.raises(ScenarioError, match="no hazard_by_queue"):
        clairvoyant_bound(desk(hazard_by_queue=[1.0, 2.0]))
    for changes, said in (
        ({"channels": {name: {"progress": [1.0, 0.5]} for name in desk().channels}}, r"progress: expected none"),
        ({"pace_run_cv": 0.1}, "pace_run_cv of 0"),
        *(
            ({"groups": with_groups(**own)}, "a speed_cv of 0 and no after_work")
            for own in ({"speed_cv": 0.1}, {"after_work": 9})
        ),
    ):
        with pytest.raises(ScenarioError, match=said):
            clairvoyant_bound(desk().replace(**changes))
