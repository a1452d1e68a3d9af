"""Cautious probabilities, against the beta posterior that they are quantiles and tail means of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import beta

from deskmatch import Epoch, HistoricalRate, Proficiency, Robust, assign, check_resolution_model
from deskmatch.errors import ContractError, InputError

HISTORY = pd.DataFrame(
    {
        "expert_id": ["ana"] * 60 + ["bo"] * 60 + ["cem"] * 3,
        "topic": (["billing"] * 30 + ["dns"] * 30) * 2 + ["dns"] * 3,
        "resolved_first_contact": [1, 1, 1, 0, 1, 0] * 10 + [1, 0, 0, 1, 0, 0] * 10 + [1, 1, 1],
    }
)
EXPERTS = pd.DataFrame(
    {"expert_id": ["ana", "bo", "cem"], "channels": "chat:2", "languages": "en", "topics": "billing:0.5|dns:0.5"}
)
TICKETS = pd.DataFrame({"ticket_id": ["t1"], "channel": ["chat"], "language": ["en"], "topic": ["dns"]})
ARCS = {
    "ticket": np.zeros(4, np.int32),
    "expert": np.array([0, 1, 2, 2], np.int32),
    "topic": np.array([1, 1, 1, -1], np.int32),
}


@pytest.fixture(scope="module")
def model() -> HistoricalRate:
    return HistoricalRate.fit(HISTORY)


@pytest.fixture(scope="module")
def epoch() -> Epoch:
    return Epoch.from_tables(TICKETS, EXPERTS)


def posterior(model: HistoricalRate, expert: str) -> tuple[float, float]:
    """The beta distribution of an expert's rate on dns, by the delta method from what the model shows."""
    table = model.table()
    row = table[(table["expert_id"] == expert) & (table["topic"] == "dns")].iloc[0]
    own = table[table["expert_id"] == expert]
    prior = expit(logit(model.topic_rate) + model.expert_effect[model.expert_ids.index(expert)])
    kappa, m = model.strength, prior[model.topics.index("dns")]
    counted = own["n"] * (kappa + 1) / (own["n"] + kappa)
    spread_of = [p * (1 - p) for p in (prior[model.topics.index(topic)] for topic in own["topic"])]
    doubt = 1 / ((counted * spread_of).sum() + model.spread**-2)
    slope = kappa / (row["n"] + kappa) * m * (1 - m)
    variance = row["rate"] * (1 - row["rate"]) / (row["n"] + kappa + 1) + slope**2 * doubt
    total = row["rate"] * (1 - row["rate"]) / variance - 1
    return row["rate"] * total, (1 - row["rate"]) * total


def test_intervals_are_those_of_the_posterior(model: HistoricalRate, epoch: Epoch) -> None:
    lower, upper = model.interval(epoch, **ARCS, coverage=0.8)
    for place, expert in enumerate(("ana", "bo", "cem")):
        a, b = posterior(model, expert)
        assert (lower[place], upper[place]) == pytest.approx((beta.ppf(0.1, a, b), beta.ppf(0.9, a, b)))
    width = upper - lower
    assert width[2] > 2 * width[0]  # three tickets against sixty
    check_resolution_model(model)


def test_intervals_hold_the_true_rates_nearly_as_often_as_they_say() -> None:
    """Nearly: κ and σ count as known, so that they are a little narrow. The noise of 400 experts is 0.015."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(20):
        effects, names = rng.normal(0, 0.8, 20), [f"e{k}" for k in range(20)]
        counts = rng.integers(2, 60, 20)
        expert = np.repeat(np.arange(20), counts)
        resolved = rng.random(len(expert)) < expit(effects[expert])
        history = pd.DataFrame(
            {"expert_id": np.array(names)[expert], "topic": "dns", "resolved_first_contact": resolved}
        )
        roster = pd.DataFrame({"expert_id": names, "channels": "chat:1", "languages": "en", "topics": "dns:0.5"})
        every, none = np.arange(20, dtype=np.int32), np.zeros(20, np.int32)
        desk = Epoch.from_tables(TICKETS, roster)
        fit = HistoricalRate.fit(history)
        lower, upper = fit.interval(desk, ticket=none, expert=every, topic=none, coverage=0.9)
        held.append((lower <= expit(effects)) & (expit(effects) <= upper))
    assert 0.8 < np.mean(held) < 0.95


def test_an_unknown_expert_is_in_more_doubt_than_a_known_one(model: HistoricalRate, tmp_path: Path) -> None:
    more = pd.concat([EXPERTS, EXPERTS.iloc[[0]].assign(expert_id="new")])
    arcs = {"ticket": np.zeros(2, np.int32), "expert": np.array([0, 3], np.int32), "topic": np.ones(2, np.int32)}
    desk = Epoch.from_tables(TICKETS, more)
    lower, upper = model.interval(desk, **arcs, coverage=0.8)
    assert upper[1] - lower[1] > upper[0] - lower[0]
    model.save(tmp_path / "model.npz")
    again = HistoricalRate.load(tmp_path / "model.npz").interval(desk, **arcs, coverage=0.8)
    np.testing.assert_array_equal(again, (lower, upper))


def test_caution_is_the_quantile_and_the_mean_of_the_tail(model: HistoricalRate, epoch: Epoch) -> None:
    a, b = posterior(model, "cem")
    lower = Robust(model, "lower", share=0.2).probability(epoch, **ARCS)  # type: ignore[arg-type]
    cvar = Robust(model, "cvar", share=0.2).probability(epoch, **ARCS)  # type: ignore[arg-type]
    assert lower[2] == pytest.approx(beta.ppf(0.2, a, b))
    tail = quad(lambda share: beta.ppf(share, a, b), 0, 0.2)[0] / 0.2
    assert cvar[2] == pytest.approx(tail, abs=1e-3)
    assert (cvar <= lower).all()
    assert (lower <= model.probability(epoch, **ARCS)).all()
    for caution in ("lower", "cvar"):
        check_resolution_model(Robust(model, caution))  # type: ignore[arg-type]


def test_a_plan_avoids_whom_little_is_known_of(model: HistoricalRate, epoch: Epoch) -> None:
    assert assign(epoch, resolution=model).expert_of == {"t1": "cem"}
    for robust in ("lower", "cvar"):
        assert assign(epoch, resolution=model, robust=robust).expert_of == {"t1": "ana"}


def test_caution_needs_intervals_and_sane_parameters(model: HistoricalRate, epoch: Epoch) -> None:
    with pytest.raises(InputError, match=r"HistoricalRate\.fit"):
        assign(epoch, robust="lower")
    with pytest.raises(InputError, match=r"found Proficiency; expected a model with interval"):
        assign(epoch, resolution=Proficiency(), robust="lower")
    with pytest.raises(InputError) as error:
        Robust(HistoricalRate, "worst", share=0.7)  # type: ignore[arg-type]
    assert [defect.column for defect in error.value.defects] == ["resolution", "share", "robust"]


class Crooked:
    """Intervals that are wrong in a way of one's choice."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def probability(self, epoch: Epoch, **arcs: NDArray[np.int32]) -> NDArray[np.float64]:
        return Proficiency().probability(epoch, **arcs)

    def interval(self, epoch: Epoch, *, coverage: float, **arcs: NDArray[np.int32]) -> object:
        half = np.full(len(arcs["ticket"]), 0.5)
        reach = 0.4 * coverage
        return {
            "crossed": (half + 0.1, half - 0.1),
            "shrinking": (half - 0.4 + reach, half + 0.4 - reach),
            "outside": (half - 1.0, half),
            "one end": half,
        }[self.kind]


@pytest.mark.parametrize(
    ("kind", "told"),
    [("crossed", "above its upper"), ("shrinking", "wider than"), ("outside", "from 0 to 1"), ("one end", "raises")],
)
def test_wrong_intervals_are_found(kind: str, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        check_resolution_model(Crooked(kind))
