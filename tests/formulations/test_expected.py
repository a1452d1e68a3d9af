"""What is no epoch and what is no plan is refused in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import deskmatch
from deskmatch.errors import InputError
from deskmatch.formulations import MaxMin, alternatives, fair_plan, fairness_report, pareto, sensitivity
from deskmatch.prediction.robust import robust_model


@pytest.mark.parametrize(
    "function", [sensitivity, lambda x: alternatives(x, 2), lambda x: fair_plan(x, MaxMin()), fairness_report]
)
def test_what_is_no_plan_is_refused(function: Callable[[object], object]) -> None:
    with pytest.raises(InputError, match="argument plan: found None; expected a Plan"):
        function(None)


@pytest.mark.parametrize("function", [deskmatch.assign, lambda x: pareto(x, objectives=("resolution", "waiting"))])
def test_what_is_no_epoch_is_refused(function: Callable[[object], object]) -> None:
    with pytest.raises(InputError, match=r"argument epoch: found 'tickets\.csv'; expected an Epoch"):
        function("tickets.csv")


def test_an_unknown_caution_is_told_beside_a_model_that_is_missing() -> None:
    with pytest.raises(InputError, match=r"(?s)argument resolution: found None.*argument robust: found 'mean'"):
        robust_model(None, "mean")
