"""The aims against integrals, closed forms and their stated ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from deskmatch.routing import aims

waits = st.floats(0, 1e12)
steps = st.floats(0.01, 1e6)
targets = st.floats(1, 1e8)
powers = st.floats(2, 6)
EXTREME = st.floats(0, 1e300)


@pytest.mark.parametrize(
    ("waited", "step", "target", "rate", "power"),
    [
        (0, 5, 60, 1 / 60, 2),
        (60, 5, 60, 1 / 60, 2),
        (3600, 5, 20, 1 / 60, 2),
        (10, 600, 30, 0.5, 2.5),
        (86_400, 3600, 86_400, 1 / 60, 3),
        (7, 0.001, 1e4, 2.0, 4),
    ],
)
def test_waiting_is_the_integral_of_the_marginal_cost(
    waited: float, step: float, target: float, rate: float, power: float
) -> None:
    marginal = quad(lambda w: rate * (w / target) ** (power - 1), waited, waited + step, epsabs=0, epsrel=1e-12)[0]
    found = aims.waiting(waited, step, target_s=target, rate=rate, power=power)
    assert found == pytest.approx(marginal, rel=1e-10)


def test_waiting_at_the_target_gains_the_rate_per_second() -> None:
    assert aims.waiting(500.0, 1e-6, target_s=500.0, rate=0.25, power=3) == pytest.approx(0.25e-6, rel=1e-6)


@pytest.mark.parametrize("waited", [1e6, 1e9, 1e12, 1e15])
def test_waiting_does_not_cancel_for_huge_waits(waited: float) -> None:
    # With p = 2 the difference is rate / τ · Δ (w + Δ/2), without any subtraction.
    exact = (1 / 60) / 30 * 0.5 * (waited + 0.25)
    assert aims.waiting(waited, 0.5, target_s=30.0) == pytest.approx(exact, rel=1e-12)


@given(waits, steps, steps, targets, powers)
def test_waiting_is_nonnegative_and_never_falls_with_the_wait(
    waited: float, more: float, step: float, target: float, power: float
) -> None:
    early, late = aims.waiting([waited, waited + more], step, target_s=target, power=power)
    assert 0 <= early <= late * (1 + 1e-9)


@given(st.floats(0, 1e6), st.floats(1, 1e5), st.floats(10, 1e5), powers)
def test_the_cost_of_waiting_is_convex(waited: float, step: float, target: float, power: float) -> None:
    first = aims.waiting(waited, step, target_s=target, power=power)
    second = aims.waiting(waited + step, step, target_s=target, power=power)
    both = aims.waiting(waited, 2 * step, target_s=target, power=power)
    assert second >= first
    assert first + second == pytest.approx(float(both), rel=1e-9)


@given(st.floats(1, 1e9), targets, powers)
def test_the_marginal_cost_grows_without_bound(points: float, target: float, power: float) -> None:
    waited = target * (120 * points) ** (1 / (power - 1))
    assert aims.waiting(waited, 1.0, target_s=target, power=power) > points


@given(EXTREME, EXTREME, st.floats(1e-300, 1e300), st.floats(-1e300, 1e300), st.floats(0, 1e300), st.floats(2, 1e3))
def test_waiting_stays_finite_and_silent_on_extreme_input(
    waited: float, step: float, target: float, due: float, rate: float, power: float
) -> None:
    found = aims.waiting(waited, step, target_s=target, due_s=[np.nan, due], rate=rate, power=power)
    assert ((found >= 0) & (found <= aims.MOST_POINTS * 1.001)).all()


def test_a_promise_stands_where_the_target_stood() -> None:
    at_target = aims.waiting(60.0, 5.0, target_s=60.0)
    assert aims.waiting(1e6, 5.0, target_s=60.0, due_s=0.0) == at_target
    assert aims.waiting(0.0, 5.0, target_s=60.0, due_s=-30.0) == aims.waiting(90.0, 5.0, target_s=60.0)
    assert aims.waiting(1e6, 5.0, target_s=60.0, due_s=1e5) == aims.waiting(0.0, 5.0, target_s=60.0)


def test_no_time_ahead_and_no_rate_are_worth_nothing() -> None:
    assert aims.waiting([0.0, 1e9], 0.0, target_s=60.0).tolist() == [0.0, 0.0]
    assert aims.waiting([0.0, 1e9], 5.0, target_s=60.0, rate=0.0).tolist() == [0.0, 0.0]


def test_waiting_takes_one_epoch_length_a_ticket() -> None:
    found = aims.waiting([60.0, 60.0], [5.0, 0.0], target_s=60.0)
    assert found[0] > 0
    assert found[1] == 0


def test_abandonment_is_the_exponential_distribution() -> None:
    lost = quad(lambda x: np.exp(-x / 300) / 300, 0, 45)[0]
    assert aims.abandonment(300.0, 45.0) == pytest.approx(lost, rel=1e-12)
    assert aims.abandonment(np.nan, 45.0) == 0


@given(st.floats(1e-300, 1e300), EXTREME)
def test_abandonment_is_a_probability(patience: float, step: float) -> None:
    assert 0 <= aims.abandonment(patience, step) <= 1


def test_no_answer_is_the_rise_of_its_probability() -> None:
    def probability(wait: float) -> float:
        return 1 - 0.8 * float(np.exp(-wait / 21_600))

    rise = probability(4200) - probability(600)
    assert aims.no_answer(600.0, 3600.0, no_answer=0.2, scale_s=21_600.0) == pytest.approx(rise, rel=1e-12)
    assert aims.no_answer(600.0, 3600.0, no_answer=0.2, scale_s=np.nan) == 0


@given(EXTREME, EXTREME, st.floats(0, 1), st.floats(1e-300, 1e300))
def test_no_answer_is_a_probability(waited: float, step: float, share: float, scale: float) -> None:
    assert 0 <= aims.no_answer(waited, step, no_answer=share, scale_s=scale) <= 1


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_tier_is_within_its_range_and_punishes_only_higher_tiers(expert: int, ticket: int, highest: int) -> None:
    found = aims.tier(expert, ticket, highest)
    assert -1 <= found <= 0
    assert (found < 0) == (expert > ticket and highest > 1)


def test_the_highest_tier_on_the_easiest_ticket_costs_a_whole_point() -> None:
    assert aims.tier([1, 2, 5], 1, 5).tolist() == [0.0, -0.25, -1.0]
    assert not np.signbit(aims.tier(1, 1, 1))


@given(st.floats(0, 1), st.floats(0, 1))
def test_occupancy_is_antisymmetric_and_within_its_range(own: float, peers: float) -> None:
    assert -1 <= aims.occupancy(own, peers) <= 1
    assert aims.occupancy(own, peers) == -aims.occupancy(peers, own)


def test_unknown_occupancy_is_worth_nothing() -> None:
    assert aims.occupancy([np.nan, 0.5], [0.5, np.nan]).tolist() == [0.0, 0.0]


def test_peer_means_equal_numpy_means_over_each_tickets_arcs() -> None:
    rng = np.random.default_rng(5)
    occupancy = np.where(rng.random(20) < 0.3, np.nan, rng.random(20))
    ticket, expert = (axis.astype(np.int32) for axis in np.nonzero(rng.random((12, 20)) < 0.4))
    found = aims.peer_means(ticket, expert, occupancy, 13)
    for row in range(12):
        assert found[row] == pytest.approx(np.nanmean(occupancy[expert[ticket == row]]))
    assert np.isnan(found[12])


def test_the_mean_occupancy_aim_over_a_tickets_arcs_is_zero() -> None:
    occupancy = np.array([0.1, 0.4, 0.9])
    arcs = np.zeros(3, np.int32), np.arange(3, dtype=np.int32)
    peers = aims.peer_means(*arcs, occupancy, 1)
    assert aims.occupancy(occupancy, peers[arcs[0]]).sum() == pytest.approx(0)


def test_affinity_is_one_for_the_preferred_expert_only() -> None:
    assert aims.affinity([3, 3, -1], [3, 2, -1]).tolist() == [1.0, 0.0, 0.0]


@given(st.one_of(st.just(float("nan")), st.floats(0, 1)))
def test_proficiency_is_a_share_and_zero_where_unknown(known: float) -> None:
    assert aims.proficiency(known) == (0.0 if np.isnan(known) else known)


def test_every_aim_takes_no_tickets_at_all() -> None:
    none = np.zeros(0)
    rows = np.zeros(0, np.int32)
    found = [
        aims.waiting(none, 5.0, target_s=none, due_s=none, rate=none, power=none),
        aims.abandonment(none, 5.0),
        aims.no_answer(none, 5.0, no_answer=none, scale_s=none),
        aims.tier(rows, rows, 3),
        aims.occupancy(none, none),
        aims.peer_means(rows, rows, none, 0),
        aims.affinity(rows, rows),
        aims.proficiency(none),
    ]
    assert all(values.shape == (0,) and values.dtype == np.float64 for values in found)
