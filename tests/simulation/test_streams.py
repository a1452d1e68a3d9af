"""Random numbers: Philox as published, and draws that are the quantiles of their laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from deskmatch.errors import ScenarioError
from deskmatch.policies.dispatch.philox import philox, uniform
from deskmatch.simulation import Law
from deskmatch.simulation.engine.drawing import draw
from deskmatch.simulation.laws import LawTables

KNOWN = [  # the test vectors that the authors of the generator publish with Random123
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]

LAWS: dict[str, tuple[dict[str, Any], Any]] = {
    "exponential": ({"law": "exponential"}, stats.expon()),
    "weibull, falling hazard": ({"law": "weibull", "shape": 0.6}, None),
    "weibull, rising hazard": ({"law": "weibull", "shape": 3.0}, None),
    "lognormal": ({"law": "lognormal", "cv": 1.5}, None),
    "gamma, steady": ({"law": "gamma", "cv": 0.25}, stats.gamma(16, scale=1 / 16)),
    "gamma, Erlang 2": ({"law": "gamma", "cv": 0.5**0.5}, stats.gamma(2, scale=0.5)),
    "gamma, wild": ({"law": "gamma", "cv": 2.0}, stats.gamma(0.25, scale=4)),
    "hyperexponential": ({"law": "hyperexponential", "cv": 2.0}, None),
    "fixed": ({"law": "fixed"}, None),
}


def words(text: str) -> list[np.uint64]:
    return [np.uint64(int(word, 16)) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_words(counter: str, key: str, expected: str) -> None:
    assert list(philox(*words(counter), *words(key))) == words(expected)


def test_uniforms_are_never_0_or_1() -> None:
    assert 0 < uniform(np.uint64(0)) < 1e-9
    assert 1 - 1e-9 < uniform(np.uint64(0xFFFFFFFF)) < 1


def drawn(law: Law, u: np.ndarray) -> np.ndarray:
    tables = LawTables()
    row = tables.add(law)
    records, numbers = tables.arrays()

    class World:
        laws, tables = records, numbers

    return np.array([draw(World, row, law.mean, each) for each in u])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LAWS)
def test_a_draw_is_the_quantile_of_its_law(name: str) -> None:
    settings, reference = LAWS[name]
    law = Law(mean_s=90.0, **settings)
    p = np.concatenate(([2.0**-33, 1e-6, 1e-3], np.linspace(0.01, 0.99, 99), [1 - 1e-3, 1 - 1e-6, 1 - 2.0**-33]))
    draws = drawn(law, 1 - p)
    assert np.allclose(draws, law.quantile(p), rtol=2e-4)
    if reference is not None:
        assert np.allclose(draws[3:-1], 90.0 * reference.ppf(p[3:-1]), rtol=2e-4)


@pytest.mark.parametrize("name", LAWS)
def test_a_law_has_the_mean_and_variation_that_were_asked_for(name: str) -> None:
    law = Law(mean_s=90.0, **LAWS[name][0])
    draws = law.quantile((np.arange(40_000) + 0.5) / 40_000)
    assert draws.mean() == pytest.approx(90.0, rel=5e-3)
    if law.cv is not None:
        assert draws.std() / draws.mean() == pytest.approx(law.cv, rel=0.03)


def test_an_empirical_law_draws_each_value_equally_often() -> None:
    law = Law(law="empirical", sample_s=(5.0, 1.0, 3.0, 3.0))
    draws = drawn(law, (np.arange(1000) + 0.5) / 1000)
    assert np.allclose(np.unique(draws), [1.0, 3.0, 5.0])
    assert [int((np.isclose(draws, value)).sum()) for value in (1, 3, 5)] == [250, 500, 250]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"law": "normal", "mean_s": 1}, "law"),
        ({"law": "gamma"}, "should have mean_s"),
        ({"law": "exponential", "mean_s": -1}, "mean_s"),
        ({"law": "exponential", "mean_s": 1, "cv": 2}, "cv only"),
        ({"law": "weibull", "mean_s": 1}, "shape"),
        ({"law": "hyperexponential", "mean_s": 1, "cv": 0.5}, "at least 1"),
        ({"law": "empirical"}, "sample_s"),
    ],
)
def test_a_wrong_law_is_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Law(**values)
