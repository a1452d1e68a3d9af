"""Handling times, patience, answers to call backs: against closed forms, scipy, and data made from known laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import CensoredData, ecdf, weibull_min

from deskmatch.errors import ContractError, InputError
from deskmatch.prediction import (
    ExponentialPatience,
    IsotonicNoAnswer,
    KaplanMeierPatience,
    LogisticNoAnswer,
    LognormalTime,
    WeibullPatience,
    check_no_answer_model,
    check_patience_model,
    check_service_time_model,
)
from deskmatch.prediction.crossed import crossed_effects
from deskmatch.prediction.storage import load_stored, save_stored

LAWS = (ExponentialPatience, WeibullPatience, KaplanMeierPatience)


def waits(n: int = 4000, shape: float = 0.7, factor: float = 1.0, seed: int = 1) -> pd.DataFrame:
    """Waits under Weibull patience, answered after exponential times; topic b has `factor` times the hazard."""
    rng = np.random.default_rng(seed)
    topic = rng.choice(["a", "b"], n)
    patience = 200.0 * (rng.exponential(size=n) / np.where(topic == "b", factor, 1.0)) ** (1 / shape)
    answered = rng.exponential(100.0, n)
    return pd.DataFrame({"wait_s": np.minimum(patience, answered), "abandoned": patience < answered, "topic": topic})


def test_balanced_groups_give_the_closed_form_of_maximum_likelihood() -> None:
    rng = np.random.default_rng(3)
    groups, each = 40, 12
    y = np.repeat(rng.normal(0, 2, groups), each) + rng.normal(0, 1, groups * each)
    codes = np.repeat(np.arange(groups), each)
    found = crossed_effects(y, np.ones(len(y)), [(codes, groups)])
    means = y.reshape(groups, each).mean(axis=1)
    within = float(((y.reshape(groups, each) - means[:, None]) ** 2).sum() / (groups * (each - 1)))
    between = float(((means - means.mean()) ** 2).mean()) - within / each  # Searle, Casella, McCulloch, 3.7
    assert found.noise**2 == pytest.approx(within, rel=1e-3)
    assert found.spreads[0] ** 2 == pytest.approx(between, rel=1e-3)
    shrunken = (means - means.mean()) * between / (between + within / each)
    np.testing.assert_allclose(found.effects[0], shrunken, rtol=2e-3, atol=2e-3)


def test_experts_who_do_not_differ_are_not_told_apart() -> None:
    rng = np.random.default_rng(5)
    history = pd.DataFrame(
        {
            "expert_id": rng.integers(0, 20, 4000).astype(str),
            "topic": rng.choice(["x", "y"], 4000),
            "handling_s": rng.lognormal(5, 1, 4000),
        }
    )
    model = LognormalTime.fit(history)
    assert np.abs(model.expert_effect).max() < 0.05
    assert model.spreads[1] < 0.05


def test_effects_of_experts_and_topics_are_found_again() -> None:
    rng = np.random.default_rng(7)
    expert, topic = rng.integers(0, 10, 6000), rng.integers(0, 4, 6000)
    a, b = rng.normal(0, 0.5, 4), rng.normal(0, 0.3, 10)
    seconds = np.exp(5 + a[topic] + b[expert] + rng.normal(0, 0.8, 6000))
    history = pd.DataFrame({"expert_id": expert.astype(str), "topic": topic.astype(str), "handling_s": seconds})
    model = LognormalTime.fit(history)
    found = model.topic_effect[:, None] + model.expert_effect + model.mean_log
    np.testing.assert_allclose(found, 5 + a[:, None] + b, atol=0.15)
    np.testing.assert_allclose(model.noise, 0.8, atol=0.05)
    exponential = -np.log(seconds.mean()) - 1.0
    assert model.log_likelihood(history) > exponential
    centre, variance = model.log_parameters(["0", "new"], ["1", "1"])
    assert variance[1] > variance[0] + 0.02  # an unseen expert has the whole spread of experts
    assert centre[1] == pytest.approx(model.mean_log + model.topic_effect[1])


def test_models_keep_their_protocols(tmp_path: Path) -> None:
    history = pd.DataFrame(
        {"expert_id": ["ana", "bo", "ana"], "topic": ["billing", "SEO", "seo"], "handling_s": [0, 30, 400]}
    )
    times = LognormalTime.fit(history)
    check_service_time_model(times)
    times.save(tmp_path / "times")
    check_service_time_model(LognormalTime.load(tmp_path / "times"))
    for law in LAWS:
        model = law.fit(waits(300))
        check_patience_model(model, (None, "a", "B", "other"))
        model.save(tmp_path / "law")
        again = law.load(tmp_path / "law")
        at = np.array([0.0, 3.0, 1e4])
        assert again.survival(at, "b").tolist() == model.survival(at, "b").tolist()
        with pytest.raises(InputError, match="LognormalTime"):
            LognormalTime.load(tmp_path / "law")
    calls = pd.DataFrame({"wait_s": [1, 2, 3, 4], "answered": [True, False, True, False]})
    for kind in (IsotonicNoAnswer, LogisticNoAnswer):
        answer = kind.fit(calls)
        check_no_answer_model(answer)
        answer.save(tmp_path / "answer")
        assert kind.load(tmp_path / "answer").probability(at).tolist() == answer.probability(at).tolist()


def test_files_that_hold_no_such_model_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "times"
    LognormalTime.fit(pd.DataFrame({"expert_id": ["a", "b"], "topic": "x", "handling_s": [1, 9]})).save(path)
    good = load_stored(path)
    none = {name: np.zeros(0, np.int32) for name in ("expert", "topic")}
    arrays: list[dict[str, Any]] = [
        {**none, "pair_effect": np.zeros(0), "pair_doubt": np.zeros(0)},
        {"expert": good.arrays["expert"][::-1].copy()},
        {"topic_effect": np.array([np.nan])},
        {"unknown": np.zeros(1)},
    ]
    for change in arrays:
        save_stored(path, replace(good, arrays={**good.arrays, **change}))
        with pytest.raises(InputError, match="expected a file written by LognormalTime"):
            LognormalTime.load(path)
    headers: list[dict[str, Any]] = [{"mean_log": 10**400}, {"topics": 3}, {"mean_log": "much"}]
    for change in headers:
        save_stored(path, replace(good, header={**good.header, **change}))
        with pytest.raises(InputError, match="expected a file written by LognormalTime"):
            LognormalTime.load(path)


def test_checks_refuse_models_that_break_the_protocols() -> None:
    class Rising:
        def survival(self, wait_s: Any, topic: str | None = None) -> Any:
            return np.minimum(1.0, 0.5 + wait_s)

    class Percent:
        def probability(self, wait_s: Any) -> Any:
            return 100.0 * np.ones(len(wait_s))

    class Backwards:
        def mean_s(self, epoch: Any, *, ticket: Any, expert: Any, topic: Any) -> Any:
            return np.ones(len(ticket))

        def quantile_s(self, epoch: Any, *, ticket: Any, expert: Any, topic: Any, p: float) -> Any:
            return np.full(len(ticket), 2.0 - p)

    with pytest.raises(ContractError, match="at 0"):
        check_patience_model(Rising())
    with pytest.raises(ContractError, match="no probability"):
        check_no_answer_model(Percent())
    with pytest.raises(ContractError, match="smaller p"):
        check_service_time_model(Backwards())
    for check in (check_patience_model, check_no_answer_model, check_service_time_model):
        with pytest.raises(ContractError, match="no method"):
            check(object())  # type: ignore[operator]


def test_exponential_patience_is_waited_time_over_those_who_gave_up() -> None:
    table = waits()
    model = ExponentialPatience.fit(table.drop(columns="topic"))
    assert model.mean_s == pytest.approx(table["wait_s"].sum() / table["abandoned"].sum())
    rate = 1 / model.mean_s  # log likelihood of censored exponentials: d log λ − λ Σ t
    d, n = table["abandoned"].sum(), len(table)
    assert model.log_likelihood(table.drop(columns="topic")) == pytest.approx((d * np.log(rate) - d) / n)


def test_weibull_patience_finds_its_parameters_again_and_beats_the_exponential() -> None:
    model = WeibullPatience.fit(waits(20000))
    assert model.shape == pytest.approx(0.7, abs=0.02)
    assert model.mean_s == pytest.approx(200 * 1.2658, rel=0.1)  # Γ(1 + 1/0.7)
    at = np.array([0.1, 0.9])
    np.testing.assert_allclose(model.quantile_s(at), weibull_min(0.7, scale=200).ppf(at), rtol=0.1)
    other = waits(5000, seed=2)
    assert model.log_likelihood(other) > ExponentialPatience.fit(waits(20000)).log_likelihood(other)


def test_kaplan_meier_lies_on_the_curve_of_scipy_and_is_as_good_as_the_true_law() -> None:
    table = waits(20000)
    model = KaplanMeierPatience.fit(table)
    curve = ecdf(CensoredData.right_censored(table["wait_s"], ~table["abandoned"])).sf
    at = np.array([2.0, 10.0, 60.0, 300.0])
    np.testing.assert_allclose(model.survival(at), curve.evaluate(at), atol=0.015)  # straight between the knots
    np.testing.assert_allclose(model.survival(model.quantile_s(np.array([0.2, 0.9]))), [0.8, 0.1])
    other = waits(5000, seed=2)
    assert model.log_likelihood(other) > ExponentialPatience.fit(table).log_likelihood(other)
    assert model.log_likelihood(other) == pytest.approx(WeibullPatience.fit(table).log_likelihood(other), abs=0.01)


@pytest.mark.parametrize("law", LAWS)
def test_topics_whose_customers_hurry_more_are_told_apart_and_others_not(law: Any) -> None:
    model = law.fit(waits(8000, shape=1.0, factor=2.0))
    assert model.factor_of("b") / model.factor_of("A") == pytest.approx(2.0, rel=0.15)
    alike = law.fit(waits(8000, shape=1.0))
    assert alike.factor_of("b") / alike.factor_of("a") == pytest.approx(1.0, abs=0.06)
    assert alike.factor_of("new") == 1.0


def test_one_instant_is_enough_for_a_curve() -> None:
    table = pd.DataFrame({"wait_s": [5, 5], "abandoned": [1, 1]})
    model = KaplanMeierPatience.fit(table)
    check_patience_model(model)
    assert model.mean_s == pytest.approx(5.0)


def test_no_answer_grows_with_the_wait_as_in_the_calls() -> None:
    rng = np.random.default_rng(4)
    wait = rng.uniform(0, 7200, 20000)
    truth = 1 / (1 + np.exp(2.0 - 0.6 * np.log1p(wait / 60)))
    calls = pd.DataFrame({"wait_s": wait, "answered": rng.random(20000) >= truth})
    at = np.array([300.0, 1800.0, 6000.0])
    wanted = 1 / (1 + np.exp(2.0 - 0.6 * np.log1p(at / 60)))
    np.testing.assert_allclose(LogisticNoAnswer.fit(calls).probability(at), wanted, atol=0.02)
    np.testing.assert_allclose(IsotonicNoAnswer.fit(calls).probability(at), wanted, atol=0.06)
    always = LogisticNoAnswer.fit(pd.DataFrame({"wait_s": [5, 9000], "answered": [1, 0]}))
    assert np.isfinite(always.slope)  # separable calls have no likeliest slope; the prior gives one


def test_what_is_wrong_in_a_table_is_listed() -> None:
    bad = pd.DataFrame({"wait_s": [-1, "x", 3], "abandoned": [0, 1, "maybe"]})
    with pytest.raises(InputError) as error:
        ExponentialPatience.fit(bad)
    assert len(error.value.defects) == 3
    with pytest.raises(InputError, match="who gave up"):
        KaplanMeierPatience.fit(pd.DataFrame({"wait_s": [1], "abandoned": [False]}))
    with pytest.raises(InputError, match="handling_s"):
        LognormalTime.fit(pd.DataFrame({"expert_id": ["a"], "topic": ["b"]}))
    with pytest.raises(InputError, match="at least one row"):
        LognormalTime.fit(pd.DataFrame({"expert_id": [], "topic": [], "handling_s": []}))
    with pytest.raises(InputError, match="at least one call"):
        LogisticNoAnswer.fit(pd.DataFrame({"wait_s": [], "answered": []}))
    with pytest.raises(InputError, match="rising"):
        IsotonicNoAnswer([2.0, 1.0], [0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="two knots"):
        KaplanMeierPatience([0.0], [0.0])  # type: ignore[arg-type]
