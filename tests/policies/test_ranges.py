"""Numbers that policies are set by: nan, text and what is out of range are refused by name when they are given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from deskmatch.learning import forecast_of
from deskmatch.policies import (
    FluidPrices,
    Forecast,
    Greedy,
    LookAhead,
    Matching,
    OutcomePoints,
    PolicyImprovement,
    Rule,
    Trigger,
    bullseye,
    c_mu,
    fcfs,
    generalised_c_mu,
    idle_thresholds,
    longest_weighted_wait,
    queue_and_idleness_ratio,
    waiting_and_idle_time,
)
from deskmatch.simulation import Scenario

NEVER = (math.nan, -math.inf, "1", True, 10**400, None)
WRONG = {
    "any": (*NEVER, math.inf),
    "above 0": (*NEVER, math.inf, 0, -1.0),
    "above 0 or inf": (*NEVER, 0, -1.0),
    "above 0 or None": (*NEVER[:-1], math.inf, 0, -1.0),
    "≥ 0": (*NEVER, math.inf, -0.1),
    "≥ 0 or inf": (*NEVER, -0.1),
    "share": (*NEVER, math.inf, -0.1, 1.1),
    "count ≥ 0": (*NEVER, math.inf, -1, 2.5, 2.0),
    "count ≥ 1": (*NEVER, math.inf, 0, -1, 2.5, 2.0),
}
RIGHT: dict[str, tuple[Any, ...]] = {
    "any": (-2, 0.5, np.float32(3)),
    "above 0": (1, 0.5, np.int64(3)),
    "above 0 or inf": (1, math.inf),
    "above 0 or None": (0.5, np.int64(3), None),
    "≥ 0": (0, 0.5, np.int64(3)),
    "≥ 0 or inf": (0, 0.5, math.inf),
    "share": (0, 0.5, 1.0),
    "count ≥ 0": (0, 3, np.int64(3)),
    "count ≥ 1": (1, np.int64(3)),
}


def forecast() -> Forecast:
    kind = {"channel": "call", "arrivals": {"per_hour": 10}, "handling": 60}
    values = {"horizon_s": 60, "channels": {"call": {}}, "types": {"a": kind}, "groups": {"g": {"experts": 1}}}
    return forecast_of(Scenario.load(values))


SETTINGS: list[tuple[str, str, Callable[[Any], Any]]] = [
    ("rounds", "count ≥ 1", lambda value: PolicyImprovement(rounds=value)),
    ("caution", "above 0", lambda value: PolicyImprovement(caution=value)),
    ("alone", "≥ 0", lambda value: PolicyImprovement(alone=value)),
    ("shared", "share", lambda value: PolicyImprovement(shared=value)),
    ("horizon_s", "above 0", lambda value: FluidPrices(horizon_s=value)),
    ("intervals", "count ≥ 1", lambda value: FluidPrices(intervals=value)),
    ("handed_on", "share", lambda value: LookAhead(forecast(), handed_on=value)),
    ("explore", "share", lambda value: LookAhead(forecast(), explore=value)),
    ("hold_at_most_s", "≥ 0 or inf", lambda value: LookAhead(forecast(), hold_at_most_s=value)),
    ("replan_s", "above 0 or inf", lambda value: LookAhead(forecast(), replan_s=value)),
    ("epoch_s", "above 0 or None", lambda value: LookAhead(forecast(), epoch_s=value)),
    ("every_s", "above 0", lambda value: Forecast(forecast().classes, [1.0], every_s=value)),
    ("handed_on", "share", lambda value: OutcomePoints(handed_on=value)),
    ("epoch_s", "above 0 or None", lambda value: Matching(epoch_s=value)),
    ("epoch_s", "above 0 or None", lambda value: Greedy(epoch_s=value)),
    ("epoch_s", "above 0 or None", lambda value: Trigger(value)),
    ("epoch_s", "above 0 or None", lambda value: bullseye({}, epoch_s=value)),
    ("power", "≥ 0", lambda value: Rule("own", power=value)),
    ("opens_s", "≥ 0", lambda value: Rule("own", opens_s={"a": {"g": value}})),
    ("head_start_s", "any", lambda value: fcfs(head_start_s={"a": value})),
    ("weights", "above 0", lambda value: longest_weighted_wait({"a": value})),
    ("costs", "above 0", lambda value: c_mu({"a": value})),
    ("powers", "≥ 0", lambda value: generalised_c_mu(powers=value)),
    ("powers", "≥ 0", lambda value: generalised_c_mu(powers={"a": value})),
    ("reserves", "count ≥ 0", lambda value: idle_thresholds({"a": {"g": value}})),
    ("rings", "≥ 0", lambda value: bullseye({"a": [(value, ["g"])]})),
    ("queue_shares", "≥ 0", lambda value: queue_and_idleness_ratio({"a": value})),
    ("group_shares", "≥ 0", lambda value: queue_and_idleness_ratio(None, {"g": value})),
    ("base", "any", lambda value: waiting_and_idle_time({"a": {"g": value}})),
    ("waiting", "above 0", lambda value: waiting_and_idle_time(waiting={"a": value})),
    ("idle", "any", lambda value: waiting_and_idle_time(idle={"g": value})),
]


@pytest.mark.parametrize(("name", "kind", "make"), SETTINGS)
def test_what_is_no_such_number_is_refused_by_name(name: str, kind: str, make: Callable[[Any], Any]) -> None:
    for wrong in WRONG[kind]:
        with pytest.raises((ValueError, AssertionError), match=rf"{name}\b.*: found .*; expected "):
            make(wrong)
    for right in RIGHT[kind]:
        make(right)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(AssertionError, match=r"rounds: found 2.5; .*caution: found nan; .*shared: found 2"):
        PolicyImprovement(rounds=2.5, caution=math.nan, shared=2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"weights\['a'\]: found 0; .*weights\['b'\]: found -1"):
        longest_weighted_wait({"a": 0, "b": -1})
